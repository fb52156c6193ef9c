// Gangs on threads and on ranks: the same program.
#include <weir/coordination.hpp>
#include <weir/ending.hpp>
#include <weir/gang_mpi.hpp>
#include <weir/program.hpp>
#include <weir/this_task.hpp>

#include <catch2/catch.hpp>
#include <numeric>
#include <thread>

#include "support/cluster_main.hpp"

using namespace weir::test;
using weir::Gang;

namespace {

int places() {
  int threads = 0;
  for (const weir::WorkerInfo& worker : client().workers()) threads += static_cast<int>(worker.threads);
  return threads;
}

int rank_sum(Gang& gang, int add) { return gang.allreduce(gang.rank() + add); }
std::string letters(Gang& gang, const std::string& word) {
  const auto joined = gang.reduce(std::string(1, word[static_cast<std::size_t>(gang.rank())]));
  return joined.value_or("");
}
std::vector<int> part(Gang& gang, const std::vector<int>& numbers) {
  std::vector<int> all = numbers;
  all.push_back(100 * gang.rank());
  return all;
}
int all_calls(Gang& gang) {
  const int n = gang.size(), r = gang.rank();
  gang.barrier();
  int wrong = gang.broadcast(r == n - 1 ? 42 : 0, n - 1) != 42;
  const auto gathered = gang.gather(r * r, n - 1);
  wrong += r == n - 1 ? gathered.size() != static_cast<std::size_t>(n) || gathered[n - 1] != (n - 1) * (n - 1)
                      : !gathered.empty();
  const auto everywhere = gang.allgather(r);
  for (int i = 0; i < n; ++i) wrong += everywhere.at(i) != i;
  std::vector<int> parts(n);
  std::iota(parts.begin(), parts.end(), 7);
  wrong += gang.scatter(parts) != r + 7;
  const auto sums = gang.allreduce(std::vector<double>{1.0, double(r)});
  wrong += sums != std::vector<double>{double(n), n * (n - 1) / 2.0};
  const auto most = gang.reduce(
      r, [](int a, int b) { return std::max(a, b); }, n - 1);
  wrong += (r == n - 1) ? most != n - 1 : most.has_value();
  gang.send((r + 1) % n, std::string(100'000, static_cast<char>('a' + r)), 5);
  const auto from = gang.receive<std::string>((r + n - 1) % n, 5);
  wrong += from != std::string(100'000, static_cast<char>('a' + (r + n - 1) % n));
  for (int i = 0; i < 50; ++i) gang.barrier();
  return gang.allreduce(wrong);
}
int one_throws(Gang& gang) {
  if (gang.rank() == gang.size() - 1) throw std::domain_error("no energy");
  gang.barrier();  // never met
  return 0;
}
int different(Gang& gang) {
  if (gang.rank() == 0) return static_cast<int>(gang.gather(1).size());
  return gang.allreduce(1);
}
void nothing(Gang& gang) { gang.barrier(); }
int mpi_sum(Gang& gang) {
  const weir::GangComm comm(gang);
  int sum = gang.rank() + 1, rank = -1;
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, comm);
  MPI_Comm_rank(comm, &rank);
  return rank == gang.rank() ? sum : -1;
}
std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
std::int64_t ends_late(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  return now_ns();
}
std::int64_t begins(Gang& gang) {
  const std::int64_t now = now_ns();
  gang.barrier();
  return now;
}
std::vector<int> numbers() { return {1, 2, 3, 4, 5}; }
std::pair<int, std::size_t> cores() { return {weir::this_task().cores(), weir::this_task().cpus().size()}; }

}  // namespace

TEST_CASE("gang: ranks talk to each other; the result is that of rank 0") {
  const int n = places();
  CHECK(client().submit(weir::gang{n}, rank_sum, 1).result() == n * (n + 1) / 2);
  CHECK(client().submit(weir::gang{n}, all_calls).result() == 0);
  CHECK(client().submit(weir::gang{n}, letters, std::string("weirs and dams")).result() ==
        std::string("weirs and dams").substr(0, static_cast<std::size_t>(n)));
  CHECK_NOTHROW(client().submit(weir::gang{1}, nothing).result());
}

TEST_CASE("gang: inputs are futures, parts and results of each") {
  const int n = places();
  const auto input = client().submit(numbers);
  const auto each = client().submit(weir::gang{n}.each(), part, weir::split(std::vector<int>{1, 2, 3, 4, 5}));
  std::vector<int> all;
  for (int rank = 0; rank < n; ++rank) {
    std::vector<int> mine = each.result().at(static_cast<std::size_t>(rank));
    REQUIRE_FALSE(mine.empty());
    CHECK(mine.back() == 100 * rank);
    all.insert(all.end(), mine.begin(), mine.end() - 1);
  }
  CHECK(all == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(client().submit(weir::gang{n}, part, input).result() == std::vector<int>{1, 2, 3, 4, 5, 0});
  // And so is their result.
  const auto next = client().submit([](const std::vector<int>& v) { return v.size(); },
                                    client().submit(weir::gang{n}, part, input));
  CHECK(next.result() == 6);
}

TEST_CASE("gang: no rank begins before there are places for all") {
  for (int round = 0; round < 2; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // no gang is known any more
    const auto late = client().submit(ends_late, 300);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a thread has taken it
    const auto each = client().submit(weir::gang{places()}.each(), begins);
    const auto short_ones = client().map(ends_late, std::vector<int>(10, 1));
    for (const std::int64_t begun : each.result()) CHECK(begun >= late.result());
    client().gather(short_ones);
  }
}

TEST_CASE("gang: a rank that throws fails the gang; the others leave it") {
  const int n = places();
  const std::string message =
      message_of([&] { static_cast<void>(client().submit(weir::gang{n}, one_throws).result()); });
  CHECK(message.find("std::domain_error: no energy") != std::string::npos);
  CHECK(message.find("on rank " + std::to_string(n - 1) + " of " + std::to_string(n)) != std::string::npos);
  CHECK(client().submit(weir::gang{n}, rank_sum, 0).result() == n * (n - 1) / 2);
}

TEST_CASE("gang: ranks that call different functions are told") {
  const int n = places();
  if (n < 2) return;
  const std::string message =
      message_of([&] { static_cast<void>(client().submit(weir::gang{n}, different).result()); });
  CHECK(message.find("all ranks must call the same functions in the same order") != std::string::npos);
}

TEST_CASE("gang: ranks that wait for what cannot come are told who does what") {
  const int n = places();
  if (n < 2) return;
  const auto of_two = [](auto function) {
    return message_of([&] { static_cast<void>(client().submit(weir::gang{2}, function).result()); });
  };
  const auto has = [](const char* text) { return Catch::Matchers::Contains(text); };
  // Rank 1 returns while rank 0 waits, in a collective and for a message.
  CHECK_THAT(of_two([](Gang& gang) { return gang.rank() == 0 ? gang.allreduce(1) : 0; }),
             has("rank 0 calls allreduce (collective call 1) and needs rank 1, which has returned"));
  CHECK_THAT(
      of_two([](Gang& gang) { return gang.rank() == 0 ? gang.receive<int>(1, 5) : 0; }),
      has("rank 0 calls receive with tag 5 and needs rank 1, which has returned without sending that"));
  // Nobody has sent anything: each waits for the other.
  CHECK_THAT(of_two([](Gang& gang) {
               return gang.rank() == 0 ? static_cast<int>(gang.gather(1).size()) : gang.scatter<int>({}, 0);
             }),
             has("rank 0 calls gather to rank 0 where rank 1 calls scatter from rank 0") ||
                 has("rank 1 calls scatter from rank 0 where rank 0 calls gather to rank 0"));
  CHECK_THAT(
      of_two([](Gang& gang) { return gang.receive<int>(1 - gang.rank(), 3); }),
      has("ranks wait for each other for ever: rank ") && has("rank 1 in receive with tag 3 for rank 0"));
  // Nobody waits: each is the root, and goes on to its next call.
  CHECK_THAT(of_two([](Gang& gang) { return gang.broadcast(1, gang.rank()) + gang.allreduce(1); }),
             has("broadcast from rank 1") && has("broadcast from rank 0") && has("(collective call 1)"));
  // Who only sends does not wait: both have returned.
  CHECK_THAT(of_two([](Gang& gang) { return gang.rank() ? gang.reduce(1).value_or(0) : 0; }),
             has("calls reduce to rank 0 (collective call 1) and needs rank 0, which has returned") ||
                 has("rank 1 has sent what rank 0 never received; their last collective calls are reduce to "
                     "rank 0 (collective call 1) of rank 1 and none of rank 0"));
  CHECK_THAT(of_two([](Gang& gang) {
               return gang.rank() ? gang.allreduce(1) : static_cast<int>(gang.allreduce(1.0));
             }),
             has("calls allreduce with values of another type than rank "));
  CHECK(client().submit(weir::gang{n}, rank_sum, 0).result() == n * (n - 1) / 2);
}

TEST_CASE("gang: what cannot be is told at once") {
  CHECK(message_of([] { static_cast<void>(client().submit(weir::gang{0}, rank_sum, 1)); }) ==
        "gang: ranks must be from 1 to 65536 (got 0)");
  CHECK(message_of([] { static_cast<void>(client().submit(weir::gang{-3}, rank_sum, 1)); }) ==
        "gang: ranks must be from 1 to 65536 (got -3)");
  const std::string message =
      message_of([] { static_cast<void>(client().submit(weir::gang{1000}, rank_sum, 1).result()); });
  CHECK(message.find("it is a gang of 1000 ranks") != std::string::npos);
  CHECK(message.find("and no worker is to come; ask for fewer ranks, or start more workers") !=
        std::string::npos);
}

TEST_CASE("gang: a communicator of MPI, where MPI takes several threads") {
  const int n = static_cast<int>(client().workers().size());
  const weir::gang separate{.ranks = n, .separate = true};
  const char* threads = std::getenv("WEIR_MPI_THREADS");
  if (on_ranks() && threads && threads == std::string("multiple")) {
    for (int i = 0; i < 20; ++i) CHECK(client().submit(separate, mpi_sum).result() == n * (n + 1) / 2);
    return;
  }
  const std::string message =
      message_of([&] { static_cast<void>(client().submit(separate, mpi_sum).result()); });
  CHECK(message.find(on_ranks()
                         ? "start the program with WEIR_MPI_THREADS=multiple"
                         : "all ranks must be processes of the program's own MPI job") != std::string::npos);
}

TEST_CASE("gang: cancelled while its ranks wait for each other") {
  const int n = places();
  const auto future = client().submit(weir::gang{n}, [](Gang& gang) {
    while (gang.rank() == 0 && !weir::cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return gang.receive<int>(0, 9);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  future.cancel("enough");
  CHECK(message_of([&] { static_cast<void>(future.result()); }).find("enough") != std::string::npos);
  CHECK(client().submit(weir::gang{n}, rank_sum, 0).result() == n * (n - 1) / 2);
}

TEST_CASE("gang: a rank that waits leaves at the time limit, and the one that is stuck is named") {
  const int n = places();
  if (n < 2) return;
  const weir::Options limited{.time_limit = std::chrono::milliseconds(200)};
  const auto future = client().submit(weir::gang{.ranks = n, .options = limited}, [](Gang& gang) {
    if (gang.rank() == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    try {
      gang.barrier();
    } catch (const weir::GangError& error) {
      if (gang.rank() == 0 &&
          std::string(error.what()).find("time limit of 200ms is over") != std::string::npos)
        weir::Event("rank 0 has left").set();
      throw;
    }
  });
  CHECK(weir::Event("rank 0 has left").wait(std::chrono::milliseconds(1500)));
  const std::string message = message_of([&] { future.result(); });
  CHECK_THAT(message, Catch::Contains("time limit of 200ms") && Catch::Contains("on rank 1 of "));
  CHECK(client().submit(weir::gang{n}, rank_sum, 0).result() == n * (n - 1) / 2);
}

TEST_CASE("task: cores are counted, and more than there are is told at once") {
  const int threads = static_cast<int>(client().workers().front().threads);
  const auto [count, cpus] = client().submit(weir::Options{.cores = threads}, cores).result();
  CHECK(count == threads);
  CHECK((cpus == 0 || cpus == static_cast<std::size_t>(threads)));
  const std::string message =
      message_of([] { static_cast<void>(client().submit(weir::Options{.cores = 500}, cores).result()); });
  CHECK(message.find("the task needs 500") != std::string::npos);
  CHECK(message_of([] { static_cast<void>(client().submit(weir::Options{.cores = -1}, cores)); }) ==
        "submit: cores must be from 0 to 4096 (got -1); 0 stands for one thread that is bound to nothing");
  CHECK(message_of([] {
          static_cast<void>(client().submit(weir::Options{.resources = {{"gpu", 1.5}}}, cores));
        }).find("gpu must be a whole number, or less than 1 (got 1.5)") != std::string::npos);
  CHECK(message_of([] { static_cast<void>(weir::this_task()); }).find("no task runs in this thread") !=
        std::string::npos);
}

TEST_CASE("gang: a program is one MPI job on the places of the ranks") {
  const int n = places();
  const std::string who = "echo $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE $1";
  const std::string output =
      client().submit(weir::gang{n}, weir::program{"sh", "-c", who, "sh", "{}"}, "case 7").result().output;
  for (int rank = 0; rank < n; ++rank)
    CHECK_THAT(output, Catch::Contains(std::to_string(rank) + " of " + std::to_string(n) + " case 7\n"));
  const weir::gang wide{.ranks = 1, .options = {.cores = 1}};
  const std::string threads = "echo threads $OMP_NUM_THREADS $MKL_NUM_THREADS";
  if (!std::getenv("OMP_NUM_THREADS"))
    CHECK(client().submit(wide, weir::program{"sh", "-c", threads}).result().output == "threads 1 1\n");
  const std::string message = message_of([&] {
    static_cast<void>(
        client().submit(weir::gang{n}, weir::program{"sh", "-c", "echo no mesh >&2; exit 3"}).result());
  });
  CHECK_THAT(message, Catch::Contains("ended with status 3") && Catch::Contains("no mesh"));
}
