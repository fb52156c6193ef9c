// Messages of 64 bytes there and back in batches of 32, eight batches in flight: what the transport alone
// carries.
#include <mpi.h>

#include <deque>

#include "report.hpp"

namespace {

struct Message {
  long id;
  char body[56];
};
constexpr long batch = 32, in_flight = 8;

std::deque<std::pair<MPI_Request, std::vector<Message>>> sending;

void send(int to, std::vector<Message> messages) {
  auto& [request, kept] = sending.emplace_back(MPI_REQUEST_NULL, std::move(messages));
  MPI_Isend(kept.data(), static_cast<int>(kept.size() * sizeof(Message)), MPI_BYTE, to, 1, MPI_COMM_WORLD,
            &request);
  for (int done = 1; !sending.empty() && done;) {
    MPI_Test(&sending.front().first, &done, MPI_STATUS_IGNORE);
    if (done) sending.pop_front();
  }
}

bool receive(int from, std::vector<Message>& messages) {
  int there = 0, bytes = 0;
  MPI_Status status;
  MPI_Iprobe(from, 1, MPI_COMM_WORLD, &there, &status);
  if (!there) return false;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  messages.resize(static_cast<std::size_t>(bytes) / sizeof(Message));
  MPI_Recv(messages.data(), bytes, MPI_BYTE, from, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return true;
}

double rate(long messages) {
  std::vector<Message> got;
  const auto start = bench::Clock::now();
  for (long sent = 0, back = 0; back < messages;) {
    for (; sent < messages && sent - back < in_flight * batch; sent += batch)
      send(1, std::vector<Message>(batch));
    if (receive(1, got)) back += static_cast<long>(got.size());
  }
  return static_cast<double>(messages) / bench::seconds_since(start);
}

void echo() {
  for (std::vector<Message> got; got.empty() || got.front().id >= 0;)
    if (receive(0, got)) send(0, got);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    rate(100'000);
    bench::print("messages_per_s", bench::median({rate(1'000'000), rate(1'000'000), rate(1'000'000)}));
    send(1, {Message{-1, {}}});
  } else if (rank == 1) {
    echo();
  }
  for (auto& [request, kept] : sending) MPI_Wait(&request, MPI_STATUS_IGNORE);
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
}
