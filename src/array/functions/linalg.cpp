// Linear algebra: which chunks meet in which task. What happens inside a task is in linalg_kernels.cpp.
#include "weir/array/linalg.hpp"

#include <algorithm>
#include <numeric>

#include "array/graph/views.hpp"
#include "array/kernels/linalg.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/random.hpp"

namespace weir::detail::array {

namespace {

// (batch, m, k) x (batch, k, n).
NodePtr product(const NodePtr& a, const NodePtr& b) {
  const Grid grid(Chunks{a->grid.chunks[0], a->grid.chunks[1], b->grid.chunks[2]});
  const auto plan = [a, b, grid](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    std::vector<std::uint32_t> operands;
    const auto& pieces = a->grid.starts[2];
    for (std::size_t k = 0; k + 1 < pieces.size(); ++k) {
      const std::int64_t depth = pieces[k + 1] - pieces[k];
      if (depth == 0) continue;
      operands.push_back(task.need(*a, box_view(Dims{view.maps[0].start, view.maps[1].start, pieces[k]},
                                                Dims{view.shape[0], view.shape[1], depth})));
      operands.push_back(task.need(*b, box_view(Dims{view.maps[0].start, pieces[k], view.maps[2].start},
                                                Dims{view.shape[0], depth, view.shape[2]})));
    }
    task.kernel(&multiply_chunks, std::move(operands), a->type, view.shape);
  };
  return std::make_shared<TaskNode>("matmul", a->type, grid, std::vector<NodePtr>{a, b}, plan);
}

void needs_matrix(std::string_view function, const NodePtr& x) {
  if (shape_of(x).size() != 2)
    refuse(function, "the array must be a matrix (got the shape " + weir::to_text(x->grid.shape) + ")");
}
NodePtr rows_of(const NodePtr& x, std::int64_t from, std::int64_t count) {
  SmallVector<AxisMap, 4> maps{{from, 1, 0}, {0, 1, 1}};
  return affine("slice", x, maps, {count, x->grid.shape[1]});
}

}  // namespace

NodePtr matmul(const NodePtr& a, const NodePtr& b, DType type) {
  const Shape &left = shape_of(a), &right = shape_of(b);
  if (left.empty() || right.empty() || left.size() > 2 || right.size() > 2)
    refuse("matmul", "the arrays must have one or two axes (got " + weir::to_text(left) + " and " +
                         weir::to_text(right) + ")");
  const std::int64_t inner = right[0];
  if (left.back() != inner)
    refuse("matmul", "the inner extents must be equal (got " + weir::to_text(left) + " and " +
                         weir::to_text(right) + ")");
  NodePtr x = cast(a, type), y = cast(b, type);
  if (left.size() == 1) x = expand_dims(x, 0);
  if (right.size() == 1) y = expand_dims(y, 1);
  NodePtr result = product(expand_dims(x, 0), expand_dims(y, 0));
  std::vector<std::int64_t> gone{0};
  if (left.size() == 1) gone.push_back(1);
  if (right.size() == 1) gone.push_back(2);
  return squeeze(result, gone);
}

namespace {

// Axes of a and b by role, as lists of axes; the result has batch, then a's free, then b's free axes.
NodePtr contracted(const NodePtr& a, const NodePtr& b, const std::vector<std::int64_t>& batch_a,
                   const std::vector<std::int64_t>& batch_b, const std::vector<std::int64_t>& sum_a,
                   const std::vector<std::int64_t>& sum_b, DType type) {
  const auto free_axes = [](const NodePtr& x, const std::vector<std::int64_t>& batch,
                            const std::vector<std::int64_t>& sum) {
    std::vector<std::int64_t> rest;
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(x->grid.axes()); ++axis)
      if (!std::ranges::count(batch, axis) && !std::ranges::count(sum, axis)) rest.push_back(axis);
    return rest;
  };
  const auto extent = [](const NodePtr& x, const std::vector<std::int64_t>& axes) {
    std::int64_t n = 1;
    for (const std::int64_t axis : axes) n *= x->grid.shape[static_cast<std::size_t>(axis)];
    return n;
  };
  const auto arranged = [](const NodePtr& x, std::initializer_list<std::vector<std::int64_t>> groups) {
    std::vector<std::int64_t> order;
    for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
    return order.empty() ? x : transpose(x, order);
  };
  const auto free_a = free_axes(a, batch_a, sum_a), free_b = free_axes(b, batch_b, sum_b);
  const NodePtr x = reshape(arranged(cast(a, type), {batch_a, free_a, sum_a}),
                            {extent(a, batch_a), extent(a, free_a), extent(a, sum_a)});
  const NodePtr y = reshape(arranged(cast(b, type), {batch_b, sum_b, free_b}),
                            {extent(b, batch_b), extent(b, sum_b), extent(b, free_b)});
  Shape shape;
  for (const std::int64_t axis : batch_a) shape.push_back(a->grid.shape[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : free_a) shape.push_back(a->grid.shape[static_cast<std::size_t>(axis)]);
  for (const std::int64_t axis : free_b) shape.push_back(b->grid.shape[static_cast<std::size_t>(axis)]);
  return reshape(product(x, y), shape);
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
  return contracted(a, b, {}, {}, sum_a, sum_b, type);
}

NodePtr einsum(const std::string& subscripts, const NodePtr& given_a, const NodePtr& given_b, DType type) {
  std::string text;
  std::ranges::copy_if(subscripts, std::back_inserter(text), [](char c) { return c != ' '; });
  const std::size_t comma = text.find(','), arrow = text.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma)
    refuse("einsum", "the subscripts must read like \"ij,jk->ik\" (got \"" + subscripts + "\")");
  std::string of_a = text.substr(0, comma), of_b = text.substr(comma + 1, arrow - comma - 1);
  const std::string out = text.substr(arrow + 2);
  const auto check = [&](const std::string& letters, std::size_t axes) {
    bool good = letters.size() == axes;
    for (const char c : letters)
      good = good && std::isalpha(static_cast<unsigned char>(c)) && std::ranges::count(letters, c) == 1;
    if (!good)
      refuse("einsum", "every axis must have a letter of its own (got \"" + letters + "\" in \"" +
                           subscripts + "\" for " + std::to_string(axes) + " axes)");
  };
  check(of_a, shape_of(given_a).size());
  check(of_b, shape_of(given_b).size());
  check(out, out.size());
  const auto has = [](const std::string& letters, char c) { return letters.find(c) != std::string::npos; };
  for (const char c : out)
    if (!has(of_a, c) && !has(of_b, c))
      refuse("einsum", std::string("a letter of the result must be in an input (got \"") + c + "\" in \"" +
                           subscripts + "\")");
  // Axes that are in one input only and not in the result are summed first.
  const auto summed_first = [&](NodePtr x, std::string& letters, const std::string& other) {
    std::vector<std::int64_t> axes;
    std::string left;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (!has(other, letters[i]) && !has(out, letters[i])) axes.push_back(static_cast<std::int64_t>(i));
      else left += letters[i];
    }
    letters = left;
    return axes.empty() ? x : reduce(Reduction::sum, cast(x, type), {.axis = axes}, type);
  };
  const std::string other_b = of_b;
  const NodePtr a = summed_first(given_a, of_a, other_b), b = summed_first(given_b, of_b, of_a);
  std::vector<std::int64_t> batch_a, batch_b, sum_a, sum_b;
  std::string order;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const std::size_t j = of_b.find(of_a[i]);
    if (j == std::string::npos) continue;
    if (a->grid.shape[i] != b->grid.shape[j])
      refuse("einsum", std::string("an axis must have the same extent wherever it is named (\"") + of_a[i] +
                           "\" is " + std::to_string(a->grid.shape[i]) + " and " +
                           std::to_string(b->grid.shape[j]) + ")");
    (has(out, of_a[i]) ? batch_a : sum_a).push_back(static_cast<std::int64_t>(i));
    (has(out, of_a[i]) ? batch_b : sum_b).push_back(static_cast<std::int64_t>(j));
    if (has(out, of_a[i])) order += of_a[i];
  }
  for (const char c : of_a)
    if (!has(of_b, c)) order += c;
  for (const char c : of_b)
    if (!has(of_a, c)) order += c;
  const NodePtr result = contracted(a, b, batch_a, batch_b, sum_a, sum_b, type);
  std::vector<std::int64_t> axes;
  for (const char c : out) axes.push_back(static_cast<std::int64_t>(order.find(c)));
  return axes.empty() ? result : transpose(result, axes);
}

