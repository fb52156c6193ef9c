// Affinity, threads of OpenMP and BLAS, visible devices.
#include "node/bound.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "node/baton.hpp"
#include "weir/error.hpp"
#include "weir/this_task.hpp"

namespace weir {

namespace {

std::vector<std::string> texts(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> all;
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

}  // namespace

std::vector<std::string> ThisTask::environment() const {
  return devices.empty() ? std::vector<std::string>{} : texts(detail::node::device_variables(devices));
}

ThisTask this_task() {
  const detail::node::TaskScope* scope = detail::node::TaskScope::current();
  if (!scope)
    throw Error(
        ErrorKind::closed,
        "this_task: no task runs in this thread; ask in the task, and hand what it says to threads it "
        "starts");
  return scope->task ? *scope->task : ThisTask{scope->share};
}

namespace detail::node {

namespace {

template <class F>
F* symbol_of(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_DEFAULT, name));
}

struct MathCalls {
  // Of this thread only, but for the last two.
  void (*set_omp)(int) = symbol_of<void(int)>("omp_set_num_threads");
  int (*omp)() = symbol_of<int()>("omp_get_max_threads");
  int (*set_mkl)(int) = symbol_of<int(int)>("MKL_Set_Num_Threads_Local");
  int (*set_blas)(int) = symbol_of<int(int)>("openblas_set_num_threads_local");
  void (*set_all_blas)(int) = symbol_of<void(int)>("openblas_set_num_threads");
  int (*all_blas)() = symbol_of<int()>("openblas_get_num_threads");
};

// What was there before.
MathThreads set_math_threads(const MathCalls& call, const MathThreads& threads, bool alone) {
  MathThreads before;
  if (threads.omp && call.set_omp && call.omp) {
    before.omp = call.omp();
    call.set_omp(*threads.omp);
  }
  if (threads.mkl && call.set_mkl) before.mkl = call.set_mkl(*threads.mkl);
  if (!threads.blas) return before;
  if (call.set_blas) {
    before.blas = call.set_blas(*threads.blas);
  } else if (call.set_all_blas && call.all_blas && alone) {
    before.blas = call.all_blas();
    call.set_all_blas(*threads.blas);
  }
  return before;
}

bool is_said() {
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    if (std::getenv(name)) return true;
  return false;
}

struct Once {
  MathCalls math;
  bool said = is_said();
};

const Once& calls() {
  static const Once once;
  return once;
}

}  // namespace

void use_math_threads(int threads, bool alone) {
  if (!is_said()) set_math_threads({}, {threads, threads, threads}, alone);
}

// Looks once for the libraries: it is for tasks of less than a microsecond. OpenBLAS is left out, which may
// know one number only for all threads.
LentMathThreads::LentMathThreads(int threads) {
  if (!calls().said) before_ = set_math_threads(calls().math, {threads, threads, std::nullopt}, false);
}

bool LentMathThreads::matter() {
  static const bool does =
      !calls().said && ((calls().math.set_omp && calls().math.omp) || calls().math.set_mkl);
  return does;
}

LentMathThreads::~LentMathThreads() {
  if (before_.is_any()) set_math_threads(calls().math, before_, false);
}

void show_own_devices(const std::vector<std::string>& devices) {
  if (devices.empty()) return;
  for (const auto& [name, value] : device_variables(devices))
    if (std::getenv(name.c_str())) setenv(name.c_str(), value.c_str(), 1);
}

std::vector<std::pair<std::string, std::string>> device_variables(const std::vector<std::string>& devices) {
  std::string list;
  for (const std::string& device : devices) list += (list.empty() ? "" : ",") + device;
  // The one in which they were found; several programs of a task may look at different ones.
  std::vector<std::pair<std::string, std::string>> all;
  for (const char* name : device_variable_names)
    if (std::getenv(name)) all.emplace_back(name, list);
  if (all.empty()) all.emplace_back(device_variable_names[0], list);
  return all;
}

Bound::Bound(const worker::Grant& grant, int share, bool alone)
    : task_{grant.cores ? grant.cores : share, grant.cpus, grant.devices}, alone_(alone) {
  if (!grant.cpus.empty()) {
    cpu_set_t now, wanted;
    CPU_ZERO(&wanted);
    for (const int cpu : grant.cpus) CPU_SET(static_cast<std::size_t>(cpu), &wanted);
    if (sched_getaffinity(0, sizeof now, &now) == 0 && sched_setaffinity(0, sizeof wanted, &wanted) == 0)
      before_ = now;
  }
  if (grant.cores > 0) threads_ = set_math_threads({}, {grant.cores, grant.cores, grant.cores}, alone_);
  if (!grant.devices.empty() && alone_)
    for (const auto& [name, value] : device_variables(grant.devices)) {
      const char* before = std::getenv(name.c_str());
      variables_.emplace_back(name, before ? std::optional<std::string>(before) : std::nullopt);
      setenv(name.c_str(), value.c_str(), 1);
    }
}

Bound::~Bound() {
  for (const auto& [name, before] : variables_)
    before ? setenv(name.c_str(), before->c_str(), 1) : unsetenv(name.c_str());
  if (threads_.is_any()) set_math_threads({}, threads_, alone_);
  if (before_) sched_setaffinity(0, sizeof *before_, &*before_);
}

}  // namespace detail::node
}  // namespace weir
