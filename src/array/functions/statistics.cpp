// Convolution, and blocks of an array as axes of their own.
#include "weir/array/statistics.hpp"

#include <algorithm>

#include "array/graph/views.hpp"
#include "array/kernels/exact.hpp"
#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

// Adds to the sums [begin, end) the products of elements [from, from + size) of a list, which `x` has, with
// all `factors`: sum i has x[i - j] factors[j], in the order of j. Several j at a time, so that the sums are
// read and written less.
template <class T>
void add_convolved(const T* x, std::int64_t from, std::int64_t size, const T* factors, std::int64_t count,
                   std::int64_t begin, std::int64_t end, T* sums) {
  constexpr std::int64_t most = 12;  // factors that are applied together: as many as registers hold
  const auto add = [](T sum, T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return sum || (a && b);
    else return static_cast<T>(sum + a * b);
  };
  const T* at = x - from;  // of element i
  T* to = sums - begin;    // of sum i
  const auto one = [&](std::int64_t j, std::int64_t first, std::int64_t last) {
    first = std::max({first, begin, from + j});
    last = std::min({last, end, from + size + j});
    for (std::int64_t i = first; i < last; ++i) to[i] = add(to[i], at[i - j], factors[j]);
  };
  for (std::int64_t j = 0; j < count;) {
    const std::int64_t together = count - j <= most ? count - j : std::min(most - 4, count - j);
    // All of them have an element for the sums [first, last).
    std::int64_t first = std::max(begin, from + j + together - 1), last = std::min(end, from + size + j);
    if (first > last) first = last = end;
    for (std::int64_t k = j; k < j + together; ++k) one(k, begin, first);
    const auto apply = [&]<std::int64_t n>(std::integral_constant<std::int64_t, n>) {
      T f[n];
      for (std::int64_t k = 0; k < n; ++k) f[k] = factors[j + k];
#pragma GCC ivdep
      for (std::int64_t i = first; i < last; ++i) {
        T sum = to[i];
#pragma GCC unroll 12
        for (std::int64_t k = 0; k < n; ++k) sum = add(sum, at[i - j - k], f[k]);
        to[i] = sum;
      }
    };
    [&]<std::int64_t... n>(std::integer_sequence<std::int64_t, n...>) {
      (void)((together == n + 1 && first < last &&
              (apply(std::integral_constant<std::int64_t, n + 1>{}), true)) ||
             ...);
    }
    (std::make_integer_sequence<std::int64_t, most>{});
    for (std::int64_t k = j; k < j + together; ++k) one(k, last, end);
    j += together;
  }
}

