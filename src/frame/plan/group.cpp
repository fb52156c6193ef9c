// Groups: summed up where they are, then merged, in one place or, if there are many, by hashes of their keys.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

using Aggregates = std::vector<BoundAggregate>;

Table summed_up_task(const std::vector<Table>& parts, const Steps& steps) { return summed_up(parts, steps); }
bool share_task(const std::vector<Table>& parts, const Steps& steps) { return share_groups(parts, steps); }
Table merge_task(const std::vector<Table>& parts, const std::vector<std::string>& keys,
                 const Aggregates& aggregates) {
  return merge_states(concat_states(parts), keys, aggregates);
}
Table whole_task(const std::vector<Table>& parts, const std::vector<std::string>& keys,
                 const Aggregates& aggregates, bool keeps_missing) {
  return aggregate_whole(parts, keys, aggregates, keeps_missing);
}

Table ordered_task(const std::vector<Table>& parts, const std::vector<std::string>& keys) {
  return sorted(concat(parts), ascending_by(keys));
}

Table finish_task(const std::vector<Table>& parts, const std::vector<std::string>& keys,
                  const Aggregates& aggregates, bool sorts) {
  return results_of(merge_states(concat_states(parts), keys, aggregates), keys, aggregates, sorts);
}

// Partial results that one task of the tree merges.
constexpr std::size_t split_every = 8;
// The same of a bucket, whose keys are in no other.
constexpr std::size_t bucket_every = 32;

class GroupNode : public Node {
 public:
  GroupNode(const NodePtr& input, std::vector<std::string> keys, std::vector<Aggregate> written,
            Aggregates bound, Step values, Schema schema, bool keeps_missing)
      : Node(std::move(schema), {input}),
        keys_(std::move(keys)),
        written_(std::move(written)),
        bound_(std::move(bound)),
        values_(std::move(values)),
        keeps_missing_(keeps_missing) {}

  std::vector<Names> reads(const Names&) const override {
    Names below(keys_.begin(), keys_.end());
    for (const NamedCode& column : values_.columns) collect_columns(*column.code.term, below);
    if (below.empty()) below.insert(inputs[0]->schema.front().name);
    return {below};
  }
  Parts run(Run& run, const Names& needed) const override {
    Parts parts = run.parts_of(inputs[0], reads(needed)[0]);
    parts.steps.push_back(values_);
    const bool have_states =
        std::all_of(bound_.begin(), bound_.end(), [](const auto& a) { return has_state(a.kind); });
    if (!have_states) {
      const auto is_nunique = [](const auto& a) { return a.kind == Aggregate::Kind::nunique; };
      if (std::all_of(bound_.begin(), bound_.end(), is_nunique)) {  // equal rows need not travel
        Step distinct{.kind = Step::Kind::distinct};
        for (const NamedCode& column : values_.columns) distinct.keys.push_back(column.name);
        parts.steps.push_back(std::move(distinct));
      }
      return {.tables = whole(run, run.finished(std::move(parts)))};
    }
    parts.steps.push_back(
        {.kind = Step::Kind::partial, .keys = keys_, .aggregates = bound_, .keeps_missing = keeps_missing_});
    return {.tables = merged(run, partial(run, std::move(parts)))};
  }
  Table here(std::vector<Table> tables) const override {
    const Table rows = apply_steps(std::move(tables[0]), {values_});
    return aggregate_whole({&rows, 1}, keys_, bound_, keeps_missing_);
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_group(from[0], keys_, written_, keeps_missing_);
  }
  std::string show() const override {
    std::string text = keys_.empty() ? "agg" : "group_by";
    for (const std::string& key : keys_) text += " " + key;
    for (const BoundAggregate& aggregate : bound_) text += ", " + aggregate.name;
    return text;
  }
  std::size_t partitions() const override { return 1; }
  NodePtr filtered_before(const TermPtr& condition) const override {
    Names names;
    collect_columns(*condition, names);
    for (const std::string& name : names)
      if (std::find(keys_.begin(), keys_.end(), name) == keys_.end()) return nullptr;
    if (names.empty()) return nullptr;
    return make_group(make_filter(inputs[0], condition), keys_, written_, keeps_missing_);
  }

 private:
  Run::Split split_for(Run& run, const std::vector<Future<Table>>& parts) const {
    return keys_.empty() ? Run::Split{} : run.split_for(parts);
  }

