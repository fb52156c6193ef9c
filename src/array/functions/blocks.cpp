// Functions of users over chunks.
#include "weir/array/blocks.hpp"

#include <algorithm>
#include <cstring>

#include "array/graph/views.hpp"
#include "weir/array/shape.hpp"

namespace weir::detail::array {

namespace {

Shape to_shape(const Dims& d) { return {d.begin(), d.end()}; }

}  // namespace

task::Value checked_chunk(const char* function, DType type, task::Value value, const Shape& expected) {
  const Tensor chunk = view_value(type, value);
  if (!std::equal(expected.begin(), expected.end(), chunk.shape.begin(), chunk.shape.end()))
    refuse(function, "the function must return a chunk of shape " + weir::to_text(expected) + " (got " +
                         weir::to_text(to_shape(chunk.shape)) + ")");
  return value;
}

task::Value trimmed(DType type, task::Value value, const Shape& whole, const Shape& before,
                    const Shape& shape) {
  const Tensor from = view_value(type, checked_chunk("map_overlap", type, std::move(value), whole));
  if (whole == shape) return from.value;
  const Tensor out = make_tensor(type, dims(shape));
  const std::size_t axes = shape.size(), size = size_of(type);
  const Dims steps = row_major(dims(whole));
  const std::int64_t inner = shape[axes - 1], rows = inner ? out.size() / inner : 0;
  auto* to = static_cast<std::byte*>(out.data);
  for (std::int64_t row = 0; row < rows; ++row, to += static_cast<std::size_t>(inner) * size) {
    std::int64_t rest = row, offset = before[axes - 1];
    for (std::size_t a = axes - 1; a-- > 0;) {
      offset += (before[a] + rest % shape[a]) * steps[a];
      rest /= shape[a];
    }
    std::memcpy(to, static_cast<const std::byte*>(from.data) + static_cast<std::size_t>(offset) * size,
                static_cast<std::size_t>(inner) * size);
  }
  return out.value;
}

NodePtr map_blocks(DType out, const Chunks& chunks, std::vector<NodePtr> inputs, Kernel kernel,
                   PackedFunction function) {
  const Shape& shape = shape_of(inputs[0]);
  for (std::size_t i = 1; i < inputs.size(); ++i) inputs[i] = broadcast("map_blocks", inputs[i], shape);
  const Grid grid = chunks.empty() ? inputs[0]->grid : grid_of("map_blocks", chunks);
  if (grid.count() != inputs[0]->grid.count())
    refuse("map_blocks", "there must be as many chunks as in the first array, " +
                             std::to_string(inputs[0]->grid.count()) + " (got " +
                             std::to_string(grid.count()) + ")");
  const auto plan = [inputs, grid, kernel, function = std::move(function)](TaskBuilder& task,
                                                                           std::int64_t chunk) {
    const View view = chunk_view(inputs[0]->grid, chunk), mine = chunk_view(grid, chunk);
    BlockInfo info;
    const Dims at = grid.unravel(chunk);
    for (std::size_t a = 0; a < grid.axes(); ++a) {
      info.location.push_back(at[a]);
      info.count.push_back(static_cast<std::int64_t>(grid.chunks[a].size()));
      info.start.push_back(mine.maps[a].start);
      info.shape.push_back(mine.shape[a]);
    }
    info.array_shape = grid.shape;
    std::vector<std::uint32_t> operands;
    for (const NodePtr& input : inputs) operands.push_back(task.need(*input, view));
    Writer writer(task.code.parameters);
    write(writer, info);
    task.append(function);
    task.kernel(kernel, std::move(operands));
  };
  return std::make_shared<TaskNode>("map_blocks", out, grid, inputs, plan);
}

namespace {

// One or more steps of the same stencil.
class OverlapNode : public TaskNode {
 public:
  OverlapNode(DType type, Grid grid, const NodePtr& source, Plan plan, NodePtr x, Overlap overlap,
              Kernel kernel, PackedFunction function, int steps)
      : TaskNode("map_overlap", type, std::move(grid), {source}, std::move(plan)),
        x(std::move(x)),
        overlap(std::move(overlap)),
        kernel(kernel),
        function(std::move(function)),
        steps(steps) {}
  /// Whether one step more may follow in the same tasks: it must be the same one, and what is computed twice
  /// at the borders of chunks must be little.
  [[nodiscard]] bool goes_on_with(DType out, const Overlap& next, Kernel by,
                                  const PackedFunction& with) const {
    constexpr std::int64_t most = 8;
    if (keep || kernel != by || !(function.bytes == with.bytes) || out != type || x->type != type ||
        !overlap.trim || !next.trim)
      return false;
    if (overlap.depth != next.depth || overlap.boundary != next.boundary ||
        overlap.constant != next.constant || steps >= most)
      return false;
    for (std::size_t a = 0; a < overlap.depth.size(); ++a) {
      const std::int64_t deeper = std::max(overlap.depth[a].first, overlap.depth[a].second) * (steps + 1);
      if (deeper * 8 > *std::ranges::max_element(grid.chunks[a])) return false;
    }
    return true;
  }
  const NodePtr x;  ///< What the first step is given.
  const Overlap overlap;
  const Kernel kernel;
  const PackedFunction function;
  const int steps;
};

}  // namespace

void check_block(const Shape& got, const Shape& expected) {
  if (got != expected)
    refuse("map_overlap", "the function must return a chunk of shape " + weir::to_text(expected) + " (got " +
                              weir::to_text(got) + ")");
}

NodePtr map_overlap(DType out, const NodePtr& input, const Overlap& overlap, Kernel kernel,
                    PackedFunction function) {
  const Shape& shape = shape_of(input);
  if (overlap.depth.size() != shape.size())
    refuse("map_overlap", "a depth must be given for every axis (got " +
                              std::to_string(overlap.depth.size()) + " for " + weir::to_text(shape) + ")");
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const auto [before, after] = overlap.depth[a];
    if (std::min(before, after) < 0 || std::max(before, after) > shape[a])
      refuse("map_overlap", "a depth must be in [0, " + std::to_string(shape[a]) + "] along axis " +
                                std::to_string(a) + " (got " + std::to_string(before) + " and " +
                                std::to_string(after) + ")");
  }
  NodePtr x = input;
  int steps = 1;
  if (const auto* so_far = dynamic_cast<const OverlapNode*>(input.get());
      so_far && so_far->goes_on_with(out, overlap, kernel, function)) {
    x = so_far->x;
    steps = so_far->steps + 1;
  }
  // A block that ends beyond the array has one depth of it there, set again after every step; the other end
  // of a periodic array is as good as the array itself.
  const bool padded = overlap.boundary != Boundary::none, periodic = overlap.boundary == Boundary::periodic;
  auto width = overlap.depth;
  if (periodic)
    for (auto& [before, after] : width) before *= steps, after *= steps;
  const PadMode modes[] = {PadMode::constant, PadMode::wrap, PadMode::symmetric, PadMode::edge,
                           PadMode::constant};
  const NodePtr source = padded ? pad(x, width, modes[static_cast<std::size_t>(overlap.boundary)],
                                      scalar_as("map_overlap", x->type, overlap.constant))
                                : x;
  const auto plan = [source, grid = x->grid, overlap, width, padded, periodic, steps, kernel, function](
                        TaskBuilder& task, std::int64_t chunk) {
    View view = chunk_view(grid, chunk);
    OverlapTask how;
    how.shape = to_shape(view.shape);
    how.trim = overlap.trim;
    how.steps = steps;
    how.boundary = overlap.boundary;
    how.constant = overlap.constant;
    for (std::size_t a = 0; a < how.shape.size(); ++a) {
      const std::int64_t start = view.maps[a].start, left = grid.shape[a] - start - how.shape[a];
      std::int64_t before = overlap.depth[a].first * steps, after = overlap.depth[a].second * steps,
                   beyond_front = 0, beyond_back = 0;
      if (!padded) {
        before = std::min(before, start);
        after = std::min(after, left);
      } else if (!periodic && steps > 1) {
        if (before > start) before = start + (beyond_front = overlap.depth[a].first);
        if (after > left) after = left + (beyond_back = overlap.depth[a].second);
      }
      how.before.push_back(before);
      how.beyond_front.push_back(beyond_front);
      how.beyond_back.push_back(beyond_back);
      view.maps[a].start = start - before + (padded ? width[a].first : 0);
      view.shape[a] = before + how.shape[a] + after;
    }
    how.whole = to_shape(view.shape);
    Writer writer(task.code.parameters);
    write(writer, how);
    task.append(function);
    task.kernel(kernel, {task.need(*source, view)});
  };
  return std::make_shared<OverlapNode>(out, x->grid, source, plan, x, overlap, kernel, std::move(function),
                                       steps);
}

