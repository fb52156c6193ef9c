// Windows over the rows of all partitions: each is given what it needs of those before and behind it, which
// travels from partition to partition, without the rest.
#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <limits>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/plan/node.hpp"
#include "frame/plan/window.hpp"
#include "weir/detail/frame/rows.hpp"
#include "weir/duration.hpp"

namespace weir {

namespace detail::frame {

namespace {

std::uint64_t rows_back(const WindowPlan& plan) {
  std::int64_t most = 0;
  for (const BoundWindow& window : plan.windows)
    if (window.kind == Window::Kind::shift || window.kind == Window::Kind::diff)
      most = std::max(most, window.rows);
    else if (window.kind == Window::Kind::rolling && window.span_ns == 0)
      most = std::max(most, window.rows - 1);
  return static_cast<std::uint64_t>(most);
}
bool is_cumulative(const BoundWindow& window) {
  return window.kind == Window::Kind::cumsum || window.kind == Window::Kind::cumprod ||
         window.kind == Window::Kind::cummin || window.kind == Window::Kind::cummax;
}
Cumulative what_of(Window::Kind kind) {
  return kind == Window::Kind::cumsum    ? Cumulative::sum
         : kind == Window::Kind::cumprod ? Cumulative::product
         : kind == Window::Kind::cummin  ? Cumulative::min
                                         : Cumulative::max;
}

// Times in nanoseconds, none of which is missing or falls.
Column times_of(const Column& raw, const std::string& name) {
  const Column times = raw.type() == ColumnType::date ? cast(raw, ColumnType::datetime) : raw;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times.is_na(i) && !raw.is_na(i))
      throw Error(ErrorKind::invalid_argument,
                  "rolling: days must be of 1677-09-22 to 2262-04-11 in a window of time (got " +
                      raw.show(i) + " in " + quoted(name) + ")");
    if (times.is_na(i))
      throw Error(ErrorKind::invalid_argument, "rolling: no time may be missing (got one that is, in " +
                                                   quoted(name) + "); dropna leaves such rows out");
    if (i && integers(times)[i] < integers(times)[i - 1])
      throw Error(ErrorKind::invalid_argument, "rolling: rows must be in order of their time (got " +
                                                   times.show(i) + " behind " + times.show(i - 1) + " in " +
                                                   quoted(name) + "); sort_by first");
  }
  return times;
}

bool is_older(std::int64_t time, std::int64_t now, std::int64_t span) noexcept {
  return static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(time) >=
         static_cast<std::uint64_t>(span);
}

Column column_for(const BoundWindow& window, const Table& table) {
  return table.column(window.column.empty() ? window.time.empty() ? table.names().front() : window.time
                                            : window.column);
}

std::vector<Row> window_begins(const BoundWindow& window, const Table& rows) {
  std::vector<Row> low(rows.rows());
  if (window.span_ns == 0) {
    for (std::size_t i = 0; i < low.size(); ++i)
      low[i] = static_cast<Row>(i + 1 - std::min(i + 1, static_cast<std::size_t>(window.rows)));
    return low;
  }
  const Column times = times_of(rows.column(window.time), window.time);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < low.size(); ++i) {
    while (is_older(integers(times)[begin], integers(times)[i], window.span_ns)) ++begin;
    low[i] = static_cast<Row>(begin);
  }
  return low;
}

// What no integer is is told by the name of the column that would have it.
template <class F>
Column named(const BoundWindow& window, F column) {
  try {
    return column();
  } catch (const BeyondInteger& beyond) {
    throw BeyondInteger(window.name, beyond.got);
  }
}

