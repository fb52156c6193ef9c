// Frame: named columns over many files or machines; what is done with them is a plan until it is computed.
#pragma once

#include <array>
#include <iosfwd>
#include <memory>

#include "weir/detail/frame/partitions.hpp"
#include "weir/frame/window.hpp"

namespace weir {

class Frame;
class GroupBy;
class Resample;

/// From the least or from the greatest.
enum class Order : std::uint8_t { ascending, descending };
inline constexpr Order ascending = Order::ascending;
inline constexpr Order descending = Order::descending;

/// Which rows of two frames come into their join.
enum class Join : std::uint8_t {
  inner,  ///< Those that have a partner.
  left,   ///< All of the left side; missing values where there is no partner.
  right,  ///< All of the right side.
  outer,  ///< All of both sides.
  semi,   ///< Those of the left side that have a partner, once, without the partner's columns.
  anti    ///< Those of the left side that have none.
};

/// How two frames are joined: `flights.merge(airports, {.left_on = {"origin"}, .right_on = {"code"}})`.
struct Merge {
  std::vector<std::string> on{};        ///< Columns of both sides that must be equal; default: all shared.
  Join how = Join::inner;               ///< Which rows come.
  std::vector<std::string> left_on{};   ///< Where the names differ: those of the left side,
  std::vector<std::string> right_on{};  ///< and those of the right.
  std::pair<std::string, std::string> suffixes{"_x", "_y"};  ///< For other columns that both sides have.
};

/// How frames are written: `frame.to_csv("out-*.csv", {.sep = ';'})`.
struct WriteCsv {
  char sep = ',';         ///< Between fields.
  bool header = true;     ///< Whether the first line has the names.
  std::string missing{};  ///< Of missing values; empty: empty texts, and rows of one missing field, are `""`.
};

/// \cond
// What is found under another name: pandas' names, and aggregations as members.
#define WEIR_AGGREGATES_INSTEAD(of)                                               \
  WEIR_INSTEAD(sum, "is an aggregation: write " of "agg(weir::sum(\"x\"))")       \
  WEIR_INSTEAD(mean, "is an aggregation: write " of "agg(weir::mean(\"x\"))")     \
  WEIR_INSTEAD(min, "is an aggregation: write " of "agg(weir::min(\"x\"))")       \
  WEIR_INSTEAD(max, "is an aggregation: write " of "agg(weir::max(\"x\"))")       \
  WEIR_INSTEAD(count, "is an aggregation: write " of "agg(weir::count())")        \
  WEIR_INSTEAD(size, "is an aggregation: write " of "agg(weir::count())")         \
  WEIR_INSTEAD(var, "is an aggregation: write " of "agg(weir::var(\"x\"))")       \
  WEIR_INSTEAD(stddev, "is an aggregation: write " of "agg(weir::stddev(\"x\"))") \
  WEIR_INSTEAD(median, "is an aggregation: write " of "agg(weir::median(\"x\"))") \
  WEIR_INSTEAD(nunique, "is an aggregation: write " of "agg(weir::nunique(\"x\"))")
/// \endcond

/// How pages of Parquet files are packed.
enum class ParquetCodec : std::uint8_t { none, snappy, gzip, zstd };

namespace detail::frame {
class Node;
[[nodiscard]] Frame frame_of(Table table, std::size_t partitions);
[[nodiscard]] Frame mapped_frame(const Frame& frame, PartitionMap map);
/// Of partitions that are made when they are asked for.
[[nodiscard]] Frame asked_frame(Schema schema, std::size_t partitions, AskForTables ask);
template <class... Names>
concept AreNames = (std::convertible_to<const Names&, std::string> && ...);
}  // namespace detail::frame

/// Named columns in partitions. Each verb gives a new frame at once; names and types are checked then, and
/// rows are read and computed when `compute`, `head`, `collect` or `to_csv` asks for them, by all workers.
///
/// `auto late = weir::read_csv("*.csv").filter(col("delay") > 15).group_by("origin").agg(mean("delay"));`
/// **Errors.** A wrong name is an `Error{not_found}` with the nearest one and all of them, a wrong type an
/// `Error{invalid_argument}`; both at the verb, before anything runs.
/// **Threads.** Any; frames are values, which share their plans.
/// **Source.** dask.dataframe; without an index: rows are found by columns.
class Frame {
 public:
  /// Without columns and rows.
  Frame();
  /// Of a table in memory, which is cut into `partitions`.
  explicit Frame(Table table, std::size_t partitions = 1)
      : Frame(detail::frame::frame_of(std::move(table), partitions)) {}

