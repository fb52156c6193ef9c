// Lines along an axis of a chunk, and the order of elements.
#pragma once

#include <vector>

#include "weir/detail/array/tensor.hpp"

namespace weir::detail::array {

/// A chunk as lines along an axis: `before` x `along` x `after`.
struct Lines {
  Lines(const Dims& shape, std::size_t axis) {
    for (std::size_t a = 0; a < shape.size(); ++a)
      (a < axis ? before : a == axis ? along : after) *= shape[a];
  }
  std::int64_t before = 1, along = 1, after = 1;
};

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
