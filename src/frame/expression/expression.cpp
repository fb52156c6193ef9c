// Expressions as programs write them, and as people read them.
#include "weir/frame/expression.hpp"

#include <algorithm>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/expression/term.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir {

using detail::frame::Op;
using detail::frame::Term;
using detail::frame::TermPtr;

namespace {

Expression unary(Op op, const TermPtr& of) { return Expression(detail::frame::make_term(op, {of})); }
Expression binary(Op op, const Expression& a, const Expression& b) {
  return Expression(detail::frame::make_term(op, {a.term(), b.term()}));
}
TermPtr constant(detail::frame::Literal literal) {
  auto term = std::make_shared<Term>();
  term->type = literal.type;
  term->literal = std::move(literal);
  return term;
}

}  // namespace

Expression::Expression(std::int64_t value) : term_(constant({.type = ColumnType::int64, .integer = value})) {}
Expression::Expression(double value) : term_(constant({.type = ColumnType::float64, .real = value})) {}
Expression::Expression(bool value) : term_(constant({.type = ColumnType::boolean, .integer = value})) {}
Expression::Expression(std::string value)
    : term_(constant({.type = ColumnType::text, .text = std::move(value)})) {}
Expression::Expression(std::chrono::sys_days value)
    : term_(constant({.type = ColumnType::date, .integer = value.time_since_epoch().count()})) {}

Expression Expression::isna() const { return unary(Op::is_na, term_); }
Expression Expression::fillna(const Expression& other) const { return binary(Op::fill_na, *this, other); }
Expression Expression::isin(const std::vector<Expression>& values) const {
  std::vector<TermPtr> operands{term_};
  for (const Expression& value : values) operands.push_back(value.term());
  return Expression(detail::frame::make_term(Op::is_in, std::move(operands)));
}
Expression Expression::astype(ColumnType type) const {
  return Expression(detail::frame::make_term(Op::cast, {term_}, type));
}
Expression Expression::abs() const { return unary(Op::absolute, term_); }
Expression Expression::sqrt() const { return unary(Op::square_root, term_); }
Expression Expression::log() const { return unary(Op::logarithm, term_); }
Expression Expression::exp() const { return unary(Op::exponential, term_); }
Expression Expression::floor() const { return unary(Op::floor, term_); }
Expression Expression::ceil() const { return unary(Op::ceil, term_); }
Expression Expression::round(int digits) const { return binary(Op::rounded, *this, digits); }
Expression Expression::pow(const Expression& exponent) const { return binary(Op::power, *this, exponent); }
std::string Expression::show() const { return detail::frame::show(*term_); }

Expression::Text::Text(const Expression& of) : of_(of.term()) {}
Expression Expression::Text::lower() const { return unary(Op::lower, of_); }
Expression Expression::Text::upper() const { return unary(Op::upper, of_); }
Expression Expression::Text::strip() const { return unary(Op::trimmed, of_); }
Expression Expression::Text::length() const { return unary(Op::length, of_); }
Expression Expression::Text::contains(const std::string& part) const {
  return binary(Op::contains, Expression(of_), part);
}
Expression Expression::Text::starts_with(const std::string& part) const {
  return binary(Op::starts_with, Expression(of_), part);
}
Expression Expression::Text::ends_with(const std::string& part) const {
  return binary(Op::ends_with, Expression(of_), part);
}
Expression Expression::Text::slice(std::int64_t first, std::int64_t count) const {
  return Expression(
      detail::frame::make_term(Op::substring, {of_, Expression(first).term(), Expression(count).term()}));
}
Expression Expression::Text::replace(const std::string& part, const std::string& by) const {
  if (part.empty())
    throw Error(ErrorKind::invalid_argument, "replace: the part to replace must not be empty (got \"\")");
  return Expression(
      detail::frame::make_term(Op::replaced, {of_, Expression(part).term(), Expression(by).term()}));
}

Expression::Date::Date(const Expression& of) : of_(of.term()) {}
Expression Expression::Date::year() const { return unary(Op::year, of_); }
Expression Expression::Date::month() const { return unary(Op::month, of_); }
Expression Expression::Date::day() const { return unary(Op::day, of_); }
Expression Expression::Date::weekday() const { return unary(Op::weekday, of_); }
Expression Expression::Date::hour() const { return unary(Op::hour, of_); }
Expression Expression::Date::minute() const { return unary(Op::minute, of_); }
Expression Expression::Date::second() const { return unary(Op::second, of_); }
Expression Expression::Date::date() const { return unary(Op::day_of, of_); }

Expression col(std::string name) { return Expression(detail::frame::make_column_term(name)); }
Expression when(const Expression& condition, const Expression& yes, const Expression& no) {
  return Expression(detail::frame::make_term(Op::choose, {condition.term(), yes.term(), no.term()}));
}

