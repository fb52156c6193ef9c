// Coroutines: `co_await source.emit(x)` and `co_await source.drain()` inside a Boost.Asio loop, and coroutine
// functions as sinks.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "weir/stream/stream.hpp"

namespace weir::detail::stream {

/// Where a coroutine sink runs: on its loop, inside its stream.
struct SinkExecutor {
  boost::asio::any_io_executor loop;
  std::shared_ptr<InFlight> under_way;  // null: it is of no stream here
  std::uint64_t rounds = 0;             // those of its element

  template <class Property, class Loop = boost::asio::any_io_executor>
  auto query(const Property& property) const
      -> decltype(boost::asio::query(std::declval<const Loop&>(), property)) {
    return boost::asio::query(loop, property);
  }
  template <class Property, class Loop = boost::asio::any_io_executor,
            class = decltype(boost::asio::require(std::declval<const Loop&>(), std::declval<Property>()))>
  SinkExecutor require(const Property& property) const {
    return {boost::asio::require(loop, property), under_way, rounds};
  }
  template <class Property, class Loop = boost::asio::any_io_executor,
            class = decltype(boost::asio::prefer(std::declval<const Loop&>(), std::declval<Property>()))>
  SinkExecutor prefer(const Property& property) const {
    return {boost::asio::prefer(loop, property), under_way, rounds};
  }
  template <class Work>
  void execute(Work&& work) const {
    if (!under_way) return loop.execute(std::forward<Work>(work));
    loop.execute(
        [sink = under_way, rounds = rounds, work = std::decay_t<Work>(std::forward<Work>(work))]() mutable {
          const InsideSink inside(*sink, rounds);
          work();
        });
  }
  bool operator==(const SinkExecutor& other) const noexcept {
    return loop == other.loop && under_way == other.under_way;
  }
  bool operator!=(const SinkExecutor& other) const noexcept { return !(*this == other); }
};

/// An emission that waits for room, or the draining of a graph, without blocking a thread.
///
/// The context of the coroutine keeps it, by a timer: the coroutine goes with its context, and what the graph
/// tells afterwards reaches nobody.
template <class Waiting, class Handler>
class Awaited : public std::enable_shared_from_this<Awaited<Waiting, Handler>> {
 public:
  Awaited(Waiting waiting, Handler handler)
      : waiting_(std::move(waiting)),
        executor_(boost::asio::get_associated_executor(handler)),
        handler_(std::move(handler)) {}

  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;
  ~Awaited() { waiting_.abandon(); }

  void begin() {
    if (const auto* inside = executor_.target<SinkExecutor>()) begun_by_ = inside->under_way;
    go_on();
  }
  void go_on() {
    if (!armed_.exchange(false)) return;  // somebody was faster
    if (const auto timer = timer_.lock()) timer->cancel();
    waits_.reset();
    std::exception_ptr error;
    try {
      if (!waiting_.retry()) return wait();
    } catch (...) {
      error = std::current_exception();
    }
    end(error);
  }

 private:
  void end(const std::exception_ptr& error) {
    boost::asio::post(executor_,
                      [handler = std::move(handler_), error]() mutable { std::move(handler)(error); });
  }
  void wait() {
    note();
    watch_for_cycle();
    const auto try_again = [waiting = this->weak_from_this()] {
      if (const auto self = waiting.lock()) boost::asio::post(self->executor_, [self] { self->go_on(); });
    };
    armed_ = true;
    waiting_.when_changed(try_again);
    if (!waiting_.would_wait()) try_again();  // it changed before we asked to be told
  }
  /// Others may wait for what this one does, and this one for them.
  void note() {
    waits_.reset();
    if (begun_by_) waits_ = waiting_.note(*begun_by_);
  }
  /// Whoever took `armed_` may look at the emission, and has to look once more when it is given back.
  void watch_for_cycle() {
    std::int64_t nap = std::max<std::int64_t>(cycle_patience_ns.load() / 4, 1'000'000);
    if (!Waiting::is_told || begun_by_) nap = std::min<std::int64_t>(nap, 20'000'000);
    const auto timer = std::make_shared<boost::asio::steady_timer>(executor_, std::chrono::nanoseconds(nap));
    timer_ = timer;
    timer->async_wait([timer, self = this->shared_from_this()](const boost::system::error_code& cancelled) {
      if (cancelled || !self->armed_.exchange(false)) return;
      try {
        self->waiting_.look(self->watch_);
      } catch (...) {
        self->waits_.reset();
        self->waiting_.abandon();
        return self->end(std::current_exception());
      }
      self->note();
      self->watch_for_cycle();
      self->armed_ = true;
      if (!self->waiting_.would_wait()) self->go_on();
    });
  }
  Waiting waiting_;
  boost::asio::any_io_executor executor_;
  std::weak_ptr<boost::asio::steady_timer> timer_;  // the loop has it
  CycleWatch watch_;
  std::shared_ptr<InFlight> begun_by_;  // null: by no sink
  std::shared_ptr<void> waits_;
  Handler handler_;
  std::atomic<bool> armed_{true};
};

template <class Token, class Waiting>
requires boost::asio::completion_token_for<Token, void(std::exception_ptr)>
struct Await<Token, Waiting> {
  static auto start(Waiting&& waiting, Token token) {
    return boost::asio::async_initiate<Token, void(std::exception_ptr)>(
        [](auto handler, Waiting what) {
          using Handler = std::decay_t<decltype(handler)>;
          std::make_shared<Awaited<Waiting, Handler>>(std::move(what), std::move(handler))->begin();
        },
        token, std::move(waiting));
  }
};

/// Begins a coroutine for each element on the stream's loop.
template <class T, class F>
struct SpawnSink {
  std::shared_ptr<F> f;
  std::optional<EventLoop> loop = {};
  std::shared_ptr<InFlight> under_way = {};
  void use(EventLoop l, std::shared_ptr<InFlight> sink = {}) {
    loop = std::move(l);
    under_way = std::move(sink);
  }
  /// Not at once, if this is the loop's thread: of those that begin each other each would be deeper in the
  /// stack.
  void operator()(T x, Finished finished) {
    const SinkExecutor inside{loop->context().get_executor(), under_way, flow.rounds + 1};
    boost::asio::post(
        inside.loop, [inside, f = f, x = std::move(x), finished = std::move(finished)]() mutable {
          boost::asio::co_spawn(
              inside, run(std::move(f), std::move(x)),
              [finished = std::move(finished)](const std::exception_ptr& error) { finished(error); });
        });
  }
  static boost::asio::awaitable<void> run(std::shared_ptr<F> f, T x) { co_await call(*f, x); }
};

template <class In, class F>
Sink attach_coroutine_sink(const Stream<In>& s, F f, std::size_t parallelism) {
  using Spawn = SpawnSink<In, F>;
  return attach_sink(
      s, std::make_unique<AsyncSinkNode<In, Spawn>>(Spawn{std::make_shared<F>(std::move(f))}, parallelism));
}

}  // namespace weir::detail::stream