// --- QR and what rests on it

namespace {

// One task: Q above R of everything that lies in [from, to) of the rows.
NodePtr qr_of_rows(const NodePtr& x, const std::vector<std::int64_t>& cuts) {
  const std::int64_t n = x->grid.shape[1];
  Chunks chunks{{}, {n}};
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i)
    chunks[0].push_back(cuts[i + 1] - cuts[i] + std::min(cuts[i + 1] - cuts[i], n));
  const auto plan = [x, cuts, n](TaskBuilder& task, std::int64_t chunk) {
    const auto i = static_cast<std::size_t>(chunk);
    task.kernel(&qr_chunk, {task.need(*x, box_view(Dims{cuts[i], 0}, Dims{cuts[i + 1] - cuts[i], n}))});
  };
  return std::make_shared<TaskNode>("qr", x->type, Grid(std::move(chunks)), std::vector<NodePtr>{x}, plan);
}

}  // namespace

// The first stage factors pieces of at least n rows; its triangles, stacked, are factored again, and so on
// until one task is left.
Factors qr(const NodePtr& x) {
  needs_matrix("qr", x);
  const std::int64_t m = x->grid.shape[0], n = x->grid.shape[1];
  if (m < n)
    refuse("qr", "the matrix must be at least as tall as wide (got " + weir::to_text(x->grid.shape) + ")");
  std::vector<std::int64_t> cuts{0};  // pieces of at least n rows
  for (const std::int64_t end : x->grid.starts[0])
    if (end - cuts.back() >= n && m - end >= n && end > cuts.back()) cuts.push_back(end);
  if (cuts.back() != m) cuts.push_back(m);
  const NodePtr stacked = qr_of_rows(x, cuts);
  std::vector<NodePtr> qs, rs;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const std::int64_t rows = cuts[i + 1] - cuts[i], start = stacked->grid.starts[0][i];
    qs.push_back(rows_of(stacked, start, rows));
    rs.push_back(rows_of(stacked, start + rows, n));
  }
  const NodePtr q = concatenate(qs, 0);
  if (rs.size() == 1) return {q, rs[0], nullptr};
  const std::int64_t group =
      std::max<std::int64_t>(2, std::max<std::int64_t>(1, (8 << 20) / std::max<std::int64_t>(1, n * n * 8)));
  Chunks level{{}, {n}};
  for (std::int64_t left = static_cast<std::int64_t>(rs.size()); left > 0; left -= group)
    level[0].push_back(std::min(left, group) * n);
  const Factors upper = qr(std::make_shared<RegridNode>(concatenate(rs, 0), Grid(level)));
  // Q of a piece times its rows of the upper Q.
  const NodePtr second = upper.first;
  const Grid grid(Chunks{[&] {
                           std::vector<std::int64_t> sizes;
                           for (std::size_t i = 0; i + 1 < cuts.size(); ++i)
                             sizes.push_back(cuts[i + 1] - cuts[i]);
                           return sizes;
                         }(),
                         {n}});
  const auto plan = [q, second, grid, n](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    task.kernel(&multiply_chunks,
                {task.need(*q, view), task.need(*second, box_view(Dims{chunk * n, 0}, Dims{n, n}))}, q->type,
                Dims{1, view.shape[0], n});
  };
  const NodePtr whole =
      std::make_shared<TaskNode>("qr", x->type, grid, std::vector<NodePtr>{q, second}, plan);
  return {rechunk(whole, ChunkSpec(Chunks{x->grid.chunks[0], {n}})), upper.second, nullptr};
}

