// Fourier transforms along axes.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

namespace weir {

namespace detail::array {
enum class Transform : std::uint8_t { forward, inverse, real, real_inverse };
[[nodiscard]] NodePtr fft(Transform transform, const NodePtr& x, std::int64_t axis, std::int64_t length,
                          DType out);
[[nodiscard]] NodePtr fftn(Transform transform, const NodePtr& x, const Axes& axes,
                           const std::vector<std::int64_t>& lengths, DType out);
[[nodiscard]] NodePtr fftshift(const NodePtr& x, const Axes& axes, bool to_middle);
/// float stays single, everything else is double.
template <class T>
using ComplexOf = typename TypeOf<std::is_same_v<T, float> || std::is_same_v<T, std::complex<float>>
                                      ? DType::complex64
                                      : DType::complex128>::type;
}  // namespace detail::array

/// Which axis is transformed, and how many of its elements: `fft(x, {.n = 16})`.
struct FftAxis {
  std::int64_t n =
      -1;  ///< Its length, which zeros or a cut make so; -1: as it is. Of `irfft`: of the result.
  std::int64_t axis = -1;  ///< Negative ones count from the last.
};

/// The discrete Fourier transform along an axis, which is rechunked to be whole. Not scaled; `ifft` divides
/// by n.
///
/// **Shape.** As the array, but for the length that is asked for; complex.
/// **Errors.** Throws `Error{invalid_argument}` if the axis has no elements or a length below 1 is asked for.
/// **Cost.** One task per line of chunks.
/// **Source.** FFTW; NumPy's signs and scaling.
template <class T>
[[nodiscard]] auto fft(const Array<T>& x, const FftAxis& how) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(detail::array::fft(detail::array::Transform::forward, x.node(), how.axis, how.n,
                                     detail::array::dtype_of<C>));
}
/// The same at its length. **Errors.** As there.
template <class T>
[[nodiscard]] auto fft(const Array<T>& x, std::int64_t axis = -1) {
  return fft(x, FftAxis{.axis = axis});
}
/// The inverse of `fft`. **Errors.** and **Cost.** as `fft`.
template <class T>
[[nodiscard]] auto ifft(const Array<T>& x, const FftAxis& how) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(detail::array::fft(detail::array::Transform::inverse, x.node(), how.axis, how.n,
                                     detail::array::dtype_of<C>));
}
/// The same at its length. **Errors.** As there.
template <class T>
[[nodiscard]] auto ifft(const Array<T>& x, std::int64_t axis = -1) {
  return ifft(x, FftAxis{.axis = axis});
}
/// Of real numbers: the n / 2 + 1 terms that are not conjugates of others. **Errors.** As `fft`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] auto rfft(const Array<T>& x, const FftAxis& how) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(detail::array::fft(detail::array::Transform::real, x.node(), how.axis, how.n,
                                     detail::array::dtype_of<C>));
}
/// The same at its length. **Errors.** As there.
template <class T>
[[nodiscard]] auto rfft(const Array<T>& x, std::int64_t axis = -1) {
  return rfft(x, FftAxis{.axis = axis});
}
/// Back to n real numbers, of n / 2 + 1 terms, which zeros or a cut make so; default 2 (m - 1) of m terms.
/// **Errors.** As `fft`.
template <class T>
requires(detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] auto irfft(const Array<T>& x, const FftAxis& how) {
  using R = detail::array::RealOf<T>;
  return Array<R>(detail::array::fft(detail::array::Transform::real_inverse, x.node(), how.axis, how.n,
                                     detail::array::dtype_of<R>));
}
/// The same. **Errors.** As `fft`.
template <class T>
[[nodiscard]] auto irfft(const Array<T>& x, std::int64_t length = -1, std::int64_t axis = -1) {
  return irfft(x, FftAxis{.n = length, .axis = axis});
}
/// Along several axes, all by default.
///
/// **Errors.** As `fft`; also if `lengths` are given, but not one for each axis.
template <class T>
[[nodiscard]] auto fftn(const Array<T>& x, const Axes& axes = {},
                        const std::vector<std::int64_t>& lengths = {}) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(detail::array::fftn(detail::array::Transform::forward, x.node(), axes, lengths,
                                      detail::array::dtype_of<C>));
}
/// The inverse of `fftn`. **Errors.** As `fftn`.
template <class T>
[[nodiscard]] auto ifftn(const Array<T>& x, const Axes& axes = {},
                         const std::vector<std::int64_t>& lengths = {}) {
  using C = detail::array::ComplexOf<T>;
  return Array<C>(detail::array::fftn(detail::array::Transform::inverse, x.node(), axes, lengths,
                                      detail::array::dtype_of<C>));
}
/// The zero frequency to the middle of the axes, by default of all, as `fftn` has them.
///
/// **Errors.** Throws `Error{invalid_argument}` if an axis is not there or named twice.
template <class T>
[[nodiscard]] Array<T> fftshift(const Array<T>& x, const Axes& axes = {}) {
  return Array<T>(detail::array::fftshift(x.node(), axes, true));
}
/// Back to the front. **Errors.** As `fftshift`.
template <class T>
[[nodiscard]] Array<T> ifftshift(const Array<T>& x, const Axes& axes = {}) {
  return Array<T>(detail::array::fftshift(x.node(), axes, false));
}

}  // namespace weir
