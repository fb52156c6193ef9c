// Pocket: what a running task has submitted and only its own thread knows of.
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

class Pocket;
struct Hand;

/// Where a task comes from: the task that submitted it, or the order of that, once it has ended.
///
/// **Threads.** Any.
class Origin {
 public:
  explicit Origin(TaskId task) noexcept : word_(task) {}
  /// It may be forgotten from now on; 0: its order is not known.
  void ended(std::uint64_t order) noexcept { word_.store(is_order | order, std::memory_order_relaxed); }
  /// 0: it has ended, or there is none.
  [[nodiscard]] TaskId task() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return word & is_order ? 0 : word;
  }
  /// 0: it has not ended, or nobody knows.
  [[nodiscard]] std::uint64_t order() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    return word & is_order ? word & ~is_order : 0;
  }

 private:
  static constexpr std::uint64_t is_order = std::uint64_t{1} << 63;  // the same in no id
  std::atomic<std::uint64_t> word_;
};

/// The future of a task in a pocket.
struct Pocketed final : FutureState {
  enum class Stage : std::uint8_t {
    waiting,
    running,  ///< On the thread of the task that submitted it, or of one that had nothing to do.
    ending,   ///< It has succeeded, and its thread is writing the result here.
    done,     ///< The result is here.
    told      ///< The scheduler knows of it.
  };
  Pocketed(Request&& request, Pocket& in, TaskId submitter, int depth_of_submitter)
      : invoker(request.invoker),
        arguments(std::move(request.arguments)),
        beside(request.take_beside()),
        pocket(in),
        origin(submitter),
        depth(depth_of_submitter),
        input_count(static_cast<std::uint32_t>(request.untold.size())),
        inputs(std::move(request.untold)) {
    function = request.function;
  }

  const std::uint64_t invoker;
  const Buffer arguments;
  const task::Value beside;
  Pocket& pocket;
  Origin origin;
  int depth;           ///< Of the task that submitted it; that of the program's body once that has ended.
  PeerId runs_on = 0;  ///< Once it has begun.
  std::uint64_t bytes = 0;
  float duration_s = 0;
  const std::uint32_t input_count;
  std::atomic<Stage> stage{Stage::waiting};
  // Changed by its pocket:
  bool is_claimed = false;           ///< Its thread runs it next: nobody else takes it.
  bool is_listed = false;            ///< In its pocket's list; a moment longer than it waits.
  bool is_kept = false;              ///< Its pocket has a reference to it until it is done or told of.
  std::uint32_t place = 0;           ///< In that list.
  std::uint32_t place_of_taken = 0;  ///< Among those of `taken_by`.
  std::uint32_t ready_inputs = 0;    ///< The first of its inputs, which are done.
  const Hand* taken_by = nullptr;    ///< Of a thread that had nothing to do.
  std::vector<FutureRef> inputs;     ///< Of the same pocket; until it is done or told of.
};

/// What a thread that has nothing to do takes out of a pocket at once: short tasks are not worth a lock each.
struct Hand {
  std::vector<FutureRef> tasks;     ///< All of one pocket.
  std::vector<task::Value> values;  ///< Of the inputs, of one that has been begun.
  bool is_begun = false;  ///< It is one, and runs; of several each is begun by `Pocket::begin_held`.
};

/// Tasks that a thread's running tasks have submitted, in order; what deeper ones have submitted comes last.
/// Each is run by that thread when it waits for it, or by one that has nothing to do, after its inputs, which
/// are in the same pocket; or it leaves the pocket, again after them: the scheduler is told of it then.
///
/// **Threads.** Any; tasks are put in by the thread whose pocket it is. Who runs a task is decided by its
/// stage alone, so that what is in a hand can be begun and ended without the lock, and others can still take
/// it: a hand in which a task takes long keeps nothing from anybody.
/// **Cost.** A lock that hardly anybody else wants.
class Pocket {
 public:
  using Values = std::vector<task::Value>;
  using Stage = Pocketed::Stage;
  /// A task that has left, how far it was, and what it stands on.
  struct Left {
    Pocketed* task = nullptr;
    Stage stage = Stage::waiting;  ///< Or running, or done.
    std::vector<FutureRef> inputs{};
    bool has_slot = false;  ///< A thread runs it that had nothing to do.
  };

  static constexpr int below_all = -1;  ///< The depth of the program's body.

