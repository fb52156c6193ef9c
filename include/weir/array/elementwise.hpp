// Elementwise operations on arrays: arithmetic, comparison, logic, bits, functions; with broadcasting and
// NumPy's promotion of types.
#pragma once

#include "weir/array/array.hpp"

namespace weir {

namespace detail::array {

/// T op U.
template <class T, class U>
Array<Promoted<T, U>> arithmetic(Op op, const Array<T>& a, const Array<U>& b) {
  constexpr DType type = promote(dtype_of<T>, dtype_of<U>);
  return Array<Promoted<T, U>>(elementwise(op, type, type, {a.node(), b.node()}));
}
template <class T, class S>
Array<WithScalar<T, S>> arithmetic_right(Op op, const Array<T>& a, S b) {
  constexpr DType type = with_scalar(dtype_of<T>, scalar_dtype<S>());
  return Array<WithScalar<T, S>>(elementwise(op, type, type, {a.node(), scalar_as(type, b)}));
}
template <class T, class S>
Array<WithScalar<T, S>> arithmetic_left(Op op, S a, const Array<T>& b) {
  constexpr DType type = with_scalar(dtype_of<T>, scalar_dtype<S>());
  return Array<WithScalar<T, S>>(elementwise(op, type, type, {scalar_as(type, a), b.node()}));
}
/// The same in the floating type.
template <class R>
Array<R> floating_op(Op op, std::vector<NodePtr> inputs) {
  return Array<R>(elementwise(op, dtype_of<R>, dtype_of<R>, std::move(inputs)));
}
template <class T, class U>
Array<bool> compare(Op op, const Array<T>& a, const Array<U>& b) {
  return Array<bool>(
      elementwise(op, promote(dtype_of<T>, dtype_of<U>), DType::boolean, {a.node(), b.node()}));
}
/// With a number: compared in a type that holds both, so that `x < 0.5` means that for integers too.
template <class T, class S>
Array<bool> compare_scalar(Op op, const Array<T>& a, S b) {
  constexpr DType type = with_scalar(dtype_of<T>, scalar_dtype<S>());
  return Array<bool>(elementwise(op, type, DType::boolean, {a.node(), scalar_as(type, b)}));
}
template <class T>
Array<T> same(Op op, const Array<T>& a) {
  return Array<T>(elementwise(op, dtype_of<T>, dtype_of<T>, {a.node()}));
}
template <class T>
Array<Floating<T>> function(Op op, const Array<T>& a) {
  return floating_op<Floating<T>>(op, {a.node()});
}
template <class T>
Array<bool> test(Op op, const Array<T>& a) {
  return Array<bool>(elementwise(op, dtype_of<T>, DType::boolean, {a.node()}));
}

}  // namespace detail::array

// --- arithmetic
template <class T, class U>
auto operator+(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::add, a, b);
}
template <class T, detail::array::Scalar S>
auto operator+(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::add, a, b);
}
template <class T, detail::array::Scalar S>
auto operator+(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::add, a, b);
}
template <class T, class U>
auto operator-(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::subtract, a, b);
}
template <class T, detail::array::Scalar S>
auto operator-(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::subtract, a, b);
}
template <class T, detail::array::Scalar S>
auto operator-(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::subtract, a, b);
}
template <class T, class U>
auto operator*(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::multiply, a, b);
}
template <class T, detail::array::Scalar S>
auto operator*(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::multiply, a, b);
}
template <class T, detail::array::Scalar S>
auto operator*(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::multiply, a, b);
}
/// True division: integers give double, as in NumPy. `floor_divide` is the other one.
template <class T, class U>
auto operator/(const Array<T>& a, const Array<U>& b) {
  return detail::array::floating_op<detail::array::Floating<detail::array::Promoted<T, U>>>(
      detail::array::Op::divide, {a.node(), b.node()});
}
template <class T, detail::array::Scalar S>
auto operator/(const Array<T>& a, S b) {
  using R = detail::array::Floating<detail::array::WithScalar<T, S>>;
  return detail::array::floating_op<R>(detail::array::Op::divide,
                                       {a.node(), detail::array::scalar_as(detail::array::dtype_of<R>, b)});
}
template <class T, detail::array::Scalar S>
auto operator/(S a, const Array<T>& b) {
  using R = detail::array::Floating<detail::array::WithScalar<T, S>>;
  return detail::array::floating_op<R>(detail::array::Op::divide,
                                       {detail::array::scalar_as(detail::array::dtype_of<R>, a), b.node()});
}
/// Remainder with the sign of the divisor. Integers divided by 0 give 0.
template <class T, class U>
auto operator%(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::mod, a, b);
}
template <class T, detail::array::Scalar S>
auto operator%(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::mod, a, b);
}
template <class T, detail::array::Scalar S>
auto operator%(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::mod, a, b);
}
template <class T, class U>
auto floor_divide(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::floor_divide, a, b);
}
template <class T, detail::array::Scalar S>
auto floor_divide(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::floor_divide, a, b);
}
template <class T, detail::array::Scalar S>
auto floor_divide(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::floor_divide, a, b);
}
template <class T, class U>
auto pow(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::power, a, b);
}
template <class T, detail::array::Scalar S>
auto pow(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::power, a, b);
}
template <class T, detail::array::Scalar S>
auto pow(S a, const Array<T>& b) {
  return detail::array::arithmetic_left(detail::array::Op::power, a, b);
}
template <class T>
Array<T> operator-(const Array<T>& a) {
  return detail::array::same(detail::array::Op::negative, a);
}
template <class T>
Array<T> operator+(const Array<T>& a) {
  return a;
}
template <class T, class U>
Array<T>& operator+=(Array<T>& a, const U& b) {
  return a = (a + b).template astype<T>();
}
template <class T, class U>
Array<T>& operator-=(Array<T>& a, const U& b) {
  return a = (a - b).template astype<T>();
}
template <class T, class U>
Array<T>& operator*=(Array<T>& a, const U& b) {
  return a = (a * b).template astype<T>();
}
template <class T, class U>
Array<T>& operator/=(Array<T>& a, const U& b) {
  return a = (a / b).template astype<T>();
}

