// What the statistics of a row group say of a condition.
#include <cmath>

#include "frame/parquet/values.hpp"

namespace weir::detail::frame {

namespace {

// -1, 0, 1: a value of the statistics against a constant; nothing if they cannot be compared.
std::optional<int> compared(const ParquetColumn& column, const std::string& bytes, const Literal& with) {
  if (column.form != ParquetForm::plain) return {};
  if (bytes.empty() && column.type != ColumnType::text) return {};
  if (column.physical == Physical::int96 || (column.physical == Physical::bytes && column.is_decimal))
    return {};
  if (column.type == ColumnType::text && with.type == ColumnType::text && !column.is_decimal) {
    const int order = bytes.compare(with.text);
    return order < 0 ? -1 : order > 0;
  }
  Values values;
  try {
    PlainReader(column, bytes).read(1, values);
  } catch (const ParquetFault&) {
    return {};
  }
  const bool is_real = with.type == ColumnType::float64;
  if (!values.reals.empty()) {
    const double other = is_real ? with.real : static_cast<double>(with.integer);
    const double value = values.reals[0];
    if (std::isnan(value) || std::isnan(other)) return {};
    return value < other ? -1 : value > other;
  }
  if (values.integers.empty()) return {};
  if (is_real) {
    const auto value = static_cast<double>(values.integers[0]);
    if (std::isnan(with.real)) return {};
    return value < with.real ? -1 : value > with.real;
  }
  if (with.type != column.type) return {};
  return values.integers[0] < with.integer ? -1 : values.integers[0] > with.integer;
}

// The column itself, also where its integers are compared as real numbers; other conversions change the order
// of values, or make them equal.
const Term* plain(const Term* term) {
  const bool keeps_order = term->op == Op::cast && term->type == ColumnType::float64 &&
                           term->operands[0]->op == Op::column &&
                           term->operands[0]->type == ColumnType::int64;
  return keeps_order ? term->operands[0].get() : term;
}

}  // namespace

bool excludes(const ParquetPart& part, const Term& condition) {
  if (condition.op == Op::both)
    return excludes(part, *condition.operands[0]) || excludes(part, *condition.operands[1]);
  if (condition.operands.size() != 2) return false;
  const Term* left = plain(condition.operands[0].get());
  const Term* right = condition.operands[1].get();
  if (left->op != Op::column || right->op != Op::literal) return false;
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    const ParquetColumn& column = part.columns[c];
    const ParquetChunk& chunk = part.chunks[c];
    if (column.name != left->name || (chunk.least.empty() && chunk.greatest.empty())) continue;
    const auto least = compared(column, chunk.least, right->literal);
    const auto greatest = compared(column, chunk.greatest, right->literal);
    switch (condition.op) {
      case Op::less:
        return least && *least >= 0;
      case Op::less_equal:
        return least && *least > 0;
      case Op::greater:
        return greatest && *greatest <= 0;
      case Op::greater_equal:
        return greatest && *greatest < 0;
      case Op::equal:
        return (least && *least > 0) || (greatest && *greatest < 0);
      default:
        return false;
    }
  }
  return false;
}

}  // namespace weir::detail::frame
