// Reads array expressions, one per line in prefix form, and writes what they give; arrays.py makes them and
// compares with NumPy. It calls what the typed functions are made of, so that every type is compiled once.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "array/graph/node.hpp"
#include "weir/array.hpp"
#include "weir/run.hpp"

namespace weir::detail::array {

namespace {

// One expression, word by word.
class Words {
 public:
  explicit Words(const std::string& line) : in_(line) {}
  std::string word() {
    std::string next;
    if (!(in_ >> next)) throw std::runtime_error("the expression ends too early");
    return next;
  }
  std::int64_t integer() { return std::stoll(word()); }
  double number() { return std::strtod(word().c_str(), nullptr); }
  DType type() {
    const std::string name = word();
    for (int t = 0; t <= static_cast<int>(DType::complex128); ++t)
      if (to_string(static_cast<DType>(t)) == name) return static_cast<DType>(t);
    throw std::runtime_error("no such type: " + name);
  }
  // A count and as many integers.
  std::vector<std::int64_t> integers() {
    std::vector<std::int64_t> list(static_cast<std::size_t>(integer()));
    for (std::int64_t& i : list) i = integer();
    return list;
  }
  std::vector<double> numbers() {
    std::vector<double> list(static_cast<std::size_t>(integer()));
    for (double& d : list) d = number();
    return list;
  }
  Chunks chunks() {
    Chunks all(static_cast<std::size_t>(integer()));
    for (auto& sizes : all) sizes = integers();
    return all;
  }
  // "all", or a count and so many axes.
  Axes axes() {
    const std::string first = word();
    if (first == "all") return {};
    std::vector<std::int64_t> list(static_cast<std::size_t>(std::stoll(first)));
    for (std::int64_t& i : list) i = integer();
    return Axes(std::move(list));
  }

  NodePtr array();
  std::vector<NodePtr> arrays() {
    std::vector<NodePtr> list(static_cast<std::size_t>(integer()));
    for (NodePtr& node : list) node = array();
    return list;
  }
  Term term();

  // Arrays that the expression has in several places: as they are, kept, or kept and used before.
  NodePtr with_named();
  NodePtr named() { return named_.at(static_cast<std::size_t>(integer())).node; }
  // Throws if one that was used before has other elements now.
  void check_named() const;

