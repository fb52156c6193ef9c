// SimulatedCluster: the scheduler's and the workers' state machines with a virtual clock and a virtual
// network between them.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <queue>
#include <random>
#include <unordered_map>

#include "scheduler/departures.hpp"
#include "scheduler/state.hpp"
#include "simulator/graph.hpp"
#include "worker/state.hpp"

namespace weir::detail::simulator {

struct SimulatedSettings {
  scheduler::Settings scheduling;
  std::uint64_t seed = 1;
  double latency_s = 20e-6;       ///< Least delay of a message.
  double jitter_s = 0;            ///< Up to so much more, at random; the order between two peers is kept.
  double bytes_per_s = 2e9;       ///< Of each link.
  worker::MemoryLimits memory;    ///< Of every worker.
  double disk_bytes_per_s = 1e9;  ///< Of every worker's disk.
  double disk_failing = 0;        ///< Fraction of the writes that find it full.
  double notice_s = 1e-3;         ///< Until a death is noticed, at most.
  bool checked = false;           ///< All invariants after every event, and every value when it is used.
  /// Rank 0's own time passes too: the scheduler's as it is measured here (so no two runs are alike), and
  /// `message_s` for each message that comes or goes, `carried_s` if it goes with another one. What comes
  /// meanwhile waits.
  bool busy_rank0 = false;
  double message_s = 100e-9;
  double carried_s = 20e-9;
};

/// So many messages of one kind.
struct MessageCount {
  std::string kind;
  std::uint64_t count = 0;
};

/// What the simulated client knows of one of its tasks.
struct SimulatedFuture {
  enum class Status : std::uint8_t { pending, finished, error, cancelled };
  Status status = Status::pending;
  bool held = false;
  bool has_value = false;
  bool fetching = false;
  bool asked = false;         ///< Its value is wanted here as soon as it exists.
  std::uint16_t retries = 0;  ///< Asked for, which the scheduler has not confirmed yet.
  std::uint16_t run = 0;      ///< The `RunMark` of the one that `holder` has the result of.
  PeerId holder = 0;
  std::shared_ptr<const Failure> failure;
};

/// A whole cluster in one thread and no time: what happens, and in which order, depends on the seed alone.
///
/// Tasks take virtual time and, if all is checked, produce a number made of their inputs' numbers, so that a
/// result computed from wrong data is noticed.
///
/// **Errors.** `run` throws `Error{internal}` when an invariant is broken or a task sees a wrong value.
class SimulatedCluster {
 public:
  using Task = SimulatedTask;

  explicit SimulatedCluster(SimulatedSettings settings = {});
  SimulatedCluster(const SimulatedCluster&) = delete;

  // --- workers
  PeerId join(std::uint32_t threads, std::vector<Resource> resources = {}, std::string name = {});
  /// Falls silent now; what it sent may arrive or not. It is noticed a little later.
  void kill(PeerId peer);
  /// Is taken for dead although it lives, and hears of it a little later.
  void mistake_for_dead(PeerId peer);
  void retire(PeerId peer);
  void restart();
  void give_up(const std::string& reason);
  [[nodiscard]] std::vector<PeerId> alive() const;

  // --- the client on rank 0; `inputs` are ids
  TaskId submit(Task task, const std::vector<TaskId>& inputs);
  /// A gang of so many ranks, each of which takes as long as the task.
  std::vector<TaskId> submit_gang(const Task& task, const std::vector<TaskId>& inputs, std::uint32_t ranks);
  TaskId scatter(std::uint64_t bytes, const std::vector<PeerId>& targets);
  void release(TaskId id);
  void cancel(TaskId id);
  void retry(TaskId id);
  /// Asks for the value now or when it exists.
  void fetch(TaskId id);
  [[nodiscard]] const SimulatedFuture& future(TaskId id) const { return plan(id).future; }
  /// How often it was begun.
  [[nodiscard]] std::uint32_t runs_of(TaskId id) const { return plan(id).runs; }
  /// The number a task must produce.
  [[nodiscard]] std::uint64_t value_of(TaskId id) const { return plan(id).value; }

