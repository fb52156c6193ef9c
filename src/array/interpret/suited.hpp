// Loops compiled again for what this processor has.
#pragma once

namespace weir::detail::array {

/// Whether this processor has vectors of 256 bits (AVX2).
inline bool has_wide_vectors() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}
/// Whether it has vectors of 512 bits, also of bytes and with masks (AVX-512 F, VL, DQ and BW).
inline bool has_widest_vectors() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  return has;
#else
  return false;
#endif
}
/// Whether it has vectors of 256 bits with fused operations.
inline bool has_fused_operations() {
#ifdef __x86_64__
  static const bool has = has_wide_vectors() && __builtin_cpu_supports("fma");
  return has;
#else
  return false;
#endif
}
// A loop compiled again for vectors of 256 bits; the same operations in the same order, none of them fused,
// so that results do not depend on the processor.
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

// A loop of fused operations that it asks for by name: they are in all processors with vectors of 512 bits,
// and in nearly all with those of 256. Without them the C library has them, one by one.
template <auto loop>
struct Fused;
template <class... A, void (*loop)(A...)>
struct Fused<loop> {
#ifdef __x86_64__
  [[gnu::flatten, gnu::target("avx2,fma")]]
#endif
  static void
  run(A... arguments) {
    loop(arguments...);
  }
};

// A loop compiled again for those of 512 bits, which pays where much is computed of each element. Such
// vectors come with fused operations: its source is to be compiled with -ffp-contract=off.
template <auto loop>
struct Widest;
template <class... A, void (*loop)(A...)>
struct Widest<loop> {
#if defined(__x86_64__) && !defined(__clang__)
  [[gnu::flatten, gnu::target("avx2,avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512")]]
#elif defined(__x86_64__)
  [[gnu::flatten, gnu::target("avx2,avx512f,avx512dq,avx512vl,avx512bw")]]
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

}  // namespace weir::detail::array
