// Decimal numbers in the texts people write ("1.5GB", "2h30m"), read exactly, and how a text is shown in an
// error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// A number such as `12`, `1.5` or `.25` as it was written; no sign, no exponent.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;

  /// The number times `unit`, rounded to the nearest integer (halves up); nothing if it exceeds 64 bits.
  [[nodiscard]] std::optional<std::uint64_t> times(std::uint64_t unit) const;
};

/// Takes a number off the front of `text`; nothing (and `text` as it was) if there is none.
[[nodiscard]] std::optional<Decimal> take_decimal(std::string_view& text);

/// Takes the ASCII letters off the front of `text`.
[[nodiscard]] std::string_view take_letters(std::string_view& text);

/// Takes blanks off both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// `text` between double quotes, fit for one line: control characters as `?`, cut after 60 characters.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace weir
