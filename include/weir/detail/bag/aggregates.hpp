// Aggregates: `add(element)`, `merge(other)`, `result()`; they travel, and one concept serves all reductions.
#pragma once

#include <algorithm>
#include <cmath>

#include "weir/detail/bag/sinks.hpp"
#include "weir/detail/bag/text_counts.hpp"
#include "weir/json.hpp"

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
/// Throws `Error{invalid_argument}`: `sum: the result must be a 64-bit integer (got 9223372036854775808)`,
/// whose 128 bits these are.
[[noreturn]] void throw_beyond_integer(const char* who, std::int64_t high, std::uint64_t low);

struct Count {
  std::uint64_t count = 0;
  template <class T>
  void add(const T&) {
    ++count;
  }
  void merge(const Count& other) { count += other.count; }
  std::uint64_t result() { return count; }
};

template <class S>
struct Sum {
  S sum{};
  template <class T>
  void add(T& element) {
    sum += element;
  }
  void merge(const Sum& other) { sum += other.sum; }
  S result() { return std::move(sum); }
};

/// Divides an integer, whose 128 bits these are.
[[nodiscard]] double quotient(std::int64_t high, std::uint64_t low, std::uint64_t count) noexcept;

/// The sum of integers in 128 bits, so that it does not depend on what is added up first.
template <class S>
struct ExactSum {
  std::uint64_t low = 0;
  std::int64_t high = 0;
  template <class T>
  void add(const T& element) {
    const auto value = static_cast<S>(element);
    add_halves(value < S{0} ? -1 : 0, static_cast<std::uint64_t>(value));
  }
  void merge(const ExactSum& other) { add_halves(other.high, other.low); }
  [[nodiscard]] S result() const {
    const auto sum = static_cast<S>(low);
    if (high != (sum < S{0} ? -1 : 0)) throw_beyond_integer("sum", high, low);
    return sum;
  }

 private:
  void add_halves(std::int64_t upper, std::uint64_t lower) {
    low += lower;
    high += upper + (low < lower);
  }
};

/// Number, mean and squared distances from it.
///
/// **Source.** Welford's update, merged as by Chan, Golub and LeVeque.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squares = 0;
  void add(double element);
  void merge(const Moments& other);
};
struct Mean {
  Moments moments;
  template <class T>
  void add(const T& element) {
    moments.add(static_cast<double>(element));
  }
  void merge(const Mean& other) { moments.merge(other.moments); }
  [[nodiscard]] double result() const {
    if (moments.count == 0) throw_no_elements("mean");
    return moments.mean;
  }
};
/// Of integers: their sum is rounded once.
template <class S>
struct ExactMean {
  ExactSum<S> sum;
  std::uint64_t count = 0;
  template <class T>
  void add(const T& element) {
    sum.add(element);
    ++count;
  }
  void merge(const ExactMean& other) {
    sum.merge(other.sum);
    count += other.count;
  }
  [[nodiscard]] double result() const {
    if (count == 0) throw_no_elements("mean");
    return quotient(sum.high, sum.low, count);
  }
};
struct Variance {
  Moments moments;
  std::uint64_t ddof = 0;
  bool root = false;
  template <class T>
  void add(const T& element) {
    moments.add(static_cast<double>(element));
  }
  void merge(const Variance& other) { moments.merge(other.moments); }
  [[nodiscard]] double result() const;
};

/// NaN is behind all numbers, whatever the order.
template <class T>
bool is_nan(const T& value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  else return false;
}

