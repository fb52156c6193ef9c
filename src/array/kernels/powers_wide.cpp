// Powers by vectors of 256 bits. Compiled for such vectors, and for fused operations.
#include "array/kernels/power_loops.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

#include "array/kernels/powers.hpp"

namespace weir::detail::array {

namespace {

struct Four {
  static constexpr unsigned lanes = 4;
  using V [[gnu::vector_size(32)]] = double;
  using B [[gnu::vector_size(32)]] = std::uint64_t;
  [[gnu::always_inline]] static V all(double x) { return _mm256_set1_pd(x); }
  [[gnu::always_inline]] static V fused(V a, V b, V c) { return _mm256_fmadd_pd(a, b, c); }
  // One by one, as these processors do it too.
  [[gnu::always_inline]] static V found(const double (&table)[16], B index) {
    const B place = index & 15;
    return V{table[place[0]], table[place[1]], table[place[2]], table[place[3]]};
  }
  [[gnu::always_inline]] static V scaled(V x, V n) { return approximate::scaled_twice<Four>(x, n); }
  [[gnu::always_inline]] static unsigned signs(B x) {
    return static_cast<unsigned>(_mm256_movemask_pd(reinterpret_cast<__m256d>(x)));
  }
};

}  // namespace

PowerLoop powers_wide() { return &approximate::powers_by<Four>; }

}  // namespace weir::detail::array

#else

weir::detail::array::PowerLoop weir::detail::array::powers_wide() { return nullptr; }

#endif
