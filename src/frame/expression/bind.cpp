// Types are checked, and conversions put in, before anything runs.
#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/expression/term.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

bool is_number(ColumnType type) {
  return type == ColumnType::int64 || type == ColumnType::float64 || type == ColumnType::boolean;
}
bool is_integer(ColumnType type) { return type == ColumnType::int64 || type == ColumnType::boolean; }
bool is_day_or_time(ColumnType type) { return type == ColumnType::date || type == ColumnType::datetime; }

// Binds one term; `who` begins every sentence.
class Binder {
 public:
  Binder(const std::string& who, const Schema& schema) : who_(who), schema_(schema) {}

  TermPtr bind(const TermPtr& term) {
    if (term->op == Op::literal) return term;
    if (term->op == Op::column) {
      auto bound = std::make_shared<Term>(*term);
      bound->type = schema_[find_column(who_, term->name, schema_)].type;
      return bound;
    }
    auto bound = std::make_shared<Term>(*term);
    for (TermPtr& operand : bound->operands) operand = bind(operand);
    settle(*bound, *term);
    return bound;
  }

 private:
  [[noreturn]] void refuse(const Term& written, const std::string& rule, const Term& bound) const {
    std::string got;
    for (const TermPtr& operand : bound.operands)
      got += (got.empty() ? "" : ", ") + std::string(to_string(operand->type));
    throw Error(ErrorKind::invalid_argument,
                who_ + ": " + rule + " (got " + got + " in " + show(written) + ")");
  }

  // The operand as another type.
  TermPtr as(const TermPtr& term, ColumnType type) const {
    if (term->type == type) return term;
    if (term->op == Op::literal && term->type == ColumnType::text) return text_literal(*term, type);
    return make_term(Op::cast, {term}, type);
  }
  // "2015-03-01" beside a column of dates is a date.
  TermPtr text_literal(const Term& term, ColumnType type) const {
    auto read = std::make_shared<Term>(term);
    read->type = read->literal.type = type;
    const bool fits = type == ColumnType::date ? read_date(term.literal.text, read->literal.integer)
                                               : read_datetime(term.literal.text, read->literal.integer);
    if (!fits)
      throw Error(ErrorKind::invalid_argument, who_ + ": a text beside a " + std::string(to_string(type)) +
                                                   " must be one, such as 2015-03-01 (got " +
                                                   quoted(term.literal.text) + ")");
    return read;
  }
  static bool is_text_literal(const TermPtr& term) {
    return term->op == Op::literal && term->type == ColumnType::text;
  }

  // The type in which two values can be compared or chosen between; nothing if there is none.
  static std::optional<ColumnType> shared(const TermPtr& a, const TermPtr& b) {
    if (a->type == b->type) return a->type;
    if (is_number(a->type) && is_number(b->type))
      return a->type == ColumnType::float64 || b->type == ColumnType::float64 ? ColumnType::float64
                                                                              : ColumnType::int64;
    if (is_day_or_time(a->type) && is_day_or_time(b->type)) return ColumnType::datetime;
    // A text of a day and an hour is compared with days as a time.
    for (const auto& [day, text] : {std::pair{a, b}, std::pair{b, a}}) {
      if (!is_day_or_time(day->type) || !is_text_literal(text)) continue;
      std::int64_t ignored = 0;
      if (day->type == ColumnType::date && !read_date(text->literal.text, ignored) &&
          read_datetime(text->literal.text, ignored))
        return ColumnType::datetime;
      return day->type;
    }
    return std::nullopt;
  }

  void settle(Term& term, const Term& written) {
    auto& of = term.operands;
    switch (term.op) {
      case Op::add:
      case Op::subtract:
      case Op::multiply:
      case Op::divide:
      case Op::modulo:
        return arithmetic(term, written);
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
      case Op::equal:
      case Op::not_equal:
        as_comparable(term, written);
        if (of[0]->type == ColumnType::boolean) convert_all(term, ColumnType::int64);
        term.type = ColumnType::boolean;
        return;
      case Op::both:
      case Op::either:
      case Op::invert:
        for (const TermPtr& operand : of)
          if (operand->type != ColumnType::boolean)
            refuse(written, "&&, || and ! need conditions, of type bool", term);
        term.type = ColumnType::boolean;
        return;
      case Op::negate:
      case Op::absolute:
        require_numbers(term, written, "a sign needs a number");
        if (of[0]->type == ColumnType::boolean) convert_all(term, ColumnType::int64);
        term.type = of[0]->type;
        return;
      case Op::is_na:
        term.type = ColumnType::boolean;
        return;
      case Op::fill_na:
        both_as_shared(term, written, "fillna needs a value of the column's kind");
        term.type = of[0]->type;
        return;
      case Op::rounded:
        if (is_integer(of[0]->type) && of[1]->op == Op::literal && of[1]->literal.integer >= 0) {
          const TermPtr own = as(of[0], ColumnType::int64);
          term = Term(*own);
          return;
        }
        [[fallthrough]];
      case Op::square_root:
      case Op::logarithm:
      case Op::exponential:
      case Op::power:
      case Op::floor:
      case Op::ceil:
        require_numbers(term, written, "a function of numbers needs numbers");
        convert_all(term, ColumnType::float64);
        term.type = ColumnType::float64;
        return;
      case Op::is_in:
        return membership(term, written);
      case Op::choose:
        return choice(term, written);
      case Op::cast:
        return conversion(term, written);
      case Op::lower:
      case Op::upper:
      case Op::trimmed:
      case Op::substring:
      case Op::replaced:
        return of_text(term, written, ColumnType::text);
      case Op::length:
        return of_text(term, written, ColumnType::int64);
      case Op::contains:
      case Op::starts_with:
      case Op::ends_with:
        return of_text(term, written, ColumnType::boolean);
      case Op::year:
      case Op::month:
      case Op::day:
      case Op::weekday:
      case Op::hour:
      case Op::minute:
      case Op::second:
      case Op::day_of:
        if (!is_day_or_time(of[0]->type)) refuse(written, "date() needs dates or times", term);
        term.type = term.op == Op::day_of ? ColumnType::date : ColumnType::int64;
        return;
      case Op::time_of:
        term.type = ColumnType::datetime;
        return;
      case Op::call:
        return call(term, written);
      case Op::column:
      case Op::literal:
        return;
    }
  }

