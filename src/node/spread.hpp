// Spread: threads of this process that compute side by side do so on processors of their own.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::detail::node {

/// Where a thread that computes is awake, for the others of this process.
///
/// The kernel puts a thread that is woken on the processor of the one that wakes it if none is idle just
/// then, and leaves both there when another falls idle: it is not expected to be so for long.
/// **Threads.** The one that it is of.
/// **Cost.** A look at each other thread that has one; to go takes some microseconds.
class Spread {
 public:
  Spread() noexcept;
  Spread(const Spread&) = delete;
  ~Spread();
  /// Of the calling thread, made when it is first asked for.
  static Spread& own() noexcept;

  void lie_down() noexcept;
  /// The thread is about to compute: if another does on its processor, it goes to one that is free of them.
  /// Whether it has gone.
  bool get_up() noexcept;

 private:
  std::atomic<int>* place_ = nullptr;  // null: there are too many threads
  std::int64_t not_before_ns_ = 0, pause_ns_ = 0;
};

}  // namespace weir::detail::node
