// Functions of your own over chunks: map_blocks, map_overlap (stencils), reduction, apply_along_axis.
#pragma once

#include <algorithm>

#include "weir/array/creation.hpp"
#include "weir/detail/core/refused.hpp"

namespace weir {

/// What a stencil sees beyond the border of the array.
enum class Boundary {
  none,      ///< Nothing: chunks at the border are smaller there.
  periodic,  ///< The other end.
  reflect,   ///< The mirror image, the border element included.
  nearest,   ///< The border element again.
  constant   ///< A number.
};

/// How far beyond its chunk a stencil looks: before and after, per axis.
struct Overlap {
  /// Elements before and after the chunk, for each axis.
  std::vector<std::pair<std::int64_t, std::int64_t>> depth{};
  /// What is seen beyond the border of the array.
  Boundary boundary = Boundary::none;
  double constant = 0;  ///< For `Boundary::constant`.
  bool trim = true;  ///< The function returns what it was given, borders included, and they are cut off; else
                     ///< it returns its chunk only.

  /// The same depth on both sides of all axes of an array.
  static Overlap of(std::size_t axes, std::int64_t depth, Boundary boundary = Boundary::none,
                    double constant = 0) {
    return {std::vector<std::pair<std::int64_t, std::int64_t>>(axes, {depth, depth}), boundary, constant,
            true};
  }
};

namespace detail::array {

[[nodiscard]] NodePtr map_blocks(DType out, const Chunks& chunks, std::vector<NodePtr> inputs, Kernel kernel,
                                 PackedFunction function);
[[nodiscard]] NodePtr map_overlap(DType out, const NodePtr& x, const Overlap& overlap, Kernel kernel,
                                  PackedFunction function);
[[nodiscard]] NodePtr reduction(DType out, const NodePtr& x, const Axes& axes, bool keepdims, int split_every,
                                Kernel chunk, PackedFunction chunk_function, Kernel merge,
                                PackedFunction merge_function);
[[nodiscard]] NodePtr along_axis(DType out, const NodePtr& x, std::int64_t axis, std::int64_t length,
                                 Kernel kernel, PackedFunction function);
/// What a task of map_overlap does: its block is `whole`, its chunk lies `before` elements inside and has
/// `shape`.
struct OverlapTask {
  Shape whole, before, shape;
  bool trim = true;
  int steps = 1;                    ///< How often the function is called, each time on what it returned.
  Shape beyond_front, beyond_back;  ///< Elements of the block beyond the array, which follow from it after
                                    ///< every call; per axis.
  Boundary boundary = Boundary::none;
  double constant = 0;
};
/// Throws unless a chunk has the expected shape; cuts the overlap off.
[[nodiscard]] task::Value checked_chunk(const char* function, DType type, task::Value value,
                                        const Shape& expected);
[[nodiscard]] task::Value trimmed(DType type, task::Value value, const Shape& whole, const Shape& before,
                                  const Shape& shape);
/// Throws unless a block has the shape it should have.
void check_block(const Shape& got, const Shape& expected);
/// Sets what lies beyond the array again, axis by axis as `pad` does.
template <class T>
void set_beyond(T* block, const OverlapTask& how) {
  const std::size_t axes = how.whole.size();
  for (std::size_t a = 0; a < axes; ++a) {
    const std::int64_t n = how.whole[a], front = how.beyond_front[a], back = how.beyond_back[a];
    std::int64_t outer = 1, inner = 1;
    for (std::size_t k = 0; k < axes; ++k)
      if (k != a) (k < a ? outer : inner) *= how.whole[k];
    const auto set = [&](std::int64_t to, std::int64_t from) {
      for (std::int64_t o = 0; o < outer; ++o) {
        T* line = block + (o * n + to) * inner;
        if (how.boundary == Boundary::constant) std::fill_n(line, inner, static_cast<T>(how.constant));
        else std::copy_n(block + (o * n + from) * inner, inner, line);
      }
    };
    const bool mirror = how.boundary == Boundary::reflect;
    for (std::int64_t i = 0; i < front; ++i) set(front - 1 - i, front + (mirror ? i : 0));
    for (std::int64_t i = 0; i < back; ++i) set(n - back + i, n - back - 1 - (mirror ? i : 0));
  }
}

template <class R, class F, class... T>
task::Value map_chunk(Reader& parameters, std::span<const Tensor> operands) {
  BlockInfo info;
  read(parameters, info);
  F f = task::Callable<F>::get(parameters);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    if constexpr (std::is_invocable_v<F&, const xt::xarray<T>&..., const BlockInfo&>)
      return checked_chunk("map_blocks", dtype_of<R>,
                           task::Value::make<xt::xarray<R>>(
                               xt::xarray<R>(f(operands[I].template xarray<T>()..., std::as_const(info)))),
                           info.shape);
    else
      return checked_chunk(
          "map_blocks", dtype_of<R>,
          task::Value::make<xt::xarray<R>>(xt::xarray<R>(f(operands[I].template xarray<T>()...))),
          info.shape);
  }
  (std::index_sequence_for<T...>{});
}
template <class R, class F, class T>
task::Value overlap_chunk(Reader& parameters, std::span<const Tensor> operands) {
  OverlapTask how;
  read(parameters, how);
  F f = task::Callable<F>::get(parameters);
  xt::xarray<R> block(f(operands[0].template xarray<T>()));
  if constexpr (std::is_same_v<R, T>)
    for (int step = 1; step < how.steps; ++step) {
      check_block(Shape(block.shape().begin(), block.shape().end()), how.whole);
      set_beyond(block.data(), how);
      block = xt::xarray<R>(f(std::as_const(block)));
    }
  task::Value value = task::Value::make<xt::xarray<R>>(std::move(block));
  return how.trim ? trimmed(dtype_of<R>, std::move(value), how.whole, how.before, how.shape)
                  : checked_chunk("map_overlap", dtype_of<R>, std::move(value), how.shape);
}
template <class R, class F, class T>
task::Value reduce_chunk(Reader& parameters, std::span<const Tensor> operands) {
  Shape axes, shape;
  read(parameters, axes);
  read(parameters, shape);
  F f = task::Callable<F>::get(parameters);
  return checked_chunk("reduction", dtype_of<R>,
                       task::Value::make<xt::xarray<R>>(
                           xt::xarray<R>(f(operands[0].template xarray<T>(), std::as_const(axes)))),
                       shape);
}
template <class R, class F, class T>
task::Value line_by_line(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t axis = 0, length = 0;
  read(parameters, axis);
  read(parameters, length);
  F f = task::Callable<F>::get(parameters);
  const Tensor& x = operands[0];
  const auto a = static_cast<std::size_t>(axis);
  const auto [before, extent, after] = Lines(x.shape, a);
  Dims shape = x.shape;
  shape[a] = length;
  const Tensor out = make_tensor(dtype_of<R>, shape);
  xt::xarray<T> line(std::vector<std::size_t>{static_cast<std::size_t>(extent)});
  for (std::int64_t b = 0; b < before; ++b)
    for (std::int64_t c = 0; c < after; ++c) {
      const T* from = x.template as<T>() + b * extent * after + c;
      if (after == 1) std::copy_n(from, extent, line.data());
      else
        for (std::int64_t i = 0; i < extent; ++i) line.data()[i] = from[i * after];
      const xt::xarray<R> result(f(std::as_const(line)));
      if (static_cast<std::int64_t>(result.size()) != length)
        throw Error(ErrorKind::invalid_argument, "apply_along_axis: the function must return " +
                                                     std::to_string(length) + " elements (got " +
                                                     std::to_string(result.size()) + ")");
      R* to = out.template as<R>() + b * length * after + c;
      for (std::int64_t i = 0; i < length; ++i) to[i * after] = result.data()[i];
    }
  return out.value;
}

/// What `map_blocks` and `map_overlap` ask of a function of chunks.
template <class F, class... T>
concept ChunkFunction = task::Callable<F>::travels &&
    (std::is_invocable_v<F&, const xt::xarray<T>&..., const BlockInfo&> ||
     std::is_invocable_v<F&, const xt::xarray<T>&...>);
template <class F, class T>
concept OverlapFunction = task::Callable<F>::travels && std::is_invocable_v < F&,
        const xt::xarray<T>
& > ;
template <class T>
void takes_array(const Array<T>& x);
/// Whether these are an array and how far its chunks overlap.
template <class X, class How>
concept ArrayAndOverlap = requires(const X& x) {
  takes_array(x);
}
&&std::is_convertible_v<How, Overlap>;
template <class... A>
inline constexpr bool are_of_overlap = false;
template <class F, class X, class How>
inline constexpr bool are_of_overlap<F, X, How> = ArrayAndOverlap<X, How>;

}  // namespace detail::array

