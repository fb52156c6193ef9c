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
  cast
};
[[nodiscard]] std::string_view to_string(Op op) noexcept;

/// Whether it gives bool whatever its inputs are.
constexpr bool gives_bool(Op op) noexcept {
  return (op >= Op::equal && op <= Op::greater_equal) || (op >= Op::isnan && op <= Op::logical_not);
}
/// Whether computing an element again costs more than keeping it in memory.
constexpr bool is_expensive(Op op) noexcept {
  return op == Op::random || op == Op::power || (op >= Op::exp && op <= Op::erf && op != Op::sqrt);
}

}  // namespace weir::detail::array
