// 64 bytes there and back between two ranks that do nothing else, also after a second of silence.
#include <mpi.h>

#include <thread>

#include "report.hpp"

namespace {

char message[64];

double roundtrip_s() {
  const auto start = bench::Clock::now();
  MPI_Send(message, sizeof message, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
  MPI_Recv(message, sizeof message, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return bench::seconds_since(start);
}

void echo() {
  MPI_Recv(message, sizeof message, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Send(message, sizeof message, MPI_BYTE, 0, 1, MPI_COMM_WORLD);
}

constexpr int count = 20'000, silences = 3;

void measure() {
  std::vector<double> times, firsts;
  for (int i = 0; i < count; ++i) times.push_back(roundtrip_s());
  for (int i = 0; i < silences; ++i) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    firsts.push_back(roundtrip_s());
  }
  bench::print("roundtrip_us", bench::median(times) * 1e6);
  bench::print("roundtrip_p99_us", bench::quantile(times, 0.99) * 1e6);
  bench::print("first_after_silence_ms", bench::median(firsts) * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) measure();
  else if (rank == 1)
    for (int i = 0; i < count + silences; ++i) echo();
  MPI_Finalize();
}
