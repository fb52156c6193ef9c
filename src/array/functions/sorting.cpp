// Sorting by all workers: chunks are sorted, splitters chosen from samples of them, and each piece of the
// result merges the elements between two splitters.
#include "weir/array/sorting.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "array/graph/views.hpp"
#include "array/kernels/lines.hpp"
#include "weir/array/creation.hpp"

namespace weir::detail::array {

namespace {

void needs_order(std::string_view function, const NodePtr& x) {
  if (is_complex((void(shape_of(x)), x->type)))
    throw Error(ErrorKind::unsupported, std::string(function) + ": complex numbers have no order");
}
template <class F>
void ordered(DType type, F f) {
  dispatch(type, [&]<class T>(std::type_identity<T> t) {
    if constexpr (std::is_arithmetic_v<T>) f(t);
  });
}

// --- along an axis that one task has whole

// Sorts every line, or (indices) says where its elements are; the first `count` of each, backwards if asked.
task::Value sort_lines(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t axis = 0, count = 0, offset = 0;
  bool indices = false, backwards = false;
  read(parameters, axis);
  read(parameters, count);
  read(parameters, offset);
  read(parameters, indices);
  read(parameters, backwards);
  const Tensor& x = operands[0];
  const Lines lines(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  shape[static_cast<std::uint32_t>(axis)] = count;
  const Tensor out = make_tensor(indices ? DType::int64 : x.type, shape);
  ordered(x.type, [&]<class T>(std::type_identity<T>) {
    std::vector<Stored<T>> line(static_cast<std::size_t>(lines.along));
    std::vector<std::int64_t> order(line.size());
    for (std::int64_t b = 0; b < lines.before; ++b)
      for (std::int64_t c = 0; c < lines.after; ++c) {
        for (std::size_t i = 0; i < line.size(); ++i)
          line[i] = x.as<T>()[(b * lines.along + static_cast<std::int64_t>(i)) * lines.after + c];
        if (!indices) {
          std::sort(line.begin(), line.end(), InOrder());
          for (std::int64_t i = 0; i < count; ++i)
            out.as<T>()[(b * count + i) * lines.after + c] =
                static_cast<T>(line[static_cast<std::size_t>(i)]);
          continue;
        }
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
          const auto p = line[static_cast<std::size_t>(i)], q = line[static_cast<std::size_t>(j)];
          return backwards ? InOrder()(q, p) : InOrder()(p, q);
        });
        for (std::int64_t i = 0; i < count; ++i)
          out.as<std::int64_t>()[(b * count + i) * lines.after + c] =
              offset + order[static_cast<std::size_t>(i)];
      }
  });
  return out.value;
}

NodePtr sorted_lines(const char* name, const NodePtr& x, std::size_t axis, std::int64_t count, bool indices,
                     bool backwards) {
  Chunks chunks = x->grid.chunks;
  chunks[axis] = {x->grid.shape[axis]};
  const NodePtr source = rechunk(x, ChunkSpec(chunks));
  chunks[axis] = {count};
  const auto plan = [=](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&sort_lines, {task.need_chunk(*source, chunk)}, static_cast<std::int64_t>(axis), count,
                std::int64_t{0}, indices, backwards);
  };
  return std::make_shared<TaskNode>(name, indices ? DType::int64 : x->type, Grid(std::move(chunks)),
                                    std::vector<NodePtr>{source}, plan);
}

// --- one axis in several chunks

// In fewer chunks, if there are many small ones: each piece of a sorted list has a part of every chunk.
NodePtr in_few_chunks(const NodePtr& x) {
  constexpr std::int64_t few = 32, enough = 1 << 19;
  const auto& sizes = x->grid.chunks[0];
  if (std::ssize(sizes) <= few) return x;
  const std::int64_t each = std::min(enough, (x->grid.shape[0] + few - 1) / few);
  Chunks chunks{{0}};
  for (const std::int64_t size : sizes) {
    if (chunks[0].back() > 0 && chunks[0].back() + size > each) chunks[0].push_back(0);
    chunks[0].back() += size;
  }
  return rechunk(x, ChunkSpec(chunks));
}

