// Partitions become tasks: blocks are read, tables are split by keys and put together again.
#include <algorithm>

#include "frame/plan/node.hpp"

namespace weir::detail::frame {

namespace {

Table apply_task(const Table& table, const Steps& steps) { return apply_steps(table, steps); }
Table join_task(const std::vector<Table>& tables) { return concat(tables); }
Table last_task(const Table& table, std::uint64_t count) {
  const std::uint64_t taken = std::min<std::uint64_t>(count, table.rows());
  return table.slice(table.rows() - taken, taken);
}
Run::Size size_task(const Table& table) { return {table.rows(), table.bytes()}; }
Pieces split_task(const Table& table, const std::vector<std::string>& keys, std::uint32_t parts) {
  return split_by_hash(table, keys, parts);
}
Table piece_task(const Pieces& pieces, std::uint32_t which) { return pieces.piece(which); }

constexpr std::uint64_t rows_of_a_part = 250'000, most_bytes_wanted = 32'000'000;
// Smaller pieces of partitions would not be worth a place on the disk.
constexpr std::uint64_t least_piece = 128 * 1024, most_bytes_of_a_part = 256'000'000;
// Of so much the size is estimated by the first partitions.
constexpr std::uint64_t much_to_measure = 256'000'000;
constexpr std::size_t measured_parts = 4;

}  // namespace

std::vector<Future<Table>> Run::finished(Parts parts) {
  if (parts.source) {
    CsvReading reading;
    auto tables = parts.source->read(client, std::move(parts.blocks), parts.columns, parts.planned,
                                     parts.steps, reading);
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

Parts Run::parts_of(const NodePtr& node, const Names& needed) {
  std::string before = client.rename(task_name(*node));
  Parts parts = made_parts(node, needed);
  client.rename(std::move(before));
  return parts;
}

Parts Run::made_parts(const NodePtr& node, const Names& needed) {
  const auto found = shared_.find(node.get());
  if (found == shared_.end()) return node->run(*this, needed);
  Shared& shared = found->second;
  if (!shared.is_made) {
    Parts parts = node->run(*this, shared.columns);
    std::uint64_t bytes = 0;
    for (const CsvBlock& block : parts.blocks)
      bytes += block.compression == Compression::none ? block.end - block.begin : 0;
    // What has no room is sooner read again than written to disk and read from there.
    if (is_much(bytes)) {
      shared_.erase(found);
      return parts;
    }
    shared.tables = finished(std::move(parts));
    shared.is_made = true;
  }
  return {.tables = shared.tables};
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
    if (all.bytes > much_to_measure || is_much(all.bytes)) return all;
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

std::uint64_t Run::bytes_of_a_part() const {
  return std::clamp(memory() / 32, least_piece, most_bytes_wanted);
}

std::uint64_t Run::wanted_parts(Size size) const {
  return std::max(size.rows / rows_of_a_part, size.bytes / bytes_of_a_part());
}

std::uint32_t Run::parts_for(Size size, std::size_t from) const {
  if (from < 2) return 1;
  const std::uint64_t wanted = wanted_parts(size);
  const std::uint64_t most = std::max(size.bytes / from / least_piece, size.bytes / most_bytes_of_a_part);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(std::min(wanted, most), 1, 1024));
}

Run::Split Run::split_for(const std::vector<Future<Table>>& parts) {
  if (parts.size() < 2) return {};
  const Size size = size_of(parts);
  // Small ones first become so large that a piece of each is worth its place.
  const std::uint64_t wanted = wanted_parts(size), average = size.bytes / parts.size() + 1;
  const std::uint64_t enough = std::min(2 * wanted * least_piece, bytes_of_a_part());
  const std::size_t every = wanted > 1 ? std::max<std::uint64_t>(1, enough / average) : 1;
  return {parts_for(size, (parts.size() + every - 1) / every), every};
}

std::vector<Future<Table>> Run::packed(std::vector<Future<Table>> parts, std::size_t every) {
  if (every < 2) return parts;
  std::vector<Future<Table>> packed;
  for (const auto& group : neighbours(parts, every))
    packed.push_back(client.submit(Options{.priority = split_priority}, join_task, group));
  return packed;
}

std::vector<std::vector<Future<Table>>> Run::neighbours(const std::vector<Future<Table>>& parts,
                                                        std::size_t every) {
  std::vector<std::vector<Future<Table>>> groups;
  for (std::size_t at = 0; at < parts.size(); at += every) {
    const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = parts.begin() + static_cast<std::ptrdiff_t>(std::min(at + every, parts.size()));
    groups.emplace_back(begin, end);
  }
  return groups;
}

std::vector<std::vector<Future<Table>>> Run::near_ones(const std::vector<Future<Table>>& parts) const {
  constexpr std::uint64_t most = 8, tasks_of_a_thread = 4, memory_of_a_task = 16;
  const bool are_there = !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const auto& part) {
    return part.status() == Status::finished;
  });
  const std::uint64_t enough = tasks_of_a_thread * threads();
  if (!are_there || parts.size() <= enough) return neighbours(parts, 1);
  std::vector<WorkerInfo> workers;
  try {
    workers = client.workers();
  } catch (const Error&) {  // a task may not ask
    return neighbours(parts, 1);
  }
  std::uint64_t results = 1, bytes = 0;
  for (const WorkerInfo& worker : workers) results += worker.results, bytes += worker.result_bytes;
  const std::uint64_t room = memory() / memory_of_a_task / threads() / (bytes / results + 1);
  const std::size_t every =
      std::clamp<std::uint64_t>(room, 1, std::min(most, (parts.size() + enough - 1) / enough));
  std::vector<std::vector<Future<Table>>> groups;
  std::vector<PeerId> before;
  for (const Future<Table>& part : parts) {
    const std::vector<PeerId> here = workers.size() > 1 ? client.who_has(part) : std::vector<PeerId>{};
    if (groups.empty() || groups.back().size() == every || here != before) groups.emplace_back();
    groups.back().push_back(part);
    before = here;
  }
  return groups;
}

void Run::look_at_workers() const {
  if (memory_ == 0) try {
      for (const WorkerInfo& worker : client.workers()) {
        memory_ += std::min(worker.memory_limit, ~std::uint64_t{0} / 1024);
        threads_ += worker.threads;
      }
    } catch (const Error&) {
      memory_ = ~std::uint64_t{0};  // a task may not ask
    }
}

std::uint64_t Run::memory() const {
  look_at_workers();
  return memory_;
}

std::uint64_t Run::threads() const {
  look_at_workers();
  return std::max<std::uint64_t>(1, threads_);
}

bool Run::is_much(std::uint64_t bytes) const { return bytes > memory() / 4; }

Node::Node(Schema of, std::vector<NodePtr> from)
    : schema(std::move(of)), inputs(std::move(from)), depth([this] {
        std::uint32_t most = 0;
        for (const NodePtr& input : inputs) most = std::max(most, input->depth + 1);
        return most;
      }()) {
  constexpr std::uint32_t deepest = 2'000;  // functions go through plans verb by verb
  if (depth > deepest)
    throw Error(ErrorKind::invalid_argument, "frame: a plan must be at most " + std::to_string(deepest) +
                                                 " verbs deep (got one more); persist() makes a new "
                                                 "beginning, assign and concat do many things at once");
}
std::size_t Node::partitions() const { return inputs.empty() ? 1 : inputs.front()->partitions(); }
NodePtr Node::filtered_before(const TermPtr&) const { return nullptr; }
Table Node::here(std::vector<Table>) const {
  throw Error(ErrorKind::unsupported,
              "applied: a frame that is joined with a batch must be a table in memory (got " + show() +
                  "); Frame(other.compute()) makes it one");
}

namespace {

// What is known of nodes, each of which is made once, wherever it is used.
Table applied(const Node& node, std::map<const Node*, Table>& known) {
  if (const auto found = known.find(&node); found != known.end()) return found->second;
  std::vector<Table> tables;
  for (const NodePtr& input : node.inputs) tables.push_back(applied(*input, known));
  return known[&node] = node.here(std::move(tables));
}

}  // namespace

Table applied(const Node& node, const Table& batch) {
  const Node* source = &node;
  while (!source->inputs.empty()) source = source->inputs.front().get();
  if (batch.schema() != source->schema)
    throw Error(ErrorKind::invalid_argument, "applied: a table must have the columns of the frame (got " +
                                                 to_text(batch.schema()) + ", the frame has " +
                                                 to_text(source->schema) + ")");
  std::map<const Node*, Table> known{{source, batch}};
  return applied(node, known);
}

std::string task_name(const Node& node) {
  constexpr std::size_t most_verbs = 3;
  const auto verb = [](const Node& of) {
    const std::string shown = of.show();
    return shown.substr(0, shown.find_first_of(" ,"));
  };
  std::string name;
  const Node* at = &node;
  for (std::size_t verbs = 0; !at->inputs.empty(); at = at->inputs.front().get())
    if (++verbs <= most_verbs) name = "." + verb(*at) + name;
    else if (verbs == most_verbs + 1) name = ".." + name;
  return verb(*at) + name;
}

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
NodePtr made_again(const NodePtr& node, Rewritten& known) {
  NodePtr& again = known[node];
  if (again) return again;
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node->inputs) inputs.push_back(made_again(input, known));
  return again = node->with_inputs(std::move(inputs));
}

