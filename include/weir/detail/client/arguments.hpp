// Futures as arguments: alone, or nested in the std containers.
#pragma once

#include "weir/detail/task/invoke.hpp"
#include "weir/future.hpp"

namespace weir::detail::task {

template <class T>
struct HoldsFutures<Future<T>> : std::true_type {};
template <class T, class A>
struct HoldsFutures<std::vector<T, A>> : HoldsFutures<T> {};
template <class T, std::size_t N>
struct HoldsFutures<std::array<T, N>> : HoldsFutures<T> {};
template <class T>
struct HoldsFutures<std::optional<T>> : HoldsFutures<T> {};
template <class T, class U>
struct HoldsFutures<std::pair<T, U>> : std::disjunction<HoldsFutures<T>, HoldsFutures<U>> {};
template <class... T>
struct HoldsFutures<std::tuple<T...>> : std::disjunction<HoldsFutures<T>...> {};
template <class K, class V, class C, class A>
struct HoldsFutures<std::map<K, V, C, A>> : HoldsFutures<V> {};
template <class K, class V, class H, class E, class A>
struct HoldsFutures<std::unordered_map<K, V, H, E, A>> : HoldsFutures<V> {};

/// The function sees the result itself, shared with others that use it: no copy.
template <class T>
struct Argument<Future<T>> {
  using Held = T;
  static void put(ArgumentWriter& out, const Future<T>& future) { out.input(future.input_id(out.untold)); }
  static const T& get(ArgumentReader& in) { return in.input().as<T>(); }
};

template <class T, class A>
requires HoldsFutures<T>::value struct Argument<std::vector<T, A>> {
  using Held = std::vector<typename Argument<T>::Held>;
  static void put(ArgumentWriter& out, const std::vector<T, A>& items) {
    const std::uint64_t count = items.size();
    out.writer.bytes(&count, sizeof count);
    if constexpr (IsFuture<T>::value) {  // many inputs: each is taken to be another one
      for (const T& item : items) {
        const std::uint32_t index = out.inputs.size();
        out.inputs.push_back(item.input_id(out.untold));
        out.writer.bytes(&index, sizeof index);
      }
    } else {
      for (const T& item : items) Argument<T>::put(out, item);
    }
  }
  static Held get(ArgumentReader& in) {
    std::uint64_t count = 0;
    in.reader.bytes(&count, sizeof count);
    in.reader.expect(count, IsFuture<T>::value ? sizeof(std::uint32_t) : 0);
    Held items;
    items.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(Argument<T>::get(in));
    return items;
  }
};

template <class T, std::size_t N>
requires HoldsFutures<T>::value struct Argument<std::array<T, N>> {
  using Held = std::array<typename Argument<T>::Held, N>;
  static void put(ArgumentWriter& out, const std::array<T, N>& items) {
    for (const T& item : items) Argument<T>::put(out, item);
  }
  static Held get(ArgumentReader& in) {
    Held items{};
    for (auto& item : items) item = Argument<T>::get(in);
    return items;
  }
};

template <class T>
requires HoldsFutures<T>::value struct Argument<std::optional<T>> {
  using Held = std::optional<typename Argument<T>::Held>;
  static void put(ArgumentWriter& out, const std::optional<T>& item) {
    write(out.writer, item.has_value());
    if (item) Argument<T>::put(out, *item);
  }
  static Held get(ArgumentReader& in) {
    bool there = false;
    read(in.reader, there);
    return there ? Held(Argument<T>::get(in)) : Held();
  }
};

template <class T, class U>
requires HoldsFutures<std::pair<T, U>>::value struct Argument<std::pair<T, U>> {
  using Held = std::pair<typename Argument<T>::Held, typename Argument<U>::Held>;
  static void put(ArgumentWriter& out, const std::pair<T, U>& items) {
    Argument<T>::put(out, items.first);
    Argument<U>::put(out, items.second);
  }
  static Held get(ArgumentReader& in) { return Held{Argument<T>::get(in), Argument<U>::get(in)}; }
};

template <class... T>
requires HoldsFutures<std::tuple<T...>>::value struct Argument<std::tuple<T...>> {
  using Held = std::tuple<typename Argument<T>::Held...>;
  static void put(ArgumentWriter& out, const std::tuple<T...>& items) {
    std::apply([&](const T&... item) { (Argument<T>::put(out, item), ...); }, items);
  }
  static Held get(ArgumentReader& in) { return Held{Argument<T>::get(in)...}; }
};

template <class Map>
struct MapArgument {
  using Value = Argument<typename Map::mapped_type>;
  static void put(ArgumentWriter& out, const Map& items) {
    const std::uint64_t count = items.size();
    out.writer.bytes(&count, sizeof count);
    for (const auto& [key, item] : items) {
      write(out.writer, key);
      Value::put(out, item);
    }
  }
  template <class Held>
  static Held get(ArgumentReader& in) {
    std::uint64_t count = 0;
    in.reader.bytes(&count, sizeof count);
    in.reader.expect(count, 0);
    Held items;
    for (std::uint64_t i = 0; i < count; ++i) {
      typename Map::key_type key{};
      read(in.reader, key);
      items.emplace(std::move(key), Value::get(in));
    }
    return items;
  }
};
template <class K, class V, class C, class A>
requires HoldsFutures<V>::value struct Argument<std::map<K, V, C, A>> : MapArgument<std::map<K, V, C, A>> {
  using Held = std::map<K, typename Argument<V>::Held, C>;
  static Held get(ArgumentReader& in) { return MapArgument<std::map<K, V, C, A>>::template get<Held>(in); }
};
template <class K, class V, class H, class E, class A>
requires HoldsFutures<V>::value struct Argument<std::unordered_map<K, V, H, E, A>>
    : MapArgument<std::unordered_map<K, V, H, E, A>> {
  using Held = std::unordered_map<K, typename Argument<V>::Held, H, E>;
  static Held get(ArgumentReader& in) {
    return MapArgument<std::unordered_map<K, V, H, E, A>>::template get<Held>(in);
  }
};

}  // namespace weir::detail::task
