// Futures that a request names by their ids alone.
#pragma once

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

/// The id of a task that the scheduler knows, from now on at the latest: who names it as an input without
/// handing its future on (`Request::untold`) asks for it so.
[[nodiscard]] inline TaskId told_id(const FutureRef& future) {
  if (future->core->has_ended()) throw_ended();
  FutureState& state = *future.get();
  if (state.kept || state.is_untold.load(std::memory_order_acquire)) state.core->hand_out(state);
  return state.id;
}

}  // namespace weir::detail::client
