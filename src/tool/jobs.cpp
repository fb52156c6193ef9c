// Choosing jobs of the registry and bringing them up to date.
#include "tool/jobs.hpp"

#include <chrono>
#include <cstdio>

#include "weir/error.hpp"

namespace weir::detail::tool {

bool parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::invalid_argument,
                std::string(error.what()) + "; `" + app.get_name() + " --help` shows the options");
  }
}

std::vector<batch::JobRecord> chosen(const batch::JobRegistry& registry,
                                     const std::vector<std::string>& which) {
  if (which.empty()) return registry.all();
  std::vector<batch::JobRecord> records;
  for (const std::string& id : which) records.push_back(registry.find(id));
  return records;
}

void refresh_or_say(std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry) {
  try {
    batch::refresh(records, registry,
                   std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  } catch (const Error& error) {
    std::fprintf(stderr, "weir: %s; showing what was known before\n", error.what());
  }
}

}  // namespace weir::detail::tool
