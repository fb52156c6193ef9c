// Lists of indices along an axis.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "array/graph/nodes.hpp"
#include "array/graph/views.hpp"
#include "array/interpret/suited.hpp"
#include "client/told.hpp"

namespace weir::detail::array {

std::vector<IndexRun> runs_of(const std::int64_t* list, std::int64_t count, std::size_t most) {
  std::vector<IndexRun> runs;
  for (std::int64_t i = 0; i < count && runs.size() <= most;) {
    IndexRun run{i, list[i], 1, 1};
    if (i + 1 < count) {
      run.step = list[i + 1] - list[i];
      while (i + run.count < count && list[i + run.count] - list[i + run.count - 1] == run.step) ++run.count;
      if (run.count == 2 && i + 2 < count && std::abs(run.step) > 1) run.count = 1;
    }
    if (run.count == 1) run.step = 1;
    i += run.count;
    runs.push_back(run);
  }
  return runs;
}

namespace {

// Single elements of operands. `Block`: as large as one.
template <class Block>
void gather_blocks(std::span<const Tensor> operands, const std::vector<std::uint32_t>& from,
                   const std::vector<std::int64_t>& places, std::byte* to) {
  std::vector<const std::byte*> base;
  for (const Tensor& operand : operands) base.push_back(static_cast<const std::byte*>(operand.data));
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(to + i * sizeof(Block), base[from[i]] + static_cast<std::size_t>(places[i]) * sizeof(Block),
                sizeof(Block));
}

// Parameters: shape of the result, extent before and elements after what is gathered along, and for each
// index its operand and its place there.
task::Value gathered(Reader& parameters, std::span<const Tensor> operands) {
  Dims shape;
  std::int64_t before = 0, after = 0;
  std::vector<std::uint32_t> from;
  std::vector<std::int64_t> places;
  read(parameters, shape);
  read(parameters, before);
  read(parameters, after);
  read(parameters, from);
  read(parameters, places);
  const Tensor out = make_tensor(operands[0].type, shape);
  if (out.size() == 0) return out.value;
  const std::int64_t row = after * static_cast<std::int64_t>(size_of(out.type));
  auto* to = static_cast<std::byte*>(out.data);
  if (before == 1 && (row == 4 || row == 8)) {
    if (row == 4) gather_blocks<std::uint32_t>(operands, from, places, to);
    else gather_blocks<std::uint64_t>(operands, from, places, to);
    return out.value;
  }
  for (std::int64_t b = 0; b < before; ++b)
    for (std::size_t i = 0; i < places.size(); ++i, to += row) {
      const Tensor& source = operands[from[i]];
      const std::int64_t along = source.size() / (before * after);
      std::memcpy(to, static_cast<const std::byte*>(source.data) + (b * along + places[i]) * row,
                  static_cast<std::size_t>(row));
    }
  return out.value;
}

using List = std::span<const std::int64_t>;

// Finds the chunk of an index among those that begin at `starts`, the last of which is the end.
class ChunkFinder {
 public:
  explicit ChunkFinder(const std::vector<std::int64_t>& starts)
      : starts_(starts), extent_(starts.back()), last_(std::ssize(starts) - 2) {
    const std::int64_t width = starts[1];
    bool is_even = width > 1 && extent_ <= INT32_MAX;
    for (std::int64_t c = 1; c <= last_; ++c)
      is_even = is_even && starts[static_cast<std::size_t>(c)] == c * width;
    // Multiplied with it and cut off, 32 bits are divided.
    if (is_even) inverse_ = UINT64_MAX / static_cast<std::uint64_t>(width) + 1;
  }
  /// One below 0 counts from the end; it is changed.
  std::size_t operator()(std::int64_t& i) const {
    i += i < 0 ? extent_ : 0;
    if (inverse_ == 0) return static_cast<std::size_t>(chunk_at(starts_, i));
    const auto c = static_cast<std::int64_t>(
        static_cast<unsigned __int128>(inverse_) * static_cast<std::uint64_t>(i) >> 64);
    return static_cast<std::size_t>(std::min(c, last_));
  }

