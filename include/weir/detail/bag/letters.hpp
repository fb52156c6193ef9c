// Letters: where the element that goes through a chain was read, and what chains leave out.
#pragma once

#include <map>
#include <string_view>

#include "weir/dead_letters.hpp"
#include "weir/detail/files/lines.hpp"
#include "weir/error.hpp"

namespace weir::detail::bag {

/// Where a stage of a chain sends what it leaves out; to nobody if the queue has no name.
struct LetterAddress {
  std::string queue;
  std::uint64_t most = 0;   ///< So many of a partition are told; the others are counted.
  std::uint64_t stage = 0;  ///< Of all that send there.
};
[[nodiscard]] LetterAddress next_address(const DeadLetters& letters);

/// What one stage has left out of one partition.
struct LetterBatch {
  std::uint64_t stage = 0, partition = 0, count = 0;
  std::vector<DeadLetter> letters;
};

/// An error that knows the column, which `what()` says too.
class ErrorAt : public Error {
 public:
  ErrorAt(ErrorKind kind, const std::string& sentence, std::uint64_t column)
      : Error(kind, sentence), column_(column) {}
  [[nodiscard]] std::uint64_t column() const noexcept { return column_; }

 private:
  std::uint64_t column_;
};

/// What the parts of a chain know of the line that goes through it.
///
/// **Threads.** That of the chain.
class Here {
 public:
  /// This line of these goes through the chain from now on; `began` lines before it its record began.
  void at(const files::Lines& lines, std::string_view line, std::uint64_t began = 0) noexcept {
    lines_ = &lines;
    line_ = line;
    began_ = began;
  }
  /// What goes through the chain from now on is of no line.
  void leave() noexcept { lines_ = nullptr; }
  /// Whether it is a line.
  [[nodiscard]] bool is_line() const noexcept { return lines_ != nullptr; }
  /// The line, or what came of it, is left out, since this exception was caught; of what is no line `text`.
  void leave_out(const LetterAddress& to, std::uint64_t partition, std::string_view text = {});
  /// Tells whoever was named; at the end of the chain.
  void send();

 private:
  struct Box {
    LetterAddress to;
    LetterBatch batch;
  };
  const files::Lines* lines_ = nullptr;
  std::string_view line_;
  std::uint64_t began_ = 0;
  std::map<std::pair<std::string, std::uint64_t>, Box> boxes_;             // by queue and stage
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> before_;  // lines, by portion
};

}  // namespace weir::detail::bag
