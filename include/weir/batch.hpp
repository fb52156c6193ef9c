// BatchSystem: the four things Weir wants from a batch system. One file in src/cluster/ implements each.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/batch_job.hpp"

namespace weir {

/// Where a job is in its life, in the same words for every batch system.
enum class JobState : unsigned char {
  waiting,    ///< In the queue.
  held,       ///< In the queue, and it stays there until somebody releases it.
  running,    ///< On its nodes, also while it starts, ends or is suspended.
  succeeded,  ///< Ended by itself with exit status 0.
  failed,     ///< Ended otherwise: exit status, signal, lost node.
  cancelled,  ///< Ended by its owner or an administrator.
  timed_out,  ///< Ended by the batch system at its walltime.
  unknown     ///< The batch system no longer knows it.
};

/// The state's name as written in the enumeration.
[[nodiscard]] std::string_view to_string(JobState state) noexcept;

/// Whether the job will never run (again): every state from `succeeded` on.
[[nodiscard]] constexpr bool is_over(JobState state) noexcept { return state >= JobState::succeeded; }

/// The batch system's answer about one job.
struct JobStatus {
  std::string id;
  JobState state = JobState::unknown;
  std::optional<int> exit_status;  ///< Of a job that is over, where the batch system tells: 128 + signal if a
                                   ///< signal ended it.
  std::string reason;  ///< The batch system's own words: why it waits, what went wrong. May be empty.
};

/// A batch system: writes scripts, submits them, asks after jobs, cancels them.
///
/// **Errors.** What the system's own programs refuse becomes `Error{io}` with the command, its exit status
/// and all it said; a program that is not there is `Error{not_found}`, one that does not answer
/// `Error{timeout}`.
/// **Threads.** Stateless: every member may be called from several threads at once. `submit`, `status` and
/// `cancel` wait for a program.
/// **Cost.** `status` is one program for any number of jobs where the system allows; call it rarely, sites
/// count such questions.
class BatchSystem {
 public:
  virtual ~BatchSystem() = default;

  /// Name of the system on the command line and in the configuration: "slurm".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// The program that submits, looked for on PATH: "sbatch".
  [[nodiscard]] virtual std::string_view submit_program() const = 0;

  /// The whole batch script.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` that names the option which cannot be written.
  [[nodiscard]] virtual std::string script(const JobOptions& options) const = 0;

  /// Submits a script from the current directory.
  /// \return The job's id as the batch system writes it.
  [[nodiscard]] virtual std::string submit(const std::filesystem::path& script) const = 0;

  /// Asks after jobs; the answers are in the order of `ids`, `JobState::unknown` for those nobody knows.
  [[nodiscard]] virtual std::vector<JobStatus> status(const std::vector<std::string>& ids) const = 0;

  /// Ends jobs, in the queue or running; a job that is over already is no error.
  virtual void cancel(const std::vector<std::string>& ids) const = 0;
};

/// Every batch system Weir knows; the first whose programs are on PATH is the default.
[[nodiscard]] const std::vector<std::reference_wrapper<const BatchSystem>>& batch_systems();

/// The batch system called `name`.
///
/// **Errors.** Throws `Error{invalid_argument}` that lists those there are.
[[nodiscard]] const BatchSystem& batch_system(std::string_view name);

/// The batch system whose submit program is on PATH.
///
/// **Errors.** Throws `Error{not_found}` if there is none.
[[nodiscard]] const BatchSystem& detect_batch_system();

}  // namespace weir
