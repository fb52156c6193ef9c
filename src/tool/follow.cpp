// The loop of `weir submit --wait` and `weir logs --follow`.
#include "tool/follow.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "batch/limiting.hpp"
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

/// A job that is followed, or an element of an array.
struct Followed {
  explicit Followed(batch::JobRecord of)
      : record(std::move(of)),
        output(record.output_file, record.files_since_ns),
        errors(record.error_file, record.files_since_ns) {}

  [[nodiscard]] bool is_over() const { return weir::is_over(record.last.state); }
  bool copy_output() {
    const bool has_output = output.copy_to(stdout);
    return errors.copy_to(stderr) && has_output;
  }

  batch::JobRecord record;
  Tail output;
  Tail errors;
  Clock::time_point over_since{};
  bool is_told = false;  // its end
};

class Follower {
 public:
  Follower(const std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry,
           Interrupt interrupt)
      : registry_(registry), interrupt_(interrupt), array_(records.front().array) {
    for (const batch::JobRecord& record : records) jobs_.emplace_back(record);
  }

  int run() {
    while (true) {
      for (Followed& job : jobs_) look_at(job);
      if (std::all_of(jobs_.begin(), jobs_.end(), [](const Followed& job) { return job.is_told; }))
        return finish();
      if (Clock::now() >= next_question_) ask();
      else if (const int signal = wait_for_signal(look_at_files)) return leave(signal);
    }
  }

 private:
  void look_at(Followed& job) {
    if (job.is_told || (!array_.empty() && !job.is_over())) return;
    const bool has_output = job.copy_output();
    if (!job.is_over()) return;
    if (job.over_since == Clock::time_point{}) job.over_since = Clock::now();
    const bool has_run = job.record.last.state != JobState::cancelled;
    if (!has_output && has_run && Clock::now() < job.over_since + late_output) return;
    if (job.record.last.state != JobState::succeeded) complain("", sentence_about(job.record.last));
    job.is_told = true;
  }

  void ask() {
    std::vector<batch::JobRecord> records;
    for (const Followed& job : jobs_) records.push_back(job.record);
    try {
      batch::refresh(records, registry_, wall_clock());
      for (std::size_t i = 0; i < jobs_.size(); ++i) jobs_[i].record = records[i];
      problem_.clear();
    } catch (const Error& error) {
      if (problem_ != error.what()) complain("", std::string(error.what()) + "; asking again");
      problem_ = error.what();
    }
    if (const std::string now = sentence(); now != told_ && !now.empty()) complain("", told_ = now);
    next_question_ =
        Clock::now() + ask_interval(std::chrono::duration_cast<milliseconds>(Clock::now() - began_));
  }

  /// How things stand while something is to come.
  std::string sentence() const {
    if (array_.empty()) {
      const batch::JobRecord& job = jobs_.front().record;
      return jobs_.front().is_over() ? "" : sentence_about(job.last) + never_text(job);
    }
    const auto count = [&](auto is) { return std::to_string(std::count_if(jobs_.begin(), jobs_.end(), is)); };
    return "job array " + array_ + ": " + count([](const Followed& job) { return job.is_over(); }) + " of " +
           std::to_string(jobs_.size()) + " elements over, " +
           count([](const Followed& job) { return job.record.last.state == JobState::running; }) + " running";
  }

  int finish() const {
    int worst = 0;
    for (const Followed& job : jobs_) worst = std::max(worst, exit_status_of(job.record.last));
    return worst;
  }

  int leave(int signal) {
    if (signal == SIGHUP || interrupt_ == Interrupt::leaves_job) return 128 + signal;
    const batch::JobRecord& first = jobs_.front().record;
    const std::string id = array_.empty() ? first.last.id : array_;
    batch_system(first.system).cancel({id});
    for (Followed& job : jobs_) {
      if (job.is_over()) continue;
      job.record.last.state = JobState::cancelled;
      registry_.save(job.record);
    }
    complain("", "job " + id + " cancelled");
    return 128 + signal;
  }

  std::vector<Followed> jobs_;
  const batch::JobRegistry& registry_;
  Interrupt interrupt_;
  std::string array_;
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

std::string never_text(const batch::JobRecord& job) {
  if (!batch::never_begins(batch_system(job.system), job.last)) return "";
  return ": it asks for more than it may ever have there, and will not begin; `weir cancel " + job.last.id +
         "` ends it";
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
  constexpr std::size_t compared = 1024;
  std::array<char, 65536> piece;
  const auto kept = static_cast<long long>(last_.size());
  if (file_ != status.st_ino || status.st_size < done_ ||
      pread(file.get(), piece.data(), last_.size(), done_ - kept) != kept ||
      last_ != std::string_view(piece.data(), last_.size())) {
    done_ = 0;
    last_.clear();
  }
  file_ = status.st_ino;
  for (ssize_t got; (got = pread(file.get(), piece.data(), piece.size(), done_)) > 0; done_ += got) {
    std::fwrite(piece.data(), 1, static_cast<std::size_t>(got), out);
    last_.append(piece.data(), static_cast<std::size_t>(got));
    last_.erase(0, last_.size() - std::min(last_.size(), compared));
  }
  if (out == stdout) check_output();
  else std::fflush(out);
  return true;
}

void hold_signals() {
  const sigset_t set = waiting_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int follow(const std::vector<batch::JobRecord>& records, const batch::JobRegistry& registry,
           Interrupt interrupt) {
  hold_signals();
  return Follower(records, registry, interrupt).run();
}

}  // namespace weir::detail::tool
