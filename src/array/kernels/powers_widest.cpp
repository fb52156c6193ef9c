// Powers by vectors of 512 bits, in whose registers the tables are. Compiled for such vectors.
#include "array/kernels/power_loops.hpp"

#ifdef __AVX512DQ__
#include <immintrin.h>

#include "array/kernels/powers.hpp"

namespace weir::detail::array {

namespace {

struct Eight {
  static constexpr unsigned lanes = 8;
  using V [[gnu::vector_size(64)]] = double;
  using B [[gnu::vector_size(64)]] = std::uint64_t;
  [[gnu::always_inline]] static V all(double x) { return _mm512_set1_pd(x); }
  [[gnu::always_inline]] static V fused(V a, V b, V c) { return _mm512_fmadd_pd(a, b, c); }
  [[gnu::always_inline]] static V found(const double (&table)[16], B index) {
    return _mm512_permutex2var_pd(_mm512_load_pd(table), reinterpret_cast<__m512i>(index),
                                  _mm512_load_pd(table + 8));
  }
  [[gnu::always_inline]] static V scaled(V x, V n) { return _mm512_scalef_pd(x, n); }
  [[gnu::always_inline]] static unsigned signs(B x) {
    return _mm512_movepi64_mask(reinterpret_cast<__m512i>(x));
  }
};

}  // namespace

PowerLoop powers_widest() { return &approximate::powers_by<Eight>; }

}  // namespace weir::detail::array

#else

weir::detail::array::PowerLoop weir::detail::array::powers_widest() { return nullptr; }

#endif
