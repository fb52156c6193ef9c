// The verbs that work on each partition by itself, and where partitions come from.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

Names columns_in(const Term& term) {
  Names names;
  collect_columns(term, names);
  return names;
}

bool is_within(const Names& some, const Names& all) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

// A column must be read even if only rows are counted.
Names at_least_one(Names names, const Schema& schema) {
  if (names.empty() && !schema.empty()) names.insert(schema.front().name);
  return names;
}

Step project_step(const Schema& schema, const Names& names) {
  Step step{.kind = Step::Kind::project};
  for (const Field& field : schema)
    if (names.contains(field.name)) {
      auto term = std::make_shared<Term>();
      term->op = Op::column;
      term->type = field.type;
      term->name = field.name;
      step.columns.push_back({field.name, {term}});
    }
  return step;
}

// --- where rows come from

class SourceNode : public Node {
 public:
  explicit SourceNode(std::shared_ptr<CsvSource> source)
      : Node(source->schema(), {}), source_(std::move(source)) {}
  std::vector<Names> reads(const Names&) const override { return {}; }
  Parts run(Run&, const Names& needed) const override {
    return {.source = source_,
            .planned = schema,
            .blocks = source_->blocks(),
            .columns = at_least_one(needed, schema)};
  }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return std::make_shared<SourceNode>(source_); }
  std::string show() const override { return source_->show(); }
  std::size_t partitions() const override { return source_->blocks().size(); }

 private:
  std::shared_ptr<CsvSource> source_;
};

class TablesNode : public Node {
 public:
  TablesNode(Schema schema, std::vector<Future<Table>> tables)
      : Node(std::move(schema), {}), tables_(std::move(tables)) {}
  std::vector<Names> reads(const Names&) const override { return {}; }
  // Without the columns that nobody needs, which would travel with the rows otherwise.
  Parts run(Run&, const Names& needed) const override {
    const Names kept = at_least_one(needed, schema);
    Parts parts{.tables = tables_};
    if (kept.size() < schema.size()) parts.steps.push_back(project_step(schema, kept));
    return parts;
  }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return shared_from_this(); }
  std::string show() const override { return "rows on the workers"; }
  std::size_t partitions() const override { return tables_.size(); }

 private:
  std::vector<Future<Table>> tables_;
};

class MemoryNode : public Node {
 public:
  MemoryNode(Table table, std::size_t partitions)
      : Node(table.schema(), {}), table_(std::move(table)), partitions_(partitions) {}
  std::vector<Names> reads(const Names&) const override { return {}; }
  Parts run(Run& run, const Names& needed) const override {
    Parts parts;
    const Names kept = at_least_one(needed, schema);
    if (kept.size() < schema.size()) parts.steps.push_back(project_step(schema, kept));
    const std::size_t rows = table_.rows();
    for (std::size_t p = 0; p < partitions_; ++p) {
      const std::size_t begin = rows * p / partitions_, end = rows * (p + 1) / partitions_;
      parts.tables.push_back(run.client.scatter(table_.slice(begin, end - begin)));
    }
    return parts;
  }
  Table here(std::vector<Table>) const override { return table_; }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return shared_from_this(); }
  std::string show() const override { return "table of " + std::to_string(table_.rows()) + " rows"; }
  std::size_t partitions() const override { return partitions_; }

 private:
  Table table_;
  std::size_t partitions_;
};

// --- columns

class ProjectNode : public Node {
 public:
  using Columns = std::vector<std::pair<std::string, TermPtr>>;
  ProjectNode(std::string who, const NodePtr& input, Columns written, Columns bound, Schema schema)
      : Node(std::move(schema), {input}),
        who_(std::move(who)),
        written_(std::move(written)),
        bound_(std::move(bound)) {}

  std::vector<Names> reads(const Names& needed) const override {
    const Names kept = at_least_one(needed, schema);
    Names below;
    for (const auto& [name, term] : bound_)
      if (kept.contains(name)) collect_columns(*term, below);
    return {at_least_one(below, inputs[0]->schema)};
  }
  Parts run(Run& run, const Names& needed) const override {
    const Names kept = at_least_one(needed, schema);
    Step step{.kind = Step::Kind::project};
    for (const auto& [name, term] : bound_)
      if (kept.contains(name)) step.columns.push_back({name, {term}});
    Parts parts = run.parts_of(inputs[0], reads(needed)[0]);
    parts.steps.push_back(std::move(step));
    return parts;
  }
  Table here(std::vector<Table> tables) const override {
    Step step{.kind = Step::Kind::project};
    for (const auto& [name, term] : bound_) step.columns.push_back({name, {term}});
    return apply_steps(std::move(tables[0]), {step});
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_project(who_, from[0], written_);
  }
  std::string show() const override {
    std::string text;
    std::size_t kept = 0;
    for (const auto& [name, term] : written_) {
      if (term->op == Op::column && term->name == name) {
        ++kept;
        continue;
      }
      text += (text.empty() ? " " : ", ") + name + " = " + frame::show(*term);
    }
    return who_ + text + (text.empty() ? " " + std::to_string(kept) + " columns" : "");
  }
  // Columns are replaced by what they are, unless that is a function that would be called twice.
  NodePtr filtered_before(const TermPtr& condition) const override {
    for (const std::string& name : columns_in(*condition))
      for (const auto& [own, term] : written_)
        if (own == name && term->op != Op::column) return nullptr;
    return make_project(who_, make_filter(inputs[0], renamed(condition, written_)), written_);
  }

