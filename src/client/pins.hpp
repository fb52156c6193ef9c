// Results that this process has published, and therefore keeps.
#pragma once

#include <string>

namespace weir::detail::client {

/// Its name is published no longer.
void unpin(const std::string& name);
/// The cluster ends.
void unpin_all();

}  // namespace weir::detail::client