/// A new chunk from each chunk of one or more arrays: `f(const xt::xarray<T>&, ..., const BlockInfo&)`, the
/// last one if wanted.
///
/// Other arrays are broadcast to the first and cut as it is. `R` is the element type of what `f` returns.
/// `map_blocks<double>(f, x)`.
/// **Shape.** Chunks as the first array's; else name them: as many as it has.
/// **Errors.** Throws `Error{invalid_argument}` for another number of chunks, or if arrays cannot be
/// broadcast to the first. A chunk of another shape than it should have fails the task, with both shapes. `f`
/// travels as with `Client::submit`.
/// **Source.** `dask.array.map_blocks`.
template <detail::array::Element R, class F, class... T>
requires detail::array::ChunkFunction<F, T...>
[[nodiscard]] Array<R> map_blocks(F f, const Array<T>&... xs) {
  static_assert(sizeof...(T) > 0, "weir: map_blocks needs an array; from_function makes one from nothing");
  return Array<R>(detail::array::map_blocks(detail::array::dtype_of<R>, {}, {xs.node()...},
                                            &detail::array::map_chunk<R, F, T...>,
                                            detail::array::packed_function(f)));
}
/// The same where the results have other shapes: in these chunks. **Errors.** As there.
template <detail::array::Element R, class F, class... T>
requires detail::array::ChunkFunction<F, T...>
[[nodiscard]] Array<R> map_blocks(const Chunks& chunks, F f, const Array<T>&... xs) {
  return Array<R>(detail::array::map_blocks(detail::array::dtype_of<R>, chunks, {xs.node()...},
                                            &detail::array::map_chunk<R, F, T...>,
                                            detail::array::packed_function(f)));
}

