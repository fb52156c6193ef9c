// Partitions become tasks: blocks are read, tables are split by keys and put together again.
#include <algorithm>

#include "frame/plan/node.hpp"

namespace weir::detail::frame {

namespace {

Table apply_task(const Table& table, const Steps& steps) { return apply_steps(table, steps); }
Table join_task(const std::vector<Table>& tables) { return concat(tables); }
Run::Size size_task(const Table& table) { return {table.rows(), table.bytes()}; }
std::vector<Table> split_task(const Table& table, const std::vector<std::string>& keys, std::uint32_t parts) {
  return split_by_hash(table, keys, parts);
}
Table piece_task(const std::vector<Table>& pieces, std::uint32_t which) { return pieces[which]; }

constexpr std::uint64_t rows_of_a_part = 250'000, bytes_of_a_part = 32'000'000;

}  // namespace

std::vector<Future<Table>> Run::finished(Parts parts) {
  if (parts.source) return parts.source->read(client, parts.blocks, parts.columns, parts.steps);
  if (parts.steps.empty()) return parts.tables;
  std::vector<Future<Table>> tables;
  for (const Future<Table>& table : parts.tables)
    tables.push_back(client.submit(apply_task, table, parts.steps));
  return tables;
}

Future<Table> Run::joined(const std::vector<Future<Table>>& parts) {
  if (parts.size() == 1) return parts.front();
  return client.submit(join_task, parts);
}

std::vector<Run::Size> Run::sizes(const std::vector<Future<Table>>& parts) {
  std::vector<Future<Size>> sizes;
  for (const Future<Table>& part : parts) sizes.push_back(client.submit(size_task, part));
  return client.gather(sizes);
}

std::vector<std::vector<Future<Table>>> Run::by_hash(const std::vector<Future<Table>>& parts,
                                                     const std::vector<std::string>& keys,
                                                     std::uint32_t count) {
  std::vector<std::vector<Future<Table>>> buckets(count);
  for (const Future<Table>& part : parts) {
    const auto pieces = client.submit(split_task, part, keys, count);
    for (std::uint32_t bucket = 0; bucket < count; ++bucket)
      buckets[bucket].push_back(client.submit(piece_task, pieces, bucket));
  }
  return buckets;
}

std::uint32_t Run::parts_for(std::uint64_t rows, std::uint64_t bytes) {
  const std::uint64_t parts = std::max(rows / rows_of_a_part, bytes / bytes_of_a_part);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(parts, 1, 1024));
}

std::size_t Node::partitions() const { return inputs.empty() ? 1 : inputs.front()->partitions(); }
NodePtr Node::filtered_before(const TermPtr&) const { return nullptr; }

Names names_of(const Schema& schema) {
  Names names;
  for (const Field& field : schema) names.insert(field.name);
  return names;
}

std::vector<std::pair<std::string, TermPtr>> plain_columns(const Schema& schema) {
  std::vector<std::pair<std::string, TermPtr>> columns;
  for (const Field& field : schema) columns.emplace_back(field.name, make_column_term(field.name));
  return columns;
}

Table conformed(const Table& table, const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema) names.push_back(field.name);
  return only(table, names);
}

namespace {

// The same plan with the types that its files have now.
NodePtr made_again(const NodePtr& node) {
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node->inputs) inputs.push_back(made_again(input));
  return node->with_inputs(std::move(inputs));
}

// `use(run, parts)` until no value is found any more that does not fit.
void compute_with(const NodePtr& plan, const std::function<void(Run&, const Schema&, Parts)>& use) {
  Run run;
  for (NodePtr node = plan;;) {
    try {
      use(run, node->schema, optimized(node)->run(run, names_of(node->schema)));
      return;
    } catch (const Widened&) {
      node = made_again(node);
    }
  }
}

}  // namespace

void compute_parts(const NodePtr& node, const UseParts& use) {
  compute_with(node, [&](Run& run, const Schema& schema, Parts parts) {
    use(run, schema, run.finished(std::move(parts)));
  });
}

void compute_first(const NodePtr& node, const std::function<void(const Table&)>& use) {
  compute_with(node, [&](Run& run, const Schema& schema, Parts parts) {
    parts.blocks.resize(std::min<std::size_t>(parts.blocks.size(), 1));
    parts.tables.resize(std::min<std::size_t>(parts.tables.size(), 1));
    use(conformed(run.finished(std::move(parts)).front().result(), schema));
  });
}

Table compute_table(const NodePtr& node) {
  Table result;
  if (node->schema.empty()) return result;
  compute_parts(node, [&](Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
    std::vector<Table> tables;
    for (const Table& table : run.client.gather(parts)) tables.push_back(conformed(table, schema));
    result = concat(tables);
  });
  return result;
}

}  // namespace weir::detail::frame
