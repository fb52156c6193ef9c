// Aggregates: `add(element)`, `merge(other)`, `result()`; they travel, and one concept serves all reductions.
#pragma once

#include <algorithm>
#include <cmath>

#include "weir/detail/bag/sinks.hpp"

namespace weir {

/// A value and how often it occurs; ordered by that.
template <class T>
struct Counted {
  T value{};
  std::uint64_t count = 0;
  friend bool operator==(const Counted&, const Counted&) = default;
};

namespace detail::bag {

/// Throws `Error{invalid_argument}`: `max: there must be at least one element (got an empty bag)`.
[[noreturn]] void throw_no_elements(const char* who);

struct Count {
  std::uint64_t count = 0;
  template <class T>
  void add(const T&) {
    ++count;
  }
  void merge(Count&& other) { count += other.count; }
  std::uint64_t result() { return count; }
};

template <class S>
struct Sum {
  S sum{};
  template <class T>
  void add(T& element) {
    sum += element;
  }
  void merge(Sum&& other) { sum += other.sum; }
  S result() { return std::move(sum); }
};

/// Number, mean and squared distances from it.
///
/// **Source.** Welford's update, merged as by Chan, Golub and LeVeque.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squares = 0;
  void add(double element);
  void merge(Moments&& other);
};
struct Mean {
  Moments moments;
  void add(double element) { moments.add(element); }
  void merge(Mean&& other) { moments.merge(std::move(other.moments)); }
  [[nodiscard]] double result() const { return moments.count == 0 ? std::nan("") : moments.mean; }
};
struct Variance {
  Moments moments;
  std::uint64_t ddof = 0;
  bool root = false;
  void add(double element) { moments.add(element); }
  void merge(Variance&& other) { moments.merge(std::move(other.moments)); }
  [[nodiscard]] double result() const;
};

/// The first of the smallest, or of the largest, elements.
template <class T>
struct Extreme {
  bool largest = false;
  std::optional<T> found;
  void add(T& element) {
    if (found && !(largest ? *found < element : element < *found)) return;
    keep(element);
    found = std::move(element);
  }
  void merge(Extreme&& other) {
    if (other.found) add(*other.found);
  }
  T result() {
    if (!found) throw_no_elements(largest ? "max" : "min");
    return std::move(*found);
  }
};

/// Whether an element is true (`wanted`), or false.
struct Seen {
  bool wanted = true;
  bool seen = false;
  template <class T>
  void add(const T& element) {
    seen = seen || static_cast<bool>(element) == wanted;
  }
  void merge(Seen&& other) { seen = seen || other.seen; }
  bool result() const { return seen == wanted; }
};

/// Of elements that are equal otherwise; counted values by the value.
template <class T>
bool is_smaller(const T& a, const T& b) {
  if constexpr (requires { a < b; }) return a < b;
  else return false;
}
template <class T>
bool is_smaller(const Counted<T>& a, const Counted<T>& b) {
  return is_smaller(a.value, b.value);
}

/// How often each value occurs.
template <class T>
struct Frequencies {
  bool sorted = false;
  HashMap<T, std::uint64_t> counts;
  void add(T& element, std::uint64_t times = 1) {
    const auto found = counts.find(element);
    if (found != counts.end()) {
      found->second += times;
    } else {
      keep(element);
      counts.emplace(std::move(element), times);
    }
  }
  void merge(Frequencies&& other) {
    if (counts.size() < other.counts.size()) std::swap(counts, other.counts);
    for (auto& [value, count] : other.counts) {
      T copy = value;
      add(copy, count);
    }
  }
  std::vector<Counted<T>> result() {
    std::vector<Counted<T>> all;
    all.reserve(counts.size());
    for (auto& [value, count] : counts) all.push_back({value, count});
    if (sorted) std::sort(all.begin(), all.end(), Before{});
    return all;
  }
  struct Before {
    bool operator()(const Counted<T>& a, const Counted<T>& b) const {
      return a.count != b.count ? a.count > b.count : is_smaller(a, b);
    }
  };
};

/// What an element is ordered by where nobody says: counted values by how often, others by themselves.
struct ByItself {
  template <class T>
  const T& operator()(const T& element) const {
    return element;
  }
  template <class T>
  std::uint64_t operator()(const Counted<T>& element) const {
    return element.count;
  }
};

/// The `k` largest elements; of equal ones those that are smaller themselves, where they can be compared,
/// else any.
template <class T, class Fn>
struct Top {
  std::uint64_t k = 0;
  Fn key;
  std::vector<T> heap;  // the worst one first

  static constexpr bool travels_by_bytes = true;
  Top() = default;
  Top(std::uint64_t count, Fn fn) : k(count), key(std::move(fn)) {}
  void write_bytes(Writer& writer) const {
    write(writer, k);
    write(writer, key);
    write(writer, heap);
  }
  void read_bytes(Reader& reader) {
    read(reader, k);
    read(reader, key);
    read(reader, heap);
  }

