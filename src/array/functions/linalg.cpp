// Factors of matrices, and equations: which chunks meet in which task. What happens inside a task is in
// kernels/linalg.cpp.
#include "weir/array/linalg.hpp"

#include <algorithm>

#include "array/graph/views.hpp"
#include "array/kernels/linalg.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/random.hpp"

namespace weir::detail::array {

// --- QR and what rests on it

namespace {

void needs_matrix(std::string_view function, const NodePtr& x) {
  if (shape_of(x).size() != 2)
    refuse(function, "the array must be a matrix (got the shape " + weir::to_text(x->grid.shape) + ")");
}
NodePtr rows_of(const NodePtr& x, std::int64_t from, std::int64_t count) {
  SmallVector<AxisMap, 4> maps{{from, 1, 0}, {0, 1, 1}};
  return affine("slice", x, maps, {count, x->grid.shape[1]});
}

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
  if (n == 0) return {x, rows_of(x, 0, 0), nullptr};
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
                view.shape, view.shape[0], n, false, false);
  };
  const NodePtr whole =
      std::make_shared<TaskNode>("qr", x->type, grid, std::vector<NodePtr>{q, second}, plan);
  return {rechunk(whole, ChunkSpec(Chunks{x->grid.chunks[0], {n}})), upper.second, nullptr};
}

namespace {

Factors svd_of(std::string_view function, const NodePtr& x) {
  if (x->grid.shape[0] < x->grid.shape[1]) {
    const Factors f = svd_of(function, transpose(x, {}));
    return {transpose(f.third, {}), f.second, transpose(f.first, {})};
  }
  const std::int64_t n = x->grid.shape[1];
  const Factors factors = qr(x);
  const NodePtr r = factors.second;
  const auto plan = [r, n, name = std::string(function)](TaskBuilder& task, std::int64_t) {
    task.kernel(&svd_chunk, {task.need(*r, box_view(Dims{0, 0}, Dims{n, n}))}, name);
  };
  const NodePtr stacked = std::make_shared<TaskNode>(
      std::string(function), x->type, Grid(Chunks{{2 * n + 1}, {n}}), std::vector<NodePtr>{r}, plan);
  const NodePtr s = squeeze(rows_of(stacked, n, 1), std::vector<std::int64_t>{0});
  return {matmul(factors.first, rows_of(stacked, 0, n), x->type), s, rows_of(stacked, n + 1, n)};
}

}  // namespace

Factors svd(const NodePtr& x) {
  needs_matrix("svd", x);
  return svd_of("svd", x);
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
  const Factors small = svd_of("svd_compressed", matmul(transpose(basis, {}), x, x->type));
  const NodePtr u = matmul(basis, small.first, x->type);
  return {index(u, {WholeAxis{}, Range{0, k, 1}}), index(small.second, {Range{0, k, 1}}),
          index(small.third, {Range{0, k, 1}})};
}

namespace {

/// Whether a holds many matrices; one must be square.
bool holds_many(std::string_view function, const NodePtr& a) {
  if (shape_of(a).size() > 2) return true;
  needs_matrix(function, a);
  if (a->grid.shape[0] != a->grid.shape[1])
    refuse(function, "the matrix must be square (got " + weir::to_text(a->grid.shape) + ")");
  return false;
}

// R of the QR of a and, if there is one, b beside each other: of pieces of rows first, then of their
// triangles, stacked, until one task has all that is left.
NodePtr upper_triangle(const NodePtr& a, const NodePtr& b) {
  const std::int64_t m = a->grid.shape[0], n = a->grid.shape[1], width = n + (b ? b->grid.shape[1] : 0);
  std::vector<std::int64_t> cuts{0};  // pieces of twice as many rows as columns
  for (const std::int64_t end : a->grid.starts[0])
    if (end - cuts.back() >= 2 * width && m - end >= 2 * width) cuts.push_back(end);
  cuts.push_back(m);
  const std::size_t pieces = cuts.size() - 1;
  const auto plan = [a, b, cuts, n, width](TaskBuilder& task, std::int64_t chunk) {
    const auto i = static_cast<std::size_t>(chunk);
    const std::int64_t rows = cuts[i + 1] - cuts[i];
    std::vector<std::uint32_t> operands{task.need(*a, box_view(Dims{cuts[i], 0}, Dims{rows, n}))};
    if (b) operands.push_back(task.need(*b, box_view(Dims{cuts[i], 0}, Dims{rows, width - n})));
    task.kernel(&triangle_chunk, std::move(operands));
  };
  std::vector<NodePtr> inputs{a};
  if (b) inputs.push_back(b);
  const NodePtr stacked = std::make_shared<TaskNode>(
      "qr", a->type, Grid(Chunks{std::vector<std::int64_t>(pieces, width), {width}}), std::move(inputs),
      plan);
  if (pieces == 1) return stacked;
  const std::int64_t group =
      std::max<std::int64_t>(4, (8 << 20) / std::max<std::int64_t>(1, width * width * 8));
  Chunks level{{}, {width}};
  for (std::int64_t left = static_cast<std::int64_t>(pieces); left > 0; left -= group)
    level[0].push_back(std::min(left, group) * width);
  return upper_triangle(std::make_shared<RegridNode>(stacked, Grid(level)), nullptr);
}

}  // namespace