 private:
  const std::vector<std::int64_t>& starts_;
  std::int64_t extent_, last_;
  std::uint64_t inverse_ = 0;
};

constexpr std::uint32_t no_operand = UINT32_MAX;

// Where the rows along an axis of chunks lie. Parameters: extent before and elements after the axis, the
// first index of each chunk along it and the end, for each the operand (or none) and the index that begins
// there (-1: the operand has what was picked of this chunk and of others, in the order of the list).
struct RowsOfChunks {
  RowsOfChunks(Reader& parameters, std::span<const Tensor> operands) {
    read(parameters, before);
    read(parameters, after);
    read(parameters, starts);
    read(parameters, operand);
    read(parameters, lows);
    row = after * static_cast<std::int64_t>(size_of(operands[0].type));
    for (const Tensor& one : operands) {
      base.push_back(static_cast<const std::byte*>(one.data));
      along.push_back(before * after == 0 ? 0 : one.size() / (before * after) * row);
    }
    is_picked = std::ranges::count(lows, -1) > 0;
    set_origins();
  }
  // Where the row of an index is, found without a branch, which would often be foretold wrongly.
  struct Origin {
    std::uintptr_t first = reinterpret_cast<std::uintptr_t>(&nothing);  // where the row of index 0 would be
    std::uintptr_t row = 0;  // 0 and the same place for all that no operand has
    std::size_t is_here = 0;
    [[nodiscard]] std::uintptr_t operator()(std::int64_t i) const {
      return first + static_cast<std::uintptr_t>(i) * row;
    }
  };
  void set_origins() {
    origin.assign(operand.size(), {});
    for (std::size_t c = 0; c < operand.size(); ++c)
      if (operand[c] != no_operand)
        origin[c] = {reinterpret_cast<std::uintptr_t>(base[operand[c]]) -
                         static_cast<std::uintptr_t>(std::max<std::int64_t>(lows[c], 0) * row),
                     static_cast<std::uintptr_t>(row), 1};
  }
  // From one row before the axis to the next.
  void next_before() {
    for (std::size_t o = 0; o < base.size(); ++o) base[o] += along[o];
    set_origins();
  }
  std::int64_t before = 0, after = 0, row = 0;
  std::vector<std::int64_t> starts, lows;
  std::vector<std::uint32_t> operand;
  std::vector<const std::byte*> base;
  std::vector<std::int64_t> along;  // bytes of an operand from one row before the axis to the next
  std::vector<Origin> origin;
  bool is_picked = false;

 private:
  static constexpr std::byte nothing{};
};
// `row`: the bytes of a row, 0 if they are only known now.
template <std::size_t row>
std::byte* copy_rows_of(const std::uintptr_t* at, std::size_t count, std::size_t bytes, std::byte* to) {
  if constexpr (row != 0) bytes = row;
  for (std::size_t k = 0; k < count; ++k, to += bytes)
    std::memcpy(to, reinterpret_cast<const void*>(at[k]), bytes);
  return to;
}
std::byte* copy_rows(const std::uintptr_t* at, std::size_t count, std::int64_t row, std::byte* to) {
  const auto bytes = static_cast<std::size_t>(row);
  switch (bytes) {
    case 1:
      return copy_rows_of<1>(at, count, bytes, to);
    case 4:
      return copy_rows_of<4>(at, count, bytes, to);
    case 8:
      return copy_rows_of<8>(at, count, bytes, to);
    case 16:
      return copy_rows_of<16>(at, count, bytes, to);
    default:
      return copy_rows_of<0>(at, count, bytes, to);
  }
}

// Where the next row is of what was picked, and that of an index in what was not, also found without a
// branch.
class MixedRows {
 public:
  explicit MixedRows(const RowsOfChunks& rows) : next_(rows.base.size() + 1) {
    for (std::size_t c = 0; c < rows.operand.size(); ++c) {
      const bool is_here = rows.operand[c] != no_operand, is_picked = is_here && rows.lows[c] < 0;
      sources_.push_back({is_here ? rows.operand[c] : rows.base.size(), is_picked ? 0 : rows.origin[c].row,
                          is_picked ? rows.origin[c].row : 0});
    }
  }
  void begin(const RowsOfChunks& rows) {
    for (std::size_t c = 0; c < sources_.size(); ++c) next_[sources_[c].place] = rows.origin[c].first;
  }
  std::uintptr_t operator()(std::size_t chunk, std::int64_t i) {
    const Source& source = sources_[chunk];
    std::uintptr_t& next = next_[source.place];
    const std::uintptr_t at = next + static_cast<std::uintptr_t>(i) * source.row;
    next += source.advance;
    return at;
  }

