// Client: submits tasks and brings results; what the body of weir::run works with.
#pragma once

#include <ranges>

#include "weir/detail/client/gang_call.hpp"
#include "weir/detail/client/refusal.hpp"
#include "weir/detail/core/callable.hpp"
#include "weir/journal.hpp"
#include "weir/on_error.hpp"

namespace weir {

template <class T>
class Actor;
enum class OnDeath : std::uint8_t;

/// When `Client::wait` returns.
enum class Until { all, first };

/// The way to the cluster.
///
/// `weir::run` hands one to the body; inside a task `Client::current()` is one whose tasks run before the
/// siblings of the task that submits them.
/// **Threads.** Any.
/// **Source.** `distributed.Client`.
class Client : private detail::client::RefusedCalls {
 public:
  /// From a link to a cluster; for the library.
  explicit Client(std::shared_ptr<detail::client::ClusterLink> core) : core_(std::move(core)) {}
  /// The way to a cluster object: `weir::Client client{cluster};`.
  template <class Cluster>
  requires requires(const Cluster& cluster) {
    { cluster.core() } -> std::same_as<std::shared_ptr<detail::client::ClusterLink>>;
  }
  explicit Client(const Cluster& cluster) : core_(cluster.core()) {}

  /// The client of this process. Throws `Error{closed}` outside `weir::run`, and on a worker outside its
  /// tasks.
  static Client current();
  /// Another program's cluster: this process, which does not call `weir::run`, submits tasks to that program
  /// as it does itself, until it ends. The session file is what `weir::open_session` has made there, or a
  /// cluster's `connection_file()`.
  ///
  /// Both must be the same executable. It can submit, map, gather and wait, and use what is shared by name;
  /// futures are its own. What it wants, holds and has published ends with it, and nobody else is harmed.
  /// **Errors.** Throws `Error{not_found}` if the file is not there, `Error{protocol}` if others may read it
  /// or its key does not fit, `Error{unsupported}` for another executable or a process that is in a cluster,
  /// `Error{closed}` or `Error{timeout}` if that program has ended or does not answer within `timeout`. When
  /// it ends later, futures that are not done fail with `closed`.
  /// **Threads.** Any. **Source.** `Client(scheduler_file=...)`.
  static Client connect(const std::string& session_file, Duration timeout = std::chrono::seconds(10));

  /// Runs `f(args...)` somewhere in the cluster.
  ///
  /// Arguments are values, which travel with the task, or futures (also inside std::vector, tuple, pair, map,
  /// optional, array), whose results the task waits for and is given without copying where the parameter is a
  /// const reference. So are values on a thread of this process that are given up (`std::move(x)`, or made
  /// for the call) or shared (`std::shared_ptr<const T>`); see `passes_live`. Give large values that many
  /// tasks need to `scatter` first.
  /// **Errors.** What cannot travel does not compile. Throws `Error{invalid_argument}` if `f` is a null
  /// pointer, `Error{closed}` when the cluster has ended. What `f` throws comes out of `Future::result`.
  /// **Cost.** About a microsecond; arguments are serialized once, large buffers in them are copied once
  /// more. On a thread of this process values of 1 KiB and more are copied once if they are kept here, and
  /// once if the function takes one of its own; never serialized, unless their type does it itself.
  /// **Source.** `Client.submit`; no key, every call is a task of its own.
  template <class F, class... A>
  requires detail::client::can_run<F, A...>
  auto submit(F&& f, A&&... args) {
    return send(detail::client::CallFor<F, A...>(), nullptr, false,
                detail::callable<std::decay_t<F>>("submit", "the function", std::forward<F>(f)),
                std::forward<A>(args)...);
  }
  /// The same with options: retries, resources, priority, workers.
  template <class F, class... A>
  requires detail::client::can_run<F, A...>
  auto submit(Options options, F&& f, A&&... args) {
    return send(detail::client::CallFor<F, A...>(), std::make_shared<const Options>(std::move(options)),
                false, detail::callable<std::decay_t<F>>("submit", "the function", std::forward<F>(f)),
                std::forward<A>(args)...);
  }
  /// The same with options that many tasks share.
  template <class F, class... A>
  requires detail::client::can_run<F, A...>
  auto submit(std::shared_ptr<const Options> options, F&& f, A&&... args) {
    return send(detail::client::CallFor<F, A...>(), std::move(options), false,
                detail::callable<std::decay_t<F>>("submit", "the function", std::forward<F>(f)),
                std::forward<A>(args)...);
  }

