// A program that a gang runs: rank 0 starts a launcher of MPI on the places of all ranks.
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "program/launcher.hpp"
#include "program/spawn.hpp"
#include "weir/error.hpp"

namespace weir::detail::program {
namespace {

std::string this_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

GangPlace this_place() {
  GangPlace place{this_host(), {}};
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

/// What a launcher needs to be told to reach all hosts of this job; `weir run` knows.
std::string options_of_job(const std::string& launcher) {
  const bool is_srun = launcher.find("srun") != std::string::npos;
  const char* options = std::getenv(is_srun ? "WEIR_SRUN_OPTIONS" : "WEIR_MPIRUN_OPTIONS");
  return options && launcher.find("hydra") == std::string::npos ? std::string(" ") + options : "";
}

}  // namespace

ProgramResult run_by(Gang& gang, const std::vector<std::string>& command, const ProgramOptions& options) {
  const std::vector<GangPlace> places = gang.gather(this_place());
  ProgramResult result;
  if (gang.rank() == 0) {
    const char* path = std::getenv("PATH");  // of a program that is not there, ours is the better sentence
    if (!command.empty())
      static_cast<void>(resolved(command.front(), path ? path : "/usr/bin:/bin", options.directory));
    std::vector<std::string> passed_on;
    for (const auto& [name, value] : options.environment) passed_on.push_back(name);
    const GangLaunch launch =
        launched(options.launcher + options_of_job(options.launcher), places, passed_on, command);
    result = run(launch.command, options, {launch.variables, processors_here(places)});
  }
  gang.barrier();  // the others keep their places for it
  return result;
}

}  // namespace weir::detail::program
