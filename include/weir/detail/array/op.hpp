// The elementwise operations an array expression is made of.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::detail::array {

/// One elementwise operation. Its inputs have one type; comparisons and tests give bool.
enum class Op : std::uint8_t {
  // leaves
  load,
  constant,
  iota,
  random,
  // arithmetic: T, T -> T
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  mod,
  power,
  minimum,
  maximum,
  fmin,
  fmax,
  hypot,
  atan2,
  copysign,
  logaddexp,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  // comparison: T, T -> bool
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  is_close,  // immediate: rtol, atol, whether NaN is close to NaN
  // bool, T, T -> T
  where,
  // T -> T
  negative,
  abs,
  sign,
  square,
  conj,
  bit_not,
  floor,
  ceil,
  trunc,
  rint,
  reciprocal,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sqrt,
  cbrt,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  // complex T -> its real type
  real,
  imag,
  angle,
  magnitude,
  // T -> bool
  isnan,
  isinf,
  isfinite,
  signbit,
  logical_not,
  // T -> another type
  cast,
  checked_cast,  // immediate: place and length of the array's shape in the pool
  clipped_cast,
  // T -> T
  nan_to_num  // immediate: what is there instead of NaN, infinity, -infinity
};
[[nodiscard]] std::string_view to_string(Op op) noexcept;

/// Whether it gives bool whatever its inputs are.
constexpr bool gives_bool(Op op) noexcept {
  return (op >= Op::equal && op <= Op::is_close) || (op >= Op::isnan && op <= Op::logical_not);
}
/// Whether its inputs are two elements.
constexpr bool is_binary(Op op) noexcept { return op >= Op::add && op <= Op::is_close; }
/// Whether it converts to another type.
constexpr bool is_cast(Op op) noexcept { return op >= Op::cast && op <= Op::clipped_cast; }
/// Whether it depends on where the element is, so that its code has steps along the axes.
constexpr bool has_steps(Op op) noexcept {
  return op == Op::load || op == Op::iota || op == Op::checked_cast;
}
/// Whether computing an element again costs more than keeping it in memory.
constexpr bool is_expensive(Op op) noexcept {
  return op == Op::random || op == Op::power || op == Op::logaddexp ||
         (op >= Op::exp && op <= Op::erf && op != Op::sqrt);
}

}  // namespace weir::detail::array
