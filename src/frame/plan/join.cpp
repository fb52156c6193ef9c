// Two frames side by side: the small one goes to every partition of the other, or both are split by hashes;
// frames one behind the other.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

// A column of the result: from which side, under which name there.
struct JoinedColumn {
  std::string name, from;
  bool is_right = false;
  bool is_key = false;  // that both sides have: the right one's where there is no left row
};

// How two partitions are joined; travels with the task.
struct JoinPlan {
  std::vector<std::string> left_keys, right_keys;
  std::vector<ColumnType> key_types;  // in which keys are compared
  std::vector<JoinedColumn> columns;
  JoinKind kind{};
};

using Tables = std::span<const Table>;
std::vector<Column> keys_as(Tables tables, const std::vector<std::string>& names,
                            const std::vector<ColumnType>& types) {
  std::vector<Column> keys;
  for (std::size_t k = 0; k < names.size(); ++k)
    keys.push_back(cast(whole_column(tables, names[k]), types[k]));
  return keys;
}

// Values of one column where it has a row, of the other elsewhere.
Column either(const Column& left, std::span<const Row> left_rows, const Column& right,
              std::span<const Row> right_rows) {
  const Column* const both[] = {&left, &right};
  const auto size = static_cast<Row>(left.size());
  std::vector<Row> rows(left_rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = left_rows[i] != no_row ? left_rows[i] : right_rows[i] + size;
  return take(concat(both), rows);
}

std::size_t rows_of(Tables tables) {
  std::size_t rows = 0;
  for (const Table& table : tables) rows += table.rows();
  return rows;
}
// One column at a time of tables in parts is in memory twice.
Table joined_tables(Tables left, Tables right, const JoinPlan& plan) {
  const std::vector<Column> left_keys = keys_as(left, plan.left_keys, plan.key_types);
  const std::vector<Column> right_keys = keys_as(right, plan.right_keys, plan.key_types);
  const Pairs pairs = join_rows(left_keys, rows_of(left), right_keys, rows_of(right), plan.kind);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const JoinedColumn& column : plan.columns) {
    names.push_back(column.name);
    if (column.is_key) {
      const auto k = static_cast<std::size_t>(
          std::find(plan.left_keys.begin(), plan.left_keys.end(), column.from) - plan.left_keys.begin());
      columns.push_back(either(left_keys[k], pairs.left, right_keys[k], pairs.right));
    } else if (column.is_right) {
      columns.push_back(take(whole_column(right, column.from), pairs.right));
    } else {
      columns.push_back(take(whole_column(left, column.from), pairs.left));
    }
  }
  return Table(std::move(names), std::move(columns));
}

Table merge_many_task(const std::vector<Table>& left, const std::vector<Table>& right, const JoinPlan& plan) {
  return joined_tables(left, right, plan);
}
// Keys of the two sides are split alike: by what they are compared as.
Table comparable_task(const Table& table, const std::vector<std::string>& keys,
                      const std::vector<ColumnType>& types) {
  std::vector<std::string> names = table.names();
  std::vector<Column> columns = table.columns();
  const std::vector<Column> casts = keys_as({&table, 1}, keys, types);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    names.push_back("\n" + std::to_string(k));
    columns.push_back(casts[k]);
  }
  return Table(std::move(names), std::move(columns));
}

constexpr std::uint64_t small_bytes = 64'000'000;

class MergeNode : public Node {
 public:
  MergeNode(const NodePtr& left, const NodePtr& right, Merge options, JoinPlan plan, Schema schema)
      : Node(std::move(schema), {left, right}), options_(std::move(options)), plan_(std::move(plan)) {}

