// from_process: a child program and the pipe it writes to.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/descriptor.hpp"
#include "program/guard.hpp"
#include "program/spawn.hpp"
#include "weir/environment.hpp"
#include "weir/stream/sources.hpp"

namespace weir {
namespace detail::stream {

struct ProcessProducer::Process {
  std::vector<std::string> command;
  bool with_stderr;
  Splitter splitter{"\n", std::size_t{64} << 20};
  Descriptor output;
  pid_t child = -1;    // and its group, of a session of its own
  bool over = true;    // it has ended, and all it wrote has been read
  bool asked = false;  // it was asked to end

  Process(std::vector<std::string> words, bool errors_too)
      : command(std::move(words)), with_stderr(errors_too) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { end(); }

  void start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw Error(ErrorKind::io, std::string("from_process: no pipe: ") + std::strerror(errno));
    Descriptor mine(ends[0]);
    const Descriptor its(ends[1]);
    program::Start start;
    start.words = command;
    start.environment = clean_environment();  // it may start an MPI job of its own
    start.input = STDIN_FILENO;
    start.output = its.get();
    start.errors = with_stderr ? its.get() : STDERR_FILENO;
    start.has_session = true;
    const char* const path = std::getenv("PATH");
    try {
      start.path = program::resolved(command[0], path ? path : "/usr/bin:/bin", "");
      child = program::spawn(start);
    } catch (const Error& error) {  // "program: ..."
      const std::string sentence = error.what();
      throw Error(error.kind(),
                  "from_process" + sentence.substr(std::min(sentence.find(':'), sentence.size())));
    }
    output = std::move(mine);
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
    over = asked = false;
  }
  /// False if nothing is there now.
  bool read() {
    char bytes[64 * 1024];
    const ssize_t count = ::read(output.get(), bytes, sizeof bytes);
    if (count > 0) splitter.add({bytes, static_cast<std::size_t>(count)});
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) close();
    return count > 0;
  }
  void close() { output.reset(); }
  /// Its status if it has ended: it may live on after it has closed its output. What it leaves behind is
  /// ended with it.
  std::optional<int> collect() {
    siginfo_t about{};
    const auto it = static_cast<id_t>(child);
    if (child > 0 && ::waitid(P_PID, it, &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == 0)
      return {};
    over = true;
    if (child < 0) return 0;
    ::kill(-child, SIGKILL);  // before it is waited for, so that the number is still its own
    program::Guard::own().remove(child);
    int status = 0;
    ::waitpid(std::exchange(child, -1), &status, 0);
    return status;
  }
  void tell(int signal) const {
    if (child > 0) ::kill(-child, signal);
  }
  void ask() {
    asked = true;
    tell(SIGTERM);
    tell(SIGCONT);  // one that is stopped would not hear it
  }
  /// Ends the child and what it has started, if need be without asking.
  void end() {
    ask();
    close();
    constexpr auto patience = std::chrono::seconds(2);
    const auto last = std::chrono::steady_clock::now() + patience;
    while (child > 0 && !collect()) {
      if (std::chrono::steady_clock::now() >= last) tell(SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    static_cast<void>(splitter.take_rest());
  }
};

namespace {

/// How it failed; nothing if it did not. One that was asked to end may end as it likes.
std::optional<std::string> failure_of(int status, bool asked) {
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    return "ended with status " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status) && !asked)
    return "was ended by signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) +
           ")";
  return {};
}

}  // namespace

ProcessProducer::ProcessProducer(std::vector<std::string> command, bool with_stderr, Time interval)
    : process_(std::make_shared<Process>(std::move(command), with_stderr)), interval_(interval) {}

void ProcessProducer::start(Time) {
  process_->end();
  process_->start();
}

std::optional<std::string> ProcessProducer::next(Time) {
  for (;;) {
    if (std::optional<std::string> line = process_->splitter.next("from_process")) return line;
    if (process_->output.get() < 0) break;
    if (!process_->read() && process_->output.get() >= 0) return {};
  }
  if (std::string rest = process_->splitter.take_rest(); !rest.empty()) return rest;
  if (process_->over) return {};
  const std::optional<int> status = process_->collect();
  if (!status) return {};
  if (const std::optional<std::string> failure = failure_of(*status, process_->asked))
    throw Error(ErrorKind::task_failed, "from_process: '" + process_->command[0] + "' " + *failure);
  return {};
}

void ProcessProducer::stop() { process_->ask(); }

bool ProcessProducer::is_over() const { return process_->over; }

}  // namespace detail::stream

Stream<std::string> from_process(std::vector<std::string> command, SourceOptions options, bool with_stderr) {
  if (command.empty() || command[0].empty())
    throw Error(ErrorKind::invalid_argument, "from_process: command must not be empty");
  const std::string name = command[0];
  const detail::stream::Time interval = std::min<detail::stream::Time>(
      detail::stream::positive("from_process", "poll_interval", options.poll_interval),
      std::chrono::milliseconds(2));
  return detail::stream::make_source(
      "from_process", detail::stream::ProcessProducer(std::move(command), with_stderr, interval),
      std::move(options.loop), name);
}

}  // namespace weir
