// Reductions: every chunk is folded where it is, partial results are merged by a tree.
#include <algorithm>
#include <cmath>
#include <complex>

#include "array/graph/straight.hpp"
#include "array/graph/views.hpp"
#include "array/kernels/exact.hpp"
#include "weir/array/array.hpp"

namespace weir::detail::array {

namespace {

std::string_view name_of(Reduction reduction) {
  constexpr std::string_view names[] = {
      "sum", "prod",          "mean",   "var",     "std",     "min",    "max",    "argmin", "argmax", "any",
      "all", "count_nonzero", "nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax"};
  return names[static_cast<std::size_t>(reduction)];
}

// Merges moments (count, mean, squares), the best of several (index, bits) or totals (sum, count).
template <class A>
void merge_moments(const Tensor& from, const Tensor& to) {
  const std::int64_t plane = to.size() / 3;
  const A* f = from.as<A>();
  A* t = to.as<A>();
  for (std::int64_t i = 0; i < plane; ++i) {
    const double here = std::real(f[i]), before = std::real(t[i]), sum = here + before;
    if (here == 0) continue;
    const A apart = f[plane + i] - t[plane + i];
    t[2 * plane + i] += f[2 * plane + i] + std::norm(apart) * before * here / sum;
    t[plane + i] += apart * here / sum;
    t[i] = sum;
  }
}
template <class T, class Better>
void merge_best(const Tensor& from, const Tensor& to, Better better) {
  const std::int64_t plane = to.size() / 2;
  const auto* f = from.as<std::int64_t>();
  auto* t = to.as<std::int64_t>();
  for (std::int64_t i = 0; i < plane; ++i) {
    if (f[i] < 0) continue;
    T mine, held;
    std::memcpy(&mine, &f[plane + i], sizeof mine);
    std::memcpy(&held, &t[plane + i], sizeof held);
    const bool nan = mine != mine, held_nan = held != held;
    if (t[i] >= 0 && !(nan && !held_nan) && (held_nan || !better(mine, held)) &&
        !((mine == held || (nan && held_nan)) && f[i] < t[i]))
      continue;
    t[i] = f[i];
    t[plane + i] = f[plane + i];
  }
}
void merge_exact(Fold fold, const Tensor& from, const Tensor& to) {
  const std::int64_t plane = to.size() / 2;
  dispatch_exact(fold == Fold::exact_product, to.type, [&]<class State>(std::type_identity<State>) {
    for (std::int64_t i = 0; i < plane; ++i) {
      auto *f = static_cast<std::int64_t*>(from.data) + i, *t = static_cast<std::int64_t*>(to.data) + i;
      State state = state_at<State>(t, plane);
      state.merge(state_at<State>(f, plane));
      put_state(t, plane, state);
    }
  });
}
template <class A>
void merge_totals(const Tensor& from, const Tensor& to) {
  for (std::int64_t i = 0; i < to.size(); ++i) to.as<A>()[i] += from.as<A>()[i];
}
Tensor merged(Fold fold, DType type, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(operands[0].type, operands[0].shape);
  fold_start(fold, out);
  for (const Tensor& from : operands) {
    if (is_exact(fold)) {
      merge_exact(fold, from, out);
    } else if (fold == Fold::nan_total) {
      if (out.type == DType::float64) merge_totals<double>(from, out);
      else merge_totals<std::complex<double>>(from, out);
    } else if (fold_planes(fold) == 3) {
      if (out.type == DType::float64) merge_moments<double>(from, out);
      else merge_moments<std::complex<double>>(from, out);
    } else {
      dispatch(type, [&]<class T>(std::type_identity<T>) {
        if constexpr (std::is_arithmetic_v<T>) {
          if (fold == Fold::arg_minimum) merge_best<T>(from, out, [](T a, T b) { return a < b; });
          else merge_best<T>(from, out, [](T a, T b) { return a > b; });
        }
      });
    }
  }
  return out;
}
task::Value merge(Reader& parameters, std::span<const Tensor> operands) {
  Fold fold{};
  DType type{};
  read(parameters, fold);
  read(parameters, type);
  return merged(fold, type, operands).value;
}

// The numbers that exact sums and products are.
task::Value conclude(Reader& parameters, std::span<const Tensor> operands) {
  Fold fold{};
  DType type{};
  std::string name;
  read(parameters, fold);
  read(parameters, type);
  read(parameters, name);
  const Tensor states = operands.size() == 1 ? operands[0] : merged(fold, type, operands);
  Dims shape;
  for (std::size_t a = 1; a < states.shape.size(); ++a) shape.push_back(states.shape[a]);
  const Tensor out = make_tensor(states.type, shape);
  dispatch_exact(fold == Fold::exact_product, out.type, [&]<class State>(std::type_identity<State>) {
    for (std::int64_t i = 0; i < out.size(); ++i) {
      const State state = state_at<State>(static_cast<const std::int64_t*>(states.data) + i, out.size());
      const auto value = state.value();
      if (!value) refuse_beyond(name, out.type, state.text());
      std::memcpy(static_cast<std::int64_t*>(out.data) + i, &*value, sizeof *value);
    }
  });
  return out.value;
}

struct Folding {
  std::string_view name;  // which is there for ever
  Fold fold;
  DType type;  // of the elements
  AxisFlags folded;
  std::size_t planes;      // leading axes of partial results: 0 or 1
  bool concludes = false;  // the end of the tree has numbers instead of planes
  bool drops = false;      // and it has no folded axes; for one plane
  [[nodiscard]] bool is_done(const Grid& grid) const { return is_done(grid, planes); }
  [[nodiscard]] bool is_done(const Grid& grid, std::size_t first_axis) const {
    for (std::size_t a = 0; a < folded.size(); ++a)
      if (folded[a] && grid.chunks[a + first_axis].size() > 1) return false;
    return true;
  }
  [[nodiscard]] GridPtr without_folded(const Grid& grid) const {
    Chunks chunks;
    for (std::size_t a = 0; a < folded.size(); ++a)
      if (!folded[a]) chunks.push_back(grid.chunks[a]);
    return chunks.empty() ? scalar_grid() : std::make_shared<const Grid>(std::move(chunks));
  }
  // Of a result whose folded axes have one element.
  [[nodiscard]] Dims without_folded(const Dims& shape) const {
    Dims rest;
    for (std::size_t a = 0; a < folded.size(); ++a)
      if (!folded[a]) rest.push_back(shape[a]);
    return rest;
  }
  [[nodiscard]] Grid without_planes(const Grid& grid) const {
    return Grid(Chunks(grid.chunks.begin() + static_cast<std::ptrdiff_t>(planes), grid.chunks.end()));
  }
  // Of the axes of partial results of chunks.
  void append_partial(const Grid& grid, Chunks& chunks) const {
    for (std::size_t a = 0; a < grid.axes(); ++a)
      chunks.push_back(folded[a] ? std::vector<std::int64_t>(grid.chunks[a].size(), 1) : grid.chunks[a]);
  }
  // Of the partial results of chunks.
  [[nodiscard]] GridPtr partial(const Grid& grid) const {
    const bool done = is_done(grid, 0);
    if (drops && done) return without_folded(grid);
    Chunks chunks;
    if (planes && !(concludes && done)) chunks.push_back({fold_planes(fold)});
    append_partial(grid, chunks);
    return std::make_shared<const Grid>(std::move(chunks));
  }
};

NodePtr light(std::string name, DType type, Grid grid, const NodePtr& x, TaskNode::Plan plan) {
  const auto node = std::make_shared<TaskNode>(std::move(name), type, std::move(grid),
                                               std::vector<NodePtr>{x}, std::move(plan));
  node->light = true;
  return node;
}

// What is this small is folded by one task, whatever its chunks are.
NodePtr joined(const Folding& how, const NodePtr& x) {
  if (x->grid.size() > few_elements || how.is_done(x->grid, 0)) return x;
  Chunks chunks = x->grid.chunks;
  for (std::size_t a = 0; a < chunks.size(); ++a)
    if (how.folded[a]) chunks[a] = {x->grid.shape[a]};
  return std::make_shared<RegridNode>(x, Grid(std::move(chunks)));
}

// A partial result for every chunk.
class FoldNode : public Node {
 public:
  FoldNode(const Folding& how, const NodePtr& x)
      : Node(fold_type(how.fold, how.type), how.partial(x->grid), {x}), how_(how) {}
  std::string name() const override { return std::string(how_.name); }
  bool is_barrier() const override { return true; }
  bool is_light() const override { return true; }
  void cut(Planner&, const View& view, Cuts& cuts) const override { cut_at_chunks(grid, view, cuts); }
  Register emit(Expression&, const View&) const override {
    throw Error(ErrorKind::internal, "array: code of a node that is a fold was asked for");
  }
  void plan(TaskBuilder& task, std::int64_t chunk) const override;
  bool fold_straight(StraightTask& task, std::uint32_t operand) const override {
    return how_.drops && grid.axes() == 0 && !is_arg(how_.fold) && task.fold(*inputs[0], how_.fold, operand);
  }

