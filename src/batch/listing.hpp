// Listing: devices that a batch system names in variables of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// A batch system that lists the devices of a job.
class Listing {
 public:
  virtual ~Listing() = default;
  /// Numbers and ranges of the devices on this node, and the variable that says so; nothing if none does.
  [[nodiscard]] virtual std::optional<std::pair<std::string, std::string>> devices(
      const BatchSystem::Variables& variables) const = 0;
};

}  // namespace weir::detail::batch
