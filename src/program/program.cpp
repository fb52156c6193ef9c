// A program from its start to its end: two pipes, a process descriptor, and a look at the clock.
#include "weir/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "client/task_scope.hpp"
#include "core/descriptor.hpp"
#include "core/log.hpp"
#include "core/target.hpp"
#include "core/wording.hpp"
#include "program/guard.hpp"
#include "program/spawn.hpp"
#include "weir/ending.hpp"
#include "weir/environment.hpp"
#include "weir/error.hpp"
#include "weir/this_task.hpp"

namespace weir::detail::program {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The beginning and the end of what is written, of at most so many bytes.
class Capture {
 public:
  explicit Capture(std::uint64_t limit) : half_(limit / 2) {}
  void add(std::string_view piece) {
    const std::size_t first =
        std::min<std::uint64_t>(piece.size(), half_ - std::min(half_, std::uint64_t{begin_.size()}));
    begin_.append(piece.substr(0, first));
    end_.append(piece.substr(first));
    if (end_.size() > 2 * half_ + 4096) cut();
  }
  /// Everything, with a line where something is missing.
  std::string take(std::uint64_t& left_out) {
    if (end_.size() > half_) cut();
    left_out += left_out_;
    if (left_out_ == 0) return begin_ + end_;
    return begin_ + "\n[" + std::to_string(left_out_) + " bytes are left out here]\n" + end_;
  }

 private:
  void cut() {
    const std::size_t most = std::min<std::uint64_t>(half_, end_.size());
    left_out_ += end_.size() - most;
    end_.erase(0, end_.size() - most);
  }
  std::uint64_t half_, left_out_ = 0;
  std::string begin_, end_;
};

/// One of the program's outputs: a pipe to us, or a file that has its name when all is well.
class Outlet {
 public:
  Outlet(const std::string& file, const std::string& directory, std::uint64_t limit) : capture_(limit) {
    if (file.empty()) open_pipe();
    else open_file(std::filesystem::path(directory) / file);
  }
  [[nodiscard]] int for_program() const { return write_.get(); }
  [[nodiscard]] int for_us() const { return read_.get(); }
  void started() { write_.reset(); }
  /// Reads what is there; whether the pipe is still open.
  bool drain() {
    std::array<char, 32768> piece;
    for (int pieces = 0; read_.get() >= 0 && pieces < 64; ++pieces) {  // others have their turn, too
      const ssize_t got = ::read(read_.get(), piece.data(), piece.size());
      if (got > 0) capture_.add({piece.data(), static_cast<std::size_t>(got)});
      else if (got < 0 && errno == EINTR) continue;
      else if (got < 0 && errno == EAGAIN) return true;
      else read_.reset();
    }
    return read_.get() >= 0;
  }
  std::string take(std::uint64_t& left_out) { return capture_.take(left_out); }
  /// Gives the file its name.
  void finish() const {
    if (struct stat now{}; file_ && !(stat(part_.c_str(), &now) == 0 && now.st_dev == file_->st_dev &&
                                      now.st_ino == file_->st_ino))
      throw Error(ErrorKind::io, "program: '" + part_ + "' has been taken by another program that writes '" +
                                     name_ + "'; each needs an output_file of its own");
    if (const int why = take_name(part_, name_))
      throw Error(ErrorKind::io,
                  "program: '" + name_ + "' could not be written (" + std::strerror(why) + ")");
  }
  /// The file that is written until then; empty if there is none, or it has its name already.
  [[nodiscard]] std::string part() const { return part_ == name_ ? "" : part_; }

 private:
  void open_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Error(ErrorKind::io,
                  std::string("program: no pipe could be made (") + std::strerror(errno) + ")");
    read_ = Descriptor(ends[0]);
    write_ = Descriptor(ends[1]);
    fcntl(read_.get(), F_SETFL, O_NONBLOCK);
  }
  void open_file(const std::filesystem::path& file) {
    name_ = target_of(file.string());
    std::error_code unknown;
    if (std::filesystem::is_directory(name_, unknown))
      throw Error(ErrorKind::io, "program: a file for output must be no directory (got '" + name_ + "')");
    part_ = draft_of(name_, ".part");
    const bool is_draft = part_ != name_;
    if (is_draft) unlink(part_.c_str());  // who may yet write it writes a file of its own
    write_ = Descriptor(open_for_writing(part_, O_CREAT | O_TRUNC));
    if (write_.get() < 0)
      throw Error(ErrorKind::io,
                  "program: '" + part_ + "' could not be opened (" + std::strerror(errno) + ")");
    if (struct stat made{}; is_draft && fstat(write_.get(), &made) == 0) file_ = made;
  }
  Descriptor read_, write_;
  Capture capture_;
  std::string name_, part_;
  std::optional<struct stat> file_;  // what `part_` names, as long as nobody else takes it
};

