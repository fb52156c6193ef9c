// Steps: what a task does to a partition, one after the other; they travel with it.
#pragma once

#include "frame/columns/together.hpp"
#include "frame/expression/term.hpp"
#include "frame/kernels/kernels.hpp"
#include "weir/detail/task/serialize.hpp"
#include "weir/frame/aggregate.hpp"

namespace weir::detail::frame {

/// A column to be computed.
struct NamedCode {
  std::string name;
  Code code;
};

/// An aggregation of a column that is there, bound to its type.
struct BoundAggregate {
  Aggregate::Kind kind{};
  std::string name;
  std::string value;  ///< The column's name; empty if only rows are counted.
  ColumnType type{};  ///< Of the values.
  double parameter = 0;
  OwnAggregate own{};
};

/// What rows are sorted by.
struct SortKey {
  std::string name;
  bool is_descending = false;
};
using SortKeys = std::vector<SortKey>;

struct Step {
  enum class Kind : std::uint8_t {
    filter,         ///< Rows for which `columns[0]` is true.
    project,        ///< `columns` instead of those there were.
    partial,        ///< Rows summed up by `keys`, as states of `aggregates`.
    distinct,       ///< Of rows with equal `keys` the first.
    top,            ///< The first `count` rows in `order`.
    top_of_groups,  ///< The same of each group of `keys`; the order is that of one column.
    limit           ///< The first `count` rows.
  };
  Kind kind{};
  std::vector<NamedCode> columns{};
  std::vector<std::string> keys{};
  std::vector<BoundAggregate> aggregates{};
  SortKeys order{};
  bool keeps_missing = false;
  std::uint64_t count = 0;
  bool sorts = true;  ///< Groups come in order of their keys.
};
using Steps = std::vector<Step>;

[[nodiscard]] Table apply_steps(Table table, const Steps& steps);

/// Columns of a table by name.
[[nodiscard]] std::vector<Column> columns_of(const Table& table, const std::vector<std::string>& names);
/// The table with these columns alone, in this order.
[[nodiscard]] Table only(const Table& table, const std::vector<std::string>& names);
[[nodiscard]] Table sorted(const Table& table, const SortKeys& keys);
/// By each of these, the least first.
[[nodiscard]] SortKeys ascending_by(const std::vector<std::string>& names);
[[nodiscard]] Table distinct(const Table& table, const std::vector<std::string>& keys);
/// The first `count` rows of each group in order of a column, groups in order of their keys if asked for.
[[nodiscard]] Table top_of_groups(const Table& table, const std::vector<std::string>& keys, const SortKey& by,
                                  bool keeps_missing, std::uint64_t count, bool sorts);
/// Keys as the kernels take them: their columns, and which of them are in descending order.
class SortColumns {
 public:
  SortColumns(const Table& table, const SortKeys& keys);
  [[nodiscard]] std::span<const Column> columns() const noexcept { return columns_; }
  [[nodiscard]] std::span<const bool> descending() const noexcept {
    return {descending_.get(), columns_.size()};
  }

 private:
  std::vector<Column> columns_;
  std::unique_ptr<bool[]> descending_;
};
/// Rows by the hash of their keys.
[[nodiscard]] Pieces split_by_hash(const Table& table, const std::vector<std::string>& keys,
                                   std::uint32_t parts);
/// Rows by the number of their piece, those of a piece in this order.
[[nodiscard]] Pieces pieces_of(const Table& table, std::span<const std::uint32_t> of, std::size_t parts);

// --- groups: states are columns, so that they travel and are grouped like others.

/// States of the groups of a partition, or of several: keys and columns named by the place of their
/// aggregate.
[[nodiscard]] Table sum_up(std::span<const Table> tables, const std::vector<std::string>& keys,
                           const std::vector<BoundAggregate>& aggregates, bool keeps_missing);
/// The partitions with all steps done, the last of which sums up: as one.
[[nodiscard]] Table summed_up(std::vector<Table> tables, Steps steps);
/// Whether there seem to be so few groups in what these steps sum up that the partitions have most in common.
/// **Cost.** A look at the first rows.
[[nodiscard]] bool share_groups(std::span<const Table> tables, Steps steps);
/// States of several partitions one behind the other.
[[nodiscard]] Table concat_states(std::span<const Table> parts);
/// The states of several partitions put together.
[[nodiscard]] Table merge_states(const Table& states, const std::vector<std::string>& keys,
                                 const std::vector<BoundAggregate>& aggregates);
/// What states say, in order of the keys if asked for. Without keys there is always one row.
[[nodiscard]] Table results_of(const Table& states, const std::vector<std::string>& keys,
                               const std::vector<BoundAggregate>& aggregates, bool sorts);
/// The same from all rows of each group, for those that have no states: a column at a time is put together.
[[nodiscard]] Table aggregate_whole(std::span<const Table> parts, const std::vector<std::string>& keys,
                                    const std::vector<BoundAggregate>& aggregates, bool keeps_missing);
/// Keys and aggregations bound to the columns of their rows.
struct GroupPlan {
  Step values;  ///< Makes the keys and the values that are summed up of the rows.
  std::vector<BoundAggregate> aggregates;
  Schema schema;  ///< Of the result.
};
/// Throws the sentences of `group_by` and `agg`.
[[nodiscard]] GroupPlan plan_groups(const Schema& rows, const std::vector<std::string>& keys,
                                    const std::vector<Aggregate>& aggregates);
[[nodiscard]] bool has_state(Aggregate::Kind kind) noexcept;
[[nodiscard]] ColumnType type_of_result(Aggregate::Kind kind, ColumnType value) noexcept;

}  // namespace weir::detail::frame