  /// Names and types, as far as they are known: those of files are guessed until they have been read.
  [[nodiscard]] const Schema& schema() const;
  /// The names.
  [[nodiscard]] std::vector<std::string> columns() const;
  /// Schema, partitions and plan, as text.
  [[nodiscard]] std::string show() const;

  /// These columns, in this order.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] Frame select(const Names&... names) const {
    return select(std::vector<std::string>{names...});
  }
  /// The same of a list.
  [[nodiscard]] Frame select(const std::vector<std::string>& names) const;
  /// All columns but these.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] Frame drop(const Names&... names) const { return drop(std::vector<std::string>{names...}); }
  /// The same of a list.
  [[nodiscard]] Frame drop(const std::vector<std::string>& names) const;
  /// Columns with other names: `{{"old", "new"}}`.
  [[nodiscard]] Frame rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  /// The rows for which the condition is true.
  [[nodiscard]] Frame filter(const Expression& condition) const;
  /// The rows for which a function of these columns is true.
  template <class F>
  requires(!std::is_convertible_v<F, Expression> && detail::frame::ColumnFunction<F>) [[nodiscard]] Frame
      filter(F function, std::vector<std::string> columns) const {
    return filter(weir::apply(std::move(function), std::move(columns)));
  }
  /// \cond
  template <class F>
  requires(!std::is_convertible_v<F, Expression> && !detail::frame::ColumnFunction<F>)
      WEIR_REFUSES("weir: filter: " WEIR_COLUMN_FUNCTION)
  detail::Refused filter(F, const std::vector<std::string>&) const { return {}; }
  template <class F>
  requires(!std::is_convertible_v<F, Expression>) WEIR_REFUSES(
      "weir: filter: takes an expression, col(\"a\") > 1, or a function and the names of its columns: "
      "filter([](double a) { return a > 1; }, {\"a\"})")
  detail::Refused filter(F) const { return {}; }
  /// \endcond
  /// A further column, or one in place of that of the same name.
  [[nodiscard]] Frame with(const std::string& name, const Expression& value) const;
  /// The same by a function of these columns.
  template <class F>
  requires(!std::is_convertible_v<F, Expression> && detail::frame::ColumnFunction<F>) [[nodiscard]] Frame
      with(const std::string& name, F function, std::vector<std::string> columns) const {
    return with(name, weir::apply(std::move(function), std::move(columns)));
  }
  /// \cond
  template <class F>
  requires(!std::is_convertible_v<F, Expression> && !detail::frame::ColumnFunction<F>)
      WEIR_REFUSES("weir: with: " WEIR_COLUMN_FUNCTION)
  detail::Refused with(const std::string&, F, const std::vector<std::string>&) const { return {}; }
  template <class F>
  requires(!std::is_convertible_v<F, Expression> && !std::is_same_v<F, Window>) WEIR_REFUSES(
      "weir: with: takes a name and an expression, or a name, a function and the names of its columns: "
      "with(\"b\", [](double a) { return 2 * a; }, {\"a\"})")
  detail::Refused with(const std::string&, const F&) const { return {}; }
  /// \endcond
  /// Several further columns at once: `{{"a", col("b") * 2}, {"c", 1}}`; all see the columns as they were.
  [[nodiscard]] Frame assign(const std::vector<std::pair<std::string, Expression>>& values) const;
  /// \cond
  template <class Value>
  WEIR_REFUSES(
      "weir: assign: takes a list of names and expressions: assign({{\"b\", col(\"a\") * 2}}); one column is "
      "with(\"b\", col(\"a\") * 2)")
  detail::Refused assign(const std::string&, const Value&) const {
    return {};
  }
  /// \endcond
  /// Further columns made of the rows around each: `with(shift("x"), rolling(7, mean("x")))`.
  ///
  /// **Shape.** The rows as they were, in order; windows go on from partition to partition.
  /// **Errors.** Throws for an unknown column, a type that does not fit, or a name that is there twice.
  /// **Cost.** A partition waits for the end of the one before; only the rows that a window reaches travel.
  template <std::same_as<Window>... More>
  [[nodiscard]] Frame with(const Window& first, const More&... more) const {
    return with(std::vector<Window>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] Frame with(const std::vector<Window>& windows) const;
  /// Rows summed up by bins of time: `resample("1h", "when").agg(mean("x"))`.
  ///
  /// **Units.** `step` is a duration, or a number of months or years of the calendar: `3mo`, `1y`.
  /// Rows without a time are left out; days outside of 1677 to 2262 are no time where the step is a duration.
  /// **Errors.** Throws `Error{invalid_argument}` if the step is no time longer than 0, or the column none of
  /// dates or times. The computation fails if a month or year begins outside of 1677-10 to 2262-04.
  [[nodiscard]] Resample resample(const std::string& step, const std::string& time) const;
  /// The column as another type.
  [[nodiscard]] Frame astype(const std::string& name, ColumnType type) const;
  /// Rows in which none of these (default: of all columns) is missing.
  [[nodiscard]] Frame dropna(const std::vector<std::string>& names = {}) const;
  /// Rows in which this one is not missing.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] Frame dropna(const Name& name) const {
    return dropna(std::vector<std::string>{name});
  }
  /// All columns, each as whether its value is missing.
  [[nodiscard]] Frame isna() const;
  /// The column with this value where it was missing.
  [[nodiscard]] Frame fillna(const std::string& name, const Expression& value) const;

