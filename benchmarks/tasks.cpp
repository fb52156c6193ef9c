// Many tasks that do nothing, from submit to gather. The first run is told apart: it also pays for memory the
// later ones reuse.
#include <numeric>
#include <thread>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int same(int x) { return x; }

// Until the scheduler knows of no task, so that one run does not pay for the clearing up of another.
void wait_until_idle(weir::Client& client) {
  const auto count = [&] {
    const auto tasks = client.snapshot().tasks;
    return std::accumulate(tasks.begin(), tasks.end(), std::uint64_t{0});
  };
  while (count() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

double rate(weir::Client& client, const std::vector<int>& numbers) {
  const auto start = bench::Clock::now();
  const std::vector<weir::Future<int>> futures = client.map(same, numbers);
  const std::vector<int> results = client.gather(futures);
  const double seconds = bench::seconds_since(start);
  if (results != numbers)
    throw weir::Error(weir::ErrorKind::internal, "tasks: the results must equal the arguments");
  return static_cast<double>(numbers.size()) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    std::vector<int> numbers(static_cast<std::size_t>(bench::option(argc, argv, "--tasks", 1'000'000)));
    std::iota(numbers.begin(), numbers.end(), 0);
    client.wait_for_workers(1);
    const double first = rate(client, numbers);
    bench::print("tasks_per_s_first", first);
    std::vector<double> rates;
    for (long i = bench::option(argc, argv, "--repeat", 3); i > 0; --i) {
      wait_until_idle(client);
      rates.push_back(rate(client, numbers));
    }
    bench::print("tasks_per_s", bench::median(rates));
    bench::print("tasks_first_fraction", first / bench::median(rates));
  });
}
