// Products of matrices and tensors, einsum: which chunks meet in which task.
#include <algorithm>
#include <cctype>
#include <map>

#include "array/graph/views.hpp"
#include "array/kernels/linalg.hpp"
#include "weir/array/linalg.hpp"

namespace weir::detail::array {

Chunks stack_chunks(const NodePtr& a, const NodePtr& b) {
  Chunks chunks;
  for (std::size_t axis = 0; axis + 2 < a->grid.axes(); ++axis) {  // what is broadcast has one chunk
    const auto &of_a = a->grid.chunks[axis], &of_b = b->grid.chunks[axis];
    chunks.push_back(of_a.size() < of_b.size() ? of_b : of_a);
  }
  return chunks;
}

std::pair<NodePtr, NodePtr> in_one_stack(std::string_view function, const NodePtr& a, const NodePtr& b) {
  Shape of_a = a->grid.shape, of_b = b->grid.shape;
  const std::size_t axes = std::max(of_a.size(), of_b.size());
  of_a.insert(of_a.begin(), axes - of_a.size(), 1);
  of_b.insert(of_b.begin(), axes - of_b.size(), 1);
  for (std::size_t i = 0; i + 2 < axes; ++i) {
    if (of_a[i] != of_b[i] && of_a[i] != 1 && of_b[i] != 1)
      refuse(function, "the axes before the last two must be broadcastable (got " +
                           weir::to_text(a->grid.shape) + " and " + weir::to_text(b->grid.shape) + ")");
    of_a[i] = of_b[i] = of_a[i] == 1 ? of_b[i] : of_a[i];
  }
  return {broadcast(function, a, of_a), broadcast(function, b, of_b)};
}

namespace {

// Whether a product with few chunks is made part by part of what is summed over, so that all workers take
// part: products of vectors, or of a wide matrix and a tall one. Sums of integers are made in one task, which
// knows whether they fit.
bool is_split(DType type, const Grid& result, std::int64_t parts, std::int64_t elements) {
  constexpr std::int64_t few = 4, much = 4;
  return kind_of(type) > 1 && parts > 1 && result.count() <= few && elements / parts / much >= result.size();
}
// One side of products of matrices along the last two axes; turned: each lies as its transpose.
struct Factor {
  NodePtr node;
  bool is_turned = false;
  /// The one of the last two axes that is summed over.
  [[nodiscard]] std::size_t inner(bool is_left) const {
    return node->grid.axes() - (is_left == is_turned ? 2 : 1);
  }
  [[nodiscard]] std::size_t free(bool is_left) const {
    return node->grid.axes() - (is_left == is_turned ? 1 : 2);
  }
};
// A transpose as the matrices that it is of: BLAS takes them as they lie.
Factor factor(const NodePtr& x) {
  const auto* view = kind_of(x->type) > 1 ? dynamic_cast<const AffineNode*>(x.get()) : nullptr;
  if (view == nullptr || x->inputs[0]->grid.axes() != x->grid.axes()) return {x};
  const std::size_t axes = x->grid.axes();
  for (std::size_t a = 0; a < axes; ++a) {
    const std::size_t from = a + 2 < axes ? a : 2 * axes - 3 - a;
    if (view->maps()[a] != AxisMap{0, 1, static_cast<std::int64_t>(from)} ||
        x->inputs[0]->grid.shape[a] != x->grid.shape[from])
      return {x};
  }
  return {x->inputs[0], true};
}
// What one task takes of a factor: what the view of the result (batch..., m, n) has, and a piece of what is
// summed over.
View of_factor(const Factor& x, bool is_left, const View& view, std::int64_t start, std::int64_t count) {
  const std::size_t axes = x.node->grid.axes(), free = axes - (is_left ? 2 : 1);
  const auto inner = static_cast<std::uint32_t>(x.inner(is_left)),
             own = static_cast<std::uint32_t>(x.free(is_left)),
             result_axis = static_cast<std::uint32_t>(free);
  View of = view;
  of.maps[own].start = view.maps[result_axis].start;
  of.shape[own] = view.shape[result_axis];
  of.maps[inner].start = start;
  of.shape[inner] = count;
  return of;
}
// Whether both are of the same matrices, which lie so that a product is one with its own transpose.
bool is_own_transpose(const Factor& a, const Factor& b) {
  return a.node == b.node && a.is_turned != b.is_turned;
}
// Both factors of a task; those that are the same numbers are one operand, of which the kernel makes half.
void need_factors(TaskBuilder& task, const Factor& a, const Factor& b, const View& view, std::int64_t start,
                  std::int64_t count, std::vector<std::uint32_t>& operands) {
  const View of_a = of_factor(a, true, view, start, count), of_b = of_factor(b, false, view, start, count);
  operands.push_back(task.need(*a.node, of_a));
  const bool is_one = is_own_transpose(a, b) && of_a == of_b;
  operands.push_back(is_one ? operands.back() : task.need(*b.node, of_b));
}
void multiply(TaskBuilder& task, const Factor& a, const Factor& b, std::vector<std::uint32_t> operands,
              const Dims& shape, std::int64_t m, std::int64_t n) {
  task.kernel(&multiply_chunks, std::move(operands), a.node->type, shape, m, n, a.is_turned, b.is_turned);
}

NodePtr product_of_parts(const Factor& a, const Factor& b, const Grid& grid) {
  Chunks chunks = grid.chunks;
  const auto& starts = a.node->grid.starts[a.inner(true)];
  chunks.insert(chunks.begin(), std::vector<std::int64_t>(starts.size() - 1, 1));
  const Grid parts(std::move(chunks), "matmul");
  const auto plan = [a, b, grid, parts, starts](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk % grid.count());
    const auto k = static_cast<std::size_t>(chunk / grid.count());
    std::vector<std::uint32_t> operands;
    need_factors(task, a, b, view, starts[k], starts[k + 1] - starts[k], operands);
    const auto columns = view.shape.size() - 1;
    multiply(task, a, b, std::move(operands), chunk_view(parts, chunk).shape, view.shape[columns - 1],
             view.shape[columns]);
  };
  return reduce(
      Reduction::sum,
      std::make_shared<TaskNode>("matmul", a.node->type, parts, std::vector<NodePtr>{a.node, b.node}, plan),
      {.axis = 0}, a.node->type);
}

// (batch..., m, k) x (batch..., k, n), of one type; the batches are equal.
NodePtr product(const Factor& a, const Factor& b) {
  Chunks chunks = stack_chunks(a.node, b.node);
  chunks.push_back(a.node->grid.chunks[a.free(true)]);
  chunks.push_back(b.node->grid.chunks[b.free(false)]);
  const Grid grid(std::move(chunks), "matmul");
  const auto& pieces = a.node->grid.starts[a.inner(true)];
  if (is_split(a.node->type, grid, std::ssize(pieces) - 1, a.node->grid.size() + b.node->grid.size()))
    return product_of_parts(a, b, grid);
  const auto plan = [a, b, grid, pieces](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    std::vector<std::uint32_t> operands;
    for (std::size_t k = 0; k + 1 < pieces.size(); ++k)
      if (const std::int64_t depth = pieces[k + 1] - pieces[k]; depth != 0)
        need_factors(task, a, b, view, pieces[k], depth, operands);
    const auto columns = view.shape.size() - 1;
    multiply(task, a, b, std::move(operands), view.shape, view.shape[columns - 1], view.shape[columns]);
  };
  return std::make_shared<TaskNode>("matmul", a.node->type, grid, std::vector<NodePtr>{a.node, b.node}, plan);
}

// Whether a product of which each element is a sum of as many products as each array has is added up as it is
// multiplied. Sums of integers are made in one task, which knows whether they fit.
bool is_summed(DType type) { return kind_of(type) > 1; }
// The sum of x y over the axes from `axis` on.
NodePtr sum_of_products(const NodePtr& x, const NodePtr& y, std::int64_t axis, DType type) {
  const DType wide = is_complex(type) ? DType::complex128 : DType::float64;
  std::vector<std::int64_t> axes;
  for (std::int64_t a = axis; a < std::ssize(x->grid.shape); ++a) axes.push_back(a);
  return reduce(Reduction::sum, elementwise(Op::multiply, wide, wide, {cast(x, wide), cast(y, wide)}),
                {.axis = axes}, type);
}

}  // namespace

