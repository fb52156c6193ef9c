// weir submit [OPTIONS] PROGRAM ARGS...
#include <chrono>
#include <cstdio>

#include "batch/configured_job.hpp"
#include "batch/registry.hpp"
#include "tool/command.hpp"
#include "tool/follow.hpp"
#include "tool/job_options.hpp"

namespace weir::detail::tool {
namespace {

constexpr auto kept_for = std::chrono::days(14);

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
  if (request->is_waiting) hold_signals();
  const auto records = batch::submit_job(*request->system, request->options, registry);
  const batch::JobRecord& first = records.front();
  const std::string& id = first.array.empty() ? first.last.id : first.array;
  std::FILE* const where = request->is_waiting ? stderr : stdout;
  std::fprintf(where, request->is_waiting ? "weir: job %s submitted\n" : "%s\n", id.c_str());
  std::fflush(where);
  return request->is_waiting ? follow(records, registry, Interrupt::cancels_job) : 0;
}

}  // namespace weir::detail::tool