// Every chunk sorted by itself; or where its elements are in the whole array.
NodePtr sorted_chunks(const NodePtr& x, bool indices) {
  const auto plan = [x, indices](TaskBuilder& task, std::int64_t chunk) {
    const auto c = static_cast<std::size_t>(chunk);
    task.kernel(&sort_lines, {task.need_chunk(*x, chunk)}, std::int64_t{0}, x->grid.chunks[0][c],
                x->grid.starts[0][c], indices, false);
  };
  return std::make_shared<TaskNode>("sort", indices ? DType::int64 : x->type, x->grid,
                                    std::vector<NodePtr>{x}, plan);
}

// Elements of a sorted chunk at even distances; as many for each.
task::Value sampled(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t count = 0;
  read(parameters, count);
  const Tensor& x = operands[0];
  const Tensor out = make_tensor(x.type, Dims{std::min(count, x.shape[0])});
  const std::size_t size = size_of(x.type);
  for (std::int64_t i = 0; i < out.shape[0]; ++i)
    std::memcpy(static_cast<std::byte*>(out.data) + static_cast<std::size_t>(i) * size,
                static_cast<const std::byte*>(x.data) +
                    static_cast<std::size_t>((2 * i + 1) * x.shape[0] / (2 * out.shape[0])) * size,
                size);
  return out.value;
}

// Where a sorted chunk is to be cut. Operands: the chunk, splitters; parameters: its number, and for each
// splitter the chunk and the place it was sampled at (place -1: equal elements are not told apart).
task::Value cut_places(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t mine = 0;
  std::vector<std::int64_t> chunks, places;
  read(parameters, mine);
  read(parameters, chunks);
  read(parameters, places);
  const Tensor &x = operands[0], &splitters = operands[1];
  const Tensor out = make_tensor(DType::int64, Dims{1, splitters.shape[0]});
  ordered(x.type, [&]<class T>(std::type_identity<T>) {
    const T *begin = x.as<T>(), *end = begin + x.shape[0];
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const T splitter = splitters.as<T>()[i];
      const bool apart = places[i] >= 0;
      std::int64_t place = 0;
      if (apart && chunks[i] == mine) place = places[i];
      else if (apart && mine < chunks[i]) place = std::upper_bound(begin, end, splitter, InOrder()) - begin;
      else place = std::lower_bound(begin, end, splitter, InOrder()) - begin;
      out.as<std::int64_t>()[i] = place;
    }
  });
  return out.value;
}

// Where each sorted chunk is cut: a row for each, with its begin and its end. `apart`: equal elements may
// come into different pieces, so that pieces are about as long as chunks whatever the elements are.
std::vector<std::vector<std::int64_t>> cuts_of(const NodePtr& sorted, bool apart) {
  const auto& sizes = sorted->grid.chunks[0];
  const auto chunks = static_cast<std::int64_t>(sizes.size());
  const std::int64_t each = 4 * chunks;
  Chunks sample_chunks(1);
  for (const std::int64_t size : sizes) sample_chunks[0].push_back(std::min(size, each));
  const auto sample_plan = [sorted, each](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&sampled, {task.chunk(*sorted, chunk)}, each);
  };
  const NodePtr samples = persist(std::make_shared<TaskNode>(
      "sort.samples", sorted->type, Grid(sample_chunks), std::vector<NodePtr>{sorted}, sample_plan));
  // The samples are few: they are sorted in one task, and their order is known here.
  const NodePtr order = sorted_lines("sort.samples", samples, 0, samples->grid.shape[0], true, false);
  const xt::xarray<std::int64_t> places = compute<std::int64_t>(order);
  std::vector<std::int64_t> chosen, from, at;
  const auto count = static_cast<std::int64_t>(places.size());
  for (std::int64_t i = 1; i < chunks && count; ++i) {
    const std::int64_t sample = places.data()[i * count / chunks];
    const std::int64_t chunk = samples->grid.find(0, sample), n = sizes[static_cast<std::size_t>(chunk)],
                       k = std::min(n, each),
                       number = sample - samples->grid.starts[0][static_cast<std::size_t>(chunk)];
    chosen.push_back(sample);
    from.push_back(chunk);
    at.push_back(apart ? (2 * number + 1) * n / (2 * k) : -1);
  }
  std::vector<std::vector<std::int64_t>> cuts;
  for (const std::int64_t size : sizes) cuts.push_back({0, size});
  if (chosen.empty()) return cuts;
  const NodePtr splitters = persist(rechunk(take(samples, 0, chosen), ChunkSpec{AxisChunks(-1)}));
  const auto plan = [sorted, splitters, from, at](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&cut_places, {task.chunk(*sorted, chunk), task.chunk(*splitters, 0)}, chunk, from, at);
  };
  Chunks grid{std::vector<std::int64_t>(sizes.size(), 1), {static_cast<std::int64_t>(chosen.size())}};
  const xt::xarray<std::int64_t> table = compute<std::int64_t>(std::make_shared<TaskNode>(
      "sort.cuts", DType::int64, Grid(grid), std::vector<NodePtr>{sorted, splitters}, plan));
  for (std::size_t c = 0; c < sizes.size(); ++c)
    cuts[c].insert(cuts[c].begin() + 1, table.data() + c * chosen.size(),
                   table.data() + (c + 1) * chosen.size());
  return cuts;
}