Expression operator+(const Expression& a, const Expression& b) { return binary(Op::add, a, b); }
Expression operator-(const Expression& a, const Expression& b) { return binary(Op::subtract, a, b); }
Expression operator*(const Expression& a, const Expression& b) { return binary(Op::multiply, a, b); }
Expression operator/(const Expression& a, const Expression& b) { return binary(Op::divide, a, b); }
Expression operator%(const Expression& a, const Expression& b) { return binary(Op::modulo, a, b); }
Expression operator-(const Expression& a) { return unary(Op::negate, a.term()); }
Expression operator<(const Expression& a, const Expression& b) { return binary(Op::less, a, b); }
Expression operator<=(const Expression& a, const Expression& b) { return binary(Op::less_equal, a, b); }
Expression operator>(const Expression& a, const Expression& b) { return binary(Op::greater, a, b); }
Expression operator>=(const Expression& a, const Expression& b) { return binary(Op::greater_equal, a, b); }
Expression operator==(const Expression& a, const Expression& b) { return binary(Op::equal, a, b); }
Expression operator!=(const Expression& a, const Expression& b) { return binary(Op::not_equal, a, b); }
Expression operator&&(const Expression& a, const Expression& b) { return binary(Op::both, a, b); }
Expression operator||(const Expression& a, const Expression& b) { return binary(Op::either, a, b); }
Expression operator!(const Expression& a) { return unary(Op::invert, a.term()); }

namespace detail::frame {

namespace {

constexpr std::string_view symbol_of(Op op) {
  switch (op) {
    case Op::add:
      return " + ";
    case Op::subtract:
      return " - ";
    case Op::multiply:
      return " * ";
    case Op::divide:
      return " / ";
    case Op::modulo:
      return " % ";
    case Op::less:
      return " < ";
    case Op::less_equal:
      return " <= ";
    case Op::greater:
      return " > ";
    case Op::greater_equal:
      return " >= ";
    case Op::equal:
      return " == ";
    case Op::not_equal:
      return " != ";
    case Op::both:
      return " && ";
    case Op::either:
      return " || ";
    default:
      return "";
  }
}

constexpr std::string_view word_of(Op op) {
  switch (op) {
    case Op::is_na:
      return "isna";
    case Op::fill_na:
      return "fillna";
    case Op::absolute:
      return "abs";
    case Op::square_root:
      return "sqrt";
    case Op::logarithm:
      return "log";
    case Op::exponential:
      return "exp";
    case Op::rounded:
      return "round";
    case Op::power:
      return "pow";
    case Op::floor:
      return "floor";
    case Op::ceil:
      return "ceil";
    case Op::is_in:
      return "isin";
    case Op::lower:
      return "text().lower";
    case Op::upper:
      return "text().upper";
    case Op::trimmed:
      return "text().strip";
    case Op::length:
      return "text().length";
    case Op::contains:
      return "text().contains";
    case Op::starts_with:
      return "text().starts_with";
    case Op::ends_with:
      return "text().ends_with";
    case Op::substring:
      return "text().slice";
    case Op::replaced:
      return "text().replace";
    case Op::year:
      return "date().year";
    case Op::month:
      return "date().month";
    case Op::day:
      return "date().day";
    case Op::weekday:
      return "date().weekday";
    case Op::hour:
      return "date().hour";
    case Op::minute:
      return "date().minute";
    case Op::second:
      return "date().second";
    case Op::day_of:
      return "date().date";
    case Op::time_of:
      return "date().midnight";
    default:
      return "";
  }
}

std::string show_literal(const Literal& literal) {
  switch (literal.type) {
    case ColumnType::boolean:
      return literal.integer ? "true" : "false";
    case ColumnType::float64:
      return written_real(literal.real);
    case ColumnType::date:
      return written_date(literal.integer);
    case ColumnType::datetime:
      return written_datetime(literal.integer);
    case ColumnType::text:
      return quoted(literal.text);
    case ColumnType::int64:
      break;
  }
  return std::to_string(literal.integer);
}

bool is_simple(const Term& term) { return symbol_of(term.op).empty(); }
std::string in_brackets(const Term& term) { return is_simple(term) ? show(term) : "(" + show(term) + ")"; }

std::string show_list(const std::vector<TermPtr>& operands, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < operands.size(); ++i) text += (i == first ? "" : ", ") + show(*operands[i]);
  return text;
}

}  // namespace

TermPtr make_column_term(const std::string& name) {
  auto term = std::make_shared<Term>();
  term->op = Op::column;
  term->name = name;
  return term;
}

