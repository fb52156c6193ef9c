// Names of functions and types for people.
#pragma once

#include <string>

namespace weir {

/// A type or function as C++ writes it; what is not mangled stays as it is.
[[nodiscard]] std::string demangle(const char* mangled);

/// `int add<int>(int, int)` -> `add<int>`: what its author calls a function.
[[nodiscard]] std::string short_function_name(std::string name);

/// What the author calls the function at `address`; empty if it is not exported, as functions with internal
/// linkage are not.
[[nodiscard]] std::string exported_name(const void* address);

/// Whether a demangled name is that of a lambda or of something in one.
[[nodiscard]] bool is_of_lambda(const std::string& demangled);

/// "lambda in f" for one that stands in the function f, however deep; empty for what is no lambda.
[[nodiscard]] std::string lambda_name(const std::string& demangled);

}  // namespace weir
