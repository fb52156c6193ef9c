// Every row beside the nearest of another frame, all of which goes to every partition.
#include <algorithm>
#include <cstdlib>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/kernels/rolling.hpp"
#include "frame/plan/names.hpp"
#include "frame/plan/node.hpp"
#include "weir/duration.hpp"

namespace weir::detail::frame {

namespace {

// How a partition is joined; travels with the task.
struct AsofPlan {
  std::string on;
  ColumnType on_type{};
  std::vector<std::string> by;
  std::vector<ColumnType> by_types;
  Nearest nearest;
  std::vector<std::pair<std::string, std::string>> left, right;  // names of the result, and there
};

Table asof_task(const Table& left, const Table& right, const AsofPlan& plan) {
  const auto keys_of = [&](const Table& table) {
    std::vector<Column> keys;
    for (std::size_t k = 0; k < plan.by.size(); ++k)
      keys.push_back(cast(table.column(plan.by[k]), plan.by_types[k]));
    return keys;
  };
  const std::vector<Row> rows =
      nearest_rows(cast(left.column(plan.on), plan.on_type), keys_of(left),
                   cast(right.column(plan.on), plan.on_type), keys_of(right), plan.nearest);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const auto& [name, from] : plan.left) {
    names.push_back(name);
    columns.push_back(left.column(from));
  }
  for (const auto& [name, from] : plan.right) {
    names.push_back(name);
    columns.push_back(take(right.column(from), rows));
  }
  return Table(std::move(names), std::move(columns));
}

class AsofNode : public Node {
 public:
  AsofNode(const NodePtr& left, const NodePtr& right, MergeAsof options, AsofPlan plan, Schema schema)
      : Node(std::move(schema), {left, right}), options_(std::move(options)), plan_(std::move(plan)) {}
  std::vector<Names> reads(const Names& needed) const override {
    const AsofPlan plan = plan_for(needed);
    Names left(plan.by.begin(), plan.by.end());
    left.insert(plan.on);
    Names right = left;
    for (const auto& [name, from] : plan.left) left.insert(from);
    for (const auto& [name, from] : plan.right) right.insert(from);
    return {left, right};
  }
  Parts run(Run& run, const Names& needed) const override {
    const std::vector<Names> below = reads(needed);
    const Future<Table> right = run.joined(run.finished(run.parts_of(inputs[1], below[1])));
    Parts results;
    for (const Future<Table>& part : run.finished(run.parts_of(inputs[0], below[0])))
      results.tables.push_back(run.client.submit(asof_task, part, right, plan_for(needed)));
    return results;
  }
  Table here(std::vector<Table> tables) const override { return asof_task(tables[0], tables[1], plan_); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_asof(from[0], from[1], options_);
  }
  std::string show() const override { return "merge_asof on " + plan_.on; }

 private:
  AsofPlan plan_for(const Names& needed) const {
    AsofPlan plan = plan_;
    const auto is_idle = [&](const auto& column) { return !needed.contains(column.first); };
    std::erase_if(plan.left, is_idle);
    std::erase_if(plan.right, is_idle);
    if (plan.left.empty() && plan.right.empty()) plan.left.push_back(plan_.left.front());
    return plan;
  }
  MergeAsof options_;
  AsofPlan plan_;
};

[[noreturn]] void refuse_asof(const std::string& text) {
  throw Error(ErrorKind::invalid_argument, "merge_asof: " + text);
}

// The type in which a column of both sides is compared.
ColumnType compared_type(const std::string& name, const Schema& left, const Schema& right, bool must_order) {
  const ColumnType a = left[find_column("merge_asof", name, left)].type;
  const ColumnType b = right[find_column("merge_asof", name, right)].type;
  const ColumnType both = wider(a, b);
  if (a != b && both == ColumnType::text)
    refuse_asof("both sides must have types that can be compared (got " + std::string(to_string(a)) +
                " and " + std::string(to_string(b)) + " of " + quoted(name) + "); astype converts them");
  if (must_order && (both == ColumnType::text || both == ColumnType::boolean))
    refuse_asof("on must be a column of numbers, days or times (got " + std::string(to_string(both)) +
                " of " + quoted(name) + ")");
  return both;
}

// In units of the values.
std::optional<double> tolerance_of(const std::string& text, ColumnType type) {
  if (text.empty()) return std::nullopt;
  if (type == ColumnType::date || type == ColumnType::datetime) {
    const auto span = static_cast<double>(Duration(text).value().count());
    return type == ColumnType::date ? span / 86'400e9 : span;
  }
  double number = 0;
  if (!read_real(text, CellFormat{}, number) || !(number >= 0))
    refuse_asof("a tolerance must be a number that is not negative (got " + quoted(text) + ")");
  return number;
}

}  // namespace

NodePtr make_asof(const NodePtr& left, const NodePtr& right, const MergeAsof& options) {
  if (options.on.empty()) refuse_asof("on must name a column of both sides (got none)");
  AsofPlan plan;
  plan.on = options.on;
  plan.by = options.by;
  plan.on_type = compared_type(options.on, left->schema, right->schema, true);
  for (const std::string& name : options.by)
    plan.by_types.push_back(compared_type(name, left->schema, right->schema, false));
  plan.nearest = {static_cast<std::uint8_t>(options.direction), options.exact,
                  tolerance_of(options.tolerance, plan.on_type)};
  const auto is_key = [&](const std::string& name) {
    return name == plan.on || std::find(plan.by.begin(), plan.by.end(), name) != plan.by.end();
  };
  Schema schema;
  Names seen;
  const auto add = [&](const Field& field, const Schema& other, const std::string& suffix, auto& columns) {
    const bool is_double =
        !is_key(field.name) &&
        std::any_of(other.begin(), other.end(), [&](const Field& f) { return f.name == field.name; });
    const std::string name = field.name + (is_double ? suffix : "");
    if (!seen.insert(name).second)
      refuse_asof("names of the result must differ (got " + quoted(name) +
                  " twice); suffixes or rename make them differ");
    schema.push_back({name, field.type});
    columns.emplace_back(name, field.name);
  };
  for (const Field& field : left->schema) add(field, right->schema, options.suffixes.first, plan.left);
  for (const Field& field : right->schema)
    if (!is_key(field.name)) add(field, left->schema, options.suffixes.second, plan.right);
  return std::make_shared<AsofNode>(left, right, options, std::move(plan), std::move(schema));
}

}  // namespace weir::detail::frame
