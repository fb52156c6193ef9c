// Starts a program in a process group of its own that ends with the thread that started it.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "weir/program.hpp"
#include "weir/this_task.hpp"

namespace weir::detail::program {

/// What is executed, and how.
struct Start {
  std::string path;  ///< As `resolved` gives it.
  std::vector<std::string> words;
  std::vector<std::string> environment;  ///< `NAME=value`
  std::string directory;                 ///< Empty: this one.
  int input = -1, output = -1, errors = -1;
  std::optional<cpu_set_t> processors = std::nullopt;  ///< By default those of this thread.
  bool has_session = false;  ///< It is away from the terminal, and outlives the thread that starts it.
};

/// What a launcher gets beyond the options of its program.
struct Extra {
  std::vector<std::string> variables{};  ///< `NAME=value`
  std::optional<cpu_set_t> processors{};
};

/// What tells a program of the devices and cores of `task`; of those that the user has not said otherwise.
[[nodiscard]] std::vector<std::string> variables_of(const ThisTask& task, const ProgramOptions& options);

/// The file that `name` is, looked for in `path` (a list as in PATH) if it has no slash; a relative one is
/// seen from `directory`.
///
/// **Errors.** Throws `Error{not_found}` if there is none and `Error{invalid_argument}` if it cannot be
/// executed.
[[nodiscard]] std::string resolved(const std::string& name, const std::string& path,
                                   const std::string& directory);

/// `weir::detail::program::run` with them.
[[nodiscard]] ProgramResult run(const std::vector<std::string>& command, const ProgramOptions& options,
                                const Extra& extra);

/// Starts it; its process id is that of its group, which the guard has heard of: to be removed there.
///
/// **Errors.** Throws `Error` with a sentence if it cannot be executed.
/// **Threads.** Without a session of its own the one that calls must live longer than the program: its death
/// is the program's (SIGTERM, and SIGKILL by the guard).
/// **Cost.** Memory of this process is not copied (vfork).
[[nodiscard]] pid_t spawn(const Start& start);

}  // namespace weir::detail::program