 private:
  struct Source {
    std::size_t place;
    std::uintptr_t row, advance;
  };
  std::vector<std::uintptr_t> next_;  // of each operand
  std::vector<Source> sources_;
};

// Rows along an axis of chunks, or of what was picked of them. Parameters: shape of the result, those of
// RowsOfChunks, and the list of indices; if it is empty, the last operand is the list.
task::Value gathered_from_chunks(Reader& parameters, std::span<const Tensor> operands) {
  Dims shape;
  read(parameters, shape);
  RowsOfChunks rows(parameters, operands);
  std::vector<std::int64_t> told;
  read(parameters, told);
  const List list = told.empty() ? List(operands.back().as<std::int64_t>(),
                                        static_cast<std::size_t>(operands.back().size()))
                                 : List(told);
  const Tensor out = make_tensor(operands[0].type, shape);
  if (out.size() == 0) return out.value;
  const ChunkFinder chunk_of(rows.starts);
  // Where a few rows are, then the rows: so many are fetched from memory at the same time.
  constexpr std::size_t few = 256;
  std::array<std::uintptr_t, few> at;
  auto* to = static_cast<std::byte*>(out.data);
  MixedRows mixed(rows);
  for (std::int64_t b = 0; b < rows.before; ++b, rows.next_before()) {
    if (rows.is_picked) mixed.begin(rows);
    for (std::size_t begin = 0; begin < list.size(); begin += few) {
      const std::size_t piece = std::min(few, list.size() - begin);
      const auto find = [&](auto where) {
        for (std::size_t k = 0; k < piece; ++k) {
          std::int64_t i = list[begin + k];
          const std::size_t chunk = chunk_of(i);
          at[k] = where(chunk, i);
          __builtin_prefetch(reinterpret_cast<const void*>(at[k]));
        }
      };
      if (rows.is_picked) find([&](std::size_t chunk, std::int64_t i) { return mixed(chunk, i); });
      else find([&](std::size_t chunk, std::int64_t i) { return rows.origin[chunk](i); });
      to = copy_rows(at.data(), piece, rows.row, to);
    }
  }
  return out.value;
}

// Of the rows that a list names those that some chunks have, in its order. Parameters: shape of the result
// but for the axis, which is the next one, and those of RowsOfChunks; the last operand is the list.
task::Value picked_from_chunks(Reader& parameters, std::span<const Tensor> operands) {
  Dims shape;
  std::uint64_t axis = 0;
  read(parameters, shape);
  read(parameters, axis);
  RowsOfChunks rows(parameters, operands);
  const List list(operands.back().as<std::int64_t>(), static_cast<std::size_t>(operands.back().size()));
  const ChunkFinder chunk_of(rows.starts);
  // How many there are is known when the first ones are found: short ones are copied twice, since what is
  // fetched from memory at the same time must be few; of long ones the places are found first.
  constexpr std::size_t few = 1024, is_short = 16;
  const auto row = static_cast<std::size_t>(rows.row);
  const std::size_t at_once = row <= is_short ? few : list.size();
  const auto at = std::make_unique_for_overwrite<std::uintptr_t[]>(at_once + 1);
  const auto find = [&](List some) {
    std::size_t count = 0;
    for (std::int64_t i : some) {
      const RowsOfChunks::Origin& origin = rows.origin[chunk_of(i)];
      at[count] = origin(i);
      __builtin_prefetch(reinterpret_cast<const void*>(at[count]));
      count += origin.is_here;
    }
    return count;
  };
  std::optional<Tensor> out;
  const auto make = [&](std::size_t count) {
    shape[static_cast<std::uint32_t>(axis)] = static_cast<std::int64_t>(count);
    out = make_tensor(operands[0].type, shape);
    return static_cast<std::byte*>(out->data);
  };
  std::byte* to = nullptr;
  std::unique_ptr<std::byte[]> first;
  if (row <= is_short) first = std::make_unique_for_overwrite<std::byte[]>(list.size() * row);
  for (std::int64_t b = 0; b < rows.before; ++b, rows.next_before()) {
    if (b == 0) to = first.get();
    std::size_t found = 0;
    for (std::size_t begin = 0; begin < list.size(); begin += at_once) {
      const std::size_t count = find(list.subspan(begin, std::min(at_once, list.size() - begin)));
      if (!out && !first) to = make(count);
      to = copy_rows(at.get(), count, rows.row, to);
      found += count;
    }
    if (out || !first) continue;
    to = make(found);
    std::memcpy(to, first.get(), found * row);
    to += found * row;
  }
  return out ? out->value : (make(0), out->value);
}

// What the extents before and after an axis multiply up to.
std::pair<std::int64_t, std::int64_t> extents_around(const Dims& shape, std::size_t axis) {
  std::pair<std::int64_t, std::int64_t> n{1, 1};
  for (std::size_t a = 0; a < shape.size(); ++a)
    if (a != axis) (a < axis ? n.first : n.second) *= shape[a];
  return n;
}

// Adds the task that gathers rows; `lows`, `operand` and `list` as above.
void gather_from(TaskBuilder& task, std::vector<std::uint32_t> operands, const Dims& shape, std::size_t axis,
                 const std::vector<std::int64_t>& starts, const std::vector<std::uint32_t>& operand,
                 const std::vector<std::int64_t>& lows, List list) {
  const auto [before, after] = extents_around(shape, axis);
  task.kernel(&gathered_from_chunks, std::move(operands), shape, before, after, starts, operand, lows,
              std::vector<std::int64_t>(list.begin(), list.end()));
}

// One task for a chunk of the result: of each chunk of the source the part between the first and the last
// element that is wanted, or the chunk itself. `indices`: an array that has the list, or null.
void gather(TaskBuilder& task, const Node& source, std::size_t axis, const View& view, List list,
            const Node* indices) {
  const std::vector<std::int64_t>& starts = source.grid.starts[axis];
  struct Part {
    std::int64_t low = INT64_MAX, high = -1;
  };
  std::vector<Part> parts(source.grid.chunks[axis].size());
  const bool whole = task.planner.is_barrier(source);  // it is read where it lies
  std::size_t unseen = parts.size();
  for (auto i = list.begin(); i != list.end() && unseen > 0; ++i) {
    const auto chunk = static_cast<std::size_t>(chunk_at(starts, *i));
    Part& part = parts[chunk];
    if (!whole) {
      part.low = std::min(part.low, *i);
      part.high = std::max(part.high, *i);
    } else if (part.high < 0) {
      part = {starts[chunk], starts[chunk + 1] - 1};
      --unseen;
    }
  }
  std::vector<std::uint32_t> operands, operand(parts.size());
  std::vector<std::int64_t> lows(parts.size());
  for (std::size_t chunk = 0; chunk < parts.size(); ++chunk) {
    const Part& part = parts[chunk];
    if (part.high < 0) continue;
    View box = view;
    box.maps[axis].start = lows[chunk] = part.low;
    box.shape[axis] = part.high - part.low + 1;
    operand[chunk] = static_cast<std::uint32_t>(operands.size());
    operands.push_back(task.need(source, box));
  }
  if (indices) {
    operands.push_back(task.need(*indices, box_view(Dims{view.maps[axis].start}, Dims{view.shape[axis]})));
    list = {};
  }
  gather_from(task, std::move(operands), view.shape, axis, starts, operand, lows, list);
}

// What a list wants of each chunk along an axis, picked where the chunk is, so that nothing else travels: a
// chunk for each chunk of the result and each of the source.
NodePtr picks(const NodePtr& x, std::size_t axis, const std::vector<std::int64_t>& list,
              const std::vector<std::int64_t>& pieces) {
  const std::vector<std::int64_t>& starts = x->grid.starts[axis];
  const std::size_t sources = x->grid.chunks[axis].size();
  auto sorted = std::make_shared<std::vector<std::int64_t>>(list.size());
  std::vector<std::int64_t> counts;
  std::vector<std::uint32_t> from;
  std::size_t begin = 0;
  for (const std::int64_t piece : pieces) {
    const auto size = static_cast<std::size_t>(piece), first = counts.size();
    from.resize(size);
    counts.resize(first + sources);
    for (std::size_t i = 0; i < size; ++i) {
      from[i] = static_cast<std::uint32_t>(chunk_at(starts, list[begin + i]));
      ++counts[first + from[i]];
    }
    std::vector<std::size_t> next(sources, begin);
    for (std::size_t c = 1; c < sources; ++c)
      next[c] = next[c - 1] + static_cast<std::size_t>(counts[first + c - 1]);
    for (std::size_t i = 0; i < size; ++i) (*sorted)[next[from[i]]++] = list[begin + i];
    begin += size;
  }
  Chunks chunks = x->grid.chunks;
  chunks[axis] = std::move(counts);
  const Grid grid(std::move(chunks));
  const auto plan = [x, axis, sorted, grid, sources](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    const std::size_t source = static_cast<std::size_t>(grid.unravel(chunk)[axis]) % sources;
    const std::int64_t low = x->grid.starts[axis][source], *mine = sorted->data() + view.maps[axis].start;
    View box = view;
    box.maps[axis].start = low;
    box.shape[axis] = x->grid.chunks[axis][source];
    gather_from(task, {task.need(*x, box)}, view.shape, axis, {low, low + box.shape[axis]}, {0}, {low},
                List(mine, static_cast<std::size_t>(view.shape[axis])));
  };
  return std::make_shared<TaskNode>("take.pick", x->type, grid, std::vector<NodePtr>{x}, plan);
}

// A chunk of the result of what was picked for it.
void gather_picks(TaskBuilder& task, const Node& source, const Node& picks, std::size_t axis,
                  std::int64_t piece, const View& view, List list) {
  const std::size_t sources = source.grid.chunks[axis].size();
  std::vector<std::uint32_t> operands, operand(sources);
  for (std::size_t c = 0; c < sources; ++c) {
    const auto k = static_cast<std::size_t>(piece) * sources + c;
    if (picks.grid.chunks[axis][k] == 0) continue;
    View box = view;
    box.maps[axis].start = picks.grid.starts[axis][k];
    box.shape[axis] = picks.grid.chunks[axis][k];
    operand[c] = static_cast<std::uint32_t>(operands.size());
    operands.push_back(task.need(picks, box));
  }
  gather_from(task, std::move(operands), view.shape, axis, source.grid.starts[axis], operand,
              std::vector<std::int64_t>(sources, -1), list);
}

// As long as those of the source at most; of chunks that are there, so short that all cores have something to
// do.
Chunks chunks_of_taken(const Node& x, std::size_t axis, std::int64_t count) {
  Chunks chunks = x.grid.chunks;
  std::int64_t most = std::max<std::int64_t>(1, *std::ranges::max_element(chunks[axis]));
  if ((x.is_barrier() || x.keep) && count > 0) {
    std::vector<AxisChunks> rules(chunks.begin(), chunks.end());
    rules[axis] = AxisChunks();
    Shape shape = x.grid.shape;
    shape[axis] = count;
    most = std::min(most, ChunkSpec(rules).resolve("take", shape, size_of(x.type))[axis][0]);
  }
  chunks[axis].clear();
  for (std::int64_t left = count; left > 0; left -= most) chunks[axis].push_back(std::min(left, most));
  if (chunks[axis].empty()) chunks[axis] = {0};
  return chunks;
}

// Chunks of a node in groups that a task may read together: those that one worker has.
struct Groups {
  std::size_t count = 0;
  bool are_workers = false;
  std::vector<std::size_t> of;  // of each chunk
  Groups(const Node& x, std::size_t axis, bool by_worker) {
    std::map<PeerId, std::size_t> workers;
    try {
      for (std::int64_t c = 0; by_worker && c < x.grid.count(); ++c) {
        const client::FutureRef* held = x.held(c);
        if (!held) break;
        client::Overseer& overseer = held->get()->core->overseer("take");
        const std::vector<PeerId> has = overseer.who_has(client::told_id(*held));
        if (has.empty()) break;
        of.push_back(workers.try_emplace(has.front(), workers.size()).first->second);
      }
    } catch (const Error& error) {  // only rank 0 knows where they are
      if (error.kind() != ErrorKind::unsupported) throw;
    }
    count = workers.size();
    const std::size_t along = x.grid.chunks[axis].size();
    are_workers = std::ssize(of) == x.grid.count() && count <= along;
    if (are_workers) return;
    of.clear();  // each along the axis is one
    count = along;
    for (std::int64_t c = 0; c < x.grid.count(); ++c)
      of.push_back(static_cast<std::size_t>(x.grid.unravel(c)[static_cast<std::uint32_t>(axis)]));
  }
};

// Rows along an axis that an array lists, which no one but the tasks reads.
class UnreadList {
 public:
  UnreadList(NodePtr x, std::size_t axis, NodePtr array, std::vector<ListEnds> ends)
      : x(std::move(x)), axis(axis), array(std::move(array)), ends_(std::move(ends)) {
    grid = Grid(chunks_of_taken(*this->x, axis, this->array->grid.size()));
  }
  NodePtr x;
  std::size_t axis;
  NodePtr array;
  Grid grid;