Column window_column(const BoundWindow& window, const Table& all, std::size_t first, std::size_t count,
                     const Table& totals) {
  const Column column = column_for(window, all);
  switch (window.kind) {
    case Window::Kind::shift: {
      std::vector<Row> rows(count, no_row);
      for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t from = static_cast<std::int64_t>(first + i) - window.rows;
        if (from >= 0 && from < static_cast<std::int64_t>(all.rows())) rows[i] = static_cast<Row>(from);
      }
      return take(column, rows);
    }
    case Window::Kind::diff:
      return differences(column, first, count, window.rows);
    case Window::Kind::rolling: {
      std::vector<Row> low = window_begins(window, all);
      low.resize(first + count);
      if (!window.column.empty()) return rolled(column, low, first, window.rolling);
      Rolling counted = window.rolling;  // rows, whatever is missing in them
      return rolled(make_column(std::vector<bool>(all.rows(), true)), low, first, counted);
    }
    default:
      break;
  }
  std::vector<Row> own(count);
  for (std::size_t i = 0; i < count; ++i) own[i] = static_cast<Row>(first + i);
  return cumulated(take(column, own), what_of(window.kind),
                   totals.columns().empty() ? Column() : totals.column(window.name));
}

Table joined_rows(const Table& a, const Table& b, const Table& c) {
  std::vector<Table> parts;
  for (const Table* table : {&a, &b, &c})
    if (!table->columns().empty()) parts.push_back(*table);
  return concat(parts);
}

}  // namespace

std::uint64_t rows_ahead(const WindowPlan& plan) {
  std::int64_t most = 0;
  for (const BoundWindow& window : plan.windows)
    if (window.kind != Window::Kind::rolling) most = std::max(most, -window.rows);
  return static_cast<std::uint64_t>(most);
}

RowsBefore rows_before_next(const RowsBefore& before, const Table& table, const WindowPlan& plan) {
  const Table own = only(table, plan.used);
  const Table all = joined_rows(before.rows, own, {});
  const std::size_t rows = all.rows();
  std::size_t kept = std::min<std::size_t>(rows_back(plan), rows);
  std::vector<std::string> names;
  std::vector<Column> totals;
  for (const BoundWindow& window : plan.windows) {
    if (window.span_ns > 0 && rows > 0) {
      const Column times = times_of(all.column(window.time), window.time);
      std::size_t begin = 0;
      while (is_older(integers(times)[begin], integers(times)[rows - 1], window.span_ns)) ++begin;
      kept = std::max(kept, rows - begin);
    }
    if (!is_cumulative(window)) continue;
    const Column& values = own.column(window.column);
    const Column carried = before.totals.columns().empty() ? missing_column(values.type(), 1)
                                                           : before.totals.column(window.name);
    const Column all_sums = named(window, [&] { return cumulated(values, what_of(window.kind), carried); });
    std::size_t last = all_sums.size();
    while (last > 0 && all_sums.is_na(last - 1)) --last;
    names.push_back(window.name);
    totals.push_back(last == 0 ? carried : take(all_sums, std::vector<Row>{static_cast<Row>(last - 1)}));
  }
  return {all.slice(rows - kept, kept), Table(std::move(names), std::move(totals))};
}

Table with_windows(const Table& table, const RowsBefore& before, const Table& ahead, const WindowPlan& plan) {
  const Table all = joined_rows(before.rows, only(table, plan.used), ahead);
  std::vector<std::string> names = table.names();
  std::vector<Column> columns = table.columns();
  for (const BoundWindow& window : plan.windows) {
    Column made = named(
        window, [&] { return window_column(window, all, before.rows.rows(), table.rows(), before.totals); });
    const auto same = std::find(names.begin(), names.end(), window.name);
    if (same != names.end()) {
      columns[static_cast<std::size_t>(same - names.begin())] = std::move(made);
      continue;
    }
    names.push_back(window.name);
    columns.push_back(std::move(made));
  }
  return Table(std::move(names), std::move(columns));
}

namespace {

Table ahead_task(const Table& table, const Table& ahead, const WindowPlan& plan) {
  return joined_rows(only(table, plan.used), ahead, {}).slice(0, rows_ahead(plan));
}

class WindowNode : public Node {
 public:
  WindowNode(const NodePtr& input, std::vector<Window> written, WindowPlan plan, Schema schema)
      : Node(std::move(schema), {input}), written_(std::move(written)), plan_(std::move(plan)) {}

