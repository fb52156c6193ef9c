// Fourier transforms along axes.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

namespace weir {

namespace detail::array {
enum class Transform : std::uint8_t { forward, inverse, real, real_inverse };
[[nodiscard]] NodePtr fft(Transform transform, const NodePtr& x, std::int64_t axis, std::int64_t length,
                          DType out);
/// float stays single, everything else is double.
template <class T>
using ComplexOf = typename TypeOf<std::is_same_v<T, float> || std::is_same_v<T, std::complex<float>>
                                      ? DType::complex64
                                      : DType::complex128>::type;
}  // namespace detail::array

/// The discrete Fourier transform along an axis, which is rechunked to be whole. Not scaled; `ifft` divides
/// by n.
///
/// **Shape.** As the array; complex.
/// **Cost.** One task per line of chunks.
/// **Source.** FFTW; NumPy's signs and scaling.
template <class T>
[[nodiscard]] auto fft(const Array<T>& x, std::int64_t axis = -1) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(
      detail::array::fft(detail::array::Transform::forward, x.node(), axis, -1, detail::array::dtype_of<C>));
}
template <class T>
[[nodiscard]] auto ifft(const Array<T>& x, std::int64_t axis = -1) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(
      detail::array::fft(detail::array::Transform::inverse, x.node(), axis, -1, detail::array::dtype_of<C>));
}
/// Of real numbers: the n / 2 + 1 terms that are not conjugates of others.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] auto rfft(const Array<T>& x, std::int64_t axis = -1) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(
      detail::array::fft(detail::array::Transform::real, x.node(), axis, -1, detail::array::dtype_of<C>));
}
/// Back to `length` real numbers; default 2 (m - 1) of m terms.
template <class T>
requires(detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] auto irfft(const Array<T>& x, std::int64_t length = -1, std::int64_t axis = -1) {
  using R = detail::array::RealOf<T>;
  return Array<R>(detail::array::fft(detail::array::Transform::real_inverse, x.node(), axis, length,
                                     detail::array::dtype_of<R>));
}
/// Along several axes, all by default.
template <class T>
[[nodiscard]] auto fftn(const Array<T>& x, const Axes& axes = {}) {
  auto y = x.template astype<detail::array::ComplexOf<T>>();
  if (axes.is_all)
    for (std::size_t a = 0; a < x.dimension(); ++a) y = fft(y, static_cast<std::int64_t>(a));
  for (const std::int64_t a : axes.list) y = fft(y, a);
  return y;
}
template <class T>
[[nodiscard]] auto ifftn(const Array<T>& x, const Axes& axes = {}) {
  auto y = x.template astype<detail::array::ComplexOf<T>>();
  if (axes.is_all)
    for (std::size_t a = 0; a < x.dimension(); ++a) y = ifft(y, static_cast<std::int64_t>(a));
  for (const std::int64_t a : axes.list) y = ifft(y, a);
  return y;
}
/// The zero frequency to the middle of an axis, and back.
template <class T>
[[nodiscard]] Array<T> fftshift(const Array<T>& x, std::int64_t axis = -1) {
  return roll(
      x,
      x.shape(static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.dimension()) : axis)) /
          2,
      axis);
}
template <class T>
[[nodiscard]] Array<T> ifftshift(const Array<T>& x, std::int64_t axis = -1) {
  return roll(
      x,
      -(x.shape(static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.dimension()) : axis)) /
        2),
      axis);
}

}  // namespace weir
