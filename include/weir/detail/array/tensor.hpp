// Tensor: one chunk, of a type known at run time; what the functions of tasks over chunks are given.
#pragma once

#include <xtensor/xarray.hpp>

#include "weir/array/dtype.hpp"
#include "weir/detail/task/value.hpp"

namespace weir::detail::array {

/// Short lists of extents, steps and offsets.
using Dims = SmallVector<std::int64_t, 4>;

/// One chunk: an `xt::xarray` of a type known at run time, row-major and contiguous.
struct Tensor {
  DType type = DType::float64;
  Dims shape;
  void* data = nullptr;
  task::Value value;  ///< The `xt::xarray<T>`.

  [[nodiscard]] std::int64_t size() const noexcept {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape) n *= extent;
    return n;
  }
  template <class T>
  [[nodiscard]] T* as() const noexcept {
    return static_cast<T*>(data);
  }
  template <class T>
  [[nodiscard]] const xt::xarray<T>& xarray() const {
    return value.as<xt::xarray<T>>();
  }
};

/// A chunk as lines along an axis: `before` x `along` x `after`.
struct Lines {
  Lines(const Dims& shape, std::size_t axis) {
    for (std::size_t a = 0; a < shape.size(); ++a)
      (a < axis ? before : a == axis ? along : after) *= shape[a];
  }
  std::int64_t before = 1, along = 1, after = 1;
};

/// A new chunk, its elements not set.
[[nodiscard]] Tensor make_tensor(DType type, const Dims& shape);
/// The chunk a result is.
[[nodiscard]] Tensor view_value(DType type, const task::Value& value);

/// Makes the result of a task from chunks. Travels by where it lies in the executable.
using Kernel = task::Value (*)(Reader& parameters, std::span<const Tensor> operands);

}  // namespace weir::detail::array