/// \cond
template <class F, class... T>
WEIR_REFUSES("weir: map_blocks: name the element type of the result: map_blocks<double>(f, x)")
detail::Refused map_blocks(F, const Array<T>&...) {
  return {};
}
template <detail::array::Element R, class F, class... T>
requires(!detail::array::ChunkFunction<F, T...>) WEIR_REFUSES(
    "weir: map_blocks: the function must take a chunk of each array, const xt::xarray<T>&, and perhaps const "
    "BlockInfo& behind them, and must not capture")
detail::Refused map_blocks(F, const Array<T>&...) { return {}; }
template <detail::array::Element R, class F, class... T>
requires(!detail::array::ChunkFunction<F, T...>) WEIR_REFUSES(
    "weir: map_blocks: the function must take a chunk of each array, const xt::xarray<T>&, and perhaps const "
    "BlockInfo& behind them, and must not capture")
detail::Refused map_blocks(const Chunks&, F, const Array<T>&...) { return {}; }
/// \endcond

/// A function over every chunk and its surroundings: a stencil, a filter.
///
/// `f(const xt::xarray<T>&)` is given the chunk with `depth` elements more on each side, and returns as many;
/// what is beyond the chunk is cut off again. An element must follow from those within `depth` of it and from
/// nothing else, such as the chunk's shape: the same `f` over what it gave itself runs several steps in one
/// task, on chunks with so much more around them.
/// **Shape.** As the array. Depths may exceed neighbouring chunks.
/// **Errors.** Throws `Error{invalid_argument}` for a depth that is negative or longer than its axis.
/// **Cost.** One task per chunk; between processes also one for each border that travels.
/// **Source.** `dask.array.map_overlap`.
template <detail::array::Element R, class F, class T>
requires detail::array::OverlapFunction<F, T>
[[nodiscard]] Array<R> map_overlap(F f, const Array<T>& x, const Overlap& overlap) {
  return Array<R>(detail::array::map_overlap(detail::array::dtype_of<R>, x.node(), overlap,
                                             &detail::array::overlap_chunk<R, F, T>,
                                             detail::array::packed_function(f)));
}

