// Operators whose output runs by itself: buffer, latest, map_async. They part the domain above from the one
// below.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "weir/detail/stream/graph/boundary.hpp"
#include "weir/detail/stream/graph/letter.hpp"
#include "weir/detail/stream/graph/pump.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// What a full buffer does with another element.
enum class Overflow {
  block,        ///< `emit` waits until there is room
  drop_oldest,  ///< the oldest one is dropped
  drop_newest   ///< the new one is dropped
};

namespace detail::stream {

/// The gate of a queue that is full with so many elements. It is ajar when there is room for one, and open
/// when a quarter of the queue is free.
class Brim {
 public:
  explicit Brim(Node& node) : gate_(node) {}
  [[nodiscard]] Gate& gate() noexcept { return gate_; }
  /// These are in the queue, which may hold `size`: after one more has come. Too many rather than too few:
  /// whoever was told that it is full is told of room later.
  void filled(std::size_t size, const Passage& queued) noexcept {
    if (queued.most_inside() < size) return;
    const std::lock_guard lock(mutex_);
    gate_.set(true);
    say_room(size, queued.most_inside());  // taken meanwhile
  }
  /// The same after one has been taken.
  void took(std::size_t size, const Passage& queued) noexcept {
    if (gate_.is_open()) return;
    const std::size_t left = queued.most_inside();
    if (left >= size || (left > few_of(size) && !gate_.is_closed())) return;
    const std::lock_guard lock(mutex_);
    say_room(size, queued.most_inside());
  }

 private:
  /// So few queued that there is room for many.
  [[nodiscard]] static std::size_t few_of(std::size_t size) noexcept { return size - 1 - (size - 1) / 4; }
  void say_room(std::size_t size, std::size_t queued) noexcept {
    if (queued <= few_of(size)) gate_.set(false);
    else if (queued < size && gate_.is_closed()) gate_.set_ajar();
  }
  Gate gate_;
  std::mutex mutex_;  // of those who change the gate
};

/// A bounded queue and the pump that empties it.
template <class T>
class BufferNode final : public Boundary<T, T> {
 public:
  explicit BufferNode(std::size_t size)
      : Boundary<T, T>("buffer"), size_(size), brim_(*this), lane_(size), pump_([this] { work(); }) {}
  ~BufferNode() override { pump_.shut(); }

  void attached() override { pump_.start(this->graph()); }
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] std::size_t queued() const override { return elements_.least_inside(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &brim_.gate(); }

 private:
  using typename Boundary<T, T>::Kind;

  void put(Parcel<T> parcel) noexcept override {
    const bool counts = parcel.kind == Kind::element;
    if (counts) {
      const std::size_t queued = elements_.at_most_inside(size_);
      if (this->is_lost_in_cycle(queued > size_ ? queued - size_ : 0)) return;
    }
    {
      const std::lock_guard inside(wicket_);
      if (counts) {
        this->in.add();
        elements_.came();
      }
      this->entered_alone();
      lane_.push(std::move(parcel));
    }
    if (counts && elements_.at_most_inside(size_) >= size_) brim_.filled(size_, elements_);
    pump_.poke();
  }
  void work() {
    std::size_t taken = 0;
    do {
      taken = 0;
      while (Parcel<T>* const first = lane_.front()) {
        const auto give = [&] {
          elements_.went();
          brim_.took(size_, elements_);
          this->admit(std::move(*first->element));
        };
        if (this->let_out(*first, give)) {
          this->let_go(first->ticket);
          lane_.pop();
          this->count_gone(!lane_.is_known_of());
          ++taken;
        } else if (!this->has_room_or([this] { pump_.poke(); })) {
          return;
        }
      }
    } while (pace_.goes_on(taken));
  }

  const std::size_t size_;
  Brim brim_;
  // Of those who put, one at a time.
  alignas(line_bytes) Wicket wicket_;
  Lane<Parcel<T>> lane_;
  Passage elements_;
  alignas(line_bytes) Pace pace_;  // the pump's own
  alignas(line_bytes) Pump pump_;
};

/// A queue that drops elements rather than to let anybody wait.
template <class T>
class DroppingBufferNode final : public Boundary<T, T> {
 public:
  DroppingBufferNode(std::size_t size, Overflow overflow)
      : Boundary<T, T>("buffer"), size_(size), overflow_(overflow), pump_([this] { work(); }) {}
  ~DroppingBufferNode() override { pump_.shut(); }

