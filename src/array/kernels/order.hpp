// Sorting by digits: of what numbers are ordered by, one digit after the other.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "array/kernels/kernels.hpp"
#include "array/kernels/lines.hpp"

namespace weir::detail::array {

/// Integers without sign in whose order numbers are sorted.
template <class T>
using Key = WordOf<T>;

/// The key of a number, and the number of a key. -0 comes before 0, NaNs are behind all numbers, those with
/// a sign last: keys below that of -infinity go round to the end.
template <class T>
struct Keyed {
  using K = Key<T>;
  static constexpr K sign = static_cast<K>(K{1} << (8 * sizeof(T) - 1));
  static constexpr bool is_real = std::is_floating_point_v<T>;
  static K bits_of(T x) {
    const auto bits = std::bit_cast<K>(x);
    return is_real && (bits & sign) ? static_cast<K>(~bits) : static_cast<K>(bits | sign);
  }
  static K key(T x) {
    if constexpr (is_real) return bits_of(x) - bits_of(-std::numeric_limits<T>::infinity());
    else if constexpr (std::is_signed_v<T>) return std::bit_cast<K>(x) ^ sign;
    else return x;
  }
  static T number(K key) {
    if constexpr (is_real) {
      const K bits = key + bits_of(-std::numeric_limits<T>::infinity());
      return std::bit_cast<T>(bits & sign ? bits ^ sign : ~bits);
    } else if constexpr (std::is_signed_v<T>) {
      return std::bit_cast<T>(static_cast<K>(key ^ sign));
    } else {
      return key;
    }
  }
  /// The same for all numbers that `InOrder` takes for equal.
  static K common_key(T x) {
    if constexpr (is_real) return x != x ? std::numeric_limits<K>::max() : key(x + T(0));
    else return key(x);
  }
};

/// So many are sorted by digits; the tables of fewer cost more than comparing them.
template <class T>
bool worth_digits(std::size_t count) {
  return count >= (sizeof(T) == 8 ? 96 : 48) && count <= UINT32_MAX;
}

/// Sorts keys, and what is beside each with it; equal ones stay as they were to each other. The second halves
/// of the lists are room; true if what is sorted is in them.
template <bool has_beside, int bits, class K>
bool sort_by_digits_of(K* keys, std::int64_t* beside, std::size_t count) {
  constexpr int digits = (8 * sizeof(K) + bits - 1) / bits;
  constexpr std::size_t values = std::size_t{1} << bits;
  const auto digit = [](K key, int d) { return static_cast<std::size_t>(key >> (d * bits)) % values; };
  const auto table = std::make_unique<std::uint32_t[]>(digits * values);
  for (std::size_t i = 0; i < count; ++i)
    for (int d = 0; d < digits; ++d) ++table[static_cast<std::size_t>(d) * values + digit(keys[i], d)];
  K* to = keys + count;
  std::int64_t* to_beside = beside + (has_beside ? count : 0);
  bool is_second = false;
  for (int d = 0; d < digits; ++d) {
    std::uint32_t* place = table.get() + static_cast<std::size_t>(d) * values;
    if (place[digit(keys[0], d)] == count) continue;  // all have the same
    std::exclusive_scan(place, place + values, place, std::uint32_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t at = place[digit(keys[i], d)]++;
      to[at] = keys[i];
      if constexpr (has_beside) to_beside[at] = beside[i];
    }
    std::swap(keys, to);
    std::swap(beside, to_beside);
    is_second = !is_second;
  }
  return is_second;
}

template <bool has_beside, class K>
bool sort_by_digits(K* keys, std::int64_t* beside, std::size_t count) {
  constexpr std::size_t few = 4096;  // whose tables are to be short
  if (sizeof(K) <= 2 || count < few) return sort_by_digits_of<has_beside, 8>(keys, beside, count);
  return sort_by_digits_of<has_beside, 11>(keys, beside, count);
}

/// Puts numbers in the order of `InOrder`.
template <class T>
void sort_numbers(T* x, std::size_t count) {
  if (!worth_digits<T>(count)) return std::sort(x, x + count, InOrder());
  const auto keys = std::make_unique_for_overwrite<Key<T>[]>(2 * count);
  std::transform(x, x + count, keys.get(), &Keyed<T>::key);
  const auto* sorted = keys.get() + (sort_by_digits<false>(keys.get(), nullptr, count) ? count : 0);
  std::transform(sorted, sorted + count, x, &Keyed<T>::number);
}

/// Puts the numbers that are beside others in the order of those (`InOrder`, or backwards), which stay; of
/// equal ones in the order they are in.
template <class T>
void sort_beside(const T* x, std::int64_t* beside, std::size_t count, bool backwards) {
  using K = Key<T>;
  const auto numbers = std::make_unique_for_overwrite<std::int64_t[]>(2 * count);
  std::int64_t* own = numbers.get();
  if (!worth_digits<T>(count)) {
    std::iota(own, own + count, std::int64_t{0});
    std::stable_sort(own, own + count, [&](std::int64_t i, std::int64_t j) {
      return backwards ? InOrder()(x[j], x[i]) : InOrder()(x[i], x[j]);
    });
    std::transform(own, own + count, own, [&](std::int64_t i) { return beside[i]; });
    std::copy_n(own, count, beside);
    return;
  }
  const auto keys = std::make_unique_for_overwrite<K[]>(2 * count);
  const K mask = backwards ? std::numeric_limits<K>::max() : K{0};
  std::transform(x, x + count, keys.get(),
                 [mask](T number) { return static_cast<K>(Keyed<T>::common_key(number) ^ mask); });
  std::copy_n(beside, count, own);
  std::copy_n(own + (sort_by_digits<true>(keys.get(), own, count) ? count : 0), count, beside);
}

}  // namespace weir::detail::array
