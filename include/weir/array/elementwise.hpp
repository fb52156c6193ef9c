// Elementwise operations on arrays: arithmetic, comparison, logic, bits, functions; with broadcasting and
// NumPy's promotion of types.
#pragma once

#include "weir/array/array.hpp"

namespace weir {

namespace array {

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

}  // namespace array

// --- arithmetic
template <class T, class U>
auto operator+(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::add, a, b);
}
template <class T, array::Scalar S>
auto operator+(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::add, a, b);
}
template <class T, array::Scalar S>
auto operator+(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::add, a, b);
}
template <class T, class U>
auto operator-(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::subtract, a, b);
}
template <class T, array::Scalar S>
auto operator-(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::subtract, a, b);
}
template <class T, array::Scalar S>
auto operator-(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::subtract, a, b);
}
template <class T, class U>
auto operator*(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::multiply, a, b);
}
template <class T, array::Scalar S>
auto operator*(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::multiply, a, b);
}
template <class T, array::Scalar S>
auto operator*(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::multiply, a, b);
}
/// True division: integers give double, as in NumPy. `floor_divide` is the other one.
template <class T, class U>
auto operator/(const Array<T>& a, const Array<U>& b) {
  return array::floating_op<array::Floating<array::Promoted<T, U>>>(array::Op::divide, {a.node(), b.node()});
}
template <class T, array::Scalar S>
auto operator/(const Array<T>& a, S b) {
  using R = array::Floating<array::WithScalar<T, S>>;
  return array::floating_op<R>(array::Op::divide, {a.node(), array::scalar_as(array::dtype_of<R>, b)});
}
template <class T, array::Scalar S>
auto operator/(S a, const Array<T>& b) {
  using R = array::Floating<array::WithScalar<T, S>>;
  return array::floating_op<R>(array::Op::divide, {array::scalar_as(array::dtype_of<R>, a), b.node()});
}
/// Remainder with the sign of the divisor. Integers divided by 0 give 0.
template <class T, class U>
auto operator%(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::mod, a, b);
}
template <class T, array::Scalar S>
auto operator%(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::mod, a, b);
}
template <class T, array::Scalar S>
auto operator%(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::mod, a, b);
}
template <class T, class U>
auto floor_divide(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::floor_divide, a, b);
}
template <class T, array::Scalar S>
auto floor_divide(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::floor_divide, a, b);
}
template <class T, array::Scalar S>
auto floor_divide(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::floor_divide, a, b);
}
template <class T, class U>
auto pow(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::power, a, b);
}
template <class T, array::Scalar S>
auto pow(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::power, a, b);
}
template <class T, array::Scalar S>
auto pow(S a, const Array<T>& b) {
  return array::arithmetic_left(array::Op::power, a, b);
}
template <class T>
Array<T> operator-(const Array<T>& a) {
  return array::same(array::Op::negative, a);
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
  return array::arithmetic(array::Op::minimum, a, b);
}
template <class T, array::Scalar S>
auto minimum(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::minimum, a, b);
}
template <class T, class U>
auto maximum(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::maximum, a, b);
}
template <class T, array::Scalar S>
auto maximum(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::maximum, a, b);
}
template <class T, class U>
auto fmin(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::fmin, a, b);
}
template <class T, class U>
auto fmax(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::fmax, a, b);
}
template <class T, class U>
auto hypot(const Array<T>& a, const Array<U>& b) {
  return array::floating_op<array::Floating<array::Promoted<T, U>>>(array::Op::hypot, {a.node(), b.node()});
}
template <class T, class U>
auto atan2(const Array<T>& a, const Array<U>& b) {
  return array::floating_op<array::Floating<array::Promoted<T, U>>>(array::Op::atan2, {a.node(), b.node()});
}

