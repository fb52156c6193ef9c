// Which process a number means, and whether it runs.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace weir::detail {

/// When process `pid` began, in ticks since the machine did: numbers are used again, births are not. 0 if
/// there is no such process, or it has ended and nobody has asked for its status yet.
[[nodiscard]] std::uint64_t birth_of(pid_t pid);

/// Whether a signal or a debugger has stopped it.
[[nodiscard]] bool is_stopped(pid_t pid);

}  // namespace weir::detail
