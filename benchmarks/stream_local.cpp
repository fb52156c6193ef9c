// How fast elements go through local operators: JSON lines {"figure","value","unit","raw","target"}.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "weir/stream/stream.hpp"

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

/// Best of `rounds`: elements per second.
template <class Run>
double best(int rounds, double elements, Run run) {
  double result = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    result = std::max(result, elements / seconds_since(begin));
  }
  return result;
}

void report(const char* figure, double value, const char* unit, double raw, double target) {
  std::printf("{\"figure\":\"%s\",\"value\":%.0f,\"unit\":\"%s\",\"raw\":%.0f,\"target\":%.0f}\n", figure, value, unit, raw, target);
  std::fflush(stdout);
}

/// map, filter, sink; every element goes all the way.
void local() {
  constexpr long count = 20'000'000;
  long sum = 0;
  weir::Stream<long> source;
  source.map([](long x) { return x + 1; }).filter([](long x) { return x > 0; }).sink([&](long x) { sum += x; });
  const double rate = best(3, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
  });
  volatile long raw_sum = 0;
  const double raw = best(3, count, [&] {
    for (long i = 0; i < count; ++i) {
      const long x = i + 1;
      if (x > 0) raw_sum = raw_sum + x;
    }
  });
  report("stream_local_per_s", rate, "elements/s", raw, 50e6);
  if (sum == 0) std::puts("nothing came out");
}

/// The same operators fused into one node.
void fused() {
  constexpr long count = 20'000'000;
  long sum = 0;
  weir::Stream<long> source;
  (source | (weir::op::map([](long x) { return x + 1; }) | weir::op::filter([](long x) { return x > 0; }))).sink([&](long x) { sum += x; });
  const double rate = best(3, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
  });
  report("stream_local_fused_per_s", rate, "elements/s", rate, 50e6);
}

/// Somebody waits for every element.
void with_tickets() {
  constexpr long count = 3'000'000;
  long done = 0;
  weir::Stream<long> source;
  source.map([](long x) { return x + 1; }).sliding_window(2).sink([](const std::vector<long>&) {});
  const double rate = best(3, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i, [&](const std::exception_ptr&) { ++done; });
  });
  report("stream_ticket_per_s", rate, "elements/s", static_cast<double>(done), 1e6);
}

/// One thread emits, the buffer's thread consumes.
void buffered() {
  constexpr long count = 3'000'000;
  long sum = 0;
  weir::Stream<long> source;
  source.buffer(1024).sink([&](long x) { sum += x; });
  const double rate = best(3, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
    source.drain();
  });
  report("stream_buffer_per_s", rate, "elements/s", rate, 2e6);
}

}  // namespace

int main() {
  local();
  fused();
  with_tickets();
  buffered();
}
