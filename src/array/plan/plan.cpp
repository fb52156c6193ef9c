// From nodes to tasks: culling, fusion, cutting at chunk borders, submission in depth-first order.
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "array/graph/node.hpp"
#include "array/interpret/part.hpp"
#include "weir/client.hpp"

namespace weir::detail::array {

void refuse(std::string_view function, const std::string& text) {
  throw Error(ErrorKind::invalid_argument, std::string(function) + ": " + text);
}

namespace {

constexpr std::uint32_t unknown = UINT32_MAX;
constexpr std::uint64_t worth_a_part = 64 * 1024;
constexpr std::uint64_t worth_a_look = 256 * 1024;  // smaller parts should not keep their chunk

// Whether the view is all of the chunk that has its first element.
bool is_whole_chunk(const Grid& grid, const View& view, std::int64_t& chunk) {
  if (view.shape.size() != grid.axes()) return false;
  Dims at;
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const AxisMap& map = view.maps[a];
    if (map.axis != static_cast<std::int64_t>(a) || map.step != 1) return false;
    const std::int64_t i = grid.find(a, map.start);
    if (grid.starts[a][static_cast<std::size_t>(i)] != map.start ||
        grid.chunks[a][static_cast<std::size_t>(i)] != view.shape[a])
      return false;
    at.push_back(i);
  }
  chunk = grid.ravel(at);
  return true;
}

void cut_at_chunks(const Grid& grid, const View& view, Cuts& cuts) {
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const AxisMap& map = view.maps[a];
    const auto& starts = grid.starts[a];
    if (map.axis < 0 || map.step == 0 || starts.size() <= 2) continue;
    const std::int64_t count = view.shape[static_cast<std::size_t>(map.axis)];
    const std::int64_t last = map.start + map.step * (count - 1);
    const std::int64_t low = std::min(map.start, last), high = std::max(map.start, last);
    for (std::size_t c = static_cast<std::size_t>(grid.find(a, low)) + 1;
         c + 1 < starts.size() && starts[c] <= high; ++c) {
      const std::int64_t border = starts[c];
      cuts.add(map.axis, map.step > 0 ? (border - map.start + map.step - 1) / map.step
                                      : (map.start - border) / -map.step + 1);
    }
  }
}

View piece(const View& view, const Dims& from, const Dims& shape) {
  View part = view;
  part.shape = shape;
  for (AxisMap& map : part.maps)
    if (map.axis >= 0) map.start += map.step * from[static_cast<std::size_t>(map.axis)];
  return part;
}

}  // namespace

// --- grids and views

Grid::Grid(Chunks all) : chunks(std::move(all)) {
  for (const auto& sizes : chunks) {
    std::vector<std::int64_t> at{0};
    at.reserve(sizes.size() + 1);
    for (const std::int64_t size : sizes) at.push_back(at.back() + size);
    shape.push_back(at.back());
    starts.push_back(std::move(at));
  }
  check_size("array", shape, chunks);
}
std::int64_t Grid::size() const noexcept {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}
std::int64_t Grid::count() const noexcept {
  std::int64_t n = 1;
  for (const auto& sizes : chunks) n *= static_cast<std::int64_t>(sizes.size());
  return n;
}
Dims Grid::unravel(std::int64_t chunk) const {
  Dims at;
  at.resize(static_cast<std::uint32_t>(axes()));
  for (std::size_t a = axes(); a-- > 0;) {
    const auto n = static_cast<std::int64_t>(chunks[a].size());
    at[a] = chunk % n;
    chunk /= n;
  }
  return at;
}
std::int64_t Grid::ravel(const Dims& at) const {
  std::int64_t chunk = 0;
  for (std::size_t a = 0; a < axes(); ++a)
    chunk = chunk * static_cast<std::int64_t>(chunks[a].size()) + at[a];
  return chunk;
}
std::int64_t Grid::find(std::size_t axis, std::int64_t index) const {
  const auto& at = starts[axis];
  if (at.size() == 2) return 0;
  const auto next = std::upper_bound(at.begin(), at.end() - 1, index);
  return std::max<std::int64_t>(0, next - at.begin() - 1);
}

