// Poller: which sockets are ready; and how threads sleep until one is, or until they are woken.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <span>

#include "core/descriptor.hpp"

namespace weir::detail::comm {

/// **Threads.** `wait` and `wake`: any; the others: one at a time.
class Poller {
 public:
  Poller();
  void add(int socket, void* note);
  void change(int socket, void* note, bool writable);
  void remove(int socket);
  /// What is ready now; valid until the next call.
  std::span<const epoll_event> ready();
  /// Sleeps until a socket is ready, `wake` is called, or the time is over.
  void wait(std::chrono::nanoseconds most);
  void wake();

 private:
  Descriptor epoll_, event_;
  std::array<epoll_event, 64> events_{};
  std::atomic<int> waiting_{0};
  std::atomic<bool> awake_{false};
};

}  // namespace weir::detail::comm
