// Rows of a quarter of the elements: what array_functions.cpp leaves out of elementwise functions,
// reductions, shapes, orders, counts, random numbers.
#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <memory>
#include <random>
#include <utility>

#include "array_rows.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/histogram.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"

namespace bench {

namespace {

// Arrays, and the same elements for plain loops.
template <class T>
struct Both {
  explicit Both(const Array<T>& of) : array(there(of)), plain(array.compute()) {}
  Array<T> array;
  xt::xarray<T> plain;
};
template <class T>
using Shared = std::shared_ptr<const Both<T>>;
template <class T>
Shared<T> shared(const Array<T>& x) {
  return std::make_shared<const Both<T>>(x);
}

// f of each of the elements, on two threads.
template <class R, class F, class... T>
std::function<void()> over(Plain& p, F f, Shared<T>... in) {
  return [&p, f, in...] {
    auto* to = reinterpret_cast<R*>(p.out.data());
    const Index count = std::min({static_cast<Index>(in->plain.size())...});
    const auto loop = [&](Index begin, Index end, const T*... from) {
      for (Index i = begin; i < end; ++i) to[i] = f(from[i]...);
    };
    both(count, [&](Index begin, Index end) { loop(begin, end, in->plain.data()...); });
  };
}
// f(begin, end) of both halves, added up.
template <class F>
std::function<void()> folded(Index count, F f) {
  return [=] { sink = summed(count, f); };
}
// Four places at a time, as a compiler may not make them.
template <class F>
double four(const double* x, Index begin, Index end, double start, F f) {
  double s[4] = {start, start, start, start};
  for (Index i = begin; i + 4 <= end; i += 4)
    for (Index k = 0; k < 4; ++k) s[k] = f(s[k], x[i + k]);
  return f(f(s[0], s[1]), f(s[2], s[3]));
}
double or_zero(double v) { return v == v ? v : 0; }

std::vector<Row> real_rows(Plain& p, const Shared<double>& a, const Shared<double>& b) {
  const auto& x = a->array;
  const auto& y = b->array;
  const auto one = [&](const char* name, auto ours, auto plain) {
    using R = decltype(plain(0.0));
    return Row{name, [=] { make(ours(x)); }, over<R>(p, plain, a)};
  };
  const auto two = [&](const char* name, auto ours, auto plain) {
    using R = decltype(plain(0.0, 0.0));
    return Row{name, [=] { make(ours(x, y)); }, over<R>(p, plain, a, b)};
  };
  const auto close = [](double u, double v) { return std::fabs(u - v) <= 1e-8 + 1e-5 * std::fabs(v); };
  return {
      two(
          "subtract", [](auto& u, auto& v) { return u - v; }, [](double u, double v) { return u - v; }),
      two(
          "multiply", [](auto& u, auto& v) { return u * v; }, [](double u, double v) { return u * v; }),
      two(
          "minimum", [](auto& u, auto& v) { return minimum(u, v); },
          [](double u, double v) { return u < v || u != u ? u : v; }),
      two(
          "fmin", [](auto& u, auto& v) { return fmin(u, v); },
          [](double u, double v) { return u < v || v != v ? u : v; }),
      two(
          "fmax", [](auto& u, auto& v) { return fmax(u, v); },
          [](double u, double v) { return u > v || v != v ? u : v; }),
      two(
          "pow_array", [](auto& u, auto& v) { return pow(u, v); },
          [](double u, double v) { return std::pow(u, v); }),
      two(
          "equal", [](auto& u, auto& v) { return u == v; }, [](double u, double v) { return u == v; }),
      two(
          "isclose", [](auto& u, auto& v) { return weir::isclose(u, v); }, close),
      {"allclose", [=] { sink = weir::allclose(x, x); },
       folded(x.size(),
              [=](Index begin, Index end) {
                bool all = true;
                for (Index i = begin; i < end; ++i) all = all & close(a->plain.data()[i], a->plain.data()[i]);
                return double(all);
              })},
      one(
          "square", [](auto& u) { return square(u); }, [](double u) { return u * u; }),
      one(
          "negative", [](auto& u) { return -u; }, [](double u) { return -u; }),
      one(
          "sign", [](auto& u) { return sign(u); },
          [](double u) { return u != u ? u : double((u > 0) - (u < 0)); }),
      one(
          "ceil", [](auto& u) { return ceil(u); }, [](double u) { return std::ceil(u); }),
      one(
          "trunc", [](auto& u) { return trunc(u); }, [](double u) { return std::trunc(u); }),
      one(
          "rint", [](auto& u) { return rint(u); }, [](double u) { return std::nearbyint(u); }),
      one(
          "nan_to_num", [](auto& u) { return nan_to_num(u); },
          [](double u) {
            return u != u ? 0 : std::min(std::max(u, -1.7976931348623157e308), 1.7976931348623157e308);
          }),
      one(
          "isnan", [](auto& u) { return isnan(u); }, [](double u) { return u != u; }),
      one(
          "isinf", [](auto& u) { return isinf(u); }, [](double u) { return std::fabs(u) == HUGE_VAL; }),
      one(
          "isfinite", [](auto& u) { return isfinite(u); }, [](double u) { return std::fabs(u) < HUGE_VAL; }),
      one(
          "signbit", [](auto& u) { return signbit(u); }, [](double u) { return std::signbit(u); }),
  };
}

std::vector<Row> integer_rows(Plain& p, Index n) {
  weir::Random random(11);
  const auto i = shared(random.integers<Index>({n}, 1, 1 << 20)),
             j = shared(random.integers<Index>({n}, 1, 30));
  const auto k = shared(random.bernoulli({n})), m = shared(random.bernoulli({n}));
  const auto f = shared(random.uniform<float>({n}));
  const auto whole = [&](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(i->array, j->array)); }, over<Index>(p, plain, i, j)};
  };
  const auto truth = [&](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(k->array, m->array)); }, over<bool>(p, plain, k, m)};
  };
  const auto single = [&](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(f->array)); }, over<float>(p, plain, f)};
  };
  return {
      whole(
          "bit_and", [](auto& u, auto& v) { return u & v; }, [](Index u, Index v) { return u & v; }),
      whole(
          "bit_or", [](auto& u, auto& v) { return u | v; }, [](Index u, Index v) { return u | v; }),
      whole(
          "bit_xor", [](auto& u, auto& v) { return u ^ v; }, [](Index u, Index v) { return u ^ v; }),
      whole(
          "bit_not", [](auto& u, auto&) { return ~u; }, [](Index u, Index) { return ~u; }),
      whole(
          "left_shift", [](auto& u, auto& v) { return weir::left_shift(u, v); },
          [](Index u, Index v) { return v < 0 || v >= 64 ? 0 : u << v; }),
      whole(
          "right_shift", [](auto& u, auto& v) { return weir::right_shift(u, v); },
          [](Index u, Index v) { return v < 0 || v >= 64 ? (u < 0 ? -1 : 0) : u >> v; }),
      whole(
          "int_multiply", [](auto& u, auto& v) { return u * v; }, [](Index u, Index v) { return u * v; }),
      whole(
          "int_divide", [](auto& u, auto& v) { return weir::floor_divide(u, v); },
          [](Index u, Index v) { return v == 0 ? 0 : u / v - (u % v != 0 && (u < 0) != (v < 0)); }),
      whole(
          "int_mod", [](auto& u, auto& v) { return u % v; },
          [](Index u, Index v) {
            const Index r = v == 0 ? 0 : u % v;
            return r != 0 && (r < 0) != (v < 0) ? r + v : r;
          }),
      whole(
          "int_pow", [](auto& u, auto&) { return pow(u, 3); }, [](Index u, Index) { return u * u * u; }),
      {"int_sum", [=] { sink = double(i->array.sum().item()); },
       folded(n,
              [=](Index begin, Index end) {
                Index s = 0;
                for (Index q = begin; q < end; ++q) s += i->plain.data()[q];
                return double(s);
              })},
      truth(
          "logical_and", [](auto& u, auto& v) { return u && v; }, [](bool u, bool v) { return bool(u & v); }),
      truth(
          "logical_or", [](auto& u, auto& v) { return u || v; }, [](bool u, bool v) { return bool(u | v); }),
      truth(
          "logical_not", [](auto& u, auto&) { return !u; }, [](bool u, bool) { return !u; }),
      single(
          "float_sqrt", [](auto& u) { return sqrt(u); }, [](float u) { return std::sqrt(u); }),
      single(
          "float_exp", [](auto& u) { return exp(u); }, [](float u) { return std::exp(u); }),
      single(
          "float_pow", [](auto& u) { return pow(u, 1.7F); }, [](float u) { return std::pow(u, 1.7F); }),
  };
}

