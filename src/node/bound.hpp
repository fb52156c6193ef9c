// Bound: a thread keeps to what its task was given.
#pragma once

#include <sched.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/this_task.hpp"
#include "worker/places.hpp"

namespace weir::detail::node {

/// The variables that tell programs of devices.
inline constexpr const char* device_variable_names[] = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                                        "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"};

/// OpenMP and BLAS of this thread use so many threads from now on, unless the environment says how many
/// (OMP_NUM_THREADS and the like). What can only be set for the whole process is set if this thread is
/// `alone`.
void use_math_threads(int threads, bool alone);

/// The variables by which programs find their devices, with these: CUDA_VISIBLE_DEVICES, ...
[[nodiscard]] std::vector<std::pair<std::string, std::string>> device_variables(
    const std::vector<std::string>& devices);

/// While it lives this thread, and those it starts, keep to the processors of a grant, OpenMP and BLAS use as
/// many threads, and, if the thread is `alone` in its process, the environment names its devices.
class Bound {
 public:
  /// Afterwards `share` threads are used again.
  Bound(const worker::Grant& grant, int share, bool alone);
  Bound(const Bound&) = delete;
  ~Bound();
  /// What the task is told of it.
  [[nodiscard]] const ThisTask& task() const noexcept { return task_; }

 private:
  ThisTask task_;
  std::optional<cpu_set_t> before_;
  std::vector<std::pair<std::string, std::optional<std::string>>> variables_;
  int share_;
  bool alone_, counts_ = false;
};

}  // namespace weir::detail::node
