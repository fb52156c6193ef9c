// Arrays from nothing, from values that are here, from functions and from futures.
#pragma once

#include <xtensor/xarray.hpp>

#include "weir/array/array.hpp"

namespace weir {

/// What is told to a function that makes or changes a chunk.
struct BlockInfo {
  Shape location;     ///< Which chunk, per axis.
  Shape count;        ///< How many there are, per axis.
  Shape start;        ///< Index of its first element.
  Shape shape;        ///< Its extents.
  Shape array_shape;  ///< Extents of the whole array.
};

namespace detail::array {

/// A function of the user as it travels, and where in its bytes functions are, which lie elsewhere in another
/// build.
struct PackedFunction {
  Buffer bytes;
  std::vector<WrittenFunction> functions;
};
template <class F>
PackedFunction packed_function(const F& f) {
  PackedFunction packed;
  Writer writer(packed.bytes);
  writer.set_for_key(&packed.functions);
  using Callable = task::Callable<F>;
  if constexpr (std::is_pointer_v<F>) writer.note_function(Callable::name(f));
  Callable::put(writer, f);
  if constexpr (std::is_member_function_pointer_v<F>)
    if (Callable::words_of(f).is_address())
      packed.functions.push_back({sizeof(std::uint64_t), Callable::name(f)});
  return packed;
}

[[nodiscard]] NodePtr full(const char* name, const Shape& shape, const ChunkSpec& chunks, DType type,
                           const NodePtr& value);
[[nodiscard]] NodePtr arange(const char* name, DType type, const NodePtr& start, const NodePtr& step,
                             std::int64_t count, const ChunkSpec& chunks);
[[nodiscard]] NodePtr eye(DType type, std::int64_t rows, std::int64_t columns, std::int64_t diagonal,
                          const ChunkSpec& chunks);
[[nodiscard]] NodePtr from_chunks(DType type, const Chunks& chunks, std::vector<client::FutureRef> handles);
[[nodiscard]] NodePtr from_values(DType type, const Shape& shape, const void* values,
                                  const ChunkSpec& chunks);
/// A node whose chunks a kernel makes from its parameters and the block info.
[[nodiscard]] NodePtr from_kernel(std::string name, DType type, const Shape& shape, const ChunkSpec& chunks,
                                  Kernel kernel, PackedFunction function);
[[nodiscard]] std::int64_t arange_count(const Literal& start, const Literal& stop, const Literal& step);

template <class T, class F>
task::Value make_chunk(Reader& parameters, std::span<const Tensor>) {
  BlockInfo info;
  read(parameters, info);
  F function = task::Callable<F>::get(parameters);
  return task::Value::make<xt::xarray<T>>(xt::xarray<T>(function(std::as_const(info))));
}

template <class T>
struct ElementOfExpression {
  using type = typename std::decay_t<T>::value_type;
};

}  // namespace detail::array

/// An array with the same number everywhere.
///
/// **Errors.** Throws `Error{invalid_argument}` for a negative extent, 2^59 elements and more, or chunks that
/// do not fit the shape. **Cost.** No memory: it is made where it is used.
template <detail::array::Element T = double>
[[nodiscard]] Array<T> full(const Shape& shape, T value, const ChunkSpec& chunks = {}) {
  return Array<T>(detail::array::full("full", shape, chunks, detail::array::dtype_of<T>,
                                      detail::array::scalar(detail::array::dtype_of<T>, &value)));
}
/// Zeros, as `full` makes them. **Errors.** As there.
template <detail::array::Element T = double>
[[nodiscard]] Array<T> zeros(const Shape& shape, const ChunkSpec& chunks = {}) {
  constexpr T value(0);
  return Array<T>(detail::array::full("zeros", shape, chunks, detail::array::dtype_of<T>,
                                      detail::array::scalar(detail::array::dtype_of<T>, &value)));
}
/// Ones, as `full` makes them. **Errors.** As there.
template <detail::array::Element T = double>
[[nodiscard]] Array<T> ones(const Shape& shape, const ChunkSpec& chunks = {}) {
  constexpr T value(1);
  return Array<T>(detail::array::full("ones", shape, chunks, detail::array::dtype_of<T>,
                                      detail::array::scalar(detail::array::dtype_of<T>, &value)));
}
/// The same number everywhere, in the shape, chunks and type of an array. **Errors.** None.
template <class T>
[[nodiscard]] Array<T> full_like(const Array<T>& x, T value) {
  return full<T>(x.shape(), value, x.chunks());
}
/// Zeros in the shape, chunks and type of an array. **Errors.** None.
template <class T>
[[nodiscard]] Array<T> zeros_like(const Array<T>& x) {
  return full_like(x, T(0));
}
/// Ones in the shape, chunks and type of an array. **Errors.** None.
template <class T>
[[nodiscard]] Array<T> ones_like(const Array<T>& x) {
  return full_like(x, T(1));
}

/// start, start + step, ... below stop; each computed from its index, so that errors do not add up.
///
/// **Shape.** ceil((stop - start) / step) elements, none if that is negative; exact for integers of any size.
/// **Errors.** Throws `Error{invalid_argument}` if step is 0, something is NaN, or there would be 2^59
/// elements and more.
template <detail::array::Element T = double>
[[nodiscard]] Array<T> arange(T start, T stop, T step = T(1), const ChunkSpec& chunks = {}) {
  using detail::array::literal;
  const std::int64_t count = detail::array::arange_count(literal(start), literal(stop), literal(step));
  constexpr detail::array::DType type = detail::array::dtype_of<T>;
  return Array<T>(detail::array::arange("arange", type, detail::array::scalar(type, &start),
                                        detail::array::scalar(type, &step), count, chunks));
}
/// `count` numbers from start to stop, both included (or without stop: `endpoint = false`).
///
/// **Errors.** Throws `Error{invalid_argument}` if count is negative or chunks do not fit it.
template <detail::array::Element T = double>
requires std::is_floating_point_v<T>
[[nodiscard]] Array<T> linspace(T start, T stop, std::int64_t count, const ChunkSpec& chunks = {},
                                bool endpoint = true) {
  if (count < 0)
    throw Error(ErrorKind::invalid_argument,
                "linspace: count must be at least 0 (got " + std::to_string(count) + ")");
  const std::int64_t steps = endpoint ? count - 1 : count;
  const T step = steps > 0 ? (stop - start) / static_cast<T>(steps) : T(0);
  constexpr detail::array::DType type = detail::array::dtype_of<T>;
  Array<T> numbers(detail::array::arange("linspace", type, detail::array::scalar(type, &start),
                                         detail::array::scalar(type, &step), count, chunks));
  if (endpoint && count > 1) numbers.assign(stop, range(count - 1, count));  // exactly
  return numbers;
}
/// Ones on a diagonal (0: the main one, above it positive), zeros elsewhere. **Errors.** As `full`.
template <detail::array::Element T = double>
[[nodiscard]] Array<T> eye(std::int64_t rows, std::int64_t columns = -1, std::int64_t diagonal = 0,
                           const ChunkSpec& chunks = {}) {
  return Array<T>(
      detail::array::eye(detail::array::dtype_of<T>, rows, columns < 0 ? rows : columns, diagonal, chunks));
}

/// An array of values that are here; they are put on the workers now, chunk by chunk.
///
/// **Errors.** Throws `Error{closed}` outside `weir::run`, `Error{invalid_argument}` for chunks that do not
/// fit the shape.
template <class E>
[[nodiscard]] auto from_xtensor(const xt::xexpression<E>& values, const ChunkSpec& chunks = {}) {
  using T = typename E::value_type;
  const xt::xarray<T, xt::layout_type::row_major> whole(values.derived_cast());
  Shape shape(whole.shape().begin(), whole.shape().end());
  return Array<T>(detail::array::from_values(detail::array::dtype_of<T>, shape, whole.data(), chunks));
}

/// An array whose chunks `f(const BlockInfo&)` makes: an `xt::xarray<T>` of `info.shape` (or an expression
/// that is one).
///
/// **Errors.** As `full`. A chunk of another shape fails when it is used. `f` travels as with
/// `Client::submit`.
template <detail::array::Element T, class F>
[[nodiscard]] Array<T> from_function(F f, const Shape& shape, const ChunkSpec& chunks = {}) {
  return Array<T>(detail::array::from_kernel("from_function", detail::array::dtype_of<T>, shape, chunks,
                                             &detail::array::make_chunk<T, F>,
                                             detail::array::packed_function(f)));
}

/// An array of results that exist or will: one future for each chunk, row-major.
///
/// **Errors.** Throws `Error{invalid_argument}` if there are not as many futures as chunks, or a chunk has a
/// negative size. A chunk of another shape fails when it is used.
template <detail::array::Element T>
[[nodiscard]] Array<T> from_futures(const std::vector<Future<xt::xarray<T>>>& futures, const Chunks& chunks) {
  std::vector<detail::client::FutureRef> handles;
  for (const auto& future : futures) handles.push_back(future.handle("from_futures"));
  return Array<T>(detail::array::from_chunks(detail::array::dtype_of<T>, chunks, std::move(handles)));
}

}  // namespace weir
