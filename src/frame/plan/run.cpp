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
// Smaller pieces of partitions would not be worth a place on the disk.
constexpr std::uint64_t least_piece = 128 * 1024, most_bytes_of_a_part = 256'000'000;
// Of so much the size is estimated by the first partitions.
constexpr std::uint64_t much_to_measure = 256'000'000;
constexpr std::size_t measured_parts = 4;

}  // namespace

std::vector<Future<Table>> Run::finished(Parts parts) {
  if (parts.source) {
    CsvReading reading;
    auto tables = parts.source->read(client, std::move(parts.blocks), parts.columns, parts.steps, reading);
    if (!reading.said.empty()) readings_.emplace_back(std::move(parts.source), std::move(reading));
    return tables;
  }
  std::vector<Future<Table>> tables;
  for (const PartReader& reader : parts.readers) tables.push_back(reader(client, parts.steps));
  if (!parts.readers.empty()) return tables;
  if (parts.steps.empty()) return parts.tables;
  for (const Future<Table>& table : parts.tables)
    tables.push_back(client.submit(apply_task, table, parts.steps));
  return tables;
}

Future<Table> Run::joined(const std::vector<Future<Table>>& parts) {
  if (parts.size() == 1) return parts.front();
  return client.submit(join_task, parts);
}

void Run::check(bool finished_only) {
  for (auto& [source, reading] : std::exchange(readings_, {}))
    source->check(client, std::move(reading), finished_only);
}

Run::Size Run::size_of(const std::vector<Future<Table>>& parts) {
  const auto size_of_first = [&](std::size_t count) {
    std::vector<Future<Size>> sizes;
    for (std::size_t p = 0; p < count; ++p)
      sizes.push_back(client.submit(Options{.priority = split_priority}, size_task, parts[p]));
    Size all;
    for (const Size& size : client.gather(sizes)) all.rows += size.rows, all.bytes += size.bytes;
    return all;
  };
  if (parts.size() > 2 * measured_parts) {
    Size all = size_of_first(measured_parts);
    all.rows = all.rows * parts.size() / measured_parts;
    all.bytes = all.bytes * parts.size() / measured_parts;
    if (all.bytes > much_to_measure) return all;
  }
  return size_of_first(parts.size());
}

std::vector<std::vector<Future<Table>>> Run::by_hash(const std::vector<Future<Table>>& parts,
                                                     const std::vector<std::string>& keys,
                                                     std::uint32_t count) {
  std::vector<std::vector<Future<Table>>> buckets(count);
  for (const Future<Table>& part : parts) {
    const auto pieces = client.submit(Options{.priority = split_priority}, split_task, part, keys, count);
    for (std::uint32_t bucket = 0; bucket < count; ++bucket)
      buckets[bucket].push_back(
          client.submit(Options{.priority = piece_priority}, piece_task, pieces, bucket));
  }
  return buckets;
}

std::uint32_t Run::parts_for(Size size, std::size_t from) const {
  if (from < 2) return 1;
  const std::uint64_t wanted = std::max(size.rows / rows_of_a_part,
                                        size.bytes / std::clamp(memory() / 32, least_piece, bytes_of_a_part));
  const std::uint64_t most = std::max(size.bytes / from / least_piece, size.bytes / most_bytes_of_a_part);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(std::min(wanted, most), 1, 1024));
}

std::uint64_t Run::memory() const {
  if (memory_ == 0) try {
      for (const WorkerInfo& worker : client.workers())
        memory_ += std::min(worker.memory_limit, ~std::uint64_t{0} / 1024);
    } catch (const Error&) {
      memory_ = ~std::uint64_t{0};  // a task may not ask
    }
  return memory_;
}

bool Run::is_much(std::uint64_t bytes) const { return bytes > memory() / 4; }

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
      try {
        use(run, node->schema, optimized(node)->run(run, names_of(node->schema)));
      } catch (const LearnedMore&) {
        throw;
      } catch (...) {
        run.check(true);  // a value that does not fit may be the reason
        throw;
      }
      run.check();
      return;
    } catch (const LearnedMore&) {
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
    parts.readers.resize(std::min<std::size_t>(parts.readers.size(), 1));
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
