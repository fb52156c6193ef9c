// weir submit and weir script: a batch job that runs a program on MPI ranks.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "cluster/registry.hpp"
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "tool/job_options.hpp"
#include "weir/core/error.hpp"

namespace weir::tool {
namespace {

constexpr auto kept_for = std::chrono::days(14);

void make_log_directory(const std::string& directory) {
  std::error_code problem;
  if (!directory.empty()) std::filesystem::create_directories(directory, problem);
  if (problem) throw Error(ErrorKind::io, "log_directory: cannot be made: " + problem.message() + " (got " + directory + ")");
}

JobRecord record_of(const JobRequest& request, const std::string& id, const std::filesystem::path& here) {
  JobRecord record;
  record.system = request.system->name();
  record.last = {.id = id, .state = JobState::waiting};
  record.name = request.options.name;
  record.directory = here;
  record.command = request.options.command;
  record.ranks = layout(request.options).ranks;
  record.output_file = here / log_file(request.options, id, "out");
  record.error_file = here / log_file(request.options, id, "err");
  record.submitted = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return record;
}

/// The script is kept with the job, or gone if it was not accepted.
JobRecord submit_job(const JobRequest& request, const std::string& text, const JobRegistry& registry) {
  const std::filesystem::path script = registry.write_script(text);
  try {
    const JobRecord record = record_of(request, request.system->submit(script), std::filesystem::current_path());
    registry.save(record);
    registry.keep_script(script, record);
    return record;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(script, ignored);
    throw;
  }
}

}  // namespace

int script(int argc, char** argv) {
  const auto request = parse_job_request(argc, argv, false);
  if (request) std::fputs(request->system->script(request->options).c_str(), stdout);
  return 0;
}

int submit(int argc, char** argv) {
  const auto request = parse_job_request(argc, argv, true);
  if (!request) return 0;
  const std::string text = request->system->script(request->options);
  if (request->is_dry) {
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  make_log_directory(request->options.log_directory);
  const JobRegistry registry = JobRegistry::of_user();
  registry.forget_before(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - kept_for);
  if (request->is_waiting) hold_signals();
  const JobRecord record = submit_job(*request, text, registry);
  std::FILE* const where = request->is_waiting ? stderr : stdout;
  std::fprintf(where, request->is_waiting ? "weir: job %s submitted\n" : "%s\n", record.last.id.c_str());
  std::fflush(where);
  return request->is_waiting ? follow(record, registry, Interrupt::cancels_job) : 0;
}

}  // namespace weir::tool
