// Indexing and assignment.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "array/graph/views.hpp"
#include "weir/array/array.hpp"

namespace weir::detail::array {

Grid affine_grid(const Grid& input, const SmallVector<AxisMap, 4>& maps, const Shape& shape) {
  Chunks chunks(shape.size());
  for (std::size_t k = 0; k < shape.size(); ++k) chunks[k] = {shape[k]};
  for (std::size_t a = 0; a < maps.size(); ++a) {
    const AxisMap& map = maps[a];
    if (map.axis < 0 || map.step == 0) continue;
    const auto k = static_cast<std::size_t>(map.axis);
    std::vector<std::int64_t> sizes;
    for (std::int64_t at = 0; at < shape[k];) {
      const auto chunk = static_cast<std::size_t>(input.find(a, map.start + map.step * at));
      std::int64_t next = map.step > 0 ? (input.starts[a][chunk + 1] - map.start + map.step - 1) / map.step
                                       : (map.start - input.starts[a][chunk]) / -map.step + 1;
      next = std::min(next, shape[k]);
      sizes.push_back(next - at);
      at = next;
    }
    if (!sizes.empty()) chunks[k] = std::move(sizes);
  }
  return Grid(std::move(chunks));
}

NodePtr affine(std::string name, const NodePtr& input, const SmallVector<AxisMap, 4>& maps,
               const Shape& shape) {
  return std::make_shared<AffineNode>(std::move(name), input, affine_grid(input->grid, maps, shape), maps);
}

NodePtr broadcast(std::string_view function, const NodePtr& x, const Shape& shape) {
  const Shape& mine = x->grid.shape;
  if (mine == shape) return x;
  SmallVector<AxisMap, 4> maps;
  bool fits = mine.size() <= shape.size();
  for (std::size_t a = 0; fits && a < mine.size(); ++a) {
    const std::size_t k = a + shape.size() - mine.size();
    if (mine[a] == shape[k]) maps.push_back({0, 1, static_cast<std::int64_t>(k)});
    else if (mine[a] == 1) maps.push_back({0, 0, -1});
    else fits = false;
  }
  if (!fits)
    refuse(function,
           "the shape " + weir::to_text(mine) + " must be broadcastable to " + weir::to_text(shape));
  return affine("broadcast_to", x, maps, shape);
}

// --- masks

namespace {

task::Value count_true(Reader&, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(DType::int64, Dims{1});
  out.as<std::int64_t>()[0] =
      std::count(operands[0].as<bool>(), operands[0].as<bool>() + operands[0].size(), true);
  return out.value;
}

// Operands: elements, mask; parameters: extents before, selected and after.
task::Value selected(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t before = 0, along = 0, after = 0;
  Dims shape;
  read(parameters, before);
  read(parameters, along);
  read(parameters, after);
  read(parameters, shape);
  const Tensor out = make_tensor(operands[0].type, shape);
  const bool* mask = operands[1].as<bool>();
  const std::size_t row = static_cast<std::size_t>(after) * size_of(out.type);
  if (row == 0) return out.value;
  const auto* from = static_cast<const std::byte*>(operands[0].data);
  auto* to = static_cast<std::byte*>(out.data);
  for (std::int64_t b = 0; b < before; ++b)
    for (std::int64_t i = 0; i < along; ++i, from += row) {
      if (!mask[i]) continue;
      std::memcpy(to, from, row);
      to += row;
    }
  return out.value;
}

// True elements in each chunk of the mask along its first axis, the other axes whole.
std::vector<std::int64_t> counts_of(const NodePtr& mask) {
  Chunks one_each(1);
  one_each[0].assign(mask->grid.chunks[0].size(), 1);
  const auto plan = [source = mask.get()](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&count_true, {task.need_chunk(*source, chunk)});
  };
  const NodePtr counts =
      std::make_shared<TaskNode>("count", DType::int64, Grid(one_each), std::vector<NodePtr>{mask}, plan);
  const xt::xarray<std::int64_t> values = compute<std::int64_t>(counts);
  return {values.begin(), values.end()};
}

}  // namespace

