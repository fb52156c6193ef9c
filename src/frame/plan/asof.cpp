// Every row beside the nearest of another frame: all of that goes to every partition, or, if it is large,
// both are cut into ranges of the values that are compared.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/kernels/rolling.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/frame/rows.hpp"
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

// Ranges. A row may be nearest to one in a range further on: of all rows before (behind) a range, the last
// (first) of each key goes with it. Left rows carry where they were, and go back there at the end.
constexpr std::uint64_t most_bytes_for_all = 64'000'000;
constexpr const char *asof_part = "\npart", *asof_row = "\nrow";

Column asof_values(const Table& table, const AsofPlan& plan) {
  return cast(table.column(plan.on), plan.on_type);
}

// Rows with a value to compare, in its order.
std::vector<Row> asof_order(const Column& values) {
  const bool order[] = {false};
  std::vector<Row> rows = sort_rows(std::span(&values, 1), order, values.size());
  std::erase_if(rows, [&](Row row) {
    return values.is_na(row) || (values.type() == ColumnType::float64 && std::isnan(reals(values)[row]));
  });
  return rows;
}

Table asof_sample_task(const Table& table, const AsofPlan& plan) {
  constexpr std::size_t samples = 256;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min(samples, table.rows()); ++i)
    rows.push_back(static_cast<Row>(i * table.rows() / std::min(samples, table.rows())));
  return Table({"bound"}, {take(asof_values(table, plan), rows)});
}

Table asof_bounds_task(const std::vector<Table>& samples, std::uint32_t ranges) {
  const Table all = concat(samples);
  const std::vector<Row> order = asof_order(all.columns()[0]);
  std::vector<Row> rows;
  for (std::size_t r = 1; r < ranges && !order.empty(); ++r) rows.push_back(order[r * order.size() / ranges]);
  return take(all, rows);
}

std::vector<Table> asof_ranges_task(const Table& table, const Table& bounds, std::uint32_t ranges,
                                    const AsofPlan& plan) {
  const Column values = asof_values(table, plan);
  const bool order[] = {false};
  std::vector<std::vector<Row>> rows(ranges);
  std::vector<Row> numbers(bounds.rows());
  for (std::size_t b = 0; b < numbers.size(); ++b) numbers[b] = static_cast<Row>(b);
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const auto range = std::partition_point(numbers.begin(), numbers.end(), [&](Row b) {
      return compare_rows(bounds.columns(), b, std::span(&values, 1), i, order) <= 0;
    });
    rows[static_cast<std::size_t>(range - numbers.begin())].push_back(static_cast<Row>(i));
  }
  std::vector<Table> cut;
  for (const std::vector<Row>& of_range : rows) cut.push_back(take(table, of_range));
  return cut;
}
Table asof_piece_task(const std::vector<Table>& pieces, std::uint32_t which) { return pieces[which]; }

Table asof_tagged_task(const Table& table, std::int64_t part) {
  std::vector<std::string> names = table.names();
  std::vector<Column> columns = table.columns();
  std::vector<std::int64_t> rows(table.rows());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  names.insert(names.end(), {asof_part, asof_row});
  columns.push_back(make_column(std::vector<std::int64_t>(rows.size(), part)));
  columns.push_back(make_column(rows));
  return Table(std::move(names), std::move(columns));
}

// Of each key the row that is the last of these, or the first.
Table asof_edge_task(const std::vector<Table>& tables, const AsofPlan& plan, bool is_last) {
  const Table all = concat(tables);
  std::vector<Column> keys;
  for (std::size_t k = 0; k < plan.by.size(); ++k)
    keys.push_back(cast(all.column(plan.by[k]), plan.by_types[k]));
  const Groups groups =
      keys.empty() ? Groups{GroupNumbers(all.rows(), 0), {0}} : group_rows(keys, all.rows());
  std::vector<Row> edges(groups.count(), no_row);
  for (const Row row : asof_order(asof_values(all, plan))) {
    Row& edge = edges[groups.of_row[row]];
    if (is_last || edge == no_row) edge = row;
  }
  std::erase(edges, no_row);
  return take(all, edges);
}

std::vector<Table> asof_range_task(const std::vector<Table>& left, const std::vector<Table>& right,
                                   const AsofPlan& plan, std::uint32_t parts) {
  const Table joined = asof_task(concat(left), concat(right), plan);
  const std::int64_t* const part_of_row = integers(joined.column(asof_part));
  std::vector<std::vector<Row>> rows(parts);
  for (std::size_t i = 0; i < joined.rows(); ++i)
    rows[static_cast<std::size_t>(part_of_row[i])].push_back(static_cast<Row>(i));
  std::vector<Table> cut;
  for (const std::vector<Row>& of_part : rows) cut.push_back(take(joined, of_part));
  return cut;
}