  /// The same, but the result is kept in the journal, and taken from there if it is in it already; see
  /// `weir::cached`.
  ///
  /// **Errors.** As `submit`. Does not compile for a lambda, nor with an unordered container. Throws
  /// `Error{unsupported}` for an argument that is a future of another client.
  /// **Cost.** Of a result that is there: about a microsecond, and reading it.
  template <class F, class... A>
  requires detail::client::can_keep<F, A...>
  auto submit(cached how, F&& f, A&&... args) {
    return send_kept(how, std::make_shared<const Options>(how.options),
                     detail::callable<std::decay_t<F>>("submit", "the function", std::forward<F>(f)),
                     std::forward<A>(args)...);
  }

  /// Runs `f(gang, args...)` on so many workers at the same time; `f`'s first parameter is `weir::Gang&`. The
  /// result is what rank 0 returns.
  ///
  /// Every rank gets the same arguments; of `weir::split(v)` each gets its part.
  /// **Errors.** Throws `Error{invalid_argument}` for a gang of fewer than 1 rank. The future fails with
  /// `not_found`, at once, if there will never be room for all ranks.
  /// **Cost.** A task for each rank; the arguments are serialized once for each.
  template <class F, class... A>
  requires detail::client::can_gang<false, F, A...>
  auto submit(gang how, F&& f, A&&... args) {
    auto ranks = send_gang<false>(how, std::forward<F>(f), std::forward<A>(args)...);
    return std::move(ranks.front());
  }
  /// The same; the result is what all ranks return, by rank: `client.submit(weir::gang{4}.each(), f, x)`.
  template <class F, class... A>
  requires detail::client::can_gang<true, F, A...>
  auto submit(each_of_gang how, F&& f, A&&... args) {
    return when_all(send_gang<true>(how.of, std::forward<F>(f), std::forward<A>(args)...));
  }

  /// \cond
  using detail::client::RefusedCalls::map;
  using detail::client::RefusedCalls::run_on_workers;
  using detail::client::RefusedCalls::submit;
  /// \endcond

  /// One task for each element: `map(f, xs)`, `map(f, xs, ys)`; the shortest range ends it.
  ///
  /// **Shape.** Ranges of n elements (values or futures) in, n futures out, in order. Elements of a container
  /// that is given up (`map(f, std::move(xs))`) are given up too.
  /// **Errors.** As `submit`; what comes of one element comes out of its future alone.
  template <class F, std::ranges::input_range First, std::ranges::input_range... Rest>
  requires detail::client::can_map<F, First, Rest...>
  auto map(F f, First&& first, Rest&&... rest) {
    return map_with<First, Rest...>(one_of(nullptr, detail::callable("map", "the function", std::move(f))),
                                    first, rest...);
  }
  /// The same with options, which all tasks share.
  template <class F, std::ranges::input_range First, std::ranges::input_range... Rest>
  requires detail::client::can_map<F, First, Rest...>
  auto map(Options options, F f, First&& first, Rest&&... rest) {
    return map_with<First, Rest...>(one_of(std::make_shared<const Options>(std::move(options)),
                                           detail::callable("map", "the function", std::move(f))),
                                    first, rest...);
  }

