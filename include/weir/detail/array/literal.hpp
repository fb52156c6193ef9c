// Numbers beside arrays, as they were written.
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include "weir/array/dtype.hpp"

namespace weir::detail::array {

class Node;
using NodePtr = std::shared_ptr<const Node>;

/// A number beside an array.
using Literal = std::variant<std::int64_t, std::uint64_t, double, std::complex<double>>;

template <Scalar S>
Literal literal(S value) {
  if constexpr (std::is_arithmetic_v<S>) {
    if constexpr (std::is_floating_point_v<S>) return static_cast<double>(value);
    else if constexpr (std::is_signed_v<S>) return static_cast<std::int64_t>(value);
    else return static_cast<std::uint64_t>(value);
  } else {
    return std::complex<double>(value);
  }
}

/// The number as an element of a type, rounded as needed.
///
/// **Errors.** Throws `Error{invalid_argument}` if the type does not hold it; `function` is named.
[[nodiscard]] NodePtr scalar_as(std::string_view function, DType type, const Literal& value);

}  // namespace weir::detail::array
