// Task Bench's METG(50%): the shortest task with which half of the time of all cores is work.
#pragma once

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "report.hpp"

namespace metg {

enum class Pattern { stencil, fft };

/// Which columns of the step before a task needs, as in Task Bench.
class Needs {
 public:
  Needs(Pattern pattern, int step, int column, int width) {
    int apart = 1;
    if (pattern == Pattern::fft) apart <<= (step - 1) % (std::bit_width(static_cast<unsigned>(width)) - 1);
    for (const int other : {column - apart, column, column + apart})
      if (other >= 0 && other < width) columns_[count_++] = other;
  }
  [[nodiscard]] const int* begin() const { return columns_; }
  [[nodiscard]] const int* end() const { return columns_ + count_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] int operator[](std::size_t i) const { return columns_[i]; }

 private:
  int columns_[3] = {};
  std::size_t count_ = 0;
};

/// Keeps a core busy for so many rounds.
inline double work(double x, long rounds) {
  for (long i = 0; i < rounds; ++i) x = x * 0.999999 + 1e-6;
  return x;
}

/// Seconds of a round, with nobody beside it.
inline double round_s() {
  constexpr long rounds = 2'000'000;
  std::vector<double> times;
  volatile double kept = 0;
  for (int i = 0; i < 9; ++i) {
    const auto start = bench::Clock::now();
    kept = work(kept, rounds);
    times.push_back(bench::seconds_since(start));
  }
  return bench::quantile(times, 0) / rounds;
}

/// Seconds of a task with which an efficiency of half is reached. `measure(rounds, steps)` runs so many steps
/// of tasks of so many rounds, and says for how many seconds.
template <class Measure>
double smallest(int width, int cores, double one_round_s, const Measure& measure) {
  const auto is_enough = [&](double task_s) {  // in the best of three
    const long rounds = std::lround(task_s / one_round_s);
    const long steps = std::clamp(std::lround(0.1 * cores / (task_s * width)), 1000L, 4000L);
    const double work_s = static_cast<double>(rounds * steps * width) * one_round_s;
    double efficiency = 1;
    for (int i = 0; i < 3 && efficiency > 0.25; ++i) {
      efficiency = work_s / (cores * measure(rounds, steps));
      if (efficiency >= 0.5) return true;
    }
    return false;
  };
  double low = 0.1e-6, high = 0.4e-6;
  for (; !is_enough(high); high *= 4) {
    if (high > 0.0005) return high;
    low = high;
  }
  while (high > 1.1 * low) {
    const double middle = std::sqrt(low * high);
    (is_enough(middle) ? high : low) = middle;
  }
  return high;
}

/// `stencil` and `fft`, of 2 and 4 columns a core, as "metg_fft_us" and "metg_fft_narrow_us".
template <class Measure>
void print_all(int cores, const Measure& measure) {
  const double one_round_s = round_s();
  for (const Pattern pattern : {Pattern::stencil, Pattern::fft})
    for (const int columns : {4, 2}) {
      const int width = columns * cores;
      const double task_s = smallest(width, cores, one_round_s, [&](long rounds, long steps) {
        return measure(pattern, width, rounds, steps);
      });
      const std::string name = std::string("metg_") + (pattern == Pattern::fft ? "fft" : "stencil") +
                               (columns == 2 ? "_narrow_us" : "_us");
      bench::print(name.c_str(), 1e6 * task_s);
    }
}

}  // namespace metg