  /// The same, with results that are kept in the journal; see `weir::cached`. **Errors.** As that `submit`.
  template <class F, std::ranges::input_range First, std::ranges::input_range... Rest>
  requires detail::client::can_map_kept<F, First, Rest...>
  auto map(cached how, F f, First&& first, Rest&&... rest) {
    const auto options = std::make_shared<const Options>(how.options);
    const auto function = detail::callable("map", "the function", std::move(f));
    return map_with<First&, Rest&...>(
        [&](const auto&... args) { return send_kept(how, options, function, args...); }, first, rest...);
  }

  /// Waits for all and brings the results, in order.
  ///
  /// **Shape.** n futures in, n results out; with `weir::on_error::skip` those of the tasks that succeeded,
  /// and the `status()` of a future says whether it is among them.
  /// **Errors.** Throws the first error in order, after all are done; with `weir::on_error::skip` tasks that
  /// failed or were cancelled are left out. Throws `Error{serialization}` for a result that cannot be read.
  /// **Source.** `Client.gather(futures, errors="skip")`.
  template <class T>
  auto gather(const std::vector<Future<T>>& futures, OnError on_error = OnError::raise);
  /// The same of futures that are given up, such as those of `gather(map(...))`: each lets go of its task as
  /// soon as its result is taken.
  template <class T>
  auto gather(std::vector<Future<T>>&& futures, OnError on_error = OnError::raise);
  /// The same of a list: `client.gather({a, b})`.
  template <class T>
  auto gather(std::initializer_list<Future<T>> futures, OnError on_error = OnError::raise) {
    return gather(std::vector<Future<T>>(futures), on_error);
  }
  /// The same with names: a map of results.
  template <class K, class T, class... Rest>
  auto gather(const std::map<K, Future<T>, Rest...>& futures, OnError on_error = OnError::raise);
  /// The same of an unordered map.
  template <class K, class T, class... Rest>
  auto gather(const std::unordered_map<K, Future<T>, Rest...>& futures, OnError on_error = OnError::raise);
  /// The result of one.
  template <class T>
  T gather(const Future<T>& future) {
    return Future<T>(future).result();
  }

  /// \cond
  // What is said of several.
  template <class T, class... Rest>
  WEIR_REFUSES(
      "weir: gather: takes one future, or several of one type between braces or in a std::vector: "
      "client.gather({a, b}); of several types each has its result()")
  detail::Refused gather(const Future<T>&, const Rest&...) {
    return {};
  }
  template <class T, class... Rest>
  requires(!detail::client::has_futures<T>) WEIR_REFUSES(
      "weir: gather: takes futures: one, several of one type between braces or in a std::vector, or a "
      "std::map of them: client.gather({a, b})")
  detail::Refused gather(const T&, const Rest&...) { return {}; }
  detail::Refused gather(const detail::Refused&) { return {}; }
  /// \endcond

  /// One future of all results, in order: a task that waits for all and puts them together on a worker.
  template <class T>
  Future<std::vector<T>> when_all(const std::vector<Future<T>>& futures) {
    return submit([](std::vector<T> results) { return results; }, futures);
  }
  /// The same of a list: `client.when_all({a, b})`.
  template <class T>
  Future<std::vector<T>> when_all(std::initializer_list<Future<T>> futures) {
    return when_all(std::vector<Future<T>>(futures));
  }
  /// \cond
  template <class T, class... Rest>
  requires(!detail::client::is_futures<T>) WEIR_REFUSES(
      "weir: when_all: takes futures of one type between braces or in a std::vector: client.when_all({a, b})")
  detail::Refused when_all(const T&, const Rest&...) { return {}; }
  /// \endcond

  /// Makes an object of type T on a worker, where it stays: `client.actor<Counter>(10)`; see `weir::Actor`,
  /// in `weir/actor.hpp`. It is put where the fewest are.
  ///
  /// Arguments are those of the constructor, as values or futures. The object need not travel.
  /// **Errors.** What its constructor throws comes out of its calls.
  template <class T, class... A>
  requires(detail::client::why_no_actor<T, A...>() == detail::client::Why::fits) Actor<T> actor(A&&... args);
  /// The same, with what becomes of it when its worker dies; `weir::OnDeath::fail` without.
  template <class T, class... A>
  requires(detail::client::why_no_actor<T, A...>() ==
           detail::client::Why::fits) Actor<T> actor(OnDeath on_death, A&&... args);
  /// \cond
  using detail::client::RefusedCalls::actor;
  /// \endcond

