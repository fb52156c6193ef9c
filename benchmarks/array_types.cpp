// Rows of array_functions.cpp: other types, views, axes and lengths than those of the other rows. A quarter
// of the elements; `medium_` are 100,000.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "array_rows.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"

namespace bench {

namespace {

// An array, its elements for plain loops, and room for what these give.
template <class T>
struct Held {
  explicit Held(const Array<T>& of)
      : array(there(of.rechunk(weir::ChunkSpec{}))), plain(array.compute()), out(2 * plain.size()) {}
  Array<T> array;
  xt::xarray<T> plain;
  std::vector<T> out;
  [[nodiscard]] Index size() const { return static_cast<Index>(plain.size()); }
};
template <class T>
using Shared = std::shared_ptr<Held<T>>;
template <class T>
Shared<T> held(const Array<T>& of) {
  return std::make_shared<Held<T>>(of);
}
// to[i] = f(from, i) on two threads.
template <class R, class T, class F>
std::function<void()> filled(const Shared<T>& x, Index count, F f) {
  return [x, count, f] {
    auto* to = reinterpret_cast<R*>(x->out.data());
    both(count, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) to[i] = f(x->plain.data(), i);
    });
  };
}

std::vector<Row> single_rows(const Array<double>& x, const Array<double>& square) {
  const Shared<float> f = held(x.astype<float>()), s = held(square.astype<float>());
  const Array<float>&a = f->array, &w = s->array;
  const Index n = f->size(), side = w.shape(0);
  const auto each = [f, n](auto g) {
    return filled<float>(f, n, [g](const float* v, Index i) { return g(v[i]); });
  };
  return {
      {"float_add", [=] { make(a + a); }, each([](float v) { return v + v; })},
      {"float_floor", [=] { make(floor(a * 8)); }, each([](float v) { return std::floor(v * 8); })},
      {"float_sin", [=] { make(sin(a)); }, each([](float v) { return std::sin(v); })},
      {"float_log2", [=] { make(log2(a)); }, each([](float v) { return std::log2(v); })},
      {"float_atan", [=] { make(atan(a)); }, each([](float v) { return std::atan(v); })},
      {"float_tanh", [=] { make(tanh(a)); }, each([](float v) { return std::tanh(v); })},
      {"float_to_int", [=] { make((a * 1000).astype<std::int32_t>()); },
       filled<std::int32_t>(f, n,
                            [](const float* v, Index i) { return static_cast<std::int32_t>(v[i] * 1000); })},
      {"float_sum", [=] { sink = static_cast<double>(a.sum().item()); },
       [f, n] {
         sink = summed(n, [&](Index begin, Index end) {
           double sums[16] = {};
           for (Index i = begin; i + 16 <= end; i += 16)
             for (Index k = 0; k < 16; ++k) sums[k] += static_cast<double>(f->plain.data()[i + k]);
           return std::accumulate(sums, sums + 16, 0.0);
         });
       }},
      {"float_sum_axis_0", [=] { make(w.sum({.axis = 0})); },
       [s, side] {
         std::vector<double> sums(at(2 * side));
         both(side, [&](Index begin, Index end) {
           double* to = sums.data() + (begin ? side : 0);
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) to[c] += static_cast<double>(s->plain.data()[r * side + c]);
         });
         for (Index c = 0; c < side; ++c)
           s->out[at(c)] = static_cast<float>(sums[at(c)] + sums[at(c + side)]);
       }},
      {"float_sort_rows", [=] { make(sort(w)); },
       [s, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r) {
             float* to = s->out.data() + r * side;
             std::copy_n(s->plain.data() + r * side, side, to);
             std::sort(to, to + side);
           }
         });
       }},
  };
}

