// posix_spawn with two pipes, polled until both are closed or time is up.
#include "batch/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "batch/stepping.hpp"
#include "weir/environment.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(ErrorKind::io, std::string("run_program: no pipe could be made: ") + std::strerror(errno));
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void close_end(int which) {
    if (ends_[which] >= 0) close(ends_[which]);
    ends_[which] = -1;
  }
  /// Appends what has arrived; closes the reading end once there is no more to come.
  void drain(std::string& text) {
    std::array<char, 4096> piece;
    const ssize_t got = read(read_end(), piece.data(), piece.size());
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    else if (got == 0 || errno != EINTR) close_end(0);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// The environment of a program that belongs to no job.
std::vector<std::string> outside_environment() {
  const auto job = current_job();
  std::vector<std::string> kept = clean_environment();
  std::erase_if(kept, [&](const std::string& text) {
    return belongs_to_enclosing_job(std::string_view(text).substr(0, text.find('=')),
                                    job ? job->system : nullptr);
  });
  return kept;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

pid_t spawn(std::vector<std::string> command, const std::string& input, const Pipe& output,
            const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write_end(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.write_end(), STDERR_FILENO);
  // Of its own process group: Ctrl-C is for the caller to answer, a half-made submission would be lost.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> environment = outside_environment();
  pid_t child = 0;
  const int problem = posix_spawnp(&child, command.front().c_str(), &actions, &attributes,
                                   pointers(command).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem == ENOENT)
    throw Error(ErrorKind::not_found,
                command.front() + ": the program is not on PATH; is the batch system's module loaded?");
  if (problem != 0)
    throw Error(ErrorKind::io, command.front() + ": could not be started: " + std::strerror(problem));
  return child;
}

/// Collects both streams; false if time ran out.
bool collect(Pipe& output, Pipe& errors, Answer& result, SteadyTime deadline) {
  while (output.read_end() >= 0 || errors.read_end() >= 0) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> polled{pollfd{output.read_end(), POLLIN, 0}, pollfd{errors.read_end(), POLLIN, 0}};
    if (poll(polled.data(), polled.size(), static_cast<int>(left.count())) <= 0) continue;
    if (polled[0].revents) output.drain(result.output);
    if (polled[1].revents) errors.drain(result.errors);
  }
  return true;
}

std::string joined(const std::vector<std::string>& command) {
  std::string text;
  for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The lines of `text` as one line.
std::string one_line(const std::string& text) {
  std::string line;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string piece = text.substr(begin, end - begin);
    if (piece.find_first_not_of(" \t\r") != std::string::npos) line += (line.empty() ? "" : "; ") + piece;
    begin = end + 1;
  }
  return line;
}

}  // namespace

bool belongs_to_enclosing_job(std::string_view variable, const BatchSystem* job) {
  if (job && job->owns(variable)) return true;
  return variable == "WEIR_JOB_STARTED" || variable == "WEIR_STATUS_FILE" || variable == job_view;
}

BatchSystem::Asker own_asker() {
  return [](const std::vector<std::string>& command) -> std::optional<std::string> {
    try {
      const Answer answer = run_program(command, std::chrono::seconds(20));
      return answer.exit_status == 0 ? std::optional<std::string>(answer.output) : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
  };
}

BatchSystem::Variables own_variables() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

Answer run_program(const std::vector<std::string>& command, std::chrono::milliseconds patience,
                   const std::string& input) {
  Answer result{.command = command};
  const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
  Pipe output;
  Pipe errors;
  const pid_t child = spawn(command, input, output, errors);
  output.close_end(1);
  errors.close_end(1);
  const bool in_time = collect(output, errors, result, deadline);
  if (!in_time) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    const std::string said = one_line(result.errors);
    throw Error(ErrorKind::timeout, command.front() + ": no answer within " +
                                        std::to_string(patience.count()) + " ms (got " +
                                        (said.empty() ? "nothing" : said) + ")");
  }
  result.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

std::string refusal(std::string_view what, const Answer& result) {
  std::string said = one_line(result.errors);
  if (const std::string output = one_line(result.output); !output.empty())
    said += (said.empty() ? "" : "; ") + output;
  return std::string(what) + " (got exit status " + std::to_string(result.exit_status) + " from `" +
         joined(result.command) + "`, which says: " + (said.empty() ? "nothing" : said) + ")";
}

std::string unread_id(const std::string& system, const std::string& submit, const std::string& ask,
                      const std::string& answer) {
  const std::string said = one_line(answer);
  return system + ": no job id in the answer of " + submit + "; the job may be in the queue all the same, " +
         ask + " shows it (got " + (said.empty() ? "nothing" : said) + ")";
}

std::optional<std::string> find_in_path(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable ? variable : "";
  while (!folders.empty()) {
    const std::size_t colon = folders.find(':');
    const std::string_view folder = folders.substr(0, colon);
    const auto candidate = std::filesystem::path(folder.empty() ? "." : folder) / name;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(candidate, ignored) && access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
    folders.remove_prefix(colon == std::string_view::npos ? folders.size() : colon + 1);
  }
  return std::nullopt;
}

}  // namespace weir::detail::batch
