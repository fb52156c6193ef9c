// The end: whether a task is still wanted, how much time is left, and what is to be done before it is over.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "weir/duration.hpp"

namespace weir {

/// Whether what runs here is to stop: inside a task when it has been cancelled, when its time limit has
/// passed, or when its worker ends; in the body of the program once its end has been announced (see
/// `on_ending`). A task that asks this now and then and returns gives its thread back; what it returns is
/// dropped.
///
/// **Threads.** Those of tasks and the body's. **Cost.** Some ten nanoseconds.
[[nodiscard]] bool cancelled();

/// How much time is left: of a task's time limit and of its worker's batch job, what is less; in the body
/// that of the batch job. Nothing if neither is known; never negative.
[[nodiscard]] std::optional<std::chrono::nanoseconds> time_left();

/// Why a program ends.
enum class EndReason {
  walltime,  ///< Its batch job ends soon.
  signal     ///< It has been told so by SIGTERM, SIGUSR1 or SIGUSR2: preemption, `--signal=USR1@120`, qdel.
};

/// Calls `call(reason, left)` once, on a thread of its own, when the end of the program is announced: `left`
/// is what remains until its batch job ends, 0 if that is not known. For the body, on rank 0.
///
/// From the first call on, SIGTERM, SIGUSR1 and SIGUSR2 end the program no longer by themselves, unless it
/// has handlers of its own: `call` saves what is to be saved, and the body, which sees `cancelled()`,
/// returns. The walltime is announced a tenth of what is left ahead, at
/// least 10 s and at most 2 min. `weir::run` waits for `call` to return.
/// **Errors.** Throws `Error{closed}` outside `weir::run` and `Error{unsupported}` inside a task. What `call`
/// throws is logged.
void on_ending(std::function<void(EndReason reason, std::chrono::nanoseconds left)> call);

}  // namespace weir
