// Stepping: a batch system's own way to start processes on other nodes, of which its variables tell.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// The variable of what was noted.
inline constexpr const char* job_view = "WEIR_JOB_VIEW";

/// A batch system that tells ranks on other nodes of the step in which they were started, rather than of the
/// job. What such a rank starts must see the job as its script does: launchers of MPI would find the one
/// place of the step.
class Stepping {
 public:
  virtual ~Stepping() = default;
  /// The script's view of the job, for `job_view` of all ranks; empty where each is told by other means.
  [[nodiscard]] virtual std::string noted(const BatchSystem::Variables& variables) const = 0;
  /// What the variables of a step are outside it, as far as is known; no value: not there.
  [[nodiscard]] virtual std::vector<std::pair<std::string, std::optional<std::string>>> outside_step(
      const BatchSystem::Variables& variables) const = 0;
};

}  // namespace weir::detail::batch
