// Running sums, orders and distributions.
#include "weir/array/scan.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "array/graph/views.hpp"

namespace weir::detail::array {

namespace {

struct Line {
  std::int64_t before = 1, along = 1, after = 1;
};
Line line_of(const Dims& shape, std::size_t axis) {
  Line line;
  for (std::size_t a = 0; a < shape.size(); ++a)
    (a < axis ? line.before : a == axis ? line.along : line.after) *= shape[a];
  return line;
}

template <class T>
void run(const Tensor& x, const Tensor& out, const Line& line, const T* carry, bool product) {
  for (std::int64_t b = 0; b < line.before; ++b)
    for (std::int64_t i = 0; i < line.along; ++i) {
      const T* from = x.as<T>() + (b * line.along + i) * line.after;
      T* to = out.as<T>() + (b * line.along + i) * line.after;
      for (std::int64_t c = 0; c < line.after; ++c) {
        const T before = i ? to[c - line.after] : carry ? carry[b * line.after + c] : product ? T(1) : T(0);
        to[c] = product ? static_cast<T>(before * from[c]) : static_cast<T>(before + from[c]);
      }
    }
}

// Operands: elements, (what the chunks before add up to).
task::Value running(Reader& parameters, std::span<const Tensor> operands) {
  bool product = false;
  std::int64_t axis = 0;
  read(parameters, product);
  read(parameters, axis);
  const Tensor out = make_tensor(operands[0].type, operands[0].shape);
  dispatch(out.type, [&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T, bool>)
      run<T>(operands[0], out, line_of(out.shape, static_cast<std::size_t>(axis)),
             operands.size() > 1 ? operands[1].as<T>() : nullptr, product);
  });
  return out.value;
}

}  // namespace

NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis) {
  const std::size_t a = axis_of(product ? "cumprod" : "cumsum", axis, shape_of(x).size());
  const auto running_node = [product, a](const NodePtr& from, const NodePtr& carry) {
    const auto plan = [product, a, from, carry](TaskBuilder& task, std::int64_t chunk) {
      const Dims at = from->grid.unravel(chunk);
      std::vector<std::uint32_t> operands{task.need_chunk(*from, chunk)};
      if (carry && at[a] > 0) {
        View view = chunk_view(from->grid, chunk);
        view.maps[a] = {at[a] - 1, 1, static_cast<std::int64_t>(a)};
        view.shape[a] = 1;
        operands.push_back(task.need(*carry, view));
      }
      task.kernel(&running, std::move(operands), product, static_cast<std::int64_t>(a));
    };
    std::vector<NodePtr> inputs{from};
    if (carry) inputs.push_back(carry);
    return std::make_shared<TaskNode>(product ? "cumprod" : "cumsum", from->type, from->grid,
                                      std::move(inputs), plan);
  };
  if (x->grid.chunks[a].size() == 1) return running_node(x, nullptr);
  // Totals of the chunks, side by side, then what precedes each.
  std::vector<NodePtr> totals;
  for (std::size_t i = 0; i < x->grid.chunks[a].size(); ++i) {
    SmallVector<AxisMap, 4> maps;
    Shape shape = x->grid.shape;
    for (std::size_t k = 0; k < shape.size(); ++k) maps.push_back({0, 1, static_cast<std::int64_t>(k)});
    maps[a].start = x->grid.starts[a][i];
    shape[a] = x->grid.chunks[a][i];
    totals.push_back(reduce(product ? Reduction::prod : Reduction::sum, affine("slice", x, maps, shape),
                            {.axis = static_cast<std::int64_t>(a), .keepdims = true}, x->type));
  }
  NodePtr all = concatenated(totals, a);
  Chunks whole = all->grid.chunks;
  whole[a] = {static_cast<std::int64_t>(totals.size())};
  const NodePtr carry = running_node(rechunk(all, ChunkSpec(whole)), nullptr);
  return running_node(x, carry);
}

namespace {

task::Value largest(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t k = 0, axis = 0;
  read(parameters, k);
  read(parameters, axis);
  const Tensor& x = operands[0];
  const Line line = line_of(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  const std::int64_t count = std::min(std::abs(k), line.along);
  shape[static_cast<std::size_t>(axis)] = count;
  const Tensor out = make_tensor(x.type, shape);
  dispatch(x.type, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_arithmetic_v<T>) {
      std::vector<std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>> values(
          static_cast<std::size_t>(line.along));
      for (std::int64_t b = 0; b < line.before; ++b)
        for (std::int64_t c = 0; c < line.after; ++c) {
          for (std::int64_t i = 0; i < line.along; ++i)
            values[static_cast<std::size_t>(i)] = x.as<T>()[(b * line.along + i) * line.after + c];
          // NaN is beyond all numbers, as in every sort.
          const auto less = [](auto p, auto q) { return p < q || (q != q && p == p); };
          if (k > 0)
            std::partial_sort(values.begin(), values.begin() + count, values.end(),
                              [&](auto p, auto q) { return less(q, p); });
          else std::partial_sort(values.begin(), values.begin() + count, values.end(), less);
          for (std::int64_t i = 0; i < count; ++i)
            out.as<T>()[(b * count + i) * line.after + c] =
                static_cast<T>(values[static_cast<std::size_t>(i)]);
        }
    }
  });
  return out.value;
}

