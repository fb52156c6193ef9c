// Functions of complex numbers as loops over vectors.
#include <algorithm>

#include "array/kernels/approximate.hpp"
#include "array/kernels/approximations_complex.hpp"

namespace weir::detail::array {

namespace {

constexpr std::size_t block = approximate_block;

template <class R>
std::complex<double> number(const R* x, std::size_t i) {
  return {static_cast<double>(x[2 * i]), static_cast<double>(x[2 * i + 1])};
}

// The output may be the place of an input.
template <class R, class F>
void complex1(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const R* x = static_cast<const R*>(a);
  R* r = static_cast<R*>(out);
  R kept[2 * block];
  for (std::size_t n; count != 0; x += 2 * n, r += 2 * n, count -= n) {
    n = std::min(count, block);
    int outside = 0;
    for (std::size_t i = 0; i < n; ++i)
      outside |= F::covers(static_cast<double>(x[2 * i]), static_cast<double>(x[2 * i + 1])) ? 0 : 1;
    if (outside != 0) std::copy_n(x, 2 * n, kept);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      const auto p = F::at(static_cast<double>(x[2 * i]), static_cast<double>(x[2 * i + 1]));
      r[2 * i] = static_cast<R>(p.real);
      r[2 * i + 1] = static_cast<R>(p.imag);
    }
    if (outside == 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      if (const auto z = number(kept, i); !F::covers(z.real(), z.imag())) {
        const std::complex<double> p = F::otherwise(z);
        r[2 * i] = static_cast<R>(p.real());
        r[2 * i + 1] = static_cast<R>(p.imag());
      }
  }
}
template <class R, class F>
void complex2(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  const R* x = static_cast<const R*>(a);
  const R* y = static_cast<const R*>(b);
  R* r = static_cast<R*>(out);
  R kept[2][2 * block];
  for (std::size_t n; count != 0; x += 2 * n, y += 2 * n, r += 2 * n, count -= n) {
    n = std::min(count, block);
    int outside = 0;
    for (std::size_t i = 0; i < n; ++i)
      outside |= F::covers(static_cast<double>(x[2 * i]), static_cast<double>(x[2 * i + 1]),
                           static_cast<double>(y[2 * i]), static_cast<double>(y[2 * i + 1]))
                     ? 0
                     : 1;
    if (outside != 0) std::copy_n(x, 2 * n, kept[0]), std::copy_n(y, 2 * n, kept[1]);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) {
      const auto p = F::at(static_cast<double>(x[2 * i]), static_cast<double>(x[2 * i + 1]),
                           static_cast<double>(y[2 * i]), static_cast<double>(y[2 * i + 1]));
      r[2 * i] = static_cast<R>(p.real);
      r[2 * i + 1] = static_cast<R>(p.imag);
    }
    if (outside == 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      if (const auto z = number(kept[0], i), w = number(kept[1], i);
          !F::covers(z.real(), z.imag(), w.real(), w.imag())) {
        const std::complex<double> p = F::otherwise(z, w);
        r[2 * i] = static_cast<R>(p.real());
        r[2 * i + 1] = static_cast<R>(p.imag());
      }
  }
}

template <class R>
Loops loops_for(Op op) {
  using namespace approximate;
  switch (op) {
    case Op::exp:
      return loops_of<&complex1<R, ComplexExponential>>();
    case Op::sin:
      return loops_of<&complex1<R, ComplexSine>>();
    case Op::cos:
      return loops_of<&complex1<R, ComplexCosine>>();
    case Op::tan:
      return loops_of<&complex1<R, ComplexTangent>>();
    case Op::sinh:
      return loops_of<&complex1<R, ComplexHyperbolicSine>>();
    case Op::cosh:
      return loops_of<&complex1<R, ComplexHyperbolicCosine>>();
    case Op::tanh:
      return loops_of<&complex1<R, ComplexHyperbolicTangent>>();
    case Op::sqrt:
      return loops_of<&complex1<R, ComplexRoot>>();
    case Op::reciprocal:
      return loops_of<&complex1<R, ComplexReciprocal>>();
    case Op::divide:
      return loops_of<&complex2<R, ComplexQuotient>>();
    case Op::log:
      return fused_loops_of<&complex1<R, ComplexLogarithm>>();
    case Op::log10:
      return fused_loops_of<&complex1<R, ComplexLogarithm10>>();
    case Op::power:
      return fused_loops_of<&complex2<R, ComplexPower>>();
    default:
      return {};
  }
}

}  // namespace

Loops complex_loops(Op op, DType part) {
  return part == DType::float32 ? loops_for<float>(op) : loops_for<double>(op);
}

}  // namespace weir::detail::array