  std::vector<Names> reads(const Names& needed) const override {
    Names below(plan_.used.begin(), plan_.used.end());
    for (const std::string& name : needed)
      if (std::none_of(plan_.windows.begin(), plan_.windows.end(),
                       [&](const BoundWindow& window) { return window.name == name; }))
        below.insert(name);
    return {below};
  }
  Parts run(Run& run, const Names& needed) const override {
    const std::vector<Future<Table>> parts = run.finished(run.parts_of(inputs[0], reads(needed)[0]));
    const Options soon{.priority = merge_priority};
    std::vector<Future<Table>> ahead(parts.size());
    if (rows_ahead(plan_) > 0)
      for (std::size_t p = parts.size(); p-- > 1;)
        ahead[p - 1] = ahead[p].valid() ? run.client.submit(soon, ahead_task, parts[p], ahead[p], plan_)
                                        : run.client.submit(soon, ahead_task, parts[p], Table(), plan_);
    Parts results;
    Future<RowsBefore> before = run.client.scatter(RowsBefore{});
    const Future<Table> nothing = run.client.scatter(Table());
    for (std::size_t p = 0; p < parts.size(); ++p) {
      results.tables.push_back(run.client.submit(soon, with_windows, parts[p], before,
                                                 ahead[p].valid() ? ahead[p] : nothing, plan_));
      if (p + 1 < parts.size()) before = run.client.submit(soon, rows_before_next, before, parts[p], plan_);
    }
    return results;
  }
  Table here(std::vector<Table> tables) const override { return with_windows(tables[0], {}, {}, plan_); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override { return make_windows(from[0], written_); }
  std::string show() const override {
    std::string text = "with";
    for (const BoundWindow& window : plan_.windows) text += " " + window.name;
    return text + ", of rows in order";
  }

 private:
  std::vector<Window> written_;
  WindowPlan plan_;
};

[[noreturn]] void refuse_window(const std::string& who, const std::string& text) {
  throw Error(ErrorKind::invalid_argument, who + ": " + text);
}

// Of no values it is 0, not missing.
bool is_count(Aggregate::Kind kind) {
  return kind == Aggregate::Kind::count || kind == Aggregate::Kind::rows;
}

// The window, and the type of its column.
std::pair<BoundWindow, ColumnType> bound_window(const Window& window, const Schema& schema) {
  constexpr const char* names[] = {"shift", "diff", "cumsum", "cummin", "cummax", "cumprod", "rolling"};
  const std::string who = names[static_cast<std::size_t>(window.kind)];
  BoundWindow bound{window.kind, window.name, window.column, window.rows, window.span_ns, window.time, {}};
  if (window.kind == Window::Kind::rolling) {
    if (!window.time.empty()) {
      const ColumnType type = schema[find_column(who, window.time, schema)].type;
      if (type != ColumnType::datetime && type != ColumnType::date)
        refuse_window(who, "a window of time needs a column of dates or times (got " +
                               std::string(to_string(type)) + " of " + quoted(window.time) +
                               "); astype converts it");
    }
    const GroupPlan plan = plan_groups(schema, {}, {*window.aggregate});
    const BoundAggregate& own = plan.aggregates.front();
    if (own.kind == Aggregate::Kind::product)
      refuse_window(who, "an aggregation must not be a product (got " + own.name + ")");
    if (own.kind == Aggregate::Kind::rows) {
      bound.column.clear();
    } else {
      if (window.aggregate->value.term()->op != Op::column)
        refuse_window(who, "an aggregation must be of a column (got " + window.aggregate->value.show() +
                               "); with makes it one");
      bound.column = window.aggregate->value.term()->name;
    }
    const std::size_t all = is_count(own.kind)   ? 0
                            : window.span_ns > 0 ? 1
                                                 : static_cast<std::size_t>(window.rows);
    bound.rolling = {own.kind, own.parameter, window.least.value_or(all), own.own};
    return {bound, plan.schema.front().type};
  }
  const ColumnType type = schema[find_column(who, window.column, schema)].type;
  if (window.kind == Window::Kind::shift) return {bound, type};
  const bool is_number = type == ColumnType::int64 || type == ColumnType::float64;
  const bool fits = window.kind == Window::Kind::diff ? type != ColumnType::text : is_number;
  if (!fits)
    refuse_window(who, "the values must be numbers (got " + std::string(to_string(type)) + " of " +
                           quoted(window.column) + "); astype converts them");
  return {bound, window.kind == Window::Kind::diff ? type_of_difference(type) : type};
}

// --- bins of time

// The time at which a bin begins: months since 1970 are counted where these are the bins.
std::int64_t beginning(std::int64_t bin, bool of_months) {
  if (!of_months) return bin;
  using namespace std::chrono;
  const std::int64_t year = 1970 + bin / 12 - (bin % 12 < 0);
  const auto month = static_cast<unsigned>((bin % 12 + 12) % 12 + 1);
  const sys_days day{std::chrono::year{static_cast<int>(year)} / std::chrono::month{month} / 1};
  constexpr std::int64_t last = (2262 - 1970) * 12 + 3;  // April 2262; October 1677 is as far from 1970
  const std::int64_t days = day.time_since_epoch().count();
  if (bin < -last || bin > last)
    throw Error(ErrorKind::invalid_argument,
                "resample: bins of months and years must begin from 1677-10 to 2262-04 (got " +
                    written_date(days) + ")");
  return days * 86'400'000'000'000;
}

// Every bin between the first and the last, also those without rows.
Table bins_task(const std::vector<Table>& parts, const std::string& time, std::int64_t step, bool of_months,
                const OfNone& of_none) {
  const Table table = sorted(concat(parts), ascending_by({time}));
  const std::int64_t* times = integers(table.column(time));
  std::uint64_t count = 0;
  if (table.rows() > 0) {
    const std::uint64_t span =
        static_cast<std::uint64_t>(times[table.rows() - 1]) - static_cast<std::uint64_t>(times[0]);
    count = span / static_cast<std::uint64_t>(step) + 1;
  }
  constexpr std::uint64_t most = 100'000'000;
  if (count > most)
    throw Error(ErrorKind::invalid_argument,
                "resample: there must be at most 100 million bins (got " + std::to_string(count) + " from " +
                    written_datetime(beginning(times[0], of_months)) + " to " +
                    written_datetime(beginning(times[table.rows() - 1], of_months)) +
                    "); a longer step makes fewer");
  std::vector<Row> rows(count, no_row);
  for (std::size_t i = 0; i < table.rows(); ++i)
    rows[(static_cast<std::uint64_t>(times[i]) - static_cast<std::uint64_t>(times[0])) /
         static_cast<std::uint64_t>(step)] = static_cast<Row>(i);
  std::vector<Column> columns;
  for (std::size_t c = 0; c < table.names().size(); ++c) {
    const Column& from = table.columns()[c];
    const std::string& name = table.names()[c];
    const auto none =
        std::find_if(of_none.begin(), of_none.end(), [&](const auto& known) { return known.first == name; });
    if (name == time) {
      Fresh<std::int64_t> bins(count);
      for (std::uint64_t b = 0; b < count; ++b)
        bins[b] =
            beginning(times[0] + static_cast<std::int64_t>(b * static_cast<std::uint64_t>(step)), of_months);
      columns.push_back(fixed_column(ColumnType::datetime, count, std::move(bins)));
    } else if (none != of_none.end()) {
      const std::int64_t value = from.type() == ColumnType::float64
                                     ? std::bit_cast<std::int64_t>(static_cast<double>(none->second))
                                     : none->second;
      Fresh<std::int64_t> values(count);
      for (std::uint64_t b = 0; b < count; ++b)
        values[b] = rows[b] == no_row ? value : reinterpret_cast<const std::int64_t*>(from.data())[rows[b]];
      columns.push_back(fixed_column(from.type(), count, std::move(values)));
    } else {
      columns.push_back(take(from, rows));
    }
  }
  return Table(table.names(), std::move(columns));
}

class BinsNode : public Node {
 public:
  BinsNode(const NodePtr& input, std::string time, std::int64_t step, bool of_months, OfNone of_none)
      : Node(with_times(input->schema, time), {input}),
        time_(std::move(time)),
        step_(step),
        of_months_(of_months),
        of_none_(std::move(of_none)) {}
  std::vector<Names> reads(const Names& needed) const override {
    Names below = needed;
    below.insert(time_);
    return {below};
  }
  Parts run(Run& run, const Names& needed) const override {
    const auto parts = run.finished(run.parts_of(inputs[0], reads(needed)[0]));
    return {.tables = {run.client.submit(bins_task, parts, time_, step_, of_months_, of_none_)}};
  }
  Table here(std::vector<Table> tables) const override {
    return bins_task(tables, time_, step_, of_months_, of_none_);
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_bins(from[0], time_, step_, of_months_, of_none_);
  }
  std::string show() const override { return "every bin of " + time_; }
  std::size_t partitions() const override { return 1; }