NodePtr matmul(const NodePtr& a, const NodePtr& b, DType type) {
  const Shape &left = shape_of(a), &right = shape_of(b);
  if (left.empty() || right.empty())
    refuse("matmul",
           "the arrays must have an axis (got " + weir::to_text(left) + " and " + weir::to_text(right) + ")");
  if (left.back() != right[right.size() - std::min<std::size_t>(2, right.size())])
    refuse("matmul", "the inner extents must be equal (got " + weir::to_text(left) + " and " +
                         weir::to_text(right) + ")");
  NodePtr x = cast(a, type), y = cast(b, type);
  if (left.size() == 1 && right.size() == 1 && is_summed(type)) return sum_of_products(x, y, 0, type);
  if (left.size() == 1) x = expand_dims(x, 0);
  if (right.size() == 1) y = expand_dims(y, 1);
  const auto [p, q] = in_one_stack("matmul", x, y);
  const NodePtr result = product(factor(p), factor(q));
  std::vector<std::int64_t> gone;
  if (left.size() == 1) gone.push_back(-2);
  if (right.size() == 1) gone.push_back(-1);
  return gone.empty() ? result : squeeze(result, gone);
}

namespace {

using AxisList = std::vector<std::int64_t>;

std::int64_t extent_of(const NodePtr& x, const AxisList& axes) {
  std::int64_t n = 1;
  for (const std::int64_t axis : axes) n *= x->grid.shape[static_cast<std::size_t>(axis)];
  return n;
}
NodePtr arranged(const NodePtr& x, std::initializer_list<AxisList> groups) {
  AxisList order;
  for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  return order.empty() ? x : transpose(x, order);
}

// Axes that are one of a matrix; a task takes a piece of the longest of them, and the others whole.
struct Side {
  Side(const NodePtr& x, const AxisList& axes) : size(extent_of(x, axes)) {
    for (const std::int64_t axis : axes) shape.push_back(x->grid.shape[static_cast<std::size_t>(axis)]);
    cut = static_cast<std::size_t>(std::ranges::max_element(shape) - shape.begin());
  }
  std::int64_t size;
  Shape shape;
  std::size_t cut = 0;
  std::int64_t count = 1;
  [[nodiscard]] std::int64_t piece() const { return size / count; }
  [[nodiscard]] bool can_be_cut() const { return !shape.empty() && 2 * count <= shape[cut]; }
  [[nodiscard]] Chunks chunks() const {
    Chunks all;
    for (const std::int64_t extent : shape) all.push_back({extent});
    if (count == 1) return all;
    all[cut].clear();
    for (std::int64_t i = 0; i < count; ++i)
      all[cut].push_back(shape[cut] * (i + 1) / count - shape[cut] * i / count);
    return all;
  }
};

// In how many pieces a product is made: enough for all workers, none of them large; of what is summed over
// while the partial sums are few beside what is read.
void cut_sides(Side& m, Side& n, Side& k, bool is_symmetric, std::size_t element_bytes) {
  constexpr std::int64_t most_tasks = 8, least_work = 4'000'000, most_bytes = 16 << 20;
  const std::int64_t most = most_bytes / static_cast<std::int64_t>(element_bytes);
  const double work = static_cast<double>(m.size) * static_cast<double>(n.size) * static_cast<double>(k.size);
  const auto wanted = static_cast<std::int64_t>(
      std::min(static_cast<double>(most_tasks), work / static_cast<double>(least_work)));
  const auto is_large = [&](const Side& a, const Side& b) {
    return a.piece() > most / std::max<std::int64_t>(1, b.piece());
  };
  for (;;) {
    const bool any_large = is_large(m, n) || is_large(m, k) || is_large(n, k);
    if (!any_large && m.count * n.count * k.count >= wanted) return;
    const auto read = static_cast<double>(m.size + n.size) * static_cast<double>(k.size),
               sums = 8 * static_cast<double>(k.count) * static_cast<double>(m.size) *
                      static_cast<double>(n.size);
    const bool by_k = k.can_be_cut() && (is_large(m, k) || is_large(n, k) || sums <= read);
    if (by_k && k.piece() >= std::max(m.piece(), n.piece())) k.count *= 2;
    else if (is_symmetric && m.can_be_cut()) n.count = m.count *= 2;
    else if (!is_symmetric && m.can_be_cut() && (m.piece() >= n.piece() || !n.can_be_cut())) m.count *= 2;
    else if (!is_symmetric && n.can_be_cut()) n.count *= 2;
    else if (by_k) k.count *= 2;
    else return;
  }
}

// The sum over pairs of axes: tasks lay pieces out as matrices, each in the order in which most of its
// elements lie one beside the other.
NodePtr tensor_product(const NodePtr& a, const NodePtr& b, const AxisList& free_a, const AxisList& free_b,
                       const AxisList& sum_a, const AxisList& sum_b) {
  const bool ends_in_sum[] = {std::ranges::count(sum_a, std::ssize(a->grid.shape) - 1) > 0,
                              std::ranges::count(sum_b, std::ssize(b->grid.shape) - 1) > 0};
  const bool is_symmetric = a == b && sum_a == sum_b;
  Factor left{ends_in_sum[0] ? arranged(a, {free_a, sum_a}) : arranged(a, {sum_a, free_a}), !ends_in_sum[0]};
  Factor right{is_symmetric     ? left.node
               : ends_in_sum[1] ? arranged(b, {free_b, sum_b})
                                : arranged(b, {sum_b, free_b}),
               ends_in_sum[1]};
  Side m(a, free_a), n(b, free_b), k(a, sum_a);
  cut_sides(m, n, k, is_symmetric, size_of(a->type));
  Chunks chunks{{std::vector<std::int64_t>(static_cast<std::size_t>(k.count), 1)}};
  for (const Side* side : {&m, &n})
    for (auto& sizes : side->chunks()) chunks.push_back(std::move(sizes));
  const Grid parts(std::move(chunks), "tensordot"), pieces(k.chunks());
  const auto plan = [=, inner = free_a.size()](TaskBuilder& task, std::int64_t chunk) {
    const View out = chunk_view(parts, chunk), of_sum = chunk_view(pieces, out.maps[0].start);
    const auto view_of = [&](std::size_t first, std::size_t count, bool sum_first) {
      Dims start, shape;
      const auto add = [&](const View& from, std::size_t begin, std::size_t end) {
        for (auto i = static_cast<std::uint32_t>(begin); i < end; ++i)
          start.push_back(from.maps[i].start), shape.push_back(from.shape[i]);
      };
      if (sum_first) add(of_sum, 0, of_sum.shape.size());
      add(out, first, first + count);
      if (!sum_first) add(of_sum, 0, of_sum.shape.size());
      return box_view(start, shape);
    };
    const View of_a = view_of(1, inner, left.is_turned),
               of_b = view_of(1 + inner, out.shape.size() - 1 - inner, !right.is_turned);
    std::vector<std::uint32_t> operands{task.need(*left.node, of_a)};
    operands.push_back(is_symmetric && of_a == of_b ? operands[0] : task.need(*right.node, of_b));
    std::int64_t rows = 1, columns = 1;
    for (std::uint32_t i = 1; i < out.shape.size(); ++i) (i <= inner ? rows : columns) *= out.shape[i];
    multiply(task, left, right, std::move(operands), out.shape, rows, columns);
  };
  return reduce(Reduction::sum,
                std::make_shared<TaskNode>("tensordot", a->type, parts,
                                           std::vector<NodePtr>{left.node, right.node}, plan),
                {.axis = 0}, a->type);
}

// Axes of a and b by role, as lists of axes; the result has batch, then a's free, then b's free axes.
NodePtr contracted(const NodePtr& a, const NodePtr& b, const AxisList& batch_a, const AxisList& batch_b,
                   const AxisList& sum_a, const AxisList& sum_b, DType type) {
  const auto free_axes = [](const NodePtr& x, const AxisList& batch, const AxisList& sum) {
    AxisList rest;
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(x->grid.axes()); ++axis)
      if (!std::ranges::count(batch, axis) && !std::ranges::count(sum, axis)) rest.push_back(axis);
    return rest;
  };
  const auto free_a = free_axes(a, batch_a, sum_a), free_b = free_axes(b, batch_b, sum_b);
  if (free_a.empty() && free_b.empty() && !sum_a.empty() && is_summed(type))
    return sum_of_products(arranged(a, {batch_a, sum_a}), arranged(b, {batch_b, sum_b}), std::ssize(batch_a),
                           type);
  const NodePtr of_a = cast(a, type), of_b = a == b ? of_a : cast(b, type);
  if (kind_of(type) > 1 && batch_a.empty() && !sum_a.empty()) {  // which BLAS adds up in any order
    if (free_a.size() == 1 && free_b.size() == 1 && sum_a.size() == 1)
      return product({of_a, sum_a[0] == 0}, {of_b, sum_b[0] == 1});
    if (!free_a.empty() && !free_b.empty()) return tensor_product(of_a, of_b, free_a, free_b, sum_a, sum_b);
  }
  const NodePtr x = reshape(arranged(of_a, {batch_a, free_a, sum_a}),
                            {extent_of(a, batch_a), extent_of(a, free_a), extent_of(a, sum_a)});
  const NodePtr y = reshape(arranged(of_b, {batch_b, sum_b, free_b}),
                            {extent_of(b, batch_b), extent_of(b, sum_b), extent_of(b, free_b)});
  Shape shape;
  for (const std::int64_t axis : batch_a) shape.push_back(a->grid.shape[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : free_a) shape.push_back(a->grid.shape[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : free_b) shape.push_back(b->grid.shape[static_cast<std::size_t>(axis)]);
  return reshape(product({x}, {y}), shape);
}

}  // namespace

NodePtr tensordot(const NodePtr& a, const NodePtr& b, const std::vector<std::int64_t>& of_a,
                  const std::vector<std::int64_t>& of_b, DType type) {
  if (of_a.size() != of_b.size())
    refuse("tensordot", "as many axes of both arrays must be named (got " + std::to_string(of_a.size()) +
                            " and " + std::to_string(of_b.size()) + ")");
  std::vector<std::int64_t> sum_a, sum_b;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const std::size_t p = axis_of("tensordot", of_a[i], shape_of(a).size()),
                      q = axis_of("tensordot", of_b[i], shape_of(b).size());
    if (a->grid.shape[p] != b->grid.shape[q])
      refuse("tensordot", "the extents of the axes " + std::to_string(p) + " and " + std::to_string(q) +
                              " must be equal (got " + weir::to_text(a->grid.shape) + " and " +
                              weir::to_text(b->grid.shape) + ")");
    sum_a.push_back(static_cast<std::int64_t>(p));
    sum_b.push_back(static_cast<std::int64_t>(q));
  }
  return in_name_of("tensordot", [&] { return contracted(a, b, {}, {}, sum_a, sum_b, type); });
}