// Merges sorted lists, told apart by their number where elements are equal. Parameters: whether indices,
// which are the second half of the operands, are wanted instead of the elements.
task::Value merged(Reader& parameters, std::span<const Tensor> operands) {
  bool indices = false;
  read(parameters, indices);
  const std::size_t lists = indices ? operands.size() / 2 : operands.size();
  std::int64_t count = 0;
  for (std::size_t i = 0; i < lists; ++i) count += operands[i].shape[0];
  const Tensor out = make_tensor(indices ? DType::int64 : operands[0].type, Dims{count});
  ordered(operands[0].type, [&]<class T>(std::type_identity<T>) {
    struct Head {
      T value;
      std::size_t list;
      std::int64_t at;
    };
    const auto later = [](const Head& a, const Head& b) {
      return InOrder()(b.value, a.value) || (!InOrder()(a.value, b.value) && a.list > b.list);
    };
    std::vector<Head> heads;
    for (std::size_t i = 0; i < lists; ++i)
      if (operands[i].shape[0]) heads.push_back({operands[i].as<T>()[0], i, 0});
    std::ranges::make_heap(heads, later);
    for (std::int64_t i = 0; i < count; ++i) {
      std::ranges::pop_heap(heads, later);
      Head& head = heads.back();
      if (indices)
        out.as<std::int64_t>()[i] = operands[lists + head.list].template as<std::int64_t>()[head.at];
      else out.as<T>()[i] = head.value;
      if (++head.at < operands[head.list].shape[0]) {
        head.value = operands[head.list].template as<T>()[head.at];
        std::ranges::push_heap(heads, later);
      } else {
        heads.pop_back();
      }
    }
  });
  return out.value;
}

NodePtr sample_sort(const NodePtr& input, bool indices) {
  const NodePtr x = in_few_chunks(input);
  const NodePtr sorted = persist(sorted_chunks(x, false));
  const NodePtr places = indices ? persist(sorted_chunks(x, true)) : nullptr;
  const auto cuts = cuts_of(sorted, true);
  Chunks chunks(1);
  for (std::size_t piece = 0; piece + 1 < cuts[0].size(); ++piece) {
    std::int64_t size = 0;
    for (const auto& row : cuts) size += row[piece + 1] - row[piece];
    chunks[0].push_back(size);
  }
  const auto plan = [sorted, places, cuts, indices](TaskBuilder& task, std::int64_t piece) {
    std::vector<std::uint32_t> operands;
    const auto p = static_cast<std::size_t>(piece);
    for (const NodePtr& from : {sorted, places})
      for (std::size_t c = 0; from && c < cuts.size(); ++c)
        if (const std::int64_t size = cuts[c][p + 1] - cuts[c][p])
          operands.push_back(
              task.need(*from, box_view(Dims{from->grid.starts[0][c] + cuts[c][p]}, Dims{size})));
    if (operands.empty()) return task.result(task.temporary(indices ? DType::int64 : sorted->type, Dims{0}));
    task.kernel(&merged, std::move(operands), indices);
  };
  std::vector<NodePtr> inputs;
  inputs.push_back(sorted);
  if (places) inputs.push_back(places);
  const NodePtr pieces =
      std::make_shared<TaskNode>(indices ? "argsort" : "sort", indices ? DType::int64 : x->type,
                                 Grid(std::move(chunks)), std::move(inputs), plan);
  return rechunk(pieces, ChunkSpec(input->grid.chunks));
}

