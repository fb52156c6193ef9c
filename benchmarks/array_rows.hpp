// What the rows of array_functions are made of: arrays that are there, plain loops on two threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "report.hpp"
#include "weir/array/array.hpp"
#include "weir/client.hpp"

extern "C" void openblas_set_num_threads(int);

namespace bench {

using weir::Array;
using Index = std::int64_t;
using Doubles = std::vector<double>;

inline std::size_t at(Index i) { return static_cast<std::size_t>(i); }

// Calls f(begin, end) on two threads.
template <class F>
void both(Index count, F f) {
  std::thread other([&] { f(count / 2, count); });
  f(Index{0}, count / 2);
  other.join();
}
// The sum of f(begin, end) of both halves.
template <class F>
double summed(Index count, F f) {
  double rest = 0;
  std::thread other([&] { rest = f(count / 2, count); });
  const double sum = f(Index{0}, count / 2);
  other.join();
  return sum + rest;
}
inline volatile double sink = 0;

// An array whose elements are there: nothing of it is left to be done while something else is measured.
template <class T>
Array<T> there(const Array<T>& x) {
  Array<T> kept = x.persist();
  weir::Client::current().wait(kept.futures());
  return kept;
}
template <class T>
void make(const Array<T>& x) {
  (void)there(x);
}

struct Row {
  const char* name;
  std::function<void()> ours;
  std::function<void()> plain;
};

// What the plain loops work on.
struct Plain {
  explicit Plain(Index n)
      : n(n), side(static_cast<Index>(std::sqrt(static_cast<double>(n)))), x(at(n)), y(at(n)), out(at(n)) {
    std::uint64_t state = 0;
    for (Index i = 0; i < n; ++i) {  // splitmix64: a processor that learns the numbers foretells branches
      std::uint64_t bits = state += 0x9E3779B97F4A7C15u;
      bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
      bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
      x[at(i)] = static_cast<double>((bits ^ bits >> 31) >> 11) * 0x1p-53;
      y[at(i)] = x[at(i)] + 0.25;
    }
  }
  Index n, side;
  Doubles x, y, out;
};

template <class F>
std::function<void()> each(Plain& p, F f) {
  return [&p, f] {
    both(p.n, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) p.out[at(i)] = f(p.x[at(i)], p.y[at(i)]);
    });
  };
}

// Of OpenBLAS on both cores; inside tasks it has one.
inline bool blas_is_awake = false;  // its second thread looks for work for some 100 ms before it sleeps
template <class F>
void blas(F f) {
  openblas_set_num_threads(2);
  f();
  openblas_set_num_threads(1);
  blas_is_awake = true;
}

// Those of a quarter of the elements and less: array_further.cpp, array_algebra.cpp, array_small.cpp,
// array_types.cpp.
std::vector<Row> further_rows(Plain& p, const Array<double>& x, const Array<double>& square);
std::vector<Row> complex_rows(Plain& p);
std::vector<Row> small_rows(Plain& p, const Array<double>& of);
std::vector<Row> type_rows(const Array<double>& x, const Array<double>& square);
std::vector<Row> further_algebra_rows(Plain& p, const Array<double>& square);

}  // namespace bench
