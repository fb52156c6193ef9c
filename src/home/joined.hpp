// A worker process of a further job: joins the session that WEIR_CONNECT names, and never runs the program's
// body.
#pragma once

#include "node/worker.hpp"
#include "weir/run.hpp"

namespace weir::detail::home {

/// Whether this process was started to be a worker of a session.
[[nodiscard]] bool is_further_worker();

/// SIGUSR1 and SIGUSR2, which would end a worker, are ignored unless somebody has said otherwise.
void leave_to_body();

/// The same for the first SIGTERM, which a batch system may send to all processes of a job: what the body of
/// the program saves then may need its workers. One that comes a second later or more, that of the parent
/// (mpirun, which ends its ranks with it) and that of whoever has lost its parent end the worker.
void leave_end_to_body();

/// The exit status of a worker that had a program and has none any more ...
constexpr int status_left_alone = node::status_left_alone;
/// ... and, where WEIR_KEEP_JOBS is set, of one that has not found it. (EX_UNAVAILABLE)
constexpr int status_not_found = 69;

/// Joins, works until the scheduler lets it go or is gone; the exit status.
///
/// Alone, or as a rank of a job of workers (`weir run -n N`), in which peers reach each other by MPI.
/// WEIR_CONNECT is taken out of the environment.
/// **Errors.** One sentence on stderr and status 1: the session has ended, cannot be reached within
/// WEIR_DEATH_TIMEOUT (60 s), or does not want it. As a rank of several it does not return but ends the
/// process, since MPI is not finalized.
int run_further_worker(int argc, char** argv, const RunOptions& options);

}  // namespace weir::detail::home
