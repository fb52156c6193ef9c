// EventLoop: one place where time passes (Boost.Asio inside); ManualClock: time that moves only when told.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "weir/duration.hpp"

namespace boost::asio {
class io_context;
}

namespace weir {

class EventLoop;

/// A clock that stands still until it is advanced; timers of its loops fire on the advancing thread, in the
/// order of their times.
///
/// For tests: `ManualClock clock; EventLoop loop{clock}; Stream<int> s{loop}; ... clock.advance(1s);`
///
/// **Threads.** `advance` from one thread at a time.
class ManualClock {
 public:
  ManualClock();
  /// Time passed since the clock was made.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept;
  /// Moves the time forward by `step`, stopping at every timer on the way; what the timers start runs too. A
  /// zero step runs what is ready.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `step` is negative.
  void advance(Duration step);
  struct Hands;

 private:
  friend class EventLoop;
  std::shared_ptr<Hands> hands_;
};

/// A handle to an event loop; copies share the loop.
///
/// A loop is run by its own thread (`on_own_thread`), by the user (`EventLoop loop; loop.run();` or around an
/// `io_context` the user runs), or by a `ManualClock`.
///
/// **Threads.** Every member may be called from any thread.
/// **Source.** Boost.Asio `io_context`; the injectable clock is ours.
class EventLoop {
 public:
  /// Time since the loop's epoch.
  using Time = std::chrono::nanoseconds;

  /// A loop that somebody runs with `run()`.
  EventLoop();
  /// Uses a context the user runs; it must outlive the loop.
  explicit EventLoop(boost::asio::io_context& context);
  /// A loop driven by `clock.advance()` and by whoever waits for one of its streams.
  explicit EventLoop(ManualClock& clock);
  /// A loop that runs on a thread of its own until the last handle is gone.
  [[nodiscard]] static EventLoop on_own_thread();

  /// Time since its epoch, by the clock that drives it.
  [[nodiscard]] Time now() const noexcept;
  /// Runs `work` on the loop, soon, after what was posted before.
  void post(std::function<void()> work);
  /// Runs the loop on this thread until there is nothing left to do or `stop()` is called.
  void run();
  /// Makes `run` return after the handler in hand.
  void stop();
  /// Runs what is ready without waiting; the number of handlers run.
  std::size_t poll();
  /// Whether this thread is inside a handler of the loop.
  [[nodiscard]] bool is_current() const noexcept;
  /// Whether a ManualClock drives it.
  [[nodiscard]] bool is_manual() const noexcept;
  /// Manual clock only: runs what is ready or else moves the time to the next timer; false if there is
  /// neither.
  bool step();
  /// The context of Boost.Asio behind it, for timers and coroutines of your own.
  [[nodiscard]] boost::asio::io_context& context() const noexcept;
  /// Whether both are one loop, or driven by one manual clock.
  [[nodiscard]] bool operator==(const EventLoop& other) const noexcept;

  struct Core;

 private:
  friend class Timer;
  explicit EventLoop(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
  std::shared_ptr<void> thread_;
};

/// One callback that can be armed again and again on a loop.
///
/// **Threads.** `arm` and `disarm` from any thread; the callback runs on the loop, never twice at once. The
/// destructor waits for a callback that is running on another thread.
class Timer {
 public:
  /// Calls `callback` on `loop` when it is armed and its time has come.
  Timer(EventLoop loop, std::function<void()> callback);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();
  /// Calls back at `when` (at once if it has passed), instead of the time armed before.
  void arm(EventLoop::Time when);
  /// Forgets the armed time; a callback that has begun is not waited for.
  void disarm();
  /// Never calls back again; waits for a callback that is running on another thread.
  void close();
  /// The loop it calls back on.
  [[nodiscard]] const EventLoop& loop() const noexcept { return loop_; }

  struct State;

 private:
  EventLoop loop_;
  std::shared_ptr<State> state_;
};

}  // namespace weir
