// Convolution, and blocks of an array as axes of their own.
#include "weir/array/statistics.hpp"

#include <algorithm>

#include "array/graph/views.hpp"
#include "array/kernels/exact.hpp"

namespace weir::detail::array {

namespace {

// Operands: the part of a that elements from `start` on need, which begins at `from`; b. Parameters: start,
// their count, from.
task::Value convolved(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t start = 0, count = 0, from = 0;
  read(parameters, start);
  read(parameters, count);
  read(parameters, from);
  const Tensor &a = operands[0], &b = operands[1], out = make_tensor(a.type, Dims{count});
  const std::int64_t end = from + a.shape[0];
  dispatch(a.type, [&]<class T>(std::type_identity<T>) {
    T* sums = out.as<T>();
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const double bound = magnitude_bound(a.as<T>(), a.shape[0]) * magnitude_bound(b.as<T>(), b.shape[0]);
      if (!is_within<T>(bound * static_cast<double>(b.shape[0]))) {
        for (std::int64_t i = start; i < start + count; ++i) {
          ExactDot<T> sum;
          for (std::int64_t j = std::max<std::int64_t>(0, i - end + 1); j < b.shape[0] && j <= i - from; ++j)
            add_product<T>(sum, a.as<T>()[i - j - from], b.as<T>()[j]);
          sums[i - start] = number_of<T>(sum, "convolve", a.type);
        }
        return;
      }
    }
    std::fill_n(sums, count, T(0));
    constexpr std::int64_t piece = 1024;  // of the sums, which stay in the cache
    for (std::int64_t begin = start; begin < start + count; begin += piece)
      for (std::int64_t j = 0; j < b.shape[0]; ++j) {
        // Element i has a[i - j] b[j], where there is a[i - j].
        const T factor = b.as<T>()[j];
        const std::int64_t first = std::max(begin, from + j),
                           last = std::min({begin + piece, start + count, end + j});
        const T* x = a.as<T>() - from - j;
        T* to = sums - start;
#pragma GCC ivdep
        for (std::int64_t i = first; i < last; ++i) {
          if constexpr (std::is_same_v<T, bool>) to[i] = to[i] || (x[i] && factor);
          else to[i] = static_cast<T>(to[i] + x[i] * factor);
        }
      }
  });
  return out.value;
}

// Parameters: what is broken if an element is 0, where the chunk begins.
task::Value nowhere_zero(Reader& parameters, std::span<const Tensor> operands) {
  std::string rule;
  Shape start;
  read(parameters, rule);
  read(parameters, start);
  const Tensor& x = operands[0];
  dispatch(x.type, [&]<class T>(std::type_identity<T>) {
    const T* found = std::find(x.as<T>(), x.as<T>() + x.size(), T(0));
    if (found == x.as<T>() + x.size()) return;
    std::int64_t position = found - x.as<T>();
    for (std::size_t a = start.size(); a-- > 0;) {
      start[a] += position % x.shape[a];
      position /= x.shape[a];
    }
    const std::size_t colon = rule.find(": ");
    refuse(rule.substr(0, colon),
           rule.substr(colon + 2) + " (got 0" +
               (start.empty() ? "" : " for the result at index " + weir::to_text(start)) + ")");
  });
  return x.value;
}

}  // namespace

