// Terms: expressions as they are kept, checked, sent and evaluated.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "weir/frame/expression.hpp"

namespace weir::detail::frame {

using TermPtr = std::shared_ptr<const Term>;

/// A constant of a type; missing constants do not exist.
struct Literal {
  ColumnType type = ColumnType::int64;
  std::int64_t integer = 0;  ///< Also booleans, days, nanoseconds.
  double real = 0;
  std::string text;
};

/// One operation. As written: types are not known. Bound to a schema: `type` is that of the value, and
/// operands have the types that the loops need.
struct Term {
  Op op = Op::literal;
  ColumnType type = ColumnType::int64;
  std::string name;  ///< Of a column.
  Literal literal;
  std::vector<TermPtr> operands;
  CallColumns call = nullptr;  ///< A user's function: its code, its captures, what it takes.
  Buffer function;
  std::vector<ColumnType> parameters;
  std::uint32_t depth = 0;  ///< Of operations in operations; as written.
};

[[nodiscard]] TermPtr make_column_term(const std::string& name);
/// Throws `Error{invalid_argument}` if terms are nested too deep for functions that go through them.
[[nodiscard]] TermPtr make_term(Op op, std::vector<TermPtr> operands, ColumnType type = ColumnType::int64);

/// The term with the types of this schema. Throws a sentence that begins with `who`.
[[nodiscard]] TermPtr typed(const std::string& who, const TermPtr& term, const Schema& schema);
/// A bound term's values for the rows of a table.
[[nodiscard]] Column evaluate(const Term& term, const Table& table);

[[nodiscard]] std::string show(const Term& term);
/// The names of columns that it reads.
void collect_columns(const Term& term, std::set<std::string>& names);
/// Whether a bound term may throw for some row: a user's function, integers that may become too large.
[[nodiscard]] bool may_fail(const Term& term);
/// The same term, reading other columns.
[[nodiscard]] TermPtr renamed(const TermPtr& term, const std::vector<std::pair<std::string, TermPtr>>& by);

/// A term that travels.
struct Code {
  TermPtr term;
  void save(OutArchive& archive) const;
  void load(InArchive& archive);
};

}  // namespace weir::detail::frame
