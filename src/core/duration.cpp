// Reads and writes durations exactly: integers of nanoseconds, no floating point.
#include "weir/duration.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/decimal.hpp"
#include "weir/error.hpp"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t minute_ns = 60 * second_ns;
constexpr std::uint64_t hour_ns = 60 * minute_ns;
constexpr std::uint64_t longest_ns = std::numeric_limits<std::int64_t>::max();
constexpr std::array<Unit, 8> units{{{"d", 24 * hour_ns},
                                     {"h", hour_ns},
                                     {"m", minute_ns},
                                     {"min", minute_ns},
                                     {"s", second_ns},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

[[noreturn]] void refuse_duration(std::string_view text, std::string_view reason) {
  throw Error(ErrorKind::invalid_argument, "duration: " + quoted(text) + " is " + std::string(reason) +
                                               "; write for example \"500ms\", \"90s\" or \"2h30m\"");
}

[[noreturn]] void refuse_shape(std::string_view text) { refuse_duration(text, "not a duration"); }

std::uint64_t unit_ns(std::string_view name, std::string_view text) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.ns;
  }
  refuse_shape(text);
}

/// Adds `number` units to `total`, refusing what leaves the range of std::chrono::nanoseconds.
void add(std::uint64_t& total, const Decimal& number, std::uint64_t ns, std::string_view text) {
  const std::optional<std::uint64_t> part = number.times(ns);
  if (!part || *part > longest_ns - total) refuse_duration(text, "longer than 292 years");
  total += *part;
}

/// `H:M:S` or `M:S`; only seconds may have a fraction, only the first field may exceed 59.
std::uint64_t parse_clock(std::string_view text) {
  std::array<Decimal, 3> fields;
  std::size_t count = 0;
  std::string_view rest = trimmed(text);
  while (true) {
    const std::optional<Decimal> field = take_decimal(rest);
    if (!field || field->whole.empty() || count == fields.size()) refuse_shape(text);
    if (count > 0 && (field->whole.size() > 2 || *Decimal{field->whole, {}}.times(1) > 59))
      refuse_shape(text);
    fields[count++] = *field;
    if (rest.empty()) break;
    if (rest[0] != ':' || !field->fraction.empty()) refuse_shape(text);
    rest.remove_prefix(1);
  }
  std::uint64_t total = 0;
  std::uint64_t ns = second_ns;
  for (std::size_t i = count; i-- > 0; ns *= 60) add(total, fields[i], ns, text);
  return total;
}

/// `2h30m`: numbers with units, each unit smaller than the one before, or one number alone, in seconds.
std::uint64_t parse_units(std::string_view text) {
  std::uint64_t total = 0;
  std::uint64_t previous_ns = std::numeric_limits<std::uint64_t>::max();
  std::string_view rest = trimmed(text);
  do {
    const std::optional<Decimal> number = take_decimal(rest);
    if (!number) refuse_shape(text);
    rest = trimmed(rest);
    const std::string_view name = take_letters(rest);
    rest = trimmed(rest);
    const bool stands_alone =
        name.empty() && rest.empty() && previous_ns == std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t ns = stands_alone ? second_ns : unit_ns(name, text);
    if (ns >= previous_ns) refuse_shape(text);
    previous_ns = ns;
    add(total, *number, ns, text);
  } while (!rest.empty());
  return total;
}

/// `value` units of `unit_ns` each, with as many decimals as it takes: 1500 of 1000 is "1.5".
std::string decimal_text(std::uint64_t ns, std::uint64_t unit_ns) {
  std::string text = std::to_string(ns / unit_ns);
  std::uint64_t rest = ns % unit_ns;
  if (rest != 0) text += '.';
  for (std::uint64_t digit_ns = unit_ns / 10; rest != 0; rest %= digit_ns, digit_ns /= 10)
    text += static_cast<char>('0' + rest / digit_ns);
  return text;
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
  const std::string_view body = trimmed(text);
  if (!body.empty() && body[0] == '-') {
    std::string_view rest = trimmed(body.substr(1));
    if (take_decimal(rest)) refuse_duration(text, "negative");
  }
  const std::uint64_t ns = body.find(':') == std::string_view::npos ? parse_units(text) : parse_clock(text);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ns));
}

std::string to_string(std::chrono::nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string text;
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    text = "-";
    rest = 0 - rest;
  }
  if (rest < second_ns) {
    const Unit& unit = rest >= 1'000'000 ? units[5] : rest >= 1'000 ? units[6] : units[7];
    return text + decimal_text(rest, unit.ns) + std::string(unit.name);
  }
  for (const Unit& unit : {units[0], units[1], units[2]}) {
    if (rest >= unit.ns) text += std::to_string(rest / unit.ns) + std::string(unit.name);
    rest %= unit.ns;
  }
  if (rest != 0) text += decimal_text(rest, second_ns) + "s";
  return text;
}

}  // namespace weir