NodePtr sort_any(const char* name, const NodePtr& x, std::int64_t axis, bool indices) {
  needs_order(name, x);
  const std::size_t a = axis_of(name, axis, x->grid.axes());
  if (x->grid.axes() == 1 && x->grid.chunks[0].size() > 1) return sample_sort(x, indices);
  return rechunk(sorted_lines(name, x, a, x->grid.shape[a], indices, false), ChunkSpec(x->grid.chunks));
}

}  // namespace

NodePtr sort(const NodePtr& x, std::int64_t axis) { return sort_any("sort", x, axis, false); }
NodePtr argsort(const NodePtr& x, std::int64_t axis) { return sort_any("argsort", x, axis, true); }

NodePtr argtopk(const NodePtr& x, std::int64_t k, std::int64_t axis) {
  needs_order("argtopk", x);
  const std::size_t a = axis_of("argtopk", axis, x->grid.axes());
  if (k == INT64_MIN || std::abs(k) > x->grid.shape[a])
    refuse("argtopk", "there must be at least |k| elements along the axis (got " + std::to_string(k) +
                          " of " + std::to_string(x->grid.shape[a]) + ")");
  return sorted_lines("argtopk", x, a, std::abs(k), true, k > 0);
}

// --- unique

namespace {

// Calls f with each different element of a list in order, and how often it is there.
template <class T, class F>
void each_distinct(const T* list, std::int64_t size, F f) {
  if constexpr (std::is_integral_v<T>) {
    const auto [least, most] = std::minmax_element(list, list + size);
    // Few numbers that are near each other are counted.
    if (const std::uint64_t range = static_cast<std::uint64_t>(*most) - static_cast<std::uint64_t>(*least);
        range < std::min(static_cast<std::uint64_t>(size), std::uint64_t{1} << 20)) {
      const auto low = static_cast<std::uint64_t>(*least);
      std::vector<std::int64_t> counts(range + 1);
      for (std::int64_t i = 0; i < size; ++i) ++counts[static_cast<std::uint64_t>(list[i]) - low];
      for (std::uint64_t i = 0; i <= range; ++i)
        if (counts[i]) f(static_cast<T>(low + i), counts[i]);
      return;
    }
  }
  std::vector<Stored<T>> sorted(list, list + size);
  std::ranges::sort(sorted, InOrder());
  for (std::size_t i = 0; i < sorted.size();) {
    const std::size_t first = i;
    while (i < sorted.size() && is_same_element(sorted[i], sorted[first])) ++i;
    f(static_cast<T>(sorted[first]), static_cast<std::int64_t>(i - first));
  }
}

// Different elements of lists and how often there is each, in one list of 8 bytes each: how many there are,
// their counts, behind the room for these the elements. Operands: lists, (their counts).
task::Value distinct(Reader& parameters, std::span<const Tensor> operands) {
  bool counted = false;
  std::int64_t room = 0;
  read(parameters, counted);
  read(parameters, room);
  const std::size_t lists = counted ? operands.size() / 2 : operands.size();
  const Tensor out = make_tensor(DType::int64, Dims{1 + 2 * room});
  auto *size = out.as<std::int64_t>(), *counts = size + 1, *values = counts + room;
  std::memset(out.data, 0, static_cast<std::size_t>(out.size()) * sizeof(std::int64_t));
  ordered(operands[0].type, [&]<class T>(std::type_identity<T>) {
    if (!counted && lists == 1) {
      each_distinct(operands[0].as<T>(), operands[0].shape[0], [&](T value, std::int64_t count) {
        counts[*size] = count;
        std::memcpy(values + (*size)++, &value, sizeof value);
      });
      return;
    }
    std::vector<std::pair<Stored<T>, std::int64_t>> all;
    all.reserve(static_cast<std::size_t>(room));
    for (std::size_t i = 0; i < lists; ++i)
      for (std::int64_t k = 0; k < operands[i].shape[0]; ++k)
        all.emplace_back(operands[i].as<T>()[k], counted ? operands[lists + i].as<std::int64_t>()[k] : 1);
    std::ranges::sort(all, [](const auto& p, const auto& q) { return InOrder()(p.first, q.first); });
    for (std::size_t i = 0; i < all.size(); ++*size) {
      const auto value = all[i].first;
      for (; i < all.size() && is_same_element(all[i].first, value); ++i) counts[*size] += all[i].second;
      std::memcpy(values + *size, &value, sizeof value);
    }
  });
  return out.value;
}

// Elements or counts of what `distinct` gives. Parameters: the type of the elements, or int64 of counts;
// their number and where they begin.
task::Value unpacked(Reader& parameters, std::span<const Tensor> operands) {
  DType type{};
  std::int64_t count = 0, start = 0;
  read(parameters, type);
  read(parameters, count);
  read(parameters, start);
  const Tensor out = make_tensor(type, Dims{count});
  const auto* from = operands[0].as<std::int64_t>() + start;
  const std::size_t size = size_of(type);
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(static_cast<std::byte*>(out.data) + static_cast<std::size_t>(i) * size, from + i, size);
  return out.value;
}

using Inputs = std::function<std::vector<std::uint32_t>(TaskBuilder&, std::int64_t piece)>;

// The different elements of each piece, which has room for them, and their counts.
UniqueNodes distinct_of(const std::vector<NodePtr>& inputs, DType type,
                        const std::vector<std::int64_t>& rooms, bool counted, const Inputs& operands) {
  Chunks packed_chunks(1);
  for (const std::int64_t room : rooms) packed_chunks[0].push_back(1 + 2 * room);
  const auto plan = [=](TaskBuilder& task, std::int64_t piece) {
    const std::int64_t room = rooms[static_cast<std::size_t>(piece)];
    auto lists = operands(task, piece);
    if (lists.empty()) return task.result(task.temporary(DType::int64, Dims{1 + 2 * room}, Fold::sum));
    task.kernel(&distinct, std::move(lists), counted, room);
  };
  const NodePtr packed =
      persist(std::make_shared<TaskNode>("unique", DType::int64, Grid(packed_chunks), inputs, plan));
  std::vector<std::int64_t> first(packed->grid.starts[0].begin(), packed->grid.starts[0].end() - 1);
  const xt::xarray<std::int64_t> sizes = compute<std::int64_t>(take(packed, 0, first));
  Chunks chunks(1);
  chunks[0].assign(sizes.begin(), sizes.end());
  const auto part = [&](DType of, bool counts) -> NodePtr {
    const auto unpack = [=](TaskBuilder& task, std::int64_t piece) {
      const auto p = static_cast<std::size_t>(piece);
      task.kernel(&unpacked, {task.chunk(*packed, piece)}, of, chunks[0][p],
                  counts ? std::int64_t{1} : 1 + rooms[p]);
    };
    return persist(
        std::make_shared<TaskNode>("unique", of, Grid(chunks), std::vector<NodePtr>{packed}, unpack));
  };
  return {part(type, false), part(DType::int64, true)};
}

}  // namespace

