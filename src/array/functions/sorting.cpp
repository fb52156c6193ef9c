// Sorting by all workers: chunks are sorted, splitters chosen from samples of them, and each piece of the
// result merges the elements between two splitters.
#include "weir/array/sorting.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "array/graph/views.hpp"
#include "array/interpret/suited.hpp"
#include "array/kernels/lines.hpp"
#include "array/kernels/order.hpp"
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
    std::vector<std::int64_t> order(indices ? line.size() : 0);
    for (std::int64_t b = 0; b < lines.before; ++b)
      for (std::int64_t c = 0; c < lines.after; ++c) {
        for (std::size_t i = 0; i < line.size(); ++i)
          line[i] = x.as<T>()[(b * lines.along + static_cast<std::int64_t>(i)) * lines.after + c];
        if (!indices) {
          sort_numbers(line.data(), line.size());
          for (std::int64_t i = 0; i < count; ++i)
            out.as<T>()[(b * count + i) * lines.after + c] =
                static_cast<T>(line[static_cast<std::size_t>(i)]);
          continue;
        }
        std::iota(order.begin(), order.end(), std::int64_t{0});
        sort_beside(line.data(), order.data(), order.size(), backwards);
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

// Where groups of lists begin, and their end: many small ones are joined, since each piece of a sorted list
// has a part of every list.
std::vector<std::size_t> few_groups(const std::vector<std::int64_t>& sizes) {
  constexpr std::int64_t few = 32, enough = 1 << 19;
  const std::int64_t all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  const std::int64_t each = std::ssize(sizes) <= few ? 0 : std::min(enough, (all + few - 1) / few);
  std::vector<std::size_t> begins;
  std::int64_t group = 0;
  for (std::size_t i = 0; i < sizes.size(); group += sizes[i++])
    if (i == 0 || each == 0 || (group > 0 && group + sizes[i] > each)) {
      begins.push_back(i);
      group = 0;
    }
  begins.push_back(sizes.size());
  return begins;
}

NodePtr in_few_chunks(const NodePtr& x) {
  const auto& sizes = x->grid.chunks[0];
  const auto groups = few_groups(sizes);
  Chunks chunks(1);
  for (std::size_t g = 0; g + 1 < groups.size(); ++g)
    chunks[0].push_back(std::accumulate(sizes.begin() + static_cast<std::ptrdiff_t>(groups[g]),
                                        sizes.begin() + static_cast<std::ptrdiff_t>(groups[g + 1]),
                                        std::int64_t{0}));
  return chunks[0].size() == sizes.size() ? x : rechunk(x, ChunkSpec(chunks));
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

// Where each sorted chunk is cut into pieces: a row for each, with its begin and its end. `apart`: equal
// elements may come into different pieces, so that these are about as long whatever the elements are.
std::vector<std::vector<std::int64_t>> cuts_of(const NodePtr& sorted, std::int64_t pieces, bool apart) {
  std::vector<std::vector<std::int64_t>> cuts;
  for (const std::int64_t size : sorted->grid.chunks[0]) cuts.push_back({0, size});
  if (pieces == 1) return cuts;
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
  for (std::int64_t i = 1; i < pieces && count; ++i) {
    const std::int64_t sample = places.data()[i * count / pieces];
    const std::int64_t chunk = samples->grid.find(0, sample), n = sizes[static_cast<std::size_t>(chunk)],
                       k = std::min(n, each),
                       number = sample - samples->grid.starts[0][static_cast<std::size_t>(chunk)];
    chosen.push_back(sample);
    from.push_back(chunk);
    at.push_back(apart ? (2 * number + 1) * n / (2 * k) : -1);
  }
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

// Calls f(list, place) for the elements of sorted lists in their order; of equal ones those of the first list
// come first.
template <class T, class F>
void in_order(std::span<const Tensor> lists, F f) {
  struct Head {
    T value;
    std::size_t list;
    std::int64_t at;
  };
  const auto later = [](const Head& a, const Head& b) {
    return InOrder()(b.value, a.value) || (!InOrder()(a.value, b.value) && a.list > b.list);
  };
  std::vector<Head> heads;
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (lists[i].shape[0]) heads.push_back({lists[i].as<T>()[0], i, 0});
  std::ranges::make_heap(heads, later);
  while (!heads.empty()) {
    std::ranges::pop_heap(heads, later);
    Head& head = heads.back();
    f(head.list, head.at);
    if (++head.at < lists[head.list].shape[0]) {
      head.value = lists[head.list].template as<T>()[head.at];
      std::ranges::push_heap(heads, later);
    } else {
      heads.pop_back();
    }
  }
}

// Lists in one order, told apart by their number where elements are equal; sorted again, which is faster than
// merging as many. Parameters: whether indices, which are the second half of the operands, are wanted instead
// of the elements.
task::Value merged(Reader& parameters, std::span<const Tensor> operands) {
  bool indices = false;
  read(parameters, indices);
  const std::size_t lists = indices ? operands.size() / 2 : operands.size();
  const auto wanted = operands.last(lists);
  std::int64_t count = 0;
  for (const Tensor& list : wanted) count += list.shape[0];
  const Tensor out = make_tensor(wanted[0].type, Dims{count});
  ordered(operands[0].type, [&]<class T>(std::type_identity<T>) {
    std::vector<Stored<T>> all;
    all.reserve(static_cast<std::size_t>(count));
    for (const Tensor& list : operands.first(lists))
      all.insert(all.end(), list.as<T>(), list.as<T>() + list.shape[0]);
    if (indices) {
      auto* next = out.as<std::int64_t>();
      for (const Tensor& list : wanted) next = std::copy_n(list.as<std::int64_t>(), list.shape[0], next);
      sort_beside(all.data(), out.as<std::int64_t>(), all.size(), false);
    } else {
      sort_numbers(all.data(), all.size());
      std::ranges::copy(all, out.as<T>());
    }
  });
  return out.value;
}

NodePtr sample_sort(const NodePtr& input, bool indices) {
  const NodePtr x = in_few_chunks(input);
  const NodePtr sorted = persist(sorted_chunks(x, false));
  const NodePtr places = indices ? persist(sorted_chunks(x, true)) : nullptr;
  const auto cuts = cuts_of(sorted, std::ssize(x->grid.chunks[0]), true);
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

namespace {

// Which `count` elements of a line are the first in order, the largest or the smallest; of equal ones those
// that are first in the line. A heap of the best so far: whole pieces of a line have none that is better.
template <bool is_largest, class T>
std::vector<std::int64_t> find_best(const T* x, std::int64_t size, std::int64_t count) {
  const auto before = [](T a, T b) { return is_largest ? InOrder()(b, a) : InOrder()(a, b); };
  const auto earlier = [&](std::int64_t i, std::int64_t j) {
    return before(x[i], x[j]) || (!before(x[j], x[i]) && i < j);
  };
  std::vector<std::int64_t> best(static_cast<std::size_t>(count));
  std::iota(best.begin(), best.end(), std::int64_t{0});
  std::ranges::make_heap(best, earlier);
  constexpr std::int64_t piece = 64;
  for (std::int64_t i = count, end; i < size && count > 0; i = end) {
    end = std::min(size, i + piece);
    const T last = x[best.front()];
    int found = 0;
    for (std::int64_t j = i; j < end; ++j) found |= before(x[j], last) ? 1 : 0;
    if (found == 0) continue;
    for (std::int64_t j = i; j < end; ++j) {
      if (!before(x[j], x[best.front()])) continue;
      std::ranges::pop_heap(best, earlier);
      best.back() = j;
      std::ranges::push_heap(best, earlier);
    }
  }
  std::ranges::sort_heap(best, earlier);
  return best;
}

// The best of each line of a chunk, where it is along the axis and then its bits. Operands: numbers, or
// (`is_merging`) what this gave of parts of the lines.
template <class T>
void put_best(const Tensor& x, const Lines& lines, std::int64_t k, std::int64_t start, bool is_merging,
              const Tensor& out) {
  using S = Stored<T>;
  const std::int64_t step = is_merging ? 2 : 1, size = lines.along / step,
                     count = std::min(std::abs(k), size),
                     places = is_merging ? 1 : 2;  // of the result for each element
  std::vector<S> line(static_cast<std::size_t>(size));
  const auto* packed = x.as<std::int64_t>();
  for (std::int64_t b = 0; b < lines.before; ++b)
    for (std::int64_t c = 0; c < lines.after; ++c) {
      const auto at = [&](std::int64_t i) { return (b * lines.along + i) * lines.after + c; };
      for (std::int64_t i = 0; i < size; ++i) {
        if (is_merging) std::memcpy(&line[static_cast<std::size_t>(i)], packed + at(2 * i + 1), sizeof(S));
        else line[static_cast<std::size_t>(i)] = static_cast<S>(x.as<T>()[at(i)]);
      }
      const auto best =
          k > 0 ? find_best<true>(line.data(), size, count) : find_best<false>(line.data(), size, count);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t from = best[static_cast<std::size_t>(i)];
        std::int64_t* to = out.as<std::int64_t>() + (b * count + i) * places * lines.after + c;
        to[0] = is_merging ? packed[at(2 * from)] : start + from;
        if (is_merging) continue;
        to[lines.after] = 0;
        std::memcpy(to + lines.after, &line[static_cast<std::size_t>(from)], sizeof(S));
      }
    }
}
task::Value best_in_lines(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t axis = 0, k = 0, start = 0;
  bool is_merging = false;
  DType type{};
  read(parameters, axis);
  read(parameters, k);
  read(parameters, start);
  read(parameters, is_merging);
  read(parameters, type);
  const Tensor& x = operands[0];
  const Lines lines(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  std::int64_t& along = shape[static_cast<std::uint32_t>(axis)];
  along = is_merging ? std::min(std::abs(k), along / 2) : 2 * std::min(std::abs(k), along);
  const Tensor out = make_tensor(DType::int64, shape);
  ordered(type, [&]<class T>(std::type_identity<T>) { put_best<T>(x, lines, k, start, is_merging, out); });
  return out.value;
}

// Of each chunk, then of these; of equal elements those of the first chunk come first, as they lie.
NodePtr best_of_chunks(const NodePtr& x, std::int64_t k, std::size_t a) {
  const auto axis = static_cast<std::int64_t>(a);
  Chunks chunks = x->grid.chunks;
  for (std::int64_t& size : chunks[a]) size = 2 * std::min(size, std::abs(k));
  const auto of_chunk = [=](TaskBuilder& task, std::int64_t chunk) {
    const std::int64_t place = x->grid.unravel(chunk)[static_cast<std::uint32_t>(a)];
    task.kernel(&best_in_lines, {task.need_chunk(*x, chunk)}, axis, k,
                x->grid.starts[a][static_cast<std::size_t>(place)], false, x->type);
  };
  const NodePtr parts = std::make_shared<TaskNode>("argtopk", DType::int64, Grid(std::move(chunks)),
                                                   std::vector<NodePtr>{x}, of_chunk);
  Chunks whole = parts->grid.chunks;
  whole[a] = {parts->grid.shape[a]};
  const NodePtr lines = rechunk(parts, ChunkSpec(whole));
  whole[a] = {std::abs(k)};
  const auto merged = [=, type = x->type](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&best_in_lines, {task.need_chunk(*lines, chunk)}, axis, k, std::int64_t{0}, true, type);
  };
  return std::make_shared<TaskNode>("argtopk", DType::int64, Grid(std::move(whole)),
                                    std::vector<NodePtr>{lines}, merged);
}

}  // namespace

NodePtr argtopk(const NodePtr& x, std::int64_t k, std::int64_t axis) {
  needs_order("argtopk", x);
  const std::size_t a = axis_of("argtopk", axis, x->grid.axes());
  if (k == INT64_MIN || std::abs(k) > x->grid.shape[a])
    refuse("argtopk", "there must be at least |k| elements along the axis (got " + std::to_string(k) +
                          " of " + std::to_string(x->grid.shape[a]) + ")");
  constexpr std::int64_t few = 16;  // of so many elements one is wanted: more are found by sorting
  if (std::abs(k) <= x->grid.shape[a] / few) return best_of_chunks(x, k, a);
  return sorted_lines("argtopk", x, a, std::abs(k), true, k > 0);
}

// --- unique

namespace {

// The result of a task that finds what is unique; how large it is, only it knows: the number of elements,
// how often there is each, and the elements.
template <class T>
class Found {
 public:
  explicit Found(std::int64_t count)
      : tensor_(make_tensor(DType::int64,
                            Dims{1 + count + (count * static_cast<std::int64_t>(sizeof(T)) + 7) / 8})),
        counts_(tensor_.as<std::int64_t>() + 1),
        values_(reinterpret_cast<T*>(counts_ + count)) {
    tensor_.as<std::int64_t>()[tensor_.shape[0] - 1] = 0;  // has bytes of no element
    tensor_.as<std::int64_t>()[0] = count;
  }
  void add(T value, std::int64_t count) {
    *counts_++ = count;
    *values_++ = value;
  }
  [[nodiscard]] task::Value value() const { return tensor_.value; }

 private:
  Tensor tensor_;
  std::int64_t* counts_;
  T* values_;
};

// Makes a result of what `each` calls its argument with, element and count; it is called twice.
template <class T, class Each>
task::Value found(Each each) {
  std::int64_t count = 0;
  each([&](T, std::int64_t) { ++count; });
  Found<T> all(count);
  each([&](T value, std::int64_t times) { all.add(value, times); });
  return all.value();
}

// Nothing unless the elements are numbers so near each other that they are counted sooner than sorted.
// `each(f)` calls f with lists of elements, and is asked twice; so is `count(list, low, counts, range)`.
template <class T, class Ends, class Count>
std::optional<task::Value> found_by_counting(std::int64_t size, Ends ends, Count count) {
  if constexpr (!std::is_integral_v<T>) {
    return std::nullopt;
  } else {
    const auto [least, most] = ends();
    const auto low = static_cast<std::uint64_t>(least), range = static_cast<std::uint64_t>(most) - low;
    if (range >= std::min(static_cast<std::uint64_t>(size), std::uint64_t{1} << 20)) return std::nullopt;
    std::vector<std::int64_t> counts(range + 1);
    count(least, counts.data(), std::ssize(counts));
    return found<T>([&](auto f) {
      for (std::uint64_t i = 0; i <= range; ++i)
        if (counts[i]) f(static_cast<T>(low + i), counts[i]);
    });
  }
}

// What is unique in lists.
task::Value unique_of(Reader&, std::span<const Tensor> lists) {
  task::Value result;
  std::int64_t size = 0;
  for (const Tensor& list : lists) size += list.size();
  ordered(lists[0].type, [&]<class T>(std::type_identity<T>) {
    if (size == 0) {
      result = Found<T>(0).value();
      return;
    }
    const auto ends = [&] {
      T ends[2] = {std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
      for (const Tensor& list : lists) find_ends(list, ends);
      return std::pair(ends[0], ends[1]);
    };
    const auto count = [&](T low, std::int64_t* counts, std::int64_t range) {
      for (const Tensor& list : lists) count_each(list.as<T>(), list.size(), low, counts, range);
    };
    if (std::optional<task::Value> counted = found_by_counting<T>(size, ends, count)) {
      result = *std::move(counted);
      return;
    }
    std::vector<Stored<T>> all;
    all.reserve(static_cast<std::size_t>(size));
    for (const Tensor& list : lists) all.insert(all.end(), list.as<T>(), list.as<T>() + list.size());
    sort_numbers(all.data(), all.size());
    result = found<T>([&](auto f) {
      for (std::size_t i = 0; i < all.size();) {
        const std::size_t first = i;
        while (i < all.size() && is_same_element(all[i], all[first])) ++i;
        f(static_cast<T>(all[first]), static_cast<std::int64_t>(i - first));
      }
    });
  });
  return result;
}

// The same of lists each of which has every element once, in order. Operands: lists, their counts.
task::Value unique_of_counted(Reader&, std::span<const Tensor> operands) {
  task::Value result;
  const std::size_t lists = operands.size() / 2;
  std::int64_t size = 0;
  for (const Tensor& list : operands.first(lists)) size += list.size();
  ordered(operands[0].type, [&]<class T>(std::type_identity<T>) {
    const auto ends = [&] {
      T least = std::numeric_limits<T>::max(), most = std::numeric_limits<T>::lowest();
      for (const Tensor& list : operands.first(lists))
        if (list.size()) {
          least = std::min(least, list.as<T>()[0]);
          most = std::max(most, list.as<T>()[list.size() - 1]);
        }
      return std::pair(least, most);
    };
    const auto count = [&](T low, std::int64_t* counts, std::int64_t) {
      for (std::size_t list = 0; list < lists; ++list) {
        const T* x = operands[list].as<T>();
        const auto* times = operands[lists + list].template as<std::int64_t>();
        for (std::int64_t i = 0, n = operands[list].size(); i < n; ++i)
          counts[static_cast<std::uint64_t>(x[i]) - static_cast<std::uint64_t>(low)] += times[i];
      }
    };
    if (size > 0)
      if (std::optional<task::Value> counted = found_by_counting<T>(size, ends, count)) {
        result = *std::move(counted);
        return;
      }
    result = found<T>([&](auto f) {
      T last{};
      std::int64_t times = 0;
      in_order<T>(operands.first(lists), [&](std::size_t list, std::int64_t at) {
        const T value = operands[list].template as<T>()[at];
        if (times && !is_same_element(value, last)) {
          f(last, times);
          times = 0;
        }
        last = value;
        times += operands[lists + list].template as<std::int64_t>()[at];
      });
      if (times) f(last, times);
    });
  });
  return result;
}

task::Value number_found(Reader&, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(DType::int64, Dims{1});
  *out.as<std::int64_t>() = *operands[0].as<std::int64_t>();
  return out.value;
}
// The elements of what was found, or (int64 of counts) how often they are there.
task::Value taken_apart(Reader& parameters, std::span<const Tensor> operands) {
  DType type{};
  bool counts = false;
  read(parameters, type);
  read(parameters, counts);
  const auto* from = operands[0].as<std::int64_t>();
  const Tensor out = make_tensor(type, Dims{*from});
  if (*from)
    std::memcpy(out.data, from + 1 + (counts ? 0 : *from), static_cast<std::size_t>(*from) * size_of(type));
  return out.value;
}

// What tasks find, each of which gives a chunk of the elements and one of their counts.
UniqueNodes unique_of_tasks(const std::vector<NodePtr>& inputs, DType type, std::size_t tasks,
                            const TaskNode::Plan& plan) {
  const Chunks one_each{
      std::vector<std::int64_t>(tasks, 1)};  // how large they are is seen when they are there
  const NodePtr all =
      persist(std::make_shared<TaskNode>("unique", DType::int64, Grid(one_each), inputs, plan));
  const auto number = [all](TaskBuilder& task, std::int64_t i) {
    task.kernel(&number_found, {task.chunk_of_any_size(*all, i)});
  };
  const xt::xarray<std::int64_t> sizes = compute<std::int64_t>(std::make_shared<TaskNode>(
      "unique.size", DType::int64, Grid(one_each), std::vector<NodePtr>{all}, number));
  const Chunks chunks{std::vector<std::int64_t>(sizes.begin(), sizes.end())};
  const auto part = [&](DType of, bool counts) {
    const auto apart = [=](TaskBuilder& task, std::int64_t i) {
      task.kernel(&taken_apart, {task.chunk_of_any_size(*all, i)}, of, counts);
    };
    return persist(std::make_shared<TaskNode>("unique", of, Grid(chunks), std::vector<NodePtr>{all}, apart));
  };
  return {part(type, false), part(DType::int64, true)};
}

}  // namespace

UniqueNodes unique(const NodePtr& x) {
  needs_order("unique", x);
  if (x->grid.size() == 0) {
    const NodePtr none = reshape(x, {0});
    return {none, cast(none, DType::int64)};
  }
  std::vector<std::int64_t> sizes;
  for (std::int64_t c = 0; c < x->grid.count(); ++c) {
    const Dims shape = chunk_view(x->grid, c).shape;
    sizes.push_back(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
  }
  const std::vector<std::size_t> groups = few_groups(sizes);
  const UniqueNodes own =
      unique_of_tasks({x}, x->type, groups.size() - 1, [x, groups](TaskBuilder& task, std::int64_t group) {
        std::vector<std::uint32_t> lists;
        const auto g = static_cast<std::size_t>(group);
        for (std::size_t c = groups[g]; c < groups[g + 1]; ++c)
          lists.push_back(task.need_chunk(*x, static_cast<std::int64_t>(c)));
        task.kernel(&unique_of, std::move(lists));
      });
  const NodePtr values = own.values, counts = own.counts;
  if (groups.size() == 2) return own;
  // As many pieces as have room where a chunk has.
  std::int64_t most = *std::ranges::max_element(values->grid.chunks[0]);
  most = std::max(most, *std::ranges::max_element(sizes));
  const std::int64_t pieces = std::min(values->grid.count(), (values->grid.size() + most - 1) / most);
  const auto cuts = cuts_of(values, pieces, false);
  return unique_of_tasks(
      {values, counts}, x->type, cuts[0].size() - 1,
      [values, counts, cuts](TaskBuilder& task, std::int64_t p) {
        std::vector<std::uint32_t> operands;
        const auto piece = static_cast<std::size_t>(p);
        for (const NodePtr& from : {values, counts})
          for (std::size_t c = 0; c < cuts.size(); ++c)
            if (const std::int64_t size = cuts[c][piece + 1] - cuts[c][piece])
              operands.push_back(
                  task.need(*from, box_view(Dims{from->grid.starts[0][c] + cuts[c][piece]}, Dims{size})));
        if (operands.empty())
          for (const DType type : {values->type, DType::int64})
            operands.push_back(task.temporary(type, Dims{0}));
        task.kernel(&unique_of_counted, std::move(operands));
      });
}

// --- looking up

namespace {

// For each value the first of a sorted list that is not before it (`right`: that is behind it). Several are
// looked for together, since one waits for memory at every step, and without a branch that cannot be
// foretold.
template <class T, bool right>
void find_places(const T* values, std::int64_t count, const T* list, std::int64_t size,
                 std::int64_t* places) {
  constexpr std::int64_t together = 8;
  const auto is_behind = [](T element, T value) {
    return std::int64_t{right ? !InOrder()(value, element) : InOrder()(element, value)};
  };
  T value[together]{};
  std::int64_t place[together];
  for (std::int64_t begin = 0; begin < count; begin += together) {
    const std::int64_t here = std::min(together, count - begin);
    std::copy_n(values + begin, here, value);
    std::fill_n(place, together, 0);
    std::int64_t left = size;
    for (; left > 1; left -= left / 2)
      for (std::int64_t i = 0; i < together; ++i)
        place[i] += left / 2 & -is_behind(list[place[i] + left / 2 - 1], value[i]);
    for (std::int64_t i = 0; left > 0 && i < together; ++i) place[i] += is_behind(list[place[i]], value[i]);
    std::copy_n(place, here, places + begin);
  }
}

// Holds every integer of 64 bits and every double.
using Exact = long double;
static_assert(std::numeric_limits<Exact>::digits >= 64);

std::vector<Exact> exactly(const Tensor& x) {
  std::vector<Exact> numbers(static_cast<std::size_t>(x.size()));
  ordered(x.type, [&]<class T>(std::type_identity<T>) {
    std::transform(x.as<T>(), x.as<T>() + x.size(), numbers.begin(),
                   [](T number) { return static_cast<Exact>(number); });
  });
  return numbers;
}

// Which of the numbers from the first to the last of a sorted list are in it, if these are few beside those
// that are looked for; else nothing.
template <class T>
std::vector<unsigned char> marked(const T* list, std::int64_t size, std::int64_t count) {
  if (size == 0) return {};
  const std::uint64_t range =
      static_cast<std::uint64_t>(list[size - 1]) - static_cast<std::uint64_t>(list[0]);
  if (range > static_cast<std::uint64_t>(count) + 1024) return {};
  std::vector<unsigned char> is_there(static_cast<std::size_t>(range) + 1);
  for (std::int64_t i = 0; i < size; ++i)
    is_there[static_cast<std::uint64_t>(list[i]) - static_cast<std::uint64_t>(list[0])] = 1;
  return is_there;
}
template <class T>
void find_marked(const T* values, std::int64_t count, T low, const unsigned char* is_there,
                 std::uint64_t range, bool* found) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t place = static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(low);
    const bool is_in = place < range;
    found[i] = static_cast<bool>(int(is_in) & int(is_there[is_in ? place : 0]));
  }
}

// Operands: numbers, a sorted list; of one type, or of two of which neither holds the other.
task::Value looked_up(Reader& parameters, std::span<const Tensor> operands) {
  bool right = false, is_in = false;
  read(parameters, right);
  read(parameters, is_in);
  const Tensor &x = operands[0], &list = operands[1];
  const Tensor out = make_tensor(is_in ? DType::boolean : DType::int64, x.shape);
  const auto look = [&]<class T>(const T* values, const T* begin) {
    const auto find = right ? suited<&find_places<T, true>>() : suited<&find_places<T, false>>();
    if (!is_in) return find(values, x.size(), begin, list.size(), out.as<std::int64_t>());
    if constexpr (std::is_integral_v<T>)
      if (const auto is_there = marked(begin, list.size(), x.size()); !is_there.empty())
        return suited<&find_marked<T>>()(values, x.size(), *begin, is_there.data(), is_there.size(),
                                         out.as<bool>());
    constexpr std::int64_t few = 256;
    std::int64_t places[few];
    for (std::int64_t i = 0; i < x.size(); i += few) {
      const std::int64_t here = std::min(few, x.size() - i);
      find(values + i, here, begin, list.size(), places);
      for (std::int64_t k = 0; k < here; ++k)
        out.as<bool>()[i + k] = places[k] != list.size() && begin[places[k]] == values[i + k];
    }
  };
  if (x.type != list.type) look(exactly(x).data(), exactly(list).data());
  else ordered(x.type, [&]<class T>(std::type_identity<T>) { look(x.as<T>(), list.as<T>()); });
  return out.value;
}

NodePtr lookup(const char* name, const NodePtr& input, const NodePtr& list, bool right, bool is_in) {
  const DType type = promote(input->type, list->type);
  const auto is_rounded = [&](DType from) {
    return is_real(type) && kind_of(from) < 2 && size_of(from) == 8;
  };
  const bool as_they_are = is_rounded(input->type) || is_rounded(list->type);
  const NodePtr x = as_they_are ? input : cast(input, type),
                all = rechunk(as_they_are ? list : cast(list, type), ChunkSpec{AxisChunks(-1)});
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
  NodePtr mask = cast(x, DType::boolean);
  if (shape.size() > 1) mask = persist(mask);  // for several who ask
  std::vector<NodePtr> all;
  for (std::size_t a = 0; a < shape.size(); ++a) all.push_back(places_in(mask, a));
  return all;
}
NodePtr argwhere(const NodePtr& x) {
  if (shape_of(x).empty()) refuse("argwhere", "the array must have an axis (the shape is ())");
  return points_in(cast(x, DType::boolean));
}

}  // namespace weir::detail::array
