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

/// What a program started here would have, and who says so.
void print_here() {
  const home::Grant grant = home::grant();
  const auto line = [](const char* name, const std::string& value, const std::string& source) {
    print(name, value + "  (" + source + ")");
  };
  line("cores", std::to_string(grant.cores.value), grant.cores.source);
  line("memory", to_text(grant.memory_bytes.value), grant.memory_bytes.source);
  std::string devices;
  for (const std::string& device : grant.devices.value) devices += (devices.empty() ? "" : ",") + device;
  line("gpu",
       grant.devices.value.empty() ? "none" : std::to_string(grant.devices.value.size()) + ": " + devices,
       grant.devices.source);
  const char* threads = std::getenv("WEIR_THREADS");
  line("threads", threads && *threads ? threads : std::to_string(grant.cores.value),
       threads && *threads ? "WEIR_THREADS" : "of a program alone: its cores; of a rank: 1");
  const auto allocation = job_allocation(1);
  line("ranks", std::to_string(default_ranks(1)),
       allocation && allocation->places ? "of `weir run` without -n: the places of the job"
                                        : "of `weir run` without -n: one for each core, and rank 0");
  const char* resources = std::getenv("WEIR_RESOURCES");
  line("resources", resources && *resources ? resources : "none",
       resources && *resources ? "WEIR_RESOURCES" : "WEIR_RESOURCES says none; devices are the resource gpu");
  const char* limit = std::getenv("WEIR_MEMORY_LIMIT");
  line("results", limit && *limit ? limit : "the memory, divided by the workers of the node",
       limit && *limit ? "WEIR_MEMORY_LIMIT" : "WEIR_MEMORY_LIMIT is not set");
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
