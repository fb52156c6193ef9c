// Model: what rank 0 knows for people who look, as plain data of fixed size.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "protocol/seen.hpp"
#include "seeing/blocks.hpp"
#include "seeing/history.hpp"
#include "seeing/jobs.hpp"
#include "seeing/verdict.hpp"
#include "snapshot/closer_look.hpp"
#include "weir/snapshot.hpp"

namespace weir::detail::seeing {

/// What the rings keep.
enum class Column : std::uint8_t {
  tasks_per_s,
  busy,      ///< Threads that compute ...
  overhead,  ///< ... and so on, as `Activity`: threads.
  fetching,
  no_memory,
  serializing,
  no_parallelism,
  assigning,
  unplaceable,
  nothing_to_do,
  waiting,  ///< Tasks.
  ready,    ///< Queued or assigned.
  managed_mb,
  spilled_mb,
  resident_mb,
  received_mb_per_s,
  cpu,  ///< Cores that workers use.
  workers,
  own_cpu,           ///< Cores that the program's own process uses.
  read_mb_per_s,     ///< From disks, by workers ...
  written_mb_per_s,  ///< ... and to them.
  own_resident_mb,   ///< Of the program's own process, like the rest.
  own_descriptors,
  own_read_mb_per_s,
  own_written_mb_per_s,
  host_received_mb_per_s,  ///< Over all networks of rank 0's host ...
  host_sent_mb_per_s,      ///< ... but the loop inside it.
  count
};
inline constexpr std::size_t columns = static_cast<std::size_t>(Column::count);
using Figures = History<columns>;
[[nodiscard]] std::string_view to_string(Column column) noexcept;

/// A function since the program began.
struct FunctionTotals {
  std::uint64_t function = 0;
  std::string name;
  std::uint64_t submitted = 0, count = 0, failed = 0, bytes = 0;
  double busy_s = 0;
  double per_s = 0, busy = 0;  ///< Of the last second: tasks, threads.
  std::array<std::uint64_t, 65> durations{};
  /// Thread seconds of `compute`, `overhead`, `fetching`, `no_memory` and `serializing`; those of all
  /// functions and of threads that ran none sum to wall time x threads.
  std::array<double, 5> activity_s{};
};

/// A line of a process's log.
struct LogLine {
  double time_s = 0;  ///< When it became known.
  std::string text;
};

/// A worker, now and since it came.
struct WorkerTotals {
  WorkerInfo info;
  bool is_gone = false;
  std::uint64_t count = 0, failed = 0, received_bytes = 0, sent_bytes = 0;
  double busy_s = 0, cpu_s = 0;
  // Of the last second: tasks, threads, cores, bytes.
  double per_s = 0, busy = 0, cpu = 0, received_per_s = 0, sent_per_s = 0, read_per_s = 0, written_per_s = 0;
  std::uint64_t resident_bytes = 0;
  std::uint32_t descriptors = 0;
  double heard_s = 0;        ///< When.
  std::vector<LogLine> log;  ///< The last lines that are of its own process.
};

/// A task that took long.
struct SlowTask {
  TaskId id = 0;
  std::uint64_t function = 0;
  PeerId worker = 0;
  double start_s = 0, length_s = 0;
  bool failed = false;
  bool is_looked_up = false;
  std::string name;                ///< Empty: it was released before anybody asked.
  std::vector<std::string> story;  ///< What became of it, if that was still known then.
};

/// A task that runs.
struct RunningTask {
  TaskId id = 0;
  std::uint64_t function = 0;
  PeerId worker = 0;
  double start_s = 0;
  bool is_looked_up = false;
  std::string name;  ///< Empty: nobody has asked yet.
};

/// A task that failed.
struct FailureSeen {
  double time_s = 0;
  std::string task, worker, type, message;
  std::vector<std::string> story = {};  ///< What became of it before, if that is still known.
  TaskId id = 0;
};

/// Results that have gone from one worker to another since the program began.
struct LinkTotals {
  std::uint64_t bytes = 0, count = 0;
  double per_s = 0, heard_s = 0;  ///< When it was last used, and how much then.
};

/// A function in a profile, under those that called it. The first node is the root.
struct ProfileNode {
  std::string name;
  std::uint64_t count = 0;                   ///< Times it was seen, with what it called.
  std::map<std::string, std::size_t> below;  ///< Position by name.
  std::size_t above = 0;                     ///< Who called it.
};
/// When it was seen last in a stack, innermost.
struct ProfileMoment {
  float time_s = 0;
  std::uint32_t node = 0, count = 0;
};

/// How far a function's tasks are, as the scheduler knows it.
struct Progress {
  std::uint64_t function = 0, submitted = 0, finished = 0;
};

/// What is known of rank 0's own process.
struct OwnProcess {
  double cpu_s = 0;
  std::uint64_t resident_bytes = 0;
  std::uint32_t descriptors = 0;
  std::uint64_t read_bytes = 0, written_bytes = 0;             ///< Of disks.
  std::uint64_t host_received_bytes = 0, host_sent_bytes = 0;  ///< Of all networks of its host.
};

/// Totals, rings and blocks of a program.
///
/// **Units.** `now_s` is seconds since the program began, on a clock that does not jump.
/// **Threads.** One.
/// **Cost.** Of fixed size in the number of tasks; in functions and workers bounded by `most_functions` and
/// by the workers there are. `receive` is O(what the message holds), `tick` O(workers).
class Model {
 public:
  using NameOf = std::function<std::string(std::uint64_t function)>;

