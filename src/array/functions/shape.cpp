// Functions of shapes.
#include "weir/array/shape.hpp"

#include <algorithm>
#include <numeric>

#include "array/graph/views.hpp"

namespace weir::detail::array {

namespace {

constexpr std::int64_t most_copies = std::int64_t{1} << 24;  // of chunks along an axis
constexpr std::int64_t most_places = std::int64_t{1} << 28;  // that `pad` finds one by one
// What a chunk of a reshaped array has: as many of them as arrays have by themselves.
constexpr std::int64_t reshaped_chunks = 16, least_reshaped_bytes = 1 << 20, most_reshaped_bytes = 16 << 20;

SmallVector<AxisMap, 4> identity(std::size_t axes) {
  SmallVector<AxisMap, 4> maps;
  for (std::size_t a = 0; a < axes; ++a) maps.push_back({0, 1, static_cast<std::int64_t>(a)});
  return maps;
}

// The part of x with a slice along one axis.
NodePtr part(const NodePtr& x, std::size_t axis, std::int64_t start, std::int64_t count,
             std::int64_t step = 1) {
  Shape shape = x->grid.shape;
  if (start == 0 && step == 1 && count == shape[axis]) return x;
  SmallVector<AxisMap, 4> maps = identity(shape.size());
  maps[axis] = {start, step, static_cast<std::int64_t>(axis)};
  shape[axis] = count;
  return affine("slice", x, maps, shape);
}

// Fills a contiguous piece [from, to) of row-major positions of x, box by box.
void fill_positions(TaskBuilder& task, const Node& x, std::int64_t from, std::int64_t to,
                    std::uint32_t operand, std::int64_t offset) {
  const Shape& shape = x.grid.shape;
  const Dims strides = row_major(dims(shape));
  while (from < to) {
    // The largest box that begins here: whole trailing axes, then as many steps of the next axis as fit.
    std::size_t axis = shape.size();
    while (axis > 0 && from % (strides[axis - 1] * shape[axis - 1]) == 0 &&
           to - from >= strides[axis - 1] * shape[axis - 1])
      --axis;
    View view;
    Dims steps;
    if (axis == 0) {  // everything
      view = box_view(Dims{}, Dims{});
      for (std::size_t a = 0; a < shape.size(); ++a) {
        view.shape.push_back(shape[a]);
        view.maps.push_back({0, 1, static_cast<std::int64_t>(a)});
        steps.push_back(strides[a]);
      }
      task.fill(x, view, {.operand = operand, .offset = offset, .steps = steps});
      return;
    }
    const std::size_t k = axis - 1;
    const std::int64_t at = from / strides[k] % shape[k];
    const std::int64_t count = std::min(shape[k] - at, (to - from) / strides[k]);
    for (std::size_t a = 0; a < shape.size(); ++a) {
      view.shape.push_back(a < k ? 1 : a == k ? count : shape[a]);
      view.maps.push_back({a < k    ? from / strides[a] % shape[a]
                           : a == k ? at
                                    : 0,
                           1, static_cast<std::int64_t>(a)});
      steps.push_back(strides[a]);
    }
    task.fill(x, view, {.operand = operand, .offset = offset, .steps = steps});
    from += count * strides[k];
    offset += count * strides[k];
  }
}

// Whether only axes of extent 1 come or go; then where each axis of x comes from.
bool only_ones(const Shape& from, const Shape& to, SmallVector<AxisMap, 4>& maps) {
  std::size_t k = 0;
  for (const std::int64_t extent : from) {
    if (extent == 1) {
      maps.push_back({0, 0, -1});
      continue;
    }
    while (k < to.size() && to[k] == 1) ++k;
    if (k == to.size() || to[k] != extent) return false;
    maps.push_back({0, 1, static_cast<std::int64_t>(k++)});
  }
  return std::all_of(to.begin() + static_cast<std::ptrdiff_t>(k), to.end(),
                     [](std::int64_t extent) { return extent == 1; });
}

}  // namespace

NodePtr reshape(const NodePtr& x, const Shape& wanted) {
  Shape shape = wanted;
  const Shape& old = shape_of(x);
  const std::int64_t size = x->grid.size();
  std::int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == -1 && open < 0) open = static_cast<std::ptrdiff_t>(k);
    else if (shape[k] < 0)
      refuse("reshape",
             "an extent must be at least 0, and one may be -1 (got " + weir::to_text(wanted) + ")");
  }
  Shape told = shape;
  std::erase(told, -1);
  check_size("reshape", told, {});
  for (const std::int64_t extent : told) known *= extent;
  if (open >= 0 && known) shape[static_cast<std::size_t>(open)] = size / known;
  if (open >= 0 ? known == 0 || size % known : known != size)
    refuse("reshape", "the number of elements must stay " + std::to_string(size) + " (got " +
                          weir::to_text(wanted) + " for " + weir::to_text(old) + ")");
  if (shape == old) return x;
  SmallVector<AxisMap, 4> maps;
  if (only_ones(old, shape, maps)) return affine("reshape", x, maps, shape);
  Chunks chunks(shape.size());
  const auto element = static_cast<std::int64_t>(size_of(x->type));
  std::int64_t room =
      std::clamp(size / reshaped_chunks, least_reshaped_bytes / element, most_reshaped_bytes / element);
  for (std::size_t k = shape.size();
       k-- > 0;) {  // trailing axes whole as far as there is room, one axis in pieces, ones before
    const std::int64_t each = std::max<std::int64_t>(1, std::min(shape[k], room));
    for (std::int64_t left = shape[k]; left > 0; left -= each) chunks[k].push_back(std::min(left, each));
    if (chunks[k].empty()) chunks[k] = {0};
    room = each == shape[k] ? std::max<std::int64_t>(1, room / each) : 1;
  }
  Grid grid(std::move(chunks));
  const Dims strides = row_major(dims(shape));
  const auto plan = [source = x.get(), grid, strides](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    const std::uint32_t out = task.temporary(source->type, view.shape);
    std::int64_t from = 0, count = 1;
    for (std::size_t a = 0; a < view.shape.size(); ++a) {
      from += view.maps[a].start * strides[a];
      count *= view.shape[a];
    }
    fill_positions(task, *source, from, from + count, out, 0);
    task.result(out);
  };
  return std::make_shared<TaskNode>("reshape", x->type, grid, std::vector<NodePtr>{x}, plan);
}

