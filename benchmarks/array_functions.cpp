// Every family of array functions on arrays in memory with automatic chunks: the first round, the best of
// later ones, and the best plain loop for the same on two threads (or the library that has it), in memory
// that was used before. Prints NAME_first_ms, NAME_ms and NAME_plain_ms.
//   array_functions [--elements N] [--rounds N] [--only NAME,...]   default 16777216 doubles (128 MiB), 5
#include <cblas.h>
#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "array_rows.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/histogram.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"
#include "weir/run.hpp"

namespace {

using namespace bench;

// One step of a star of seven points; elements at the borders are not changed. Every element is written once.
xt::xarray<double> star(const xt::xarray<double>& x) {
  xt::xarray<double> y(x.shape());
  const Index a = Index(x.shape()[0]), b = Index(x.shape()[1]), c = Index(x.shape()[2]);
  for (Index i = 0; i < a; ++i)
    for (Index j = 0; j < b; ++j) {
      const double* in = x.data() + (i * b + j) * c;
      double* out = y.data() + (i * b + j) * c;
      if (i == 0 || i + 1 == a || j == 0 || j + 1 == b) {
        std::copy_n(in, c, out);
        continue;
      }
      out[0] = in[0];
      out[c - 1] = in[c - 1];
      for (Index k = 1; k + 1 < c; ++k)
        out[k] = in[k] + 0.1 * (in[k - 1] + in[k + 1] + in[k - c] + in[k + c] + in[k - b * c] +
                                in[k + b * c] - 6 * in[k]);
    }
  return y;
}
void star(const double* x, double* y, Index n, Index begin, Index end) {
  for (Index i = std::max<Index>(begin, 1); i < std::min(end, n - 1); ++i)
    for (Index j = 1; j + 1 < n; ++j) {
      const double* in = x + (i * n + j) * n;
      double* out = y + (i * n + j) * n;
      for (Index k = 1; k + 1 < n; ++k)
        out[k] = in[k] + 0.1 * (in[k - 1] + in[k + 1] + in[k - n] + in[k + n] + in[k - n * n] +
                                in[k + n * n] - 6 * in[k]);
    }
}

std::vector<Row> elementwise_rows(Plain& p, const Array<double>& x, const Array<double>& y) {
  return {
      {"add", [=] { make(x + y); }, each(p, [](double a, double b) { return a + b; })},
      {"expression", [=] { make(x * 2 + y * y - 1); },
       each(p, [](double a, double b) { return a * 2 + b * b - 1; })},
      {"sqrt", [=] { make(sqrt(x)); }, each(p, [](double a, double) { return std::sqrt(a); })},
      {"exp", [=] { make(exp(x)); }, each(p, [](double a, double) { return std::exp(a); })},
      {"sin", [=] { make(sin(x)); }, each(p, [](double a, double) { return std::sin(a); })},
      {"where", [=] { make(weir::where(x > 0.5, x, y)); },
       each(p, [](double a, double b) { return a > 0.5 ? a : b; })},
      {"clip", [=] { make(clip(x, 0.25, 0.75)); },
       each(p, [](double a, double) { return std::min(std::max(a, 0.25), 0.75); })},
      {"power", [=] { make(pow(x, 2)); }, each(p, [](double a, double) { return a * a; })},
      {"astype", [=] { make(x.astype<float>()); },
       [&p] {
         auto* to = reinterpret_cast<float*>(p.out.data());
         both(p.n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) to[i] = static_cast<float>(p.x[at(i)]);
         });
       }},
      {"compare", [=] { make(x > y); },
       [&p] {
         auto* to = reinterpret_cast<bool*>(p.out.data());
         both(p.n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) to[i] = p.x[at(i)] > p.y[at(i)];
         });
       }},
  };
}

