// Operators whose output runs by itself: buffer, latest, map_async, sink_async. They part the domain above
// from the one below.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/detail/stream/graph/kernel.hpp"
#include "weir/detail/stream/graph/letter.hpp"
#include "weir/detail/stream/graph/pump.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// What a full buffer does with another element.
enum class Overflow {
  block,        ///< `emit` waits until there is room
  drop_oldest,  ///< the oldest one is dropped
  drop_newest   ///< the new one is dropped
};

namespace detail::stream {

/// What stands in a queue between two domains: an element, or an event that keeps its place among them.
template <class T>
struct Parcel {
  enum class Kind : unsigned char { element, flush, end, reopen };
  std::optional<T> element;
  TicketRef ticket;
  Kind kind = Kind::element;
  std::uint64_t rounds = flow.rounds + 1;
};

/// A bounded queue and the pump that empties it.
template <class T>
class BufferNode final : public Outlet<T>, public Inlet<T> {
 public:
  BufferNode(std::size_t size, Overflow overflow)
      : Outlet<T>("buffer"), Inlet<T>(this), size_(size), overflow_(overflow), gate_(*this), pump_([this] {
          work();
        }) {}
  ~BufferNode() override { pump_.shut(); }

  void push(T&& x) noexcept override { put({std::move(x), hold()}); }
  void push(const T& x) noexcept override {
    if constexpr (is_copyable<T>) put({x, hold()});
  }
  void attached() override { pump_.start(this->graph()); }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ >= this->upstreams().size()) put({std::nullopt, {}, Kind::end});
  }
  void input_reopened(unsigned) override {
    if (this->ended_inputs_ > 0) --this->ended_inputs_;
    put({std::nullopt, {}, Kind::reopen});
  }
  void flush() override { put({std::nullopt, hold(), Kind::flush}); }
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] bool is_boundary() const override { return true; }
  [[nodiscard]] std::size_t queued() const override { return queued_.load(); }
  [[nodiscard]] std::size_t pending() const override { return pending_.load(); }
  [[nodiscard]] Gate* gate(unsigned) override { return overflow_ == Overflow::block ? &gate_ : nullptr; }

 private:
  using Kind = typename Parcel<T>::Kind;

  void put(Parcel<T> parcel) noexcept {
    const bool counts = parcel.kind == Kind::element;
    const std::size_t queued = queued_.load();
    if (counts && this->is_lost_in_cycle(queued > size_ ? queued - size_ : 0)) return;
    Parcel<T> dropped;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      if (counts) {
        this->in.add();
        if (overflow_ != Overflow::block && queued_.load() >= size_) {
          if (overflow_ == Overflow::drop_newest || arrived_.empty())
            return void(dropped = std::move(parcel));
          dropped = std::move(arrived_.front());
          arrived_.pop_front();
          queued_.fetch_sub(1);
          pending_.fetch_sub(1);
        }
        queued_.fetch_add(1);
      }
      pending_.fetch_add(1);
      arrived_.push_back(std::move(parcel));
      if (counts && overflow_ == Overflow::block && queued_.load() >= size_) {
        gate_.set(true);
        if (queued_.load() < size_) gate_.set(false);  // taken meanwhile
      }
    }
    pump_.poke();
  }
  bool fetch() {
    if (!taken_.empty()) return true;
    const std::lock_guard lock(mutex_);
    if (overflow_ == Overflow::block) {
      taken_.swap(arrived_);
    } else if (!arrived_.empty()) {  // the others may still be dropped
      taken_.push_back(std::move(arrived_.front()));
      arrived_.pop_front();
    }
    return !taken_.empty();
  }
  void work() {
    for (std::size_t done = 0; fetch(); ++done) {
      if (!pass_on()) {
        this->graph().when_changed([this] { pump_.poke(); });
        Frame frame(*this);
        if (this->closed_gate()) return;
      }
    }
  }
  /// Sends the next parcel on; false if there is no room below.
  bool pass_on() {
    std::exception_ptr error;
    {
      Frame frame(*this);
      if (this->closed_gate()) return false;
      Parcel<T> parcel = std::move(taken_.front());
      taken_.pop_front();
      if (parcel.kind == Kind::element && queued_.fetch_sub(1) <= size_ && gate_.is_closed()) {
        const std::lock_guard lock(mutex_);
        if (queued_.load() < size_) gate_.set(false);
      }
      const TicketScope scope(std::move(parcel.ticket));
      const RoundsScope rounds(parcel.rounds);
      switch (parcel.kind) {
        case Kind::element:
          this->admit(std::move(*parcel.element));
          break;
        case Kind::flush:
          Node::flush();
          break;
        case Kind::end:
          this->end();
          break;
        case Kind::reopen:
          this->reopen();
          break;
      }
      error = frame.finish_quietly();
    }
    if (error) this->graph().report(error);
    if (pending_.fetch_sub(1) == 1) this->graph().changed();
    return true;
  }

  const std::size_t size_;
  const Overflow overflow_;
  Gate gate_;
  std::mutex mutex_;
  std::deque<Parcel<T>> arrived_;  // guarded by mutex_
  std::deque<Parcel<T>> taken_;    // the pump's own
  std::atomic<std::size_t> queued_{0}, pending_{0};
  Pump pump_;
};

