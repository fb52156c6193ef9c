// The bytes of a file as they lie on the disk, and what is said when they cannot be read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "weir/detail/files/input.hpp"

namespace weir::detail::files {

/// Reads a file from a place on; errors begin with `who` and name the file.
class Raw {
 public:
  Raw(const char* who, const Portion& portion);
  /// Up to `room` bytes; 0 at the end.
  std::size_t read(void* to, std::size_t room);
  /// The next bytes, valid until the next call; none at the end.
  std::span<const unsigned char> next();
  /// Of the next byte that is read.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// Throws `Error{serialization}`: the packed bytes are broken at a place, and how.
  [[noreturn]] void broken(std::uint64_t at, std::string_view how) const;

 private:
  const char* who_;
  std::string path_;
  Descriptor file_;
  std::uint64_t offset_;
  std::vector<unsigned char> buffer_;
};

[[nodiscard]] std::unique_ptr<Input> open_gzip(Raw raw);
/// The same by the library that is always there; ISA-L is faster.
[[nodiscard]] std::unique_ptr<Input> open_gzip_by_zlib(Raw raw);
[[nodiscard]] std::unique_ptr<Input> open_bzip2(Raw raw);
[[nodiscard]] std::unique_ptr<Input> open_xz(Raw raw);
[[nodiscard]] std::unique_ptr<Input> open_zstd(Raw raw);

}  // namespace weir::detail::files
