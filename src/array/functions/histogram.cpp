// Counts of elements: each chunk counts its own, the counts are added up.
#include "weir/array/histogram.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "array/graph/views.hpp"
#include "array/kernels/kernels.hpp"
#include "array/kernels/lines.hpp"
#include "weir/array/shape.hpp"

namespace weir::detail::array {

namespace {

// Where in bins of one width numbers are. What is in each element of the result is the lower half.
struct EvenBins {
  double low, scale, end, inside;
};
constexpr double whole_numbers = 0x1.8p52;  // added to a number, it leaves the nearest one in the lower bits
// The places of a few numbers; whether some of them are so near to an edge that their bin is doubtful. What
// lies below, and NaN, is in bin -1, what lies above in the one after the last.
void find_few(const EvenBins& bins, const double* x, std::int64_t size, std::int64_t* found, bool* doubtful) {
  const double low = bins.low, scale = bins.scale, end = bins.end, inside = bins.inside;
  std::int64_t unsure = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    const double scaled = (x[i] - low) * scale, above = scaled > -0.5 ? scaled : -0.5,
                 place = above < end ? above : end, rounded = place - 0.5 + whole_numbers,
                 from_middle = place - (rounded - whole_numbers) - 0.5;
    found[i] = std::bit_cast<std::int64_t>(rounded);
    unsure |= -static_cast<std::int64_t>(!(std::fabs(from_middle) < inside));
  }
  *doubtful = unsure != 0;
}
#ifdef __x86_64__
[[gnu::target("avx512f,avx512dq")]] void find_few_widest(const EvenBins& bins, const double* x,
                                                         std::int64_t size, std::int64_t* found,
                                                         bool* doubtful) {
  constexpr std::int64_t lanes = 8;
  constexpr __mmask8 all = 0xFF;  // without it some compilers warn of what their own headers do
  const __m512d low = _mm512_set1_pd(bins.low), scale = _mm512_set1_pd(bins.scale),
                least = _mm512_set1_pd(-0.5), end = _mm512_set1_pd(bins.end), half = _mm512_set1_pd(0.5),
                whole = _mm512_set1_pd(whole_numbers), inside = _mm512_set1_pd(bins.inside);
  unsigned sure = 0xFF;
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    const __m512d scaled = _mm512_mul_pd(_mm512_sub_pd(_mm512_loadu_pd(x + i), low), scale),
                  place = _mm512_maskz_min_pd(all, _mm512_maskz_max_pd(all, scaled, least), end),
                  rounded = _mm512_add_pd(_mm512_sub_pd(place, half), whole),
                  from_middle = _mm512_sub_pd(_mm512_sub_pd(place, _mm512_sub_pd(rounded, whole)), half);
    _mm512_storeu_pd(found + i, rounded);
    sure &= _mm512_cmp_pd_mask(_mm512_abs_pd(from_middle), inside, _CMP_LT_OQ);
  }
  find_few(bins, x + i, size - i, found + i, doubtful);
  *doubtful |= sure != 0xFF;
}
#endif
auto few_finder() {
#ifdef __x86_64__
  if (has_widest_vectors()) return &find_few_widest;
#endif
  return suited<&find_few>();
}

// The bins of a few numbers among edges that are not even: of few edges, how many a number has reached;
// otherwise halves are left out, of all numbers together.
void search_few(const double* edges, std::int64_t count, const double* x, std::int64_t size,
                std::int64_t* bins) {
  constexpr std::int64_t few = 16;
  const double highest = edges[count - 1];
  if (count <= few) {
    std::fill_n(bins, size, -1);
    for (std::int64_t e = 0; e < count; ++e)
      for (std::int64_t i = 0; i < size; ++i) bins[i] += x[i] >= edges[e] ? 1 : 0;
  } else {
    std::fill_n(bins, size, 0);
    std::int64_t left = count;
    for (; left > 1; left -= left / 2)
      for (std::int64_t i = 0; i < size; ++i) bins[i] += x[i] >= edges[bins[i] + left / 2 - 1] ? left / 2 : 0;
    for (std::int64_t i = 0; i < size; ++i) bins[i] -= x[i] >= edges[bins[i]] ? 0 : 1;
  }
  // The upper edge is in the last bin, however many others are equal to it.
  for (std::int64_t i = 0; i < size; ++i) bins[i] = x[i] == highest ? count - 2 : bins[i];
}

