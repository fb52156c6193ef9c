// A thread keeps to what its task was given, and has its own again afterwards.
#include "node/bound.hpp"

#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace weir::detail::node;

namespace {

// Of GCC's OpenMP, if it is there; a program that uses it has it from its start.
struct OpenMp {
  void* library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_GLOBAL);
  void set(int threads) const {
    reinterpret_cast<void (*)(int)>(dlsym(library, "omp_set_num_threads"))(threads);
  }
  [[nodiscard]] int get() const {
    return reinterpret_cast<int (*)()>(dlsym(library, "omp_get_max_threads"))();
  }
};

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

TEST_CASE("threads of OpenMP are those of before a task with cores, and before a lent thread's task") {
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) unsetenv(name);
  const OpenMp open_mp;
  if (!open_mp.library) return;
  open_mp.set(3);
  {
    weir::detail::worker::Grant grant;
    grant.cores = 2;
    const Bound bound(grant, 1, false);
    CHECK(open_mp.get() == 2);
  }
  CHECK(open_mp.get() == 3);
  {
    const LentMathThreads lent(1);
    CHECK(open_mp.get() == 1);
  }
  CHECK(open_mp.get() == 3);
}

TEST_CASE("a process shows its own devices in the variables that there are") {
  for (const char* name : device_variable_names) unsetenv(name);
  show_own_devices({"5"});
  CHECK(variable("CUDA_VISIBLE_DEVICES").empty());
  setenv("CUDA_VISIBLE_DEVICES", "5,7", 1);
  show_own_devices({});
  CHECK(variable("CUDA_VISIBLE_DEVICES") == "5,7");
  show_own_devices({"7"});
  CHECK(variable("CUDA_VISIBLE_DEVICES") == "7");
  CHECK(variable("ROCR_VISIBLE_DEVICES").empty());
  unsetenv("CUDA_VISIBLE_DEVICES");
}
