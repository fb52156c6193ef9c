// What a process was given, and where each number comes from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "home/mpi_job.hpp"
#include "weir/batch.hpp"
#include "worker/places.hpp"

namespace weir::detail::home {

/// What the kernel says of this process; the tests have others.
struct KernelView {
  std::vector<int> cpus;                        ///< Of the affinity mask.
  bool is_bound = true;                         ///< Whether the mask leaves processors of the node out.
  std::optional<double> quota_cores;            ///< Of the control group.
  std::uint64_t memory_bytes = 0;               ///< Of the node.
  std::optional<std::uint64_t> quota_memory{};  ///< Of the control group.
  std::string host{};
};
[[nodiscard]] KernelView own_kernel_view();

/// A number, or a list, and who says so.
template <class T>
struct Said {
  T value{};
  std::string source;
};

/// The source of devices that nobody has named.
inline constexpr const char* nobody_names_devices =
    "no variable names any (CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, ...)";

/// What this process and its neighbours on this node have.
struct Grant {
  Said<int> cores;
  Said<std::uint64_t> memory_bytes;  ///< Of a job a tenth less, for what is not results.
  Said<std::vector<std::string>> devices;
};

/// Brings the resource `gpu` and the worker's devices, which `source` has named, together: as many are used
/// as are said, and none that it has not been given. Those that nobody names are called by numbers, the
/// workers of a node one after the other; `worker` is its place among them.
///
/// \return A sentence if it has fewer than are said.
[[nodiscard]] std::string settle_devices(std::vector<Resource>& resources, std::vector<std::string>& devices,
                                         const std::string& source, std::size_t worker);

/// How many processes of one program a launcher has started that is none of the MPI in `family`, and which.
/// What a rank starts is no copy.
struct Copies {
  int count = 1;   ///< 2 where the launcher does not say.
  int number = 0;  ///< This one's; what is wrong with all the first one says.
  std::string starter;
  std::string said = std::to_string(count);  ///< The count in sentences; N where nobody says it.
};
[[nodiscard]] Copies copies(const BatchSystem::Variables& variables, MpiFamily family);
[[nodiscard]] Copies copies();
/// For the others: a launcher may end all when one has failed, so the first one gets the time to say why.
inline constexpr std::chrono::milliseconds time_of_the_first(200);

/// Unsets what a batch system's own launcher has set and what would mislead the programs started from here,
/// and sets what they need to run beside this one.
void mend_job_variables();

/// Notes for the ranks on other nodes how this process, the job's script or near to it, sees the job ...
void note_job();
/// ... as what such a rank starts shall see it too.
void leave_step();

/// The memory of the batch job on its hosts, by its variables; where they do not tell and no control group
/// limits it, `ask` is used. None if nobody knows.
[[nodiscard]] std::vector<BatchSystem::HostMemory> memory_of_job(const BatchSystem::Variables& variables,
                                                                 const KernelView& kernel,
                                                                 const BatchSystem::Asker& ask);
/// The same as the text of WEIR_NODE_MEMORY, `2000000` or `a=1000000,b=2000000`; empty if nobody knows.
[[nodiscard]] std::string memory_of_job();

/// The fewest of what the batch job, the control group and the affinity mask allow. A mask that leaves
/// nothing out is none: a job that was given more processors than the node has, by a site that says so, has
/// them.
[[nodiscard]] Grant grant(const BatchSystem::Variables& variables, const KernelView& kernel,
                          const BatchSystem::Asker& ask);
[[nodiscard]] Grant grant();

/// Which of the processes of a job on this node this one is, and how many of them are workers.
struct HostRank {
  std::size_t index = 0;
  std::size_t workers = 1;
  bool is_slot = false;          ///< Of processes that come and go: there may be more than `workers`.
  std::size_t devices_each = 0;  ///< Of a slot; 0: its share.
};
/// A rank, or a process that a cluster has started beside others (WEIR_SLOT).
[[nodiscard]] HostRank host_rank(const BatchSystem::Variables& variables);

/// The processors and devices of the worker at `rank`, with `threads` threads: neighbours have others. Fewer
/// processors than threads, or more than were granted, of which others may have the rest: none, nothing is
/// bound then.
[[nodiscard]] worker::Machine share_of(const Grant& grant, const KernelView& kernel, const HostRank& rank,
                                       std::uint32_t threads);

/// `0-3,8` as the kernel writes lists of processors; empty for what is no list.
[[nodiscard]] std::vector<int> cpu_list(const std::string& text);

}  // namespace weir::detail::home
