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

/// Of the libraries that a thread uses; empty: it is not there, or is left alone.
struct MathThreads {
  std::optional<int> omp{}, mkl{}, blas{};
  [[nodiscard]] bool is_any() const noexcept { return omp || mkl || blas; }
};

/// `use_math_threads` in a thread of the program while it runs a task; afterwards it has its own number
/// again.
class LentMathThreads {
 public:
  explicit LentMathThreads(int threads);
  /// Whether there is anything to set.
  [[nodiscard]] static bool matter();
  LentMathThreads(const LentMathThreads&) = delete;
  ~LentMathThreads();

 private:
  MathThreads before_;
};

/// Of the variables of devices that there are in the environment, those of a process that has only these;
/// none is changed if it has none.
void show_own_devices(const std::vector<std::string>& devices);

/// The variables by which programs find their devices, with these: CUDA_VISIBLE_DEVICES, ...
[[nodiscard]] std::vector<std::pair<std::string, std::string>> device_variables(
    const std::vector<std::string>& devices);

/// While it lives this thread, and those it starts, keep to the processors of a grant, OpenMP and BLAS use as
/// many threads, and, if the thread is `alone` in its process, the environment names its devices.
class Bound {
 public:
  /// `share` is what a task may use that did not ask for cores. Afterwards all is as it was.
  Bound(const worker::Grant& grant, int share, bool alone);
  Bound(const Bound&) = delete;
  ~Bound();
  /// What the task is told of it.
  [[nodiscard]] const ThisTask& task() const noexcept { return task_; }

 private:
  ThisTask task_;
  std::optional<cpu_set_t> before_;
  std::vector<std::pair<std::string, std::optional<std::string>>> variables_;
  MathThreads threads_;
  bool alone_;
};

}  // namespace weir::detail::node
