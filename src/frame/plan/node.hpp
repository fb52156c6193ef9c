// Nodes: the verbs of a plan. Each knows its schema, how a filter passes it, and how it becomes tasks.
#pragma once

#include <map>
#include <set>

#include "frame/csv/source.hpp"
#include "frame/plan/plan_client.hpp"
#include "frame/plan/step.hpp"
#include "weir/detail/frame/partitions.hpp"
#include "weir/frame/frame.hpp"
#include "weir/frame/window.hpp"

namespace weir::detail::frame {

using NodePtr = std::shared_ptr<const Node>;
using Names = std::set<std::string>;

/// Submits the task that reads a partition and does these steps to it.
using PartReader = std::function<Future<Table>(PlanClient& client, const Steps& steps)>;

/// Partitions that are to be: tables on the workers, blocks of CSV files, or others that are still to be
/// read; and what is to be done to each.
struct Parts {
  std::vector<Future<Table>> tables;
  std::shared_ptr<const CsvSource> source;  ///< Where blocks are, if they are not tables yet.
  Schema planned;                           ///< Of the file, when the plan was made.
  std::vector<CsvBlock> blocks;
  Names columns;  ///< Of the file, those that are read.
  Steps steps;
  std::vector<PartReader> readers;
};

/// One computation.
class Run {
 public:
  Run() : client(Client::current()) {}
  PlanClient client;

  /// Partitions of a node, with at least these columns; what several results share is made once. Tasks that
  /// are submitted for it are named by the plan.
  [[nodiscard]] Parts parts_of(const NodePtr& node, const Names& needed);
  /// A computation begins, or begins again: these nodes are to be made once, with all columns that anybody
  /// needs of them.
  void begin(std::map<const Node*, Names> nodes) {
    readings_.clear();
    shared_ = {};
    for (auto& [node, columns] : nodes) shared_[node].columns = std::move(columns);
  }
  /// Partitions with all steps done, on the workers. Does not wait: what files turned out to hold is known
  /// when `check` has been called.
  [[nodiscard]] std::vector<Future<Table>> finished(Parts parts);
  /// Throws what reading has found out: the sentence of a bad line, or `LearnedMore`. Waits until all is
  /// read, or, with `finished_only`, for nothing.
  void check(bool finished_only = false);
  /// All partitions as one, on a worker.
  [[nodiscard]] Future<Table> joined(const std::vector<Future<Table>>& parts);
  struct Size {
    std::uint64_t rows = 0, bytes = 0;
  };
  /// Rows and bytes of all together. **Cost.** Waits for them; of those that are large, for the first few
  /// alone, so that the others need not lie in memory at once.
  [[nodiscard]] Size size_of(const std::vector<Future<Table>>& parts);
  /// Rows with equal keys in the same of `count` partitions.
  [[nodiscard]] std::vector<std::vector<Future<Table>>> by_hash(const std::vector<Future<Table>>& parts,
                                                                const std::vector<std::string>& keys,
                                                                std::uint32_t count);
  /// How many partitions are worth it for so much that comes from so many.
  [[nodiscard]] std::uint32_t parts_for(Size size, std::size_t from) const;
  /// How many partitions these are worth to be split into, after so many neighbours of small ones have been
  /// put together.
  struct Split {
    std::uint32_t count = 1;
    std::size_t every = 1;
  };
  [[nodiscard]] Split split_for(const std::vector<Future<Table>>& parts);
  /// So many neighbours together, and the rest.
  [[nodiscard]] static std::vector<std::vector<Future<Table>>> neighbours(
      const std::vector<Future<Table>>& parts, std::size_t every);
  /// Partitions that are there and may be summed up with their neighbours: of one worker, and not more than
  /// leave room and work for its threads.
  [[nodiscard]] std::vector<std::vector<Future<Table>>> near_ones(
      const std::vector<Future<Table>>& parts) const;
  /// So many neighbours as one.
  [[nodiscard]] std::vector<Future<Table>> packed(std::vector<Future<Table>> parts, std::size_t every);
  /// Whether so much is more than the workers should have in memory at once.
  [[nodiscard]] bool is_much(std::uint64_t bytes) const;
  /// Bytes and threads of all workers together.
  [[nodiscard]] std::uint64_t memory() const;
  [[nodiscard]] std::uint64_t threads() const;

 private:
  [[nodiscard]] Parts made_parts(const NodePtr& node, const Names& needed);
  void look_at_workers() const;
  [[nodiscard]] std::uint64_t bytes_of_a_part() const;
  [[nodiscard]] std::uint64_t wanted_parts(Size size) const;

  struct Shared {
    Names columns;
    std::vector<Future<Table>> tables;
    bool is_made = false;
  };
  std::map<const Node*, Shared> shared_;
  mutable std::uint64_t memory_ = 0, threads_ = 0;  // of all workers together; 0: not asked yet
  std::vector<std::pair<std::shared_ptr<const CsvSource>, CsvReading>> readings_;
};

/// Priorities of tasks: what has been read is split, and what has been split is merged, before more is read.
inline constexpr int split_priority = 1, piece_priority = 2, merge_priority = 3;

/// A verb of the plan.
class Node : public std::enable_shared_from_this<Node> {
 public:
  Node(Schema of, std::vector<NodePtr> from);
  virtual ~Node() = default;

  const Schema schema;
  const std::vector<NodePtr> inputs;
  const std::uint32_t depth;  ///< Of verbs on verbs.