Factors svd(const NodePtr& x) {
  needs_matrix("svd", x);
  if (x->grid.shape[0] < x->grid.shape[1]) {
    const Factors f = svd(transpose(x, {}));
    return {transpose(f.third, {}), f.second, transpose(f.first, {})};
  }
  const std::int64_t n = x->grid.shape[1];
  const Factors factors = qr(x);
  const NodePtr r = factors.second;
  const auto plan = [r, n](TaskBuilder& task, std::int64_t) {
    task.kernel(&svd_chunk, {task.need(*r, box_view(Dims{0, 0}, Dims{n, n}))});
  };
  const NodePtr stacked = std::make_shared<TaskNode>("svd", x->type, Grid(Chunks{{2 * n + 1}, {n}}),
                                                     std::vector<NodePtr>{r}, plan);
  const NodePtr s = squeeze(rows_of(stacked, n, 1), std::vector<std::int64_t>{0});
  return {matmul(factors.first, rows_of(stacked, 0, n), x->type), s, rows_of(stacked, n + 1, n)};
}

Factors svd_compressed(const NodePtr& x, std::int64_t k, int power_iterations, std::uint64_t seed) {
  needs_matrix("svd_compressed", x);
  const std::int64_t m = x->grid.shape[0], n = x->grid.shape[1];
  if (k < 1 || k > std::min(m, n))
    refuse("svd_compressed",
           "k must be in [1, " + std::to_string(std::min(m, n)) + "] (got " + std::to_string(k) + ")");
  const std::int64_t width = std::min(std::min(m, n), k + 10);
  const NodePtr test = random(Distribution::normal, x->type, {n, width},
                              ChunkSpec(Chunks{x->grid.chunks[1], {width}}), seed, 0, 0, 1);
  const NodePtr turned = transpose(x, {});
  NodePtr basis = qr(matmul(x, test, x->type)).first;
  for (int i = 0; i < power_iterations; ++i)
    basis = qr(matmul(x, qr(matmul(turned, basis, x->type)).first, x->type)).first;
  const Factors small = svd(matmul(transpose(basis, {}), x, x->type));
  const NodePtr u = matmul(basis, small.first, x->type);
  return {index(u, {WholeAxis{}, Range{0, k, 1}}), index(small.second, {Range{0, k, 1}}),
          index(small.third, {Range{0, k, 1}})};
}

