// Short arrays from and to lists.
#pragma once

#include <vector>

#include "weir/array/creation.hpp"

namespace weir::test {

/// What an array has, row-major.
template <class T>
std::vector<T> list(const Array<T>& x) {
  const auto values = x.compute();
  return std::vector<T>(values.begin(), values.end());
}
/// An array with one axis, in chunks of two.
template <class T>
Array<T> row(std::initializer_list<T> values) {
  return from_xtensor(xt::xarray<T>(values), {2});
}

}  // namespace weir::test
