// What the scripts of all batch systems share: safe quoting, checked directive values, the shell part.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// `text` as one word of bash on one line: what the program gets is `text`, and nothing in it is run.
///
/// **Errors.** Throws `Error{invalid_argument}` naming `option` if `text` contains a null character, which no
/// argument can carry.
[[nodiscard]] std::string quoted(std::string_view option, std::string_view text);

/// `text` itself, for a directive's line.
///
/// **Errors.** Throws `Error{invalid_argument}` naming `option` if `text` contains a newline or another
/// control character.
[[nodiscard]] std::string one_line_value(std::string_view option, std::string_view text);

/// The job's name, fit for a file name and for every batch system.
///
/// **Errors.** Throws `Error{invalid_argument}` if it is empty, too long, or has other characters than
/// letters, digits and `._+-`, or begins with a sign.
[[nodiscard]] std::string checked_name(const JobOptions& options);

/// Bytes in units of 1024, rounded up: the largest unit that leaves at least 10 of it. `units` are the
/// letters from bytes on, such as "BKMG".
struct Amount {
  std::uint64_t count;
  char unit;
};
[[nodiscard]] Amount rounded_up(std::uint64_t bytes, std::string_view units);

/// `HH:MM:SS`, hours beyond 99 where needed.
/// A signal and how long before the end of a job it comes.
struct EarlySignal {
  std::string name;  ///< "USR1".
  std::chrono::seconds before{60};
};
/// `USR1@120`, `SIGUSR2`; nothing if none is asked for. Throws `Error{invalid_argument}`: only USR1 and USR2
/// are passed on by the job's script.
[[nodiscard]] std::optional<EarlySignal> early_signal(const JobOptions& options);

/// What rank 0 of a job with a head asks for, and what its workers do: jobs of one kind of node each.
struct Halves {
  JobOptions head, workers;
};
/// Nothing without a head. Throws `Error{invalid_argument}` if that is not understood, or there is no worker.
[[nodiscard]] std::optional<Halves> halves(const JobOptions& options);

/// GPUs of a node with so many ranks. Throws `Error{invalid_argument}` if both numbers of them are given.
[[nodiscard]] int gpus_of(const JobOptions& options, int ranks);

/// Hours, minutes and seconds, rounded up.
[[nodiscard]] std::string clock_text(std::chrono::nanoseconds duration);

/// Collects `<prefix> <directive>` lines and leaves out those the user wants skipped.
class Directives {
 public:
  Directives(std::string_view prefix, const JobOptions& options) : prefix_(prefix), options_(options) {}

  void add(const std::string& directive);
  /// The user's own directives; never skipped.
  void add_own();
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string_view prefix_;
  const JobOptions& options_;
  std::string text_;
};

/// The script below its directives: clock, modules, environment, lines before, `weir run`, lines after.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no program, or a variable's name is not one.
[[nodiscard]] std::string shell_part(const JobOptions& options);

/// A log directory that ends with a slash, or nothing for the directory the job is submitted from.
[[nodiscard]] std::string log_prefix(const JobOptions& options);

}  // namespace weir::detail::batch