namespace {

void needs_square(std::string_view function, const NodePtr& a) {
  needs_matrix(function, a);
  if (a->grid.shape[0] != a->grid.shape[1])
    refuse(function, "the matrix must be square (got " + weir::to_text(a->grid.shape) + ")");
}

}  // namespace

NodePtr lstsq(const NodePtr& a, const NodePtr& b) {
  needs_matrix("lstsq", a);
  if (shape_of(b).empty() || b->grid.shape[0] != a->grid.shape[0] || b->grid.axes() > 2)
    refuse("lstsq", "both sides must have as many rows (got " + weir::to_text(a->grid.shape) + " and " +
                        weir::to_text(b->grid.shape) + ")");
  const Factors f = qr(a);
  const NodePtr right = matmul(transpose(f.first, {}), b, a->type);
  // One task that has all of R.
  const auto plan = [r = f.second, right](TaskBuilder& task, std::int64_t) {
    Dims first;
    first.resize(static_cast<std::uint32_t>(right->grid.axes()));
    const std::uint32_t triangle = task.need(*r, box_view(Dims{0, 0}, dims(r->grid.shape))),
                        of_b = task.need(*right, box_view(first, dims(right->grid.shape)));
    task.kernel(&solve_triangle, {triangle, of_b});
  };
  Chunks chunks;
  for (const std::int64_t extent : right->grid.shape) chunks.push_back({extent});
  return std::make_shared<TaskNode>("lstsq", a->type, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{f.second, right}, plan);
}
// --- LU with partial pivoting, by panels of whole columns

