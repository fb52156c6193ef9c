// Small arrays of one chunk: planned without views, computed where they are asked for.
#include "array/graph/straight.hpp"

#include <algorithm>
#include <cstring>

#include "array/interpret/step.hpp"
#include "client/values_here.hpp"

namespace weir::detail::array {

// --- a step

bool StraightStep::emit(const Node& node, Register& result) {
  for (const Known& known : known_)
    if (known.node == &node) {
      result = known.result;
      return true;
    }
  if (node.keep) return false;
  if (!node.is_barrier()) {
    if (!node.emit_straight(*this, result)) return false;
  } else {
    const bool is_one = node.grid.axes() == 0;
    if (!is_one && !is_like(node)) return false;
    const std::uint32_t operand = task.operand(node, 0);
    if (operand == StraightTask::no_operand) return false;
    Code one;
    one.op = Op::load;
    one.in = one.out = node.type;
    one.operand = operand;
    one.steps = task.pool(is_one ? 0 : 1);
    result = add(one);
  }
  known_.push_back({&node, result});
  return true;
}

bool StraightStep::counts(const Node& node) {
  return (node.grid.axes() == 0 || is_like(node)) && task.counts(node);
}

// --- a task

namespace {

// Elements of a register; as many as fit into the fastest cache with those of a few others.
constexpr std::int64_t piece_elements = 512;
constexpr std::size_t most_registers = 16, widest = 16;
using Registers = std::byte[most_registers][piece_elements * widest];

void fill_with(const void* one, std::int64_t size, std::byte* to, std::int64_t count) {
  const auto with = [&]<class Bits>(Bits value) {
    std::memcpy(&value, one, sizeof value);
    std::fill_n(reinterpret_cast<Bits*>(to), count, value);
  };
  if (size == 1) return with(std::uint8_t{});
  if (size == 2) return with(std::uint16_t{});
  if (size == 4) return with(std::uint32_t{});
  if (size == 8) return with(std::uint64_t{});
  for (std::int64_t i = 0; i < count; ++i, to += size) std::memcpy(to, one, static_cast<std::size_t>(size));
}

// Of a chunk that is as its array says, else null.
void* elements_in(const task::Value& value, const Node& node, std::int64_t chunk) {
  return dispatch(node.type, [&]<class T>(std::type_identity<T>) -> void* {
    const auto& array = value.as<xt::xarray<T>>();
    const auto is_like = [&](const auto& shape) {
      return std::ranges::equal(array.shape(), shape, {},
                                [](auto n) { return static_cast<std::int64_t>(n); });
    };
    const bool is_whole =
        node.grid.count() == 1 ? is_like(node.grid.shape) : is_like(chunk_view(node.grid, chunk).shape);
    return is_whole ? const_cast<T*>(array.data()) : nullptr;
  });
}

// Each element by itself, so that it does not matter in what pieces; false if that takes more.
bool store_elements(const TaskCode& task, const Step& step, const std::vector<Tensor>& operands,
                    Registers& registers) {
  const std::size_t count = step.end - step.begin;
  const Code* const code = task.code.data() + step.begin;
  if (count > most_registers || code[count - 1].op <= Op::iota) return false;
  const std::int64_t n = task.pool[step.shape];
  const std::byte* at[most_registers];
  std::int64_t apart[most_registers];  // bytes from element to element of what is read where it lies, else 0
  ElementKernel kernels[most_registers];
  bool in_one = true;
  for (std::size_t r = 0; r < count; ++r) {
    const auto size = static_cast<std::int64_t>(size_of(code[r].out));
    at[r] = registers[r];
    apart[r] = 0;
    kernels[r] = nullptr;
    if (code[r].op == Op::load && task.pool[code[r].steps] == 1) {
      at[r] = static_cast<const std::byte*>(operands[code[r].operand].data);
      apart[r] = size;
    } else if (code[r].op == Op::load || code[r].op == Op::constant) {
      const void* const one = code[r].op == Op::load ? operands[code[r].operand].data
                                                     : static_cast<const void*>(code[r].immediate.data());
      fill_with(one, size, registers[r], std::min(n, piece_elements));
      in_one = false;
    } else {
      kernels[r] = element_kernel(code[r]);
      in_one = in_one && r + 1 == count;
    }
  }
  auto* out = static_cast<std::byte*>(operands[step.destination].data);
  const auto out_size = static_cast<std::int64_t>(size_of(code[count - 1].out));
  const std::int64_t at_once = in_one ? n : piece_elements;
  for (std::int64_t begin = 0; begin < n; begin += at_once) {
    const std::int64_t length = std::min(at_once, n - begin);
    const auto place = [&](std::uint16_t r) { return at[r] + begin * apart[r]; };
    for (std::size_t r = 0; r < count; ++r) {
      if (!kernels[r]) continue;
      void* const to = r + 1 == count ? out + begin * out_size : registers[r];
      kernels[r](place(code[r].a), place(code[r].b), place(code[r].c), to, static_cast<std::size_t>(length),
                 code[r]);
    }
  }
  return true;
}

}  // namespace

struct StraightTask::Memory {
  TaskCode code;
  std::vector<Tensor> operands;
  alignas(64) Registers registers;
};
// Kept by the thread; null while it is in use.
std::unique_ptr<StraightTask::Memory>& StraightTask::kept_memory() {
  static thread_local std::unique_ptr<Memory> memory;
  return memory;
}

StraightTask::StraightTask(const NodePtr& root, client::ValuesHere* here)
    : memory_(std::move(kept_memory())), here_(here) {
  if (!memory_) memory_ = std::make_unique<Memory>();
  try {
    is_planned_ = plan(*root);
  } catch (const Error&) {
    is_planned_ = false;  // tasks fail in the same way, and what they say names them
  }
}

StraightTask::~StraightTask() {
  memory_->code.clear();
  memory_->operands.clear();
  kept_memory() = std::move(memory_);
}

bool StraightTask::plan(const Node& root) {
  const std::int64_t size = root.grid.size();
  if (size == 0 || size > few_elements || root.grid.count() != 1) return false;
  memory_->operands.push_back({.type = root.type});
  if (root.is_barrier()) return root.fold_straight(*this, 0);
  StraightStep step(*this, root.grid);
  Register result = 0;
  return step.emit(root, result) && finish(step, result, size, 0, Fold::store);
}

bool StraightTask::counts(const Node& node) {
  if (counted_.contains(&node)) {
    // What several steps would compute again is kept by a planner, if it is costly.
    is_shared_ = true;
    return !any_costly_;
  }
  counted_.push_back(&node);
  any_costly_ = any_costly_ || node.is_costly();
  elements_ += node.grid.size() * (node.is_costly() ? 4 : 1);
  return elements_ <= few_elements && !(is_shared_ && any_costly_);
}

std::uint32_t StraightTask::pool(std::int64_t number) {
  memory_->code.pool.push_back(number);
  return static_cast<std::uint32_t>(memory_->code.pool.size() - 1);
}

std::uint32_t StraightTask::operand(const Node& node, std::int64_t chunk) {
  for (const Known& known : known_)
    if (known.node == &node && known.chunk == chunk) return known.operand;
  std::uint32_t mine = no_operand;
  if (node.held(chunk)) {
    mine = held_operand(node, chunk);
  } else if (numbers_used_ < most_numbers) {
    std::vector<Tensor>& operands = memory_->operands;
    mine = static_cast<std::uint32_t>(operands.size());
    operands.push_back({.type = node.type, .data = &numbers_[numbers_used_++]});
    if (!node.fold_straight(*this, mine)) return no_operand;
  }
  if (mine != no_operand) known_.push_back({&node, chunk, mine});
  return mine;
}

std::uint32_t StraightTask::held_operand(const Node& node, std::int64_t chunk) {
  const client::FutureRef& held = *node.held(chunk);
  const Status status = held->status.load(std::memory_order_acquire);
  task::Value value;
  if (status == Status::error || status == Status::cancelled) return no_operand;
  const task::Value* const kept = node.here(chunk);
  if (kept) value = *kept;
  else if (here_ && status == Status::finished) value = here_->value_here(*held.get());
  if (!value) return no_operand;
  void* const data = elements_in(value, node, chunk);
  if (!data) return no_operand;
  if (const auto* const whole =
          kept || node.grid.count() > 1 ? nullptr : dynamic_cast<const HeldNode*>(&node);
      whole && whole->may_be_here())
    whole->keep_here({value});
  memory_->operands.push_back({.type = node.type, .data = data, .value = std::move(value)});
  return static_cast<std::uint32_t>(memory_->operands.size() - 1);
}

bool StraightTask::fold(const Node& from, Fold fold, std::uint32_t operand) {
  const std::int64_t size = from.grid.size();
  elements_ += 1 + size;
  if (size == 0 || elements_ > few_elements) return false;
  folded_.push_back({operand, fold});
  if (from.grid.axes() == 1 && !from.is_barrier()) {
    View view = box_view(Dims{0}, Dims{size});
    const Node* at = &from;
    while (at && !at->keep && !at->is_barrier()) at = at->through(view);
    if (at && at->held(0)) return fold_view(*at, view, fold, operand);
  }
  if (from.grid.count() != 1) return false;
  StraightStep step(*this, from.grid);
  Register result = 0;
  return step.emit(from, result) && finish(step, result, size, operand, fold);
}

// As `TaskBuilder::fill` cuts it.
bool StraightTask::fold_view(const Node& held, const View& view, Fold fold, std::uint32_t operand) {
  constexpr std::size_t most_pieces = 64;
  const Grid& grid = held.grid;
  const std::int64_t size = view.shape[0];
  Cuts cuts;
  cuts.at.emplace_back();
  cut_at_chunks(grid, view, cuts);
  std::vector<std::int64_t>& at = cuts.at[0];
  at.push_back(0);
  std::ranges::sort(at);
  at.erase(std::unique(at.begin(), at.end()), at.end());
  std::erase_if(at, [&](std::int64_t position) { return position < 0 || position >= size; });
  if (at.size() > most_pieces) return false;
  at.push_back(size);
  for (std::size_t piece = 0; piece + 1 < at.size(); ++piece) {
    std::int64_t chunk = 0, offset = 0, apart = 0;
    for (std::size_t a = 0; a < grid.axes(); ++a) {
      const AxisMap& map = view.maps[a];
      const std::int64_t start = map.start + (map.axis < 0 ? 0 : map.step * at[piece]);
      const std::int64_t index = grid.find(a, start);
      const auto i = static_cast<std::size_t>(index);
      chunk = chunk * std::ssize(grid.chunks[a]) + index;
      offset = offset * grid.chunks[a][i] + start - grid.starts[a][i];
      apart = apart * grid.chunks[a][i] + (map.axis < 0 ? 0 : map.step);
    }
    Code one;
    one.op = Op::load;
    one.in = one.out = held.type;
    one.operand = this->operand(held, chunk);
    if (one.operand == no_operand) return false;
    one.offset = offset;
    one.steps = pool(apart);
    CodeList list;
    if (!finish(list, list.add(one), at[piece + 1] - at[piece], operand, fold)) return false;
  }
  return true;
}

bool StraightTask::finish(const CodeList& list, Register result, std::int64_t count, std::uint32_t operand,
                          Fold fold) {
  if (result + 1u != list.code.size()) return false;
  TaskCode& task = memory_->code;
  Step one;
  one.shape = pool(count);
  one.axes = 1;
  one.begin = static_cast<std::uint32_t>(task.code.size());
  task.code.insert(task.code.end(), list.code.begin(), list.code.end());
  one.end = static_cast<std::uint32_t>(task.code.size());
  one.destination = operand;
  one.steps = pool(fold == Fold::store ? 1 : 0);
  one.plane = 1;
  one.fold = fold;
  task.steps.push_back(one);
  return true;
}

bool StraightTask::run(void* data) {
  std::vector<Tensor>& operands = memory_->operands;
  operands[0].data = data;
  try {
    for (const Folded& folded : folded_) fold_start(folded.fold, operands[folded.operand]);
    for (const Step& step : memory_->code.steps)
      if (step.fold != Fold::store || !store_elements(memory_->code, step, operands, memory_->registers))
        run_step(memory_->code, step, operands);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace weir::detail::array