/// The smaller (larger) of two; NaN if one is. `fmin`, `fmax` prefer the one that is not.
template <class T, class U>
auto minimum(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::minimum, a, b);
}
template <class T, detail::array::Scalar S>
auto minimum(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::minimum, a, b);
}
template <class T, class U>
auto maximum(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::maximum, a, b);
}
template <class T, detail::array::Scalar S>
auto maximum(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::maximum, a, b);
}
template <class T, class U>
auto fmin(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::fmin, a, b);
}
template <class T, class U>
auto fmax(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::fmax, a, b);
}
template <class T, class U>
auto hypot(const Array<T>& a, const Array<U>& b) {
  return detail::array::floating_op<detail::array::Floating<detail::array::Promoted<T, U>>>(
      detail::array::Op::hypot, {a.node(), b.node()});
}
template <class T, class U>
auto atan2(const Array<T>& a, const Array<U>& b) {
  return detail::array::floating_op<detail::array::Floating<detail::array::Promoted<T, U>>>(
      detail::array::Op::atan2, {a.node(), b.node()});
}

// --- bits and logic; on bools & | ^ ! are logical
template <class T, class U>
auto operator&(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::bit_and, a, b);
}
template <class T, class U>
auto operator|(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::bit_or, a, b);
}
template <class T, class U>
auto operator^(const Array<T>& a, const Array<U>& b) {
  return detail::array::arithmetic(detail::array::Op::bit_xor, a, b);
}
template <class T, detail::array::Scalar S>
auto operator&(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::bit_and, a, b);
}
template <class T, detail::array::Scalar S>
auto operator|(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::bit_or, a, b);
}
template <class T, detail::array::Scalar S>
auto operator^(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::bit_xor, a, b);
}
template <class T, detail::array::Scalar S>
auto left_shift(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::shift_left, a, b);
}
template <class T, detail::array::Scalar S>
auto right_shift(const Array<T>& a, S b) {
  return detail::array::arithmetic_right(detail::array::Op::shift_right, a, b);
}
template <class T>
Array<T> operator~(const Array<T>& a) {
  return detail::array::same(detail::array::Op::bit_not, a);
}
template <class T>
Array<bool> operator!(const Array<T>& a) {
  return detail::array::test(detail::array::Op::logical_not, a);
}
template <class T, class U>
Array<bool> operator&&(const Array<T>& a, const Array<U>& b) {
  return a.template astype<bool>() & b.template astype<bool>();
}
template <class T, class U>
Array<bool> operator||(const Array<T>& a, const Array<U>& b) {
  return a.template astype<bool>() | b.template astype<bool>();
}

