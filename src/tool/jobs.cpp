// weir status, weir logs, weir cancel: the jobs that weir submit has submitted.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cluster/registry.hpp"
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "weir/core/error.hpp"

namespace weir::tool {
namespace {

std::chrono::sys_seconds wall_clock() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

/// False if help was printed and nothing is left to do.
bool parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::invalid_argument, std::string(error.what()) + "; `" + app.get_name() + " --help` shows the options");
  }
}

std::vector<JobRecord> chosen(const JobRegistry& registry, const std::vector<std::string>& which) {
  if (which.empty()) return registry.all();
  std::vector<JobRecord> records;
  for (const std::string& id : which) records.push_back(registry.find(id));
  return records;
}

/// Brings the records up to date; a batch system that does not answer leaves what was known.
void refresh_or_say(std::vector<JobRecord>& records, const JobRegistry& registry) {
  try {
    refresh(records, registry, wall_clock());
  } catch (const Error& error) {
    std::fprintf(stderr, "weir: %s; showing what was known before\n", error.what());
  }
}

std::string local_time(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

/// The last line of a file, shortened; for a failed job it usually says why.
std::string last_line(const std::string& path) {
  constexpr std::streamoff enough = 4096;
  constexpr std::size_t longest = 120;
  std::ifstream in(path, std::ios::ate);
  in.seekg(-std::min<std::streamoff>(enough, std::max<std::streamoff>(0, in.tellg())), std::ios::end);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  std::replace_if(last.begin(), last.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return last.substr(0, longest);
}

std::string note(const JobRecord& record) {
  const JobStatus& status = record.last;
  std::string text = status.exit_status && *status.exit_status != 0 ? "exit status " + std::to_string(*status.exit_status) : "";
  const auto add = [&](const std::string& more) { text += (text.empty() || more.empty() ? "" : ", ") + more; };
  add(status.reason);
  if (status.state == JobState::failed) add(last_line(record.error_file));
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
                record.name.c_str(), record.ranks, local_time(record.submitted).c_str(), note(record).c_str());
}

void print_json(const std::vector<JobRecord>& records) {
  nlohmann::json all = nlohmann::json::array();
  for (const JobRecord& record : records) {
    nlohmann::json job{{"id", record.last.id},       {"system", record.system},       {"state", to_string(record.last.state)},   {"name", record.name},
                       {"ranks", record.ranks},      {"command", record.command},     {"directory", record.directory},           {"reason", record.last.reason},
                       {"output", record.output_file}, {"errors", record.error_file}, {"submitted", record.submitted.time_since_epoch().count()}};
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

int logs(int argc, char** argv) {
  CLI::App app("Shows the output of a job: its stdout here on stdout, its stderr on stderr.", "weir logs");
  std::string which = "last";
  bool is_following = false;
  app.add_option("JOB", which, "Its id; default: the last one");
  app.add_flag("-f,--follow", is_following, "Stay until it ends, and end with its exit status");
  if (!parse(app, argc, argv)) return 0;
  const JobRegistry registry = JobRegistry::of_user();
  std::vector<JobRecord> records{registry.find(which)};
  // Here Ctrl-C ends the looking, not the job.
  if (is_following) return follow(records.front(), registry, Interrupt::leaves_job);
  const bool has_output = Tail(records.front().output_file).copy_to(stdout);
  if (Tail(records.front().error_file).copy_to(stderr) || has_output) return 0;
  refresh_or_say(records, registry);
  std::fprintf(stderr, "weir logs: no output yet; %s\n", sentence_about(records.front().last).c_str());
  return 1;
}

int cancel(int argc, char** argv) {
  CLI::App app("Ends jobs, in the queue or running.", "weir cancel");
  std::vector<std::string> which;
  app.add_option("JOB", which, "Ids, last, or all")->required();
  if (!parse(app, argc, argv)) return 0;
  const JobRegistry registry = JobRegistry::of_user();
  std::vector<JobRecord> records = which == std::vector<std::string>{"all"} ? registry.all() : chosen(registry, which);
  refresh_or_say(records, registry);
  std::map<std::string, std::vector<std::string>> ids;
  for (JobRecord& record : records) {
    if (is_over(record.last.state)) std::printf("%s\n", sentence_about(record.last).c_str());
    else ids[record.system].push_back(record.last.id);
  }
  for (const auto& [system, jobs] : ids) batch_system(system).cancel(jobs);
  for (JobRecord& record : records) {
    if (is_over(record.last.state)) continue;
    record.last.state = JobState::cancelled;
    registry.save(record);
    std::printf("job %s cancelled\n", record.last.id.c_str());
  }
  return 0;
}

}  // namespace weir::tool