std::string shown(const std::vector<std::string>& command) {
  constexpr std::size_t most = 200;
  std::string text;
  for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
  if (text.size() > most) text = text.substr(0, most) + "...";
  return "'" + printable(text) + "'";
}

/// The last lines, as one line.
std::string last_lines(const std::string& text) {
  constexpr int most_lines = 5;
  constexpr std::size_t most_bytes = 600;
  std::size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return "";
  std::size_t begin = ++end;
  for (int lines = 0; begin > 0 && lines < most_lines && end - begin < most_bytes; ++lines)
    begin = begin >= 2 ? text.rfind('\n', begin - 2) + 1 : 0;
  std::string last = text.substr(begin, end - begin);
  if (last.size() > most_bytes) last = "..." + last.substr(last.size() - most_bytes);
  for (std::size_t at = 0; (at = last.find('\n', at)) != std::string::npos;) last.replace(at, 1, " | ");
  return printable(last);
}

std::string path_variable(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment)
    if (variable.starts_with("PATH=")) return variable.substr(5);
  return "/usr/local/bin:/usr/bin:/bin";
}

std::vector<std::string> environment_of(const ProgramOptions& options, const Extra& extra) {
  std::vector<std::string> environment = clean_environment();
  const auto set = [&](const std::string& name, const std::string& variable) {
    std::erase_if(environment, [&](const std::string& text) { return text.starts_with(name + "="); });
    environment.push_back(variable);
  };
  for (const std::string& variable : extra.variables) set(variable.substr(0, variable.find('=')), variable);
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || name.find('=') != std::string::npos)
      throw Error(ErrorKind::invalid_argument,
                  "program: a variable must have a name without '=' (got '" + name + "')");
    set(name, name + "=" + value);
  }
  return environment;
}

void check(const std::vector<std::string>& command, const ProgramOptions& options) {
  if (command.empty() || command.front().empty())
    throw Error(ErrorKind::invalid_argument,
                "program: a command must be given (got none); write for example "
                "weir::program{\"./solver\", \"--case\", \"7\"}");
  for (const std::string& word : command)
    if (word.find('\0') != std::string::npos)
      throw Error(ErrorKind::invalid_argument,
                  "program: words of a command must have no zero byte (got " + printable(word) + ")");
  for (const std::string& file : options.inputs) {
    const std::string path = (std::filesystem::path(options.directory) / file).string();
    if (access(path.c_str(), R_OK) != 0)
      throw Error(ErrorKind::not_found, "program: the input file '" + path + "' of '" + command.front() +
                                            "' cannot be read (" + std::strerror(errno) + ")");
  }
}

/// What the program reads. /dev/null is opened once.
Descriptor opened_input(const ProgramOptions& options) {
  const std::string path = options.input_file.empty()
                               ? "/dev/null"
                               : (std::filesystem::path(options.directory) / options.input_file).string();
  Descriptor input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (input.get() < 0)
    throw Error(ErrorKind::not_found,
                "program: its input '" + path + "' cannot be read (" + std::strerror(errno) + ")");
  return input;
}

