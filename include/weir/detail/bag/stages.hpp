// Stages: what stands between the source and the sink of a chain.
#pragma once

#include <sstream>

#include "weir/detail/bag/chain.hpp"
#include "weir/detail/bag/flat_map.hpp"

namespace weir::detail::bag {

/// A function with the arguments that follow the element.
template <class F, class... Args>
class Function {
 public:
  static constexpr bool travels_by_bytes = true;
  Function() = default;
  explicit Function(F function, Args... args) : function_(std::move(function)), args_(std::move(args)...) {}

  void write_bytes(Writer& writer) const {
    task::Callable<F>::put(writer, function_);
    std::apply([&](const Args&... arg) { (write(writer, arg), ...); }, args_);
  }
  void read_bytes(Reader& reader) {
    function_ = task::Callable<F>::get(reader);
    std::apply([&](Args&... arg) { (read(reader, arg), ...); }, args_);
  }
  template <class... E>
  decltype(auto) operator()(E&&... elements) {
    return std::apply(
        [&](const Args&... arg) -> decltype(auto) {
          return std::invoke(function_, std::forward<E>(elements)..., arg...);
        },
        args_);
  }

 private:
  F function_{};
  std::tuple<Args...> args_;
};

/// Reads a part's function back.
template <class Fn>
Fn read_function(Reader& reader) {
  Fn fn;
  fn.read_bytes(reader);
  return fn;
}

/// A literal is kept as a string, other arguments as they are.
template <class A>
using KeptArgument =
    std::conditional_t<std::is_convertible_v<std::decay_t<A>, const char*>, std::string, std::decay_t<A>>;

template <class F, class... A>
auto function(const char* who, F f, A&&... args) {
  static_assert(
      (task::Travels<KeptArgument<A>>::value && ...),
      "weir: an argument of a bag's function cannot travel to another process. Give its type a cereal "
      "serialize() function or make it a plain struct of members that travel.");
  return Function<F, KeptArgument<A>...>(callable(who, "the function", std::move(f)),
                                         KeptArgument<A>(std::forward<A>(args))...);
}

/// What a stage calls with one element.
template <class Fn, class... T>
using Called = std::decay_t<decltype(std::declval<Fn&>()(std::declval<T>()...))>;

/// A stage that is made of a function, with more to say behind it.
template <template <class, class> class Stage, class T, class Fn>
Part stage(const char* name, const Fn& fn) {
  constexpr StageMaker maker = [](const Making& making, Into& next) -> std::unique_ptr<Into> {
    return std::make_unique<Stage<T, Fn>>(read_function<Fn>(making.reader), next);
  };
  return make_part(maker, name, [&](Writer& writer) { fn.write_bytes(writer); });
}

template <class T, class Fn>
class MapStage final : public IntoOf<T> {
 public:
  using Out = Called<Fn, T>;
  MapStage(Fn fn, Into& next) : fn_(std::move(fn)), next_(static_cast<IntoOf<Out>&>(next)) {}
  bool push(T& element) override {
    Out out = fn_(std::move(element));
    return next_.push(out);
  }

 private:
  Fn fn_;
  IntoOf<Out>& next_;
};

/// Passes over the elements on which the function throws.
template <class T, class Fn>
class TryMapStage final : public IntoOf<T> {
 public:
  using Out = Called<Fn, T>;
  TryMapStage(Fn fn, Into& next) : fn_(std::move(fn)), next_(static_cast<IntoOf<Out>&>(next)) {}
  bool push(T& element) override {
    std::optional<Out> out;
    try {
      out.emplace(fn_(std::move(element)));
    } catch (...) {
      return true;
    }
    return next_.push(*out);
  }

 private:
  Fn fn_;
  IntoOf<Out>& next_;
};

/// An element for people; nothing if it cannot be printed.
template <class T>
std::string printed(const T& element) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(std::string_view(element));
  } else if constexpr (requires(std::ostream & out) { out << element; }) {
    std::ostringstream text;
    text << element;
    return text.str();
  } else {
    return {};
  }
}

/// Tells of the elements on which the function throws, and passes over them.
template <class T, class Fn>
class LettersStage final : public IntoOf<T> {
 public:
  using Out = Called<Fn, T>;
  LettersStage(const Making& making, Fn fn, Into& next)
      : fn_(std::move(fn)),
        here_(making.here),
        partition_(making.partition),
        next_(static_cast<IntoOf<Out>&>(next)) {
    read(making.reader, to_);
  }
  bool push(T& element) override {
    std::optional<Out> out;
    std::optional<T> kept;  // the function may take the element away
    if (!here_.is_line()) kept.emplace(element);
    try {
      out.emplace(fn_(std::move(element)));
    } catch (...) {
      here_.leave_out(to_, partition_, kept ? printed(*kept) : std::string());
      return true;
    }
    return next_.push(*out);
  }
  static Part part(const Fn& fn, const LetterAddress& to) {
    constexpr StageMaker maker = [](const Making& making, Into& next) -> std::unique_ptr<Into> {
      Fn read_fn = read_function<Fn>(making.reader);
      return std::make_unique<LettersStage>(making, std::move(read_fn), next);
    };
    return make_part(maker, "map", [&](Writer& writer) {
      fn.write_bytes(writer);
      write(writer, to);
    });
  }

