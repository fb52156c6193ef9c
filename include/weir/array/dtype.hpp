// The element types of arrays, and which type an operation on two of them gives.
#pragma once

#include <complex>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace weir {

/// The element types of arrays, in NumPy's order of kinds.
enum class DType : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  complex64,
  complex128
};

/// What becomes of a number that the type it is converted to does not hold: 300 for `uint8`, -1 for `uint64`,
/// 1e300 or NaN for integers, 1e300 for `float`, an imaginary part for real numbers. Fractions are cut off
/// and long mantissas are rounded in any case.
enum class OutOfRange : std::uint8_t {
  error,  ///< The task fails, with the number and where it was.
  clip    ///< The nearest number of the type; NaN becomes 0, the imaginary part is left out.
};

namespace detail::array {

using weir::DType;

/// NumPy's name: `"bool"`, `"int64"`, `"float64"`, `"complex128"`.
[[nodiscard]] std::string_view to_string(DType type) noexcept;
[[nodiscard]] std::size_t size_of(DType type) noexcept;

template <class T>
struct TypeTag : std::false_type {};
template <DType D>
struct Numbered : std::true_type {
  static constexpr DType value_of = D;
};
template <>
struct TypeTag<bool> : Numbered<DType::boolean> {};
template <>
struct TypeTag<std::int8_t> : Numbered<DType::int8> {};
template <>
struct TypeTag<std::int16_t> : Numbered<DType::int16> {};
template <>
struct TypeTag<std::int32_t> : Numbered<DType::int32> {};
template <>
struct TypeTag<std::int64_t> : Numbered<DType::int64> {};
template <>
struct TypeTag<std::uint8_t> : Numbered<DType::uint8> {};
template <>
struct TypeTag<std::uint16_t> : Numbered<DType::uint16> {};
template <>
struct TypeTag<std::uint32_t> : Numbered<DType::uint32> {};
template <>
struct TypeTag<std::uint64_t> : Numbered<DType::uint64> {};
template <>
struct TypeTag<float> : Numbered<DType::float32> {};
template <>
struct TypeTag<double> : Numbered<DType::float64> {};
template <>
struct TypeTag<std::complex<float>> : Numbered<DType::complex64> {};
template <>
struct TypeTag<std::complex<double>> : Numbered<DType::complex128> {};

/// The type an array may have as element.
template <class T>
concept Element = TypeTag<T>::value;
template <Element T>
inline constexpr DType dtype_of = TypeTag<T>::value_of;

template <DType D>
struct TypeOf;
template <>
struct TypeOf<DType::boolean> {
  using type = bool;
};
template <>
struct TypeOf<DType::int8> {
  using type = std::int8_t;
};
template <>
struct TypeOf<DType::int16> {
  using type = std::int16_t;
};
template <>
struct TypeOf<DType::int32> {
  using type = std::int32_t;
};
template <>
struct TypeOf<DType::int64> {
  using type = std::int64_t;
};
template <>
struct TypeOf<DType::uint8> {
  using type = std::uint8_t;
};
template <>
struct TypeOf<DType::uint16> {
  using type = std::uint16_t;
};
template <>
struct TypeOf<DType::uint32> {
  using type = std::uint32_t;
};
template <>
struct TypeOf<DType::uint64> {
  using type = std::uint64_t;
};
template <>
struct TypeOf<DType::float32> {
  using type = float;
};
template <>
struct TypeOf<DType::float64> {
  using type = double;
};
template <>
struct TypeOf<DType::complex64> {
  using type = std::complex<float>;
};
template <>
struct TypeOf<DType::complex128> {
  using type = std::complex<double>;
};

constexpr bool is_complex(DType t) noexcept { return t >= DType::complex64; }
constexpr bool is_real(DType t) noexcept { return t == DType::float32 || t == DType::float64; }
constexpr bool is_signed(DType t) noexcept { return t >= DType::int8 && t <= DType::int64; }
constexpr bool is_unsigned(DType t) noexcept { return t >= DType::uint8 && t <= DType::uint64; }
constexpr bool is_integer(DType t) noexcept { return is_signed(t) || is_unsigned(t); }
constexpr int kind_of(DType t) noexcept {
  return t == DType::boolean ? 0 : is_integer(t) ? 1 : is_real(t) ? 2 : 3;
}
// Bits of an integer as a power of two above 8: int8 0, int16 1, int32 2, int64 3.
constexpr int width_of(DType t) noexcept {
  return is_signed(t) ? int(t) - int(DType::int8) : int(t) - int(DType::uint8);
}

/// The type that holds the values of both, by NumPy's rules.
constexpr DType promote(DType a, DType b) noexcept {
  if (a == b) return a;
  if (kind_of(a) > kind_of(b)) {
    const DType other = a;
    a = b;
    b = other;
  }
  if (a == DType::boolean) return b;
  if (is_complex(b)) {
    if (b == DType::complex128) return b;
    return (is_integer(a) && width_of(a) <= 1) || a == DType::float32 || a == DType::complex64
               ? DType::complex64
               : DType::complex128;
  }
  if (is_real(b)) {
    if (is_real(a)) return DType::float64;
    return b == DType::float32 && width_of(a) <= 1 ? DType::float32 : DType::float64;
  }
  if (is_signed(a) == is_signed(b)) return a > b ? a : b;
  const DType s = is_signed(a) ? a : b, u = is_signed(a) ? b : a;
  if (width_of(s) > width_of(u)) return s;
  if (u == DType::uint64) return DType::float64;
  return static_cast<DType>(int(DType::int8) + width_of(u) + 1);
}
/// The floating type functions such as sqrt give for it.
constexpr DType floating(DType t) noexcept { return kind_of(t) >= 2 ? t : DType::float64; }
/// The real type of a complex one, itself otherwise.
constexpr DType real_of(DType t) noexcept {
  return t == DType::complex64 ? DType::float32 : t == DType::complex128 ? DType::float64 : t;
}
/// The type a sum or product of it has: integers grow to 64 bits.
constexpr DType summed(DType t) noexcept {
  return t == DType::boolean || is_signed(t) ? DType::int64 : is_unsigned(t) ? DType::uint64 : t;
}
/// Type of an array of `t` combined with a single number of type `s`: the array's, unless the number is of a
/// higher kind.
constexpr DType with_scalar(DType t, DType s) noexcept {
  if (kind_of(s) <= kind_of(t)) return t;
  if (kind_of(s) == 1) return DType::int64;
  if (kind_of(s) == 2) return DType::float64;
  return t == DType::float32 ? DType::complex64 : DType::complex128;
}

/// What may stand for a number: the element types, and the C++ types that are one of them under another name.
template <class T>
concept Scalar = std::is_arithmetic_v<T> || Element<T>;
template <Scalar T>
constexpr DType scalar_dtype() noexcept {
  if constexpr (Element<T>) return dtype_of<T>;
  else if constexpr (std::is_floating_point_v<T>) return DType::float64;
  else return std::is_signed_v<T> ? DType::int64 : DType::uint64;
}

template <class A, class B>
using Promoted = typename TypeOf<promote(dtype_of<A>, dtype_of<B>)>::type;
template <class T, class S>
using WithScalar = typename TypeOf<with_scalar(dtype_of<T>, scalar_dtype<S>())>::type;
template <class T>
using Floating = typename TypeOf<floating(dtype_of<T>)>::type;
template <class T>
using RealOf = typename TypeOf<real_of(dtype_of<T>)>::type;
template <class T>
using Summed = typename TypeOf<summed(dtype_of<T>)>::type;

/// Calls `f(std::type_identity<T>{})` with the C++ type.
template <class F>
decltype(auto) dispatch(DType type, F&& f) {
  switch (type) {
    case DType::boolean:
      return f(std::type_identity<bool>{});
    case DType::int8:
      return f(std::type_identity<std::int8_t>{});
    case DType::int16:
      return f(std::type_identity<std::int16_t>{});
    case DType::int32:
      return f(std::type_identity<std::int32_t>{});
    case DType::int64:
      return f(std::type_identity<std::int64_t>{});
    case DType::uint8:
      return f(std::type_identity<std::uint8_t>{});
    case DType::uint16:
      return f(std::type_identity<std::uint16_t>{});
    case DType::uint32:
      return f(std::type_identity<std::uint32_t>{});
    case DType::uint64:
      return f(std::type_identity<std::uint64_t>{});
    case DType::float32:
      return f(std::type_identity<float>{});
    case DType::float64:
      return f(std::type_identity<double>{});
    case DType::complex64:
      return f(std::type_identity<std::complex<float>>{});
    default:
      return f(std::type_identity<std::complex<double>>{});
  }
}

}  // namespace detail::array
}  // namespace weir
