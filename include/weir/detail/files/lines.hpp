// Lines: the lines of a portion of a file.
#pragma once

#include <string_view>
#include <vector>

#include "weir/detail/files/input.hpp"

namespace weir::detail::files {

/// Where a line is, for people.
struct LinePlace {
  std::string path;
  std::uint64_t number = 0;  ///< From 1, in the whole file.
  /// `line 7 of 'a.txt'`.
  [[nodiscard]] std::string text() const;
};

/// The lines that begin in a portion, without their ends.
///
/// A line ends at the separator, of `\n` also with a `\r` before it, or at the end of the file; a UTF-8 mark
/// (BOM) at its begin is not part of the first line.
/// **Errors.** Those of `Input`.
/// **Cost.** No copy of a line; memory for the longest one.
class Lines {
 public:
  /// Bytes after a line that may be read, not meant: parsers work in steps of this size.
  static constexpr std::size_t padding = 64;

  Lines(const char* who, const Portion& portion, char separator = '\n');
  /// The next line, valid until the next call; false at the end.
  bool next(std::string_view& line);
  /// Where the line is that `next` gave last. **Cost.** Reads the file up to the portion once more.
  [[nodiscard]] LinePlace where() const;

 private:
  void skip_begun_line();
  bool more();
  bool give(std::string_view& line, std::size_t length, std::size_t after);

  const char* who_;
  Portion portion_;
  char separator_;
  std::unique_ptr<Input> input_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;       // of the next line in the buffer
  std::size_t filled_ = 0;   // bytes in the buffer
  std::uint64_t offset_;     // of the next line in the unpacked file
  std::uint64_t given_ = 0;  // lines
  bool ended_ = false;
};

}  // namespace weir::detail::files