NodePtr transpose(const NodePtr& x, const std::vector<std::int64_t>& order) {
  const std::size_t axes = shape_of(x).size();
  if (!order.empty() && order.size() != axes)
    refuse("transpose", "every axis must be named once (got " + weir::to_text(order) + " for " +
                            weir::to_text(x->grid.shape) + ")");
  SmallVector<AxisMap, 4> maps = identity(axes);
  Shape shape(axes);
  std::vector<bool> seen(axes);
  for (std::size_t k = 0; k < axes; ++k) {
    const std::size_t a = order.empty() ? axes - 1 - k : axis_of("transpose", order[k], axes);
    if (seen[a]) refuse("transpose", "every axis must be named once (got " + weir::to_text(order) + ")");
    seen[a] = true;
    maps[a].axis = static_cast<std::int64_t>(k);
    shape[k] = x->grid.shape[a];
  }
  return affine("transpose", x, maps, shape);
}

NodePtr flip(const NodePtr& x, const Axes& axes) {
  SmallVector<AxisMap, 4> maps = identity(shape_of(x).size());
  const AxisFlags flipped = named_axes("flip", axes, maps.size());
  for (std::size_t a = 0; a < maps.size(); ++a)
    if (flipped[a]) maps[a] = {x->grid.shape[a] - 1, -1, static_cast<std::int64_t>(a)};
  return affine("flip", x, maps, x->grid.shape);
}