bool View::empty() const noexcept {
  return std::any_of(shape.begin(), shape.end(), [](std::int64_t n) { return n == 0; });
}
bool operator==(const View& a, const View& b) noexcept {
  return std::equal(a.shape.begin(), a.shape.end(), b.shape.begin(), b.shape.end()) &&
         std::equal(a.maps.begin(), a.maps.end(), b.maps.begin(), b.maps.end());
}

View chunk_view(const Grid& grid, std::int64_t chunk) {
  View view;
  const Dims at = grid.unravel(chunk);
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const auto i = static_cast<std::size_t>(at[a]);
    view.shape.push_back(grid.chunks[a][i]);
    view.maps.push_back({grid.starts[a][i], 1, static_cast<std::int64_t>(a)});
  }
  return view;
}
View box_view(const Dims& start, const Dims& shape) {
  View view;
  view.shape = shape;
  for (std::size_t a = 0; a < start.size(); ++a)
    view.maps.push_back({start[a], 1, static_cast<std::int64_t>(a)});
  return view;
}
Dims row_major(const Dims& shape) {
  Dims steps;
  steps.resize(shape.size());
  std::int64_t n = 1;
  for (std::size_t a = shape.size(); a-- > 0;) {
    steps[a] = n;
    n *= shape[a];
  }
  return steps;
}

// --- nodes

Node::~Node() = default;
void Node::plan(TaskBuilder& task, std::int64_t chunk) const {
  const View view = chunk_view(grid, chunk);
  std::uint32_t operand = 0;
  if (!direct(task, view, operand)) {
    operand = task.temporary(type, view.shape);
    task.fill(*this, view, {.operand = operand, .steps = row_major(view.shape)}, true);
  }
  task.result(operand);
}
void TaskNode::cut(Planner&, const View& view, Cuts& cuts) const { cut_at_chunks(grid, view, cuts); }
Register TaskNode::emit(Expression&, const View&) const {
  throw Error(ErrorKind::internal, "array: code of a node that is a task was asked for");
}
void HeldNode::cut(Planner&, const View& view, Cuts& cuts) const { cut_at_chunks(grid, view, cuts); }
Register HeldNode::emit(Expression&, const View&) const {
  throw Error(ErrorKind::internal, "array: code of a node that is held was asked for");
}

void cut_input(Planner& planner, const Node& node, const View& view, Cuts& cuts) {
  if (planner.is_barrier(node)) return cut_at_chunks(node.grid, view, cuts);
  for (const auto& [seen, at] : cuts.seen)
    if (seen == &node && at == view) return;
  cuts.seen.emplace_back(&node, view);
  node.cut(planner, view, cuts);
}

// --- one step

