// One round of chaos: `chaos SEED` runs a random graph, nested tasks, gangs, scattered data and streams while
// workers are killed and stopped, and in some rounds others join over wires that break. Status 0 if every
// answer is what the same work gives here, one after the other.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <optional>
#include <random>
#include <thread>
#include <weir/gang.hpp>
#include <weir/weir.hpp>

#include "chaos/wires.hpp"

namespace {

using weir::Client;
using weir::Future;
using Number = std::uint64_t;
using Numbers = std::vector<Number>;
using Random = std::mt19937_64;

// --- what runs on workers

int process_id() { return getpid(); }

void compute(Number us) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(us);
  while (std::chrono::steady_clock::now() < end) {
  }
}

Number mixed(Number a, Number b) {
  compute(a % 997);
  return a * 6364136223846793005u + (b ^ (a >> 29));
}
Number total(const Numbers& values) {
  Number all = 17;
  for (const Number value : values) all = all * 31 + value;
  return all;
}
Numbers grown(Number x, Number size) {
  Numbers values(size);
  for (Number& value : values) value = x = x * 2862933555777941757u + 3037000493u;
  return values;
}
Number found(const Numbers& table, Number x) { return table[x % table.size()] + x; }

/// The same by tasks of its own, which wait for others.
Number nested_here(Number x, Number width) {
  Numbers parts;
  for (Number i = 0; i < width; ++i) parts.push_back(mixed(x, i));
  return total(parts);
}
Number nested(Number x, Number width) {
  Client client = Client::current();
  std::vector<Future<Number>> parts;
  for (Number i = 0; i < width; ++i) parts.push_back(client.submit(mixed, x, i));
  return client.submit(total, parts).result();
}

Number gangs = 0;  ///< That this round has submitted.

/// What the ranks of a gang find together: each sends to the next what one of them has told all.
Number ganged_here(Number x, Number ranks) {
  const Number told = mixed(x, x % ranks);
  Numbers all;
  for (Number rank = 0; rank < ranks; ++rank) all.push_back(told + (rank + ranks - 1) % ranks);
  return total(all) * ranks;
}
Number ganged(weir::Gang& gang, Number x) {
  const int ranks = gang.size(), rank = gang.rank();
  const Number told = gang.broadcast(mixed(x, static_cast<Number>(rank)), static_cast<int>(x % ranks));
  gang.send((rank + 1) % ranks, told + static_cast<Number>(rank), 3);
  if (x % 3 == 0) gang.barrier();
  const auto before = gang.receive<Number>((rank + ranks - 1) % ranks, 3);
  return gang.allreduce(total(gang.allgather(before)));
}

Number stepped(Number x) { return mixed(x, 5); }
Number added(Number a, Number b) { return a + b; }
bool wanted(Number x) { return x % 3 != 0; }

// --- what happens to them

/// Kills and stops workers at random moments while it lives; `kept` of them are never killed, and none stays
/// stopped.
class Hand {
 public:
  Hand(std::vector<int> pids, std::size_t kept, Number seed)
      : pids_(std::move(pids)), kept_(kept), random_(seed), thread_([this] { work(); }) {}
  ~Hand() {
    is_over_ = true;
    thread_.join();
  }
  Hand(const Hand&) = delete;

