// CallNode: a call of a function with values and results to come.
#pragma once

#include "weir/client.hpp"
#include "weir/detail/delayed/node.hpp"

namespace weir {
template <class T>
class Delayed;
}

namespace weir::detail::delayed {

/// How an argument of a delayed call is kept and what `Client::submit` is given for it: futures for delayed
/// values, also inside std containers.
template <class A>
struct Submitted {
  using Future = A;
  static constexpr bool waits = false;
  static const A& future(const A& argument) { return argument; }
  static void needs(const A&, std::vector<const Node*>&) {}
};
template <class T>
struct Submitted<Delayed<T>> {
  using Future = weir::Future<T>;
  static constexpr bool waits = true;
  static Future future(const Delayed<T>& argument) { return Future(argument.node()->task()); }
  static void needs(const Delayed<T>& argument, std::vector<const Node*>& into) {
    into.push_back(argument.node().get());
  }
};
template <class T, class A>
requires(Submitted<T>::waits) struct Submitted<std::vector<T, A>> {
  using Future = std::vector<typename Submitted<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::vector<T, A>& items) {
    Future futures;
    futures.reserve(items.size());
    for (const T& item : items) futures.push_back(Submitted<T>::future(item));
    return futures;
  }
  static void needs(const std::vector<T, A>& items, std::vector<const Node*>& into) {
    for (const T& item : items) Submitted<T>::needs(item, into);
  }
};
template <class T>
requires(Submitted<T>::waits) struct Submitted<std::optional<T>> {
  using Future = std::optional<typename Submitted<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::optional<T>& item) {
    return item ? Future(Submitted<T>::future(*item)) : Future();
  }
  static void needs(const std::optional<T>& item, std::vector<const Node*>& into) {
    if (item) Submitted<T>::needs(*item, into);
  }
};
template <class... T>
requires(Submitted<T>::waits || ...) struct Submitted<std::tuple<T...>> {
  using Future = std::tuple<typename Submitted<T>::Future...>;
  static constexpr bool waits = true;
  static Future future(const std::tuple<T...>& items) {
    return std::apply([](const T&... item) { return Future(Submitted<T>::future(item)...); }, items);
  }
  static void needs(const std::tuple<T...>& items, std::vector<const Node*>& into) {
    std::apply([&](const T&... item) { (Submitted<T>::needs(item, into), ...); }, items);
  }
};
template <class T, class U>
requires(Submitted<T>::waits || Submitted<U>::waits) struct Submitted<std::pair<T, U>> {
  using Future = std::pair<typename Submitted<T>::Future, typename Submitted<U>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::pair<T, U>& items) {
    return {Submitted<T>::future(items.first), Submitted<U>::future(items.second)};
  }
  static void needs(const std::pair<T, U>& items, std::vector<const Node*>& into) {
    Submitted<T>::needs(items.first, into);
    Submitted<U>::needs(items.second, into);
  }
};
template <class K, class T>
requires(Submitted<T>::waits) struct Submitted<std::map<K, T>> {
  using Future = std::map<K, typename Submitted<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::map<K, T>& items) {
    Future futures;
    for (const auto& [key, item] : items) futures.emplace(key, Submitted<T>::future(item));
    return futures;
  }
  static void needs(const std::map<K, T>& items, std::vector<const Node*>& into) {
    for (const auto& [key, item] : items) Submitted<T>::needs(item, into);
  }
};

/// What the call keeps of an argument: what waits as it is, values as `submit` keeps them.
template <class F, std::size_t I, class A>
constexpr auto kept_type() {
  if constexpr (Submitted<std::decay_t<A>>::waits) return std::type_identity<std::decay_t<A>>{};
  else return std::type_identity<task::HeldType<F, I, A>>{};
}
template <class F, std::size_t I, class A>
using Kept = typename decltype(kept_type<F, I, A>())::type;

template <class F, class... Args>
class CallNode final : public Node {
 public:
  using Result = task::TaskResult<F, typename Submitted<Args>::Future...>;

  CallNode(std::shared_ptr<const Options> options, F function, Args... args)
      : options_(std::move(options)), function_(std::move(function)), args_(std::move(args)...) {}

  void needs(std::vector<const Node*>& into) const override {
    std::apply([&](const Args&... arg) { (Submitted<Args>::needs(arg, into), ...); }, args_);
  }
  client::FutureRef submit(const std::shared_ptr<client::ClusterLink>& link) const override {
    return std::apply(
        [&](const Args&... arg) {
          return Client(link).submit(options_, function_, Submitted<Args>::future(arg)...).handle();
        },
        args_);
  }
  std::string name() const override {
    return options_ && !options_->name.empty()
               ? options_->name
               : short_function_name(task::function_name(task::Callable<F>::name(function_)));
  }

 private:
  std::shared_ptr<const Options> options_;
  [[no_unique_address]] F function_;
  std::tuple<Args...> args_;
};

/// A task that is there already: its graph ends here.
class FutureNode final : public Node {
 public:
  explicit FutureNode(client::FutureRef task) : kept_(std::move(task)) {}
  void needs(std::vector<const Node*>&) const override {}
  client::FutureRef submit(const std::shared_ptr<client::ClusterLink>&) const override { return kept_; }
  std::string name() const override { return "future"; }

 private:
  client::FutureRef kept_;
};

}  // namespace weir::detail::delayed