Register Expression::emit(const Node& node, const View& view) {
  for (const auto& [known, at, result] : known_)
    if (known == &node && at == view) return result;
  Register result = 0;
  if (!task.planner.is_barrier(node)) {
    result = node.emit(*this, view);
  } else {
    Dims at, origin, extent, low, box;
    std::int64_t elements = 1, used = 1;
    for (std::size_t a = 0; a < node.grid.axes(); ++a) {
      const AxisMap& map = view.maps[a];
      const std::int64_t last =
          map.axis < 0 ? map.start
                       : map.start + map.step * (view.shape[static_cast<std::size_t>(map.axis)] - 1);
      at.push_back(node.grid.find(a, map.start));
      origin.push_back(node.grid.starts[a][static_cast<std::size_t>(at[a])]);
      extent.push_back(node.grid.chunks[a][static_cast<std::size_t>(at[a])]);
      low.push_back(std::min(map.start, last));
      box.push_back(std::max(map.start, last) - low[a] + 1);
      elements *= extent[a];
      used *= box[a];
    }
    const std::int64_t chunk = node.grid.ravel(at);
    if (task.planner.splits() && used * 2 <= elements &&
        static_cast<std::uint64_t>(elements) * size_of(node.type) >= worth_a_part) {
      Dims start = low;
      for (std::size_t a = 0; a < start.size(); ++a) start[a] -= origin[a];
      const std::uint32_t planned = task.planner.part(node, chunk, start, box);
      std::uint32_t input = 0;
      while (input < task.inputs.size() && task.inputs[input] != planned) ++input;
      if (input == task.inputs.size()) task.inputs.push_back(planned);
      const bool look = task.planner.looks(static_cast<std::uint64_t>(used) * size_of(node.type));
      task.code.operands.push_back({.kind = look ? Operand::Kind::part : Operand::Kind::input,
                                    .type = node.type,
                                    .index = input,
                                    .shape = task.pool(box),
                                    .axes = box.size()});
      result = load(static_cast<std::uint32_t>(task.code.operands.size() - 1), node.type, box, low, view);
      if (look) {
        const Code in_place = load_code(0, node.type, extent, origin, view);
        code[result].immediate = {static_cast<std::uint64_t>(in_place.offset), in_place.steps};
      }
    } else {
      result = load(task.chunk(node, chunk), node.type, extent, origin, view);
    }
  }
  known_.emplace_back(&node, view, result);
  return result;
}

Register Expression::add(const Code& one) {
  if (code.size() >= 60000)
    throw Error(ErrorKind::unsupported,
                "array: an expression has more than 60000 operations; persist() a part of it");
  code.push_back(one);
  return static_cast<Register>(code.size() - 1);
}

std::uint32_t Expression::steps(const Dims& steps) { return task.pool(steps); }

Register Expression::load(std::uint32_t operand, DType type, const Dims& extent, const Dims& origin,
                          const View& view) {
  return add(load_code(operand, type, extent, origin, view));
}

Code Expression::load_code(std::uint32_t operand, DType type, const Dims& extent, const Dims& origin,
                           const View& view) {
  const Dims strides = row_major(extent);
  Dims each;
  each.resize(view.shape.size());
  Code one;
  one.op = Op::load;
  one.in = one.out = type;
  one.operand = operand;
  for (std::size_t a = 0; a < view.maps.size(); ++a) {
    const AxisMap& map = view.maps[a];
    one.offset += (map.start - origin[a]) * strides[a];
    if (map.axis >= 0) each[static_cast<std::size_t>(map.axis)] += map.step * strides[a];
  }
  one.steps = steps(each);
  return one;
}

Register Expression::cast(Register from, DType to) {
  if (type(from) == to) return from;
  if (code[from].op == Op::constant) {
    Code one = code[from];
    Code convert;
    convert.op = Op::cast;
    convert.in = one.out;
    convert.out = to;
    std::array<std::uint64_t, 4> value{};
    cast_kernel(Op::cast, one.out, to)(one.immediate.data(), nullptr, nullptr, value.data(), 1, convert);
    one.in = one.out = to;
    one.immediate = value;
    return add(one);
  }
  Code one;
  one.op = Op::cast;
  one.in = type(from);
  one.out = to;
  one.a = from;
  return add(one);
}

// --- one task

std::uint32_t TaskBuilder::pool(const Dims& values) {
  const auto at = static_cast<std::uint32_t>(code.pool.size());
  code.pool.insert(code.pool.end(), values.begin(), values.end());
  return at;
}

std::uint32_t TaskBuilder::temporary(DType type, const Dims& shape, Fold initial) {
  code.operands.push_back({.kind = Operand::Kind::temporary,
                           .type = type,
                           .initial = initial,
                           .shape = pool(shape),
                           .axes = shape.size()});
  return static_cast<std::uint32_t>(code.operands.size() - 1);
}

