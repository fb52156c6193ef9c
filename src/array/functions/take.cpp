// Lists of indices along an axis.
#include <algorithm>
#include <cstring>
#include <map>

#include "array/graph/nodes.hpp"
#include "array/graph/views.hpp"

namespace weir::detail::array {

std::vector<IndexRun> runs_of(const std::int64_t* list, std::int64_t count) {
  std::vector<IndexRun> runs;
  for (std::int64_t i = 0; i < count;) {
    IndexRun run{i, list[i], 1, 1};
    if (i + 1 < count) {
      run.step = list[i + 1] - list[i];
      while (i + run.count < count && list[i + run.count] - list[i + run.count - 1] == run.step) ++run.count;
      if (run.count == 2 && i + 2 < count && std::abs(run.step) > 1) run.count = 1;
    }
    if (run.count == 1) run.step = 1;
    i += run.count;
    runs.push_back(run);
  }
  return runs;
}

namespace {

constexpr std::size_t most_runs = 16;  // a list of more is not cut into views

// Parameters: shape of the result, extent before the axis, elements after it, and for each index its operand
// and its place there.
task::Value gathered(Reader& parameters, std::span<const Tensor> operands) {
  Dims shape;
  std::int64_t axis = 0;
  std::vector<std::uint32_t> from;
  std::vector<std::int64_t> places;
  read(parameters, shape);
  read(parameters, axis);
  read(parameters, from);
  read(parameters, places);
  const Tensor out = make_tensor(operands[0].type, shape);
  const auto along = static_cast<std::uint32_t>(axis);
  std::int64_t before = 1, after = static_cast<std::int64_t>(size_of(out.type));
  for (std::uint32_t a = 0; a < shape.size(); ++a)
    if (a != along) (a < along ? before : after) *= shape[a];
  auto* to = static_cast<std::byte*>(out.data);
  for (std::int64_t b = 0; b < before; ++b)
    for (std::size_t i = 0; i < places.size(); ++i, to += after) {
      const Tensor& source = operands[from[i]];
      std::memcpy(to,
                  static_cast<const std::byte*>(source.data) + (b * source.shape[along] + places[i]) * after,
                  static_cast<std::size_t>(after));
    }
  return out.value;
}

// One task for a chunk of the result: of each chunk of the source the part between the first and the last
// element that is wanted.
void gather(TaskBuilder& task, const Node& source, std::size_t axis, const View& view,
            const std::int64_t* list) {
  const auto count = static_cast<std::size_t>(view.shape[axis]);
  struct Part {
    std::int64_t low = INT64_MAX, high = -1;
    std::uint32_t operand = 0;
  };
  std::map<std::int64_t, Part> parts;  // by chunk along the axis
  std::vector<std::int64_t> chunk_of(count);
  for (std::size_t i = 0; i < count; ++i) {
    chunk_of[i] = source.grid.find(axis, list[i]);
    Part& part = parts[chunk_of[i]];
    part.low = std::min(part.low, list[i]);
    part.high = std::max(part.high, list[i]);
  }
  std::vector<std::uint32_t> operands;
  for (auto& [chunk, part] : parts) {
    if (task.planner.is_barrier(source) && !task.planner.splits()) {  // it is read where it lies
      part.low = source.grid.starts[axis][static_cast<std::size_t>(chunk)];
      part.high = source.grid.starts[axis][static_cast<std::size_t>(chunk) + 1] - 1;
    }
    View box = view;
    box.maps[axis].start = part.low;
    box.shape[axis] = part.high - part.low + 1;
    part.operand = static_cast<std::uint32_t>(operands.size());
    operands.push_back(task.need(source, box));
  }
  std::vector<std::uint32_t> from;
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < count; ++i) {
    const Part& part = parts[chunk_of[i]];
    from.push_back(part.operand);
    places.push_back(list[i] - part.low);
  }
  task.kernel(&gathered, std::move(operands), view.shape, static_cast<std::int64_t>(axis), from, places);
}

}  // namespace

NodePtr take(const NodePtr& x, std::size_t axis, const std::vector<std::int64_t>& indices) {
  const auto runs = runs_of(indices.data(), static_cast<std::int64_t>(indices.size()));
  if (runs.size() == 1) {
    SmallVector<AxisMap, 4> maps;
    Shape shape = x->grid.shape;
    for (std::size_t a = 0; a < shape.size(); ++a) maps.push_back({0, 1, static_cast<std::int64_t>(a)});
    maps[axis].start = runs[0].start;
    maps[axis].step = runs[0].step;
    shape[axis] = runs[0].count;
    if (runs[0].step != 0) return affine("take", x, maps, shape);
  }
  Chunks chunks = x->grid.chunks;
  const auto most = std::max<std::int64_t>(1, *std::ranges::max_element(chunks[axis]));
  chunks[axis].clear();
  for (auto left = static_cast<std::int64_t>(indices.size()); left > 0; left -= most)
    chunks[axis].push_back(std::min(left, most));
  if (chunks[axis].empty()) chunks[axis] = {0};
  Grid grid(std::move(chunks));
  const auto plan = [source = x.get(), axis, indices, grid](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    const std::int64_t* list = indices.data() + view.maps[axis].start;
    const auto runs = runs_of(list, view.shape[axis]);
    if (runs.size() > most_runs) return gather(task, *source, axis, view, list);
    const Dims steps = row_major(view.shape);
    const std::uint32_t out = task.temporary(source->type, view.shape);
    for (const IndexRun& run : runs) {
      View part = view;
      part.shape[axis] = run.count;
      part.maps[axis] = {run.start, run.step, run.step == 0 ? -1 : static_cast<std::int64_t>(axis)};
      task.fill(*source, part, {.operand = out, .offset = run.at * steps[axis], .steps = steps});
    }
    task.result(out);
  };
  return std::make_shared<TaskNode>("take", x->type, grid, std::vector<NodePtr>{x}, plan);
}

}  // namespace weir::detail::array