  /// Rows with equal values in these columns belong together: `.group_by("origin").agg(mean("delay"))`.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] GroupBy group_by(const Names&... names) const;
  /// The same of a list.
  [[nodiscard]] GroupBy group_by(const std::vector<std::string>& names) const;
  /// All rows become one.
  template <class... More>
  [[nodiscard]] Frame agg(const Aggregate& first, const More&... more) const {
    return agg(std::vector<Aggregate>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] Frame agg(const std::vector<Aggregate>& aggregates) const;

  /// Rows in order of these columns; equal ones keep their order, missing values come last, NaN before them.
  [[nodiscard]] Frame sort_by(const std::vector<std::string>& names, Order order = ascending) const;
  /// The same with an order for each column: `sort_by({"origin", "delay"}, {ascending, descending})`.
  /// **Errors.** Throws `Error{invalid_argument}` if there are not as many orders as columns.
  [[nodiscard]] Frame sort_by(const std::vector<std::string>& names, const std::vector<Order>& orders) const;
  /// The same of one column.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] Frame sort_by(const Name& name, Order order = ascending) const {
    return sort_by(std::vector<std::string>{name}, order);
  }
  /// The `n` rows with the greatest values, those first; of equal ones the earlier. Missing values come last.
  [[nodiscard]] Frame nlargest(std::size_t n, const std::string& name) const;
  /// The `n` rows with the least values.
  [[nodiscard]] Frame nsmallest(std::size_t n, const std::string& name) const;
  /// The first `n` rows, as a frame.
  [[nodiscard]] Frame limit(std::size_t n) const;
  /// Of rows that are equal in these columns (default: all) the first. Missing values are equal.
  [[nodiscard]] Frame drop_duplicates(const std::vector<std::string>& names = {}) const;
  /// The same of one column.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] Frame drop_duplicates(const Name& name) const {
    return drop_duplicates(std::vector<std::string>{name});
  }
  /// The different values of a column, in order of the first of each.
  [[nodiscard]] Frame unique(const std::string& name) const { return select(name).drop_duplicates(); }
  /// The different values of a column and how often each is there, the most frequent first: in a column
  /// `count`, or `count_count` beside one of that name.
  [[nodiscard]] Frame value_counts(const std::string& name) const;

  /// Rows of both frames that are equal in the columns `on`, side by side.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the types of two such columns cannot be equal.
  /// **Cost.** A side of less than 64 MB is sent to every partition of the other one; otherwise both are
  /// distributed by hashes of the keys.
  [[nodiscard]] Frame merge(const Frame& right, const Merge& options = {}) const;
  /// The same by columns that both sides have.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] Frame merge(const Frame& right, const Name& on, Join how = Join::inner) const {
    return merge(right, Merge{.on = {on}, .how = how});
  }

  /// Every row beside the row of another frame that is nearest in a column: `trades.merge_asof(quotes, {.on =
  /// "time", .by = {"ticker"}})`.
  ///
  /// **Shape.** All rows, in their order; where none is near, or a value is missing, the other side's columns
  /// are missing. Neither side need be sorted.
  /// **Errors.** Throws for unknown columns, for values that are no numbers, days or times of one type, and
  /// for a tolerance that is none.
  /// **Cost.** A side of less than 64 MB goes to every partition of this one; otherwise both are cut into
  /// ranges of the values that are compared, and the rows go back to their partitions.
  /// **Source.** pandas' `merge_asof`.
  [[nodiscard]] Frame merge_asof(const Frame& right, const MergeAsof& options) const;

  /// What a function makes of each partition: a `Table` of a `const Table&`.
  ///
  /// The function travels by the rules of `Client::submit`. It is called with a table without rows first,
  /// which says the columns and types of the result.
  /// **Errors.** Throws if it throws then; the computation fails if it makes other columns of a partition.
  template <class F>
  requires std::is_invocable_r_v<Table, const F&, const Table&>
  [[nodiscard]] Frame map_partitions(F function) const {
    return detail::frame::mapped_frame(*this, detail::frame::partition_map(detail::callable(
                                                  "map_partitions", "the function", std::move(function))));
  }
  /// \cond
  template <class F>
  requires(!std::is_invocable_r_v<Table, const F&, const Table&>) WEIR_REFUSES(
      "weir: map_partitions: the function must take a const weir::Table& and return a weir::Table")
  detail::Refused map_partitions(F) const { return {}; }
  /// \endcond
  /// Rows with equal values in these columns in the same of `partitions` partitions (0: as many as are worth
  /// it), in no order: from worker to worker, by the disk where memory is short.
  [[nodiscard]] Frame shuffle(const std::vector<std::string>& names, std::uint32_t partitions = 0) const;
  /// The same of one column.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] Frame shuffle(const Name& name, std::uint32_t partitions = 0) const {
    return shuffle(std::vector<std::string>{name}, partitions);
  }
  /// About this part of the rows, chosen at random; the same ones for the same seed and partitions.
  /// **Errors.** Throws `Error{invalid_argument}` for a fraction outside of 0 to 1.
  [[nodiscard]] Frame sample(double fraction, std::uint64_t seed = 0) const;
  /// The q-quantile of a column, here, exact; missing values are passed over. **Errors.** As
  /// `weir::quantile`; NaN of no values.
  [[nodiscard]] double quantile(const std::string& name, double q = 0.5) const;
  /// Pearson's correlation of two columns of numbers, of the rows that have both; NaN where one is constant.
  /// **Cost.** Two passes.
  [[nodiscard]] double corr(const std::string& a, const std::string& b) const;

  /// All rows, here.
  [[nodiscard]] Table compute() const;
  /// Every row as a plain struct, whose members have the names of columns.
  /// **Errors.** Those of `Table::to`; a name that is not there is one before anything is computed.
  template <class Row>
  requires(detail::frame::has_cells<Row>()) [[nodiscard]] std::vector<Row> collect() const {
    detail::frame::check_names<Row>("collect", schema());
    return detail::frame::rows_of<Row>("collect", compute());
  }
  /// \cond
  template <class Row>
  requires(!detail::frame::has_cells<Row>()) WEIR_REFUSES("weir: collect: " WEIR_ROW)
  std::vector<detail::Refused> collect() const { return {}; }
  /// \endcond
  /// The first `n` rows, here. **Cost.** Reads one partition, and all others only
  /// if that has not enough rows.
  [[nodiscard]] Table head(std::size_t n = 5) const;
  /// The last `n` rows, here. **Cost.** All partitions are read; only the last rows of each are brought here.
  [[nodiscard]] Table tail(std::size_t n = 5) const;
  /// Count, mean, std, min, quartiles and max of every column of numbers, a row each. All rows are read.
  [[nodiscard]] Table describe() const;
  /// How many rows there are.
  [[nodiscard]] std::int64_t count_rows() const;
  /// What the verbs of this frame make of another table with the columns of its first source: computed at
  /// once, on this thread, without tasks. So the batches of a stream go through the verbs of frames.
  ///
  /// `auto hot = weir::from(std::vector<Reading>{}).filter(col("value") > 30).merge(sensors, "sensor");`
  /// `tables.map([=](const weir::Table& batch) { return hot.applied(batch); })`
  /// **Errors.** Throws `Error{invalid_argument}` if the table has other columns, `Error{unsupported}` if a
  /// frame that is joined is not a table in memory: `Frame(other.compute())` makes it one.
  /// **Source.** streamz' streaming dataframes, whose verbs are those of a frame by example.
  [[nodiscard]] Table applied(const Table& batch) const;
  /// Computes the rows and leaves them on the workers: a table for each partition, with the columns of
  /// `schema` in their order.
  [[nodiscard]] std::vector<Future<Table>> to_futures() const;
  /// The same frame with its rows computed and kept on the workers.
  [[nodiscard]] Frame persist() const;
  /// Writes the rows: one file, or where the path has a `*`, one per partition with its number.
  ///
  /// **Errors.** Throws `Error{io}` with the path if a file cannot be written; files are written under other
  /// names and renamed when they are whole. \return The paths.
  std::vector<std::string> to_csv(const std::string& path, const WriteCsv& options = {}) const;
  /// Writes the rows as Parquet, a row group for each partition: one file, or where the path has a `*`, one
  /// per partition with its number. Columns may have missing values; texts that repeat are written once.
  ///
  /// **Errors.** Throws `Error{io}` with the path if a file cannot be written; files appear when they are
  /// whole. \return The paths.
  std::vector<std::string> to_parquet(const std::string& path, ParquetCodec codec = ParquetCodec::zstd) const;

  /// Writes the rows as an Arrow IPC file (Feather version 2), a record batch for each partition: one file,
  /// or where the path has a `*`, one per partition with its number. Text with few different values becomes a
  /// dictionary, which other programs read as categories.
  ///
  /// **Errors.** Throws `Error{io}` with the path if a file cannot be written; files appear when they are
  /// whole. The computation fails if a day is outside of 32 bits, or the texts of a column have more than 2
  /// GB in one partition. \return The paths.
  std::vector<std::string> to_arrow(const std::string& path) const;

  /// \cond
  WEIR_AGGREGATES_INSTEAD("frame.")
  WEIR_INSTEAD(groupby, "is called group_by")
  WEIR_INSTEAD(sort_values, "is called sort_by")
  WEIR_INSTEAD(set_index,
               "a frame has no index: rows are found by columns; sort_by puts them in order, "
               "shuffle brings equal values together")
  WEIR_INSTEAD(reset_index, "a frame has no index: keys of groups are columns")
  WEIR_INSTEAD(join, "is called merge")
  WEIR_INSTEAD(apply, "a function of columns is with(\"b\", f, {\"a\"}), one of tables map_partitions(f)")
  WEIR_INSTEAD(query, "is called filter: filter(weir::col(\"a\") > 1)")
  WEIR_INSTEAD(rolling, "is a further column: with(weir::rolling(7, weir::mean(\"a\")))")
  WEIR_INSTEAD(expanding, "is a further column: with(weir::expanding(weir::mean(\"a\")))")
  WEIR_INSTEAD(shift, "is a further column: with(weir::shift(\"a\"))")
  WEIR_INSTEAD(diff, "is a further column: with(weir::diff(\"a\"))")
  WEIR_INSTEAD(cumsum, "is a further column: with(weir::cumsum(\"a\"))")
  WEIR_INSTEAD(concat, "is a function of frames: weir::concat({frame, other})")
  WEIR_INSTEAD(to_hdf5, "is a function: weir::to_hdf5(frame, \"file.h5\", \"/group\")")
  WEIR_INSTEAD(progress, "shows futures: weir::progress(frame.to_futures())")
  template <class... T>
  WEIR_REFUSES("weir: to_array: is a function: weir::to_array<double>(frame, \"a\")")
  detail::Refused to_array(const char*) const {
    return {};
  }
  template <class... T>
  WEIR_REFUSES("weir: to_array: is a function: weir::to_array<double>(frame, {\"a\", \"b\"})")
  detail::Refused to_array(const std::vector<std::string>&) const {
    return {};
  }
  template <class... Row>
  WEIR_REFUSES("weir: to_bag: is a function: weir::to_bag<Row>(frame)")
  detail::Refused to_bag() const {
    return {};
  }
  template <class Name>
  WEIR_REFUSES(
      "weir: frame[]: a column in an expression is weir::col(\"a\"), a frame of columns select(\"a\")")
  detail::Refused
  operator[](const Name&) const {
    return {};
  }
  /// \endcond

  /// From its plan; for the library.
  explicit Frame(std::shared_ptr<const detail::frame::Node> node) : node_(std::move(node)) {}
  /// The plan; for the library.
  [[nodiscard]] const std::shared_ptr<const detail::frame::Node>& node() const noexcept { return node_; }

 private:
  std::shared_ptr<const detail::frame::Node> node_;
};