std::uint32_t TaskBuilder::chunk(const Node& node, std::int64_t chunk) {
  const std::uint32_t planned = planner.chunk(node, chunk);
  for (std::uint32_t input = 0; input < inputs.size(); ++input)
    if (inputs[input] == planned)
      for (std::uint32_t o = 0; o < code.operands.size(); ++o)
        if (code.operands[o].kind == Operand::Kind::input && code.operands[o].index == input) return o;
  inputs.push_back(planned);
  const Dims shape = chunk_view(node.grid, chunk).shape;
  code.operands.push_back({.kind = Operand::Kind::input,
                           .type = node.type,
                           .index = inputs.size() - 1,
                           .shape = pool(shape),
                           .axes = shape.size()});
  return static_cast<std::uint32_t>(code.operands.size() - 1);
}

std::uint32_t TaskBuilder::file(const FileName& name, DType type, const Dims& start, const Dims& shape) {
  std::uint32_t index = 0;
  while (index < code.files.size() && code.files[index] != name) ++index;
  if (index == code.files.size()) code.files.push_back(name);
  for (std::uint32_t o = 0; o < code.operands.size(); ++o) {
    const Operand& known = code.operands[o];
    if (known.kind == Operand::Kind::file && known.index == index && known.type == type &&
        std::equal(start.begin(), start.end(), code.pool.begin() + known.start) &&
        std::equal(shape.begin(), shape.end(), code.pool.begin() + known.shape))
      return o;
  }
  const std::uint32_t at = pool(shape);
  code.operands.push_back({.kind = Operand::Kind::file,
                           .type = type,
                           .index = index,
                           .shape = at,
                           .axes = shape.size(),
                           .start = pool(start)});
  return static_cast<std::uint32_t>(code.operands.size() - 1);
}

void TaskBuilder::fill(const Node& node, const View& view, const Destination& to, bool own) {
  if (view.empty()) return;
  Cuts cuts;
  cuts.at.resize(view.shape.size());
  if (own && !node.is_barrier()) node.cut(planner, view, cuts);
  else cut_input(planner, node, view, cuts);
  std::int64_t pieces = 1;
  for (std::size_t k = 0; k < cuts.at.size(); ++k) {
    auto& at = cuts.at[k];
    at.push_back(0);
    std::ranges::sort(at);
    at.erase(std::unique(at.begin(), at.end()), at.end());
    std::erase_if(at, [&](std::int64_t position) { return position < 0 || position >= view.shape[k]; });
    pieces *= static_cast<std::int64_t>(at.size());
    at.push_back(view.shape[k]);
  }
  for (std::int64_t p = 0; p < pieces; ++p) {
    Dims from, shape;
    from.resize(view.shape.size());
    shape.resize(view.shape.size());
    std::int64_t rest = p, offset = to.offset, index = to.index_offset;
    for (std::size_t k = view.shape.size(); k-- > 0;) {
      const auto n = static_cast<std::int64_t>(cuts.at[k].size()) - 1;
      const auto i = static_cast<std::size_t>(rest % n);
      rest /= n;
      from[k] = cuts.at[k][i];
      shape[k] = cuts.at[k][i + 1] - from[k];
      offset += from[k] * to.steps[k];
      if (to.index_steps.size()) index += from[k] * to.index_steps[k];
    }
    Expression expression(*this, shape);
    const View part = pieces == 1 ? view : piece(view, from, shape);
    const Register last =
        own && !node.is_barrier() ? node.emit(expression, part) : expression.emit(node, part);
    if (last + 1u != expression.code.size())
      throw Error(ErrorKind::internal, "array: the last register of an expression is not its result");
    Step step;
    step.shape = pool(shape);
    step.axes = shape.size();
    step.begin = static_cast<std::uint32_t>(code.code.size());
    code.code.insert(code.code.end(), expression.code.begin(), expression.code.end());
    step.end = static_cast<std::uint32_t>(code.code.size());
    step.destination = to.operand;
    step.steps = pool(to.steps);
    step.offset = offset;
    step.plane = to.plane;
    step.fold = to.fold;
    step.index_steps = pool(to.index_steps);
    step.index_offset = index;
    code.steps.push_back(step);
  }
}