// Finds the bin of a number among growing edges.
class BinFinder {
 public:
  explicit BinFinder(const std::vector<double>& edges)
      : edges_(edges),
        low_(edges.front()),
        high_(edges.back()),
        scale_(static_cast<double>(edges.size() - 1) / (high_ - low_)),
        last_(std::ssize(edges) - 2),
        below_next_(edges.begin() + 1, edges.end()) {
    below_next_.back() = std::numeric_limits<double>::infinity();  // the last bin has its upper edge
    double off = 0;
    is_even_ = last_ < INT32_MAX - 1;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const double distance = std::fabs(place_of(edges[i]) - static_cast<double>(i));
      is_even_ = is_even_ && distance < 0.25;  // not NaN, as of infinite edges
      off = std::max(off, distance);
    }
    even_ = {low_, scale_, static_cast<double>(count()) + 0.5, 0.5 - off - 0x1p-40};
  }
  // -1 if it is in none.
  std::int64_t operator()(double x) const {
    if (!(x >= low_ && x <= high_)) return -1;
    if (!is_even_)
      return std::min<std::int64_t>(last_,
                                    std::upper_bound(edges_.begin(), edges_.end(), x) - edges_.begin() - 1);
    // Guessed, then put right by at most one bin.
    const auto guess = std::min(static_cast<std::int64_t>(place_of(x)), last_);
    return guess + (x >= below_next_[static_cast<std::size_t>(guess)]) -
           (x < edges_[static_cast<std::size_t>(guess)]);
  }
  [[nodiscard]] std::int64_t count() const { return last_ + 1; }
  // The bins of a few numbers, in the lower halves; -1 or the one after the last if it is in none. The place
  // of a number grows with it, so that one is certainly in the bin where its place is further from both ends
  // than any edge's is from where it should be.
  static constexpr std::int64_t few = 128;
  void find(const double* x, std::int64_t size, std::int64_t* bins) const {
    bool doubtful = true;
    if (is_even_) find_few_(even_, x, size, bins, &doubtful);
    else return search_(edges_.data(), std::ssize(edges_), x, size, bins);
    for (std::int64_t i = 0; doubtful && i < size; ++i) bins[i] = (*this)(x[i]);
  }

 private:
  [[nodiscard]] double place_of(double x) const { return (x - low_) * scale_; }
  const std::vector<double>& edges_;
  double low_, high_, scale_;
  std::int64_t last_;
  std::vector<double> below_next_;  // the edge above each bin
  bool is_even_ = false;            // the place of each edge is near its number
  EvenBins even_{};
  decltype(few_finder()) find_few_ = few_finder();
  decltype(&search_few) search_ = suited<&search_few>();
};

// Counts the numbers in each bin, in two tables: numbers side by side are often alike. What is in no bin is
// counted in front of them and behind them.
void count_bins(const BinFinder& finder, const double* x, std::int64_t size, std::int64_t* counts) {
  std::vector<std::int64_t> first(static_cast<std::size_t>(finder.count()) + 2), second(first.size());
  std::int64_t *even = first.data() + 1, *odd = second.data() + 1;
  std::array<std::int64_t, BinFinder::few + 1> bins;
  for (std::int64_t begin = 0; begin < size; begin += BinFinder::few) {
    const std::int64_t piece = std::min(BinFinder::few, size - begin);
    finder.find(x + begin, piece, bins.data());
    if (piece % 2) bins[static_cast<std::size_t>(piece)] = -1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(piece); i += 2) {
      ++even[static_cast<std::int32_t>(bins[i])];
      ++odd[static_cast<std::int32_t>(bins[i + 1])];
    }
  }
  for (std::int64_t bin = 0; bin < finder.count(); ++bin) counts[bin] = even[bin] + odd[bin];
}

// Where in a table of pairs a few of them are.
template <class Place>
void place_pairs(const std::int64_t* rows, const std::int64_t* columns, std::int64_t size, Place stride,
                 Place* places) {
  for (std::int64_t i = 0; i < size; ++i)
    places[i] = static_cast<std::int32_t>(rows[i]) * stride + static_cast<std::int32_t>(columns[i]);
}

