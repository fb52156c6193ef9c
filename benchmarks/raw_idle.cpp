// What a rank costs that waits in MPI_Recv.
#include <mpi.h>
#include <sys/resource.h>

#include <thread>

#include "report.hpp"

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, token = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    MPI_Send(&token, 1, MPI_INT, 1, 1, MPI_COMM_WORLD);
  } else if (rank == 1) {
    const auto cpu_s = [] {
      rusage usage{};
      getrusage(RUSAGE_SELF, &usage);
      return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    };
    const double before = cpu_s();
    const auto start = bench::Clock::now();
    MPI_Recv(&token, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    bench::print("idle_cpu_fraction", (cpu_s() - before) / bench::seconds_since(start));
  }
  MPI_Finalize();
}
