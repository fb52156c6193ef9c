// Chunks of a type known at run time; names of types and operations.
#include "weir/detail/array/tensor.hpp"

#include "memory/pool.hpp"
#include "weir/array/chunks.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/array/op.hpp"
#include "weir/error.hpp"

namespace weir::detail::array {

namespace {

template <class T>
Tensor wrap(task::Value value) {
  const auto& array = value.as<xt::xarray<T>>();
  Tensor tensor;
  tensor.type = dtype_of<T>;
  for (const auto extent : array.shape()) tensor.shape.push_back(static_cast<std::int64_t>(extent));
  tensor.data = const_cast<T*>(array.data());
  tensor.value = std::move(value);
  return tensor;
}

}  // namespace

Tensor make_tensor(DType type, const Dims& shape) try {
  return dispatch(type, [&]<class T>(std::type_identity<T>) {
    typename xt::xarray<T>::shape_type extents(shape.size());
    for (std::size_t a = 0; a < shape.size(); ++a) extents[a] = static_cast<std::size_t>(shape[a]);
    Tensor tensor = wrap<T>(task::Value::make(xt::xarray<T>(extents)));
    memory::will_write(tensor.data);
    return tensor;
  });
} catch (const std::bad_alloc&) {
  std::uint64_t bytes = size_of(type);
  for (const std::int64_t extent : shape) bytes *= static_cast<std::uint64_t>(extent);
  throw Error(ErrorKind::io, "array: there is no memory for a chunk of " + weir::to_text(bytes) +
                                 " of shape " + weir::to_text(Shape(shape.begin(), shape.end())) +
                                 "; rechunk() the array into smaller ones");
}

Tensor view_value(DType type, const task::Value& value) {
  return dispatch(type, [&]<class T>(std::type_identity<T>) { return wrap<T>(value); });
}

std::string_view to_string(DType type) noexcept {
  constexpr std::string_view names[] = {"bool",    "int8",      "int16",     "int32",  "int64",
                                        "uint8",   "uint16",    "uint32",    "uint64", "float32",
                                        "float64", "complex64", "complex128"};
  return names[static_cast<std::size_t>(type)];
}
std::size_t size_of(DType type) noexcept {
  constexpr std::size_t sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16};
  return sizes[static_cast<std::size_t>(type)];
}

std::string_view to_string(Op op) noexcept {
  constexpr std::string_view names[] = {
      "load",       "constant",      "iota",        "random",      "add",       "subtract",  "multiply",
      "divide",     "floor_divide",  "mod",         "pow",         "minimum",   "maximum",   "fmin",
      "fmax",       "hypot",         "atan2",       "copysign",    "logaddexp", "bit_and",   "bit_or",
      "bit_xor",    "left_shift",    "right_shift", "equal",       "not_equal", "less",      "less_equal",
      "greater",    "greater_equal", "isclose",     "where",       "negative",  "abs",       "sign",
      "square",     "conj",          "bit_not",     "floor",       "ceil",      "trunc",     "rint",
      "reciprocal", "exp",           "exp2",        "expm1",       "log",       "log2",      "log10",
      "log1p",      "sqrt",          "cbrt",        "sin",         "cos",       "tan",       "asin",
      "acos",       "atan",          "sinh",        "cosh",        "tanh",      "asinh",     "acosh",
      "atanh",      "erf",           "real",        "imag",        "angle",     "magnitude", "isnan",
      "isinf",      "isfinite",      "signbit",     "logical_not", "cast",      "astype",    "astype",
      "nan_to_num"};
  static_assert(std::size(names) == static_cast<std::size_t>(Op::nan_to_num) + 1);
  return names[static_cast<std::size_t>(op)];
}

}  // namespace weir::detail::array
