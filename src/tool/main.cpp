// The program `weir`: finds the command in the table and turns errors into one line and an exit status.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "tool/command.hpp"
#include "weir/error.hpp"
#include "weir/version.hpp"

namespace weir::detail::tool {
namespace {

constexpr std::array commands{
    Command{"run", "run a program on MPI ranks of this machine or batch job", run},
    Command{"submit", "run a program in a batch job", submit},
    Command{"script", "print the script of such a job", script},
    Command{"status", "show the jobs you have submitted", status},
    Command{"logs", "show the output of a job", logs},
    Command{"cancel", "end jobs", cancel},
    Command{"info", "show versions, MPI, cores and build", info},
    Command{"simulate", "run a task graph on simulated workers and show what it costs", simulate},
    Command{"hdf5", "show what is in HDF5 files, and what interrupted writes have left", hdf5},
    Command{"rank", "", rank},
};

constexpr int failed = 1;
constexpr int wrong_use = 2;

std::string command_names() {
  std::string names;
  for (const Command& command : commands)
    if (!command.summary.empty()) names += (names.empty() ? "" : ", ") + std::string(command.name);
  return names;
}

void print_help(std::FILE* out) {
  std::fputs("weir runs streams and task graphs of C++ functions.\n\nUsage: weir COMMAND ...\n\nCommands:\n",
             out);
  for (const Command& command : commands) {
    if (!command.summary.empty())
      std::fprintf(out, "  %-9s %s\n", command.name.data(), command.summary.data());
  }
  std::fputs("\n`weir COMMAND --help` tells more; `weir --version` prints the version.\n", out);
}

bool is_callers_fault(ErrorKind kind) {
  return kind == ErrorKind::invalid_argument || kind == ErrorKind::not_found ||
         kind == ErrorKind::unsupported;
}

int start(const Command& command, int argc, char** argv) {
  try {
    return command.main(argc, argv);
  } catch (const Error& error) {
    std::fprintf(stderr, "weir %s: %s\n", command.name.data(), error.what());
    return is_callers_fault(error.kind()) ? wrong_use : failed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir %s: %s\n", command.name.data(), error.what());
    return failed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "--help" || word == "-h" || word == "help") {
    print_help(stdout);
    return 0;
  }
  if (word == "--version") {
    std::printf("weir %s\n", weir::version.data());
    return 0;
  }
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == word; });
  if (found != commands.end()) return start(*found, argc - 1, argv + 1);
  if (word.empty()) print_help(stderr);
  else
    std::fprintf(stderr, "weir: the command must be one of %s (got %s); `weir --help` tells more\n",
                 command_names().c_str(), word.c_str());
  return wrong_use;
}

}  // namespace weir::detail::tool

int main(int argc, char** argv) { return weir::detail::tool::main(argc, argv); }
