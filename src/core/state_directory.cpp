// The variables that name it.
#include "core/state_directory.hpp"

#include <unistd.h>

#include <cstdlib>

#include "core/variables.hpp"

namespace weir::detail {

std::filesystem::path state_directory() {
  if (const char* own = std::getenv("WEIR_STATE_DIR"); own && *own) return own;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
    return std::filesystem::path(state) / "weir";
  const std::string home = home_directory();
  return home.empty() ? "/tmp/weir-" + std::to_string(getuid()) : home + "/.local/state/weir";
}

}  // namespace weir::detail
