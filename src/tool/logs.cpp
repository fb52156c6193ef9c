// weir logs [JOB] [--follow]
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "tool/jobs.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"

namespace weir::detail::tool {

int logs(int argc, char** argv) {
  CLI::App app("Shows the output of a job: its stdout here on stdout, its stderr on stderr.", "weir logs");
  std::string which = "last";
  bool is_following = false;
  app.add_option("JOB", which, "Its id; default: the last one");
  app.add_flag("-f,--follow", is_following, "Stay until it ends, and end with its exit status");
  if (!parse(app, argc, argv)) return 0;
  const batch::JobRegistry registry = batch::JobRegistry::of_user();
  std::vector<batch::JobRecord> records = registry.find(which);
  // Here Ctrl-C ends the looking, not the job.
  if (is_following) return follow(records, registry, Interrupt::leaves_job);
  bool has_output = false;
  for (const batch::JobRecord& record : records) {
    has_output |= Tail(record.output_file, record.files_since_ns).copy_to(stdout);
    has_output |= Tail(record.error_file, record.files_since_ns).copy_to(stderr);
  }
  if (has_output) return 0;
  refresh_or_say(records, registry);
  complain("logs", "no output yet; " + sentence_about(records.front().last));
  return 1;
}

}  // namespace weir::detail::tool
