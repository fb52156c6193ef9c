// The letters of many files counted by one process and by two that share nothing: the speed-up this machine
// offers now.
#include <sys/wait.h>
#include <unistd.h>

#include "letters/count.hpp"
#include "report.hpp"

namespace {

constexpr int processes = 2;

void count(int argc, char** argv, int first, int step) {
  for (int i = first; i < argc; i += step) (void)letters::count_file(argv[i]);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) letters::check_file(argv[i]);
  auto start = bench::Clock::now();
  count(argc, argv, 1, 1);
  const double one = bench::seconds_since(start);
  start = bench::Clock::now();
  for (int i = 0; i < processes; ++i)
    if (fork() == 0) {
      count(argc, argv, 1 + i, processes);
      _exit(0);
    }
  for (int i = 0, status = 0; i < processes; ++i)
    if (wait(&status) < 0 || status != 0) return 1;
  bench::print("speedup", one / bench::seconds_since(start));
}
