// Comparisons, tests, and conversions between the element types.
#include "array/kernels/kernels.hpp"

namespace weir::detail::array {

namespace {

template <class T>
ElementKernel compared(Op op) {
  switch (op) {
    case Op::equal:
      return binary<T, bool>([](T a, T b) { return a == b; });
    case Op::not_equal:
      return binary<T, bool>([](T a, T b) { return a != b; });
    case Op::logical_not:
      return unary<T, bool>([](T a) { return a == T(0); });
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

}  // namespace

ElementKernel compare_kernel(Op op, DType type) {
  return dispatch(type, [&]<class T>(std::type_identity<T>) { return compared<T>(op); });
}

ElementKernel cast_kernel(DType from, DType to) {
  return dispatch(from, [&]<class From>(std::type_identity<From>) {
    return dispatch(to, [&]<class To>(std::type_identity<To>) -> ElementKernel {
      return &loop1<From, To, Convert<From, To>>;
    });
  });
}

}  // namespace weir::detail::array