std::vector<Row> fold_rows(Plain& p, const Shared<double>& a, const Shared<double>& s) {
  const Array<double>&x = a->array, &square = s->array;
  const Index n = x.size(), side = square.shape(0);
  const double* v = a->plain.data();
  const double* w = s->plain.data();
  const auto ones = shared(weir::ones({n}));
  const double* u = ones->plain.data();
  const auto sum = folded(n, [=](Index begin, Index end) {
    return four(v, begin, end, 0, [](double t, double e) { return t + or_zero(e); });
  });
  const auto variance = [=] {
    sum();
    const double mean = sink / double(n);
    sink = summed(n, [=](Index begin, Index end) {
      return four(v, begin, end, 0, [=](double t, double e) {
        const double apart = or_zero(e) - mean;
        return t + apart * apart;
      });
    });
  };
  const auto extreme = folded(n, [=](Index begin, Index end) {
    return four(v, begin, end, -1, [](double t, double e) { return e > t ? e : t; });
  });
  const auto product = folded(n, [=](Index begin, Index end) {
    return four(u, begin, end, 1, [](double t, double e) { return t * e; });
  });
  // A fold of each column into places that are there, of each row into one.
  const auto columns = [&p, w, side](auto f) {
    return [&p, w, side, f] {
      both(side, [&](Index begin, Index end) {
        double* to = p.out.data();
        std::copy(w + begin, w + end, to + begin);
        for (Index r = 1; r < side; ++r)
          for (Index c = begin; c < end; ++c) to[c] = f(to[c], w[r * side + c]);
      });
    };
  };
  const auto rows = [&p, side](auto f) {
    return [&p, side, f] {
      both(side, [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) p.out[at(r)] = f(r);
      });
    };
  };
  const auto row_sum = [=](Index r) {
    return four(w + r * side, 0, side, 0, [](double t, double e) { return t + e; });
  };
  return {
      {"prod", [=] { sink = ones->array.prod().item(); }, product},
      {"std", [=] { sink = x.std().item(); }, variance},
      {"min", [=] { sink = x.min().item(); }, extreme},
      {"ptp", [=] { sink = ptp(x).item(); },
       folded(n,
              [=](Index begin, Index end) {
                return four(v, begin, end, -1, [](double t, double e) { return e > t ? e : t; }) -
                       four(v, begin, end, 2, [](double t, double e) { return e < t ? e : t; });
              })},
      {"argmax", [=] { sink = double(x.argmax().item()); },
       folded(n, [=](Index begin, Index end) { return double(std::max_element(v + begin, v + end) - v); })},
      {"any", [=] { sink = (x > 2).any().item(); },
       folded(n,
              [=](Index begin, Index end) {
                bool any = false;
                for (Index i = begin; i < end; ++i) any = any | (v[i] > 2);
                return double(any);
              })},
      {"all", [=] { sink = (x < 2).all().item(); },
       folded(n,
              [=](Index begin, Index end) {
                bool all = true;
                for (Index i = begin; i < end; ++i) all = all & (v[i] < 2);
                return double(all);
              })},
      {"nansum", [=] { sink = x.nansum().item(); }, sum},
      {"nanprod", [=] { sink = ones->array.nanprod().item(); }, product},
      {"nanmean", [=] { sink = x.nanmean().item(); }, sum},
      {"nanvar", [=] { sink = x.nanvar().item(); }, variance},
      {"nanstd", [=] { sink = x.nanstd().item(); }, variance},
      {"nanmin", [=] { sink = x.nanmin().item(); }, extreme},
      {"nanmax", [=] { sink = x.nanmax().item(); }, extreme},
      {"average", [=] { sink = average(x, ones->array).item(); },
       folded(n,
              [=](Index begin, Index end) {
                double t[8] = {};
                for (Index i = begin; i + 4 <= end; i += 4)
                  for (Index k = 0; k < 4; ++k) t[k] += v[i + k] * u[i + k], t[4 + k] += u[i + k];
                return (t[0] + t[1] + t[2] + t[3]) / (t[4] + t[5] + t[6] + t[7]);
              })},
      {"cumprod", [=] { make(cumprod(ones->array)); },
       [&p, n, u] {
         const double first = four(u, 0, n / 2, 1, [](double t, double e) { return t * e; });
         both(n, [&](Index begin, Index end) {
           double t = begin ? first : 1;
           for (Index i = begin; i < end; ++i) p.out[at(i)] = t *= u[i];
         });
       }},
      {"max_axis_0", [=] { make(square.max({.axis = 0})); },
       columns([](double t, double e) { return e > t ? e : t; })},
      {"max_axis_1", [=] { make(square.max({.axis = 1})); }, rows([=](Index r) {
         return four(w + r * side, 0, side, -1, [](double t, double e) { return e > t ? e : t; });
       })},
      {"var_axis_0", [=] { make(square.var({.axis = 0})); },
       [&p, w, side, columns] {
         columns([](double t, double e) { return t + e; })();
         both(side, [&](Index begin, Index end) {
           double *mean = p.out.data(), *to = mean + side;
           for (Index c = begin; c < end; ++c) mean[c] /= double(side), to[c] = 0;
           for (Index r = 0; r < side; ++r)
             for (Index c = begin; c < end; ++c) {
               const double apart = w[r * side + c] - mean[c];
               to[c] += apart * apart;
             }
         });
       }},
      {"var_axis_1", [=] { make(square.var({.axis = 1})); }, rows([=](Index r) {
         const double mean = row_sum(r) / double(side);
         return four(w + r * side, 0, side, 0,
                     [=](double t, double e) { return t + (e - mean) * (e - mean); });
       })},
      {"argmin_axis_0", [=] { make(square.argmin({.axis = 0})); },
       [&p, w, side] {
         both(side, [&](Index begin, Index end) {
           double* least = p.out.data();
           auto* where = reinterpret_cast<Index*>(least + side);
           for (Index c = begin; c < end; ++c) least[c] = w[c], where[c] = 0;
           for (Index r = 1; r < side; ++r)
             for (Index c = begin; c < end; ++c) {
               const bool less = w[r * side + c] < least[c];
               least[c] = less ? w[r * side + c] : least[c];
               where[c] = less ? r : where[c];
             }
         });
       }},
      {"argmin_axis_1", [=] { make(square.argmin({.axis = 1})); }, rows([=](Index r) {
         const double* row = w + r * side;
         return double(std::min_element(row, row + side) - row);
       })},
      {"any_axis_1", [=] { make((square > 2).any({.axis = 1})); }, rows([=](Index r) {
         bool any = false;
         for (Index c = 0; c < side; ++c) any = any | (w[r * side + c] > 2);
         return double(any);
       })},
      {"cumsum_axis_0", [=] { make(cumsum(square, 0)); },
       [&p, w, side] {
         both(side, [&](Index begin, Index end) {
           std::copy(w + begin, w + end, p.out.data() + begin);
           for (Index r = 1; r < side; ++r)
             for (Index c = begin; c < end; ++c)
               p.out[at(r * side + c)] = p.out[at((r - 1) * side + c)] + w[r * side + c];
         });
       }},
      {"trace", [=] { sink = trace(square).item(); },
       [w, side] {
         double t = 0;
         for (Index r = 0; r < side; ++r) t += w[r * side + r];
         sink = t;
       }},
      {"reduction",
       [=] {
         const auto fold = [](const xt::xarray<double>& c, const weir::Shape& axes) -> xt::xarray<double> {
           xt::xarray<double> out = xt::zeros<double>(std::vector<std::size_t>(axes.size(), 1));
           for (std::size_t i = 0; i < c.size(); ++i) out.data()[0] += c.data()[i];
           return out;
         };
         sink = weir::reduction<double>(square, fold, fold).item();
       },
       [=] {
         sink = summed(n, [=](Index begin, Index end) {
           double t = 0;
           for (Index i = begin; i < end; ++i) t += w[i];
           return t;
         });
       }},
      {"apply_along_axis",
       [=] {
         make(weir::apply_along_axis<double>(
             [](const xt::xarray<double>& line) -> xt::xarray<double> {
               double t = 0;
               for (const double e : line) t += e;
               return xt::xarray<double>({t});
             },
             1, square, 1));
       },
       rows([=](Index r) {
         double t = 0;
         for (Index c = 0; c < side; ++c) t += w[r * side + c];
         return t;
       })},
  };
}

