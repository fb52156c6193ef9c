// From nodes to tasks: what is kept, what shares a task, submission in depth-first order.
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "array/graph/node.hpp"
#include "array/interpret/part.hpp"
#include "client/told.hpp"
#include "weir/client.hpp"

namespace weir::detail::array {

namespace {

constexpr std::uint32_t unknown = UINT32_MAX;
constexpr std::uint64_t worth_a_view = 256 * 1024;  // smaller parts should not keep their chunk

// Of graphs that are not small the answer is that it may be so.
bool may_be_costly(const std::vector<NodePtr>& roots) {
  constexpr std::size_t few = 32;
  SmallVector<const Node*, few> seen;
  for (const NodePtr& root : roots) seen.push_back(root.get());
  for (std::uint32_t at = 0; at < seen.size(); ++at) {
    const Node& node = *seen[at];
    if (node.is_costly() || seen.size() + node.inputs.size() > few) return true;
    for (const NodePtr& input : node.inputs)
      if (std::ranges::find(seen, input.get()) == seen.end()) seen.push_back(input.get());
  }
  return false;
}

}  // namespace

// A costly expression that several tasks would compute again is kept instead, if it is not large.
void Planner::keep_shared(const std::vector<NodePtr>& roots) {
  if (!may_be_costly(roots)) return;
  struct Facts {
    const Node* users[2] = {nullptr, nullptr};
    bool costly = false;
  };
  std::unordered_map<const Node*, Facts> facts;
  std::vector<const Node*> order;  // inputs before users
  bool any_costly = false;
  std::vector<std::pair<const Node*, std::size_t>> stack;
  for (const NodePtr& root : roots) {
    if (facts.try_emplace(root.get()).second) stack.emplace_back(root.get(), 0);
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next < node->inputs.size()) {
        const Node* input = node->inputs[next++].get();
        if (facts.try_emplace(input).second) stack.emplace_back(input, 0);
        continue;
      }
      bool costly = node->is_costly();
      for (const NodePtr& input : node->inputs)
        costly = costly || (!input->is_barrier() && !input->keep && facts[input.get()].costly);
      facts[node].costly = costly;
      any_costly = any_costly || costly;
      order.push_back(node);
      stack.pop_back();
    }
  }
  if (!any_costly) return;
  // Keys are the same on every machine.
  const auto limit = keyed_ ? UINT64_MAX
                            : static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                  static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 4;
  const auto use = [](Facts& f, const Node* user) {
    if (!user || f.users[0] == user || f.users[1] == user) return;
    (f.users[0] ? f.users[1] : f.users[0]) = user;
  };
  for (const NodePtr& root : roots) use(facts[root.get()], root.get());
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const Node* node = *at;
    const Facts mine = facts[node];
    const bool barrier = node->is_barrier() || node->keep;
    const bool shared = !barrier && mine.costly && mine.users[1] &&
                        static_cast<std::uint64_t>(node->grid.size()) * size_of(node->type) <= limit;
    if (shared) kept_.emplace(node, true);
    for (const NodePtr& input : node->inputs) {
      Facts& theirs = facts[input.get()];
      if (barrier || shared) {
        use(theirs, node);
      } else {
        use(theirs, mine.users[0]);
        use(theirs, mine.users[1]);
      }
    }
  }
}

Planner::Planner(const std::vector<NodePtr>& roots, Parts parts) : how_(parts) { keep_shared(roots); }

bool Planner::views(std::uint64_t bytes) const noexcept {
  return how_ == Parts::views && bytes >= worth_a_view;
}

std::unique_ptr<TaskBuilder> Planner::builder() {
  if (spare_.empty()) return std::make_unique<TaskBuilder>(*this);
  auto task = std::move(spare_.back());
  spare_.pop_back();
  task->code.clear();
  task->inputs.clear();
  task->functions.clear();
  task->place = -1;
  return task;
}

std::uint32_t Planner::finish(const std::string& name, TaskBuilder& task) {
  Planned planned;
  if (!keyed_) {
    Writer writer(planned.arguments);
    write(writer, task.code);
  }
  planned.inputs = task.inputs;
  planned.kernel = task.code.kernel;
  for (const std::uint32_t input : task.inputs) ++planned_[input].uses;
  auto& options = options_[name];
  if (!options) options = std::make_shared<const Options>(Options{.name = "array." + name});
  planned.options = &options;
  planned.place = task.place;
  planned_.push_back(std::move(planned));
  if (keyed_) keys_.push_back(key_of(name, task));
  ++tasks_;
  return static_cast<std::uint32_t>(planned_.size() - 1);
}

