// Rows of array_functions.cpp: arrays of 1,000 elements, whose price is that of a graph, beside loops on one
// thread.
#include <cmath>

#include "array_rows.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"

namespace bench {

std::vector<Row> small_rows(Plain& p, const Array<double>& of) {
  const Index n = 1000;
  const auto part = [&](Index begin) {
    return there(of(weir::range(begin, begin + n)).rechunk(weir::ChunkSpec{}));
  };
  const Array<double> x = part(0), y = part(n);
  const double *v = p.x.data(), *w = p.y.data();
  const auto result = [](const Array<double>& of_these) { sink = of_these.compute().data()[0]; };
  const auto sum = [v, n] {
    double s[8] = {};
    for (Index i = 0; i + 8 <= n; i += 8)
      for (Index k = 0; k < 8; ++k) s[k] += v[i + k];
    return s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
  };
  return {
      {"small_sum", [=] { sink = x.sum().item(); }, [=] { sink = sum(); }},
      {"small_mean", [=] { sink = x.mean().item(); }, [=] { sink = sum() / double(n); }},
      {"small_add", [=] { result(x + y); },
       [=] {
         Doubles out(at(n));
         for (Index i = 0; i < n; ++i) out[at(i)] = v[i] + w[i];
         sink = out[0];
       }},
      {"small_expression", [=] { result(x * 2 + y * y - 1); },
       [=] {
         Doubles out(at(n));
         for (Index i = 0; i < n; ++i) out[at(i)] = v[i] * 2 + w[i] * w[i] - 1;
         sink = out[0];
       }},
      {"small_sin", [=] { result(sin(x)); },
       [=] {
         Doubles out(at(n));
         for (Index i = 0; i < n; ++i) out[at(i)] = std::sin(v[i]);
         sink = out[0];
       }},
  };
}

}  // namespace bench