/// Holds the newest element until the one before it is done.
template <class T>
class LatestNode final : public Outlet<T>, public Inlet<T> {
 public:
  LatestNode() : Outlet<T>("latest"), Inlet<T>(this), pump_([this] { work(); }) {}
  ~LatestNode() override { pump_.shut(); }

  void push(T&& x) noexcept override { put({std::move(x), hold()}); }
  void push(const T& x) noexcept override {
    if constexpr (is_copyable<T>) put({x, hold()});
  }
  void attached() override { pump_.start(this->graph()); }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ < this->upstreams().size()) return;
    const std::lock_guard lock(mutex_);
    ending_ = true;
    busy_count_.fetch_add(1);
    pump_.poke();
  }
  void flush() override {}
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] bool is_boundary() const override { return true; }
  [[nodiscard]] std::size_t pending() const override { return busy_count_.load(); }
  [[nodiscard]] std::size_t queued() const override { return busy_count_.load() > 0 ? 1 : 0; }

 private:
  void put(Parcel<T> parcel) noexcept {
    if (this->is_lost_in_cycle()) return;
    std::optional<Parcel<T>> older;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      this->in.add();
      if (!newest_) busy_count_.fetch_add(1);
      older = std::exchange(newest_, std::optional<Parcel<T>>(std::move(parcel)));
    }
    pump_.poke();
  }
  bool fetch(std::optional<Parcel<T>>& parcel, bool& end) {
    const std::lock_guard lock(mutex_);
    parcel = std::exchange(newest_, std::nullopt);
    end = !parcel && std::exchange(ending_, false);
    return parcel || end;
  }
  void work() {
    for (;;) {
      if (!room()) return;
      std::optional<Parcel<T>> parcel;
      bool end = false;
      if (!fetch(parcel, end)) return;
      std::exception_ptr error;
      {
        Frame frame(*this);
        if (parcel) {
          const TicketScope scope(std::move(parcel->ticket));
          const RoundsScope rounds(parcel->rounds);
          this->admit(std::move(*parcel->element));
        } else {
          this->end();
        }
        error = frame.finish_quietly();
      }
      if (error) this->graph().report(error);
      if (busy_count_.fetch_sub(1) == 1) this->graph().changed();
    }
  }
  bool room() {
    const auto is_open = [this] {
      Frame frame(*this);
      return this->closed_gate() == nullptr;
    };
    if (is_open()) return true;
    this->graph().when_changed([this] { pump_.poke(); });
    return is_open();
  }

  std::mutex mutex_;
  std::optional<Parcel<T>> newest_;
  bool ending_ = false;
  std::atomic<std::size_t> busy_count_{0};
  Pump pump_;
};

