// Following: jobs that begin when others are over.
#pragma once

#include <string>

#include "weir/batch.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {

/// A batch system in which a job can wait for another one.
class Following {
 public:
  virtual ~Following() = default;
  /// A directive, without its prefix, by which a job begins only when the job `job_id` is over, however it
  /// ended.
  [[nodiscard]] virtual std::string begins_after(const std::string& job_id) const = 0;
};

/// The same of any system. Throws `Error{unsupported}` where there is none.
[[nodiscard]] inline std::string begins_after(const BatchSystem& system, const std::string& job_id) {
  if (const auto* following = dynamic_cast<const Following*>(&system)) return following->begins_after(job_id);
  throw Error(ErrorKind::unsupported,
              "--until-done: jobs of " + std::string(system.title()) + " cannot wait for each other");
}

}  // namespace weir::detail::batch
