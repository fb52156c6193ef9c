// Between fork and exec only system calls: memory is prepared before.
#include "tool/start.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/exec.hpp"
#include "weir/environment.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

[[noreturn]] void refuse_start(const std::string& what, int reason) {
  throw Error(ErrorKind::io, "cannot start " + what + " (" + std::strerror(reason) + ")");
}

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Pipe make_pipe(const std::string& what) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) refuse_start(what, errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// This process's environment with `added` in it.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  // Started by a task of another job, this is a job of its own.
  for (std::string& text : clean_environment())
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(std::move(text));
  for (const auto& [name, value] : added) all.push_back(name + '=' + value);
  return all;
}

}  // namespace

void end_with_parent(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  if (getppid() != parent) _exit(128 + signal);  // it ended between fork and prctl
}

Started start(const Launch& launch, const sigset_t& mask) {
  const std::string& path = launch.command.front();
  const std::vector<char*> arguments = exec_array(launch.command);
  const std::vector<std::string> variables = environment_with(launch.environment);
  const std::vector<char*> environment = exec_array(variables);
  Pipe output = make_pipe(path);
  Pipe error_output = make_pipe(path);
  Pipe failure = make_pipe(path);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) refuse_start(path, errno);
  if (pid == 0) {
    std::signal(launch.end_signal, SIG_DFL);  // a shell's background jobs ignore SIGINT
    end_with_parent(parent, launch.end_signal);
    dup2(output.writer.get(), STDOUT_FILENO);
    dup2(error_output.writer.get(), STDERR_FILENO);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execve(path.c_str(), arguments.data(), environment.data());
    const int reason = errno;
    (void)!::write(failure.writer.get(), &reason, sizeof reason);
    _exit(127);
  }
  failure.writer.reset();
  output.writer.reset();
  error_output.writer.reset();
  int reason = 0;
  if (::read(failure.reader.get(), &reason, sizeof reason) == sizeof reason) {
    waitpid(pid, nullptr, 0);
    refuse_start(path, reason);
  }
  for (const Pipe* pipe : {&output, &error_output}) fcntl(pipe->reader.get(), F_SETFL, O_NONBLOCK);
  return {pid, std::move(output.reader), std::move(error_output.reader)};
}

}  // namespace weir::detail::tool