 private:
  void wait(int most_ms) {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(random_() % static_cast<Number>(most_ms));
    while (!is_over_ && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void work() {
    std::size_t alive = pids_.size();
    while (!is_over_ && alive > 0) {
      wait(150);
      const std::size_t which = random_() % alive;
      if (is_over_) break;
      if (alive > kept_ && random_() % 2 == 0) {
        kill(pids_[which], SIGKILL);
        std::swap(pids_[which], pids_[--alive]);
      } else {
        kill(pids_[which], SIGSTOP);
        wait(400);
        kill(pids_[which], SIGCONT);
      }
    }
  }

  std::vector<int> pids_;
  std::size_t kept_;
  Random random_;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

// --- the work, there and here

void require(bool holds, const std::string& rule) {
  if (!holds) throw std::runtime_error("chaos: " + rule);
}

struct Task {
  Future<Number> there;
  Number here = 0;
};

/// A task on random inputs among `tasks`, and its answer.
Task make_task(Client& client, Random& random, const std::vector<Task>& tasks, const Future<Numbers>& table,
               const Numbers& table_here, Number places) {
  const auto any = [&]() -> const Task& { return tasks[random() % tasks.size()]; };
  const Task& a = any();
  switch (random() % 6) {
    case 0: {
      const Task& b = any();
      return {client.submit(mixed, a.there, b.there), mixed(a.here, b.here)};
    }
    case 1: {
      std::vector<Future<Number>> inputs;
      Numbers inputs_here;
      for (Number i = random() % 6; i > 0; --i) {
        const Task& input = any();
        inputs.push_back(input.there);
        inputs_here.push_back(input.here);
      }
      return {client.submit(total, inputs), total(inputs_here)};
    }
    case 2: {
      const Number size = random() % 40'000;
      return {client.submit(total, client.submit(grown, a.there, size)), total(grown(a.here, size))};
    }
    case 3: {
      const Number width = random() % 5;
      return {client.submit(nested, a.there, width), nested_here(a.here, width)};
    }
    case 4: {
      const Number ranks = 1 + random() % places;
      ++gangs;
      return {client.submit(weir::gang{static_cast<int>(ranks)}, ganged, a.there),
              ganged_here(a.here, ranks)};
    }
    default:
      return {client.submit(found, table, a.there), found(table_here, a.here)};
  }
}

void check_graph(Client& client, Random& random, const Future<Numbers>& table, const Numbers& table_here,
                 Number places) {
  std::vector<Task> tasks{{client.submit(mixed, Number{1}, Number{2}), mixed(1, 2)}};
  const std::size_t size = 50 + random() % 300;
  while (tasks.size() < size) {
    tasks.push_back(make_task(client, random, tasks, table, table_here, places));
    if (random() % 7 == 0) std::swap(tasks[random() % tasks.size()], tasks.back());
    if (random() % 5 == 0 && tasks.size() > 1) tasks.pop_back();  // nobody wants it any more
    if (random() % 40 == 0)
      require(tasks.back().there.result() == tasks.back().here, "a result in between is wrong");
  }
  for (const Task& task : tasks) require(task.there.result() == task.here, "a result is wrong");
}

void check_stream(Random& random) {
  const Number window = 1 + random() % 5;
  const Number elements = 200 + random() % 1500;
  Numbers there, here;
  weir::Stream<Number> source, source_here;
  source.scatter()
      .map(stepped)
      .filter(wanted)
      .accumulate(added, Number{0})
      .partition(window)
      .map(total)
      .gather()
      .sink([&](Number x) { there.push_back(x); });
  source_here.map(stepped)
      .filter(wanted)
      .accumulate(added, Number{0})
      .partition(window)
      .map(total)
      .sink([&](Number x) { here.push_back(x); });
  for (Number i = 0; i < elements; ++i) {
    source.emit(i);
    source_here.emit(i);
  }
  source.drain();
  require(there == here, "a stream gave " + std::to_string(there.size()) + " elements that are not the " +
                             std::to_string(here.size()) + " expected");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "chaos: a seed must be given; write for example weir run -n 4 chaos 1\n";
    return 2;
  }
  weir::RunOptions options;
  options.allowed_failures = 100;  // no task is to blame here
  return weir::run(
      argc, argv,
      [&](Client& client) {
        const Number seed = std::strtoull(argv[1], nullptr, 10);
        Random random(seed);
        std::vector<int> pids = client.gather(client.run_on_workers(process_id));
        require(pids.size() > 1, "two workers at least are needed");
        const Numbers table_here = grown(seed, 1000 + random() % 100'000);
        const Future<Numbers> table = client.broadcast(table_here);
        // Workers of the job itself and those that join; of these one is on no wire.
        std::optional<weir::LocalCluster> cluster;
        std::optional<weir::test::WiredWorkers> wired;
        if (seed % 3 == 0) {
          const std::size_t workers = pids.size() + 3;
          cluster.emplace(weir::LocalOptions{.workers = 1});
          wired.emplace(cluster->connection_file(), argv, 2, seed + 2);
          client.wait_for_workers(workers);
          wired->begin();
        }
        const Number kept = 1 + seed % pids.size();  // as many places a gang may ask for
        const Hand hand(std::move(pids), kept, seed + 1);
        for (int i = 0; i < 3; ++i) {
          if (random() % 3 == 0) check_stream(random);
          else check_graph(client, random, table, table_here, kept);
        }
        std::cout << "gangs " << gangs << std::endl;
        return 0;
      },
      options);
}