  /// Puts a value on a worker, chosen by how much each holds, and returns its future.
  ///
  /// **Errors.** If the only worker that holds it dies, the future fails with `worker_lost`. Throws
  /// `Error{closed}` when there are no workers to come.
  template <class T>
  requires detail::task::Travels<T>::value auto scatter(T value) { return scatter_to(std::move(value), {}); }
  /// The same, on these workers (ids of `workers()`): several copies survive a death and save transfers.
  template <class T>
  requires detail::task::Travels<T>::value auto scatter(T value, const std::vector<PeerId>& workers) {
    return scatter_to(std::move(value), workers);
  }
  /// The same, on what `workers()` gives, or some of it.
  template <class T, std::same_as<WorkerInfo> Worker>
  requires detail::task::Travels<T>::value auto scatter(T value, const std::vector<Worker>& workers) {
    std::vector<PeerId> peers;
    for (const Worker& worker : workers) peers.push_back(worker.peer);
    return scatter_to(std::move(value), peers);
  }
  /// One copy on every worker.
  template <class T>
  requires detail::task::Travels<T>::value auto broadcast(T value);
  /// \cond
  using detail::client::RefusedCalls::broadcast;
  using detail::client::RefusedCalls::scatter;
  /// \endcond
  /// One future for each element, spread over the workers.
  template <class T>
  std::vector<Future<T>> scatter_each(std::vector<T> values) {
    std::vector<Future<T>> futures;
    for (T& value : values) futures.push_back(scatter(std::move(value)));
    return futures;
  }

  /// Waits until all, or the first, are done; does not throw what they threw. Returns false when `timeout`
  /// has passed.
  template <class T>
  bool wait(const std::vector<Future<T>>& futures, Until until = Until::all,
            std::optional<Duration> timeout = std::nullopt);
  /// The same of a list: `client.wait({a, b})`.
  template <class T>
  bool wait(std::initializer_list<Future<T>> futures, Until until = Until::all,
            std::optional<Duration> timeout = std::nullopt) {
    return wait(std::vector<Future<T>>(futures), until, timeout);
  }
  /// \cond
  template <class T, class... Rest>
  requires(!detail::client::is_futures<T>) WEIR_REFUSES(
      "weir: wait: takes futures of one type between braces or in a std::vector: client.wait({a, b}); one "
      "alone, and those of several types, have their own: a.wait()")
  bool wait(const T&, const Rest&...) { return false; }
  template <class T, class Other, class... Rest>
  requires(!std::convertible_to<Other, Until>) WEIR_REFUSES(
      "weir: wait: says first what it waits for, then how long: client.wait(futures, weir::Until::all, "
      "\"5s\")")
  bool wait(const std::vector<Future<T>>&, const Other&, const Rest&...) { return false; }
  /// \endcond

  /// Lets the task run to its end though nobody keeps its future; `weir::run` waits for it.
  template <class T>
  void fire_and_forget(const Future<T>& future) {
    const detail::client::FutureRef& handle = future.handle("fire_and_forget");
    handle->core->see_through(handle);
  }

  /// Runs `f(args...)` once on every worker, beside its tasks; workers that are retiring are left out.
  /// Returns one future per worker, in the order of `workers()`.
  template <class F, class... A>
  requires detail::client::can_run<F, const A&...>
  auto run_on_workers(F f, const A&... args);

