// Quotients and remainders of real numbers, by Python's rules, as vectors.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "array/interpret/code.hpp"

namespace weir::detail::array {

/// The floor of each quotient, or what is left of it with the sign of the divisor, to the bits that
/// `one_by_one(a, b)` gives.
///
/// The nearest whole number q to a / b leaves a - q b, which an element holds: it is at most 3/4 of b and a
/// multiple of what b's last bit is worth. Below 2^23 q times the upper half of b and q times the lower half
/// are exact, and so are both differences. A sum of two floats that is rounded twice is the same. Pieces with
/// larger quotients, infinities, NaN or zeros to divide by are computed one by one.
template <class T, bool is_quotient, auto one_by_one>
void divide_real(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  constexpr std::size_t piece = 256;
  constexpr double rounder = 0x1.8p52, most_quotient = 0x1p23, least = 0x1p-900, most = 0x1p900;
  constexpr std::uint64_t upper = ~((std::uint64_t{1} << 26) - 1);
  constexpr std::int64_t sign = INT64_MIN, one = std::bit_cast<std::int64_t>(1.0);
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  for (std::size_t n = 0; count > 0; x += n, y += n, r += n, count -= n) {
    n = std::min(count, piece);
    std::int64_t outside = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double size = std::fabs(static_cast<double>(x[i])), by = std::fabs(static_cast<double>(y[i]));
      const bool is_inside = (by >= least) & (by <= most) & (size <= by * most_quotient);
      outside |= -static_cast<std::int64_t>(!is_inside);
    }
    if (outside) {
      for (std::size_t i = 0; i < n; ++i) r[i] = one_by_one(x[i], y[i]);
      continue;
    }
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      const double u = x[i], v = y[i], quotient = u / v, nearest = (quotient + rounder) - rounder,
                   high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(v) & upper), low = v - high;
      const double left = (u - nearest * high) - nearest * low;
      const auto left_bits = std::bit_cast<std::int64_t>(left), v_bits = std::bit_cast<std::int64_t>(v);
      const std::int64_t is_above = ((left_bits ^ v_bits) >> 63) & -static_cast<std::int64_t>(left != 0);
      if constexpr (is_quotient) {
        const double floor = nearest - std::bit_cast<double>(is_above & one);
        const auto zero = std::bit_cast<double>(std::bit_cast<std::int64_t>(quotient) & sign);
        r[i] = static_cast<T>(floor == 0 ? zero : floor);
      } else {
        const double rest = left + std::bit_cast<double>(is_above & v_bits);
        r[i] = static_cast<T>(left == 0 ? std::bit_cast<double>(v_bits & sign) : rest);
      }
    }
  }
}

}  // namespace weir::detail::array
