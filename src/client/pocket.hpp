// Pocket: what a running task has submitted and only its own thread knows of.
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

class Pocket;

/// The future of a task in a pocket.
struct Pocketed final : FutureState {
  enum class Stage : std::uint8_t {
    waiting,
    running,  ///< On the thread of the task that submitted it.
    done      ///< It has succeeded, and the result is here.
  };
  Pocketed(Request&& asked, Pocket& in, TaskId submitter, int depth_of_submitter)
      : request(std::move(asked)), pocket(in), parent(submitter), depth(depth_of_submitter) {}

  const Request request;
  Pocket& pocket;
  const TaskId parent;
  const int depth;
  PeerId runs_on = 0;  ///< Once it has begun.
  std::uint64_t bytes = 0;
  float duration_s = 0;
  std::atomic<Stage> stage{Stage::waiting};  ///< Changed by its pocket.
  std::size_t place = 0;                     ///< In its pocket.
};

/// Tasks that a thread's running tasks have submitted, in order; what deeper ones have submitted comes last.
/// Each is run by that thread when it waits for it, or leaves the pocket: the scheduler is told of it then.
///
/// **Threads.** Any; tasks are put in, begun and ended by the thread whose pocket it is.
/// **Cost.** A lock that hardly anybody else wants.
class Pocket {
 public:
  explicit Pocket(Pocket* before = nullptr) : next(before) {}
  /// Whether it was empty.
  bool put(Pocketed& task);
  /// Takes it out, to run it; false if it is known elsewhere, or runs.
  [[nodiscard]] bool begin(Pocketed& task, PeerId runs_on);
  /// It has succeeded. False, and then the value is still the caller's, if it has become known meanwhile.
  [[nodiscard]] bool end(Pocketed& task, task::Value& value, std::uint64_t bytes, float duration_s);
  /// What the caller tells the scheduler of from now on: how far it is; nothing if it has been told of.
  [[nodiscard]] std::optional<Pocketed::Stage> take(Pocketed& task);
  /// The same of those that tasks of this depth and deeper ones have submitted and that wait.
  [[nodiscard]] std::vector<Pocketed*> take_from(int depth);
  /// The same of the newer half of what the lowest task has submitted, at most so many: its thread begins
  /// with the others.
  [[nodiscard]] std::vector<Pocketed*> take_half(std::size_t most);
  /// Nobody wants it any more; false if it is known elsewhere.
  [[nodiscard]] bool forget(Pocketed& task);
  [[nodiscard]] bool is_empty() const noexcept { return count_.load(std::memory_order_seq_cst) == 0; }

  Pocket* const next;  ///< In a list of all.

 private:
  /// Hardly ever waited for, and then for nanoseconds: half of what a mutex costs.
  class Latch {
   public:
    void lock() noexcept {
      for (int tries = 0; is_taken_.exchange(true, std::memory_order_acquire); ++tries)
        if (tries % 64 == 63) std::this_thread::yield();
    }
    void unlock() noexcept { is_taken_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool> is_taken_{false};
  };
  void remove(Pocketed& task);
  void tell(Pocketed& task, std::vector<Pocketed*>& told);

  Latch latch_;
  std::vector<Pocketed*> tasks_;  // null where one has left
  std::size_t first_ = 0;         // of them
  std::atomic<std::size_t> count_{0};
};

}  // namespace weir::detail::client
