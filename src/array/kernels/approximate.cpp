// Mathematical functions of real numbers as loops over vectors.
#include "array/kernels/approximate.hpp"

#include <algorithm>

#include "array/kernels/approximations.hpp"
#include "array/kernels/approximations_single.hpp"
#include "array/kernels/power_loops.hpp"

namespace weir::detail::array {

namespace {

// The output may be the place of an input.
constexpr std::size_t block = approximate_block;

template <class T, class F>
void approximate1(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const T* x = static_cast<const T*>(a);
  T* r = static_cast<T*>(out);
  T kept[block];
  for (std::size_t n; count != 0; x += n, r += n, count -= n) {
    n = std::min(count, block);
    int outside = 0;
    for (std::size_t i = 0; i < n; ++i) outside |= F::covers(static_cast<double>(x[i])) ? 0 : 1;
    if (outside != 0) std::copy_n(x, n, kept);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i) r[i] = static_cast<T>(F::at(static_cast<double>(x[i])));
    if (outside == 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      if (const auto v = static_cast<double>(kept[i]); !F::covers(v)) r[i] = static_cast<T>(F::otherwise(v));
  }
}
// V: what F computes with.
template <class T, class F, class V = double>
void approximate2(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  T kept[2][block];
  for (std::size_t n; count != 0; x += n, y += n, r += n, count -= n) {
    n = std::min(count, block);
    int outside = 0;
    for (std::size_t i = 0; i < n; ++i)
      outside |= F::covers(static_cast<V>(x[i]), static_cast<V>(y[i])) ? 0 : 1;
    if (outside != 0) std::copy_n(x, n, kept[0]), std::copy_n(y, n, kept[1]);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i)
      r[i] = static_cast<T>(F::at(static_cast<V>(x[i]), static_cast<V>(y[i])));
    if (outside == 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      if (const auto v = static_cast<V>(kept[0][i]), w = static_cast<V>(kept[1][i]); !F::covers(v, w))
        r[i] = static_cast<T>(F::otherwise(v, w));
  }
}

// Exact, in the type itself.
template <class T>
void roots(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const T* x = static_cast<const T*>(a);
  T* r = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::size_t i = 0; i < count; ++i) r[i] = std::sqrt(x[i]);
}
// Of both parts of complex numbers, f(imaginary, real).
template <class R, class F>
void approximate_parts(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const R* x = static_cast<const R*>(a);
  R* r = static_cast<R*>(out);
  R kept[2 * block];
  for (std::size_t n; count != 0; x += 2 * n, r += n, count -= n) {
    n = std::min(count, block);
    int outside = 0;
    for (std::size_t i = 0; i < n; ++i)
      outside |= F::covers(static_cast<double>(x[2 * i + 1]), static_cast<double>(x[2 * i])) ? 0 : 1;
    if (outside != 0) std::copy_n(x, 2 * n, kept);
#pragma GCC ivdep
    for (std::size_t i = 0; i < n; ++i)
      r[i] = static_cast<R>(F::at(static_cast<double>(x[2 * i + 1]), static_cast<double>(x[2 * i])));
    if (outside == 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      if (const auto v = static_cast<double>(kept[2 * i + 1]), w = static_cast<double>(kept[2 * i]);
          !F::covers(v, w))
        r[i] = static_cast<R>(F::otherwise(v, w));
  }
}

template <PowerLoop (*loop)()>
void powers(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  static const PowerLoop run = loop();
  run(static_cast<const double*>(a), static_cast<const double*>(b), static_cast<double*>(out), count,
      &approximate::Power::otherwise);
}

// Of float32 with fewer digits where there is such a function.
template <class T>
Loops loops_for(Op op) {
  using namespace approximate;
  constexpr bool is_single = std::is_same_v<T, float>;
  const auto unary = []<class F, class Single>(F, Single) {
    if constexpr (is_single) return fused_loops_of<&approximate1<T, Single>>();
    else return loops_of<&approximate1<T, F>>();
  };
  const auto fused = []<class F, class Single>(F, Single) {
    return fused_loops_of<&approximate1<T, std::conditional_t<is_single, Single, F>>>();
  };
  const auto binary = []<class F, class Single>(F, Single) {
    if constexpr (is_single) return fused_loops_of<&approximate2<T, Single>>();
    else return loops_of<&approximate2<T, F>>();
  };
  switch (op) {
    case Op::sin:
      return fused(Sine(), single::Sine());
    case Op::cos:
      return fused(Cosine(), single::Cosine());
    case Op::tan:
      return unary(Tangent(), single::Tangent());
    case Op::exp:
      return unary(Exponential(), single::Exponential());
    case Op::exp2:
      return unary(Exponential2(), single::Exponential2());
    case Op::expm1:
      return unary(ExponentialLess1(), single::ExponentialLess1());
    case Op::sinh:
      return unary(HyperbolicSine(), single::HyperbolicSine());
    case Op::cosh:
      return unary(HyperbolicCosine(), single::HyperbolicCosine());
    case Op::tanh:
      return unary(HyperbolicTangent(), single::HyperbolicTangent());
    case Op::log:
      return unary(Logarithm(), single::Logarithm());
    case Op::log2:
      return unary(Logarithm2(), single::Logarithm2());
    case Op::log10:
      return unary(Logarithm10(), single::Logarithm10());
    case Op::log1p:
      return unary(LogarithmOf1More(), single::LogarithmOf1More());
    case Op::asinh:
      return unary(HyperbolicArcsine(), single::HyperbolicArcsine());
    case Op::acosh:
      return unary(HyperbolicArccosine(), single::HyperbolicArccosine());
    case Op::atanh:
      return unary(HyperbolicArctangent(), single::HyperbolicArctangent());
    case Op::atan:
      return unary(Arctangent(), single::Arctangent());
    case Op::asin:
      return unary(Arcsine(), single::Arcsine());
    case Op::acos:
      return unary(Arccosine(), single::Arccosine());
    case Op::cbrt:
      return fused(CubeRoot(), single::CubeRoot());
    case Op::atan2:
      return binary(Arctangent2(), single::Arctangent2());
    case Op::hypot:
      return loops_of<&approximate2<T, Hypotenuse>>();
    case Op::logaddexp:
      return binary(LogarithmOfPowers(), single::LogarithmOfPowers());
    case Op::power: {
      Loops loops =
          fused_loops_of<&approximate2<T, std::conditional_t<is_single, PowerOfSingles, Power>, T>>();
      if constexpr (!is_single) {
        if (loops.wide && powers_wide()) loops.wide = &powers<powers_wide>;
        if (loops.widest && powers_widest()) loops.widest = &powers<powers_widest>;
      }
      return loops;
    }
    case Op::erf:
      return loops_of<&approximate1<T, ErrorFunction>>();
    case Op::sqrt:
      return loops_of<&roots<T>>();
    default:
      return {};
  }
}
template <class R>
Loops loops_of_parts(Op op) {
  using namespace approximate;
  if (op == Op::magnitude) return loops_of<&approximate_parts<R, Hypotenuse>>();
  if (op == Op::angle) return loops_of<&approximate_parts<R, Arctangent2>>();
  return complex_loops(op, dtype_of<R>);
}

}  // namespace

Loops approximate_loops(Op op, DType type) {
  switch (type) {
    case DType::float64:
      return loops_for<double>(op);
    case DType::float32:
      return loops_for<float>(op);
    case DType::complex128:
      return loops_of_parts<double>(op);
    case DType::complex64:
      return loops_of_parts<float>(op);
    default:
      return {};
  }
}

}  // namespace weir::detail::array
