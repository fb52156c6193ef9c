// Frames of streams: the verbs of a frame on batches of rows that never end. Link weir::frame.
#pragma once

#include "weir/detail/frame/points.hpp"
#include "weir/frame.hpp"
#include "weir/stream.hpp"

namespace weir {

class StreamGroups;

/// How often and of what `StreamFrame::sink_to_points` writes.
struct Points {
  std::size_t last = 1000;   ///< Rows: the last so many.
  Duration every = "500ms";  ///< Not more often than this.
};

/// Named columns of rows that never end: a batch of them is an element of a stream, and the verbs of a frame
/// are done to each.
///
/// `to_frame(readings, 20).filter(col("value") > 30).group_by("sensor").agg(mean("value")).sink(show)`
///
/// What looks at one row (`filter`, `with` an expression, `merge` and others) is done to each batch by
/// itself. Windows (`with(rolling(...), cumsum(...))`) go on from batch to batch, and so do groups: `agg`
/// gives, for each batch, a table of all groups so far, or of those of the last rows (`window`). Verbs behind
/// `agg` are done to each such table.
/// **Errors.** As those of `Frame`, at the verb, by an example without rows. What fails in a batch is
/// answered as in `map` of a stream.
/// **Threads.** Those of the stream.
/// **Cost.** Each verb that has a result of its own (`tables`, `sink`, `agg`, windows) begins where the frame
/// was made, or where windows or groups ended: two results do what is before them twice. About 20 us a batch
/// and verb, so rows come better in batches.
/// **Source.** streamz' `DataFrame`; with joins, median, min, max, late rows and integers that stay integers.
class StreamFrame {
 public:
  /// Of tables with the columns of an example.
  StreamFrame(Stream<Table> tables, const Table& example)
      : StreamFrame(std::move(tables), example.slice(0, 0), Frame(example.slice(0, 0)), false) {}

  /// Names and types.
  [[nodiscard]] const Schema& schema() const { return verbs_.schema(); }

  /// These columns, in this order.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] StreamFrame select(const Names&... names) const {
    return with_verbs(verbs_.select(names...));
  }
  /// All columns but these.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] StreamFrame drop(const Names&... names) const { return with_verbs(verbs_.drop(names...)); }
  /// Columns with other names: `{{"old", "new"}}`.
  [[nodiscard]] StreamFrame rename(const std::vector<std::pair<std::string, std::string>>& names) const {
    return with_verbs(verbs_.rename(names));
  }
  /// The rows for which the condition is true.
  [[nodiscard]] StreamFrame filter(const Expression& condition) const {
    return with_verbs(verbs_.filter(condition));
  }
  /// The rows for which a function of these columns is true.
  template <class F>
  requires detail::frame::ColumnFunction<F>
  [[nodiscard]] StreamFrame filter(F function, std::vector<std::string> columns) const {
    return with_verbs(verbs_.filter(std::move(function), std::move(columns)));
  }
  /// A further column, or one in place of that of the same name.
  [[nodiscard]] StreamFrame with(const std::string& name, const Expression& value) const {
    return with_verbs(verbs_.with(name, value));
  }
  /// The same by a function of these columns.
  template <class F>
  requires detail::frame::ColumnFunction<F>
  [[nodiscard]] StreamFrame with(const std::string& name, F function,
                                 std::vector<std::string> columns) const {
    return with_verbs(verbs_.with(name, std::move(function), std::move(columns)));
  }
  /// Several further columns at once: `{{"a", col("b") * 2}, {"c", 1}}`.
  [[nodiscard]] StreamFrame assign(const std::vector<std::pair<std::string, Expression>>& values) const {
    return with_verbs(verbs_.assign(values));
  }
  /// The column as another type.
  [[nodiscard]] StreamFrame astype(const std::string& name, ColumnType type) const {
    return with_verbs(verbs_.astype(name, type));
  }
  /// Rows in which none of these (default: of all columns) is missing.
  [[nodiscard]] StreamFrame dropna(const std::vector<std::string>& names = {}) const {
    return with_verbs(verbs_.dropna(names));
  }
  /// The column with this value where it was missing.
  [[nodiscard]] StreamFrame fillna(const std::string& name, const Expression& value) const {
    return with_verbs(verbs_.fillna(name, value));
  }
  /// Rows of each batch and of a frame that are equal in the columns `on`, side by side.
  /// **Errors.** Throws `Error{unsupported}` unless the frame is a table in memory:
  /// `Frame(other.compute())`.
  [[nodiscard]] StreamFrame merge(const Frame& right, const Merge& options = {}) const {
    return with_verbs(verbs_.merge(right, options));
  }
  /// The same by a column that both sides have.
  template <std::convertible_to<std::string> Name>
  [[nodiscard]] StreamFrame merge(const Frame& right, const Name& on, Join how = Join::inner) const {
    return with_verbs(verbs_.merge(right, on, how));
  }
  /// Every row beside the row of a frame that is nearest in a column. **Errors.** As `merge`.
  [[nodiscard]] StreamFrame merge_asof(const Frame& right, const MergeAsof& options) const {
    return with_verbs(verbs_.merge_asof(right, options));
  }
  /// Any verbs of a frame, done to each batch by itself:
  /// `each([](const weir::Frame& batch) { return batch.sort_by("x").limit(3); })`.
  ///
  /// The function is called once, here, with a frame that stands for each batch.
  template <class F>
  requires std::is_invocable_r_v<Frame, F&, const Frame&>
  [[nodiscard]] StreamFrame each(F verbs) const { return with_verbs(std::invoke(verbs, verbs_)); }