 private:
  struct Named {
    NodePtr node;
    std::string before;  // the bytes it had
  };
  std::istringstream in_;
  std::vector<Named> named_;
};

using Function = std::function<NodePtr(Words&)>;

NodePtr values(Words& words) {
  const DType type = words.type();
  const Shape shape = words.integers();
  const Chunks chunks = words.chunks();
  const std::string hex = words.word();
  std::vector<unsigned char> bytes;
  for (std::size_t i = 0; hex != "-" && i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<unsigned char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  bytes.resize(bytes.size() + 1);  // never of no size
  return from_values(type, shape, bytes.data(), chunks);
}

Index index_of(Words& words) {
  const std::string kind = words.word();
  const auto bound = [&]() -> std::optional<std::int64_t> {
    const std::string text = words.word();
    return text == "_" ? std::nullopt : std::optional<std::int64_t>(std::stoll(text));
  };
  if (kind == "at") return words.integer();
  if (kind == "all") return WholeAxis{};
  if (kind == "new") return NewAxis{};
  if (kind == "dots") return Ellipsis{};
  if (kind == "list") return words.integers();
  if (kind == "node") return words.array();
  Range range;
  range.start = bound();
  range.stop = bound();
  range.step = words.integer();
  return range;
}
std::vector<Index> indices(Words& words) {
  std::vector<Index> all;
  for (std::int64_t n = words.integer(); n > 0; --n) all.push_back(index_of(words));
  return all;
}

// In the type that holds them all, as of tuples.
std::vector<NodePtr> as_one(std::vector<NodePtr> parts) {
  DType type = parts.at(0)->type;
  for (const NodePtr& x : parts) type = promote(type, x->type);
  for (NodePtr& x : parts) x = cast(x, type);
  return parts;
}

// Functions whose arguments are others than one or two arrays.
std::map<std::string, Function> shape_functions() {
  return {
      {"array", values},
      {"with", [](Words& w) { return w.with_named(); }},
      {"named", [](Words& w) { return w.named(); }},
      {"rechunk",
       [](Words& w) {
         const Chunks chunks = w.chunks();
         return rechunk(w.array(), ChunkSpec(chunks));
       }},
      {"persist", [](Words& w) { return persist(w.array()); }},
      {"full",
       [](Words& w) {
         const DType type = w.type();
         const Shape shape = w.integers();
         return full("full", shape, {}, type, scalar_as("full", type, w.term().number));
       }},
      {"arange",
       [](Words& w) {
         const DType type = w.type();
         const Literal start = w.term().number, stop = w.term().number, step = w.term().number;
         return arange("arange", type, scalar_as("arange", type, start), scalar_as("arange", type, step),
                       arange_count(start, stop, step), ChunkSpec{AxisChunks(w.integer())});
       }},
      {"eye",
       [](Words& w) {
         const DType type = w.type();
         const std::int64_t rows = w.integer(), columns = w.integer();
         return eye(type, rows, columns, w.integer(), ChunkSpec(3));
       }},
      {"reshape",
       [](Words& w) {
         const Shape s = w.integers();
         return reshape(w.array(), s);
       }},
      {"transpose",
       [](Words& w) {
         const auto a = w.integers();
         return transpose(w.array(), a);
       }},
      {"flip",
       [](Words& w) {
         const Axes a = w.axes();
         return flip(w.array(), a);
       }},
      {"roll",
       [](Words& w) {
         const std::int64_t shift = w.integer(), axis = w.integer();
         return roll(w.array(), shift, axis);
       }},
      {"squeeze",
       [](Words& w) {
         const Axes a = w.axes();
         return squeeze(w.array(), a);
       }},
      {"expand_dims",
       [](Words& w) {
         const auto a = w.integer();
         return expand_dims(w.array(), a);
       }},
      {"broadcast_to",
       [](Words& w) {
         const Shape s = w.integers();
         return broadcast_to(w.array(), s);
       }},
      {"concatenate",
       [](Words& w) {
         const auto a = w.integer();
         return concatenate(as_one(w.arrays()), a);
       }},
      {"stack",
       [](Words& w) {
         const auto a = w.integer();
         return stack(as_one(w.arrays()), a);
       }},
      {"pad",
       [](Words& w) {
         const auto mode = static_cast<PadMode>(w.integer());
         const auto flat = w.integers();
         std::vector<std::pair<std::int64_t, std::int64_t>> width;
         for (std::size_t i = 0; i + 1 < flat.size(); i += 2) width.emplace_back(flat[i], flat[i + 1]);
         const Literal value = w.term().number;
         const NodePtr x = w.array();
         return pad(x, width, mode, scalar_as("pad", x->type, value));
       }},
      {"tile",
       [](Words& w) {
         const auto t = w.integers();
         return tile(w.array(), t);
       }},
      {"repeat",
       [](Words& w) {
         const std::int64_t times = w.integer(), axis = w.integer();
         return repeat(w.array(), times, axis);
       }},
      {"index",
       [](Words& w) {
         const auto all = indices(w);
         return array::index(w.array(), all);
       }},
      {"assign",
       [](Words& w) {
         const auto all = indices(w);
         const NodePtr x = w.array();
         const Term value = w.term();
         return assign(x, value.node ? value.node : scalar_as("assign", x->type, value.number), all);
       }},
  };
}

std::map<std::string, Function> number_functions() {
  return {
      {"where",
       [](Words& w) {
         const NodePtr condition = w.array();
         const Term a = w.term(), b = w.term();
         return array::where(condition, a, b);
       }},
      {"clip",
       [](Words& w) {
         const NodePtr x = w.array();
         const Term low = w.term(), high = w.term();
         return array::clip(x, low, high);
       }},
      {"isclose",
       [](Words& w) {
         const bool nan = w.integer();
         const double rtol = w.number(), atol = w.number();
         const Term a = w.term(), b = w.term();
         return is_close(a, b, rtol, atol, nan);
       }},
      {"round",
       [](Words& w) {
         const auto d = w.integer();
         return array::round(w.array(), static_cast<int>(d));
       }},
      {"nan_to_num",
       [](Words& w) {
         const double n = w.number();
         const bool all = w.integer();
         const Literal high = w.number(), low = w.number();
         return array::nan_to_num(w.array(), n, all ? &high : nullptr, all ? &low : nullptr);
       }},
      {"astype",
       [](Words& w) {
         const DType type = w.type();
         const auto how = static_cast<OutOfRange>(w.integer());
         return converted(w.array(), type, how);
       }},
      {"left_shift",
       [](Words& w) {
         const NodePtr x = w.array();
         return shift(Op::shift_left, x, w.term());
       }},
      {"right_shift",
       [](Words& w) {
         const NodePtr x = w.array();
         return shift(Op::shift_right, x, w.term());
       }},
      {"cumsum",
       [](Words& w) {
         const auto axis = w.integer();
         const NodePtr x = w.array();
         return cumulative(false, cast(x, summed(x->type)), axis);
       }},
      {"cumprod",
       [](Words& w) {
         const auto axis = w.integer();
         const NodePtr x = w.array();
         return cumulative(true, cast(x, summed(x->type)), axis);
       }},
      {"topk",
       [](Words& w) {
         const std::int64_t k = w.integer(), axis = w.integer();
         return topk(w.array(), k, axis);
       }},
      {"histogram",
       [](Words& w) {
         const auto edges = w.numbers();
         return histogram(cast(w.array(), DType::float64), edges);
       }},
      {"percentile",
       [](Words& w) {
         const auto percent = w.numbers();
         const Axes axes = w.axes();
         const auto method = static_cast<QuantileMethod>(w.integer());
         return quantile(w.array(), {"percentile", fractions_of("percentile", percent), axes, method, false});
       }},
      {"nanpercentile",
       [](Words& w) {
         const auto percent = w.numbers();
         const Axes axes = w.axes();
         const auto method = static_cast<QuantileMethod>(w.integer());
         return quantile(w.array(),
                         {"nanpercentile", fractions_of("nanpercentile", percent), axes, method, true});
       }},
      {"median",
       [](Words& w) {
         const bool skip = w.integer();
         const Axes axes = w.axes();
         return array::median("median", w.array(), axes, skip);
       }},
      {"matmul",
       [](Words& w) {
         const NodePtr a = w.array(), b = w.array();
         return matmul(a, b, promote(a->type, b->type));
       }},
      {"tensordot",
       [](Words& w) {
         const auto of_a = w.integers(), of_b = w.integers();
         const NodePtr a = w.array(), b = w.array();
         return tensordot(a, b, of_a, of_b, promote(a->type, b->type));
       }},
      {"solve",
       [](Words& w) {
         const NodePtr a = w.array(), b = w.array();
         return solve(a, b);
       }},
      {"inv", [](Words& w) { return inv(w.array()); }},
      {"einsum",
       [](Words& w) {
         std::string subscripts = w.word();  // spaces are _
         std::ranges::replace(subscripts, '_', ' ');
         const std::vector<NodePtr> operands = w.arrays();
         DType type = operands.at(0)->type;
         for (const NodePtr& x : operands) type = promote(type, x->type);
         return array::einsum(subscripts, operands, type);
       }},
      {"determinant",
       [](Words& w) {
         const auto which = w.integer();
         const Factors f = determinant("det", w.array());
         return which == 0 ? f.first : which == 1 ? f.second : f.third;
       }},
      {"eigenvalues", [](Words& w) { return array::eigh(w.array()).first; }},
      {"eigenvectors",  // v diag(w) v^T
       [](Words& w) {
         const NodePtr a = w.array();
         const Factors f = array::eigh(a);
         const auto axes = static_cast<std::int64_t>(a->grid.axes());
         return matmul(arithmetic(Op::multiply, f.second, expand_dims(f.first, -2)),
                       transpose(f.second, swapped(a->grid.axes(), axes - 1, axes - 2)), a->type);
       }},
      {"fft",
       [](Words& w) {
         const auto kind = static_cast<Transform>(w.integer());
         const std::int64_t axis = w.integer(), length = w.integer();
         const NodePtr x = w.array();
         const bool single = real_of(x->type) == DType::float32;
         const DType out = kind == Transform::real_inverse ? real_of(x->type)
                           : single                        ? DType::complex64
                                                           : DType::complex128;
         return fft(kind, x, axis, length, out);
       }},
  };
}

// Double or complex, as the typed functions that are put together from others.
template <class F>
NodePtr with_doubles(Words& words, F f) {
  const NodePtr x = words.array();
  if (is_complex(x->type)) return f(Array<std::complex<double>>(cast(x, DType::complex128))).node();
  return f(Array<double>(cast(x, DType::float64))).node();
}

NodePtr list_of(const std::vector<double>& numbers) {
  return from_values(DType::float64, {std::ssize(numbers)}, numbers.data(), {});
}
Bins bins_of(Words& w) {
  Bins bins{.count = w.integer()};
  const auto range = w.numbers();
  if (!range.empty()) bins.range = {range[0], range[1]};
  return bins;
}

// Counts, and what is put together from others.
std::map<std::string, Function> statistics_functions() {
  return {
      {"histogram_bins",
       [](Words& w) {
         const bool edges = w.integer();
         const Bins bins = bins_of(w);
         const NodePtr x = w.array();
         const std::vector<double> even = even_edges("histogram", x, bins);
         return edges ? list_of(even) : histogram(cast(x, DType::float64), even);
       }},
      {"histogram2d",
       [](Words& w) {
         const Bins of_x = bins_of(w), of_y = bins_of(w);
         const Array<double> x(cast(w.array(), DType::float64)), y(cast(w.array(), DType::float64));
         return weir::histogram2d(x, y, of_x, of_y).counts.node();
       }},
      {"bincount",
       [](Words& w) {
         const auto least = w.integer();
         const bool weighted = w.integer();
         const NodePtr x = w.array();
         return bincount(x, weighted ? cast(w.array(), DType::float64) : nullptr, least);
       }},
      {"convolve",
       [](Words& w) {
         const auto mode = static_cast<Overlapping>(w.integer());
         const NodePtr a = w.array(), b = w.array();
         return convolve(a, b, mode, promote(a->type, b->type));
       }},
      {"coarsen",
       [](Words& w) {
         const bool trim = w.integer();
         const auto factors = w.integers();
         return with_doubles(w, [&](const auto& x) {
           return weir::coarsen(
               x, factors, [](const auto& y, const Reduce& how) { return y.mean(how); }, trim);
         });
       }},
  };
}

std::map<std::string, Function> order_functions() {
  return {
      {"sort",
       [](Words& w) {
         const auto axis = w.integer();
         return array::sort(w.array(), axis);
       }},
      {"argsort",
       [](Words& w) {
         const auto axis = w.integer();
         return argsort(w.array(), axis);
       }},
      {"argtopk",
       [](Words& w) {
         const std::int64_t k = w.integer(), axis = w.integer();
         return argtopk(w.array(), k, axis);
       }},
      {"unique",
       [](Words& w) {
         const bool counts = w.integer();
         const UniqueNodes all = array::unique(w.array());
         return counts ? all.counts : all.values;
       }},
      {"searchsorted",
       [](Words& w) {
         const bool right = w.integer();
         const NodePtr sorted = w.array(), x = w.array();
         return searchsorted(sorted, x, right);
       }},
      {"isin",
       [](Words& w) {
         const NodePtr x = w.array();
         return isin(x, w.array());
       }},
      {"nonzero",
       [](Words& w) {
         const auto axis = static_cast<std::size_t>(w.integer());
         return nonzero(w.array()).at(axis);
       }},
      {"moveaxis",
       [](Words& w) {
         const std::int64_t from = w.integer(), to = w.integer();
         const NodePtr x = w.array();
         return transpose(x, moved(x->grid.axes(), from, to));
       }},
      {"swapaxes",
       [](Words& w) {
         const std::int64_t a = w.integer(), b = w.integer();
         const NodePtr x = w.array();
         return transpose(x, swapped(x->grid.axes(), a, b));
       }},
      {"split",
       [](Words& w) {
         const auto which = static_cast<std::size_t>(w.integer());
         const auto at = w.integers();
         const auto axis = w.integer();
         return array::split(w.array(), at, axis).at(which);
       }},
      {"split_even",
       [](Words& w) {
         const auto which = static_cast<std::size_t>(w.integer());
         const std::int64_t parts = w.integer(), axis = w.integer();
         const NodePtr x = w.array();
         return array::split(x, even_cuts(x, parts, axis), axis).at(which);
       }},
      {"diag",
       [](Words& w) {
         const auto k = w.integer();
         return array::diag(w.array(), k);
       }},
      {"triangle",
       [](Words& w) {
         const bool lower = w.integer();
         const auto k = w.integer();
         return triangle(w.array(), k, lower);
       }},
      {"diff",
       [](Words& w) {
         const auto n = static_cast<int>(w.integer());
         const auto axis = w.integer();
         return with_doubles(w, [=](const auto& x) { return weir::diff(x, n, axis); });
       }},
      {"gradient",
       [](Words& w) {
         const double distance = w.number();
         const auto axis = w.integer();
         return with_doubles(w, [=](const auto& x) { return weir::gradient(x, distance, axis); });
       }},
      {"cov",
       [](Words& w) {
         const double ddof = w.number();
         return with_doubles(w, [=](const auto& x) { return weir::cov(x, ddof); });
       }},
      {"trace",
       [](Words& w) {
         const std::int64_t k = w.integer(), axis1 = w.integer(), axis2 = w.integer();
         return with_doubles(w, [=](const auto& x) { return weir::trace(x, k, axis1, axis2); });
       }},
      {"outer",
       [](Words& w) {
         const Array<double> a(cast(w.array(), DType::float64)), b(cast(w.array(), DType::float64));
         return weir::outer(a, b).node();
       }},
      {"average",
       [](Words& w) {
         const Axes axes = w.axes();
         const Array<double> x(cast(w.array(), DType::float64)), y(cast(w.array(), DType::float64));
         return weir::average(x, y, {.axis = axes}).node();
       }},
  };
}

Array<double> doubles(Words& words) { return Array<double>(cast(words.array(), DType::float64)); }
NodePtr logical(Words& words, bool both) {
  const auto a = doubles(words), b = doubles(words);
  return (both ? a && b : a || b).node();
}

// Factors of matrices, of which the product is compared, since they are not the only ones.
std::map<std::string, Function> factor_functions() {
  return {
      {"qr",
       [](Words& w) {
         const NodePtr a = w.array();
         const Factors f = qr(a);
         return matmul(f.first, f.second, a->type);
       }},
      {"svd",
       [](Words& w) {
         const std::int64_t most = w.integer();  // 0: all of them
         const NodePtr a = w.array();
         const Factors f = most ? svd_compressed(a, most, 3, 1) : svd(a);
         return matmul(arithmetic(Op::multiply, f.first, f.second), f.third, a->type);
       }},
      {"singular_values", [](Words& w) { return svd(w.array()).second; }},
      {"cholesky", [](Words& w) { return cholesky(w.array()); }},
      {"lstsq",
       [](Words& w) {
         const NodePtr a = w.array();
         return lstsq(a, w.array());
       }},
      {"fftn",
       [](Words& w) {
         const auto kind = static_cast<Transform>(w.integer());
         const Axes axes = w.axes();
         const NodePtr x = w.array();
         return fftn(kind, x, axes, {},
                     real_of(x->type) == DType::float32 ? DType::complex64 : DType::complex128);
       }},
      {"fftshift",
       [](Words& w) {
         const bool to_middle = w.integer();
         const auto axis = w.integer();
         return fftshift(w.array(), axis, to_middle);
       }},
  };
}

// Typed functions that are put together from others.
std::map<std::string, Function> composed_functions() {
  return {
      {"digitize",
       [](Words& w) {
         const bool right = w.integer();
         const auto bins = w.numbers();
         return weir::digitize(doubles(w), bins, right).node();
       }},
      {"argwhere", [](Words& w) { return weir::argwhere(doubles(w)).node(); }},
      {"ptp",
       [](Words& w) {
         const Axes axes = w.axes();
         return weir::ptp(doubles(w), {.axis = axes}).node();
       }},
      {"norm",
       [](Words& w) {
         const Axes axes = w.axes();
         return weir::norm(doubles(w), {.axis = axes}).node();
       }},
      {"quantile",
       [](Words& w) {
         const auto q = w.numbers();
         const Axes axes = w.axes();
         return weir::quantile(doubles(w), q, axes).node();
       }},
      {"nanquantile",
       [](Words& w) {
         const auto q = w.numbers();
         const Axes axes = w.axes();
         return weir::nanquantile(doubles(w), q, axes).node();
       }},
      {"dot",
       [](Words& w) {
         const auto a = doubles(w);
         return weir::dot(a, doubles(w)).node();
       }},
      {"corrcoef", [](Words& w) { return weir::corrcoef(doubles(w)).node(); }},
      {"linspace",
       [](Words& w) {
         const bool endpoint = w.integer();
         const double start = w.number(), stop = w.number();
         return weir::linspace(start, stop, w.integer(), ChunkSpec(3), endpoint).node();
       }},
      {"diagonal",
       [](Words& w) {
         const std::int64_t k = w.integer(), axis1 = w.integer(), axis2 = w.integer();
         return diagonal("diagonal", w.array(), k, axis1, axis2);
       }},
      {"meshgrid",
       [](Words& w) {
         const auto which = static_cast<std::size_t>(w.integer());
         const auto order = static_cast<GridOrder>(w.integer());
         std::vector<Array<double>> lists(static_cast<std::size_t>(w.integer()));
         for (auto& list : lists) list = doubles(w);
         return weir::meshgrid(lists, order).at(which).node();
       }},
      {"block",
       [](Words& w) {
         std::vector<std::vector<Array<double>>> rows(2, std::vector<Array<double>>(2));
         for (auto& row : rows)
           for (auto& part : row) part = doubles(w);
         return weir::block(rows).node();
       }},
      {"allclose",
       [](Words& w) {
         const auto a = doubles(w);
         const bool close = weir::allclose(a, doubles(w));
         return from_values(DType::boolean, {}, &close, {});
       }},
  };
}

// Functions of users.
using Block = xt::xarray<double>;

// The elements `step` places along an axis before and after each, as far as the block has them.
struct Neighbours {
  std::int64_t axis = 0, before = 0, after = 0;
  Block operator()(const Block& x) const {
    Block out(x.shape());
    std::int64_t outer = 1, inner = 1;
    const auto n = static_cast<std::int64_t>(x.shape()[static_cast<std::size_t>(axis)]);
    for (std::size_t a = 0; a < x.dimension(); ++a)
      if (static_cast<std::int64_t>(a) != axis)
        (static_cast<std::int64_t>(a) < axis ? outer : inner) *= static_cast<std::int64_t>(x.shape()[a]);
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < inner; ++k) {
          const double* line = x.data() + o * n * inner + k;
          out.data()[(o * n + i) * inner + k] = line[std::max<std::int64_t>(0, i - before) * inner] -
                                                2 * line[std::min(n - 1, i + after) * inner];
        }
    return out;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(axis, before, after);
  }
};

// The last elements of a line, the last one first.
struct Backwards {
  std::int64_t length = 0;
  Block operator()(const Block& line) const {
    Block out(std::vector<std::size_t>{static_cast<std::size_t>(length)});
    for (std::size_t i = 0; i < out.size(); ++i) out(i) = line(line.size() - 1 - i);
    return out;
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(length);
  }
};

// Sums, or sums of squares, over axes that stay.
Block summed_up(const Block& x, const Shape& axes, bool squares) {
  std::vector<std::size_t> shape(x.shape().begin(), x.shape().end());
  for (const std::int64_t a : axes) shape[static_cast<std::size_t>(a)] = 1;
  Block out = xt::zeros<double>(shape);
  std::size_t position = 0;
  for (const double value : x) {
    std::size_t rest = position++, to = 0, step = 1;
    for (std::size_t a = x.dimension(); a-- > 0;) {
      to += shape[a] == 1 ? 0 : rest % x.shape()[a] * step;
      step *= shape[a];
      rest /= x.shape()[a];
    }
    out.data()[to] += squares ? value * value : value;
  }
  return out;
}

std::map<std::string, Function> user_functions() {
  return {
      {"map_blocks",  // with another array, and where the elements are along the last axis
       [](Words& w) {
         const auto x = doubles(w);
         return weir::map_blocks<double>(
                    [](const Block& a, const Block& b, const BlockInfo& info) {
                      Block out = a * 2 - b;
                      const std::size_t last =
                          info.shape.empty() ? 1 : static_cast<std::size_t>(info.shape.back());
                      for (std::size_t i = 0; i < out.size(); ++i)
                        out.data()[i] += info.start.empty() ? 0
                                                            : static_cast<double>(info.start.back()) +
                                                                  static_cast<double>(i % last);
                      return out;
                    },
                    x, doubles(w))
             .node();
       }},
      {"map_overlap",
       [](Words& w) {
         const auto steps = w.integer();
         Neighbours f;
         f.axis = w.integer(), f.before = w.integer(), f.after = w.integer();
         const auto boundary = static_cast<Boundary>(w.integer());
         const double constant = w.number();
         Array<double> x = doubles(w);
         Overlap overlap = Overlap::of(x.dimension(), 0, boundary, constant);
         overlap.depth.at(static_cast<std::size_t>(f.axis)) = {f.before, f.after};
         for (std::int64_t i = 0; i < steps; ++i) x = weir::map_overlap<double>(f, x, overlap);
         return x.node();
       }},
      {"reduction",
       [](Words& w) {
         const Axes axes = w.axes();
         const bool keep = w.integer();
         return weir::reduction<double>(
                    doubles(w), [](const Block& x, const Shape& a) { return summed_up(x, a, true); },
                    [](const Block& x, const Shape& a) { return summed_up(x, a, false); }, axes, keep, 2)
             .node();
       }},
      {"apply_along_axis",  // the first elements of the reversed line
       [](Words& w) {
         const std::int64_t axis = w.integer(), length = w.integer();
         return weir::apply_along_axis<double>(Backwards{length}, axis, doubles(w), length).node();
       }},
      {"from_function",  // row-major positions
       [](Words& w) {
         const Shape shape = w.integers();
         const Chunks chunks = w.chunks();
         return weir::from_function<double>(
                    [](const BlockInfo& info) {
                      Block out(std::vector<std::size_t>(info.shape.begin(), info.shape.end()));
                      for (std::size_t i = 0; i < out.size(); ++i) {
                        auto rest = static_cast<std::int64_t>(i), step = std::int64_t{1};
                        double position = 0;
                        for (std::size_t a = info.shape.size(); a-- > 0;) {
                          position += static_cast<double>((info.start[a] + rest % info.shape[a]) * step);
                          step *= info.array_shape[a];
                          rest /= info.shape[a];
                        }
                        out.data()[i] = position;
                      }
                      return out;
                    },
                    shape, ChunkSpec(chunks))
             .node();
       }},
      {"from_futures",
       [](Words& w) {
         const auto x = doubles(w);
         return weir::from_futures(x.futures(), x.chunks()).node();
       }},
      {"full_like",
       [](Words& w) {
         const auto number = w.integer();
         const NodePtr x = w.array();
         return dispatch(x->type, [&]<class T>(std::type_identity<T>) {
           const Array<T> like(x);
           return (number == 0   ? weir::zeros_like(like)
                   : number == 1 ? weir::ones_like(like)
                                 : weir::full_like(like, static_cast<T>(static_cast<double>(number))))
               .node();
         });
       }},
      {"zeros",
       [](Words& w) {
         const Shape shape = w.integers();
         return weir::zeros<float>(shape, ChunkSpec(2)).node();
       }},
      {"ones",
       [](Words& w) {
         const Shape shape = w.integers();
         return weir::ones<std::int16_t>(shape, ChunkSpec(2)).node();
       }},
      {"logical_and", [](Words& w) { return logical(w, true); }},
      {"logical_or", [](Words& w) { return logical(w, false); }},
  };
}

// Whether random numbers are the same in other chunks, and where they should be; for each.
NodePtr drawn(Words& words) {
  const auto kind = static_cast<Distribution>(words.integer());
  const DType type = words.type();
  const auto seed = static_cast<std::uint64_t>(words.integer());
  const double a = words.number(), b = words.number();
  const Shape shape = words.integers();
  const ChunkSpec chunks[] = {words.chunks(), words.chunks()};
  const auto draw = [&](const Shape& extents, const ChunkSpec& cut) {
    if (kind == Distribution::permutation) return permutation(extents.at(0), cut, seed, 3);
    if (kind == Distribution::integers)
      return random_integers(type, extents, cut, seed, 3, static_cast<std::int64_t>(a),
                             static_cast<std::int64_t>(b));
    return random(kind, type, extents, cut, seed, 3, a, b);
  };
  const NodePtr x = draw(shape, chunks[0]), y = draw(shape, chunks[1]);
  if (x->type != type)
    throw std::runtime_error("the numbers have the type " + std::string(to_string(x->type)));
  NodePtr good = compare(Op::equal, x, y);
  const auto also = [&](const NodePtr& more) { good = arithmetic(Op::bit_and, good, more); };
  if (kind == Distribution::uniform || kind == Distribution::integers)
    also(compare(Op::greater_equal, x, a)), also(compare(Op::less, x, b));
  if (kind == Distribution::exponential || kind == Distribution::poisson || kind == Distribution::lognormal)
    also(compare(Op::greater_equal, x, 0.0));
  if (kind == Distribution::normal || kind == Distribution::lognormal) also(test(Op::isfinite, x));
  if (kind == Distribution::permutation)
    also(compare(Op::equal, array::sort(y, 0),
                 arange("arange", DType::int64, scalar_as("", DType::int64, std::int64_t{0}),
                        scalar_as("", DType::int64, std::int64_t{1}), shape[0], {})));
  else if (shape.size() == 1)  // the first of a longer array
    also(compare(Op::equal, x, array::index(draw({shape[0] + 5}, {4}), {Range{0, shape[0], 1}})));
  return good;
}

NodePtr folded(Words& words, Reduction reduction) {
  Reduce how;
  how.axis = words.axes();
  how.keepdims = words.integer();
  how.ddof = words.number();
  const NodePtr x = words.array();
  DType out = x->type;
  switch (reduction) {
    case Reduction::sum:
    case Reduction::prod:
    case Reduction::nansum:
    case Reduction::nanprod:
      out = summed(x->type);
      break;
    case Reduction::mean:
    case Reduction::nanmean:
      out = floating(x->type);
      break;
    case Reduction::var:
    case Reduction::std:
    case Reduction::nanvar:
    case Reduction::nanstd:
      out = real_of(floating(x->type));
      break;
    case Reduction::any:
    case Reduction::all:
      out = DType::boolean;
      break;
    case Reduction::argmin:
    case Reduction::argmax:
    case Reduction::count_nonzero:
      out = DType::int64;
      break;
    default:
      break;
  }
  return reduce(reduction, x, how, out);
}

std::map<std::string, Function> all_functions() {
  std::map<std::string, Function> all = shape_functions();
  all.merge(number_functions());
  all.merge(order_functions());
  all.merge(statistics_functions());
  all.merge(factor_functions());
  all.merge(composed_functions());
  all.merge(user_functions());
  all["random"] = drawn;
  for (int i = 0; i < static_cast<int>(Op::cast); ++i) {
    const auto op = static_cast<Op>(i);
    const std::string name(to_string(op));
    const bool is_floating =
        op == Op::divide || op == Op::hypot || op == Op::atan2 || op == Op::copysign || op == Op::logaddexp;
    if (op >= Op::equal && op <= Op::greater_equal)
      all[name] = [op](Words& w) {
        const Term a = w.term(), b = w.term();
        return compare(op, a, b);
      };
    else if (is_floating)
      all[name] = [op](Words& w) {
        const Term a = w.term(), b = w.term();
        return floating_arithmetic(op, a, b);
      };
    else if (op >= Op::add && op <= Op::bit_xor)
      all[name] = [op](Words& w) {
        const Term a = w.term(), b = w.term();
        return arithmetic(op, a, b);
      };
    else if (op == Op::abs) all[name] = [](Words& w) { return absolute(w.array()); };
    else if ((op >= Op::negative && op <= Op::rint))
      all[name] = [op](Words& w) { return same(op, w.array()); };
    else if (op >= Op::reciprocal && op <= Op::erf)
      all[name] = [op](Words& w) { return function(op, w.array()); };
    else if (op >= Op::real && op <= Op::angle) all[name] = [op](Words& w) { return part(op, w.array()); };
    else if (op >= Op::isnan && op <= Op::logical_not)
      all[name] = [op](Words& w) { return test(op, w.array()); };
  }
  constexpr const char* reductions[] = {
      "sum", "prod",          "mean",   "var",     "std",     "min",    "max",    "argmin", "argmax", "any",
      "all", "count_nonzero", "nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax"};
  for (std::size_t i = 0; i < std::size(reductions); ++i)
    all[reductions[i]] = [i](Words& w) { return folded(w, static_cast<Reduction>(i)); };
  return all;
}

NodePtr Words::array() {
  static const std::map<std::string, Function> functions = all_functions();
  const std::string name = word();
  const auto found = functions.find(name);
  if (found == functions.end()) throw std::runtime_error("no such function: " + name);
  return found->second(*this);
}
std::string bytes_of(const NodePtr& node) {
  return dispatch(node->type, [&]<class T>(std::type_identity<T>) {
    const xt::xarray<T> values = compute<T>(node);
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  });
}
NodePtr Words::with_named() {
  for (std::int64_t left = integer(); left > 0; --left) {
    const std::int64_t how = integer();
    Named one{array(), {}};
    if (how > 0) one.node = persist(one.node);
    if (how > 1) one.before = bytes_of(one.node);
    named_.push_back(std::move(one));
  }
  return array();
}
void Words::check_named() const {
  for (const Named& one : named_)
    if (!one.before.empty() && bytes_of(one.node) != one.before)
      throw std::runtime_error("an array was changed by what was made of it");
}
Term Words::term() {
  const auto before = in_.tellg();
  const std::string kind = word();
  if (kind == "i") return Term(static_cast<std::int64_t>(std::stoll(word())));
  if (kind == "u") return Term(static_cast<std::uint64_t>(std::stoull(word())));
  if (kind == "d") return Term(number());
  if (kind == "c") {
    const double re = number();
    return Term(std::complex<double>(re, number()));
  }
  in_.seekg(before);
  return Term(array());
}

template <class T>
void put(std::ostream& out, T value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

// 1, type, axes, extents and elements; or 0 and a sentence.
void answer(std::ostream& out, const std::string& line) {
  try {
    Words words(line);
    const NodePtr node = words.array();
    const Shape& shape = shape_of(node);
    dispatch(node->type, [&]<class T>(std::type_identity<T>) {
      const xt::xarray<T> result = compute<T>(node);
      words.check_named();
      if (bytes_of(persist(node)) != bytes_of(node))
        throw std::runtime_error("tasks give other elements than the thread that computes what is small");
      if (!std::equal(shape.begin(), shape.end(), result.shape().begin(), result.shape().end(),
                      [](std::int64_t a, std::size_t b) { return static_cast<std::size_t>(a) == b; }))
        throw std::runtime_error("the result has another shape than its array");
      put(out, std::uint8_t{1});
      put(out, node->type);
      put(out, static_cast<std::uint8_t>(shape.size()));
      for (const std::int64_t extent : shape) put(out, extent);
      out.write(reinterpret_cast<const char*>(result.data()),
                static_cast<std::streamsize>(result.size() * sizeof(T)));
    });
  } catch (const std::exception& error) {
    const std::string text = error.what();
    put(out, std::uint8_t{0});
    put(out, static_cast<std::uint32_t>(text.size()));
    out << text;
  }
}

}  // namespace

}  // namespace weir::detail::array

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: fuzz_arrays EXPRESSIONS ANSWERS\n", stderr);
    return 2;
  }
  const std::string expressions = argv[1], answers = argv[2];
  return weir::run(argc, argv, [&](weir::Client&) {
    std::ifstream in(expressions);
    std::ofstream out(answers, std::ios::binary);
    for (std::string line; std::getline(in, line);) weir::detail::array::answer(out, line);
    out.flush();
    if (!in.eof() || !out)
      throw std::runtime_error("the expressions cannot be read or the answers not written");
  });
}
