// What every array can do: expressions, rechunking, computing.
#include "weir/array/array.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <sstream>

#include "array/graph/nodes.hpp"
#include "array/graph/room.hpp"
#include "array/graph/straight.hpp"
#include "array/interpret/box.hpp"
#include "weir/bytes.hpp"
#include "weir/client.hpp"

namespace weir::detail::array {

namespace {

const Node& there(const NodePtr& node) {
  if (!node)
    throw Error(ErrorKind::invalid_argument,
                "array: an Array that was only declared has no elements; assign one to it first");
  return *node;
}

Grid broadcast(Op op, const std::vector<NodePtr>& inputs, std::size_t element_bytes) {
  const auto mismatch = [&] {
    std::string shapes;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      shapes += (i == 0 ? "" : i + 1 == inputs.size() ? " and " : ", ") + to_text(inputs[i]->grid.shape);
    refuse(to_string(op),
           "the shapes must be broadcastable: equal or 1 along every axis, counted from the last (got " +
               shapes + ")");
  };
  std::size_t axes = 0;
  for (const NodePtr& input : inputs) axes = std::max(axes, input->grid.axes());
  Chunks chunks(axes);
  for (std::size_t back = 1; back <= axes; ++back) {
    const Node* chosen = nullptr;
    for (const NodePtr& input : inputs) {
      if (input->grid.axes() < back) continue;
      const std::int64_t extent = input->grid.shape[input->grid.axes() - back];
      if (!chosen) {
        chosen = input.get();
        continue;
      }
      const std::int64_t before = chosen->grid.shape[chosen->grid.axes() - back];
      if (extent != before && extent != 1 && before != 1) mismatch();
      // The largest input decides about the chunks.
      if ((before == 1 && extent != 1) || (extent == before && input->grid.size() > chosen->grid.size()))
        chosen = input.get();
    }
    chunks[axes - back] = chosen->grid.chunks[chosen->grid.axes() - back];
  }
  std::int64_t most = 0;
  for (const NodePtr& input : inputs) most = std::max(most, input->grid.size());
  cut_products(to_string(op), most, element_bytes, chunks);
  return Grid(std::move(chunks), to_string(op));
}

// Of inputs that have the same chunks, beside numbers: what `broadcast` says, without making another one.
GridPtr common_grid(const std::vector<NodePtr>& inputs) {
  const Node* chosen = inputs[0].get();
  for (const NodePtr& input : inputs) {
    if (input->grid.axes() == 0 || &input->grid == &chosen->grid) continue;
    if (chosen->grid.axes() == 0) chosen = input.get();
    else if (input->grid.chunks != chosen->grid.chunks) return nullptr;
  }
  return chosen->shared_grid;
}

}  // namespace

void cut_products(std::string_view function, std::int64_t most, std::size_t element_bytes, Chunks& chunks) {
  Shape shape;
  double size = 1, largest = 1, automatic = 1;
  for (const auto& along : chunks) {
    shape.push_back(std::accumulate(along.begin(), along.end(), std::int64_t{0}));
    size *= static_cast<double>(shape.back());
    largest *= static_cast<double>(*std::ranges::max_element(along));
  }
  if (static_cast<double>(most) >= size) return;
  for (const auto& along : ChunkSpec().resolve(function, shape, element_bytes))
    automatic *= static_cast<double>(along.front());
  for (auto& along : chunks) {
    const std::int64_t longest = *std::ranges::max_element(along);
    const double shorter = std::max(1.0, std::floor(static_cast<double>(longest) * automatic / largest));
    if (largest <= automatic) return;
    const auto piece = static_cast<std::int64_t>(shorter);
    std::vector<std::int64_t> pieces;
    for (const std::int64_t extent : along)
      for (std::int64_t parts = (extent + piece - 1) / piece, begin = 0; parts > 0; --parts) {
        pieces.push_back((extent - begin + parts - 1) / parts);
        begin += pieces.back();
      }
    along = std::move(pieces);
    largest *= static_cast<double>(*std::ranges::max_element(along)) / static_cast<double>(longest);
  }
}

const Shape& shape_of(const NodePtr& node) { return there(node).grid.shape; }
const Chunks& chunks_of(const NodePtr& node) { return there(node).grid.chunks; }

NodePtr elementwise(Op op, DType compute, DType out, std::vector<NodePtr> inputs) {
  return elementwise(op, compute, compute, out, std::move(inputs), {});
}
NodePtr elementwise(Op op, DType compute, DType second, DType out, std::vector<NodePtr> inputs,
                    std::array<std::uint64_t, 4> immediate) {
  for (const NodePtr& input : inputs) there(input);
  Code probe;
  probe.op = op;
  probe.in = compute;
  probe.second = second;
  probe.out = out;
  if (op > Op::random && !is_cast(op)) (void)element_kernel(probe);  // refuses what is not defined, now
  GridPtr grid = common_grid(inputs);
  if (!grid) grid = std::make_shared<const Grid>(broadcast(op, inputs, size_of(out)));
  return std::make_shared<ElementNode>(op, compute, second, out, std::move(grid), std::move(inputs),
                                       immediate);
}

NodePtr cast(const NodePtr& node, DType to) {
  if (there(node).type == to) return node;
  return elementwise(Op::cast, node->type, to, {node});
}

namespace {

// Whether there are numbers of one type that another does not hold.
bool may_not_fit(DType from, DType to) {
  if (from == to || from == DType::boolean || to == DType::boolean) return false;
  if (is_complex(from) && !is_complex(to)) return true;
  if (is_integer(to)) return !is_integer(from) || promote(from, to) != to;
  return kind_of(from) >= 2 && real_of(from) == DType::float64 && real_of(to) == DType::float32;
}

}  // namespace

NodePtr converted(const NodePtr& node, DType to, OutOfRange overflow) {
  if (!may_not_fit(there(node).type, to)) return cast(node, to);
  return elementwise(overflow == OutOfRange::clip ? Op::clipped_cast : Op::checked_cast, node->type, to,
                     {node});
}

void check_type(const NodePtr& node, DType type) {
  if (node && node->type != type)
    throw Error(ErrorKind::internal, "array: an Array of " + std::string(to_string(type)) + " was made of " +
                                         std::string(to_string(node->type)));
}

NodePtr scalar(DType type, const void* value) {
  std::array<std::uint64_t, 4> bytes{};
  std::memcpy(bytes.data(), value, size_of(type));
  return std::make_shared<ConstantNode>(type, scalar_grid(), bytes);
}

NodePtr rechunk(const NodePtr& node, const ChunkSpec& spec) {
  Chunks chunks = spec.resolve("rechunk", there(node).grid.shape, size_of(node->type));
  if (chunks == node->grid.chunks) return node;
  return std::make_shared<RegridNode>(node, Grid(std::move(chunks)));
}

std::size_t tasks_of(const NodePtr& node) {
  (void)there(node);
  Planner planner({node});
  for (std::int64_t chunk = 0; chunk < node->grid.count(); ++chunk) planner.chunk(*node, chunk);
  return planner.tasks();
}

std::string describe(const NodePtr& node) {
  if (!node) return "Array of nothing";
  std::ostringstream out;
  out << "Array<" << to_string(node->type) << "> " << to_text(node->grid.shape) << " in chunks "
      << to_text(node->grid.chunks) << ", "
      << weir::to_text(static_cast<std::uint64_t>(node->grid.size()) * size_of(node->type));
  if (dynamic_cast<const HeldNode*>(node.get())) return out.str() + ", held by the workers";
  if (node->grid.count() <= 10000) {
    const std::size_t tasks = tasks_of(node);
    out << ", " << tasks << (tasks == 1 ? " task" : " tasks");
  }
  return out.str();
}

NodePtr persist(const NodePtr& node) {
  if (dynamic_cast<const HeldNode*>(&there(node))) return node;
  return std::make_shared<HeldNode>(node->type, node->shared_grid, submit_all(node));
}

std::vector<client::FutureRef> chunk_handles(const NodePtr& node) {
  if (const auto* held = dynamic_cast<const HeldNode*>(&there(node))) return held->chunks();
  return submit_all(node);
}

namespace {

/// The chunks of an array in their order, of a large one only so many ahead: those that wait may be in the
/// memory of this process, beside the array they go into.
class Arriving {
 public:
  Arriving(const NodePtr& node, bool is_large) : client_(Client::current()) {
    if (const auto* held = dynamic_cast<const HeldNode*>(node.get())) {
      submitted = held->chunks();
      return;
    }
    planner_.emplace(std::vector<NodePtr>{node}, parts_for(client_, {node}));
    for (std::int64_t chunk = 0; chunk < node->grid.count(); ++chunk)
      wanted_.push_back(planner_->chunk(*node, chunk));
    planner_->begin(wanted_);
    ahead_ = is_large ? std::size_t{32} : wanted_.size();
  }
  void submit_behind(std::size_t chunk) {
    while (submitted.size() < std::min(wanted_.size(), chunk + 1 + ahead_)) {
      const std::uint32_t next = wanted_[submitted.size()];
      planner_->submit_until(*client_.core(), next);
      submitted.push_back(planner_->take(next));
    }
  }
  std::vector<client::FutureRef> submitted;

