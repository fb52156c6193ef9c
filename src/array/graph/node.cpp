// Grids, views, and what all nodes have: where a view is cut, how a chunk is planned.
#include "array/graph/node.hpp"

#include <algorithm>

namespace weir::detail::array {

void refuse(std::string_view function, const std::string& text) {
  throw Error(ErrorKind::invalid_argument, std::string(function) + ": " + text);
}

// --- grids and views

Grid::Grid(Chunks all, std::string_view function) : chunks(std::move(all)) {
  for (const auto& sizes : chunks) {
    std::vector<std::int64_t> at{0};
    at.reserve(sizes.size() + 1);
    for (const std::int64_t size : sizes) at.push_back(at.back() + size);
    shape.push_back(at.back());
    starts.push_back(std::move(at));
  }
  check_size(function, shape, chunks);
}
const GridPtr& scalar_grid() {
  static const Grid grid{Chunks{}};
  static const GridPtr shared(GridPtr(), &grid);  // counts nobody
  return shared;
}
Grid grid_of(std::string_view function, const Chunks& chunks) {
  for (const auto& sizes : chunks)
    for (const std::int64_t size : sizes)
      if (size < 0) refuse(function, "chunk sizes must not be negative (got " + to_text(chunks) + ")");
  return Grid(chunks, function);
}
std::int64_t Grid::size() const noexcept {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}
std::int64_t Grid::count() const noexcept {
  std::int64_t n = 1;
  for (const auto& sizes : chunks) n *= static_cast<std::int64_t>(sizes.size());
  return n;
}
Dims Grid::unravel(std::int64_t chunk) const {
  Dims at;
  at.resize(static_cast<std::uint32_t>(axes()));
  for (std::size_t a = axes(); a-- > 0;) {
    const auto n = static_cast<std::int64_t>(chunks[a].size());
    at[a] = chunk % n;
    chunk /= n;
  }
  return at;
}
std::int64_t Grid::ravel(const Dims& at) const {
  std::int64_t chunk = 0;
  for (std::size_t a = 0; a < axes(); ++a)
    chunk = chunk * static_cast<std::int64_t>(chunks[a].size()) + at[a];
  return chunk;
}
std::int64_t chunk_at(const std::vector<std::int64_t>& starts, std::int64_t index) {
  if (starts.size() == 2) return 0;
  // Chunks are equal but for the last, mostly.
  if (const std::int64_t first = starts[1] - starts[0]; first > 0 && index >= 0) {
    const auto guess = static_cast<std::size_t>(index / first);
    if (guess + 1 < starts.size() && starts[guess] <= index && index < starts[guess + 1])
      return static_cast<std::int64_t>(guess);
  }
  const auto next = std::upper_bound(starts.begin(), starts.end() - 1, index);
  return std::max<std::int64_t>(0, next - starts.begin() - 1);
}
std::int64_t Grid::find(std::size_t axis, std::int64_t index) const { return chunk_at(starts[axis], index); }

bool View::empty() const noexcept {
  return std::any_of(shape.begin(), shape.end(), [](std::int64_t n) { return n == 0; });
}
bool operator==(const View& a, const View& b) noexcept {
  return std::equal(a.shape.begin(), a.shape.end(), b.shape.begin(), b.shape.end()) &&
         std::equal(a.maps.begin(), a.maps.end(), b.maps.begin(), b.maps.end());
}

bool is_whole_chunk(const Grid& grid, const View& view, std::int64_t& chunk) {
  if (view.shape.size() != grid.axes()) return false;
  Dims at;
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const AxisMap& map = view.maps[a];
    if (map.axis != static_cast<std::int64_t>(a) || map.step != 1) return false;
    const std::int64_t i = grid.find(a, map.start);
    if (grid.starts[a][static_cast<std::size_t>(i)] != map.start ||
        grid.chunks[a][static_cast<std::size_t>(i)] != view.shape[a])
      return false;
    at.push_back(i);
  }
  chunk = grid.ravel(at);
  return true;
}