// Mathematical functions beside those of the C library; those of one number in the order of the header.
std::vector<Row> math_rows(Plain& p, const Array<double>& x, const Array<double>& y) {
  const auto row = [&p, x](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(x)); }, each(p, [=](double a, double) { return plain(a); })};
  };
  const auto both_row = [&p, x, y](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(x, y)); }, each(p, plain)};
  };
  return {
      row(
          "exp2", [](auto& a) { return exp2(a); }, [](double a) { return std::exp2(a); }),
      row(
          "expm1", [](auto& a) { return expm1(a); }, [](double a) { return std::expm1(a); }),
      row(
          "log", [](auto& a) { return log(a); }, [](double a) { return std::log(a); }),
      row(
          "log2", [](auto& a) { return log2(a); }, [](double a) { return std::log2(a); }),
      row(
          "log10", [](auto& a) { return log10(a); }, [](double a) { return std::log10(a); }),
      row(
          "log1p", [](auto& a) { return log1p(a); }, [](double a) { return std::log1p(a); }),
      row(
          "cbrt", [](auto& a) { return cbrt(a); }, [](double a) { return std::cbrt(a); }),
      row(
          "cos", [](auto& a) { return cos(a); }, [](double a) { return std::cos(a); }),
      row(
          "tan", [](auto& a) { return tan(a); }, [](double a) { return std::tan(a); }),
      row(
          "asin", [](auto& a) { return asin(a); }, [](double a) { return std::asin(a); }),
      row(
          "acos", [](auto& a) { return acos(a); }, [](double a) { return std::acos(a); }),
      row(
          "atan", [](auto& a) { return atan(a); }, [](double a) { return std::atan(a); }),
      row(
          "sinh", [](auto& a) { return sinh(a); }, [](double a) { return std::sinh(a); }),
      row(
          "cosh", [](auto& a) { return cosh(a); }, [](double a) { return std::cosh(a); }),
      row(
          "tanh", [](auto& a) { return tanh(a); }, [](double a) { return std::tanh(a); }),
      row(
          "asinh", [](auto& a) { return asinh(a); }, [](double a) { return std::asinh(a); }),
      row(
          "acosh", [](auto& a) { return acosh(a + 1); }, [](double a) { return std::acosh(a + 1); }),
      row(
          "atanh", [](auto& a) { return atanh(a); }, [](double a) { return std::atanh(a); }),
      row(
          "erf", [](auto& a) { return erf(a); }, [](double a) { return std::erf(a); }),
      row(
          "reciprocal", [](auto& a) { return reciprocal(a); }, [](double a) { return 1 / a; }),
      row(
          "abs", [](auto& a) { return abs(a - 0.5); }, [](double a) { return std::fabs(a - 0.5); }),
      row(
          "floor", [](auto& a) { return floor(a); }, [](double a) { return std::floor(a); }),
      row(
          "round", [](auto& a) { return round(a, 2); }, [](double a) { return std::rint(a * 100) / 100; }),
      row(
          "pow", [](auto& a) { return pow(a, 1.7); }, [](double a) { return std::pow(a, 1.7); }),
      both_row(
          "atan2", [](auto& a, auto& b) { return atan2(a, b); },
          [](double a, double b) { return std::atan2(a, b); }),
      both_row(
          "hypot", [](auto& a, auto& b) { return hypot(a, b); },
          [](double a, double b) { return std::hypot(a, b); }),
      both_row(
          "logaddexp", [](auto& a, auto& b) { return logaddexp(a, b); },
          [](double a, double b) { return std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b))); }),
      both_row(
          "mod", [](auto& a, auto& b) { return b % a; },
          [](double a, double b) { return b - std::floor(b / a) * a; }),
      both_row(
          "floor_divide", [](auto& a, auto& b) { return floor_divide(b, a); },
          [](double a, double b) { return std::floor(b / a); }),
      both_row(
          "divide", [](auto& a, auto& b) { return a / b; }, [](double a, double b) { return a / b; }),
      both_row(
          "maximum", [](auto& a, auto& b) { return maximum(a, b); },
          [](double a, double b) { return a > b || a != a ? a : b; }),
      both_row(
          "copysign", [](auto& a, auto& b) { return copysign(a, b); },
          [](double a, double b) { return std::copysign(a, b); }),
  };
}

