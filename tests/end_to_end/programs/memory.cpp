// Results that do not fit into the workers' memory. Started as `memory WHAT`; says what came of it.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>
#include <weir/array.hpp>
#include <weir/weir.hpp>

namespace {

using Numbers = std::vector<std::uint64_t>;
constexpr std::size_t count = 500'000;  // 4 MB

Numbers numbers(std::uint64_t first) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}
std::uint64_t sum(const Numbers& all) { return std::accumulate(all.begin(), all.end(), std::uint64_t{0}); }
std::uint64_t expected(std::uint64_t first) { return count * first + count * (count - 1) / 2; }

// The most memory this process ever had, in MB.
int peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoi(line.substr(6)) / 1000;
  return -1;
}

int worst_peak_mb(weir::Client& client) {
  int peak = 0;
  for (auto& worker : client.run_on_workers(peak_mb)) peak = std::max(peak, worker.result());
  return peak;
}

std::vector<weir::Future<Numbers>> make(weir::Client& client, std::uint64_t how_many) {
  std::vector<weir::Future<Numbers>> all;
  for (std::uint64_t i = 0; i < how_many; ++i) all.push_back(client.submit(numbers, i));
  return all;
}

// Twice as often as needed: what has come back leaves again.
int sums(weir::Client& client, const std::vector<weir::Future<Numbers>>& all) {
  int right = 0;
  for (int round = 0; round < 2; ++round) {
    std::vector<weir::Future<std::uint64_t>> found;
    for (const auto& one : all) found.push_back(client.submit(sum, one));
    for (std::size_t i = 0; i < found.size(); ++i) right += found[i].result() == expected(i);
  }
  return right;
}

void fits(weir::Client& client) {
  const auto all = make(client, 60);
  std::cout << "right " << sums(client, all) << '\n';
  std::cout << "fetched "
            << (client.submit(sum, all[7]).result() == expected(7) && sum(all[3].result()) == expected(3))
            << '\n';
  const auto spilled = [&] {
    std::uint64_t bytes = 0;
    for (const weir::WorkerInfo& worker : client.workers()) bytes += worker.spilled_bytes;
    return bytes;
  };
  const bool told = client.core()->wait_until([&] { return spilled() > 100'000'000; },
                                              std::chrono::steady_clock::now() + std::chrono::seconds(20));
  std::cout << "spilled " << told << '\n';
  std::cout << "peak " << worst_peak_mb(client) << " MB\n";
}

void full(weir::Client& client) {
  const auto all = make(client, 60);
  int fitted = 0, refused = 0;
  std::string why;
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      fitted += client.submit(sum, all[i]).result() == expected(i);
    } catch (const weir::Error& error) {
      ++refused;
      why = error.what();
    }
  }
  std::cout << "fitted " << fitted << " refused " << refused << '\n' << why << '\n';
}

// 240 MB from file to file: no chunk is kept, whatever the memory.
void arrays(weir::Client& client, const std::string& folder) {
  const auto made = weir::Random(1).uniform({6000, 5000}, 0, 1, {200, -1});
  made.to_hdf5(folder + "/x.h5", "x");
  const auto x = weir::open_hdf5<double>(folder + "/x.h5", "x", {.chunks = {200, -1}});
  const auto y = x - x.mean({.axis = 1, .keepdims = true});
  y.to_hdf5(folder + "/y.h5", "y");
  const double deviation = weir::open_hdf5<double>(folder + "/y.h5", "y").std().compute();
  std::cout << "right "
            << (std::abs(deviation - 0.288675) < 1e-3 &&
                std::abs(deviation - double(y.std().compute())) < 1e-12)
            << '\n';
  std::cout << "peak " << worst_peak_mb(client) << " MB\n";
}

// Rows to columns of 240 MB that the workers hold: a chunk is read back once, and its parts leave memory one
// by one.
void rechunk(weir::Client& client) {
  const auto x = weir::Random(2).uniform({6000, 5000}, 0, 1, {200, -1}).persist();
  const auto columns = x.rechunk({-1, 200}).persist();
  const xt::xarray<double> before = x.sum({.axis = 0}).compute(), after = columns.sum({.axis = 0}).compute();
  bool right = before.size() == 5000 && after.size() == 5000;
  for (std::size_t i = 0; right && i < before.size(); ++i) right = std::abs(before(i) - after(i)) < 1e-8;
  std::cout << "right " << right << '\n';
  std::cout << "peak " << worst_peak_mb(client) << " MB\n";
}

// All numbers below `count`, a power of two, in another order.
weir::Array<std::int64_t> mixed(std::int64_t count) {
  return (weir::arange<std::int64_t>(0, count, 1, {1 << 16}) * 0x9E3779B1) & (count - 1);
}

void sorted(weir::Client& client) {
  const std::int64_t count = 1 << 24;  // 134 MB
  std::cout << "sorted " << (weir::sort(mixed(count)) == weir::arange<std::int64_t>(0, count)).all().item()
            << "\npeak " << worst_peak_mb(client) << " MB\n";
}

// What is unique among 17 MB of numbers, of which half, or very few, are; the elements and their counts are
// 17 MB.
void unique(weir::Client& client) {
  const std::int64_t count = 1 << 21;
  const auto [values, counts] = weir::unique(weir::right_shift(mixed(count), 1));
  std::cout << "unique " << (values == weir::arange<std::int64_t>(0, count / 2)).all().item() << '\n'
            << "counted " << (counts == 2).all().item() << '\n';
  const auto cubes = weir::reshape(mixed(count) & 1, {128, 128, 128}).rechunk({64, 64, 64});
  const auto few = weir::unique(cubes);
  std::cout << "few " << (few.counts == count / 2).all().item() << " in " << few.values.chunk_count() << '\n'
            << "peak " << worst_peak_mb(client) << " MB\n";
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    for (auto& worker : client.run_on_workers([] { return static_cast<int>(getpid()); }))
      std::cout << "pid=" << worker.result() << std::endl;
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "fits") fits(client);
    if (what == "full") full(client);
    if (what == "arrays") arrays(client, argv[2]);
    if (what == "rechunk") rechunk(client);
    if (what == "sorted") sorted(client);
    if (what == "unique") unique(client);
    if (what == "killed") {
      const auto all = make(client, 60);
      sums(client, all);
      std::cout << "filled" << std::endl;
      client.submit([] { pause(); }).wait();
    }
  });
}