/// Runs a function on threads of its own and emits the results in the order of the elements.
template <class In, class F>
class MapAsyncNode final : public Outlet<std::decay_t<Called<F, In>>>, public Inlet<In> {
 public:
  using Out = std::decay_t<Called<F, In>>;
  MapAsyncNode(F f, std::size_t parallelism)
      : Outlet<Out>("map_async"),
        Inlet<In>(this),
        f_(std::move(f)),
        parallelism_(parallelism),
        gate_(*this),
        crew_([this] { work(); }) {}
  ~MapAsyncNode() override { crew_.shut(); }

  void push(In&& x) noexcept override { put(Kind::element, std::move(x)); }
  void push(const In& x) noexcept override {
    if constexpr (is_copyable<In>) put(Kind::element, x);
  }
  void attached() override { crew_.start(this->graph(), parallelism_); }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ >= this->upstreams().size()) put(Kind::end);
  }
  void flush() override { put(Kind::flush); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(policy);
  }
  void shut() noexcept override { crew_.shut(); }
  [[nodiscard]] bool is_boundary() const override { return true; }
  [[nodiscard]] std::size_t queued() const override { return pending_.load(); }
  [[nodiscard]] std::size_t pending() const override { return pending_.load(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &gate_; }

 private:
  using Kind = typename Parcel<In>::Kind;
  struct Slot {
    Parcel<In> parcel;
    std::optional<Out> result;
    std::exception_ptr error;
    bool is_ready = false;
  };

  template <class... X>
  void put(Kind kind, X&&... x) noexcept {
    const std::size_t inside = pending_.load();
    if (kind == Kind::element &&
        this->is_lost_in_cycle(inside > 2 * parallelism_ ? inside - 2 * parallelism_ : 0))
      return;
    auto slot = std::make_shared<Slot>();
    slot->parcel.kind = kind;
    slot->parcel.ticket = hold();
    if constexpr (sizeof...(X) > 0) slot->parcel.element.emplace(std::forward<X>(x)...);
    slot->is_ready = kind != Kind::element;
    {
      const std::lock_guard lock(mutex_);
      if (kind == Kind::element) this->in.add();
      slots_.push_back(slot);
      if (kind == Kind::element) todo_.push_back(std::move(slot));
      pending_.fetch_add(1);
      gate_.set(slots_.size() >= 2 * parallelism_);
    }
    crew_.add();
  }
  void work() {
    if (const std::shared_ptr<Slot> slot = next()) {
      compute(*slot);
      const std::lock_guard lock(mutex_);
      slot->is_ready = true;
    }
    while (const std::shared_ptr<Slot> slot = first_ready()) {
      if (!pass_on(*slot)) {
        this->graph().when_changed([this] { crew_.add(); });
        Frame frame(*this);
        if (this->closed_gate()) return;
      }
    }
  }
  std::shared_ptr<Slot> next() {
    const std::lock_guard lock(mutex_);
    if (todo_.empty()) return nullptr;
    std::shared_ptr<Slot> slot = std::move(todo_.front());
    todo_.pop_front();
    return slot;
  }
  void compute(Slot& slot) {
    const auto start = Cost::Clock::now();
    try_to_compute(slot);
    this->cost.add(1, Cost::Clock::now() - start);
  }
  void try_to_compute(Slot& slot) {
    for (unsigned attempt = 0;; ++attempt) {
      try {
        if constexpr (is_copyable<In>) slot.result.emplace(call(f_, std::as_const(*slot.parcel.element)));
        else slot.result.emplace(call(f_, std::move(*slot.parcel.element)));
        return;
      } catch (...) {
        if (is_copyable<In> && attempt < this->policy_.retries) continue;
        slot.error = std::current_exception();
        return;
      }
    }
  }
  /// The oldest slot, if it is ready and nobody else is emitting.
  std::shared_ptr<Slot> first_ready() {
    const std::lock_guard lock(mutex_);
    if (emitting_ || slots_.empty() || !slots_.front()->is_ready) return nullptr;
    emitting_ = true;
    return slots_.front();
  }
  bool pass_on(Slot& slot) {
    std::exception_ptr error;
    bool sent = false;
    {
      Frame frame(*this);
      if (!this->closed_gate()) {
        sent = true;
        const TicketScope scope(slot.parcel.ticket);
        const RoundsScope rounds(slot.parcel.rounds);
        give(slot);
        error = frame.finish_quietly();
      }
    }
    if (error) this->graph().report(error);
    {
      const std::lock_guard lock(mutex_);
      emitting_ = false;
      if (!sent) return false;
      slots_.pop_front();
      gate_.set(slots_.size() >= 2 * parallelism_);
    }
    slot.parcel.ticket = {};  // may call back, which may emit; only then nothing is pending
    if (pending_.fetch_sub(1) == 1) this->graph().changed();
    return true;
  }
  void give(Slot& slot) {
    switch (slot.parcel.kind) {
      case Kind::element:
        break;
      case Kind::flush:
        return Node::flush();
      case Kind::end:
        return this->end();
      case Kind::reopen:
        return this->reopen();
    }
    if (!slot.error) return this->admit(std::move(*slot.result));
    if constexpr (is_copyable<In>) {
      if (this->policy_.letter_box) return send_letter(*this, *slot.parcel.element, slot.error);
    }
    if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
    else this->raise(slot.error);
  }

  F f_;
  const std::size_t parallelism_;
  Gate gate_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Slot>> slots_, todo_;
  bool emitting_ = false;
  std::atomic<std::size_t> pending_{0};
  Crew crew_;
};

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
  /// Does `act` unless the node is gone, which stays meanwhile.
  void while_alive(const std::function<void()>& act);
  void shut() noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(); }

 private:
  std::recursive_mutex alive_mutex_;  // taken before any other
  bool alive_ = true;
  std::mutex mutex_;
  Node* node_;
  Gate& gate_;
  const std::size_t limit_;
  std::atomic<std::size_t> count_{0};
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
    if constexpr (requires(F & f, EventLoop l) { f.use(l); }) f_.use(this->graph().loop());
  }
  void shut() noexcept override { under_way_->shut(); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(policy);
  }
  [[nodiscard]] std::size_t queued() const override { return under_way_->count(); }
  [[nodiscard]] std::size_t pending() const override { return under_way_->count(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &gate_; }

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
    this->in.add();
    under_way_->begin();
    if constexpr (is_copyable<In>) {
      if ((this->slow_ & Node::careful) != 0)
        return attempt(std::make_shared<Kept>(Kept{x, this->graph().loop()}));
    }
    const bool skips = this->policy_.action == ErrorPolicy::Action::skip;
    const Finished finished(
        [under_way = under_way_, ticket = hold(), skips](const std::exception_ptr& error) mutable {
          if (error && ticket && !skips) ticket.get()->fail(error);
          ticket = {};
          under_way->end(skips ? nullptr : error);
        });
    try {
      std::invoke(f_, In(std::forward<X>(x)), finished);
    } catch (...) {
      finished(std::current_exception());
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
    kept.ticket = {};
    under_way.end(error);
  }

  F f_;
  Gate gate_;
  std::shared_ptr<InFlight> under_way_;
};

}  // namespace detail::stream