  // --- time
  void at(double when, std::function<void()> action);
  /// Handles the next event; false when nothing will happen any more.
  bool step();
  void run() {
    while (step()) {
    }
  }
  /// With a busy rank 0: handles what happens until what it has been given so far is done.
  void catch_up();
  [[nodiscard]] double now() const noexcept { return now_; }
  /// When the client last heard that a task has finished.
  [[nodiscard]] double last_done() const noexcept { return last_done_; }
  /// All invariants of the scheduler and of every worker.
  void check() const;

  // --- what it cost
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  /// Of these, to and from rank 0, without what another one carried.
  [[nodiscard]] std::uint64_t rank0_messages() const noexcept { return rank0_messages_; }
  /// The same by kind, most frequent first, without those of which there was none.
  [[nodiscard]] std::vector<MessageCount> kinds() const;
  /// For how long a busy rank 0 was busy. **Units.** Seconds.
  [[nodiscard]] double rank0_s() const noexcept { return rank0_s_; }
  [[nodiscard]] std::uint64_t executions() const noexcept { return executed_; }
  /// Results written to disk.
  [[nodiscard]] std::uint64_t spills() const noexcept { return spilled_; }
  /// CPU time spent in the scheduler. **Units.** Seconds.
  [[nodiscard]] double scheduler_cpu_s() const noexcept { return scheduler_cpu_s_; }

  [[nodiscard]] const scheduler::State& scheduler() const noexcept { return scheduler_; }
  [[nodiscard]] const worker::State& worker(PeerId peer) const { return *workers_.at(peer).state; }
  /// Called for every message that is delivered, for people: time, from, to, what.
  std::function<void(double, PeerId, PeerId, const std::string&)> trace;

 private:
  template <class Message>
  struct Carrying {
    Message message;
    task::Value value;
  };
  using Letter =
      std::variant<protocol::RunTask, protocol::CancelRun, protocol::RetractRun, protocol::FreeResult,
                   protocol::InputAt, protocol::ReplicateResult, protocol::PeersGone, protocol::Refused,
                   protocol::RunFinished, protocol::RunFailed, protocol::RunWaits, protocol::RetractReply,
                   protocol::ResultHere, protocol::InputMissing, protocol::ResultBroken, protocol::GetResult,
                   protocol::DropRequest, protocol::ResultMissing, protocol::MemoryUse, protocol::GangBroken,
                   Carrying<protocol::ResultData>, Carrying<protocol::PutResult>>;
  struct Worker {
    std::unique_ptr<worker::State> state;
    bool silent = false;     // dead
    double heard_until = 0;  // when dead: what arrives later is lost
    bool noticed = false;    // the scheduler knows
    std::vector<PeerId> forgotten;
    double last_to_scheduler = 0, last_from_scheduler = 0;
    std::vector<Letter> late;  // to it, with the next one
    bool writing = false;      // a result to its disk
    std::uint32_t threads = 1;
  };
  /// What is left of a task once it is submitted; there are as many as the graph has tasks.
  struct Plan {
    double duration_s = 0;
    std::uint64_t bytes = 0;
    std::uint64_t value = 0;
    std::uint16_t failures = 0;
    std::uint16_t runs = 0;
    bool broken = false;
    SimulatedFuture future;
  };
  struct Delivery {
    PeerId from, to;
    Letter letter;
  };
  struct Execution {
    PeerId worker;
    worker::Execution task;
  };
  enum class Kind : std::uint8_t { delivery, execution, call, rank0 };  // rank0: it is free again
  struct Event {
    double time;
    std::uint64_t number;
    Kind kind;
    std::uint32_t slot;
    bool operator<(const Event& other) const noexcept {
      return time != other.time ? time > other.time : number > other.number;
    }
  };
  // Things that wait for their event, in slots that are used again.
  template <class T>
  struct Slots {
    std::vector<T> items;
    std::vector<std::uint32_t> spare;
    std::uint32_t add(T item) {
      if (spare.empty()) {
        items.push_back(std::move(item));
        return static_cast<std::uint32_t>(items.size() - 1);
      }
      const std::uint32_t slot = spare.back();
      spare.pop_back();
      items[slot] = std::move(item);
      return slot;
    }
    T take(std::uint32_t slot) {
      spare.push_back(slot);
      return std::move(items[slot]);
    }
  };