NodePtr select(const NodePtr& x, std::size_t axis, const NodePtr& given) {
  const bool whole = given->grid.axes() == x->grid.axes() && x->grid.axes() > 1;
  Chunks rows;  // of the mask: chunks along its first axis only
  rows.push_back(whole ? x->grid.chunks[0] : x->grid.chunks[axis]);
  for (std::size_t a = 1; a < given->grid.axes(); ++a) rows.push_back({given->grid.shape[a]});
  const NodePtr mask = persist(rechunk(given, ChunkSpec(rows)));
  const NodePtr source = whole ? rechunk(x, ChunkSpec(rows)) : x;
  Chunks chunks = source->grid.chunks;
  if (whole) chunks.resize(1);
  const std::size_t k = whole ? 0 : axis;
  chunks[k] = counts_of(mask);
  Grid grid(std::move(chunks));
  const auto plan = [source, mask, k, whole, grid](TaskBuilder& task, std::int64_t chunk) {
    const Dims at = grid.unravel(chunk);
    const std::int64_t from = whole ? at[0] : source->grid.ravel(at);
    const View view = chunk_view(source->grid, from);
    std::int64_t before = 1, along = view.shape[k], after = 1;
    for (std::size_t a = 0; a < view.shape.size(); ++a) {
      if (whole) along *= a == 0 ? 1 : view.shape[a];
      else if (a != k) (a < k ? before : after) *= view.shape[a];
    }
    task.kernel(&selected, {task.need_chunk(*source, from), task.chunk(*mask, at[k])}, before, along, after,
                chunk_view(grid, chunk).shape);
  };
  return std::make_shared<TaskNode>("select", x->type, grid, std::vector<NodePtr>{source, mask}, plan);
}

// --- x(...)

namespace {

// A slice after clipping: `count` elements from `start` in steps.
struct Slice {
  std::int64_t start = 0, step = 1, count = 0;
};
Slice clipped(std::string_view function, const Range& range, std::int64_t extent) {
  Slice slice;
  slice.step = range.step;
  if (slice.step == 0) refuse(function, "the step of a slice must not be 0");
  const bool up = slice.step > 0;
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    std::int64_t i = *given < 0 ? *given + extent : *given;
    return up ? std::clamp<std::int64_t>(i, 0, extent) : std::clamp<std::int64_t>(i, -1, extent - 1);
  };
  slice.start = bound(range.start, up ? 0 : extent - 1);
  const std::int64_t stop = bound(range.stop, up ? extent : -1);
  const std::int64_t distance = up ? stop - slice.start : slice.start - stop;
  if (distance <= 0) {
    slice.step = 1;
    return slice;
  }
  // Counted without a sign, and without the step where there is nothing after the first element, so that
  // steps near the ends of their type cannot overflow.
  const std::uint64_t width =
      up ? static_cast<std::uint64_t>(slice.step) : std::uint64_t{0} - static_cast<std::uint64_t>(slice.step);
  slice.count = static_cast<std::int64_t>((static_cast<std::uint64_t>(distance) - 1) / width) + 1;
  if (slice.count == 1) slice.step = 1;
  return slice;
}

// Indices by axis: the basic part as maps and shape, then what is applied along axes of the outcome.
struct Parsed {
  SmallVector<AxisMap, 4> maps;
  Shape shape;
  std::vector<std::pair<std::size_t, std::vector<std::int64_t>>> lists;
  std::vector<std::pair<std::size_t, NodePtr>> masks;
};

std::vector<std::int64_t> checked(std::string_view function, std::vector<std::int64_t> list,
                                  std::int64_t extent, std::size_t axis) {
  for (std::int64_t& i : list) {
    if (i < -extent || i >= extent)
      refuse(function, "an index must be in [" + std::to_string(-extent) + ", " + std::to_string(extent) +
                           ") along axis " + std::to_string(axis) + " (got " + std::to_string(i) + ")");
    if (i < 0) i += extent;
  }
  return list;
}