namespace {

// Where a matrix is cut into panels: at borders of its chunks, at least 64 columns each, and further where
// they would be large.
std::vector<std::int64_t> panels_of(const Node& x) {
  constexpr std::int64_t least = 64, most_bytes = 64 << 20;
  const std::int64_t most = std::max(
      least,
      most_bytes / std::max<std::int64_t>(1, x.grid.shape[0] * static_cast<std::int64_t>(size_of(x.type))));
  const std::int64_t end = x.grid.shape[1];
  std::vector<std::int64_t> cuts{0};
  for (const std::int64_t border : x.grid.starts[1]) {
    const std::int64_t begin = cuts.back(), width = border - begin;
    if (width == 0 || (width < least && border != end)) continue;
    const std::int64_t pieces = (width + most - 1) / most;
    for (std::int64_t i = 1; i <= pieces; ++i) cuts.push_back(begin + width * i / pieces);
  }
  return cuts;
}
std::vector<std::int64_t> widths(const std::vector<std::int64_t>& cuts) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) all.push_back(cuts[i + 1] - cuts[i]);
  return all;
}

// Tasks of one kind need those of another, and the other way round: what plans is given the node when it
// exists.
using Later = std::shared_ptr<const Node*>;

// The columns of x after the panels of an LU: chunk (k, j) is panel j of x after those up to k, or (back,
// which follows the forward ones) after those from the last down to k.
NodePtr after_panels(const char* name, const NodePtr& x, const std::vector<std::int64_t>& cuts,
                     const Later& lu, const std::vector<std::int64_t>& lu_cuts, const Node* forward) {
  const std::int64_t n = lu_cuts.back();
  const auto steps = static_cast<std::int64_t>(lu_cuts.size()) - 1;
  const auto self = std::make_shared<const Node*>(nullptr);
  const Grid grid(Chunks{std::vector<std::int64_t>(static_cast<std::size_t>(steps), n), widths(cuts)});
  const auto plan = [=](TaskBuilder& task, std::int64_t chunk) {
    const Dims at = grid.unravel(chunk);
    const bool back = forward != nullptr;
    const std::int64_t k = at[0], before = back ? k + 1 : k - 1;
    std::uint32_t columns = 0;
    if (before >= 0 && before < steps) columns = task.chunk(**self, grid.ravel(Dims{before, at[1]}));
    else if (back) columns = task.chunk(*forward, chunk);
    else
      columns = task.need(*x, box_view(Dims{0, grid.starts[1][static_cast<std::size_t>(at[1])]},
                                       Dims{n, grid.chunks[1][static_cast<std::size_t>(at[1])]}));
    const std::uint32_t panel = task.chunk(**lu, k);
    task.kernel(&apply_panel, {columns, panel}, lu_cuts[static_cast<std::size_t>(k)], back);
  };
  const auto node = std::make_shared<TaskNode>(name, x->type, grid, std::vector<NodePtr>{x}, plan);
  *self = node.get();
  return node;
}

// Panel j of a, after the panels before it, is factored; all rows are in one task, so every pivot is the
// largest of its column.
NodePtr lu(const char* function, const NodePtr& a, const std::vector<std::int64_t>& cuts) {
  const std::int64_t n = a->grid.shape[0];
  const auto self = std::make_shared<const Node*>(nullptr);
  const NodePtr updated = after_panels("lu.update", a, cuts, self, cuts, nullptr);
  const auto plan = [=, name = std::string(function), others = updated.get()](TaskBuilder& task,
                                                                              std::int64_t j) {
    const std::int64_t start = cuts[static_cast<std::size_t>(j)],
                       width = cuts[static_cast<std::size_t>(j) + 1] - start;
    const std::uint32_t columns = j ? task.chunk(*others, others->grid.ravel(Dims{j - 1, j}))
                                    : task.need(*a, box_view(Dims{0, 0}, Dims{n, width}));
    task.kernel(&factor_panel, {columns}, name, start);
  };
  const auto node = std::make_shared<TaskNode>("lu", a->type, Grid(Chunks{{n + 1}, widths(cuts)}),
                                               std::vector<NodePtr>{updated}, plan);
  *self = node.get();
  return node;
}

