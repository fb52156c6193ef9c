// States are tables: they are summed up, kept and merged as those of partitions are.
#include "weir/frame/running.hpp"
#include "weir/detail/frame/rows.hpp"

#include <algorithm>
#include <limits>

#include "frame/plan/step.hpp"
#include "frame/plan/window.hpp"
#include "weir/duration.hpp"

namespace weir {

using detail::frame::GroupPlan;

namespace {

[[noreturn]] void refuse_running(ErrorKind kind, const std::string& text) {
  throw Error(kind, "running_groups: " + text);
}

// What is added to the values of a plan: the time of each row.
constexpr const char* time_name = "\ntime";

}  // namespace

RunningGroups::RunningGroups(std::vector<std::string> keys, std::vector<Aggregate> aggregates,
                             const Last& last)
    : keys_(std::move(keys)), aggregates_(std::move(aggregates)), last_(last) {
  if ((last.tables > 0) + (last.rows > 0) + !last.time.empty() > 1)
    refuse_running(ErrorKind::invalid_argument,
                   "a window must be of tables, of rows or of time (got several)");
  if (last.time.empty() != last.column.empty())
    refuse_running(ErrorKind::invalid_argument, "a window of time must have a time and a column (got \"" +
                                                    last.time + "\" and \"" + last.column + "\")");
  if (!last.time.empty()) {
    span_ns_ = std::chrono::nanoseconds(Duration(last.time)).count();
    if (span_ns_ <= 0)
      refuse_running(ErrorKind::invalid_argument,
                     "a window of time must be longer than 0 (got " + last.time + ")");
  }
  for (const Aggregate& aggregate : aggregates_)
    if (!keeps_rows() && !detail::frame::has_state(aggregate.kind))
      refuse_running(ErrorKind::unsupported,
                     "an aggregation must not need all values (got " + aggregate.name +
                         "); a window of rows or of time has them, and so has a frame of the tables");
}

void RunningGroups::forget_old_rows() {
  if (last_.rows > 0) {
    std::size_t rows = 0;
    for (const Table& table : states_) rows += table.rows();
    while (rows > last_.rows) {
      Table& oldest = states_.front();
      const std::size_t extra = std::min(rows - last_.rows, oldest.rows());
      rows -= extra;
      if (extra == oldest.rows()) states_.pop_front();
      else oldest = oldest.slice(extra, oldest.rows() - extra);
    }
    return;
  }
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  const auto each_time = [](const Table& table, auto&& use) {
    const Column& times = table.column(time_name);
    for (std::size_t i = 0; i < times.size(); ++i)
      if (!times.is_na(i)) use(i, times.int64s()[i]);
  };
  for (const Table& table : states_)
    each_time(table, [&](std::size_t, std::int64_t time) { newest = std::max(newest, time); });
  for (Table& table : states_) {
    std::vector<detail::frame::Row> kept;
    each_time(table, [&](std::size_t i, std::int64_t time) {
      if (static_cast<std::uint64_t>(newest) - static_cast<std::uint64_t>(time) <
          static_cast<std::uint64_t>(span_ns_))
        kept.push_back(static_cast<detail::frame::Row>(i));
    });
    if (kept.size() < table.rows()) table = detail::frame::take(table, kept);
  }
  std::erase_if(states_, [](const Table& table) { return table.rows() == 0; });
}

RunningGroups& RunningGroups::add(const Table& batch) {
  if (!plan_) {
    schema_ = batch.schema();
    GroupPlan plan = detail::frame::plan_groups(schema_, keys_, aggregates_);
    if (span_ns_ > 0) {
      const std::size_t at = detail::frame::find_column("running_groups", last_.column, schema_);
      if (schema_[at].type != ColumnType::datetime)
        refuse_running(ErrorKind::invalid_argument,
                       "the column of a window of time must be a datetime (got " +
                           std::string(to_string(schema_[at].type)) + " of \"" + last_.column +
                           "\"); astype converts it");
      plan.values.columns.push_back(
          {time_name,
           {detail::frame::typed("running_groups", detail::frame::make_column_term(last_.column), schema_)}});
    }
    plan_ = std::make_shared<const GroupPlan>(std::move(plan));
  } else if (batch.schema() != schema_) {
    throw Error(ErrorKind::invalid_argument,
                "running_groups: a table must have the columns of the first (got " + to_text(batch.schema()) +
                    ", the first had " + to_text(schema_) + ")");
  }
  if (keeps_rows()) {
    states_.push_back(detail::frame::apply_steps(batch, {plan_->values}));
    forget_old_rows();
    return *this;
  }
  const Table rows = detail::frame::apply_steps(batch, {plan_->values});
  Table state = detail::frame::sum_up({&rows, 1}, keys_, plan_->aggregates, false);
  if (last_.tables == 0 && !states_.empty()) {
    const Table both[] = {states_.front(), std::move(state)};
    states_.front() =
        detail::frame::merge_states(detail::frame::concat_states(both), keys_, plan_->aggregates);
    return *this;
  }
  states_.push_back(std::move(state));
  if (last_.tables && states_.size() > last_.tables) states_.pop_front();
  return *this;
}

RunningGroups& RunningGroups::merge(const RunningGroups& other) {
  if (last_.tables || other.last_.tables || keeps_rows() || other.keeps_rows())
    refuse_running(ErrorKind::unsupported, "what is merged must be of all tables (got a window)");
  if (!other.plan_) return *this;
  if (!plan_) return *this = other;
  if (other.schema_ != schema_ || other.keys_ != keys_ || other.plan_->schema != plan_->schema)
    throw Error(ErrorKind::invalid_argument,
                "running_groups: what is merged must have the same keys and aggregations (got " +
                    to_text(other.plan_->schema) + " and " + to_text(plan_->schema) + ")");
  const Table both[] = {states_.front(), other.states_.front()};
  states_.front() = detail::frame::merge_states(detail::frame::concat_states(both), keys_, plan_->aggregates);
  return *this;
}

Table RunningGroups::result() const {
  if (!plan_) return {};
  std::vector<Table> states(states_.begin(), states_.end());
  if (keeps_rows()) {
    if (states.empty())
      states.push_back(detail::frame::apply_steps(detail::frame::empty_table(schema_), {plan_->values}));
    return detail::frame::aggregate_whole(states, keys_, plan_->aggregates, false);
  }
  return detail::frame::results_of(
      detail::frame::merge_states(detail::frame::concat_states(states), keys_, plan_->aggregates), keys_,
      plan_->aggregates, true);
}

RunningWindows::RunningWindows(std::vector<Window> windows) : windows_(std::move(windows)) {
  for (const Window& window : windows_)
    if (window.rows < 0)
      throw Error(ErrorKind::unsupported,
                  "running_windows: a window must not look at rows to come (got " + window.name + ")");
}

Table RunningWindows::add(const Table& batch) {
  if (!plan_) {
    plan_ = std::make_shared<const detail::frame::WindowPlan>(
        detail::frame::plan_windows(batch.schema(), windows_).plan);
    schema_ = batch.schema();
  } else if (batch.schema() != schema_) {
    throw Error(ErrorKind::invalid_argument,
                "running_windows: a table must have the columns of the first (got " +
                    to_text(batch.schema()) + ", the first had " + to_text(schema_) + ")");
  }
  const detail::frame::RowsBefore before{rows_, totals_};
  Table result = detail::frame::with_windows(batch, before, {}, *plan_);
  detail::frame::RowsBefore next = detail::frame::rows_before_next(before, batch, *plan_);
  rows_ = std::move(next.rows);
  totals_ = std::move(next.totals);
  return result;
}

}  // namespace weir
