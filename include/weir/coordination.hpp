// What tasks and programs share by name: Variable, SharedQueue, Lock, Semaphore, Event, published results.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "weir/client.hpp"
#include "weir/detail/core/refused.hpp"
#include "weir/detail/core/symbol.hpp"
#include "weir/detail/protocol/ask.hpp"

namespace weir {

namespace detail::coordination {

using protocol::Wish;

/// Asks rank 0 and waits for the answer, at most for `timeout`.
///
/// **Errors.** Throws `Error{timeout}` that says what was waited for, `Error{invalid_argument}` if rank 0
/// refuses, `Error{cancelled}` if the task that asks is not wanted any more, and `Error{closed}` outside a
/// cluster and once it has ended; all sentences begin with `who`.
protocol::Answer ask(const char* who, protocol::Ask ask, const std::optional<Duration>& timeout = {});
/// The same, but whether the answer came in time.
[[nodiscard]] bool ask_within(const char* who, protocol::Ask ask, const std::optional<Duration>& timeout);
/// Keeps the result that a name has been published for.
void pin(const std::string& name, client::FutureRef future);

template <class T>
protocol::Ask ask_about(Wish wish, const std::string& name, std::uint64_t count = 0) {
  static_assert(task::Travels<T>::value,
                "weir: a value of this type cannot travel to another process. Give its type a cereal "
                "serialize() function or make it a plain struct.");
  protocol::Ask ask;
  ask.wish = wish;
  ask.name = name;
  ask.type = demangle(typeid(T).name());
  ask.count = count;
  return ask;
}
template <class T>
protocol::Ask ask_with(Wish wish, const std::string& name, const T& value, std::uint64_t count = 0) {
  protocol::Ask ask = ask_about<T>(wish, name, count);
  Writer writer(ask.value);
  write(writer, value);
  return ask;
}
inline protocol::Ask ask_plain(Wish wish, const std::string& name, std::uint64_t count = 0) {
  protocol::Ask ask;
  ask.wish = wish;
  ask.name = name;
  ask.count = count;
  return ask;
}
template <class T>
T value_of(const protocol::Answer& answer) {
  Reader reader(answer.value.bytes());
  T value{};
  read(reader, value);
  return value;
}

/// A published result as an argument: the function is given it.
template <class T>
struct PublishedInput {
  TaskId id = 0;
};

}  // namespace detail::coordination

namespace detail::task {
template <class T>
struct HoldsFutures<coordination::PublishedInput<T>> : std::true_type {};
template <class T>
struct Argument<coordination::PublishedInput<T>> {
  using Held = T;
  static void put(ArgumentWriter& out, const coordination::PublishedInput<T>& input) { out.input(input.id); }
  static const T& get(ArgumentReader& in) { return in.input().as<T>(); }
};
}  // namespace detail::task

/// \cond
/// What a method with a time-out says of a number.
#define WEIR_REFUSES_BARE_NUMBER(constness, name, ...)                                                \
  template <class N>                                                                                  \
  requires std::is_arithmetic_v<N> WEIR_REFUSES(                                                      \
      "weir: " #name ": a duration needs a unit: write \"500ms\", or std::chrono::milliseconds(500)") \
  detail::Refused name(__VA_ARGS__) constness { return {}; }
/// \endcond

/// A value that all tasks and the program's body see: the one of this name in the cluster.
///
/// For small values that change now and then: a best result so far, a flag. Large ones are better published,
/// or scattered.
///
/// **Errors.** Each call throws `Error{closed}` where there is no cluster, and `Error{invalid_argument}` if
/// the name is one of another type. After the death of a worker the value is there as before.
/// **Threads.** Any, on every process. While a task waits its slot is another task's.
/// **Cost.** A message to rank 0 and back.
/// **Source.** `distributed.Variable`.
template <class T>
class Variable {
  static_assert(detail::task::Travels<T>::value,
                "weir: Variable: a value of this type cannot travel to another process. Give its type a "
                "cereal serialize() function or make it a plain struct.");

 public:
  /// The one called so; made by the first who sets it.
  explicit Variable(std::string name) : name_(std::move(name)) {}
  /// Gives it a value. Those who wait for one are given it.
  void set(const T& value) {
    detail::coordination::ask(
        "Variable", detail::coordination::ask_with<T>(detail::protocol::Wish::set_variable, name_, value));
  }
  /// \cond
  template <class V>
  requires(!std::is_convertible_v<V, T>) WEIR_REFUSES("weir: set: the value is not of the Variable's type")
  void set(const V&) {}
  WEIR_REFUSES_BARE_NUMBER(const, get, N)
  /// \endcond
  /// Its value; waits until there is one. Throws `Error{timeout}` after `timeout`.
  [[nodiscard]] T get(std::optional<Duration> timeout = {}) const {
    return detail::coordination::value_of<T>(detail::coordination::ask(
        "Variable", detail::coordination::ask_about<T>(detail::protocol::Wish::get_variable, name_),
        timeout));
  }
  /// Takes its value away.
  void clear() {
    detail::coordination::ask("Variable",
                              detail::coordination::ask_plain(detail::protocol::Wish::clear_variable, name_));
  }

 private:
  std::string name_;
};

/// A queue that all tasks and the program's body share: the one of this name in the cluster. First in, first
/// out; who waits is served in the order of asking.
///
/// **Errors.** As `Variable`. What a worker has taken is gone with it when it dies, what was only on the way
/// to it is the first element again; what it has put is there.
/// **Threads.** Any, on every process. While a task waits its slot is another task's.
/// **Backpressure.** `put` waits while there are `most` elements.
/// **Cost.** A message to rank 0 and back; elements lie there.
/// **Source.** `distributed.Queue`; `weir::Queue` is the one that a stream begins with.
template <class T>
class SharedQueue {
  static_assert(detail::task::Travels<T>::value,
                "weir: SharedQueue: an element of this type cannot travel to another process. Give its type "
                "a cereal serialize() function or make it a plain struct.");

 public:
  /// The one called so; at most so many elements, 0: no limit. Everybody must name the same limit.
  explicit SharedQueue(std::string name, std::uint64_t most = 0) : name_(std::move(name)), most_(most) {}
  /// Puts an element at its end. Throws `Error{timeout}` if there is no room for so long.
  void put(const T& value, std::optional<Duration> timeout = {}) {
    detail::coordination::ask(
        "SharedQueue", detail::coordination::ask_with<T>(detail::protocol::Wish::put, name_, value, most_),
        timeout);
  }
  /// \cond
  template <class V, class... Timeout>
  requires(!std::is_convertible_v<V, T>)
      WEIR_REFUSES("weir: put: the element is not of the SharedQueue's type")
  void put(const V&, const Timeout&...) {}
  WEIR_REFUSES_BARE_NUMBER(, put, const T&, N)
  WEIR_REFUSES_BARE_NUMBER(, get, N)
  /// \endcond
  /// Takes the first; waits for one. Throws `Error{timeout}` if there is none for so long.
  T get(std::optional<Duration> timeout = {}) {
    return detail::coordination::value_of<T>(detail::coordination::ask(
        "SharedQueue", detail::coordination::ask_about<T>(detail::protocol::Wish::take, name_, most_),
        timeout));
  }
  /// How many elements there are.
  [[nodiscard]] std::uint64_t size() const {
    return detail::coordination::ask("SharedQueue", detail::coordination::ask_plain(
                                                        detail::protocol::Wish::count_elements, name_, most_))
        .count;
  }

 private:
  std::string name_;
  std::uint64_t most_;
};

/// What a holder of a `Lock` or `Semaphore` has; given back when this goes.
class Lease {
 public:
  /// Of nothing.
  Lease() = default;
  /// A lease that rank 0 has given; for the library.
  Lease(std::string name, std::uint64_t number);
  /// What the other one has.
  Lease(Lease&& other) noexcept
      : name_(std::move(other.name_)),
        number_(std::exchange(other.number_, 0)),
        core_(std::move(other.core_)) {}
  /// Gives back what this one has first.
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }
  /// Whether something is held.
  [[nodiscard]] bool held() const noexcept { return number_ != 0; }
  /// Gives it back now.
  void release() noexcept;

 private:
  std::string name_;
  std::uint64_t number_ = 0;
  std::shared_ptr<detail::client::ClusterLink> core_;
};

/// At most so many holders at the same time, wherever they run: licences, connections, writers of a file.
///
/// A lease ends with the `Lease` object, and with the process that holds it: after the death of a worker the
/// next who waits is served. First come, first served.
///
/// **Errors.** `Error{invalid_argument}` for 0 leases, and if others named another number; `Error{timeout}`
/// says who holds it.
/// **Threads.** Any, on every process; a lease may be given back by another thread. While a task waits its
/// slot is another task's.
/// **Cost.** A message to rank 0 and back; giving back is a message.
/// **Source.** `distributed.Semaphore`; leases need not be refreshed.
class Semaphore {
 public:
  /// The one called so. Everybody must name the same number of leases.
  explicit Semaphore(std::string name, std::uint64_t leases = 1);
  /// Waits for a lease. Throws `Error{timeout}` if there is none for so long.
  [[nodiscard]] Lease acquire(std::optional<Duration> timeout = {});
  /// \cond
  WEIR_REFUSES_BARE_NUMBER(, acquire, N)
  /// \endcond

