// vfork by hand: posix_spawn cannot ask for the signal at its parent's death.
#include "program/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "core/exec.hpp"
#include "program/guard.hpp"
#include "weir/error.hpp"

namespace weir::detail::program {
namespace {

/// What the child does, told in plain words: it lives in this process's memory and may only make system
/// calls.
struct Plan {
  const char* path;
  char* const* words;
  char* const* environment;
  const char* directory;  // null: stay
  int input, output, errors;
  pid_t parent;
  bool has_session;
  int guard;                    // a socket
  const cpu_set_t* processors;  // null: those of the thread
};

enum class Step : int { none, orphaned, descriptors, directory, execute };
struct Problem {
  volatile Step step = Step::none;
  volatile int error = 0;
};

[[noreturn]] void fail(Problem& problem, Step step) {
  problem.error = errno;
  problem.step = step;
  _exit(127);
}

/// Signals as a program expects them: handlers are ours, and some that we ignore mean something to it.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) != 0) continue;
    const bool ours =
        signal == SIGPIPE || signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGTERM || signal == SIGXFSZ;
    if (now.sa_handler == SIG_DFL || (now.sa_handler == SIG_IGN && !ours)) continue;
    now = {};
    now.sa_handler = SIG_DFL;
    sigaction(signal, &now, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The guard hears of the group from its first process: whoever starts it may be killed in any moment.
void tell_guard(const Plan& plan) {
  std::array<char, 16> line{'+', ' '};
  char* const end = std::to_chars(line.data() + 2, line.data() + line.size(), getpid()).ptr;
  *end = '\n';
  while (send(plan.guard, line.data(), static_cast<std::size_t>(end + 1 - line.data()), MSG_NOSIGNAL) < 0 &&
         errno == EINTR) {
  }
}

[[noreturn]] void become(const Plan& plan, Problem& problem) {
  if (plan.has_session) setsid();
  else setpgid(0, 0);
  tell_guard(plan);
  if (!plan.has_session) prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != plan.parent) fail(problem, Step::orphaned);
  if (dup2(plan.input, STDIN_FILENO) < 0 || dup2(plan.output, STDOUT_FILENO) < 0 ||
      dup2(plan.errors, STDERR_FILENO) < 0)
    fail(problem, Step::descriptors);
  if (plan.processors) sched_setaffinity(0, sizeof *plan.processors, plan.processors);
  if (plan.directory && chdir(plan.directory) != 0) fail(problem, Step::directory);
#ifdef SYS_close_range
  syscall(SYS_close_range, 3U, ~0U, 0U);  // sockets of MPI, pipes of other programs
#endif
  reset_signals();
  execve(plan.path, plan.words, plan.environment);
  fail(problem, Step::execute);
}

/// Nothing but the call: the child must not disturb what its parent still needs on this frame.
[[gnu::noinline]] pid_t vforked(const Plan& plan, Problem& problem) {
  const pid_t child = vfork();
  if (child == 0) become(plan, problem);
  return child;
}

/// Why execve says ENOENT of a file that is there: the interpreter of its first line is not.
std::string missing_interpreter(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line.starts_with("#!") ? line.substr(0, 200) : "";
}

[[noreturn]] void refuse(const Start& start, const Problem& problem) {
  const std::string& name = start.words.front();
  const std::string file = start.path.starts_with('/') || start.directory.empty()
                               ? start.path
                               : start.directory + "/" + start.path;
  if (problem.step == Step::directory)
    throw Error(ErrorKind::not_found, "program: the directory it is to run in must be there (got " +
                                          start.directory + ": " + std::strerror(problem.error) + ")");
  if (problem.step == Step::execute && problem.error == ENOENT)
    throw Error(ErrorKind::not_found, "program: '" + name +
                                          "' cannot be executed, since its interpreter is not there (got " +
                                          missing_interpreter(file) + ")");
  if (problem.step == Step::execute && problem.error == ENOEXEC)
    throw Error(ErrorKind::invalid_argument,
                "program: '" + name +
                    "' is no program of this machine, and no script: its first line must name what runs it, "
                    "such as #!/bin/sh");
  if (problem.step == Step::execute && problem.error == E2BIG)
    throw Error(ErrorKind::invalid_argument, "program: the arguments and variables of '" + name +
                                                 "' are too long for this system; give them in a file");
  throw Error(ErrorKind::io,
              "program: '" + name + "' could not be started (" + std::strerror(problem.error) + ")");
}

}  // namespace

std::string resolved(const std::string& name, const std::string& path, const std::string& directory) {
  const auto seen = [&](const std::string& file) {
    return file.starts_with('/') || directory.empty() ? file : directory + "/" + file;
  };
  const auto is_file = [](const std::string& file) {
    struct stat about {};
    return stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode);
  };
  if (name.find('/') != std::string::npos) {
    const std::string file = seen(name);
    struct stat about {};
    if (stat(file.c_str(), &about) != 0)
      throw Error(ErrorKind::not_found,
                  "program: '" + file + "' is not there (" + std::strerror(errno) + ")");
    if (!S_ISREG(about.st_mode))
      throw Error(ErrorKind::invalid_argument, "program: '" + file + "' must be a file (got a directory)");
    if (access(file.c_str(), X_OK) != 0)
      throw Error(ErrorKind::invalid_argument,
                  "program: '" + file + "' is not executable; chmod +x " + file + " makes it so");
    return name;
  }
  std::string refused;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string folder = path.substr(at, end - at);
    const std::string file = (folder.empty() ? "." : folder) + "/" + name;
    if (is_file(seen(file))) {
      if (access(seen(file).c_str(), X_OK) == 0) return file;
      refused = file;
    }
    at = end + 1;
  }
  if (!refused.empty())
    throw Error(ErrorKind::invalid_argument,
                "program: '" + refused + "' is not executable; chmod +x " + refused + " makes it so");
  const bool is_here = is_file(seen(name));
  throw Error(ErrorKind::not_found,
              "program: there is no program '" + name + "' in PATH" +
                  (is_here ? "; the one in the directory it runs in is called ./" + name : ""));
}

pid_t spawn(const Start& start) {
  const std::vector<char*> words = exec_array(start.words), environment = exec_array(start.environment);
  const Plan plan{start.path.c_str(),
                  words.data(),
                  environment.data(),
                  start.directory.empty() ? nullptr : start.directory.c_str(),
                  start.input,
                  start.output,
                  start.errors,
                  getpid(),
                  start.has_session,
                  Guard::own().socket(),
                  start.processors ? &*start.processors : nullptr};
  Problem problem;
  // No handler of this process may run in the child, which shares its memory.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = vforked(plan, problem);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0)
    throw Error(ErrorKind::io, "program: '" + start.words.front() + "' could not be started (" +
                                   std::strerror(error) + "); perhaps this user has too many processes");
  if (problem.step == Step::none) return child;
  Guard::own().remove(child);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  refuse(start, problem);
}

}  // namespace weir::detail::program