// --- einsum

namespace {

// An array and a name for each of its axes: a letter, or 256 + i for the i-th last of those that "..." means.
struct Labelled {
  NodePtr node;
  std::vector<int> axes;
};
bool has(const std::vector<int>& axes, int label) { return std::ranges::count(axes, label) > 0; }

// The labels of "ab...c" for so many axes; a number below 0: "..." is `dots` axes.
std::vector<int> labels_of(const std::string& term, std::int64_t axes, std::int64_t dots,
                           const std::string& subscripts) {
  std::vector<int> labels;
  const auto bad = [&] {
    refuse("einsum", "every axis must have a letter, or be one of \"...\" (got \"" + term + "\" in \"" +
                         subscripts + "\"" + (axes < 0 ? ")" : " for " + std::to_string(axes) + " axes)"));
  };
  const std::size_t gap = term.find("...");
  const auto letters = static_cast<std::int64_t>(term.size()) - (gap == std::string::npos ? 0 : 3);
  if (axes >= 0) dots = axes - letters;
  if (dots < 0 || (axes >= 0 && gap == std::string::npos && dots > 0)) bad();
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (i == gap) {
      for (std::int64_t d = dots; d > 0; --d) labels.push_back(static_cast<int>(255 + d));
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      labels.push_back(term[i]);
    } else {
      bad();
    }
  }
  return labels;
}

