// BatchSystem: all that Weir asks of a batch system, and JobOptions: what one batch job asks for and runs.
// Each system is a folder of src/batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/duration.hpp"

namespace weir {

/// What one batch job asks for and runs.
///
/// Leave out what the site should decide. Nothing is interpreted by a shell except `before` and `after`,
/// which are shell code by intent.
///
/// **Units.** `memory_bytes` is per node; a count, or a time, of 0 means "not said".
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
  std::string head;  ///< What rank 0 is given on a node of its own: `1` core, or `2,8GB` with its memory;
                     ///< nodes, threads and memory are those of the workers then. Empty: what they are given.
  int gpus_per_node = 0;           ///< GPUs of each node ...
  int gpus_per_rank = 0;           ///< ... or of each rank.
  std::uint64_t memory_bytes = 0;  ///< Of each node.
  Duration walltime;               ///< After which the batch system ends the job; rounded up to what it
                                   ///< counts in.
  std::string signal;  ///< That the program gets ahead of the end: `USR1@120` is SIGUSR1 120 seconds before.
  bool requeue = false;  ///< The batch system may begin the job anew when it has taken it away.

  std::string array;  ///< Of a job array the indices of its elements: `0-99`, `1,3,5-9:2`, `0-99%4` for four
                      ///< at once. Each runs the command with its index in `WEIR_ARRAY_INDEX`.

  std::string queue;                 ///< The queue or partition.
  std::string account;               ///< The project that pays.
  std::vector<std::string> exclude;  ///< Hosts that it must not run on.
  std::string log_directory;  ///< For `<name>-<job id>.out` and `.err`; empty: the directory the job is
                              ///< submitted from.

  std::vector<std::string>
      directives;  ///< Further directives, with or without the system's prefix, written as they are.
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
  int ranks = 0;           ///< All ranks.
  int nodes = 0;           ///< 0: the batch system decides.
  int ranks_per_node = 0;  ///< The most on one node; 0 exactly if `nodes` is 0.
};

/// Completes ranks, nodes and ranks per node from those that were given. With a head, nodes and ranks per
/// node are those of the workers.
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

/// Where a job is in its life, in the same words for every batch system.
enum class JobState : unsigned char {
  waiting,    ///< In the queue.
  held,       ///< In the queue, and it stays there until somebody releases it.
  running,    ///< On its nodes, also while it starts, ends or is suspended.
  succeeded,  ///< Ended by itself with exit status 0.
  failed,     ///< Ended otherwise: exit status, signal.
  cancelled,  ///< Ended by its owner or an administrator.
  timed_out,  ///< Ended by the batch system at its walltime.
  lost,       ///< Taken away through no fault of its own: preempted, or its node has failed.
  unknown     ///< The batch system no longer knows it.
};

/// The state's name as written in the enumeration.
[[nodiscard]] std::string_view to_string(JobState state) noexcept;

/// Whether the job will never run (again): every state from `succeeded` on.
[[nodiscard]] constexpr bool is_over(JobState state) noexcept { return state >= JobState::succeeded; }

/// The batch system's answer about one job.
struct JobStatus {
  std::string id;                      ///< As the batch system writes it.
  JobState state = JobState::unknown;  ///< Where it is in its life.
  std::optional<int> exit_status;  ///< Of a job that is over, where the batch system tells: 128 + signal if a
                                   ///< signal ended it.
  std::string reason;         ///< The batch system's own words: why it waits, what went wrong. May be empty.
  std::string hosts{};        ///< Where it runs or ran, as the batch system writes it. May be empty.
  bool is_suspended = false;  ///< It is `running`, but has been stopped, for others or by somebody.
};

/// What the job of this process was given, as far as the batch system tells; 0 and empty: not said.
struct Allocation {
  int places = 0;  ///< Ranks that the job was asked for.
  std::vector<std::string>
      hosts;               ///< A host for each place; empty where the launcher of ranks finds them by itself.
  int cores_per_rank = 0;  ///< Reserved for each rank.
  int cores = 0;           ///< Of the job on this node.
  std::uint64_t memory_bytes = 0;  ///< Of the job on this node.
  std::string agent{};  ///< A shell script that runs a command on a host, both its arguments, where the
                        ///< launcher of ranks does not reach all hosts by itself; empty: it does.
};

