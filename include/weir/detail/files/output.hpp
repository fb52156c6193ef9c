// Output: a file that is there whole or not at all.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/compression.hpp"

namespace weir::detail::files {

class Packer;

/// Throws `Error{io}` if there is a directory of this name.
void check_no_directory(const char* who, const std::string& path);

/// Writes to a temporary name beside the file, which `commit` gives its own; without it nothing remains. A
/// device or a pipe is written to as it is.
///
/// **Errors.** Begin with `who` and name the file. Throws `Error{io}`, `Error{not_found}` for a folder that
/// is not there.
/// **Threads.** One at a time; several processes may write a file of the same name, the last one stays.
class Output {
 public:
  Output(const char* who, const std::string& path, Compression compression = Compression::automatic);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();
  void write(std::string_view bytes);
  /// The file appears, in place of one that had its name.
  void commit();

 private:
  const char* who_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<Packer> packer_;
};

/// What a name says: gzip for `.gz`, bzip2 for `.bz2`, xz for `.xz`, zstd for `.zst`, else none.
[[nodiscard]] Compression compression_of_name(std::string_view path);

}  // namespace weir::detail::files
