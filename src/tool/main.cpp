// The program `weir`: finds the command in the table and turns errors into one line and an exit status.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "core/variables.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"
#include "weir/error.hpp"
#include "weir/version.hpp"

namespace weir::detail::tool {
namespace {

constexpr std::array commands{
    Command{"run", "run a program on MPI ranks of this machine or batch job", run},
    Command{"map", "run a command once for each argument, on all cores, ranks or batch jobs", map},
    Command{"submit", "run a program in a batch job", submit},
    Command{"script", "print the script of such a job", script},
    Command{"status", "show your jobs and programs", status},
    Command{"logs", "show the output of a job", logs},
    Command{"cancel", "end jobs", cancel},
    Command{"dashboard", "print where the dashboard of a running program is", dashboard},
    Command{"top", "show what a program does, in the terminal", top},
    Command{"explain", "say in words what limits a program, or why a task waits", explain},
    Command{"report", "make one HTML file of what a program does or did", report},
    Command{"trace", "make a trace for Perfetto of it", trace},
    Command{"journal", "show, verify and prune results that are kept from run to run", journal},
    Command{"info", "show versions, MPI, cores and build", info},
    Command{"doctor", "try what this installation can do, and say what it cannot", doctor},
    Command{"simulate", "run a task graph on simulated workers and show what it costs", simulate},
    Command{"hdf5", "show what is in HDF5 files, and what interrupted writes have left", hdf5},
    Command{"rank", "", rank},
    Command{"hold", "", hold},
};

constexpr int failed = 1;
constexpr int wrong_use = 2;

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
  // Ranks are told nothing: `weir run` has said it once.
  const std::vector<std::string> told =
      command.summary.empty() ? std::vector<std::string>{} : environment_problems();
  for (const std::string& problem : told) complain(command.name, problem);
  try {
    const int status = command.main(argc, argv);
    check_output();
    return status;
  } catch (const Error& error) {
    if (std::find(told.begin(), told.end(), error.what()) == told.end()) complain(command.name, error.what());
    return is_callers_fault(error.kind()) ? wrong_use : failed;
  } catch (const std::exception& error) {
    complain(command.name, error.what());
    return failed;
  }
}

int print_about_weir(bool is_version) {
  if (is_version) std::printf("weir %s\n", version.data());
  else print_help(stdout);
  try {
    check_output();
    return 0;
  } catch (const Error& error) {
    complain("", error.what());
    return failed;
  }
}

int refuse_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Command& command : commands)
    if (!command.summary.empty()) names.push_back(command.name);
  complain("", no_command(word, names, "; `weir --help` tells more"));
  return wrong_use;
}

const Command* find_command(std::string_view word) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == word; });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_descriptors(O_RDONLY);
  // A file that may not grow (`ulimit -f`) is an error like any other; for what is started it is what it was.
  std::signal(SIGXFSZ, [](int) {});
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "help" && argc > 2) {
    const Command* const command = find_command(argv[2]);
    std::string help = "--help";
    std::array<char*, 3> words{argv[2], help.data(), nullptr};
    return command ? start(*command, 2, words.data()) : refuse_command(argv[2]);
  }
  const bool is_version = word == "--version" || word == "-V";
  if (is_version || word == "--help" || word == "-h" || word == "help") return print_about_weir(is_version);
  if (const Command* const command = find_command(word)) return start(*command, argc - 1, argv + 1);
  if (!word.empty()) return refuse_command(word);
  print_help(stderr);
  return wrong_use;
}

}  // namespace weir::detail::tool

int main(int argc, char** argv) { return weir::detail::tool::main(argc, argv); }