 private:
  static Schema with_times(Schema schema, const std::string& time) {
    for (Field& field : schema)
      if (field.name == time) field.type = ColumnType::datetime;
    return schema;
  }
  std::string time_;
  std::int64_t step_;
  bool of_months_;
  OfNone of_none_;
};

}  // namespace

PlannedWindows plan_windows(const Schema& rows, const std::vector<Window>& windows) {
  WindowPlan plan;
  Names used, seen;
  Schema schema = rows;
  for (const Window& window : windows) {
    auto [bound, type] = bound_window(window, rows);
    if (!seen.insert(bound.name).second)
      throw Error(ErrorKind::invalid_argument,
                  "with: names must differ (got " + quoted(bound.name) + " twice)");
    if (!bound.column.empty()) used.insert(bound.column);
    if (!bound.time.empty()) used.insert(bound.time);
    const auto same = std::find_if(schema.begin(), schema.end(),
                                   [&name = bound.name](const Field& field) { return field.name == name; });
    if (same != schema.end()) same->type = type;
    else schema.push_back({bound.name, type});
    plan.windows.push_back(std::move(bound));
  }
  if (used.empty() && !rows.empty()) used.insert(rows.front().name);
  plan.used.assign(used.begin(), used.end());
  return {std::move(plan), std::move(schema)};
}

NodePtr make_windows(const NodePtr& input, std::vector<Window> windows) {
  PlannedWindows planned = plan_windows(input->schema, windows);
  return std::make_shared<WindowNode>(input, std::move(windows), std::move(planned.plan),
                                      std::move(planned.schema));
}

NodePtr make_bins(const NodePtr& input, std::string time, std::int64_t step, bool of_months, OfNone of_none) {
  return std::make_shared<BinsNode>(input, std::move(time), step, of_months, std::move(of_none));
}

}  // namespace detail::frame

