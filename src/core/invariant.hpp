// Rules that hold whatever users do.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "weir/error.hpp"

namespace weir::detail {

/// `require(holds, name, "misses ", missing, " inputs")` throws `Error{internal}` unless it holds. Parts are
/// texts, numbers, or functions that give a text: the sentence is put together only when it is needed.
class Invariant {
 public:
  /// `who` is what the sentence begins with.
  explicit Invariant(std::string_view who) noexcept : who_(who) {}

  template <class... Parts>
  void operator()(bool holds, const Parts&... parts) const {
    if (!holds) throw Error(ErrorKind::internal, std::string(who_) + ": " + (text(parts) + ...));
  }

 private:
  static std::string text(std::string_view part) { return std::string(part); }
  static std::string text(std::integral auto part) { return std::to_string(part); }
  static std::string text(const std::invocable auto& part) { return part(); }

  std::string_view who_;
};

}  // namespace weir::detail