 private:
  Client client_;
  std::optional<Planner> planner_;
  std::vector<std::uint32_t> wanted_;
  std::size_t ahead_ = 0;
};

// Not set, row-major.
template <class T>
xt::xarray<T> elements_of(const Shape& shape) {
  using Elements = xt::xarray<T>;
  typename Elements::inner_shape_type extents(shape.size());
  typename Elements::inner_strides_type strides(shape.size());
  std::int64_t size = 1;
  for (std::size_t a = shape.size(); a-- > 0; size *= shape[a]) {
    extents[a] = static_cast<std::size_t>(shape[a]);
    strides[a] = size;
  }
  return Elements(typename Elements::storage_type(static_cast<std::size_t>(size)), std::move(extents),
                  std::move(strides));
}

/// An array that is put together from its chunks.
template <class T>
class Whole {
 public:
  explicit Whole(const Grid& grid)
      : values(elements_of<T>(grid.shape)), grid_(grid), steps_(row_major(dims(grid.shape))) {}
  void put(std::size_t c, const xt::xarray<T>& chunk) {
    const View view = chunk_view(grid_, static_cast<std::int64_t>(c));
    std::int64_t offset = 0;
    std::size_t expected = 1;
    for (std::size_t a = 0; a < grid_.axes(); ++a) {
      offset += view.maps[a].start * steps_[a];
      expected *= static_cast<std::size_t>(view.shape[a]);
    }
    if (chunk.size() != expected)
      throw Error(ErrorKind::invalid_argument, "compute: chunk " + std::to_string(c) + " must have " +
                                                   std::to_string(expected) + " elements (got " +
                                                   std::to_string(chunk.size()) + ")");
    copy_box(sizeof(T), view.shape, reinterpret_cast<const std::byte*>(chunk.data()), row_major(view.shape),
             reinterpret_cast<std::byte*>(values.data() + offset), steps_);
  }
  xt::xarray<T> values;