 private:
  std::string name_;
  std::uint64_t leases_;
};

/// One holder at a time, wherever it runs: `const weir::Lease here = weir::Lock("output.h5").acquire();`.
class Lock : public Semaphore {
 public:
  /// The one called so.
  explicit Lock(std::string name) : Semaphore(std::move(name), 1) {}
};

/// Something that happens once, for which others wait.
///
/// **Errors.** As `Variable`. **Cost.** A message to rank 0 and back.
/// **Source.** `distributed.Event`.
class Event {
 public:
  /// The one called so; not set at first.
  explicit Event(std::string name) : name_(std::move(name)) {}
  /// Lets all go on who wait for it, now and later.
  void set();
  /// It has not happened.
  void clear();
  /// Whether it is set.
  [[nodiscard]] bool is_set() const;
  /// Waits until it is set, at most for `timeout`; whether it is.
  bool wait(std::optional<Duration> timeout = {}) const;
  /// \cond
  WEIR_REFUSES_BARE_NUMBER(const, wait, N)
  /// \endcond

 private:
  std::string name_;
};

/// Gives a result a name, under which every task and the body find it. It is kept until `unpublish`, or
/// until the process that published it ends.
///
/// **Errors.** Throws `Error{invalid_argument}` if the name is taken, or the future is of no task.
/// **Source.** `Client.publish_dataset`.
template <class T>
void publish(const std::string& name, const Future<T>& future) {
  const TaskId id = future.input_id();
  detail::protocol::Ask ask =
      detail::coordination::ask_with<TaskId>(detail::protocol::Wish::publish, name, id);
  ask.type = demangle(typeid(T).name());
  detail::coordination::ask("publish", std::move(ask));
  detail::coordination::pin(name, future.handle());
}

/// \cond
namespace detail::coordination {
template <class T>
void takes_future(const Future<T>& future);
template <class F>
concept IsFuture = requires(const F& future) {
  takes_future(future);
};
#define WEIR_NO_FUTURE "weir: publish: must be given a future; client.scatter(value) makes one of a value"
WEIR_REFUSAL(NoFuture, WEIR_NO_FUTURE)
}  // namespace detail::coordination
template <class V>
requires(!detail::coordination::IsFuture<V>) WEIR_REFUSES_FREE(WEIR_NO_FUTURE)
void publish(const std::string&, const V&, detail::coordination::NoFuture<V> = {}) {}
#undef WEIR_NO_FUTURE
/// \endcond

/// The result of this name: a task that brings it, made by its first holder's copy. Waits until it is
/// published, and throws `Error{timeout}` if that takes longer than `timeout`.
///
/// **Errors.** Throws `Error{invalid_argument}` if it is one of another type.
/// **Cost.** A copy of the value, on a worker that has it.
template <class T>
[[nodiscard]] Future<T> published(const std::string& name,
                                  std::optional<Duration> timeout = Duration(std::chrono::seconds(0))) {
  const auto answer = detail::coordination::ask(
      "published", detail::coordination::ask_about<T>(detail::protocol::Wish::look_up, name), timeout);
  return Client::current().submit(
      [](const T& value) { return value; },
      detail::coordination::PublishedInput<T>{detail::coordination::value_of<TaskId>(answer)});
}

/// Forgets the name; whether there was one.
bool unpublish(const std::string& name);

/// All names that are published, in alphabetical order.
[[nodiscard]] std::vector<std::string> published_names();

}  // namespace weir
