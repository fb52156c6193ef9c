// Running sums, orders and distributions.
#include "weir/array/scan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>

#include "array/graph/views.hpp"
#include "array/kernels/exact.hpp"
#include "array/kernels/kernels.hpp"
#include "array/kernels/lines.hpp"
#include "weir/array/arrange.hpp"

namespace weir::detail::array {

namespace {

// One step of a running sum or product; whether it has left T, in the highest bit.
template <class T>
std::uint64_t step_on(T before, T x, T& to, bool product) {
  if constexpr (!std::is_integral_v<T>) {
    to = product ? before * x : before + x;
    return 0;
  } else {
    if (product) return std::uint64_t{__builtin_mul_overflow(before, x, &to)} << 63;
    const auto a = static_cast<std::uint64_t>(before), b = static_cast<std::uint64_t>(x), s = a + b;
    to = static_cast<T>(s);
    return std::is_signed_v<T> ? (a ^ s) & (b ^ s) : (a & b) | ((a | b) & ~s);
  }
}

template <class T, bool is_product>
void run(const Tensor& x, const Tensor& out, const Lines& line, const T* carry) {
  constexpr T first = is_product ? 1 : 0;
  std::uint64_t beyond = 0;
  if (line.after == 1) {  // each line lies together
    for (std::int64_t b = 0; b < line.before; ++b) {
      const T* from = x.as<T>() + b * line.along;
      T *to = out.as<T>() + b * line.along, sum = carry ? carry[b] : first;
      for (std::int64_t i = 0; i < line.along; ++i) {
        beyond |= step_on(sum, from[i], to[i], is_product);
        sum = to[i];
      }
    }
  } else {
    for (std::int64_t b = 0; b < line.before; ++b)
      for (std::int64_t i = 0; i < line.along; ++i) {
        const T* from = x.as<T>() + (b * line.along + i) * line.after;
        T* to = out.as<T>() + (b * line.along + i) * line.after;
        for (std::int64_t c = 0; c < line.after; ++c) {
          const T before = i ? to[c - line.after] : carry ? carry[b * line.after + c] : first;
          beyond |= step_on(before, from[c], to[c], is_product);
        }
      }
  }
  if (beyond >> 63) refuse_beyond(is_product ? "cumprod" : "cumsum", out.type, "one beyond");
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
      (product ? run<T, true> : run<T, false>)(operands[0], out,
                                               Lines(out.shape, static_cast<std::size_t>(axis)),
                                               operands.size() > 1 ? operands[1].as<T>() : nullptr);
  });
  return out.value;
}

// The same of exact totals of chunks, whose planes are the first axis.
task::Value running_totals(Reader& parameters, std::span<const Tensor> operands) {
  bool product = false;
  std::int64_t axis = 0;
  read(parameters, product);
  read(parameters, axis);
  const Tensor& totals = operands[0];
  Dims shape;
  for (std::size_t a = 1; a < totals.shape.size(); ++a) shape.push_back(totals.shape[a]);
  const Tensor out = make_tensor(totals.type, shape);
  const Lines line = Lines(shape, static_cast<std::size_t>(axis));
  dispatch_exact(product, out.type, [&]<class State>(std::type_identity<State>) {
    for (std::int64_t b = 0; b < line.before; ++b)
      for (std::int64_t c = 0; c < line.after; ++c) {
        State state;
        for (std::int64_t i = 0; i < line.along; ++i) {
          const std::int64_t at = (b * line.along + i) * line.after + c;
          state.merge(state_at<State>(static_cast<const std::int64_t*>(totals.data) + at, out.size()));
          const auto value = state.value();
          if (!value) refuse_beyond(product ? "cumprod" : "cumsum", out.type, state.text());
          std::memcpy(static_cast<std::int64_t*>(out.data) + at, &*value, sizeof *value);
        }
      }
  });
  return out.value;
}

}  // namespace

NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis) {
  const std::string name = product ? "cumprod" : "cumsum";
  const std::size_t a = axis_of(name, axis, shape_of(x).size());
  const bool is_exact = kind_of(x->type) == 1;
  const auto running_node = [product, a, &name](const NodePtr& from, const NodePtr& carry) {
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
    return std::make_shared<TaskNode>(name, from->type, from->grid, std::move(inputs), plan);
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
    const NodePtr chunk = affine("slice", x, maps, shape);
    totals.push_back(is_exact ? exact_totals(product, chunk, static_cast<std::int64_t>(a))
                              : reduce(product ? Reduction::prod : Reduction::sum, chunk,
                                       {.axis = static_cast<std::int64_t>(a), .keepdims = true}, x->type));
  }
  NodePtr all = concatenated(totals, a + is_exact);
  Chunks whole = all->grid.chunks;
  whole[a + is_exact] = {static_cast<std::int64_t>(totals.size())};
  all = rechunk(all, ChunkSpec(whole));
  if (!is_exact) return running_node(x, running_node(all, nullptr));
  const auto plan = [product, a, all](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&running_totals, {task.need_chunk(*all, chunk)}, product, static_cast<std::int64_t>(a));
  };
  const NodePtr carry = std::make_shared<TaskNode>(
      name, x->type, Grid(Chunks(whole.begin() + 1, whole.end())), std::vector<NodePtr>{all}, plan);
  return running_node(x, carry);
}

namespace {

// The first elements in their order (or from behind) as `std::partial_sort_copy` gives them; but many are
// looked at together, whether one comes before the last of those that are held.
template <class T, bool is_backwards>
void first_of(const T* x, const T* end, T* to, std::int64_t count) {
  constexpr std::ptrdiff_t piece = 64;
  const auto before = [](T a, T b) { return is_backwards ? InOrder()(b, a) : InOrder()(a, b); };
  if (count == 0) return;
  std::copy_n(x, count, to);
  std::make_heap(to, to + count, before);
  for (x += count; x != end; x += std::min(piece, end - x)) {
    const std::ptrdiff_t size = std::min(piece, end - x);
    const T last = to[0];
    std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t> better = 0;
    for (std::ptrdiff_t i = 0; i < size; ++i) better += before(x[i], last);
    for (std::ptrdiff_t i = 0; better > 0 && i < size; ++i) {
      if (!before(x[i], to[0])) continue;
      std::pop_heap(to, to + count, before);
      to[count - 1] = x[i];
      std::push_heap(to, to + count, before);
    }
  }
  std::sort_heap(to, to + count, before);
}

task::Value largest(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t k = 0, axis = 0;
  read(parameters, k);
  read(parameters, axis);
  const Tensor& x = operands[0];
  const Lines line = Lines(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  const std::int64_t count = std::min(std::abs(k), line.along);
  shape[static_cast<std::size_t>(axis)] = count;
  const Tensor out = make_tensor(x.type, shape);
  const auto best = [&]<class T>(const T* begin, const T* end, T* to) {
    (k > 0 ? suited<&first_of<T, true>>() : suited<&first_of<T, false>>())(begin, end, to, count);
  };
  dispatch(x.type, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_arithmetic_v<T>) {
      std::vector<Stored<T>> values(static_cast<std::size_t>(line.after == 1 ? 0 : line.along)),
          chosen(static_cast<std::size_t>(count));
      for (std::int64_t b = 0; b < line.before; ++b)
        for (std::int64_t c = 0; c < line.after; ++c) {
          const auto* from = reinterpret_cast<const Stored<T>*>(x.as<T>()) + b * line.along * line.after + c;
          for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = from[static_cast<std::int64_t>(i) * line.after];
          if (line.after == 1) best(from, from + line.along, chosen.data());
          else best(values.data(), values.data() + values.size(), chosen.data());
          for (std::int64_t i = 0; i < count; ++i)
            out.as<T>()[(b * count + i) * line.after + c] =
                static_cast<T>(chosen[static_cast<std::size_t>(i)]);
        }
    }
  });
  return out.value;
}

// Numbers in the order of these are in the order of doubles.
std::uint64_t ordered_bits(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return bits >> 63 ? ~bits : bits | std::uint64_t{1} << 63;
}

