// What the system knows of this process.
#pragma once

#include "seeing/model.hpp"

namespace weir::detail::seeing {

/// Processor time so far, memory, open descriptors and disk of this process; zeros where the system does not
/// tell.
[[nodiscard]] OwnProcess own_process();
/// Adds what has gone over the networks of this host.
void read_networks(OwnProcess& own);

}  // namespace weir::detail::seeing