std::vector<Row> integer_rows(const Array<double>& x, const Array<double>& square) {
  const Shared<std::int32_t> h = held((x * 1000).astype<std::int32_t>());
  const Shared<std::int64_t> t = held((square * 1000).astype<std::int64_t>());
  const Shared<double> d = held(x);
  const Array<std::int32_t>& i = h->array;
  const Array<std::int64_t>& table = t->array;
  const Array<double>& v = d->array;
  const Array<bool> m = there(v > 0.5);
  const auto bits = std::make_shared<std::vector<unsigned char>>();
  for (const double one : d->plain) bits->push_back(one > 0.5);
  const Index n = h->size(), side = table.shape(0);
  const Array<std::int64_t> places = there(weir::Random(9).integers({n / 16}, 0, n));
  const auto list = std::make_shared<xt::xarray<std::int64_t>>(places.compute());
  return {
      {"int32_add", [=] { make(i + i); },
       filled<std::int32_t>(h, n, [](const std::int32_t* u, Index k) { return u[k] + u[k]; })},
      {"int32_argmax", [=] { sink = double(i.argmax().item()); },
       [h, n] {
         sink = summed(n, [&](Index begin, Index end) {
           return double(std::max_element(h->plain.data() + begin, h->plain.data() + end) - h->plain.data());
         });
       }},
      {"int_sum_axis_0", [=] { make(table.sum({.axis = 0})); },
       [t, side] {
         std::vector<std::int64_t> sums(at(2 * side));
         both(side, [&](Index begin, Index end) {
           std::int64_t* to = sums.data() + (begin ? side : 0);
           for (Index r = begin; r < end; ++r)
             for (Index c = 0; c < side; ++c) to[c] += t->plain.data()[r * side + c];
         });
         for (Index c = 0; c < side; ++c) t->out[at(c)] = sums[at(c)] + sums[at(c + side)];
       }},
      {"mask_count", [=] { sink = double(m.count_nonzero().item()); },
       [bits, n] {
         sink = summed(n, [&](Index begin, Index end) {
           Index count = 0;
           for (Index k = begin; k < end; ++k) count += (*bits)[at(k)];
           return double(count);
         });
       }},
      {"mask_to_double", [=] { make(m.astype<double>()); },
       filled<double>(d, n, [bits](const double*, Index k) { return double((*bits)[at(k)]); })},
      {"list_set",
       [=] {
         Array<double> y = v;
         y(places) = 0.0;
         make(y);
       },
       [d, list, n] {
         both(n, [&](Index begin, Index end) {
           std::copy(d->plain.data() + begin, d->plain.data() + end, d->out.data() + begin);
         });
         for (const Index k : *list) d->out[at(k)] = 0;
       }},
  };
}

std::vector<Row> view_rows(const Array<double>& x, const Array<double>& square) {
  const Shared<double> d = held(x), s = held(square);
  const Index n = d->size(), side = s->array.shape(0), edge = 128, deep = n / (edge * edge);
  const Shared<double> c = held(reshape(x(weir::range(0, deep * edge * edge)), {deep, edge, edge}));
  const Array<double>&v = d->array, &w = s->array, &cube = c->array;
  const auto lines = [s, side](auto f) {  // f(row, from, to)
    return [s, side, f] {
      both(side, [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) f(r, s->plain.data() + r * side, s->out.data() + r * side);
      });
    };
  };
  const auto copy_row = [side](Index, const double* from, double* to) { std::copy_n(from, side, to); };
  return {
      {"reversed_add", [=] { make(v + flip(v)); },
       filled<double>(d, n, [n](const double* u, Index i) { return u[i] + u[n - 1 - i]; })},
      {"every_second", [=] { make(v(weir::range(0, n, 2)) * 2); },
       filled<double>(d, n / 2, [](const double* u, Index i) { return u[2 * i] * 2; })},
      {"row_add", [=] { make(w + w(0)); }, lines([s, side](Index, const double* from, double* to) {
         for (Index i = 0; i < side; ++i) to[i] = from[i] + s->plain.data()[i];
       })},
      {"column_add", [=] { make(w + w(weir::range(0, side), weir::range(0, 1))); },
       lines([side](Index, const double* from, double* to) {
         for (Index i = 0; i < side; ++i) to[i] = from[i] + from[0];
       })},
      {"center_rows", [=] { make(w - w.mean({.axis = 1, .keepdims = true})); },
       lines([side](Index, const double* from, double* to) {
         double sums[8] = {};
         for (Index i = 0; i + 8 <= side; i += 8)
           for (Index k = 0; k < 8; ++k) sums[k] += from[i + k];
         const double mean = std::accumulate(sums, sums + 8, 0.0) / double(side);
         for (Index i = 0; i < side; ++i) to[i] = from[i] - mean;
       })},
      {"diagonal", [=] { make(diagonal(w) * 1); },
       [s, side] {
         for (Index i = 0; i < side; ++i) s->out[at(i)] = s->plain.data()[i * side + i];
       }},
      {"ravel", [=] { make(ravel(w(weir::range(0, side), weir::range(0, side / 2)))); },
       [s, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r)
             std::copy_n(s->plain.data() + r * side, side / 2, s->out.data() + r * (side / 2));
         });
       }},
      {"squeeze",
       [=] {
         make(squeeze(reshape(w, {side, 1, side})) * 1);
       },
       lines(copy_row)},
      {"expand_dims", [=] { make(expand_dims(w, 1) * 1); }, lines(copy_row)},
      {"ifftshift", [=] { make(weir::ifftshift(v) * 1); },
       filled<double>(d, n, [n](const double* u, Index i) { return u[(i + n / 2) % n]; })},
      {"nanquantile", [=] { make(nanquantile(v, {0.9})); },
       [d, n] {
         std::copy_n(d->plain.data(), n, d->out.data());
         std::nth_element(d->out.data(), d->out.data() + n / 10 * 9, d->out.data() + n);
       }},
      {"cube_sum_axis_0", [=] { make(cube.sum({.axis = 0})); },
       [c, deep] {
         Doubles sums(at(2 * edge * edge));
         both(deep, [&](Index begin, Index end) {
           double* to = sums.data() + (begin ? edge * edge : 0);
           for (Index b = begin; b < end; ++b)
             for (Index i = 0; i < edge * edge; ++i) to[i] += c->plain.data()[b * edge * edge + i];
         });
         for (Index i = 0; i < edge * edge; ++i) c->out[at(i)] = sums[at(i)] + sums[at(i + edge * edge)];
       }},
      {"cube_sum_axis_1", [=] { make(cube.sum({.axis = 1})); },
       [c, deep] {
         both(deep, [&](Index begin, Index end) {
           for (Index b = begin; b < end; ++b) {
             double* to = c->out.data() + b * edge;
             std::fill_n(to, edge, 0.0);
             for (Index r = 0; r < edge; ++r)
               for (Index i = 0; i < edge; ++i) to[i] += c->plain.data()[(b * edge + r) * edge + i];
           }
         });
       }},
      {"cube_max_axis_2", [=] { make(cube.max({.axis = 2})); },
       [c, deep] {
         both(deep * edge, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r) {
             const double* from = c->plain.data() + r * edge;
             double most[8];
             std::copy_n(from, 8, most);
             for (Index i = 8; i < edge; i += 8)
               for (Index k = 0; k < 8; ++k) most[k] = from[i + k] > most[k] ? from[i + k] : most[k];
             c->out[at(r)] = *std::max_element(most, most + 8);
           }
         });
       }},
      {"cube_sort_axis_1", [=] { make(sort(cube, 1)); },
       [c, deep] {
         both(deep, [&](Index begin, Index end) {
           double line[edge];
           for (Index b = begin; b < end; ++b)
             for (Index i = 0; i < edge; ++i) {
               const double* from = c->plain.data() + b * edge * edge + i;
               double* to = c->out.data() + b * edge * edge + i;
               for (Index r = 0; r < edge; ++r) line[r] = from[r * edge];
               std::sort(line, line + edge);
               for (Index r = 0; r < edge; ++r) to[r * edge] = line[r];
             }
         });
       }},
  };
}

