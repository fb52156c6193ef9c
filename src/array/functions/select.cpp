// Elements that a mask selects: read, and set.
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "array/graph/views.hpp"
#include "array/interpret/suited.hpp"
#include "weir/array/arrange.hpp"
#include "weir/client.hpp"

namespace weir::detail::array {

namespace {

// A bool is a byte, 0 or 1: eight are added at a time, as long as no sum of them leaves its byte.
std::int64_t number_true(const bool* mask, std::int64_t size) {
  constexpr std::int64_t piece = 255 * 8;
  std::int64_t count = 0;
  while (size >= 8) {
    const std::int64_t here = std::min(size / 8 * 8, piece);
    std::uint64_t sums = 0, eight = 0;
    for (std::int64_t i = 0; i < here; i += 8) {
      std::memcpy(&eight, mask + i, 8);
      sums += eight;
    }
    constexpr std::uint64_t every_other = 0x00ff00ff00ff00ffu;
    sums = (sums & every_other) + (sums >> 8 & every_other);
    count += static_cast<std::int64_t>(sums * 0x0001000100010001u >> 48);
    mask += here;
    size -= here;
  }
  return count + std::count(mask, mask + size, true);
}
task::Value count_true(Reader&, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(DType::int64, Dims{1});
  out.as<std::int64_t>()[0] = number_true(operands[0].as<bool>(), operands[0].size());
  return out.value;
}

// The elements of a line that a mask selects, which are `count`, without a branch: each is written, and the
// next one over it unless it is selected.
template <class T>
void select_line(const void* from, const bool* mask, void* to, std::int64_t count) {
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  for (T* const end = out + count; out != end; ++x) {
    *out = *x;
    out += *mask++;
  }
}
// The other way round: the elements of a line, but where a mask is true the next of the values.
template <class T>
void set_line(const bool* mask, void* to, const void* values, std::int64_t count) {
  T* out = static_cast<T*>(to);
  const T* next = static_cast<const T*>(values);
  for (const T* const end = next + count; next != end; ++out) {
    *out = *mask ? *next : *out;
    next += *mask++;
  }
}
struct Wide {
  std::uint64_t a, b;
};
// Calls f with a type of so many bytes.
template <class F>
void sized(std::size_t bytes, F f) {
  switch (bytes) {
    case 1:
      return f(std::type_identity<std::uint8_t>());
    case 2:
      return f(std::type_identity<std::uint16_t>());
    case 4:
      return f(std::type_identity<std::uint32_t>());
    case 8:
      return f(std::type_identity<std::uint64_t>());
    default:
      return f(std::type_identity<Wide>());
  }
}

// What a mask selects, which is as much as the result has room for. `extents`: before, along and after it.
void select_into(const Tensor& out, const Tensor& elements, const bool* mask,
                 const std::array<std::int64_t, 3>& extents) {
  const auto [before, along, after] = extents;
  const std::size_t row = static_cast<std::size_t>(after) * size_of(out.type);
  if (row == 0) return;
  const auto* from = static_cast<const std::byte*>(elements.data);
  auto* to = static_cast<std::byte*>(out.data);
  if (after == 1) {
    const std::int64_t count = before ? out.size() / before : 0;
    for (std::int64_t b = 0; b < before;
         ++b, from += static_cast<std::size_t>(along) * row, to += static_cast<std::size_t>(count) * row)
      sized(row, [&]<class T>(std::type_identity<T>) { select_line<T>(from, mask, to, count); });
    return;
  }
  for (std::int64_t b = 0; b < before; ++b)
    for (std::int64_t i = 0; i < along; ++i, from += row) {
      if (!mask[i]) continue;
      std::memcpy(to, from, row);
      to += row;
    }
}
// Operands: elements, mask; parameters: extents before, along and after the mask, shape of the result.
task::Value selected(Reader& parameters, std::span<const Tensor> operands) {
  std::array<std::int64_t, 3> extents{};
  Dims shape;
  read(parameters, extents);
  read(parameters, shape);
  const Tensor out = make_tensor(operands[0].type, shape);
  select_into(out, operands[0], operands[1].as<bool>(), extents);
  return out.value;
}
// The same where nobody knows how many are selected. Parameters: extents, shape of the result but for the
// axis, the axis.
task::Value selected_and_counted(Reader& parameters, std::span<const Tensor> operands) {
  std::array<std::int64_t, 3> extents{};
  Dims shape;
  std::uint32_t axis = 0;
  read(parameters, extents);
  read(parameters, shape);
  read(parameters, axis);
  shape[axis] = number_true(operands[1].as<bool>(), operands[1].size());
  const Tensor out = make_tensor(operands[0].type, shape);
  select_into(out, operands[0], operands[1].as<bool>(), extents);
  return out.value;
}
// How many there are.
task::Value number_selected(Reader& parameters, std::span<const Tensor> operands) {
  std::uint32_t axis = 0;
  read(parameters, axis);
  const Tensor out = make_tensor(DType::int64, Dims{1});
  out.as<std::int64_t>()[0] = operands[0].shape[axis];
  return out.value;
}

// Writes where in a line its true elements are, counted from `first`, without a branch and up to `end`;
// returns what is behind the last.
std::int64_t* put_places(const bool* mask, std::int64_t size, std::int64_t first, std::int64_t* to,
                         const std::int64_t* end) {
  for (std::int64_t i = 0; i < size && to != end; ++i) {
    *to = first + i;
    to += mask[i];
  }
  return to;
}
#ifdef __x86_64__
[[gnu::target("avx512f,avx512vl,avx512bw,popcnt")]] std::int64_t* put_places_widest(
    const bool* mask, std::int64_t size, std::int64_t first, std::int64_t* to, const std::int64_t* end) {
  constexpr std::int64_t lanes = 8;
  __m512i place = _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  std::int64_t i = 0;
  for (; i + lanes <= size && end - to >= lanes; i += lanes) {
    const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(mask + i));
    const __mmask16 is_true = _mm_test_epi8_mask(eight, eight);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(static_cast<__mmask8>(is_true), place));
    to += __builtin_popcount(is_true);
    place = _mm512_add_epi64(place, _mm512_set1_epi64(lanes));
  }
  return put_places(mask + i, size - i, first + i, to, end);
}
#endif
auto suited_places() {
#ifdef __x86_64__
  if (has_widest_vectors()) return &put_places_widest;
#endif
  return &put_places;
}

