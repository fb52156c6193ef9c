// Writes no more at a time than a pipe that is ready takes without blocking.
#include "tool/outlet.hpp"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::detail::tool {

void Outlet::put(std::string_view bytes) {
  if (problem_ == 0) pending_ += bytes;
}

void Outlet::write_some() {
  std::size_t done = 0;
  for (pollfd ready = wanted(); done < pending_.size() && poll(&ready, 1, 0) > 0;) {
    const std::size_t size = std::min<std::size_t>(pending_.size() - done, PIPE_BUF);
    const ssize_t written = ::write(descriptor_, pending_.data() + done, size);
    if (written >= 0) done += static_cast<std::size_t>(written);
    else if (errno == EINTR) continue;
    else {
      if (errno != EAGAIN) {
        problem_ = errno;
        done = pending_.size();
      }
      break;
    }
  }
  pending_.erase(0, done);
}

}  // namespace weir::detail::tool
