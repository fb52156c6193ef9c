// One sentence for everything that can be thrown.
#include "core/thrown.hpp"

#include <cxxabi.h>

#include <exception>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "weir/detail/core/symbol.hpp"
#include "weir/error.hpp"

namespace weir::detail {

namespace {

/// As the program has written it: `std::throw_with_nested` throws a type of its own.
std::string type_of(const std::type_info& type) {
  std::string name = demangle(type.name());
  constexpr std::string_view nested = "std::_Nested_exception<";
  if (name.starts_with(nested)) name = name.substr(nested.size(), name.size() - nested.size() - 1);
  return name;
}

/// What the library derives for itself is an `Error` to the program.
std::string type_of(const std::exception& error) {
  std::string name = type_of(typeid(error));
  const bool is_own = name.starts_with("weir::detail::") && dynamic_cast<const Error*>(&error);
  return is_own ? "weir::Error" : name;
}

std::string words_of(const std::exception& error) {
  const char* what = error.what();
  return !what ? "it says nothing: what() is null" : *what ? what : "it says nothing";
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

/// Of the exception that is being handled, without what it was thrown for.
Thrown own_words() {
  try {
    throw;
  } catch (const std::exception& error) {
    return {type_of(error), words_of(error)};
  } catch (const std::exception* error) {
    return {"a pointer to a std::exception", error ? words_of(*error) : "(null)", false};
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
    return {type ? type_of(*type) : "unknown", "an exception that is no std::exception", false};
  }
}

/// What the exception that is being handled was thrown for; null: it does not say.
std::exception_ptr reason() {
  try {
    throw;
  } catch (const std::nested_exception& nested) {
    return nested.nested_ptr();
  } catch (const std::exception* error) {
    const auto* const nested = dynamic_cast<const std::nested_exception*>(error);
    return nested ? nested->nested_ptr() : nullptr;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

Thrown current_thrown() {
  constexpr int most = 10;
  Thrown thrown = own_words();
  std::exception_ptr inner = reason();
  for (int depth = 0; inner && depth < most; ++depth) {
    try {
      std::rethrow_exception(inner);
    } catch (...) {
      const Thrown next = own_words();
      thrown.message += "\n  because of " + next.type + ": " + next.message;
      inner = reason();
    }
  }
  return thrown;
}

}  // namespace weir::detail