// Where along an axis the true elements of a mask are, in row-major order. Operands: the mask; parameters:
// extents before, along and after the axis, the first index, the number of them, or -1 if nobody knows it.
task::Value places_true(Reader& parameters, std::span<const Tensor> operands) {
  std::array<std::int64_t, 3> extents{};
  std::int64_t first = 0, count = 0;
  read(parameters, extents);
  read(parameters, first);
  read(parameters, count);
  const bool* mask = operands[0].as<bool>();
  if (count < 0) count = number_true(mask, operands[0].size());
  const Tensor out = make_tensor(DType::int64, Dims{count});
  std::int64_t *to = out.as<std::int64_t>(), *const end = to + count;
  const auto put = suited_places();
  for (std::int64_t b = 0; b < extents[0]; ++b) {
    if (extents[2] == 1) {
      to = put(mask, extents[1], first, to, end);
      mask += extents[1];
      continue;
    }
    for (std::int64_t i = first; i < first + extents[1]; ++i, mask += extents[2])
      to = std::fill_n(to, number_true(mask, extents[2]), i);
  }
  return out.value;
}

// Where the true elements of a mask are, a row of indices for each. Operands: the mask; parameters: the first
// index along its first axis.
task::Value points_true(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t first = 0;
  read(parameters, first);
  const Tensor& mask = operands[0];
  const std::size_t axes = mask.shape.size(), last = axes - 1;
  const Tensor out = make_tensor(
      DType::int64, Dims{number_true(mask.as<bool>(), mask.size()), static_cast<std::int64_t>(axes)});
  if (out.size() == 0) return out.value;
  constexpr std::int64_t piece = 512;
  std::int64_t places[piece + 1];
  const auto put = suited_places();
  std::int64_t* to = out.as<std::int64_t>();
  const std::int64_t extent = mask.shape[last];
  Dims at;  // where the line begins
  at.resize(static_cast<std::uint32_t>(axes));
  at[0] = axes > 1 ? first : 0;
  for (const bool *line = mask.as<bool>(), *const end = line + mask.size(); line != end; line += extent) {
    for (std::int64_t begin = 0; begin < extent; begin += piece) {
      const std::int64_t *const found = places, *const behind = put(
                                                    line + begin, std::min(piece, extent - begin),
                                                    begin + (axes > 1 ? 0 : first), places, std::end(places));
      const std::int64_t count = behind - found;
      if (axes == 2) {
        for (std::int64_t i = 0; i < count; ++i) to[2 * i] = at[0], to[2 * i + 1] = found[i];
      } else {
        for (std::int64_t i = 0; i < count; ++i) {
          std::copy_n(at.begin(), last, to + i * static_cast<std::int64_t>(axes));
          to[i * static_cast<std::int64_t>(axes) + static_cast<std::int64_t>(last)] = found[i];
        }
      }
      to += count * static_cast<std::int64_t>(axes);
    }
    for (std::size_t a = last; a-- > 0;) {
      if (++at[a] < mask.shape[a] + (a == 0 ? first : 0) || a == 0) break;
      at[a] = 0;
    }
  }
  return out.value;
}