NodePtr convolve(const NodePtr& input_a, const NodePtr& input_b, Overlapping mode, DType type) {
  const Shape &left = shape_of(input_a), &right = shape_of(input_b);
  if (left.size() != 1 || right.size() != 1 || left[0] == 0 || right[0] == 0)
    refuse("convolve", "the arrays must have one axis and elements (got the shapes " + weir::to_text(left) +
                           " and " + weir::to_text(right) + ")");
  const bool swapped = left[0] < right[0];
  const NodePtr a = cast(swapped ? input_b : input_a, type),
                b = rechunk(cast(swapped ? input_a : input_b, type), ChunkSpec{AxisChunks(-1)});
  const std::int64_t n = a->grid.shape[0], m = b->grid.shape[0];
  // The result is part of the n + m - 1 elements, from `skipped` on, in chunks that are about those of a.
  const std::int64_t skipped = mode == Overlapping::full   ? 0
                               : mode == Overlapping::same ? (m - 1) / 2
                                                           : m - 1,
                     length = mode == Overlapping::full   ? n + m - 1
                              : mode == Overlapping::same ? n
                                                          : n - m + 1;
  Chunks chunks(1);
  std::int64_t at = 0;
  for (std::size_t c = 0; c < a->grid.chunks[0].size() && at < length; ++c) {
    const bool last = c + 1 == a->grid.chunks[0].size();
    const std::int64_t end = last ? length : std::clamp(a->grid.starts[0][c + 1], at, length);
    if (end > at) chunks[0].push_back(end - at);
    at = end;
  }
  const Grid grid(std::move(chunks));
  const auto plan = [a, b, grid, skipped, n, m](TaskBuilder& task, std::int64_t chunk) {
    const auto c = static_cast<std::size_t>(chunk);
    const std::int64_t start = grid.starts[0][c] + skipped, count = grid.chunks[0][c],
                       from = std::max<std::int64_t>(0, start - m + 1), to = std::min(n, start + count);
    const std::uint32_t part = task.need(*a, box_view(Dims{from}, Dims{to - from})),
                        whole = task.need_chunk(*b, 0);
    task.kernel(&convolved, {part, whole}, start, count, from);
  };
  return std::make_shared<TaskNode>("convolve", type, grid, std::vector<NodePtr>{a, b}, plan);
}

NodePtr weights_along(const NodePtr& x, const NodePtr& weights, const Axes& folded) {
  const Shape &shape = shape_of(x), &mine = shape_of(weights);
  if (mine.size() == shape.size()) return broadcast("average", weights, shape);
  if (mine.size() != 1 || folded.is_all || folded.list.size() != 1)
    refuse("average",
           "weights must have the axes of the array, or be a list along the one axis that is folded "
           "(got " +
               weir::to_text(mine) + " for " + weir::to_text(shape) + "); .axis names it");
  const std::size_t a = axis_of("average", folded.list[0], shape.size());
  if (mine[0] != shape[a])
    refuse("average", "there must be a weight for each element along axis " + std::to_string(a) + " (got " +
                          std::to_string(mine[0]) + " for " + weir::to_text(shape) + ")");
  Shape along(shape.size(), 1);
  along[a] = mine[0];
  return broadcast("average", reshape(weights, along), shape);
}

NodePtr not_zero(std::string rule, const NodePtr& x) {
  const auto plan = [x, rule](TaskBuilder& task, std::int64_t chunk) {
    Shape start;
    for (const AxisMap& map : chunk_view(x->grid, chunk).maps) start.push_back(map.start);
    task.kernel(&nowhere_zero, {task.need_chunk(*x, chunk)}, rule, start);
  };
  return std::make_shared<TaskNode>("not_zero", x->type, x->grid, std::vector<NodePtr>{x}, plan);
}

NodePtr in_blocks(const NodePtr& input, const std::vector<std::int64_t>& factors, bool trim) {
  const Shape& shape = shape_of(input);
  if (factors.size() != shape.size())
    refuse("coarsen", "a factor must be given for every axis (got " + std::to_string(factors.size()) +
                          " for " + weir::to_text(shape) + ")");
  Shape blocks;
  std::vector<Index> kept;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const std::int64_t factor = factors[a];
    if (factor < 1) refuse("coarsen", "a factor must be at least 1 (got " + std::to_string(factor) + ")");
    if (!trim && shape[a] % factor)
      refuse("coarsen", "the length must be a multiple of the factor along axis " + std::to_string(a) +
                            " (got " + std::to_string(shape[a]) + " and " + std::to_string(factor) +
                            "); trim leaves out what is left over");
    blocks.push_back(shape[a] / factor);
    blocks.push_back(factor);
    kept.push_back(Range{0, shape[a] / factor * factor, 1});
  }
  return reshape(array::index(input, kept), blocks);
}

}  // namespace weir::detail::array