  // States of what is in memory are made of several partitions at once: they are fewer then.
  std::vector<Future<Table>> partial(Run& run, Parts parts) const {
    if (keys_.empty() || parts.source || !parts.readers.empty()) return run.finished(std::move(parts));
    const auto groups = run.near_ones(parts.tables);
    const auto most = std::max_element(groups.begin(), groups.end(),
                                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
    const bool are_near = most != groups.end() && most->size() > 1;
    if (!are_near || !run.client.submit(share_task, *most, parts.steps).result())
      return run.finished(std::move(parts));
    std::vector<Future<Table>> states;
    for (const auto& group : groups) states.push_back(run.client.submit(summed_up_task, group, parts.steps));
    return states;
  }

  // Merged `every` at a time: as soon as those are there, and others may go.
  std::vector<Future<Table>> merged_by(Run& run, const std::vector<Future<Table>>& parts,
                                       std::size_t every) const {
    std::vector<Future<Table>> merged;
    for (const auto& group : Run::neighbours(parts, every))
      merged.push_back(
          run.client.submit(Options{.priority = merge_priority}, merge_task, group, keys_, bound_));
    return merged;
  }
  // The same until there are not more.
  std::vector<Future<Table>> fewer(Run& run, std::vector<Future<Table>> parts, std::size_t every) const {
    while (parts.size() > every) parts = merged_by(run, parts, every);
    return parts;
  }

  std::vector<Future<Table>> merged(Run& run, std::vector<Future<Table>> parts) const {
    const auto [count, every] = split_for(run, parts);
    if (every > 1) parts = merged_by(run, parts, every);
    std::vector<Future<Table>> results;
    if (count > 1) {
      for (auto& bucket : run.by_hash(parts, keys_, count))
        results.push_back(run.client.submit(Options{.priority = merge_priority}, finish_task,
                                            fewer(run, std::move(bucket), bucket_every), keys_, bound_,
                                            false));
      return results;
    }
    parts = fewer(run, std::move(parts), split_every);
    results.push_back(run.client.submit(finish_task, parts, keys_, bound_, true));
    return results;
  }

  std::vector<Future<Table>> whole(Run& run, std::vector<Future<Table>> parts) const {
    const auto [count, every] = split_for(run, parts);
    parts = run.packed(std::move(parts), every);
    std::vector<Future<Table>> results;
    if (count == 1) {
      results.push_back(run.client.submit(whole_task, parts, keys_, bound_, keeps_missing_));
      return results;
    }
    for (const auto& bucket : run.by_hash(parts, keys_, count))
      results.push_back(run.client.submit(whole_task, bucket, keys_, bound_, keeps_missing_));
    // Few groups are put in order, however many rows they are of.
    if (run.split_for(results).count > 1) return results;
    return {run.client.submit(ordered_task, results, keys_)};
  }

  std::vector<std::string> keys_;
  std::vector<Aggregate> written_;
  Aggregates bound_;
  Step values_;
  bool keeps_missing_;
};

std::string_view name_of(Aggregate::Kind kind) {
  constexpr std::string_view names[] = {"sum",     "mean",     "count",     "count",  "min",
                                        "max",     "var",      "stddev",    "first",  "last",
                                        "nunique", "quantile", "aggregate", "product"};
  return names[static_cast<std::size_t>(kind)];
}

void check_type(const Aggregate& aggregate, const Term& value) {
  if (aggregate.kind == Aggregate::Kind::own) {
    const ColumnType takes = aggregate.own_functions.takes;
    if (value.type == takes || (takes == ColumnType::float64 && value.type == ColumnType::int64)) return;
    throw Error(ErrorKind::invalid_argument, "aggregate: add must take the values of its column (got " +
                                                 std::string(to_string(value.type)) + " from " + show(value) +
                                                 ", add takes " + std::string(to_string(takes)) +
                                                 "); astype converts them");
  }
  const bool is_number = value.type == ColumnType::int64 || value.type == ColumnType::float64 ||
                         value.type == ColumnType::boolean;
  const bool needs_number = aggregate.kind != Aggregate::Kind::count &&
                            aggregate.kind != Aggregate::Kind::nunique &&
                            type_of_result(aggregate.kind, ColumnType::text) != ColumnType::text;
  if (needs_number && !is_number)
    throw Error(ErrorKind::invalid_argument,
                std::string(name_of(aggregate.kind)) + ": the values must be numbers (got " +
                    std::string(to_string(value.type)) + " from " + show(value) + "); astype converts them");
}

}  // namespace

GroupPlan plan_groups(const Schema& rows, const std::vector<std::string>& keys,
                      const std::vector<Aggregate>& aggregates) {
  if (aggregates.empty())
    throw Error(ErrorKind::invalid_argument, "agg: there must be an aggregation, such as count() (got none)");
  if (rows.empty()) throw Error(ErrorKind::invalid_argument, "agg: there must be a column (got none)");
  GroupPlan plan;
  plan.values.kind = Step::Kind::project;
  Names seen, seen_values;
  const auto add_name = [&](const std::string& name, ColumnType type) {
    if (!seen.insert(name).second)
      throw Error(ErrorKind::invalid_argument, "agg: the names of results and keys must differ (got " +
                                                   quoted(name) + " twice); as() gives another name");
    plan.schema.push_back({name, type});
  };
  for (const std::string& key : keys) {
    const TermPtr term = typed("group_by", make_column_term(key), rows);
    add_name(key, term->type);
    plan.values.columns.push_back({key, {term}});
  }
  for (const Aggregate& aggregate : aggregates) {
    BoundAggregate own{aggregate.kind,    aggregate.name,      {},
                       ColumnType::int64, aggregate.parameter, aggregate.own_functions};
    if (aggregate.kind != Aggregate::Kind::rows) {
      const TermPtr term = typed(std::string(name_of(aggregate.kind)), aggregate.value.term(), rows);
      check_type(aggregate, *term);
      own.type = term->type;
      // Aggregations of one column share it; a key of this name would have to begin with a line end.
      own.value = "\n" + (term->op == Op::column ? term->name : std::to_string(plan.aggregates.size()) + " ");
      if (seen_values.insert(own.value).second) plan.values.columns.push_back({own.value, {term}});
    }
    add_name(own.name, own.kind == Aggregate::Kind::own ? own.own.gives : type_of_result(own.kind, own.type));
    plan.aggregates.push_back(std::move(own));
  }
  if (plan.values.columns.empty()) {
    const std::string& any = rows.front().name;
    plan.values.columns.push_back({any, {typed("agg", make_column_term(any), rows)}});
  }
  return plan;
}

NodePtr make_group(const NodePtr& input, std::vector<std::string> keys, std::vector<Aggregate> aggregates,
                   bool keeps_missing) {
  GroupPlan plan = plan_groups(input->schema, keys, aggregates);
  return std::make_shared<GroupNode>(input, std::move(keys), std::move(aggregates),
                                     std::move(plan.aggregates), std::move(plan.values),
                                     std::move(plan.schema), keeps_missing);
}

}  // namespace weir::detail::frame