Parsed parse(std::string_view function, const Shape& shape, const std::vector<Index>& indices) {
  std::size_t named = 0, ellipses = 0;
  for (const Index& index : indices) {
    if (const auto* mask = std::get_if<NodePtr>(&index)) named += (*mask)->grid.axes();
    else if (std::holds_alternative<Ellipsis>(index)) ++ellipses;
    else if (!std::holds_alternative<NewAxis>(index)) ++named;
  }
  if (named > shape.size())
    refuse(function, "there must be at most as many indices as axes (got " + std::to_string(named) +
                         " for the shape " + weir::to_text(shape) + ")");
  if (ellipses > 1)
    refuse(function, "there must be at most one ellipsis (got " + std::to_string(ellipses) + ")");
  std::vector<Index> all = indices;
  if (!ellipses) all.push_back(Ellipsis{});
  Parsed parsed;
  std::size_t axis = 0;
  const auto keep = [&](std::int64_t start, std::int64_t step, std::int64_t count) {
    parsed.maps.push_back({start, step, static_cast<std::int64_t>(parsed.shape.size())});
    parsed.shape.push_back(count);
    ++axis;
  };
  for (const Index& index : all) {
    if (std::holds_alternative<Ellipsis>(index)) {
      for (std::size_t i = named; i < shape.size(); ++i) keep(0, 1, shape[axis]);
    } else if (std::holds_alternative<NewAxis>(index)) {
      parsed.shape.push_back(1);
    } else if (std::holds_alternative<WholeAxis>(index)) {
      keep(0, 1, shape[axis]);
    } else if (const auto* position = std::get_if<std::int64_t>(&index)) {
      parsed.maps.push_back({checked(function, {*position}, shape[axis], axis)[0], 0, -1});
      ++axis;
    } else if (const auto* range = std::get_if<Range>(&index)) {
      const Slice slice = clipped(function, *range, shape[axis]);
      keep(slice.start, slice.step, slice.count);
    } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&index)) {
      parsed.lists.emplace_back(parsed.shape.size(), checked(function, *list, shape[axis], axis));
      keep(0, 1, shape[axis]);
    } else {
      const NodePtr& mask = std::get<NodePtr>(index);
      if (mask->type != DType::boolean)
        refuse(function, "an array used as index must be a mask of bool (got " +
                             std::string(to_string(mask->type)) + ")");
      const Shape part(shape.begin() + static_cast<std::ptrdiff_t>(axis),
                       shape.begin() + static_cast<std::ptrdiff_t>(axis + mask->grid.axes()));
      if (mask->grid.shape != part || (part.size() != 1 && part.size() != shape.size()))
        refuse(function, "a mask must have the shape of the array or of one axis (got " +
                             weir::to_text(mask->grid.shape) + " for " + weir::to_text(shape) + ")");
      parsed.masks.emplace_back(parsed.shape.size(), mask);
      for (std::size_t i = 0; i < part.size(); ++i) keep(0, 1, shape[axis]);
    }
  }
  return parsed;
}

}  // namespace

NodePtr index(const NodePtr& node, const std::vector<Index>& indices) {
  const Parsed parsed = parse("index", shape_of(node), indices);
  NodePtr result = node;
  bool same = parsed.shape == node->grid.shape;
  for (std::size_t a = 0; same && a < parsed.maps.size(); ++a)
    same = parsed.maps[a] == AxisMap{0, 1, static_cast<std::int64_t>(a)};
  if (!same) result = affine("slice", node, parsed.maps, parsed.shape);
  for (const auto& [axis, list] : parsed.lists) result = take(result, axis, list);
  for (const auto& [axis, mask] : parsed.masks) result = select(result, axis, mask);
  return result;
}

// --- x.assign(value, ...)