namespace {

Window plain_window(Window::Kind kind, const char* function, const std::string& column,
                    std::int64_t rows = 0) {
  return {.kind = kind, .column = column, .name = std::string(function) + "_" + column, .rows = rows};
}

std::int64_t span_of(const char* who, const std::string& text) {
  const std::int64_t span = Duration(text).value().count();
  if (span <= 0)
    throw Error(ErrorKind::invalid_argument,
                std::string(who) + ": a time must be longer than 0 (got \"" + text + "\")");
  return span;
}

// "3mo" and "2y" as months; nothing for other steps.
std::optional<std::int64_t> months_of(const std::string& step) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(step.data() + step.size() - end));
  if (error != std::errc{} || (unit != "mo" && unit != "y")) return std::nullopt;
  if (count < 1 || count > 12'000)
    throw Error(ErrorKind::invalid_argument,
                "resample: a step must be 1 to 12000 months or years (got \"" + step + "\")");
  return unit == "y" ? count * 12 : count;
}

}  // namespace

Window shift(const std::string& column, std::int64_t rows) {
  return plain_window(Window::Kind::shift, "shift", column, rows);
}
Window diff(const std::string& column, std::int64_t rows) {
  return plain_window(Window::Kind::diff, "diff", column, rows);
}
Window cumsum(const std::string& column) { return plain_window(Window::Kind::cumsum, "cumsum", column); }
Window cumprod(const std::string& column) { return plain_window(Window::Kind::cumprod, "cumprod", column); }
Window cummin(const std::string& column) { return plain_window(Window::Kind::cummin, "cummin", column); }
Window cummax(const std::string& column) { return plain_window(Window::Kind::cummax, "cummax", column); }
Window rolling(std::size_t rows, const Aggregate& aggregate) {
  const auto count = static_cast<std::int64_t>(rows);  // below 0 as it was written
  if (count < 1)
    throw Error(ErrorKind::invalid_argument, "rolling: rows must be at least 1 (got " +
                                                 std::to_string(count) + ")" +
                                                 (count < 0 ? "; expanding takes all rows so far" : ""));
  Window window = plain_window(Window::Kind::rolling, "rolling", aggregate.name, count);
  window.aggregate = aggregate;
  return window;
}
Window expanding(const Aggregate& aggregate) {
  Window window = rolling(std::numeric_limits<std::int64_t>::max(), aggregate);
  if (!detail::frame::is_count(aggregate.kind)) window = window.at_least(1);
  window.name = "expanding_" + aggregate.name;
  return window;
}
Window rolling(const std::string& span, const std::string& time, const Aggregate& aggregate) {
  Window window = plain_window(Window::Kind::rolling, "rolling", aggregate.name);
  window.span_ns = span_of("rolling", span);
  window.time = time;
  window.aggregate = aggregate;
  return window;
}