// Four sums at a time, as a compiler may not make them.
double sum_of(const double* x, Index count) {
  double s[4] = {0, 0, 0, 0};
  Index i = 0;
  for (; i + 4 <= count; i += 4)
    for (Index k = 0; k < 4; ++k) s[k] += x[i + k];
  for (; i < count; ++i) s[0] += x[i];
  return s[0] + s[1] + s[2] + s[3];
}

template <class T>
T largest(const T* x, Index count) {
  T m[4] = {-1, -1, -1, -1};
  for (Index i = 0; i + 4 <= count; i += 4)
    for (Index k = 0; k < 4; ++k) m[k] = m[k] < x[i + k] ? x[i + k] : m[k];
  return std::max(std::max(m[0], m[1]), std::max(m[2], m[3]));
}

std::vector<Row> reduction_rows(Plain& p, const Array<double>& x, const Array<double>& square) {
  const Index side = p.side;
  const auto sum = [&p] {
    sink = summed(p.n, [&](Index begin, Index end) { return sum_of(&p.x[at(begin)], end - begin); });
  };
  return {
      {"sum", [=] { sink = x.sum().item(); }, sum},
      {"mean", [=] { sink = x.mean().item(); }, sum},
      {"sum_axis_0", [=] { make(square.sum({.axis = 0})); },
       [&p, side] {
         Doubles part[2] = {Doubles(at(side)), Doubles(at(side))};
         both(side, [&](Index begin, Index end) {
           Doubles& mine = part[begin ? 1 : 0];
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) mine[at(c)] += p.x[at(r * side + c)];
         });
         for (Index c = 0; c < side; ++c) p.out[at(c)] = part[0][at(c)] + part[1][at(c)];
       }},
      {"sum_axis_1", [=] { make(square.sum({.axis = 1})); },
       [&p, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r) p.out[at(r)] = sum_of(&p.x[at(r * side)], side);
         });
       }},
      {"var", [=] { sink = x.var().item(); },
       [&p, sum] {
         sum();
         const double mean = sink / static_cast<double>(p.n);
         sink = summed(p.n, [&](Index begin, Index end) {
           double s[4] = {0, 0, 0, 0};
           for (Index i = begin; i + 4 <= end; i += 4)
             for (Index k = 0; k < 4; ++k) s[k] += (p.x[at(i + k)] - mean) * (p.x[at(i + k)] - mean);
           return s[0] + s[1] + s[2] + s[3];
         });
       }},
      {"max", [=] { sink = x.max().item(); },
       [&p] {
         sink = summed(p.n, [&](Index begin, Index end) { return largest(&p.x[at(begin)], end - begin); });
       }},
      {"argmin", [=] { sink = static_cast<double>(x.argmin().item()); },
       [&p] {
         sink = summed(p.n, [&](Index begin, Index end) {
           return static_cast<double>(std::min_element(&p.x[at(begin)], p.x.data() + end) - p.x.data());
         });
       }},
      {"count_nonzero", [=] { sink = static_cast<double>(x.count_nonzero().item()); },
       [&p] {
         sink = summed(p.n, [&](Index begin, Index end) {
           return static_cast<double>(
               std::count_if(&p.x[at(begin)], p.x.data() + end, [](double v) { return v != 0; }));
         });
       }},
      {"cumsum", [=] { make(cumsum(x)); },
       [&p] {
         const double first = sum_of(p.x.data(), p.n / 2);
         both(p.n, [&](Index begin, Index end) {
           double s = begin ? first : 0;
           for (Index i = begin; i < end; ++i) p.out[at(i)] = s += p.x[at(i)];
         });
       }},
      {"diff", [=] { make(diff(x)); },
       [&p] {
         both(p.n - 1, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = p.x[at(i + 1)] - p.x[at(i)];
         });
       }},
  };
}