// Counts the pairs of numbers in each bin of both. What is in no bin is counted around the others, without a
// branch. Of tables that are small there are two.
template <class Place>
void count_pairs(const BinFinder& x_bin, const double* x, const BinFinder& y_bin, const double* y,
                 std::int64_t size, std::int64_t* counts) {
  constexpr std::int64_t small = 1 << 12;
  const std::int64_t height = x_bin.count(), width = y_bin.count(), stride = width + 2,
                     all = (height + 2) * stride;
  std::vector<std::int64_t> first(static_cast<std::size_t>(all)), second(all <= small ? first.size() : 0);
  std::int64_t *even = first.data() + stride + 1, *odd = second.empty() ? even : second.data() + stride + 1;
  std::array<std::int64_t, BinFinder::few> rows, columns;
  std::array<Place, BinFinder::few + 1> places;
  const auto place = suited<&place_pairs<Place>>();
  for (std::int64_t begin = 0; begin < size; begin += BinFinder::few) {
    const std::int64_t piece = std::min(BinFinder::few, size - begin);
    x_bin.find(x + begin, piece, rows.data());
    y_bin.find(y + begin, piece, columns.data());
    place(rows.data(), columns.data(), piece, static_cast<Place>(stride), places.data());
    if (piece % 2) places[static_cast<std::size_t>(piece)] = -1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(piece); i += 2) {
      ++even[places[i]];
      ++odd[places[i + 1]];
    }
  }
  for (std::int64_t row = 0; row < height; ++row)
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t at = row * stride + column;
      counts[row * width + column] = even[at] + (second.empty() ? 0 : odd[at]);
    }
}

// Operands: numbers, (as many others); parameters: edges of each.
task::Value binned(Reader& parameters, std::span<const Tensor> operands) {
  std::vector<double> x_edges, y_edges;
  read(parameters, x_edges);
  if (operands.size() > 1) read(parameters, y_edges);
  const BinFinder x_bin(x_edges);
  const double* x = operands[0].as<double>();
  if (operands.size() == 1) {
    const Tensor out = make_tensor(DType::int64, Dims{1, x_bin.count()});
    auto* counts = out.as<std::int64_t>();
    count_bins(x_bin, x, operands[0].size(), counts);
    return out.value;
  }
  const BinFinder y_bin(y_edges);
  const double* y = operands[1].as<double>();
  const Tensor out = make_tensor(DType::int64, Dims{1, x_bin.count(), y_bin.count()});
  const bool is_short = (x_bin.count() + 2) * (y_bin.count() + 2) < INT32_MAX;
  const auto count = is_short ? &count_pairs<std::int32_t> : &count_pairs<std::int64_t>;
  count(x_bin, x, y_bin, y, operands[0].size(), out.as<std::int64_t>());
  return out.value;
}

// Operands: integers, (weights); parameters: number of bins.
task::Value occurrences(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t bins = 0;
  read(parameters, bins);
  const Tensor &x = operands[0],
               out = make_tensor(operands.size() > 1 ? DType::float64 : DType::int64, Dims{1, bins});
  const auto* at = x.as<std::int64_t>();
  const std::int64_t size = x.size();
  if (operands.size() > 1) {
    auto* sums = out.as<double>();
    const auto* weights = operands[1].as<double>();
    std::fill_n(sums, bins, 0.0);
    for (std::int64_t i = 0; i < size; ++i) sums[at[i]] += weights[i];
  } else {
    std::fill_n(out.as<std::int64_t>(), bins, 0);
    count_each(at, size, std::int64_t{0}, out.as<std::int64_t>(), bins);
  }
  return out.value;
}

// The counts of each chunk of x (and what belongs to it of y), added up.
template <class... P>
NodePtr added_up(const char* name, DType type, const Shape& bins, const NodePtr& x, const NodePtr& y,
                 Kernel kernel, const P&... parameters) {
  Chunks chunks{std::vector<std::int64_t>(static_cast<std::size_t>(x->grid.count()), 1)};
  for (const std::int64_t n : bins) chunks.push_back({n});
  const auto plan = [=](TaskBuilder& task, std::int64_t chunk) {
    std::vector<std::uint32_t> operands{task.need_chunk(*x, chunk)};
    if (y) operands.push_back(task.need(*y, chunk_view(x->grid, chunk)));
    task.kernel(kernel, std::move(operands), parameters...);
  };
  std::vector<NodePtr> inputs{x};
  if (y) inputs.push_back(y);
  return reduce(Reduction::sum,
                std::make_shared<TaskNode>(name, type, Grid(std::move(chunks)), std::move(inputs), plan),
                {.axis = 0}, type);
}

void needs_edges(const char* function, const std::vector<double>& edges) {
  if (edges.size() < 2)
    refuse(function, "there must be at least 2 edges (got " + std::to_string(edges.size()) + ")");
  for (std::size_t i = 1; i < edges.size(); ++i)
    if (!(edges[i - 1] <= edges[i]))
      refuse(function, "the edges must not fall (edge " + std::to_string(i) + " is " +
                           std::to_string(edges[i]) + " after " + std::to_string(edges[i - 1]) + ")");
}
void needs_same_shape(const char* function, const NodePtr& x, const NodePtr& y) {
  if (shape_of(x) != shape_of(y))
    refuse(function, "the shapes must be equal (got " + weir::to_text(x->grid.shape) + " and " +
                         weir::to_text(y->grid.shape) + ")");
}

