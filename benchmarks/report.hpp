// What every benchmark prints: one line "name value" for each figure.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Processor time of this process, user and system.
inline double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// The value that `fraction` of all values do not exceed; 0.5 is the median.
inline double quantile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  return values.at(
      std::min(values.size() - 1, static_cast<std::size_t>(fraction * static_cast<double>(values.size()))));
}
inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

/// Median seconds of `work`, after a first time, which also pays for memory.
template <class Work>
double seconds_of(Work work, int rounds = 5) {
  std::vector<double> times;
  for (int i = 0; i <= rounds; ++i) {
    const auto start = Clock::now();
    work();
    if (i > 0) times.push_back(seconds_since(start));
  }
  return median(times);
}

inline void print(const char* name, double value) { std::printf("%s %.9g\n", name, value); }

/// The number after `--name`, or `otherwise`.
inline long option(int argc, char** argv, const char* name, long otherwise) {
  for (int i = 1; i + 1 < argc; ++i)
    if (std::strcmp(argv[i], name) == 0) return std::atol(argv[i + 1]);
  return otherwise;
}

}  // namespace bench