std::vector<Row> shape_rows(Plain& p, const Shared<double>& a, const Shared<double>& s) {
  const Array<double>&x = a->array, &square = s->array;
  const Index n = x.size(), side = square.shape(0);
  const double* v = a->plain.data();
  const double* w = s->plain.data();
  const Index edge = 1 << (std::bit_width(static_cast<std::uint64_t>(n)) / 3), inner = n / edge / edge;
  const auto cube =
      there(reshape(x(weir::range(0, edge * edge * inner)), {edge, edge, inner}).rechunk(weir::ChunkSpec{}));
  const auto list = there(square(0).rechunk(weir::ChunkSpec{}));
  const auto halves = [n](auto f) { return [n, f] { both(n, f); }; };
  const auto lines = [side](auto f) {
    return [side, f] {
      both(side, [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) f(r);
      });
    };
  };
  const auto copied =
      halves([&p, v](Index begin, Index end) { std::copy(v + begin, v + end, &p.out[at(begin)]); });
  const auto twice = halves([&p, v, n](Index begin, Index end) {
    std::copy(v + begin, v + end, &p.out[at(begin)]);
    std::copy(v + begin, v + end, &p.out[at(begin + n)]);
  });
  // Of (a, b, c) the element (j, k, i), (b, j, k).
  const auto moved = [&p, v, edge, inner] {
    both(edge, [&](Index begin, Index end) {
      constexpr Index tile = 32;
      for (Index j = begin; j < end; ++j)
        for (Index k0 = 0; k0 < inner; k0 += tile)
          for (Index i0 = 0; i0 < edge; i0 += tile)
            for (Index k = k0; k < std::min(inner, k0 + tile); ++k)
              for (Index i = i0; i < std::min(edge, i0 + tile); ++i)
                p.out[at((j * inner + k) * edge + i)] = v[(i * edge + j) * inner + k];
    });
  };
  const auto swapped = [&p, v, edge, inner] {
    both(edge, [&](Index begin, Index end) {
      for (Index j = begin; j < end; ++j)
        for (Index i = 0; i < edge; ++i)
          std::copy_n(v + (i * edge + j) * inner, inner, &p.out[at((j * edge + i) * inner)]);
    });
  };
  return {
      {"moveaxis", [=] { make(moveaxis(cube, 0, 2)); }, moved},
      {"swapaxes", [=] { make(swapaxes(cube, 0, 1)); }, swapped},
      {"stack",
       [=] {
         make(stack(std::vector{x, x}));
       },
       twice},
      {"block",
       [=] {
         make(weir::block<double>({{square, square}}));
       },
       lines([&p, w, side](Index r) {
         std::copy_n(w + r * side, side, &p.out[at(2 * r * side)]);
         std::copy_n(w + r * side, side, &p.out[at((2 * r + 1) * side)]);
       })},
      {"pad",
       [=] {
         make(pad(square, {{3, 3}, {3, 3}}));
       },
       lines([&p, w, side](Index r) {
         double* to = &p.out[at((r + 3) * (side + 6))];
         std::fill_n(to, 3, 0.0);
         std::copy_n(w + r * side, side, to + 3);
         std::fill_n(to + 3 + side, 3, 0.0);
       })},
      {"pad_reflect",
       [=] {
         make(pad(square, {{3, 3}, {3, 3}}, weir::PadMode::reflect));
       },
       lines([&p, w, side](Index r) {
         const double* from = w + r * side;
         double* to = &p.out[at((r + 3) * (side + 6))];
         for (Index k = 0; k < 3; ++k) to[k] = from[3 - k], to[3 + side + k] = from[side - 2 - k];
         std::copy_n(from, side, to + 3);
       })},
      {"tile", [=] { make(tile(x, {2})); }, twice},
      {"triu", [=] { make(triu(square)); }, lines([&p, w, side](Index r) {
         for (Index c = 0; c < side; ++c) p.out[at(r * side + c)] = c >= r ? w[r * side + c] : 0;
       })},
      {"diag", [=] { make(diag(list)); }, lines([&p, w, side](Index r) {
         std::fill_n(&p.out[at(r * side)], side, 0.0);
         p.out[at(r * side + r)] = w[r];
       })},
      {"broadcast_to",
       [=] {
         make(broadcast_to(list, {side, side}));
       },
       lines([&p, w, side](Index r) { std::copy_n(w, side, &p.out[at(r * side)]); })},
      {"meshgrid",
       [=] {
         make(meshgrid(std::vector{list, list})[1]);
       },
       lines([&p, w, side](Index r) { std::fill_n(&p.out[at(r * side)], side, w[r]); })},
      {"split", [=] { make(split(x, 2)[1]); },
       [&p, v, n] {
         both(n / 2, [&](Index begin, Index end) {
           std::copy(v + n / 2 + begin, v + n / 2 + end, &p.out[at(begin)]);
         });
       }},
      {"fftshift", [=] { make(weir::fftshift(x)); }, copied},
      {"zeros", [=] { make(weir::zeros({n})); },
       halves([&p](Index begin, Index end) { std::fill(&p.out[at(begin)], p.out.data() + end, 0.0); })},
      {"eye", [=] { make(weir::eye(side)); }, lines([&p, side](Index r) {
         std::fill_n(&p.out[at(r * side)], side, 0.0);
         p.out[at(r * side + r)] = 1;
       })},
      {"linspace", [=] { make(weir::linspace(0.0, 1.0, n)); }, halves([&p, n](Index begin, Index end) {
         for (Index i = begin; i < end; ++i) p.out[at(i)] = double(i) / double(n - 1);
       })},
      {"from_function",
       [=] {
         make(weir::from_function<double>(
             [](const weir::BlockInfo& block) {
               auto chunk = xt::xarray<double>::from_shape(
                   std::vector<std::size_t>(block.shape.begin(), block.shape.end()));
               for (std::size_t i = 0; i < chunk.size(); ++i)
                 chunk.data()[i] = double(block.start[0]) + double(i);
               return chunk;
             },
             {n}));
       },
       halves([&p](Index begin, Index end) {
         for (Index i = begin; i < end; ++i) p.out[at(i)] = double(i);
       })},
      {"rechunk",
       [=] {
         make(square.rechunk({side, side / 16}));
       },
       [&p, w, side] {
         both(16, [&](Index begin, Index end) {
           for (Index c = begin; c < end; ++c)
             for (Index r = 0; r < side; ++r)
               std::copy_n(w + r * side + c * (side / 16), side / 16,
                           &p.out[at((c * side + r) * (side / 16))]);
         });
       }},
  };
}

