// Indexing and assignment.
#include <algorithm>
#include <mutex>
#include <numeric>

#include "array/graph/views.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/sorting.hpp"

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
  check_size(function, shape, {});
  return affine("broadcast_to", x, maps, shape);
}
NodePtr stretched(std::string_view function, const NodePtr& x, const Shape& shape) {
  const NodePtr wide = broadcast(function, x, shape);
  Chunks chunks = wide->grid.chunks;
  cut_products(function, x->grid.size(), size_of(x->type), chunks);
  return chunks == wide->grid.chunks ? wide : std::make_shared<RegridNode>(wide, Grid(std::move(chunks)));
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
  const auto bound = [&](std::optional<std::int64_t> end, std::int64_t otherwise) {
    if (!end) return otherwise;
    std::int64_t i = *end < 0 ? *end + extent : *end;
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

// A list of indices with its shape, or a mask, along an axis of the basic part (or several, from it on).
struct Advanced {
  std::size_t axis;
  Shape shape;
  std::vector<std::int64_t> list;
  NodePtr mask{};
  NodePtr array{};               // that has the list, if one has
  std::vector<ListEnds> ends{};  // of its chunks, if only tasks read it
};
// Indices by axis: the basic part as maps and shape, then what is applied along axes of the outcome.
struct Parsed {
  SmallVector<AxisMap, 4> maps;
  Shape shape;
  std::vector<Advanced> advanced;
  bool apart = false;  // other indices are between the advanced ones, so that their axes come first
  // Where the axes of the advanced ones come.
  [[nodiscard]] std::size_t place() const { return apart ? 0 : advanced[0].axis; }
};

bool is_advanced(const Index& index) {
  return std::holds_alternative<std::vector<std::int64_t>>(index) || std::holds_alternative<NodePtr>(index);
}
// NumPy counts integers beside lists as lists.
bool are_apart(const std::vector<Index>& indices) {
  if (std::ranges::none_of(indices, is_advanced)) return false;
  int runs = 0;
  bool before = false;
  for (const Index& index : indices) {
    const bool now = is_advanced(index) || std::holds_alternative<std::int64_t>(index);
    runs += now && !before;
    before = now;
  }
  return runs > 1;
}

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

// Whether a list of indices alone chooses from chunks that are there, so that nobody but the tasks that do it
// needs to read it.
bool may_stay_unread(const Node& x, const NodePtr& array, const std::vector<Index>& indices) {
  constexpr std::int64_t worth_it = 1 << 15;
  const auto others = std::ranges::count_if(indices, [](const Index& index) {
    return std::holds_alternative<WholeAxis>(index) || std::holds_alternative<Ellipsis>(index);
  });
  return (x.is_barrier() || x.keep) && others + 1 == std::ssize(indices) && array->grid.axes() == 1 &&
         array->grid.size() >= worth_it;
}

// `x`: what has the shape, where lists may stay unread.
Parsed parse(std::string_view function, const Shape& shape, const std::vector<Index>& indices,
             const Node* x = nullptr) {
  std::size_t named = 0, ellipses = 0;
  for (const Index& index : indices) {
    if (const auto* array = std::get_if<NodePtr>(&index))
      named += (void(shape_of(*array)), (*array)->type == DType::boolean) ? (*array)->grid.axes() : 1;
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
  parsed.apart = are_apart(all);
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
      parsed.advanced.push_back(
          {parsed.shape.size(), {std::ssize(*list)}, checked(function, *list, shape[axis], axis), nullptr});
      keep(0, 1, shape[axis]);
    } else if (const NodePtr& array = std::get<NodePtr>(index); array->type != DType::boolean) {
      if (!is_integer(array->type))
        refuse(function, "an array used as index must be a mask of bool or indices of an integer type (got " +
                             std::string(to_string(array->type)) + ")");
      const NodePtr there = persist(converted(array, DType::int64, OutOfRange::error));
      if (x && may_stay_unread(*x, array, indices))
        if (auto ends = ends_of_list(there, shape[axis]); !ends.empty()) {
          parsed.advanced.push_back(
              {parsed.shape.size(), array->grid.shape, {}, nullptr, there, std::move(ends)});
          keep(0, 1, shape[axis]);
          continue;
        }
      const xt::xarray<std::int64_t> values = compute<std::int64_t>(there);
      parsed.advanced.push_back(
          {parsed.shape.size(), array->grid.shape,
           checked(function, {values.data(), values.data() + values.size()}, shape[axis], axis), nullptr,
           there});
      keep(0, 1, shape[axis]);
    } else {
      const Shape part(shape.begin() + static_cast<std::ptrdiff_t>(axis),
                       shape.begin() + static_cast<std::ptrdiff_t>(axis + array->grid.axes()));
      if (array->grid.shape != part || part.empty())
        refuse(function, "a mask must have the shape of the axes it stands for (got " +
                             weir::to_text(array->grid.shape) + " for " + weir::to_text(shape) + ")");
      parsed.advanced.push_back({parsed.shape.size(), {}, {}, array});
      for (std::size_t i = 0; i < part.size(); ++i) keep(0, 1, shape[axis]);
    }
  }
  return parsed;
}

// The part without lists and masks.
NodePtr basic_part(const NodePtr& x, const Parsed& parsed) {
  bool same = parsed.shape == x->grid.shape;
  for (std::size_t a = 0; same && a < parsed.maps.size(); ++a)
    same = parsed.maps[a] == AxisMap{0, 1, static_cast<std::int64_t>(a)};
  return same ? x : affine("slice", x, parsed.maps, parsed.shape);
}

// Lists and masks as lists that are broadcast together, and the axes they are for.
std::pair<Points, std::vector<std::int64_t>> points_of(std::string_view function,
                                                       const std::vector<Advanced>& advanced) {
  std::vector<Advanced> lists;
  for (const Advanced& each : advanced) {
    if (!each.mask) {
      lists.push_back(each);
      continue;
    }
    std::size_t axis = each.axis;
    for (const NodePtr& where : nonzero(each.mask)) {
      const xt::xarray<std::int64_t> values = compute<std::int64_t>(where);
      lists.push_back({axis++, where->grid.shape, {values.data(), values.data() + values.size()}, nullptr});
    }
  }
  Points points;
  std::vector<std::int64_t> axes;
  for (const Advanced& list : lists) {
    axes.push_back(static_cast<std::int64_t>(list.axis));
    Shape& shape = points.shape;
    if (shape.size() < list.shape.size()) shape.insert(shape.begin(), list.shape.size() - shape.size(), 1);
    for (std::size_t i = 0; i < list.shape.size(); ++i) {
      std::int64_t& extent = shape[shape.size() - list.shape.size() + i];
      if (extent != list.shape[i] && extent != 1 && list.shape[i] != 1)
        refuse(function, "lists of indices must be broadcastable together (got " +
                             weir::to_text(lists[0].shape) + " and " + weir::to_text(list.shape) + ")");
      if (extent == 1) extent = list.shape[i];
    }
  }
  std::int64_t count = 1;
  for (const std::int64_t extent : points.shape) count *= extent;
  for (const Advanced& list : lists) {
    const Dims steps = row_major(dims(list.shape));
    std::vector<std::int64_t>& all = points.lists.emplace_back();
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t rest = i, from = 0;
      for (std::size_t k = 0; k < points.shape.size(); ++k) {
        const std::size_t a = points.shape.size() - 1 - k;
        const std::int64_t at = rest % points.shape[a];
        rest /= points.shape[a];
        if (k >= list.shape.size()) continue;
        const std::size_t mine = list.shape.size() - 1 - k;
        if (list.shape[mine] != 1) from += at * steps[mine];
      }
      all.push_back(list.list[static_cast<std::size_t>(from)]);
    }
  }
  return {points, axes};
}

