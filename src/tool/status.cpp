// weir status [JOB...] [--json]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "tool/command.hpp"
#include "tool/jobs.hpp"

namespace weir::tool {
namespace {

std::string local_time(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

void print_table(const std::vector<JobRecord>& records) {
  if (records.empty()) {
    std::puts("no jobs");
    return;
  }
  std::printf("%-14s %-7s %-10s %-20s %6s  %-16s  %s\n", "JOB", "SYSTEM", "STATE", "NAME", "RANKS", "SUBMITTED", "NOTE");
  for (const JobRecord& record : records)
    std::printf("%-14s %-7s %-10s %-20s %6d  %-16s  %s\n", record.last.id.c_str(), record.system.c_str(), std::string(to_string(record.last.state)).c_str(),
                record.name.c_str(), record.ranks, local_time(record.submitted).c_str(), description(record).c_str());
}

void print_json(const std::vector<JobRecord>& records) {
  nlohmann::json all = nlohmann::json::array();
  for (const JobRecord& record : records) {
    nlohmann::json job{{"id", record.last.id},
                       {"system", record.system},
                       {"state", to_string(record.last.state)},
                       {"name", record.name},
                       {"ranks", record.ranks},
                       {"command", record.command},
                       {"directory", record.directory},
                       {"reason", record.last.reason},
                       {"output", record.output_file},
                       {"errors", record.error_file},
                       {"submitted", record.submitted.time_since_epoch().count()}};
    if (record.last.exit_status) job["exit_status"] = *record.last.exit_status;
    all.push_back(std::move(job));
  }
  std::puts(all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace

int status(int argc, char** argv) {
  CLI::App app("Shows the jobs that weir submit has submitted.", "weir status");
  std::vector<std::string> which;
  bool is_json = false;
  app.add_option("JOB", which, "Ids, or last; default: all");
  app.add_flag("--json", is_json, "For programs");
  if (!parse(app, argc, argv)) return 0;
  const JobRegistry registry = JobRegistry::of_user();
  std::vector<JobRecord> records = chosen(registry, which);
  refresh_or_say(records, registry);
  if (is_json) print_json(records);
  else print_table(records);
  return 0;
}

}  // namespace weir::tool
