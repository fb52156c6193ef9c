// weir submit [OPTIONS] PROGRAM ARGS...
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "batch/configured_job.hpp"
#include "batch/following.hpp"
#include "batch/registry.hpp"
#include "batch/script.hpp"
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "tool/job_options.hpp"
#include "tool/print.hpp"

namespace weir::detail::tool {
namespace {

constexpr auto kept_for = std::chrono::days(14);

// The script of one of the jobs that follow each other. The first whose program succeeds leaves a file, and
// the others, which are in the queue already, end at once when they find it; the last one removes it.
JobOptions link_of(const JobRequest& request, const std::string& done, const std::string& before, bool last) {
  JobOptions options = request.options;
  if (!before.empty()) options.directives.push_back(batch::begins_after(*request.system, before));
  std::string found = "[ -e " + done + " ] && { ";
  if (last) found += "rm -f " + done + "; ";
  options.before.insert(options.before.begin(), found + "exit 0; }");
  if (!last) options.after.push_back("[ \"$weir_status\" = 0 ] && : > " + done);
  return options;
}

std::string file_of_done(const JobOptions& options) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::filesystem::path folder = std::filesystem::current_path() / options.log_directory;
  return batch::quoted("log_directory", (folder / ("." + options.name + "-" + std::to_string(getpid()) + "-" +
                                                   std::to_string(now) + ".done"))
                                            .string());
}

/// The ids on stdout, or in the error if they cannot be written there: who has jobs must be able to end them.
void print_ids(const std::vector<std::string>& ids) {
  std::signal(SIGPIPE, SIG_IGN);
  std::string all;
  for (const std::string& id : ids) {
    std::printf("%s\n", id.c_str());
    all += (all.empty() ? "" : " ") + id;
  }
  try {
    check_output();
  } catch (const Error& error) {
    throw Error(error.kind(), "submitted as " + all + ", but " + error.what());
  }
}

/// Some systems take a job that its partition never lets begin.
void tell_if_never(std::vector<batch::JobRecord> records, const batch::JobRegistry& registry) {
  try {
    batch::refresh(records, registry,
                   std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  } catch (const Error&) {
    return;  // it is submitted all the same
  }
  if (const std::string never = never_text(records.front()); !never.empty())
    std::fprintf(stderr, "weir submit: %s%s\n", sentence_about(records.front().last).c_str(), never.c_str());
}

int submit_until_done(const JobRequest& request, const batch::JobRegistry& registry) {
  const std::string done = file_of_done(request.options);
  std::vector<std::string> ids;
  try {
    for (int i = 1; i <= request.attempts; ++i) {
      const JobOptions options = link_of(request, done, ids.empty() ? "" : ids.back(), i == request.attempts);
      ids.push_back(batch::submit_job(*request.system, options, registry).front().last.id);
    }
  } catch (...) {
    if (!ids.empty()) request.system->cancel(ids);
    throw;
  }
  std::string all;
  for (const std::string& id : ids) all += " " + id;
  print_ids(ids);
  std::fprintf(stderr, "weir: %zu jobs follow each other until one succeeds; `weir cancel%s` ends them\n",
               ids.size(), all.c_str());
  return 0;
}

}  // namespace

int submit(int argc, char** argv) {
  const auto request = parse_job_request(argc, argv, true);
  if (!request) return 0;
  if (request->is_dry) {
    std::fputs(request->system->script(request->options).c_str(), stdout);
    return 0;
  }
  const batch::JobRegistry registry = batch::JobRegistry::of_user();
  registry.forget_before(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) -
                         kept_for);
  if (request->until_done) return submit_until_done(*request, registry);
  if (request->is_waiting) hold_signals();
  const auto records = batch::submit_job(*request->system, request->options, registry);
  const batch::JobRecord& first = records.front();
  const std::string& id = first.array.empty() ? first.last.id : first.array;
  if (!request->is_waiting) {
    print_ids({id});
    tell_if_never(records, registry);
    return 0;
  }
  std::fprintf(stderr, "weir: job %s submitted\n", id.c_str());
  return follow(records, registry, Interrupt::cancels_job);
}

}  // namespace weir::detail::tool