 private:
  Fn fn_;
  Here& here_;
  std::uint64_t partition_;
  LetterAddress to_;
  IntoOf<Out>& next_;
};

template <class T, class Fn>
class FilterStage final : public IntoOf<T> {
 public:
  FilterStage(Fn fn, Into& next) : fn_(std::move(fn)), next_(static_cast<IntoOf<T>&>(next)) {}
  bool push(T& element) override { return !fn_(std::as_const(element)) || next_.push(element); }

 private:
  Fn fn_;
  IntoOf<T>& next_;
};

template <class T>
class FlattenStage final : public IntoOf<T> {
 public:
  using Out = std::iter_value_t<decltype(std::begin(std::declval<T&>()))>;
  explicit FlattenStage(Into& next) : next_(static_cast<IntoOf<Out>&>(next)) {}
  bool push(T& elements) override {
    if constexpr (std::ranges::contiguous_range<T> &&
                  std::is_same_v<std::ranges::range_reference_t<T>, Out&>) {
      return next_.push_all(std::span<Out>(elements));
    } else {
      for (auto&& element : elements) {
        Out out = std::move(element);
        if (!next_.push(out)) return false;
      }
      return true;
    }
  }
  static std::unique_ptr<Into> make(const Making&, Into& next) {
    return std::make_unique<FlattenStage>(next);
  }

 private:
  IntoOf<Out>& next_;
};

/// Hands the whole partition to the function.
template <class T, class Fn>
class PartitionStage final : public IntoOf<T> {
 public:
  using Out = std::iter_value_t<decltype(std::begin(std::declval<Called<Fn, std::vector<T>>&>()))>;
  PartitionStage(Fn fn, Into& next) : fn_(std::move(fn)), next_(static_cast<IntoOf<Out>&>(next)) {}
  bool push(T& element) override {
    held_.push_back(std::move(element));
    return true;
  }
  void end() override {
    auto range = fn_(std::move(held_));
    for (auto&& element : range) {
      Out out = std::move(element);
      if (!next_.push(out)) return;
    }
  }

 private:
  Fn fn_;
  IntoOf<Out>& next_;
  std::vector<T> held_;
};

/// Keeps each element with a probability; which ones depends on the seed and its place alone.
class Dice {
 public:
  Dice(double probability, std::uint64_t seed, std::uint64_t partition);
  bool next();

 private:
  double probability_;
  std::uint64_t state_;
};
template <class T>
class SampleStage final : public IntoOf<T> {
 public:
  SampleStage(Dice dice, Into& next) : dice_(dice), next_(static_cast<IntoOf<T>&>(next)) {}
  bool push(T& element) override { return !dice_.next() || next_.push(element); }
  static std::unique_ptr<Into> make(const Making& making, Into& next) {
    double probability = 0;
    std::uint64_t seed = 0;
    read(making.reader, probability);
    read(making.reader, seed);
    return std::make_unique<SampleStage>(Dice(probability, seed, making.partition), next);
  }

 private:
  Dice dice_;
  IntoOf<T>& next_;
};

/// Pairs each element with those of another bag that have its key.
template <class T, class Fn, class U>
class JoinStage final : public IntoOf<T> {
 public:
  using Key = Called<Fn, const T&>;
  using Table = FlatMap<Key, std::vector<U>>;
  JoinStage(Fn key, std::shared_ptr<const Table> table, Into& next)
      : key_(std::move(key)), table_(std::move(table)), next_(static_cast<IntoOf<std::pair<T, U>>&>(next)) {}
  bool push(T& element) override {
    const auto found = table_->find(key_(std::as_const(element)));
    if (!found) return true;
    for (const U& other : found->second) {
      std::pair<T, U> out(element, other);
      if (!next_.push(out)) return false;
    }
    return true;
  }
  static std::unique_ptr<Into> make(const Making& making, Into& next) {
    return std::make_unique<JoinStage>(read_function<Fn>(making.reader),
                                       making.inputs[0].template share<Table>(), next);
  }

 private:
  Fn key_;
  std::shared_ptr<const Table> table_;
  IntoOf<std::pair<T, U>>& next_;
};

/// Pairs each element with all of another bag.
template <class T, class U>
class ProductStage final : public IntoOf<T> {
 public:
  ProductStage(std::span<const task::Value> others, Into& next)
      : others_(others), next_(static_cast<IntoOf<std::pair<T, U>>&>(next)) {}
  bool push(T& element) override {
    for (const task::Value& others : others_)
      for (const U& other : others.as<std::vector<U>>()) {
        std::pair<T, U> out(element, other);
        if (!next_.push(out)) return false;
      }
    return true;
  }
  static std::unique_ptr<Into> make(const Making& making, Into& next) {
    return std::make_unique<ProductStage>(making.inputs, next);
  }

 private:
  std::span<const task::Value> others_;
  IntoOf<std::pair<T, U>>& next_;
};

}  // namespace weir::detail::bag