// x with a x = b.
NodePtr solved(const char* function, const NodePtr& a, const NodePtr& b) {
  if (a->grid.size() == 0 || b->grid.size() == 0) return b;
  const std::vector<std::int64_t> cuts = panels_of(*a), of_b = panels_of(*b);
  const NodePtr factors = lu(function, a, cuts);
  const Later later = std::make_shared<const Node*>(factors.get());
  const NodePtr forward = after_panels("solve.forward", b, of_b, later, cuts, nullptr);
  const NodePtr back = after_panels("solve.back", forward, of_b, later, cuts, forward.get());
  const bool one = cuts.size() == 2;
  const auto plan = [last = one ? forward.get() : back.get(), one, later](TaskBuilder& task, std::int64_t j) {
    const std::uint32_t columns = task.chunk(*last, last->grid.ravel(Dims{one ? 0 : 1, j})),
                        panel = task.chunk(**later, 0);
    task.kernel(&apply_panel, {columns, panel}, std::int64_t{0}, true);
  };
  const NodePtr x =
      std::make_shared<TaskNode>(function, a->type, Grid(Chunks{{b->grid.shape[0]}, widths(of_b)}),
                                 std::vector<NodePtr>{back, factors}, plan);
  return rechunk(x, ChunkSpec(b->grid.chunks));
}

}  // namespace

NodePtr solve(const NodePtr& a, const NodePtr& b) {
  needs_square("solve", a);
  if (shape_of(b).empty() || b->grid.shape[0] != a->grid.shape[0] || b->grid.axes() > 2)
    refuse("solve", "both sides must have as many rows (got " + weir::to_text(a->grid.shape) + " and " +
                        weir::to_text(b->grid.shape) + ")");
  if (b->grid.axes() == 1) return squeeze(solve(a, expand_dims(b, 1)), std::vector<std::int64_t>{1});
  return solved("solve", a, b);
}
NodePtr inv(const NodePtr& a) {
  needs_square("inv", a);
  return solved("inv", a, eye(a->type, a->grid.shape[0], a->grid.shape[0], 0, ChunkSpec(a->grid.chunks)));
}

// Block (i, j) of L needs the blocks to the left in its row and in row j.
NodePtr cholesky(const NodePtr& given) {
  needs_square("cholesky", given);
  const NodePtr a = rechunk(given, ChunkSpec(Chunks{given->grid.chunks[0], given->grid.chunks[0]}));
  const auto self = std::make_shared<const Node*>(nullptr);
  const auto plan = [a, self](TaskBuilder& task, std::int64_t chunk) {
    const Dims at = a->grid.unravel(chunk);
    const View view = chunk_view(a->grid, chunk);
    if (at[0] < at[1]) {
      const std::uint32_t zero = task.temporary(a->type, view.shape, Fold::sum);
      return task.result(zero);
    }
    std::vector<std::uint32_t> operands{task.need_chunk(*a, chunk)};
    const auto block = [&](std::int64_t i, std::int64_t j) {
      return task.chunk(**self, a->grid.ravel(Dims{i, j}));
    };
    if (at[0] != at[1]) operands.push_back(block(at[1], at[1]));
    for (std::int64_t k = 0; k < at[1]; ++k) {
      operands.push_back(block(at[0], k));
      if (at[0] != at[1]) operands.push_back(block(at[1], k));
    }
    task.kernel(&cholesky_block, std::move(operands), at[0] == at[1]);
  };
  const auto node = std::make_shared<TaskNode>("cholesky", a->type, a->grid, std::vector<NodePtr>{a}, plan);
  *self = node.get();
  return node;
}

}  // namespace weir::detail::array
