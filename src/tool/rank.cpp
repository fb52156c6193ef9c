// weir rank =PROGRAM =ARG...: what mpirun starts on every rank; becomes the program, and on rank 0 notes how
// it ends.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tool/command.hpp"
#include "tool/start.hpp"
#include "tool/status_folder.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

constexpr int cannot_execute = 127;

[[noreturn]] void become(const std::vector<std::string>& command) {
  const std::vector<char*> arguments = exec_array(command);
  execv(command.front().c_str(), arguments.data());
  std::fprintf(stderr, "weir run: cannot start %s (%s)\n", command.front().c_str(), std::strerror(errno));
  _exit(cannot_execute);
}

/// Leaves the pipes of stdin, stdout and stderr to the child alone, so that their ends are seen when it
/// closes them.
void leave_pipes() {
  const int nowhere = open("/dev/null", O_RDWR);
  if (nowhere < 0) return;
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, number);
  if (nowhere > STDERR_FILENO) close(nowhere);
}

/// Waits for `child`. mpirun's signals reach the whole process group, the child included; the child's SIGTERM
/// to its parent is meant for mpirun. An mpirun that is told twice to end ends without its ranks: then this
/// process ends the child, with whom the other ranks end.
int wait_for(pid_t child, pid_t mpirun, const sigset_t& awaited) {
  constexpr timespec look_after{0, 300'000'000};
  while (true) {
    siginfo_t info;
    const int signal = sigtimedwait(&awaited, &info, &look_after);
    if (signal < 0 && getppid() != mpirun) kill(child, SIGKILL);
    if (signal == SIGTERM && info.si_pid == child) kill(getppid(), SIGTERM);
    if (signal != SIGCHLD) continue;
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  }
}

/// Runs `command` as a child and leaves its exit status, or 128 + signal, in `report`.
int watch(const std::vector<std::string>& command, const std::string& report) {
  sigset_t awaited;
  sigset_t before;
  sigemptyset(&awaited);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM})
    sigaddset(&awaited, signal);
  sigprocmask(SIG_BLOCK, &awaited, &before);
  const pid_t mpirun = getppid();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw Error(ErrorKind::io, "cannot start " + command.front() + " (" + std::strerror(errno) + ")");
  if (child == 0) {
    end_with_parent(parent, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    become(command);
  }
  leave_pipes();
  const int status = wait_for(child, mpirun, awaited);
  std::ofstream(report) << status << '\n';
  return status;
}

}  // namespace

int rank(int argc, char** argv) {
  std::vector<std::string> command;
  for (int i = 1; i < argc; ++i) command.push_back(undisguised(argv[i]));
  if (command.empty())
    throw Error(ErrorKind::invalid_argument, "is started by `weir run`, with a program (got none)");
  const char* number = std::getenv("OMPI_COMM_WORLD_RANK");
  const char* status_file = std::getenv("WEIR_STATUS_FILE");
  const bool is_watched =
      number && std::string(number) == "0" && status_file && access(status_file, W_OK) == 0;
  if (is_watched) return watch(command, process_file(status_file));
  become(command);
}

}  // namespace weir::detail::tool
