// weir cancel JOB...
#include <cstdio>
#include <map>

#include "core/wording.hpp"
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "tool/jobs.hpp"
#include "tool/parse.hpp"

namespace weir::detail::tool {

int cancel(int argc, char** argv) {
  CLI::App app("Ends jobs, in the queue or running.", "weir cancel");
  std::vector<std::string> which;
  app.add_option("JOB", which, "Ids, last, or all")->required();
  if (!parse(app, argc, argv)) return 0;
  const batch::JobRegistry registry = batch::JobRegistry::of_user();
  std::vector<batch::JobRecord> records =
      which == std::vector<std::string>{"all"} ? registry.all() : chosen(registry, which);
  refresh_or_say(records, registry);
  std::map<std::string, std::vector<std::string>> ids;
  for (batch::JobRecord& record : records) {
    if (is_over(record.last.state)) std::printf("%s\n", printable(sentence_about(record.last)).c_str());
    else ids[record.system].push_back(record.last.id);
  }
  for (const auto& [system, jobs] : ids) batch_system(system).cancel(jobs);
  for (batch::JobRecord& record : records) {
    if (is_over(record.last.state)) continue;
    record.last.state = JobState::cancelled;
    registry.save(record);
    std::printf("job %s cancelled\n", record.last.id.c_str());
  }
  return 0;
}

}  // namespace weir::detail::tool
