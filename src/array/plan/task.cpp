// One task: the code that nodes give for a view, its operands, and what fills them.
#include <algorithm>
#include <functional>
#include <numeric>

#include "array/graph/node.hpp"
#include "array/interpret/part.hpp"

namespace weir::detail::array {

namespace {

constexpr std::uint64_t worth_a_part = 64 * 1024;

View piece(const View& view, const Dims& from, const Dims& shape) {
  View part = view;
  part.shape = shape;
  for (AxisMap& map : part.maps)
    if (map.axis >= 0) map.start += map.step * from[static_cast<std::size_t>(map.axis)];
  return part;
}

}  // namespace

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
      const bool as_view = task.planner.views(static_cast<std::uint64_t>(used) * size_of(node.type));
      task.code.operands.push_back({.kind = as_view ? Operand::Kind::part : Operand::Kind::input,
                                    .type = node.type,
                                    .index = input,
                                    .shape = task.pool(box),
                                    .axes = box.size()});
      result = load(static_cast<std::uint32_t>(task.code.operands.size() - 1), node.type, box, low, view);
      if (as_view) {
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

Register CodeList::add(const Code& one) {
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

Register CodeList::cast(Register from, DType to) {
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

std::uint32_t TaskBuilder::chunk_of_any_size(const Node& node, std::int64_t chunk) {
  const std::uint32_t operand = this->chunk(node, chunk);
  code.operands[operand].any_size = true;
  return operand;
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
  } else if (const Node* behind = planner.behind(node, view, whole)) {
    return chunk(*behind, whole);
  } else if (node.direct(*this, view, operand)) {
    return operand;
  }
  operand = temporary(node.type, view.shape);
  fill(node, view, {.operand = operand, .steps = row_major(view.shape)});
  return operand;
}

void TaskBuilder::append(const PackedFunction& function) {
  const std::size_t begin = code.parameters.size();
  for (const auto& [offset, address] : function.functions) functions.push_back({begin + offset, address});
  code.parameters.append(function.bytes.data(), function.bytes.size());
}

void TaskBuilder::kernel(Kernel function, std::vector<std::uint32_t> operands) {
  code.kernel = task::portable_address(reinterpret_cast<const void*>(function));
  code.kernel_operands = std::move(operands);
}

}  // namespace weir::detail::array
