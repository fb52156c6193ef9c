// ThreadPool: threads for what runs now and then. One that has nothing to do is kept for the next.
#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>

namespace weir::detail::stream {

class ThreadPool;

/// Something that a thread is needed for now and then. It runs on the processors its maker may use.
class Errand {
 public:
  Errand() noexcept;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  virtual ~Errand() = default;
  struct Member;

 private:
  friend class ThreadPool;
  /// Does what there is to do. Who makes more of it starts the errand again.
  virtual void run() noexcept = 0;

  cpu_set_t processors_;
  Member* member_ = nullptr;  // that runs it, or ran it last and has done nothing else since
  bool waits_ = false;        // for a member
  bool again_ = false;        // started while it ran
  bool is_over_ = false, is_awaited_ = false;
};

/// Runs errands, each on the thread it had before as long as there are few.
///
/// An errand may wait for another one. So there is no last thread: where many are running, those beyond wait
/// for a moment whether a thread comes free, and get new ones if those that there are do not compute but
/// wait, or if none of them has finished for longer.
///
/// **Threads.** Any. An errand is run by one thread at a time.
class ThreadPool {
 public:
  static ThreadPool& instance();
  /// One operator wants so many.
  void expect(std::size_t threads) noexcept;
  /// Has it run soon, and once more if it is running.
  void start(Errand& errand) noexcept;
  /// Returns when it does not run any more; at once inside itself. It is not started again.
  void end(Errand& errand) noexcept;
  /// Whether this thread runs it; false once it has been ended there.
  [[nodiscard]] static bool is_running(const Errand& errand) noexcept;
  /// Whether others wait for a thread: whoever has nothing to do gives up his.
  [[nodiscard]] bool is_wanted() const noexcept { return waiting_.load(std::memory_order_relaxed) > 0; }

 private:
  using Clock = std::chrono::steady_clock;
  using Member = Errand::Member;
  using Members = std::list<Member>;
  struct Waiting {
    Errand* errand;
    Clock::time_point since;
  };

  /// Null: none is free.
  Member* free_member(const Errand& errand) noexcept;
  Member* new_member() noexcept;
  void give(Member& member, Errand& errand) noexcept;
  void forget(Errand& errand) noexcept;
  Errand& take_waiting() noexcept;
  void live(Member& me);
  void run(Member& me, std::unique_lock<std::mutex>& lock);
  void rest(Member& me);
  void watch();
  /// Whether so many members compute, or wait for a processor, that more would only be in their way. Not
  /// under the lock meanwhile.
  [[nodiscard]] bool are_computing(std::unique_lock<std::mutex>& lock) const;

  std::mutex mutex_;        // what follows is guarded by it
  std::size_t many_ = 256;  // threads that are made as soon as they are wanted
  Members busy_;
  Members kept_;  // for what they ran last; in the order of their coming
  Members free_;  // the last one in is the first out
  std::deque<Waiting> queue_;
  std::condition_variable ended_, queued_;
  bool is_watched_ = false;
  std::uint64_t finished_ = 0;  // runs
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace weir::detail::stream
