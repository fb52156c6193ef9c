// Hashes that decide where an element goes: the same on every rank, compiler and day.
#pragma once

#include <algorithm>
#include <concepts>
#include <iterator>
#include <limits>
#include <string>
#include <tuple>

#include "weir/detail/task/serialize.hpp"

namespace weir::detail::bag {

/// xxHash (XXH3) of bytes.
[[nodiscard]] std::uint64_t hash_bytes(const void* data, std::size_t count) noexcept;

/// Zeros of either sign as one, and so NaN of any bits.
template <std::floating_point T>
constexpr T alike(T value) noexcept {
  return value == 0 ? T{0} : value != value ? std::numeric_limits<T>::quiet_NaN() : value;
}

/// Whether numbers of floating point are parts of a value that is known by its bytes: of plain structs,
/// pairs, tuples, arrays, optionals, and of vectors of what has no memory of its own.
template <class T>
constexpr bool has_reals() {
  if constexpr (std::is_arithmetic_v<T>) return std::is_floating_point_v<T>;
  else if constexpr (std::is_bounded_array_v<T>) return has_reals<std::remove_all_extents_t<T>>();
  else if constexpr (task::PlainStruct<T>) return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_reals<task::FieldType<T, I>>() || ...);
    }
  (std::make_index_sequence<task::field_count<T>>{});
  else if constexpr (requires { std::tuple_size<T>::value; }) return
      []<std::size_t... I>(std::index_sequence<I...>) {
    return (has_reals<std::tuple_element_t<I, T>>() || ...);
  }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (requires(T & value) {
                       value.has_value();
                       *value;
                     }) return has_reals<typename T::value_type>();
  else if constexpr (requires(T & value) {
                       value.real();
                       value.imag();
                     }) return true;
  else if constexpr (requires(T & value) {
                       value.push_back(value[0]);
                       requires task::Bitwise<typename T::value_type>;
                     }) return has_reals<typename T::value_type>();
  else return false; }
/// Makes those numbers alike.
template <class T>
void make_alike(T& value) {
  const auto part = [](auto& inner) { make_alike(inner); };
  if constexpr (std::is_const_v<T> || !has_reals<T>()) return;
  else if constexpr (std::is_floating_point_v<T>) value = alike(value);
  else if constexpr (std::is_bounded_array_v<T>) std::for_each(std::begin(value), std::end(value), part);
  else if constexpr (task::PlainStruct<T>) task::for_each_field(value, part);
  else if constexpr (requires { std::tuple_size<T>::value; })
    std::apply([&](auto&... inner) { (part(inner), ...); }, value);
  else if constexpr (requires { value.has_value(); }) {
    if (value) part(*value);
  } else if constexpr (requires { value.imag(); }) value = T(alike(value.real()), alike(value.imag()));
  else std::for_each(value.begin(), value.end(), part);
}

/// The serialized bytes of a value, in memory that the thread keeps. What is equal has the same.
template <class T>
const Buffer& bytes_of(const T& value, std::size_t which = 0) {
  thread_local Buffer buffers[2];
  buffers[which].clear();
  Writer writer(buffers[which]);
  writer.set_for_key();  // what lies between members is not the value
  if constexpr (has_reals<T>() && std::is_copy_constructible_v<T>) {
    T copy = value;
    make_alike(copy);
    write(writer, copy);
  } else {
    write(writer, value);
  }
  return buffers[which];
}

/// Hashes the serialized bytes.
template <class T>
struct Hash {
  std::size_t operator()(const T& value) const {
    if constexpr (std::is_floating_point_v<T>) {
      const T number = alike(value);
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
