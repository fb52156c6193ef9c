// What the system knows of this process.
#pragma once

#include "seeing/model.hpp"

namespace weir::detail::seeing {

/// Processor time so far, memory and open descriptors of this process; zeros where the system does not tell.
[[nodiscard]] OwnProcess own_process();

}  // namespace weir::detail::seeing
