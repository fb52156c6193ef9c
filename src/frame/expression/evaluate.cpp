// Bound terms become columns: a loop for each operation, over values and constants alike.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "frame/columns/cell.hpp"
#include "frame/expression/term.hpp"
#include "frame/kernels/kernels.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir::detail::frame {

namespace {

// A column, or a constant for all rows as a column of one value.
struct Operand {
  Column column;
  bool is_constant = false;
};

Column constant_column(const Literal& literal) {
  switch (literal.type) {
    case ColumnType::boolean:
      return make_column(std::vector<bool>{literal.integer != 0});
    case ColumnType::float64:
      return make_column(std::vector<double>{literal.real});
    case ColumnType::text:
      return make_column(std::vector<std::string>{literal.text});
    default:
      return Column(literal.type, 1, block_of(std::vector<std::int64_t>{literal.integer}), {}, {});
  }
}

Column spread(const Operand& operand, std::size_t rows) {
  if (!operand.is_constant) return operand.column;
  return take(operand.column, std::vector<Row>(rows, 0));
}

// Where any of them is missing, the result is.
Block shared_validity(std::span<const Operand> operands, std::size_t rows) {
  Fresh<std::uint64_t> words((rows + 63) / 64);
  bool any = false;
  for (const Operand& operand : operands) {
    if (operand.column.na_count() == 0) continue;
    if (operand.is_constant) {
      std::fill_n(words.data(), (rows + 63) / 64, 0);
      return words.block();
    }
    const std::uint64_t* from = operand.column.validity();
    if (!any) std::copy_n(from, (rows + 63) / 64, words.data());
    else
      for (std::size_t i = 0; i < (rows + 63) / 64; ++i) words[i] &= from[i];
    any = true;
  }
  return any ? words.block() : Block{};
}

// --- numbers

template <class T, class R, class F>
Column loop(ColumnType type, std::span<const Operand> of, std::size_t rows, F f) {
  Fresh<R> results(rows);
  R* to = results.data();
  const T* a = reinterpret_cast<const T*>(of[0].column.data());
  if (of.size() == 1) {
    for (std::size_t i = 0; i < rows; ++i) to[i] = f(a[i], T{});
  } else {
    const T* b = reinterpret_cast<const T*>(of[1].column.data());
    if (of[1].is_constant)
      for (std::size_t i = 0; i < rows; ++i) to[i] = f(a[i], *b);
    else if (of[0].is_constant)
      for (std::size_t i = 0; i < rows; ++i) to[i] = f(*a, b[i]);
    else
      for (std::size_t i = 0; i < rows; ++i) to[i] = f(a[i], b[i]);
  }
  return fixed_column(type, rows, std::move(results), shared_validity(of, rows));
}

// `f(a, b, result)` says whether the result is none: that is an error, unless an operand is missing.
template <class F>
Column checked(const Term& term, std::span<const Operand> of, std::size_t rows, F f) {
  bool any = false;
  Column result =
      loop<std::int64_t, std::int64_t>(term.type, of, rows, [&any, f](std::int64_t a, std::int64_t b) {
        std::int64_t result = 0;
        any |= f(a, b, &result);
        return result;
      });
  if (!any) return result;
  const auto value = [&](std::size_t k, std::size_t i) {
    return integers(of[k].column)[of[k].is_constant ? 0 : i];
  };
  for (std::size_t i = 0; i < rows; ++i) {
    std::int64_t ignored = 0;
    const std::size_t last = of.size() - 1;
    if (result.is_na(i) || !f(value(0, i), value(last, i), &ignored)) continue;
    throw BeyondInteger(show(term), std::to_string(value(0, i)) +
                                        (last ? " and " + std::to_string(value(last, i)) : std::string()));
  }
  return result;
}

// The sign of the divisor, as in Python; by zero: missing.
Column integer_modulo(std::span<const Operand> of, std::size_t rows) {
  Column result = loop<std::int64_t, std::int64_t>(
      ColumnType::int64, of, rows, [](std::int64_t a, std::int64_t b) -> std::int64_t {
        if (b == 0 || b == -1) return 0;
        const std::int64_t rest = a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      });
  const std::int64_t* divisor = integers(of[1].column);
  Bits bits(rows);
  for (std::size_t i = 0; i < rows; ++i)
    if (divisor[of[1].is_constant ? 0 : i] == 0 || result.is_na(i)) bits.clear(i);
  return Column(ColumnType::int64, rows, Block{std::make_shared<Column>(result), result.data(), rows * 8}, {},
                std::move(bits).block());
}

double real_modulo(double a, double b) noexcept {
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Column integer_arithmetic(const Term& term, std::span<const Operand> of, std::size_t rows) {
  const auto run = [&](auto f) { return checked(term, of, rows, f); };
  using Int = std::int64_t;
  switch (term.op) {
    case Op::add:
      return run([](Int a, Int b, Int* result) { return __builtin_add_overflow(a, b, result); });
    case Op::subtract:
      return run([](Int a, Int b, Int* result) { return __builtin_sub_overflow(a, b, result); });
    case Op::multiply:
      return run([](Int a, Int b, Int* result) { return __builtin_mul_overflow(a, b, result); });
    case Op::negate:
      return run([](Int a, Int, Int* result) { return __builtin_sub_overflow(Int{0}, a, result); });
    case Op::absolute:
      return run([](Int a, Int, Int* result) {
        *result = a;
        return a < 0 && __builtin_sub_overflow(Int{0}, a, result);
      });
    default:
      return integer_modulo(of, rows);
  }
}

Column real_arithmetic(Op op, std::span<const Operand> of, std::size_t rows) {
  const auto run = [&](auto f) { return loop<double, double>(ColumnType::float64, of, rows, f); };
  switch (op) {
    case Op::add:
      return run(std::plus<>{});
    case Op::subtract:
      return run(std::minus<>{});
    case Op::multiply:
      return run(std::multiplies<>{});
    case Op::divide:
      return run(std::divides<>{});
    case Op::modulo:
      return run(real_modulo);
    case Op::negate:
      return run([](double a, double) { return -a; });
    case Op::absolute:
      return run([](double a, double) { return std::fabs(a); });
    case Op::square_root:
      return run([](double a, double) { return std::sqrt(a); });
    case Op::logarithm:
      return run([](double a, double) { return std::log(a); });
    case Op::exponential:
      return run([](double a, double) { return std::exp(a); });
    case Op::floor:
      return run([](double a, double) { return std::floor(a); });
    case Op::ceil:
      return run([](double a, double) { return std::ceil(a); });
    case Op::power:
      return run([](double a, double b) { return std::pow(a, b); });
    default:
      return run([](double a, double digits) {
        const double scale = std::pow(10, std::fabs(digits));
        if (digits < 0 && std::isfinite(a)) return std::isfinite(scale) ? std::round(a / scale) * scale : 0.0;
        const double scaled = a * scale;
        return std::isfinite(scaled) ? std::round(scaled) / scale : a;
      });
  }
}

template <class T>
Column compare_values(Op op, std::span<const Operand> of, std::size_t rows) {
  const auto run = [&](auto f) { return loop<T, std::uint8_t>(ColumnType::boolean, of, rows, f); };
  switch (op) {
    case Op::less:
      return run(std::less<>{});
    case Op::less_equal:
      return run(std::less_equal<>{});
    case Op::greater:
      return run(std::greater<>{});
    case Op::greater_equal:
      return run(std::greater_equal<>{});
    case Op::equal:
      return run(std::equal_to<>{});
    default:
      return run(std::not_equal_to<>{});
  }
}

// --- text

template <class F>
Column flags_of_texts(std::span<const Operand> of, std::size_t rows, F f) {
  Fresh<std::uint8_t> results(rows);
  for (std::size_t i = 0; i < rows; ++i)
    results[i] =
        f(of[0].column.text(of[0].is_constant ? 0 : i), of[1].column.text(of[1].is_constant ? 0 : i));
  return fixed_column(ColumnType::boolean, rows, std::move(results), shared_validity(of, rows));
}

Column compare_texts(Op op, std::span<const Operand> of, std::size_t rows) {
  using View = std::string_view;
  switch (op) {
    case Op::less:
      return flags_of_texts(of, rows, [](View a, View b) { return a < b; });
    case Op::less_equal:
      return flags_of_texts(of, rows, [](View a, View b) { return a <= b; });
    case Op::greater:
      return flags_of_texts(of, rows, [](View a, View b) { return a > b; });
    case Op::greater_equal:
      return flags_of_texts(of, rows, [](View a, View b) { return a >= b; });
    case Op::equal:
      return flags_of_texts(of, rows, [](View a, View b) { return a == b; });
    default:
      return flags_of_texts(of, rows, [](View a, View b) { return a != b; });
  }
}

// `append(i, bytes)` writes text `i`.
template <class F>
Column new_texts(std::span<const Operand> of, std::size_t rows, F append) {
  std::vector<char> bytes;
  Fresh<std::int64_t> offsets(rows + 1);
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    append(i, bytes);
    offsets[i + 1] = static_cast<std::int64_t>(bytes.size());
  }
  return Column(ColumnType::text, rows, block_of(std::move(bytes)), offsets.block(),
                shared_validity(of, rows));
}

void append_text(std::vector<char>& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

std::string_view part_of_text(std::string_view text, std::int64_t first, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (first < 0) first += size;
  if (first < 0 && count > 0) {  // what would stand before the text is not there
    count += first;
    first = 0;
  }
  if (first >= size || count <= 0) return {};
  return text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

void append_replaced(std::vector<char>& bytes, std::string_view text, std::string_view part,
                     std::string_view by) {
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(part, at);
    append_text(bytes, text.substr(at, found == std::string_view::npos ? found : found - at));
    if (found == std::string_view::npos) return;
    append_text(bytes, by);
    at = found + part.size();
  }
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <char first, char last>
char other_case(char c) noexcept {
  return c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
}

Column text_function(const Term& term, std::span<const Operand> of, std::size_t rows) {
  const auto text = [&](std::size_t i) { return of[0].column.text(of[0].is_constant ? 0 : i); };
  const auto parameter = [&](std::size_t k) -> const Literal& { return term.operands[k]->literal; };
  const auto with_case = [&](char (*change)(char)) {
    return new_texts(of.first(1), rows, [&](std::size_t i, std::vector<char>& bytes) {
      for (const char c : text(i)) bytes.push_back(change(c));
    });
  };
  switch (term.op) {
    case Op::lower:
      return with_case([](char c) { return other_case<'A', 'Z'>(c); });
    case Op::upper:
      return with_case([](char c) { return other_case<'a', 'z'>(c); });
    case Op::trimmed:
      return new_texts(of.first(1), rows, [&](std::size_t i, std::vector<char>& bytes) {
        append_text(bytes, stripped(text(i)));
      });
    case Op::substring:
      return new_texts(of.first(1), rows, [&](std::size_t i, std::vector<char>& bytes) {
        append_text(bytes, part_of_text(text(i), parameter(1).integer, parameter(2).integer));
      });
    case Op::replaced:
      return new_texts(of.first(1), rows, [&](std::size_t i, std::vector<char>& bytes) {
        append_replaced(bytes, text(i), parameter(1).text, parameter(2).text);
      });
    case Op::add:
      return new_texts(of, rows, [&](std::size_t i, std::vector<char>& bytes) {
        append_text(bytes, text(i));
        append_text(bytes, of[1].column.text(of[1].is_constant ? 0 : i));
      });
    case Op::contains:
      return flags_of_texts(of, rows, [](std::string_view a, std::string_view b) {
        return a.find(b) != std::string_view::npos;
      });
    case Op::starts_with:
      return flags_of_texts(of, rows,
                            [](std::string_view a, std::string_view b) { return a.starts_with(b); });
    case Op::ends_with:
      return flags_of_texts(of, rows, [](std::string_view a, std::string_view b) { return a.ends_with(b); });
    default:
      break;
  }
  Fresh<std::int64_t> lengths(rows);
  for (std::size_t i = 0; i < rows; ++i) lengths[i] = static_cast<std::int64_t>(text(i).size());
  return fixed_column(ColumnType::int64, rows, std::move(lengths), shared_validity(of, rows));
}

// --- days and times

// Of values of which a day has `day`: dates reach further than times, and stay what they are.
template <std::int64_t day>
Column part_of(Op op, ColumnType type, std::span<const Operand> of, std::size_t rows) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto days = [](std::int64_t t) { return t / day - (t % day < 0); };
  const auto seconds = [days](std::int64_t t) { return (t - days(t) * day) / second; };
  const auto run = [&](auto f) {
    return loop<std::int64_t, std::int64_t>(
        type, of, rows, [f](std::int64_t t, std::int64_t) { return static_cast<std::int64_t>(f(t)); });
  };
  switch (op) {
    case Op::year:
      return run([=](std::int64_t t) { return civil_of(days(t)).year; });
    case Op::month:
      return run([=](std::int64_t t) { return civil_of(days(t)).month; });
    case Op::day:
      return run([=](std::int64_t t) { return civil_of(days(t)).day; });
    case Op::weekday:
      return run([=](std::int64_t t) { return (days(t) % 7 + 10) % 7; });
    case Op::hour:
      return run([=](std::int64_t t) { return seconds(t) / 3600; });
    case Op::minute:
      return run([=](std::int64_t t) { return seconds(t) / 60 % 60; });
    case Op::second:
      return run([=](std::int64_t t) { return seconds(t) % 60; });
    default:
      return run(days);
  }
}

Column part_of_time(Op op, ColumnType type, std::span<const Operand> of, std::size_t rows) {
  return of[0].column.type() == ColumnType::date ? part_of<1>(op, type, of, rows)
                                                 : part_of<86'400'000'000'000>(op, type, of, rows);
}

// The first moments of days, to compare them with times: of a day before or after all times the least or the
// greatest time there is.
Column first_moments(std::span<const Operand> of, std::size_t rows) {
  return loop<std::int64_t, std::int64_t>(ColumnType::datetime, of, rows, [](std::int64_t day, std::int64_t) {
    std::int64_t time = 0;
    if (!__builtin_mul_overflow(day, std::int64_t{86'400'000'000'000}, &time)) return time;
    return day < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  });
}

// --- conditions and choices

Column logic(Op op, std::span<const Operand> of, std::size_t rows) {
  Fresh<std::uint8_t> results(rows);
  Bits bits(rows);
  const std::uint8_t decisive = op == Op::either;  // true decides ||, false decides &&
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t a = of[0].is_constant ? 0 : i, b = of[1].is_constant ? 0 : i;
    const bool has_a = !of[0].column.is_na(a), has_b = !of[1].column.is_na(b);
    const std::uint8_t x = flags(of[0].column)[a], y = flags(of[1].column)[b];
    const bool is_decided = (has_a && x == decisive) || (has_b && y == decisive);
    results[i] = is_decided ? decisive : !decisive;
    if (!is_decided && !(has_a && has_b)) bits.clear(i);
  }
  return fixed_column(ColumnType::boolean, rows, std::move(results), std::move(bits).block());
}

Column missing_flags(const Operand& of, std::size_t rows) {
  Fresh<std::uint8_t> results(rows);
  for (std::size_t i = 0; i < rows; ++i) results[i] = of.column.is_na(of.is_constant ? 0 : i);
  return fixed_column(ColumnType::boolean, rows, std::move(results));
}

// Row by row from one of two columns; `which` says 0, 1 or none (2).
template <class F>
Column chosen(const Operand& first, const Operand& second, std::size_t rows, F which) {
  const Column* const both[] = {&first.column, &second.column};
  const auto size = static_cast<Row>(first.column.size());
  std::vector<Row> from(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const int side = which(i);
    const bool is_constant = side == 0 ? first.is_constant : second.is_constant;
    from[i] = side == 2 ? no_row : (is_constant ? 0 : static_cast<Row>(i)) + (side == 1 ? size : 0);
  }
  return take(concat(both), from);
}

Column is_among(std::span<const Operand> of, std::size_t rows) {
  const Column values = spread(of[0], rows);
  Fresh<std::uint8_t> results(rows);
  std::fill_n(results.data(), rows, 0);
  if (of.size() > 1) {
    std::vector<const Column*> constants;
    for (const Operand& operand : of.subspan(1)) constants.push_back(&operand.column);
    const Column among = concat(constants);
    for (const Row row :
         join_rows(std::span(&values, 1), rows, std::span(&among, 1), among.size(), JoinKind::semi).left)
      results[row] = 1;
  }
  return fixed_column(ColumnType::boolean, rows, std::move(results));
}

Column called(const Term& term, std::span<const Operand> of, std::size_t rows) {
  std::vector<Column> columns;
  for (const Operand& operand : of) columns.push_back(spread(operand, rows));
  Reader reader(term.function.bytes());
  return term.call(reader, columns, rows);
}

Operand value_of(const Term& term, const Table& table);

Column computed(const Term& term, std::span<const Operand> of, std::size_t rows) {
  switch (term.op) {
    case Op::both:
    case Op::either:
      return logic(term.op, of, rows);
    case Op::invert:
      return loop<std::uint8_t, std::uint8_t>(ColumnType::boolean, of, rows,
                                              [](std::uint8_t a, std::uint8_t) { return std::uint8_t(!a); });
    case Op::is_na:
      return missing_flags(of[0], rows);
    case Op::fill_na:
      return chosen(of[0], of[1], rows,
                    [&](std::size_t i) { return of[0].column.is_na(of[0].is_constant ? 0 : i) ? 1 : 0; });
    case Op::choose:
      return chosen(of[1], of[2], rows, [&](std::size_t i) {
        const std::size_t at = of[0].is_constant ? 0 : i;
        return of[0].column.is_na(at) ? 2 : flags(of[0].column)[at] ? 0 : 1;
      });
    case Op::is_in:
      return is_among(of, rows);
    case Op::cast:
      return cast(spread(of[0], rows), term.type);
    case Op::call:
      return called(term, of, rows);
    case Op::year:
    case Op::month:
    case Op::day:
    case Op::weekday:
    case Op::hour:
    case Op::minute:
    case Op::second:
    case Op::day_of:
      return part_of_time(term.op, term.type, of, rows);
    case Op::time_of:
      return first_moments(of, rows);
    default:
      break;
  }
  const ColumnType type = of[0].column.type();
  if (term.op >= Op::less && term.op <= Op::not_equal) {
    if (type == ColumnType::text) return compare_texts(term.op, of, rows);
    return type == ColumnType::float64 ? compare_values<double>(term.op, of, rows)
                                       : compare_values<std::int64_t>(term.op, of, rows);
  }
  if (type == ColumnType::text) return text_function(term, of, rows);
  if (type == ColumnType::float64) return real_arithmetic(term.op, of, rows);
  return integer_arithmetic(term, of, rows);
}

// What `choose` takes where the condition is `wanted`. Elsewhere a result may be no integer: it is not asked
// for.
Operand side_of(const Term& term, const Table& table, const Operand& condition, bool wanted) {
  try {
    return value_of(term, table);
  } catch (const BeyondInteger&) {
    std::vector<Row> asked, place(table.rows(), no_row);
    for (std::size_t i = 0; i < table.rows(); ++i) {
      const std::size_t at = condition.is_constant ? 0 : i;
      if (condition.column.is_na(at) || (flags(condition.column)[at] != 0) != wanted) continue;
      place[i] = static_cast<Row>(asked.size());
      asked.push_back(static_cast<Row>(i));
    }
    return {take(evaluate(term, take(table, asked)), place), false};
  }
}

// Of constants alone: computed once.
Operand value_of(const Term& term, const Table& table) {
  if (term.op == Op::column) return {table.column(term.name), false};
  if (term.op == Op::literal) return {constant_column(term.literal), true};
  std::vector<Operand> operands;
  bool all_constant = term.op != Op::call;
  for (const TermPtr& operand : term.operands) {
    const bool is_side = term.op == Op::choose && !operands.empty();
    operands.push_back(is_side ? side_of(*operand, table, operands.front(), operands.size() == 1)
                               : value_of(*operand, table));
    all_constant = all_constant && operands.back().is_constant;
  }
  return {computed(term, operands, all_constant ? 1 : table.rows()), all_constant};
}

}  // namespace

Column evaluate(const Term& term, const Table& table) { return spread(value_of(term, table), table.rows()); }

}  // namespace weir::detail::frame