  /// Which columns of each input it reads for these of its own.
  [[nodiscard]] virtual std::vector<Names> reads(const Names& needed) const = 0;
  /// Its partitions, with at least the columns `needed`, of which there is at least one.
  [[nodiscard]] virtual Parts run(Run& run, const Names& needed) const = 0;
  /// What the verb makes of tables, here and now; a source gives its own rows. Throws `Error{unsupported}` if
  /// those are not in memory.
  [[nodiscard]] virtual Table here(std::vector<Table> tables) const;
  /// The same verb on other inputs; types are checked again.
  [[nodiscard]] virtual NodePtr with_inputs(std::vector<NodePtr> from) const = 0;
  /// As one reads it in a plan: `filter delay > 15`.
  [[nodiscard]] virtual std::string show() const = 0;
  /// How many partitions it will have; 0: as its input.
  [[nodiscard]] virtual std::size_t partitions() const;
  /// The same rows as a filter behind this verb would give, filtered before it; null if there is no way.
  [[nodiscard]] virtual NodePtr filtered_before(const TermPtr& condition) const;
};

// How verbs are made; each checks names and types and begins its sentences with `who`.
[[nodiscard]] NodePtr make_source(std::shared_ptr<CsvSource> source);
[[nodiscard]] NodePtr make_tables(Schema schema, std::vector<Future<Table>> tables);
[[nodiscard]] NodePtr make_memory(Table table, std::size_t partitions);
[[nodiscard]] NodePtr make_project(const std::string& who, const NodePtr& input,
                                   std::vector<std::pair<std::string, TermPtr>> columns);
[[nodiscard]] NodePtr make_filter(const NodePtr& input, const TermPtr& condition);
[[nodiscard]] NodePtr make_group(const NodePtr& input, std::vector<std::string> keys,
                                 std::vector<Aggregate> aggregates, bool keeps_missing);
[[nodiscard]] NodePtr make_sort(const NodePtr& input, SortKeys keys);
[[nodiscard]] NodePtr make_top(const std::string& who, const NodePtr& input, SortKeys keys,
                               std::uint64_t count);
[[nodiscard]] NodePtr make_limit(const NodePtr& input, std::uint64_t count);
/// The first `count` rows of each group in order of a column.
[[nodiscard]] NodePtr make_top_of_groups(const std::string& who, const NodePtr& input,
                                         std::vector<std::string> keys, SortKey by, bool keeps_missing,
                                         std::uint64_t count);
[[nodiscard]] NodePtr make_distinct(const NodePtr& input, std::vector<std::string> keys);
[[nodiscard]] NodePtr make_merge(const NodePtr& left, const NodePtr& right, const Merge& options);
[[nodiscard]] NodePtr make_concat(std::vector<NodePtr> inputs);
[[nodiscard]] NodePtr make_windows(const NodePtr& input, std::vector<Window> windows);
/// A row for each bin of `step` nanoseconds from the first to the last in the column `time`; of those that
/// were not there these columns have what no values come to, and the others are missing.
using OfNone = std::vector<std::pair<std::string, std::int64_t>>;
[[nodiscard]] NodePtr make_bins(const NodePtr& input, std::string time, std::int64_t step, bool of_months,
                                OfNone of_none);
[[nodiscard]] NodePtr make_asof(const NodePtr& left, const NodePtr& right, const MergeAsof& options);
/// Rows with equal keys in the same of `count` partitions.
[[nodiscard]] NodePtr make_shuffle(const NodePtr& input, std::vector<std::string> keys, std::uint32_t count);
/// Rows chosen at random.
[[nodiscard]] NodePtr make_sample(const NodePtr& input, double fraction, std::uint64_t seed);
/// What a function makes of each partition: here, and as a task.
[[nodiscard]] NodePtr make_mapped(const NodePtr& input, PartitionMap map);
/// Partitions that others make when they are asked.
[[nodiscard]] NodePtr make_asked(Schema schema, std::size_t partitions, AskForTables ask);

/// Plans with filters where they leave the fewest rows to others; what they share stays shared. It keeps what
/// it knows: at the place of a node that has gone there may be another one.
using Rewritten = std::map<NodePtr, NodePtr>;
[[nodiscard]] NodePtr optimized(const NodePtr& node, Rewritten& known);
/// The name of its tasks: where its rows come from, and its last verbs. `read_csv.filter.group_by`.
[[nodiscard]] std::string task_name(const Node& node);
/// The columns of a schema.
[[nodiscard]] Names names_of(const Schema& schema);
/// `{name, col(name)}` for each.
[[nodiscard]] std::vector<std::pair<std::string, TermPtr>> plain_columns(const Schema& schema);

/// Computes, again with wider types where a file had values that did not fit; `use` takes the partitions and
/// the schema that they turned out to have.
using UseParts = std::function<void(Run&, const Schema&, std::vector<Future<Table>>)>;
void compute_parts(const NodePtr& node, const UseParts& use);
/// The same for the first partition alone.
void compute_first(const NodePtr& node, const std::function<void(const Table&)>& use);
/// The last `count` rows of a plan, in order.
[[nodiscard]] Table compute_last(const NodePtr& node, std::uint64_t count);
/// All rows of several plans, in order; what they share is computed once.
[[nodiscard]] std::vector<Table> compute_tables(const std::vector<NodePtr>& nodes);
/// All rows of a plan, in order.
[[nodiscard]] Table compute_table(const NodePtr& node);
/// What a plan makes of a table in place of its first source.
[[nodiscard]] Table applied(const Node& node, const Table& batch);
/// A table with the columns of a schema, in their order.
[[nodiscard]] Table conformed(const Table& table, const Schema& schema);

}  // namespace weir::detail::frame
