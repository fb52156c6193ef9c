// Numbers are read by fast_float, exactly; days by the proleptic Gregorian calendar.
#include "frame/columns/cell.hpp"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weir::detail::frame {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// "007" is a name, "0" and "0.5" are numbers.
bool has_leading_zero(std::string_view text) noexcept {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

// Groups of three digits behind the first separator; the digits alone go to `to`.
bool drop_thousands(std::string_view text, const CellFormat& format, std::string& to) {
  std::size_t digits = 0;
  bool grouped = false, in_fraction = false;
  for (const char c : text) {
    if (c == format.thousands) {
      if (in_fraction || digits == 0 || digits > 3 || (grouped && digits != 3)) return false;
      grouped = true, digits = 0;
      continue;
    }
    if (is_digit(c)) ++digits;
    else if (c == format.decimal || c == 'e' || c == 'E') {
      if (grouped && !in_fraction && digits != 3) return false;
      in_fraction = true;
    }
    to += c;
  }
  return !grouped || in_fraction || digits == 3;
}

bool take_number(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& value) noexcept {
  std::size_t digits = 0;
  value = 0;
  while (digits < most && digits < text.size() && is_digit(text[digits]))
    value = value * 10 + (text[digits++] - '0');
  if (digits < least) return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char c) noexcept {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

unsigned days_in(std::int64_t year, unsigned month) noexcept {
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && is_leap);
}

bool day_exists(std::int64_t year, std::int64_t month, std::int64_t day) noexcept {
  return month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, static_cast<unsigned>(month));
}

bool take_date(std::string_view& text, std::int64_t& days) noexcept {
  std::int64_t year = 0, month = 0, day = 0;
  if (!take_number(text, 4, 4, year) || !take_char(text, '-') || !take_number(text, 2, 2, month) ||
      !take_char(text, '-') || !take_number(text, 2, 2, day) || !day_exists(year, month, day))
    return false;
  days = days_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return true;
}

