// The end of a program: signals become bytes in a pipe, and a thread waits for them and for the clock.
#include "client/ending.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "client/task_scope.hpp"
#include "core/log.hpp"
#include "core/thrown.hpp"
#include "weir/detail/client/cluster_link.hpp"
#include "weir/ending.hpp"
#include "weir/error.hpp"

namespace weir {
namespace detail::client {
namespace {

using EndClock = std::chrono::steady_clock;
using Call = std::function<void(EndReason, std::chrono::nanoseconds)>;

struct JobEnd {
  std::mutex mutex;
  std::function<std::optional<SteadyTime>(bool is_announced)> ask;
  bool is_asked = false;
  std::optional<SteadyTime> end;
};
JobEnd& job_end_of_process() {
  static JobEnd& only = *new JobEnd;
  return only;
}

void ask_again() {
  const std::optional<SteadyTime> before = job_end();
  JobEnd& job = job_end_of_process();
  const std::lock_guard hold(job.mutex);
  const auto now = job.ask ? job.ask(true) : std::nullopt;
  if (now && (!before || *now < *before)) job.end = now;
}

/// Who waits for the end of this process; never destroyed, since a signal may come at any time.
class EndWatch {
 public:
  static EndWatch& own() {
    static EndWatch& only = *new EndWatch;
    return only;
  }
  [[nodiscard]] bool is_announced() const noexcept { return announced_.load(std::memory_order_relaxed); }
  void add(Call call) {
    const std::lock_guard hold(mutex_);
    calls_.push_back(std::move(call));
    if (!std::exchange(is_started_, true)) start();
    else wake(0);
  }
  void finish() { const std::lock_guard hold(calling_); }

 private:
  void start() {
    if (pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0)
      throw Error(ErrorKind::io,
                  std::string("on_ending: no pipe could be made (") + std::strerror(errno) + ")");
    for (const int number : {SIGTERM, SIGUSR1, SIGUSR2}) {
      struct sigaction now {};
      if (sigaction(number, nullptr, &now) != 0 || (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN))
        continue;  // the program's own
      now = {};
      now.sa_handler = [](int signal) { own().wake(static_cast<char>(signal)); };
      now.sa_flags = SA_RESTART;
      sigaction(number, &now, nullptr);
    }
    std::thread([this] { wait(); }).detach();
  }
  void wake(char what) noexcept {
    const int before = errno;
    static_cast<void>(::write(pipe_[1], &what, 1));
    errno = before;
  }
  /// Until when nothing is to be done about the clock.
  static std::optional<SteadyTime> notice() {
    const auto end = job_end();
    if (!end) return {};
    return *end - notice_of(*end - EndClock::now());
  }
  void wait() {
    const std::optional<SteadyTime> due = notice();
    for (;;) {
      int most_ms = -1;
      if (due && !is_announced())
        most_ms = static_cast<int>(std::clamp<std::int64_t>(
            (*due - EndClock::now()) / std::chrono::milliseconds(1) + 1, 0, 1 << 30));
      pollfd polled{pipe_[0], POLLIN, 0};
      const int ready = poll(&polled, 1, most_ms);
      char what = 0;
      if (ready > 0 && ::read(pipe_[0], &what, 1) == 1 && what != 0) announce(EndReason::signal);
      else if (due && EndClock::now() >= *due && !is_announced()) announce(EndReason::walltime);
      if (is_announced()) call_all();
    }
  }
  void announce(EndReason reason) {
    if (is_announced()) return;
    reason_ = reason;
    announced_ = true;
    if (reason == EndReason::signal) ask_again();
    log::info("the end of this program is announced by {}",
              reason == EndReason::signal ? "a signal" : "its walltime");
  }
  void call_all() {
    const std::lock_guard calling(calling_);
    std::vector<Call> calls;
    {
      const std::lock_guard hold(mutex_);
      calls.swap(calls_);
    }
    const auto end = job_end();
    const auto left =
        end ? std::max<std::chrono::nanoseconds>(*end - EndClock::now(), {}) : std::chrono::nanoseconds(0);
    for (const Call& call : calls) {
      try {
        call(reason_, left);
      } catch (...) {
        log::error("what on_ending was given has thrown {}", current_thrown().text());
      }
    }
  }

  std::mutex mutex_, calling_;
  std::vector<Call> calls_;
  bool is_started_ = false;
  std::atomic<bool> announced_{false};
  EndReason reason_ = EndReason::signal;
  int pipe_[2] = {-1, -1};
};

}  // namespace

void set_job_end(std::function<std::optional<SteadyTime>(bool is_announced)> ask) {
  JobEnd& job = job_end_of_process();
  const std::lock_guard hold(job.mutex);
  job.ask = std::move(ask);
  job.is_asked = false;
}

namespace {
std::atomic<const std::atomic<int>*> end_signal{nullptr};
}  // namespace

void set_end_signal(const std::atomic<int>* signal) { end_signal = signal; }
bool can_be_told_to_end() { return end_signal != nullptr; }
bool is_told_to_end() {
  const std::atomic<int>* const signal = end_signal;
  return signal && *signal != 0;
}

std::optional<SteadyTime> job_end() {
  JobEnd& job = job_end_of_process();
  const std::lock_guard hold(job.mutex);
  if (!std::exchange(job.is_asked, true)) job.end = job.ask ? job.ask(false) : std::nullopt;
  return job.end;
}

std::chrono::nanoseconds notice_of(std::chrono::nanoseconds left) {
  return std::min<std::chrono::nanoseconds>(
      left / 2,
      std::clamp<std::chrono::nanoseconds>(left / 10, std::chrono::seconds(10), std::chrono::minutes(2)));
}

void finish_ending() { EndWatch::own().finish(); }

}  // namespace detail::client

bool cancelled() {
  using detail::client::TaskScope;
  const TaskScope* const task = TaskScope::current();
  if (!task) return detail::client::EndWatch::own().is_announced();
  if (task->deadline && std::chrono::steady_clock::now() >= *task->deadline) return true;
  return task->thread && task->thread->stopped();
}

std::optional<std::chrono::nanoseconds> time_left() {
  const auto* const task = detail::client::TaskScope::current();
  std::optional<detail::client::SteadyTime> end = detail::client::job_end();
  if (task && task->deadline && (!end || *task->deadline < *end)) end = task->deadline;
  if (!end) return {};
  return std::max<std::chrono::nanoseconds>(*end - std::chrono::steady_clock::now(), {});
}

void on_ending(std::function<void(EndReason, std::chrono::nanoseconds)> call) {
  if (!detail::client::ClusterLink::current())
    throw Error(ErrorKind::closed, "on_ending: there is no cluster here; call it inside weir::run");
  if (detail::client::TaskScope::current())
    throw Error(ErrorKind::unsupported,
                "on_ending: only the program's body on rank 0 hears of the end; a task asks "
                "weir::cancelled() and weir::time_left()");
  if (!call) throw Error(ErrorKind::invalid_argument, "on_ending: the function must not be empty (got none)");
  detail::client::EndWatch::own().add(std::move(call));
}

}  // namespace weir