std::vector<Row> index_rows(Plain& p, const Array<double>& x, const Array<double>& square) {
  const Index side = p.side, n = p.n;
  const Array<Index> list = there(weir::Random(5).integers<Index>({n / 16}, 0, n));
  return {
      {"mask", [=] { make(x(x > 0.5)); },
       [&p] {
         Index count[2] = {0, 0};
         both(p.n, [&](Index begin, Index end) {
           double* to = &p.out[at(begin)];
           Index k = 0;
           for (Index i = begin; i < end; ++i) {
             to[k] = p.x[at(i)];
             k += p.x[at(i)] > 0.5;
           }
           count[begin ? 1 : 0] = k;
         });
         std::copy_n(&p.out[at(p.n / 2)], count[1], &p.out[at(count[0])]);
       }},
      {"mask_set",
       [=] {
         Array<double> z = x;
         z(z > 0.5) = 0;
         make(z);
       },
       each(p, [](double a, double) { return a > 0.5 ? 0 : a; })},
      {"nonzero", [=] { make(nonzero(x > 0.5)[0]); },
       [&p] {
         auto* to = reinterpret_cast<Index*>(p.out.data());
         Index count[2] = {0, 0};
         both(p.n, [&](Index begin, Index end) {
           Index k = begin;
           for (Index i = begin; i < end; ++i) {
             to[k] = i;
             k += p.x[at(i)] > 0.5;
           }
           count[begin ? 1 : 0] = k - begin;
         });
         std::copy_n(to + p.n / 2, count[1], to + count[0]);
       }},
      {"list", [=] { make(x(list)); },
       [&p, n, numbers = list.compute()] {
         both(n / 16, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = p.x[at(numbers.data()[i])];
         });
       }},
      {"slice_set",
       [=] {
         Array<double> z = x;
         z(weir::range(n / 4, n / 2)) = 0;
         make(z);
       },
       [&p, n] {
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = i >= n / 4 && i < n / 2 ? 0 : p.x[at(i)];
         });
       }},
      {"transpose", [=] { make(transpose(square)); },
       [&p, side] {
         constexpr Index block = 32;
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; r += block)
             for (Index c = 0; c < side; c += block)
               for (Index i = r; i < std::min(end, r + block); ++i)
                 for (Index j = c; j < std::min(side, c + block); ++j)
                   p.out[at(i * side + j)] = p.x[at(j * side + i)];
         });
       }},
      {"concatenate",
       [=] {
         make(concatenate(std::vector{x, x})(weir::range(n / 2, n / 2 + n)));
       },
       [&p, n] {
         both(n, [&](Index begin, Index end) {
           std::copy_n(&p.x[at(begin ? 0 : n / 2)], end - begin, &p.out[at(begin)]);
         });
       }},
      {"roll", [=] { make(roll(x, 1000)); },
       [&p, n] {
         both(n - 1000, [&](Index begin, Index end) {
           std::copy_n(&p.x[at(begin)], end - begin, &p.out[at(begin + 1000)]);
         });
       }},
      {"flip", [=] { make(flip(x)); },
       [&p, n] {
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = p.x[at(n - 1 - i)];
         });
       }},
      {"repeat", [=] { make(repeat(x(weir::range(0, n / 2)), 2)); },
       [&p, n] {
         both(n / 2, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(2 * i)] = p.out[at(2 * i + 1)] = p.x[at(i)];
         });
       }},
      {"tril", [=] { make(tril(square)); },
       [&p, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) p.out[at(r * side + c)] = c <= r ? p.x[at(r * side + c)] : 0;
         });
       }},
      {"reshape", [=] { make(reshape(square, {-1})); },
       [&p, n] {
         both(n,
              [&](Index begin, Index end) { std::copy_n(&p.x[at(begin)], end - begin, &p.out[at(begin)]); });
       }},
  };
}

