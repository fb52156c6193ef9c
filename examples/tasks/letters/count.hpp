// The work of `letters`: sort and count the letters of one file.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace letters {

/// How often each letter occurs, upper and lower case together.
struct Counts {
  std::array<std::uint64_t, 26> of{};  ///< `of[0]` counts a and A.
  std::uint64_t bytes = 0;             ///< All bytes, letters or not.

  bool operator==(const Counts&) const = default;
};

/// The sum of two files' counts.
[[nodiscard]] Counts operator+(Counts left, const Counts& right);

/// Reads the file, sorts its letters and counts them: one task, and one step of the sequential pass.
///
/// **Errors.** Throws std::runtime_error with a sentence for people if the file is missing, a directory,
/// empty or may not be read.
/// **Cost.** Holds the whole file in memory; the sort is nearly all of the time.
[[nodiscard]] Counts count_file(const std::string& path);

/// Reads the file through without counting, so that both passes find it in the page cache. Same errors.
void check_file(const std::string& path);

}  // namespace letters