// --- comparison
template <class T, class U>
Array<bool> operator==(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::equal, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator==(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::equal, a, b);
}
template <class T, class U>
Array<bool> operator!=(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::not_equal, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator!=(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::not_equal, a, b);
}
template <class T, class U>
Array<bool> operator<(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::less, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator<(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::less, a, b);
}
template <class T, class U>
Array<bool> operator<=(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::less_equal, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator<=(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::less_equal, a, b);
}
template <class T, class U>
Array<bool> operator>(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::greater, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator>(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::greater, a, b);
}
template <class T, class U>
Array<bool> operator>=(const Array<T>& a, const Array<U>& b) {
  return detail::array::compare(detail::array::Op::greater_equal, a, b);
}
template <class T, detail::array::Scalar S>
Array<bool> operator>=(const Array<T>& a, S b) {
  return detail::array::compare_scalar(detail::array::Op::greater_equal, a, b);
}

// --- choice
/// Elements of `a` where `condition` is true, of `b` elsewhere.
template <class T, class U>
auto where(const Array<bool>& condition, const Array<T>& a, const Array<U>& b) {
  constexpr detail::array::DType type =
      detail::array::promote(detail::array::dtype_of<T>, detail::array::dtype_of<U>);
  return Array<detail::array::Promoted<T, U>>(detail::array::elementwise(
      detail::array::Op::where, type, type, {condition.node(), a.node(), b.node()}));
}
template <class T, detail::array::Scalar S>
auto where(const Array<bool>& condition, const Array<T>& a, S b) {
  constexpr detail::array::DType type =
      detail::array::with_scalar(detail::array::dtype_of<T>, detail::array::scalar_dtype<S>());
  return Array<detail::array::WithScalar<T, S>>(detail::array::elementwise(
      detail::array::Op::where, type, type, {condition.node(), a.node(), detail::array::scalar_as(type, b)}));
}
template <class T, detail::array::Scalar S>
auto where(const Array<bool>& condition, S a, const Array<T>& b) {
  constexpr detail::array::DType type =
      detail::array::with_scalar(detail::array::dtype_of<T>, detail::array::scalar_dtype<S>());
  return Array<detail::array::WithScalar<T, S>>(detail::array::elementwise(
      detail::array::Op::where, type, type, {condition.node(), detail::array::scalar_as(type, a), b.node()}));
}
/// Elements below `low` become `low`, those above `high` become `high`.
template <class T, detail::array::Scalar S>
Array<T> clip(const Array<T>& a, S low, S high) {
  const auto bound = [&](detail::array::Op op, const detail::array::NodePtr& x, S b) {
    return detail::array::elementwise(op, detail::array::dtype_of<T>, detail::array::dtype_of<T>,
                                      {x, detail::array::scalar_as(detail::array::dtype_of<T>, b)});
  };
  return Array<T>(bound(detail::array::Op::minimum, bound(detail::array::Op::maximum, a.node(), low), high));
}

