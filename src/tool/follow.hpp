// Stays beside a batch job: tells its state, passes its output on, ends with its exit status.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "batch/registry.hpp"

namespace weir::detail::tool {

/// Time between two questions to the batch system: short at first, a tenth of the time waited so far, never
/// more than 15 s.
[[nodiscard]] std::chrono::milliseconds ask_interval(std::chrono::milliseconds waited);

/// The exit status that stands for a job that is over: the program's own, or 1 where the batch system ended
/// it or knows none.
[[nodiscard]] int exit_status_of(const JobStatus& status);

/// What is said about a job on stderr: `job 12 failed: exit status 3`.
[[nodiscard]] std::string sentence_about(const JobStatus& status);
/// What is to be added where a job waits for what will never be; else nothing.
[[nodiscard]] std::string never_text(const batch::JobRecord& job);

/// The part of a growing file that has not been passed on yet.
///
/// What another job of the same name has left there, before `since_ns`, is no part of it; a file that has
/// become shorter, or another one, is read from its beginning; also one that has grown again since, which is
/// seen where what was passed on last has changed.
class Tail {
 public:
  explicit Tail(std::string path, std::int64_t since_ns = 0) : path_(std::move(path)), since_ns_(since_ns) {}
  /// Copies what is new; false if the file is not there.
  bool copy_to(std::FILE* out);

 private:
  std::string path_;
  std::int64_t since_ns_;
  std::uint64_t file_ = 0;  // its inode
  long long done_ = 0;
  std::string last_;  // the end of what is done
};

/// SIGINT, SIGTERM and SIGHUP wait for `follow` from here on, so that no accepted job is forgotten in
/// between.
void hold_signals();

/// What Ctrl-C and SIGTERM do to the job that is followed. A lost terminal (SIGHUP) always leaves it alone.
enum class Interrupt : unsigned char { cancels_job, leaves_job };

/// Follows a job, or all elements of an array, to its end and returns the exit status for this process: of an
/// array the largest. The output of an element is passed on as a whole, once it is over.
///
/// Answers that the batch system fails to give are asked for again.
/// **Errors.** None of the batch system's; those of the registry.
[[nodiscard]] int follow(const std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry,
                         Interrupt interrupt);

}  // namespace weir::detail::tool
