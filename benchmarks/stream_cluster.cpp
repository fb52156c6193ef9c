// How fast streams go through the cluster. On ranks: weir run -n 2 ./stream_cluster; `stream_cluster overlap`
// on threads: WEIR_THREADS=5.
#include <cstring>
#include <thread>
#include <vector>

#include <weir/weir.hpp>

#include "report.hpp"

namespace {

using bench::Clock;
using bench::seconds_since;
using Frame = std::vector<double>;

int inc(int x) { return x + 1; }
int one_second(int x) {
  std::this_thread::sleep_for(std::chrono::seconds(1));
  return x;
}
Frame pass_frame(const Frame& frame) { return frame; }

void throughput() {
  constexpr int count = 2'000'000;
  long sum = 0;
  weir::Stream<int> source;
  source.scatter().map(inc).gather().sink([&](int x) { sum += x; });
  std::vector<double> rates;
  for (int round = 0; round < 5; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) source.emit(i);
    source.drain();
    rates.push_back(count / seconds_since(begin));
  }
  if (sum != 5L * count * (count + 1L) / 2) throw std::runtime_error("stream_cluster: elements are lost");
  bench::print("stream_cluster_per_s", bench::median(rates));
}

void latency() {
  weir::Stream<int> source;
  source.scatter().map(inc).gather().sink([](int) {});
  std::vector<double> times;
  for (int i = 0; i < 20'000; ++i) {
    const auto begin = Clock::now();
    source.emit(i);
    source.drain();
    times.push_back(seconds_since(begin) * 1e6);
  }
  bench::print("stream_latency_us", bench::median(times));
  bench::print("stream_latency_p99_us", bench::quantile(times, 0.99));
}

/// 8 MB there and 8 MB back.
void frames() {
  constexpr int count = 60;
  const Frame frame(1'000'000, 1.0);
  double sum = 0;
  weir::Stream<Frame> source;
  source.scatter().map(pass_frame).gather().sink([&](const Frame& back) { sum += back[7]; });
  std::vector<double> rates;
  for (int round = 0; round < 5; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) source.emit(frame);
    source.drain();
    rates.push_back(count / seconds_since(begin));
  }
  if (sum != 5 * count) throw std::runtime_error("stream_cluster: frames are lost");
  bench::print("stream_frames_per_s", bench::median(rates));
}

Frame add_one(Frame frame) {
  frame[0] += 1;
  return frame;
}

/// 64 KiB there and 64 KiB back, moved where nobody else wants them.
void large() {
  constexpr int count = 10'000;
  double sum = 0;
  weir::Stream<Frame> source;
  source.scatter().map(add_one).gather().sink([&](const Frame& back) { sum += back[0]; });
  std::vector<double> rates;
  for (int round = 0; round < 5; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) source.emit(Frame(8192, 1.0));
    source.drain();
    rates.push_back(count / seconds_since(begin));
  }
  if (sum != 5 * 2.0 * count) throw std::runtime_error("stream_cluster: large elements are lost");
  bench::print("stream_large_cluster_per_s", bench::median(rates));
}

void overlap() {
  weir::Stream<int> source;
  source.scatter().map(one_second).buffer(8).gather().sink([](int) {});
  const auto begin = Clock::now();
  for (int i = 0; i < 10; ++i) source.emit(i);
  source.drain();
  bench::print("stream_overlap_s", seconds_since(begin));
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(1);
    const std::string which = argc > 1 ? argv[1] : "";
    if (which.empty() || which == "throughput") throughput();
    if (which.empty() || which == "latency") latency();
    if (which.empty() || which == "frames") frames();
    if (which == "large") large();
    if (which == "overlap") overlap();
  });
}
