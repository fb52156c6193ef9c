// weir rank [=PROGRAM =ARG...]: what mpirun starts on every rank; becomes the program, and on rank 0 notes
// how it ends. Under Hydra it stays beside every program, and always ends well.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "batch/launcher.hpp"
#include "core/descriptor.hpp"
#include "core/exec.hpp"
#include "home/mpi_job.hpp"
#include "tool/command.hpp"
#include "tool/launch.hpp"
#include "tool/print.hpp"
#include "tool/start.hpp"
#include "tool/status_folder.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

constexpr int cannot_execute = 127;

[[noreturn]] void become(const std::vector<std::string>& command) {
  const std::vector<char*> arguments = exec_array(command);
  execv(command.front().c_str(), arguments.data());
  complain("run",
           "cannot start " + command.front() + " (" + std::strerror(errno) + ")" +
               (errno == ENOEXEC ? "; the first line of a script names what reads it: #!/bin/sh" : ""));
  _exit(cannot_execute);
}

/// The command of a long command line, whose variables are for this process alone.
std::vector<std::string> taken_from_environment() {
  std::string text;
  for (int part = 0;; ++part) {
    const std::string name = argument_variable(part);
    const char* value = std::getenv(name.c_str());
    if (!value) return unpacked(text);
    text += value;
    unsetenv(name.c_str());
  }
}

/// Leaves the pipes of stdin, stdout and stderr to the child alone, so that their ends are seen when it
/// closes them.
void leave_pipes() {
  const int nowhere = open("/dev/null", O_RDWR);
  if (nowhere < 0) return;
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, number);
  if (nowhere > STDERR_FILENO) close(nowhere);
}

/// Hydra's signals reach the process group of this process, in which the child is not. SIGUSR1 says that
/// another rank has died, SIGUSR2 nothing. SIGTERM of anybody else was sent to the child too.
void pass_on(pid_t child, int signal, bool is_of_hydra) {
  if (signal == SIGTERM ? is_of_hydra : signal == SIGINT || signal == SIGHUP || signal == SIGQUIT)
    kill(child, signal);
}

/// Waits for `child`. mpirun's signals reach the whole process group, the child included; the child's SIGTERM
/// to its parent is meant for mpirun, which hears SIGINT. An mpirun that is told twice to end ends without
/// its ranks: then this process ends the child, with whom the other ranks end.
int wait_for(pid_t child, pid_t mpirun, const sigset_t& awaited) {
  constexpr timespec look_after{0, 300'000'000};
  while (true) {
    siginfo_t info;
    const int signal = sigtimedwait(&awaited, &info, &look_after);
    if (signal < 0 && getppid() != mpirun) kill(child, SIGKILL);
    if (signal == SIGTERM && info.si_pid == child) kill(getppid(), SIGINT);
    else if (home::mpi_family() == home::MpiFamily::mpich) pass_on(child, signal, info.si_pid == getppid());
    if (signal != SIGCHLD) continue;
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  }
}

/// Where the exit status of rank 0 goes: into the pipe of `weir run`, or to stderr if that is on another
/// host.
class Note {
 public:
  explicit Note(const std::string& status_file)
      : pipe_(open(note_pipe(status_file).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)),
        errors_(pipe_.get() < 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1),
        mark_(note_mark(status_file)) {}
  void write(int status) const {
    const bool has_pipe = pipe_.get() >= 0;
    const std::string text = has_pipe ? std::to_string(status) : mark_ + std::to_string(status) + "]\n";
    (void)!::write(has_pipe ? pipe_.get() : errors_.get(), text.data(), text.size());
  }

 private:
  Descriptor pipe_;
  Descriptor errors_;
  std::string mark_;
};

/// Runs `command` as a child and notes its exit status, or 128 + signal.
int watch(const std::vector<std::string>& command, const Note* note) {
  sigset_t awaited;
  sigset_t before;
  sigemptyset(&awaited);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM})
    sigaddset(&awaited, signal);
  sigprocmask(SIG_BLOCK, &awaited, &before);
  sigdelset(&before, SIGTERM);  // Hydra passes on that it must not hear it
  const pid_t mpirun = getppid();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw Error(ErrorKind::io, "cannot start " + command.front() + " (" + std::strerror(errno) + ")");
  if (child == 0) {
    end_with_parent(parent, SIGKILL);
    if (home::mpi_family() == home::MpiFamily::mpich)
      setpgid(0, 0);  // Hydra tells the others of a death: SIGUSR1
    sigprocmask(SIG_SETMASK, &before, nullptr);
    // Hydra never closes the stdin of other ranks, for which nothing comes there.
    if (const int nothing = note ? -1 : open("/dev/null", O_RDONLY); nothing >= 0)
      dup2(nothing, STDIN_FILENO);
    become(command);
  }
  std::signal(SIGPIPE, SIG_IGN);
  leave_pipes();
  const int status = wait_for(child, mpirun, awaited);
  if (note) note->write(status);
  return status;
}

}  // namespace

int rank(int argc, char** argv) {
  std::vector<std::string> command(argv + 1, argv + argc);
  if (command.empty()) command = taken_from_environment();
  else
    for (std::string& word : command) word = undisguised(word);
  if (command.empty())
    throw Error(ErrorKind::invalid_argument, "is started by `weir run`, with a program (got none)");
  for (const batch::Launcher& launcher : batch::launchers()) launcher.take_rank();
  home::take_rank();
  const char* number = std::getenv("OMPI_COMM_WORLD_RANK");
  const char* status_file = std::getenv("WEIR_STATUS_FILE");
  if (number && std::string_view(number) == "0" && status_file) {
    const Note note(status_file);
    const int status = watch(command, &note);
    return home::mpi_family() == home::MpiFamily::mpich ? 0 : status;
  }
  if (home::mpi_family() == home::MpiFamily::open_mpi) become(command);
  watch(command, nullptr);
  return 0;
}

}  // namespace weir::detail::tool
