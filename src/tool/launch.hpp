// What `weir run` was asked for, where it is, and the mpirun command that follows. Pure: nothing is started
// or read here.
#pragma once

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "batch/launcher.hpp"
#include "home/mpi_job.hpp"

namespace weir::detail::tool {

/// The command line of `weir run`, understood.
struct RunRequest {
  int ranks = 0;  ///< At least 1.
  std::optional<int> threads;
  std::string program;                                  ///< A path that can be executed.
  std::vector<std::string> arguments;                   ///< Passed on as they are.
  std::optional<std::string> memory = std::nullopt;     ///< Of results on each worker, a byte count.
  std::optional<std::string> dashboard = std::nullopt;  ///< As WEIR_DASHBOARD says it.
  std::optional<std::string> report = std::nullopt;     ///< An absolute path.
  std::optional<std::string> journal = std::nullopt;    ///< The folder where results are kept.
  std::vector<std::string> rerun = {};        ///< Functions whose results there are forgotten first.
  bool is_dry = false;                        ///< No cached task is computed.
  const batch::Launcher* launcher = nullptr;  ///< Starts the ranks; null: mpirun does.
  std::string launcher_path = {};
};

/// What the machine and the job tell.
struct Site {
  std::string mpirun;  ///< Path of mpirun, or of what starts the ranks of another MPI ...
  home::MpiFamily family = home::MpiFamily::open_mpi;  ///< ... which is this.
  std::string weir;  ///< Path of this program; every rank starts through `weir rank`.
  std::optional<std::string>
      host_file;  ///< A host for each place, in a batch job that mpirun does not notice itself.
  std::optional<std::string> agent;   ///< A shell script by which mpirun reaches the other hosts ...
  std::string system;                 ///< ... of a job of this batch system, which it must not ask itself.
  std::vector<std::string> listener;  ///< Hears what the batch system does not tell `weir run`.
  std::string status_file;            ///< Where rank 0 leaves its exit status.
  std::map<std::string, std::string> environment;  ///< The caller's.
};

/// A command to execute and what to add to its environment.
struct Launch {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  int end_signal = SIGINT;  ///< Ends it, and its ranks. mpirun hears no other: SIGTERM is for the ranks.
  std::vector<std::string> listener{};  ///< Runs beside it, as `Listener`.
};

/// The mpirun command for `request` on `site`.
///
/// Arguments pass through `weir rank` in disguise, because mpirun would act on some of them (`:`, `--mca`,
/// `--tune`) even after the program's name. Where they are many they travel as variables: mpirun repeats its
/// command line in one variable, for which the kernel has 128 KiB.
[[nodiscard]] Launch plan_launch(const RunRequest& request, const Site& site);

/// The launcher's host file for a host for each place. For Open MPI a host that stands there once without a
/// number would count for all of its cores.
[[nodiscard]] std::string host_file_text(const std::vector<std::string>& places, home::MpiFamily family);

/// An argument in the form mpirun leaves alone, and back.
[[nodiscard]] std::string disguised(const std::string& argument);
[[nodiscard]] std::string undisguised(const std::string& argument);

/// The name of the `part`th variable of a long command line.
[[nodiscard]] std::string argument_variable(int part);

/// Words as one text without a zero byte, and back.
[[nodiscard]] std::string packed(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> unpacked(const std::string& text);

}  // namespace weir::detail::tool