 private:
  std::string who_;
  Columns written_, bound_;
};

class FilterNode : public Node {
 public:
  FilterNode(const NodePtr& input, TermPtr written, TermPtr bound)
      : Node(input->schema, {input}), written_(std::move(written)), bound_(std::move(bound)) {}
  std::vector<Names> reads(const Names& needed) const override {
    Names below = columns_in(*bound_);
    below.insert(needed.begin(), needed.end());
    return {at_least_one(below, schema)};
  }
  Parts run(Run& run, const Names& needed) const override {
    const Names below = reads(needed)[0];
    Parts parts = run.parts_of(inputs[0], below);
    parts.steps.push_back({.kind = Step::Kind::filter, .columns = {{"", {bound_}}}});
    const Names kept = at_least_one(needed, schema);
    if (!is_within(below, kept)) parts.steps.push_back(project_step(schema, kept));
    return parts;
  }
  Table here(std::vector<Table> tables) const override {
    return apply_steps(std::move(tables[0]), {{.kind = Step::Kind::filter, .columns = {{"", {bound_}}}}});
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override { return make_filter(from[0], written_); }
  std::string show() const override { return "filter " + frame::show(*written_); }
  NodePtr filtered_before(const TermPtr& condition) const override {
    if (const NodePtr below = inputs[0]->filtered_before(condition)) return make_filter(below, written_);
    return nullptr;
  }
  [[nodiscard]] const TermPtr& condition() const noexcept { return written_; }

 private:
  TermPtr written_, bound_;
};

// --- partitions as a whole

Table choose_task(const Table& table, double fraction, std::uint64_t seed) {
  std::vector<Row> rows;
  std::uint64_t state = seed * 0x9E3779B97F4A7C15 + 1;
  for (std::size_t i = 0; i < table.rows(); ++i) {  // splitmix64
    state += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = (state ^ state >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    if (static_cast<double>((mixed ^ mixed >> 31) >> 11) * 0x1p-53 < fraction)
      rows.push_back(static_cast<Row>(i));
  }
  return take(table, rows);
}

class SampleNode : public Node {
 public:
  SampleNode(const NodePtr& input, double fraction, std::uint64_t seed)
      : Node(input->schema, {input}), fraction_(fraction), seed_(seed) {}
  std::vector<Names> reads(const Names& needed) const override { return {at_least_one(needed, schema)}; }
  Parts run(Run& run, const Names& needed) const override {
    Parts results;
    std::uint64_t number = seed_ << 20;  // another one in each partition
    for (const Future<Table>& part : run.finished(run.parts_of(inputs[0], reads(needed)[0])))
      results.tables.push_back(run.client.submit(choose_task, part, fraction_, number++));
    return results;
  }
  Table here(std::vector<Table> tables) const override {
    return choose_task(tables[0], fraction_, seed_ << 20);
  }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_sample(from[0], fraction_, seed_);
  }
  std::string show() const override { return "sample of rows"; }

 private:
  double fraction_;
  std::uint64_t seed_;
};

class MappedNode : public Node {
 public:
  MappedNode(const NodePtr& input, PartitionMap map, Schema schema)
      : Node(std::move(schema), {input}), map_(std::move(map)) {}
  std::vector<Names> reads(const Names&) const override { return {names_of(inputs[0]->schema)}; }
  Parts run(Run& run, const Names&) const override {
    Parts parts = run.parts_of(inputs[0], names_of(inputs[0]->schema));
    parts.steps.push_back(project_step(inputs[0]->schema, names_of(inputs[0]->schema)));
    Parts results;
    for (const Future<Table>& part : run.finished(std::move(parts)))
      results.tables.push_back(map_.submit(run.client, part, schema));
    return results;
  }
  Table here(std::vector<Table> tables) const override { return map_.here(tables[0]); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override { return make_mapped(from[0], map_); }
  std::string show() const override { return "map_partitions"; }

 private:
  PartitionMap map_;
};

class AskedNode : public Node {
 public:
  AskedNode(Schema of, std::size_t partitions, AskForTables ask)
      : Node(std::move(of), {}), partitions_(partitions), ask_(std::move(ask)) {}
  std::vector<Names> reads(const Names&) const override { return {}; }
  Parts run(Run& run, const Names&) const override { return {.tables = ask_(run.client)}; }
  NodePtr with_inputs(std::vector<NodePtr>) const override { return shared_from_this(); }
  std::string show() const override { return "rows of a bag"; }
  std::size_t partitions() const override { return partitions_; }

