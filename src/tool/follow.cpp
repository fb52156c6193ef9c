// The loop of `weir submit --wait` and `weir logs --follow`.
#include "tool/follow.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/descriptor.hpp"
#include "tool/print.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto look_at_files = milliseconds(200);
constexpr auto late_output =
    std::chrono::seconds(5);  // network file systems show a file's end later than the batch system the job's

sigset_t waiting_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// The signal that came within `patience`; 0 if none.
int wait_for_signal(milliseconds patience) {
  const sigset_t set = waiting_signals();
  const timespec time{patience.count() / 1000, patience.count() % 1000 * 1'000'000};
  return std::max(0, sigtimedwait(&set, nullptr, &time));
}

std::chrono::sys_seconds wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

class Follower {
 public:
  Follower(batch::JobRecord record, const batch::JobRegistry& registry, Interrupt interrupt)
      : record_(std::move(record)),
        registry_(registry),
        interrupt_(interrupt),
        output_(record_.output_file, record_.files_since_ns),
        errors_(record_.error_file, record_.files_since_ns) {}

  int run() {
    while (true) {
      copy_output();
      if (Clock::now() >= next_question_) ask();
      if (is_over(record_.last.state)) return finish();
      if (const int signal = wait_for_signal(look_at_files)) return leave(signal);
    }
  }

 private:
  bool copy_output() {
    const bool has_output = output_.copy_to(stdout);
    return errors_.copy_to(stderr) && has_output;
  }

  void ask() {
    std::vector<batch::JobRecord> records{record_};
    try {
      batch::refresh(records, registry_, wall_clock());
      record_ = records.front();
      problem_.clear();
    } catch (const Error& error) {
      if (problem_ != error.what()) complain("", std::string(error.what()) + "; asking again");
      problem_ = error.what();
    }
    if (const std::string now = sentence_about(record_.last); now != told_ && !is_over(record_.last.state)) {
      complain("", now);
      told_ = now;
    }
    next_question_ =
        Clock::now() + ask_interval(std::chrono::duration_cast<milliseconds>(Clock::now() - began_));
  }

  int finish() {
    const bool has_run = record_.last.state != JobState::cancelled;
    for (const auto end = Clock::now() + late_output; !copy_output() && has_run && Clock::now() < end;)
      wait_for_signal(look_at_files);
    if (record_.last.state != JobState::succeeded) complain("", sentence_about(record_.last));
    return exit_status_of(record_.last);
  }

  int leave(int signal) {
    if (signal == SIGHUP || interrupt_ == Interrupt::leaves_job) return 128 + signal;
    batch_system(record_.system).cancel({record_.last.id});
    record_.last.state = JobState::cancelled;
    registry_.save(record_);
    complain("", "job " + record_.last.id + " cancelled");
    return 128 + signal;
  }

  batch::JobRecord record_;
  const batch::JobRegistry& registry_;
  Interrupt interrupt_;
  Tail output_;
  Tail errors_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_question_ = began_;
  std::string told_;
  std::string problem_;
};

}  // namespace

milliseconds ask_interval(milliseconds waited) {
  return std::clamp(waited / 10, milliseconds(500), milliseconds(15'000));
}

int exit_status_of(const JobStatus& status) {
  if (status.state == JobState::succeeded) return 0;
  return status.state == JobState::failed && status.exit_status.value_or(0) != 0 ? *status.exit_status : 1;
}

std::string sentence_about(const JobStatus& status) {
  std::string text = "job " + status.id + " ";
  const std::string why = status.reason.empty() ? "" : " (" + status.reason + ")";
  switch (status.state) {
    case JobState::waiting:
      return text + "waits in the queue" + why;
    case JobState::held:
      return text + "is held in the queue" + why;
    case JobState::running:
      return text + "runs";
    case JobState::succeeded:
      return text + "succeeded";
    case JobState::failed:
      return text + "failed: " +
             (status.exit_status ? "exit status " + std::to_string(*status.exit_status) : "no exit status") +
             why;
    case JobState::cancelled:
      return text + "was cancelled" + why;
    case JobState::timed_out:
      return text + "was ended at its walltime; a longer one can be asked for with -t";
    case JobState::lost:
      return text + "was lost: preempted, or its node failed; it can be submitted again" + why;
    case JobState::unknown:
      return text + "left the queue, and the batch system does not tell how it ended";
  }
  return text;
}

bool Tail::copy_to(std::FILE* out) {
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return false;
  const std::int64_t changed_ns =
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  if (changed_ns < since_ns_) return false;
  if (file_ != status.st_ino || status.st_size < done_) done_ = 0;
  file_ = status.st_ino;
  std::array<char, 65536> piece;
  for (ssize_t got; (got = pread(file.get(), piece.data(), piece.size(), done_)) > 0; done_ += got)
    std::fwrite(piece.data(), 1, static_cast<std::size_t>(got), out);
  if (out == stdout) check_output();
  else std::fflush(out);
  return true;
}

void hold_signals() {
  const sigset_t set = waiting_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int follow(batch::JobRecord record, const batch::JobRegistry& registry, Interrupt interrupt) {
  hold_signals();
  return Follower(std::move(record), registry, interrupt).run();
}

}  // namespace weir::detail::tool
