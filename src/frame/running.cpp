// States of groups are tables: they are summed up, kept and merged as those of partitions are.
#include "weir/frame/running.hpp"

#include <algorithm>

#include "frame/plan/step.hpp"

namespace weir {

using detail::frame::GroupPlan;

RunningGroups::RunningGroups(std::vector<std::string> keys, std::vector<Aggregate> aggregates,
                             std::size_t window)
    : keys_(std::move(keys)), aggregates_(std::move(aggregates)), window_(window) {
  for (const Aggregate& aggregate : aggregates_)
    if (!detail::frame::has_state(aggregate.kind))
      throw Error(ErrorKind::unsupported, "running_groups: an aggregation must not need all values (got " +
                                              aggregate.name + "); collect the tables and use a frame");
}

RunningGroups& RunningGroups::add(const Table& batch) {
  if (!plan_) {
    schema_ = batch.schema();
    plan_ = std::make_shared<const GroupPlan>(detail::frame::plan_groups(schema_, keys_, aggregates_));
  } else if (batch.schema() != schema_) {
    throw Error(ErrorKind::invalid_argument,
                "running_groups: a table must have the columns of the first (got " + to_text(batch.schema()) +
                    ", the first had " + to_text(schema_) + ")");
  }
  Table state = detail::frame::sum_up(detail::frame::apply_steps(batch, {plan_->values}), keys_,
                                      plan_->aggregates, false);
  if (window_ == 0 && !states_.empty()) {
    const Table both[] = {states_.front(), std::move(state)};
    states_.front() = detail::frame::merge_states(detail::frame::concat(both), keys_, plan_->aggregates);
    return *this;
  }
  states_.push_back(std::move(state));
  if (window_ && states_.size() > window_) states_.pop_front();
  return *this;
}

RunningGroups& RunningGroups::merge(const RunningGroups& other) {
  if (window_ || other.window_)
    throw Error(ErrorKind::unsupported, "running_groups: what is merged must have no window (got one of " +
                                            std::to_string(std::max(window_, other.window_)) + " tables)");
  if (!other.plan_) return *this;
  if (!plan_) return *this = other;
  if (other.schema_ != schema_ || other.keys_ != keys_ || other.plan_->schema != plan_->schema)
    throw Error(ErrorKind::invalid_argument,
                "running_groups: what is merged must have the same keys and aggregations (got " +
                    to_text(other.plan_->schema) + " and " + to_text(plan_->schema) + ")");
  const Table both[] = {states_.front(), other.states_.front()};
  states_.front() = detail::frame::merge_states(detail::frame::concat(both), keys_, plan_->aggregates);
  return *this;
}

Table RunningGroups::result() const {
  if (!plan_) return {};
  const std::vector<Table> states(states_.begin(), states_.end());
  return detail::frame::results_of(
      detail::frame::merge_states(detail::frame::concat(states), keys_, plan_->aggregates), keys_,
      plan_->aggregates, true);
}

}  // namespace weir
