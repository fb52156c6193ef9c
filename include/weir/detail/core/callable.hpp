// callable: refuses a function that is not there, before it is called for the first time.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "weir/error.hpp"

namespace weir::detail {

/// Passes a function on unless it is a null pointer or an empty std::function.
///
/// **Errors.** Throws `Error{invalid_argument}`: `map: the function must not be empty (got a null pointer);
/// pass one that can be called`.
template <class F>
F callable(const char* who, const char* what, F f) {
  constexpr bool is_pointer = std::is_pointer_v<F> || std::is_member_pointer_v<F>;
  if constexpr (is_pointer || requires { f.target_type(); }) {
    if (f == nullptr) {
      throw Error(ErrorKind::invalid_argument,
                  std::string(who) + ": " + what + " must not be empty (got " +
                      (is_pointer ? "a null pointer" : "an empty std::function") +
                      "); pass one that can be called");
    }
  }
  return f;
}

}  // namespace weir::detail