const Node* Planner::behind(const Node& node, View view, std::int64_t& chunk) const {
  const Node* at = node.through(view);
  while (at && !is_barrier(*at)) at = at->through(view);
  return at && is_whole_chunk(at->grid, view, chunk) ? at : nullptr;
}

std::uint32_t Planner::chunk(const Node& node, std::int64_t chunk) {
  auto& known = known_[&node];
  if (known.empty()) known.resize(static_cast<std::size_t>(node.grid.count()), unknown);
  std::uint32_t& mine = known[static_cast<std::size_t>(chunk)];
  if (mine != unknown) return mine;
  if (const client::FutureRef* held = node.held(chunk)) {
    if (carries_out_) return mine = take_held(node, chunk);
    Planned planned;
    planned.held = held;
    planned_.push_back(std::move(planned));
    if (keyed_) keys_.push_back(keyed_->key_of(*held->get()));
    mine = static_cast<std::uint32_t>(planned_.size() - 1);
    return mine;
  }
  if (!node.is_barrier()) {
    std::int64_t whole = 0;
    if (const Node* there = behind(node, chunk_view(node.grid, chunk), whole))
      return mine = this->chunk(*there, whole);
  }
  auto task = builder();
  if (node.is_barrier()) node.plan(*task, chunk);
  else node.Node::plan(*task, chunk);
  mine = carries_out_ ? carry_out(*task) : finish(node.name(), *task);
  spare_.push_back(std::move(task));
  return mine;
}

std::uint32_t Planner::part(const Node& node, std::int64_t chunk, const Dims& start, const Dims& shape) {
  const View view = box_view(start, shape);
  auto& known = parts_[&node];
  for (auto at = known.rbegin(); at != known.rend() && at - known.rbegin() < 4096; ++at)
    if (std::get<0>(*at) == chunk && std::get<1>(*at) == view) return std::get<2>(*at);
  auto task = builder();
  const std::uint32_t whole = task->chunk(node, chunk);
  if (std::uint64_t bytes = size_of(node.type);
      views(std::accumulate(shape.begin(), shape.end(), bytes, std::multiplies<>()))) {
    task->kernel(&look_at_part, {whole}, start, shape);
    const std::uint32_t mine = finish("part", *task);
    spare_.push_back(std::move(task));
    known.emplace_back(chunk, view, mine);
    return mine;
  }
  const std::uint32_t out = task->temporary(node.type, shape);
  Expression expression(*task, shape);
  Dims origin;
  origin.resize(shape.size());
  expression.load(whole, node.type, chunk_view(node.grid, chunk).shape, origin, view);
  Step step;
  step.shape = task->pool(shape);
  step.axes = shape.size();
  step.end = 1;
  step.destination = out;
  step.steps = task->pool(row_major(shape));
  task->code.code.assign(expression.code.begin(), expression.code.end());
  task->code.steps.push_back(step);
  task->result(out);
  const std::uint32_t mine = finish("part", *task);
  spare_.push_back(std::move(task));
  parts_[&node].emplace_back(chunk, view, mine);
  return mine;
}

namespace {

// None if there is but one worker; if some have something else to do, so that who has time for a task is
// better known when it can begin; or if they are so many that asking each of them takes long.
std::vector<std::string> threads_to_share() try {
  constexpr std::size_t most_workers = 64;
  const std::vector<WorkerInfo> workers = Client::current().workers();
  if (workers.size() < 2 || workers.size() > most_workers) return {};
  std::vector<std::string> names;
  for (const WorkerInfo& worker : workers) {
    if (worker.processing + worker.queued > 0 || worker.retiring) return {};
    names.insert(names.end(), worker.threads, worker.name);
  }
  return names;
} catch (const Error& error) {
  // Only rank 0 knows the workers.
  if (error.kind() != ErrorKind::unsupported) throw;
  return {};
}

}  // namespace

void Planner::begin(const std::vector<std::uint32_t>& wanted) {
  for (const std::uint32_t index : wanted) ++planned_[index].uses;
  handles_.resize(planned_.size());
  if (splits() && std::ranges::any_of(planned_, [](const Planned& one) { return one.place >= 0; }))
    places_ = threads_to_share();
}

