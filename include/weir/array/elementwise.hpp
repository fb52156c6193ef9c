// Elementwise operations on arrays: arithmetic, comparison, logic, bits, functions; with broadcasting and
// NumPy's promotion of types.
//
// Where two operands are taken, each is an array or a number, and at least one an array. A number takes the
// type of the array, unless it is of a higher kind (integer, real, complex); one that this type does not hold
// is refused: `img + 300` for uint8 throws `Error{invalid_argument}`. Comparisons are exact for all pairs of
// types, but that a fraction beside an array of float is rounded to float.
//
// Operations on one array throw nothing, but what is not defined for its elements, as `floor` of complex
// numbers: `Error{unsupported}`.
#pragma once

#include <limits>

#include "weir/array/array.hpp"

namespace weir {

namespace detail::array {

template <class T>
void is_an_array(const Array<T>&);
template <class A>
concept AnArray = requires(const A& a) {
  is_an_array(a);
};
template <class A>
concept ArrayOrNumber = AnArray<A> || Scalar<A>;
/// An array and an array or a number.
template <class A, class B>
concept Operands = ArrayOrNumber<A> && ArrayOrNumber<B> &&(AnArray<A> || AnArray<B>);

/// An operand: an array, or a number and its type.
struct Term {
  template <class T>
  Term(const Array<T>& x) : Term(x.node()) {}
  template <Scalar S>
  Term(S value) : number(literal(value)), type(scalar_dtype<S>()) {}
  Term(NodePtr x) : node(std::move(x)) { (void)shape_of(node); }
  NodePtr node;  ///< Null for a number.
  Literal number{};
  DType type{};
};

template <class A>
constexpr DType type_of() {
  if constexpr (AnArray<A>) return dtype_of<typename A::value_type>;
  else return scalar_dtype<A>();
}
template <class A, class B>
constexpr DType combined_type() {
  if constexpr (!AnArray<A>) return with_scalar(type_of<B>(), type_of<A>());
  else if constexpr (!AnArray<B>) return with_scalar(type_of<A>(), type_of<B>());
  else return promote(type_of<A>(), type_of<B>());
}
/// The element type of an operation on two.
template <class A, class B>
using Combined = typename TypeOf<combined_type<A, B>()>::type;

[[nodiscard]] NodePtr arithmetic(Op op, const Term& a, const Term& b);
/// In the floating type of both.
[[nodiscard]] NodePtr floating_arithmetic(Op op, const Term& a, const Term& b);
[[nodiscard]] NodePtr compare(Op op, const Term& a, const Term& b);
[[nodiscard]] NodePtr shift(Op op, const NodePtr& a, const Term& by);
[[nodiscard]] NodePtr where(const NodePtr& condition, const Term& a, const Term& b);
[[nodiscard]] NodePtr clip(const NodePtr& a, const Term& low, const Term& high);
[[nodiscard]] NodePtr is_close(const Term& a, const Term& b, double rtol, double atol, bool equal_nan);
[[nodiscard]] NodePtr round(const NodePtr& a, int decimals);
[[nodiscard]] NodePtr nan_to_num(const NodePtr& a, double nan, const Literal* positive,
                                 const Literal* negative);
/// T -> T; its floating type; bool; the real type of its floating type.
[[nodiscard]] NodePtr same(Op op, const NodePtr& a);
[[nodiscard]] NodePtr function(Op op, const NodePtr& a);
[[nodiscard]] NodePtr test(Op op, const NodePtr& a);
[[nodiscard]] NodePtr part(Op op, const NodePtr& a);
[[nodiscard]] NodePtr absolute(const NodePtr& a);

template <class A, class B>
Array<Combined<A, B>> combined(Op op, const A& a, const B& b) {
  return Array<Combined<A, B>>(arithmetic(op, Term(a), Term(b)));
}
template <class A, class B>
Array<Floating<Combined<A, B>>> combined_floating(Op op, const A& a, const B& b) {
  return Array<Floating<Combined<A, B>>>(floating_arithmetic(op, Term(a), Term(b)));
}
template <class A, class B>
Array<bool> compared(Op op, const A& a, const B& b) {
  return Array<bool>(compare(op, Term(a), Term(b)));
}
template <class T>
Array<Floating<T>> applied(Op op, const Array<T>& a) {
  return Array<Floating<T>>(function(op, a.node()));
}

}  // namespace detail::array

// --- arithmetic
/// Sum; integers wrap around, bools are or-ed.
///
/// **Errors.** Throws `Error{invalid_argument}` if the shapes cannot be broadcast or the elements of the
/// array do not hold the number; `Error{unsupported}` if it is not defined for these types.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator+(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::add, a, b);
}
/// Difference; integers wrap around. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator-(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::subtract, a, b);
}
/// Product; integers wrap around, bools are and-ed. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator*(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::multiply, a, b);
}
/// True division: integers give double, as in NumPy. `floor_divide` is the other one. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator/(const A& a, const B& b) {
  return detail::array::combined_floating(detail::array::Op::divide, a, b);
}
/// Remainder with the sign of the divisor. Integers divided by 0 give 0. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator%(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::mod, a, b);
}
/// The quotient that `%` leaves the remainder of: rounded down. Integers divided by 0 give 0. **Errors.** As
/// `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto floor_divide(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::floor_divide, a, b);
}
/// Power. **Errors.** As `+`. A negative power of integers throws for a number, and fails the task for an
/// element.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto pow(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::power, a, b);
}
/// Each with the other sign.
template <class T>
[[nodiscard]] Array<T> operator-(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::negative, a.node()));
}
/// The array itself.
template <class T>
[[nodiscard]] Array<T> operator+(const Array<T>& a) {
  return a;
}
/// `a = a + b` in the type of a. **Errors.** As `astype`.
template <class T, class B>
Array<T>& operator+=(Array<T>& a, const B& b) {
  return a = (a + b).template astype<T>();
}
/// Sets a part of an array: `x(0) += b` is `x(0) = x(0) + b`, in the type of x. **Errors.** As `astype` and
/// `assign`.
template <class T, class B>
Array<T>& operator+=(Selection<T>&& part, const B& b) {
  return std::move(part) = (part + b).template astype<T>();
}
/// `a = a - b` in the type of a. **Errors.** As `astype`.
template <class T, class B>
Array<T>& operator-=(Array<T>& a, const B& b) {
  return a = (a - b).template astype<T>();
}
/// Sets a part of an array: `x(0) -= b` is `x(0) = x(0) - b`, in the type of x. **Errors.** As `astype` and
/// `assign`.
template <class T, class B>
Array<T>& operator-=(Selection<T>&& part, const B& b) {
  return std::move(part) = (part - b).template astype<T>();
}
/// `a = a * b` in the type of a. **Errors.** As `astype`.
template <class T, class B>
Array<T>& operator*=(Array<T>& a, const B& b) {
  return a = (a * b).template astype<T>();
}
/// Sets a part of an array: `x(0) *= b` is `x(0) = x(0) * b`, in the type of x. **Errors.** As `astype` and
/// `assign`.
template <class T, class B>
Array<T>& operator*=(Selection<T>&& part, const B& b) {
  return std::move(part) = (part * b).template astype<T>();
}
/// `a = a / b` in the type of a. **Errors.** As `astype`.
template <class T, class B>
Array<T>& operator/=(Array<T>& a, const B& b) {
  return a = (a / b).template astype<T>();
}
/// Sets a part of an array: `x(0) /= b` is `x(0) = x(0) / b`, in the type of x. **Errors.** As `astype` and
/// `assign`.
template <class T, class B>
Array<T>& operator/=(Selection<T>&& part, const B& b) {
  return std::move(part) = (part / b).template astype<T>();
}
/// The smaller of two; NaN if one is. `fmin` prefers the one that is not. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto minimum(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::minimum, a, b);
}
/// The larger of two; NaN if one is. `fmax` prefers the one that is not. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto maximum(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::maximum, a, b);
}
/// The smaller of two that is not NaN. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto fmin(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::fmin, a, b);
}
/// The larger of two that is not NaN. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto fmax(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::fmax, a, b);
}
/// sqrt(a^2 + b^2) without overflow between. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto hypot(const A& a, const B& b) {
  return detail::array::combined_floating(detail::array::Op::hypot, a, b);
}
/// The angle of the point (b, a), in [-pi, pi]. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto atan2(const A& a, const B& b) {
  return detail::array::combined_floating(detail::array::Op::atan2, a, b);
}
/// The magnitude of a with the sign of b. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto copysign(const A& a, const B& b) {
  return detail::array::combined_floating(detail::array::Op::copysign, a, b);
}
/// log(exp(a) + exp(b)) without overflow between. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto logaddexp(const A& a, const B& b) {
  return detail::array::combined_floating(detail::array::Op::logaddexp, a, b);
}

