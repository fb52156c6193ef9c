// One sentence for everything that can be thrown.
#include "core/thrown.hpp"

#include <cxxabi.h>

#include <exception>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "weir/detail/core/symbol.hpp"

namespace weir::detail {

namespace {

/// As the program has written it: `std::throw_with_nested` throws a type of its own.
std::string type_of(const std::exception& error) {
  std::string name = demangle(typeid(error).name());
  constexpr std::string_view nested = "std::_Nested_exception<";
  if (name.starts_with(nested)) name = name.substr(nested.size(), name.size() - nested.size() - 1);
  return name;
}

std::string with_reasons(const std::exception& error, int depth = 0) {
  constexpr int most = 10;
  const char* what = error.what();
  std::string text = !what ? "it says nothing: what() is null" : *what ? what : "it says nothing";
  if (depth == most) return text;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    text += "\n  because of " + type_of(inner) + ": " + with_reasons(inner, depth + 1);
  } catch (...) {
    const Thrown inner = current_thrown();
    text += "\n  because of " + inner.type + ": " + inner.message;
  }
  return text;
}

/// If what is thrown is one of these numbers: which.
template <class Number, class... Others>
std::optional<Thrown> thrown_number() {
  try {
    throw;
  } catch (Number number) {
    std::ostringstream text;
    text << std::boolalpha << number;
    return Thrown{demangle(typeid(Number).name()), text.str(), false};
  } catch (...) {
    if constexpr (sizeof...(Others) > 0) return thrown_number<Others...>();
    else return std::nullopt;
  }
}

}  // namespace

Thrown current_thrown() {
  try {
    throw;
  } catch (const std::exception& error) {
    return {type_of(error), with_reasons(error)};
  } catch (const std::exception* error) {
    return {"a pointer to a std::exception", error ? with_reasons(*error) : "(null)", false};
  } catch (const std::exception_ptr& error) {
    if (!error) return {"std::exception_ptr", "(null)", false};
    try {
      std::rethrow_exception(error);
    } catch (...) {
      return current_thrown();
    }
  } catch (const std::string& text) {
    return {"std::string", text, false};
  } catch (std::string_view text) {
    return {"std::string_view", std::string(text), false};
  } catch (const char* text) {
    return {"char const*", text ? text : "(null)", false};
  } catch (const std::error_code& code) {
    return {"std::error_code", code.message(), false};
  } catch (std::errc code) {
    return {"std::errc", std::make_error_code(code).message(), false};
  } catch (...) {
    if (auto number = thrown_number<int, unsigned, long, unsigned long, long long, unsigned long long, short,
                                    double, float, bool, char>())
      return *std::move(number);
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type ? demangle(type->name()) : "unknown", "an exception that is no std::exception", false};
  }
}

}  // namespace weir::detail
