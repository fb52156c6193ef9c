// Values as they lie in the pages of a Parquet file.
#pragma once

#include <cstring>

#include "frame/parquet/format.hpp"

namespace weir::detail::frame {

/// Throws `Error{serialization}`: what of the file is broken, and where.
[[noreturn]] void broken_parquet(const std::string& path, std::uint64_t at, const std::string& how);
/// The same of what was found reading from `begin` on; `Error{unsupported}` if the file is right but not
/// read.
[[noreturn]] void throw_fault(const std::string& path, std::uint64_t begin, const ParquetFault& fault);

[[nodiscard]] std::string bytes_of_file(const std::string& path, std::uint64_t begin, std::uint64_t size);

template <class T>
T little(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Numbers of a few bits: runs of one value, and groups of eight packed into their bits.
class Hybrid {
 public:
  Hybrid(std::string_view bytes, unsigned width) : bytes_(bytes), width_(width) {
    if (width > 32) throw ParquetFault{0, "numbers of more than 32 bits"};
  }
  /// Appends `count` numbers.
  void read(std::size_t count, std::vector<std::uint32_t>& to);

 private:
  std::uint64_t varint();
  std::string_view take(std::size_t count);
  std::uint32_t run_value();
  void packed(std::uint64_t groups, std::size_t wanted, std::vector<std::uint32_t>& to);

  std::string_view bytes_;
  unsigned width_;
};

// Values that are there, one behind the other.
struct Values {
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::uint8_t> flags;
  std::vector<std::string_view> texts;
};

// Reads plain values of a column.
class PlainReader {
 public:
  PlainReader(const ParquetColumn& column, std::string_view bytes) : column_(column), bytes_(bytes) {}

  void read(std::size_t count, Values& to);

 private:
  const char* take(std::size_t count, std::size_t size);
  std::string_view take_text(std::uint32_t size);
  void read_flags(std::size_t count, Values& to);
  void text(std::string_view bytes, Values& to) const;
  void integer(std::int64_t value, Values& to) const;
  static void time(std::int64_t count, std::int64_t unit, std::int64_t more, Values& to);

  const ParquetColumn& column_;
  std::string_view bytes_;
};

}  // namespace weir::detail::frame
