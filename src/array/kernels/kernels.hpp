// Loops over a piece of a chunk, by functors without state.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <type_traits>

#include "array/interpret/code.hpp"
#include "array/interpret/suited.hpp"

namespace weir::detail::array {

template <class T>
inline constexpr bool is_complex_type = false;
template <class T>
inline constexpr bool is_complex_type<std::complex<T>> = true;

// An integer without sign of as many bytes.
template <class T>
using WordOf =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

// The output may be the very place of an input, never another overlap.
template <class T, class R, class F>
void loop1(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const T* x = static_cast<const T*>(a);
  R* r = static_cast<R*>(out);
  F f;
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) r[i] = static_cast<R>(f(x[i]));
}
template <class T, class R, class F>
void loop2(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  R* r = static_cast<R*>(out);
  F f;
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) r[i] = static_cast<R>(f(x[i], y[i]));
}
template <class T, class R = T, class F>
ElementKernel unary(F) {
  return suited<&loop1<T, R, F>>();
}
template <class T, class R = T, class F>
ElementKernel binary(F) {
  return suited<&loop2<T, R, F>>();
}

// 1 if the sign of a real number says so, else 0.
template <class T>
T one_if_negative(T x) {
  using Bits = WordOf<T>;
  const auto mask = static_cast<Bits>(Bits{0} - (std::bit_cast<Bits>(x) >> (8 * sizeof(T) - 1)));
  return std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(T(1)) & mask));
}

template <class T>
bool is_nan(const T& x) {
  if constexpr (is_complex_type<T>) return x.real() != x.real() || x.imag() != x.imag();
  else return x != x;
}

}  // namespace weir::detail::array