// Digits behind the point as nanoseconds; at most nine.
bool take_fraction(std::string_view& text, std::int64_t& nanoseconds) noexcept {
  std::int64_t scale = second_ns;
  std::size_t digits = 0;
  nanoseconds = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    if (scale == 1) return false;
    scale /= 10;
    nanoseconds += (text[digits] - '0') * scale;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool put_together(std::int64_t days, std::int64_t seconds, std::int64_t fraction,
                  std::int64_t& nanoseconds) noexcept {
  std::int64_t total = 0;
  return !__builtin_mul_overflow(days, std::int64_t{86'400}, &total) &&
         !__builtin_add_overflow(total, seconds, &total) &&
         !__builtin_mul_overflow(total, second_ns, &total) &&
         !__builtin_add_overflow(total, fraction, &nanoseconds);
}

// `Z`, `+01:00`, `+0100`, `+01` or nothing.
bool take_zone(std::string_view& text, std::int64_t& seconds_east) noexcept {
  seconds_east = 0;
  if (text.empty() || take_char(text, 'Z')) return true;
  const bool is_west = text[0] == '-';
  if (!is_west && text[0] != '+') return false;
  text.remove_prefix(1);
  std::int64_t hours = 0, minutes = 0;
  if (!take_number(text, 2, 2, hours)) return false;
  take_char(text, ':');
  if (!text.empty() && !take_number(text, 2, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  seconds_east = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
  return true;
}

std::string two(std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// What a pattern has found so far.
struct Found {
  std::int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0;
  int afternoon = -1;
};

bool take_directive(std::string_view& text, char directive, Found& found) noexcept {
  switch (directive) {
    case 'Y':
      return take_number(text, 4, 4, found.year);
    case 'y':
      if (!take_number(text, 2, 2, found.year)) return false;
      found.year += found.year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return take_number(text, 1, 2, found.month);
    case 'd':
      return take_number(text, 1, 2, found.day);
    case 'H':
    case 'I':
      return take_number(text, 1, 2, found.hour);
    case 'M':
      return take_number(text, 1, 2, found.minute);
    case 'S':
      return take_number(text, 1, 2, found.second);
    case 'f':
      return take_fraction(text, found.fraction);
    case 'p':
      if (text.size() < 2 || (text[1] | 32) != 'm') return false;
      found.afternoon = (text[0] | 32) == 'p';
      text.remove_prefix(2);
      return true;
    case 'b':
      for (std::size_t m = 0; m < months.size(); ++m)
        if (text.substr(0, 3) == months[m]) {
          found.month = static_cast<std::int64_t>(m) + 1;
          text.remove_prefix(3);
          return true;
        }
      return false;
    case '%':
      return take_char(text, '%');
    default:
      return false;
  }
}

}  // namespace

bool read_bool(std::string_view text, std::uint8_t& value) noexcept {
  text = without_blanks(text);
  if (text == "true" || text == "True" || text == "TRUE") value = 1;
  else if (text == "false" || text == "False" || text == "FALSE") value = 0;
  else return false;
  return true;
}

bool read_integer(std::string_view text, const CellFormat& format, std::int64_t& value) noexcept {
  // Short ones without anything around them, which nearly all are.
  if (!text.empty() && text.size() <= 18) {
    const bool is_negative = text[0] == '-';
    const std::size_t first = is_negative || text[0] == '+';
    std::int64_t number = 0;
    std::size_t i = first;
    for (; i < text.size() && is_digit(text[i]); ++i) number = number * 10 + (text[i] - '0');
    if (i == text.size() && i > first) {
      if (text[first] == '0' && i - first > 1) return false;
      value = is_negative ? -number : number;
      return true;
    }
  }
  text = without_blanks(text);
  std::string digits;
  if (format.thousands) {
    if (!drop_thousands(text, format, digits)) return false;
    text = digits;
  }
  if (has_leading_zero(text)) return false;
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_real(std::string_view text, const CellFormat& format, double& value) noexcept {
  text = without_blanks(text);
  std::string digits;
  if (format.thousands) {
    if (!drop_thousands(text, format, digits)) return false;
    text = digits;
  }
  if (text.empty() || has_leading_zero(text)) return false;
  if (text[0] == '+') text.remove_prefix(1);
  const char last = text.empty() ? '\0' : text.back();
  if (!is_digit(last) && last != format.decimal && (last | 32) != 'f' && (last | 32) != 'n' &&
      (last | 32) != 'y')
    return false;
  const fast_float::parse_options options(fast_float::chars_format::general, format.decimal);
  const auto [end, error] =
      fast_float::from_chars_advanced(text.data(), text.data() + text.size(), value, options);
  return (error == std::errc{} || error == std::errc::result_out_of_range) &&
         end == text.data() + text.size();
}

bool read_date(std::string_view text, std::int64_t& days) noexcept {
  text = without_blanks(text);
  return take_date(text, days) && text.empty();
}

bool read_datetime(std::string_view text, std::int64_t& nanoseconds) noexcept {
  text = without_blanks(text);
  std::int64_t days = 0, hour = 0, minute = 0, second = 0, fraction = 0, east = 0;
  if (!take_date(text, days)) return false;
  if (!text.empty()) {
    if (!take_char(text, ' ') && !take_char(text, 'T')) return false;
    if (!take_number(text, 2, 2, hour) || !take_char(text, ':') || !take_number(text, 2, 2, minute))
      return false;
    if (take_char(text, ':')) {
      if (!take_number(text, 2, 2, second)) return false;
      if (take_char(text, '.') && !take_fraction(text, fraction)) return false;
    }
    if (hour > 23 || minute > 59 || second > 59 || !take_zone(text, east) || !text.empty()) return false;
  }
  return put_together(days, hour * 3600 + minute * 60 + second - east, fraction, nanoseconds);
}

namespace {

bool find_by_format(std::string_view text, std::string_view format, Found& found) noexcept {
  text = without_blanks(text);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size()) {
      if (!take_directive(text, format[++i], found)) return false;
    } else if (!take_char(text, format[i])) {
      return false;
    }
  }
  if (found.afternoon >= 0) {
    if (found.hour < 1 || found.hour > 12) return false;
    found.hour = found.hour % 12 + (found.afternoon ? 12 : 0);
  }
  return text.empty() && day_exists(found.year, found.month, found.day) && found.hour <= 23 &&
         found.minute <= 59 && found.second <= 59;
}
std::int64_t day_of(const Found& found) noexcept {
  return days_of(found.year, static_cast<unsigned>(found.month), static_cast<unsigned>(found.day));
}

}  // namespace

bool read_by_format(std::string_view text, std::string_view format, std::int64_t& nanoseconds) noexcept {
  Found found;
  return find_by_format(text, format, found) &&
         put_together(day_of(found), found.hour * 3600 + found.minute * 60 + found.second, found.fraction,
                      nanoseconds);
}

bool read_date_by_format(std::string_view text, std::string_view format, std::int64_t& days) noexcept {
  Found found;
  if (!find_by_format(text, format, found)) return false;
  days = day_of(found);
  return true;
}

bool is_na_word(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 17> words{
      "NA",  "NaN",  "nan",  "null", "NULL",     "N/A",     "n/a",      "<NA>",   "#N/A",
      "#NA", "-nan", "-NaN", "None", "#N/A N/A", "-1.#IND", "-1.#QNAN", "1.#QNAN"};
  text = without_blanks(text);
  return text.empty() || (text.size() <= 8 && std::find(words.begin(), words.end(), text) != words.end());
}

std::optional<ColumnType> guess_type(std::string_view text, const CellFormat& format) noexcept {
  std::int64_t integer = 0;
  double real = 0;
  std::uint8_t boolean = 0;
  if (read_integer(text, format, integer)) return ColumnType::int64;
  if (is_na_word(text)) return std::nullopt;
  if (read_real(text, format, real)) return ColumnType::float64;
  if (read_bool(text, boolean)) return ColumnType::boolean;
  if (read_date(text, integer)) return ColumnType::date;
  if (read_datetime(text, integer)) return ColumnType::datetime;
  return ColumnType::text;
}

ColumnType wider(ColumnType a, ColumnType b) noexcept {
  if (a == b) return a;
  const auto is_pair = [&](ColumnType x, ColumnType y) { return (a == x && b == y) || (a == y && b == x); };
  if (is_pair(ColumnType::int64, ColumnType::float64)) return ColumnType::float64;
  if (is_pair(ColumnType::date, ColumnType::datetime)) return ColumnType::datetime;
  return ColumnType::text;
}

std::string written_real(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string written_date(std::int64_t days) {
  const Civil day = civil_of(days);
  std::string year = std::to_string(day.year < 0 ? -day.year : day.year);
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  return (day.year < 0 ? "-" : "") + year + "-" + two(day.month) + "-" + two(day.day);
}

std::string written_datetime(std::int64_t nanoseconds) {
  constexpr std::int64_t day_ns = 86'400 * second_ns;
  std::int64_t days = nanoseconds / day_ns, rest = nanoseconds % day_ns;
  if (rest < 0) --days, rest += day_ns;
  return written_date(days) + " " + written_clock(rest);
}

std::string written_clock(std::int64_t nanoseconds) {
  const std::int64_t seconds = nanoseconds / second_ns, fraction = nanoseconds % second_ns;
  std::string text = two(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60);
  if (fraction) {
    std::string digits = std::to_string(fraction);
    digits.insert(0, 9 - digits.size(), '0');
    while (digits.back() == '0') digits.pop_back();
    text += "." + digits;
  }
  return text;
}

// After Howard Hinnant, "chrono-compatible low-level date algorithms".
Civil civil_of(std::int64_t days) noexcept {
  constexpr std::int64_t era_days = 146'097, first_day = 719'468;
  std::int64_t era = days / era_days, rest = days % era_days + first_day;  // any number of days
  era += rest / era_days;
  rest %= era_days;
  const auto of_era = static_cast<unsigned>(rest);
  const unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2), month,
          of_year - (153 * shifted + 2) / 5 + 1};
}

std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) noexcept {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
  return era * 146097 + static_cast<std::int64_t>(of_era) - 719468;
}

}  // namespace weir::detail::frame
