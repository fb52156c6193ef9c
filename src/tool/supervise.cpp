// One poll loop over mpirun's output, the signals and what rank 0 leaves.
#include "tool/supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "core/descriptor.hpp"
#include "core/process.hpp"
#include "home/mpi_job.hpp"
#include "tool/descendants.hpp"
#include "tool/job_guard.hpp"
#include "tool/listener.hpp"
#include "tool/noise.hpp"
#include "tool/outlet.hpp"
#include "tool/site.hpp"
#include "tool/start.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array passed_on{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
constexpr milliseconds hold_time(100);  // how long bytes that look like mpirun's may wait for the rest
constexpr milliseconds drain_time(1000);
constexpr milliseconds look_after_descendants(20);
constexpr milliseconds same_announcement(1000);      // a batch system may tell the shell and its programs
constexpr rlim_t least_file_size = rlim_t{8} << 20;  // Open MPI's segments have 4 MiB

/// Between Hydra and its ranks stands a process of each host.
std::vector<pid_t> grandchildren_of(pid_t pid) {
  std::vector<pid_t> all;
  for (const pid_t child : children_of(pid))
    for (const pid_t grandchild : children_of(child)) all.push_back(grandchild);
  return all;
}

bool asks_to_end(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

class Supervisor {
 public:
  Supervisor(const Launch& launch, const StatusFolder& folder, const Patience& patience);
  ~Supervisor();
  int run();

 private:
  void wait_for_events();
  void on_signal(const signalfd_siginfo& signal);
  void on_stdout();
  void on_stderr();
  void on_status();
  void read_notes();
  void on_note();
  void on_deadline(Clock::time_point now);
  void on_end_signal(const signalfd_siginfo& signal);
  void on_heard(int signal);
  void announce();
  void reap();
  [[nodiscard]] std::vector<pid_t> programs_here(bool only_first) const;
  [[nodiscard]] bool is_heard_by_body(int signal) const;
  void tell_ranks(int signal, bool only_first) const;
  void end_within(std::chrono::nanoseconds time);
  void end_descendants();
  void drain();
  void say(const std::string& sentence) { errors_.put("weir run: " + sentence + "\n"); }
  [[nodiscard]] std::optional<int> process_status() const { return note_ ? note_ : noise_.note(); }
  [[nodiscard]] int timeout_ms(Clock::time_point now) const;
  [[nodiscard]] int status_of_job();
  [[nodiscard]] int status_of_workers();
  [[nodiscard]] int status_with_output(int status);
  void tell_file_limit();

  const StatusFolder& folder_;
  const Patience& patience_;
  const int end_of_mpirun_;  // the signal that ends it
  sigset_t mask_before_;
  JobGuard guard_;     // ahead of the descendants, to which it does not belong,
  Listener listener_;  // nor does this
  Descendants descendants_;
  Descriptor signals_;
  Descriptor folder_events_;
  Descriptor stdout_;
  Descriptor stderr_;
  NoiseFilter noise_;
  Outlet output_{STDOUT_FILENO};
  Outlet errors_{STDERR_FILENO};
  pid_t mpirun_ = 0;
  std::optional<int> mpirun_status_;  // as wait() tells it
  std::string note_text_;
  std::optional<int> note_;                         // how rank 0's process ended
  bool watcher_is_gone_ = false;                    // rank 0's `weir rank` has been there
  int end_signal_ = 0;                              // the one we were told to end with
  bool is_of_workers_ = false;                      // the ranks are workers of a running program
  bool is_told_again_ = false;                      // and we were told more than once
  bool was_terminated_ = false;                     // by our signal
  std::optional<Clock::time_point> terminated_at_;  // we were told so by SIGTERM
  std::optional<Clock::time_point> announced_at_;   // to ranks that end by themselves
  std::optional<Clock::time_point> told_at_;        // they were
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> release_at_;
};

Supervisor::Supervisor(const Launch& launch, const StatusFolder& folder, const Patience& patience)
    : folder_(folder),
      patience_(patience),
      end_of_mpirun_(launch.end_signal),
      guard_(folder.file()),
      listener_(launch.listener) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : passed_on) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, &mask_before_);
  sigset_t before = mask_before_;
  signals_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  folder_events_ = Descriptor(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  inotify_add_watch(folder_events_.get(), folder.path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
  is_of_workers_ = launch.environment.contains("WEIR_CONNECT");
  // A batch system may send SIGTERM to all processes of a job. mpirun would kill the ranks a second later,
  // but workers hand over what they have, and the body saves.
  if (end_of_mpirun_ != SIGTERM) sigaddset(&before, SIGTERM);
  Started started = start(launch, before);
  mpirun_ = started.pid;
  noise_.set_launcher(started.pid);
  noise_.set_note_mark(note_mark(folder.file()));
  stdout_ = std::move(started.output);
  stderr_ = std::move(started.error_output);
  std::signal(SIGPIPE, SIG_IGN);
}

Supervisor::~Supervisor() {
  std::signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

int Supervisor::run() {
  while (!mpirun_status_) wait_for_events();
  end_descendants();
  drain();
  read_notes();
  const int status = status_with_output(status_of_job());
  if (status != 0) tell_file_limit();
  for (const auto end = Clock::now() + drain_time; !errors_.is_empty() && Clock::now() < end;)
    wait_for_events();
  return status;
}

void Supervisor::wait_for_events() {
  // What the user has not taken yet is waited for before more is read.
  std::array<pollfd, 7> ready{{{signals_.get(), POLLIN, 0},
                               {output_.is_empty() ? stdout_.get() : -1, POLLIN, 0},
                               {errors_.is_empty() ? stderr_.get() : -1, POLLIN, 0},
                               {folder_events_.get(), POLLIN, 0},
                               {watcher_is_gone_ ? -1 : folder_.notes().get(), POLLIN, 0},
                               output_.wanted(),
                               errors_.wanted()}};
  if (poll(ready.data(), ready.size(), timeout_ms(Clock::now())) < 0 && errno != EINTR)
    throw Error(ErrorKind::io, std::string("cannot wait for mpirun (") + std::strerror(errno) + ")");
  if (ready[1].revents) on_stdout();
  if (ready[2].revents) on_stderr();
  if (ready[3].revents) on_status();
  read_notes();
  if (ready[5].revents) output_.write_some();
  if (ready[6].revents) errors_.write_some();
  if (output_.problem() == EPIPE) stdout_ = Descriptor();  // mpirun notices and ends the job
  signalfd_siginfo signal;
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) on_signal(signal);
  on_deadline(Clock::now());
}

void Supervisor::on_signal(const signalfd_siginfo& signal) {
  const int number = static_cast<int>(signal.ssi_signo);
  if (number == SIGCHLD) reap();
  else if (asks_to_end(number)) on_end_signal(signal);
  else tell_ranks(number, true);
}

/// mpirun would kill the ranks a second after the signal. Workers hand over first, and a body that hears
/// SIGTERM saves what it has, with all its workers.
void Supervisor::on_end_signal(const signalfd_siginfo& signal) {
  const int number = static_cast<int>(signal.ssi_signo);
  if (number == SIGTERM && terminated_at_ && Clock::now() < *terminated_at_ + same_announcement) return;
  if (number == SIGTERM) terminated_at_ = Clock::now();
  is_told_again_ = end_signal_ != 0;
  end_signal_ = number;
  if (number == SIGTERM && !is_told_again_ && (is_of_workers_ || is_heard_by_body(number))) {
    announced_at_ = Clock::now();
    end_within(patience_.after_announcement);
    if (deadline_) folder_.note_end(deadline_->time_since_epoch() / std::chrono::nanoseconds(1));
    return announce();
  }
  end_within(patience_.after_signal);
  // mpirun's SIGTERM comes a moment before its SIGKILL: nothing could be said or saved between them.
  if (!is_told_again_ && number != SIGTERM && is_heard_by_body(number)) tell_ranks(number, true);
  // What the terminal sends (Ctrl-C) has reached mpirun too: it is in the same process group.
  if (signal.ssi_code != SI_KERNEL && !mpirun_status_) kill(mpirun_, end_of_mpirun_);
}

/// To those that end by themselves, once: the batch system may tell its steps and this process alike.
void Supervisor::announce() {
  const auto now = Clock::now();
  if (!told_at_ || now >= *told_at_ + same_announcement) tell_ranks(SIGTERM, !is_of_workers_);
  told_at_ = now;
}

/// The job's end has been announced where this process does not hear it, or a signal is for the body. When
/// the end comes the batch system will tell, so that nothing is counted from here.
void Supervisor::on_heard(int signal) {
  if (signal == SIGUSR1 || signal == SIGUSR2) return tell_ranks(signal, true);
  if (signal == SIGTERM && (is_of_workers_ || is_heard_by_body(signal))) announce();
}

/// Orphans of the job are children of this process too.
void Supervisor::reap() {
  int status = 0;
  for (pid_t child = 0; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (child == mpirun_ && !mpirun_status_) mpirun_status_ = status;
    if (child == listener_.process()) on_heard(WIFEXITED(status) ? WEXITSTATUS(status) - 128 : 0);
  }
}

void Supervisor::on_stdout() {
  std::array<char, 65536> piece;
  const ssize_t count = ::read(stdout_.get(), piece.data(), piece.size());
  if (count > 0) {
    output_.put({piece.data(), static_cast<std::size_t>(count)});
    output_.write_some();
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    stdout_ = Descriptor();
  }
}

void Supervisor::on_stderr() {
  std::array<char, 65536> piece;
  const ssize_t count = ::read(stderr_.get(), piece.data(), piece.size());
  if (count > 0) {
    errors_.put(noise_.feed({piece.data(), static_cast<std::size_t>(count)}));
    errors_.write_some();
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
  const bool is_in_main = folder_.has_left() && !note_ && !watcher_is_gone_;
  if (folder_.program_status() && !is_in_main) end_within(patience_.after_program);
  // What main does after `weir::run` takes as long as it takes.
  if (!is_in_main || was_terminated_ || is_told_again_) return;
  if (!end_signal_) deadline_.reset();
  else if (announced_at_) deadline_ = *announced_at_ + patience_.after_announcement;
}

/// All that is there, since the end of mpirun may be seen in the same moment. A pipe that nobody has opened
/// yet would read as ended.
void Supervisor::read_notes() {
  pollfd ready{folder_.notes().get(), POLLIN, 0};
  for (std::size_t before = std::string::npos; before != note_text_.size() && !watcher_is_gone_;) {
    before = note_text_.size();
    if (poll(&ready, 1, 0) > 0) on_note();
  }
}

void Supervisor::on_note() {
  std::array<char, 16> piece;
  const ssize_t count = ::read(folder_.notes().get(), piece.data(), piece.size());
  if (count > 0) note_text_.append(piece.data(), static_cast<std::size_t>(count));
  if (count != 0) return;
  watcher_is_gone_ = true;
  if (!note_text_.empty()) note_ = std::atoi(note_text_.c_str());
  // A program that leaves no status may end on rank 0 while other ranks still work; one that failed, or was
  // killed together with its `weir rank`, leaves them waiting for ever.
  if (note_.value_or(1) != 0 || folder_.program_status()) end_within(patience_.after_program);
}

/// The programs of this host's ranks, or that of rank 0 alone. Those that Slurm's launcher has started are
/// children of nobody here.
std::vector<pid_t> Supervisor::programs_here(bool only_first) const {
  std::vector<pid_t> all;
  if (mpirun_status_) return all;
  const bool is_hydra = home::mpi_family() == home::MpiFamily::mpich;
  for (const pid_t rank : is_hydra ? grandchildren_of(mpirun_) : children_of(mpirun_)) {
    const bool is_first = variable_in(rank, is_hydra ? "PMI_RANK" : "OMPI_COMM_WORLD_RANK") == "0";
    if (only_first && !is_first) continue;
    // Beside the program of rank 0 stands `weir rank`; under Hydra beside each.
    const std::vector<pid_t> programs = is_first || is_hydra ? children_of(rank) : std::vector<pid_t>{rank};
    all.insert(all.end(), programs.begin(), programs.end());
  }
  return all;
}

bool Supervisor::is_heard_by_body(int signal) const {
  return std::ranges::any_of(programs_here(true), [&](pid_t program) { return catches(program, signal); });
}

/// For workers a signal that is meant for the program's body would be the end.
void Supervisor::tell_ranks(int signal, bool only_first) const {
  if (mpirun_status_) return;
  const std::vector<pid_t> programs = programs_here(only_first);
  for (const pid_t program : programs) kill(program, signal);
  // Where rank 0 is on another host mpirun tells all; workers leave the signal to the body.
  if (programs.empty()) kill(mpirun_, signal);
}

void Supervisor::end_within(std::chrono::nanoseconds time) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
  if (!was_terminated_ && (!deadline_ || end < *deadline_)) deadline_ = end;
}

void Supervisor::on_deadline(Clock::time_point now) {
  if (release_at_ && now >= *release_at_) {
    errors_.put(noise_.release());
    release_at_.reset();
  }
  if (!deadline_ || now < *deadline_ || mpirun_status_) return;
  if (!was_terminated_) {
    if (folder_.program_status()) {  // the output of one that was left keeps mpirun waiting
      for (const std::string& name : descendants_.left(mpirun_))
        say("the program has left " + name + " behind, which is ended");
    } else if (announced_at_ && !is_told_again_) {
      say("the program was told to end by SIGTERM " + to_string(patience_.after_announcement) +
          " ago, and is ended");
    }
    kill(mpirun_, end_of_mpirun_);
    deadline_.reset();
    end_within(patience_.after_term);
    was_terminated_ = true;
    return;
  }
  kill(mpirun_, SIGKILL);
  deadline_.reset();
}

int Supervisor::timeout_ms(Clock::time_point now) const {
  if (mpirun_status_) return static_cast<int>(look_after_descendants.count());
  std::optional<Clock::time_point> next = deadline_;
  if (release_at_ && (!next || *release_at_ < *next)) next = release_at_;
  if (!next) return -1;
  return static_cast<int>(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next - now)).count());
}