// The order of axes that brings these to the front, and its inverse.
std::vector<std::int64_t> to_front(std::size_t axes, const std::vector<std::int64_t>& first) {
  std::vector<std::int64_t> order = first;
  for (std::int64_t a = 0; a < static_cast<std::int64_t>(axes); ++a)
    if (!std::ranges::count(first, a)) order.push_back(a);
  return order;
}
std::vector<std::int64_t> inverse(const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return back;
}
NodePtr ordered_axes(const NodePtr& x, const std::vector<std::int64_t>& order) {
  return order.empty() ? x : transpose(x, order);
}
// `count` axes from `place` on.
std::vector<std::int64_t> axes_from(std::size_t place, std::size_t count) {
  std::vector<std::int64_t> axes(count);
  std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(place));
  return axes;
}

// What lists and masks choose of the basic part.
NodePtr chosen(const NodePtr& x, Parsed parsed) {
  Advanced& first = parsed.advanced[0];
  if (parsed.advanced.size() == 1) {
    const std::size_t axes = first.mask ? first.mask->grid.axes() : first.shape.size();
    if (axes == 1 || (first.mask && axes == x->grid.axes())) {
      const NodePtr result = first.mask           ? select(x, first.axis, first.mask)
                             : first.ends.empty() ? take(x, first.axis, std::move(first.list), first.array)
                                                  : take_listed(x, first.axis, first.array, first.ends);
      return first.axis == parsed.place()
                 ? result
                 : transpose(result, moved(result->grid.axes(), static_cast<std::int64_t>(first.axis), 0));
    }
  }
  const auto [points, axes] = points_of("index", parsed.advanced);
  const NodePtr result = take_points(ordered_axes(x, to_front(x->grid.axes(), axes)), points);
  return ordered_axes(result,
                      inverse(to_front(result->grid.axes(), axes_from(parsed.place(), points.shape.size()))));
}

}  // namespace

