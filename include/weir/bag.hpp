// Bag: elements of one type in partitions, and what is done with all of them.
#pragma once

#include "weir/delayed.hpp"
#include "weir/detail/bag/aggregates.hpp"
#include "weir/detail/bag/merge.hpp"
#include "weir/detail/bag/sources.hpp"
#include "weir/detail/bag/views.hpp"
#include "weir/json.hpp"
#include "weir/on_error.hpp"

namespace weir {
template <class T>
class Bag;
}  // namespace weir

namespace weir::detail::bag {

/// Whether a function and what follows its element can travel.
template <class F, class... A>
concept Goes = task::Callable<F>::travels &&(task::Travels<KeptArgument<A>>::value&&...);
// What the verbs ask of their functions.
template <class T, class F, class... A>
concept TakesElement = Goes<F, A...> && std::is_invocable_v < F&,
        T, const KeptArgument<A>
&... > ;
template <class T, class F, class... A>
concept MapsElement =
    TakesElement<T, F, A...> && !std::is_void_v<std::invoke_result_t<F&, T, const KeptArgument<A>&...>>;
template <class T, class F, class... A>
concept JudgesElement = Goes<F, A...> && requires(F& f, const T& element, const KeptArgument<A>&... args) {
  static_cast<bool>(std::invoke(f, element, args...));
};
template <class T, class F, class... None>
concept KeyOfElement =
    Goes<F> && std::is_invocable_v<F&, const T&> && !std::is_void_v<std::invoke_result_t<F&, const T&>>;
template <class T, class F>
constexpr bool maps_items() {
  if constexpr (requires { std::tuple_size<T>::value; })
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::is_invocable_v<F&, std::tuple_element_t<I, T>...>;
    }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else return false; }
template <class T, class F, class... None>
concept MapsItems = Goes<F> && maps_items<T, F>();

/// Whether `f` makes an A of an A and a T.
template <class F, class A, class T>
concept AddsTo = std::is_invocable_r_v<A, F&, A, const T&>;
/// Whether elements of T fold: by `f` from the first on, or from an initial value on, and how two values
/// become one, which without a further function `f` knows, too.
template <class T, class F>
constexpr bool folds() {
  return AddsTo<F, T, T>;
}
template <class T, class F, class A, class Combine = F, class... None>
constexpr bool folds() {
  using Kept = KeptArgument<A>;
  return sizeof...(None) == 0 && AddsTo<F, Kept, T> && AddsTo<std::decay_t<Combine>, Kept, Kept>;
}
template <class T, class F, class... A>
concept Folds = Goes<F, A...> && folds<T, F, A...>();
template <class T, class F, class R>
concept Accumulates = Goes<F, R> && AddsTo<F, KeptArgument<R>, T>;
template <class T, class F, class R>
concept AccumulatesUnkept =
    Goes<F> && AddsTo<F, KeptArgument<R>, T> && !task::Travels<KeptArgument<R>>::value;
template <class T, class F, class... A>
concept MapsPartition = Goes<F, A...> && requires(F& f, std::vector<T> all, const KeptArgument<A>&... args) {
  std::begin(std::invoke(f, std::move(all), args...));
};
template <class T, class Per, class Aggregate>
constexpr bool reduces() {
  if constexpr (std::is_invocable_v<Per&, std::vector<T>>) {
    using OfPart = std::decay_t<std::invoke_result_t<Per&, std::vector<T>>>;
    if constexpr (!std::is_void_v<OfPart>) return std::is_invocable_v<Aggregate&, std::vector<OfPart>>;
  }
  return false;
}
template <class T, class Per, class Aggregate>
concept Reduces = Goes<Per> && Goes<Aggregate> && reduces<T, Per, Aggregate>();
template <class T, class A>
concept Aggregates = requires(A a, const A& other, T& element) {
  a.add(element);
  a.merge(other);
  a.result();
};
template <class T>
concept HasItems = requires(T& element) {
  *std::begin(element);
  std::end(element);
};
template <class T>
void takes_bag(const Bag<T>& bag);
template <class B>
concept IsBag = requires(const B& bag) {
  takes_bag(bag);
};
template <class F>
concept BeginsRecords =
    Goes<F> && !std::is_convertible_v<F, std::string> && std::is_invocable_r_v<bool, F&, std::string_view>;
template <class T>
concept Adds = std::is_arithmetic_v<T> || requires(T sum, T& element) {
  T{};
  sum += element;
};
template <class T>
concept Compares = requires(const T& a, const T& b) {
  static_cast<bool>(a < b);
};
template <class T, class F>
using KeyOf = std::decay_t<std::invoke_result_t<F&, const T&>>;
/// A key that is kept, of elements that need not be.
template <class T, class F>
concept KeepsKey = KeyOfElement<T, F> && Kept<KeyOf<T, F>>;
template <class T, class Per>
using OfPart = std::decay_t<std::invoke_result_t<Per&, std::vector<T>>>;

}  // namespace weir::detail::bag

