// Fork, exec, and one poll loop over the child's pipes and its end.
#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/process.hpp"

namespace weir::test {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!changes.count(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) all.push_back(name + '=' + value);
  }
  return all;
}

std::vector<char*> exec_array(const std::vector<std::string>& strings) {
  std::vector<char*> array;
  for (const std::string& string : strings) array.push_back(const_cast<char*>(string.c_str()));
  array.push_back(nullptr);
  return array;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe: " + std::string(std::strerror(errno)));
  return ends;
}

void close_now(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

/// Moves what is there to `text`; closes the descriptor at its end.
void read_into(std::string& text, int& descriptor) {
  std::array<char, 65536> piece;
  const ssize_t count = ::read(descriptor, piece.data(), piece.size());
  if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
  else if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_now(descriptor);
}

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* const output = popen(command.c_str(), "r");
  std::array<char, 4096> piece;
  while (const std::size_t count = output ? fread(piece.data(), 1, piece.size(), output) : 0)
    text.append(piece.data(), count);
  if (output) pclose(output);
  return text;
}

/// What a process and those that it has started are at: of each thread its line in `stat` up to its
/// processor time, and where the kernel has it wait; and their stacks, if there is a debugger.
std::string picture_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::string text = id + " " + weir::detail::name_of(pid) + '\n';
  std::error_code ended;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + id + "/task", ended)) {
    const std::string path = thread.path();
    text +=
        "  " + first_line(path + "/stat").substr(0, 100) + " waits in " + first_line(path + "/wchan") + '\n';
  }
  text += output_of("timeout 20 gdb -p " + id +
                    " -batch -ex 'thread apply all backtrace 24' 2>&1 </dev/null |"
                    " grep -e '^#' -e '^Thread'");
  for (const pid_t child : weir::detail::children_of(pid)) text += picture_of(child);
  return text;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const ProcessOptions& options)
    : name_(command.at(0)), input_(options.input), deadline_(Clock::now() + options.deadline) {
  const std::vector<char*> arguments = exec_array(command);
  const std::vector<std::string> variables = environment_with(options.environment);
  const std::vector<char*> environment = exec_array(variables);
  std::array<int, 2> in = make_pipe();
  std::array<int, 2> out = make_pipe();
  std::array<int, 2> err = make_pipe();
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
  if (pid_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    const bool is_there = options.folder.empty() || chdir(options.folder.c_str()) == 0;
    if (is_there && getppid() == parent) execvpe(arguments[0], arguments.data(), environment.data());
    _exit(127);
  }
  setpgid(pid_, pid_);
  for (int end : {in[0], out[1], err[1]}) close(end);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
  for (const int end : {in_, out_, err_}) fcntl(end, F_SETFL, O_NONBLOCK);
  ended_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  signal(SIGPIPE, SIG_IGN);
}

Process::~Process() {
  if (!has_ended_) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* descriptor : {&in_, &out_, &err_, &ended_}) close_now(*descriptor);
}

void Process::send(int signal) const {
  if (!has_ended_) kill(pid_, signal);
}

void Process::fail(const std::string& what) const {
  throw std::runtime_error(name_ + ": " + what + "\n--- stdout\n" + result_.out + "\n--- stderr\n" +
                           result_.err);
}

void Process::pump() {
  if (in_ >= 0 && input_.empty()) close_now(in_);
  std::array<pollfd, 4> ready{
      {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {has_ended_ ? -1 : ended_, POLLIN, 0}, {in_, POLLOUT, 0}}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
  if (left.count() <= 0) fail("not done within its deadline\n--- what runs\n" + picture_of(pid_));
  poll(ready.data(), ready.size(), static_cast<int>(left.count()));
  if (ready[0].revents) read_into(result_.out, out_);
  if (ready[1].revents) read_into(result_.err, err_);
  if (ready[3].revents) {
    const ssize_t count = ::write(in_, input_.data(), input_.size());
    if (count > 0) input_.erase(0, static_cast<std::size_t>(count));
    else if (errno != EAGAIN) input_.clear();
  }
  if (ready[2].revents) {
    int status = 0;
    waitpid(pid_, &status, 0);
    has_ended_ = true;
    result_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

void Process::wait_for(const std::string& text) {
  while ((result_.out + result_.err).find(text) == std::string::npos) {
    if (is_over()) fail("ended without printing " + text);
    pump();
  }
}

const Finished& Process::wait() {
  while (!is_over()) pump();
  return result_;
}

Finished run(const std::vector<std::string>& command, const ProcessOptions& options) {
  return Process(command, options).wait();
}

bool is_running(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return false;
  const std::size_t after_name = text.rfind(") ");
  return after_name != std::string::npos && text[after_name + 2] != 'Z' && text[after_name + 2] != 'X';
}

void pause() {
  constexpr timespec moment{0, 2'000'000};
  nanosleep(&moment, nullptr);
}

TemporaryFolder::TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "weir-test-XXXXXX") {
  if (!mkdtemp(path_.data())) throw std::runtime_error("mkdtemp: " + std::string(std::strerror(errno)));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& text, unsigned mode) {
  std::ofstream(path, std::ios::binary) << text;
  chmod(path.c_str(), mode);
}

}  // namespace weir::test
