// Exact decimal reading with 128-bit integers: no rounding before the unit is applied.
#include "core/decimal.hpp"

#include <limits>

namespace weir {
namespace {

using Wide = unsigned __int128;
constexpr Wide largest = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t fraction_digits =
    18;  // finer digits cannot change a rounded result that anybody could notice
constexpr std::size_t shown_characters = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
std::string_view take_while(std::string_view& text, Predicate predicate) {
  std::size_t count = 0;
  while (count < text.size() && predicate(text[count])) ++count;
  const std::string_view taken = text.substr(0, count);
  text.remove_prefix(count);
  return taken;
}

}  // namespace

std::optional<std::uint64_t> Decimal::times(std::uint64_t unit) const {
  Wide units = 0;
  for (const char digit : whole) {
    units = units * 10 + static_cast<Wide>(digit - '0');
    if (units > largest) return std::nullopt;
  }
  Wide numerator = 0;
  Wide denominator = 1;
  for (const char digit : fraction.substr(0, fraction_digits)) {
    numerator = numerator * 10 + static_cast<Wide>(digit - '0');
    denominator *= 10;
  }
  const Wide total = units * unit + (numerator * unit + denominator / 2) / denominator;
  if (total > largest) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

std::optional<Decimal> take_decimal(std::string_view& text) {
  std::string_view rest = text;
  Decimal number;
  number.whole = take_while(rest, is_digit);
  if (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
    rest.remove_prefix(1);
    number.fraction = take_while(rest, is_digit);
  }
  if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
  text = rest;
  return number;
}

std::string_view take_letters(std::string_view& text) { return take_while(text, is_letter); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string quoted(std::string_view text) {
  std::string shown = "\"";
  for (const char c : text.substr(0, shown_characters))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (text.size() > shown_characters) shown += "...";
  return shown + '"';
}

}  // namespace weir
