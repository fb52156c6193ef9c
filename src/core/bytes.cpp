// Reads and writes byte counts.
#include "weir/bytes.hpp"

#include <array>
#include <optional>

#include "core/decimal.hpp"
#include "weir/error.hpp"

namespace weir {
namespace {

constexpr std::string_view prefixes = "kmgtp";

[[noreturn]] void refuse_bytes(std::string_view text, std::string_view reason) {
  throw Error(ErrorKind::invalid_argument, "bytes: " + quoted(text) + " is " + std::string(reason) +
                                               "; write for example \"10MB\", \"128MiB\" or \"4096\"");
}

/// Bytes in the unit `name`; nothing if there is no such unit.
std::optional<std::uint64_t> unit_bytes(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!lower.empty() && lower.back() == 'b') lower.pop_back();
  if (lower.empty()) return 1;
  const bool binary = lower.size() == 2 && lower[1] == 'i';
  const std::size_t power = prefixes.find(lower[0]);
  if (power == std::string_view::npos || (lower.size() > 1 && !binary)) return std::nullopt;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i) bytes *= binary ? 1024 : 1000;
  return bytes;
}

}  // namespace

std::uint64_t parse_bytes(std::string_view text) {
  std::string_view rest = trimmed(text);
  const bool is_negative = !rest.empty() && rest[0] == '-';
  if (is_negative) rest = trimmed(rest.substr(1));
  const std::optional<Decimal> number = take_decimal(rest);
  rest = trimmed(rest);
  const std::optional<std::uint64_t> unit = unit_bytes(take_letters(rest));
  if (!number || !unit || !rest.empty()) refuse_bytes(text, "not a number of bytes");
  if (is_negative) refuse_bytes(text, "negative");
  const std::optional<std::uint64_t> bytes = number->times(*unit);
  if (!bytes) refuse_bytes(text, "more than 64 bits hold");
  return *bytes;
}

std::string to_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> names{" B", " kB", " MB", " GB", " TB", " PB", " EB"};
  if (bytes < 1000) return std::to_string(bytes) + std::string(names[0]);
  std::size_t power = 1;
  std::uint64_t unit = 1000;
  const auto tenths = [&] { return bytes / (unit / 10) + (bytes % (unit / 10) >= unit / 20 ? 1 : 0); };
  while (tenths() >= 10'000 && power + 1 < names.size()) {
    unit *= 1000;
    ++power;
  }
  std::string text = std::to_string(tenths() / 10);
  if (tenths() % 10 != 0) text += '.' + std::to_string(tenths() % 10);
  return text + std::string(names[power]);
}

}  // namespace weir