// --- bits and logic; on bools & | ^ ! are logical
/// Bits set in both. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator&(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::bit_and, a, b);
}
/// Bits set in one or both. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator|(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::bit_or, a, b);
}
/// Bits set in one of them. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator^(const A& a, const B& b) {
  return detail::array::combined(detail::array::Op::bit_xor, a, b);
}
/// Bits moved up; 0 from the width of the type on, as by negative elements. **Errors.** As `+`, and for a
/// negative number.
template <class T, class B>
requires detail::array::ArrayOrNumber<B>
[[nodiscard]] auto left_shift(const Array<T>& a, const B& bits) {
  return Array<detail::array::Combined<Array<T>, B>>(
      detail::array::shift(detail::array::Op::shift_left, a.node(), bits));
}
/// Bits moved down, the sign kept; from the width of the type on, as by negative elements, 0, or -1 of
/// negative ones. **Errors.** As `left_shift`.
template <class T, class B>
requires detail::array::ArrayOrNumber<B>
[[nodiscard]] auto right_shift(const Array<T>& a, const B& bits) {
  return Array<detail::array::Combined<Array<T>, B>>(
      detail::array::shift(detail::array::Op::shift_right, a.node(), bits));
}
/// All bits inverted.
template <class T>
[[nodiscard]] Array<T> operator~(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::bit_not, a.node()));
}
/// Whether it is 0.
template <class T>
[[nodiscard]] Array<bool> operator!(const Array<T>& a) {
  return Array<bool>(detail::array::test(detail::array::Op::logical_not, a.node()));
}
/// Whether both are not 0. **Errors.** As `+`.
template <class T, class U>
[[nodiscard]] Array<bool> operator&&(const Array<T>& a, const Array<U>& b) {
  return detail::array::in_name_of("logical_and",
                                   [&] { return a.template astype<bool>() & b.template astype<bool>(); });
}
/// Whether one or both are not 0. **Errors.** As `+`.
template <class T, class U>
[[nodiscard]] Array<bool> operator||(const Array<T>& a, const Array<U>& b) {
  return detail::array::in_name_of("logical_or",
                                   [&] { return a.template astype<bool>() | b.template astype<bool>(); });
}