// True elements in each chunk of the mask along its first axis, the other axes whole.
std::vector<std::int64_t> counts_of(const NodePtr& mask) {
  Chunks one_each(1);
  one_each[0].assign(mask->grid.chunks[0].size(), 1);
  const auto plan = [source = mask.get()](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&count_true, {task.need_chunk(*source, chunk)});
  };
  const NodePtr counts =
      std::make_shared<TaskNode>("count", DType::int64, Grid(one_each), std::vector<NodePtr>{mask}, plan);
  const xt::xarray<std::int64_t> values = compute<std::int64_t>(counts);
  return {values.begin(), values.end()};
}

// An array and a mask, in chunks that fit: pieces of the mask's first axis, what follows of the mask whole.
struct Masked {
  Masked(const NodePtr& x, std::size_t axis, const NodePtr& where)
      : whole(where->grid.axes() == x->grid.axes() && x->grid.axes() > 1), axis(whole ? 0 : axis) {
    Chunks rows{x->grid.chunks[this->axis]};
    for (std::size_t a = 1; a < where->grid.axes(); ++a) rows.push_back({where->grid.shape[a]});
    mask = rechunk(where, ChunkSpec(rows));
    source = whole ? rechunk(x, ChunkSpec(rows)) : x;
  }
  void count() {
    mask = persist(mask);
    counts = counts_of(mask);
  }
  // Elements before, along and after the mask, of a chunk of the source.
  std::array<std::int64_t, 3> extents(const View& view) const {
    std::array<std::int64_t, 3> n{1, view.shape[axis], 1};
    for (std::size_t a = 0; a < view.shape.size(); ++a)
      if (a != axis) n[whole ? 1 : a < axis ? 0 : 2] *= view.shape[a];
    return n;
  }
  // The chunks of what is selected.
  Grid selected() const {
    Chunks chunks = source->grid.chunks;
    if (whole) chunks.resize(1);
    chunks[axis] = counts;
    return Grid(std::move(chunks));
  }
  bool whole;  // the mask has all axes
  std::size_t axis;
  NodePtr mask, source;
  std::vector<std::int64_t> counts;  // of what is selected of each chunk
};