// What two arrays give: axes that neither `later` has are summed over.
Labelled contracted(const Labelled& a, const Labelled& b, const std::vector<int>& later, DType type) {
  std::vector<std::int64_t> batch_a, batch_b, sum_a, sum_b;
  Labelled result;
  for (std::size_t i = 0; i < a.axes.size(); ++i) {
    const auto at = std::ranges::find(b.axes, a.axes[i]);
    if (at == b.axes.end()) continue;
    const bool stays = has(later, a.axes[i]);
    (stays ? batch_a : sum_a).push_back(static_cast<std::int64_t>(i));
    (stays ? batch_b : sum_b).push_back(at - b.axes.begin());
    if (stays) result.axes.push_back(a.axes[i]);
  }
  for (const int label : a.axes)
    if (!has(b.axes, label)) result.axes.push_back(label);
  for (const int label : b.axes)
    if (!has(a.axes, label)) result.axes.push_back(label);
  result.node = contracted(a.node, b.node, batch_a, batch_b, sum_a, sum_b, type);
  return result;
}

// Without axes that nothing else has; a label that stands twice is a diagonal.
Labelled simplified(const Labelled& x, const std::vector<int>& others, DType type) {
  Labelled result;
  SmallVector<AxisMap, 4> maps;
  Shape shape;
  for (std::size_t a = 0; a < x.axes.size(); ++a) {
    const auto at = std::ranges::find(result.axes, x.axes[a]) - result.axes.begin();
    maps.push_back({0, 1, at});
    if (at < std::ssize(result.axes)) continue;
    result.axes.push_back(x.axes[a]);
    shape.push_back(x.node->grid.shape[a]);
  }
  result.node = cast(shape.size() == x.axes.size() ? x.node : affine("diagonal", x.node, maps, shape), type);
  std::vector<std::int64_t> summed;
  for (std::size_t a = 0; a < result.axes.size(); ++a)
    if (!has(others, result.axes[a])) summed.push_back(static_cast<std::int64_t>(a));
  if (summed.empty()) return result;
  result.node = reduce(Reduction::sum, result.node, {.axis = summed}, type);
  std::erase_if(result.axes, [&](int label) { return !has(others, label); });
  return result;
}