// --- comparison
/// Whether they are equal. **Errors.** Throws `Error{invalid_argument}` if the shapes cannot be broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator==(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::equal, a, b);
}
/// Whether they differ; NaN differs from all. **Errors.** Throws `Error{invalid_argument}` if the shapes
/// cannot be broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator!=(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::not_equal, a, b);
}
/// Whether the first is smaller. **Errors.** Throws `Error{invalid_argument}` if the shapes cannot be
/// broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator<(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::less, a, b);
}
/// Whether the first is not larger; false of NaN. **Errors.** Throws `Error{invalid_argument}` if the shapes
/// cannot be broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator<=(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::less_equal, a, b);
}
/// Whether the first is larger. **Errors.** Throws `Error{invalid_argument}` if the shapes cannot be
/// broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator>(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::greater, a, b);
}
/// Whether the first is not smaller; false of NaN. **Errors.** Throws `Error{invalid_argument}` if the shapes
/// cannot be broadcast.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto operator>=(const A& a, const B& b) {
  return detail::array::compared(detail::array::Op::greater_equal, a, b);
}
/// Whether |a - b| <= atol + rtol |b|; infinities are close to themselves, NaN to nothing but by `equal_nan`
/// to NaN. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] Array<bool> isclose(const A& a, const B& b, double rtol = 1e-5, double atol = 1e-8,
                                  bool equal_nan = false) {
  return Array<bool>(detail::array::is_close(a, b, rtol, atol, equal_nan));
}
/// Whether all are close, as `isclose` says; computed at once. **Errors.** As `compute`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] bool allclose(const A& a, const B& b, double rtol = 1e-5, double atol = 1e-8,
                            bool equal_nan = false) {
  return detail::array::in_name_of("allclose", [&] { return isclose(a, b, rtol, atol, equal_nan).all(); })
      .item();
}