 private:
  std::size_t partitions_;
  AskForTables ask_;
};

// Conditions that must all hold, one by one: each goes as far as it can.
void split_conditions(const TermPtr& term, std::vector<TermPtr>& conditions) {
  if (term->op != Op::both) return conditions.push_back(term);
  split_conditions(term->operands[0], conditions);
  split_conditions(term->operands[1], conditions);
}

}  // namespace

NodePtr make_source(std::shared_ptr<CsvSource> source) {
  return std::make_shared<SourceNode>(std::move(source));
}
NodePtr make_tables(Schema schema, std::vector<Future<Table>> tables) {
  return std::make_shared<TablesNode>(std::move(schema), std::move(tables));
}
NodePtr make_memory(Table table, std::size_t partitions) {
  if (partitions == 0)
    throw Error(ErrorKind::invalid_argument, "frame: partitions must be at least 1 (got 0)");
  return std::make_shared<MemoryNode>(std::move(table), partitions);
}

NodePtr make_sample(const NodePtr& input, double fraction, std::uint64_t seed) {
  if (!(fraction >= 0 && fraction <= 1))
    throw Error(ErrorKind::invalid_argument,
                "sample: a fraction must be in [0, 1] (got " + std::to_string(fraction) + ")");
  return std::make_shared<SampleNode>(input, fraction, seed);
}
NodePtr make_mapped(const NodePtr& input, PartitionMap map) {
  Schema schema;
  try {
    schema = map.here(empty_table(input->schema)).schema();
  } catch (const std::exception& error) {
    throw Error(ErrorKind::invalid_argument,
                "map_partitions: the function must take a table without rows, which says the columns of its "
                "result (it threw: " +
                    std::string(error.what()) + ")");
  }
  return std::make_shared<MappedNode>(input, std::move(map), std::move(schema));
}
NodePtr make_asked(Schema schema, std::size_t partitions, AskForTables ask) {
  return std::make_shared<AskedNode>(std::move(schema), partitions, std::move(ask));
}
void check_mapped(const Table& made, const Schema& schema) {
  if (made.schema() != schema)
    throw Error(ErrorKind::invalid_argument,
                "map_partitions: every partition must become a table of the same columns (got " +
                    to_text(made.schema()) + ", of no rows it made " + to_text(schema) + ")");
}

NodePtr make_project(const std::string& who, const NodePtr& input,
                     std::vector<std::pair<std::string, TermPtr>> columns) {
  std::vector<std::pair<std::string, TermPtr>> bound;
  Schema schema;
  Names seen;
  for (const auto& [name, term] : columns) {
    if (!seen.insert(name).second)
      throw Error(ErrorKind::invalid_argument, who + ": names must differ (got " + quoted(name) + " twice)");
    bound.emplace_back(name, typed(who, term, input->schema));
    schema.push_back({name, bound.back().second->type});
  }
  return std::make_shared<ProjectNode>(who, input, std::move(columns), std::move(bound), std::move(schema));
}

NodePtr make_filter(const NodePtr& input, const TermPtr& condition) {
  const TermPtr bound = typed("filter", condition, input->schema);
  if (bound->type != ColumnType::boolean)
    throw Error(ErrorKind::invalid_argument, "filter: a condition must be true or false, of type bool (got " +
                                                 std::string(to_string(bound->type)) + " from " +
                                                 show(*condition) + ")");
  return std::make_shared<FilterNode>(input, condition, bound);
}

namespace {

NodePtr rewritten(const NodePtr& node, Rewritten& known) {
  std::vector<NodePtr> inputs;
  bool is_same = true;
  for (const NodePtr& input : node->inputs) {
    inputs.push_back(optimized(input, known));
    is_same = is_same && inputs.back() == input;
  }
  const NodePtr own = is_same ? node : node->with_inputs(inputs);
  const auto* filter = dynamic_cast<const FilterNode*>(own.get());
  if (!filter) return own;
  std::vector<TermPtr> conditions, left;
  split_conditions(filter->condition(), conditions);
  NodePtr below = own->inputs[0];
  bool moved = false;
  for (const TermPtr& condition : conditions) {
    // What may throw is asked only for the rows that the plan as written leaves.
    if (may_fail(*typed("filter", condition, below->schema))) {
      left.push_back(condition);
    } else if (const NodePtr other = below->filtered_before(condition)) {
      below = other;
      moved = true;
    } else {
      left.push_back(condition);
    }
  }
  if (!moved) return own;
  below = optimized(below, known);
  if (left.empty()) return below;
  TermPtr rest = left.front();
  for (std::size_t i = 1; i < left.size(); ++i) rest = make_term(Op::both, {rest, left[i]});
  return make_filter(below, rest);
}

}  // namespace

NodePtr optimized(const NodePtr& node, Rewritten& known) {
  const auto found = known.find(node);
  if (found != known.end()) return found->second;
  const NodePtr result = rewritten(node, known);
  return known[node] = result;
}

}  // namespace weir::detail::frame
