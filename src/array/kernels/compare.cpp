// Comparisons, tests, and conversions between the element types.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <sstream>
#include <utility>

#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

// Without a branch, for vectors: numbers are near each other, infinities the same.
template <class T>
bool close(T a, T b, T rtol, T atol) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const bool is_near = std::fabs(a - b) <= atol + rtol * std::fabs(b),
             is_finite = (std::fabs(a) < infinity) & (std::fabs(b) < infinity);
  return (is_near & is_finite) | ((a == b) & !is_finite);
}
template <class T>
void close_loop(const void* a, const void* b, const void*, void* out, std::size_t count, const Code& code) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  bool* r = static_cast<bool*>(out);
  double tolerance[2];
  std::memcpy(tolerance, code.immediate.data(), sizeof tolerance);
  const bool nan = code.immediate[2];
  if constexpr (is_complex_type<T>) {
    using R = typename T::value_type;
    for (std::size_t i = 0; i < count; ++i) {
      const bool finite = std::isfinite(x[i].real()) && std::isfinite(x[i].imag()) &&
                          std::isfinite(y[i].real()) && std::isfinite(y[i].imag());
      if (finite)
        r[i] = close<R>(std::abs(x[i] - y[i]), 0, 0,
                        static_cast<R>(tolerance[1] + tolerance[0] * std::abs(y[i])));
      else r[i] = x[i] == y[i] || (nan && is_nan(x[i]) && is_nan(y[i]));
    }
  } else {
    const auto rtol = static_cast<T>(tolerance[0]), atol = static_cast<T>(tolerance[1]);
    if (nan) {
#pragma GCC ivdep
      for (std::size_t i = 0; i < count; ++i)
        r[i] = close(x[i], y[i], rtol, atol) | (is_nan(x[i]) & is_nan(y[i]));
    } else {
#pragma GCC ivdep
      for (std::size_t i = 0; i < count; ++i) r[i] = close(x[i], y[i], rtol, atol);
    }
  }
}

// Exact, where no type holds all values of both: -1, 0, 1, or 2 if one is NaN.
template <class I>
int order_of(I a, double b) {
  if (b != b) return 2;
  if (b >= std::ldexp(1.0, std::numeric_limits<I>::digits)) return -1;
  if (b < static_cast<double>(std::numeric_limits<I>::min())) return 1;
  const double whole = std::floor(b);
  const I k = static_cast<I>(whole);
  return a < k ? -1 : a > k ? 1 : whole < b ? -1 : 0;
}
int order_of(std::int64_t a, std::uint64_t b) {
  return std::cmp_less(a, b) ? -1 : std::cmp_greater(a, b) ? 1 : 0;
}

template <class A, class B, class F>
void loop_mixed(const void* a, const void* b, const void*, void* out, std::size_t count, const Code&) {
  const A* x = static_cast<const A*>(a);
  const B* y = static_cast<const B*>(b);
  bool* r = static_cast<bool*>(out);
  F f;
  for (std::size_t i = 0; i < count; ++i) r[i] = f(order_of(x[i], y[i]));
}
template <class A, class B>
ElementKernel compared_mixed(Op op) {
  const auto kernel = []<class F>(F) -> ElementKernel { return &loop_mixed<A, B, F>; };
  switch (op) {
    case Op::equal:
      return kernel([](int order) { return order == 0; });
    case Op::not_equal:
      return kernel([](int order) { return order != 0; });
    case Op::less:
      return kernel([](int order) { return order == -1; });
    case Op::less_equal:
      return kernel([](int order) { return order <= 0; });
    case Op::greater:
      return kernel([](int order) { return order == 1; });
    case Op::greater_equal:
      return kernel([](int order) { return order == 0 || order == 1; });
    default:
      return nullptr;
  }
}

template <class T>
ElementKernel compared(Op op) {
  switch (op) {
    case Op::equal:
      return binary<T, bool>([](T a, T b) { return a == b; });
    case Op::not_equal:
      return binary<T, bool>([](T a, T b) { return a != b; });
    case Op::is_close:
      if constexpr (is_complex_type<T> || std::is_floating_point_v<T>) return suited<&close_loop<T>>();
      else return nullptr;
    case Op::logical_not:
      if constexpr (std::is_same_v<T, bool>)  // as bytes, of which vectors are made
        return unary<unsigned char>([](unsigned char a) { return static_cast<unsigned char>(a ^ 1); });
      else return unary<T, bool>([](T a) { return a == T(0); });
    case Op::isnan:
      return unary<T, bool>([](T a) { return is_nan(a); });
    case Op::isinf:
      return unary<T, bool>([](T a) {
        if constexpr (is_complex_type<T>) return std::isinf(a.real()) || std::isinf(a.imag());
        else if constexpr (std::is_floating_point_v<T>) return std::isinf(a);
        else return false;
      });
    case Op::isfinite:
      return unary<T, bool>([](T a) {
        if constexpr (is_complex_type<T>) return std::isfinite(a.real()) && std::isfinite(a.imag());
        else if constexpr (std::is_floating_point_v<T>) return std::isfinite(a);
        else return true;
      });
    default:
      break;
  }
  if constexpr (!is_complex_type<T>) {
    switch (op) {
      case Op::less:
        return binary<T, bool>([](T a, T b) { return a < b; });
      case Op::less_equal:
        return binary<T, bool>([](T a, T b) { return a <= b; });
      case Op::greater:
        return binary<T, bool>([](T a, T b) { return a > b; });
      case Op::greater_equal:
        return binary<T, bool>([](T a, T b) { return a >= b; });
      case Op::signbit:
        return unary<T, bool>([](T a) {
          if constexpr (std::is_floating_point_v<T>) return std::signbit(a);
          else return a < T(0);
        });
      default:
        break;
    }
  }
  return nullptr;
}