// Who uses a node, and which of its columns.
struct Use {
  std::set<const void*> by;
  Names columns;
};
void note_uses(const NodePtr& node, const Names& needed, const void* by, std::map<const Node*, Use>& uses) {
  Use& use = uses[node.get()];
  const bool is_new = use.by.empty();
  use.by.insert(by);
  const std::size_t before = use.columns.size();
  use.columns.insert(needed.begin(), needed.end());
  if (!is_new && use.columns.size() == before) return;
  const std::vector<Names> reads = node->reads(use.columns);
  for (std::size_t i = 0; i < node->inputs.size(); ++i)
    note_uses(node->inputs[i], reads[i], node.get(), uses);
}

// `use(run, schemas, parts)` until no value is found any more that does not fit.
using UseAll = std::function<void(Run&, const std::vector<Schema>&, std::vector<Parts>)>;
void compute_with(std::vector<NodePtr> plans, const UseAll& use) {
  Run run;
  std::string why;  // columns have other types than when the plan was made
  for (;;) {
    Rewritten known;
    std::vector<NodePtr> nodes;
    std::vector<Schema> schemas;
    std::map<const Node*, Use> uses;
    for (const NodePtr& plan : plans) {
      nodes.push_back(optimized(plan, known));
      schemas.push_back(plan->schema);
    }
    if (plans.size() > 1)
      for (std::size_t i = 0; i < nodes.size(); ++i)
        note_uses(nodes[i], names_of(schemas[i]), &nodes[i], uses);
    std::map<const Node*, Names> shared;
    for (auto& [node, of] : uses)
      if (of.by.size() > 1) shared[node] = std::move(of.columns);
    run.begin(std::move(shared));
    try {
      try {
        std::vector<Parts> parts;
        for (std::size_t i = 0; i < nodes.size(); ++i)
          parts.push_back(run.parts_of(nodes[i], names_of(schemas[i])));
        run.client.rename(task_name(*nodes.front()));
        use(run, schemas, std::move(parts));
      } catch (const LearnedMore&) {
        throw;
      } catch (...) {
        run.check(true);  // a value that does not fit may be the reason
        throw;
      }
      run.check();
      return;
    } catch (const LearnedMore& learned) {
      if (!learned.why.empty()) why += (why.empty() ? "" : "; ") + learned.why;
      Rewritten again;
      try {
        for (NodePtr& plan : plans) plan = made_again(plan, again);
      } catch (const Error& error) {
        if (why.empty()) throw;
        throw Error(error.kind(), error.what() + ("; " + why));
      }
    }
  }
}

}  // namespace