  explicit Model(NameOf name_of, std::size_t blocks = 750'000)
      : name_of_(std::move(name_of)), blocks_(blocks) {}
  /// How code in profiles is called.
  void set_code_names(NameOf code_of) { code_of_ = std::move(code_of); }

  /// What a worker says.
  void receive(double now_s, PeerId from, const protocol::Seen& seen);
  /// Once a second: the cluster as the scheduler sees it.
  void tick(double now_s, const Snapshot& snapshot, const std::vector<Progress>& progress,
            const OwnProcess& own);
  void failed(FailureSeen failure);
  /// So many more have failed, without words.
  void failed_more(std::uint64_t count) noexcept { failure_count_ += count; }
  /// The streams of this second, as a `StreamWatch` gives them; after the end of the last stream the last
  /// ones stay.
  void set_streams(std::vector<StreamSeen> streams);
  void set_tasks(snapshot::SeenTasks tasks) {
    if (!tasks.tasks.empty() || !tasks.results.empty()) last_tasks_ = tasks;
    tasks_ = std::move(tasks);
  }
  /// The clusters that grow; those that have been closed stay as they were last.
  void set_jobs(std::vector<JobsSeen> jobs) {
    if (!jobs.empty()) jobs_ = std::move(jobs);
  }
  /// Further lines that rank 0 has logged.
  void add_log(double now_s, const std::vector<std::string>& lines) {
    add_lines(log_, now_s, lines, most_own_lines);
  }
  /// The tasks that took longest, the longest first; whoever can tell more of one may add it.
  [[nodiscard]] std::vector<SlowTask>& slowest() noexcept { return slowest_; }
  [[nodiscard]] const std::vector<SlowTask>& slowest() const noexcept { return slowest_; }

  /// The tasks that have run for longest, of those that run now, the longest first; likewise.
  [[nodiscard]] std::vector<RunningTask>& running() noexcept { return longest_; }
  [[nodiscard]] const std::vector<RunningTask>& running() const noexcept { return longest_; }

  [[nodiscard]] double now_s() const noexcept { return now_s_; }
  [[nodiscard]] const std::vector<FunctionTotals>& functions() const noexcept { return functions_; }
  [[nodiscard]] const std::map<PeerId, WorkerTotals>& workers() const noexcept { return workers_; }
  [[nodiscard]] const std::deque<FailureSeen>& failures() const noexcept { return failures_; }
  [[nodiscard]] std::uint64_t failure_count() const noexcept { return failure_count_; }
  [[nodiscard]] const std::vector<StreamSeen>& streams() const noexcept { return streams_; }
  [[nodiscard]] const std::vector<LogLine>& log() const noexcept { return log_; }
  /// By sender and receiver.
  [[nodiscard]] const std::map<std::pair<PeerId, PeerId>, LinkTotals>& links() const noexcept {
    return links_;
  }
  [[nodiscard]] const snapshot::SeenTasks& tasks() const noexcept { return tasks_; }
  /// The last look at which there was something: what a report shows, since nothing is left at the end.
  [[nodiscard]] const snapshot::SeenTasks& last_tasks() const noexcept { return last_tasks_; }
  [[nodiscard]] const std::vector<JobsSeen>& jobs() const noexcept { return jobs_; }
  /// Of all workers since the program began; only the root if nobody has WEIR_PROFILE.
  [[nodiscard]] const std::vector<ProfileNode>& profile() const noexcept { return profile_; }
  /// The same nodes with the counts of a range of time, as far as the last `most_moments` go.
  [[nodiscard]] std::vector<std::uint64_t> profile_between(double from_s, double to_s) const;
  [[nodiscard]] std::string name_of(std::uint64_t function) const;
  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }
  [[nodiscard]] const OwnProcess& own() const noexcept { return own_now_; }
  [[nodiscard]] const Figures& figures() const noexcept { return figures_; }
  /// Since the program began, and of the last ten seconds.
  [[nodiscard]] const ActivitySeconds& activity() const noexcept { return activity_; }
  [[nodiscard]] ActivitySeconds recent_activity() const;
  /// A thread of a worker: a row of the task stream.
  struct Row {
    PeerId peer;
    std::uint16_t thread;
  };
  [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
  [[nodiscard]] std::vector<Block> tile(const TileRequest& request) const;

  static constexpr std::size_t most_functions = 4096;
  static constexpr std::size_t most_failures = 100;
  static constexpr std::size_t most_slow = 50;
  static constexpr std::size_t most_running = 20;
  static constexpr std::size_t most_own_lines = 200, most_lines = 10'000;  ///< Of rank 0, of all workers.
  static constexpr std::size_t most_profile_nodes = 5000;
  static constexpr std::size_t most_moments = 500'000;
  static constexpr std::size_t most_links = 4096;  ///< Those that less has come over are forgotten.
  static constexpr std::size_t most_gone = 100;    ///< Workers that are remembered after they have gone.

 private:
  std::uint16_t function_index(std::uint64_t function);
  std::uint16_t row_of(PeerId peer, std::uint16_t thread);
  void add_blocks(double now_s, PeerId from, const protocol::Seen& seen,
                  const std::vector<std::uint16_t>& functions);
  void add_activity(double busy_s, const protocol::Seen& seen, const std::vector<std::uint16_t>& functions);
  void add_links(double now_s, PeerId to, const protocol::Seen& seen);
  void add_slow(PeerId from, const protocol::Seen& seen);
  void find_running();
  static void add_lines(std::vector<LogLine>& to, double now_s, const std::vector<std::string>& lines,
                        std::size_t most);
  void add_stack(double now_s, const protocol::SeenStack& stack);
  const std::string& code_name(std::uint64_t code);
  void forget_gone();

  NameOf name_of_;
  double now_s_ = 0;
  std::vector<FunctionTotals> functions_;
  std::unordered_map<std::uint64_t, std::uint16_t> function_index_;
  struct Last {  // of a function at the last tick
    std::uint64_t count = 0;
    double busy_s = 0;
  };
  std::vector<Last> last_;
  double ticked_s_ = 0;
  std::map<PeerId, WorkerTotals> workers_;
  std::uint64_t threads_ = 0;  // of those that are there: tasks beyond that many wait for a thread
  std::map<PeerId, std::int64_t> offset_us_;  // from a worker's clock to ours: the least ever seen
  std::map<PeerId, std::vector<Block>> running_;
  std::map<PeerId, std::vector<RunningTask>> told_running_;  // as each worker said last
  std::vector<RunningTask> longest_;                         // of these
  std::vector<Row> rows_;
  std::map<std::pair<PeerId, std::uint16_t>, std::uint16_t> row_index_;
  Blocks blocks_;
  Snapshot snapshot_;
  OwnProcess own_, own_now_;  // at the last row, and now
  // `fresh_`: since the last row of the rings; `added_`: of that, what `activity_` has already.
  ActivitySeconds activity_{}, fresh_{}, added_{};
  std::uint64_t count_ = 0, counted_ = 0;
  Figures figures_;
  std::deque<FailureSeen> failures_;
  std::uint64_t failure_count_ = 0;
  std::vector<StreamSeen> streams_;
  std::vector<LogLine> log_;
  std::vector<SlowTask> slowest_;
  std::map<std::pair<PeerId, PeerId>, LinkTotals> links_;
  snapshot::SeenTasks tasks_, last_tasks_;
  NameOf code_of_;
  std::unordered_map<std::uint64_t, std::string> code_names_;
  std::vector<ProfileNode> profile_{1};
  std::vector<ProfileMoment> moments_;  // a ring
  std::size_t next_moment_ = 0;
  std::vector<JobsSeen> jobs_;
};

}  // namespace weir::detail::seeing
