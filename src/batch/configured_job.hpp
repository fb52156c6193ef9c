// Jobs as the configuration describes them, and as they are remembered.
#pragma once

#include <filesystem>

#include "batch/registry.hpp"
#include "weir/config.hpp"

namespace weir::detail::batch {

/// The user's configuration, with the tables of batch systems that there are.
///
/// **Errors.** As `Config::load`, and for a table of no batch system.
[[nodiscard]] Config load_config();

/// The batch system that is set, else the one whose programs are on PATH.
///
/// **Errors.** Those of `batch_system` and `detect_batch_system`.
[[nodiscard]] const BatchSystem& configured_system(const Config& config);

/// Whether the batch system may begin the job anew.
///
/// **Errors.** Throws `Error{invalid_argument}` for what is neither yes nor no.
[[nodiscard]] bool requeue_of(const Config& config);

/// The job that `config` describes; `command` and `ranks` come from elsewhere. `weir` is empty if no setting
/// names it.
///
/// **Errors.** Throws `Error{invalid_argument}` in the words of the option, variable or line of the file that
/// is wrong.
[[nodiscard]] JobOptions configured_job(const Config& config, int ranks, std::vector<std::string> command);

/// What is kept about a job that was submitted as `id` from `here`.
[[nodiscard]] JobRecord record_of_job(const BatchSystem& system, const JobOptions& options,
                                      const std::string& id, const std::filesystem::path& here);

/// Makes the directory that takes the output of jobs, and tries that it can be written; empty: the current
/// one.
///
/// \return Now, in nanoseconds since 1970, by the clock of its file system.
/// **Errors.** Throws `Error{io}` with its path and the system's reason.
std::int64_t prepare_log_directory(const std::string& directory);

/// Submits a job and keeps it, with its script, in the registry; of one that is refused nothing stays. Of an
/// array, also one that the user's own directives ask for, every element is kept.
///
/// \return At least one.
/// **Errors.** Those of `prepare_log_directory` and `BatchSystem::submit`. A job that was accepted and cannot
/// be kept is cancelled, and the `Error{io}` has its id.
[[nodiscard]] std::vector<JobRecord> submit_job(const BatchSystem& system, const JobOptions& options,
                                                const JobRegistry& registry);

}  // namespace weir::detail::batch