template <class From, class To>
struct Convert {
  To operator()(From x) const {
    if constexpr (is_complex_type<From> && !is_complex_type<To>) {
      if constexpr (std::is_same_v<To, bool>) return x != From(0);
      else return static_cast<To>(x.real());
    } else if constexpr (is_complex_type<To> && !is_complex_type<From>) {
      return To(static_cast<typename To::value_type>(x), 0);
    } else if constexpr (std::is_same_v<To, bool>) {
      return x != From(0);
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      // Through a wider integer, as hardware does, so that what lies outside wraps instead of being
      // undefined.
      if constexpr (sizeof(To) < 8)
        return static_cast<To>(x > -9.2e18 && x < 9.2e18 ? static_cast<std::int64_t>(x) : INT64_MIN);
      else if constexpr (std::is_signed_v<To>)
        return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? static_cast<To>(x) : INT64_MIN;
      else
        return x >= 0 ? (x < 18446744073709551616.0 ? static_cast<To>(x) : To(0))
                      : static_cast<To>(x > -9.2e18 ? static_cast<std::int64_t>(x) : INT64_MIN);
    } else {
      return static_cast<To>(x);
    }
  }
};

template <class From, class To>
bool fits(From x) {
  if constexpr (std::is_same_v<To, bool> || std::is_same_v<From, bool>) {
    return true;
  } else if constexpr (is_complex_type<From>) {
    using R = typename From::value_type;
    if constexpr (is_complex_type<To>)
      return fits<R, typename To::value_type>(x.real()) && fits<R, typename To::value_type>(x.imag());
    else return x.imag() == R(0) && fits<R, To>(x.real());
  } else if constexpr (is_complex_type<To>) {
    return fits<From, typename To::value_type>(x);
  } else if constexpr (std::is_integral_v<From>) {
    if constexpr (std::is_integral_v<To>) return std::in_range<To>(x);
    else return true;
  } else if constexpr (std::is_integral_v<To>) {
    // What it is cut off to is a number of the type: said without a call, for vectors.
    using Limits = std::numeric_limits<To>;
    constexpr From least = static_cast<From>(Limits::min()), beyond = From(2) * From(Limits::max() / 2 + 1);
    constexpr bool has_next = std::is_unsigned_v<To> || Limits::digits < std::numeric_limits<From>::digits;
    return (has_next ? x > least - 1 : x >= least) & (x < beyond);
  } else if constexpr (sizeof(To) >= sizeof(From)) {
    return true;
  } else {
    // Rounded to nearest, the first that is no number any more, up to the greatest of the wider type.
    constexpr From beyond = 0x1.ffffffp+127;
    const From size = std::abs(x);
    return !((size >= beyond) & (size <= std::numeric_limits<From>::max()));
  }
}
template <class From, class To>
To nearest(From x) {
  if (fits<From, To>(x)) return Convert<From, To>()(x);
  if constexpr (is_complex_type<From>) {
    using R = typename From::value_type;
    if constexpr (is_complex_type<To>)
      return {nearest<R, typename To::value_type>(x.real()), nearest<R, typename To::value_type>(x.imag())};
    else return nearest<R, To>(x.real());
  } else if constexpr (is_complex_type<To>) {
    return nearest<From, typename To::value_type>(x);
  } else {
    if (x != x) return To(0);
    return x < From(0) ? std::numeric_limits<To>::lowest() : std::numeric_limits<To>::max();
  }
}
template <class From, class To>
[[noreturn]] void tell_misfit(const From* x, std::size_t i) {
  while (fits<From, To>(x[i])) ++i;
  std::ostringstream text;
  if constexpr (sizeof(From) == 1) text << static_cast<int>(x[i]);
  else text << x[i];
  throw Misfit{i, text.str(), to_string(dtype_of<To>)};
}
// Of numbers that fit. Without AVX-512 vectors have no instruction for 64 bits: what is near 0 is cut off as
// a double, whose last bits are then the integer's.
template <class From, class To>
void convert_fitting(const From* x, To* r, std::size_t count) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    if constexpr (sizeof(To) < 4 || std::is_same_v<To, std::int32_t>) {
      for (std::size_t i = 0; i < count; ++i) r[i] = static_cast<To>(static_cast<std::int32_t>(x[i]));
      return;
    } else {
      constexpr double shift = 0x1.8p52;
      constexpr std::uint64_t near = std::bit_cast<std::uint64_t>(0x1p51), sign = std::uint64_t{1} << 63;
      std::uint64_t far = 0;  // in its highest bit
      for (std::size_t i = 0; i < count; ++i)
        far |= near - 1 - (std::bit_cast<std::uint64_t>(static_cast<double>(x[i])) & ~sign);
      if (!(far & sign)) {
        constexpr auto shift_bits = std::bit_cast<std::int64_t>(shift);
#pragma GCC ivdep
        for (std::size_t i = 0; i < count; ++i) {
          const double v = std::fabs(static_cast<double>(x[i])), nearest = (v + shift) - shift,
                       below = nearest - one_if_negative(v - nearest),
                       whole = std::copysign(below, static_cast<double>(x[i]));
          r[i] = static_cast<To>(std::bit_cast<std::int64_t>(whole + shift) - shift_bits);
        }
        return;
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) r[i] = Convert<From, To>()(x[i]);
}
template <class From, class To>
void checked_loop(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  const From* x = static_cast<const From*>(a);
  To* r = static_cast<To*>(out);
  constexpr std::size_t step = 1024;  // converted while they are in the cache
  for (std::size_t begin = 0; begin < count; begin += step) {
    const std::size_t end = std::min(count, begin + step);
    std::conditional_t<sizeof(From) == 8, std::int64_t, std::int32_t> misfits = 0;
    for (std::size_t i = begin; i < end; ++i) misfits += !fits<From, To>(x[i]);
    if (misfits != 0) tell_misfit<From, To>(x, begin);
    convert_fitting(x + begin, r + begin, end - begin);
  }
}