  /// Further columns made of the rows around each, also of earlier batches: `with(rolling(7, mean("x")))`.
  ///
  /// **Errors.** Throws `Error{unsupported}` for a `shift` or `diff` that looks at rows to come.
  template <std::same_as<Window>... More>
  [[nodiscard]] StreamFrame with(const Window& first, const More&... more) const {
    return with(std::vector<Window>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] StreamFrame with(const std::vector<Window>& windows) const {
    if (are_results_) return with_verbs(verbs_.with(windows));
    const RunningWindows none(windows);
    const Table example = RunningWindows(none).add(verbs_.applied(example_));
    return {tables().accumulate(
                [](RunningWindows known, const Table& batch) {
                  Table rows = known.add(batch);
                  return std::pair(std::move(known), std::move(rows));
                },
                none, returns_state),
            example.slice(0, 0), Frame(example.slice(0, 0)), false};
  }

  /// Rows with equal values in these columns belong together, from the first batch on.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] StreamGroups group_by(const Names&... names) const;
  /// All rows so far become one.
  template <class... More>
  [[nodiscard]] StreamFrame agg(const Aggregate& first, const More&... more) const;
  /// The same of a list.
  [[nodiscard]] StreamFrame agg(const std::vector<Aggregate>& aggregates) const;
  /// The last rows alone: `window(100).group_by("sensor").agg(median("value"))`.
  [[nodiscard]] StreamGroups window(std::size_t rows) const;
  /// The rows that are no older than `span` before the newest: `window("5s", "when").agg(max("value"))`. They
  /// may come in any order.
  [[nodiscard]] StreamGroups window(const std::string& span, const std::string& time) const;

  /// The batches, or results, as a stream.
  [[nodiscard]] Stream<Table> tables() const {
    if (!has_verbs_) return tables_;
    return tables_.map([verbs = verbs_](const Table& batch) { return verbs.applied(batch); });
  }
  /// The rows of each batch, or result, as plain structs.
  ///
  /// **Errors.** Names that are not there are some at once.
  template <class Row>
  requires(detail::frame::has_cells<Row>()) [[nodiscard]] Stream<Row> rows() const {
    detail::frame::check_names<Row>("rows", schema());
    return tables()
        .map([](const Table& batch) { return detail::frame::rows_of<Row>("rows", batch); })
        .flatten();
  }
  /// \cond
  template <class Row>
  requires(!detail::frame::has_cells<Row>()) WEIR_REFUSES("weir: rows: " WEIR_ROW)
  detail::Refused rows() const { return {}; }
  /// \endcond
  /// `f(table)` of each batch, or result.
  template <class F>
  requires std::is_invocable_v<F&, const Table&> Sink sink(F f)
  const { return tables().sink(std::move(f)); }
  /// \cond
  template <class F>
  requires(!std::is_invocable_v<F&, const Table&>)
      WEIR_REFUSES("weir: sink: the function must take a const weir::Table&; rows<Row>().sink(f) takes rows")
  detail::Refused sink(F) const { return {}; }
  /// \endcond
  /// Keeps a file of the last rows, or of the newest result, for a plot that reads it again and again.
  ///
  /// **Shape.** `.json` is a list of objects, `.jsonl` an object in each line, `.csv` what `to_csv` writes.
  /// Times are as `2015-03-01T12:00:00Z`; missing values, NaN and infinities are null.
  /// **Errors.** Throws `Error{invalid_argument}` for another ending. A file that cannot be written is an
  /// error out of `drain`.
  /// **Threads.** Writes on a thread of its own, so that the stream need not wait; what comes meanwhile is
  /// put together. The last state is always written.
  /// **Source.** What streamz' `plot` draws; any program draws it here.
  Sink sink_to_points(const std::string& path, const Points& points = {}) const {
    detail::frame::check_points_path(path);
    Stream<Table> newest = tables();
    if (!are_results_)
      newest = newest.accumulate(
          [last = points.last](const Table& before, const Table& batch) {
            return detail::frame::last_rows(before, batch, last);
          },
          verbs_.applied(example_));
    return newest.latest().rate_limit(points.every).sink([path](const Table& table) {
      detail::frame::write_points(path, table);
    });
  }

 private:
  friend class StreamGroups;
  StreamFrame(Stream<Table> tables, Table example, Frame verbs, bool are_results)
      : tables_(std::move(tables)),
        example_(std::move(example)),
        verbs_(std::move(verbs)),
        are_results_(are_results) {}
  [[nodiscard]] StreamFrame with_verbs(Frame verbs) const {
    static_cast<void>(verbs.applied(example_));  // says what cannot be done to batches
    StreamFrame further(tables_, example_, std::move(verbs), are_results_);
    further.has_verbs_ = true;
    return further;
  }

  Stream<Table> tables_;
  Table example_;  // of these, without rows
  Frame verbs_;    // what is done to each of them
  bool are_results_, has_verbs_ = false;
};

/// Rows of a stream that belong together, of all batches or of the last rows; `agg` says what becomes of
/// them.
class StreamGroups {
 public:
  /// The groups of the last rows by these columns.
  template <class... Names>
  requires detail::frame::AreNames<Names...>
  [[nodiscard]] StreamGroups group_by(const Names&... names) const {
    return StreamGroups(frame_, {names...}, last_);
  }
  /// For each batch a table: one row for each group, in order of the keys.
  ///
  /// **Errors.** Throws what `GroupBy::agg` does, and `Error{unsupported}` for median, quantile and nunique,
  /// unless it is of a window.
  /// **Cost.** Holds the sums of each group, or the rows of a window, which are summed up for each batch.
  template <class... More>
  [[nodiscard]] StreamFrame agg(const Aggregate& first, const More&... more) const {
    return agg(std::vector<Aggregate>{first, more...});
  }
  /// The same of a list.
  [[nodiscard]] StreamFrame agg(const std::vector<Aggregate>& aggregates) const {
    if (frame_.are_results_)
      return frame_.with_verbs(keys_.empty() ? frame_.verbs_.agg(aggregates)
                                             : frame_.verbs_.group_by(keys_).agg(aggregates));
    const RunningGroups none(keys_, aggregates, last_);
    const Table example = RunningGroups(none).add(frame_.verbs_.applied(frame_.example_)).result();
    return {frame_.tables()
                .accumulate(
                    [](RunningGroups known, const Table& batch) {
                      known.add(batch);
                      return known;
                    },
                    none)
                .map([](const RunningGroups& groups) { return groups.result(); }),
            example.slice(0, 0), Frame(example.slice(0, 0)), true};
  }