UniqueNodes unique(const NodePtr& input) {
  needs_order("unique", input);
  const NodePtr x = in_few_chunks(reshape(input, {-1}));
  if (x->grid.shape[0] == 0) return {x, cast(x, DType::int64)};
  const UniqueNodes own =
      distinct_of({x}, x->type, x->grid.chunks[0], false, [x](TaskBuilder& task, std::int64_t c) {
        return x->grid.chunks[0][static_cast<std::size_t>(c)]
                   ? std::vector<std::uint32_t>{task.need_chunk(*x, c)}
                   : std::vector<std::uint32_t>{};
      });
  if (own.values->grid.chunks[0].size() == 1) return own;
  const NodePtr values = own.values, counts = own.counts;
  const auto cuts = cuts_of(values, false);
  std::vector<std::int64_t> rooms;
  for (std::size_t piece = 0; piece + 1 < cuts[0].size(); ++piece) {
    rooms.push_back(0);
    for (const auto& row : cuts) rooms.back() += row[piece + 1] - row[piece];
  }
  return distinct_of(
      {values, counts}, x->type, rooms, true, [values, counts, cuts](TaskBuilder& task, std::int64_t p) {
        std::vector<std::uint32_t> operands;
        const auto piece = static_cast<std::size_t>(p);
        for (const NodePtr& from : {values, counts})
          for (std::size_t c = 0; c < cuts.size(); ++c)
            if (const std::int64_t size = cuts[c][piece + 1] - cuts[c][piece])
              operands.push_back(
                  task.need(*from, box_view(Dims{from->grid.starts[0][c] + cuts[c][piece]}, Dims{size})));
        return operands;
      });
}

