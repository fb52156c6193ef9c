// delayed: calls that are written down now and made together later.
#pragma once

#include "weir/detail/delayed/call.hpp"

namespace weir {

namespace detail::delayed {
template <class T, std::size_t I>
constexpr bool has_item() {
  if constexpr (requires { std::tuple_size<T>::value; }) return I < std::tuple_size<T>::value;
  else return false;
}
}  // namespace detail::delayed

/// The result of a call that has not been made: a part of a graph that `compute` runs.
///
/// Copies mean the same call. `compute`, `start` and `persist` run everything that is needed, each part once;
/// a second `compute` runs it again, since nothing is kept: what several computations share, one computes
/// together (`weir::compute(a, b)`) or keeps with `persist`.
/// **Threads.** Any.
/// **Source.** `dask.delayed.Delayed`; every call is one of its own, as with `pure=False`.
template <class T>
class Delayed {
 public:
  /// Type of the result.
  using value_type = T;

  /// From a node; for the library.
  explicit Delayed(detail::delayed::NodeRef node) : node_(std::move(node)) {}
  /// Of a task that has been submitted: what is built on it does not run it again.
  explicit Delayed(const Future<T>& future)
      : Delayed(detail::delayed::NodeRef(new detail::delayed::FutureNode(future.handle("Delayed")))) {}

  /// Submits the graph and returns the future of the result; only that is kept.
  ///
  /// **Errors.** Throws `Error{closed}` outside `weir::run`; what functions throw comes out of the future.
  /// **Cost.** About a microsecond for each call of the graph.
  [[nodiscard]] Future<T> start(Client client = Client::current()) const {
    return Future<T>(std::move(detail::delayed::submit(client.core(), {node_}).front()));
  }
  /// Runs the graph and waits for its result. **Errors.** Throws what the first function that failed threw,
  /// as a `TaskError`.
  T compute(Client client = Client::current()) const { return start(std::move(client)).result(); }
  /// Starts the graph; what is built on the delayed value that is returned uses its result.
  [[nodiscard]] Delayed persist(Client client = Client::current()) const {
    return Delayed(start(std::move(client)));
  }

  /// A call of `f(result, args...)`.
  template <class F, class... A>
  [[nodiscard]] auto then(F f, A&&... args) const;
  /// Element `I` of a result that is a tuple, pair or array.
  template <std::size_t I, class Result = T>
  requires(detail::delayed::has_item<Result, I>()) [[nodiscard]] auto get() const {
    return then([](const T& result) { return std::get<I>(result); });
  }
  /// \cond
  template <std::size_t I, class Result = T>
  requires(!detail::delayed::has_item<Result, I>())
      WEIR_REFUSES("weir: get: the result is no tuple, pair or array with so many elements")
  detail::Refused get() const { return {}; }
  /// \endcond

  /// The graph in the language of Graphviz: `dot -Tsvg`.
  ///
  /// **Shape.** A box for each call, an arrow from each one to those that are given its result.
  [[nodiscard]] std::string visualize() const { return detail::delayed::graph_text({node_}); }

  /// Itself, so that `weir::compute` takes delayed values and collections alike.
  [[nodiscard]] const Delayed& delayed() const noexcept { return *this; }
  /// The node; for the library.
  [[nodiscard]] const detail::delayed::NodeRef& node() const noexcept { return node_; }

 private:
  detail::delayed::NodeRef node_;
};

namespace detail::delayed {

/// What `weir::delayed` returns: calling it calls nothing.
template <class F>
class Function {
  template <class... A>
  static constexpr client::Why why() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return client::why_not<client::How::plain, F, typename Submitted<Kept<F, I, A>>::Future...>();
    }
    (std::index_sequence_for<A...>{});
  }

 public:
  Function(std::shared_ptr<const Options> options, F function)
      : options_(std::move(options)), function_(std::move(function)) {}

