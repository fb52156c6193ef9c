// GraphTeller: whoever knows what tasks need.
#pragma once

#include <vector>

#include "snapshot/closer_look.hpp"

namespace weir::detail::client {

/// What an `Overseer` is too if it can tell of single tasks.
class GraphTeller {
 public:
  virtual ~GraphTeller() = default;
  /// These tasks and those they need, as far as they are known and at most `most`.
  [[nodiscard]] virtual snapshot::SeenTasks ancestry(const std::vector<TaskId>& ids, std::size_t most) = 0;
  [[nodiscard]] virtual std::string task_name(TaskId id) = 0;
};

}  // namespace weir::detail::client
