// Functions of shapes: other shapes, orders and arrangements of the same elements.
#pragma once

#include <tuple>

#include "weir/array/array.hpp"

namespace weir {

/// What stands beyond the border in `pad`.
enum class PadMode {
  constant,   ///< A number.
  edge,       ///< The last element.
  reflect,    ///< The mirror image, without the border itself.
  symmetric,  ///< The mirror image, with the border itself.
  wrap        ///< The other end.
};

namespace detail::array {
[[nodiscard]] NodePtr reshape(const NodePtr& x, const Shape& shape);
[[nodiscard]] NodePtr transpose(const NodePtr& x, const std::vector<std::int64_t>& axes);
[[nodiscard]] NodePtr flip(const NodePtr& x, const Axes& axes);
[[nodiscard]] NodePtr roll(const NodePtr& x, std::int64_t shift, std::int64_t axis);
[[nodiscard]] NodePtr squeeze(const NodePtr& x, const Axes& axes);
[[nodiscard]] NodePtr expand_dims(const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr broadcast_to(const NodePtr& x, const Shape& shape);
[[nodiscard]] NodePtr concatenate(std::vector<NodePtr> parts, std::int64_t axis);
[[nodiscard]] NodePtr stack(const std::vector<NodePtr>& parts, std::int64_t axis);
[[nodiscard]] NodePtr pad(const NodePtr& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& width,
                          PadMode mode, const NodePtr& value);
[[nodiscard]] NodePtr tile(const NodePtr& x, const std::vector<std::int64_t>& times);
[[nodiscard]] NodePtr repeat(const NodePtr& x, std::int64_t times, std::int64_t axis);
template <class T>
std::vector<NodePtr> nodes_of(const std::vector<Array<T>>& parts) {
  std::vector<NodePtr> nodes;
  for (const Array<T>& part : parts) nodes.push_back(part.node());
  return nodes;
}
/// The type that holds the elements of all of them.
template <class A, class... B>
constexpr DType common_type() {
  DType type = A::dtype();
  ((type = promote(type, B::dtype())), ...);
  return type;
}
template <class... A>
using Common = typename TypeOf<common_type<A...>()>::type;
template <class... A>
std::vector<NodePtr> nodes_as_one(const std::tuple<A...>& parts) {
  return std::apply(
      [](const auto&... part) {
        return std::vector<NodePtr>{cast((void(shape_of(part.node())), part.node()), common_type<A...>())...};
      },
      parts);
}
}  // namespace detail::array

/// The same elements in row-major order under another shape; one extent may be -1.
///
/// **Errors.** Throws `Error{invalid_argument}` if the number of elements differs.
/// **Cost.** One task per chunk that copies, unless only axes of extent 1 come or go. Chunks of the result
/// lie contiguously in row-major order.
template <class T>
[[nodiscard]] Array<T> reshape(const Array<T>& x, const Shape& shape) {
  return Array<T>(detail::array::reshape(x.node(), shape));
}
/// One axis, row-major. **Errors.** None. **Cost.** As `reshape`.
template <class T>
[[nodiscard]] Array<T> ravel(const Array<T>& x) {
  return reshape(x, {-1});
}
/// Axes in another order; reversed if none is given. No task of its own. **Errors.** Throws
/// `Error{invalid_argument}` unless every axis is named once.
template <class T>
[[nodiscard]] Array<T> transpose(const Array<T>& x, const std::vector<std::int64_t>& axes = {}) {
  return Array<T>(detail::array::transpose(x.node(), axes));
}
/// Reversed along axes, all by default. No task of its own. **Errors.** Throws `Error{invalid_argument}` if
/// there is no such axis or one is named twice.
template <class T>
[[nodiscard]] Array<T> flip(const Array<T>& x, const Axes& axes = {}) {
  return Array<T>(detail::array::flip(x.node(), axes));
}
/// Moved along an axis by `shift`; what leaves at the end comes in at the front. **Errors.** As `flip`.
template <class T>
[[nodiscard]] Array<T> roll(const Array<T>& x, std::int64_t shift, std::int64_t axis = 0) {
  return Array<T>(detail::array::roll(x.node(), shift, axis));
}
/// Without these axes, which must have extent 1; without all such by default. **Errors.** Throws
/// `Error{invalid_argument}` for another extent, or if there is no such axis or one is named twice.
template <class T>
[[nodiscard]] Array<T> squeeze(const Array<T>& x, const Axes& axes = {}) {
  return Array<T>(detail::array::squeeze(x.node(), axes));
}
/// With a new axis of extent 1 at this place. **Errors.** Throws `Error{invalid_argument}` unless the place
/// is in [-axes - 1, axes].
template <class T>
[[nodiscard]] Array<T> expand_dims(const Array<T>& x, std::int64_t axis) {
  return Array<T>(detail::array::expand_dims(x.node(), axis));
}
/// Repeated along new axes and those of extent 1; nothing is copied. **Errors.** Throws
/// `Error{invalid_argument}` if another axis would change, or there would be 2^59 elements and more.
template <class T>
[[nodiscard]] Array<T> broadcast_to(const Array<T>& x, const Shape& shape) {
  return Array<T>(detail::array::broadcast_to(x.node(), shape));
}
/// One after the other along an axis. **Errors.** Throws `Error{invalid_argument}` if other axes differ,
/// there is no such axis or no array.
template <class T>
[[nodiscard]] Array<T> concatenate(const std::vector<Array<T>>& parts, std::int64_t axis = 0) {
  return Array<T>(detail::array::concatenate(detail::array::nodes_of(parts), axis));
}
/// The same of parts of arrays: `concatenate(std::vector{x(0), x(2)})`. **Errors.** As there.
template <class T>
[[nodiscard]] Array<T> concatenate(const std::vector<Selection<T>>& parts, std::int64_t axis = 0) {
  return concatenate(std::vector<Array<T>>(parts.begin(), parts.end()), axis);
}
/// The same of arrays of different types, in the type that holds them all: `concatenate(std::tuple{a, b})`.
/// **Errors.** As there.
template <class... A>
[[nodiscard]] auto concatenate(const std::tuple<A...>& parts, std::int64_t axis = 0) {
  return Array<detail::array::Common<A...>>(
      detail::array::concatenate(detail::array::nodes_as_one(parts), axis));
}
/// Beside each other along a new axis. **Errors.** Throws `Error{invalid_argument}` if the shapes differ, the
/// place of the axis is not in [-axes - 1, axes], or there is no array.
template <class T>
[[nodiscard]] Array<T> stack(const std::vector<Array<T>>& parts, std::int64_t axis = 0) {
  return Array<T>(detail::array::stack(detail::array::nodes_of(parts), axis));
}
/// The same of parts of arrays: `stack(std::vector{x(0), x(2)})`. **Errors.** As there.
template <class T>
[[nodiscard]] Array<T> stack(const std::vector<Selection<T>>& parts, std::int64_t axis = 0) {
  return stack(std::vector<Array<T>>(parts.begin(), parts.end()), axis);
}
/// The same of arrays of different types, in the type that holds them all. **Errors.** As there.
template <class... A>
[[nodiscard]] auto stack(const std::tuple<A...>& parts, std::int64_t axis = 0) {
  return Array<detail::array::Common<A...>>(detail::array::stack(detail::array::nodes_as_one(parts), axis));
}
/// A matrix of blocks: rows of blocks, one below the other. **Errors.** Throws `Error{invalid_argument}` if
/// there is none, or heights in a row or widths of rows differ.
template <class T>
[[nodiscard]] Array<T> block(const std::vector<std::vector<Array<T>>>& rows) {
  return detail::array::in_name_of("block", [&] {
    std::vector<Array<T>> joined;
    for (const auto& row : rows) joined.push_back(concatenate(row, -1));
    return concatenate(joined, -2);
  });
}
/// Elements beyond the borders: `width` before and after, per axis.
///
/// `reflect`, `symmetric` and `wrap` go on as often as the width asks.
/// **Errors.** Throws `Error{invalid_argument}` for another number of widths than axes, a negative one, or an
/// axis without elements unless `mode` is constant.
template <class T>
[[nodiscard]] Array<T> pad(const Array<T>& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& width,
                           PadMode mode = PadMode::constant, T value = T(0)) {
  return Array<T>(
      detail::array::pad(x.node(), width, mode, detail::array::scalar(detail::array::dtype_of<T>, &value)));
}
/// The whole array again and again along each axis; fewer numbers of times are those of the last axes, more
/// make new axes in front. **Errors.** Throws `Error{invalid_argument}` for a negative number of times, or
/// more than 2^24 chunks along an axis.
template <class T>
[[nodiscard]] Array<T> tile(const Array<T>& x, const std::vector<std::int64_t>& times) {
  return Array<T>(detail::array::tile(x.node(), times));
}
/// Every element again and again along an axis. **Errors.** Throws `Error{invalid_argument}` for a negative
/// number of times, or if there is no such axis. **Cost.** As `reshape`.
template <class T>
[[nodiscard]] Array<T> repeat(const Array<T>& x, std::int64_t times, std::int64_t axis = 0) {
  return Array<T>(detail::array::repeat(x.node(), times, axis));
}

}  // namespace weir