// Of a quarter of the elements.
std::vector<Row> order_rows(Plain& p, const Array<double>& whole) {
  const Index n = p.n / 4;
  const Array<double> x = there(whole(weir::range(0, n)));
  const Array<Index> numbers = there(weir::Random(6).integers<Index>({n}, 0, 1000));
  // What is counted must have places: where nobody says how far the numbers reach, that is found first.
  const auto counted = [n, given = numbers.compute()] {
    const auto most = static_cast<Index>(summed(n, [&](Index begin, Index end) {
      return static_cast<double>(largest(given.data() + begin, end - begin));
    }));
    std::vector<Index> part[2] = {std::vector<Index>(at(most) + 1), std::vector<Index>(at(most) + 1)};
    both(n, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) ++part[begin ? 1 : 0][at(given.data()[i])];
    });
    sink = static_cast<double>(part[0][0] + part[1][0]);
  };
  const auto binned = [&p, n] {
    std::vector<Index> part[2] = {std::vector<Index>(51), std::vector<Index>(51)};
    both(n, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) ++part[begin ? 1 : 0][at(static_cast<Index>(p.x[at(i)] * 50))];
    });
    sink = static_cast<double>(part[0][0] + part[1][0]);
  };
  const auto chosen = [&p, n](Index place) {
    std::copy_n(p.x.data(), n, p.out.data());
    std::nth_element(p.out.data(), p.out.data() + place, p.out.data() + n);
  };
  const Array<double> edges = there(weir::arange<double>(0, 1, 0.001));
  return {
      {"sort", [=] { make(sort(x)); },
       [&p, n] {
         std::copy_n(p.x.data(), n, p.out.data());
         both(n, [&](Index begin, Index end) { std::sort(p.out.data() + begin, p.out.data() + end); });
         std::inplace_merge(p.out.data(), p.out.data() + n / 2, p.out.data() + n);
       }},
      {"argsort", [=] { make(argsort(x)); },
       [&p, n] {
         auto* order = reinterpret_cast<Index*>(p.out.data());
         for (Index i = 0; i < n; ++i) order[i] = i;
         const auto less = [&](Index i, Index j) { return p.x[at(i)] < p.x[at(j)]; };
         both(n, [&](Index begin, Index end) { std::sort(order + begin, order + end, less); });
         std::inplace_merge(order, order + n / 2, order + n, less);
       }},
      {"unique", [=] { make(unique(numbers).counts); }, counted},
      {"topk", [=] { make(topk(x, 10)); },
       [&p, n] { std::partial_sort_copy(p.x.data(), p.x.data() + n, p.out.data(), p.out.data() + 10); }},
      {"percentile", [=] { make(percentile(x, {90})); }, [=] { chosen(n / 10 * 9); }},
      {"median", [=] { make(median(x)); }, [=] { chosen(n / 2); }},
      {"searchsorted", [=] { make(searchsorted(edges, x)); },
       [&p, n, list = edges.compute()] {
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i)
             p.out[at(i)] = static_cast<double>(
                 std::lower_bound(list.data(), list.data() + list.size(), p.x[at(i)]) - list.data());
         });
       }},
      {"histogram", [=] { make(histogram(x, 50, 0, 1)); }, binned},
      {"histogram_range", [=] { make(histogram(x, weir::Bins{.count = 50}).counts); },
       [&p, n, binned] {
         sink = summed(n, [&](Index begin, Index end) { return largest(&p.x[at(begin)], end - begin); });
         binned();
       }},
      {"bincount", [=] { make(bincount(numbers)); }, counted},
  };
}

