// Sums and products of integers that know whether they are a number of 64 bits, in whatever order they were
// put together.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "core/digits.hpp"
#include "weir/array/dtype.hpp"
#include "weir/error.hpp"

namespace weir::detail::array {

using Integer = Integer128;

/// "sum: the result must fit into int64 (got 9223372036854775808); ..."
[[noreturn]] void refuse_beyond(std::string_view function, DType type, const std::string& got);

/// What adding up in T gives, and how often that went round: a T if it is `high` 0.
template <class T>
struct ExactSum {
  T low = 0;
  std::int64_t high = 0;

  void add(T x) {
    if (__builtin_add_overflow(low, x, &low)) high += x < 0 ? -1 : 1;
  }
  void merge(const ExactSum& other) {
    add(other.low);
    high += other.high;
  }
  [[nodiscard]] std::optional<T> value() const { return high == 0 ? std::optional(low) : std::nullopt; }
  [[nodiscard]] std::string text() const {
    if constexpr (sizeof(T) <= 8) return digits_of((static_cast<Integer>(high) << 64) + low);
    else
      return high == 0 && (low <= 0 || !(low >> 127)) ? digits_of(static_cast<Integer>(low)) : "one beyond";
  }
};

/// Without its sign, which is beside it: else 2^62 * 2 * -1 would depend on the order. What has left 64 bits
/// comes back only by a 0.
template <class T>
struct ExactProduct {
  std::uint64_t low = 1;
  std::int64_t high = 0;
  static constexpr std::int64_t negative = 1, beyond = 2;

  void add(T x) {
    if (x < 0) merge({std::uint64_t{0} - static_cast<std::uint64_t>(x), negative});
    else merge({static_cast<std::uint64_t>(x), 0});
  }
  void merge(const ExactProduct& other) {
    const bool is_zero = (low == 0 && !(high & beyond)) || (other.low == 0 && !(other.high & beyond));
    high = is_zero ? 0 : (high ^ (other.high & negative)) | (other.high & beyond);
    if (is_zero) low = 0;
    else if (__builtin_mul_overflow(low, other.low, &low)) high |= beyond;
  }
  [[nodiscard]] std::optional<T> value() const {
    constexpr std::uint64_t most = std::is_signed_v<T> ? INT64_MAX : UINT64_MAX;
    if (high & beyond || low > most + (high & negative ? 1 : 0)) return std::nullopt;
    return static_cast<T>(high & negative ? std::uint64_t{0} - low : low);
  }
  [[nodiscard]] std::string text() const { return "one beyond"; }
};

/// Sums of products of integers, as matrices and convolutions have them.
template <class T>
using ExactDot =
    ExactSum<std::conditional_t<(sizeof(T) < 8), std::int64_t,
                                std::conditional_t<std::is_signed_v<T>, Integer, unsigned __int128>>>;
template <class T>
void add_product(ExactDot<T>& sum, T a, T b) {
  using Wide = decltype(sum.low);
  sum.add(static_cast<Wide>(a) * static_cast<Wide>(b));
}
template <class T>
[[nodiscard]] T number_of(const ExactDot<T>& sum, std::string_view function, DType type) {
  const auto low = static_cast<T>(sum.low);
  if (sum.high != 0 || static_cast<decltype(sum.low)>(low) != sum.low)
    refuse_beyond(function, type, sum.text());
  return low;
}

/// At least the magnitude of each: a power of two, which is faster than the greatest.
template <class T>
[[nodiscard]] double magnitude_bound(const T* x, std::int64_t count) {
  std::make_unsigned_t<T> bits = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_signed_v<T>) bits |= static_cast<std::make_unsigned_t<T>>(x[i] < 0 ? ~x[i] : x[i]);
    else bits |= x[i];
  }
  return std::ldexp(1.0, std::bit_width(bits));
}
/// Whether sums that cannot be larger than this may be added up in T.
template <class T>
[[nodiscard]] bool is_within(double bound) {
  return bound < std::ldexp(1.0, std::numeric_limits<T>::digits);
}

/// Those of the accumulators of a fold: its planes are the members.
template <class State>
[[nodiscard]] State state_at(const void* first, std::int64_t plane) {
  const auto* at = static_cast<const std::uint64_t*>(first);
  State state;
  state.low = static_cast<decltype(state.low)>(at[0]);
  state.high = static_cast<std::int64_t>(at[plane]);
  return state;
}
template <class State>
void put_state(void* first, std::int64_t plane, const State& state) {
  auto* at = static_cast<std::uint64_t*>(first);
  at[0] = static_cast<std::uint64_t>(state.low);
  at[plane] = static_cast<std::uint64_t>(state.high);
}

/// Calls `f(std::type_identity<State>{})` with what a fold of integers of 64 bits keeps.
template <class F>
decltype(auto) dispatch_exact(bool product, DType type, F&& f) {
  if (type == DType::uint64)
    return product ? f(std::type_identity<ExactProduct<std::uint64_t>>{})
                   : f(std::type_identity<ExactSum<std::uint64_t>>{});
  return product ? f(std::type_identity<ExactProduct<std::int64_t>>{})
                 : f(std::type_identity<ExactSum<std::int64_t>>{});
}

}  // namespace weir::detail::array