 private:
  const Grid& grid_;
  const Dims steps_;
};

}  // namespace

template <class T>
xt::xarray<T> compute(const NodePtr& node) {
  const bool is_large = check_room(there(node).grid.shape, sizeof(T)) > 0.25;
  const Grid& grid = node->grid;
  if (const auto core = client::ClusterLink::current(); core && grid.size() <= few_elements) {
    StraightTask task(node, values_here(*core));
    if (task.is_planned()) {
      xt::xarray<T> values = elements_of<T>(grid.shape);
      if (task.run(values.data())) return values;
    }
  }
  if (auto here = computed_here(node, *Client::current().core()); here.size() == 1) {
    return here[0].take<xt::xarray<T>>();
  } else if (!here.empty()) {
    Whole<T> whole(grid);
    for (std::size_t c = 0; c < here.size(); ++c) whole.put(c, here[c].as<xt::xarray<T>>());
    return std::move(whole.values);
  }
  Arriving arriving(node, is_large);
  std::vector<client::FutureRef>& chunks = arriving.submitted;
  Whole<T> whole(grid);
  constexpr std::size_t ahead = 8;  // chunks on their way here at the same time
  const auto count = static_cast<std::size_t>(grid.count());
  for (std::size_t c = 0; c < count; ++c) {
    arriving.submit_behind(c);
    std::vector<client::FutureState*> soon;
    for (std::size_t next = c + 1; next < std::min(chunks.size(), c + ahead); ++next)
      if (chunks[next]->status == Status::finished) soon.push_back(chunks[next].get());
    const Future<xt::xarray<T>> future(std::exchange(chunks[c], {}));
    if (!soon.empty()) future.handle()->core->prefetch(soon);
    whole.put(c, future.result());
  }
  return std::move(whole.values);
}

template xt::xarray<bool> compute(const NodePtr&);
template xt::xarray<std::int8_t> compute(const NodePtr&);
template xt::xarray<std::int16_t> compute(const NodePtr&);
template xt::xarray<std::int32_t> compute(const NodePtr&);
template xt::xarray<std::int64_t> compute(const NodePtr&);
template xt::xarray<std::uint8_t> compute(const NodePtr&);
template xt::xarray<std::uint16_t> compute(const NodePtr&);
template xt::xarray<std::uint32_t> compute(const NodePtr&);
template xt::xarray<std::uint64_t> compute(const NodePtr&);
template xt::xarray<float> compute(const NodePtr&);
template xt::xarray<double> compute(const NodePtr&);
template xt::xarray<std::complex<float>> compute(const NodePtr&);
template xt::xarray<std::complex<double>> compute(const NodePtr&);

}  // namespace weir::detail::array