  void plan(TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    if (task.planner.splits()) return plan_of_picks(task, chunk, view);
    const auto [begin, end] = sources(view.maps[axis].start, view.shape[axis]);
    std::vector<std::uint32_t> operands, operand(x->grid.chunks[axis].size(), no_operand);
    for (std::size_t c = begin; c < end; ++c) {
      operand[c] = static_cast<std::uint32_t>(operands.size());
      operands.push_back(need(task, view, c));
    }
    operands.push_back(need_list(task, view.maps[axis].start, view.shape[axis]));
    gather_from(task, std::move(operands), view.shape, axis, x->grid.starts[axis], operand,
                starts_of_chunks(), {});
  }

 private:
  // Which chunks of the source along the axis so many rows of the result may come from.
  std::pair<std::size_t, std::size_t> sources(std::int64_t start, std::int64_t count) const {
    ListEnds all;
    for (std::int64_t i = start; i < start + count;) {
      const auto c = static_cast<std::size_t>(array->grid.find(0, i));
      all.low = std::min(all.low, ends_[c].low);
      all.high = std::max(all.high, ends_[c].high);
      i = array->grid.starts[0][c + 1];
    }
    const std::vector<std::int64_t>& starts = x->grid.starts[axis];
    return {static_cast<std::size_t>(chunk_at(starts, all.low)),
            static_cast<std::size_t>(chunk_at(starts, all.high)) + 1};
  }
  std::vector<std::int64_t> starts_of_chunks() const {
    return {x->grid.starts[axis].begin(), x->grid.starts[axis].end() - 1};
  }
  std::uint32_t need(TaskBuilder& task, View box, std::size_t source) const {
    box.maps[axis].start = x->grid.starts[axis][source];
    box.shape[axis] = x->grid.chunks[axis][source];
    return task.need(*x, box);
  }
  std::uint32_t need_list(TaskBuilder& task, std::int64_t start, std::int64_t count) const {
    return task.need(*array, box_view(Dims{start}, Dims{count}));
  }
  std::size_t group_of(Dims at, std::size_t source) const {
    at[static_cast<std::uint32_t>(axis)] = static_cast<std::int64_t>(source);
    return groups_->of[static_cast<std::size_t>(x->grid.ravel(at))];
  }
  // What each chunk of the result wants of each group of chunks is picked where these are, so that nothing
  // else travels. Of one group, in turn, a chunk takes what it wants where it lies: that is made where those
  // are, and their elements are copied once.
  void make_picks(bool by_worker) {
    groups_.emplace(*x, axis, by_worker);
    Chunks chunks = x->grid.chunks;
    chunks[axis].assign(grid.chunks[axis].size() * groups_->count, 1);  // each knows how many these are
    const Grid picked(std::move(chunks));
    const auto plan = [this, picked](TaskBuilder& task, std::int64_t chunk) {
      const auto a = static_cast<std::uint32_t>(axis);
      const Dims at = picked.unravel(chunk);
      const std::size_t piece = static_cast<std::size_t>(at[a]) / groups_->count,
                        group = static_cast<std::size_t>(at[a]) % groups_->count;
      View view = chunk_view(picked, chunk);
      const std::int64_t start = grid.starts[axis][piece], count = grid.chunks[axis][piece];
      const auto [begin, end] = sources(start, count);
      std::vector<std::uint32_t> operands, operand(x->grid.chunks[axis].size(), no_operand);
      for (std::size_t c = begin; c < end; ++c) {
        if (group_of(at, c) != group) continue;
        operand[c] = static_cast<std::uint32_t>(operands.size());
        operands.push_back(need(task, view, c));
      }
      operands.push_back(need_list(task, start, count));
      const auto [before, after] = extents_around(view.shape, axis);
      task.kernel(&picked_from_chunks, std::move(operands), view.shape, std::uint64_t{axis}, before, after,
                  x->grid.starts[axis], operand, starts_of_chunks());
    };
    picks_ = std::make_shared<TaskNode>("take.pick", x->type, picked, std::vector<NodePtr>{x, array}, plan);
  }
  void plan_of_picks(TaskBuilder& task, std::int64_t chunk, const View& view) {
    std::call_once(once_, [&] { make_picks(task.planner.views(UINT64_MAX)); });
    const Dims at = grid.unravel(chunk);
    const auto a = static_cast<std::uint32_t>(axis);
    const auto [begin, end] = sources(view.maps[axis].start, view.shape[axis]);
    std::vector<std::uint32_t> operands, operand(x->grid.chunks[axis].size(), no_operand),
        of_group(groups_->count, no_operand);
    std::vector<std::int64_t> lows(operand.size(), -1);
    const std::size_t own_group =
        groups_->are_workers ? static_cast<std::size_t>(at[a]) % groups_->count : groups_->count;
    for (std::size_t c = begin; c < end; ++c) {
      if (group_of(at, c) == own_group) {
        operand[c] = static_cast<std::uint32_t>(operands.size());
        operands.push_back(need(task, view, c));
        lows[c] = x->grid.starts[axis][c];
        continue;
      }
      std::uint32_t& mine = of_group[group_of(at, c)];
      if (mine == no_operand) {
        Dims there = at;
        there[a] =
            at[a] * static_cast<std::int64_t>(groups_->count) + static_cast<std::int64_t>(group_of(at, c));
        mine = static_cast<std::uint32_t>(operands.size());
        operands.push_back(task.chunk_of_any_size(*picks_, picks_->grid.ravel(there)));
      }
      operand[c] = mine;
    }
    operands.push_back(need_list(task, view.maps[axis].start, view.shape[axis]));
    gather_from(task, std::move(operands), view.shape, axis, x->grid.starts[axis], operand, lows, {});
  }