// What is at this fraction of a sorted list.
double between(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place), above = std::min(below + 1, sorted.size() - 1);
  // Between equal ones, infinities too, is nothing else.
  const double low = sorted[below], high = sorted[above], part = place - static_cast<double>(below);
  return part == 0 || low == high ? low : low + (high - low) * part;
}

// Parameters: percentages, the axis, whether NaN is left out.
task::Value ranked(Reader& parameters, std::span<const Tensor> operands) {
  std::vector<double> percent;
  std::int64_t axis = 0;
  bool skip = false;
  read(parameters, percent);
  read(parameters, axis);
  read(parameters, skip);
  const Tensor& x = operands[0];
  const Line line = line_of(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  shape[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(percent.size());
  const Tensor out = make_tensor(DType::float64, shape);
  std::vector<double> values;
  for (std::int64_t b = 0; b < line.before; ++b)
    for (std::int64_t c = 0; c < line.after; ++c) {
      values.clear();
      for (std::int64_t i = 0; i < line.along; ++i) {
        const double value = x.as<double>()[(b * line.along + i) * line.after + c];
        if (!std::isnan(value)) values.push_back(value);
      }
      const bool nan = values.empty() || (!skip && std::ssize(values) < line.along);
      if (!nan) std::sort(values.begin(), values.end());
      for (std::size_t p = 0; p < percent.size(); ++p)
        out.as<double>()[(b * static_cast<std::int64_t>(percent.size()) + static_cast<std::int64_t>(p)) *
                             line.after +
                         c] = nan ? std::nan("") : between(values, percent[p] / 100);
    }
  return out.value;
}

}  // namespace

NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis) {
  const std::size_t a = axis_of("topk", axis, shape_of(x).size());
  if (std::abs(k) > x->grid.shape[a])
    refuse("topk", "there must be at least |k| elements along the axis (got " + std::to_string(k) + " of " +
                       std::to_string(x->grid.shape[a]) + ")");
  // The best of each chunk, then the best of these.
  const auto level = [&](const NodePtr& from) {
    Chunks chunks = from->grid.chunks;
    for (std::int64_t& size : chunks[a]) size = std::min(size, std::abs(k));
    const auto plan = [from, k, a](TaskBuilder& task, std::int64_t chunk) {
      task.kernel(&largest, {task.need_chunk(*from, chunk)}, k, static_cast<std::int64_t>(a));
    };
    return NodePtr(std::make_shared<TaskNode>("topk", from->type, Grid(std::move(chunks)),
                                              std::vector<NodePtr>{from}, plan));
  };
  NodePtr best = level(x);
  if (best->grid.chunks[a].size() == 1) return best;
  Chunks whole = best->grid.chunks;
  whole[a] = {best->grid.shape[a]};
  return level(rechunk(best, ChunkSpec(whole)));
}

NodePtr percentile(const NodePtr& x, const std::vector<double>& percent, std::int64_t axis, bool skip) {
  const std::size_t a = axis_of("percentile", axis, shape_of(x).size());
  for (const double p : percent)
    if (!(p >= 0 && p <= 100))
      refuse("percentile", "a percentage must be in [0, 100] (got " + std::to_string(p) + ")");
  if (x->grid.shape[a] == 0)
    refuse("percentile", "the axis must have at least 1 element (got " + weir::to_text(x->grid.shape) + ")");
  Chunks chunks = x->grid.chunks;
  chunks[a] = {x->grid.shape[a]};
  const NodePtr source = rechunk(x, ChunkSpec(chunks));
  chunks[a] = {static_cast<std::int64_t>(percent.size())};
  const auto plan = [source, percent, a, skip](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&ranked, {task.need_chunk(*source, chunk)}, percent, static_cast<std::int64_t>(a), skip);
  };
  return std::make_shared<TaskNode>("percentile", DType::float64, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{source}, plan);
}
NodePtr median(const NodePtr& x, std::int64_t axis, bool skip) {
  return reduce(Reduction::sum, percentile(x, {50}, axis, skip), {.axis = axis}, DType::float64);
}

}  // namespace weir::detail::array