TermPtr make_term(Op op, std::vector<TermPtr> operands, ColumnType type) {
  auto term = std::make_shared<Term>();
  term->op = op;
  term->type = type;
  for (const TermPtr& operand : operands) term->depth = std::max(term->depth, operand->depth + 1);
  constexpr std::uint32_t deepest = 5'000;
  if (term->depth > deepest)
    throw Error(ErrorKind::invalid_argument,
                "expression: operations must be nested at most " + std::to_string(deepest) +
                    " times (got one more); a column that is made by with and persisted is a new beginning");
  term->operands = std::move(operands);
  return term;
}

Expression make_call(CallColumns call, Buffer function, ColumnType result, std::vector<ColumnType> parameters,
                     std::vector<std::string> columns) {
  if (columns.size() != parameters.size())
    throw Error(ErrorKind::invalid_argument,
                "apply: there must be a column for each parameter of the function (got " +
                    std::to_string(columns.size()) + " columns, " + std::to_string(parameters.size()) +
                    " parameters)");
  auto term = std::make_shared<Term>();
  term->op = Op::call;
  term->type = result;
  term->call = call;
  term->function = std::move(function);
  term->parameters = std::move(parameters);
  for (const std::string& name : columns) term->operands.push_back(make_column_term(name));
  return Expression(term);
}

std::string show(const Term& term) {
  switch (term.op) {
    case Op::column:
      return term.name;
    case Op::literal:
      return show_literal(term.literal);
    case Op::negate:
      return "-" + in_brackets(*term.operands[0]);
    case Op::invert:
      return "!" + in_brackets(*term.operands[0]);
    case Op::call:
      return "function(" + show_list(term.operands, 0) + ")";
    case Op::choose:
      return "when(" + show_list(term.operands, 0) + ")";
    case Op::cast:
      return in_brackets(*term.operands[0]) + ".astype(" + std::string(to_string(term.type)) + ")";
    default:
      break;
  }
  const std::string first = in_brackets(*term.operands[0]);
  if (!is_simple(term)) return first + std::string(symbol_of(term.op)) + in_brackets(*term.operands[1]);
  return first + "." + std::string(word_of(term.op)) + "(" + show_list(term.operands, 1) + ")";
}

bool may_fail(const Term& term) {
  switch (term.op) {
    case Op::call:
      return true;
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::modulo:
    case Op::negate:
    case Op::absolute:
      if (term.type != ColumnType::float64 && term.type != ColumnType::text) return true;
      break;
    default:
      break;
  }
  return std::any_of(term.operands.begin(), term.operands.end(),
                     [](const TermPtr& operand) { return may_fail(*operand); });
}

void collect_columns(const Term& term, std::set<std::string>& names) {
  if (term.op == Op::column) names.insert(term.name);
  for (const TermPtr& operand : term.operands) collect_columns(*operand, names);
}

TermPtr renamed(const TermPtr& term, const std::vector<std::pair<std::string, TermPtr>>& by) {
  if (term->op == Op::column) {
    for (const auto& [name, other] : by)
      if (name == term->name) return other;
    return term;
  }
  if (term->operands.empty()) return term;
  auto copy = std::make_shared<Term>(*term);
  for (TermPtr& operand : copy->operands) operand = renamed(operand, by);
  return copy;
}

void Code::save(OutArchive& archive) const {
  Writer& writer = archive.writer;
  weir::write(writer, term->op);
  weir::write(writer, term->type);
  weir::write(writer, term->name);
  weir::write(writer, term->literal);
  weir::write(writer, term->call ? task::portable_address(reinterpret_cast<const void*>(term->call))
                                 : std::uint64_t{0});
  weir::write(writer, term->function);
  weir::write(writer, term->parameters);
  weir::write(writer, std::uint64_t{term->operands.size()});
  for (const TermPtr& operand : term->operands) Code{operand}.save(archive);
}

void Code::load(InArchive& archive) {
  Reader& reader = archive.reader;
  auto read = std::make_shared<Term>();
  std::uint64_t address = 0, operands = 0;
  weir::read(reader, read->op);
  weir::read(reader, read->type);
  weir::read(reader, read->name);
  weir::read(reader, read->literal);
  weir::read(reader, address);
  weir::read(reader, read->function);
  weir::read(reader, read->parameters);
  weir::read(reader, operands);
  reader.expect(operands, 1);
  if (address) read->call = reinterpret_cast<CallColumns>(const_cast<void*>(task::local_address(address)));
  for (std::uint64_t i = 0; i < operands; ++i) {
    Code operand;
    operand.load(archive);
    read->operands.push_back(operand.term);
  }
  term = read;
}

}  // namespace detail::frame
}  // namespace weir