Frame Frame::with(const std::vector<Window>& windows) const {
  return Frame(detail::frame::make_windows(node_, windows));
}

Resample Frame::resample(const std::string& step, const std::string& time) const {
  const ColumnType type = schema()[detail::frame::find_column("resample", time, schema())].type;
  if (type != ColumnType::datetime && type != ColumnType::date)
    throw Error(ErrorKind::invalid_argument, "resample: the column must be of dates or times (got " +
                                                 std::string(to_string(type)) + " of \"" + time +
                                                 "\"); astype converts it");
  if (const std::optional<std::int64_t> months = months_of(step)) return {*this, *months, true, time};
  return {*this, span_of("resample", step), false, time};
}

Frame Resample::agg(const std::vector<Aggregate>& aggregates) const {
  const Expression when = of_months_ ? (col(time_).date().year() - 1970) * 12 + col(time_).date().month() - 1
                                     : col(time_).astype(ColumnType::datetime).astype(ColumnType::int64);
  const Expression bin = when - when % lit(step_);
  const std::string begin = "\n\n" + time_;  // beside the times, of which something may be asked, too
  const Frame groups = frame_.with(begin, of_months_ ? bin : bin.astype(ColumnType::datetime))
                           .group_by(begin)
                           .agg(aggregates)
                           .rename({{begin, time_}});
  // Sums and counts of no rows are 0, products 1.
  detail::frame::OfNone of_none;
  for (const Aggregate& aggregate : aggregates)
    if (aggregate.kind == Aggregate::Kind::sum || aggregate.kind == Aggregate::Kind::count ||
        aggregate.kind == Aggregate::Kind::rows || aggregate.kind == Aggregate::Kind::nunique)
      of_none.emplace_back(aggregate.name, 0);
    else if (aggregate.kind == Aggregate::Kind::product) of_none.emplace_back(aggregate.name, 1);
  return Frame(detail::frame::make_bins(groups.node(), time_, step_, of_months_, std::move(of_none)));
}

}  // namespace weir