void compute_parts(const NodePtr& node, const UseParts& use) {
  compute_with({node}, [&](Run& run, const std::vector<Schema>& schemas, std::vector<Parts> parts) {
    use(run, schemas[0], run.finished(std::move(parts[0])));
  });
}

void compute_first(const NodePtr& node, const std::function<void(const Table&)>& use) {
  compute_with({node}, [&](Run& run, const std::vector<Schema>& schemas, std::vector<Parts> all) {
    Parts& parts = all[0];
    parts.blocks.resize(std::min<std::size_t>(parts.blocks.size(), 1));
    parts.readers.resize(std::min<std::size_t>(parts.readers.size(), 1));
    parts.tables.resize(std::min<std::size_t>(parts.tables.size(), 1));
    use(conformed(run.finished(std::move(parts)).front().result(), schemas[0]));
  });
}

Table compute_last(const NodePtr& node, std::uint64_t count) {
  if (node->schema.empty()) return {};
  std::vector<Table> last;
  compute_with({node}, [&](Run& run, const std::vector<Schema>& schemas, std::vector<Parts> all) {
    last.assign(1, conformed(empty_table(schemas[0]), schemas[0]));
    std::uint64_t missing = count;
    // Whether there are enough, after so many of the last partitions that have not been looked at.
    const auto add = [&](std::vector<Future<Table>> parts) {
      for (Future<Table>& part : parts) part = run.client.submit(last_task, part, count);
      for (; !parts.empty() && missing > 0; parts.pop_back()) {
        const Table table = conformed(parts.back().result(), schemas[0]);
        const std::uint64_t taken = std::min<std::uint64_t>(missing, table.rows());
        last.push_back(table.slice(table.rows() - taken, taken));
        missing -= taken;
      }
      return missing == 0;
    };
    Parts& parts = all[0];
    // Blocks of files are believed when those before them have been read.
    if (parts.source) return static_cast<void>(add(run.finished(std::move(parts))));
    const auto take_back = [](auto& from, std::size_t most) {
      const auto begin = from.end() - static_cast<std::ptrdiff_t>(std::min(most, from.size()));
      const std::remove_reference_t<decltype(from)> taken(begin, from.end());
      from.erase(begin, from.end());
      return taken;
    };
    for (std::size_t most = 1; !parts.tables.empty() || !parts.readers.empty(); most *= 2) {
      Parts some{.tables = take_back(parts.tables, most), .steps = parts.steps};
      some.readers = take_back(parts.readers, most);
      if (add(run.finished(std::move(some)))) break;
    }
  });
  std::reverse(last.begin(), last.end());
  return concat(last);
}

