// Names of the error kinds.
#include "weir/error.hpp"

namespace weir {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::closed:
      return "closed";
    case ErrorKind::task_failed:
      return "task_failed";
    case ErrorKind::worker_lost:
      return "worker_lost";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::serialization:
      return "serialization";
    case ErrorKind::io:
      return "io";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace weir
