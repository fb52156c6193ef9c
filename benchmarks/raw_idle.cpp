// What a rank costs that waits in MPI_Recv.
#include <mpi.h>

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
    const double before = bench::cpu_s();
    const auto start = bench::Clock::now();
    MPI_Recv(&token, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    bench::print("idle_cpu_fraction", (bench::cpu_s() - before) / bench::seconds_since(start));
  }
  MPI_Finalize();
}
