// Sinks: what becomes of the elements of a partition.
#pragma once

#include "weir/detail/bag/hash.hpp"
#include "weir/detail/bag/stages.hpp"

namespace weir::detail::bag {

/// All of them.
template <class T>
class CollectSink final : public Sink, IntoOf<T> {
 public:
  Into& into() override { return *this; }
  task::Value result() override { return task::Value::make(std::move(elements_)); }
  static Part part() {
    constexpr SinkMaker maker = [](const Making&) -> std::unique_ptr<Sink> {
      return std::make_unique<CollectSink>();
    };
    return make_part(maker, "", [](Writer&) {});
  }

 private:
  bool push(T& element) override {
    keep(element);
    elements_.push_back(std::move(element));
    return true;
  }
  std::vector<T> elements_;
};

/// The first `count`.
template <class T>
class TakeSink final : public Sink, IntoOf<T> {
 public:
  explicit TakeSink(std::uint64_t count) : count_(count) {}
  Into& into() override { return *this; }
  task::Value result() override { return task::Value::make(std::move(elements_)); }
  static Part part(std::uint64_t count) {
    constexpr SinkMaker maker = [](const Making& making) -> std::unique_ptr<Sink> {
      std::uint64_t most = 0;
      read(making.reader, most);
      return std::make_unique<TakeSink>(most);
    };
    return make_part(maker, "take", [&](Writer& writer) { write(writer, count); });
  }

 private:
  bool push(T& element) override {
    keep(element);
    if (elements_.size() < count_) elements_.push_back(std::move(element));
    return elements_.size() < count_;
  }
  std::uint64_t count_;
  std::vector<T> elements_;
};

/// What an aggregation of the elements makes: `add(element)`, then `merge` with those of other partitions.
template <class T, class A>
class AggregateSink final : public Sink, IntoOf<T> {
 public:
  explicit AggregateSink(A aggregate) : aggregate_(std::move(aggregate)) {}
  Into& into() override { return *this; }
  task::Value result() override { return task::Value::make(std::move(aggregate_)); }
  static Part part(std::string name, const A& empty) {
    constexpr SinkMaker maker = [](const Making& making) -> std::unique_ptr<Sink> {
      A first;
      task::read_back(making.reader, first);
      return std::make_unique<AggregateSink>(std::move(first));
    };
    return make_part(maker, std::move(name), [&](Writer& writer) { write(writer, empty); });
  }

 private:
  bool push(T& element) override {
    aggregate_.add(element);
    return true;
  }
  bool push_all(std::span<T> elements) override {
    if constexpr (requires { aggregate_.add_all(elements); }) aggregate_.add_all(elements);
    else
      for (T& element : elements) aggregate_.add(element);
    return true;
  }
  A aggregate_;
};

/// By the hash of a key, into as many lists as there will be partitions.
template <class T>
struct Buckets {
  std::vector<std::vector<T>> lists;
};
template <class T, class Fn>
class ShuffleSink final : public Sink, IntoOf<T> {
 public:
  using Key = Called<Fn, const T&>;
  ShuffleSink(Fn key, std::uint64_t count) : key_(std::move(key)) { buckets_.lists.resize(count); }
  Into& into() override { return *this; }
  task::Value result() override { return task::Value::make(std::move(buckets_)); }
  static Part part(const Fn& key, std::uint64_t count) {
    constexpr SinkMaker maker = [](const Making& making) -> std::unique_ptr<Sink> {
      std::uint64_t buckets = 0;
      read(making.reader, buckets);
      return std::make_unique<ShuffleSink>(read_function<Fn>(making.reader), buckets);
    };
    return make_part(maker, "shuffle", [&](Writer& writer) {
      write(writer, count);
      key.write_bytes(writer);
    });
  }

 private:
  bool push(T& element) override {
    const Key key = key_(std::as_const(element));
    keep(element);
    buckets_.lists[Hash<Key>{}(key) % buckets_.lists.size()].push_back(std::move(element));
    return true;
  }
  Fn key_;
  Buckets<T> buckets_;
};

/// What `accumulate` has made of a partition, and where the next one goes on.
template <class R>
struct Accumulated {
  std::vector<R> results;
  std::optional<R> last;
  [[nodiscard]] auto begin() const { return results.begin(); }
  [[nodiscard]] auto end() const { return results.end(); }
};
template <class T, class Fn, class R>
class AccumulateSink final : public Sink, IntoOf<T> {
 public:
  AccumulateSink(Fn fn, std::optional<R> last) : fn_(std::move(fn)) { made_.last = std::move(last); }
  Into& into() override { return *this; }
  task::Value result() override { return task::Value::make(std::move(made_)); }
  static Part part(const Fn& fn, const std::optional<R>& initial, delayed::NodeRef before) {
    constexpr SinkMaker maker = [](const Making& making) -> std::unique_ptr<Sink> {
      Fn function = read_function<Fn>(making.reader);
      std::optional<R> last;
      task::read_back(making.reader, last);
      if (!making.inputs.empty()) last = making.inputs[0].template as<Accumulated<R>>().last;
      return std::make_unique<AccumulateSink>(std::move(function), std::move(last));
    };
    Part part = make_part(maker, "accumulate", [&](Writer& writer) {
      fn.write_bytes(writer);
      write(writer, initial);
    });
    if (before) part.needs.push_back(std::move(before));
    return part;
  }

 private:
  bool push(T& element) override {
    if (!made_.last) {
      if constexpr (std::is_convertible_v<T, R>) made_.last = R(std::move(element));
    } else {
      made_.last = fn_(*made_.last, std::move(element));
    }
    made_.results.push_back(*made_.last);
    return true;
  }
  Fn fn_;
  Accumulated<R> made_;
};

/// Lines of a file.
[[nodiscard]] Part text_sink(const std::string& path);

}  // namespace weir::detail::bag
