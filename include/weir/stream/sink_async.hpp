// Sinks whose function only begins the work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/stream/sinks.hpp"
#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

/// Tells an asynchronous sink's node that an element is done. Copies are one; the first call counts, and
/// losing all of them without a call is an error.
class Finished {
 public:
  explicit Finished(Done done);
  void operator()(std::exception_ptr error = {}) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Counts what an asynchronous sink has not finished; outlives the node.
class InFlight {
 public:
  InFlight(Node& node, Gate& gate, std::size_t limit) : node_(&node), gate_(gate), limit_(limit) {}
  void begin();
  void end(const std::exception_ptr& error) noexcept;
  /// What a ticket calls is inside the graph, which still has its element.
  void let_go(TicketRef& ticket) noexcept;
  /// Does `act` unless the node is gone, which stays meanwhile.
  void while_alive(const std::function<void()>& act);
  void shut() noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(); }
  /// How many it has begun beyond its limit.
  [[nodiscard]] std::size_t over_limit() const noexcept {
    const std::size_t begun = count_.load();
    return begun > limit_ ? begun - limit_ : 0;
  }

 private:
  friend class InsideSink;
  friend std::shared_ptr<void> note_for_room(InFlight& sink, Node& node);
  friend std::shared_ptr<void> note_for_all(InFlight& sink, Node& node);
  std::shared_ptr<void> note(std::shared_ptr<Graph> graph, NodeRef full, bool for_all);

  std::recursive_mutex alive_mutex_;  // taken before any other
  bool alive_ = true;
  std::mutex mutex_;
  Node* node_;
  Gate& gate_;
  const std::size_t limit_;
  std::atomic<std::size_t> count_{0};
  std::size_t inside_ = 0;  // threads on which something it began is from one wait to the next
  std::condition_variable left_;
};

/// What a coroutine sink does from one wait to the next: inside its stream, as any function.
class InsideSink {
 public:
  /// `rounds`: those of the coroutine's element.
  InsideSink(InFlight& sink, std::uint64_t rounds);
  InsideSink(const InsideSink&) = delete;
  InsideSink& operator=(const InsideSink&) = delete;
  ~InsideSink();

 private:
  InFlight& sink_;
  RoundsScope rounds_;
  std::optional<Frame> frame_;  // empty: the stream has gone
};

/// Whether `f(x, finished)` begins the work, or `f(x)` is a coroutine.
template <class F, class In>
constexpr bool is_asynchronous() {
  if constexpr (std::is_invocable_v<F&, In, Finished>) return true;
  else if constexpr (std::is_invocable_v<F&, In>) return is_coroutine<std::invoke_result_t<F&, In>>;
  else return false;
}
template <class F, class In>
inline constexpr bool begins_or_awaits = is_asynchronous<F, In>();

/// A sink whose function only begins the work.
template <class In, class F>
class AsyncSinkNode final : public Outlet<Nothing>, public Inlet<In> {
 public:
  AsyncSinkNode(F f, std::size_t parallelism)
      : Outlet<Nothing>("sink_async"),
        Inlet<In>(this),
        f_(std::move(f)),
        gate_(*this),
        under_way_(std::make_shared<InFlight>(*this, gate_, parallelism)) {}

  void push(In&& x) noexcept override { begin(std::move(x)); }
  void push(const In& x) noexcept override {
    if constexpr (is_copyable<In>) begin(x);
  }
  void attached() override {
    if constexpr (requires { f_.use(this->graph().loop(), under_way_); })
      f_.use(this->graph().loop(), under_way_);
  }
  void shut() noexcept override { under_way_->shut(); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(policy);
  }
  [[nodiscard]] std::size_t queued() const override { return under_way_->count(); }
  [[nodiscard]] std::size_t pending() const override { return under_way_->count(); }
  [[nodiscard]] std::size_t unfinished() const override { return under_way_->count(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &gate_; }
  [[nodiscard]] bool comes_to_rest() const override { return true; }

 private:
  /// An element that may be needed again.
  struct Kept {
    In element;
    EventLoop loop;
    TicketRef ticket = hold();
    unsigned failures = 0;
  };

  template <class X>
  void begin(X&& x) noexcept {
    if (this->is_lost_in_cycle(under_way_->over_limit())) return;
    this->in.add();
    under_way_->begin();
    if constexpr (is_copyable<In>) {
      if ((this->slow_ & Node::careful) != 0) return begin_carefully(x);
    }
    const bool skips = this->policy_.action == ErrorPolicy::Action::skip;
    const Finished finished(
        [under_way = under_way_, ticket = hold(), skips](const std::exception_ptr& error) mutable {
          if (error && ticket && !skips) ticket.get()->fail(error);
          under_way->let_go(ticket);
          under_way->end(skips ? nullptr : error);
        });
    try {
      std::invoke(f_, In(std::forward<X>(x)), finished);
    } catch (...) {
      finished(std::current_exception());
    }
  }
  void begin_carefully(const In& x) noexcept {
    try {
      attempt(std::make_shared<Kept>(Kept{x, this->graph().loop()}));
    } catch (...) {  // it could not be copied
      answer_failure(*this, [&]() -> const In& { return x; });
      under_way_->end(nullptr);
    }
  }
  /// Begins an element's work. A failure is answered on the event loop, where it may begin again.
  void attempt(const std::shared_ptr<Kept>& kept) noexcept {
    const Finished finished([this, under_way = under_way_, kept](const std::exception_ptr& error) mutable {
      if (!error) return done(*under_way, *kept, nullptr);
      kept->loop.post(
          [this, under_way, kept, error] { under_way->while_alive([&] { failed(kept, error); }); });
    });
    try {
      std::invoke(f_, In(kept->element), finished);
    } catch (...) {
      finished(std::current_exception());
    }
  }
  void failed(const std::shared_ptr<Kept>& kept, const std::exception_ptr& error) noexcept {
    if (kept->failures++ < this->policy_.retries) {
      const Frame inside(*this);
      const TicketScope scope(kept->ticket);
      return attempt(kept);
    }
    if (this->policy_.letter_box) {
      const TicketScope scope(kept->ticket);
      send_letter(*this, kept->element, error);
    }
    const bool is_raised = !this->policy_.letter_box && this->policy_.action != ErrorPolicy::Action::skip;
    if (!is_raised && !this->policy_.letter_box) this->errors.add();
    done(*under_way_, *kept, is_raised ? error : nullptr);
  }
  static void done(InFlight& under_way, Kept& kept, const std::exception_ptr& error) noexcept {
    if (error && kept.ticket) kept.ticket.get()->fail(error);
    under_way.let_go(kept.ticket);
    under_way.end(error);
  }

  F f_;
  Gate gate_;
  std::shared_ptr<InFlight> under_way_;
};

template <class S, class F, class... None>
concept BeginsOrAwaits = CanGo<S, F> && begins_or_awaits<F, typename S::Element>;

}  // namespace detail::stream