  /// The workers there are now. **Errors.** As `snapshot`.
  [[nodiscard]] std::vector<WorkerInfo> workers() const {
    return core_->overseer("workers").snapshot().workers;
  }
  /// Workers and numbers of tasks at this moment, once all of the job's own workers have said hello.
  ///
  /// **Errors.** Throws `Error{unsupported}` in a task on another process than the body's.
  /// **Cost.** O(workers); results too while no task is pending.
  [[nodiscard]] Snapshot snapshot() const { return core_->overseer("snapshot").snapshot(); }
  /// Waits until there are at least `count` workers. Throws `Error{timeout}` that says how many there are.
  void wait_for_workers(std::size_t count, Duration timeout = std::chrono::seconds(60)) const;
  /// Ids of the workers that hold the result, but for copies below 64 KiB that a few tasks there still use.
  /// **Errors.** As `snapshot`; `Error{invalid_argument}` if the future belongs to no task.
  template <class T>
  [[nodiscard]] std::vector<PeerId> who_has(const Future<T>& future) const {
    return core_->overseer("who_has").who_has(future.id());
  }
  /// Why the task is not running, worker by worker. **Errors.** As `who_has`.
  template <class T>
  [[nodiscard]] std::string explain(const Future<T>& future) const {
    std::string reasons;
    for (const std::string& line : core_->overseer("explain").explain(future.id()))
      reasons += reasons.empty() ? line : "\n  " + line;
    return reasons;
  }

  /// Gives the worker no more tasks, moves its results to others and ends it.
  ///
  /// **Errors.** As `snapshot`; throws `Error{not_found}` if there is no such worker,
  /// `Error{invalid_argument}` if it is the only one, `Error{timeout}` if it takes longer.
  void retire(PeerId worker, Duration timeout = std::chrono::seconds(60)) {
    core_->overseer("retire").retire(worker, std::chrono::steady_clock::now() + timeout.value());
  }
  /// Cancels every task and drops every result. **Errors.** As `snapshot`.
  void restart() { core_->overseer("restart").restart(); }

  /// The link; for the library.
  [[nodiscard]] const std::shared_ptr<detail::client::ClusterLink>& core() const noexcept { return core_; }

