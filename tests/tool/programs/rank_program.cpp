// An MPI program that behaves as its first argument says; the tests of `weir run` start it.
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

void leave_status(int status) {
  if (const char* path = std::getenv("WEIR_STATUS_FILE")) {
    std::FILE* file = std::fopen(path, "w");
    std::fprintf(file, "%d", status);
    std::fclose(file);
  }
}

/// Returns when a byte from `rank` is there. Rank `rank` sends it just before it dies.
void hear_from(int rank) {
  char byte = 0;
  MPI_Recv(&byte, 1, MPI_CHAR, rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void tell(int rank) {
  const char byte = 0;
  MPI_Send(&byte, 1, MPI_CHAR, rank, 0, MPI_COMM_WORLD);
}

[[noreturn]] void wait_for_ever() {
  while (true) pause();
}

void print_arguments(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) std::printf("%d<%s>\n", i, argv[i]);
}

/// Rank 0 prints those of all: lines of several ranks come in any order, also long after a barrier.
void print_pids(int rank, int size, pid_t daemon = 0) {
  const std::array<int, 3> mine{getpid(), getppid(), daemon};
  std::vector<std::array<int, 3>> all(rank == 0 ? size : 0);
  MPI_Gather(mine.data(), 3, MPI_INT, all.data(), 3, MPI_INT, 0, MPI_COMM_WORLD);
  if (rank != 0) return;
  for (int i = 0; i < size; ++i) {
    const auto& [pid, mpirun, daemon_pid] = all[i];
    std::fprintf(stderr, "rank=%d pid=%d mpirun=%d.\n", i, pid, mpirun);
    if (daemon_pid != 0) std::fprintf(stderr, "daemon pid=%d\n", daemon_pid);
  }
  std::fprintf(stderr, "all ready\n");
}

/// A process with a session of its own, without a parent and without open files.
pid_t start_daemon() {
  int ready[2];
  if (pipe(ready) != 0) std::abort();
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    const pid_t self = getpid();
    (void)!write(ready[1], &self, sizeof self);
    for (int descriptor = 0; descriptor < 100; ++descriptor) close(descriptor);
    wait_for_ever();
  }
  pid_t daemon = 0;
  (void)!read(ready[0], &daemon, sizeof daemon);
  return daemon;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (what == "arguments" && rank == 0) print_arguments(argc, argv);
  if (what == "size" && rank == 0) std::printf("%d ranks\n", size);
  if (what == "exit") {
    MPI_Finalize();
    return rank == 0 ? std::atoi(argv[2]) : 0;
  }
  if (what == "status") {
    if (rank == 0) leave_status(std::atoi(argv[2]));
    _exit(rank == 0 ? 9 : 0);
  }
  if (what == "worker_killed") {
    if (rank == 1) {
      tell(0);
      raise(SIGKILL);
    }
    if (rank != 0) _exit(0);
    hear_from(1);
    std::fputs("stderr of the program", stderr);  // and no end of line
    leave_status(0);
    _exit(0);
  }
  if (what == "killed") {
    if (rank == 0) raise(SIGKILL);
    wait_for_ever();
  }
  if (what == "mpirun_stays") {  // as after the loss of a node: the other rank does not end
    print_pids(rank, size);
    if (rank != 0) wait_for_ever();
    leave_status(4);
    _exit(0);
  }
  if (what == "wait") {
    print_pids(rank, size);
    wait_for_ever();
  }
  if (what == "deaf") {  // ranks that do not end for being asked, and a child that has gone its own way
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
    print_pids(rank, size, start_daemon());
    wait_for_ever();
  }
  if (what == "daemon") {
    if (rank == 0) std::fprintf(stderr, "daemon pid=%d\n", start_daemon());
    MPI_Finalize();
    return 0;
  }
  MPI_Finalize();
  return 0;
}
