// Commands of the program `weir`: one function and one file each.
#pragma once

#include <string_view>

namespace weir::detail::tool {

/// One command: `weir <name> ...`.
///
/// `main` sees the command's name as `argv[0]` and returns the exit status. An `Error` that leaves it becomes
/// one line on stderr, `weir <name>: <sentence>`.
struct Command {
  std::string_view name;
  std::string_view summary;  ///< For `weir --help`; empty hides the command.
  int (*main)(int argc, char** argv);
};

int run(int argc, char** argv);
int rank(int argc, char** argv);
int hold(int argc, char** argv);
int dashboard(int argc, char** argv);
int top(int argc, char** argv);
int explain(int argc, char** argv);
int report(int argc, char** argv);
int trace(int argc, char** argv);
int map(int argc, char** argv);
int journal(int argc, char** argv);
int info(int argc, char** argv);
int doctor(int argc, char** argv);
int submit(int argc, char** argv);
int script(int argc, char** argv);
int status(int argc, char** argv);
int logs(int argc, char** argv);
int cancel(int argc, char** argv);
int simulate(int argc, char** argv);
int hdf5(int argc, char** argv);

}  // namespace weir::detail::tool
