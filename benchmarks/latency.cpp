// How long one task takes there and back, after work and after silence, and a chain of tasks.
#include <thread>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int increment(int x) { return x + 1; }

double roundtrip_s(weir::Client& client) {
  const auto start = bench::Clock::now();
  if (client.submit(increment, 1).result() != 2)
    throw weir::Error(weir::ErrorKind::internal, "latency: 1 + 1 must be 2");
  return bench::seconds_since(start);
}

std::vector<double> roundtrips(weir::Client& client, long count) {
  std::vector<double> times;
  for (long i = 0; i < count; ++i) times.push_back(roundtrip_s(client));
  return times;
}

double chain_s(weir::Client& client, int links) {
  const auto start = bench::Clock::now();
  weir::Future<int> last = client.submit(increment, 0);
  for (int i = 1; i < links; ++i) last = client.submit(increment, last);
  if (last.result() != links)
    throw weir::Error(weir::ErrorKind::internal, "latency: the chain must count its links");
  return bench::seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const long count = bench::option(argc, argv, "--roundtrips", 20'000);
    const int links = static_cast<int>(bench::option(argc, argv, "--links", 10'000));
    client.wait_for_workers(1);
    roundtrips(client, count / 10);
    const std::vector<double> times = roundtrips(client, count);
    bench::print("roundtrip_us", bench::median(times) * 1e6);
    bench::print("roundtrip_p99_us", bench::quantile(times, 0.99) * 1e6);

    std::vector<double> chains;
    for (long i = bench::option(argc, argv, "--repeat", 5); i > 0; --i)
      chains.push_back(chain_s(client, links) / links);
    bench::print("chain_us", bench::median(chains) * 1e6);

    std::vector<double> firsts;
    for (long i = bench::option(argc, argv, "--silences", 5); i > 0; --i) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      firsts.push_back(roundtrip_s(client));
    }
    if (!firsts.empty()) bench::print("first_after_silence_ms", bench::median(firsts) * 1e3);
  });
}