// Whether so many bytes more may be in the memory of all workers without anything leaving it for a disk.
bool has_room_for(std::uint64_t bytes) {
  try {
    std::uint64_t room = UINT64_MAX;
    const auto workers = Client::current().workers();
    for (const WorkerInfo& worker : workers) room = std::min(room, worker.memory_limit / 8);
    return bytes / std::max<std::size_t>(1, workers.size()) < room;
  } catch (const Error& error) {  // only rank 0 knows
    if (error.kind() != ErrorKind::unsupported) throw;
    return false;
  }
}
// What tasks find, one for each chunk of the mask; how much of it each has is seen when it is there.
// `further`: chunks of an axis behind those of the mask, if there is one.
NodePtr found(Masked& masked, const char* name, DType type, std::vector<NodePtr> inputs,
              const TaskNode::Plan& plan, const Chunks& further = {}) {
  const auto axis = static_cast<std::uint32_t>(masked.axis);
  const auto grid = [&] {
    Chunks chunks = masked.selected().chunks;
    chunks.insert(chunks.end(), further.begin(), further.end());
    return Grid(std::move(chunks));
  };
  masked.counts.assign(masked.source->grid.chunks[axis].size(), 1);
  const NodePtr all = persist(std::make_shared<TaskNode>(name, type, grid(), std::move(inputs), plan));
  const auto number = [all, axis](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&number_selected, {task.chunk_of_any_size(*all, chunk)}, axis);
  };
  const xt::xarray<std::int64_t> counts = compute<std::int64_t>(std::make_shared<TaskNode>(
      "select.size", DType::int64, Grid(Chunks{masked.counts}), std::vector<NodePtr>{all}, number));
  masked.counts.assign(counts.begin(), counts.end());
  return std::make_shared<HeldNode>(type, grid(), chunk_handles(all));
}
// What is selected of chunks that are there: counting reads as much as selecting does, so where there is room
// for all they are done together, and nobody keeps the mask. Null elsewhere, and where a part of the mask is
// for several chunks.
NodePtr selected_at_once(Masked& masked) {
  const NodePtr& source = masked.source;
  if (!source->held(0) || source->grid.count() != std::ssize(source->grid.chunks[masked.axis]) ||
      !has_room_for(static_cast<std::uint64_t>(source->grid.size()) * size_of(source->type)))
    return nullptr;
  const auto plan = [masked](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(masked.source->grid, chunk);
    Dims shape = view.shape;
    if (masked.whole) shape.resize(1);
    task.kernel(&selected_and_counted,
                {task.need(*masked.source, view), task.need_chunk(*masked.mask, chunk)}, masked.extents(view),
                shape, static_cast<std::uint32_t>(masked.axis));
  };
  return found(masked, "select", source->type, {source, masked.mask}, plan);
}

// The other way round than `selected`. Operands: elements, mask, values; parameters: extents before, along
// and after the mask.
task::Value set_by_mask(Reader& parameters, std::span<const Tensor> operands) {
  std::array<std::int64_t, 3> extents{};
  read(parameters, extents);
  const Tensor &x = operands[0], out = make_tensor(x.type, x.shape);
  const bool* mask = operands[1].as<bool>();
  const std::size_t row = static_cast<std::size_t>(extents[2]) * size_of(out.type);
  if (out.size() == 0) return out.value;
  std::memcpy(out.data, x.data, static_cast<std::size_t>(x.size()) * size_of(x.type));
  auto* to = static_cast<std::byte*>(out.data);
  const auto* from = static_cast<const std::byte*>(operands[2].data);
  if (extents[2] == 1) {
    const std::int64_t count = operands[2].size() / extents[0];
    for (std::int64_t b = 0; b < extents[0];
         ++b, to += static_cast<std::size_t>(extents[1]) * row, from += static_cast<std::size_t>(count) * row)
      sized(row, [&]<class T>(std::type_identity<T>) { set_line<T>(mask, to, from, count); });
    return out.value;
  }
  for (std::int64_t b = 0; b < extents[0]; ++b)
    for (std::int64_t i = 0; i < extents[1]; ++i, to += row) {
      if (!mask[i]) continue;
      std::memcpy(to, from, row);
      from += row;
    }
  return out.value;
}

}  // namespace

NodePtr select(const NodePtr& x, std::size_t axis, const NodePtr& where) {
  Masked masked(x, axis, where);
  if (NodePtr now = selected_at_once(masked)) return now;
  masked.count();
  const Grid grid = masked.selected();
  const auto plan = [masked, grid](TaskBuilder& task, std::int64_t chunk) {
    const Dims at = grid.unravel(chunk);
    const std::int64_t from = masked.whole ? at[0] : masked.source->grid.ravel(at);
    const std::uint32_t elements = task.need_chunk(*masked.source, from),
                        mask = task.chunk(*masked.mask, at[masked.axis]);
    task.kernel(&selected, {elements, mask}, masked.extents(chunk_view(masked.source->grid, from)),
                chunk_view(grid, chunk).shape);
  };
  return std::make_shared<TaskNode>("select", x->type, grid, std::vector<NodePtr>{masked.source, masked.mask},
                                    plan);
}

