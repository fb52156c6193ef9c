// JobOptions: what one batch job asks for and runs, in the same words for every batch system.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// What one batch job asks for and runs.
///
/// Leave out what the site should decide. Nothing is interpreted by a shell except `before` and `after`,
/// which are shell code by intent.
///
/// **Units.** `memory_bytes` is per node; `walltime` is rounded up to whole seconds by the caller; a count of
/// 0 means "not said".
/// **Errors.** The functions that read it throw `Error{invalid_argument}` that names the member: a text with
/// a newline or control character where one line is needed, a negative count, counts that contradict each
/// other.
struct JobOptions {
  std::string name = "weir";  ///< Of the job and its log files; without `/`, whitespace and quotes.

  int ranks = 0;  ///< All ranks of the job, rank 0 among them.
  int nodes =
      0;  ///< 0: the batch system spreads the ranks as it likes, unless `ranks_per_node` says otherwise.
  int ranks_per_node = 0;    ///< With `nodes`, gives `ranks`; with `ranks`, gives `nodes`.
  int threads_per_rank = 1;  ///< Worker threads, and cores reserved for each rank.
  int gpus_per_node = 0;
  std::uint64_t memory_bytes = 0;    ///< Of each node.
  std::chrono::seconds walltime{0};  ///< After which the batch system ends the job.

  std::string queue;          ///< PBS: queue. Slurm: partition.
  std::string account;        ///< The project that pays.
  std::string log_directory;  ///< For `<name>-<job id>.out` and `.err`; empty: the directory the job is
                              ///< submitted from.

  std::vector<std::string>
      directives;  ///< Further directives, with or without `#SBATCH`/`#PBS`, written as they are.
  std::vector<std::string> skip;  ///< Leaves out the script's own directives that contain one of these texts;
                                  ///< never those of `directives`.
  std::string shebang;            ///< First line of the script; empty: what suits the batch system.

  std::vector<std::string> modules;                              ///< Loaded with `module load`, in order.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Variables set for the program, in order.
  std::vector<std::string> before;                               ///< Shell lines ahead of the program.
  std::vector<std::string> after;  ///< Shell lines behind it; the job's exit status stays the program's.

  std::string weir = "weir";         ///< The `weir` that starts the ranks inside the job; see decision 401.
  std::vector<std::string> command;  ///< Program and arguments; each reaches the program unchanged.
};

/// Ranks and nodes of a job after what was said has been completed.
struct JobLayout {
  int ranks = 0;
  int nodes = 0;           ///< 0: the batch system decides.
  int ranks_per_node = 0;  ///< The most on one node; 0 exactly if `nodes` is 0.
};

/// Completes ranks, nodes and ranks per node from those that were given.
///
/// **Errors.** Throws `Error{invalid_argument}` if the number of ranks does not follow, a count is negative,
/// or the three contradict each other. \return `{.ranks = 64, .ranks_per_node = 16}` becomes 64 ranks on 4
/// nodes; one rank is one node.
[[nodiscard]] JobLayout layout(const JobOptions& options);

/// The file that takes the program's output (`stream` is "out") or its errors ("err").
///
/// \param job_id  As the batch system gave it; a server's name behind the number (`0.server`) is left out.
[[nodiscard]] std::string log_file(const JobOptions& options, const std::string& job_id,
                                   const std::string& stream);

}  // namespace weir
