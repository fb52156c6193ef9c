// A program apart with a pipe for its stdin.
#include "tool/listener.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "core/exec.hpp"

namespace weir::detail::tool {

Listener::Listener(const std::vector<std::string>& command) {
  int ends[2];
  if (command.empty() || pipe2(ends, O_CLOEXEC) != 0) return;
  const Descriptor reader(ends[0]);
  input_ = Descriptor(ends[1]);
  start_apart(command, reader.get(), process_);
}

}  // namespace weir::detail::tool
