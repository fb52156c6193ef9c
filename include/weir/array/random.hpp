// Random arrays whose numbers do not depend on chunks, workers or order.
#pragma once

#include "weir/array/array.hpp"

namespace weir {

namespace detail::array {
enum class Distribution : std::uint8_t {
  uniform,
  normal,
  exponential,
  integers,
  lognormal,
  poisson,
  bernoulli,
  permutation
};
[[nodiscard]] NodePtr random(Distribution distribution, DType type, const Shape& shape,
                             const ChunkSpec& chunks, std::uint64_t seed, std::uint64_t stream, double a,
                             double b);
[[nodiscard]] NodePtr random_integers(DType type, const Shape& shape, const ChunkSpec& chunks,
                                      std::uint64_t seed, std::uint64_t stream, std::int64_t low,
                                      std::int64_t high);
[[nodiscard]] NodePtr permutation(std::int64_t count, const ChunkSpec& chunks, std::uint64_t seed,
                                  std::uint64_t stream);
[[nodiscard]] std::uint64_t fresh_seed();
}  // namespace detail::array

/// Makes random arrays; every call gives other numbers, and the same calls on the same seed give the same
/// numbers.
///
/// The number of an element depends on the seed, the call and its row-major position alone: not on chunks,
/// workers or what is computed first. Of a one-dimensional array the first n elements are those of an array
/// of n elements.
/// **Errors.** All throw `Error{invalid_argument}` as `full`, and for parameters that no distribution has:
/// low above high, a negative deviation or mean, a probability outside [0, 1].
/// **Cost.** No memory: numbers are made where they are used (made again for a second user if the array is
/// large).
/// **Source.** Philox4x32-10 (Salmon et al., 2011), a counter-based generator; normal numbers by Box and
/// Muller.
class Random {
 public:
  /// Different every time.
  Random() : seed_(detail::array::fresh_seed()) {}
  /// Of this seed.
  explicit Random(std::uint64_t seed) : seed_(seed) {}

  /// Uniform in [low, high).
  template <class T = double>
  requires std::is_floating_point_v<T>
  [[nodiscard]] Array<T> uniform(const Shape& shape, double low = 0, double high = 1,
                                 const ChunkSpec& chunks = {}) {
    return make<T>(detail::array::Distribution::uniform, shape, chunks, low, high);
  }
  /// Normal with this mean and standard deviation.
  template <class T = double>
  requires std::is_floating_point_v<T>
  [[nodiscard]] Array<T> normal(const Shape& shape, double mean = 0, double deviation = 1,
                                const ChunkSpec& chunks = {}) {
    return make<T>(detail::array::Distribution::normal, shape, chunks, mean, deviation);
  }
  /// The exponential of normal numbers with this mean and deviation.
  template <class T = double>
  requires std::is_floating_point_v<T>
  [[nodiscard]] Array<T> lognormal(const Shape& shape, double mean = 0, double deviation = 1,
                                   const ChunkSpec& chunks = {}) {
    return make<T>(detail::array::Distribution::lognormal, shape, chunks, mean, deviation);
  }
  /// Exponential with this mean.
  template <class T = double>
  requires std::is_floating_point_v<T>
  [[nodiscard]] Array<T> exponential(const Shape& shape, double mean = 1, const ChunkSpec& chunks = {}) {
    return make<T>(detail::array::Distribution::exponential, shape, chunks, mean, 0);
  }
  /// Poisson with this mean, at most 9e18.
  [[nodiscard]] Array<std::int64_t> poisson(const Shape& shape, double mean = 1,
                                            const ChunkSpec& chunks = {}) {
    return make<std::int64_t>(detail::array::Distribution::poisson, shape, chunks, mean, 0);
  }
  /// True with this probability.
  [[nodiscard]] Array<bool> bernoulli(const Shape& shape, double probability = 0.5,
                                      const ChunkSpec& chunks = {}) {
    return make<bool>(detail::array::Distribution::bernoulli, shape, chunks, probability, 0);
  }
  /// Integers in [low, high), all equally likely. **Errors.** Throws `Error{invalid_argument}` if there are
  /// none or `T` does not hold them.
  template <detail::array::Element T = std::int64_t>
  [[nodiscard]] Array<T> integers(const Shape& shape, std::int64_t low, std::int64_t high,
                                  const ChunkSpec& chunks = {}) {
    return Array<T>(detail::array::random_integers(detail::array::dtype_of<T>, shape, chunks, seed_,
                                                   stream_++, low, high));
  }
  /// 0, 1, ... count - 1 in random order; every element is computed by itself, from its index.
  [[nodiscard]] Array<std::int64_t> permutation(std::int64_t count, const ChunkSpec& chunks = {}) {
    return Array<std::int64_t>(detail::array::permutation(count, chunks, seed_, stream_++));
  }

 private:
  template <class T>
  Array<T> make(detail::array::Distribution distribution, const Shape& shape, const ChunkSpec& chunks,
                double a, double b) {
    return Array<T>(detail::array::random(distribution, detail::array::dtype_of<T>, shape, chunks, seed_,
                                          stream_++, a, b));
  }
  std::uint64_t seed_ = 0, stream_ = 0;
};

}  // namespace weir