  std::vector<Names> reads(const Names& needed) const override {
    const JoinPlan plan = plan_for(needed);
    Names left(plan.left_keys.begin(), plan.left_keys.end()),
        right(plan.right_keys.begin(), plan.right_keys.end());
    for (const JoinedColumn& column : plan.columns) (column.is_right ? right : left).insert(column.from);
    return {left, right};
  }
  Parts run(Run& run, const Names& needed) const override {
    const std::vector<Names> below = reads(needed);
    const auto left = run.finished(run.parts_of(inputs[0], below[0]));
    const auto right = run.finished(run.parts_of(inputs[1], below[1]));
    return {.tables = merged(run, left, right, plan_for(needed))};
  }
  Table here(std::vector<Table> tables) const override {
    return joined_tables({&tables[0], 1}, {&tables[1], 1}, plan_);
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_merge(from[0], from[1], options_);
  }
  std::string show() const override {
    std::string text = std::string("merge ") + name_of(options_.how) + " on";
    for (const std::string& key : plan_.left_keys) text += " " + key;
    return text;
  }
  // Where a side's rows come as they are, or not at all, its conditions are its own.
  NodePtr filtered_before(const TermPtr& condition) const override {
    Names names;
    collect_columns(*condition, names);
    bool is_of_left = true, is_of_right = true;
    std::vector<std::pair<std::string, TermPtr>> by;
    for (const std::string& name : names)
      for (const JoinedColumn& column : plan_.columns) {
        if (column.name != name) continue;
        (column.is_right ? is_of_left : is_of_right) = false;
        by.emplace_back(name, make_column_term(column.from));
      }
    const Join how = options_.how;
    const bool left_passes =
        how == Join::inner || how == Join::left || how == Join::semi || how == Join::anti;
    const bool right_passes = how == Join::inner || how == Join::right;
    if (names.empty()) return nullptr;
    if (is_of_left && left_passes)
      return make_merge(make_filter(inputs[0], renamed(condition, by)), inputs[1], options_);
    if (is_of_right && right_passes)
      return make_merge(inputs[0], make_filter(inputs[1], renamed(condition, by)), options_);
    return nullptr;
  }

  static const char* name_of(Join how) {
    constexpr const char* names[] = {"inner", "left", "right", "outer", "semi", "anti"};
    return names[static_cast<std::size_t>(how)];
  }

 private:
  JoinPlan plan_for(const Names& needed) const {
    JoinPlan plan = plan_;
    std::erase_if(plan.columns, [&](const JoinedColumn& column) { return !needed.contains(column.name); });
    if (plan.columns.empty()) plan.columns.push_back(plan_.columns.front());
    return plan;
  }
  // Neighbours that are joined with all of the other side in one task: since each task makes a table of that
  // side's keys, it should itself have about as many rows, if all threads have something to do.
  static std::vector<std::vector<Future<Table>>> groups_of(Run& run, const std::vector<Future<Table>>& parts,
                                                           std::uint64_t other_rows) {
    constexpr std::uint64_t few_rows = 4'000'000;
    const auto most_bytes = std::clamp<std::uint64_t>(run.memory() / 32, 8'000'000, 32'000'000);
    std::uint64_t every = 1;
    if (other_rows * parts.size() > few_rows) {
      const Run::Size size = run.size_of(parts);
      const std::uint64_t rows = size.rows / parts.size() + 1, bytes = size.bytes / parts.size() + 1;
      every = std::max<std::uint64_t>(
          1, std::min({other_rows / rows, most_bytes / bytes, parts.size() / run.threads()}));
    }
    return Run::neighbours(parts, every);
  }
  std::vector<Future<Table>> merged(Run& run, const std::vector<Future<Table>>& left,
                                    const std::vector<Future<Table>>& right, const JoinPlan& plan) const {
    // The right side first: it is the small one more often, and the left one is then not waited for.
    const Run::Size right_size = run.size_of(right);
    const bool keeps_right = plan.kind == JoinKind::right || plan.kind == JoinKind::outer;
    std::vector<Future<Table>> results;
    // Rows of the right side without partner must come once: not from every partition of the left one.
    if (right_size.bytes <= small_bytes && (!keeps_right || left.size() == 1)) {
      const std::vector<Future<Table>> all{run.joined(right)};
      for (const auto& parts : groups_of(run, left, right_size.rows))
        results.push_back(
            run.client.submit(Options{.priority = merge_priority}, merge_many_task, parts, all, plan));
      return results;
    }
    const Run::Size left_size = run.size_of(left);
    if (plan.kind == JoinKind::inner && left_size.bytes <= small_bytes) {
      const std::vector<Future<Table>> all{run.joined(left)};
      for (const auto& parts : groups_of(run, right, left_size.rows))
        results.push_back(
            run.client.submit(Options{.priority = merge_priority}, merge_many_task, all, parts, plan));
      return results;
    }
    const std::uint32_t count = run.parts_for(
        {left_size.rows + right_size.rows, left_size.bytes + right_size.bytes}, left.size() + right.size());
    std::vector<std::string> keys;
    for (std::size_t k = 0; k < plan.left_keys.size(); ++k) keys.push_back("\n" + std::to_string(k));
    const auto split = [&](const std::vector<Future<Table>>& parts, const std::vector<std::string>& names) {
      std::vector<Future<Table>> comparable;
      for (const Future<Table>& part : parts)
        comparable.push_back(run.client.submit(Options{.priority = split_priority}, comparable_task, part,
                                               names, plan.key_types));
      return run.by_hash(comparable, keys, count);
    };
    const auto left_buckets = split(left, plan.left_keys), right_buckets = split(right, plan.right_keys);
    for (std::uint32_t b = 0; b < count; ++b)
      results.push_back(run.client.submit(Options{.priority = merge_priority}, merge_many_task,
                                          left_buckets[b], right_buckets[b], plan));
    return results;
  }