// --- choice
/// Elements of `a` where `condition` is true, of `b` elsewhere. **Errors.** As `+`.
template <class A, class B>
requires detail::array::Operands<A, B>
[[nodiscard]] auto where(const Array<bool>& condition, const A& a, const B& b) {
  return Array<detail::array::Combined<A, B>>(detail::array::where(condition.node(), a, b));
}
/// Elements below `low` become `low`, those above `high` become `high`; NaN stays. Fractions beside integers
/// give double.
///
/// **Errors.** Throws `Error{invalid_argument}` if elements would become a bound that the type does not hold.
template <class T, detail::array::Scalar S>
[[nodiscard]] auto clip(const Array<T>& a, S low, S high) {
  return Array<detail::array::WithScalar<T, S>>(detail::array::clip(a.node(), low, high));
}
/// NaN and infinities become numbers: 0, and the largest and lowest of the type. **Errors.** Throws
/// `Error{invalid_argument}` for numbers that the type does not hold, `Error{unsupported}` for complex
/// elements.
template <class T>
[[nodiscard]] Array<T> nan_to_num(const Array<T>& a, double nan = 0) {
  return Array<T>(detail::array::nan_to_num(a.node(), nan, nullptr, nullptr));
}
/// The same with numbers for the infinities. **Errors.** As there.
template <class T>
[[nodiscard]] Array<T> nan_to_num(const Array<T>& a, double nan, double positive, double negative) {
  const detail::array::Literal p = positive, n = negative;
  return Array<T>(detail::array::nan_to_num(a.node(), nan, &p, &n));
}

