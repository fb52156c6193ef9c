// Workers are killed while a stream runs: `stream_deaths stateless|stateful|waited|grouped SEED`. Status 0 if
// every element arrived once, in order; else a sentence and 1.
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <random>
#include <weir/weir.hpp>

namespace {

using namespace weir;

int process_id() { return getpid(); }

std::int64_t mixed(std::int64_t x) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(x % 50);
  while (std::chrono::steady_clock::now() < end) {
  }
  return x * 31 + 7;
}
std::int64_t group_of(std::int64_t x) { return x % 13; }
bool wanted(std::int64_t x) { return x % 3 != 0; }
std::int64_t sum_of(const std::vector<std::int64_t>& window) {
  std::int64_t sum = 0;
  for (const std::int64_t x : window) sum += x;
  return sum;
}

void require(bool holds, const std::string& rule) {
  if (!holds) throw std::runtime_error("stream_deaths: " + rule);
}

/// Kills one worker after the other, at random elements, but never the last.
class Hand {
 public:
  Hand(Client& client, unsigned seed, int elements) : random_(seed) {
    for (const int pid : client.gather(client.run_on_workers(process_id))) pids_.push_back(pid);
    require(pids_.size() >= 2, "needs three ranks at least");
    std::shuffle(pids_.begin(), pids_.end(), random_);
    for (std::size_t i = 0; i + 1 < pids_.size(); ++i)
      moments_.push_back(static_cast<int>(random_() % static_cast<unsigned>(elements)));
    std::sort(moments_.begin(), moments_.end());
  }
  void look(int element) {
    while (killed_ < moments_.size() && moments_[killed_] <= element) {
      require(kill(pids_[killed_], SIGKILL) == 0, "a worker is not there to be killed");
      ++killed_;
    }
  }

 private:
  std::mt19937 random_;
  std::vector<int> pids_, moments_;
  std::size_t killed_ = 0;
};

template <class Build>
void check(Client& client, unsigned seed, int count, bool waited, Build build) {
  Stream<std::int64_t> here, source;
  const auto expected = build(here).sink_to_list();
  const auto out = build(source.scatter()).gather().sink_to_list();
  std::vector<int> done(static_cast<std::size_t>(count));
  int failed = 0;
  Hand hand(client, seed, count);
  for (int i = 0; i < count; ++i) {
    hand.look(i);
    here.emit(i);
    if (waited)
      source.emit(i, [&, i](const std::exception_ptr& error) {
        ++done[static_cast<std::size_t>(i)];
        if (error) ++failed;
      });
    else source.emit(i);
  }
  source.close();
  here.close();
  const auto a = out.values(), b = expected.values();
  require(a.size() == b.size(),
          std::to_string(a.size()) + " elements instead of " + std::to_string(b.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    require(a[i] == b[i], "element " + std::to_string(i) + " is " + std::to_string(a[i]) + " instead of " +
                              std::to_string(b[i]));
  if (!waited) return;
  for (std::size_t i = 0; i < done.size(); ++i)
    require(done[i] == 1, "element " + std::to_string(i) + " was done " + std::to_string(done[i]) + " times");
  require(failed == 0, std::to_string(failed) + " elements failed");
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const std::string scenario = argc > 1 ? argv[1] : "";
    const unsigned seed = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 1;
    const std::size_t ranks = std::stoul(std::getenv("OMPI_COMM_WORLD_SIZE"));
    client.wait_for_workers(ranks - 1);
    const auto stateless = [](auto s) { return s.map(mixed).filter(wanted).map(mixed); };
    const auto stateful = [](auto s) {
      return s.map(mixed)
          .accumulate(std::plus<std::int64_t>{})
          .filter(wanted)
          .sliding_window(3)
          .map(sum_of)
          .unique();
    };
    const auto grouped = [](auto s) {
      return s.map(mixed)
          .group_by(group_of, op::accumulate(std::plus<std::int64_t>{}))
          .starmap(std::plus<std::int64_t>{});
    };
    if (scenario == "stateless") check(client, seed, 20000, false, stateless);
    else if (scenario == "stateful") check(client, seed, 20000, false, stateful);
    else if (scenario == "grouped") check(client, seed, 20000, false, grouped);
    else check(client, seed, 1000, true, stateful);
    std::cout << "right" << std::endl;
  });
}
