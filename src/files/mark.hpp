// What a file was when it was looked at, so that tasks which read it later know that it still is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::detail::files {

/// The length of a file, and a stretch of it that says what is where, with its sum.
struct Mark {
  std::uint64_t file_bytes = 0;
  std::uint64_t begin = 0, bytes = 0, sum = 0;
};

/// `text` stands at `begin` of a file of so many bytes.
[[nodiscard]] Mark mark_of(std::uint64_t file_bytes, std::uint64_t begin, std::string_view text);
/// Throws `Error{io}` if the file cannot be read or is another now.
void check_mark(const char* who, const std::string& path, const Mark& mark);

}  // namespace weir::detail::files