NodePtr lstsq(const NodePtr& a, const NodePtr& b) {
  needs_matrix("lstsq", a);
  if (shape_of(b).empty() || b->grid.shape[0] != a->grid.shape[0] || b->grid.axes() > 2)
    refuse("lstsq", "both sides must have as many rows (got " + weir::to_text(a->grid.shape) + " and " +
                        weir::to_text(b->grid.shape) + ")");
  if (a->grid.shape[0] < a->grid.shape[1])
    refuse("lstsq", "the matrix must be at least as tall as wide (got " + weir::to_text(a->grid.shape) + ")");
  // Of both sides beside each other: what is above the triangle of b is Q^T b, and Q is not made.
  const std::int64_t n = a->grid.shape[1];
  const NodePtr columns = b->grid.axes() == 1 ? expand_dims(b, 1) : b;
  const std::int64_t count = columns->grid.shape[1];
  if (n == 0 || count == 0) return matmul(transpose(a, {}), b, a->type);
  const NodePtr right = cast(columns, a->type);
  const NodePtr r = upper_triangle(a, right);
  const auto plan = [r, n, count](TaskBuilder& task, std::int64_t) {
    const std::uint32_t triangle = task.need(*r, box_view(Dims{0, 0}, Dims{n, n})),
                        of_b = task.need(*r, box_view(Dims{0, n}, Dims{n, count}));
    task.kernel(&solve_triangle, {triangle, of_b});
  };
  const NodePtr x =
      std::make_shared<TaskNode>("lstsq", a->type, Grid(Chunks{{n}, {count}}), std::vector<NodePtr>{r}, plan);
  return b->grid.axes() == 1 ? squeeze(x, std::vector<std::int64_t>{1}) : x;
}

// --- LU with partial pivoting, by panels of whole columns

namespace {

// Where a matrix is cut into panels: at borders of its chunks, at least 64 columns each, and further where
// they would be large, or more than `most` columns.
std::vector<std::int64_t> panels_of(const Node& x, std::int64_t most) {
  constexpr std::int64_t least = 64, most_bytes = 64 << 20;
  most = std::max(least, std::min(most, most_bytes / std::max<std::int64_t>(
                                                         1, x.grid.shape[0] *
                                                                static_cast<std::int64_t>(size_of(x.type)))));
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
// Of a matrix that is factored: while one panel is, others are computed with those before it, if there are
// enough of them.
std::vector<std::int64_t> panels_to_factor(const Node& a) { return panels_of(a, a.grid.shape[1] / 8); }
std::vector<std::int64_t> widths(const std::vector<std::int64_t>& cuts) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) all.push_back(cuts[i + 1] - cuts[i]);
  return all;
}

// Tasks of one kind need those of another, and the other way round: what plans is given the node when it
// exists.
using Later = std::shared_ptr<const Node*>;