// The smallest and the largest element of a chunk; NaN if there is one.
task::Value ends_of_chunk(Reader&, std::span<const Tensor> operands) {
  const Tensor &x = operands[0], out = make_tensor(x.type, Dims{1, 2}), most = make_tensor(x.type, Dims{1});
  fold_start(Fold::minimum, out);
  fold_start(Fold::maximum, most);
  std::memcpy(static_cast<std::byte*>(out.data) + size_of(x.type), most.data, size_of(x.type));
  find_ends(x, out.data);
  return out.value;
}
// Smallest and largest element, computed now.
template <class T>
std::pair<T, T> ends_of(const NodePtr& input) {
  const NodePtr x = cast(input, dtype_of<T>);
  const auto plan = [x](TaskBuilder& task, std::int64_t chunk) {
    task.kernel(&ends_of_chunk, {task.need_chunk(*x, chunk)});
  };
  const Chunks chunks{std::vector<std::int64_t>(static_cast<std::size_t>(x->grid.count()), 1), {2}};
  const xt::xarray<T> values =
      compute<T>(std::make_shared<TaskNode>("ends", x->type, Grid(chunks), std::vector<NodePtr>{x}, plan));
  T ends[2] = {values.data()[0], values.data()[1]};
  const FoldKernel least = fold_kernel(Fold::minimum, x->type), most = fold_kernel(Fold::maximum, x->type);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    least(values.data() + i, 1, {.at = reinterpret_cast<std::byte*>(ends)});
    most(values.data() + i + 1, 1, {.at = reinterpret_cast<std::byte*>(ends + 1)});
  }
  return {ends[0], ends[1]};
}

}  // namespace

NodePtr histogram(const NodePtr& x, const std::vector<double>& edges) {
  (void)shape_of(x);
  needs_edges("histogram", edges);
  return added_up("histogram", DType::int64, {std::ssize(edges) - 1}, x, nullptr, &binned, edges);
}

NodePtr histogram2d(const NodePtr& x, const NodePtr& y, const std::vector<double>& x_edges,
                    const std::vector<double>& y_edges) {
  needs_same_shape("histogram2d", x, y);
  needs_edges("histogram2d", x_edges);
  needs_edges("histogram2d", y_edges);
  return added_up("histogram2d", DType::int64, {std::ssize(x_edges) - 1, std::ssize(y_edges) - 1}, x, y,
                  &binned, x_edges, y_edges);
}

std::vector<double> even_edges(const char* function, const NodePtr& x, const Bins& bins) {
  if (bins.count < 1)
    refuse(function, "there must be at least 1 bin (got " + std::to_string(bins.count) + ")");
  (void)shape_of(x);
  std::pair<double, double> range{0, 1};
  if (bins.range) range = *bins.range;
  else if (x->grid.size() > 0) range = ends_of<double>(x);
  auto& [low, high] = range;
  if (!std::isfinite(low) || !std::isfinite(high) || low > high)
    refuse(function, "the range of the bins must be finite and grow (got " + std::to_string(low) + " to " +
                         std::to_string(high) + ")" + (bins.range ? "" : "; give one"));
  if (low == high) low -= 0.5, high += 0.5;
  const double step = (high - low) / static_cast<double>(bins.count);
  std::vector<double> edges;
  for (std::int64_t i = 0; i < bins.count; ++i) edges.push_back(static_cast<double>(i) * step + low);
  edges.push_back(high);
  return edges;
}

NodePtr bincount(const NodePtr& input, const NodePtr& weights, std::int64_t minlength) {
  if (shape_of(input).size() != 1)
    refuse("bincount", "the array must have one axis (got " + weir::to_text(input->grid.shape) + ")");
  if (minlength < 0)
    refuse("bincount", "minlength must be at least 0 (got " + std::to_string(minlength) + ")");
  if (weights) needs_same_shape("bincount", input, weights);
  const NodePtr x = cast(input, DType::int64);
  std::int64_t bins = minlength;
  if (x->grid.size()) {
    if (input->type == DType::uint64)
      if (const std::uint64_t most = ends_of<std::uint64_t>(input).second; most > INT64_MAX)
        refuse("bincount", "the numbers must be below 2^59 (got " + std::to_string(most) + ")");
    const auto [least, most] = ends_of<std::int64_t>(x);
    if (least < 0) refuse("bincount", "the numbers must not be negative (got " + std::to_string(least) + ")");
    check_size("bincount", {most}, {{most}});
    bins = std::max(bins, most + 1);
  }
  return added_up("bincount", weights ? DType::float64 : DType::int64, {bins}, x, weights, &occurrences,
                  bins);
}

}  // namespace weir::detail::array
