// Future: the result of a task, to come; and how futures are arguments of other tasks.
#pragma once

#include <array>
#include <map>
#include <tuple>
#include <unordered_map>

#include "weir/detail/client/cluster_link.hpp"
#include "weir/duration.hpp"

namespace weir {

namespace detail::client {

/// Reads the small result into a live value, once.
template <class T>
const T& unpack_small(FutureState& state) {
  static std::mutex mutex;
  std::lock_guard hold(mutex);
  if (!state.value) {
    Reader reader(state.small.bytes());
    T object{};
    task::read_back(reader, object);
    state.value = task::Value::make<T>(std::move(object));
  }
  return state.value.as<T>();
}

/// A result that is there as one's own, without keeping a live copy in the future.
template <class T>
T take_value(FutureState& state) {
  if (!state.has_small) return task::copy_of(state.value.as<T>());
  Reader reader(state.small.bytes());
  T object{};
  task::read_back(reader, object);
  return object;
}

}  // namespace detail::client

/// The result of a task that runs somewhere in the cluster. Copies share; the result is kept there until the
/// last copy has gone.
///
/// **Threads.** Any; each call waits by itself.
/// **Source.** `distributed.Future`; reference counting by RAII instead of by key.
template <class T>
class Future {
 public:
  /// Type of the result.
  using value_type = T;

  /// Of no task; every question but `valid` throws.
  Future() = default;
  /// From a reference to a task; for the library.
  explicit Future(detail::client::FutureRef handle) : handle_(std::move(handle)) {}

  /// Whether it belongs to a task.
  [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(handle_); }
  /// The task's id, the same on every process.
  [[nodiscard]] TaskId id() const {
    if (state().is_untold.load(std::memory_order_acquire)) state().core->hand_out(state());
    return state().id;
  }
  /// Whether it is pending, finished, an error or cancelled, as far as is known here.
  [[nodiscard]] Status status() const { return state().status.load(std::memory_order_acquire); }
  /// Whether it has finished, failed or been cancelled.
  [[nodiscard]] bool done() const { return status() != Status::pending; }

  /// Waits for the result and brings it here.
  ///
  /// **Errors.** Throws `TaskError` if the task failed, was cancelled or lost; `Error{serialization}` if the
  /// result cannot be read back.
  /// **Cost.** Small results come with the news that they exist; others are fetched once, from the worker
  /// that has them. \return The result; of an lvalue a reference that lives as long as a copy of the future
  /// does.
  decltype(auto) result() const& { return get(std::nullopt); }
  /// The same of a temporary: the result itself, also of a type that can only be moved.
  T result() && { return take(std::nullopt); }
  /// The same, at most for `timeout`. Throws `Error{timeout}` when it has passed.
  decltype(auto) result(Duration timeout) const& {
    return get(std::chrono::steady_clock::now() + timeout.value());
  }
  /// The same of a temporary.
  T result(Duration timeout) && { return take(std::chrono::steady_clock::now() + timeout.value()); }

  /// Waits until it is done, at most for `timeout`; whether it is. Does not throw what the task threw.
  bool wait() const { return state().core->wait(state(), std::nullopt); }
  /// The same, at most for `timeout`; whether it is done.
  bool wait(Duration timeout) const {
    return state().core->wait(state(), std::chrono::steady_clock::now() + timeout.value());
  }

  /// Why it failed; nothing while it has not.
  [[nodiscard]] std::optional<TaskError> exception() const {
    if (status() != Status::error && status() != Status::cancelled) return std::nullopt;
    return TaskError(*state().failure);
  }

  /// Gives the task up, and everything that depends on it and is not done. A function that is already running
  /// runs to its end; its result is dropped, and so is one that is there. `retry` computes it again.
  void cancel(const std::string& reason = {}) const { state().core->cancel(state(), reason); }
  /// Runs a failed or cancelled task again, with the inputs that failed before it; nothing if it is neither.
  ///
  /// **Errors.** Throws `Error{closed}` when the cluster has ended.
  void retry() const { state().core->retry(state()); }
  /// Calls `callback(future)` once it is done, on whatever thread notices; at once if it is.
  ///
  /// `weir::run` waits for it before it closes the cluster, unless it is not to be `awaited`; then it is also
  /// called when the task is given up.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if it belongs to no task. What the callback throws is
  /// logged.
  template <class Callback>
  void on_done(Callback callback, bool awaited = true) const {
    state().core->on_done(
        state(), [future = *this, callback = std::move(callback)]() mutable { callback(future); }, awaited);
  }
  /// A task that runs `f` on the result, on the cluster: `client.submit(f, future)`.
  ///
  /// **Errors.** As `submit`. If this task fails, so does that one, with the same reason.
  template <class F>
  auto then(F f) const;

  /// The task's id, once the scheduler knows its result, or it is among `untold`; for the library. Throws
  /// `Error{closed}` if its cluster has ended: another one has tasks of the same ids.
  [[nodiscard]] TaskId input_id(std::vector<detail::client::FutureRef>* untold = nullptr) const {
    detail::client::FutureState& state = this->state();
    if (state.core->has_ended()) detail::client::throw_ended();
    if (state.kept) state.core->hand_out(state);
    if (!untold || !state.is_untold.load(std::memory_order_acquire)) return id();
    untold->push_back(handle_);
    return state.id;
  }
  /// The reference; for the library.
  [[nodiscard]] const detail::client::FutureRef& handle() const noexcept { return handle_; }
  /// The same; throws `Error{invalid_argument}`, which begins with `who`, if it is of no task.
  [[nodiscard]] const detail::client::FutureRef& handle(const char* who) const {
    if (!handle_) detail::client::throw_empty(who);
    return handle_;
  }

 private:
  detail::client::FutureState& state() const {
    if (!handle_) detail::client::throw_empty("future");
    return *handle_.get();
  }
  T take(detail::client::Deadline deadline) const {
    detail::client::FutureState& state = this->state();
    if (!state.has_value.load(std::memory_order_acquire)) state.core->fetch(state, deadline);
    if (state.kept) state.core->seen(state);
    if constexpr (!std::is_void_v<T>) return detail::client::take_value<T>(state);
  }
  decltype(auto) get(detail::client::Deadline deadline) const {
    detail::client::FutureState& state = this->state();
    if (!state.has_value.load(std::memory_order_acquire)) state.core->fetch(state, deadline);
    if (state.kept) state.core->seen(state);
    if constexpr (std::is_void_v<T>) {
      return;
    } else {
      return static_cast<const T&>(state.has_small ? detail::client::unpack_small<T>(state)
                                                   : state.value.template as<T>());
    }
  }
  detail::client::FutureRef handle_;
};

template <class T>
struct IsFuture : std::false_type {};
template <class T>
struct IsFuture<Future<T>> : std::true_type {};

}  // namespace weir