namespace {

// `base` but for a regular region, whose elements are those of `value`.
class AssignNode : public Node {
 public:
  AssignNode(NodePtr base, NodePtr value, std::vector<Slice> region, std::vector<std::int64_t> value_axis)
      : Node(base->type, base->grid, {base, value}),
        region_(std::move(region)),
        value_axis_(std::move(value_axis)) {
    weight = base->weight + value->weight;
    keep = weight > 250;
  }
  std::string name() const override { return "assign"; }

  void cut(Planner& planner, const View& view, Cuts& cuts) const override {
    std::vector<std::vector<std::int64_t>> at(view.shape.size(), {0});
    for (std::size_t a = 0; a < view.maps.size(); ++a) {
      const AxisMap& map = view.maps[a];
      if (map.axis < 0 || map.step == 0) continue;
      const std::int64_t count = view.shape[static_cast<std::size_t>(map.axis)];
      if (region_[a].step == 1) {  // only its two borders
        for (const std::int64_t border : {region_[a].start, region_[a].start + region_[a].count}) {
          const std::int64_t k = map.step > 0 ? (border - map.start + map.step - 1) / map.step
                                              : (map.start - border) / -map.step + 1;
          if (k > 0 && k < count) at[static_cast<std::size_t>(map.axis)].push_back(k);
        }
        continue;
      }
      for (std::int64_t k = 1; k < count; ++k)
        if (inside(a, map.start + map.step * k) != inside(a, map.start + map.step * (k - 1)))
          at[static_cast<std::size_t>(map.axis)].push_back(k);
    }
    std::int64_t pieces = 1;
    for (std::size_t k = 0; k < at.size(); ++k) {
      std::ranges::sort(at[k]);
      at[k].erase(std::unique(at[k].begin(), at[k].end()), at[k].end());
      for (const std::int64_t position : at[k])
        if (position) cuts.add(static_cast<std::int64_t>(k), position);
      pieces *= static_cast<std::int64_t>(at[k].size());
    }
    for (std::int64_t p = 0; p < pieces;
         ++p) {  // what is inside crosses chunks of the value, what is outside those of the base
      View part = view;
      Dims from;
      from.resize(static_cast<std::uint32_t>(at.size()));
      std::int64_t rest = p;
      for (std::size_t k = at.size(); k-- > 0;) {
        const auto i = static_cast<std::size_t>(rest % static_cast<std::int64_t>(at[k].size()));
        rest /= static_cast<std::int64_t>(at[k].size());
        from[k] = at[k][i];
        part.shape[k] = (i + 1 < at[k].size() ? at[k][i + 1] : view.shape[k]) - from[k];
      }
      for (AxisMap& map : part.maps)
        if (map.axis >= 0) map.start += map.step * from[static_cast<std::size_t>(map.axis)];
      Cuts inner;
      inner.at.resize(cuts.at.size());
      View theirs;
      if (maps_inside(part, theirs)) cut_input(planner, *inputs[1], theirs, inner);
      else cut_input(planner, *inputs[0], part, inner);
      for (std::size_t k = 0; k < inner.at.size(); ++k)
        for (const std::int64_t position : inner.at[k])
          cuts.add(static_cast<std::int64_t>(k), position + from[k]);
    }
  }

  Register emit(Expression& expression, const View& view) const override {
    View theirs;
    return maps_inside(view, theirs) ? expression.emit(*inputs[1], theirs)
                                     : expression.emit(*inputs[0], view);
  }

 private:
  bool inside(std::size_t axis, std::int64_t index) const {
    const Slice& slice = region_[axis];
    const std::int64_t from = index - slice.start;
    return from >= 0 && from % slice.step == 0 && from / slice.step < slice.count;
  }
  // Whether the view, which is wholly in or out, is in; then where its elements are in the value.
  bool maps_inside(const View& view, View& value) const {
    value.shape = view.shape;
    value.maps.resize(static_cast<std::uint32_t>(inputs[1]->grid.axes()));
    for (std::size_t a = 0; a < view.maps.size(); ++a) {
      const AxisMap& map = view.maps[a];
      if (!inside(a, map.start)) return false;
      if (value_axis_[a] < 0) continue;
      AxisMap& mine = value.maps[static_cast<std::size_t>(value_axis_[a])];
      mine.start = (map.start - region_[a].start) / region_[a].step;
      mine.axis = map.axis;
      mine.step = map.step / region_[a].step;
      if (map.axis >= 0 && view.shape[static_cast<std::size_t>(map.axis)] == 1) mine.step = 1;
    }
    return true;
  }
  std::vector<Slice> region_;
  std::vector<std::int64_t> value_axis_;
};

}  // namespace

