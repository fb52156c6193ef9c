// What those who start programs have in common.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace weir::detail {

/// `strings` as the null-terminated array that exec takes; valid as long as `strings`.
[[nodiscard]] std::vector<char*> exec_array(const std::vector<std::string>& strings);

/// Starts `command`, whose first word is a path, in a session of its own, with no signal masked, `input` as
/// its stdin, nothing to print to, and "/" as its folder, which it keeps nobody from removing. `variables`,
/// such as "PATH=/bin", are its whole environment; without any it has that of this process.
///
/// **Errors.** Returns why it could not be started (an errno, 0 if it was); `child` is then 0.
int start_apart(const std::vector<std::string>& command, int input, pid_t& child,
                const std::vector<std::string>& variables = {});

}  // namespace weir::detail
