// What tests of approximate functions compare by.
#pragma once

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <vector>

#include "array/kernels/approximate.hpp"

namespace weir::test {

/// How far away, in units of the last place of what is right; infinity if it is something else altogether.
inline double ulps(double got, long double right) {
  constexpr double inf = INFINITY;
  const auto near = static_cast<double>(right);
  if (std::isnan(near)) return std::isnan(got) ? 0 : inf;
  if (std::isinf(near) || std::isinf(got)) return got == near ? 0 : inf;
  if (near == 0 && got == 0) return std::signbit(near) == std::signbit(got) ? 0 : inf;
  const int exponent = near == 0 ? -1022 : std::max(std::ilogb(near), -1022);
  return static_cast<double>(std::fabs(got - right) / std::ldexp(1.0L, exponent - 52));
}

/// Of NaN any is as good as another.
inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}
inline bool same_bits(const std::complex<double>& a, const std::complex<double>& b) {
  return same_bits(a.real(), b.real()) && same_bits(a.imag(), b.imag());
}
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& one, const T& other) { return same_bits(one, other); });
}

template <class T>
std::vector<T> computed(detail::array::ElementKernel loop, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> out(x.size());
  loop(x.data(), y.data(), nullptr, out.data(), x.size(), detail::array::Code());
  return out;
}

/// Checks that vectors of any width, an element alone, and the place of an input for the result give the
/// `same` as the loop without vectors.
template <class T, class Same>
void check_same_everywhere(const detail::array::Loops& loops, const std::vector<T>& x,
                           const std::vector<T>& y, const Same& same) {
  const std::vector<T> any = computed(loops.any, x, y);
  for (const detail::array::ElementKernel other : {loops.wide, loops.widest})
    if (other) CHECK(same(any, computed(other, x, y)));
  std::vector<T> alone(x.size()), in_place = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    loops.fastest()(&x[i], &y[i], nullptr, &alone[i], 1, detail::array::Code());
  CHECK(same(any, alone));
  loops.fastest()(in_place.data(), y.data(), nullptr, in_place.data(), x.size(), detail::array::Code());
  CHECK(same(any, in_place));
  in_place = y;
  loops.fastest()(x.data(), in_place.data(), nullptr, in_place.data(), x.size(), detail::array::Code());
  CHECK(same(any, in_place));
}
template <class T>
void check_same_everywhere(const detail::array::Loops& loops, const std::vector<T>& x,
                           const std::vector<T>& y) {
  check_same_everywhere(loops, x, y,
                        [](const std::vector<T>& a, const std::vector<T>& b) { return same_bits(a, b); });
}

}  // namespace weir::test