  std::vector<ListEnds> ends_;  // of each chunk of the list
  std::once_flag once_;
  std::optional<Groups> groups_;
  NodePtr picks_;  // made when several processes compute it
};

// The least and the greatest index of a list, those below 0 counted from the end.
void find_ends_of(const std::int64_t* list, std::int64_t size, std::int64_t extent, ListEnds* ends) {
  std::int64_t low = ends->low, high = ends->high;
  for (std::int64_t k = 0; k < size; ++k) {
    const std::int64_t i = list[k] + (list[k] < 0 ? extent : 0);
    low = i < low ? i : low;
    high = i > high ? i : high;
  }
  *ends = {low, high};
}

// Operands: a list of indices. Parameters: the extent of what it is for. Gives a 1 if all are in range and a
// 1 if they are more than a few runs, the least and the greatest, those below 0 counted from the end.
task::Value looked_over(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t extent = 0;
  read(parameters, extent);
  const auto* list = operands[0].as<std::int64_t>();
  const std::int64_t size = operands[0].size();
  ListEnds ends;
  suited<&find_ends_of>()(list, size, extent, &ends);
  const bool is_fine = size == 0 || (ends.low >= 0 && ends.high < extent);
  const Tensor out = make_tensor(DType::int64, Dims{1, 4});
  auto* to = out.as<std::int64_t>();
  to[0] = is_fine;
  to[1] = runs_of(list, size, most_runs).size() > most_runs;
  to[2] = ends.low;
  to[3] = ends.high;
  return out.value;
}

}  // namespace

std::vector<ListEnds> ends_of_list(const NodePtr& array, std::int64_t extent) {
  const auto plan = [array, extent](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&looked_over, {task.need_chunk(*array, chunk)}, extent);
  };
  const Chunks chunks{std::vector<std::int64_t>(array->grid.chunks[0].size(), 1), {4}};
  const xt::xarray<std::int64_t> found = compute<std::int64_t>(
      std::make_shared<TaskNode>("take.ends", DType::int64, Grid(chunks), std::vector<NodePtr>{array}, plan));
  std::vector<ListEnds> ends;
  bool has_many = false;
  for (std::size_t c = 0; c < chunks[0].size(); ++c) {
    const std::int64_t* of = found.data() + 4 * c;
    if (of[0] == 0) return {};
    has_many = has_many || of[1] != 0;
    ends.push_back({of[2], of[3]});
  }
  if (!has_many) ends.clear();
  return ends;
}