/// The first of the smallest, or of the largest, elements; NaN only where there is no number.
template <class T>
struct Extreme {
  bool largest = false;
  std::optional<T> found;
  void add(T& element) {
    if (found && (is_nan(element) || (!is_nan(*found) && !(largest ? *found < element : element < *found))))
      return;
    keep(element);
    found = std::move(element);
  }
  void merge(const Extreme& other) {
    if (!other.found) return;
    T found_there = *other.found;
    add(found_there);
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
  void merge(const Seen& other) { seen = seen || other.seen; }
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

/// How a value is kept as a key of counts: as it is, unless something smaller tells it from all others.
template <class T>
struct KeptKey {
  using Key = T;
  static const T& of(const T& value, std::string&) { return value; }
  static T take(T& value) {
    keep(value);
    return std::move(value);
  }
  static T back(T key) { return key; }
};
/// Of a view a text of its own.
template <>
struct KeptKey<std::string_view> {
  using Key = std::string;
  static std::string_view of(std::string_view value, std::string&) { return value; }
  static std::string take(std::string_view value) { return std::string(value); }
  static std::string back(std::string key) { return key; }
};
/// Of a JSON value its text.
template <>
struct KeptKey<Json> {
  using Key = std::string;
  static std::string_view of(const Json& value, std::string& memory) {
    value.key_into(memory);
    return memory;
  }
  static std::string take(const Json& value) {
    std::string key;
    value.key_into(key);
    return key;
  }
  static Json back(const std::string& key) { return Json::from_key(key); }
};

/// How often each value occurs.
template <class T>
class Frequencies {
 public:
  static constexpr bool travels_by_bytes = true;
  /// What a value is afterwards.
  using Value = std::decay_t<decltype(KeptKey<T>::back(std::declval<const typename KeptKey<T>::Key&>()))>;
  explicit Frequencies(bool sorted = false) : sorted_(sorted) {}

  void add(T& element) {
    if constexpr (are_texts) counts_.add(KeptKey<T>::of(element, memory_));
    else add(element, Hash<Key>{}(element));
  }
  /// Those of a batch wait for memory together.
  void add_all(std::span<T> elements) requires(!std::is_same_v<T, Json>) {
    constexpr std::size_t batch = 16;
    if constexpr (std::is_same_v<T, std::string_view>) return counts_.add_all(elements);
    while (!elements.empty()) {
      const std::span<T> some = elements.first(std::min(batch, elements.size()));
      if constexpr (are_texts) {
        std::string_view views[batch];
        std::copy(some.begin(), some.end(), views);
        counts_.add_all({views, some.size()});
      } else {
        std::uint64_t hashes[batch];
        for (std::size_t i = 0; i < some.size(); ++i) counts_.fetch_slot(hashes[i] = Hash<Key>{}(some[i]));
        for (std::size_t i = 0; i < some.size(); ++i) counts_.fetch_entry(hashes[i]);
        for (std::size_t i = 0; i < some.size(); ++i) add(some[i], hashes[i]);
      }
      elements = elements.subspan(some.size());
    }
  }
  void merge(const Frequencies& other) {
    if constexpr (are_texts) counts_.merge(other.counts_);
    else merge_entries(other);
  }
  std::vector<Counted<Value>> result() {
    std::vector<Counted<Value>> all;
    all.reserve(counts_.size());
    if constexpr (are_texts)
      counts_.each([&](std::string_view key, std::uint64_t count) {
        all.push_back({KeptKey<T>::back(std::string(key)), count});
      });
    else
      for (const auto& [key, count] : counts_) all.push_back({KeptKey<T>::back(key), count});
    if (sorted_) std::sort(all.begin(), all.end(), &before);
    return all;
  }
  void write_bytes(Writer& writer) const {
    write(writer, sorted_);
    counts_.write_bytes(writer);
  }
  void read_bytes(Reader& reader) {
    read(reader, sorted_);
    counts_.read_bytes(reader);
  }

 private:
  using Key = typename KeptKey<T>::Key;
  static constexpr bool are_texts = std::is_same_v<Key, std::string>;
  void add(T& element, std::uint64_t hash) {
    if (auto* entry = counts_.find(element, hash)) ++entry->second;
    else counts_.add(KeptKey<T>::take(element), 1, hash);
  }
  void merge_entries(const Frequencies& other) {
    const auto& entries = other.counts_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i + 16 < entries.size()) counts_.fetch_slot(other.counts_.hash_of(i + 16));
      if (i + 8 < entries.size()) counts_.fetch_entry(other.counts_.hash_of(i + 8));
      const auto& [key, count] = entries[i];
      const std::uint64_t hash = other.counts_.hash_of(i);
      if (auto* entry = counts_.find(key, hash)) entry->second += count;
      else counts_.add(key, count, hash);
    }
  }
  static bool before(const Counted<Value>& a, const Counted<Value>& b) {
    return a.count != b.count ? a.count > b.count : is_smaller(a.value, b.value);
  }

  bool sorted_;
  std::conditional_t<are_texts, TextCounts, FlatMap<Key, std::uint64_t>> counts_;
  std::string memory_;
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
    if (is_nan(key_a) != is_nan(key_b)) return is_nan(key_b);
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
  void merge(const Top& other) {
    for (T element : other.heap) add(element);
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
  FlatMap<Key, T> elements;

  static constexpr bool travels_by_bytes = true;
  Distinct() = default;
  explicit Distinct(Fn fn) : key(std::move(fn)) {}
  void write_bytes(Writer& writer) const {
    write(writer, key);
    write(writer, elements);
  }
  void read_bytes(Reader& reader) {
    read(reader, key);
    read(reader, elements);
  }
  void add(T& element) {
    Key of = key(std::as_const(element));
    const std::uint64_t hash = Hash<Key>{}(of);
    if (elements.find(of, hash)) return;
    keep(of);
    keep(element);
    elements.add(std::move(of), std::move(element), hash);
  }
  void merge(const Distinct& other) {
    for (std::size_t i = 0; i < other.elements.size(); ++i) {
      const auto& [of, element] = other.elements.entries()[i];
      if (!elements.find(of, other.elements.hash_of(i))) elements.add(of, element, other.elements.hash_of(i));
    }
  }
  std::vector<T> result() {
    std::vector<T> all;
    all.reserve(elements.size());
    for (auto& [of, element] : elements.entries()) all.push_back(std::move(element));
    return all;
  }
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
  void merge(const Fold& other) {
    if (!value) value = other.value;
    else if (other.value) value = combine(std::move(*value), *other.value);
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
  FlatMap<Key, A> values;

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
    const std::uint64_t hash = Hash<Key>{}(of);
    auto* found = values.find(of, hash);
    if (!found) {
      keep(of);
      found = &values.add(std::move(of), initial, hash);
    }
    found->second = fn(std::move(found->second), std::move(element));
  }
  void merge(const FoldBy& other) {
    for (std::size_t i = 0; i < other.values.size(); ++i) {
      const auto& [of, value] = other.values.entries()[i];
      const std::uint64_t hash = other.values.hash_of(i);
      if (auto* found = values.find(of, hash)) found->second = combine(std::move(found->second), value);
      else values.add(of, value, hash);
    }
  }
  std::vector<std::pair<Key, A>> result() { return std::move(values.entries()); }
};

}  // namespace detail::bag
}  // namespace weir
