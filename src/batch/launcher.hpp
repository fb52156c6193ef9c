// A batch system's own program that starts ranks.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

struct Launcher {
  std::string_view name;  ///< Of the program.
  std::reference_wrapper<const BatchSystem> system;
  /// What it lacks on this machine to start ranks; empty if nothing.
  std::string (*lacks)();
  /// `program` and its options, before the command of each rank.
  std::vector<std::string> (*command)(const std::string& program, int ranks, std::optional<int> threads);
  /// Says what mpirun says of its ranks, in the variables of this process, if the launcher has started it.
  void (*take_rank)();
};

[[nodiscard]] std::span<const Launcher> launchers();

}  // namespace weir::detail::batch
