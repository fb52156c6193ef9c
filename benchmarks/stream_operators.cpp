// What every operator costs for an element: lines "operator_ns value", from the slowest to the fastest.
// Without what `emit` and a sink cost by themselves, which is the last line.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "report.hpp"
#include "weir/stream.hpp"

namespace {

using namespace std::chrono_literals;
using Source = weir::Stream<int>;

constexpr int count = 200'000;

struct Cost {
  std::string name;
  double ns;
};

/// `build` puts an operator and a sink on a stream.
template <class Build>
double ns_of(const Build& build) {
  Source source;
  build(source);
  return 1e9 / count *
         bench::seconds_of(
             [&] {
               for (int i = 0; i < count; ++i) source.emit(i);
               source.drain();
             },
             3);
}

const auto ignore = [](const auto&...) {};
bool is_even(int x) { return x % 2 == 0; }
int half(int x) { return x / 2; }
int few(int x) { return x % 64; }
int plus(int a, int b) { return a + b; }

}  // namespace

int main() {
  std::vector<Cost> costs;
  const double bare = ns_of([](Source& s) { s.sink(ignore); });
  const auto measure = [&](const char* name, const auto& build) {
    costs.push_back({name, ns_of([&](Source& s) { build(s).sink(ignore); }) - bare});
  };
  measure("map", [](Source& s) { return s.map(half); });
  measure("starmap", [](Source& s) { return s.map([](int x) { return std::pair(x, x); }).starmap(plus); });
  measure("filter", [](Source& s) { return s.filter(is_even); });
  measure("remove", [](Source& s) { return s.remove(is_even); });
  measure("flatten", [](Source& s) { return s.map([](int x) { return std::vector{x}; }).flatten(); });
  measure("enumerate", [](Source& s) { return s.enumerate(); });
  measure("slice", [](Source& s) { return s.slice(0, {}, 2); });
  measure("take", [](Source& s) { return s.take(1'000'000'000); });
  measure("skip", [](Source& s) { return s.skip(5); });
  measure("take_while", [](Source& s) { return s.take_while([](int x) { return x >= 0; }); });
  measure("accumulate", [](Source& s) { return s.accumulate(plus); });
  measure("collect", [](Source& s) { return s.collect(); });
  measure("frequencies", [](Source& s) { return s.map(few).frequencies(); });
  measure("unique_100", [](Source& s) { return s.map(few).unique(100); });
  measure("pairwise", [](Source& s) { return s.pairwise(); });
  measure("group_by", [](Source& s) { return s.group_by(few, weir::op::accumulate(plus)); });
  measure("partition_16", [](Source& s) { return s.partition(16); });
  measure("partition_16_by_key", [](Source& s) { return s.partition(16, few); });
  measure("partition_unique_16", [](Source& s) { return s.partition_unique(16, few); });
  measure("sliding_window_16", [](Source& s) { return s.sliding_window(16); });
  measure("timed_window_10ms", [](Source& s) { return s.timed_window(10ms); });
  measure("timed_window_unique_10ms", [](Source& s) { return s.timed_window_unique(10ms, few); });
  measure("delay_1ms", [](Source& s) { return s.delay(1ms); });
  measure("rate_limit_1ns", [](Source& s) { return s.rate_limit(1ns); });
  measure("limit_bytes", [](Source& s) { return s.limit_bytes(1'000'000'000'000, [](int) { return 4; }); });
  measure("debounce_1ms", [](Source& s) { return s.debounce(1ms); });
  measure("throttle_1ms", [](Source& s) { return s.throttle(1ms); });
  measure("sample_1ms", [](Source& s) { return s.sample(1ms); });
  measure("distinct_within_1ms", [](Source& s) { return s.distinct_within(1ms, few); });
  measure("tumbling_window", [](Source& s) {
    return s.enumerate().tumbling_window([](const auto& x) { return x.first; }, std::uint64_t{16});
  });
  measure("sliding_time_window", [](Source& s) {
    return s.enumerate().sliding_time_window([](const auto& x) { return x.first; }, std::uint64_t{16},
                                             std::uint64_t{4});
  });
  measure("zip", [](Source& s) { return s.zip(s.map(half)); });
  measure("combine_latest", [](Source& s) { return s.combine_latest(s.map(half)); });
  measure("zip_latest", [](Source& s) { return s.zip_latest(s.map(half)); });
  measure("merge", [](Source& s) { return s.merge(s.map(half)); });
  measure("route",
          [](Source& s) { return s.route(2, [](int x) { return static_cast<std::size_t>(x % 2); })[0]; });
  measure("buffer", [](Source& s) { return s.buffer(1024); });
  measure("buffer_drop_oldest", [](Source& s) { return s.buffer(1024, weir::Overflow::drop_oldest); });
  measure("latest", [](Source& s) { return s.latest(); });
  measure("map_async", [](Source& s) { return s.map_async(half, 2); });
  costs.push_back({"sink_async", ns_of([](Source& s) {
                                   s.sink_async([](int, const auto& finished) { finished(); });
                                 }) - bare});
  std::sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) { return a.ns > b.ns; });
  for (const Cost& cost : costs) bench::print((cost.name + "_ns").c_str(), cost.ns);
  bench::print("emit_and_sink_ns", bare);
}
