// Short numbers without a loop over their letters: eight digits at a time, as one word.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace weir::detail::frame {

/// So many bytes are read from where a number begins, however short it is.
inline constexpr std::ptrdiff_t short_number_bytes = 24;

[[nodiscard]] inline std::uint64_t word_at(const char* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The first letters of a word, at most eight, as a number; false if one of them is no digit.
///
/// **Source.** Daniel Lemire, "Quickly parsing eight digits".
[[nodiscard]] inline bool read_digits(std::uint64_t word, std::size_t count, std::int64_t& number) noexcept {
  constexpr std::uint64_t zeros = 0x3030303030303030, high_halves = 0xF0F0F0F0F0F0F0F0;
  number = 0;
  if (count == 0) return true;
  const std::uint64_t before = 64 - 8 * count;  // bits of zeros before the digits
  word = word << before | (zeros & ((std::uint64_t{1} << before) - 1));
  if ((word & high_halves) != zeros || ((word + 0x0606060606060606) & high_halves) != zeros) return false;
  word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  number = static_cast<std::int64_t>((word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32);
  return true;
}

/// Up to eight digits behind a sign, which most integers are. False where that is not so, or where
/// `short_number_bytes` cannot be read before `end`: others know then.
[[nodiscard]] inline bool read_short(const char* at, std::size_t size, const char* end,
                                     std::int64_t& value) noexcept {
  if (std::endian::native != std::endian::little || end - at < short_number_bytes) return false;
  const bool is_negative = size != 0 && *at == '-';
  at += is_negative, size -= is_negative;
  if (size == 0 || size > 8 || (*at == '0' && size > 1)) return false;
  if (!read_digits(word_at(at), size, value)) return false;
  value = (value ^ -std::int64_t{is_negative}) + is_negative;
  return true;
}

/// The same with a point among fifteen digits, of which eight at most are on either side.
[[nodiscard]] inline bool read_short(const char* at, std::size_t size, const char* end, char point,
                                     double& value) noexcept {
  static constexpr double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  if (std::endian::native != std::endian::little || end - at < short_number_bytes) return false;
  const bool is_negative = size != 0 && *at == '-';
  at += is_negative, size -= is_negative;
  const std::uint64_t word = word_at(at);
  constexpr std::uint64_t sevens = 0x7F7F7F7F7F7F7F7F;
  const std::uint64_t differs = word ^ (0x0101010101010101 * static_cast<unsigned char>(point));
  const std::uint64_t points = ~(((differs & sevens) + sevens) | differs | sevens);
  const std::size_t whole = std::min(size, static_cast<std::size_t>(std::countr_zero(points)) / 8);
  const std::size_t behind = whole < size ? size - whole - 1 : 0;
  if (whole == 0 || behind > 8 || whole + behind > 15 || (*at == '0' && whole > 1)) return false;
  std::int64_t number = 0;
  if (size <= 8) {
    const std::uint64_t before_point = whole == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * whole) - 1;
    const std::uint64_t digits = (word & before_point) | (word >> 8 & ~before_point);
    if (!read_digits(digits, whole + behind, number)) return false;
  } else {
    std::int64_t decimals = 0;
    if (at[whole] != point || !read_digits(word, whole, number) ||
        !read_digits(word_at(at + whole + 1), behind, decimals))
      return false;
    number = number * static_cast<std::int64_t>(powers[behind]) + decimals;
  }
  // Exact: a quotient of two numbers that a double holds exactly is rounded once. The sign is set without a
  // decision, which would be wrong for every other number.
  const double real = static_cast<double>(number) / powers[behind];
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(real) | std::uint64_t{is_negative} << 63);
  return true;
}

}  // namespace weir::detail::frame
