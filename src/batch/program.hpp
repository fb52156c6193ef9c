// Runs a program of the batch system and keeps everything it says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// What a program answered.
struct Answer {
  std::vector<std::string> command;
  int exit_status = 0;  ///< 128 + signal if a signal ended it.
  std::string output;
  std::string errors;
};

/// Runs `command` without a shell, its input that file, and waits for it to end.
///
/// Variables by which an enclosing MPI job or batch job would leak into what is started are left out of its
/// environment.
///
/// **Errors.** Throws `Error{not_found}` if the program is not on PATH, `Error{timeout}` if it has not ended
/// in time (it is killed), `Error{io}` if the system has no process or pipe left. An exit status other than 0
/// is an answer, not an error.
/// **Threads.** Any.
[[nodiscard]] Answer run_program(const std::vector<std::string>& command,
                                 std::chrono::milliseconds patience = std::chrono::minutes(1),
                                 const std::string& input = "/dev/null");

/// Asks a program of the batch system for something that a process can do without: no answer is none.
[[nodiscard]] BatchSystem::Asker own_asker();

/// One sentence: what was refused, the command, its exit status, and its own words.
[[nodiscard]] std::string refusal(std::string_view what, const Answer& result);

/// One sentence: the batch system's `submit` has accepted a job, but its `answer` tells no id.
[[nodiscard]] std::string unread_id(const std::string& system, const std::string& submit,
                                    const std::string& ask, const std::string& answer);

/// The first executable file called `name` in the folders of PATH.
[[nodiscard]] std::optional<std::string> find_in_path(std::string_view name);

/// Whether a variable by which a process belongs to `job`, or to a `weir run`, must not reach another job.
[[nodiscard]] bool belongs_to_enclosing_job(std::string_view variable, const BatchSystem* job);

/// Looks up this process's variables.
[[nodiscard]] BatchSystem::Variables own_variables();

}  // namespace weir::detail::batch
