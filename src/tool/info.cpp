// weir info: what a bug report needs.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "batch/program.hpp"
#include "core/variables.hpp"
#include "core/wording.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/site.hpp"
#include "weir/config.hpp"
#include "weir/error.hpp"
#include "weir/version.hpp"

namespace weir::detail::tool {
namespace {

/// First line that `command` prints.
std::string first_line_of(const std::string& command) {
  std::string line;
  if (std::FILE* out = popen(command.c_str(), "re")) {
    std::array<char, 256> text{};
    if (std::fgets(text.data(), text.size(), out)) line = text.data();
    while (std::fgets(text.data(), text.size(), out)) {
    }
    pclose(out);
  }
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

std::string mpirun_text() {
  const auto mpirun = batch::find_in_path("mpirun");
  if (!mpirun) return "mpirun is not in PATH; `weir run` needs it (Debian: openmpi-bin)";
  const std::string version = first_line_of("'" + *mpirun + "' --version 2>&1");
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
  if (!parse(app, argc, argv)) return 0;
  if (shows_settings) {
    print_settings();
    return 0;
  }
  print("weir", std::string(version));
  print("program", own_path());
  print("build", WEIR_BUILD_TYPE ", " WEIR_COMPILER ", C++" + std::to_string(__cplusplus / 100 % 100));
  print("MPI", WEIR_MPI_LIBRARY);
  print("mpirun", mpirun_text());
  print("host", host_name());
  print("cores",
        std::to_string(available_cores()) + " usable of " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
  print("batch job", job_text());
  print("config", config_text());
  return 0;
}

}  // namespace weir::detail::tool