std::uint32_t TaskBuilder::need(const Node& node, const View& view) {
  std::int64_t whole = 0;
  std::uint32_t operand = 0;
  if (planner.is_barrier(node)) {
    if (is_whole_chunk(node.grid, view, whole)) return chunk(node, whole);
  } else if (node.direct(*this, view, operand)) {
    return operand;
  }
  operand = temporary(node.type, view.shape);
  fill(node, view, {.operand = operand, .steps = row_major(view.shape)});
  return operand;
}

void TaskBuilder::kernel(Kernel function, std::vector<std::uint32_t> operands) {
  code.kernel = task::portable_address(reinterpret_cast<const void*>(function));
  code.kernel_operands = std::move(operands);
}

// --- the plan

Planner::Planner(const std::vector<NodePtr>& roots, Parts parts) : how_(parts) { keep_shared(roots); }

bool Planner::looks(std::uint64_t bytes) const noexcept {
  return how_ == Parts::looks && bytes >= worth_a_look;
}

// A costly expression that several tasks would compute again is kept instead, if it is not large.
void Planner::keep_shared(const std::vector<NodePtr>& roots) {
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
  const auto limit = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
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

std::unique_ptr<TaskBuilder> Planner::builder() {
  if (spare_.empty()) return std::make_unique<TaskBuilder>(*this);
  auto task = std::move(spare_.back());
  spare_.pop_back();
  task->code.clear();
  task->inputs.clear();
  return task;
}

std::uint32_t Planner::finish(const std::string& name, TaskBuilder& task) {
  Planned planned;
  Writer writer(planned.arguments);
  write(writer, task.code);
  planned.inputs = task.inputs;
  planned.kernel = task.code.kernel;
  for (const std::uint32_t input : task.inputs) ++planned_[input].uses;
  auto& options = options_[name];
  if (!options) options = std::make_shared<const Options>(Options{.name = "array." + name});
  planned.options = &options;
  planned_.push_back(std::move(planned));
  ++tasks_;
  return static_cast<std::uint32_t>(planned_.size() - 1);
}

std::uint32_t Planner::chunk(const Node& node, std::int64_t chunk) {
  auto& known = known_[&node];
  if (known.empty()) known.resize(static_cast<std::size_t>(node.grid.count()), unknown);
  std::uint32_t& mine = known[static_cast<std::size_t>(chunk)];
  if (mine != unknown) return mine;
  if (const client::FutureRef* held = node.held(chunk)) {
    Planned planned;
    planned.held = held;
    planned_.push_back(std::move(planned));
    mine = static_cast<std::uint32_t>(planned_.size() - 1);
    return mine;
  }
  auto task = builder();
  if (node.is_barrier()) node.plan(*task, chunk);
  else node.Node::plan(*task, chunk);
  mine = finish(node.name(), *task);
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
      looks(std::accumulate(shape.begin(), shape.end(), bytes, std::multiplies<>()))) {
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
  task->code.code = expression.code;
  task->code.steps.push_back(step);
  task->result(out);
  const std::uint32_t mine = finish("part", *task);
  spare_.push_back(std::move(task));
  parts_[&node].emplace_back(chunk, view, mine);
  return mine;
}

void Planner::begin(const std::vector<std::uint32_t>& wanted) {
  for (const std::uint32_t index : wanted) ++planned_[index].uses;
  handles_.resize(planned_.size());
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
    for (const std::uint32_t input : planned.inputs) request.inputs.push_back(handles_[input]->id);
    request.options = *planned.options;
    handles_[submitted_] = core.submit(std::move(request));
    for (const std::uint32_t input : planned.inputs)
      if (--planned_[input].uses == 0) handles_[input] = {};
  }
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
    return held / std::max<std::size_t>(1, workers.size()) > least / 3 ? Parts::copies : Parts::looks;
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
