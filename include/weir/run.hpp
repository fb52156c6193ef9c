// weir::run: the one call that makes a program a cluster.
#pragma once

#include <functional>
#include <type_traits>

#include "weir/client.hpp"

namespace weir {

/// What `weir::run` would otherwise find out by itself.
struct RunOptions {
  std::uint32_t threads = 0;  ///< Worker threads: of this process when it is alone (0: `WEIR_THREADS`, else
                              ///< one per core), of each worker rank (0: `WEIR_THREADS`, else 1).
  std::vector<Resource> resources{};  ///< What each worker has for tasks that ask for it; default
                                      ///< `WEIR_RESOURCES`, for example "GPU=2,licence=1".
  std::string
      memory_limit{};  ///< What the results on each worker may take before they go to disk, for example
                       ///< "4GB"; default `WEIR_MEMORY_LIMIT`, else the node's memory divided by its ranks.
  int allowed_failures = 3;  ///< A task that has killed so many workers becomes an error.
};

/// Runs `body(client)` on rank 0, and workers everywhere else, until the body returns.
///
/// Started alone, the process is rank 0 and its worker threads; started by `weir run` or `mpirun` with
/// several ranks, ranks 1 and up are the workers: they never execute the body and return from here when the
/// cluster closes. What was fired and forgotten is finished first; other tasks nobody waits for are given up.
/// **Errors.** An exception that leaves the body is printed on stderr and ends the job with status 1. After
/// the death of a worker this call flushes the standard streams and ends the process with `_exit`, since MPI
/// cannot be finalized then; nothing that follows in `main` is executed. \param body  Called with `Client&`;
/// returns void or the exit status. \return The exit status: what the body returned, 0 if it returns nothing;
/// 0 on worker ranks. `weir run` ends with it if it is not 0, else with what `main` returns on rank 0.
int run(int argc, char** argv, const std::function<int(Client&)>& body, const RunOptions& options = {});

template <class Body>
requires(std::is_invocable_v<Body&, Client&>&& std::is_void_v<std::invoke_result_t<Body&, Client&>>) int run(
    int argc, char** argv, Body body, const RunOptions& options = {}) {
  return run(argc, argv, std::function<int(Client&)>([&](Client& client) {
               body(client);
               return 0;
             }),
             options);
}

}  // namespace weir
