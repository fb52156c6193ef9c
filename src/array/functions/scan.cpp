// Running sums, orders and distributions.
#include "weir/array/scan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "array/graph/views.hpp"
#include "array/kernels/exact.hpp"
#include "array/kernels/lines.hpp"
#include "weir/array/arrange.hpp"

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
void run(const Tensor& x, const Tensor& out, const Line& line, const T* carry) {
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
                                               line_of(out.shape, static_cast<std::size_t>(axis)),
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
  const Line line = line_of(shape, static_cast<std::size_t>(axis));
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
  const auto best = [&](const auto* begin, const auto* end, auto* to) {
    if (k > 0)
      std::partial_sort_copy(begin, end, to, to + count, [](auto p, auto q) { return InOrder()(q, p); });
    else std::partial_sort_copy(begin, end, to, to + count, InOrder());
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

// Puts the numbers at some places, which grow, where sorting would: between two of them nothing is in order.
void sort_places(double* list, double* end, const std::size_t* place, const std::size_t* last) {
  for (double* begin = list; place != last; ++place) {
    std::nth_element(begin, list + *place, end);
    begin = list + *place + 1;  // what is there stays
  }
}

/// The numbers at some places, which grow, of the sorted list. Of a long list those are counted that begin
/// with the same bits, and only they are kept which may be at one of the places.
std::vector<double> at_places(std::vector<double>& list, const std::vector<std::size_t>& places) {
  constexpr std::size_t is_long = 1 << 16, most_places = 16;
  constexpr int bits = 16;
  std::vector<double> found;
  if (list.size() < is_long || list.size() > UINT32_MAX || places.size() > most_places) {
    if (places.size() > most_places) std::ranges::sort(list);
    else sort_places(list.data(), list.data() + list.size(), places.data(), places.data() + places.size());
    for (const std::size_t place : places) found.push_back(list[place]);
    return found;
  }
  std::vector<std::uint32_t> count(std::size_t{1} << bits), spare(count.size());
  std::size_t i = 0;
  for (; i + 2 <= list.size(); i += 2) {  // two tables: neighbours are often alike
    ++count[ordered_bits(list[i]) >> (64 - bits)];
    ++spare[ordered_bits(list[i + 1]) >> (64 - bits)];
  }
  if (i < list.size()) ++count[ordered_bits(list[i]) >> (64 - bits)];
  std::vector<std::uint8_t> wanted(count.size());
  std::vector<std::size_t> within;  // places among those that are kept
  std::size_t before = 0, kept = 0, next = 0;
  for (std::size_t bin = 0; bin < count.size() && next < places.size(); ++bin) {
    const std::size_t size = std::size_t{count[bin]} + spare[bin];
    for (; next < places.size() && places[next] < before + size; ++next) {
      wanted[bin] = 1;
      within.push_back(kept + places[next] - before);
    }
    before += size;
    if (wanted[bin]) kept += size;
  }
  std::size_t end = 0;
  for (const double x : list) {  // in place, and without a branch
    list[end] = x;
    end += wanted[ordered_bits(x) >> (64 - bits)];
  }
  sort_places(list.data(), list.data() + end, within.data(), within.data() + within.size());
  for (const std::size_t place : within) found.push_back(list[place]);
  return found;
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

// What is at these fractions of a list, if it is sorted.
std::vector<double> at_fractions(std::vector<double>& list, const std::vector<double>& fractions,
                                 QuantileMethod method) {
  const auto place_of = [size = list.size(), method](double q) { return fraction_place(size, q, method); };
  std::vector<std::size_t> places;
  for (const double q : fractions) {
    const auto below = static_cast<std::size_t>(place_of(q));
    places.push_back(below);
    places.push_back(std::min(below + 1, list.size() - 1));
  }
  std::ranges::sort(places);
  places.erase(std::unique(places.begin(), places.end()), places.end());
  const std::size_t size = list.size();
  const std::vector<double> numbers = at_places(list, places);
  const auto at = [&](std::size_t place) {
    return numbers[static_cast<std::size_t>(std::ranges::lower_bound(places, place) - places.begin())];
  };
  std::vector<double> result;
  for (const double q : fractions) {
    const double place = place_of(q);
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
  const Line line = line_of(x.shape, static_cast<std::size_t>(axis));
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
      const std::vector<double> found =
          nan ? std::vector<double>(fractions.size(), std::nan("")) : at_fractions(values, fractions, method);
      for (std::size_t q = 0; q < fractions.size(); ++q)
        out.as<double>()[(b * std::ssize(fractions) + static_cast<std::int64_t>(q)) * line.after + c] =
            found[q];
    }
  return out.value;
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
NodePtr as_lines(const NodePtr& x, const std::vector<bool>& named) {
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
  const std::vector<bool> named = named_axes(ranks.function, ranks.axes, shape_of(input).size());
  const bool one = std::ranges::count(named, true) == 1;
  const NodePtr x = cast(one ? input : as_lines(input, named), DType::float64);
  const std::size_t a =
      one ? static_cast<std::size_t>(std::ranges::find(named, true) - named.begin()) : x->grid.axes() - 1;
  if (x->grid.shape[a] == 0)
    refuse(ranks.function,
           "the axis must have at least 1 element (got " + weir::to_text(input->grid.shape) + ")");
  Chunks chunks = x->grid.chunks;
  chunks[a] = {x->grid.shape[a]};
  const NodePtr source = rechunk(x, ChunkSpec(chunks));
  chunks[a] = {std::ssize(ranks.fractions)};
  const auto axis = static_cast<std::int64_t>(a);
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