NodePtr places_in(const NodePtr& where, std::size_t axis) {
  Masked masked(where, 0, where);
  // With one axis nobody else asks where: the places are found when they are counted, and kept.
  const bool at_once = where->grid.axes() == 1 &&
                       has_room_for(static_cast<std::uint64_t>(where->grid.size()) * sizeof(std::int64_t));
  if (!at_once) masked.count();
  const auto plan = [mask = masked.mask, counts = masked.counts, axis](TaskBuilder& task,
                                                                       std::int64_t chunk) {
    const View view = chunk_view(mask->grid, chunk);
    std::array<std::int64_t, 3> extents{1, view.shape[axis], 1};
    for (std::size_t a = 0; a < view.shape.size(); ++a)
      if (a != axis) extents[a < axis ? 0 : 2] *= view.shape[a];
    task.kernel(&places_true, {task.need_chunk(*mask, chunk)}, extents, view.maps[axis].start,
                counts.empty() ? std::int64_t{-1} : counts[static_cast<std::size_t>(chunk)]);
  };
  if (at_once) return found(masked, "nonzero", DType::int64, {masked.mask}, plan);
  return std::make_shared<TaskNode>("nonzero", DType::int64, masked.selected(),
                                    std::vector<NodePtr>{masked.mask}, plan);
}

NodePtr points_in(const NodePtr& where) {
  Masked masked(where, 0, where);
  const auto axes = static_cast<std::int64_t>(where->grid.axes());
  const bool at_once =
      has_room_for(static_cast<std::uint64_t>(where->grid.size() * axes) * sizeof(std::int64_t));
  if (!at_once) masked.count();
  const auto plan = [mask = masked.mask](TaskBuilder& task, std::int64_t chunk) {
    const View view = chunk_view(mask->grid, chunk);
    task.kernel(&points_true, {task.need(*mask, view)}, view.maps[0].start);
  };
  if (at_once) return found(masked, "argwhere", DType::int64, {masked.mask}, plan, {{axes}});
  Chunks chunks = masked.selected().chunks;
  chunks.push_back({axes});
  return std::make_shared<TaskNode>("argwhere", DType::int64, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{masked.mask}, plan);
}

NodePtr set_selected(const NodePtr& x, std::size_t axis, const NodePtr& where, const NodePtr& values,
                     std::size_t place) {
  Masked masked(x, axis, where);
  masked.count();
  const Grid grid = masked.selected();
  Shape shape = grid.shape;
  std::rotate(shape.begin() + static_cast<std::ptrdiff_t>(place),
              shape.begin() + static_cast<std::ptrdiff_t>(masked.axis),
              shape.begin() + static_cast<std::ptrdiff_t>(masked.axis) + 1);
  NodePtr each = broadcast("assign", values, shape);
  if (place != masked.axis)
    each = transpose(
        each, moved(shape.size(), static_cast<std::int64_t>(place), static_cast<std::int64_t>(masked.axis)));
  const auto plan = [masked, grid, each](TaskBuilder& task, std::int64_t chunk) {
    const Dims at = masked.source->grid.unravel(chunk);
    const std::uint32_t elements = task.need_chunk(*masked.source, chunk),
                        mask = task.chunk(*masked.mask, at[masked.axis]),
                        rows = task.need(*each, chunk_view(grid, masked.whole ? at[0] : chunk));
    task.kernel(&set_by_mask, {elements, mask, rows}, masked.extents(chunk_view(masked.source->grid, chunk)));
  };
  return rechunk(std::make_shared<TaskNode>("assign", x->type, masked.source->grid,
                                            std::vector<NodePtr>{masked.source, masked.mask, each}, plan),
                 ChunkSpec(x->grid.chunks));
}

}  // namespace weir::detail::array
