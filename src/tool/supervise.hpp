// Starts mpirun, stays beside it until it is gone, and tells how the job ended.
#pragma once

#include <chrono>

#include "tool/launch.hpp"
#include "tool/status_folder.hpp"

namespace weir::detail::tool {

/// How long mpirun may take to end in various straits before it is ended.
struct Patience {
  std::chrono::nanoseconds after_program =
      std::chrono::seconds(5);  ///< Since rank 0 has ended; after the loss of a node mpirun would never.
  std::chrono::nanoseconds after_signal = std::chrono::seconds(10);  ///< Since a signal was passed on.
  std::chrono::nanoseconds after_announcement =
      std::chrono::minutes(1);  ///< Since ranks that end by themselves were told to.
  std::chrono::nanoseconds after_term = std::chrono::seconds(3);  ///< From our signal to SIGKILL.
};

/// Runs `launch` to its end and returns the exit status of the whole job.
///
/// The status is the program's own if it left one in `folder`; else 128 + signal if this process was told to
/// end; else that of rank 0's process; else mpirun's. It is 0 only if rank 0 said so and all output was
/// written. stdin is mpirun's own, stderr passes a `NoiseFilter`. SIGINT, SIGTERM, SIGHUP, SIGUSR1 and
/// SIGUSR2 are passed on; the first SIGTERM to the program of rank 0 alone if that has a handler for it.
/// Descendants of mpirun are ended before this returns. If this process is killed,
/// mpirun gets the launch's `end_signal` from the kernel.
/// **Errors.** Throws `Error{io}` if mpirun cannot be started.
/// **Threads.** Call from the main thread, once, and start no others: signals are blocked while it runs.
[[nodiscard]] int supervise(const Launch& launch, const StatusFolder& folder, const Patience& patience);

}  // namespace weir::detail::tool
