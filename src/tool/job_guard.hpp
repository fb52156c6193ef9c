// Ends what is left of a job when `weir run` is killed.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/descriptor.hpp"

namespace weir::detail::tool {

/// A process that hears of this one's death, also by SIGKILL, and kills what is still there of the job a few
/// seconds later, when mpirun has had its time: processes of this host that were started with
/// WEIR_STATUS_FILE as `status_file`, and then that file's folder.
class JobGuard {
 public:
  explicit JobGuard(const std::string& status_file);
  /// Nothing is left: it ends too.
  ~JobGuard();
  JobGuard(const JobGuard&) = delete;

 private:
  Descriptor pipe_;
  pid_t process_ = -1;
};

}  // namespace weir::detail::tool