std::vector<Row> block_rows(Plain& p, const Array<double>& x, const Array<double>& square) {
  const Index n = p.n, side = p.side, edge = static_cast<Index>(std::cbrt(static_cast<double>(n / 8)) + 0.5);
  const Array<double> cube =
      there(reshape(x(weir::range(0, edge * edge * edge)), {edge, edge, edge}).rechunk(weir::ChunkSpec{}));
  const Array<double> nine = there(weir::ones({9}));
  return {
      {"map_blocks",
       [=] { make(weir::map_blocks<double>([](const xt::xarray<double>& c) { return c; }, x)); },
       [&p, n] {
         both(n,
              [&](Index begin, Index end) { std::copy_n(&p.x[at(begin)], end - begin, &p.out[at(begin)]); });
       }},
      {"stencil_3d",
       [=] {
         Array<double> z = cube;
         for (int step = 0; step < 4; ++step)
           z = weir::map_overlap<double>(static_cast<xt::xarray<double> (*)(const xt::xarray<double>&)>(star),
                                         z, {.depth = {{1, 1}, {1, 1}, {1, 1}}});
         make(z);
       },
       [&p, edge] {
         double *from = p.y.data(), *to = p.out.data();
         for (int step = 0; step < 4; ++step, std::swap(from, to))
           both(edge, [&](Index begin, Index end) { star(from, to, edge, begin, end); });
       }},
      {"convolve", [=] { make(convolve(x, nine)); },
       [&p, n] {
         both(n - 9, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) {
             double s = 0;
             for (Index k = 0; k < 9; ++k) s += p.x[at(i + k)];
             p.out[at(i)] = s;
           }
         });
       }},
      {"gradient", [=] { make(gradient(x)); },
       [&p, n] {
         both(n - 2, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = (p.x[at(i + 2)] - p.x[at(i)]) / 2;
         });
       }},
      {"coarsen",
       [=] {
         make(coarsen(square, {2, 2}, [](const auto& b, const weir::Reduce& how) { return b.sum(how); }));
       },
       [&p, side] {
         both(side / 2, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side / 2; ++c) {
               const double* v = &p.x[at(2 * r * side + 2 * c)];
               p.out[at(r * (side / 2) + c)] = v[0] + v[1] + v[side] + v[side + 1];
             }
         });
       }},
      {"random",
       [=] {
         make(weir::Random(7).uniform({side, side}));
       },
       [&p, n] {
         both(n, [&](Index begin, Index end) {
           std::uint64_t s = static_cast<std::uint64_t>(begin) + 1;
           for (Index i = begin; i < end; ++i) {
             s ^= s << 13, s ^= s >> 7, s ^= s << 17;
             p.out[at(i)] = static_cast<double>(s >> 11) * 0x1p-53;
           }
         });
       }},
      {"normal",
       [=] {
         make(weir::Random(8).normal({side / 2, side / 2}));
       },
       [&p, n] {
         both(n / 8, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) {
             const double r = std::sqrt(-2 * std::log(1 - p.x[at(2 * i)])),
                          turn = 6.283185307179586477 * p.x[at(2 * i + 1)];
             p.out[at(2 * i)] = r * std::cos(turn);
             p.out[at(2 * i + 1)] = r * std::sin(turn);
           }
         });
       }},
      {"arange", [=] { make(weir::arange<double>(0, static_cast<double>(n))); },
       [&p, n] {
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) p.out[at(i)] = static_cast<double>(i);
         });
       }},
  };
}

