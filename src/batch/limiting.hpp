// Limiting: jobs that wait for what will never be.
#pragma once

#include <string>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// A batch system that takes jobs which its limits never let begin.
class Limiting {
 public:
  virtual ~Limiting() = default;
  /// Whether a job that waits for this `reason`, in the system's words, asks for more than it may ever have.
  [[nodiscard]] virtual bool is_beyond_limits(const std::string& reason) const = 0;
};

/// Whether this job will never begin as it is.
[[nodiscard]] inline bool never_begins(const BatchSystem& system, const JobStatus& status) {
  const auto* limiting = dynamic_cast<const Limiting*>(&system);
  return limiting && status.state == JobState::waiting && limiting->is_beyond_limits(status.reason);
}

}  // namespace weir::detail::batch