/// What a verb of a bag says of a function that is not `right`, or cannot travel; its parameters follow.
#define WEIR_REFUSES_ELEMENT_FUNCTION(name, right, sentence, ...)                                            \
  template <class F, class... A>                                                                             \
  requires(detail::bag::Goes<F, A...> && !detail::bag::right<T, F, A...>)                                    \
      WEIR_REFUSES("weir: " #name ": " sentence)                                                             \
  detail::Refused name(__VA_ARGS__) const { return {}; }                                                     \
  template <class F, class... A>                                                                             \
  requires(!detail::bag::Goes<F, A...>) WEIR_REFUSES(                                                        \
      "weir: " #name                                                                                         \
      ": a function or an argument of it cannot travel to another process. A lambda must not capture: pass " \
      "the values as further arguments (map(f, x, y)); a functor with members needs a cereal serialize() "   \
      "function or must be a plain struct.")                                                                 \
  detail::Refused name(__VA_ARGS__) const { return {}; }

/// What a verb says of elements or keys that it would have to keep and cannot; the condition follows.
#define WEIR_REFUSES_UNKEPT(name, ...)                                                                      \
  requires(__VA_ARGS__) WEIR_REFUSES(                                                                       \
      "weir: " #name                                                                                        \
      ": views are gone with their lines: make texts of them, .map([](std::string_view word) { return "     \
      "std::string(word); }); other elements and keys that are kept need a cereal serialize() function or " \
      "must be plain structs")

namespace weir {

namespace detail::bag {
/// Throws unless two bags have as many partitions.
void check_partitions(const char* who, std::size_t first, std::size_t second);
/// Throws unless the number is as large as that.
void check_count(const char* who, const char* what, std::uint64_t count, std::uint64_t least = 1);
void check_probability(double probability);
/// What stands between white space.
[[nodiscard]] Part split_stage();
/// `part-*.txt`, 3 of 12: `part-03.txt`. Throws if there is not exactly one `*`.
[[nodiscard]] std::vector<std::string> numbered_paths(const std::string& pattern, std::size_t count);

/// What stands for an argument that was not given.
struct Absent {};

/// Finds a key in an element: a member of a JSON object, an entry of a map.
template <class Default>
class PluckKey {
 public:
  static constexpr bool travels_by_bytes = true;
  PluckKey() = default;
  PluckKey(std::string key, Default other) : key_(std::move(key)), other_(std::move(other)) {}
  void write_bytes(Writer& writer) const {
    write(writer, key_);
    write(writer, other_);
  }
  void read_bytes(Reader& reader) {
    read(reader, key_);
    read(reader, other_);
  }
  auto operator()(const Json& element) const {
    if constexpr (std::is_same_v<Default, Absent>) {
      return element[key_];
    } else {
      const std::optional<Json> found = element.find(key_);
      return found && !found->is_null() ? found->template as<Default>() : other_;
    }
  }
  template <class Map>
  requires requires(const Map& map, const std::string& key) { map.at(key); }
  auto operator()(const Map& element) const {
    const auto found = element.find(key_);
    if constexpr (std::is_same_v<Default, Absent>) {
      if (found == element.end())
        throw Error(ErrorKind::not_found,
                    "pluck: every element must have the key '" + key_ + "' (one has not); give a default");
      return found->second;
    } else {
      return found == element.end() ? typename Map::mapped_type(other_) : found->second;
    }
  }

 private:
  std::string key_;
  [[no_unique_address]] Default other_;
};
}  // namespace detail::bag

/// Elements of type T in partitions, each made by one task when the results are asked for.
///
/// Every operation returns a new bag, or a `Delayed` result, and runs nothing; `compute`, `take`, `persist`,
/// `to_futures` and `to_text` do. A chain of map, filter, pluck, flatten and their like is one task for each
/// partition, in which elements are passed on one by one: none is stored, and none leaves the task but those
/// of its result. Functions travel by the rules of `Client::submit`: pass what a lambda would capture as
/// further arguments.
/// **Errors.** What a function throws comes out of `compute` as a `TaskError`; of bags that read lines with
/// the file and the number of the line.
/// **Threads.** Any.
/// **Cost.** A bag is a few pointers. Two results of one bag read it twice, unless it is persisted.
/// **Source.** `dask.bag.Bag`.
template <class T>
class Bag {
 public:
  /// Type of the elements.
  using value_type = T;

  /// From a plan; for the library.
  explicit Bag(detail::bag::Plan plan) : plan_(std::move(plan)) {}

  /// Number of partitions.
  [[nodiscard]] std::size_t partitions() const noexcept { return plan_.partitions(); }

  /// `f(element, args...)` of each element.
  template <class F, class... A>
  requires(!std::is_same_v<F, OnError> && detail::bag::MapsElement<T, F, A...>)
      [[nodiscard]] auto map(F f, A&&... args) const {
    return mapped<detail::bag::MapStage>(
        detail::bag::function("map", std::move(f), std::forward<A>(args)...));
  }
  /// The same; `OnError::skip` leaves out the elements on which `f` throws.
  template <class F, class... A>
  requires detail::bag::MapsElement<T, F, A...>
  [[nodiscard]] auto map(OnError on_error, F f, A&&... args) const {
    const auto fn = detail::bag::function("map", std::move(f), std::forward<A>(args)...);
    return on_error == OnError::skip ? mapped<detail::bag::TryMapStage>(fn)
                                     : mapped<detail::bag::MapStage>(fn);
  }
  /// The same; the elements on which `f` throws are left out and listed in `letters`, with the line of the
  /// file that they come from: `read_text("*.log").map(letters, parse)`.
  template <class F, class... A>
  requires detail::bag::MapsElement<T, F, A...>
  [[nodiscard]] auto map(const DeadLetters& letters, F f, A&&... args) const {
    const auto fn = detail::bag::function("map", std::move(f), std::forward<A>(args)...);
    using Stage = detail::bag::LettersStage<T, std::decay_t<decltype(fn)>>;
    return Bag<typename Stage::Out>(plan_.with(Stage::part(fn, detail::bag::next_address(letters))));
  }
  /// The same; what becomes of the elements on which `f` throws is said by what `read_json` was told.
  template <class F, class... A>
  requires detail::bag::MapsElement<T, F, A...>
  [[nodiscard]] auto map(const OnBroken& on_broken, F f, A&&... args) const {
    if (on_broken.letters()) return map(*on_broken.letters(), std::move(f), std::forward<A>(args)...);
    return map(on_broken.skips() ? OnError::skip : OnError::raise, std::move(f), std::forward<A>(args)...);
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(map, TakesElement,
                                "the function cannot be called with an element of this bag and the further "
                                "arguments; the element must be taken by value or const reference",
                                F, A&&...)
  WEIR_REFUSES_ELEMENT_FUNCTION(map, TakesElement,
                                "the function cannot be called with an element of this bag and the further "
                                "arguments; the element must be taken by value or const reference",
                                OnError, F, A&&...)
  template <class F, class... A>
  requires(detail::bag::TakesElement<T, F, A...> && !detail::bag::MapsElement<T, F, A...>)
      WEIR_REFUSES("weir: map: the function of a bag's map must return something")
  detail::Refused map(F, A&&...) const { return {}; }
  template <class... A>
  WEIR_REFUSES(
      "weir: map: this function has several forms, or is a template: choose one, "
      ".map(weir::overload<double(double)>(f)), or name it in a lambda")
  detail::Refused map(detail::NeedsWeirOverload<T, T, A...>, A...) const {
    return {};
  }
  /// \endcond
  /// `f(a, b)` of elements that are pairs or tuples.
  template <class F>
  requires detail::bag::MapsItems<T, F>
  [[nodiscard]] auto starmap(F f) const {
    return map(
        [](T&& element, F function) {
          return std::apply([&](auto&&... part) { return std::invoke(function, std::move(part)...); },
                            std::move(element));
        },
        detail::callable("starmap", "the function", std::move(f)));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(
      starmap, MapsItems,
      "the function cannot be called with the items of an element of this bag, a tuple or pair", F)
  /// \endcond
  /// The elements for which `f(element, args...)` is true.
  template <class F, class... A>
  requires detail::bag::JudgesElement<T, F, A...>
  [[nodiscard]] Bag filter(F f, A&&... args) const {
    return filtered("filter", detail::bag::function("filter", std::move(f), std::forward<A>(args)...));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(
      filter, JudgesElement,
      "the function must take a const element of this bag and the further arguments, and return a bool", F,
      A&&...)
  template <class... A>
  WEIR_REFUSES(
      "weir: filter: this function has several forms, or is a template: choose one, "
      ".filter(weir::overload<bool(double)>(f)), or name it in a lambda")
  detail::Refused filter(detail::NeedsWeirOverload<bool, T, A...>, A...) const {
    return {};
  }
  /// \endcond
  /// The elements for which `f(element, args...)` is false.
  template <class F, class... A>
  requires detail::bag::JudgesElement<T, F, A...>
  [[nodiscard]] Bag remove(F f, A&&... args) const {
    return filtered("remove",
                    detail::bag::function(
                        "remove",
                        [](const T& element, F function, const std::decay_t<A>&... arg) {
                          return !std::invoke(function, element, arg...);
                        },
                        detail::callable("remove", "the function", std::move(f)), std::forward<A>(args)...));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(
      remove, JudgesElement,
      "the function must take a const element of this bag and the further arguments, and return a bool", F,
      A&&...)
  template <class... A>
  WEIR_REFUSES(
      "weir: remove: this function has several forms, or is a template: choose one, "
      ".remove(weir::overload<bool(double)>(f)), or name it in a lambda")
  detail::Refused remove(detail::NeedsWeirOverload<bool, T, A...>, A...) const {
    return {};
  }
  /// \endcond
  /// A member of each element: `pluck(&Event::user)`.
  template <class Member, class Class>
  [[nodiscard]] auto pluck(Member Class::*member) const {
    return mapped<detail::bag::MapStage>(detail::bag::function("pluck", member));
  }
  /// Element `I` of each tuple, pair or array.
  template <std::size_t I>
  [[nodiscard]] auto pluck() const {
    return map([](T&& element) { return std::get<I>(std::move(element)); });
  }
  /// The value of a key of each JSON object or map. **Errors.** The task fails with `not_found` at an element
  /// without it.
  [[nodiscard]] auto pluck(std::string key) const {
    return map(detail::bag::PluckKey<detail::bag::Absent>(std::move(key), {}));
  }
  /// The same, as the type of `other`, which stands for keys that are not there and for null.
  template <class Default>
  [[nodiscard]] auto pluck(std::string key, Default other) const {
    using Kept = detail::bag::KeptArgument<Default>;
    return map(detail::bag::PluckKey<Kept>(std::move(key), Kept(std::move(other))));
  }
  /// The elements of elements that are ranges.
  [[nodiscard]] auto flatten() const requires detail::bag::HasItems<T> {
    using Stage = detail::bag::FlattenStage<T>;
    return Bag<typename Stage::Out>(
        plan_.with(detail::bag::make_part(detail::bag::StageMaker(&Stage::make), "flatten", [](Writer&) {})));
  }
  /// \cond
  template <class E = T>
  requires(!detail::bag::HasItems<E>)
      WEIR_REFUSES("weir: flatten: the elements of this bag must be containers or other ranges")
  detail::Refused flatten() const { return {}; }
  /// \endcond
  /// The words of each element, which is text: what stands between spaces, tabs and ends of lines.
  ///
  /// **Shape.** `std::vector<std::string_view>` out, views of the element, which are gone with it: they can
  /// be mapped, filtered, flattened and counted (`frequencies` copies each word once). What keeps elements
  /// (`compute`, `take`, `groupby` and others) does not compile with them, and says what makes texts.
  /// **Source.** `split()` of Python's bytes.
  [[nodiscard]] auto split() const requires(std::is_same_v<T, std::string>) {
    return Bag<std::vector<std::string_view>>(plan_.with(detail::bag::split_stage()));
  }
  /// \cond
  template <class E = T>
  requires(!std::is_same_v<E, std::string>)
      WEIR_REFUSES("weir: split: the elements of this bag must be texts (std::string)")
  detail::Refused split() const { return {}; }
  /// \endcond
  /// `f(partition, args...)`, which is given a partition as a vector and returns a range of the new one's
  /// elements. **Cost.** Holds a whole partition.
  template <class F, class... A>
  requires(detail::bag::MapsPartition<T, F, A...>&& detail::bag::Owns<T>)
      [[nodiscard]] auto map_partitions(F f, A&&... args) const {
    const auto fn = detail::bag::function("map_partitions", std::move(f), std::forward<A>(args)...);
    using Stage = detail::bag::PartitionStage<T, std::decay_t<decltype(fn)>>;
    return Bag<typename Stage::Out>(
        plan_.with(detail::bag::stage<detail::bag::PartitionStage, T>("map_partitions", fn)));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(
      map_partitions, MapsPartition,
      "the function must take a std::vector of the elements and the further arguments, and return a range", F,
      A&&...)
  template <class F, class... A>
  WEIR_REFUSES_UNKEPT(map_partitions, detail::bag::MapsPartition<T, F, A...> && !detail::bag::Owns<T>)
  detail::Refused map_partitions(F, A&&...) const {
    return {};
  }
  /// \endcond
  /// Each element with a probability; the same ones for the same seed and partitions.
  /// **Errors.** Throws `Error{invalid_argument}` for a probability outside 0 to 1.
  [[nodiscard]] Bag random_sample(double probability, std::uint64_t seed = 0) const {
    detail::bag::check_probability(probability);
    return Bag(plan_.with(detail::bag::make_part(detail::bag::StageMaker(&detail::bag::SampleStage<T>::make),
                                                 "random_sample", [&](Writer& writer) {
                                                   write(writer, probability);
                                                   write(writer, seed);
                                                 })));
  }

  /// The elements of both, partition after partition.
  [[nodiscard]] Bag concat(const Bag& other) const { return Bag(plan_.concat(other.plan_)); }
  /// \cond
  template <class B>
  requires(!std::is_convertible_v<const B&, const Bag&>)
      WEIR_REFUSES("weir: concat: must be given a bag of the same elements")
  detail::Refused concat(const B&) const { return {}; }
  /// \endcond
  /// Pairs of the elements at the same place.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the bags have not as many partitions; a partition with
  /// not as many elements fails its task. **Cost.** Both are made before their pairs.
  template <class U>
  requires detail::bag::Kept<T, U>
  [[nodiscard]] Bag<std::pair<T, U>> zip(const Bag<U>& other) const {
    detail::bag::check_partitions("zip", partitions(), other.partitions());
    const auto ones = collected();
    const auto others = other.collected();
    std::vector<detail::bag::Pipe> pipes;
    for (std::size_t i = 0; i < ones.size(); ++i)
      pipes.push_back({detail::bag::zip_source<T, U>(ones[i], others[i], i), {}});
    return Bag<std::pair<T, U>>(detail::bag::Plan(std::move(pipes)));
  }
  /// \cond
  template <class B>
  requires(!detail::bag::IsBag<B>) WEIR_REFUSES("weir: zip: must be given another bag")
  detail::Refused zip(const B&) const { return {}; }
  template <class U>
  WEIR_REFUSES_UNKEPT(zip, !detail::bag::Kept<T, U>)
  detail::Refused zip(const Bag<U>&) const {
    return {};
  }
  /// \endcond
  /// Every element with every one of another bag.
  ///
  /// **Cost.** Each partition is given all of `other`.
  template <class U>
  requires detail::bag::Kept<U>
  [[nodiscard]] Bag<std::pair<T, U>> product(const Bag<U>& other) const {
    using Stage = detail::bag::ProductStage<T, U>;
    detail::bag::Part part =
        detail::bag::make_part(detail::bag::StageMaker(&Stage::make), "product", [](Writer&) {});
    part.needs = other.collected();
    return Bag<std::pair<T, U>>(plan_.with(std::move(part)));
  }
  /// \cond
  template <class B>
  requires(!detail::bag::IsBag<B>) WEIR_REFUSES("weir: product: must be given another bag")
  detail::Refused product(const B&) const { return {}; }
  template <class U>
  WEIR_REFUSES_UNKEPT(product, !detail::bag::Kept<U>)
  detail::Refused product(const Bag<U>&) const {
    return {};
  }
  /// \endcond
  /// Every element with those of a smaller bag that have the same key.
  ///
  /// **Cost.** The smaller bag becomes one table, which every partition is given.
  template <class U, class KeySelf, class KeyOther>
  requires(detail::bag::KeepsKey<T, KeySelf>&& detail::bag::KeepsKey<U, KeyOther>&& detail::bag::Kept<U>)
      [[nodiscard]] Bag<std::pair<T, U>> join(const Bag<U>& smaller, KeySelf key, KeyOther key_other) const {
    const auto fn = detail::bag::function("join", std::move(key));
    using Stage = detail::bag::JoinStage<T, std::decay_t<decltype(fn)>, U>;
    const auto table = smaller.delayed().then(
        [](std::vector<U> others, KeyOther of) {
          typename Stage::Table made;
          for (U& other : others) {
            typename Stage::Key its = std::invoke(of, std::as_const(other));
            const std::uint64_t hash = detail::bag::Hash<typename Stage::Key>{}(its);
            auto* entry = made.find(its, hash);
            if (!entry) entry = &made.add(std::move(its), {}, hash);
            entry->second.push_back(std::move(other));
          }
          return made;
        },
        std::move(key_other));
    detail::bag::Part part = detail::bag::make_part(detail::bag::StageMaker(&Stage::make), "join",
                                                    [&](Writer& writer) { fn.write_bytes(writer); });
    part.needs.push_back(table.node());
    return Bag<std::pair<T, U>>(plan_.with(std::move(part)));
  }
  /// \cond
  template <class U, class KeySelf, class KeyOther>
  requires(!detail::bag::KeyOfElement<T, KeySelf> || !detail::bag::KeyOfElement<U, KeyOther>) WEIR_REFUSES(
      "weir: join: the first key must be a function of a const element of this bag, the second of one of the "
      "smaller bag; neither captures anything")
  detail::Refused join(const Bag<U>&, KeySelf, KeyOther) const { return {}; }
  template <class U, class KeySelf, class KeyOther>
  WEIR_REFUSES_UNKEPT(join, detail::bag::KeyOfElement<T, KeySelf>&& detail::bag::KeyOfElement<U, KeyOther> &&
                                !(detail::bag::KeepsKey<T, KeySelf> && detail::bag::KeepsKey<U, KeyOther> &&
                                  detail::bag::Kept<U>))
  detail::Refused join(const Bag<U>&, KeySelf, KeyOther) const {
    return {};
  }
  template <class B, class... Keys>
  requires(!detail::bag::IsBag<B> || sizeof...(Keys) != 2) WEIR_REFUSES(
      "weir: join: must be given a smaller bag, the key of this bag's elements and that of its own")
  detail::Refused join(const B&, const Keys&...) const { return {}; }
  /// \endcond
  /// The results of `f(last result, element)` from the first element on; with `initial` its own type, before
  /// the first element. **Cost.** A partition waits for the one before.
  template <class F>
  requires detail::bag::Accumulates<T, F, T>
  [[nodiscard]] Bag<T> accumulate(F f) const {
    return accumulated<T>(detail::bag::function("accumulate", std::move(f)), std::nullopt);
  }
  /// The same, beginning with `initial`.
  template <class F, class R>
  requires detail::bag::Accumulates<T, F, R>
  [[nodiscard]] auto accumulate(F f, R initial) const {
    using Kept = detail::bag::KeptArgument<R>;
    return accumulated<Kept>(detail::bag::function("accumulate", std::move(f)), Kept(std::move(initial)));
  }
  /// \cond
  template <class F>
  requires(!detail::bag::Accumulates<T, F, T> && !detail::bag::AccumulatesUnkept<T, F, T>) WEIR_REFUSES(
      "weir: accumulate: the function must take the last result and an element of this bag, return the next "
      "result, and capture nothing")
  detail::Refused accumulate(F) const { return {}; }
  template <class F, class R>
  requires(!detail::bag::Accumulates<T, F, R> && !detail::bag::AccumulatesUnkept<T, F, R>) WEIR_REFUSES(
      "weir: accumulate: the function must take the last result and an element of this bag, return the next "
      "result, and capture nothing")
  detail::Refused accumulate(F, const R&) const { return {}; }
  template <class F>
  WEIR_REFUSES_UNKEPT(accumulate, detail::bag::AccumulatesUnkept<T, F, T>)
  detail::Refused accumulate(F) const {
    return {};
  }
  template <class F, class R>
  WEIR_REFUSES_UNKEPT(accumulate, detail::bag::AccumulatesUnkept<T, F, R>)
  detail::Refused accumulate(F, const R&) const {
    return {};
  }
  /// \endcond
  /// The same elements in `count` partitions, in order. Throws `Error{invalid_argument}` if it is 0.
  ///
  /// **Shape.** Fewer partitions are neighbours put together; for more, each is cut into equal parts.
  [[nodiscard]] Bag repartition(std::size_t count) const requires detail::bag::Kept<T>;
  /// \cond
  template <class E = T>
  WEIR_REFUSES_UNKEPT(repartition, !detail::bag::Kept<E>)
  detail::Refused repartition(std::size_t) const {
    return {};
  }
  /// \endcond

  /// The elements of each key, in order, as one element.
  ///
  /// **Shape.** `T` in, `std::pair<key, std::vector<T>>` out, in `count` partitions (0: as many as before);
  /// a key is in exactly one.
  /// **Cost.** Every element travels to its key's partition; one partition at a time must have room in
  /// memory, others wait on the disk. `foldby` sends one value for each key instead.
  template <class F>
  requires(detail::bag::KeepsKey<T, F>&& detail::bag::Kept<T>)
      [[nodiscard]] auto groupby(F key, std::size_t count = 0) const;
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(groupby, KeyOfElement,
                                "the key must be a function of a const element of this bag", F,
                                std::size_t = 0)
  template <class F>
  WEIR_REFUSES_UNKEPT(groupby, detail::bag::KeyOfElement<T, F> &&
                                   !(detail::bag::KeepsKey<T, F> && detail::bag::Kept<T>))
  detail::Refused groupby(F, std::size_t = 0) const {
    return {};
  }
  /// \endcond
  /// For each key what `f` makes of its elements, one after another, from `initial` on; `combine` puts
  /// together what came of two partitions.
  ///
  /// **Shape.** `std::pair<key, value>` out, one partition, in no order. `initial` is used once for each
  /// partition and key: it should change nothing.
  template <class K, class F, class A, class Combine>
  requires(detail::bag::KeepsKey<T, K>&& detail::bag::Folds<T, F, A, Combine>)
      [[nodiscard]] auto foldby(K key, F f, A initial, Combine combine) const;
  /// The same where results fold like elements.
  template <class K, class F, class A>
  requires(detail::bag::KeepsKey<T, K>&& detail::bag::Folds<T, F, A>)
      [[nodiscard]] auto foldby(K key, F f, A initial) const {
    return foldby(std::move(key), f, std::move(initial), f);
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(foldby, KeyOfElement,
                                "the key must be a function of a const element of this bag", F, const A&...)
  template <class K, class F, class... A>
  requires(detail::bag::KeepsKey<T, K>&& detail::bag::Goes<F, A...> && !detail::bag::Folds<T, F, A...>)
      WEIR_REFUSES(
          "weir: foldby: the function must take a value so far and an element of this bag and return a "
          "value; "
          "two values become one by the same or by a further function: foldby(key, f, initial, combine)")
  detail::Refused foldby(K, F, const A&...) const { return {}; }
  template <class K, class... A>
  WEIR_REFUSES_UNKEPT(foldby, detail::bag::KeyOfElement<T, K> && !detail::bag::KeepsKey<T, K>)
  detail::Refused foldby(K, const A&...) const {
    return {};
  }
  /// \endcond

  /// The first element of each value, in order, one partition.
  [[nodiscard]] Bag distinct() const requires detail::bag::Kept<T> {
    return distinct(detail::bag::ByItself{});
  }
  /// The first element of each key.
  template <class F>
  requires(detail::bag::KeepsKey<T, F>&& detail::bag::Kept<T>) [[nodiscard]] Bag distinct(F key) const {
    const auto fn = detail::bag::function("distinct", std::move(key));
    using Fn = std::decay_t<decltype(fn)>;
    using Key = detail::bag::Called<Fn, const T&>;
    return one_partition<T>(reduced("distinct", detail::bag::Distinct<T, Fn, Key>(fn)));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(distinct, KeyOfElement,
                                "the key must be a function of a const element of this bag", F)
  template <class E = T>
  WEIR_REFUSES_UNKEPT(distinct, !detail::bag::Kept<E>)
  detail::Refused distinct() const {
    return {};
  }
  template <class F>
  WEIR_REFUSES_UNKEPT(distinct, detail::bag::KeyOfElement<T, F> &&
                                    !(detail::bag::KeepsKey<T, F> && detail::bag::Kept<T>))
  detail::Refused distinct(F) const {
    return {};
  }
  /// \endcond
  /// `distinct` by the name that it has in streams.
  [[nodiscard]] Bag unique() const requires detail::bag::Kept<T> { return distinct(); }
  /// The same by a key.
  template <class F>
  requires(detail::bag::KeepsKey<T, F>&& detail::bag::Kept<T>) [[nodiscard]] Bag unique(F key) const {
    return distinct(std::move(key));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(unique, KeyOfElement,
                                "the key must be a function of a const element of this bag", F)
  template <class E = T>
  WEIR_REFUSES_UNKEPT(unique, !detail::bag::Kept<E>)
  detail::Refused unique() const {
    return {};
  }
  template <class F>
  WEIR_REFUSES_UNKEPT(unique, detail::bag::KeyOfElement<T, F> &&
                                  !(detail::bag::KeepsKey<T, F> && detail::bag::Kept<T>))
  detail::Refused unique(F) const {
    return {};
  }
  /// \endcond
  /// How often each value occurs: `Counted{value, count}`, one partition; sorted, the most frequent first. Of
  /// views (`std::string_view`) the values are texts.
  ///
  /// **Cost.** Each partition counts for itself, then the counts are put together.
  [[nodiscard]] auto frequencies(
      bool sorted = false) const requires detail::bag::Kept<typename detail::bag::KeptKey<T>::Key> {
    using Frequencies = detail::bag::Frequencies<T>;
    return one_partition<Counted<typename Frequencies::Value>>(reduced("frequencies", Frequencies(sorted)));
  }
  /// \cond
  template <class E = T>
  WEIR_REFUSES_UNKEPT(frequencies, !detail::bag::Kept<typename detail::bag::KeptKey<E>::Key>)
  detail::Refused frequencies(bool = false) const {
    return {};
  }
  /// \endcond
  /// The `k` largest elements, the largest first, one partition; of what `frequencies` gives, the most
  /// frequent.
  ///
  /// **Shape.** Of equal ones those whose whole element is smaller, where it can be compared.
  [[nodiscard]] Bag topk(std::uint64_t k) const requires detail::bag::Kept<T> {
    return topk(k, detail::bag::ByItself{});
  }
  /// The same by a key.
  template <class F>
  requires(detail::bag::KeyOfElement<T, F>&& detail::bag::Kept<T>) [[nodiscard]] Bag
      topk(std::uint64_t k, F key) const {
    const auto fn = detail::bag::function("topk", std::move(key));
    using Top = detail::bag::Top<T, std::decay_t<decltype(fn)>>;
    return one_partition<T>(reduced("topk", Top(k, fn)));
  }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(topk, KeyOfElement,
                                "the key must be a function of a const element of this bag", std::uint64_t, F)
  template <class E = T>
  WEIR_REFUSES_UNKEPT(topk, !detail::bag::Kept<E>)
  detail::Refused topk(std::uint64_t) const {
    return {};
  }
  template <class F>
  WEIR_REFUSES_UNKEPT(topk, detail::bag::KeyOfElement<T, F> && !detail::bag::Kept<T>)
  detail::Refused topk(std::uint64_t, F) const {
    return {};
  }
  /// \endcond

  /// Folds all elements into one: `f(value, element)` from the first element on, results with `f` too.
  /// **Errors.** The result of a bag without elements fails.
  template <class F>
  requires(detail::bag::Folds<T, F>&& detail::bag::Kept<T>) [[nodiscard]] Delayed<T> fold(F f) const {
    const auto fn = detail::bag::function("fold", std::move(f));
    using Fn = std::decay_t<decltype(fn)>;
    return reduced("fold", detail::bag::Fold<T, Fn, Fn>(fn, fn, std::nullopt));
  }
  /// `f(value, element)` from `initial` on, which is used once for each partition; then `combine(value,
  /// value)`.
  template <class F, class A, class Combine>
  requires detail::bag::Folds<T, F, A, Combine>
  [[nodiscard]] auto fold(F f, A initial, Combine combine) const {
    const auto fn = detail::bag::function("fold", std::move(f));
    const auto both = detail::bag::function("fold", std::move(combine));
    using Kept = detail::bag::KeptArgument<A>;
    return reduced("fold", detail::bag::Fold<Kept, std::decay_t<decltype(fn)>, std::decay_t<decltype(both)>>(
                               fn, both, Kept(std::move(initial))));
  }
  /// The same, where `f` also puts two results together.
  template <class F, class A>
  requires detail::bag::Folds<T, F, A>
  [[nodiscard]] auto fold(F f, A initial) const { return fold(f, std::move(initial), f); }
  /// \cond
  WEIR_REFUSES_ELEMENT_FUNCTION(fold, Folds,
                                "the function must take a value so far and an element of this bag and return "
                                "a value; two values become "
                                "one by the same or by a further function: fold(f, initial, combine)",
                                F, const A&...)
  template <class F>
  WEIR_REFUSES_UNKEPT(fold, detail::bag::Folds<T, F> && !detail::bag::Kept<T>)
  detail::Refused fold(F) const {
    return {};
  }
  /// \endcond
  /// `aggregate(std::vector of per_partition(std::vector<T>))`, in a tree: its result is of the type that
  /// `per_partition` returns.
  /// **Errors.** Throws `Error{invalid_argument}` if `split_every` is below 2.
  template <class Per, class Aggregate>
  requires(detail::bag::Reduces<T, Per, Aggregate>&& detail::bag::Kept<T, detail::bag::OfPart<T, Per>>)
      [[nodiscard]] auto reduction(Per per_partition, Aggregate aggregate, std::size_t split_every = 8) const;
  /// \cond
  template <class Per, class Aggregate>
  requires(!detail::bag::Reduces<T, Per, Aggregate>) WEIR_REFUSES(
      "weir: reduction: the first function must take a std::vector of elements and return a value, the "
      "second "
      "must take a std::vector of these values; neither captures anything")
  detail::Refused reduction(Per, Aggregate, std::size_t = 8) const { return {}; }
  template <class Per, class Aggregate>
  WEIR_REFUSES_UNKEPT(reduction, detail::bag::Reduces<T, Per, Aggregate> &&
                                     !detail::bag::Kept<T, detail::bag::OfPart<T, Per>>)
  detail::Refused reduction(Per, Aggregate, std::size_t = 8) const {
    return {};
  }
  /// \endcond
  /// What an aggregate comes to: a type with `add(T&)`, `merge(const A&)` and `result()` that travels.
  template <class A>
  requires(detail::bag::Aggregates<T, A>&& detail::bag::Kept<A>) [[nodiscard]] auto aggregate(A empty) const {
    return reduced("aggregate", std::move(empty));
  }
  /// \cond
  template <class A>
  requires(!detail::bag::Aggregates<T, A>) WEIR_REFUSES(
      "weir: aggregate: needs a type with add(element&), merge(const A&) and result(), as its copies are "
      "given "
      "elements of this bag")
  detail::Refused aggregate(const A&) const { return {}; }
  template <class A>
  WEIR_REFUSES_UNKEPT(aggregate, detail::bag::Aggregates<T, A> && !detail::bag::Kept<A>)
  detail::Refused aggregate(const A&) const {
    return {};
  }
  /// \endcond

  /// Number of elements.
  [[nodiscard]] Delayed<std::uint64_t> count() const { return reduced("count", detail::bag::Count{}); }
  /// Their sum, from `S{}` on; integers in 64 bits.
  /// **Errors.** The result fails where a sum of integers is beyond 64 bits.
  [[nodiscard]] auto sum() const requires detail::bag::Adds<T> {
    if constexpr (std::is_integral_v<T>) return reduced("sum", detail::bag::ExactSum<Wide>{});
    else if constexpr (std::is_arithmetic_v<T>) return reduced("sum", detail::bag::Sum<Wide>{});
    else return reduced("sum", detail::bag::Sum<T>{});
  }
  /// \cond
  template <class E = T>
  requires(!detail::bag::Adds<E>)
      WEIR_REFUSES("weir: sum: the elements of this bag must be numbers or have an operator +=")
  detail::Refused sum() const { return {}; }
  /// \endcond
  /// Their mean; of integers that of their exact sum. **Errors.** The result of a bag without elements fails,
  /// as in Dask.
  [[nodiscard]] Delayed<double> mean() const {
    if constexpr (std::is_integral_v<T>) return reduced("mean", detail::bag::ExactMean<Wide>{});
    else return reduced("mean", detail::bag::Mean{});
  }
  /// Their variance, divided by their number less `ddof`. **Errors.** The result fails where that is not
  /// positive, as in Dask.
  [[nodiscard]] Delayed<double> var(std::uint64_t ddof = 0) const {
    return reduced("var", detail::bag::Variance{{}, ddof, false});
  }
  /// The root of the variance. **Errors.** As `var`.
  [[nodiscard]] Delayed<double> stddev(std::uint64_t ddof = 0) const {
    return reduced("stddev", detail::bag::Variance{{}, ddof, true});
  }
  /// \cond
  WEIR_INSTEAD(std, "is called stddev")
  WEIR_INSTEAD(to_frame, "is a function: weir::to_frame(bag)")
  WEIR_INSTEAD(to_dataframe, "is called to_frame, a function: weir::to_frame(bag)")
  WEIR_INSTEAD(to_array, "is a function: weir::to_array(bag)")
  WEIR_INSTEAD(progress, "shows futures: weir::progress(bag.to_futures())")
  /// \endcond
  /// The smallest element. **Errors.** The result of a bag without elements fails.
  [[nodiscard]] Delayed<T> min() const requires(detail::bag::Compares<T>&& detail::bag::Kept<T>) {
    return reduced("min", detail::bag::Extreme<T>{false, {}});
  }
  /// \cond
  template <class E = T>
  requires(!detail::bag::Compares<E>)
      WEIR_REFUSES("weir: min: the elements of this bag must have an operator <")
  detail::Refused min() const { return {}; }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(min, detail::bag::Compares<E> && !detail::bag::Kept<E>)
  detail::Refused min() const {
    return {};
  }
  /// \endcond
  /// The largest element. **Errors.** As `min`.
  [[nodiscard]] Delayed<T> max() const requires(detail::bag::Compares<T>&& detail::bag::Kept<T>) {
    return reduced("max", detail::bag::Extreme<T>{true, {}});
  }
  /// \cond
  template <class E = T>
  requires(!detail::bag::Compares<E>)
      WEIR_REFUSES("weir: max: the elements of this bag must have an operator <")
  detail::Refused max() const { return {}; }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(max, detail::bag::Compares<E> && !detail::bag::Kept<E>)
  detail::Refused max() const {
    return {};
  }
  /// \endcond
  /// Whether one of the elements is true; false of none.
  [[nodiscard]] Delayed<bool> any() const { return reduced("any", detail::bag::Seen{true, false}); }
  /// Whether all of them are; true of none.
  [[nodiscard]] Delayed<bool> all() const { return reduced("all", detail::bag::Seen{false, false}); }

  /// Runs what is needed for the first `count` elements, partition after partition, and brings them.
  [[nodiscard]] std::vector<T> take(std::uint64_t count) const requires detail::bag::Kept<T>;
  /// \cond
  template <class E = T>
  WEIR_REFUSES_UNKEPT(take, !detail::bag::Kept<E>)
  detail::Refused take(std::uint64_t) const {
    return {};
  }
  /// \endcond
  /// Runs everything and brings all elements, in order.
  ///
  /// **Errors.** Throws `Error{closed}` outside `weir::run`, otherwise what the first task that failed threw.
  [[nodiscard]] std::vector<T> compute() const requires detail::bag::Kept<T> {
    std::vector<T> all;
    for (std::vector<T>& part : Client::current().gather(to_futures()))
      all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    return all;
  }
  /// \cond
  template <class E = T>
  WEIR_REFUSES_UNKEPT(compute, !detail::bag::Kept<E>)
  detail::Refused compute() const {
    return {};
  }
  /// \endcond
  /// All elements as one value to come.
  [[nodiscard]] Delayed<std::vector<T>> delayed() const requires detail::bag::Kept<T> {
    return weir::delayed(Options{.name = "gather"}, [](std::vector<std::vector<T>> parts) {
      std::vector<T> all;
      for (std::vector<T>& part : parts)
        all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
      return all;
    })(delayed_partitions());
  }
  /// One delayed value for each partition.
  [[nodiscard]] std::vector<Delayed<std::vector<T>>> delayed_partitions()
      const requires detail::bag::Kept<T> {
    std::vector<Delayed<std::vector<T>>> all;
    for (const detail::delayed::NodeRef& node : collected()) all.emplace_back(node);
    return all;
  }
  /// Starts everything; one future for each partition.
  [[nodiscard]] std::vector<Future<std::vector<T>>> to_futures() const requires detail::bag::Kept<T> {
    std::vector<Future<std::vector<T>>> futures;
    for (detail::client::FutureRef& task : detail::delayed::submit(Client::current().core(), collected()))
      futures.emplace_back(std::move(task));
    return futures;
  }
  /// Starts everything; what is made of the bag that is returned uses its results, which workers keep.
  [[nodiscard]] Bag persist() const requires detail::bag::Kept<T> {
    std::vector<detail::bag::Pipe> pipes;
    for (const Future<std::vector<T>>& future : to_futures())
      pipes.push_back({detail::bag::results_source<T>({Delayed<std::vector<T>>(future).node()}), {}});
    return Bag(detail::bag::Plan(std::move(pipes)));
  }
  /// \cond
  template <class E = T>
  WEIR_REFUSES_UNKEPT(delayed, !detail::bag::Kept<E>)
  detail::Refused delayed() const {
    return {};
  }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(delayed_partitions, !detail::bag::Kept<E>)
  detail::Refused delayed_partitions() const {
    return {};
  }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(to_futures, !detail::bag::Kept<E>)
  detail::Refused to_futures() const {
    return {};
  }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(persist, !detail::bag::Kept<E>)
  detail::Refused persist() const {
    return {};
  }
  /// \endcond
  /// Writes the elements as lines, one file for each partition, and waits; the names of the files.
  ///
  /// **Shape.** `pattern` has one `*`, which becomes the number of the partition: "out/part-*.txt.gz". The
  /// name says the compression.
  /// **Errors.** Throws `Error{invalid_argument}` for another pattern; a file that cannot be written fails
  /// its task. A file is there whole or not at all.
  std::vector<std::string> to_text(const std::string& pattern) const
      requires(std::is_same_v<T, std::string>) {
    const std::vector<std::string> paths = detail::bag::numbered_paths(pattern, partitions());
    std::vector<detail::delayed::NodeRef> nodes;
    for (std::size_t i = 0; i < paths.size(); ++i)
      nodes.push_back(plan_.node(i, detail::bag::text_sink(paths[i])));
    std::vector<Future<std::string>> futures;
    for (detail::client::FutureRef& task : detail::delayed::submit(Client::current().core(), nodes))
      futures.emplace_back(std::move(task));
    return Client::current().gather(futures);
  }
  /// \cond
  template <class E = T>
  requires(!std::is_same_v<E, std::string>) WEIR_REFUSES(
      "weir: to_text: the elements of this bag must be texts (std::string); of words that are views "
      ".map([](std::string_view word) { return std::string(word); }) makes some")
  detail::Refused to_text(const std::string&) const { return {}; }
  template <class E = T>
  WEIR_REFUSES_UNKEPT(visualize, !detail::bag::Kept<E>)
  detail::Refused visualize() const {
    return {};
  }
  /// \endcond
  /// The graph of `delayed()` in the language of Graphviz.
  [[nodiscard]] std::string visualize() const requires detail::bag::Kept<T> { return delayed().visualize(); }

 private:
  template <class>
  friend class Bag;
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double,
                                  std::conditional_t<std::is_unsigned_v<T>, std::uint64_t, std::int64_t>>;

  [[nodiscard]] std::vector<detail::delayed::NodeRef> collected() const {
    return plan_.nodes(detail::bag::CollectSink<T>::part());
  }
  template <template <class, class> class Stage, class Fn>
  auto mapped(const Fn& fn) const {
    using Out = detail::bag::Called<Fn, T>;
    return Bag<Out>(plan_.with(detail::bag::stage<Stage, T>("map", fn)));
  }
  template <class Fn>
  Bag filtered(const char* name, const Fn& fn) const {
    return Bag(plan_.with(detail::bag::stage<detail::bag::FilterStage, T>(name, fn)));
  }
  template <class R, class Fn>
  Bag<R> accumulated(const Fn& fn, const std::optional<R>& initial) const {
    using Accumulate = detail::bag::AccumulateSink<T, Fn, R>;
    std::vector<detail::bag::Pipe> pipes;
    detail::delayed::NodeRef before;
    for (std::size_t i = 0; i < partitions(); ++i) {
      before = plan_.node(i, Accumulate::part(fn, i == 0 ? initial : std::nullopt, before));
      pipes.push_back({detail::bag::results_source<R, detail::bag::Accumulated<R>>({before}), {}});
    }
    return Bag<R>(detail::bag::Plan(std::move(pipes)));
  }
  template <class A>
  auto reduced(const char* name, A empty, std::size_t split_every = 8) const {
    namespace bag = detail::bag;
    std::vector<detail::delayed::NodeRef> parts = plan_.nodes(bag::AggregateSink<T, A>::part(name, empty));
    const std::string label = std::string("merge ") + name;
    while (parts.size() > split_every) {
      std::vector<detail::delayed::NodeRef> fewer;
      for (std::size_t i = 0; i < parts.size(); i += split_every) {
        const auto from = parts.begin() + static_cast<std::ptrdiff_t>(i);
        const auto count = static_cast<std::ptrdiff_t>(std::min(split_every, parts.size() - i));
        fewer.push_back(bag::merge_node<A, false>(label, {from, from + count}));
      }
      parts = std::move(fewer);
    }
    return Delayed<typename bag::ResultOf<A>>(bag::merge_node<A, true>(label, std::move(parts)));
  }
  template <class A, class Merge>
  static std::vector<Delayed<A>> tree(std::vector<Delayed<A>> parts, const Merge& merge,
                                      std::size_t split_every) {
    while (parts.size() > split_every) {
      std::vector<Delayed<A>> fewer;
      for (std::size_t i = 0; i < parts.size(); i += split_every)
        fewer.push_back(merge(std::vector<Delayed<A>>(
            parts.begin() + static_cast<std::ptrdiff_t>(i),
            parts.begin() + static_cast<std::ptrdiff_t>(std::min(i + split_every, parts.size())))));
      parts = std::move(fewer);
    }
    return parts;
  }
  template <class U>
  static Bag<U> one_partition(const Delayed<std::vector<U>>& whole) {
    return Bag<U>(detail::bag::Plan({{detail::bag::results_source<U>({whole.node()}), {}}}));
  }

  detail::bag::Plan plan_;
};

/// What `read_text` and its like are told.
struct TextOptions {
  std::string block{};  ///< Plain files are cut at line ends into parts of this size, small files are put
                        ///< together up to it: "64 MiB". Empty: at most 64 MiB, and about 32 parts.
  Compression compression = Compression::automatic;  ///< Of all files.
  std::string encoding{};  ///< Empty: bytes as they are. "utf-8": checked. "latin-1" (or "iso-8859-1"): made
                           ///< UTF-8. "UTF8", "ISO8859_1" and the like are the same.
  OnBroken on_error{};     ///< Lines that are not what they should be: `OnError::skip` leaves them out, a
                           ///< `DeadLetters` lists them too.
};

namespace detail::bag {
/// What each partition of `read_records` reads.
[[nodiscard]] std::vector<TextSource> record_sources(const std::vector<std::string>& names,
                                                     const TextOptions& options);
}  // namespace detail::bag

/// The lines of files, without their ends: `read_text("logs/2015-*.log.gz")`.
///
/// **Shape.** Partitions in the order of the files, lines in the order of the text; a file without bytes has
/// no lines, `\r\n` ends a line too, the mark of UTF-8 at the begin of a file is left out. Packed files are
/// not cut.
/// **Errors.** Before anything runs: those of a pattern that matches nothing, of a file that is not there,
/// not readable or a directory, of an unknown encoding. In tasks: of broken packed files, with the byte.
/// **Cost.** Opens each file once here. Files must be there under the same name on all workers.
/// **Source.** `dask.bag.read_text`; there, thousands of small files are thousands of tasks.
[[nodiscard]] Bag<std::string> read_text(const std::vector<std::string>& files,
                                         const TextOptions& options = {});
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] Bag<std::string> read_text(const Pattern& files, const TextOptions& options = {}) {
  return read_text(std::vector<std::string>{files}, options);
}
/// The same, as pairs of the file's path and a line.
[[nodiscard]] Bag<std::pair<std::string, std::string>> read_text_with_paths(
    const std::vector<std::string>& files, const TextOptions& options = {});
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] auto read_text_with_paths(const Pattern& files, const TextOptions& options = {}) {
  return read_text_with_paths(std::vector<std::string>{files}, options);
}
/// What stands between separators in files: `read_records({"avail.txt"}, "\n\n")`.
///
/// **Shape.** A separator of several bytes ends where its last byte is not repeated any more, and nothing
/// empty is between two: `"\n\n"` is any number of empty lines.
/// **Errors.** Those of `read_text`; throws `Error{invalid_argument}` for a separator that is empty or begins
/// again inside itself.
[[nodiscard]] Bag<std::string> read_records(const std::vector<std::string>& files,
                                            const std::string& separator, const TextOptions& options = {});
/// What stands between the lines for which a function is true, which begin records:
/// `read_records({"app.log"},
/// [](std::string_view line) { return line.starts_with("20"); })` keeps the lines of a message together.
///
/// **Shape.** The lines of a record with `\n` between them. What stands before the first in a file is one
/// too.
/// **Errors.** Those of `read_text`.
/// **Cost.** Files are cut at lines: a record that goes on behind its part is read there.
/// \param begins  Travels by the rules of `Client::submit`; it is given each line once or twice.
template <class F>
requires detail::bag::BeginsRecords<F>
[[nodiscard]] Bag<std::string> read_records(const std::vector<std::string>& files, F begins,
                                            const TextOptions& options = {}) {
  const auto fn = detail::bag::function("read_records", std::move(begins));
  std::vector<detail::bag::Pipe> pipes;
  for (const detail::bag::TextSource& source : detail::bag::record_sources(files, options))
    pipes.push_back({detail::bag::records_source(source, fn), {}});
  for (std::size_t i = 0; i < pipes.size(); ++i) pipes[i].source.partition = i;
  return Bag<std::string>(detail::bag::Plan(std::move(pipes)));
}
/// The same of one file or pattern.
template <std::convertible_to<std::string> Pattern, class By>
requires(std::is_convertible_v<By, std::string> || detail::bag::BeginsRecords<By>)
    [[nodiscard]] Bag<std::string> read_records(const Pattern& files, By by,
                                                const TextOptions& options = {}) {
  return read_records(std::vector<std::string>{files}, std::move(by), options);
}
/// \cond
template <class Files, class By, class... Options>
requires(!std::is_convertible_v<By, std::string> && !detail::bag::BeginsRecords<By>) WEIR_REFUSES(
    "weir: read_records: records end at a separator, a text, or begin with the lines for which a function is "
    "true: bool(std::string_view line), which captures nothing")
Bag<std::string> read_records(const Files&, By, const Options&...) { __builtin_unreachable(); }
/// \endcond
/// JSON values, one in each line; blank lines have none. **Errors.** Those of `read_text`; a line that is not
/// JSON fails its task, with file, line and column, unless `on_error` says otherwise.
[[nodiscard]] Bag<Json> read_json(const std::vector<std::string>& files, const TextOptions& options = {});
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] Bag<Json> read_json(const Pattern& files, const TextOptions& options = {}) {
  return read_json(std::vector<std::string>{files}, options);
}

/// JSON objects as plain structs, one in each line: `read_json<Event>("events.json.gz")` with `struct Event {
/// std::string user; std::optional<double> amount; };`.
///
/// **Errors.** Those of `read_json`; a line whose values do not fit the members fails its task too, or is
/// left out. Members that are not std::optional must be there.
template <class T>
requires std::is_aggregate_v<T>
[[nodiscard]] Bag<T> read_json(const std::vector<std::string>& files, const TextOptions& options = {}) {
  return read_json(files, options).map(options.on_error, [](const Json& line) { return line.as<T>(); });
}
/// The same of one file or pattern.
template <class T, std::convertible_to<std::string> Pattern>
requires std::is_aggregate_v<T>
[[nodiscard]] Bag<T> read_json(const Pattern& files, const TextOptions& options = {}) {
  return read_json<T>(std::vector<std::string>{files}, options);
}

/// The numbers 0 to `count - 1`. Throws `Error{invalid_argument}` if `partitions` is 0.
[[nodiscard]] Bag<std::int64_t> bag_range(std::uint64_t count, std::size_t partitions);

/// The elements of a range, in `partitions` parts (0: at most a hundred).
///
/// **Cost.** The elements travel with the tasks.
template <std::ranges::input_range Range>
[[nodiscard]] auto from_sequence(const Range& elements, std::size_t partitions = 0) {
  using T = std::ranges::range_value_t<Range>;
  const std::vector<T> copies(std::ranges::begin(elements), std::ranges::end(elements));
  if (partitions == 0) partitions = std::clamp<std::size_t>(copies.size(), 1, 100);
  std::vector<detail::bag::Pipe> pipes;
  for (std::size_t i = 0; i < partitions; ++i) {
    const auto at = [&](std::size_t part) {
      return copies.begin() + static_cast<std::ptrdiff_t>(copies.size() * part / partitions);
    };
    pipes.push_back({detail::bag::elements_source(std::vector<T>(at(i), at(i + 1))), {}});
  }
  return Bag<T>(detail::bag::Plan(std::move(pipes)));
}
/// A partition for each delayed vector.
template <class T>
[[nodiscard]] Bag<T> from_delayed(const std::vector<Delayed<std::vector<T>>>& parts) {
  detail::bag::check_count("from_delayed", "the number of partitions", parts.size());
  std::vector<detail::bag::Pipe> pipes;
  for (const auto& part : parts) pipes.push_back({detail::bag::results_source<T>({part.node()}), {}});
  return Bag<T>(detail::bag::Plan(std::move(pipes)));
}
/// A partition for each future of a vector.
template <class T>
[[nodiscard]] Bag<T> from_futures(const std::vector<Future<std::vector<T>>>& parts) {
  std::vector<Delayed<std::vector<T>>> delayed(parts.begin(), parts.end());
  return from_delayed(delayed);
}

template <class T>
Bag<T> Bag<T>::repartition(std::size_t count) const requires detail::bag::Kept<T> {
  detail::bag::check_count("repartition", "the number of partitions", count);
  const auto before = collected();
  std::vector<detail::bag::Pipe> pipes;
  const std::size_t all = before.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (count <= all) {
      const auto at = [&](std::size_t part) {
        return before.begin() + static_cast<std::ptrdiff_t>(all * part / count);
      };
      pipes.push_back({detail::bag::results_source<T>({at(i), at(i + 1)}), {}});
    } else {  // partition p is cut into the new ones from first(p) to first(p + 1)
      const std::size_t p = i * all / count;
      const auto first = [&](std::size_t part) { return (part * count + all - 1) / all; };
      pipes.push_back({detail::bag::slice_source<T>(before[p], i - first(p), first(p + 1) - first(p)), {}});
    }
  }
  return Bag(detail::bag::Plan(std::move(pipes)));
}

template <class T>
template <class F>
requires(detail::bag::KeepsKey<T, F>&& detail::bag::Kept<T>) auto Bag<T>::groupby(F key,
                                                                                  std::size_t count) const {
  if (count == 0) count = partitions();
  const auto fn = detail::bag::function("groupby", std::move(key));
  using Fn = std::decay_t<decltype(fn)>;
  using Key = detail::bag::Called<Fn, const T&>;
  using Shuffle = detail::bag::ShuffleSink<T, Fn>;
  std::vector<Delayed<detail::bag::Buckets<T>>> split;
  for (detail::delayed::NodeRef& node : plan_.nodes(Shuffle::part(fn, count)))
    split.emplace_back(std::move(node));
  const auto pick = weir::delayed(
      Options{.priority = 2, .name = "pick"},  // what has been split makes room before more is read
      [](const detail::bag::Buckets<T>& buckets, std::uint64_t which) { return buckets.lists[which]; });
  std::vector<detail::bag::Pipe> pipes;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::vector<detail::delayed::NodeRef> needs;
    for (const auto& buckets : split) needs.push_back(pick(buckets, i).node());
    pipes.push_back({detail::bag::results_source<T>(std::move(needs)), {}});
  }
  return Bag(detail::bag::Plan(std::move(pipes)))
      .map_partitions(
          [](std::vector<T> elements, Fn of) {
            detail::bag::FlatMap<Key, std::vector<T>> groups;
            for (auto&& element : elements) {
              const T& its_element = element;
              Key its = of(its_element);
              const std::uint64_t hash = detail::bag::Hash<Key>{}(its);
              auto* group = groups.find(its, hash);
              if (!group) group = &groups.add(std::move(its), {}, hash);
              group->second.push_back(std::move(element));
            }
            return std::move(groups.entries());
          },
          fn);
}

template <class T>
template <class K, class F, class A, class Combine>
requires(detail::bag::KeepsKey<T, K>&& detail::bag::Folds<T, F, A, Combine>) auto Bag<T>::foldby(
    K key, F f, A initial, Combine combine) const {
  const auto key_fn = detail::bag::function("foldby", std::move(key));
  const auto fn = detail::bag::function("foldby", std::move(f));
  const auto both = detail::bag::function("foldby", std::move(combine));
  using KeyFn = std::decay_t<decltype(key_fn)>;
  using Key = detail::bag::Called<KeyFn, const T&>;
  using Kept = detail::bag::KeptArgument<A>;
  using Folded =
      detail::bag::FoldBy<T, Key, Kept, KeyFn, std::decay_t<decltype(fn)>, std::decay_t<decltype(both)>>;
  return one_partition<std::pair<Key, Kept>>(
      reduced("foldby", Folded(key_fn, fn, both, Kept(std::move(initial)))));
}

template <class T>
template <class Per, class Aggregate>
requires(detail::bag::Reduces<T, Per, Aggregate>&& detail::bag::Kept<
         T, detail::bag::OfPart<T, Per>>) auto Bag<T>::reduction(Per per_partition, Aggregate aggregate,
                                                                 std::size_t split_every) const {
  detail::bag::check_count("reduction", "split_every", split_every, 2);
  const auto per = weir::delayed(std::move(per_partition));
  const auto merge = weir::delayed(std::move(aggregate));
  std::vector<decltype(per(std::declval<Delayed<std::vector<T>>>()))> parts;
  for (const auto& part : delayed_partitions()) parts.push_back(per(part));
  return merge(tree(std::move(parts), merge, split_every));
}

template <class T>
std::vector<T> Bag<T>::take(std::uint64_t count) const requires detail::bag::Kept<T> {
  std::vector<T> taken;
  for (std::size_t i = 0; i < partitions() && taken.size() < count; ++i) {
    const Delayed<std::vector<T>> part(plan_.node(i, detail::bag::TakeSink<T>::part(count - taken.size())));
    for (auto&& element : part.compute()) taken.push_back(std::move(element));
  }
  return taken;
}

}  // namespace weir