NodePtr take_listed(const NodePtr& x, std::size_t axis, const NodePtr& array, std::vector<ListEnds> ends) {
  const auto all = std::make_shared<UnreadList>(x, axis, array, std::move(ends));
  const auto plan = [all](TaskBuilder& task, std::int64_t chunk) { all->plan(task, chunk); };
  return std::make_shared<TaskNode>("take", x->type, all->grid, std::vector<NodePtr>{x, array}, plan);
}

NodePtr take(const NodePtr& x, std::size_t axis, std::vector<std::int64_t> indices, const NodePtr& array) {
  const auto runs = runs_of(indices.data(), static_cast<std::int64_t>(indices.size()), 1);
  if (runs.size() == 1) {
    SmallVector<AxisMap, 4> maps;
    Shape shape = x->grid.shape;
    for (std::size_t a = 0; a < shape.size(); ++a) maps.push_back({0, 1, static_cast<std::int64_t>(a)});
    maps[axis].start = runs[0].start;
    maps[axis].step = runs[0].step;
    shape[axis] = runs[0].count;
    if (runs[0].step != 0) return affine("take", x, maps, shape);
  }
  const bool is_there = x->is_barrier() || x->keep;
  Chunks chunks = chunks_of_taken(*x, axis, static_cast<std::int64_t>(indices.size()));
  struct Plan {
    NodePtr x;
    std::size_t axis;
    std::vector<std::int64_t> list;
    NodePtr array;  // that has the list, or null
    Grid grid;
    std::once_flag once;
    NodePtr picks;  // made when several processes compute it
  };
  const auto all = std::make_shared<Plan>();
  all->x = x;
  all->axis = axis;
  all->list = std::move(indices);
  all->array = array;
  all->grid = Grid(std::move(chunks));
  const auto plan = [all, is_there](TaskBuilder& task, std::int64_t chunk) {
    const Node* source = all->x.get();
    const std::size_t axis = all->axis;
    const View view = chunk_view(all->grid, chunk);
    const std::int64_t* list = all->list.data() + view.maps[axis].start;
    const auto runs = runs_of(list, view.shape[axis], most_runs);
    if (runs.size() > most_runs) {
      const List mine(list, static_cast<std::size_t>(view.shape[axis]));
      if (!is_there || !task.planner.splits())
        return gather(task, *source, axis, view, mine, all->array.get());
      std::call_once(all->once, [&] { all->picks = picks(all->x, axis, all->list, all->grid.chunks[axis]); });
      return gather_picks(task, *source, *all->picks, axis, all->grid.unravel(chunk)[axis], view, mine);
    }
    const Dims steps = row_major(view.shape);
    const std::uint32_t out = task.temporary(source->type, view.shape);
    for (const IndexRun& run : runs) {
      View part = view;
      part.shape[axis] = run.count;
      part.maps[axis] = {run.start, run.step, run.step == 0 ? -1 : static_cast<std::int64_t>(axis)};
      task.fill(*source, part, {.operand = out, .offset = run.at * steps[axis], .steps = steps});
    }
    task.result(out);
  };
  std::vector<NodePtr> inputs{x};
  if (array) inputs.push_back(array);
  return std::make_shared<TaskNode>("take", x->type, all->grid, std::move(inputs), plan);
}

