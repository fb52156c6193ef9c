// Standstill: threads that would wait for each other, or for themselves, across graphs.
#pragma once

#include <memory>

#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

/// What somebody waits for: a domain that another thread has, a node that is full, a graph that is not idle.
struct WaitedFor {
  const Domain* domain = nullptr;
  const Node* full = nullptr;
  const Graph* graph = nullptr;
};

/// A thread that waits while it is inside a graph, for as long as it does, or a coroutine. Others can then
/// see that they would wait for it, and it for them. A thread that is inside nothing holds nobody up, and is
/// not noted.
class Waiter {
 public:
  explicit Waiter(const WaitedFor& what);
  /// What the sink `begun_by` has begun, which is on no thread while it waits.
  Waiter(const Node& begun_by, const WaitedFor& what);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();
  /// Whether what it does must come to its end before that can happen.
  [[nodiscard]] bool blocks(const WaitedFor& other) const noexcept;
  [[nodiscard]] const WaitedFor& what() const noexcept { return what_; }
  /// What that sink has begun holds nobody up any more.
  static void forget(const Node& begun_by) noexcept;

 private:
  const Frame* inside_ = nullptr;
  const Node* begun_by_ = nullptr;
  WaitedFor what_;
};

/// Whether a thread that is `inside` would wait for itself if it waited for `what`.
[[nodiscard]] bool would_stand_still(const Frame* inside, const WaitedFor& what) noexcept;

}  // namespace weir::detail::stream