/// Prints `frame.show()`.
std::ostream& operator<<(std::ostream& out, const Frame& frame);

/// Rows that belong together; `agg` says what becomes of them.
class GroupBy {
 public:
  /// One row for each group: its keys, then the results.
  ///
  /// **Shape.** In order of the keys, unless there are more than some hundred thousand groups: those are in
  /// no order, and in several partitions. Rows with a missing key are left out, unless `keep_missing` was
  /// asked for.
  /// **Cost.** Each partition is summed up where it is; only sums travel. With median, quantile or nunique
  /// the rows travel, by hashes of their keys.
  template <class... More>
  [[nodiscard]] Frame agg(const Aggregate& first, const More&... more) const {
    return agg(std::vector<Aggregate>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] Frame agg(const std::vector<Aggregate>& aggregates) const;
  /// The `n` rows of each group with the greatest values; of equal ones the earlier. Missing values come
  /// last.
  ///
  /// **Shape.** Groups in order of their keys, unless there are more rows than some hundred thousand: those
  /// are in no order, and in several partitions.
  [[nodiscard]] Frame nlargest(std::size_t n, const std::string& name) const;
  /// The `n` rows of each group with the least values.
  [[nodiscard]] Frame nsmallest(std::size_t n, const std::string& name) const;
  /// Missing keys are a group too.
  [[nodiscard]] GroupBy keep_missing() const;
  /// \cond
  WEIR_AGGREGATES_INSTEAD("group_by(...).")
  /// \endcond

 private:
  friend class Frame;
  GroupBy(Frame frame, std::vector<std::string> keys) : frame_(std::move(frame)), keys_(std::move(keys)) {}
  Frame frame_;
  std::vector<std::string> keys_;
  bool keeps_missing_ = false;
};

#undef WEIR_AGGREGATES_INSTEAD

/// Rows by bins of time; `agg` says what becomes of them.
class Resample {
 public:
  /// One row for each bin, from the first with rows to the last: its beginning, then the results.
  ///
  /// **Shape.** In order of time, which becomes a datetime; bins begin at whole multiples of the step since
  /// 1970, those of months on the first of one. Of a bin without rows sums and counts are 0 and other results
  /// missing. Rows without a time are left out.
  /// **Errors.** The computation fails if there are more than 100 million bins.
  /// **Source.** pandas' `resample`.
  template <class... More>
  [[nodiscard]] Frame agg(const Aggregate& first, const More&... more) const {
    return agg(std::vector<Aggregate>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] Frame agg(const std::vector<Aggregate>& aggregates) const;

 private:
  friend class Frame;
  Resample(Frame frame, std::int64_t step, bool of_months, std::string time)
      : frame_(std::move(frame)), step_(step), of_months_(of_months), time_(std::move(time)) {}
  Frame frame_;
  std::int64_t step_;  // nanoseconds, or months
  bool of_months_;
  std::string time_;
};

/// Computes several frames at once; what they share is read and computed once. `auto [a, b] = compute(x, y);`
///
/// **Errors.** As `Frame::compute`.
/// **Cost.** What is shared is kept until all have it; of files larger than a quarter of the workers' memory
/// it is read again instead.
[[nodiscard]] std::vector<Table> compute(const std::vector<Frame>& frames);
/// The same of a few.
template <std::same_as<Frame>... More>
[[nodiscard]] std::array<Table, 2 + sizeof...(More)> compute(const Frame& first, const Frame& second,
                                                             const More&... more) {
  std::vector<Table> tables = compute(std::vector<Frame>{first, second, more...});
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Table, 2 + sizeof...(More)>{std::move(tables[I])...};
  }
  (std::make_index_sequence<2 + sizeof...(More)>{});
}

template <class... Names>
requires detail::frame::AreNames<Names...> GroupBy Frame::group_by(const Names&... names)
const { return group_by(std::vector<std::string>{names...}); }

/// Rows of all frames, one behind the other. Their columns have the same names and types, in any order; int64
/// and float64 become float64. Throws `Error{invalid_argument}` with the columns that differ.
[[nodiscard]] Frame concat(const std::vector<Frame>& frames);

/// A frame of plain structs: each member is a column of its name.
///
/// `weir::from(std::vector<Reading>{...})` with `struct Reading { std::string sensor; double value; };`
template <class Row>
requires(detail::frame::has_cells<Row>()) [[nodiscard]] Frame
    from(const std::vector<Row>& rows, std::size_t partitions = 1) {
  return Frame(table_of(rows), partitions);
}

}  // namespace weir