// --- functions; integers are taken as double
template <class T>
auto exp(const Array<T>& a) {
  return detail::array::function(detail::array::Op::exp, a);
}
template <class T>
auto exp2(const Array<T>& a) {
  return detail::array::function(detail::array::Op::exp2, a);
}
template <class T>
auto expm1(const Array<T>& a) {
  return detail::array::function(detail::array::Op::expm1, a);
}
template <class T>
auto log(const Array<T>& a) {
  return detail::array::function(detail::array::Op::log, a);
}
template <class T>
auto log2(const Array<T>& a) {
  return detail::array::function(detail::array::Op::log2, a);
}
template <class T>
auto log10(const Array<T>& a) {
  return detail::array::function(detail::array::Op::log10, a);
}
template <class T>
auto log1p(const Array<T>& a) {
  return detail::array::function(detail::array::Op::log1p, a);
}
template <class T>
auto sqrt(const Array<T>& a) {
  return detail::array::function(detail::array::Op::sqrt, a);
}
template <class T>
auto cbrt(const Array<T>& a) {
  return detail::array::function(detail::array::Op::cbrt, a);
}
template <class T>
auto sin(const Array<T>& a) {
  return detail::array::function(detail::array::Op::sin, a);
}
template <class T>
auto cos(const Array<T>& a) {
  return detail::array::function(detail::array::Op::cos, a);
}
template <class T>
auto tan(const Array<T>& a) {
  return detail::array::function(detail::array::Op::tan, a);
}
template <class T>
auto asin(const Array<T>& a) {
  return detail::array::function(detail::array::Op::asin, a);
}
template <class T>
auto acos(const Array<T>& a) {
  return detail::array::function(detail::array::Op::acos, a);
}
template <class T>
auto atan(const Array<T>& a) {
  return detail::array::function(detail::array::Op::atan, a);
}
template <class T>
auto sinh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::sinh, a);
}
template <class T>
auto cosh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::cosh, a);
}
template <class T>
auto tanh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::tanh, a);
}
template <class T>
auto asinh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::asinh, a);
}
template <class T>
auto acosh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::acosh, a);
}
template <class T>
auto atanh(const Array<T>& a) {
  return detail::array::function(detail::array::Op::atanh, a);
}
template <class T>
auto erf(const Array<T>& a) {
  return detail::array::function(detail::array::Op::erf, a);
}
template <class T>
auto reciprocal(const Array<T>& a) {
  return detail::array::function(detail::array::Op::reciprocal, a);
}
template <class T>
Array<T> square(const Array<T>& a) {
  return detail::array::same(detail::array::Op::square, a);
}
template <class T>
Array<T> sign(const Array<T>& a) {
  return detail::array::same(detail::array::Op::sign, a);
}
template <class T>
Array<T> floor(const Array<T>& a) {
  return detail::array::same(detail::array::Op::floor, a);
}
template <class T>
Array<T> ceil(const Array<T>& a) {
  return detail::array::same(detail::array::Op::ceil, a);
}
template <class T>
Array<T> trunc(const Array<T>& a) {
  return detail::array::same(detail::array::Op::trunc, a);
}
/// To the nearest integer, halves to even.
template <class T>
Array<T> rint(const Array<T>& a) {
  return detail::array::same(detail::array::Op::rint, a);
}
template <class T>
Array<bool> isnan(const Array<T>& a) {
  return detail::array::test(detail::array::Op::isnan, a);
}
template <class T>
Array<bool> isinf(const Array<T>& a) {
  return detail::array::test(detail::array::Op::isinf, a);
}
template <class T>
Array<bool> isfinite(const Array<T>& a) {
  return detail::array::test(detail::array::Op::isfinite, a);
}
template <class T>
Array<bool> signbit(const Array<T>& a) {
  return detail::array::test(detail::array::Op::signbit, a);
}

/// Absolute value; of complex numbers their magnitude, which is real.
template <class T>
Array<detail::array::RealOf<T>> abs(const Array<T>& a) {
  constexpr bool complex = detail::array::is_complex(detail::array::dtype_of<T>);
  return Array<detail::array::RealOf<T>>(detail::array::elementwise(
      complex ? detail::array::Op::magnitude : detail::array::Op::abs, detail::array::dtype_of<T>,
      detail::array::real_of(detail::array::dtype_of<T>), {a.node()}));
}
template <class T>
Array<T> conj(const Array<T>& a) {
  return detail::array::same(detail::array::Op::conj, a);
}
template <class T>
auto real(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::elementwise(
      detail::array::Op::real, detail::array::floating(detail::array::dtype_of<T>),
      detail::array::real_of(detail::array::floating(detail::array::dtype_of<T>)), {a.node()}));
}
template <class T>
auto imag(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::elementwise(
      detail::array::Op::imag, detail::array::floating(detail::array::dtype_of<T>),
      detail::array::real_of(detail::array::floating(detail::array::dtype_of<T>)), {a.node()}));
}
template <class T>
auto angle(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(detail::array::elementwise(
      detail::array::Op::angle, detail::array::floating(detail::array::dtype_of<T>),
      detail::array::real_of(detail::array::floating(detail::array::dtype_of<T>)), {a.node()}));
}

/// Whether |a - b| <= atol + rtol |b|, element by element. NaN is close to nothing.
template <class T, class U>
Array<bool> isclose(const Array<T>& a, const Array<U>& b, double rtol = 1e-5, double atol = 1e-8) {
  return abs(a - b) <= abs(b) * rtol + atol || a == b;
}

}  // namespace weir