std::vector<Row> ranked_rows(Plain& p, const Shared<double>& a, const Shared<double>& s) {
  const Array<double>&x = a->array, &square = s->array;
  const Index n = x.size(), side = square.shape(0);
  const double* v = a->plain.data();
  const double* w = s->plain.data();
  const auto numbers = shared(weir::Random(6).integers<Index>({n}, 0, 1000));
  const Index* few = numbers->plain.data();
  const auto values = there(weir::arange<Index>(0, 1000, 20));
  std::vector<double> bins;
  for (int i = 0; i <= 50; ++i) bins.push_back(i / 50.0);
  const auto chosen = [&p, n, v](Index place) {
    return [&p, n, v, place] {
      std::copy_n(v, n, p.out.data());
      std::nth_element(p.out.data(), p.out.data() + place, p.out.data() + n);
    };
  };
  const auto lines = [&p, side](auto f) {
    return [&p, side, f] {
      both(side, [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) f(r, &p.out[at(r * side)]);
      });
    };
  };
  return {
      {"nanmedian", [=] { make(nanmedian(x)); }, chosen(n / 2)},
      {"nanpercentile", [=] { make(nanpercentile(x, {90})); }, chosen(n / 10 * 9)},
      {"quantile", [=] { make(quantile(x, {0.9})); }, chosen(n / 10 * 9)},
      {"median_rows", [=] { make(median(square, 1)); }, lines([w, side](Index r, double* to) {
         std::copy_n(w + r * side, side, to);
         std::nth_element(to, to + side / 2, to + side);
       })},
      {"median_columns", [=] { make(median(square, 0)); }, lines([w, side](Index r, double* to) {
         for (Index i = 0; i < side; ++i) to[i] = w[i * side + r];
         std::nth_element(to, to + side / 2, to + side);
       })},
      {"sort_rows", [=] { make(sort(square)); }, lines([w, side](Index r, double* to) {
         std::copy_n(w + r * side, side, to);
         std::sort(to, to + side);
       })},
      {"sort_columns", [=] { make(sort(square, 0)); }, lines([w, side](Index r, double* to) {
         for (Index i = 0; i < side; ++i) to[i] = w[i * side + r];
         std::sort(to, to + side);
       })},
      {"argtopk", [=] { make(argtopk(x, 10)); },
       [v, n] {
         std::vector<Index> order(at(n)), best(10);
         for (Index i = 0; i < n; ++i) order[at(i)] = i;
         std::partial_sort_copy(order.begin(), order.end(), best.begin(), best.end(),
                                [v](Index i, Index j) { return v[i] > v[j]; });
       }},
      {"digitize", [=] { make(digitize(x, bins)); },
       [&p, v, n, bins] {
         both(n, [&](Index begin, Index end) {
           auto* to = reinterpret_cast<Index*>(p.out.data());
           for (Index i = begin; i < end; ++i)
             to[i] = std::upper_bound(bins.begin(), bins.end(), v[i]) - bins.begin();
         });
       }},
      {"isin", [=] { make(isin(numbers->array, values)); },
       [&p, few, n, list = values.compute()] {
         both(n, [&](Index begin, Index end) {
           auto* to = reinterpret_cast<bool*>(p.out.data());
           for (Index i = begin; i < end; ++i)
             to[i] = std::binary_search(list.data(), list.data() + list.size(), few[i]);
         });
       }},
      {"argwhere", [=] { make(argwhere(square > 0.5)); },
       [&p, w, n, side] {
         auto* to = reinterpret_cast<Index*>(p.out.data());
         Index count[2] = {0, 0};
         both(side, [&](Index begin, Index end) {
           Index k = 2 * begin * side;
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) {
               to[k] = r, to[k + 1] = c;
               k += w[r * side + c] > 0.5 ? 2 : 0;
             }
           count[begin ? 1 : 0] = k - 2 * begin * side;
         });
         std::copy_n(to + n, count[1], to + count[0]);
       }},
      {"bincount_weights", [=] { make(bincount(numbers->array, x)); },
       [few, v, n] {
         Index most = 0;
         for (Index i = 0; i < n; ++i) most = std::max(most, few[i]);
         Doubles part[2] = {Doubles(at(most) + 1), Doubles(at(most) + 1)};
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) part[begin ? 1 : 0][at(few[i])] += v[i];
         });
         sink = part[0][0] + part[1][0];
       }},
      {"histogram2d",
       [=] {
         const weir::Bins twenty{.count = 20, .range = {{0.0, 1.0}}};
         make(histogram2d(x, x, twenty, twenty).counts);
       },
       [v, n] {
         std::vector<Index> part[2] = {std::vector<Index>(441), std::vector<Index>(441)};
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i)
             ++part[begin ? 1 : 0][at(Index(v[i] * 20) * 20 + Index(v[i] * 20))];
         });
         sink = double(part[0][0] + part[1][0]);
       }},
      {"histogram_edges",
       [=] {
         make(histogram(x, {0.0, 0.1, 0.3, 0.35, 0.7, 0.72, 0.9, 1.0}));
       },
       [v, n] {
         const double edges[] = {0.0, 0.1, 0.3, 0.35, 0.7, 0.72, 0.9, 1.0};
         std::vector<Index> part[2] = {std::vector<Index>(8), std::vector<Index>(8)};
         both(n, [&](Index begin, Index end) {
           for (Index i = begin; i < end; ++i) {
             Index bin = -1;
             for (const double edge : edges) bin += v[i] >= edge;
             ++part[begin ? 1 : 0][at(bin)];
           }
         });
         sink = double(part[0][0] + part[1][0]);
       }},
  };
}