std::vector<Row> medium_rows(const Array<double>& x) {
  const Shared<double> d = held(x(weir::range(0, 100000)));
  const Array<double>& v = d->array;
  const Index n = d->size();
  const auto each = [d, n](auto g) {
    return filled<double>(d, n, [g](const double* u, Index i) { return g(u[i]); });
  };
  return {
      {"medium_add", [=] { make(v + v); }, each([](double u) { return u + u; })},
      {"medium_sin", [=] { make(sin(v)); }, each([](double u) { return std::sin(u); })},
      {"medium_sum", [=] { sink = v.sum().item(); },
       [d, n] {
         double sums[16] = {};
         for (Index i = 0; i + 16 <= n; i += 16)
           for (Index k = 0; k < 16; ++k) sums[k] += d->plain.data()[i + k];
         sink = std::accumulate(sums, sums + 16, 0.0);
       }},
      {"medium_mask", [=] { make(v(v > 0.5)); },
       [d, n] {
         double* to = d->out.data();
         for (Index i = 0; i < n; ++i) {
           *to = d->plain.data()[i];
           to += *to > 0.5;
         }
       }},
      {"medium_sort", [=] { make(sort(v)); },
       [d, n] {
         std::copy_n(d->plain.data(), n, d->out.data());
         std::sort(d->out.data(), d->out.data() + n);
       }},
      {"medium_argmax", [=] { sink = double(v.argmax().item()); },
       [d, n] { sink = double(std::max_element(d->plain.data(), d->plain.data() + n) - d->plain.data()); }},
  };
}

}  // namespace

std::vector<Row> type_rows(const Array<double>& x, const Array<double>& square) {
  const Index half = square.shape(0) / 2;
  const Array<double> part = there(x(weir::range(0, x.size() / 4))),
                      box = there(square(weir::range(0, half), weir::range(0, half)));
  std::vector<Row> all;
  for (const auto& family :
       {single_rows(part, box), integer_rows(part, box), view_rows(part, box), medium_rows(part)})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace bench
