// Mathematical functions of real numbers as loops over vectors.
#pragma once

#include "array/interpret/code.hpp"
#include "array/interpret/suited.hpp"

namespace weir::detail::array {

/// The loops for one function, which give the same bits; null where this processor has no such vectors, all
/// of them if the function has none.
struct Loops {
  ElementKernel any = nullptr, wide = nullptr, widest = nullptr;
  [[nodiscard]] ElementKernel fastest() const { return widest ? widest : wide ? wide : any; }
};
/// A loop as it is, and compiled again.
template <auto loop>
Loops loops_of() {
  return {loop, has_wide_vectors() ? &Wide<loop>::run : nullptr,
          has_widest_vectors() ? &Widest<loop>::run : nullptr};
}
/// The same of one that asks for fused operations.
template <auto loop>
Loops fused_loops_of() {
  return {loop, has_fused_operations() ? &Fused<loop>::run : nullptr,
          has_widest_vectors() ? &Widest<loop>::run : nullptr};
}

/// Elements whose functions are computed at once. Whether one is computed alone is decided by itself, and
/// what is at its side is computed before: so results do not depend on where an element lies.
inline constexpr std::size_t approximate_block = 512;

/// Those for a function of `type`: float32 or float64, or complex numbers of these.
///
/// **Cost.** Elements outside of what a function is fast for are computed one by one by the C library.
[[nodiscard]] Loops approximate_loops(Op op, DType type);
/// Those of complex numbers with parts of `part` to such numbers.
[[nodiscard]] Loops complex_loops(Op op, DType part);

}  // namespace weir::detail::array