  Merge options_;
  JoinPlan plan_;
};

bool has(const Schema& schema, std::string_view name) {
  return std::any_of(schema.begin(), schema.end(), [&](const Field& field) { return field.name == name; });
}

[[noreturn]] void refuse_merge(const std::string& text) {
  throw Error(ErrorKind::invalid_argument, "merge: " + text);
}

// The names of the keys of both sides.
void choose_keys(const Schema& left, const Schema& right, const Merge& options, JoinPlan& plan) {
  plan.left_keys = options.on.empty() ? options.left_on : options.on;
  plan.right_keys = options.on.empty() ? options.right_on : options.on;
  if (plan.left_keys.empty() && plan.right_keys.empty())
    for (const Field& field : left)
      if (has(right, field.name)) {
        plan.left_keys.push_back(field.name);
        plan.right_keys.push_back(field.name);
      }
  if (plan.left_keys.empty())
    refuse_merge("both sides must share a column (got " + to_text(left) + " and " + to_text(right) +
                 "); left_on and right_on name columns that differ");
  if (plan.left_keys.size() != plan.right_keys.size())
    refuse_merge("left_on and right_on must be as many (got " + std::to_string(plan.left_keys.size()) +
                 " and " + std::to_string(plan.right_keys.size()) + ")");
  if (!options.on.empty() && (!options.left_on.empty() || !options.right_on.empty()))
    refuse_merge("there must be either on, or left_on and right_on (got both)");
  for (std::size_t k = 0; k < plan.left_keys.size(); ++k) {
    const ColumnType a = left[find_column("merge", plan.left_keys[k], left)].type;
    const ColumnType b = right[find_column("merge", plan.right_keys[k], right)].type;
    const ColumnType both = wider(a, b);
    if (a != b && both == ColumnType::text)
      refuse_merge("keys must have types that can be equal (got " + std::string(to_string(a)) + " of " +
                   quoted(plan.left_keys[k]) + " and " + std::string(to_string(b)) + " of " +
                   quoted(plan.right_keys[k]) + "); astype converts them");
    plan.key_types.push_back(both);
  }
}

class ConcatNode : public Node {
 public:
  ConcatNode(Schema schema, std::vector<NodePtr> from) : Node(std::move(schema), std::move(from)) {}
  std::vector<Names> reads(const Names& needed) const override {
    Names names = needed;
    if (names.empty()) names.insert(schema.front().name);
    return std::vector<Names>(inputs.size(), names);
  }
  Parts run(Run& run, const Names& needed) const override {
    Parts all;
    const Names names = reads(needed)[0];
    for (const NodePtr& input : inputs) {
      // Columns in the same order from everywhere.
      Parts parts = run.parts_of(input, names);
      Step step{.kind = Step::Kind::project};
      for (const Field& field : schema)
        if (names.contains(field.name))
          step.columns.push_back(
              {field.name, {typed("concat", make_column_term(field.name), input->schema)}});
      parts.steps.push_back(std::move(step));
      for (Future<Table>& table : run.finished(std::move(parts))) all.tables.push_back(std::move(table));
    }
    return all;
  }
  Table here(std::vector<Table> tables) const override {
    for (Table& table : tables) table = conformed(table, schema);
    return frame::concat(tables);
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override { return make_concat(std::move(from)); }
  std::string show() const override { return "concat of " + std::to_string(inputs.size()); }
  std::size_t partitions() const override {
    std::size_t all = 0;
    for (const NodePtr& input : inputs) all += input->partitions();
    return all;
  }
  NodePtr filtered_before(const TermPtr& condition) const override {
    std::vector<NodePtr> filtered;
    for (const NodePtr& input : inputs) filtered.push_back(make_filter(input, condition));
    return make_concat(std::move(filtered));
  }
};

}  // namespace