// Panels that one task applies, one after the other.
std::int64_t groups_of(std::int64_t panels, std::int64_t group) { return (panels + group - 1) / group; }
void apply_panels(TaskBuilder& task, std::uint32_t columns, const Node& lu,
                  const std::vector<std::int64_t>& cuts, std::int64_t first, std::int64_t count, bool back) {
  std::vector<std::uint32_t> operands{columns};
  Dims starts;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t panel = back ? first + count - 1 - i : first + i;
    operands.push_back(task.chunk(lu, panel));
    starts.push_back(cuts[static_cast<std::size_t>(panel)]);
  }
  task.kernel(&apply_panel, std::move(operands), starts, back);
}

// The columns of x after the panels of an LU, so many of which are a group: chunk (k, j) is panel j of x
// after the groups up to k, or (back, which follows the forward ones) after those from the last down to k.
NodePtr after_panels(const char* name, const NodePtr& x, const std::vector<std::int64_t>& cuts,
                     const Later& lu, const std::vector<std::int64_t>& lu_cuts, std::int64_t group,
                     const Node* forward) {
  const std::int64_t n = lu_cuts.back();
  const auto panels = static_cast<std::int64_t>(lu_cuts.size()) - 1, steps = groups_of(panels, group);
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
    apply_panels(task, columns, **lu, lu_cuts, k * group, std::min(group, panels - k * group), back);
    if (cuts.size() > 2) task.place = at[1];  // one panel goes where most of what it needs is
  };
  const auto node = std::make_shared<TaskNode>(name, x->type, grid, std::vector<NodePtr>{x}, plan);
  *self = node.get();
  return node;
}

// Panel j of a, after the panels before it, is factored; all rows are in one task, so every pivot is the
// largest of its column.
NodePtr lu(std::string_view function, const NodePtr& a, const std::vector<std::int64_t>& cuts) {
  const std::int64_t n = a->grid.shape[0];
  const auto self = std::make_shared<const Node*>(nullptr);
  const NodePtr updated = after_panels("lu.update", a, cuts, self, cuts, 1, nullptr);
  const auto plan = [=, name = std::string(function), others = updated.get()](TaskBuilder& task,
                                                                              std::int64_t j) {
    const std::int64_t start = cuts[static_cast<std::size_t>(j)],
                       width = cuts[static_cast<std::size_t>(j) + 1] - start;
    const std::uint32_t columns = j ? task.chunk(*others, others->grid.ravel(Dims{j - 1, j}))
                                    : task.need(*a, box_view(Dims{0, 0}, Dims{n, width}));
    task.kernel(&factor_panel, {columns}, name, start);
    task.place = j;
  };
  const auto node = std::make_shared<TaskNode>("lu", a->type, Grid(Chunks{{n + 1}, widths(cuts)}),
                                               std::vector<NodePtr>{updated}, plan);
  *self = node.get();
  return node;
}

// x with a x = b.
NodePtr solved(std::string_view function, const NodePtr& a, const NodePtr& b) {
  if (a->grid.size() == 0 || b->grid.size() == 0) return b;
  const std::vector<std::int64_t> cuts = panels_to_factor(*a), of_b = panels_of(*b, b->grid.shape[1] / 4);
  const NodePtr factors = lu(function, a, cuts);
  const Later later = std::make_shared<const Node*>(factors.get());
  // Each task copies its columns; it holds a third of the matrix at most, and no more than the largest panel.
  constexpr std::int64_t most_bytes = 64 << 20;
  const auto panels = static_cast<std::int64_t>(cuts.size()) - 1;
  const std::int64_t bytes = a->grid.size() / panels * static_cast<std::int64_t>(size_of(a->type)),
                     group = std::max<std::int64_t>(
                         1, std::min((panels + 2) / 3, most_bytes / std::max<std::int64_t>(1, bytes)));
  const NodePtr forward = after_panels("solve.forward", b, of_b, later, cuts, group, nullptr);
  const NodePtr back = after_panels("solve.back", forward, of_b, later, cuts, group, forward.get());
  const bool one = groups_of(panels, group) == 1;
  const auto plan = [last = one ? forward.get() : back.get(), one, later, cuts,
                     first = std::min(group, panels)](TaskBuilder& task, std::int64_t j) {
    const std::uint32_t columns = task.chunk(*last, last->grid.ravel(Dims{one ? 0 : 1, j}));
    apply_panels(task, columns, **later, cuts, 0, first, true);
  };
  const NodePtr x = std::make_shared<TaskNode>(std::string(function), a->type,
                                               Grid(Chunks{{b->grid.shape[0]}, widths(of_b)}),
                                               std::vector<NodePtr>{back, factors}, plan);
  return rechunk(x, ChunkSpec(b->grid.chunks));
}

}  // namespace

