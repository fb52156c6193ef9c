// What `letters` prints.
#pragma once

#include <chrono>
#include <iosfwd>
#include <vector>

#include "letters/count.hpp"

namespace letters {

/// The counts of every file, in their order, and the wall time it took.
struct Pass {
  std::vector<Counts> counts;
  std::chrono::duration<double> time{};
};

/// Prints files, bytes, times, speed-up and how often each letter occurs.
void print_table(std::ostream& out, const Pass& sequential, const Pass& parallel);

}  // namespace letters
