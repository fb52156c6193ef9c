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

/// A thread that waits while it is inside a graph, for as long as it does. Others can then see that they
/// would wait for it, and it for them. A thread that is inside nothing holds nobody up, and is not noted.
class Waiter {
 public:
  explicit Waiter(const WaitedFor& what);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();
  [[nodiscard]] const Frame* inside() const noexcept { return inside_; }
  [[nodiscard]] const WaitedFor& what() const noexcept { return what_; }

 private:
  const Frame* inside_;
  WaitedFor what_;
};

/// Whether a thread that is `inside` would wait for itself if it waited for `what`.
[[nodiscard]] bool would_stand_still(const Frame* inside, const WaitedFor& what) noexcept;

}  // namespace weir::detail::stream
