// Mathematical functions of real numbers as loops over vectors.
#include "array/kernels/approximate.hpp"

#include <algorithm>

#include "array/interpret/suited.hpp"
#include "array/kernels/approximations.hpp"

namespace weir::detail::array {

namespace {

// Whether an element is computed one by one is decided by itself, and what is at its side is computed before:
// so results do not depend on where an element lies. The output may be the place of an input.
constexpr std::size_t block = 512;

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
bool has_fused_operations() {
#ifdef __x86_64__
  return has_wide_vectors() && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

template <auto loop>
Loops loops_of() {
  return {loop, has_wide_vectors() ? &Wide<loop>::run : nullptr,
          has_widest_vectors() ? &Widest<loop>::run : nullptr};
}
template <class T>
Loops loops_for(Op op) {
  using namespace approximate;
  const auto unary = []<class F>(F) { return loops_of<&approximate1<T, F>>(); };
  const auto binary = []<class F>(F) { return loops_of<&approximate2<T, F>>(); };
  switch (op) {
    case Op::sin:
      return unary(Sine());
    case Op::cos:
      return unary(Cosine());
    case Op::tan:
      return unary(Tangent());
    case Op::exp:
      return unary(Exponential());
    case Op::exp2:
      return unary(Exponential2());
    case Op::expm1:
      return unary(ExponentialLess1());
    case Op::sinh:
      return unary(HyperbolicSine());
    case Op::cosh:
      return unary(HyperbolicCosine());
    case Op::tanh:
      return unary(HyperbolicTangent());
    case Op::log:
      return unary(Logarithm());
    case Op::log2:
      return unary(Logarithm2());
    case Op::log10:
      return unary(Logarithm10());
    case Op::log1p:
      return unary(LogarithmOf1More());
    case Op::asinh:
      return unary(HyperbolicArcsine());
    case Op::acosh:
      return unary(HyperbolicArccosine());
    case Op::atanh:
      return unary(HyperbolicArctangent());
    case Op::atan:
      return unary(Arctangent());
    case Op::asin:
      return unary(Arcsine());
    case Op::acos:
      return unary(Arccosine());
    case Op::cbrt:
      return unary(CubeRoot());
    case Op::atan2:
      return binary(Arctangent2());
    case Op::hypot:
      return binary(Hypotenuse());
    case Op::logaddexp:
      return binary(LogarithmOfPowers());
    case Op::power: {
      constexpr bool is_single = std::is_same_v<T, float>;
      constexpr auto loop = &approximate2<T, std::conditional_t<is_single, PowerOfSingles, Power>, T>;
      return {loop, has_fused_operations() ? &Fused<loop>::run : nullptr,
              has_widest_vectors() ? &Widest<loop>::run : nullptr};
    }
    case Op::erf:
      return unary(ErrorFunction());
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
  return {};
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
