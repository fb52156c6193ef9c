// One sentence for everything that can be thrown.
#include "core/thrown.hpp"

#include <cxxabi.h>

#include <exception>
#include <string_view>

#include "weir/detail/core/symbol.hpp"

namespace weir::detail {

namespace {

std::string with_reasons(const std::exception& error, int depth = 0) {
  constexpr int most = 10;
  const char* what = error.what();
  std::string text = what ? what : "it says nothing: what() is null";
  if (depth == most) return text;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    text += "\n  because of " + demangle(typeid(inner).name()) + ": " + with_reasons(inner, depth + 1);
  } catch (...) {
    const Thrown inner = current_thrown();
    text += "\n  because of " + inner.type + ": " + inner.message;
  }
  return text;
}

}  // namespace

Thrown current_thrown() {
  try {
    throw;
  } catch (const std::exception& error) {
    return {demangle(typeid(error).name()), with_reasons(error)};
  } catch (const std::string& text) {
    return {"std::string", text, false};
  } catch (std::string_view text) {
    return {"std::string_view", std::string(text), false};
  } catch (const char* text) {
    return {"char const*", text ? text : "(null)", false};
  } catch (int number) {
    return {"int", std::to_string(number), false};
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type ? demangle(type->name()) : "unknown", "an exception that is no std::exception", false};
  }
}

}  // namespace weir::detail