// Puts those that are less than a border (or, not greater) first: how many there are. Without a branch, which
// could not be foretold.
template <bool with_border>
std::ptrdiff_t part_at(double* x, std::ptrdiff_t count, double border) {
  std::ptrdiff_t below = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double here = x[i];
    x[i] = x[below];
    x[below] = here;
    below += with_border ? here <= border : here < border;
  }
  return below;
}
// About the middle one of nine that lie apart.
double border_of(const double* x, std::ptrdiff_t count) {
  const auto middle = [](double a, double b, double c) {
    return std::max(std::min(a, b), std::min(std::max(a, b), c));
  };
  const auto of_three = [&](std::ptrdiff_t at) {
    const double* from = x + at * (count - 1) / 8;
    const std::ptrdiff_t step = (count - 1) / 8;
    return middle(from[0], from[step], from[2 * step]);
  };
  return middle(of_three(0), of_three(3), of_three(6));
}
// Puts the numbers at some places, which grow, where sorting would: between two of them nothing is in order.
// `rounds`: of parting, before the C++ library's selection, which is slower, but never by much.
void sort_places(double* list, std::ptrdiff_t begin, std::ptrdiff_t end, std::span<const std::size_t> places,
                 int rounds) {
  constexpr std::ptrdiff_t few = 32;
  while (!places.empty() && end - begin > 1) {
    if (end - begin <= few) return std::sort(list + begin, list + end);
    if (rounds-- == 0) {
      for (const std::size_t place : places) {
        const auto at = static_cast<std::ptrdiff_t>(place);
        std::nth_element(list + begin, list + at, list + end);
        begin = at + 1;  // what is there stays
      }
      return;
    }
    const double border = border_of(list + begin, end - begin);
    std::ptrdiff_t middle = begin + part_at<false>(list + begin, end - begin, border);
    if (middle == begin) {  // none is less: all that are equal come first, and are where they belong
      begin += part_at<true>(list + begin, end - begin, border);
      const auto rest = std::ranges::lower_bound(places, static_cast<std::size_t>(begin));
      places = {rest, places.end()};
      continue;
    }
    const auto right = std::ranges::lower_bound(places, static_cast<std::size_t>(middle));
    sort_places(list, begin, middle, {places.begin(), right}, rounds);
    places = {right, places.end()};
    begin = middle;
  }
}
void sort_places(std::span<double> list, std::span<const std::size_t> places) {
  const int rounds = 4 * static_cast<int>(std::bit_width(list.size()));
  sort_places(list.data(), 0, std::ssize(list), places, rounds);
}

// Numbers are counted by the first bits of what they are ordered by; those that are none in the last bin.
constexpr int first_bits = 16;
constexpr std::size_t bins = (std::size_t{1} << first_bits) + 1;
std::size_t bin_of(double x) { return x != x ? bins - 1 : ordered_bits(x) >> (64 - first_bits); }

// Adds up how many are in each bin.
void count_bins(const double* x, std::int64_t size, std::int64_t* counts) {
  std::vector<std::uint32_t> own(2 * bins);  // two tables: neighbours are often alike
  std::uint32_t *even = own.data(), *odd = even + bins;
  while (size > 0) {
    const std::int64_t piece = std::min<std::int64_t>(size, INT32_MAX - 1);
    std::int64_t i = 0;
    for (; i + 2 <= piece; i += 2) {
      ++even[bin_of(x[i])];
      ++odd[bin_of(x[i + 1])];
    }
    if (i < piece) ++even[bin_of(x[i])];
    for (std::size_t bin = 0; bin < bins; ++bin) counts[bin] += std::int64_t{even[bin]} + odd[bin];
    x += piece;
    if (size -= piece; size > 0) std::ranges::fill(own, 0);
  }
}