Table asof_back_task(const std::vector<Table>& pieces, const std::vector<std::string>& names) {
  const Table all = concat(pieces);
  const std::int64_t* const places = integers(all.column(asof_row));
  std::vector<Row> rows(all.rows());
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[static_cast<std::size_t>(places[i])] = static_cast<Row>(i);
  return take(only(all, names), rows);
}

class AsofRanges {
 public:
  AsofRanges(Run& run, AsofPlan plan, std::uint32_t ranges)
      : client_(run.client), run_(run), plan_(std::move(plan)), ranges_(ranges) {}

  std::vector<Future<Table>> joined(const std::vector<Future<Table>>& left,
                                    const std::vector<Future<Table>>& right) {
    std::vector<Future<Table>> samples, tagged;
    for (const Future<Table>& part : right)
      samples.push_back(client_.submit(Options{.priority = split_priority}, asof_sample_task, part, plan_));
    bounds_ = client_.submit(asof_bounds_task, samples, ranges_);
    for (std::size_t p = 0; p < left.size(); ++p)
      tagged.push_back(client_.submit(Options{.priority = split_priority}, asof_tagged_task, left[p],
                                      static_cast<std::int64_t>(p)));
    std::vector<Future<Table>> rights;
    for (const auto& pieces : cut(right)) rights.push_back(run_.joined(pieces));
    const auto before = edges(rights, true), behind = edges(rights, false);
    std::vector<std::string> names;
    for (const auto& [name, from] : plan_.left) names.push_back(name);
    for (const auto& [name, from] : plan_.right) names.push_back(name);
    AsofPlan tagging = plan_;
    for (const char* tag : {asof_part, asof_row}) tagging.left.emplace_back(tag, tag);
    const auto lefts = cut(tagged);
    const auto parts = static_cast<std::uint32_t>(left.size());
    std::vector<std::vector<Future<Table>>> back(left.size());
    for (std::uint32_t r = 0; r < ranges_; ++r) {
      const auto pieces = client_.submit(Options{.priority = merge_priority}, asof_range_task, lefts[r],
                                         std::vector{before[r], rights[r], behind[r]}, tagging, parts);
      for (std::uint32_t p = 0; p < parts; ++p)
        back[p].push_back(client_.submit(Options{.priority = piece_priority}, asof_piece_task, pieces, p));
    }
    std::vector<Future<Table>> results;
    for (const auto& pieces : back)
      results.push_back(client_.submit(Options{.priority = merge_priority}, asof_back_task, pieces, names));
    return results;
  }

 private:
  // For each range the pieces of all partitions, in order.
  std::vector<std::vector<Future<Table>>> cut(const std::vector<Future<Table>>& parts) {
    std::vector<std::vector<Future<Table>>> ranges(ranges_);
    for (const Future<Table>& part : parts) {
      const auto pieces = client_.submit(Options{.priority = split_priority}, asof_ranges_task, part, bounds_,
                                         ranges_, plan_);
      for (std::uint32_t r = 0; r < ranges_; ++r)
        ranges[r].push_back(client_.submit(Options{.priority = piece_priority}, asof_piece_task, pieces, r));
    }
    return ranges;
  }
  // What each range is given of those before it, or behind it; nothing where it is not looked for.
  std::vector<Future<Table>> edges(const std::vector<Future<Table>>& ranges, bool are_before) {
    const bool are_wanted =
        plan_.nearest.direction != static_cast<std::uint8_t>(are_before ? Near::forward : Near::backward);
    std::vector<Future<Table>> all(ranges_, client_.submit(asof_none_task, ranges[0]));
    for (std::uint32_t i = 1; are_wanted && i < ranges_; ++i) {
      const std::uint32_t to = are_before ? i : ranges_ - 1 - i, from = are_before ? to - 1 : to + 1;
      const auto parts =
          are_before ? std::vector{all[from], ranges[from]} : std::vector{ranges[from], all[from]};
      all[to] = client_.submit(asof_edge_task, parts, plan_, are_before);
    }
    return all;
  }
  static Table asof_none_task(const Table& table) { return table.slice(0, 0); }

  PlanClient client_;
  Run& run_;
  AsofPlan plan_;
  std::uint32_t ranges_;
  Future<Table> bounds_;
};

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
    const std::vector<Future<Table>> right = run.finished(run.parts_of(inputs[1], below[1]));
    const std::vector<Future<Table>> left = run.finished(run.parts_of(inputs[0], below[0]));
    const AsofPlan plan = plan_for(needed);
    const Run::Size size = run.size_of(right);
    if (size.bytes > most_bytes_for_all || run.is_much(size.bytes)) {
      const Run::Size left_size = run.size_of(left);
      const std::uint32_t ranges = run.parts_for({size.rows + left_size.rows, size.bytes + left_size.bytes},
                                                 left.size() + right.size());
      return {.tables = AsofRanges(run, plan, ranges).joined(left, right)};
    }
    const Future<Table> all = run.joined(right);
    Parts results;
    for (const Future<Table>& part : left)
      results.tables.push_back(run.client.submit(asof_task, part, all, plan));
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