// Operands: pieces of a that elements from `start` on need, one after the other, the first from `from` on; b.
// Parameters: start, their count, from.
task::Value convolved(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t start = 0, count = 0, from = 0;
  read(parameters, start);
  read(parameters, count);
  read(parameters, from);
  const auto pieces = operands.first(operands.size() - 1);
  const Tensor &b = operands.back(), out = make_tensor(b.type, Dims{count});
  std::vector<std::int64_t> begins{from};
  for (const Tensor& piece : pieces) begins.push_back(begins.back() + piece.shape[0]);
  dispatch(b.type, [&]<class T>(std::type_identity<T>) {
    T* sums = out.as<T>();
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      double bound = 0;
      for (const Tensor& piece : pieces)
        bound = std::max(bound, magnitude_bound(piece.as<T>(), piece.shape[0]));
      bound *= magnitude_bound(b.as<T>(), b.shape[0]);
      if (!is_within<T>(bound * static_cast<double>(b.shape[0]))) {
        for (std::int64_t i = start; i < start + count; ++i) {
          ExactDot<T> sum;
          for (std::size_t p = pieces.size(); p-- > 0;)
            for (std::int64_t j = std::max<std::int64_t>(0, i - begins[p + 1] + 1);
                 j < b.shape[0] && j <= i - begins[p]; ++j)
              add_product<T>(sum, pieces[p].template as<T>()[i - j - begins[p]], b.as<T>()[j]);
          sums[i - start] = number_of<T>(sum, "convolve", out.type);
        }
        return;
      }
    }
    const auto add = suited<&add_convolved<T>>();
    constexpr std::int64_t some = 1024;  // of the sums, which stay in the cache
    for (std::int64_t begin = start; begin < start + count; begin += some) {
      const std::int64_t end = std::min(begin + some, start + count);
      std::fill_n(sums + (begin - start), end - begin, T(0));
      for (std::size_t p = pieces.size(); p-- > 0;)  // the last one has the elements of the first factors
        add(pieces[p].template as<T>(), begins[p], pieces[p].shape[0], b.as<T>(), b.shape[0], begin, end,
            sums + (begin - start));
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
    std::vector<std::uint32_t> operands;  // chunk by chunk: a whole one is not copied
    for (std::int64_t at = from; at < to;) {
      const auto piece = static_cast<std::size_t>(a->grid.find(0, at));
      const std::int64_t end = std::min(to, a->grid.starts[0][piece + 1]);
      operands.push_back(task.need(*a, box_view(Dims{at}, Dims{end - at})));
      at = end;
    }
    operands.push_back(task.need_chunk(*b, 0));
    task.kernel(&convolved, std::move(operands), start, count, from);
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

namespace {

// An array in blocks: for each of its axes one for the blocks and one for what is in them. Nothing is moved;
// no chunk of the input ends within a block.
class BlocksNode : public Node {
 public:
  BlocksNode(const NodePtr& input, const Shape& factors)
      : Node(input->type, Grid(block_chunks(input->grid, factors)), {kept(input)}), factors_(factors) {}
  std::string name() const override { return "blocks"; }
  void cut(Planner&, const View& view, Cuts& cuts) const override { cut_at_chunks(grid, view, cuts); }
  Register emit(Expression& expression, const View& view) const override {
    const Grid& from = inputs[0]->grid;
    Dims at, extent, each;
    for (std::size_t a = 0; a < from.axes(); ++a) {
      at.push_back(from.find(a, view.maps[2 * a].start * factors_[a]));
      extent.push_back(from.chunks[a][static_cast<std::size_t>(at[a])]);
    }
    each.resize(view.shape.size());
    const Dims strides = row_major(extent);
    Code one;
    one.op = Op::load;
    one.in = one.out = type;
    one.operand = expression.task.chunk(*inputs[0], from.ravel(at));
    for (std::size_t a = 0; a < from.axes(); ++a) {
      one.offset -= from.starts[a][static_cast<std::size_t>(at[a])] * strides[a];
      for (const auto& [map, stride] : {std::pair(view.maps[2 * a], strides[a] * factors_[a]),
                                        std::pair(view.maps[2 * a + 1], strides[a])}) {
        one.offset += map.start * stride;
        if (map.axis >= 0) each[static_cast<std::size_t>(map.axis)] += map.step * stride;
      }
    }
    one.steps = expression.steps(each);
    return expression.add(one);
  }

 private:
  static Chunks block_chunks(const Grid& grid, const Shape& factors) {
    Chunks chunks;
    for (std::size_t a = 0; a < factors.size(); ++a) {
      chunks.push_back(grid.chunks[a]);
      for (std::int64_t& size : chunks.back()) size /= factors[a];
      chunks.push_back({factors[a]});
    }
    return chunks;
  }
  Shape factors_;
};

}  // namespace

NodePtr in_blocks(const NodePtr& input, const std::vector<std::int64_t>& factors, bool trim) {
  const Shape& shape = shape_of(input);
  if (factors.size() != shape.size())
    refuse("coarsen", "a factor must be given for every axis (got " + std::to_string(factors.size()) +
                          " for " + weir::to_text(shape) + ")");
  Chunks chunks(shape.size());  // that end where blocks do
  std::vector<Index> whole_blocks;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const std::int64_t factor = factors[a];
    if (factor < 1) refuse("coarsen", "a factor must be at least 1 (got " + std::to_string(factor) + ")");
    if (!trim && shape[a] % factor)
      refuse("coarsen", "the length must be a multiple of the factor along axis " + std::to_string(a) +
                            " (got " + std::to_string(shape[a]) + " and " + std::to_string(factor) +
                            "); trim leaves out what is left over");
    whole_blocks.push_back(Range{0, shape[a] / factor * factor, 1});
    std::int64_t before = 0;
    for (const std::int64_t start : input->grid.starts[a])
      if (const std::int64_t end = start / factor * factor; end > before) {
        chunks[a].push_back(end - before);
        before = end;
      }
    if (chunks[a].empty()) chunks[a].push_back(0);
  }
  return std::make_shared<BlocksNode>(rechunk(array::index(input, whole_blocks), ChunkSpec(chunks)), factors);
}

}  // namespace weir::detail::array
