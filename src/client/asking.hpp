// A link over which things that are shared by name can be asked for.
#pragma once

#include "weir/detail/client/cluster_link.hpp"
#include "weir/detail/protocol/ask.hpp"

namespace weir::detail::client {

class Asking {
 public:
  virtual ~Asking() = default;
  /// Waits for the answer; at the deadline, and when the task that asks is not wanted any more, it is
  /// withdrawn. Refused with number 0 once the cluster has ended. What runs on a thread meanwhile has a
  /// stack of its own.
  virtual protocol::Answer ask(protocol::Ask ask, Deadline deadline) = 0;
  /// Without an answer.
  virtual void tell(protocol::Ask ask) = 0;
};

}  // namespace weir::detail::client
