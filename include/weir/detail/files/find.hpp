// Which files a program means, and how they become the work of tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/compression.hpp"

namespace weir::detail::files {

/// A file that was there and could be read when it was looked for.
struct File {
  std::string path;
  std::uint64_t bytes = 0;  ///< As it lies on the disk.
  Compression compression = Compression::none;
};

/// The files that names and glob patterns (`*`, `?`, `[a-z]`) mean: those of a pattern in the order of their
/// bytes, patterns in the order given.
///
/// **Errors.** Begin with `who` and name the file or pattern. Throws `Error{not_found}` for a pattern that
/// matches nothing and a file that is not there, `Error{invalid_argument}` for a directory, an empty list and
/// a name that says another compression than the first bytes, `Error{io}` for a file that cannot be read.
/// **Cost.** Opens each file and reads its first bytes.
[[nodiscard]] std::vector<File> find(const char* who, const std::vector<std::string>& patterns,
                                     Compression compression = Compression::automatic);

/// The bytes [begin, end) of a file, as they lie on the disk.
///
/// Where a plain file is cut has nothing to do with what is in it: a record belongs to the portion in which
/// it begins, and its reader reads on behind `end`. Packed files are not cut.
struct Portion {
  std::string path;
  Compression compression = Compression::none;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// What `.block` says: a number of bytes as text, such as `example`.
/// **Errors.** Throws `Error{invalid_argument}`, which begins with `who`, if it is none or 0.
[[nodiscard]] std::uint64_t bytes_of_block(const char* who, const char* example, const std::string& text);

/// What each task reads, in order: plain files in portions of about `block_bytes`, small files together.
///
/// **Shape.** At least one group; files without bytes are portions too.
/// **Units.** `block_bytes` counts bytes on the disk; 0: at most 64 MiB, less if there would be fewer than 32
/// groups, at least 1 MiB; a packed file counts four times.
[[nodiscard]] std::vector<std::vector<Portion>> divide(const std::vector<File>& files,
                                                       std::uint64_t block_bytes = 0);

}  // namespace weir::detail::files
