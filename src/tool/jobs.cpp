// Choosing jobs of the registry and bringing them up to date.
#include "tool/jobs.hpp"

#include <chrono>
#include <cstdio>

#include "tool/print.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

std::vector<batch::JobRecord> chosen(const batch::JobRegistry& registry,
                                     const std::vector<std::string>& which) {
  if (which.empty()) return registry.all();
  std::vector<batch::JobRecord> records;
  for (const std::string& id : which)
    for (batch::JobRecord& record : registry.find(id)) records.push_back(std::move(record));
  return records;
}

void refresh_or_say(std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry) {
  try {
    batch::refresh(records, registry,
                   std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  } catch (const Error& error) {
    complain("", std::string(error.what()) + "; showing what was known before");
  }
}

}  // namespace weir::detail::tool