// A bin that has one of the places asked for.
struct Bin {
  std::int64_t bin, before, size;  // before: numbers in the bins before it
};
// The bins of places, which grow, in order.
std::vector<Bin> bins_of(const std::int64_t* counts, const std::vector<std::size_t>& places) {
  std::vector<Bin> found;
  std::int64_t before = 0;
  std::size_t next = 0;
  for (std::size_t bin = 0; bin + 1 < bins && next < places.size(); before += counts[bin++]) {
    const auto end = static_cast<std::size_t>(before + counts[bin]);
    if (places[next] >= end) continue;
    found.push_back({static_cast<std::int64_t>(bin), before, counts[bin]});
    while (next < places.size() && places[next] < end) ++next;
  }
  return found;
}
// Appends the numbers of these bins, without a branch that cannot be foretold.
void keep_bins(const double* x, std::int64_t size, const std::vector<Bin>& wanted,
               std::vector<double>& kept) {
  std::vector<std::uint8_t> is_wanted(bins);
  for (const Bin& each : wanted) is_wanted[static_cast<std::size_t>(each.bin)] = 1;
  constexpr std::int64_t piece = 1024;
  double some[piece + 1];
  for (std::int64_t begin = 0; begin < size; begin += piece) {
    std::size_t count = 0;
    for (std::int64_t i = begin; i < std::min(size, begin + piece); ++i) {
      some[count] = x[i];
      count += is_wanted[bin_of(x[i])];
    }
    kept.insert(kept.end(), some, some + count);
  }
}
// The numbers at places of the sorted whole, given those of the places' bins.
std::vector<double> at_places_of(const std::vector<Bin>& wanted, std::vector<double>& kept,
                                 const std::vector<std::size_t>& places) {
  constexpr std::size_t most_places = 16;
  std::vector<std::size_t> within;
  std::size_t bin = 0, before = 0;  // what is kept of the bins before it
  for (const std::size_t place : places) {
    while (place >= static_cast<std::size_t>(wanted[bin].before + wanted[bin].size))
      before += static_cast<std::size_t>(wanted[bin++].size);
    within.push_back(before + place - static_cast<std::size_t>(wanted[bin].before));
  }
  if (within.size() > most_places) std::ranges::sort(kept);
  else sort_places(kept, within);
  std::vector<double> found;
  for (const std::size_t place : within) found.push_back(kept[place]);
  return found;
}
// The numbers at some places, which grow, of the sorted list. Of a long list only those bins are kept that
// have one of the places.
std::vector<double> at_places(std::vector<double>& list, const std::vector<std::size_t>& places) {
  constexpr std::size_t is_long = 1 << 16;
  const auto size = std::ssize(list);
  if (list.size() < is_long) return at_places_of({{0, 0, size}}, list, places);
  std::vector<std::int64_t> counts(bins);
  count_bins(list.data(), size, counts.data());
  const std::vector<Bin> wanted = bins_of(counts.data(), places);
  std::vector<double> kept;
  keep_bins(list.data(), size, wanted, kept);
  return at_places_of(wanted, kept, places);
}

// Where a fraction of a sorted list is.
double fraction_place(std::size_t size, double fraction, QuantileMethod method) {
  const double place = fraction * static_cast<double>(size - 1);
  switch (method) {
    case QuantileMethod::lower:
      return std::floor(place);
    case QuantileMethod::higher:
      return std::ceil(place);
    case QuantileMethod::nearest:
      return std::nearbyint(place);
    case QuantileMethod::midpoint:
      return (std::floor(place) + std::ceil(place)) / 2;
    case QuantileMethod::linear:
      break;
  }
  return place;
}