// Throws unless a label has one extent everywhere; axes of "..." that have extent 1 where others have more
// are left out.
void check_extents(std::vector<Labelled>& operands, const std::string& subscripts) {
  std::map<int, std::int64_t> extents;
  for (const Labelled& x : operands)
    for (std::size_t a = 0; a < x.axes.size(); ++a) {
      const std::int64_t n = x.node->grid.shape[a];
      const auto [at, is_new] = extents.try_emplace(x.axes[a], n);
      const bool broadcasts = x.axes[a] > 255 && (n == 1 || at->second == 1);
      if (is_new || at->second == n) continue;
      if (!broadcasts)
        refuse("einsum", "an axis must have the same extent wherever it is named (" +
                             (x.axes[a] > 255 ? std::string("one of \"...\"")
                                              : std::string("\"") + static_cast<char>(x.axes[a]) + "\"") +
                             " is " + std::to_string(at->second) + " and " + std::to_string(n) + " in \"" +
                             subscripts + "\")");
      if (at->second == 1) at->second = n;
    }
  for (Labelled& x : operands) {
    std::vector<std::int64_t> gone;
    std::vector<int> left;
    for (std::size_t a = 0; a < x.axes.size(); ++a) {
      const bool stays = x.node->grid.shape[a] == extents[x.axes[a]];
      if (stays) left.push_back(x.axes[a]);
      else gone.push_back(static_cast<std::int64_t>(a));
    }
    if (!gone.empty()) x = {squeeze(x.node, gone), left};
  }
}

