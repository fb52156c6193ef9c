// Arrays from nothing, from values that are here, from functions and from futures.
#include "weir/array/creation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "array/graph/nodes.hpp"

namespace weir::detail::array {

namespace {

// The value of a node that is a constant, everywhere in a grid.
NodePtr spread(const NodePtr& value, Grid grid) {
  return std::make_shared<AffineNode>("full", value, std::move(grid), SmallVector<AxisMap, 4>{});
}

}  // namespace

NodePtr full(const char* name, const Shape& shape, const ChunkSpec& chunks, DType type,
             const NodePtr& value) {
  return spread(value, Grid(chunks.resolve(name, shape, size_of(type))));
}

namespace {

// ceil((stop - start) / step) of integers of any type.
std::int64_t integer_count(__int128 start, __int128 stop, __int128 step) {
  const __int128 distance = step > 0 ? stop - start : start - stop, width = step > 0 ? step : -step;
  if (distance <= 0) return 0;
  return static_cast<std::int64_t>(std::min<__int128>((distance - 1) / width + 1, INT64_MAX));
}

}  // namespace

std::int64_t arange_count(const Literal& start, const Literal& stop, const Literal& step) {
  return std::visit(
      []<class T, class U, class V>(T first, U end, V by) -> std::int64_t {
        if constexpr (std::is_arithmetic_v<T> && std::is_arithmetic_v<U> && std::is_arithmetic_v<V>) {
          if (by == V(0)) refuse("arange", "step must not be 0 (got 0)");
          if constexpr (std::is_integral_v<T> && std::is_integral_v<U> && std::is_integral_v<V>) {
            return integer_count(first, end, by);
          } else {
            const double count =
                std::ceil((static_cast<double>(end) - static_cast<double>(first)) / static_cast<double>(by));
            if (std::isnan(count)) refuse("arange", "start, stop and step must be numbers (got NaN)");
            return count >= 9e18 ? INT64_MAX : count > 0 ? static_cast<std::int64_t>(count) : 0;
          }
        } else {
          refuse("arange", "start, stop and step must be real");
        }
      },
      start, stop, step);
}

namespace {

bool is_constant(const NodePtr& node, std::int64_t number) {
  const auto value_of = [](const NodePtr& x) { return dynamic_cast<const ConstantNode&>(*x).value(); };
  return dynamic_cast<const ConstantNode*>(node.get()) &&
         value_of(node) == value_of(scalar_as("arange", node->type, number));
}

}  // namespace

NodePtr arange(const char* name, DType type, const NodePtr& start, const NodePtr& step, std::int64_t count,
               const ChunkSpec& chunks) {
  if (type == DType::boolean) refuse(name, "elements must be numbers (got bool)");
  Grid grid(chunks.resolve(name, {count}, size_of(type)));
  const DType exact =
      type == DType::float32 ? DType::float64 : type;  // an index may have more digits than float
  NodePtr numbers =
      std::make_shared<IotaNode>(std::move(grid), 0, Dims{1}, exact == DType::float64 ? exact : DType::int64);
  if (!is_constant(step, 1)) numbers = elementwise(Op::multiply, exact, exact, {numbers, step});
  // Adding 0 changes nothing but -0, which 0 times a step below 0 is.
  const bool may_have_minus_0 = kind_of(exact) >= 2 && !is_constant(step, 1);
  if (may_have_minus_0 || !is_constant(start, 0))
    numbers = elementwise(Op::add, exact, exact, {numbers, start});
  return cast(cast(numbers, exact), type);
}

NodePtr eye(DType type, std::int64_t rows, std::int64_t columns, std::int64_t diagonal,
            const ChunkSpec& chunks) {
  const Grid grid(chunks.resolve("eye", {rows, columns}, size_of(type)));
  diagonal = std::clamp(diagonal, -rows, columns);  // further away there is nothing
  const NodePtr row = std::make_shared<IotaNode>(grid, diagonal, Dims{1, 0});
  const NodePtr column = std::make_shared<IotaNode>(grid, 0, Dims{0, 1});
  const NodePtr ones =
      spread(scalar_as("eye", type, std::int64_t{1}), Grid(Chunks{{std::min(rows, columns)}}));
  return std::make_shared<DiagonalNode>(
      cast(elementwise(Op::equal, DType::int64, DType::boolean, {row, column}), type), ones, diagonal);
}

NodePtr from_chunks(DType type, const Chunks& chunks, std::vector<client::FutureRef> handles) {
  Grid grid = grid_of("from_futures", chunks);
  if (grid.count() != static_cast<std::int64_t>(handles.size()))
    refuse("from_futures", "there must be a future for each of the " + std::to_string(grid.count()) +
                               " chunks (got " + std::to_string(handles.size()) + ")");
  return std::make_shared<HeldNode>(type, std::move(grid), std::move(handles));
}

NodePtr from_values(DType type, const Shape& shape, const void* values, const ChunkSpec& spec) {
  const Client client = Client::current();
  Grid grid(spec.resolve("from_xtensor", shape, size_of(type)));
  const Dims strides = row_major(dims(shape));
  const std::size_t size = size_of(type);
  std::vector<client::FutureRef> handles;
  std::vector<task::Value> small;
  const bool is_small = grid.size() <= few_elements;
  for (std::int64_t c = 0; c < grid.count(); ++c) {
    const View view = chunk_view(grid, c);
    const Tensor chunk = make_tensor(type, view.shape);
    const std::int64_t inner = view.shape.empty() ? 1 : view.shape[view.shape.size() - 1];
    const std::int64_t rows = inner ? chunk.size() / inner : 0;
    auto* to = static_cast<std::byte*>(chunk.data);
    for (std::int64_t row = 0; row < rows; ++row) {
      std::int64_t rest = row, offset = view.shape.empty() ? 0 : view.maps[view.shape.size() - 1].start;
      for (std::size_t a = view.shape.size(); a-- > 1;) {
        offset += (view.maps[a - 1].start + rest % view.shape[a - 1]) * strides[a - 1];
        rest /= view.shape[a - 1];
      }
      std::memcpy(to, static_cast<const std::byte*>(values) + offset * static_cast<std::int64_t>(size),
                  static_cast<std::size_t>(inner) * size);
      to += static_cast<std::size_t>(inner) * size;
    }
    handles.push_back(client.core()->scatter(chunk.value, {}));
    if (is_small) small.push_back(chunk.value);
  }
  const auto node = std::make_shared<HeldNode>(type, std::move(grid), std::move(handles));
  if (node->may_be_here()) node->keep_here(std::move(small));
  return node;
}

NodePtr from_kernel(std::string name, DType type, const Shape& shape, const ChunkSpec& chunks, Kernel kernel,
                    PackedFunction function) {
  Grid grid(chunks.resolve(name, shape, size_of(type)));
  const auto plan = [kernel, function = std::move(function), grid](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    BlockInfo info;
    const Dims at = grid.unravel(chunk);
    for (std::size_t a = 0; a < grid.axes(); ++a) {
      info.location.push_back(at[a]);
      info.count.push_back(static_cast<std::int64_t>(grid.chunks[a].size()));
      info.start.push_back(view.maps[a].start);
      info.shape.push_back(view.shape[a]);
    }
    info.array_shape = grid.shape;
    Writer writer(task.code.parameters);
    write(writer, info);
    task.append(function);
    task.kernel(kernel, {});
  };
  return std::make_shared<TaskNode>(std::move(name), type, grid, std::vector<NodePtr>{}, plan);
}

}  // namespace weir::detail::array