  void convert_all(Term& term, ColumnType type) const {
    for (TermPtr& operand : term.operands) operand = as(operand, type);
  }
  void require_numbers(const Term& term, const Term& written, const char* rule) const {
    for (const TermPtr& operand : term.operands)
      if (!is_number(operand->type)) refuse(written, rule, term);
  }
  void both_as_shared(Term& term, const Term& written, const char* rule) const {
    const auto type = shared(term.operands[0], term.operands[1]);
    if (!type) refuse(written, rule, term);
    convert_all(term, *type);
  }

  // A day that no time reaches lies before or behind all of them.
  void as_comparable(Term& term, const Term& written) const {
    const auto type = shared(term.operands[0], term.operands[1]);
    if (!type) refuse(written, "a comparison needs values of one kind", term);
    for (TermPtr& operand : term.operands)
      operand = operand->type == ColumnType::date && *type == ColumnType::datetime
                    ? make_term(Op::time_of, {operand}, *type)
                    : as(operand, *type);
  }

  void arithmetic(Term& term, const Term& written) const {
    auto& of = term.operands;
    const ColumnType a = of[0]->type, b = of[1]->type;
    if (is_number(a) && is_number(b)) {
      const bool is_real = a == ColumnType::float64 || b == ColumnType::float64 || term.op == Op::divide;
      term.type = is_real ? ColumnType::float64 : ColumnType::int64;
      return convert_all(term, term.type);
    }
    if (term.op == Op::add && a == ColumnType::text && b == ColumnType::text) {
      term.type = ColumnType::text;
      return;
    }
    // Days and times hold integers: a number of days or nanoseconds between them.
    const bool adds = term.op == Op::add || term.op == Op::subtract;
    if (adds && is_day_or_time(a) && b == ColumnType::int64) {
      term.type = a;
      return;
    }
    if (term.op == Op::subtract && is_day_or_time(a) && a == b) {
      term.type = ColumnType::int64;
      return;
    }
    refuse(written, "arithmetic needs numbers, a day and a number of days, or + between texts", term);
  }

  void membership(Term& term, const Term& written) const {
    term.type = ColumnType::boolean;
    auto& of = term.operands;
    ColumnType type = of[0]->type;
    for (std::size_t i = 1; i < of.size(); ++i) {
      if (of[i]->op != Op::literal) refuse(written, "isin needs constants", term);
      const auto both = shared(of[0], of[i]);
      if (!both) refuse(written, "isin needs constants of the column's kind", term);
      if (is_number(type)) type = wider(type == ColumnType::boolean ? ColumnType::int64 : type, *both);
      else if (*both == ColumnType::datetime) type = *both;
    }
    convert_all(term, type);
  }

  void choice(Term& term, const Term& written) const {
    auto& of = term.operands;
    const auto type = shared(of[1], of[2]);
    if (of[0]->type != ColumnType::boolean || !type)
      refuse(written, "when needs a condition and two values of one kind", term);
    of[1] = as(of[1], *type);
    of[2] = as(of[2], *type);
    term.type = *type;
  }

  void conversion(const Term& term, const Term& written) const {
    const ColumnType from = term.operands[0]->type, to = term.type;
    const bool crosses = is_day_or_time(from) != is_day_or_time(to);
    const bool has_way = from == ColumnType::text || to == ColumnType::text || !crosses ||
                         from == ColumnType::int64 || to == ColumnType::int64;
    if (!has_way)
      refuse(written, "astype must lead from or to text or int64 between numbers and times", term);
  }

  void of_text(Term& term, const Term& written, ColumnType type) const {
    if (term.operands[0]->type != ColumnType::text) refuse(written, "text() needs text", term);
    term.type = type;
  }

  void call(Term& term, const Term& written) const {
    for (std::size_t i = 0; i < term.operands.size(); ++i) {
      const ColumnType have = term.operands[i]->type, want = term.parameters[i];
      const bool fits = have == want || (want == ColumnType::float64 && is_number(have)) ||
                        (want == ColumnType::int64 && have == ColumnType::boolean);
      if (!fits)
        throw Error(ErrorKind::invalid_argument,
                    who_ + ": parameter " + std::to_string(i + 1) + " of the function must be able to hold " +
                        quoted(written.operands[i]->name) + ", a column of " + std::string(to_string(have)) +
                        " (got a parameter of " + std::string(to_string(want)) + ")");
      term.operands[i] = as(term.operands[i], want);
    }
  }

  const std::string& who_;
  const Schema& schema_;
};

}  // namespace

TermPtr typed(const std::string& who, const TermPtr& term, const Schema& schema) {
  return Binder(who, schema).bind(term);
}

}  // namespace weir::detail::frame
