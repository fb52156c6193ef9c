// How fast elements go through local operators.
#include "report.hpp"
#include "weir/stream.hpp"

namespace {

/// Elements per second; median of `rounds`.
template <class Run>
double rate_of(int rounds, double elements, Run run) {
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = bench::Clock::now();
    run();
    rates.push_back(elements / bench::seconds_since(begin));
  }
  return bench::median(rates);
}

/// map, filter, sink; every element goes all the way.
void local(int rounds) {
  constexpr long count = 20'000'000;
  long sum = 0;
  weir::Stream<long> source;
  source.map([](long x) { return x + 1; }).filter([](long x) { return x > 0; }).sink([&](long x) {
    sum += x;
  });
  const double rate = rate_of(rounds, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
  });
  bench::print("stream_local_per_s", rate);
  if (sum == 0) throw std::runtime_error("stream_local: nothing came out");
}

/// The same operators fused into one node.
void fused() {
  constexpr long count = 20'000'000;
  long sum = 0;
  weir::Stream<long> source;
  (source | (weir::op::map([](long x) { return x + 1; }) | weir::op::filter([](long x) { return x > 0; })))
      .sink([&](long x) { sum += x; });
  const double rate = rate_of(5, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
  });
  bench::print("stream_local_fused_per_s", rate);
}

/// Somebody waits for every element.
void with_tickets() {
  constexpr long count = 3'000'000;
  long done = 0;
  weir::Stream<long> source;
  source.map([](long x) { return x + 1; }).sliding_window(2).sink([](const std::vector<long>&) {});
  const double rate = rate_of(5, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i, [&](const std::exception_ptr&) { ++done; });
  });
  bench::print("stream_ticket_per_s", rate);
}

/// One thread emits, the buffer's thread consumes.
void buffered() {
  constexpr long count = 3'000'000;
  long sum = 0;
  weir::Stream<long> source;
  source.buffer(1024).sink([&](long x) { sum += x; });
  const double rate = rate_of(5, count, [&] {
    for (long i = 0; i < count; ++i) source.emit(i);
    source.drain();
  });
  bench::print("stream_buffer_per_s", rate);
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = bench::option(argc, argv, "--local", 0);  // so many of it alone
  local(rounds ? static_cast<int>(rounds) : 5);
  if (rounds) return 0;
  fused();
  with_tickets();
  buffered();
}