NodePtr make_merge(const NodePtr& left, const NodePtr& right, const Merge& options) {
  JoinPlan plan;
  plan.kind = static_cast<JoinKind>(options.how);
  choose_keys(left->schema, right->schema, options, plan);
  const bool has_partner = options.how != Join::semi && options.how != Join::anti;
  const auto is_shared_key = [&](const std::string& name) {
    for (std::size_t k = 0; k < plan.left_keys.size(); ++k)
      if (plan.left_keys[k] == name && plan.right_keys[k] == name) return true;
    return false;
  };
  Schema schema;
  Names seen;
  const auto add = [&](const JoinedColumn& column, ColumnType type) {
    if (!seen.insert(column.name).second)
      refuse_merge("names of the result must differ (got " + quoted(column.name) +
                   " twice); suffixes or rename make them differ");
    schema.push_back({column.name, type});
    plan.columns.push_back(column);
  };
  for (const Field& field : left->schema) {
    const bool is_key = has_partner && is_shared_key(field.name);
    const bool is_double = has_partner && !is_key && has(right->schema, field.name);
    ColumnType type = field.type;
    if (is_key)
      type = plan.key_types[static_cast<std::size_t>(
          std::find(plan.left_keys.begin(), plan.left_keys.end(), field.name) - plan.left_keys.begin())];
    add({field.name + (is_double ? options.suffixes.first : ""), field.name, false, is_key}, type);
  }
  if (has_partner)
    for (const Field& field : right->schema) {
      if (is_shared_key(field.name)) continue;
      const bool is_double = has(left->schema, field.name);
      add({field.name + (is_double ? options.suffixes.second : ""), field.name, true, false}, field.type);
    }
  return std::make_shared<MergeNode>(left, right, options, std::move(plan), std::move(schema));
}

NodePtr make_concat(std::vector<NodePtr> inputs) {
  if (inputs.empty()) throw Error(ErrorKind::invalid_argument, "concat: there must be a frame (got none)");
  const NodePtr none = inputs.front();
  std::erase_if(inputs, [](const NodePtr& input) { return input->schema.empty(); });  // has no rows
  if (inputs.empty()) return none;
  Schema schema = inputs.front()->schema;
  for (const NodePtr& input : inputs) {
    const Schema& other = input->schema;
    const auto differ = [&] {
      throw Error(ErrorKind::invalid_argument, "concat: frames must have the same columns (got " +
                                                   to_text(inputs.front()->schema) + " and " +
                                                   to_text(other) + ")");
    };
    if (other.size() != schema.size()) differ();
    for (Field& field : schema) {
      if (!has(other, field.name)) differ();
      const ColumnType type = other[find_column("concat", field.name, other)].type;
      const ColumnType both = wider(field.type, type);
      if (both == ColumnType::text && type != field.type) differ();
      field.type = both;
    }
  }
  std::vector<NodePtr> parts;
  for (const NodePtr& input : inputs) {
    // Narrower columns are converted first.
    std::vector<std::pair<std::string, TermPtr>> columns;
    bool is_same = true;
    for (const Field& field : schema) {
      TermPtr term = make_column_term(field.name);
      if (input->schema[find_column("concat", field.name, input->schema)].type != field.type) {
        term = make_term(Op::cast, {term}, field.type);
        is_same = false;
      }
      columns.emplace_back(field.name, term);
    }
    // What was put together before, as in a loop, is not put together again.
    if (!is_same) parts.push_back(make_project("astype", input, std::move(columns)));
    else if (dynamic_cast<const ConcatNode*>(input.get()))
      parts.insert(parts.end(), input->inputs.begin(), input->inputs.end());
    else parts.push_back(input);
  }
  return std::make_shared<ConcatNode>(std::move(schema), std::move(parts));
}

}  // namespace weir::detail::frame