/// A program that has been started; its group has gone when this has.
class Running {
 public:
  explicit Running(const Start& start) : pid_(spawn(start)) {
#ifdef SYS_pidfd_open
    descriptor_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
#endif
  }
  Running(const Running&) = delete;
  ~Running() {
    if (pid_ > 0) static_cast<void>(end());
  }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// Whether its first process has ended; it is not waited for, so that its number stays its own.
  [[nodiscard]] bool ended() const {
    siginfo_t about{};
    return waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           about.si_pid == pid_;
  }
  void ask() const {
    ::kill(-pid_, SIGTERM);
    ::kill(-pid_, SIGCONT);  // one that is stopped would not hear it
  }
  /// Ends what is left of its group; the status of waitpid.
  int end() {
    ::kill(-pid_, SIGKILL);
    Guard::own().remove(pid_);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
  Descriptor descriptor_;
};

/// Reads and waits until the program has ended; whether it had to be told to.
bool wait_for(const Running& running, Outlet& output, Outlet& errors) {
  constexpr auto patience = std::chrono::seconds(2);
  std::optional<SteadyClock::time_point> told;
  for (;;) {
    std::array<pollfd, 3> polled{pollfd{output.for_us(), POLLIN, 0}, pollfd{errors.for_us(), POLLIN, 0},
                                 pollfd{running.descriptor(), POLLIN, 0}};
    const bool blind = running.descriptor() < 0;  // a kernel without process descriptors
    int most_ms = blind ? 2 : 50;
    if (const auto left = time_left(); left && !told)
      most_ms = static_cast<int>(std::clamp<std::int64_t>(*left / std::chrono::milliseconds(1), 1, most_ms));
    poll(polled.data(), polled.size(), most_ms);
    if (polled[0].revents) output.drain();
    if (polled[1].revents) errors.drain();
    if ((blind || polled[2].revents) && running.ended()) return told.has_value();
    if (!told && cancelled()) {
      told = SteadyClock::now();
      running.ask();
    }
    if (told && SteadyClock::now() - *told > patience) return true;
  }
}

/// Whether somebody still has the pipe of a program that has ended. For a moment that is everybody who is
/// being started meanwhile.
bool is_held_open(Outlet& outlet) {
  constexpr int patience_ms = 20;
  for (int waited_ms = 0; outlet.drain(); ++waited_ms) {
    if (waited_ms == patience_ms) return true;
    pollfd polled{-1, 0, 0};
    poll(&polled, 1, 1);
  }
  return false;
}

std::string sentence(int status, const std::string& errors, const std::string& output) {
  constexpr std::string_view no_library = "error while loading shared libraries: ";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    if (const std::size_t at = errors.find(no_library); at != std::string::npos) {
      const std::string what = errors.substr(at + no_library.size());
      return "needs a library that is not there (" + printable(what.substr(0, what.find('\n'))) +
             "); LD_LIBRARY_PATH or a module may be missing where it runs";
    }
  std::string text = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
                                               ::strsignal(WTERMSIG(status)) + ")"
                                         : "ended with status " + std::to_string(WEXITSTATUS(status));
  const std::string from_errors = last_lines(errors);
  const std::string last = from_errors.empty() ? last_lines(output) : from_errors;
  return text + (last.empty() ? "" : ": " + last);
}

}  // namespace

std::vector<std::string> variables_of(const ThisTask& task, const ProgramOptions& options) {
  std::vector<std::string> variables = task.environment();
  constexpr std::array names{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};
  const auto is_said = [&](const char* name) { return std::getenv(name) || options.environment.count(name); };
  if (std::any_of(names.begin(), names.end(), is_said)) return variables;
  for (const char* name : names) variables.push_back(name + ("=" + std::to_string(task.cores())));
  return variables;
}

std::string word(double number) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

ProgramResult run(const std::vector<std::string>& command, const ProgramOptions& options) {
  const bool is_in_task = client::TaskScope::current() != nullptr;
  return run(command, options,
             {is_in_task ? variables_of(this_task(), options) : std::vector<std::string>(), std::nullopt});
}

ProgramResult run(const std::vector<std::string>& command, const ProgramOptions& options,
                  const Extra& extra) {
  check(command, options);
  Start start;
  start.words = command;
  start.environment = environment_of(options, extra);
  start.processors = extra.processors;
  start.path = resolved(command.front(), path_variable(start.environment), options.directory);
  start.directory = options.directory;
  const Descriptor input = opened_input(options);
  Outlet output(options.output_file, options.directory, options.output_limit);
  const bool together = !options.errors_file.empty() && options.errors_file == options.output_file;
  Outlet errors(together ? "" : options.errors_file, options.directory, options.output_limit);
  start.input = input.get();
  start.output = output.for_program();
  start.errors = together ? output.for_program() : errors.for_program();
  const auto begin = SteadyClock::now();
  Running running(start);
  output.started();
  errors.started();
  const bool was_told = wait_for(running, output, errors);
  const bool left_behind = is_held_open(output) || is_held_open(errors);
  const int status = running.end();
  ProgramResult result;
  result.seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result.output = output.take(result.left_out_bytes);
  result.errors = errors.take(result.left_out_bytes);
  if (was_told)
    throw Error(ErrorKind::cancelled,
                "program: " + shown(command) + " was ended: its task was cancelled or its time is over");
  if (left_behind)
    log::warn(
        "program: {} has left processes behind, which are ended with it but for those in a session of their "
        "own",
        shown(command));
  if (status == 0) {
    output.finish();
    if (!together) errors.finish();
    return result;
  }
  if (!options.check) return result;
  const std::string parts =
      output.part() + (output.part().empty() || errors.part().empty() ? "" : ", ") + errors.part();
  throw Error(ErrorKind::task_failed, "program: " + shown(command) + " " +
                                          sentence(status, result.errors, result.output) +
                                          (parts.empty() ? "" : "; what it wrote is in " + parts));
}

}  // namespace weir::detail::program