  void attached() override { pump_.start(this->graph()); }
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] std::size_t queued() const override { return queued_.load(); }

 private:
  using typename Boundary<T, T>::Kind;

  void put(Parcel<T> parcel) noexcept override {
    const bool counts = parcel.kind == Kind::element;
    const std::size_t queued = queued_.load();
    if (counts && this->is_lost_in_cycle(queued > size_ ? queued - size_ : 0)) return;
    std::optional<Parcel<T>> dropped;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      if (counts) {
        this->in.add();
        const bool is_full = queued_.load() >= size_;
        if (is_full && (overflow_ == Overflow::drop_newest || waiting_.empty()))
          return void(dropped.emplace(std::move(parcel)));
        if (is_full) {
          dropped.emplace(std::move(waiting_.front()));
          waiting_.pop_front();
          queued_.fetch_sub(1);
          this->dropped_one();
        }
        queued_.fetch_add(1);
      }
      this->entered();
      waiting_.push_back(std::move(parcel));
    }
    pump_.poke();
  }
  bool fetch() {
    if (taken_) return true;
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;  // what is in it may still be dropped
    taken_ = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }
  void work() {
    while (fetch()) {
      const auto give = [&] {
        queued_.fetch_sub(1);
        this->admit(std::move(*taken_->element));
      };
      if (this->let_out(*taken_, give)) {
        this->left(*taken_);
        taken_.reset();
      } else if (!this->has_room_or([this] { pump_.poke(); })) {
        return;
      }
    }
  }

  const std::size_t size_;
  const Overflow overflow_;
  std::mutex mutex_;
  std::deque<Parcel<T>> waiting_;   // guarded by mutex_
  std::optional<Parcel<T>> taken_;  // the pump's own
  std::atomic<std::size_t> queued_{0};
  Pump pump_;
};

/// Holds the newest element until the one before it is done.
template <class T>
class LatestNode final : public Boundary<T, T> {
 public:
  LatestNode() : Boundary<T, T>("latest"), pump_([this] { work(); }) {}
  ~LatestNode() override { pump_.shut(); }

  void attached() override { pump_.start(this->graph()); }
  void flush() override {}
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] std::size_t queued() const override { return this->pending() > 0 ? 1 : 0; }

 private:
  using typename Boundary<T, T>::Kind;

  /// An element takes the place of the one before it; events keep theirs.
  void put(Parcel<T> parcel) noexcept override {
    const bool is_element = parcel.kind == Kind::element;
    if (is_element && this->is_lost_in_cycle()) return;
    Parcel<T> older;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      if (is_element) this->in.add();
      if (is_element && !waiting_.empty() && waiting_.back().kind == Kind::element) {
        older = std::exchange(waiting_.back(), std::move(parcel));
      } else {
        this->entered();
        waiting_.push_back(std::move(parcel));
      }
    }
    pump_.poke();
  }
  std::optional<Parcel<T>> fetch() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return std::nullopt;
    std::optional<Parcel<T>> first(std::move(waiting_.front()));
    waiting_.pop_front();
    return first;
  }
  void work() {
    while (this->has_room() || this->has_room_or([this] { pump_.poke(); })) {
      std::optional<Parcel<T>> parcel = fetch();
      if (!parcel) return;
      this->let_out(
          *parcel, [&] { this->admit(std::move(*parcel->element)); }, false);
      this->left(*parcel);
    }
  }

  std::mutex mutex_;
  std::deque<Parcel<T>> waiting_;
  Pump pump_;
};