// --- points

namespace {

// The chunk of x, along the axes that points have, of each point.
std::vector<std::int64_t> chunks_of_points(const Grid& grid, const Points& points) {
  std::vector<std::int64_t> chunk(static_cast<std::size_t>(points.count()));
  for (std::size_t a = 0; a < points.lists.size(); ++a) {
    const auto chunks = static_cast<std::int64_t>(grid.chunks[a].size());
    if (chunks == 1) continue;
    const ChunkFinder find(grid.starts[a]);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      std::int64_t at = points.lists[a][i];
      chunk[i] = chunk[i] * chunks + static_cast<std::int64_t>(find(at));
    }
  }
  return chunk;
}

// A box around points of one chunk.
struct PointBox {
  Dims low, high;
  void include(const Points& points, std::size_t i) {
    for (std::size_t a = 0; a < points.lists.size(); ++a) {
      const std::int64_t at = points.lists[a][i];
      if (low.size() == a) low.push_back(at), high.push_back(at);
      low[a] = std::min(low[a], at);
      high[a] = std::max(high[a], at);
    }
  }
  [[nodiscard]] std::int64_t place(const Points& points, std::size_t i) const {
    std::int64_t place = 0;
    for (std::size_t a = 0; a < points.lists.size(); ++a)
      place = place * (high[a] - low[a] + 1) + points.lists[a][i] - low[a];
    return place;
  }
};

std::int64_t product_from(const Dims& shape, std::size_t first) {
  std::int64_t n = 1;
  for (std::size_t a = first; a < shape.size(); ++a) n *= shape[a];
  return n;
}

}  // namespace

NodePtr take_points(const NodePtr& x, const Points& points) {
  constexpr std::int64_t most_bytes = 16 << 20;
  const std::size_t axes = points.lists.size(), ahead = points.shape.size();
  // Pieces along the first axis of the points.
  Chunks chunks;
  std::int64_t row = static_cast<std::int64_t>(size_of(x->type));
  for (std::size_t a = 1; a < ahead; ++a) row *= points.shape[a];
  for (std::size_t a = 0; a < ahead; ++a) chunks.push_back({points.shape[a]});
  for (std::size_t a = axes; a < x->grid.axes(); ++a) {
    chunks.push_back(x->grid.chunks[a]);
    row *= *std::ranges::max_element(chunks.back());
  }
  if (ahead && points.shape[0] > 0) {
    const std::int64_t each = std::max<std::int64_t>(1, most_bytes / std::max<std::int64_t>(1, row));
    chunks[0].clear();
    for (std::int64_t left = points.shape[0]; left > 0; left -= each)
      chunks[0].push_back(std::min(left, each));
  }
  const Grid grid(std::move(chunks));
  const auto chunk_of = std::make_shared<const std::vector<std::int64_t>>(chunks_of_points(x->grid, points));
  const auto shared = std::make_shared<const Points>(points);
  const auto plan = [x, shared, chunk_of, axes, ahead, grid](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(grid, chunk);
    std::int64_t begin = 0, count = 1;
    for (std::size_t a = 0; a < ahead; ++a) {
      count *= view.shape[a];
      begin = begin * shared->shape[a] + view.maps[a].start;
    }
    std::map<std::int64_t, std::pair<PointBox, std::uint32_t>> boxes;
    for (std::int64_t i = begin; i < begin + count; ++i)
      boxes[(*chunk_of)[static_cast<std::size_t>(i)]].first.include(*shared, static_cast<std::size_t>(i));
    std::vector<std::uint32_t> operands, from;
    for (auto& [where, box] : boxes) {
      Dims start = box.first.low, shape;
      for (std::size_t a = 0; a < axes; ++a) shape.push_back(box.first.high[a] - start[a] + 1);
      for (std::size_t a = ahead; a < view.shape.size(); ++a) {
        start.push_back(view.maps[a].start);
        shape.push_back(view.shape[a]);
      }
      box.second = static_cast<std::uint32_t>(operands.size());
      operands.push_back(task.need(*x, box_view(start, shape)));
    }
    if (operands.empty()) return task.result(task.temporary(x->type, view.shape));
    std::vector<std::int64_t> places;
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const auto& [box, operand] = boxes[(*chunk_of)[static_cast<std::size_t>(i)]];
      from.push_back(operand);
      places.push_back(box.place(*shared, static_cast<std::size_t>(i)));
    }
    task.kernel(&gathered, std::move(operands), view.shape, std::int64_t{1}, product_from(view.shape, ahead),
                from, places);
  };
  return std::make_shared<TaskNode>("take", x->type, grid, std::vector<NodePtr>{x}, plan);
}

