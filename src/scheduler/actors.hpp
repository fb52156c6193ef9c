// Calls of actors, which follow each other.
#pragma once

#include <string>

#include "scheduler/model.hpp"

namespace weir::detail::scheduler {

inline const std::string actor_ended =
    "the actor has ended, with its first handle; keep that while others call it";
inline const std::string made_once = "a call of an actor is not made again, since the actor has gone on";

/// Of a call that has failed, perhaps before its turn, and those before it, the last one that is not done.
inline Task* still_before(Task& call) {
  Task* before = &call;
  while (before && !before->pending())
    before = before->state == TaskState::erred && before->follows ? before->inputs.back().task : nullptr;
  return before;
}

}  // namespace weir::detail::scheduler
