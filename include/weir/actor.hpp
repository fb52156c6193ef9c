// Actor: an object that lives on one worker, and whose methods are called from everywhere.
#pragma once

#include "weir/client.hpp"
#include "weir/detail/client/actor_call.hpp"

namespace weir {

/// What becomes of an actor when its worker dies or leaves.
enum class OnDeath : std::uint8_t {
  fail,    ///< Calls fail with `worker_lost`, also those that are made later.
  rebuild  ///< It is made again elsewhere, of what it was first made of, by the next call. Calls that had not
           ///< finished are made, those that ran once more.
};

/// A handle of an object of type T that lives on one worker: `client.actor<Counter>(args...)`.
///
/// ```cpp
/// weir::Actor<Counter> counter = client.actor<Counter>(10);
/// weir::Future<int> now = counter.call(&Counter::add, 3);
/// ```
///
/// One call runs at a time. Those of one caller run in the order in which they were made, whatever becomes of
/// the ones before; those of several callers in any order. Copies of a handle in one process are one caller.
/// A handle that is an argument of a task, or the value of a `Variable`, is a caller of its own there.
///
/// The actor ends when the last copy of the handle that `client.actor` gave has gone and all calls whose
/// futures are kept are done. Calls are made also if their futures are dropped, as long as the handle is
/// kept.
/// **Errors.** What a method throws comes out of its future, and the next call goes on with the object as it
/// is. If the constructor throws, all calls fail with that. A future that is an argument and fails makes its
/// call fail, no other one. A finished call whose result is lost with a worker fails: it is not made again.
/// **Threads.** Any. A method must not wait for another call of its own actor: that would never begin.
/// **Cost.** That of a task; calls that have been made ahead wait at the worker.
/// **Source.** Dask's actors, which also fail with their worker; Ray's `max_restarts` makes them again.
template <class T>
class Actor {
  template <class F, class... A>
  static constexpr detail::client::Why why =
      detail::client::ActorCallOf<T, std::decay_t<F>, std::index_sequence_for<A...>, A...>::why;

 public:
  /// What lives there.
  using state_type = T;

  /// Of no actor; calls throw.
  Actor() = default;
  /// From what the copies share; for the library.
  explicit Actor(std::shared_ptr<detail::client::ActorLane> lane) : lane_(std::move(lane)) {}

  /// Whether there is one.
  [[nodiscard]] bool valid() const noexcept { return lane_ != nullptr; }
  /// The task that has made it.
  [[nodiscard]] TaskId id() const noexcept { return lane_ ? lane_->id() : 0; }

  /// Calls a method, or a function that takes `T&` first, there. Arguments are values or futures, as for
  /// `Client::submit`.
  ///
  /// **Errors.** What cannot travel does not compile. Throws `Error{invalid_argument}` of no actor or a null
  /// pointer, `Error{closed}` when the cluster has ended.
  template <class F, class... A>
  requires(why<F, A...> == detail::client::Why::fits) auto call(F&& method, A&&... args) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return call_held<std::decay_t<F>, detail::client::SentAs<std::decay_t<F>, I + 1, A>...>(
          detail::callable<std::decay_t<F>>("call", "the method", std::forward<F>(method)),
          std::forward<A>(args)...);
    }
    (std::index_sequence_for<A...>{});
  }

  /// \cond
#define WEIR_REFUSES_CALL(reason)                                                                       \
  template <class F, class... A>                                                                        \
  requires(why<F, A...> == detail::client::Why::reason) WEIR_REFUSES("weir: call: " WEIR_SAYS_##reason) \
  detail::Refused call(F&&, A&&...) const { return {}; }
  WEIR_REFUSES_CALL(function)
  WEIR_REFUSES_CALL(argument)
  WEIR_REFUSES_CALL(actor_call)
  WEIR_REFUSES_CALL(result)
#undef WEIR_REFUSES_CALL
  /// \endcond

  /// Travels as a name: whoever receives it is another caller, and does not keep the actor alive.
  template <class Archive>
  void save(Archive& archive) const {
    archive(id());
  }
  /// The same, read.
  template <class Archive>
  void load(Archive& archive) {
    TaskId id = 0;
    archive(id);
    lane_ = id ? std::make_shared<detail::client::ActorLane>(id) : nullptr;
  }

 private:
  template <class F, class... Held>
  auto call_held(const F& function, typename detail::task::AcceptedAs<Held>::type... args) const {
    using namespace detail;
    using Result = client::CallResult<T, F, Held...>;
    if (!lane_) client::throw_empty_actor();
    static const std::uint64_t invoker = task::portable_address(
        reinterpret_cast<const void*>(&client::invoke_call<T, F, typename task::LandedAs<Held>::type...>));
    client::Request request(invoker, task::Callable<F>::name(function), nullptr, false);
    request.part = protocol::ActorPart::call;
    request.inputs.push_back(lane_->id());
    Writer writer(request.arguments, request.beside);
    task::Callable<F>::put(writer, function);
    [[maybe_unused]] task::ArgumentWriter out{writer, request.inputs, nullptr, &request.live,
                                              lane_->gives_from()};
    (task::Argument<Held>::put(out, std::forward<typename task::AcceptedAs<Held>::type>(args)), ...);
    return Future<Result>(lane_->send(std::move(request)));
  }

  std::shared_ptr<detail::client::ActorLane> lane_;
};

template <class T, class... A>
requires(detail::client::why_no_actor<T, A...>() ==
         detail::client::Why::fits) Actor<T> Client::actor(OnDeath on_death, A&&... args) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return make_actor<T, detail::client::SentAs<detail::client::MakeActor<T>, I, A>...>(
        on_death, std::forward<A>(args)...);
  }
  (std::index_sequence_for<A...>{});
}

template <class T, class... A>
requires(detail::client::why_no_actor<T, A...>() ==
         detail::client::Why::fits) Actor<T> Client::actor(A&&... args) {
  return actor<T>(OnDeath::fail, std::forward<A>(args)...);
}

template <class T, class... Held>
Actor<T> Client::make_actor(OnDeath on_death, typename detail::task::AcceptedAs<Held>::type... args) {
  using namespace detail;
  using Make = client::MakeActor<T>;
  Options options;
  options.name = demangle(typeid(T).name());
  client::Request request =
      request_for<Make, Held...>(std::make_shared<const Options>(std::move(options)), false, Make());
  request.part = on_death == OnDeath::rebuild ? protocol::ActorPart::home_again : protocol::ActorPart::home;
  Writer writer(request.arguments, request.beside);
  [[maybe_unused]] task::ArgumentWriter out{writer, request.inputs, nullptr, &request.live,
                                            core_->gives_from()};
  (task::Argument<Held>::put(out, std::forward<typename task::AcceptedAs<Held>::type>(args)), ...);
  return Actor<T>(std::make_shared<client::ActorLane>(core_, core_->submit(std::move(request))));
}

}  // namespace weir
