// weir info: what a bug report needs.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "batch/program.hpp"
#include "core/variables.hpp"
#include "core/wording.hpp"
#include "home/grant.hpp"
#include "home/mpi_job.hpp"
#include "home/settings.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/site.hpp"
#include "weir/bytes.hpp"
#include "weir/config.hpp"
#include "weir/error.hpp"
#include "weir/version.hpp"

namespace weir::detail::tool {
namespace {

std::string mpirun_text() {
  const std::string name(home::mpi_starter().program);
  const auto mpirun = find_launcher(name);
  if (!mpirun)
    return name +
           " is not in PATH; `weir run` needs it (Debian: " + std::string(home::mpi_starter().package) + ")";
  std::string version;
  try {
    const batch::Answer answer = batch::run_program({*mpirun, "--version"}, std::chrono::seconds(20));
    version = answer.output.empty() ? answer.errors : answer.output;
    if (const auto at = version.find("Version:");
        home::mpi_family() == home::MpiFamily::mpich && at < version.size())
      version = "Hydra" + version.substr(version.find_first_not_of(" ", at + 8) - 1);
    version.resize(std::min(version.size(), version.find('\n')));
  } catch (const Error& error) {
    version = error.what();
  }
  return (version.empty() ? "unknown version" : version) + ", " + *mpirun;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string job_text() {
  const auto job = current_job();
  return job ? std::string(job->system->title()) + " job " + job->id : "none";
}

void print(const char* name, const std::string& value) {
  std::printf("%-12s %s\n", name, printable(value).c_str());
}

void line(const char* name, const std::string& value, const std::string& source) {
  print(name, value + "  (" + source + ")");
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

/// What a variable says, unless `check` throws: then no program starts here. `otherwise` where it says
/// nothing.
template <class Check>
void said(const char* name, const char* variable_name, const std::string& otherwise,
          const std::string& source, const Check& check) {
  const std::string value = variable(variable_name);
  try {
    check();
    line(name, value.empty() ? otherwise : value, value.empty() ? source : variable_name);
  } catch (const Error& error) {
    line(name, "refused", error.what());
  }
}

/// What a program started here would have, and who says so.
void print_here() {
  const home::Grant grant = home::grant();
  line("cores", std::to_string(grant.cores.value), grant.cores.source);
  line("memory", to_text(grant.memory_bytes.value), grant.memory_bytes.source);
  std::string devices;
  for (const std::string& device : grant.devices.value) devices += (devices.empty() ? "" : ",") + device;
  line("gpu",
       grant.devices.value.empty() ? "none" : std::to_string(grant.devices.value.size()) + ": " + devices,
       grant.devices.source);
  const RunOptions none;
  const std::string rank = variable("OMPI_COMM_WORLD_RANK"), size = variable("OMPI_COMM_WORLD_SIZE");
  const bool is_rank = !size.empty();
  const auto cores = static_cast<std::uint32_t>(is_rank ? 1 : grant.cores.value);
  said("threads", "WEIR_THREADS", std::to_string(cores),
       is_rank ? "of a rank: 1" : "of a program alone: its cores; of a rank: 1",
       [&] { static_cast<void>(home::number_of_threads(none, cores)); });
  const auto allocation = job_allocation(1);
  if (is_rank) line("ranks", size, "this is rank " + rank);
  else
    line("ranks", std::to_string(default_ranks(1)),
         allocation && allocation->places ? "of `weir run` without -n: the places of the job"
                                          : "of `weir run` without -n: one for each core, and rank 0");
  std::string problem;
  said("resources", "WEIR_RESOURCES", "none", "WEIR_RESOURCES says none; devices are the resource gpu", [&] {
    std::vector<Resource> resources = home::resources_of(none);
    std::vector<std::string> named = grant.devices.value;
    problem = home::settle_devices(resources, named, grant.devices.source, 0);
  });
  if (!problem.empty()) print("", problem);
  said("results", "WEIR_MEMORY_LIMIT", "the memory, divided by the workers of the node",
       "WEIR_MEMORY_LIMIT is not set", [&] { static_cast<void>(home::memory_limits(none, 1)); });
}

/// The configuration file, and what is wrong with it.
std::string config_text() {
  const std::string file = Config::file();
  try {
    static_cast<void>(Config::load());
  } catch (const Error& error) {
    return error.what();
  }
  std::error_code ignored;
  return std::filesystem::exists(file, ignored) ? file : file + " (not there)";
}

void print_settings() {
  std::puts("In the configuration file, and as variables:");
  for (const Setting& setting : settings()) {
    const std::string fallback =
        setting.fallback.empty() ? "" : "; default: " + std::string(setting.fallback);
    std::printf("  %-15s %-20s %-9s %s%s\n", std::string(setting.name).c_str(),
                variable_of(setting.name).c_str(), std::string(setting.unit).c_str(),
                std::string(setting.meaning).c_str(), fallback.c_str());
  }
  std::puts("\nOnly as variables:");
  for (const Variable& variable : variables())
    if (!variable.meaning.empty())
      std::printf("  %-21s %s\n", std::string(variable.name).c_str(), std::string(variable.meaning).c_str());
}

}  // namespace

int info(int argc, char** argv) {
  CLI::App app("Shows versions, MPI, cores and build: what a report of a defect needs.", "weir info");
  bool shows_settings = false;
  app.add_flag("--settings", shows_settings, "List all settings and variables instead");
  bool shows_here = false;
  app.add_flag("--here", shows_here, "Show what a program started here is given, and who says so, instead");
  if (!parse(app, argc, argv)) return 0;
  if (shows_here) {
    print_here();
    return 0;
  }
  if (shows_settings) {
    print_settings();
    return 0;
  }
  print("weir", std::string(version));
  print("program", own_path());
  print("build", WEIR_BUILD_TYPE ", " WEIR_COMPILER ", C++" + std::to_string(__cplusplus / 100 % 100));
  print("MPI", WEIR_MPI_LIBRARY);
  print(home::mpi_starter().program.data(), mpirun_text());
  print("host", host_name());
  print("cores",
        std::to_string(available_cores()) + " usable of " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
  print("batch job", job_text());
  print("config", config_text());
  return 0;
}

}  // namespace weir::detail::tool
