// Small tasks, one after the other and many at once, on whatever workers a client has.
#pragma once

#include "report.hpp"
#include "weir/weir.hpp"

namespace bench {

inline int increment(int x) { return x + 1; }

inline double small_tasks_per_s(weir::Client& client, int count) {
  std::vector<int> xs(static_cast<std::size_t>(count), 1);
  std::vector<double> all;
  for (int round = 0; round < 15; ++round) {
    const auto begin = Clock::now();
    client.gather(client.map(increment, xs));
    all.push_back(count / seconds_since(begin));
  }
  return median(std::move(all));
}

inline double roundtrip_us(weir::Client& client) {
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const auto begin = Clock::now();
    client.submit(increment, i).result();
    times.push_back(1e6 * seconds_since(begin));
  }
  return median(std::move(times));
}

}  // namespace bench
