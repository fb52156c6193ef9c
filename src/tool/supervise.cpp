// One poll loop over mpirun's stderr, the signals and the folder of the exit status.
#include "tool/supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "core/descriptor.hpp"
#include "tool/noise.hpp"
#include "tool/start.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array passed_on{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
constexpr milliseconds hold_time(100);  // how long bytes that look like mpirun's may wait for the rest
constexpr milliseconds drain_time(1000);

bool asks_to_end(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

/// Writes all of `text` to stderr, whatever stderr is; gives up when nobody reads it.
void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno == EAGAIN) {
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) return;
  }
}

/// The kernel's list of the children of `pid`, if it keeps one.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
  if (std::FILE* file = std::fopen(path.c_str(), "re")) {
    for (int child = 0; std::fscanf(file, "%d", &child) == 1;) children.push_back(child);
    std::fclose(file);
  }
  return children;
}

class Supervisor {
 public:
  Supervisor(const Launch& launch, const StatusFolder& folder, const Patience& patience);
  int run();

 private:
  void wait_for_events();
  void on_signal(const signalfd_siginfo& signal);
  void on_stderr();
  void on_status();
  void on_deadline(Clock::time_point now);
  void end_within(std::chrono::nanoseconds time);
  void drain_stderr();
  [[nodiscard]] int timeout_ms(Clock::time_point now) const;
  [[nodiscard]] int exit_status();

  const StatusFolder& folder_;
  const Patience& patience_;
  Descriptor signals_;
  Descriptor folder_events_;
  Descriptor stderr_;
  NoiseFilter noise_;
  pid_t mpirun_ = 0;
  std::optional<int> mpirun_status_;  // as wait() tells it
  int end_signal_ = 0;                // the one we were told to end with
  bool was_terminated_ = false;       // by our SIGTERM
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> release_at_;
};

Supervisor::Supervisor(const Launch& launch, const StatusFolder& folder, const Patience& patience)
    : folder_(folder), patience_(patience) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  for (const int signal : passed_on) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, &before);
  signals_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  folder_events_ = Descriptor(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  inotify_add_watch(folder_events_.get(), folder.path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  Started started = start(launch, before);
  mpirun_ = started.pid;
  noise_.set_launcher(started.pid);
  stderr_ = std::move(started.error_output);
  std::signal(SIGPIPE, SIG_IGN);
}

int Supervisor::run() {
  while (!mpirun_status_) wait_for_events();
  drain_stderr();
  write_to_stderr(noise_.release());
  return exit_status();
}

void Supervisor::wait_for_events() {
  std::array<pollfd, 3> ready{
      {{signals_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}, {folder_events_.get(), POLLIN, 0}}};
  if (poll(ready.data(), ready.size(), timeout_ms(Clock::now())) < 0 && errno != EINTR)
    throw Error(ErrorKind::io, std::string("cannot wait for mpirun (") + std::strerror(errno) + ")");
  if (ready[1].revents) on_stderr();
  if (ready[2].revents) on_status();
  signalfd_siginfo signal;
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) on_signal(signal);
  on_deadline(Clock::now());
}

void Supervisor::on_signal(const signalfd_siginfo& signal) {
  const int number = static_cast<int>(signal.ssi_signo);
  if (number == SIGCHLD) {
    int status = 0;
    if (waitpid(mpirun_, &status, WNOHANG) == mpirun_) mpirun_status_ = status;
    return;
  }
  if (asks_to_end(number)) {
    end_signal_ = number;
    if (!deadline_) end_within(patience_.after_signal);
  }
  // What the terminal sends (Ctrl-C) has reached mpirun too: it is in the same process group.
  if (signal.ssi_code != SI_KERNEL && !mpirun_status_) kill(mpirun_, number);
}

void Supervisor::on_stderr() {
  std::array<char, 65536> piece;
  const ssize_t count = ::read(stderr_.get(), piece.data(), piece.size());
  if (count > 0) {
    write_to_stderr(noise_.feed({piece.data(), static_cast<std::size_t>(count)}));
    release_at_.reset();
    if (noise_.is_holding()) release_at_ = Clock::now() + hold_time;
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    stderr_ = Descriptor();
  }
}

void Supervisor::on_status() {
  std::array<char, 4096> ignored;
  while (::read(folder_events_.get(), ignored.data(), ignored.size()) > 0) {
  }
  // A program that leaves no status may end on rank 0 while other ranks still work; one that failed leaves
  // them waiting for ever.
  const Outcome outcome = folder_.read();
  if ((outcome.program || outcome.process.value_or(0) != 0) && !deadline_)
    end_within(patience_.after_program);
}

void Supervisor::end_within(std::chrono::nanoseconds time) {
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
}

void Supervisor::on_deadline(Clock::time_point now) {
  if (release_at_ && now >= *release_at_) {
    write_to_stderr(noise_.release());
    release_at_.reset();
  }
  if (!deadline_ || now < *deadline_ || mpirun_status_) return;
  if (!was_terminated_) {
    was_terminated_ = true;
    kill(mpirun_, SIGTERM);
    end_within(patience_.after_term);
    return;
  }
  const std::vector<pid_t> ranks = children_of(mpirun_);
  kill(mpirun_, SIGKILL);
  for (const pid_t pid : ranks) kill(pid, SIGKILL);
  deadline_.reset();
}

int Supervisor::timeout_ms(Clock::time_point now) const {
  std::optional<Clock::time_point> next = deadline_;
  if (release_at_ && (!next || *release_at_ < *next)) next = release_at_;
  if (!next) return -1;
  return static_cast<int>(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next - now)).count());
}

/// Reads what mpirun wrote before it ended; a process it left behind may keep the pipe open, so not for ever.
void Supervisor::drain_stderr() {
  const Clock::time_point end = Clock::now() + drain_time;
  while (stderr_.get() >= 0 && Clock::now() < end) {
    pollfd ready{stderr_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (poll(&ready, 1, static_cast<int>(left.count())) > 0) on_stderr();
  }
}

int Supervisor::exit_status() {
  const Outcome outcome = folder_.read();
  if (outcome.program) return *outcome.program & 0xff;
  if (end_signal_) return 128 + end_signal_;
  if (noise_.reader_gone()) return 128 + SIGPIPE;
  const int of_mpirun =
      WIFSIGNALED(*mpirun_status_) ? 128 + WTERMSIG(*mpirun_status_) : WEXITSTATUS(*mpirun_status_);
  const int status = outcome.process ? *outcome.process : of_mpirun;
  if (status != 0) write_to_stderr(noise_.banners());
  if (outcome.process.value_or(0) > 128) {
    const int signal = *outcome.process - 128;
    write_to_stderr("weir run: rank 0 was ended by signal " + std::to_string(signal) + " (" +
                    strsignal(signal) + ")\n");
  } else if (!outcome.process && WIFSIGNALED(*mpirun_status_)) {
    write_to_stderr("weir run: mpirun was ended by signal " + std::to_string(status - 128) + " (" +
                    strsignal(status - 128) + ")\n");
  }
  return status;
}

}  // namespace

int supervise(const Launch& launch, const StatusFolder& folder, const Patience& patience) {
  return Supervisor(launch, folder, patience).run();
}

}  // namespace weir::detail::tool