void Planner::submit_until(client::ClusterLink& core, std::uint32_t last) {
  static const std::uint64_t invoker = task::portable_address(reinterpret_cast<const void*>(&run_task));
  for (; submitted_ <= last; ++submitted_) {
    Planned& planned = planned_[submitted_];
    if (planned.held) {
      handles_[submitted_] = *planned.held;
      continue;
    }
    client::Request request;
    request.invoker = invoker;
    request.function = planned.kernel ? planned.kernel : invoker;  // tasks of one kernel take about as long
    request.arguments = std::move(planned.arguments);
    for (const std::uint32_t input : planned.inputs)
      request.inputs.push_back(client::told_id(handles_[input]));
    request.options = options_of(planned);
    handles_[submitted_] = core.submit(std::move(request));
    for (const std::uint32_t input : planned.inputs)
      if (--planned_[input].uses == 0) handles_[input] = {};
  }
}

// A preference: of a worker that is lost or leaves, another has the tasks.
std::shared_ptr<const Options> Planner::options_of(const Planned& planned) {
  if (planned.place < 0 || places_.empty()) return *planned.options;
  const std::string& worker = places_[static_cast<std::size_t>(planned.place) % places_.size()];
  auto& placed = options_[(*planned.options)->name + '\n' + worker];
  if (!placed) {
    Options options = **planned.options;
    options.workers = {worker};
    options.allow_other_workers = true;
    placed = std::make_shared<const Options>(std::move(options));
  }
  return placed;
}

client::FutureRef Planner::take(std::uint32_t planned) {
  return --planned_[planned].uses == 0 ? std::exchange(handles_[planned], {}) : handles_[planned];
}

std::vector<client::FutureRef> Planner::submit(client::ClusterLink& core,
                                               const std::vector<std::uint32_t>& wanted) {
  begin(wanted);
  if (!planned_.empty()) submit_until(core, static_cast<std::uint32_t>(planned_.size() - 1));
  std::vector<client::FutureRef> results;
  results.reserve(wanted.size());
  for (const std::uint32_t index : wanted) results.push_back(take(index));
  return results;
}

namespace {

// Bytes of all chunks that are, or will be, results of tasks.
std::uint64_t held_bytes(const std::vector<NodePtr>& nodes) {
  std::uint64_t bytes = 0;
  std::unordered_map<const Node*, bool> seen;
  std::vector<const Node*> todo;
  for (const NodePtr& node : nodes)
    for (const NodePtr& input : node->inputs) todo.push_back(input.get());
  while (!todo.empty()) {
    const Node* node = todo.back();
    todo.pop_back();
    if (!seen.try_emplace(node, true).second) continue;
    if (node->is_barrier() || node->keep)
      bytes += static_cast<std::uint64_t>(node->grid.size()) * size_of(node->type);
    for (const NodePtr& input : node->inputs) todo.push_back(input.get());
  }
  return bytes;
}

}  // namespace

Parts parts_for(const Client& client, const std::vector<NodePtr>& nodes) {
  try {
    const auto workers = client.workers();
    std::uint64_t least = UINT64_MAX, held = held_bytes(nodes);
    for (const WorkerInfo& worker : workers) least = std::min(least, worker.memory_limit);
    if (workers.size() == 1) return held > least / 2 ? Parts::copies : Parts::none;
    for (const NodePtr& node : nodes)
      held += static_cast<std::uint64_t>(node->grid.size()) * size_of(node->type);
    // Looks count as if they were copies, so what is cut counts twice: at most half of the memory counts as
    // used, and nothing is spilled.
    return held / std::max<std::size_t>(1, workers.size()) > least / 3 ? Parts::copies : Parts::views;
  } catch (const Error& error) {
    // Only rank 0 knows the workers; a task that computes an array runs on one of several processes.
    if (error.kind() != ErrorKind::unsupported) throw;
    return Parts::copies;
  }
}

std::vector<std::vector<client::FutureRef>> submit_all(const std::vector<NodePtr>& nodes) {
  const Client client = Client::current();
  bool all_held = true;
  for (const NodePtr& node : nodes) all_held = all_held && dynamic_cast<const HeldNode*>(node.get());
  Planner planner(nodes, all_held ? Parts::none : parts_for(client, nodes));
  std::vector<std::uint32_t> wanted;
  for (const NodePtr& node : nodes)
    for (std::int64_t chunk = 0; chunk < node->grid.count(); ++chunk)
      wanted.push_back(planner.chunk(*node, chunk));
  const std::vector<client::FutureRef> handles = planner.submit(*client.core(), wanted);
  std::vector<std::vector<client::FutureRef>> all;
  auto at = handles.begin();
  for (const NodePtr& node : nodes) {
    all.emplace_back(at, at + node->grid.count());
    at += node->grid.count();
  }
  return all;
}
std::vector<client::FutureRef> submit_all(const NodePtr& node) {
  return submit_all(std::vector<NodePtr>{node}).front();
}

}  // namespace weir::detail::array