  template <class F>
  void decide(F&& event);
  void took(double seconds);
  void keep_busy(double seconds);
  void perform();
  void lost_worker(PeerId peer, const std::vector<TaskId>& executing);
  void tell_departures();
  void send(PeerId from, PeerId to, Letter letter, std::uint64_t bytes = 0);
  void put_on_way(PeerId from, PeerId to, Letter letter, std::uint64_t bytes);
  void send_later(PeerId to, Letter letter);
  void send_late(PeerId to, bool carried);
  void call_rank0(double when);
  double& last_arrival(PeerId from, PeerId to);
  void schedule(double time, Kind kind, std::uint32_t slot);
  void deliver(Delivery delivery);
  [[nodiscard]] bool must_wait(std::uint32_t slot);
  void take_next();
  void to_scheduler(PeerId from, Letter& letter);
  void to_worker(PeerId from, PeerId to, Letter& letter);
  void send_all(PeerId peer, worker::Actions& actions);
  void carry_out(PeerId peer);
  void send_value(PeerId from, PeerId to, TaskId id, std::uint32_t request);
  void start_tasks(PeerId peer);
  void start_spill(PeerId peer);
  void wait_for_child(Execution execution);
  void go_on_after(TaskId child, Execution execution, double look_s);
  void set_waits(const Execution& execution, bool waits);
  void finish(Execution execution);
  TaskId submit(Task task, const std::vector<TaskId>& inputs, protocol::GangPlace* place);
  void on(const protocol::TaskDone& message);
  void on(const protocol::TaskFailed& message);
  void on(const protocol::TaskPending& message);
  void on_value(TaskId id, const task::Value& value);
  void ask(TaskId id);
  void verify(TaskId id, const task::Value& value, const char* where) const;
  [[nodiscard]] Plan& plan(TaskId id) { return plans_.at(task_number(id)); }
  [[nodiscard]] const Plan& plan(TaskId id) const { return plans_.at(task_number(id)); }
  [[nodiscard]] double random_s(double most) {
    return most > 0 ? std::uniform_real_distribution<double>(0, most)(random_) : 0;
  }

  SimulatedSettings settings_;
  scheduler::State scheduler_;
  scheduler::Departures departures_;
  scheduler::Actions decided_;
  worker::Actions done_;
  std::vector<Worker> workers_;             // by peer
  std::deque<Plan> plans_;                  // by number
  std::deque<std::vector<TaskId>> inputs_;  // by number; empty unless all is checked
  std::unordered_map<TaskId, std::shared_ptr<const Task>> children_;  // of those that have one
  /// What is neither checked nor spilled, however many results it stands for.
  task::Value any_value_ = task::Value::make(std::uint64_t{0});
  std::mt19937_64 random_;
  std::priority_queue<Event> events_;
  Slots<Delivery> deliveries_;
  Slots<Execution> executions_;
  Slots<std::function<void()>> calls_;
  std::unordered_map<std::uint64_t, double> last_arrivals_;
  double now_ = 0, last_done_ = 0;
  double free_at_ = 0;                 // rank 0, if it is busy
  std::deque<std::uint32_t> waiting_;  // deliveries to rank 0, which is busy
  std::vector<PeerId> late_;           // workers to whom something can wait; to some it has left since
  bool is_called_ = false;             // rank 0, to what waits
  std::uint64_t number_ = 0;
  std::uint64_t messages_ = 0, rank0_messages_ = 0, executed_ = 0, spilled_ = 0;
  std::array<std::uint64_t, std::variant_size_v<Letter>> sent_{};  // by kind
  double rank0_s_ = 0;
  double scheduler_cpu_s_ = 0;
};

}  // namespace weir::detail::simulator