/// \cond
template <class F, class T>
WEIR_REFUSES("weir: map_overlap: name the element type of the result: map_overlap<double>(f, x, overlap)")
detail::Refused map_overlap(F, const Array<T>&, const Overlap&) {
  return {};
}
template <detail::array::Element R, class F, class T>
requires(!detail::array::OverlapFunction<F, T>) WEIR_REFUSES(
    "weir: map_overlap: the function must take a chunk and its surroundings, const xt::xarray<T>&, and must "
    "not capture")
detail::Refused map_overlap(F, const Array<T>&, const Overlap&) { return {}; }
template <detail::array::Element R, class... A>
requires(!detail::array::are_of_overlap<A...>) WEIR_REFUSES(
    "weir: map_overlap: takes a function, an array and how far the function looks: "
    "map_overlap<double>(f, x, weir::Overlap::of(2, 1))")
detail::Refused map_overlap(const A&...) { return {}; }
template <class F, class... A>
requires(!detail::array::Element<F> && !detail::array::are_of_overlap<F, A...>) WEIR_REFUSES(
    "weir: map_overlap: takes a function, an array and how far the function looks: "
    "map_overlap<double>(f, x, weir::Overlap::of(2, 1))")
detail::Refused map_overlap(const F&, const A&...) { return {}; }
/// \endcond

/// A reduction of your own: `chunk(const xt::xarray<T>&, const Shape& axes)` folds a chunk, `merge(const
/// xt::xarray<R>&, const Shape& axes)` folds partial results that stand beside each other. Both keep the
/// folded axes, with one element.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no such axis, one is named twice, or
/// `split_every` is below 2. A result of another shape fails the task.
template <detail::array::Element R, class F, class G, class T>
[[nodiscard]] Array<R> reduction(const Array<T>& x, F chunk, G merge, const Axes& axes = {},
                                 bool keepdims = false, int split_every = 8) {
  return Array<R>(
      detail::array::reduction(detail::array::dtype_of<R>, x.node(), axes, keepdims, split_every,
                               &detail::array::reduce_chunk<R, F, T>, detail::array::packed_function(chunk),
                               &detail::array::reduce_chunk<R, G, R>, detail::array::packed_function(merge)));
}

/// `f` (1-d `xt::xarray<T>` in, 1-d out) over every line along an axis; `length` elements each come out, by
/// default as many as go in.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no such axis or `length` is below -1. Another
/// number of elements fails the task. **Cost.** The axis is rechunked to be whole.
template <detail::array::Element R, class F, class T>
[[nodiscard]] Array<R> apply_along_axis(F f, std::int64_t axis, const Array<T>& x, std::int64_t length = -1) {
  return Array<R>(detail::array::along_axis(detail::array::dtype_of<R>, x.node(), axis, length,
                                            &detail::array::line_by_line<R, F, T>,
                                            detail::array::packed_function(f)));
}

}  // namespace weir