  template <class... A>
  requires(why<A...>() == client::Why::fits) [[nodiscard]] auto operator()(A&&... args) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      using Call = CallNode<F, Kept<F, I, A>...>;
      return Delayed<typename Call::Result>(NodeRef(new Call(options_, function_, std::forward<A>(args)...)));
    }
    (std::index_sequence_for<A...>{});
  }
  /// \cond
#define WEIR_REFUSES_CALL(reason)                                                                 \
  template <class... A>                                                                           \
  requires(why<A...>() == client::Why::reason) WEIR_REFUSES("weir: delayed: " WEIR_SAYS_##reason) \
  Refused operator()(A&&...) const { return {}; }
  WEIR_REFUSES_CALL(function)
  WEIR_REFUSES_CALL(argument)
  WEIR_REFUSES_CALL(call)
  WEIR_REFUSES_CALL(result)
#undef WEIR_REFUSES_CALL
  /// \endcond

 private:
  std::shared_ptr<const Options> options_;
  F function_;
};

}  // namespace detail::delayed

/// A function whose calls are written down instead of made: `delayed(f)(x, delayed(g)(y))`.
///
/// Arguments are values or delayed values, also inside std::vector, map, tuple, pair and optional; functions
/// and values travel by the rules of `Client::submit`.
/// **Errors.** Throws `Error{invalid_argument}` if `f` is a null pointer.
/// **Cost.** A call is one allocation; a million of them take well below a second.
/// **Source.** `dask.delayed`.
template <class F>
[[nodiscard]] auto delayed(F f) {
  return detail::delayed::Function<F>(nullptr, detail::callable("delayed", "the function", std::move(f)));
}
/// The same with options (name, retries, resources, workers) that all its calls share.
template <class F>
[[nodiscard]] auto delayed(Options options, F f) {
  detail::check(options);
  return detail::delayed::Function<F>(std::make_shared<const Options>(std::move(options)),
                                      detail::callable("delayed", "the function", std::move(f)));
}
/// \cond
template <class F, class First, class... A>
requires(!std::is_convertible_v<F, Options>) WEIR_REFUSES(
    "weir: delayed: takes the function, and what it makes of it takes the arguments: weir::delayed(f)(x, y)")
detail::Refused delayed(F&&, First&&, A&&...) { return {}; }
/// \endcond

template <class T>
template <class F, class... A>
auto Delayed<T>::then(F f, A&&... args) const {
  return weir::delayed(std::move(f))(*this, std::forward<A>(args)...);
}

/// What `compute` takes: delayed values and what can be made one, such as a bag.
template <class C>
concept Computable = requires(const C& collection) {
  { collection.delayed().node() } -> std::convertible_to<const detail::delayed::NodeRef&>;
};

/// Runs several graphs as one: what they share is computed once. `auto [sum, count] = compute(a, b);`
///
/// **Errors.** Waits for all of them, then throws the first error in order.
template <Computable... C>
requires(sizeof...(C) > 1) auto compute(const C&... collections) {
  const Client client = Client::current();
  const auto tasks = detail::delayed::submit(client.core(), {collections.delayed().node()...});
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto futures = std::make_tuple(
        Future<typename std::decay_t<decltype(collections.delayed())>::value_type>(tasks[I])...);
    (std::get<I>(futures).wait(), ...);
    return std::make_tuple(std::get<I>(futures).result()...);
  }
  (std::index_sequence_for<C...>{});
}
/// The same for any number of one kind: the results in order.
template <class T>
std::vector<T> compute(const std::vector<Delayed<T>>& values) {
  const Client client = Client::current();
  std::vector<detail::delayed::NodeRef> nodes;
  nodes.reserve(values.size());
  for (const Delayed<T>& one : values) nodes.push_back(one.node());
  std::vector<Future<T>> futures;
  futures.reserve(values.size());
  for (detail::client::FutureRef& task : detail::delayed::submit(client.core(), nodes))
    futures.emplace_back(std::move(task));
  return Client(client).gather(futures);
}

}  // namespace weir
