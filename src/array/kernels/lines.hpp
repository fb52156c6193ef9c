// Lines along an axis of a chunk, and the order of elements.
#pragma once

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

}  // namespace weir::detail::array
