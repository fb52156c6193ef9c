// ValuesHere: whoever can give results without asking anybody.
#pragma once

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

/// What a link is too if tasks run in its process.
class ValuesHere {
 public:
  virtual ~ValuesHere() = default;
  /// The result of a task that is done, if it is in the memory of this process and can be had at once.
  [[nodiscard]] virtual task::Value value_here(FutureState& state) = 0;
  /// Whether the result of a task that is done lies in another process, from which `fetch` brings it.
  [[nodiscard]] virtual bool is_elsewhere(const FutureState& state) const = 0;
};

}  // namespace weir::detail::client
