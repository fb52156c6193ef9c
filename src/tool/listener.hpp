// Listener: a program beside the ranks that ends by signals which reach this process in no other way.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/descriptor.hpp"

namespace weir::detail::tool {

class Listener {
 public:
  /// Starts `command`, away from the terminal; nothing if it is empty or cannot be started. Its stdin ends
  /// with this object, and with this process.
  explicit Listener(const std::vector<std::string>& command);
  /// A child of this process, which reaps it; 0 if there is none.
  [[nodiscard]] pid_t process() const { return process_; }

 private:
  Descriptor input_;
  pid_t process_ = 0;
};

}  // namespace weir::detail::tool