namespace {

// `row` as above.
template <std::size_t row>
void scatter(std::byte* to, const std::byte* values, const std::vector<std::int64_t>& places,
             const std::vector<std::int64_t>& from, std::size_t bytes) {
  if constexpr (row != 0) bytes = row;
  if (from.empty()) {
    for (const std::int64_t place : places)
      std::memcpy(to + static_cast<std::size_t>(place) * bytes, values, bytes);
    return;
  }
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(to + static_cast<std::size_t>(places[i]) * bytes,
                values + static_cast<std::size_t>(from[i]) * bytes, bytes);
}

// Operands: a chunk, rows of values; parameters: elements of a row, and for each row that is set its place
// and that of its value (none: there is one value).
task::Value scattered(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t row = 0;
  std::vector<std::int64_t> places, from;
  read(parameters, row);
  read(parameters, places);
  read(parameters, from);
  const Tensor &x = operands[0], &values = operands[1], out = make_tensor(x.type, x.shape);
  const std::size_t bytes = static_cast<std::size_t>(row) * size_of(x.type);
  if (out.size() == 0) return out.value;
  auto* to = static_cast<std::byte*>(out.data);
  std::memcpy(to, x.data, static_cast<std::size_t>(x.size()) * size_of(x.type));
  const auto* rows = static_cast<const std::byte*>(values.data);
  if (bytes == 8) scatter<8>(to, rows, places, from, bytes);
  else if (bytes == 4) scatter<4>(to, rows, places, from, bytes);
  else scatter<0>(to, rows, places, from, bytes);
  return out.value;
}

}  // namespace

NodePtr set_points(const NodePtr& x, const Points& points, const NodePtr& values, bool is_one_value) {
  const std::size_t axes = points.lists.size();
  // The points of each chunk, in their order.
  std::int64_t count = 1;
  for (std::size_t a = 0; a < axes; ++a) count *= static_cast<std::int64_t>(x->grid.chunks[a].size());
  const auto points_of =
      std::make_shared<std::vector<std::vector<std::int64_t>>>(static_cast<std::size_t>(count));
  const std::vector<std::int64_t> chunk_of = chunks_of_points(x->grid, points);
  for (std::size_t i = 0; i < chunk_of.size(); ++i)
    (*points_of)[static_cast<std::size_t>(chunk_of[i])].push_back(static_cast<std::int64_t>(i));
  const auto shared = std::make_shared<const Points>(points);
  const auto plan = [x, values, shared, points_of, axes, is_one_value](TaskBuilder& task,
                                                                       std::int64_t chunk) {
    const View view = chunk_view(x->grid, chunk);
    const Dims at = x->grid.unravel(chunk);
    std::int64_t where = 0;
    for (std::size_t a = 0; a < axes; ++a)
      where = where * static_cast<std::int64_t>(x->grid.chunks[a].size()) + at[a];
    const std::vector<std::int64_t>& mine = (*points_of)[static_cast<std::size_t>(where)];
    if (mine.empty()) {
      const std::uint32_t same = task.temporary(x->type, view.shape);
      task.fill(*x, view, {.operand = same, .steps = row_major(view.shape)});
      return task.result(same);
    }
    std::vector<std::int64_t> places(mine.size()), from;
    for (std::size_t a = 0; a < axes; ++a) {
      const std::int64_t *list = shared->lists[a].data(), extent = view.shape[a], first = view.maps[a].start;
      for (std::size_t i = 0; i < mine.size(); ++i) places[i] = places[i] * extent + list[mine[i]] - first;
    }
    if (!is_one_value)
      for (const std::int64_t i : mine) from.push_back(i - mine.front());
    Dims start{mine.front()}, shape{is_one_value ? 1 : mine.back() - mine.front() + 1};
    for (std::size_t a = axes; a < view.shape.size(); ++a) {
      start.push_back(view.maps[a].start);
      shape.push_back(view.shape[a]);
    }
    const std::uint32_t whole = task.need_chunk(*x, chunk), rows = task.need(*values, box_view(start, shape));
    task.kernel(&scattered, {whole, rows}, product_from(view.shape, axes), places, from);
  };
  return std::make_shared<TaskNode>("assign", x->type, x->grid, std::vector<NodePtr>{x, values}, plan);
}

}  // namespace weir::detail::array
