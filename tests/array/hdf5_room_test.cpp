// A file system that refuses to give space ahead (fallocate) and to lock files (flock): seccomp answers for
// it, in a process of its own.
#include <catch2/catch.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>

#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"

using namespace weir;

namespace {

// Every fallocate and flock of this process fails from now on.
bool refuse_room_and_locks() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// How often this process has written.
std::int64_t writes() {
  std::ifstream status("/proc/self/io");
  for (std::string word; status >> word;)
    if (word == "syscw:") return status >> word ? std::stoll(word) : -1;
  return -1;
}

enum Outcome { right = 0, cannot_refuse = 10, not_refused, wrong_elements, many_writes, failed };

Outcome written_without_room_and_locks(const std::string& path) {
  if (!refuse_room_and_locks()) return cannot_refuse;
  if (syscall(SYS_fallocate, 0, 0, 0, 1) == 0 || errno != EOPNOTSUPP) return not_refused;
  if (flock(0, LOCK_SH) == 0 || errno != EOPNOTSUPP) return not_refused;
  Outcome outcome = right;
  test::in_cluster([&] {
    const auto x = arange<double>(0, 1 << 21, 1, {1 << 17});  // 16 MiB
    const std::int64_t before = writes();
    x.to_hdf5(path, "plain");
    x.to_hdf5(path, "grown", {.append = true, .unlimited = 0});  // the log warns, and nothing waits
    if (writes() - before > 1000) outcome = many_writes;         // a byte for every block would be 8192
    for (const char* name : {"plain", "grown"})
      if (!(open_hdf5<double>(path, name) == x).all().item()) outcome = wrong_elements;
  });
  return outcome;
}

}  // namespace

TEST_CASE("a file system without fallocate and locks gets whole chunks, not a byte for every block") {
  const test::TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    Outcome outcome = failed;
    try {
      outcome = written_without_room_and_locks(folder.path() + "/x.h5");
    } catch (const std::exception& error) {
      std::fputs(error.what(), stderr);
    }
    _exit(outcome);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == cannot_refuse) WARN("seccomp is not allowed here: not tested");
  else CHECK(WEXITSTATUS(status) == right);
}
