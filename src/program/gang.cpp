// A program that a gang runs: rank 0 starts a launcher of MPI on the places of all ranks.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "core/log.hpp"
#include "program/launcher.hpp"
#include "program/linked_mpi.hpp"
#include "program/spawn.hpp"
#include "weir/error.hpp"

namespace weir::detail::program {
namespace {

std::string this_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

GangPlace this_place() {
  const ThisTask task = this_task();
  GangPlace place{.host = this_host(),
                  .processors = {},
                  .cores = static_cast<std::uint32_t>(task.cores()),
                  .devices = task.gpus()};
  const char* const job = std::getenv("WEIR_JOB");
  if (job && std::getenv("WEIR_MPI_IN_JOB")) place.job = job;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    for (std::uint16_t processor = 0; processor < CPU_SETSIZE; ++processor)
      if (CPU_ISSET(processor, &allowed)) place.processors.push_back(processor);
  return place;
}

/// What the ranks on the host of the first may use together.
std::optional<cpu_set_t> processors_here(const std::vector<GangPlace>& places) {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (const GangPlace& place : places)
    if (place.host == places.front().host)
      for (const std::uint16_t processor : place.processors) CPU_SET(processor, &all);
  return CPU_COUNT(&all) > 0 ? std::optional(all) : std::nullopt;
}

std::vector<std::string> devices_on(const std::string& host, const std::vector<GangPlace>& places) {
  std::vector<std::string> all;
  for (const GangPlace& place : places)
    if (place.host == host)
      for (const std::string& device : place.devices)
        if (std::find(all.begin(), all.end(), device) == all.end()) all.push_back(device);
  return all;
}

/// What each rank of the program may use: the devices are those of all ranks of its host, since launchers
/// give all ranks the same variables; none are named where hosts have different ones.
ThisTask shared_by(const std::vector<GangPlace>& places) {
  ThisTask all;
  all.devices = devices_on(places.front().host, places);
  std::uint32_t cores = places.front().cores;
  for (const GangPlace& place : places) {
    cores = std::min(cores, place.cores);
    if (devices_on(place.host, places) != all.devices) all.devices.clear();
  }
  all.core_count = static_cast<int>(cores);
  return all;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

/// Where a command is; throws if it is nowhere.
std::string file_of(const std::string& name, const ProgramOptions& options) {
  const std::string path = variable("PATH");
  return std::filesystem::path(options.directory) /
         resolved(name, path.empty() ? "/usr/bin:/bin" : path, options.directory);
}

/// Once in a process.
void warn_of_finalize(const std::string& launcher, const std::vector<GangPlace>& places) {
  const bool is_one_host = std::all_of(places.begin(), places.end(), [&](const GangPlace& place) {
    return place.host == places.front().host;
  });
  if (is_one_host || launched_mpi(launcher) != "MPICH") return;
  static std::once_flag told;
  std::call_once(told, [&] {
    if (may_not_end(run({launcher, "--version"}, {.check = false}, {}).output))
      log::warn(
          "program: programs of MPICH before 4.2, which '{}' belongs to, may stand in MPI_Finalize for ever "
          "on "
          "several hosts if they use UCX; with a time_limit and retries the gang ends and begins again",
          launcher);
  });
}

}  // namespace

ProgramResult run_by(Gang& gang, const std::vector<std::string>& command, const ProgramOptions& options) {
  const std::vector<GangPlace> places = gang.gather(this_place());
  ProgramResult result;
  if (gang.rank() == 0) {
    // Of a program that is not there, or of another MPI, ours is the better sentence.
    const std::string program = command.empty() ? "" : file_of(command.front(), options);
    std::vector<std::string> passed_on;
    for (const auto& [name, value] : options.environment) passed_on.push_back(name);
    const std::vector<std::string> own = variables_of(shared_by(places), options);
    for (const std::string& text : own)
      if (const std::string name = text.substr(0, text.find('=')); !options.environment.count(name))
        passed_on.push_back(name);
    GangLaunch launch = launched(options.launcher, places, passed_on, command,
                                 {variable("WEIR_MPIRUN_OPTIONS"), variable("WEIR_SRUN_OPTIONS")});
    launch.variables.insert(launch.variables.end(), own.begin(), own.end());
    const std::string launcher = file_of(launch.command.front(), options);
    check_family(launcher, program);
    warn_of_finalize(launcher, places);
    result = run(launch.command, options, {launch.variables, processors_here(places)});
  }
  gang.barrier();  // the others keep their places for it
  return result;
}

}  // namespace weir::detail::program