NodePtr reduction(DType out, const NodePtr& x, const Axes& axes, bool keepdims, int split_every,
                  Kernel chunk_kernel, PackedFunction chunk_function, Kernel merge,
                  PackedFunction merge_function) {
  const Shape& shape = shape_of(x);
  if (split_every < 2)
    refuse("reduction", "split_every must be at least 2 (got " + std::to_string(split_every) + ")");
  const AxisFlags folded = named_axes("reduction", axes, shape.size());
  Shape list;
  for (std::size_t a = 0; a < shape.size(); ++a)
    if (folded[a]) list.push_back(static_cast<std::int64_t>(a));
  // One level: `ways` chunks along every folded axis become one element.
  const auto level = [&](const NodePtr& from, std::int64_t ways, Kernel kernel,
                         const PackedFunction& function) -> NodePtr {
    Chunks chunks = from->grid.chunks;
    for (std::size_t a = 0; a < shape.size(); ++a)
      if (folded[a])
        chunks[a].assign((from->grid.chunks[a].size() + static_cast<std::size_t>(ways) - 1) /
                             static_cast<std::size_t>(ways),
                         1);
    Grid grid(std::move(chunks));
    const auto plan = [=](TaskBuilder& task, std::int64_t c) {
      View view = chunk_view(grid, c);
      const Shape result = to_shape(view.shape);
      const Dims at = grid.unravel(c);
      for (std::size_t a = 0; a < folded.size(); ++a) {
        if (!folded[a]) continue;
        const auto& starts = from->grid.starts[a];
        const auto begin = static_cast<std::size_t>(at[a] * ways),
                   end = std::min(starts.size() - 1, begin + static_cast<std::size_t>(ways));
        view.maps[a].start = starts[begin];
        view.shape[a] = starts[end] - starts[begin];
      }
      Writer writer(task.code.parameters);
      write(writer, list);
      write(writer, result);
      task.append(function);
      task.kernel(kernel, {task.need(*from, view)});
    };
    return std::make_shared<TaskNode>("reduction", out, grid, std::vector<NodePtr>{from}, plan);
  };
  NodePtr node = level(x, 1, chunk_kernel, chunk_function);
  const auto unfinished = [&] {
    return std::ranges::any_of(
        list, [&](std::int64_t a) { return node->grid.chunks[static_cast<std::size_t>(a)].size() > 1; });
  };
  while (unfinished()) node = level(node, split_every, merge, merge_function);
  return keepdims || list.empty() ? node : squeeze(node, list);
}

NodePtr along_axis(DType out, const NodePtr& x, std::int64_t axis, std::int64_t length, Kernel kernel,
                   PackedFunction function) {
  const std::size_t a = axis_of("apply_along_axis", axis, shape_of(x).size());
  if (length < -1)
    refuse("apply_along_axis",
           "the length must be at least 0, or -1 for that of the axis (got " + std::to_string(length) + ")");
  Chunks chunks = x->grid.chunks;
  chunks[a] = {x->grid.shape[a]};
  const NodePtr source = rechunk(x, ChunkSpec(chunks));
  const std::int64_t count = length < 0 ? x->grid.shape[a] : length;
  chunks[a] = {count};
  const auto plan = [source, a, count, kernel, function = std::move(function)](TaskBuilder& task,
                                                                               std::int64_t chunk) {
    Writer writer(task.code.parameters);
    write(writer, static_cast<std::int64_t>(a));
    write(writer, count);
    task.append(function);
    task.kernel(kernel, {task.need_chunk(*source, chunk)});
  };
  return std::make_shared<TaskNode>("apply_along_axis", out, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{source}, plan);
}

}  // namespace weir::detail::array