namespace {

// Square matrices along the last two axes, each whole in a chunk.
NodePtr whole_matrices(std::string_view function, const NodePtr& a) {
  const Shape& shape = a->grid.shape;
  const std::size_t axes = shape.size();
  if (shape[axes - 1] != shape[axes - 2])
    refuse(function, "the matrices must be square (got the shape " + weir::to_text(shape) + ")");
  Chunks chunks = a->grid.chunks;
  chunks[axes - 1] = chunks[axes - 2] = {shape[axes - 1]};
  return rechunk(a, ChunkSpec(chunks));
}
// Of every matrix of each chunk what a kernel makes of it; parameters: function.
NodePtr of_matrices(std::string_view function, const NodePtr& a, Chunks chunks, Kernel kernel) {
  const NodePtr source = whole_matrices(function, a);
  const auto plan = [source, kernel, name = std::string(function)](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(kernel, {task.need_chunk(*source, chunk)}, name);
  };
  return std::make_shared<TaskNode>(std::string(function), a->type, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{source}, plan);
}

// The same where matrices become matrices, in the chunks of a.
NodePtr of_whole(std::string_view function, const NodePtr& a, Kernel kernel) {
  const NodePtr whole = whole_matrices(function, a);
  return rechunk(of_matrices(function, whole, whole->grid.chunks, kernel), ChunkSpec(a->grid.chunks));
}

// The columns of each matrix, with the matrix that lies along the last two axes of a.
NodePtr solved_each(const NodePtr& a, const NodePtr& b) {
  const NodePtr matrices = whole_matrices("solve", a), columns = b->grid.axes() == 1 ? expand_dims(b, 1) : b;
  const std::int64_t n = a->grid.shape.back();
  if (columns->grid.shape[columns->grid.axes() - 2] != n) {
    const bool stacked = b->grid.axes() + 1 == a->grid.axes() && b->grid.shape.back() == n;
    refuse("solve", "both sides must have as many rows (got " + weir::to_text(a->grid.shape) + " and " +
                        weir::to_text(b->grid.shape) + ")" +
                        (stacked ? "; expand_dims(b, -1) makes columns of its lines" : ""));
  }
  const auto [left, right] = in_one_stack("solve", matrices, columns);
  Chunks chunks = stack_chunks(left, right);
  chunks.push_back({n});
  chunks.push_back({right->grid.shape.back()});
  const Grid grid(std::move(chunks), "solve");
  const auto plan = [left = left, right = right, grid, n](TaskBuilder& task, std::int64_t chunk) {
    View view = chunk_view(grid, chunk);
    const std::uint32_t of_b = task.need(*right, view);
    view.shape[view.shape.size() - 1] = n;
    const std::uint32_t of_a = task.need(*left, view);
    task.kernel(&matrix_solutions, {of_a, of_b});
  };
  const NodePtr x =
      std::make_shared<TaskNode>("solve", a->type, grid, std::vector<NodePtr>{left, right}, plan);
  return b->grid.axes() == 1 ? squeeze(x, -1) : rechunk(x, ChunkSpec(right->grid.chunks));
}

}  // namespace

NodePtr solve(const NodePtr& a, const NodePtr& b) {
  const bool many = holds_many("solve", a);
  if (!shape_of(b).empty() && (many || b->grid.axes() > 2)) return solved_each(a, b);
  if (b->grid.axes() == 0 || b->grid.shape[0] != a->grid.shape[0])
    refuse("solve", "both sides must have as many rows (got " + weir::to_text(a->grid.shape) + " and " +
                        weir::to_text(b->grid.shape) + ")");
  if (b->grid.axes() == 1) return squeeze(solve(a, expand_dims(b, 1)), std::vector<std::int64_t>{1});
  return solved("solve", a, b);
}

