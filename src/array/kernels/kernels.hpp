// Loops over a piece of a chunk, by functors without state.
#pragma once

#include <cmath>
#include <complex>

#include "array/interpret/code.hpp"

namespace weir::detail::array {

template <class T>
inline constexpr bool is_complex_type = false;
template <class T>
inline constexpr bool is_complex_type<std::complex<T>> = true;

/// Whether this processor has vectors of 256 bits (AVX2).
inline bool has_wide_vectors() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}
// A loop compiled again for such vectors; the same operations in the same order, none of them fused, so that
// results do not depend on the processor.
template <auto loop>
struct Wide;
template <class... A, void (*loop)(A...)>
struct Wide<loop> {
#ifdef __x86_64__
  [[gnu::flatten, gnu::target("avx2")]]
#endif
  static void
  run(A... arguments) {
    loop(arguments...);
  }
};
/// A loop as it is fastest on this processor.
template <auto loop>
auto suited() {
  return has_wide_vectors() ? &Wide<loop>::run : loop;
}

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

template <class T>
bool is_nan(const T& x) {
  if constexpr (is_complex_type<T>) return x.real() != x.real() || x.imag() != x.imag();
  else return x != x;
}

}  // namespace weir::detail::array
