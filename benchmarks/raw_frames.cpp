// Frames of 8 MB from rank 0 to rank 1 and back by MPI_Isend and MPI_Irecv, one on its way in each direction:
// into memory used before, and into a fresh std::vector. Elements of 64 KiB that are made and copied twice.
#include <mpi.h>

#include <array>

#include "report.hpp"

namespace {

constexpr int doubles = 1'000'000;
constexpr int frames = 60;
using Frame = std::vector<double>;

Frame& fresh(Frame& frame) {
  Frame().swap(frame);
  frame.resize(doubles);
  return frame;
}

/// Gives back every frame while the next one comes.
void echo(bool is_fresh) {
  std::array<Frame, 2> buffers{Frame(doubles), Frame(doubles)};
  MPI_Request sending = MPI_REQUEST_NULL;
  for (int i = 0; i < frames; ++i) {
    Frame& frame = buffers[i % 2];
    if (is_fresh) fresh(frame);
    MPI_Recv(frame.data(), doubles, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Wait(&sending, MPI_STATUS_IGNORE);
    MPI_Isend(frame.data(), doubles, MPI_DOUBLE, 0, 2, MPI_COMM_WORLD, &sending);
  }
  MPI_Wait(&sending, MPI_STATUS_IGNORE);
}

/// Frames per second, there and back.
double drive(bool is_fresh) {
  const Frame out(doubles, 1.0);
  std::array<Frame, 2> buffers{Frame(doubles), Frame(doubles)};
  double sum = 0;
  const auto start = bench::Clock::now();
  MPI_Request sending = MPI_REQUEST_NULL, coming = MPI_REQUEST_NULL;
  for (int i = 0; i < frames; ++i) {
    MPI_Isend(out.data(), doubles, MPI_DOUBLE, 1, 1, MPI_COMM_WORLD, &sending);
    if (i > 0) {
      MPI_Wait(&coming, MPI_STATUS_IGNORE);
      sum += buffers[(i - 1) % 2][7];
    }
    Frame& frame = buffers[i % 2];
    if (is_fresh) fresh(frame);
    MPI_Irecv(frame.data(), doubles, MPI_DOUBLE, 1, 2, MPI_COMM_WORLD, &coming);
    MPI_Wait(&sending, MPI_STATUS_IGNORE);
  }
  MPI_Wait(&coming, MPI_STATUS_IGNORE);
  sum += buffers[(frames - 1) % 2][7];
  if (sum != frames) MPI_Abort(MPI_COMM_WORLD, 1);
  return frames / bench::seconds_since(start);
}

/// Elements of 64 KiB per second, each made, copied into a fresh one and back into another.
double copied_twice() {
  constexpr int count = 10'000;
  double sum = 0;
  const double seconds = bench::seconds_of([&] {
    for (int i = 0; i < count; ++i) {
      const Frame made(8192, 1.0), there(made), back(there);
      sum += back[i % 8192];
    }
  });
  if (sum != 6.0 * count) MPI_Abort(MPI_COMM_WORLD, 1);
  return count / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (const bool is_fresh : {false, true}) {
    std::vector<double> rates;
    for (int round = 0; round < 6; ++round) {
      if (rank == 1) echo(is_fresh);
      else if (const double rate = drive(is_fresh); round > 0) rates.push_back(rate);
    }
    if (rank == 0)
      bench::print(is_fresh ? "frames_vector_per_s" : "frames_reused_per_s", bench::median(rates));
  }
  if (rank == 0) bench::print("large_copied_twice_per_s", copied_twice());
  MPI_Finalize();
}
