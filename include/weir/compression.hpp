// Compression: how the bytes of a file are packed.
#pragma once

#include <string_view>

namespace weir {

// g++ 12 takes an enumerator of a class for one that hides the name outside.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
/// How the bytes of a file are packed.
enum class Compression : unsigned char {
  automatic,  ///< Reading: what the first bytes say, which the name must agree with. Writing: what the name
              ///< says.
  none,       ///< Not at all.
  gzip,       ///< .gz, also of several members.
  bzip2,      ///< .bz2, also of several streams.
  xz,         ///< .xz, also of several streams.
  zstd        ///< .zst, also of several frames.
};
#pragma GCC diagnostic pop
/// The name of the enumerator.
[[nodiscard]] std::string_view to_string(Compression compression) noexcept;

}  // namespace weir
