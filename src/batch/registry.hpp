// The jobs this user has submitted: a file each in a directory nobody else can read.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// What is kept about a submitted job.
struct JobRecord {
  std::string system;  ///< "slurm"
  JobStatus last;      ///< The job's id, and what was known when anybody asked last.
  std::string array;   ///< The id of the job array that it is an element of; empty: none.
  std::string name;
  std::string directory;  ///< Where it was submitted.
  std::vector<std::string> command;
  int ranks = 0;
  std::string output_file;  ///< Absolute paths.
  std::string error_file;
  std::chrono::sys_seconds submitted;
  std::int64_t files_since_ns =
      0;  ///< What its log files hold is younger, by the clock of their file system.
};

/// The jobs this user has submitted.
///
/// **Errors.** Throws `Error{io}` with the path and the system's reason if the directory or a file cannot be
/// made.
/// **Threads.** Several processes may use the same directory: files are written under another name and
/// renamed.
class JobRegistry {
 public:
  /// Keeps files in `directory`. Who writes makes it, with mode 0700, or gives it that mode if it is there;
  /// who only reads leaves it as it is, also if it is not there.
  explicit JobRegistry(std::filesystem::path directory);

  /// The user's own: `$WEIR_STATE_DIR`, else `$XDG_STATE_HOME/weir`, else `~/.local/state/weir`.
  [[nodiscard]] static JobRegistry of_user();

  /// Every job, oldest first; files that cannot be read are left out with a warning in the log.
  [[nodiscard]] std::vector<JobRecord> all() const;

  /// The job meant by `which`: an id, its number, `slurm:12`, or `last`; of an array all elements.
  ///
  /// **Errors.** Throws `Error{not_found}` if there is none, `Error{invalid_argument}` if there are several.
  [[nodiscard]] std::vector<JobRecord> find(std::string_view which) const;

  void save(const JobRecord& record) const;

  /// Writes a script to be submitted; `keep_script` gives it the name of its job.
  [[nodiscard]] std::filesystem::path write_script(const std::string& text) const;
  void keep_script(const std::filesystem::path& script, const JobRecord& record) const;

  /// The exit status that `weir run` left inside the job.
  [[nodiscard]] std::optional<int> noted_exit_status(const std::string& job_id) const;

  /// Forgets jobs that were over and submitted before `then`.
  void forget_before(std::chrono::sys_seconds then) const;

 private:
  void make_directory() const;
  [[nodiscard]] std::filesystem::path file(const JobRecord& record, std::string_view extension) const;

  std::filesystem::path directory_;
};

/// Inside a batch job of a user with a registry: leaves `status` there, for batch systems that soon forget
/// how a job ended. Never fails loudly.
void note_exit_status(int status) noexcept;

/// What is worth knowing of a job beside its state, in one line: exit status, the batch system's words, and
/// of a failed one the last line of its errors.
[[nodiscard]] std::string description(const JobRecord& record);

/// Asks the batch systems after all jobs that are not over, notes the answers in the records and the
/// registry.
///
/// A job just submitted that its batch system does not know yet counts as waiting.
/// **Errors.** Those of `BatchSystem::status`; records of other systems are brought up to date first.
/// **Cost.** One question per batch system.
void refresh(std::vector<JobRecord>& records, const JobRegistry& registry, std::chrono::sys_seconds now);

}  // namespace weir::detail::batch
