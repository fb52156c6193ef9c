// Mathematical functions of real numbers as loops over vectors.
#pragma once

#include "array/interpret/code.hpp"

namespace weir::detail::array {

/// The loops for one function, which give the same bits; null where this processor has no such vectors, all
/// of them if the function has none.
struct Loops {
  ElementKernel any = nullptr, wide = nullptr, widest = nullptr;
  [[nodiscard]] ElementKernel fastest() const { return widest ? widest : wide ? wide : any; }
};
/// Those for a function of `type`: float32 or float64, of complex numbers magnitudes and angles.
///
/// **Cost.** Elements outside of what a function is fast for are computed one by one by the C library.
[[nodiscard]] Loops approximate_loops(Op op, DType type);

}  // namespace weir::detail::array