NodePtr roll(const NodePtr& x, std::int64_t shift, std::int64_t axis) {
  const std::size_t a = axis_of("roll", axis, shape_of(x).size());
  const std::int64_t extent = x->grid.shape[a];
  if (extent == 0) return x;
  const std::int64_t by = (shift % extent + extent) % extent;
  if (by == 0) return x;
  return concatenated({part(x, a, extent - by, by), part(x, a, 0, extent - by)}, a);
}

NodePtr squeeze(const NodePtr& x, const Axes& axes) {
  const Shape& shape = shape_of(x);
  AxisFlags gone = named_axes("squeeze", axes, shape.size());
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (gone[a] && shape[a] != 1 && !axes.is_all)
      refuse("squeeze",
             "an axis must have extent 1 (axis " + std::to_string(a) + " of " + weir::to_text(shape) + ")");
    gone[a] = gone[a] && shape[a] == 1;
  }
  SmallVector<AxisMap, 4> maps;
  Shape left;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (gone[a]) {
      maps.push_back({0, 0, -1});
    } else {
      maps.push_back({0, 1, static_cast<std::int64_t>(left.size())});
      left.push_back(shape[a]);
    }
  }
  return affine("squeeze", x, maps, left);
}

NodePtr expand_dims(const NodePtr& x, std::int64_t axis) {
  Shape shape = shape_of(x);
  const std::size_t k = axis_of("expand_dims", axis, shape.size() + 1);
  SmallVector<AxisMap, 4> maps;
  for (std::size_t a = 0; a < shape.size(); ++a)
    maps.push_back({0, 1, static_cast<std::int64_t>(a < k ? a : a + 1)});
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(k), 1);
  return affine("expand_dims", x, maps, shape);
}

NodePtr broadcast_to(const NodePtr& x, const Shape& shape) {
  (void)shape_of(x);
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; }))
    refuse("broadcast_to", "an extent must be at least 0 (got " + weir::to_text(shape) + ")");
  return stretched("broadcast_to", x, shape);
}

NodePtr concatenated(std::vector<NodePtr> parts, std::size_t axis) {
  const NodePtr first = parts.at(0);
  std::erase_if(parts, [&](const NodePtr& p) { return p->grid.shape[axis] == 0; });
  if (parts.empty()) return first;
  if (parts.size() == 1) return parts[0];
  return std::make_shared<ConcatenateNode>(std::move(parts), axis);
}

NodePtr concatenate(std::vector<NodePtr> parts, std::int64_t axis) {
  if (parts.empty()) refuse("concatenate", "there must be at least one array");
  const Shape& first = shape_of(parts[0]);
  const std::size_t a = axis_of("concatenate", axis, first.size());
  std::vector<NodePtr> some;
  for (const NodePtr& each : parts) {
    const Shape& shape = shape_of(each);
    bool fits = shape.size() == first.size();
    for (std::size_t k = 0; fits && k < shape.size(); ++k) fits = k == a || shape[k] == first[k];
    if (!fits)
      refuse("concatenate", "the shapes must be equal but for axis " + std::to_string(a) + " (got " +
                                weir::to_text(first) + " and " + weir::to_text(shape) + ")");
    if (shape[a]) some.push_back(each);
  }
  if (some.empty()) return parts[0];
  return in_name_of("concatenate", [&] { return concatenated(std::move(some), a); });
}

NodePtr stack(const std::vector<NodePtr>& parts, std::int64_t axis) {
  if (parts.empty()) refuse("stack", "there must be at least one array");
  const Shape& first = shape_of(parts[0]);
  const std::size_t a = axis_of("stack", axis, first.size() + 1);
  std::vector<NodePtr> expanded;
  for (const NodePtr& each : parts) {
    if (shape_of(each) != first)
      refuse("stack", "the shapes must be equal (got " + weir::to_text(first) + " and " +
                          weir::to_text(each->grid.shape) + ")");
    expanded.push_back(expand_dims(each, static_cast<std::int64_t>(a)));
  }
  return in_name_of("stack", [&] { return concatenated(std::move(expanded), a); });
}

