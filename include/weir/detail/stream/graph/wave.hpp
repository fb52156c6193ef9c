// Wave: a chunk and everything that is sent because of it, until joins that it reaches on several ways have
// taken them all.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "weir/detail/stream/graph/ticket.hpp"

namespace weir::detail::stream {

class Node;

/// A node that keeps what has come on one way until the other ways have brought theirs.
class AwaitsWays {
 public:
  /// Everything above has sent what it sends.
  virtual void take_ways() noexcept = 0;

 protected:
  ~AwaitsWays() = default;
};

/// Begins where a chunk is sent while no other one is on its way, and ends when it has gone everywhere.
///
/// **Threads.** Of the thread that made it; emissions inside an emission have waves of their own.
class Wave {
 public:
  Wave() noexcept;
  Wave(const Wave&) = delete;
  ~Wave();
  /// Which one this is of the visits to nodes that the chunk makes, depth first; what orders ways that part.
  [[nodiscard]] static std::uint32_t next_visit() noexcept;
  /// Calls `join` when nothing above it is waiting any more.
  static void put_off(Node& node, AwaitsWays& join);

 private:
  void settle() noexcept;
  Wave* const before_;
  Frame* const frame_;
  std::uint32_t visits_ = 0;
  std::vector<std::pair<Node*, AwaitsWays*>> waiting_;
};

}  // namespace weir::detail::stream