/// Runs a function on threads of its own and emits the results in the order of the elements.
///
/// Elements stand in a ring, where each of the threads takes the next one; whoever finds the oldest ready,
/// and nobody emitting, emits all that are ready. What finds no place in the ring waits until there is one.
template <class In, class F>
class MapAsyncNode final : public Boundary<In, std::decay_t<Called<F, In>>> {
 public:
  using Out = std::decay_t<Called<F, In>>;
  MapAsyncNode(F f, std::size_t parallelism)
      : Boundary<In, Out>("map_async"),
        f_(std::move(f)),
        parallelism_(parallelism),
        mask_(std::bit_ceil(std::max(2 * parallelism, most_inside)) - 1),
        brim_(*this),
        crew_([this] { return work(); }, [this] { return due(); }) {}
  ~MapAsyncNode() override { crew_.shut(); }

  void attached() override { crew_.start(this->graph(), parallelism_); }
  void shut() noexcept override { crew_.shut(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &brim_.gate(); }

 private:
  using typename Boundary<In, Out>::Kind;
  struct Slot {
    Parcel<In> parcel;
    std::optional<Out> result = {};
    std::exception_ptr error = {};
    std::atomic<bool> is_ready{false};
  };

  // --- what comes

  void put(Parcel<In> parcel) noexcept override {
    const bool is_element = parcel.kind == Kind::element;
    const std::size_t room = room_.load(std::memory_order_relaxed), now = inside_.at_most_inside(room);
    if (is_element && this->is_lost_in_cycle(now > room ? now - room : 0)) return;
    {
      const std::lock_guard inside(wicket_);
      if (is_element) this->in.add();
      this->entered_alone();
      inside_.came();
      if (beyond_.empty() && has_place()) {
        place(std::move(parcel));
      } else {
        beyond_.push_back(std::move(parcel));
        are_beyond_.store(true);
        place_those_beyond();  // perhaps one has left meanwhile
      }
    }
    if (inside_.at_most_inside(room) >= room) brim_.filled(room, inside_);
    crew_.add();
  }
  [[nodiscard]] bool has_place() noexcept {
    return placed_count_ <= mask_ || inside_.gone_if(placed_count_ - mask_) + mask_ >= placed_count_;
  }
  void place(Parcel<In>&& parcel) {
    if (!slots_) slots_ = std::make_unique<Slot[]>(mask_ + 1);
    slots_[placed_count_ & mask_].parcel = std::move(parcel);
    placed_.store(++placed_count_);
  }
  void place_those_beyond() {
    while (!beyond_.empty() && has_place()) {
      place(std::move(beyond_.front()));
      beyond_.pop_front();
    }
    are_beyond_.store(!beyond_.empty());
  }

  // --- the threads

  [[nodiscard]] std::size_t due() const noexcept {
    const std::uint64_t begun = begun_.load();  // first
    const std::uint64_t due = placed_.load() - begun;
    return due == 0 && is_resumed_.load(std::memory_order_relaxed) ? 1 : due;
  }
  /// How many calls it made.
  std::size_t work() {
    if (is_resumed_.load(std::memory_order_relaxed)) is_resumed_.store(false);
    const std::size_t most = batch_.load(std::memory_order_relaxed);
    std::size_t done = 0;
    const auto start = Cost::Clock::now();
    while (Slot* const slot = begin()) {
      if (slot->parcel.kind == Kind::element) compute(*slot);
      slot->is_ready.store(true);
      if (++done >= most || (done % 8 == 1 && Cost::Clock::now() - start > worth_emitting)) break;
    }
    if (done > 0) note_cost(done, start, Cost::Clock::now());
    emit_ready();
    return done;
  }
  Slot* begin() noexcept {
    std::uint64_t at = begun_.load(std::memory_order_relaxed);
    do {
      if (at >= seen_placed_.load(std::memory_order_relaxed)) {
        const std::uint64_t placed = placed_.load();
        seen_placed_.store(placed, std::memory_order_relaxed);
        if (at >= placed) return nullptr;
      }
    } while (!begun_.compare_exchange_weak(at, at + 1));
    return &slots_[at & mask_];
  }
  void compute(Slot& slot) {
    const TicketScope scope(slot.parcel.ticket);
    const RoundsScope rounds(slot.parcel.rounds);
    Frame frame(*this, Frame::beside);
    call_it(slot);
    frame.finish_late();
  }
  void call_it(Slot& slot) noexcept {
    for (unsigned attempt = 0;; ++attempt) {
      try {
        return call_once(slot);
      } catch (...) {
        if (attempt < this->policy_.retries) continue;
        slot.error = std::current_exception();
        return;
      }
    }
  }
  /// The function is given the element, or shown it if it may be wanted after a failure.
  void call_once(Slot& slot) {
    In& x = *slot.parcel.element;
    if constexpr (is_copyable<In>) {
      if (this->policy_.retries > 0 || this->policy_.letter_box)
        return void(slot.result.emplace(call(f_, std::as_const(x))));
    }
    slot.result.emplace(call(f_, std::move(x)));
  }
  void note_cost(std::size_t calls, Cost::Clock::time_point start, Cost::Clock::time_point now) noexcept {
    this->cost.add(calls, now - start);
    look_at_pace(now);
    const auto each = (now - start) / calls + std::chrono::nanoseconds(1);
    const auto those_of = [each](std::chrono::nanoseconds time) {
      return static_cast<std::size_t>(time / each);
    };
    const std::size_t went = went_.load(std::memory_order_relaxed);
    const std::size_t quick =
        std::min(parallelism_ * those_of(worth_sleeping), went * 4 * worth_sleeping / while_going);
    const std::size_t slower = std::min(parallelism_ * std::min(those_of(while_going), most_slower), went);
    room_.store(std::max(2 * parallelism_, std::min(std::max(quick, slower), most_inside)),
                std::memory_order_relaxed);
    batch_.store(std::clamp<std::size_t>(those_of(worth_emitting), 1, most_at_once),
                 std::memory_order_relaxed);
  }

  /// How many go on: more elements inside are of no use to a consumer who takes few of them, and they may be
  /// large.
  void look_at_pace(Cost::Clock::time_point now) noexcept {
    constexpr std::uint64_t enough = 16;
    Cost::Clock::time_point last = looked_.load(std::memory_order_relaxed);
    const auto time = now - last;
    const std::uint64_t emitted = inside_.gone(),
                        went = emitted - seen_going_.load(std::memory_order_acquire);
    if (time < (went < enough ? while_going : worth_sleeping) || !looked_.compare_exchange_strong(last, now))
      return;
    seen_going_.store(emitted, std::memory_order_release);
    went_.store(went * while_going / time, std::memory_order_relaxed);
  }

  // --- what is ready

  [[nodiscard]] bool is_first_ready() const noexcept {
    const std::uint64_t emitted = inside_.gone();
    return emitted != placed_.load() && slots_[emitted & mask_].is_ready.load();
  }
  void emit_ready() {
    while (is_first_ready() && !is_emitting_.exchange(true)) {
      bool is_blocked = false;
      while (is_first_ready() && !is_blocked) is_blocked = !pass_on(slots_[inside_.gone() & mask_]);
      is_emitting_.store(false);
      if (is_blocked && !this->has_room_or([this] { resume(); })) return;
    }
  }
  void resume() noexcept {
    is_resumed_.store(true);
    crew_.add();
  }
  bool pass_on(Slot& slot) {
    if (!this->let_out(slot.parcel, [&] { give(slot); })) return false;
    this->let_go(slot.parcel.ticket);
    slot.parcel.element = {};
    slot.result.reset();
    slot.error = nullptr;
    slot.is_ready.store(false, std::memory_order_relaxed);
    const std::uint64_t emitted = inside_.went();
    if (are_beyond_.load()) {
      const std::lock_guard inside(wicket_);
      place_those_beyond();
    }
    brim_.took(room_.load(std::memory_order_relaxed), inside_);
    this->count_gone(emitted >= seen_placed_.load(std::memory_order_relaxed));
    return true;
  }
  void give(Slot& slot) {
    if (!slot.error) return this->admit(std::move(*slot.result));
    if constexpr (is_copyable<In>) {
      if (this->policy_.letter_box) return send_letter(*this, *slot.parcel.element, slot.error);
    }
    if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
    else this->raise(slot.error);
  }

  F f_;
  // An emitter that sleeps until there is room, and the threads beside it, lose so much: of quick functions
  // as many are inside, if a quarter of them goes on meanwhile. Of slower ones so many that it need not be
  // woken for each.
  static constexpr std::chrono::microseconds worth_sleeping{100}, while_going{1000};
  static constexpr std::size_t most_slower = 32;  // for each thread
  // Results of quick calls go on together after so much.
  static constexpr std::chrono::microseconds worth_emitting{5};
  static constexpr std::size_t most_inside = 256, most_at_once = 32;

  const std::size_t parallelism_, mask_;
  std::unique_ptr<Slot[]> slots_;  // from the first element on
  std::atomic<std::size_t> room_{2 * parallelism_}, batch_{1};
  Brim brim_;
  // Of those who put, one at a time.
  alignas(line_bytes) Wicket wicket_;
  std::uint64_t placed_count_ = 0;
  std::deque<Parcel<In>> beyond_;  // that have no place
  std::atomic<bool> are_beyond_{false};
  alignas(line_bytes) std::atomic<std::uint64_t> placed_{0};
  // Of the threads.
  alignas(line_bytes) std::atomic<std::uint64_t> begun_{0}, seen_placed_{0};
  std::atomic<Cost::Clock::time_point> looked_{Cost::Clock::time_point()};
  std::atomic<std::uint64_t> seen_going_{0};
  std::atomic<std::size_t> went_{0};     // in `while_going`
  std::atomic<bool> is_resumed_{false};  // there may be room below
  Passage inside_;
  std::atomic<bool> is_emitting_{false};
  Crew crew_;
};

}  // namespace detail::stream

