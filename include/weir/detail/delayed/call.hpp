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
struct Given {
  using Future = A;
  static constexpr bool waits = false;
  static const A& future(const A& argument) { return argument; }
  static void needs(const A&, std::vector<const Node*>&) {}
};
template <class T>
struct Given<Delayed<T>> {
  using Future = weir::Future<T>;
  static constexpr bool waits = true;
  static Future future(const Delayed<T>& argument) { return Future(argument.node()->task()); }
  static void needs(const Delayed<T>& argument, std::vector<const Node*>& into) {
    into.push_back(argument.node().get());
  }
};
template <class T, class A>
requires(Given<T>::waits) struct Given<std::vector<T, A>> {
  using Future = std::vector<typename Given<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::vector<T, A>& items) {
    Future futures;
    futures.reserve(items.size());
    for (const T& item : items) futures.push_back(Given<T>::future(item));
    return futures;
  }
  static void needs(const std::vector<T, A>& items, std::vector<const Node*>& into) {
    for (const T& item : items) Given<T>::needs(item, into);
  }
};
template <class T>
requires(Given<T>::waits) struct Given<std::optional<T>> {
  using Future = std::optional<typename Given<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::optional<T>& item) {
    return item ? Future(Given<T>::future(*item)) : Future();
  }
  static void needs(const std::optional<T>& item, std::vector<const Node*>& into) {
    if (item) Given<T>::needs(*item, into);
  }
};
template <class... T>
requires(Given<T>::waits || ...) struct Given<std::tuple<T...>> {
  using Future = std::tuple<typename Given<T>::Future...>;
  static constexpr bool waits = true;
  static Future future(const std::tuple<T...>& items) {
    return std::apply([](const T&... item) { return Future(Given<T>::future(item)...); }, items);
  }
  static void needs(const std::tuple<T...>& items, std::vector<const Node*>& into) {
    std::apply([&](const T&... item) { (Given<T>::needs(item, into), ...); }, items);
  }
};
template <class T, class U>
requires(Given<T>::waits || Given<U>::waits) struct Given<std::pair<T, U>> {
  using Future = std::pair<typename Given<T>::Future, typename Given<U>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::pair<T, U>& items) {
    return {Given<T>::future(items.first), Given<U>::future(items.second)};
  }
  static void needs(const std::pair<T, U>& items, std::vector<const Node*>& into) {
    Given<T>::needs(items.first, into);
    Given<U>::needs(items.second, into);
  }
};
template <class K, class T>
requires(Given<T>::waits) struct Given<std::map<K, T>> {
  using Future = std::map<K, typename Given<T>::Future>;
  static constexpr bool waits = true;
  static Future future(const std::map<K, T>& items) {
    Future futures;
    for (const auto& [key, item] : items) futures.emplace(key, Given<T>::future(item));
    return futures;
  }
  static void needs(const std::map<K, T>& items, std::vector<const Node*>& into) {
    for (const auto& [key, item] : items) Given<T>::needs(item, into);
  }
};

/// What the call keeps of an argument: what waits as it is, values as `submit` keeps them.
template <class F, std::size_t I, class A>
constexpr auto kept_type() {
  if constexpr (Given<std::decay_t<A>>::waits) return std::type_identity<std::decay_t<A>>{};
  else return std::type_identity<task::HeldType<F, I, A>>{};
}
template <class F, std::size_t I, class A>
using Kept = typename decltype(kept_type<F, I, A>())::type;

template <class F, class... Args>
class CallNode final : public Node {
 public:
  using Result = task::TaskResult<F, typename Given<Args>::Future...>;

  CallNode(std::shared_ptr<const Options> options, F function, Args... args)
      : options_(std::move(options)), function_(std::move(function)), args_(std::move(args)...) {}

  void needs(std::vector<const Node*>& into) const override {
    std::apply([&](const Args&... arg) { (Given<Args>::needs(arg, into), ...); }, args_);
  }
  client::FutureRef submit(const std::shared_ptr<client::ClusterLink>& link) const override {
    return std::apply(
        [&](const Args&... arg) {
          return Client(link).submit(options_, function_, Given<Args>::future(arg)...).handle();
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