 private:
  const Folding how_;
};

void FoldNode::plan(TaskBuilder& task, std::int64_t chunk) const {
  const Grid& source = inputs[0]->grid;
  const bool done = how_.is_done(source, 0);
  const View view = chunk_view(source, chunk);
  Dims shape;
  for (std::size_t a = 0; a < view.shape.size(); ++a) shape.push_back(how_.folded[a] ? 1 : view.shape[a]);
  const Dims kept = row_major(shape);
  Destination to;
  to.fold = how_.fold;
  to.plane = 1;
  for (const std::int64_t n : shape) to.plane *= n;
  for (std::size_t a = 0; a < shape.size(); ++a) to.steps.push_back(how_.folded[a] ? 0 : kept[a]);
  if (is_arg(how_.fold)) {
    const bool flat = std::ranges::count(how_.folded, true) != 1;
    Dims whole;
    for (std::size_t a = 0; a < shape.size(); ++a) whole.push_back(how_.folded[a] ? source.shape[a] : 1);
    const Dims positions = row_major(whole);
    for (std::size_t a = 0; a < shape.size(); ++a) {
      to.index_steps.push_back(how_.folded[a] ? (flat ? positions[a] : 1) : 0);
      to.index_offset += to.index_steps[to.index_steps.size() - 1] * view.maps[a].start;
    }
  } else {
    to.index_steps.resize(shape.size());
  }
  if (how_.planes) {
    Dims with_planes{fold_planes(how_.fold)};
    for (const std::int64_t n : shape) with_planes.push_back(n);
    shape = with_planes;
  }
  if (how_.drops && done) shape = how_.without_folded(shape);
  to.operand = task.temporary(fold_type(how_.fold, how_.type), shape, how_.fold);
  task.fill(*inputs[0], view, to);
  if (how_.concludes && done)
    task.kernel(&conclude, {to.operand}, how_.fold, how_.type, std::string(how_.name));
  else task.result(to.operand);
}

// Merges up to `ways` neighbours along every folded axis.
NodePtr combined(const Folding& how, const NodePtr& x, std::int64_t ways) {
  Chunks chunks;
  for (std::size_t a = 0; a < x->grid.axes(); ++a) {
    const bool folded = a >= how.planes && how.folded[a - how.planes];
    chunks.push_back(
        folded ? std::vector<std::int64_t>((x->grid.chunks[a].size() + static_cast<std::size_t>(ways) - 1) /
                                               static_cast<std::size_t>(ways),
                                           1)
               : x->grid.chunks[a]);
  }
  Grid grid(std::move(chunks));
  const Fold fold = how.fold == Fold::count || how.fold == Fold::nan_sum ? Fold::sum
                    : how.fold == Fold::nan_product                      ? Fold::product
                                                                         : how.fold;
  const bool last = how.concludes && how.is_done(grid), drops = how.drops && how.is_done(grid);
  const auto plan = [how, fold, ways, source = x.get(), grid, last, drops](TaskBuilder& task,
                                                                           std::int64_t chunk) {
    View view = chunk_view(grid, chunk);
    const Dims shape = view.shape, kept = row_major(shape);
    Dims steps = kept, at = grid.unravel(chunk);
    for (std::size_t a = how.planes; a < shape.size(); ++a) {
      if (!how.folded[a - how.planes]) continue;
      const auto begin = at[a] * ways,
                 end = std::min(begin + ways, static_cast<std::int64_t>(source->grid.chunks[a].size()));
      view.maps[a].start = begin;
      view.shape[a] = end - begin;
      steps[a] = 0;
    }
    if (!how.planes) {
      const Dims left = drops ? how.without_folded(shape) : shape;
      Destination to{.operand = task.temporary(source->type, left, fold), .steps = steps, .fold = fold};
      to.index_steps.resize(shape.size());
      task.fill(*source, view, to);
      return task.result(to.operand);
    }
    std::vector<std::uint32_t> operands;
    std::int64_t count = 1;
    for (std::size_t a = how.planes; a < shape.size(); ++a)
      if (how.folded[a - how.planes]) count *= view.shape[a];
    for (std::int64_t i = 0; i < count; ++i) {
      Dims place = at;
      std::int64_t rest = i;
      for (std::size_t a = shape.size(); a-- > how.planes;) {
        if (!how.folded[a - how.planes]) continue;
        place[a] = view.maps[a].start + rest % view.shape[a];
        rest /= view.shape[a];
      }
      operands.push_back(task.chunk(*source, source->grid.ravel(place)));
    }
    if (last) task.kernel(&conclude, std::move(operands), fold, how.type, std::string(how.name));
    else task.kernel(&merge, std::move(operands), fold, how.type);
  };
  return light(std::string(how.name) + " merge", x->type,
               last    ? how.without_planes(grid)
               : drops ? *how.without_folded(grid)
                       : grid,
               x, plan);
}

// The whole tree; the result has the folded axes, with one element, unless it drops them, and the planes in
// front unless it concludes.
NodePtr merged_by_tree(const Folding& how, NodePtr node, int split_every) {
  const auto axes = std::max<std::ptrdiff_t>(1, std::ranges::count(how.folded, true));
  const auto ways = std::max<std::int64_t>(
      2, static_cast<std::int64_t>(std::pow(split_every, 1.0 / static_cast<double>(axes)) + 1e-9));
  const auto is_done = [&] {
    if (how.drops) return std::ssize(node->grid.shape) == std::ranges::count(how.folded, false);
    return how.concludes ? node->grid.axes() == how.folded.size() : how.is_done(node->grid);
  };
  while (!is_done()) node = combined(how, node, ways);
  return node;
}
NodePtr fold_tree(const Folding& how, const NodePtr& x, int split_every) {
  const auto node = std::make_shared<FoldNode>(how, joined(how, x));
  return how.is_done(node->inputs[0]->grid, 0) ? node : merged_by_tree(how, node, split_every);
}

// One plane without the folded axes (or with them).
NodePtr plane(const Folding& how, const NodePtr& tree, std::int64_t number, bool keepdims) {
  if (how.drops) return tree;
  SmallVector<AxisMap, 4> maps;
  if (how.planes) maps.push_back({number, 0, -1});
  Chunks chunks;
  for (std::size_t a = 0; a < how.folded.size(); ++a) {
    if (how.folded[a] && !keepdims) {
      maps.push_back({0, 0, -1});
    } else {
      maps.push_back({0, 1, static_cast<std::int64_t>(chunks.size())});
      chunks.push_back(tree->grid.chunks[a + how.planes]);
    }
  }
  if (!how.planes && (keepdims || std::ranges::count(how.folded, true) == 0)) return tree;
  return std::make_shared<AffineNode>("squeeze", tree, Grid(std::move(chunks)), maps);
}

// So many integers of 32 bits do not leave 64.
Fold sum_fold(DType type, std::int64_t count) {
  const bool is_safe = kind_of(type) != 1 || (width_of(type) < 3 && count < INT64_C(1) << 31);
  return is_safe ? Fold::sum : Fold::exact_sum;
}
Fold product_fold(DType type) { return kind_of(type) == 1 ? Fold::exact_product : Fold::product; }

void check_split(std::string_view function, const Reduce& how) {
  if (how.split_every < 2)
    refuse(function, "split_every must be at least 2 (got " + std::to_string(how.split_every) + ")");
}

NodePtr number(DType type, double value) { return scalar_as("reduce", type, value); }

}  // namespace

NodePtr reduce(Reduction reduction, const NodePtr& input, const Reduce& how, DType out) {
  const std::string_view name = name_of(reduction);
  const Shape& shape = shape_of(input);
  check_split(name, how);
  Folding folding{name, Fold::sum, input->type, named_axes(name, how.axis, shape.size()), 0};
  std::int64_t count = 1;
  for (std::size_t a = 0; a < shape.size(); ++a)
    if (folding.folded[a]) count *= shape[a];
  const auto tree = [&](Fold fold, const NodePtr& x, std::int64_t which = 0) {
    Folding mine = folding;
    mine.fold = fold;
    mine.type = x->type;
    mine.planes = fold_planes(fold) > 1;
    mine.concludes = is_exact(fold);
    mine.drops = mine.planes == 0 && !how.keepdims && std::ranges::count(mine.folded, true) > 0;
    const NodePtr result = fold_tree(mine, x, how.split_every);
    if (mine.concludes) mine.planes = 0;
    return plane(mine, result, which, how.keepdims);
  };
  const auto sum = [&](const NodePtr& x) { return tree(sum_fold(x->type, count), x); };
  const auto product = [&](const NodePtr& x) { return tree(product_fold(x->type), x); };
  const auto needs_elements = [&] {
    if (count == 0) refuse(name, "there must be an element to choose (the shape is " + to_text(shape) + ")");
    if (is_complex(input->type))
      throw Error(ErrorKind::unsupported, std::string(name) + ": complex numbers have no order");
  };
  const auto divided = [&](const NodePtr& sum, const NodePtr& by) {
    const DType type = is_complex(sum->type) ? DType::complex128 : DType::float64;
    return cast(elementwise(Op::divide, type, type, {cast(sum, type), by}), out);
  };
  // squares / (count - ddof)
  const auto variance = [&](Fold fold, bool root) {
    Folding mine = folding;
    mine.fold = fold;
    mine.planes = 1;
    const NodePtr moments = fold_tree(mine, input, how.split_every);
    const auto real_plane = [&](std::int64_t which) {
      return cast(plane(mine, moments, which, how.keepdims), DType::float64);
    };
    // Nothing is left to divide by: infinity or NaN as in NumPy, which ignores less than nothing.
    NodePtr by = number(DType::float64, std::max(0.0, static_cast<double>(count) - how.ddof));
    if (fold == Fold::nan_moments) {
      const NodePtr left = elementwise(Op::subtract, DType::float64, DType::float64,
                                       {real_plane(0), number(DType::float64, how.ddof)});
      by = elementwise(
          Op::where, DType::float64, DType::float64,
          {elementwise(Op::greater, DType::float64, DType::boolean, {left, number(DType::float64, 0)}), left,
           number(DType::float64, std::nan(""))});
    }
    NodePtr result = elementwise(Op::divide, DType::float64, DType::float64, {real_plane(2), by});
    if (root) result = elementwise(Op::sqrt, DType::float64, DType::float64, {result});
    return cast(result, out);
  };
  // Integers would wrap around.
  const auto sum_for_mean = [&](const NodePtr& x) {
    return sum(kind_of(x->type) < 2 ? cast(x, DType::float64) : x);
  };
  const auto mean = [&] {
    return divided(sum_for_mean(input), number(DType::float64, static_cast<double>(count)));
  };
  const auto nan_mean = [&] {
    Folding mine = folding;
    mine.fold = Fold::nan_total;
    mine.planes = 1;
    const NodePtr totals = fold_tree(mine, input, how.split_every);
    return divided(plane(mine, totals, 0, how.keepdims), plane(mine, totals, 1, how.keepdims));
  };
  const bool has_nan = kind_of(input->type) >= 2;
  switch (reduction) {
    case Reduction::sum:
      return cast(sum(input), out);
    case Reduction::prod:
      return cast(product(input), out);
    case Reduction::mean:
      return mean();
    case Reduction::var:
      return variance(Fold::moments, false);
    case Reduction::std:
      return variance(Fold::moments, true);
    case Reduction::min:
      needs_elements();
      return tree(Fold::minimum, input);
    case Reduction::max:
      needs_elements();
      return tree(Fold::maximum, input);
    case Reduction::argmin:
      needs_elements();
      return tree(Fold::arg_minimum, input);
    case Reduction::argmax:
      needs_elements();
      return tree(Fold::arg_maximum, input);
    case Reduction::any:
      return tree(Fold::any, input);
    case Reduction::all:
      return tree(Fold::all, input);
    case Reduction::count_nonzero:
      return tree(Fold::count, input);
    case Reduction::nansum:
      return cast(has_nan ? tree(Fold::nan_sum, input) : sum(input), out);
    case Reduction::nanprod:
      return cast(has_nan ? tree(Fold::nan_product, input) : product(input), out);
    case Reduction::nanmean:
      return has_nan ? nan_mean() : mean();
    case Reduction::nanvar:
      return variance(has_nan ? Fold::nan_moments : Fold::moments, false);
    case Reduction::nanstd:
      return variance(has_nan ? Fold::nan_moments : Fold::moments, true);
    case Reduction::nanmin:
      needs_elements();
      return tree(Fold::nan_minimum, input);
    case Reduction::nanmax:
      needs_elements();
      return tree(Fold::nan_maximum, input);
  }
  throw Error(ErrorKind::internal, "reduce: unknown reduction");
}

std::pair<NodePtr, NodePtr> sums_of_both(const NodePtr& a, const NodePtr& b, const Reduce& how) {
  Folding one{"sum", Fold::sum, a->type, named_axes("sum", how.axis, a->grid.axes()), 0};
  check_split("sum", how);
  const NodePtr x = joined(one, a), y = joined(one, b);
  // The partial sums of one are in front of those of the other, along an axis of their own.
  Chunks chunks{{2}};
  one.append_partial(x->grid, chunks);
  const auto plan = [one, x, y](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(x->grid, chunk);
    Dims shape{2}, inner;
    for (std::size_t k = 0; k < view.shape.size(); ++k) inner.push_back(one.folded[k] ? 1 : view.shape[k]);
    for (const std::int64_t n : inner) shape.push_back(n);
    Destination to{.operand = task.temporary(fold_type(Fold::sum, one.type), shape, Fold::sum),
                   .fold = Fold::sum};
    const Dims kept = row_major(inner);
    for (std::size_t k = 0; k < inner.size(); ++k) to.steps.push_back(one.folded[k] ? 0 : kept[k]);
    to.index_steps.resize(inner.size());
    task.fill(*x, view, to);
    to.offset = row_major(shape)[0];
    task.fill(*y, view, to);
    task.result(to.operand);
  };
  const auto partial = std::make_shared<TaskNode>("sum", fold_type(Fold::sum, one.type),
                                                  Grid(std::move(chunks)), std::vector<NodePtr>{x, y}, plan);
  partial->light = true;
  Folding both = one;
  both.folded = {false};
  for (const bool is_folded : one.folded) both.folded.push_back(is_folded);
  both.drops = !how.keepdims && std::ranges::count(one.folded, true) > 0 && !both.is_done(partial->grid);
  const NodePtr tree = merged_by_tree(both, partial, how.split_every);
  const auto sum_of = [&](std::int64_t which) -> NodePtr {
    SmallVector<AxisMap, 4> maps{{which, 0, -1}};
    Chunks left;
    for (std::size_t k = 1; k < tree->grid.axes(); ++k) {
      const bool is_gone = !both.drops && !how.keepdims && both.folded[k];
      maps.push_back(is_gone ? AxisMap{0, 0, -1} : AxisMap{0, 1, static_cast<std::int64_t>(left.size())});
      if (!is_gone) left.push_back(tree->grid.chunks[k]);
    }
    return cast(std::make_shared<AffineNode>("squeeze", tree, Grid(std::move(left)), maps), a->type);
  };
  return {sum_of(0), sum_of(1)};
}

NodePtr exact_totals(bool product, const NodePtr& x, std::int64_t axis) {
  Folding how{
      product ? "cumprod" : "cumsum", product ? Fold::exact_product : Fold::exact_sum, x->type, {}, 1};
  how.folded.resize(static_cast<std::uint32_t>(x->grid.axes()));
  how.folded[static_cast<std::size_t>(axis)] = true;
  return fold_tree(how, x, Reduce{}.split_every);
}

}  // namespace weir::detail::array
