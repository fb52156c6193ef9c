// Values as they lie in the pages of a Parquet file.
#include "frame/parquet/values.hpp"

#include <cmath>

namespace weir::detail::frame {

namespace {

double decimal_of(std::string_view big_endian, int scale) {
  double value = big_endian.empty() || !(static_cast<std::uint8_t>(big_endian[0]) & 0x80u) ? 0 : -1;
  for (const char byte : big_endian) value = value * 256 + static_cast<std::uint8_t>(byte);
  return value / std::pow(10.0, scale);
}

}  // namespace

void Hybrid::read(std::size_t count, std::vector<std::uint32_t>& to) {
  const std::size_t wanted = to.size() + count;
  while (to.size() < wanted) {
    const std::uint64_t header = varint();
    if (header & 1) packed(header >> 1, wanted, to);
    else to.insert(to.end(), std::min<std::uint64_t>(header >> 1, wanted - to.size()), run_value());
  }
}

std::uint64_t Hybrid::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(take(1)[0]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  throw ParquetFault{0, "a run has no length"};
}

std::string_view Hybrid::take(std::size_t count) {
  if (count > bytes_.size()) throw ParquetFault{0, "a page ends inside of its numbers"};
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

std::uint32_t Hybrid::run_value() {
  std::uint32_t value = 0;
  const std::string_view bytes = take((width_ + 7) / 8);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << width_) - 1));
}

void Hybrid::packed(std::uint64_t groups, std::size_t wanted, std::vector<std::uint32_t>& to) {
  // The last group may be cut off behind the last value.
  const std::uint64_t bits = std::min<std::uint64_t>(groups, bytes_.size() + 1) * 8 * width_;
  const std::string_view bytes = take(std::min<std::size_t>(bits / 8, bytes_.size()));
  std::uint64_t buffer = 0;
  unsigned filled = 0;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < groups * 8 && to.size() < wanted; ++i) {
    while (filled < width_) {
      if (at == bytes.size()) throw ParquetFault{0, "a page ends inside of its numbers"};
      buffer |= std::uint64_t{static_cast<std::uint8_t>(bytes[at++])} << filled;
      filled += 8;
    }
    to.push_back(static_cast<std::uint32_t>(buffer & ((std::uint64_t{1} << width_) - 1)));
    buffer >>= width_;
    filled -= width_;
  }
}

void PlainReader::read(std::size_t count, Values& to) {
  switch (column_.physical) {
    case Physical::boolean:
      return read_flags(count, to);
    case Physical::int32:
      for (const char* at = take(count, 4); count > 0; --count, at += 4) {
        const auto value = little<std::int32_t>(at);
        integer(column_.is_unsigned ? static_cast<std::int64_t>(static_cast<std::uint32_t>(value)) : value,
                to);
      }
      return;
    case Physical::int64:
      for (const char* at = take(count, 8); count > 0; --count, at += 8) {
        const auto value = little<std::int64_t>(at);
        if (column_.is_unsigned && value < 0) throw ParquetFault{0, "integers must be below 2^63", true};
        integer(value, to);
      }
      return;
    case Physical::int96:
      for (const char* at = take(count, 12); count > 0; --count, at += 12) {
        constexpr std::int64_t day_of_1970 = 2'440'588, day_ns = 86'400'000'000'000;
        const std::int64_t days = std::int64_t{little<std::int32_t>(at + 8)} - day_of_1970;
        time(days, day_ns, little<std::int64_t>(at), to);
      }
      return;
    case Physical::float32:
      for (const char* at = take(count, 4); count > 0; --count, at += 4)
        to.reals.push_back(little<float>(at));
      return;
    case Physical::float64:
      for (const char* at = take(count, 8); count > 0; --count, at += 8)
        to.reals.push_back(little<double>(at));
      return;
    case Physical::bytes:
      for (; count > 0; --count) text(take_text(little<std::uint32_t>(take(1, 4))), to);
      return;
    case Physical::fixed_bytes:
      for (; count > 0; --count) text(take_text(static_cast<std::uint32_t>(column_.length)), to);
      return;
  }
}

const char* PlainReader::take(std::size_t count, std::size_t size) {
  if (count > bytes_.size() / size) throw ParquetFault{0, "a page has fewer values than its header says"};
  const char* at = bytes_.data();
  bytes_.remove_prefix(count * size);
  return at;
}

std::string_view PlainReader::take_text(std::uint32_t size) {
  if (size > bytes_.size()) throw ParquetFault{0, "a value reaches behind its page"};
  const std::string_view text = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return text;
}

void PlainReader::read_flags(std::size_t count, Values& to) {
  if (count > bytes_.size() * 8) throw ParquetFault{0, "a page has fewer values than its header says"};
  for (std::size_t i = 0; i < count; ++i)
    to.flags.push_back(static_cast<std::uint8_t>(bytes_[i / 8]) >> (i % 8) & 1);
}

void PlainReader::text(std::string_view bytes, Values& to) const {
  if (column_.is_decimal) to.reals.push_back(decimal_of(bytes, column_.scale));
  else to.texts.push_back(bytes);
}

void PlainReader::integer(std::int64_t value, Values& to) const {
  if (column_.is_decimal) {
    to.reals.push_back(static_cast<double>(value) / std::pow(10.0, column_.scale));
  } else if (column_.type == ColumnType::datetime) {
    time(value, column_.unit_ns, 0, to);
  } else {
    to.integers.push_back(value);
  }
}

void PlainReader::time(std::int64_t count, std::int64_t unit, std::int64_t more, Values& to) {
  std::int64_t value = 0;
  if (__builtin_mul_overflow(count, unit, &value) || __builtin_add_overflow(value, more, &value))
    throw ParquetFault{0, "times must be within 1677 to 2262", true};
  to.integers.push_back(value);
}

}  // namespace weir::detail::frame