// The places in a sorted list that fractions are found between, in order, each once.
std::vector<std::size_t> places_of(std::size_t size, const std::vector<double>& fractions,
                                   QuantileMethod method) {
  std::vector<std::size_t> places;
  for (const double q : fractions) {
    const auto below = static_cast<std::size_t>(fraction_place(size, q, method));
    places.push_back(below);
    places.push_back(std::min(below + 1, size - 1));
  }
  std::ranges::sort(places);
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}
// What is at these fractions, given the numbers at `places_of` them.
std::vector<double> at_fractions(std::size_t size, const std::vector<double>& fractions,
                                 QuantileMethod method, const std::vector<std::size_t>& places,
                                 const std::vector<double>& numbers) {
  const auto at = [&](std::size_t place) {
    return numbers[static_cast<std::size_t>(std::ranges::lower_bound(places, place) - places.begin())];
  };
  std::vector<double> result;
  for (const double q : fractions) {
    const double place = fraction_place(size, q, method);
    const auto below = static_cast<std::size_t>(place);
    // Between equal ones, infinities too, is nothing else.
    const double low = at(below), high = at(std::min(below + 1, size - 1)),
                 part = place - static_cast<double>(below);
    result.push_back(part == 0 || low == high ? low : low + (high - low) * part);
  }
  return result;
}

// Parameters: fractions, the axis, the method, whether NaN is left out.
task::Value ranked(Reader& parameters, std::span<const Tensor> operands) {
  std::vector<double> fractions;
  std::int64_t axis = 0;
  QuantileMethod method{};
  bool skip = false;
  read(parameters, fractions);
  read(parameters, axis);
  read(parameters, method);
  read(parameters, skip);
  const Tensor& x = operands[0];
  const Lines line = Lines(x.shape, static_cast<std::size_t>(axis));
  Dims shape = x.shape;
  shape[static_cast<std::size_t>(axis)] = std::ssize(fractions);
  const Tensor out = make_tensor(DType::float64, shape);
  std::vector<double> values;
  for (std::int64_t b = 0; b < line.before; ++b)
    for (std::int64_t c = 0; c < line.after; ++c) {
      values.resize(static_cast<std::size_t>(line.along));
      std::size_t numbers = 0;
      const double* from = x.as<double>() + b * line.along * line.after + c;
      for (std::int64_t i = 0; i < line.along; ++i) {
        values[numbers] = from[i * line.after];
        numbers += !std::isnan(values[numbers]);
      }
      values.resize(numbers);
      const bool nan = values.empty() || (!skip && std::ssize(values) < line.along);
      std::vector<double> found(fractions.size(), std::nan(""));
      if (!nan) {
        const auto places = places_of(numbers, fractions, method);
        found = at_fractions(numbers, fractions, method, places, at_places(values, places));
      }
      for (std::size_t q = 0; q < fractions.size(); ++q)
        out.as<double>()[(b * std::ssize(fractions) + static_cast<std::int64_t>(q)) * line.after + c] =
            found[q];
    }
  return out.value;
}