// One row for each panel: sign, logarithm and product of its pivots. Of many matrices one row for each.
Factors determinant(std::string_view function, const NodePtr& a) {
  if (holds_many(function, a)) {
    Chunks chunks(a->grid.chunks.begin(), a->grid.chunks.end() - 2);
    chunks.push_back({3});
    const NodePtr rows = of_matrices(function, a, std::move(chunks), &matrix_determinants);
    const auto column = [&](std::int64_t which) { return index(rows, {Ellipsis{}, which}); };
    return {column(0), column(1), column(2)};
  }
  const std::vector<std::int64_t> cuts = panels_to_factor(*a);
  const auto panels = std::ssize(cuts) - 1;
  if (panels == 0) {
    const NodePtr one = scalar_as(function, a->type, 1.0);
    return {one, scalar_as(function, a->type, 0.0), one};
  }
  const NodePtr factors = lu(function, a, cuts);
  const auto plan = [factors, cuts](TaskBuilder& task, std::int64_t panel) {
    const std::uint32_t columns = task.chunk(*factors, panel);
    task.kernel(&panel_determinant, {columns}, cuts[static_cast<std::size_t>(panel)]);
  };
  const NodePtr rows = std::make_shared<TaskNode>(
      std::string(function), a->type,
      Grid(Chunks{std::vector<std::int64_t>(static_cast<std::size_t>(panels), 1), {3}}),
      std::vector<NodePtr>{factors}, plan);
  const auto all = [&](Reduction reduction, std::int64_t column) {
    return reduce(reduction, index(rows, {WholeAxis{}, column}), {}, a->type);
  };
  return {all(Reduction::prod, 0), all(Reduction::sum, 1), all(Reduction::prod, 2)};
}

NodePtr inv(const NodePtr& a) {
  if (holds_many("inv", a)) return of_whole("inv", a, &matrix_inverses);
  return solved("inv", a, eye(a->type, a->grid.shape[0], a->grid.shape[0], 0, ChunkSpec(a->grid.chunks)));
}

Factors eigh(const NodePtr& a) {
  (void)holds_many("eigh", a);  // one goes the way of many
  const std::int64_t n = a->grid.shape.back();
  Chunks chunks(a->grid.chunks.begin(), a->grid.chunks.end() - 2);
  chunks.push_back({n + 1});
  chunks.push_back({n});
  const NodePtr stacked = of_matrices("eigh", a, std::move(chunks), &matrix_eigenvectors);
  return {index(stacked, {Ellipsis{}, n, WholeAxis{}}),
          index(stacked, {Ellipsis{}, Range{0, n, 1}, WholeAxis{}}), nullptr};
}

// Block (i, j) of L needs the blocks to the left in its row and in row j.
NodePtr cholesky(const NodePtr& input) {
  if (holds_many("cholesky", input)) return of_whole("cholesky", input, &matrix_triangles);
  // Blocks of an eighth of the rows, so that there is enough to do beside those on the diagonal.
  std::vector<std::int64_t> rows;
  const std::int64_t most = std::max<std::int64_t>(64, input->grid.shape[0] / 8);
  for (const std::int64_t size : input->grid.chunks[0])
    for (std::int64_t i = 0, pieces = std::max<std::int64_t>(1, (size + most - 1) / most); i < pieces; ++i)
      rows.push_back(size * (i + 1) / pieces - size * i / pieces);
  const NodePtr a = rechunk(input, ChunkSpec(Chunks{rows, rows}));
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
    task.place = at[0];
  };
  const auto node = std::make_shared<TaskNode>("cholesky", a->type, a->grid, std::vector<NodePtr>{a}, plan);
  *self = node.get();
  return rechunk(node, ChunkSpec(Chunks{input->grid.chunks[0], input->grid.chunks[0]}));
}

}  // namespace weir::detail::array
