// Hearing: how a job's script learns of what a batch system tells only others of the job.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// A batch system that announces the end of a job (preemption, a signal from outside) to the processes that
/// its own launcher has started there, and neither to the script nor to what that has started.
class Hearing {
 public:
  virtual ~Hearing() = default;
  /// A command that such a signal ends, with 128 + signal as its exit status, and that ends by itself with
  /// its stdin, or at once where nothing is to be heard. Empty: all is heard in any case.
  [[nodiscard]] virtual std::vector<std::string> listener(const BatchSystem::Variables& variables) const = 0;
  /// How long the job `id` lives as the system knows it now: once it is being taken away, its variables say
  /// more. Nothing if it does not tell.
  [[nodiscard]] virtual std::optional<std::chrono::seconds> left_now(const std::string& id,
                                                                     const BatchSystem::Asker& ask) const = 0;
};

}  // namespace weir::detail::batch
