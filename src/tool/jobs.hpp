// What weir status, weir logs and weir cancel share.
#pragma once

#include <string>
#include <vector>

#include "batch/registry.hpp"

namespace weir::detail::tool {

/// The jobs with these ids; all if there are none.
[[nodiscard]] std::vector<batch::JobRecord> chosen(const batch::JobRegistry& registry,
                                                   const std::vector<std::string>& which);

/// Brings the records up to date; a batch system that does not answer leaves what was known, and is
/// complained of on stderr.
void refresh_or_say(std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry);

}  // namespace weir::detail::tool
