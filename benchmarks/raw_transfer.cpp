// Doubles from one rank to another by MPI_Isend and MPI_Irecv: into fresh memory, into a fresh std::vector,
// into memory used before.
#include <mpi.h>
#include <sys/mman.h>

#include <functional>

#include "report.hpp"

namespace {

constexpr std::size_t huge = 2 << 20;
using Place = std::function<double*()>;  // where the next message goes

double receive(std::size_t count, const Place& place) {
  int ready = 0;
  MPI_Recv(&ready, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);  // the sender has its data
  const auto start = bench::Clock::now();
  MPI_Send(&ready, 1, MPI_INT, 0, 2, MPI_COMM_WORLD);
  double* data = place();
  MPI_Request request;
  MPI_Irecv(data, static_cast<int>(count), MPI_DOUBLE, 0, 3, MPI_COMM_WORLD, &request);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  const double seconds = bench::seconds_since(start);
  if (data[0] + data[count - 1] != 2) MPI_Abort(MPI_COMM_WORLD, 1);
  return static_cast<double>(count * sizeof(double)) / seconds / 1e9;
}

void send(std::size_t count) {
  const std::vector<double> values(count, 1.0);  // new every time, as a task's result is
  int ready = 1;
  MPI_Send(&ready, 1, MPI_INT, 1, 1, MPI_COMM_WORLD);
  MPI_Recv(&ready, 1, MPI_INT, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Request request;
  MPI_Isend(values.data(), static_cast<int>(count), MPI_DOUBLE, 1, 3, MPI_COMM_WORLD, &request);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
}

double median_of(long repeat, const std::function<double()>& once) {
  once();
  std::vector<double> rates;
  for (long i = 0; i < repeat; ++i) rates.push_back(once());
  return bench::median(rates);
}

// Fresh memory as Weir receives into: huge pages asked for, nothing written before.
double receive_fresh(std::size_t count) {
  double* fresh = nullptr;
  const double rate = receive(count, [&] {
    const std::size_t bytes = (count * sizeof(double) + huge - 1) / huge * huge;
    fresh = static_cast<double*>(std::aligned_alloc(huge, bytes));
    if (!fresh) MPI_Abort(MPI_COMM_WORLD, 1);
    madvise(fresh, bytes, MADV_HUGEPAGE);
    return fresh;
  });
  std::free(fresh);
  return rate;
}

double receive_vector(std::size_t count) {
  std::vector<double> fresh;
  return receive(count, [&] {
    fresh.resize(count);
    return fresh.data();
  });
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const auto count =
      static_cast<std::size_t>(bench::option(argc, argv, "--bytes", 128'000'000)) / sizeof(double);
  const long repeat = bench::option(argc, argv, "--repeat", 15);
  if (rank == 0) {
    for (long i = 0; i < 3 * (repeat + 1); ++i) send(count);
  } else if (rank == 1) {
    std::vector<double> reused(count);
    bench::print("fresh_gb_per_s", median_of(repeat, [&] { return receive_fresh(count); }));
    bench::print("vector_gb_per_s", median_of(repeat, [&] { return receive_vector(count); }));
    bench::print("reused_gb_per_s",
                 median_of(repeat, [&] { return receive(count, [&] { return reused.data(); }); }));
  }
  MPI_Finalize();
}