 private:
  friend class StreamFrame;
  StreamGroups(StreamFrame frame, std::vector<std::string> keys, Last last)
      : frame_(std::move(frame)), keys_(std::move(keys)), last_(std::move(last)) {
    if (frame_.are_results_ && (last_.rows || !last_.time.empty()))
      throw Error(ErrorKind::unsupported,
                  "window: must be of rows (got results of agg, of which each takes the place of the last)");
  }
  StreamFrame frame_;
  std::vector<std::string> keys_;
  Last last_;
};

template <class... Names>
requires detail::frame::AreNames<Names...> StreamGroups StreamFrame::group_by(const Names&... names)
const { return StreamGroups(*this, {names...}, {}); }
template <class... More>
StreamFrame StreamFrame::agg(const Aggregate& first, const More&... more) const {
  return StreamGroups(*this, {}, {}).agg(first, more...);
}
inline StreamFrame StreamFrame::agg(const std::vector<Aggregate>& aggregates) const {
  return StreamGroups(*this, {}, {}).agg(aggregates);
}
inline StreamGroups StreamFrame::window(std::size_t rows) const {
  if (rows == 0) throw Error(ErrorKind::invalid_argument, "window: rows must be at least 1 (got 0)");
  return StreamGroups(*this, {}, {.rows = rows});
}
inline StreamGroups StreamFrame::window(const std::string& span, const std::string& time) const {
  return StreamGroups(*this, {}, {.time = span, .column = time});
}

/// A frame of a stream of plain structs, whose members are columns of their names: a batch for each element,
/// or for each `batch` of them, what is left at the end too.
///
/// `weir::to_frame(readings, 20).group_by("sensor").agg(weir::mean("value")).sink(show);`
/// **Errors.** Throws `Error{invalid_argument}` if `batch` is 0.
template <class Row>
requires(detail::frame::has_cells<Row>()) [[nodiscard]] StreamFrame
    to_frame(const Stream<Row>& rows, std::size_t batch = 1) {
  return {rows.partition(batch).map([](const std::vector<Row>& batch_rows) { return table_of(batch_rows); }),
          table_of(std::vector<Row>{})};
}
/// The same; a batch that does not fill within `timeout` goes on as it is: `to_frame(readings, 1000, "1s")`.
template <class Row>
requires(detail::frame::has_cells<Row>()) [[nodiscard]] StreamFrame
    to_frame(const Stream<Row>& rows, std::size_t batch, Duration timeout) {
  return {rows.partition(batch, timeout).map([](const std::vector<Row>& batch_rows) {
            return table_of(batch_rows);
          }),
          table_of(std::vector<Row>{})};
}
/// The same of lists of rows, which are the batches: `to_frame(readings.timed_window("1s"))`.
template <class Row>
requires(detail::frame::has_cells<Row>()) [[nodiscard]] StreamFrame
    to_frame(const Stream<std::vector<Row>>& batches) {
  return {batches.map([](const std::vector<Row>& batch_rows) { return table_of(batch_rows); }),
          table_of(std::vector<Row>{})};
}
/// The same of tables with the columns of an example: `to_frame(tables, frame.head(0))`.
[[nodiscard]] inline StreamFrame to_frame(const Stream<Table>& tables, const Table& example) {
  return {tables, example};
}
/// \cond
template <class Row, class... Batch>
requires(!detail::frame::has_cells<Row>() && !std::is_same_v<Row, Table>)
    WEIR_REFUSES("weir: to_frame: " WEIR_ROW)
detail::Refused to_frame(const Stream<Row>&, const Batch&...) { return {}; }
template <std::same_as<Table> T>
WEIR_REFUSES(
    "weir: to_frame: a stream of tables needs one as an example of its columns: to_frame(tables, "
    "weir::table_of(std::vector<Row>{}))")
detail::Refused to_frame(const Stream<T>&) {
  return {};
}
/// \endcond

namespace detail::stream {
/// What the members of a stream are.
template <class T>
struct ToFrame {
  template <class Row, class... Batch>
  static auto of(const Stream<T>& stream, Batch&&... batch) {
    static_assert(std::is_same_v<Row, T> || std::is_same_v<std::vector<Row>, T>,
                  "weir: to_frame: the elements of the stream must be such rows, or lists of them; map makes "
                  "them: stream.map(f).to_frame()");
    return weir::to_frame(stream, std::forward<Batch>(batch)...);
  }
};
}  // namespace detail::stream

}  // namespace weir
