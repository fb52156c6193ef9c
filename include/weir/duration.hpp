// Durations: std::chrono inside, text such as "500ms" or "2h30m" at the edges.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir {

/// Reads a duration such as `"500ms"`, `"2h30m"`, `"1.5s"`, `"1d"` or `"02:00:00"`.
///
/// **Units.** `ns`, `us`, `ms`, `s`, `m` or `min`, `h`, `d`; a number without unit is seconds; `H:M:S` and
/// `M:S` are read as a clock shows them.
/// **Errors.** Throws `Error{invalid_argument}` that shows the text if it is not a duration, is negative, or
/// is longer than 292 years.
[[nodiscard]] std::chrono::nanoseconds parse_duration(std::string_view text);

/// Shortest readable form: `"500ms"`, `"2h30m"`, `"1.5s"`, `"0s"`. What `parse_duration` reads back to the
/// same value.
[[nodiscard]] std::string to_string(std::chrono::nanoseconds duration);

/// A duration argument: any std::chrono duration, or text.
///
/// **Units.** What is longer than 200 years, such as `std::chrono::seconds::max()`, is 200 years: for ever,
/// and still can be added to what a clock shows.
class Duration {
 public:
  /// None: 0.
  constexpr Duration() = default;
  /// From any duration of `std::chrono`.
  template <class Rep, class Period>
  constexpr Duration(std::chrono::duration<Rep, Period> value) : value_(within_longest(value)) {}
  /// From text; see `parse_duration`. Throws `Error{invalid_argument}` if it is none.
  Duration(std::string_view written) : Duration(parse_duration(written)) {}
  /// The same.
  Duration(const char* written) : Duration(parse_duration(written)) {}
  /// The same.
  Duration(const std::string& written) : Duration(parse_duration(written)) {}

  /// A number has no unit: nobody can tell seconds from milliseconds. (The attribute's sentence comes where
  /// the number is written, ahead of all headers; that of a static_assert would not.)
  template <class Number>
  requires std::is_arithmetic_v<Number>
  __attribute__((
      unavailable("weir: a duration needs a unit: write \"500ms\", or 500ms after using namespace "
                  "std::chrono_literals"))) constexpr Duration(Number) {}

  /// In nanoseconds.
  [[nodiscard]] constexpr std::chrono::nanoseconds value() const noexcept { return value_; }
  /// The same.
  constexpr operator std::chrono::nanoseconds() const noexcept { return value_; }

  /// It travels as its nanoseconds.
  template <class Archive>
  [[nodiscard]] std::int64_t save_minimal(const Archive&) const {
    return value_.count();
  }
  /// The same.
  template <class Archive>
  void load_minimal(const Archive&, const std::int64_t& ns) {
    value_ = std::chrono::nanoseconds(ns);
  }

 private:
  static constexpr std::chrono::nanoseconds longest = std::chrono::hours(200 * 365 * 24);
  template <class Span>
  static constexpr std::chrono::nanoseconds within_longest(Span span) {
    const std::chrono::duration<long double> value(span);  // in which nothing overflows
    if (!(value < longest)) return longest;
    if (value < -longest) return -longest;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(span);
  }

  std::chrono::nanoseconds value_{0};
};

}  // namespace weir
