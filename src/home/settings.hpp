// What a process is told by its options and its environment.
#pragma once

#include "home/grant.hpp"
#include "node/scheduler.hpp"
#include "node/worker.hpp"
#include "weir/run.hpp"
#include "worker/state.hpp"

namespace weir::detail::home {

/// The least that results may be given.
constexpr std::uint64_t least_memory_bytes = 1'000'000;

/// Logs a warning for each variable and configuration file that will not do what its user means.
void tell_environment_problems();

/// The variable's value; empty if it is not set.
[[nodiscard]] std::string environment(const char* name);

constexpr std::uint32_t most_threads = 4096;
/// Worker threads: the option, else WEIR_THREADS, else `otherwise`. Throws `Error{invalid_argument}` for a
/// WEIR_THREADS that is no number from 1 to `most_threads`.
[[nodiscard]] std::uint32_t number_of_threads(const RunOptions& options, std::uint32_t otherwise);

/// Resources: the option, else WEIR_RESOURCES. Throws `Error{invalid_argument}` that shows what is no
/// name=amount.
[[nodiscard]] std::vector<Resource> resources_of(const RunOptions& options);

/// Cores of this process: what its batch job was given on this node, its affinity mask and its control group
/// allow, the fewest of these.
[[nodiscard]] int granted_cores();

/// Memory of this process and its neighbours, by the same three; a batch job's less a tenth, for what is not
/// results.
/// **Units.** Bytes.
[[nodiscard]] std::uint64_t granted_memory();

/// What the results of one of `workers` workers on this node may take: the option, else WEIR_MEMORY_LIMIT,
/// else its share of the node's memory. Throws `Error{invalid_argument}` for what is no byte count from 1 MB.
[[nodiscard]] worker::MemoryLimits memory_limits(const RunOptions& options, std::uint64_t workers);
/// How much memory a rank lends its neighbours, in which it counts like their own: an eighth of that.
[[nodiscard]] std::uint64_t lent_memory(const RunOptions& options);

/// Processes of this job on this node, the scheduler's included.
[[nodiscard]] std::uint64_t ranks_of_host();

/// Where results go that exceed that: WEIR_SPILL_DIRECTORY, else TMPDIR, else /tmp.
[[nodiscard]] std::string spill_folder();

[[nodiscard]] node::SchedulerSettings scheduler_settings(const RunOptions& options);

/// What a worker is told, wherever it lives: its threads (what `number_of_threads` says), its resources, its
/// name, what its results may take beside those of the other `workers` on this node, and its share of the
/// processors and devices: of those `in_process`, or of a rank among the ranks of its node.
[[nodiscard]] node::WorkerSettings worker_settings(const RunOptions& options, PeerId self,
                                                   std::uint32_t threads, std::uint64_t workers,
                                                   const std::optional<HostRank>& in_process = std::nullopt);

/// When this process's job ends, by WEIR_LIFETIME, else by what the batch system says; once the end
/// `is_announced`, by what it says now, if it tells.
[[nodiscard]] std::optional<node::Clock::time_point> end_of_job(bool is_announced);

/// Opens the journal that WEIR_JOURNAL or `weir::journal` has named, if one has.
void open_journal(node::SchedulerNode& node);
/// Throws `Error{invalid_argument}` if something was wished of a journal and none was opened.
void check_journal_wishes();

/// Ends the process with what it has printed, but without MPI_Finalize, which waits for the dead.
[[noreturn]] void exit_now(int status);

}  // namespace weir::detail::home