// --- looking up

namespace {

// The first of a sorted list that is not before a value (`right`: that is behind it), without a branch that
// cannot be foretold.
template <class T>
const T* place_in(const T* begin, std::int64_t size, T value, bool right) {
  while (size > 0) {
    const std::int64_t half = size / 2;
    const bool behind = right ? !InOrder()(value, begin[half]) : InOrder()(begin[half], value);
    begin = behind ? begin + half + 1 : begin;
    size = behind ? size - half - 1 : half;
  }
  return begin;
}

// Operands: numbers, a sorted list.
task::Value looked_up(Reader& parameters, std::span<const Tensor> operands) {
  bool right = false, is_in = false;
  read(parameters, right);
  read(parameters, is_in);
  const Tensor &x = operands[0], &list = operands[1];
  const Tensor out = make_tensor(is_in ? DType::boolean : DType::int64, x.shape);
  ordered(x.type, [&]<class T>(std::type_identity<T>) {
    const T *begin = list.as<T>(), *end = begin + list.shape[0];
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const T value = x.as<T>()[i];
      const T* at = place_in(begin, end - begin, value, right);
      if (is_in) out.as<bool>()[i] = at != end && *at == value;
      else out.as<std::int64_t>()[i] = at - begin;
    }
  });
  return out.value;
}

NodePtr lookup(const char* name, const NodePtr& input, const NodePtr& list, bool right, bool is_in) {
  const DType type = promote(input->type, list->type);
  const NodePtr x = cast(input, type), all = rechunk(cast(list, type), ChunkSpec{AxisChunks(-1)});
  const auto plan = [x, all, right, is_in](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&looked_up, {task.need_chunk(*x, chunk), task.need_chunk(*all, 0)}, right, is_in);
  };
  return std::make_shared<TaskNode>(name, is_in ? DType::boolean : DType::int64, x->grid,
                                    std::vector<NodePtr>{x, all}, plan);
}

}  // namespace

NodePtr searchsorted(const NodePtr& sorted, const NodePtr& x, bool right) {
  needs_order("searchsorted", sorted);
  needs_order("searchsorted", x);
  if (sorted->grid.axes() != 1)
    refuse("searchsorted",
           "the sorted array must have one axis (got " + weir::to_text(sorted->grid.shape) + ")");
  return lookup("searchsorted", x, sorted, right, false);
}
NodePtr isin(const NodePtr& x, const NodePtr& values) {
  needs_order("isin", x);
  needs_order("isin", values);
  return lookup("isin", x, sort(rechunk(reshape(values, {-1}), ChunkSpec{AxisChunks(-1)}), 0), false, true);
}

std::vector<NodePtr> nonzero(const NodePtr& x) {
  const Shape& shape = shape_of(x);
  if (shape.empty()) refuse("nonzero", "the array must have an axis (the shape is ())");
  const NodePtr mask = persist(test(Op::logical_not, test(Op::logical_not, x)));
  std::vector<NodePtr> all;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    Dims steps;
    steps.resize(static_cast<std::uint32_t>(shape.size()));
    steps[static_cast<std::uint32_t>(a)] = 1;
    all.push_back(select(std::make_shared<IotaNode>(x->grid, 0, steps), 0, mask));
  }
  return all;
}

}  // namespace weir::detail::array
