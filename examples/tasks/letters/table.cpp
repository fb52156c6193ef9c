// Formats with snprintf: columns of fixed width.
#include "letters/table.hpp"

#include <cstdio>
#include <numeric>
#include <ostream>
#include <weir/bytes.hpp>

namespace letters {
namespace {

constexpr int letters_per_line = 6;

void print_pass(std::ostream& out, const char* name, double seconds, std::uint64_t bytes) {
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds);
  char line[80];
  std::snprintf(line, sizeof line, "%-10s %7.3f s   %10s\n", name, seconds, weir::to_text(rate).c_str());
  out << line;
}

}  // namespace

void print_table(std::ostream& out, const Pass& sequential, const Pass& parallel) {
  const Counts total = std::accumulate(parallel.counts.begin(), parallel.counts.end(), Counts{});
  out << "letters of " << parallel.counts.size() << (parallel.counts.size() == 1 ? " file, " : " files, ")
      << weir::to_text(total.bytes) << "\n\n";
  out << "                time   per second\n";
  print_pass(out, "sequential", sequential.time.count(), total.bytes);
  print_pass(out, "parallel", parallel.time.count(), total.bytes);
  char line[80];
  std::snprintf(line, sizeof line, "speed-up   %7.2f\n\n", sequential.time / parallel.time);
  out << line;
  for (std::size_t i = 0; i < total.of.size(); ++i) {
    const bool ends_line = i % letters_per_line == letters_per_line - 1 || i + 1 == total.of.size();
    std::snprintf(line, sizeof line, "%c %-12llu%s", static_cast<char>('a' + i),
                  static_cast<unsigned long long>(total.of[i]), ends_line ? "" : " ");
    std::string cell = line;
    if (ends_line) cell.resize(cell.find_last_not_of(' ') + 1);
    out << cell << (ends_line ? "\n" : "");
  }
}

}  // namespace letters