View chunk_view(const Grid& grid, std::int64_t chunk) {
  View view;
  const Dims at = grid.unravel(chunk);
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const auto i = static_cast<std::size_t>(at[a]);
    view.shape.push_back(grid.chunks[a][i]);
    view.maps.push_back({grid.starts[a][i], 1, static_cast<std::int64_t>(a)});
  }
  return view;
}
View box_view(const Dims& start, const Dims& shape) {
  View view;
  view.shape = shape;
  for (std::size_t a = 0; a < start.size(); ++a)
    view.maps.push_back({start[a], 1, static_cast<std::int64_t>(a)});
  return view;
}
Dims row_major(const Dims& shape) {
  Dims steps;
  steps.resize(shape.size());
  std::int64_t n = 1;
  for (std::size_t a = shape.size(); a-- > 0;) {
    steps[a] = n;
    n *= shape[a];
  }
  return steps;
}

// --- nodes

void cut_at_chunks(const Grid& grid, const View& view, Cuts& cuts) {
  for (std::size_t a = 0; a < grid.axes(); ++a) {
    const AxisMap& map = view.maps[a];
    const auto& starts = grid.starts[a];
    if (map.axis < 0 || map.step == 0 || starts.size() <= 2) continue;
    const std::int64_t count = view.shape[static_cast<std::size_t>(map.axis)];
    const std::int64_t last = map.start + map.step * (count - 1);
    const std::int64_t low = std::min(map.start, last), high = std::max(map.start, last);
    for (std::size_t c = static_cast<std::size_t>(grid.find(a, low)) + 1;
         c + 1 < starts.size() && starts[c] <= high; ++c) {
      const std::int64_t border = starts[c];
      cuts.add(map.axis, map.step > 0 ? (border - map.start + map.step - 1) / map.step
                                      : (map.start - border) / -map.step + 1);
    }
  }
}

Node::~Node() = default;
void Node::plan(TaskBuilder& task, std::int64_t chunk) const {
  const View view = chunk_view(grid, chunk);
  std::uint32_t operand = 0;
  if (!direct(task, view, operand)) {
    operand = task.temporary(type, view.shape);
    task.fill(*this, view, {.operand = operand, .steps = row_major(view.shape)}, true);
  }
  task.result(operand);
}
void TaskNode::cut(Planner&, const View& view, Cuts& cuts) const { cut_at_chunks(grid, view, cuts); }
Register TaskNode::emit(Expression&, const View&) const {
  throw Error(ErrorKind::internal, "array: code of a node that is a task was asked for");
}
namespace {

// Of arrays as small as are computed without tasks, and not of very many: what the program keeps on its
// workers shall not be here once more.
constexpr std::uint64_t most_bytes_here = 64 << 20;
std::atomic<std::uint64_t> bytes_here{0};

}  // namespace

HeldNode::~HeldNode() {
  const std::vector<task::Value>* const kept = kept_.load(std::memory_order_acquire);
  if (!kept) return;
  bytes_here.fetch_sub(bytes(), std::memory_order_relaxed);
  delete kept;
}
bool HeldNode::may_be_here() const noexcept {
  return grid.size() <= few_elements &&
         bytes_here.load(std::memory_order_relaxed) + bytes() <= most_bytes_here;
}
void HeldNode::keep_here(std::vector<task::Value> chunks) const {
  auto kept = std::make_unique<const std::vector<task::Value>>(std::move(chunks));
  const std::vector<task::Value>* nobody = nullptr;
  if (!kept_.compare_exchange_strong(nobody, kept.get(), std::memory_order_acq_rel)) return;
  (void)kept.release();
  bytes_here.fetch_add(bytes(), std::memory_order_relaxed);
}
void HeldNode::cut(Planner&, const View& view, Cuts& cuts) const { cut_at_chunks(grid, view, cuts); }
Register HeldNode::emit(Expression&, const View&) const {
  throw Error(ErrorKind::internal, "array: code of a node that is held was asked for");
}

void cut_input(Planner& planner, const Node& node, const View& view, Cuts& cuts) {
  if (planner.is_barrier(node)) return cut_at_chunks(node.grid, view, cuts);
  for (const auto& [seen, at] : cuts.seen)
    if (seen == &node && at == view) return;
  cuts.seen.emplace_back(&node, view);
  node.cut(planner, view, cuts);
}

}  // namespace weir::detail::array