std::vector<Row> algebra_rows(Plain& p, const Array<double>& square) {
  const Index side = p.side / 2, n = p.n / 16;
  const Array<double> a = there(
                          square(weir::range(0, side), weir::range(0, side)).rechunk(weir::ChunkSpec{})),
                      row = there(reshape(a, {-1})(weir::range(0, side)).rechunk(weir::ChunkSpec{})),
                      line = there(reshape(a, {-1})(weir::range(0, n)).rechunk(weir::ChunkSpec{}));
  return {
      {"matmul", [=] { make(matmul(a, a)); },
       [&p, side] {
         blas([&] {
           cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, int(side), int(side), int(side), 1,
                       p.x.data(), int(side), p.y.data(), int(side), 0, p.out.data(), int(side));
         });
       }},
      {"matvec", [=] { make(matmul(a, row)); },
       [&p, side] {
         blas([&] {
           cblas_dgemv(CblasRowMajor, CblasNoTrans, int(side), int(side), 1, p.x.data(), int(side),
                       p.y.data(), 1, 0, p.out.data(), 1);
         });
       }},
      {"outer", [=] { make(weir::outer(row, row)); },
       [&p, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) p.out[at(r * side + c)] = p.x[at(r)] * p.x[at(c)];
         });
       }},
      {"fft", [=] { make(weir::fft(line)); },
       [&p, n] {
         auto* in = reinterpret_cast<fftw_complex*>(p.y.data());
         auto* out = reinterpret_cast<fftw_complex*>(p.out.data());
         const fftw_plan plan = fftw_plan_dft_1d(int(n), in, out, FFTW_FORWARD, FFTW_ESTIMATE);
         fftw_execute(plan);
         fftw_destroy_plan(plan);
       }},
      {"fft_rows", [=] { make(weir::fft(a)); },
       [&p, side] {
         auto* in = reinterpret_cast<fftw_complex*>(p.y.data());
         auto* out = reinterpret_cast<fftw_complex*>(p.out.data());
         const int length = int(side);
         const fftw_plan plan = fftw_plan_many_dft(1, &length, int(side / 2), in, nullptr, 1, length, out,
                                                   nullptr, 1, length, FFTW_FORWARD, FFTW_ESTIMATE);
         both(2, [&](Index begin, Index) {
           const Index from = begin * side * (side / 2);
           fftw_execute_dft(plan, in + from, out + from);
         });
         fftw_destroy_plan(plan);
       }},
  };
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const Index side = static_cast<Index>(
                    std::sqrt(static_cast<double>(bench::option(argc, argv, "--elements", 1 << 24)))),
                n = side * side;
    const long rounds = bench::option(argc, argv, "--rounds", 5);
    std::string only;
    for (int i = 1; i + 1 < argc; ++i)
      if (std::string(argv[i]) == "--only") only = argv[i + 1];
    Plain plain(n);
    const Array<double> square = there(weir::Random(1).uniform({side, side})),
                        x = there(weir::Random(2).uniform({n})), y = there(weir::Random(3).uniform({n}));
    for (const auto& family :
         {elementwise_rows(plain, x, y), math_rows(plain, x, y), reduction_rows(plain, x, square),
          index_rows(plain, x, square), order_rows(plain, x), block_rows(plain, x, square),
          algebra_rows(plain, square), further_rows(plain, x, square), complex_rows(plain),
          further_algebra_rows(plain, square), small_rows(plain, x), type_rows(x, square)})
      for (const Row& row : family) {
        if (!only.empty() && ("," + only + ",").find("," + std::string(row.name) + ",") == std::string::npos)
          continue;
        const auto timed = [&](const std::function<void()>& work) {
          const auto start = bench::Clock::now();
          work();
          return 1e3 * bench::seconds_since(start);
        };
        const double first = timed(row.ours);
        double best = 1e9, alone = 1e9;
        row.plain();
        constexpr double worth_it = 200;  // of what is short there are more rounds
        double spent = 0;
        for (long i = 0; i < rounds || spent < worth_it; ++i) {
          if (std::exchange(blas_is_awake, false)) {  // its thread would take a core from what is measured
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
            spent += 150;
            row.ours();  // a later round, as all others: not the first after a silence
          }
          const double ours = timed(row.ours), plainly = timed(row.plain);
          best = std::min(best, ours);
          alone = std::min(alone, plainly);
          spent += ours + plainly;
        }
        const std::string name = row.name;
        bench::print((name + "_first_ms").c_str(), first);
        bench::print((name + "_ms").c_str(), best);
        bench::print((name + "_plain_ms").c_str(), alone);
        std::fflush(stdout);
      }
  });
}