NodePtr assign(const NodePtr& node, const NodePtr& given, const std::vector<Index>& indices) {
  const Shape& shape = shape_of(node);
  Parsed parsed = parse("assign", shape, indices);
  NodePtr value = cast(given, node->type);
  if (!parsed.masks.empty()) {
    if (indices.size() != 1)
      throw Error(ErrorKind::unsupported,
                  "assign: a mask must be the only index; combine masks with & instead");
    NodePtr mask = parsed.masks[0].second;
    if (mask->grid.axes() < shape.size()) {  // one axis, the first
      SmallVector<AxisMap, 4> maps;
      maps.push_back({0, 1, 0});
      mask = affine("broadcast_to", mask, maps, shape);
    }
    value = broadcast("assign", value, shape);
    return elementwise(Op::where, node->type, node->type, {mask, value, node});
  }
  if (!parsed.lists.empty()) {
    if (parsed.lists.size() > 1)
      throw Error(ErrorKind::unsupported, "assign: there must be at most one list of indices (got " +
                                              std::to_string(parsed.lists.size()) + ")");
    const auto& [axis, list] = parsed.lists[0];
    Shape selected = parsed.shape;
    selected[axis] = static_cast<std::int64_t>(list.size());
    const NodePtr spread = broadcast("assign", value, selected);
    NodePtr result = node;
    for (const IndexRun& run : runs_of(list.data(), static_cast<std::int64_t>(list.size()))) {
      std::vector<Index> part;
      for (const Index& index : indices) {
        if (!std::holds_alternative<std::vector<std::int64_t>>(index)) {
          part.push_back(index);
        } else if (run.step == 0) {
          part.push_back(Range{run.start, run.start + 1, 1});
        } else {
          const std::int64_t last = run.start + run.step * run.count;
          part.push_back(Range{run.start, last < 0 ? std::nullopt : std::optional(last), run.step});
        }
      }
      std::vector<Index> of_value(axis, Index(WholeAxis{}));
      of_value.push_back(run.step == 0 ? Range{run.at + run.count - 1, run.at + run.count, 1}
                                       : Range{run.at, run.at + run.count, 1});
      result = assign(result, array::index(spread, of_value), part);
    }
    return result;
  }
  std::vector<Slice> region;
  std::vector<std::int64_t> value_axis;
  value = broadcast("assign", value, parsed.shape);
  SmallVector<AxisMap, 4> flipped;
  for (std::size_t k = 0; k < parsed.shape.size(); ++k)
    flipped.push_back({0, 1, static_cast<std::int64_t>(k)});
  bool flips = false;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const AxisMap& map = parsed.maps[a];
    if (map.axis < 0) {
      region.push_back({map.start, 1, 1});
    } else {
      const std::int64_t count = parsed.shape[static_cast<std::size_t>(map.axis)];
      if (count == 0) return node;
      if (map.step > 0) {
        region.push_back({map.start, map.step, count});
      } else {
        flips = true;
        region.push_back({map.start + map.step * (count - 1), -map.step, count});
        flipped[static_cast<std::size_t>(map.axis)] = {count - 1, -1, map.axis};
      }
    }
    value_axis.push_back(map.axis);
  }
  if (flips) value = affine("flip", value, flipped, parsed.shape);
  return std::make_shared<AssignNode>(node, value, std::move(region), std::move(value_axis));
}

}  // namespace weir::detail::array