// The same of one list in several chunks: each counts its own numbers by bins, and gives those of the bins
// that are wanted.
task::Value counted_bins(Reader&, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(DType::int64, Dims{1, static_cast<std::int64_t>(bins)});
  std::fill_n(out.as<std::int64_t>(), bins, 0);
  count_bins(operands[0].as<double>(), operands[0].size(), out.as<std::int64_t>());
  return out.value;
}
task::Value added_bins(Reader&, std::span<const Tensor> operands) {
  const Tensor out = make_tensor(DType::int64, operands[0].shape);
  auto* sums = out.as<std::int64_t>();
  std::fill_n(sums, bins, 0);
  for (const Tensor& each : operands)
    for (std::size_t bin = 0; bin < bins; ++bin) sums[bin] += each.as<std::int64_t>()[bin];
  return out.value;
}
// Parameters: fractions, the method, whether NaN is left out. Gives how many numbers there are (0: the result
// is NaN), and the bins.
task::Value wanted_bins(Reader& parameters, std::span<const Tensor> operands) {
  std::vector<double> fractions;
  QuantileMethod method{};
  bool skip = false;
  read(parameters, fractions);
  read(parameters, method);
  read(parameters, skip);
  const auto* counts = operands[0].as<std::int64_t>();
  std::int64_t numbers = std::accumulate(counts, counts + bins - 1, std::int64_t{0});
  if (!skip && counts[bins - 1] > 0) numbers = 0;
  std::vector<Bin> wanted;
  if (numbers > 0) wanted = bins_of(counts, places_of(static_cast<std::size_t>(numbers), fractions, method));
  const Tensor out = make_tensor(DType::int64, Dims{1 + 3 * std::ssize(wanted)});
  auto* to = out.as<std::int64_t>();
  *to++ = numbers;
  for (const Bin& each : wanted)
    for (const std::int64_t number : {each.bin, each.before, each.size}) *to++ = number;
  return out.value;
}
std::vector<Bin> read_bins(const Tensor& from) {
  const auto* number = from.as<std::int64_t>() + 1;
  std::vector<Bin> wanted;
  for (std::int64_t i = 1; i < from.size(); i += 3, number += 3)
    wanted.push_back({number[0], number[1], number[2]});
  return wanted;
}
// Operands: a chunk, the bins that are wanted.
task::Value kept_bins(Reader&, std::span<const Tensor> operands) {
  std::vector<double> kept;
  keep_bins(operands[0].as<double>(), operands[0].size(), read_bins(operands[1]), kept);
  const Tensor out = make_tensor(DType::float64, Dims{std::ssize(kept)});
  std::ranges::copy(kept, out.as<double>());
  return out.value;
}
// Operands: the bins that are wanted, what is in them. Parameters: fractions, the method, the shape.
task::Value ranked_together(Reader& parameters, std::span<const Tensor> operands) {
  std::vector<double> fractions;
  QuantileMethod method{};
  Dims shape;
  read(parameters, fractions);
  read(parameters, method);
  read(parameters, shape);
  const auto size = static_cast<std::size_t>(*operands[0].as<std::int64_t>());
  std::vector<double> kept, found(fractions.size(), std::nan(""));
  for (const Tensor& each : operands.subspan(1))
    kept.insert(kept.end(), each.as<double>(), each.as<double>() + each.size());
  if (size > 0) {
    const auto places = places_of(size, fractions, method);
    const auto numbers = at_places_of(read_bins(operands[0]), kept, places);
    found = at_fractions(size, fractions, method, places, numbers);
  }
  const Tensor out = make_tensor(DType::float64, shape);
  std::ranges::copy(found, out.as<double>());
  return out.value;
}

// Chunks of results whose extents only they themselves know.
Grid one_each(std::int64_t count) {
  return Grid(Chunks{std::vector<std::int64_t>(static_cast<std::size_t>(count), 1)});
}
// Fractions of a list in several chunks, by tasks none of which has more than one of them.
NodePtr ranked_in_chunks(const NodePtr& x, const Ranks& ranks, const Grid& result) {
  constexpr std::int64_t ways = 32;
  const std::string name(ranks.function);
  const std::int64_t chunks = x->grid.count();
  const auto node = [&](DType type, std::int64_t count, std::vector<NodePtr> inputs, TaskNode::Plan plan) {
    return std::make_shared<TaskNode>(name, type, one_each(count), std::move(inputs), std::move(plan));
  };
  NodePtr counts = node(DType::int64, chunks, {x}, [x](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&counted_bins, {task.need_chunk(*x, chunk)});
  });
  while (counts->grid.count() > 1)
    counts = node(DType::int64, (counts->grid.count() + ways - 1) / ways, {counts},
                  [counts](TaskBuilder& task, std::int64_t group) {
                    std::vector<std::uint32_t> some;
                    const std::int64_t end = std::min(counts->grid.count(), (group + 1) * ways);
                    for (std::int64_t i = group * ways; i < end; ++i)
                      some.push_back(task.chunk_of_any_size(*counts, i));
                    task.kernel(&added_bins, std::move(some));
                  });
  const NodePtr wanted =
      node(DType::int64, 1, {counts},
           [counts, fractions = ranks.fractions, method = ranks.method, skip = ranks.skip](TaskBuilder& task,
                                                                                           std::int64_t) {
             task.kernel(&wanted_bins, {task.chunk_of_any_size(*counts, 0)}, fractions, method, skip);
           });
  const NodePtr kept =
      node(DType::float64, chunks, {x, wanted}, [x, wanted](TaskBuilder& task, std::int64_t chunk) {
        task.kernel(&kept_bins, {task.need_chunk(*x, chunk), task.chunk_of_any_size(*wanted, 0)});
      });
  const auto last = [wanted, kept, fractions = ranks.fractions, method = ranks.method,
                     shape = dims(result.shape)](TaskBuilder& task, std::int64_t) {
    std::vector<std::uint32_t> operands{task.chunk_of_any_size(*wanted, 0)};
    for (std::int64_t i = 0; i < kept->grid.count(); ++i)
      operands.push_back(task.chunk_of_any_size(*kept, i));
    task.kernel(&ranked_together, std::move(operands), fractions, method, shape);
  };
  return std::make_shared<TaskNode>(name, DType::float64, result, std::vector<NodePtr>{wanted, kept}, last);
}

}  // namespace

NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis) {
  const std::size_t a = axis_of("topk", axis, shape_of(x).size());
  if (k == INT64_MIN || std::abs(k) > x->grid.shape[a])
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

namespace {

// The named axes as the last one.
NodePtr as_lines(const NodePtr& x, const AxisFlags& named) {
  std::vector<std::int64_t> order, last;
  Shape shape;
  std::int64_t length = 1;
  for (std::size_t a = 0; a < named.size(); ++a) {
    (named[a] ? last : order).push_back(static_cast<std::int64_t>(a));
    if (named[a]) length *= x->grid.shape[a];
    else shape.push_back(x->grid.shape[a]);
  }
  order.insert(order.end(), last.begin(), last.end());
  shape.push_back(length);
  return reshape(transpose(x, order), shape);
}

}  // namespace

std::vector<double> fractions_of(std::string_view function, std::vector<double> percent) {
  for (double& p : percent) {
    if (!(p >= 0 && p <= 100))
      refuse(function, "a percentage must be in [0, 100] (got " + std::to_string(p) + ")");
    p /= 100;
  }
  return percent;
}

NodePtr quantile(const NodePtr& input, const Ranks& ranks) {
  for (const double q : ranks.fractions)
    if (!(q >= 0 && q <= 1))
      refuse(ranks.function, "a fraction must be in [0, 1] (got " + std::to_string(q) + ")");
  const AxisFlags named = named_axes(ranks.function, ranks.axes, shape_of(input).size());
  const bool one = std::ranges::count(named, true) == 1;
  const NodePtr x = cast(one ? input : as_lines(input, named), DType::float64);
  const std::size_t a =
      one ? static_cast<std::size_t>(std::ranges::find(named, true) - named.begin()) : x->grid.axes() - 1;
  if (x->grid.shape[a] == 0)
    refuse(ranks.function,
           "the axis must have at least 1 element (got " + weir::to_text(input->grid.shape) + ")");
  Chunks chunks = x->grid.chunks;
  const auto axis = static_cast<std::int64_t>(a);
  if (x->grid.size() == x->grid.shape[a] && chunks[a].size() > 1) {
    chunks[a] = {std::ssize(ranks.fractions)};
    return transpose(ranked_in_chunks(x, ranks, Grid(std::move(chunks))), moved(x->grid.axes(), axis, 0));
  }
  chunks[a] = {x->grid.shape[a]};
  const NodePtr source = rechunk(x, ChunkSpec(chunks));
  chunks[a] = {std::ssize(ranks.fractions)};
  const auto plan = [source, axis, fractions = ranks.fractions, method = ranks.method, skip = ranks.skip](
                        TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&ranked, {task.need_chunk(*source, chunk)}, fractions, axis, method, skip);
  };
  const NodePtr along =
      std::make_shared<TaskNode>(std::string(ranks.function), DType::float64, Grid(std::move(chunks)),
                                 std::vector<NodePtr>{source}, plan);
  return transpose(along, moved(x->grid.axes(), axis, 0));
}

NodePtr median(std::string_view function, const NodePtr& x, const Axes& axes, bool skip) {
  return squeeze(quantile(x, {function, {0.5}, axes, QuantileMethod::linear, skip}), 0);
}

}  // namespace weir::detail::array
