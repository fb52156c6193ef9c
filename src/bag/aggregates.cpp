#include "weir/detail/bag/aggregates.hpp"

#include <fmt/format.h>

#include "core/digits.hpp"
#include "weir/bag.hpp"

namespace weir::detail::bag {

void throw_no_elements(const char* who) {
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: there must be at least one element (got an empty bag)", who));
}

namespace {

Integer128 whole(std::int64_t high, std::uint64_t low) noexcept { return Integer128{high} << 64 | low; }

}  // namespace

void throw_beyond_integer(const char* who, std::int64_t high, std::uint64_t low) {
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: the result must be a 64-bit integer (got {}); a map to double before "
                          "computes it approximately",
                          who, digits_of(whole(high, low))));
}

double quotient(std::int64_t high, std::uint64_t low, std::uint64_t count) noexcept {
  return static_cast<double>(static_cast<long double>(whole(high, low)) / static_cast<long double>(count));
}

void throw_unequal(std::size_t first, std::size_t second, std::uint64_t partition) {
  throw Error(
      ErrorKind::invalid_argument,
      fmt::format("zip: partitions must have as many elements as those they are zipped with (got {} and {} "
                  "in partition {})",
                  first, second, partition));
}

void Moments::add(double element) {
  ++count;
  const double step = element - mean;
  mean += step / static_cast<double>(count);
  squares += step * (element - mean);
}

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  const auto mine = static_cast<double>(count), theirs = static_cast<double>(other.count);
  const double step = other.mean - mean;
  count += other.count;
  mean += step * (theirs / (mine + theirs));
  squares += other.squares + step * step * (mine * theirs / (mine + theirs));
}

double Variance::result() const {
  const char* const who = root ? "stddev" : "var";
  if (moments.count == 0) throw_no_elements(who);
  if (moments.count <= ddof)
    throw Error(ErrorKind::invalid_argument,
                fmt::format("{}: there must be more elements than ddof (got {}, ddof is {})", who,
                            moments.count, ddof));
  const double variance = moments.squares / static_cast<double>(moments.count - ddof);
  return root ? std::sqrt(variance) : variance;
}

Dice::Dice(double probability, std::uint64_t seed, std::uint64_t partition)
    : probability_(probability),
      state_(hash_bytes(&partition, sizeof partition) ^ hash_bytes(&seed, sizeof seed)) {}

// splitmix64; 53 bits of it are a number in [0, 1).
bool Dice::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53 < probability_;
}

void check_partitions(const char* who, std::size_t first, std::size_t second) {
  if (first == second) return;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: both bags must have as many partitions (got {} and {}); use repartition", who,
                          first, second));
}

void check_count(const char* who, const char* what, std::uint64_t count, std::uint64_t least) {
  if (count >= least) return;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("{}: {} must be at least {} (got {})", who, what, least, count));
}

void check_probability(double probability) {
  if (probability >= 0 && probability <= 1) return;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("random_sample: the probability must be between 0 and 1 (got {})", probability));
}

std::vector<std::string> numbered_paths(const std::string& pattern, std::size_t count) {
  const std::size_t star = pattern.find('*');
  if (star == std::string::npos || pattern.find('*', star + 1) != std::string::npos)
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("to_text: the pattern must have one *, which becomes the number of a partition (got "
                    "'{}'); for example 'part-*.txt.gz'",
                    pattern));
  const std::size_t digits = std::to_string(count - 1).size();
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i)
    paths.push_back(fmt::format("{}{:0{}}{}", pattern.substr(0, star), i, digits, pattern.substr(star + 1)));
  return paths;
}

}  // namespace weir::detail::bag