namespace op {

/// The member `sink_async` as an operator, which has its contract.
template <class F>
auto sink_async(F f, std::size_t parallelism = 1) {
  detail::stream::at_least_one("sink_async", "parallelism", parallelism);
  return [f = detail::callable("sink_async", "the function", std::move(f)),
          parallelism]<class T>(const Stream<T>& s) {
    if constexpr (!detail::stream::begins_or_awaits<F, T>)
      return detail::stream::Refused<T, detail::stream::Misfit::finished>{};
    else if constexpr (std::is_invocable_v<F&, T, detail::stream::Finished>)
      return detail::stream::attach_sink(
          s, std::make_unique<detail::stream::AsyncSinkNode<T, F>>(f, parallelism));
    else return detail::stream::attach_coroutine_sink(s, f, parallelism);
  };
}

/// Sinks that finish later; members of `Stream` and `ClusterStream`.
template <class Self>
class SinkAsyncMembers {
 public:
  /// Calls `f(x, finished)`, which begins the work; the element is done when `finished()` or
  /// `finished(error)` is called, from any thread. `f` may as well be a coroutine that returns
  /// `boost::asio::awaitable<void>` (include `weir/stream/await.hpp`), which runs on the stream's event loop.
  ///
  /// **Units.** `parallelism` counts elements begun and not finished.
  /// **Errors.** An error given to `finished` is answered by the node's policy; `raise` comes out of `drain`.
  /// Losing every copy of `finished` uncalled is an error too, not a hang. A `drain` that waits for one that
  /// is not called says so on stderr. Inside the coroutine `drain` is refused, as inside any function.
  /// **Backpressure.** `emit` waits while `parallelism` elements are not finished; that of a coroutine into
  /// its own stream does not, nor one that would wait for itself across streams.
  ///
  /// On the cluster `f` is called on a worker, where a thread waits for one element at a time, so that the
  /// threads of the workers are the parallelism; `emit` waits while as much is on the cluster as they can
  /// use, or as `buffer` allows.
  /// **Source.** Coroutine sinks of streamz.
  template <class F>
  auto sink_async(F f, std::size_t parallelism = 1) const& requires detail::stream::BeginsOrAwaits<Self, F> {
    return end(static_cast<const Self&>(*this), std::move(f), parallelism);
  }
  /// The same of a temporary, whose operators share a task.
  template <class F>
      auto sink_async(F f, std::size_t parallelism = 1) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::BeginsOrAwaits<Self, F> {
    return end(static_cast<Self&&>(*this), std::move(f), parallelism);
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(
      sink_async, BeginsOrAwaits,
      "the function takes (element, finished), or an element and returns boost::asio::awaitable<void>", F,
      std::size_t = 1)
  /// \endcond

 private:
  template <class S, class F>
  static Sink end(S&& s, F f, std::size_t parallelism) {
    if constexpr (detail::stream::is_on_cluster<Self>) {
      const auto last =
          std::forward<S>(s).apply(detail::stream::ClusterSide<Self>::finishing(std::move(f), parallelism));
      return detail::stream::ClusterSide<std::decay_t<decltype(last)>>::ends(last);
    } else {
      return s.apply(op::sink_async(std::move(f), parallelism));
    }
  }
};

}  // namespace op
}  // namespace weir