namespace op {

/// The member `buffer` as an operator, which has its contract.
inline auto buffer(std::size_t size, Overflow overflow = Overflow::block) {
  detail::stream::at_least_one("buffer", "size", size);
  return [=]<class T>(const Stream<T>& s) {
    const auto attach = [&](auto node) {
      node->set_detail(std::to_string(size));
      return detail::stream::attach<T>(s, std::move(node));
    };
    if (overflow == Overflow::block) return attach(std::make_unique<detail::stream::BufferNode<T>>(size));
    return attach(std::make_unique<detail::stream::DroppingBufferNode<T>>(size, overflow));
  };
}

/// The member `latest` as an operator, which has its contract.
inline auto latest() {
  return []<class T>(const Stream<T>& s) {
    return detail::stream::attach<T>(s, std::make_unique<detail::stream::LatestNode<T>>());
  };
}

/// The member `map_async` as an operator, which has its contract.
template <class F>
auto map_async(F f, std::size_t parallelism = 1) {
  detail::stream::at_least_one("map_async", "parallelism", parallelism);
  return [f = detail::callable("map_async", "the function", std::move(f)),
          parallelism]<class T>(const Stream<T>& s) {
    constexpr bool is_callable = detail::stream::CallableWith<F, T>;
    constexpr bool gives = [] {
      if constexpr (is_callable) return !std::is_void_v<detail::stream::Called<F, T>>;
      else return true;
    }();
    if constexpr (is_callable && gives) {
      using Made = detail::stream::MapAsyncNode<T, F>;
      auto node = std::make_unique<Made>(f, parallelism);
      node->set_detail(std::to_string(parallelism));
      return detail::stream::attach<typename Made::Out>(s, std::move(node));
    } else {
      using Misfit = detail::stream::Misfit;
      return detail::stream::Refused < T, is_callable ? Misfit::nothing : Misfit::function > {};
    }
  };
}

/// What runs by itself; members of `Stream` and `ClusterStream`.
template <class Self>
class AsyncMembers {
 public:
  /// Keeps up to `size` elements between those who emit and those who consume; what is below runs on a thread
  /// of its own, or on the stream's event loop if it was given one.
  ///
  /// **Shape.** Every element, same order.
  /// **Units.** `size` counts elements waiting; one more is being consumed.
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0. An error below comes out of `drain`; the
  /// next elements go on.
  /// **Threads.** Parts the threads above from the one below.
  /// **Backpressure.** `emit` waits while `size` elements are waiting, or drops one, as `overflow` says. The
  /// ticket is held until the element was consumed.
  /// **Cost.** About 0.1 us per element between two running threads; 50 us when the consumer slept.
  /// **Source.** streamz `Stream.buffer`; 0 is not unbounded here, and an error does not end it.
  auto buffer(std::size_t size, Overflow overflow = Overflow::block) const {
    return static_cast<const Self&>(*this).apply(op::buffer(size, overflow));
  }
  /// Gives the newest element to a consumer that is slower than the stream; older ones that waited are
  /// dropped.
  ///
  /// **Shape.** A subset of the elements, in order; the last one always.
  /// **Errors.** As `buffer`: what is thrown below comes out of `drain`.
  /// **Threads.** As `buffer`.
  /// **Backpressure.** None: `emit` never waits. A dropped element is done.
  /// **Source.** streamz `Stream.latest`, which loses the newest.
  ///
  /// On the cluster the consumer takes one element at a time, values that are dropped never move, and an
  /// element dropped by a filter above counts as one that was given.
  auto latest() const {
    if constexpr (detail::stream::is_on_cluster<Self>)
      return detail::stream::ClusterSide<Self>::latest(static_cast<const Self&>(*this));
    else return static_cast<const Self&>(*this).apply(op::latest());
  }
  /// Emits `f(x)`, computed by `parallelism` threads, in the order of the elements.
  ///
  /// **Shape.** One element out for one in, order kept.
  /// **Units.** `parallelism` counts calls of `f` at the same time; as many more elements wait before `emit`
  /// does. Of a function that takes less than 0.5 ms there are more inside, for each thread those of a
  /// millisecond, up to 32, or those of 0.1 ms, if more; at most 256, and no more than go on in a
  /// millisecond, or four times those that do in 0.1 ms.
  /// **Errors.** Throws `Error{invalid_argument}` if `parallelism` is 0. What `f` throws is answered by the
  /// node's policy; `raise` comes out of `drain`, and the next elements go on.
  /// **Threads.** `f` is called by several threads at once, unless a manual clock drives the stream.
  /// **Backpressure.** `emit` waits while so many elements are inside: twice `parallelism`, or more quick
  /// ones.
  /// **Cost.** About 0.1 us an element. Of a function of 5 us two threads make 1.7 times what one does, of
  /// one of 20 us 1.9 times; one that takes less than 0.4 us is called by one thread.
  /// **Source.** streamz `Stream.map_async`, whose concurrency is one more.
  ///
  /// On the cluster the threads of the workers are the parallelism, and it is `map`.
  template <class F>
  auto map_async(F f, std::size_t parallelism = 1) const& requires detail::stream::MapsElement<Self, F> {
    return static_cast<const Self&>(*this).apply(computing(std::move(f), parallelism));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F>
      auto map_async(F f, std::size_t parallelism = 1) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::MapsElement<Self, F> {
    return static_cast<Self&&>(*this).apply(computing(std::move(f), parallelism));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(map_async, TakesElement,
                        "the function cannot be called with an element of this stream", F, std::size_t = 1)
  template <class F, class S = Self>
  requires(detail::stream::TakesElement<S, F> && !detail::stream::MapsElement<S, F>)
      WEIR_REFUSES("weir: map_async: the function must return a value; use sink for one that does not")
  detail::Refused map_async(F, std::size_t = 1) const& { return {}; }
  template <class S = Self>
  WEIR_REFUSES(
      "weir: map_async: this function has several forms, or is a template: choose one, "
      ".map_async(weir::overload<double(double)>(std::sqrt)), or name it in a lambda")
  detail::Refused
      map_async(detail::NeedsWeirOverload<typename S::Element, typename S::Element>, std::size_t = 1) const& {
    return {};
  }
  /// \endcond

 private:
  template <class F>
  static auto computing(F f, std::size_t parallelism) {
    auto here = op::map_async(f, parallelism);
    if constexpr (detail::stream::is_on_cluster<Self>) return op::map(std::move(f));
    else return here;
  }
};

}  // namespace op
}  // namespace weir