// --- functions; integers are taken as double
/// e to the power of each.
template <class T>
[[nodiscard]] auto exp(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::exp, a);
}
/// 2 to the power of each.
template <class T>
[[nodiscard]] auto exp2(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::exp2, a);
}
/// exp(x) - 1, exact near 0.
template <class T>
[[nodiscard]] auto expm1(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::expm1, a);
}
/// Natural logarithm; NaN of negative ones.
template <class T>
[[nodiscard]] auto log(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::log, a);
}
/// Logarithm to base 2.
template <class T>
[[nodiscard]] auto log2(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::log2, a);
}
/// Logarithm to base 10.
template <class T>
[[nodiscard]] auto log10(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::log10, a);
}
/// log(1 + x), exact near 0.
template <class T>
[[nodiscard]] auto log1p(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::log1p, a);
}
/// Square root; NaN of negative ones.
template <class T>
[[nodiscard]] auto sqrt(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::sqrt, a);
}
/// Cube root.
template <class T>
[[nodiscard]] auto cbrt(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::cbrt, a);
}
/// Sine; **Units.** radians.
template <class T>
[[nodiscard]] auto sin(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::sin, a);
}
/// Cosine; **Units.** radians.
template <class T>
[[nodiscard]] auto cos(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::cos, a);
}
/// Tangent; **Units.** radians.
template <class T>
[[nodiscard]] auto tan(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::tan, a);
}
/// Inverse sine, in [-pi/2, pi/2].
template <class T>
[[nodiscard]] auto asin(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::asin, a);
}
/// Inverse cosine, in [0, pi].
template <class T>
[[nodiscard]] auto acos(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::acos, a);
}
/// Inverse tangent, in [-pi/2, pi/2].
template <class T>
[[nodiscard]] auto atan(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::atan, a);
}
/// Hyperbolic sine.
template <class T>
[[nodiscard]] auto sinh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::sinh, a);
}
/// Hyperbolic cosine.
template <class T>
[[nodiscard]] auto cosh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::cosh, a);
}
/// Hyperbolic tangent.
template <class T>
[[nodiscard]] auto tanh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::tanh, a);
}
/// Inverse hyperbolic sine.
template <class T>
[[nodiscard]] auto asinh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::asinh, a);
}
/// Inverse hyperbolic cosine.
template <class T>
[[nodiscard]] auto acosh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::acosh, a);
}
/// Inverse hyperbolic tangent.
template <class T>
[[nodiscard]] auto atanh(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::atanh, a);
}
/// Error function.
template <class T>
[[nodiscard]] auto erf(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::erf, a);
}
/// 1 / x.
template <class T>
[[nodiscard]] auto reciprocal(const Array<T>& a) {
  return detail::array::applied(detail::array::Op::reciprocal, a);
}
/// x * x.
template <class T>
[[nodiscard]] Array<T> square(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::square, a.node()));
}
/// -1, 0 or 1; NaN of NaN.
template <class T>
[[nodiscard]] Array<T> sign(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::sign, a.node()));
}
/// Rounded down.
template <class T>
[[nodiscard]] Array<T> floor(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::floor, a.node()));
}
/// Rounded up.
template <class T>
[[nodiscard]] Array<T> ceil(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::ceil, a.node()));
}
/// Rounded towards 0.
template <class T>
[[nodiscard]] Array<T> trunc(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::trunc, a.node()));
}
/// To the nearest integer, halves to even.
template <class T>
[[nodiscard]] Array<T> rint(const Array<T>& a) {
  return Array<T>(detail::array::same(detail::array::Op::rint, a.node()));
}
/// Complex conjugate; real numbers as they are.
template <class T>
[[nodiscard]] Array<T> conj(const Array<T>& a) {
  if constexpr (std::is_floating_point_v<T>) return a;
  else return Array<T>(detail::array::same(detail::array::Op::conj, a.node()));
}
/// To so many decimals, halves to even as far as doubles tell them; negative: to tens, hundreds, ...
///
/// **Errors.** Throws `Error{invalid_argument}` for more decimals than powers of ten that the type has: 308
/// for double, 38 for float. **Source.** NumPy's `round`: multiplied, rounded, divided; numbers too large to
/// be multiplied stay as they are, where NumPy's are infinite.
template <class T>
[[nodiscard]] Array<T> round(const Array<T>& a, int decimals = 0) {
  return Array<T>(detail::array::round(a.node(), decimals));
}
/// Whether it is not a number.
template <class T>
[[nodiscard]] Array<bool> isnan(const Array<T>& a) {
  return Array<bool>(detail::array::test(detail::array::Op::isnan, a.node()));
}
/// Whether it is an infinity.
template <class T>
[[nodiscard]] Array<bool> isinf(const Array<T>& a) {
  return Array<bool>(detail::array::test(detail::array::Op::isinf, a.node()));
}
/// Whether it is neither an infinity nor NaN.
template <class T>
[[nodiscard]] Array<bool> isfinite(const Array<T>& a) {
  return Array<bool>(detail::array::test(detail::array::Op::isfinite, a.node()));
}
/// Whether its sign is minus, also of -0.
template <class T>
[[nodiscard]] Array<bool> signbit(const Array<T>& a) {
  return Array<bool>(detail::array::test(detail::array::Op::signbit, a.node()));
}
/// Absolute value; of complex numbers their magnitude, which is real.
template <class T>
[[nodiscard]] Array<detail::array::RealOf<T>> abs(const Array<T>& a) {
  return Array<detail::array::RealOf<T>>(detail::array::absolute(a.node()));
}
/// Real part.
template <class T>
[[nodiscard]] auto real(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(
      detail::array::part(detail::array::Op::real, a.node()));
}
/// Imaginary part; 0 of real numbers.
template <class T>
[[nodiscard]] auto imag(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(
      detail::array::part(detail::array::Op::imag, a.node()));
}
/// The angle of complex numbers, in [-pi, pi]; 0 or pi of real ones.
template <class T>
[[nodiscard]] auto angle(const Array<T>& a) {
  return Array<detail::array::RealOf<detail::array::Floating<T>>>(
      detail::array::part(detail::array::Op::angle, a.node()));
}

}  // namespace weir