  [[nodiscard]] bool better(const T& a, const T& b) {
    const auto& key_a = key(a);
    const auto& key_b = key(b);
    if (key_b < key_a) return true;
    if (key_a < key_b) return false;
    return is_smaller(a, b);
  }
  void add(T& element) {
    const auto order = [&](const T& a, const T& b) { return better(a, b); };
    if (heap.size() == k) {
      if (k == 0 || !better(element, heap.front())) return;
      std::pop_heap(heap.begin(), heap.end(), order);
      heap.pop_back();
    }
    keep(element);
    heap.push_back(std::move(element));
    std::push_heap(heap.begin(), heap.end(), order);
  }
  void merge(Top&& other) {
    for (T& element : other.heap) add(element);
  }
  std::vector<T> result() {
    std::sort(heap.begin(), heap.end(), [&](const T& a, const T& b) { return better(a, b); });
    return std::move(heap);
  }
};

/// The first element of each key, in order.
template <class T, class Fn, class Key>
struct Distinct {
  Fn key;
  HashMap<Key, bool> seen;
  std::vector<T> elements;

  static constexpr bool travels_by_bytes = true;
  Distinct() = default;
  explicit Distinct(Fn fn) : key(std::move(fn)) {}
  void write_bytes(Writer& writer) const {
    write(writer, key);
    write(writer, seen);
    write(writer, elements);
  }
  void read_bytes(Reader& reader) {
    read(reader, key);
    read(reader, seen);
    read(reader, elements);
  }
  void add(T& element) {
    Key of = key(std::as_const(element));
    if (seen.contains(of)) return;
    keep(of);
    seen.emplace(std::move(of), true);
    keep(element);
    elements.push_back(std::move(element));
  }
  void merge(Distinct&& other) {
    for (T& element : other.elements) add(element);
  }
  std::vector<T> result() { return std::move(elements); }
};

/// One value that every element is folded into.
template <class A, class Fn, class Combine>
struct Fold {
  Fn fn;
  Combine combine;
  std::optional<A> value;

  static constexpr bool travels_by_bytes = true;
  Fold() = default;
  Fold(Fn f, Combine c, std::optional<A> initial)
      : fn(std::move(f)), combine(std::move(c)), value(std::move(initial)) {}
  void write_bytes(Writer& writer) const {
    write(writer, fn);
    write(writer, combine);
    write(writer, value);
  }
  void read_bytes(Reader& reader) {
    read(reader, fn);
    read(reader, combine);
    read(reader, value);
  }
  template <class T>
  void add(T& element) {
    if (value) {
      value = fn(std::move(*value), std::move(element));
      return;
    }
    if constexpr (std::is_convertible_v<T, A>) value = A(std::move(element));
  }
  void merge(Fold&& other) {
    if (!value) value = std::move(other.value);
    else if (other.value) value = combine(std::move(*value), std::move(*other.value));
  }
  A result() {
    if (!value) throw_no_elements("fold");
    return std::move(*value);
  }
};

/// One value for each key that its elements are folded into.
template <class T, class Key, class A, class KeyFn, class Fn, class Combine>
struct FoldBy {
  KeyFn key;
  Fn fn;
  Combine combine;
  A initial{};
  HashMap<Key, A> values;

  static constexpr bool travels_by_bytes = true;
  FoldBy() = default;
  FoldBy(KeyFn k, Fn f, Combine c, A from)
      : key(std::move(k)), fn(std::move(f)), combine(std::move(c)), initial(std::move(from)) {}
  void write_bytes(Writer& writer) const {
    write(writer, key);
    write(writer, fn);
    write(writer, combine);
    write(writer, initial);
    write(writer, values);
  }
  void read_bytes(Reader& reader) {
    read(reader, key);
    read(reader, fn);
    read(reader, combine);
    read(reader, initial);
    read(reader, values);
  }
  void add(T& element) {
    Key of = key(std::as_const(element));
    auto found = values.find(of);
    if (found == values.end()) {
      keep(of);
      found = values.emplace(std::move(of), initial).first;
    }
    found->second = fn(std::move(found->second), std::move(element));
  }
  void merge(FoldBy&& other) {
    for (auto& [of, value] : other.values) {
      const auto [place, is_new] = values.try_emplace(of, value);
      if (!is_new) place->second = combine(std::move(place->second), std::move(value));
    }
  }
  std::vector<std::pair<Key, A>> result() { return {values.begin(), values.end()}; }
};

/// The aggregates of several partitions as one.
template <class A>
A merged(std::vector<A> parts) {
  A all = std::move(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) all.merge(std::move(parts[i]));
  return all;
}
/// What they come to.
template <class A>
auto merged_result(std::vector<A> parts) {
  return merged(std::move(parts)).result();
}

}  // namespace detail::bag
}  // namespace weir
