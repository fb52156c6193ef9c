// Single values: how they are read from text and written as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// How numbers are written in a file.
struct CellFormat {
  char decimal = '.';
  char thousands = 0;  ///< 0: none.
};

// Whether the whole text is such a value; blanks around numbers and dates are passed over.
[[nodiscard]] bool read_bool(std::string_view text, std::uint8_t& value) noexcept;
/// Not with leading zeros, which make it text, nor beyond 64 bits.
[[nodiscard]] bool read_integer(std::string_view text, const CellFormat& format,
                                std::int64_t& value) noexcept;
/// Not with leading zeros before another digit.
[[nodiscard]] bool read_real(std::string_view text, const CellFormat& format, double& value) noexcept;
/// `2015-03-01`, if there is such a day. **Units.** Days.
[[nodiscard]] bool read_date(std::string_view text, std::int64_t& days) noexcept;
/// `2015-03-01 12:30`, with `T`, seconds, fractions, `Z` or `+01:00`; also a day alone. **Units.** ns.
[[nodiscard]] bool read_datetime(std::string_view text, std::int64_t& nanoseconds) noexcept;
/// The same by a pattern of %Y %y %m %d %H %M %S %f %b %p %I and plain letters.
[[nodiscard]] bool read_by_format(std::string_view text, std::string_view format,
                                  std::int64_t& nanoseconds) noexcept;
/// The day alone, of any year. **Units.** Days.
[[nodiscard]] bool read_date_by_format(std::string_view text, std::string_view format,
                                       std::int64_t& days) noexcept;
/// pandas' words for a missing number: `NA`, `NaN`, `null`, `N/A` and so on.
[[nodiscard]] bool is_na_word(std::string_view text) noexcept;

/// The least type that holds such a text; nothing for a missing value.
[[nodiscard]] std::optional<ColumnType> guess_type(std::string_view text, const CellFormat& format) noexcept;
/// The least type that holds both.
[[nodiscard]] ColumnType wider(ColumnType a, ColumnType b) noexcept;

/// The shortest decimal that reads back as the same number; with `.0` if it would look like an integer.
[[nodiscard]] std::string written_real(double value);
[[nodiscard]] std::string written_date(std::int64_t days);
[[nodiscard]] std::string written_datetime(std::int64_t nanoseconds);
/// The time of day: `12:34:56`, with as many digits of a fraction as there are.
[[nodiscard]] std::string written_clock(std::int64_t nanoseconds);

/// Year, month, day of a day since 1970-01-01, in the Gregorian calendar of all times.
struct Civil {
  std::int64_t year;
  unsigned month, day;
};
[[nodiscard]] Civil civil_of(std::int64_t days) noexcept;
[[nodiscard]] std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) noexcept;

}  // namespace weir::detail::frame