NodePtr index(const NodePtr& node, const std::vector<Index>& indices) {
  Parsed parsed = parse("index", shape_of(node), indices, node.get());
  const NodePtr basic = basic_part(node, parsed);
  return parsed.advanced.empty() ? basic : chosen(basic, std::move(parsed));
}

struct Later {
  std::once_flag once;
  std::function<NodePtr()> make;
  NodePtr node;
};
const NodePtr& made(Later& later) {
  std::call_once(later.once, [&] {
    later.node = later.make();
    later.make = nullptr;
  });
  return later.node;
}

Described part_of(const NodePtr& node, const std::vector<Index>& indices) {
  const auto is_mask = [](const Index& index) {
    const auto* array = std::get_if<NodePtr>(&index);
    return array && *array && (*array)->type == DType::boolean;
  };
  const auto lists = std::ranges::count_if(indices, is_advanced),
             masks = std::ranges::count_if(indices, is_mask);
  if (masks == 0 || masks < lists) return Described(index(node, indices));
  (void)parse("index", shape_of(node), indices);  // what is wrong is told now
  const auto later = std::make_shared<Later>();
  later->make = [node, indices] { return index(node, indices); };
  return Described(later);
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

// `node` with a regular region set to values of its shape.
NodePtr with_region(const NodePtr& node, const Parsed& parsed, NodePtr value) {
  const Shape& shape = node->grid.shape;
  std::vector<Slice> region;
  std::vector<std::int64_t> value_axis;
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

// A list with few runs: one region after the other.
NodePtr with_runs(const NodePtr& x, const Advanced& list, const std::vector<IndexRun>& runs,
                  const NodePtr& spread) {
  NodePtr result = x;
  for (const IndexRun& run : runs) {
    std::vector<Index> of_x(list.axis, Index(WholeAxis{})), of_value = of_x;
    const std::int64_t behind = run.start + run.step * run.count;
    of_x.push_back(run.step == 0
                       ? Range{run.start, run.start + 1, 1}
                       : Range{run.start, behind < 0 ? std::nullopt : std::optional(behind), run.step});
    of_value.push_back(run.step == 0 ? Range{run.at + run.count - 1, run.at + run.count, 1}
                                     : Range{run.at, run.at + run.count, 1});
    result = assign(result, array::index(spread, of_value), of_x);
  }
  return result;
}

bool can_broadcast(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  for (std::size_t i = 1; i <= from.size(); ++i)
    if (from[from.size() - i] != 1 && from[from.size() - i] != to[to.size() - i]) return false;
  return true;
}

// `x` with values where a mask is true. Where the values do not depend on how many there are, these are not
// counted. Nothing for others where a mask has some of the axes.
NodePtr with_masked(const NodePtr& x, const Advanced& mask, std::size_t place, const NodePtr& value) {
  const std::size_t axes = mask.mask->grid.axes();
  const auto from = static_cast<std::ptrdiff_t>(mask.axis);
  Shape once = x->grid.shape;  // of what is selected, if that is one
  once.erase(once.begin() + from, once.begin() + from + static_cast<std::ptrdiff_t>(axes));
  once.insert(once.begin() + static_cast<std::ptrdiff_t>(place), 1);
  if (!can_broadcast(value->grid.shape, once)) {
    if (axes != 1 && axes != x->grid.axes()) return nullptr;
    return set_selected(x, mask.axis, mask.mask, value, place);
  }
  NodePtr each = broadcast("assign", value, once);
  if (place != mask.axis)
    each = transpose(
        each, moved(once.size(), static_cast<std::int64_t>(place), static_cast<std::int64_t>(mask.axis)));
  for (std::size_t i = 1; i < axes; ++i) each = expand_dims(each, from);
  SmallVector<AxisMap, 4> maps;
  for (std::size_t a = 0; a < axes; ++a) maps.push_back({0, 1, from + static_cast<std::ptrdiff_t>(a)});
  const NodePtr wide = affine("broadcast_to", mask.mask, maps, x->grid.shape);
  return elementwise(Op::where, x->type, x->type, {wide, broadcast("assign", each, x->grid.shape), x});
}

// `x`, a basic part, with values where lists and masks choose.
NodePtr with_chosen(const NodePtr& x, const Parsed& parsed, const NodePtr& value) {
  const Advanced& first = parsed.advanced[0];
  const std::size_t place = parsed.place();
  const bool one = parsed.advanced.size() == 1;
  if (one && first.mask)
    if (NodePtr set = with_masked(x, first, place, value)) return set;
  if (one && !first.mask && first.shape.size() == 1 && place == first.axis) {
    const auto runs = runs_of(first.list.data(), std::ssize(first.list), most_runs);
    Shape shape = x->grid.shape;
    shape[first.axis] = first.shape[0];
    if (runs.size() <= most_runs) return with_runs(x, first, runs, broadcast("assign", value, shape));
  }
  const auto [points, axes] = points_of("assign", parsed.advanced);
  const std::vector<std::int64_t> order = to_front(x->grid.axes(), axes);
  Shape rows{points.count()}, shape;
  for (std::size_t i = axes.size(); i < order.size(); ++i)
    shape.push_back(x->grid.shape[static_cast<std::size_t>(order[i])]);
  rows.insert(rows.end(), shape.begin(), shape.end());
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(place), points.shape.begin(), points.shape.end());
  const bool is_one_value = value->grid.axes() == 0;
  const NodePtr each =
      is_one_value ? broadcast("assign", value, rows)
                   : reshape(ordered_axes(broadcast("assign", value, shape),
                                          to_front(shape.size(), axes_from(place, points.shape.size()))),
                             rows);
  return ordered_axes(set_points(ordered_axes(x, order), points, each, is_one_value), inverse(order));
}

}  // namespace

NodePtr assign(const NodePtr& node, const NodePtr& input, const std::vector<Index>& indices) {
  const Parsed parsed = parse("assign", shape_of(node), indices);
  const NodePtr value = cast((void(shape_of(input)), input), node->type);
  if (parsed.advanced.empty()) return with_region(node, parsed, broadcast("assign", value, parsed.shape));
  const NodePtr mask = indices.size() == 1 ? parsed.advanced[0].mask : nullptr;
  if (mask && mask->grid.shape == node->grid.shape && value->grid.shape == node->grid.shape)
    return elementwise(Op::where, node->type, node->type, {mask, value, node});
  const NodePtr basic = basic_part(node, parsed), set = with_chosen(basic, parsed, value);
  return basic == node ? set : with_region(node, parsed, set);
}

}  // namespace weir::detail::array
