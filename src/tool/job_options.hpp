// The command line of `weir submit` and `weir script`: options of a job, completed from the configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weir/batch.hpp"
#include "weir/config.hpp"

namespace weir::detail::tool {

/// A job the user asked for.
struct JobRequest {
  const BatchSystem* system = nullptr;
  JobOptions options;
  bool is_waiting = false;  ///< Follow the job to its end.
  bool is_dry = false;      ///< Print the script, submit nothing.
  bool until_done = false;  ///< Jobs follow each other until one ends with status 0 ...
  int attempts = 10;        ///< ... at most so many.
};

/// Reads the command line; nothing is left to do (help was printed) if there is no value.
///
/// **Errors.** Throws `Error{invalid_argument}` or `Error{not_found}` in the words of the option, variable or
/// line of the file that is wrong.
[[nodiscard]] std::optional<JobRequest> parse_job_request(int argc, char** argv, bool may_submit);

}  // namespace weir::detail::tool
