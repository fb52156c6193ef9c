// Which process a number means, and whether it runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::detail {

/// When process `pid` began, in ticks since the machine did: numbers are used again, births are not. 0 if
/// there is no such process, or it has ended and nobody has asked for its status yet.
[[nodiscard]] std::uint64_t birth_of(pid_t pid);

/// The children of a process of this host; none if the kernel keeps no list.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);
/// A variable that a process of this user was started with; empty if it has none.
[[nodiscard]] std::string variable_in(pid_t pid, const std::string& name);

/// The parent of a process; 0 if there is none. Its name, as the system cuts it: 15 letters.
[[nodiscard]] pid_t parent_of(pid_t pid);
[[nodiscard]] std::string name_of(pid_t pid);

/// Whether a signal or a debugger has stopped it.
[[nodiscard]] bool is_stopped(pid_t pid);

}  // namespace weir::detail
