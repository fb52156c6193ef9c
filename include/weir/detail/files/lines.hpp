// Lines: the lines of a portion of a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/detail/files/input.hpp"

namespace weir::detail::files {

/// Where a line is, for people.
struct LinePlace {
  std::string path;
  std::uint64_t number = 0;  ///< From 1, in the whole file.
  bool is_line = true;       ///< Ends at `\n`; else it is a record.
  /// `line 7 of 'a.txt'`, `record 7 of 'a.txt'`.
  [[nodiscard]] std::string text() const;
};

/// The lines that begin in a portion, without their ends.
///
/// A line ends at the separator, of `\n` also with a `\r` before it, or at the end of the file; a UTF-8 mark
/// (BOM) at its begin is not part of the first line. A separator of several bytes ends where its last byte
/// is not repeated any more (`\n\n` is any number of empty lines), and there are no empty lines between two.
/// **Errors.** Those of `Input`.
/// **Cost.** No copy of a line; memory for the longest one.
class Lines {
 public:
  /// Bytes after a line that may be read, not meant: parsers work in steps of this size.
  static constexpr std::size_t padding = 64;

  Lines(const char* who, const Portion& portion, std::string separator = "\n");
  /// The next line, valid until the next call; false at the end.
  bool next(std::string_view& line);
  /// Where the line is that `next` gave last. **Cost.** Reads the file up to the portion once more.
  [[nodiscard]] LinePlace where() const;
  /// How many it has given.
  [[nodiscard]] std::uint64_t returned() const noexcept { return returned_; }
  /// Of which they are.
  [[nodiscard]] const Portion& portion() const noexcept { return portion_; }
  /// From now on the lines that begin behind the portion come too.
  void read_on() noexcept { reads_on_ = true; }

 private:
  void skip_begun_line();
  bool next_of_any(std::string_view& line);
  bool more();
  [[nodiscard]] std::size_t find_end(std::size_t looked_at) const;
  void skip_repeated();
  void advance(std::size_t count, bool behind_separator);
  bool give(std::string_view& line, std::size_t length, std::size_t after);

  const char* who_;
  Portion portion_;
  std::string separator_;
  std::unique_ptr<Input> input_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;          // of the next line in the buffer
  std::size_t filled_ = 0;      // bytes in the buffer
  std::uint64_t offset_;        // of the next line in the unpacked file
  std::uint64_t returned_ = 0;  // lines
  bool ended_ = false;
  bool behind_separator_ = false;
  bool reads_on_ = false;
};

}  // namespace weir::detail::files