namespace op {

/// Keeps up to `size` elements between those who emit and those who consume; what is below runs on a thread
/// of its own, or on the stream's event loop if it was given one.
///
/// **Shape.** Every element, same order.
/// **Units.** `size` counts elements waiting; one more is being consumed.
/// **Errors.** Throws `Error{invalid_argument}` if `size` is 0. An error below comes out of `drain`; the next
/// elements go on.
/// **Threads.** Parts the threads above from the one below.
/// **Backpressure.** `emit` waits while `size` elements are waiting, or drops one, as `overflow` says. The
/// ticket is held until the element was consumed.
/// **Cost.** About 0.1 us per element between two running threads; 50 us when the consumer slept.
/// **Source.** streamz `Stream.buffer`; 0 is not unbounded here, and an error does not end it.
inline auto buffer(std::size_t size, Overflow overflow = Overflow::block) {
  detail::stream::at_least_one("buffer", "size", size);
  return [=]<class T>(const Stream<T>& s) {
    auto node = std::make_unique<detail::stream::BufferNode<T>>(size, overflow);
    node->set_detail(std::to_string(size));
    return detail::stream::attach<T>(s, std::move(node));
  };
}

/// Gives the newest element to a consumer that is slower than the stream; older ones that waited are dropped.
///
/// **Shape.** A subset of the elements, in order; the last one always.
/// **Threads.** As `buffer`.
/// **Backpressure.** None: `emit` never waits. A dropped element is done.
/// **Source.** streamz `Stream.latest`, which loses the newest.
inline auto latest() {
  return []<class T>(const Stream<T>& s) {
    return detail::stream::attach<T>(s, std::make_unique<detail::stream::LatestNode<T>>());
  };
}

/// Emits `f(x)`, computed by `parallelism` threads, in the order of the elements.
///
/// **Shape.** One element out for one in, order kept.
/// **Units.** `parallelism` counts calls of `f` at the same time; as many more elements wait before `emit`
/// does.
/// **Errors.** Throws `Error{invalid_argument}` if `parallelism` is 0. What `f` throws is answered by the
/// node's policy; `raise` comes out of `drain`, and the next elements go on.
/// **Threads.** `f` is called by several threads at once, unless a manual clock drives the stream.
/// **Backpressure.** `emit` waits while twice `parallelism` elements are inside.
/// **Source.** streamz `Stream.map_async`, whose concurrency is one more.
template <class F>
auto map_async(F f, std::size_t parallelism = 1) {
  detail::stream::at_least_one("map_async", "parallelism", parallelism);
  return [f = detail::callable("map_async", "the function", std::move(f)),
          parallelism]<class T>(const Stream<T>& s) {
    using Made = detail::stream::MapAsyncNode<T, F>;
    auto node = std::make_unique<Made>(f, parallelism);
    node->set_detail(std::to_string(parallelism));
    return detail::stream::attach<typename Made::Out>(s, std::move(node));
  };
}

/// Calls `f(x, finished)`, which begins the work; the element is done when `finished()` or `finished(error)`
/// is called, from any thread. `f` may as well be a coroutine that returns `boost::asio::awaitable<void>`
/// (include `weir/stream/await.hpp`), which runs on the stream's event loop.
///
/// **Units.** `parallelism` counts elements begun and not finished.
/// **Errors.** An error given to `finished` is answered by the node's policy; `raise` comes out of `drain`.
/// Losing every copy of `finished` uncalled is an error too, not a hang.
/// **Backpressure.** `emit` waits while `parallelism` elements are not finished.
/// **Source.** Coroutine sinks of streamz.
template <class F>
auto sink_async(F f, std::size_t parallelism = 1) {
  detail::stream::at_least_one("sink_async", "parallelism", parallelism);
  return [f = detail::callable("sink_async", "the function", std::move(f)),
          parallelism]<class T>(const Stream<T>& s) {
    static_assert(detail::stream::begins_or_awaits<F, T>,
                  "sink_async: the function takes (element, finished), or an element and returns "
                  "boost::asio::awaitable<void>");
    if constexpr (std::is_invocable_v<F&, T, detail::stream::Finished>)
      return detail::stream::attach_sink(
          s, std::make_unique<detail::stream::AsyncSinkNode<T, F>>(f, parallelism));
    else return detail::stream::attach_coroutine_sink(s, f, parallelism);
  };
}

}  // namespace op
}  // namespace weir
