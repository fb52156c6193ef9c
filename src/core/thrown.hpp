// Thrown: what an exception says, whatever it is.
#pragma once

#include <string>

namespace weir::detail {

struct Thrown {
  std::string type;     ///< For example "std::out_of_range".
  std::string message;  ///< With the reasons nested in it, one line each.
  /// For people who do not see the type: the message, or `int: 7`.
  [[nodiscard]] std::string text() const { return is_exception ? message : type + ": " + message; }
  bool is_exception = true;  ///< A std::exception.
};

/// Of the exception that is being handled: a std::exception, a text, a number, or something else, of which
/// only the type is known.
[[nodiscard]] Thrown current_thrown();

}  // namespace weir::detail