 private:
  template <class F, class... Held>
  static detail::client::Request request_for(std::shared_ptr<const Options> options, bool out_of_band,
                                             const F& function) {
    static const std::uint64_t invoker = detail::task::portable_address(reinterpret_cast<const void*>(
        &detail::task::invoke_task<F, typename detail::task::LandedAs<Held>::type...>));
    return {invoker, detail::task::Callable<F>::name(function), std::move(options), out_of_band};
  }
  /// The call says as what the arguments are kept.
  template <class F, class... Held>
  Future<detail::task::TaskResult<F, Held...>> send(detail::client::Call<F, Held...>,
                                                    std::shared_ptr<const Options> options, bool out_of_band,
                                                    const F& function,
                                                    typename detail::task::AcceptedAs<Held>::type... args) {
    detail::client::Request request = request_for<F, Held...>(std::move(options), out_of_band, function);
    Writer writer(request.arguments, request.beside);
    detail::task::Callable<F>::put(writer, function);
    [[maybe_unused]] detail::task::ArgumentWriter out{writer, request.inputs, &request.untold, &request.live,
                                                      core_->gives_from()};
    (detail::task::Argument<Held>::put(out,
                                       std::forward<typename detail::task::AcceptedAs<Held>::type>(args)),
     ...);
    return Future<detail::task::TaskResult<F, Held...>>(core_->submit(std::move(request)));
  }
  template <bool Each, class F, class... A>
  auto send_gang(const gang& how, F&& f, A&&... args) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return send_gang_held<Each, std::decay_t<F>, detail::task::HeldType<std::decay_t<F>, I + 1, A>...>(
          how, detail::callable<std::decay_t<F>>("submit", "the function", std::forward<F>(f)),
          std::forward<A>(args)...);
    }
    (std::index_sequence_for<A...>{});
  }
  template <bool Each, class F, class... Held>
  auto send_gang_held(const gang& how, const F& function, const Held&... args) {
    using Result = detail::client::GangResult<F, Held...>;
    detail::check(how);
    static const std::uint64_t invoker = detail::task::portable_address(reinterpret_cast<const void*>(
        &detail::client::invoke_gang<F, Each, detail::client::GangIn<Held>...>));
    const auto options = std::make_shared<const Options>(how.options);
    const auto size = static_cast<std::size_t>(how.ranks);
    std::vector<detail::client::Request> requests(size);
    for (std::size_t rank = 0; rank < size; ++rank) {
      detail::client::Request& request = requests[rank];
      request.invoker = invoker;
      request.function = detail::task::Callable<F>::name(function);
      request.options = options;
      Writer writer(request.arguments, request.beside);
      detail::task::Callable<F>::put(writer, function);
      [[maybe_unused]] detail::task::ArgumentWriter out{writer, request.inputs};
      (detail::client::GangArgument<Held>::put(out, args, rank, size), ...);
    }
    std::vector<Future<Result>> futures;
    for (detail::client::FutureRef& handle :
         core_->submit_gang(std::move(requests), {how.per_node, how.separate}))
      futures.emplace_back(std::move(handle));
    return futures;
  }
  template <class F, class... A>
  auto send_kept(const cached& how, std::shared_ptr<const Options> options, const F& function, A&&... args) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return send_kept_held<F, detail::task::HeldType<F, I, A>...>(how, std::move(options), function,
                                                                   std::forward<A>(args)...);
    }
    (std::index_sequence_for<A...>{});
  }
  template <class F, class... Held>
  auto send_kept_held(const cached& how, std::shared_ptr<const Options> options, const F& function,
                      const Held&... args) {
    using Result = detail::task::TaskResult<F, Held...>;
    if (!core_->keeps_results())
      return send(detail::client::Call<F, Held...>(), std::move(options), false, function, args...);
    detail::client::Request request = request_for<F, Held...>(std::move(options), false, function);
    std::vector<WrittenFunction> functions;
    Writer writer(request.arguments, request.beside);
    writer.set_for_key(&functions);
    detail::task::Callable<F>::put(writer, function);
    detail::client::KeptCall call{how.version, &detail::task::type_ops<KeptType<Result>>};
    // A function is known by its name and type, not by where it lies in this build.
    call.arguments.text(typeid(F).name());
    if constexpr (std::is_member_function_pointer_v<F>) {
      const auto words = detail::task::Callable<F>::words_of(function);
      call.arguments.number(words.is_address() ? 0 : words.place);
      call.arguments.number(words.adjustment);
    } else if constexpr (!std::is_pointer_v<F>) {
      detail::journal::add_written(call.arguments, request.arguments.bytes(), functions);
      (call.arguments.text(typeid(Held).name()), ...);  // a functor may take several types
    }
    [[maybe_unused]] detail::task::ArgumentWriter out{writer, request.inputs};
    (put_keyed(call.arguments, request, functions, out, args), ...);
    return Future<Result>(core_->submit_kept(std::move(request), std::move(call)));
  }
  template <class T>
  using KeptType = std::conditional_t<std::is_void_v<T>, detail::task::Nothing, T>;
  template <class Held>
  static void put_keyed(detail::journal::Hasher& key, const detail::client::Request& request,
                        std::vector<WrittenFunction>& functions, detail::task::ArgumentWriter& out,
                        const Held& argument) {
    functions.clear();
    const std::size_t begin = request.arguments.size(), block = request.beside.size();
    detail::task::Argument<Held>::put(out, argument);
    if constexpr (std::is_same_v<Held, InputFile>) return detail::journal::add_file(key, argument);
    if constexpr (!detail::journal::IsKeyed<Held>::value) return;
    if constexpr (detail::task::FunctionPointer<Held>)
      return detail::journal::add_function(key, functions.front().address);
    for (WrittenFunction& written : functions) written.offset -= begin;
    key.number(request.arguments.size() - begin);
    detail::journal::add_written(key, request.arguments.bytes().subspan(begin), functions);
    for (std::size_t i = block; i < request.beside.size(); ++i)
      key.bytes(request.beside[i].data, request.beside[i].size);
  }
  template <class T, class... Held>
  Actor<T> make_actor(OnDeath on_death, typename detail::task::AcceptedAs<Held>::type... args);
  template <class T>
  void bring(const std::vector<Future<T>>& futures);
  template <class T, class Use>
  void use_result(const Future<T>& future, OnError on_error, const Use& use);
  template <class Results, class Futures>
  Results gather_named(const Futures& futures, OnError on_error);
  template <class F>
  auto one_of(std::shared_ptr<const Options> options, F function) {
    return [this, options = std::move(options), function = std::move(function)](auto&&... args) {
      return this->send(detail::client::CallFor<F, decltype(args)...>(), options, false, function,
                        std::forward<decltype(args)>(args)...);
    };
  }
  /// Elements of a container that was given up are given up too.
  template <class Range, class Element>
  static decltype(auto) given_up_with(Element&& element) {
    // One that has an allocator owns its elements.
    if constexpr (std::is_object_v<Range> && !std::is_const_v<Range> && std::is_lvalue_reference_v<Element> &&
                  requires { typename Range::allocator_type; })
      return std::move(element);
    else return std::forward<Element>(element);
  }
  template <class First, class... Rest, class One>
  auto map_with(const One& one, std::remove_reference_t<First>& first,
                std::remove_reference_t<Rest>&... rest) {
    using Result = decltype(one(given_up_with<First>(*std::ranges::begin(first)),
                                given_up_with<Rest>(*std::ranges::begin(rest))...));
    std::vector<Result> futures;
    if constexpr (std::ranges::sized_range<First>) futures.reserve(std::ranges::size(first));
    auto others = std::make_tuple(std::ranges::begin(rest)...);
    for (auto&& item : first) {
      const bool more = [&]<std::size_t... I>(std::index_sequence<I...>) {
        return ((std::get<I>(others) != std::ranges::end(std::get<I>(std::tie(rest...)))) && ...);
      }
      (std::index_sequence_for<Rest...>{});
      if (!more) break;
      std::apply(
          [&](auto&... at) {
            futures.push_back(
                one(given_up_with<First>(std::forward<decltype(item)>(item)), given_up_with<Rest>(*at++)...));
          },
          others);
    }
    return futures;
  }
  template <class T>
  Future<T> scatter_to(T value, const std::vector<PeerId>& workers) {
    return Future<T>(core_->scatter(detail::task::Value::make<T>(std::move(value)), workers));
  }

  std::shared_ptr<detail::client::ClusterLink> core_;
};