namespace {

// Which of n elements stands at a place before the first or after the last one.
std::int64_t continued(PadMode mode, std::int64_t place, std::int64_t n) {
  const std::int64_t period = mode == PadMode::wrap ? n : mode == PadMode::symmetric ? 2 * n : 2 * n - 2;
  if (period == 0) return 0;
  const std::int64_t i = (place % period + period) % period;
  return i < n ? i : mode == PadMode::symmetric ? period - 1 - i : period - i;
}

}  // namespace

NodePtr pad(const NodePtr& input, const std::vector<std::pair<std::int64_t, std::int64_t>>& width,
            PadMode mode, const NodePtr& value) {
  const Shape& shape = shape_of(input);
  if (width.size() != shape.size())
    refuse("pad", "a width must be given for every axis (got " + std::to_string(width.size()) + " for " +
                      weir::to_text(shape) + ")");
  NodePtr x = input;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const auto [before, after] = width[a];
    const std::int64_t n = shape[a];
    if (before < 0 || after < 0)
      refuse("pad", "a width must not be negative (got " + std::to_string(std::min(before, after)) + ")");
    if (n == 0 && mode != PadMode::constant && before + after > 0)
      refuse("pad", "an axis without elements has nothing to continue it with (axis " + std::to_string(a) +
                        " of " + weir::to_text(shape) + "); take PadMode::constant");
    if (std::max(before, after) > most_places && mode != PadMode::constant && mode != PadMode::edge)
      refuse("pad", "a width must be at most 2^28 but for PadMode::constant and edge (got " +
                        std::to_string(std::max(before, after)) + ")");
    const auto beyond = [&](std::int64_t from, std::int64_t to) -> NodePtr {
      Shape size = x->grid.shape;
      size[a] = to - from;
      if (mode == PadMode::constant) return broadcast("pad", value, size);
      if (mode == PadMode::edge) return broadcast("pad", part(x, a, from < 0 ? 0 : n - 1, 1), size);
      std::vector<std::int64_t> places;
      for (std::int64_t i = from; i < to; ++i) places.push_back(continued(mode, i, n));
      return take(x, a, places);
    };
    std::vector<NodePtr> parts;
    if (before) parts.push_back(beyond(-before, 0));
    if (n) parts.push_back(x);
    if (after) parts.push_back(beyond(n, n + after));
    if (parts.empty()) continue;
    x = in_name_of("pad", [&] { return concatenated(std::move(parts), a); });
  }
  return x;
}

NodePtr tile(const NodePtr& input, const std::vector<std::int64_t>& times) {
  NodePtr x = input;
  while (shape_of(x).size() < times.size()) x = expand_dims(x, 0);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::size_t a = x->grid.axes() - times.size() + i;
    if (times[i] < 0)
      refuse("tile", "the number of times must not be negative (got " + std::to_string(times[i]) + ")");
    const auto chunks = static_cast<std::int64_t>(x->grid.chunks[a].size());
    if (times[i] > most_copies / chunks)
      refuse("tile", "an axis must have at most " + std::to_string(most_copies) + " chunks (got " +
                         std::to_string(times[i]) + " times " + std::to_string(chunks) + " along axis " +
                         std::to_string(a) + "); broadcast_to() makes no copies");
    if (times[i] == 0) x = part(x, a, 0, 0);
    else
      x = in_name_of("tile", [&] {
        return concatenated(std::vector<NodePtr>(static_cast<std::size_t>(times[i]), x), a);
      });
  }
  return x;
}

NodePtr repeat(const NodePtr& x, std::int64_t times, std::int64_t axis) {
  Shape shape = shape_of(x);
  const std::size_t a = axis_of("repeat", axis, shape.size());
  if (times < 0)
    refuse("repeat", "the number of times must not be negative (got " + std::to_string(times) + ")");
  if (times == 0) return part(x, a, 0, 0);
  const NodePtr wide = expand_dims(x, static_cast<std::int64_t>(a) + 1);
  Shape repeated = wide->grid.shape;
  repeated[a + 1] = times;
  const NodePtr each = broadcast("repeat", wide, repeated);
  shape[a] *= times;
  return reshape(each, shape);
}

}  // namespace weir::detail::array
