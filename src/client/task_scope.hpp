// TaskScope: what the thread that waits is in the middle of.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "weir/options.hpp"

namespace weir {
struct ThisTask;
}

namespace weir::detail::client {

class ClusterLink;
class LinkShare;
class Pocket;
struct Pocketed;

/// What a task can do about the thread that it runs on.
struct TaskThread {
  virtual void secede() = 0;  ///< It waits: its slot is another task's ...
  virtual void rejoin() = 0;  ///< ... and its own again.
  /// Runs this or another task meanwhile, and calls `begins` before it does; whether there was one.
  virtual bool help(TaskId awaited, const std::function<void()>& begins) = 0;
  virtual bool stopped() = 0;  ///< Whether nobody wants the task any more.
  /// Where what it submits may stay until somebody asks for it; null: nowhere.
  virtual Pocket* pocket() { return nullptr; }
  /// Runs a task of the pocket on top of this one; false if it is not in it any more. Or one that was begun.
  virtual bool run_pocketed(Pocketed&, bool /*is_begun*/) { return false; }
  /// Which worker it is of.
  [[nodiscard]] virtual std::uint32_t worker() const noexcept { return 0; }
  /// What keeps that for the futures of its tasks; null: they do.
  virtual LinkShare* share() { return nullptr; }
  /// The link of the process, counted by this thread alone.
  virtual std::shared_ptr<ClusterLink> link() { return nullptr; }

 protected:
  ~TaskThread() = default;
};

/// The task that this thread runs, if it runs one: its client submits in its name, and its slot is given away
/// while it waits.
struct TaskScope {
  TaskId id = 0;
  int depth = 0;  ///< Tasks below it on this thread's stack.
  std::optional<std::chrono::steady_clock::time_point> deadline{};  ///< Of its time limit.
  int alone = 0;  ///< Not 0: nothing is run on top of it, where what it holds might be waited for.
  TaskThread* thread = nullptr;    ///< Null in tests only.
  const ThisTask* task = nullptr;  ///< Cores and devices that it asked for; null: none.
  int share = 1;                   ///< Cores that it may use then.
  static TaskScope*& current() noexcept {
    thread_local TaskScope* scope = nullptr;
    return scope;
  }
};

/// While a task waits here nothing is run on top of it.
struct Undisturbed {
  explicit Undisturbed(bool is = true) : scope(is ? TaskScope::current() : nullptr) {
    if (scope) ++scope->alone;
  }
  Undisturbed(const Undisturbed&) = delete;
  ~Undisturbed() {
    if (scope) --scope->alone;
  }
  TaskScope* scope;
};

}  // namespace weir::detail::client