// Beside what the standard library has: two Mersenne twisters.
template <class R, class D>
std::function<void()> drawn(Plain& p, Index n, D distribution) {
  return [&p, n, distribution] {
    both(n, [&](Index begin, Index end) {
      std::mt19937_64 random(static_cast<std::uint64_t>(begin));
      D mine = distribution;
      auto* to = reinterpret_cast<R*>(p.out.data());
      for (Index i = begin; i < end; ++i) to[i] = static_cast<R>(mine(random));
    });
  };
}
std::vector<Row> random_rows(Plain& p, Index n) {
  using weir::Random;
  return {
      {"lognormal", [=] { make(Random(21).lognormal({n})); },
       drawn<double>(p, n, std::lognormal_distribution<>())},
      {"exponential", [=] { make(Random(22).exponential({n})); },
       drawn<double>(p, n, std::exponential_distribution<>())},
      {"poisson", [=] { make(Random(23).poisson({n}, 4)); },
       drawn<Index>(p, n, std::poisson_distribution<Index>(4))},
      {"bernoulli", [=] { make(Random(24).bernoulli({n})); },
       drawn<bool>(p, n, std::bernoulli_distribution())},
      {"integers", [=] { make(Random(25).integers({n}, 0, 1000)); },
       drawn<Index>(p, n, std::uniform_int_distribution<Index>(0, 999))},
      {"permutation", [=] { make(Random(26).permutation(n)); },
       [&p, n] {
         auto* to = reinterpret_cast<Index*>(p.out.data());
         for (Index i = 0; i < n; ++i) to[i] = i;
         std::shuffle(to, to + n, std::mt19937_64(1));
       }},
  };
}

}  // namespace

std::vector<Row> further_rows(Plain& p, const Array<double>& x, const Array<double>& square) {
  const Index n = p.n / 4, side = p.side / 2;
  const auto part = [&](const Array<double>& of) { return shared(of.rechunk(weir::ChunkSpec{})); };
  const auto a = part(x(weir::range(0, n))), b = part(x(weir::range(n, 2 * n))),
             s = part(square(weir::range(0, side), weir::range(0, side)));
  std::vector<Row> all;
  for (auto& rows : {real_rows(p, a, b), integer_rows(p, n), fold_rows(p, a, s), shape_rows(p, a, s),
                     ranked_rows(p, a, s), random_rows(p, n)})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

}  // namespace bench