void Supervisor::end_descendants() {
  const bool is_time_up = was_terminated_ || is_told_again_;  // they have had theirs
  descendants_.end_within(is_time_up ? std::chrono::nanoseconds(0) : patience_.after_term);
  while (descendants_.end_some()) {
    const bool was_told_again = is_told_again_;
    for (const std::string& name : descendants_.killed())
      if (!is_time_up)
        say("the program has left " + name + " behind, which did not end by SIGTERM; it was killed");
    wait_for_events();
    if (is_told_again_ && !was_told_again) descendants_.end_within(std::chrono::nanoseconds(0));
  }
}

/// Reads what mpirun wrote before it ended, for as long as the user takes it; a process that could not be
/// ended may keep the pipes open, so not for ever.
void Supervisor::drain() {
  auto end = Clock::now() + drain_time;
  const auto is_open = [&] { return stdout_.get() >= 0 || stderr_.get() >= 0; };
  while (!is_told_again_ &&
         (!output_.is_empty() || !errors_.is_empty() || (is_open() && Clock::now() < end))) {
    if (!output_.is_empty() || !errors_.is_empty()) end = Clock::now() + drain_time;
    wait_for_events();
  }
  errors_.put(noise_.release());
}

/// Whether a process gets it for a fault of its own.
bool is_of_a_fault(int signal) {
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

std::string ended_by(const std::string& who, int signal) {
  return who + " was ended by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

/// Of those that ended behind `weir::run`.
int Supervisor::status_of_workers() {
  const auto end = folder_.worker_end();
  if (!end) return 0;
  const std::string who = "rank " + std::to_string(end->rank);
  say((end->status > 128 ? ended_by(who, end->status - 128)
                         : who + " ended with status " + std::to_string(end->status)) +
      ", after weir::run had returned there");
  return end->status;
}

int Supervisor::status_of_job() {
  // What main makes of a body that has worked counts too; a signal that may be mpirun's, or ours, does not.
  if (const auto program = folder_.program_status()) {
    const int of_main = process_status().value_or(0);
    const bool is_its_own =
        folder_.has_left() && !end_signal_ && !was_terminated_ && !WIFSIGNALED(*mpirun_status_);
    if (const int signal = of_main - 128; signal > 0 && (is_of_a_fault(signal) || is_its_own)) {
      say(ended_by("rank 0", signal) + ", after its body");
      return of_main;
    }
    if (*program == 0 && of_main == 0) return status_of_workers();
    return *program == 0 && of_main < 128 ? of_main : *program & 0xff;
  }
  if (end_signal_) return 128 + end_signal_;
  if (noise_.reader_gone()) return 128 + SIGPIPE;
  const int of_mpirun =
      WIFSIGNALED(*mpirun_status_) ? 128 + WTERMSIG(*mpirun_status_) : WEXITSTATUS(*mpirun_status_);
  // Without mpirun, rank 0's `weir rank` kills the program, if what it writes to nobody has not ended it
  // before: that is no death of its own.
  const bool was_left = WIFSIGNALED(*mpirun_status_) &&
                        (process_status() == 128 + SIGKILL || process_status() == 128 + SIGPIPE);
  const auto process = was_left ? std::nullopt : process_status();
  const int status = process ? *process : of_mpirun;
  if (status != 0 || !process) errors_.put(noise_.banners());
  if (noise_.banners().find("unable to reliably start one or more daemons") != std::string::npos)
    say("mpirun could not start ranks on other nodes, where it logs in with ssh; " +
        std::string(ways_to_nodes));
  if (process.value_or(0) > 128) say(ended_by("rank 0", *process - 128));
  else if (!process && WIFSIGNALED(*mpirun_status_)) say(ended_by("mpirun", WTERMSIG(*mpirun_status_)));
  if (process || (of_mpirun != 0 && !watcher_is_gone_)) return status;
  say(watcher_is_gone_ ? "the process that watches rank 0 was ended before it could tell the exit status; "
                         "what the job printed may be incomplete"
                       : "rank 0 was not started, though mpirun ended with 0; `weir info` shows which mpirun "
                         "that is");
  return of_mpirun != 0 ? of_mpirun : 1;
}

/// `status`, unless output of the job was lost.
int Supervisor::status_with_output(int status) {
  if (status != 0 || output_.problem() == 0) return status;
  if (output_.problem() == EPIPE) return 128 + SIGPIPE;
  say(std::string("output of the job could not be written (") + std::strerror(output_.problem()) + ")");
  return 1;
}

/// MPI's own words do not tell.
void Supervisor::tell_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= least_file_size) return;
  say("no file may have more than " + std::to_string(limit.rlim_cur) +
      " bytes here (ulimit -f), which MPI needs for what its ranks share; `ulimit -f unlimited` allows it");
}

}  // namespace

int supervise(const Launch& launch, const StatusFolder& folder, const Patience& patience) {
  return Supervisor(launch, folder, patience).run();
}

}  // namespace weir::detail::tool