// --- bits and logic; on bools & | ^ ! are logical
template <class T, class U>
auto operator&(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::bit_and, a, b);
}
template <class T, class U>
auto operator|(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::bit_or, a, b);
}
template <class T, class U>
auto operator^(const Array<T>& a, const Array<U>& b) {
  return array::arithmetic(array::Op::bit_xor, a, b);
}
template <class T, array::Scalar S>
auto operator&(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::bit_and, a, b);
}
template <class T, array::Scalar S>
auto operator|(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::bit_or, a, b);
}
template <class T, array::Scalar S>
auto operator^(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::bit_xor, a, b);
}
template <class T, array::Scalar S>
auto left_shift(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::shift_left, a, b);
}
template <class T, array::Scalar S>
auto right_shift(const Array<T>& a, S b) {
  return array::arithmetic_right(array::Op::shift_right, a, b);
}
template <class T>
Array<T> operator~(const Array<T>& a) {
  return array::same(array::Op::bit_not, a);
}
template <class T>
Array<bool> operator!(const Array<T>& a) {
  return array::test(array::Op::logical_not, a);
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
  return array::compare(array::Op::equal, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator==(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::equal, a, b);
}
template <class T, class U>
Array<bool> operator!=(const Array<T>& a, const Array<U>& b) {
  return array::compare(array::Op::not_equal, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator!=(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::not_equal, a, b);
}
template <class T, class U>
Array<bool> operator<(const Array<T>& a, const Array<U>& b) {
  return array::compare(array::Op::less, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator<(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::less, a, b);
}
template <class T, class U>
Array<bool> operator<=(const Array<T>& a, const Array<U>& b) {
  return array::compare(array::Op::less_equal, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator<=(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::less_equal, a, b);
}
template <class T, class U>
Array<bool> operator>(const Array<T>& a, const Array<U>& b) {
  return array::compare(array::Op::greater, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator>(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::greater, a, b);
}
template <class T, class U>
Array<bool> operator>=(const Array<T>& a, const Array<U>& b) {
  return array::compare(array::Op::greater_equal, a, b);
}
template <class T, array::Scalar S>
Array<bool> operator>=(const Array<T>& a, S b) {
  return array::compare_scalar(array::Op::greater_equal, a, b);
}

// --- choice
/// Elements of `a` where `condition` is true, of `b` elsewhere.
template <class T, class U>
auto where(const Array<bool>& condition, const Array<T>& a, const Array<U>& b) {
  constexpr array::DType type = array::promote(array::dtype_of<T>, array::dtype_of<U>);
  return Array<array::Promoted<T, U>>(
      array::elementwise(array::Op::where, type, type, {condition.node(), a.node(), b.node()}));
}
template <class T, array::Scalar S>
auto where(const Array<bool>& condition, const Array<T>& a, S b) {
  constexpr array::DType type = array::with_scalar(array::dtype_of<T>, array::scalar_dtype<S>());
  return Array<array::WithScalar<T, S>>(array::elementwise(
      array::Op::where, type, type, {condition.node(), a.node(), array::scalar_as(type, b)}));
}
template <class T, array::Scalar S>
auto where(const Array<bool>& condition, S a, const Array<T>& b) {
  constexpr array::DType type = array::with_scalar(array::dtype_of<T>, array::scalar_dtype<S>());
  return Array<array::WithScalar<T, S>>(array::elementwise(
      array::Op::where, type, type, {condition.node(), array::scalar_as(type, a), b.node()}));
}
/// Elements below `low` become `low`, those above `high` become `high`.
template <class T, array::Scalar S>
Array<T> clip(const Array<T>& a, S low, S high) {
  const auto bound = [&](array::Op op, const array::NodePtr& x, S b) {
    return array::elementwise(op, array::dtype_of<T>, array::dtype_of<T>,
                              {x, array::scalar_as(array::dtype_of<T>, b)});
  };
  return Array<T>(bound(array::Op::minimum, bound(array::Op::maximum, a.node(), low), high));
}

// --- functions; integers are taken as double
template <class T>
auto exp(const Array<T>& a) {
  return array::function(array::Op::exp, a);
}
template <class T>
auto exp2(const Array<T>& a) {
  return array::function(array::Op::exp2, a);
}
template <class T>
auto expm1(const Array<T>& a) {
  return array::function(array::Op::expm1, a);
}
template <class T>
auto log(const Array<T>& a) {
  return array::function(array::Op::log, a);
}
template <class T>
auto log2(const Array<T>& a) {
  return array::function(array::Op::log2, a);
}
template <class T>
auto log10(const Array<T>& a) {
  return array::function(array::Op::log10, a);
}
template <class T>
auto log1p(const Array<T>& a) {
  return array::function(array::Op::log1p, a);
}
template <class T>
auto sqrt(const Array<T>& a) {
  return array::function(array::Op::sqrt, a);
}
template <class T>
auto cbrt(const Array<T>& a) {
  return array::function(array::Op::cbrt, a);
}
template <class T>
auto sin(const Array<T>& a) {
  return array::function(array::Op::sin, a);
}
template <class T>
auto cos(const Array<T>& a) {
  return array::function(array::Op::cos, a);
}
template <class T>
auto tan(const Array<T>& a) {
  return array::function(array::Op::tan, a);
}
template <class T>
auto asin(const Array<T>& a) {
  return array::function(array::Op::asin, a);
}
template <class T>
auto acos(const Array<T>& a) {
  return array::function(array::Op::acos, a);
}
template <class T>
auto atan(const Array<T>& a) {
  return array::function(array::Op::atan, a);
}
template <class T>
auto sinh(const Array<T>& a) {
  return array::function(array::Op::sinh, a);
}
template <class T>
auto cosh(const Array<T>& a) {
  return array::function(array::Op::cosh, a);
}
template <class T>
auto tanh(const Array<T>& a) {
  return array::function(array::Op::tanh, a);
}
template <class T>
auto asinh(const Array<T>& a) {
  return array::function(array::Op::asinh, a);
}
template <class T>
auto acosh(const Array<T>& a) {
  return array::function(array::Op::acosh, a);
}
template <class T>
auto atanh(const Array<T>& a) {
  return array::function(array::Op::atanh, a);
}
template <class T>
auto erf(const Array<T>& a) {
  return array::function(array::Op::erf, a);
}
template <class T>
auto reciprocal(const Array<T>& a) {
  return array::function(array::Op::reciprocal, a);
}
template <class T>
Array<T> square(const Array<T>& a) {
  return array::same(array::Op::square, a);
}
template <class T>
Array<T> sign(const Array<T>& a) {
  return array::same(array::Op::sign, a);
}
template <class T>
Array<T> floor(const Array<T>& a) {
  return array::same(array::Op::floor, a);
}
template <class T>
Array<T> ceil(const Array<T>& a) {
  return array::same(array::Op::ceil, a);
}
template <class T>
Array<T> trunc(const Array<T>& a) {
  return array::same(array::Op::trunc, a);
}
/// To the nearest integer, halves to even.
template <class T>
Array<T> rint(const Array<T>& a) {
  return array::same(array::Op::rint, a);
}
template <class T>
Array<bool> isnan(const Array<T>& a) {
  return array::test(array::Op::isnan, a);
}
template <class T>
Array<bool> isinf(const Array<T>& a) {
  return array::test(array::Op::isinf, a);
}
template <class T>
Array<bool> isfinite(const Array<T>& a) {
  return array::test(array::Op::isfinite, a);
}
template <class T>
Array<bool> signbit(const Array<T>& a) {
  return array::test(array::Op::signbit, a);
}

/// Absolute value; of complex numbers their magnitude, which is real.
template <class T>
Array<array::RealOf<T>> abs(const Array<T>& a) {
  constexpr bool complex = array::is_complex(array::dtype_of<T>);
  return Array<array::RealOf<T>>(array::elementwise(complex ? array::Op::magnitude : array::Op::abs,
                                                    array::dtype_of<T>, array::real_of(array::dtype_of<T>),
                                                    {a.node()}));
}
template <class T>
Array<T> conj(const Array<T>& a) {
  return array::same(array::Op::conj, a);
}
template <class T>
auto real(const Array<T>& a) {
  return Array<array::RealOf<array::Floating<T>>>(
      array::elementwise(array::Op::real, array::floating(array::dtype_of<T>),
                         array::real_of(array::floating(array::dtype_of<T>)), {a.node()}));
}
template <class T>
auto imag(const Array<T>& a) {
  return Array<array::RealOf<array::Floating<T>>>(
      array::elementwise(array::Op::imag, array::floating(array::dtype_of<T>),
                         array::real_of(array::floating(array::dtype_of<T>)), {a.node()}));
}
template <class T>
auto angle(const Array<T>& a) {
  return Array<array::RealOf<array::Floating<T>>>(
      array::elementwise(array::Op::angle, array::floating(array::dtype_of<T>),
                         array::real_of(array::floating(array::dtype_of<T>)), {a.node()}));
}

/// Whether |a - b| <= atol + rtol |b|, element by element. NaN is close to nothing.
template <class T, class U>
Array<bool> isclose(const Array<T>& a, const Array<U>& b, double rtol = 1e-5, double atol = 1e-8) {
  return abs(a - b) <= abs(b) * rtol + atol || a == b;
}

}  // namespace weir
