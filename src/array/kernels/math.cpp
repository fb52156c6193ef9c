// Mathematical functions.
#include <algorithm>
#include <bit>

#include "array/kernels/approximate.hpp"
#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

template <class T>
ElementKernel real_math(Op op) {
  switch (op) {
    case Op::copysign:
      return binary<T>([](T a, T b) { return std::copysign(a, b); });
    case Op::real:
    case Op::magnitude:
      return op == Op::real ? unary<T>([](T a) { return a; }) : unary<T>([](T a) { return std::fabs(a); });
    case Op::imag:
      return unary<T>([](T) { return T(0); });
    case Op::angle:
      return unary<T>([](T a) { return std::atan2(T(0), a); });
    default:
      return approximate_loops(op, dtype_of<T>).fastest();
  }
}

template <class T>
ElementKernel complex_math(Op op) {
  using R = typename T::value_type;
  switch (op) {
    case Op::real:
      return unary<T, R>([](T a) { return a.real(); });
    case Op::imag:
      return unary<T, R>([](T a) { return a.imag(); });
    case Op::asin:
      return unary<T>([](T a) { return std::asin(a); });
    case Op::acos:
      return unary<T>([](T a) { return std::acos(a); });
    case Op::atan:
      return unary<T>([](T a) { return std::atan(a); });
    case Op::asinh:
      return unary<T>([](T a) { return std::asinh(a); });
    case Op::acosh:
      return unary<T>([](T a) { return std::acosh(a); });
    case Op::atanh:
      return unary<T>([](T a) { return std::atanh(a); });
    default:
      return approximate_loops(op, dtype_of<T>).fastest();
  }
}

// a^b by squaring.
template <class T>
T integer_power(T a, T b) {
  if constexpr (std::is_signed_v<T>)
    if (b < 0)
      throw Error(ErrorKind::invalid_argument, "pow: the power of an integer must not be negative (got " +
                                                   std::to_string(b) + "); astype<double>() first");
  std::uint64_t result = 1, base = static_cast<std::uint64_t>(a), n = static_cast<std::uint64_t>(b);
  for (; n; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return static_cast<T>(result);
}

// Of one power, as it is mostly: all elements of a piece take the same steps, side by side.
template <class T>
void power_loop(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  using W = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  constexpr std::size_t piece = 256;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  for (std::size_t n; count > 0; x += n, y += n, r += n, count -= n) {
    n = std::min(count, piece);
    const T power = y[0];
    W others = 0;
    for (std::size_t i = 0; i < n; ++i) others |= static_cast<W>(y[i]) ^ static_cast<W>(power);
    if (others != 0 || power <= 0) {
      for (std::size_t i = 0; i < n; ++i) r[i] = integer_power(x[i], y[i]);
      continue;
    }
    W base[piece], result[piece];
    for (std::size_t i = 0; i < n; ++i) result[i] = base[i] = static_cast<W>(x[i]);
    const auto bits = static_cast<std::uint64_t>(power);
    for (std::uint64_t bit = std::bit_floor(bits) >> 1; bit != 0; bit >>= 1) {
      for (std::size_t i = 0; i < n; ++i) result[i] *= result[i];
      if (bits & bit)
        for (std::size_t i = 0; i < n; ++i) result[i] *= base[i];
    }
    for (std::size_t i = 0; i < n; ++i) r[i] = static_cast<T>(result[i]);
  }
}

}  // namespace

ElementKernel math_kernel(Op op, DType type) {
  return dispatch(type, [&]<class T>(std::type_identity<T>) -> ElementKernel {
    if constexpr (std::is_floating_point_v<T>) {
      return real_math<T>(op);
    } else if constexpr (is_complex_type<T>) {
      return complex_math<T>(op);
    } else if constexpr (!std::is_same_v<T, bool>) {
      return op == Op::power ? suited<&power_loop<T>>() : nullptr;
    } else {
      return nullptr;
    }
  });
}

}  // namespace weir::detail::array
