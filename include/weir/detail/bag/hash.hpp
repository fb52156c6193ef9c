// Hashes that decide where an element goes: the same on every rank, compiler and day.
#pragma once

#include <concepts>
#include <limits>
#include <string>

#include "weir/detail/task/serialize.hpp"

namespace weir::detail::bag {

/// xxHash (XXH3) of bytes.
[[nodiscard]] std::uint64_t hash_bytes(const void* data, std::size_t count) noexcept;

/// The serialized bytes of a value, in memory that the thread keeps.
template <class T>
const Buffer& bytes_of(const T& value, std::size_t which = 0) {
  thread_local Buffer buffers[2];
  buffers[which].clear();
  Writer writer(buffers[which]);
  writer.set_for_key();  // what lies between members is not the value
  write(writer, value);
  return buffers[which];
}

/// Hashes the serialized bytes; zeros of either sign are one key, and NaN of any.
template <class T>
struct Hash {
  std::size_t operator()(const T& value) const {
    if constexpr (std::is_floating_point_v<T>) {
      const T number = value == 0 ? T{0} : value != value ? std::numeric_limits<T>::quiet_NaN() : value;
      return hash_bytes(&number, sizeof number);
    } else if constexpr (requires {
                           { value.hash() } -> std::same_as<std::uint64_t>;
                         }) {
      return value.hash();
    } else if constexpr (std::is_same_v<T, std::string>) {
      return hash_bytes(value.data(), value.size());
    } else if constexpr (std::has_unique_object_representations_v<T> && task::Bitwise<T>) {
      return hash_bytes(&value, sizeof value);
    } else {
      const Buffer& bytes = bytes_of(value);
      return hash_bytes(bytes.data(), bytes.size());
    }
  }
};

/// By the type's own ==, or by the serialized bytes where it has none. As a key NaN is equal to itself, also
/// as a part of one.
template <class T>
struct Same {
  bool operator()(const T& a, const T& b) const {
    if constexpr (std::floating_point<T>) return a == b || (a != a && b != b);
    else if constexpr (std::equality_comparable<T> && std::is_convertible_v<T, std::string_view>)
      return a == b;
    else if constexpr (std::equality_comparable<T>)
      return a == b || (!(a == a) && bytes_of(a, 0) == bytes_of(b, 1));
    else return bytes_of(a, 0) == bytes_of(b, 1);
  }
};

/// Lets go of what a value shares with the element it was taken from, before it is kept for long.
template <class T>
void keep(T& value) {
  if constexpr (requires { value.own(); }) value.own();
}

}  // namespace weir::detail::bag