/// Chooses one form of an overloaded or template function:
/// `client.submit(weir::overload<double(double)>(std::sqrt), x)`.
template <class Signature>
constexpr Signature* overload(Signature* function) noexcept {
  return function;
}

// Waits for all, and asks for their values at once.
template <class T>
void Client::bring(const std::vector<Future<T>>& futures) {
  wait(futures);
  std::vector<detail::client::FutureState*> states;
  for (const Future<T>& future : futures)
    if (!future.handle("gather")->has_value.load(std::memory_order_acquire))
      states.push_back(future.handle().get());
  if (!states.empty()) core_->prefetch(states);
}

template <class T, class Use>
void Client::use_result(const Future<T>& future, OnError on_error, const Use& use) {
  detail::client::FutureState& state = *future.handle().get();
  try {
    if (!state.has_value.load(std::memory_order_acquire)) core_->fetch(state, std::nullopt);
  } catch (const TaskError&) {
    if (on_error == OnError::skip) return;
    throw;
  }
  if (state.kept) core_->seen(state);
  if constexpr (!std::is_void_v<T>) use(detail::client::take_value<T>(state));
}

template <class T>
auto Client::gather(const std::vector<Future<T>>& futures, OnError on_error) {
  bring(futures);
  if constexpr (std::is_void_v<T>) {
    for (const Future<T>& future : futures) use_result(future, on_error, 0);
  } else {
    std::vector<T> values;
    values.reserve(futures.size());
    for (const Future<T>& future : futures)
      use_result(future, on_error, [&](T&& value) { values.push_back(std::move(value)); });
    return values;
  }
}

