// How fast streams go through the cluster: JSON lines {"figure","value","unit","raw","target"}. Figures of ranks: weir run -n 2 ./stream_cluster; stream_overlap_s: WEIR_THREADS=5.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <weir/weir.hpp>

namespace {

using Clock = std::chrono::steady_clock;
using Frame = std::vector<double>;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }
double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}
void report(const char* figure, double value, const char* unit, double raw, double target) {
  std::printf("{\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"raw\":%.6g,\"target\":%.6g}\n", figure, value, unit, raw, target);
  std::fflush(stdout);
}

int inc(int x) { return x + 1; }
int one_second(int x) {
  std::this_thread::sleep_for(std::chrono::seconds(1));
  return x;
}
Frame pass_frame(const Frame& frame) { return frame; }

void throughput() {
  constexpr int count = 5'000'000;
  long sum = 0;
  weir::Stream<int> source;
  source.scatter().map(inc).gather().sink([&](int x) { sum += x; });
  double best = 0;
  for (int round = 0; round < 4; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) source.emit(i);
    source.drain();
    best = std::max(best, count / seconds_since(begin));
  }
  report("stream_cluster_per_s", best, "elements/s", static_cast<double>(sum), 1e6);
}

void latency() {
  weir::Stream<int> source;
  source.scatter().map(inc).gather().sink([](int) {});
  std::vector<double> times;
  for (int i = 0; i < 3000; ++i) {
    const auto begin = Clock::now();
    source.emit(i);
    source.drain();
    times.push_back(seconds_since(begin) * 1e6);
  }
  report("stream_latency_us", median(times), "us", *std::min_element(times.begin(), times.end()), 15);
}

/// 8 MB there and 8 MB back, against a copy of as much four times, which is what two processes with shared memory need at least.
void frames() {
  constexpr int count = 60;
  const Frame frame(1'000'000, 1.0);
  double sum = 0;
  weir::Stream<Frame> source;
  source.scatter().map(pass_frame).gather().sink([&](const Frame& back) { sum += back[7]; });
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) source.emit(frame);
    source.drain();
    best = std::max(best, count / seconds_since(begin));
  }
  report("stream_frames_per_s", best, "frames/s", sum, 0);
}

void overlap() {
  weir::Stream<int> source;
  source.scatter().map(one_second).buffer(8).gather().sink([](int) {});
  const auto begin = Clock::now();
  for (int i = 0; i < 10; ++i) source.emit(i);
  source.drain();
  report("stream_overlap_s", seconds_since(begin), "s", 2.0, 2.1);
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(1);
    const std::string which = argc > 1 ? argv[1] : "";
    if (which.empty() || which == "throughput") throughput();
    if (which.empty() || which == "latency") latency();
    if (which.empty() || which == "frames") frames();
    if (which == "overlap") overlap();
  });
}
