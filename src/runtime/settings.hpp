// What a process is told by its options and its environment.
#pragma once

#include "runtime/scheduler_node.hpp"
#include "weir/runtime/run.hpp"

namespace weir::runtime {

/// The variable's value; empty if it is not set.
[[nodiscard]] std::string environment(const char* name);

/// Worker threads: the option, else WEIR_THREADS, else `otherwise`. Throws `Error{invalid_argument}` for a WEIR_THREADS that is no number from 1 to 4096.
[[nodiscard]] std::uint32_t number_of_threads(const RunOptions& options, std::uint32_t otherwise);

/// Resources: the option, else WEIR_RESOURCES. Throws `Error{invalid_argument}` that shows what is no name=amount.
[[nodiscard]] std::vector<Resource> resources_of(const RunOptions& options);

[[nodiscard]] SchedulerSettings scheduler_settings(const RunOptions& options);

/// Ends the process with what it has printed, but without MPI_Finalize, which waits for the dead.
[[noreturn]] void exit_now(int status);

}  // namespace weir::runtime
