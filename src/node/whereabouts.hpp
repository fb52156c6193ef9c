// Whereabouts: the processor on which a process waits for messages, and how it leaves one that it shares.
#pragma once

#include <atomic>
#include <cstdint>

#include "comm/transport.hpp"
#include "core/crowd.hpp"

namespace weir::detail::node {

/// Tells the neighbours on which processor this process is awake, and takes one on which none of them is.
///
/// The kernel leaves threads that wake each other, or yield to each other, on one processor for tens of
/// milliseconds though another is idle: they seem to be in its cache, and the idle one is never idle for
/// long.
/// **Threads.** Any; one of them, which takes part, is meant.
class Whereabouts {
 public:
  explicit Whereabouts(comm::Transport& transport) : transport_(transport) {}
  /// Without it nothing here does anything: of a process in which several threads compute nobody can say
  /// where it is.
  void take_part() noexcept { takes_part_.store(true, std::memory_order_relaxed); }
  void note_awake() noexcept;
  void note_asleep() noexcept;
  /// The calling thread has been woken, or has had to wait for its processor. Whether it has gone to another,
  /// which it does when this is so for the second time within a millisecond.
  bool leave_if_shared() noexcept;

 private:
  comm::Transport& transport_;
  std::atomic<bool> takes_part_{false};
  std::atomic<std::int64_t> looked_ns_{0}, shared_ns_{-1'000'000'000};
  Spell stays_{500'000, 1};  // where it has gone
};

}  // namespace weir::detail::node
