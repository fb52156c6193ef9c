// Where Weir keeps what outlives a process.
#pragma once

#include <filesystem>

namespace weir::detail {

/// `$WEIR_STATE_DIR`, else `$XDG_STATE_HOME/weir`, else `~/.local/state/weir`, else a folder in /tmp; it need
/// not exist.
[[nodiscard]] std::filesystem::path state_directory();

}  // namespace weir::detail