std::vector<Table> compute_tables(const std::vector<NodePtr>& nodes) {
  std::vector<Table> results;
  for (const NodePtr& node : nodes)
    if (node->schema.empty()) {  // nothing is to be computed of it
      std::vector<NodePtr> others;
      std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(others),
                   [](const NodePtr& one) { return !one->schema.empty(); });
      std::vector<Table> tables = others.empty() ? std::vector<Table>{} : compute_tables(others);
      for (std::size_t i = 0, next = 0; i < nodes.size(); ++i)
        results.push_back(nodes[i]->schema.empty() ? Table() : std::move(tables[next++]));
      return results;
    }
  compute_with(nodes, [&](Run& run, const std::vector<Schema>& schemas, std::vector<Parts> parts) {
    results.assign(nodes.size(), Table());
    std::vector<std::vector<Future<Table>>> futures;
    for (Parts& one : parts) futures.push_back(run.finished(std::move(one)));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<Table> tables;
      for (const Table& table : run.client.gather(futures[i])) tables.push_back(conformed(table, schemas[i]));
      results[i] = concat(tables);
    }
  });
  return results;
}

Table compute_table(const NodePtr& node) {
  if (node->schema.empty()) return {};
  return compute_tables({node}).front();
}

}  // namespace weir::detail::frame
