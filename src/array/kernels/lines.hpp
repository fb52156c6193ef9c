// The order of elements, and what counts them.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

namespace weir::detail::array {

/// The order of every sort: NaN is beyond all numbers.
struct InOrder {
  template <class T>
  bool operator()(T a, T b) const {
    return (a < b) | ((b != b) & (a == a));
  }
};
template <class T>
bool is_same_element(T a, T b) {
  return a == b || (a != a && b != b);
}
/// What vectors of elements are made of: a vector of bool has no data.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>;

/// Adds to `counts[x - low]` how often there is each x; there are `range` counts. Numbers side by side are
/// often alike, so that neighbours are counted apart where that costs little.
template <class T>
void count_each(const T* x, std::int64_t size, T low, std::int64_t* counts, std::int64_t range) {
  const auto place = [low](T value) {
    return static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(low);
  };
  std::int64_t i = 0;
  if (range <= size / 4) {
    std::vector<std::int64_t> others(static_cast<std::size_t>(range));
    std::int64_t* other = others.data();
    for (; i + 2 <= size; i += 2) {
      ++counts[place(x[i])];
      ++other[place(x[i + 1])];
    }
    for (std::int64_t k = 0; k < range; ++k) counts[k] += other[k];
  }
  for (; i < size; ++i) ++counts[place(x[i])];
}

}  // namespace weir::detail::array
