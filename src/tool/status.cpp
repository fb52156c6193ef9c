// weir status [JOB...] [--json]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/state_directory.hpp"
#include "core/wording.hpp"
#include "dashboard/run_folder.hpp"
#include "elastic/cluster_file.hpp"
#include "tool/command.hpp"
#include "tool/jobs.hpp"
#include "tool/parse.hpp"

namespace weir::detail::tool {
namespace {

std::string local_time(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

void print_table(const std::vector<batch::JobRecord>& records) {
  if (records.empty()) {
    std::puts("no jobs");
    return;
  }
  std::printf("%-14s %-7s %-10s %-20s %6s  %-16s  %s\n", "JOB", "SYSTEM", "STATE", "NAME", "RANKS",
              "SUBMITTED", "NOTE");
  for (const batch::JobRecord& record : records)
    std::printf("%-14s %-7s %-10s %-20s %6d  %-16s  %s\n", record.last.id.c_str(), record.system.c_str(),
                std::string(to_string(record.last.state)).c_str(), printable(record.name).c_str(),
                record.ranks, local_time(record.submitted).c_str(),
                printable(batch::description(record)).c_str());
}

void print_clusters(const std::vector<elastic::ClusterRecord>& clusters) {
  if (clusters.empty()) return;
  std::printf("%-20s %-9s %-16s %7s %7s %7s %7s %7s %10s %10s  %s\n", "CLUSTER OF", "SYSTEM", "HOST",
              "PROCESS", "WANTED", "QUEUED", "RUNNING", "WORKERS", "DONE", "PENDING", "NOTE");
  for (const elastic::ClusterRecord& one : clusters)
    std::printf("%-20s %-9s %-16s %7lld %7d %7d %7d %7d %10llu %10llu  %s\n", printable(one.program).c_str(),
                printable(one.system).c_str(), printable(one.host).c_str(), static_cast<long long>(one.pid),
                one.wanted, one.queued, one.running, one.workers, static_cast<unsigned long long>(one.done),
                static_cast<unsigned long long>(one.pending), printable(one.problem).c_str());
  std::puts("");
}

/// Programs that run now.
std::vector<dashboard::Run> running_programs() {
  std::vector<dashboard::Run> all = dashboard::runs(state_directory());
  std::erase_if(all, [](const dashboard::Run& run) { return !dashboard::is_alive(run); });
  return all;
}

void print_runs(const std::vector<dashboard::Run>& all) {
  if (all.empty()) return;
  std::printf("%-20s %-16s %9s %-14s %-16s  %s\n", "PROGRAM", "HOST", "PROCESS", "JOB", "BEGAN", "DASHBOARD");
  for (const dashboard::Run& run : all)
    std::printf("%-20s %-16s %9lld %-14s %-16s  %s\n", printable(run.program.name).c_str(),
                printable(run.program.host).c_str(), static_cast<long long>(run.program.pid),
                printable(run.program.job).c_str(),
                local_time(std::chrono::sys_seconds(std::chrono::seconds(run.program.started_s))).c_str(),
                run.address.empty() ? "none" : "weir top, weir dashboard");
  std::puts("");
}

nlohmann::json json_of(const std::vector<dashboard::Run>& all) {
  nlohmann::json list = nlohmann::json::array();
  for (const dashboard::Run& run : all)
    list.push_back({{"id", run.program.id},
                    {"program", run.program.name},
                    {"host", run.program.host},
                    {"pid", run.program.pid},
                    {"job", run.program.job},
                    {"started", run.program.started_s},
                    {"address", run.address}});
  return list;
}

nlohmann::json json_of(const std::vector<elastic::ClusterRecord>& clusters) {
  nlohmann::json all = nlohmann::json::array();
  for (const elastic::ClusterRecord& one : clusters)
    all.push_back({{"program", one.program},
                   {"system", one.system},
                   {"host", one.host},
                   {"pid", one.pid},
                   {"wanted", one.wanted},
                   {"queued", one.queued},
                   {"running", one.running},
                   {"workers", one.workers},
                   {"tasks_done", one.done},
                   {"tasks_pending", one.pending},
                   {"problem", one.problem}});
  return all;
}

nlohmann::json json_of(const std::vector<batch::JobRecord>& records) {
  nlohmann::json all = nlohmann::json::array();
  for (const batch::JobRecord& record : records) {
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
    if (!record.array.empty()) job["array"] = record.array;
    if (record.last.exit_status) job["exit_status"] = *record.last.exit_status;
    all.push_back(std::move(job));
  }
  return all;
}

}  // namespace

int status(int argc, char** argv) {
  CLI::App app(
      "Shows running programs, their clusters, in jobs, and the batch jobs of weir submit and of clusters.",
      "weir status");
  std::vector<std::string> which;
  bool is_json = false;
  app.add_option("JOB", which, "Ids, or last; default: all");
  app.add_flag("--json", is_json, "For programs");
  if (!parse(app, argc, argv)) return 0;
  const auto clusters = which.empty() ? elastic::running_clusters() : std::vector<elastic::ClusterRecord>{};
  const auto programs = which.empty() ? running_programs() : std::vector<dashboard::Run>{};
  if (!is_json) {  // before what may fail: programs run also where no job can be kept
    print_clusters(clusters);
    print_runs(programs);
  }
  const batch::JobRegistry registry = batch::JobRegistry::of_user();
  std::vector<batch::JobRecord> records = chosen(registry, which);
  refresh_or_say(records, registry);
  if (is_json) {
    const nlohmann::json all{
        {"clusters", json_of(clusters)}, {"runs", json_of(programs)}, {"jobs", json_of(records)}};
    std::puts(all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    print_table(records);
  }
  return 0;
}

}  // namespace weir::detail::tool
