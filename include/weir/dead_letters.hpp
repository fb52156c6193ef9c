// DeadLetters: the lines and elements that were left out, with their places and the reasons.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/on_error.hpp"

namespace weir {

namespace detail::bag {
class LetterBox;
}  // namespace detail::bag

/// A line or element that was left out.
struct DeadLetter {
  std::string file;          ///< Where it was read; empty if it was not read from a file.
  std::uint64_t line = 0;    ///< Counted from 1; of records that of their beginning.
  std::uint64_t column = 0;  ///< Of the byte that is wrong, counted from 1; 0 if that is not known.
  std::string reason;        ///< What was thrown.
  std::string text;          ///< The line as it was read, or the element if it can be printed: 4 KiB of it.
};

/// Takes what is left out: `weir::DeadLetters letters;` and then `read_json("*.json", {.on_error = letters})`
/// or `lines.map(letters, parse)`.
///
/// Copies are the same list. It holds what the computations so far have met: a partition that is computed
/// again says the same again, and nothing is counted twice; what no computation needed (`take` reads few
/// partitions) is not there. They travel as bags do: `weir::from_sequence(letters.list())`.
/// **Errors.** Throws what a computation does that is still running; after the end of the cluster it knows
/// what it had been asked for before.
/// **Threads.** Any.
/// **Cost.** A message to rank 0 for each partition, where letters wait until they are asked for.
class DeadLetters {
 public:
  /// None yet; of each partition the first `most` are kept, and all are counted.
  explicit DeadLetters(std::uint64_t most = 1000);
  /// How many there are.
  [[nodiscard]] std::uint64_t count() const;
  /// Those that are kept, in order of files and lines; others in order of their partitions.
  [[nodiscard]] std::vector<DeadLetter> list() const;
  /// What is behind it; for the library.
  [[nodiscard]] const std::shared_ptr<detail::bag::LetterBox>& box() const noexcept { return box_; }

 private:
  std::shared_ptr<detail::bag::LetterBox> box_;
};

/// What becomes of lines that are not what they should be: an `OnError`, or the `DeadLetters` that take them.
class OnBroken {
 public:
  /// They end the task, or are left out.
  OnBroken(OnError on_error = OnError::raise) noexcept : on_error_(on_error) {}
  /// They are left out and listed.
  OnBroken(DeadLetters letters) noexcept : on_error_(OnError::skip), letters_(std::move(letters)) {}
  /// Whether they are left out.
  [[nodiscard]] bool skips() const noexcept { return on_error_ == OnError::skip; }
  /// Who takes them.
  [[nodiscard]] const std::optional<DeadLetters>& letters() const noexcept { return letters_; }

 private:
  OnError on_error_;
  std::optional<DeadLetters> letters_;
};

}  // namespace weir