  explicit Pocket(Pocket* before = nullptr) : next(before) {}
  void put(Pocketed& task);
  /// The next of its inputs, from `at` on, that is not done, claimed for the caller: those that wait, then
  /// those that others run; null: there is none. One that waits and has no inputs itself is begun at once.
  struct Claimed {
    FutureRef task;
    bool is_begun = false;
  };
  [[nodiscard]] Claimed claim_input(Pocketed& task, std::size_t& at, PeerId runs_on);
  /// Takes it out, to run it on these values of its inputs; false if it is known elsewhere, or runs, or one
  /// of them is not done.
  [[nodiscard]] bool begin(Pocketed& task, PeerId runs_on, Values& values);
  /// What a thread that has nothing to do runs: one of the newest that the lowest task has submitted, or the
  /// oldest; its own thread begins with that. With what is beside it if it has no inputs, up to `most`. One
  /// that is alone is begun; if it still waits it has to be told of, since one of its inputs has been.
  void take_any(PeerId runs_on, std::size_t most, Hand& hand);
  /// The task has ended, with no other below it, that submitted those of depth 0: they are left over. Whether
  /// there are such.
  bool leave_over(std::uint64_t order_of_parent);
  /// The same as `take_any` of what is left over, for the thread whose pocket it is: of the task that has
  /// ended last the first one, so that what a task has submitted comes before what is beside it.
  void take_left(PeerId runs_on, std::size_t most, Hand& hand);
  /// Nobody may hold its future: it is kept until it is done. False if it does not wait here any more. Asked
  /// by the thread whose pocket it is.
  [[nodiscard]] bool keep(Pocketed& task);
  /// It is done, or has been told of: the reference to it, which must not be dropped under the latch.
  [[nodiscard]] static FutureRef let_go(Pocketed& task);
  /// How many have been kept since it was made, and how many of them have been let go; in this order, so that
  /// there is none if both numbers of all pockets are the same.
  [[nodiscard]] std::size_t let_go_count() const noexcept { return let_go_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t kept_count() const noexcept { return kept_.load(std::memory_order_acquire); }
  /// Takes one out of a hand to run it; false if others have.
  [[nodiscard]] static bool begin_held(Pocketed& task) noexcept {
    Stage waits = Stage::waiting;
    return task.stage.compare_exchange_strong(waits, Stage::running, std::memory_order_acq_rel);
  }
  /// What of it has not been begun stays in the pocket.
  void put_down(Hand& hand);
  /// It has succeeded. False, and then the value is still the caller's, if it has become known meanwhile.
  [[nodiscard]] bool end(Pocketed& task, task::Value& value, std::uint64_t bytes, float duration_s);
  /// What the caller tells the scheduler of from now on; nothing if it has been told of.
  [[nodiscard]] std::optional<Left> take(Pocketed& task);
  /// The same of those that tasks of this depth and deeper ones have submitted and that wait.
  [[nodiscard]] std::vector<Left> take_from(int depth);
  /// Whether there are such; asked by the thread whose pocket it is.
  [[nodiscard]] bool has_from(int depth);
  /// The same of all, also of those that threads run that had nothing to do.
  [[nodiscard]] std::vector<Left> take_all();
  /// How many of them wait, by function.
  [[nodiscard]] std::unordered_map<std::uint64_t, std::size_t> by_function();
  /// Nobody wants it any more; false if it is known elsewhere.
  [[nodiscard]] bool forget(Pocketed& task);
  /// Whether none of them waits; what is begun in a hand counts until that is put down.
  [[nodiscard]] bool is_empty() const noexcept { return count() == 0; }
  /// How many of them wait, so counted, with one that is just put in.
  [[nodiscard]] std::size_t count() const noexcept {
    const std::size_t left = left_.load(std::memory_order_seq_cst);  // first: none leaves before it is there
    return put_.load(std::memory_order_seq_cst) - left;
  }

  Pocket* const next;  ///< In a list of all.

 private:
  /// Hardly ever waited for, and then for nanoseconds: half of what a mutex costs.
  class Latch {
   public:
    void lock() noexcept {
      for (int tries = 0; is_taken_.exchange(true, std::memory_order_acquire);)
        while (is_taken_.load(std::memory_order_relaxed)) {
          if (++tries % 64 == 0) std::this_thread::yield();
          else __builtin_ia32_pause();
        }
    }
    void unlock() noexcept { is_taken_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool> is_taken_{false};
  };
  enum class Readiness { ready, not_yet, never };
  [[nodiscard]] static Readiness readiness(Pocketed& task);
  [[nodiscard]] bool take_one(Pocketed& task, PeerId runs_on, std::size_t most, Hand& hand);
  void fetch(std::size_t place) const noexcept;
  void take_beside(std::size_t place, PeerId runs_on, std::size_t most, Hand& hand);
  [[nodiscard]] bool hold(Pocketed& task, PeerId runs_on, Hand& hand);
  [[nodiscard]] bool start(Pocketed& task, PeerId runs_on, Values& values);
  void remove(Pocketed& task);
  void go_away(Pocketed& task, const Hand& hand);
  void come_back(Pocketed& task);
  [[nodiscard]] Left leave(Pocketed& task, Stage stage);

  Latch latch_;
  std::vector<Pocketed*> tasks_;        // null where one has left
  std::size_t first_ = 0;               // of them
  std::vector<std::size_t> left_over_;  // where those begin that an ended task has left, the last one last
  std::vector<Pocketed*> away_;         // in hands, begun or not
  std::size_t taken_ = 0;               // the last that was taken by a thread with nothing to do
  std::uint32_t chance_ = 1;            // where such a thread looks next
  int deepest_ = below_all;             // that any of them may have; of the thread whose pocket it is
  std::size_t listed_ = 0;              // of tasks_
  std::atomic<std::size_t> put_{0},
      left_{0};  // so many in all; the first is of the thread whose pocket it is
  std::atomic<std::size_t> kept_{0}, let_go_{0};
};

}  // namespace weir::detail::client
