// x^y of doubles by explicit vectors: two files, each compiled for those that it is made of.
#pragma once

#include <cstddef>

namespace weir::detail::array {

/// r = x^y, to the bits of `approximate::Power`; what it does not cover is `otherwise`.
using PowerLoop = void (*)(const double* x, const double* y, double* r, std::size_t count,
                           double (*otherwise)(double, double));

/// The loop by vectors of 256 bits with fused operations, null if the compiler was not asked for such; to be
/// called only where the processor has them.
[[nodiscard]] PowerLoop powers_wide();
/// That by vectors of 512 bits.
[[nodiscard]] PowerLoop powers_widest();

}  // namespace weir::detail::array