// The labels of the result where no arrow says them: those of "...", and letters that are named once.
std::vector<int> implied(const std::vector<Labelled>& operands, std::int64_t dots) {
  std::map<int, int> times;
  for (const Labelled& x : operands)
    for (const int label : x.axes) ++times[label];
  std::vector<int> labels;
  for (std::int64_t d = dots; d > 0; --d) labels.push_back(static_cast<int>(255 + d));
  for (const auto& [label, count] : times)
    if (label < 256 && count == 1) labels.push_back(label);
  return labels;
}

}  // namespace

NodePtr einsum(const std::string& subscripts, const std::vector<NodePtr>& inputs, DType type) {
  std::string text;
  std::ranges::copy_if(subscripts, std::back_inserter(text), [](char c) { return c != ' '; });
  const std::size_t arrow = text.find("->");
  std::vector<std::string> terms(1);
  for (const char c : text.substr(0, arrow)) {
    if (c == ',') terms.emplace_back();
    else terms.back() += c;
  }
  if (terms.size() != inputs.size())
    refuse("einsum", "the subscripts must name the axes of every array, as \"ij,jk->ik\" does (got \"" +
                         subscripts + "\" for " + std::to_string(inputs.size()) + " arrays)");
  std::vector<Labelled> operands;
  std::int64_t dots = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const auto axes = static_cast<std::int64_t>(shape_of(inputs[i]).size());
    operands.push_back({inputs[i], labels_of(terms[i], axes, 0, subscripts)});
    dots = std::max(dots, std::ranges::count_if(operands.back().axes, [](int label) { return label > 255; }));
  }
  const std::vector<int> out = arrow == std::string::npos
                                   ? implied(operands, dots)
                                   : labels_of(text.substr(arrow + 2), -1, dots, subscripts);
  for (const int label : out) {
    if (std::ranges::count(out, label) > 1 ||
        std::ranges::none_of(operands, [&](const Labelled& x) { return has(x.axes, label); }))
      refuse("einsum", std::string("a letter of the result must be in it once and in an array (got \"") +
                           static_cast<char>(label) + "\" in \"" + subscripts + "\")");
  }
  if (dots && !has(out, 256))
    refuse("einsum", "the result must have the axes of \"...\" (got \"" + subscripts + "\")");
  check_extents(operands, subscripts);
  // What everything behind an operand, and the result, still need.
  const auto needed = [&](std::size_t from, const std::vector<int>& also) {
    std::vector<int> labels = out;
    labels.insert(labels.end(), also.begin(), also.end());
    for (std::size_t i = from; i < operands.size(); ++i)
      labels.insert(labels.end(), operands[i].axes.begin(), operands[i].axes.end());
    return labels;
  };
  Labelled result = simplified(operands[0], needed(1, {}), type);
  for (std::size_t i = 1; i < operands.size(); ++i)
    result = contracted(result, simplified(operands[i], needed(i + 1, result.axes), type), needed(i + 1, {}),
                        type);
  std::vector<std::int64_t> order;
  for (const int label : out) order.push_back(std::ranges::find(result.axes, label) - result.axes.begin());
  return order.empty() ? result.node : transpose(result.node, order);
}

}  // namespace weir::detail::array
