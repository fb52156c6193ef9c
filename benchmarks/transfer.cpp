// A large vector from the worker that made it to another that uses it.
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

std::vector<double> make(long count) { return std::vector<double>(static_cast<std::size_t>(count), 1.0); }
double ends(const std::vector<double>& values) { return values.front() + values.back(); }

weir::Options on(weir::PeerId worker) { return {.workers = {std::to_string(worker)}}; }

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const long bytes = bench::option(argc, argv, "--bytes", 128'000'000);
    client.wait_for_workers(2);
    const std::vector<weir::WorkerInfo> workers = client.workers();
    std::vector<double> rates;
    for (long i = bench::option(argc, argv, "--repeat", 15); i >= 0; --i) {
      const auto there = client.submit(on(workers[0].peer), make, bytes / 8);
      there.wait();
      const auto start = bench::Clock::now();
      if (client.submit(on(workers[1].peer), ends, there).result() != 2)
        throw weir::Error(weir::ErrorKind::internal, "transfer: the values must arrive");
      rates.push_back(static_cast<double>(bytes) / bench::seconds_since(start) / 1e9);
    }
    bench::print("transfer_gb_per_s_first", rates.front());
    rates.erase(rates.begin());
    bench::print("transfer_gb_per_s", bench::median(rates));
  });
}
