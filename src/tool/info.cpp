// weir info: what a bug report needs.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <string>

#include "batch/program.hpp"
#include "tool/command.hpp"
#include "tool/site.hpp"
#include "weir/error.hpp"
#include "weir/version.hpp"

namespace weir::detail::tool {
namespace {

/// First line that `command` prints.
std::string first_line(const std::string& command) {
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
  const std::string version = first_line("'" + *mpirun + "' --version 2>&1");
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

void print(const char* name, const std::string& value) { std::printf("%-12s %s\n", name, value.c_str()); }

}  // namespace

int info(int argc, char** argv) {
  CLI::App app("Shows versions, MPI, cores and build: what a report of a defect needs.", "weir info");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::invalid_argument, std::string(error.what()) + "; `weir info` takes no arguments");
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
  return 0;
}

}  // namespace weir::detail::tool
