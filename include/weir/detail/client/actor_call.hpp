// How an actor is made, how its calls become tasks, and what keeps the calls of one caller in order.
#pragma once

#include "weir/detail/client/arguments.hpp"

namespace weir::detail::client {

/// The result of the task that makes an actor. It stays where it is; a copy elsewhere would be empty.
template <class T>
struct ActorHome {
  ActorHome() = default;
  explicit ActorHome(std::shared_ptr<T> made) : object(std::move(made)) {}
  std::shared_ptr<T> object;
  template <class Archive>
  void serialize(Archive&) {}
};

template <class T, class... A>
inline constexpr bool can_be_made_of = std::is_constructible_v<T, A...> || requires {
  T{std::declval<A>()...};
};

template <class T>
struct MakeActor {
  template <class... A>
  ActorHome<T> operator()(A&&... args) const {
    if constexpr (std::is_constructible_v<T, A&&...>)
      return ActorHome<T>(std::make_shared<T>(std::forward<A>(args)...));
    else return ActorHome<T>(std::shared_ptr<T>(new T{std::forward<A>(args)...}));
  }
};

/// Whatever was called of an actor that is not where its task says. Throws `Error{internal}`.
[[noreturn]] void throw_no_actor();

/// Reads the arguments and calls the method.
template <class T, class F, class... Held>
task::Value invoke_call(Reader& reader, std::span<const task::Value> inputs) {
  if (inputs.empty() || !inputs[0].as<ActorHome<T>>().object) throw_no_actor();
  F function = task::Callable<F>::get(reader);
  [[maybe_unused]] task::ArgumentReader in{reader, inputs};
  return task::CallInOrder<F>{reader, function, *inputs[0].as<ActorHome<T>>().object,
                              task::Argument<Held>::get(in)...}
      .result;
}

template <class T, class F, class... Held>
inline constexpr bool can_call_actor = std::is_invocable_v<F&, T&, task::Passed<Held>&&...>;
template <class T, class F, class... Held>
using CallResult = std::decay_t<std::invoke_result_t<F&, T&, task::Passed<Held>&&...>>;

/// What the copies of one handle share: a caller, whose calls are made in order.
///
/// **Threads.** Any.
class ActorLane {
 public:
  /// Of whoever has made the actor, which ends with it.
  ActorLane(std::shared_ptr<ClusterLink> core, FutureRef own)
      : core_(std::move(core)), id_(own->id), own_(std::move(own)) {}
  /// Of somebody who was told of it.
  explicit ActorLane(TaskId id) : id_(id) {}
  [[nodiscard]] TaskId id() const noexcept { return id_; }
  /// See `ClusterLink::gives_from`.
  [[nodiscard]] std::size_t gives_from();
  /// A call; its first input is the actor. Throws `Error{closed}` where there is no cluster.
  [[nodiscard]] FutureRef send(Request&& request);

 private:
  std::mutex mutex_;
  std::shared_ptr<ClusterLink> core_;
  TaskId id_;
  FutureRef own_;
  FutureRef last_;  // and with it all before it
};

/// Throws `Error{invalid_argument}`: a handle of no actor was used.
[[noreturn]] void throw_empty_actor();

}  // namespace weir::detail::client
