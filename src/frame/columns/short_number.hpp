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

/// Eight digits, of which each is a byte.
///
/// **Source.** Daniel Lemire, "Quickly parsing eight digits".
[[nodiscard]] inline std::int64_t number_of(std::uint64_t digits) noexcept {
  digits = digits * 2561 >> 8;
  digits = (digits & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return static_cast<std::int64_t>((digits & 0x0000FFFF0000FFFF) * 42949672960001 >> 32);
}

/// The first letters of a word, at most eight, as a number; false if one of them is no digit.
[[nodiscard]] inline bool read_digits(std::uint64_t word, std::size_t count, std::int64_t& number) noexcept {
  constexpr std::uint64_t zeros = 0x3030303030303030, high_halves = 0xF0F0F0F0F0F0F0F0;
  number = 0;
  if (count == 0) return true;
  const std::uint64_t before = 64 - 8 * count;  // bits of zeros before the digits
  word = word << before | (zeros & ((std::uint64_t{1} << before) - 1));
  if ((word & high_halves) != zeros || ((word + 0x0606060606060606) & high_halves) != zeros) return false;
  number = number_of(word & 0x0F0F0F0F0F0F0F0F);
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

/// The same with a point, all of it in one word.
[[nodiscard]] inline bool read_word(const char* at, std::size_t size, char point, std::int64_t& number,
                                    std::size_t& behind) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, highest = 0x8080808080808080;
  // Its last letter becomes the highest one, zeros before the first.
  const std::uint64_t word = word_at(at) << (64 - 8 * size);
  const std::uint64_t differs = word ^ (ones * static_cast<unsigned char>(point));
  const std::uint64_t points = (differs - ones) & ~differs & highest;  // its lowest bit is right
  std::size_t digits = size;
  std::uint64_t text = word;
  behind = 0;
  if (points) {
    const std::uint64_t before = (points & -points) - 1;  // and the lower bits of the point
    behind = static_cast<std::size_t>(std::countl_zero(points & -points)) / 8;
    text = (word & (before >> 7)) << 8 | (word & ~(before << 1 | 1));
    --digits;
  }
  // No digits before the point, or a zero that must not be there.
  if (digits == behind || (*at == '0' && digits > behind + 1)) return false;
  const std::uint64_t values = text ^ (0x3030303030303030 << (64 - 8 * digits));
  if (((values + 0x0606060606060606) | values) & 0xF0F0F0F0F0F0F0F0) return false;
  number = number_of(values);
  return true;
}

/// The same with a point among fifteen digits, of which eight at most are on either side.
[[nodiscard]] inline bool read_short(const char* at, std::size_t size, const char* end, char point,
                                     double& value) noexcept {
  static constexpr double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  if (std::endian::native != std::endian::little || end - at < short_number_bytes) return false;
  const bool is_negative = size != 0 && *at == '-';
  at += is_negative, size -= is_negative;
  if (size == 0 || size > 17) return false;
  std::int64_t number = 0;
  std::size_t behind = 0;
  if (size <= 8) {
    if (!read_word(at, size, point, number, behind)) return false;
  } else {
    const auto* const found = static_cast<const char*>(std::memchr(at, point, 9));
    const std::size_t whole = found ? static_cast<std::size_t>(found - at) : size;
    behind = size - whole - (found != nullptr);
    std::int64_t decimals = 0;
    if (whole == 0 || whole > 8 || behind > 8 || whole + behind > 15 || (*at == '0' && whole > 1) ||
        !read_digits(word_at(at), whole, number) || !read_digits(word_at(at + whole + 1), behind, decimals))
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