template <class T>
auto Client::gather(std::vector<Future<T>>&& futures, OnError on_error) {
  if constexpr (std::is_void_v<T>) {
    gather(std::as_const(futures), on_error);
  } else {
    std::vector<T> values;
    values.reserve(futures.size());
    std::size_t taken = 0;
    for (; taken < futures.size(); ++taken) {
      detail::client::FutureState& state = *futures[taken].handle("gather").get();
      if (!futures[taken].done()) core_->wait(state, std::nullopt);
      if (state.kept || !state.has_value.load(std::memory_order_acquire)) break;
      values.push_back(detail::client::take_value<T>(state));
      futures[taken] = {};
    }
    futures.erase(futures.begin(), futures.begin() + static_cast<std::ptrdiff_t>(taken));
    bring(futures);
    for (const Future<T>& future : futures)
      use_result(future, on_error, [&](T&& value) { values.push_back(std::move(value)); });
    return values;
  }
}

template <class Results, class Futures>
Results Client::gather_named(const Futures& futures, OnError on_error) {
  std::vector<typename Futures::mapped_type> all;
  all.reserve(futures.size());
  for (const auto& [name, future] : futures) all.push_back(future);
  bring(all);
  Results results;
  for (const auto& [name, future] : futures)
    use_result(future, on_error, [&, &key = name](auto&& value) { results.emplace(key, std::move(value)); });
  return results;
}

template <class K, class T, class... Rest>
auto Client::gather(const std::map<K, Future<T>, Rest...>& futures, OnError on_error) {
  return gather_named<std::map<K, T, typename std::map<K, Future<T>, Rest...>::key_compare>>(futures,
                                                                                             on_error);
}

template <class K, class T, class... Rest>
auto Client::gather(const std::unordered_map<K, Future<T>, Rest...>& futures, OnError on_error) {
  using Futures = std::unordered_map<K, Future<T>, Rest...>;
  return gather_named<std::unordered_map<K, T, typename Futures::hasher, typename Futures::key_equal>>(
      futures, on_error);
}

/// \cond
template <class T>
requires detail::task::Travels<T>::value auto Client::broadcast(T value) {
  std::vector<PeerId> peers;
  for (const WorkerInfo& worker : workers()) peers.push_back(worker.peer);
  return scatter_to(std::move(value), peers);
}
/// \endcond

template <class T>
bool Client::wait(const std::vector<Future<T>>& futures, Until until, std::optional<Duration> timeout) {
  if (futures.empty()) return true;
  detail::client::Deadline deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + timeout->value();
  if (until == Until::all) {
    for (const Future<T>& future : futures)
      if (!future.done() && !core_->wait(*future.handle().get(), deadline)) return false;
    return true;
  }
  return core_->wait_until(
      [&] { return std::ranges::any_of(futures, [](const Future<T>& future) { return future.done(); }); },
      deadline);
}

template <class F, class... A>
requires detail::client::can_run<F, const A&...>
auto Client::run_on_workers(F f, const A&... args) {
  static_cast<void>(detail::callable("run_on_workers", "the function", f));
  const detail::client::CallFor<F, const A&...> call;
  std::vector<decltype(send(call, nullptr, true, f, args...))> futures;
  for (const WorkerInfo& worker : workers())
    if (!worker.retiring)
      futures.push_back(
          send(call, std::make_shared<const Options>(Options{.workers = {std::to_string(worker.peer)}}), true,
               f, args...));
  return futures;
}

template <class T>
template <class F>
auto Future<T>::then(F f) const {
  return Client(state().core).submit(detail::callable("then", "the function", std::move(f)), *this);
}

}  // namespace weir