/// What is known about the end of the job this process is in; each piece may be missing.
struct JobClock {
  std::optional<std::chrono::seconds> limit;  ///< The walltime.
  std::optional<std::chrono::seconds>
      used;  ///< How much of it the batch system had counted; may be minutes old, so never too much.
  std::optional<std::chrono::sys_seconds> end;           ///< The end by the batch system's clock.
  std::optional<std::chrono::sys_seconds> script_began;  ///< The script's first line, by this node's clock.
  std::chrono::sys_seconds process_began;                ///< This process, by this node's clock.
};

/// A batch system: everything that differs between one and another.
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
  /// The memory of a job on one of its hosts; on each, if `host` is empty.
  struct HostMemory {
    std::string host{};       ///< As the batch system calls it.
    std::uint64_t bytes = 0;  ///< Of the job, there.
  };
  /// Looks up an environment variable.
  using Variables = std::function<std::optional<std::string>(const std::string& name)>;
  /// Runs a program and gives its output; nothing if it failed.
  using Asker = std::function<std::optional<std::string>(const std::vector<std::string>& command)>;

  virtual ~BatchSystem() = default;

  /// Name of the system on the command line and in the configuration: "slurm".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Its name for people: "Slurm".
  [[nodiscard]] virtual std::string_view title() const = 0;

  /// The program that submits, looked for on PATH: "sbatch".
  [[nodiscard]] virtual std::string_view submit_program() const = 0;

  /// The program that ends the jobs whose ids are its arguments: "scancel".
  [[nodiscard]] virtual std::string_view cancel_program() const = 0;

  /// The whole batch script.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` that names the option which cannot be written.
  [[nodiscard]] virtual std::string script(const JobOptions& options) const = 0;

  /// Submits a script from the current directory.
  /// \return The job's id as the batch system writes it.
  [[nodiscard]] virtual std::string submit(const std::filesystem::path& script) const = 0;

  /// The array that one of the user's own directives asks for, as `JobOptions::array`; empty: none.
  [[nodiscard]] virtual std::string array_asked_for(const std::string& directive) const = 0;

  /// The id of one element of the array that was submitted as `job_id`.
  [[nodiscard]] virtual std::string element(const std::string& job_id, int index) const = 0;

  /// Asks after jobs; the answers are in the order of `ids`, `JobState::unknown` for those nobody knows.
  [[nodiscard]] virtual std::vector<JobStatus> status(const std::vector<std::string>& ids) const = 0;

  /// Ends jobs, in the queue or running; a job that is over already is no error.
  virtual void cancel(const std::vector<std::string>& ids) const = 0;

  /// The id of the job that a process with these variables is part of; nothing outside a job.
  [[nodiscard]] virtual std::optional<std::string> job(const Variables& variables) const = 0;

  /// Whether a job of this system gives its processes this variable, and another job must not see it.
  [[nodiscard]] virtual bool owns(std::string_view variable) const = 0;

  /// What the job of these variables was given; `threads_per_rank` cores make a place.
  [[nodiscard]] virtual Allocation allocation(const Variables& variables, int threads_per_rank) const = 0;

  /// The memory that the job `id` was asked to have, of which no variable tells; none if nobody has said.
  [[nodiscard]] virtual std::vector<HostMemory> asked_memory(const std::string& id,
                                                             const Allocation& allocation,
                                                             const Asker& ask) const;

  /// How many processes of one program the system's own launcher has started, of which this is one.
  [[nodiscard]] virtual int started_together(const Variables&) const { return 1; }

  /// Which of those this process is, from 0.
  [[nodiscard]] virtual int started_as(const Variables&) const { return 0; }

  /// Variables that are meant for a job's script, or for what its launcher starts, and mislead what `mpirun`
  /// and its ranks start.
  [[nodiscard]] virtual std::vector<std::string> misleading_variables() const { return {}; }

  /// Variables that let what ranks start have the places of their own job, with their values.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> helpful_variables() const {
    return {};
  }

  /// Notes in `clock` when the job `id` ends, asking the system's programs only for what the variables lack.
  virtual void read_clock(JobClock& clock, const std::string& id, const Variables& variables,
                          const Asker& ask) const = 0;
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

/// The job of a batch system that this process is part of.
struct CurrentJob {
  const BatchSystem* system = nullptr;  ///< Whose job it is; null: none.
  std::string id;                       ///< As the batch system writes it.
};

/// The job that these variables, or those of this process, tell of; nothing outside a batch job.
[[nodiscard]] std::optional<CurrentJob> current_job(const BatchSystem::Variables& variables);
[[nodiscard]] std::optional<CurrentJob> current_job();

}  // namespace weir