// Integers of 64 bits as doubles, for which vectors have no instruction before AVX-512: of those that are not
// far from 0 the bits become the last ones of a double whose last bit is 1.
template <class T>
void real_loop(const void* a, const void*, const void*, void* out, std::size_t count, const Code&) {
  constexpr std::uint64_t near = std::uint64_t{1} << 51, shift = std::is_signed_v<T> ? near : 0,
                          one_bits = 0x4338000000000000u;
  const T* x = static_cast<const T*>(a);
  double* r = static_cast<double*>(out);
  constexpr std::size_t step = 1024;
  for (std::size_t begin = 0; begin < count; begin += step) {
    const std::size_t end = std::min(count, begin + step);
    std::uint64_t far = 0;
    for (std::size_t i = begin; i < end; ++i) far |= static_cast<std::uint64_t>(x[i]) + shift;
    if (far >= 2 * near) {
      for (std::size_t i = begin; i < end; ++i) r[i] = static_cast<double>(x[i]);
      continue;
    }
#pragma GCC ivdep
    for (std::size_t i = begin; i < end; ++i)
      r[i] = std::bit_cast<double>(static_cast<std::uint64_t>(x[i]) + one_bits) - 0x1.8p52;
  }
}

// Of two types of which none holds all values of the other.
ElementKernel compare_mixed_kernel(Op op, DType type, DType second) {
  if (type == DType::int64 && second == DType::uint64) return compared_mixed<std::int64_t, std::uint64_t>(op);
  if (type == DType::int64 && second == DType::float64) return compared_mixed<std::int64_t, double>(op);
  if (type == DType::uint64 && second == DType::float64) return compared_mixed<std::uint64_t, double>(op);
  return nullptr;
}

}  // namespace

ElementKernel compare_kernel(Op op, DType type, DType second) {
  if (is_binary(op) && type != second) return compare_mixed_kernel(op, type, second);
  return dispatch(type, [&]<class T>(std::type_identity<T>) { return compared<T>(op); });
}

ElementKernel cast_kernel(Op op, DType from, DType to) {
  return dispatch(from, [&]<class From>(std::type_identity<From>) {
    return dispatch(to, [&]<class To>(std::type_identity<To>) -> ElementKernel {
      if constexpr (std::is_same_v<From, bool>) {  // as bytes, of which vectors are made
        return unary<unsigned char, To>(Convert<unsigned char, To>());
      }
      if (op == Op::checked_cast) return suited<&checked_loop<From, To>>();
      if (op == Op::clipped_cast) return unary<From, To>([](From x) { return nearest<From, To>(x); });
      if constexpr (std::is_integral_v<From> && sizeof(From) == 8 && std::is_same_v<To, double>)
        return suited<&real_loop<From>>();
      return unary<From, To>(Convert<From, To>());
    });
  });
}

}  // namespace weir::detail::array
