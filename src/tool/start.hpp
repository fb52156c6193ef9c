// Fork and exec, so that the child never outlives its parent.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "tool/launch.hpp"

namespace weir::detail::tool {

struct Started {
  pid_t pid = 0;
  Descriptor output;        ///< The child's stdout, non-blocking.
  Descriptor error_output;  ///< And its stderr.
};

/// Starts `launch` with `mask` as its blocked signals and its stdout and stderr in pipes; the kernel sends
/// it its `end_signal` when this thread ends.
///
/// **Errors.** Throws `Error{io}` with the system's reason if it cannot be started.
[[nodiscard]] Started start(const Launch& launch, const sigset_t& mask);

/// Has the kernel send `signal` to this process when its parent ends; for a child between fork and exec.
/// Leaves at once if `parent` has ended already.
void end_with_parent(pid_t parent, int signal);

}  // namespace weir::detail::tool
