// Jobs as the configuration describes them, and as they are remembered.
#pragma once

#include <filesystem>

#include "cluster/registry.hpp"
#include "weir/core/config.hpp"

namespace weir {

/// The job that `config` describes; `command` and `ranks` come from elsewhere. `weir` is empty if no setting names it.
///
/// **Errors.** Throws `Error{invalid_argument}` in the words of the option, variable or line of the file that is wrong.
[[nodiscard]] JobOptions configured_job(const Config& config, int ranks, std::vector<std::string> command);

/// What is kept about a job that was submitted as `id` from `here`.
[[nodiscard]] JobRecord record_of_job(const BatchSystem& system, const JobOptions& options, const std::string& id, const std::filesystem::path& here);

}  // namespace weir
