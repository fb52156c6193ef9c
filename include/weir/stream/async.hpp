// Operators whose output runs by itself: buffer, latest, map_async. They part the domain above from the one
// below.
#pragma once

#include <algorithm>
#include <atomic>
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

/// A bounded queue and the pump that empties it.
template <class T>
class BufferNode final : public Boundary<T, T> {
 public:
  BufferNode(std::size_t size, Overflow overflow)
      : Boundary<T, T>("buffer"), size_(size), overflow_(overflow), gate_(*this), pump_([this] { work(); }) {}
  ~BufferNode() override { pump_.shut(); }

  void attached() override { pump_.start(this->graph()); }
  void shut() noexcept override { pump_.shut(); }
  [[nodiscard]] std::size_t queued() const override { return queued_.load(); }
  [[nodiscard]] Gate* gate(unsigned) override { return overflow_ == Overflow::block ? &gate_ : nullptr; }

 private:
  using typename Boundary<T, T>::Kind;

  void put(Parcel<T> parcel) noexcept override {
    const bool counts = parcel.kind == Kind::element;
    const std::size_t queued = queued_.load();
    if (counts && this->is_lost_in_cycle(queued > size_ ? queued - size_ : 0)) return;
    Parcel<T> dropped;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      if (counts) {
        this->in.add();
        const bool is_full = overflow_ != Overflow::block && queued_.load() >= size_;
        if (is_full && (overflow_ == Overflow::drop_newest || arrived_.empty()))
          return void(dropped = std::move(parcel));
        if (is_full) {
          dropped = std::exchange(arrived_.front(), {});
          arrived_.pop_front();
          queued_.fetch_sub(1);
          this->dropped_one();
        }
        queued_.fetch_add(1);
      }
      this->entered();
      arrived_.push_back(std::move(parcel));
      if (counts && overflow_ == Overflow::block && queued_.load() >= size_) {
        gate_.set(true);
        say_room();  // taken meanwhile
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
    while (fetch()) {
      Parcel<T>& first = taken_.front();
      const auto give = [&] {
        took_one();
        this->admit(std::move(*first.element));
      };
      if (this->let_out(first, give)) {
        this->left(first);
        taken_.pop_front();
      } else if (!this->has_room_or([this] { pump_.poke(); })) {
        return;
      }
    }
  }
  void took_one() noexcept {
    const std::size_t left = queued_.fetch_sub(1) - 1;
    if (gate_.is_open() || left >= size_ || (left > few_ && !gate_.is_closed())) return;
    const std::lock_guard lock(mutex_);
    say_room();
  }
  void say_room() noexcept {
    const std::size_t queued = queued_.load();
    if (queued <= few_) gate_.set(false);
    else if (queued < size_ && gate_.is_closed()) gate_.set_ajar();
  }

  const std::size_t size_, few_ = size_ - 1 - (size_ - 1) / 4;  // so few queued that there is room for many
  const Overflow overflow_;
  Gate gate_;
  std::mutex mutex_;
  std::deque<Parcel<T>> arrived_;  // guarded by mutex_
  std::deque<Parcel<T>> taken_;    // the pump's own
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
template <class In, class F>
class MapAsyncNode final : public Boundary<In, std::decay_t<Called<F, In>>> {
 public:
  using Out = std::decay_t<Called<F, In>>;
  MapAsyncNode(F f, std::size_t parallelism)
      : Boundary<In, Out>("map_async"),
        f_(std::move(f)),
        parallelism_(parallelism),
        gate_(*this),
        crew_([this] { work(); }) {}
  ~MapAsyncNode() override { crew_.shut(); }

  void attached() override { crew_.start(this->graph(), parallelism_); }
  void shut() noexcept override { crew_.shut(); }
  [[nodiscard]] Gate* gate(unsigned) override { return &gate_; }

 private:
  using typename Boundary<In, Out>::Kind;
  struct Slot {
    Parcel<In> parcel;
    bool is_ready = false;
    std::optional<Out> result = {};
    std::exception_ptr error = {};
  };

  void put(Parcel<In> parcel) noexcept override {
    const bool is_element = parcel.kind == Kind::element;
    const std::size_t inside = this->pending(), most = room_.load(std::memory_order_relaxed);
    if (is_element && this->is_lost_in_cycle(inside > most ? inside - most : 0)) return;
    {
      const std::lock_guard lock(mutex_);
      if (is_element) this->in.add();
      slots_.push_back({std::move(parcel), !is_element});
      this->entered();
      gate_.set(slots_.size() >= room_.load(std::memory_order_relaxed));
    }
    crew_.add();
  }
  void work() {
    Slot* computed = begin();
    if (computed) compute(*computed);
    while (Slot* const slot = first_ready(std::exchange(computed, nullptr))) {
      if (!pass_on(*slot) && !this->has_room_or([this] { crew_.add(); })) return;
    }
  }
  Slot* begin() {
    const std::lock_guard lock(mutex_);
    while (begun_ < slots_.size() && slots_[begun_].is_ready) ++begun_;  // events
    return begun_ < slots_.size() ? &slots_[begun_++] : nullptr;
  }
  void compute(Slot& slot) {
    const auto start = Cost::Clock::now();
    try_to_compute(slot);
    const auto time = Cost::Clock::now() - start;
    this->cost.add(1, time);
    const std::size_t many =
        parallelism_ * static_cast<std::size_t>(worth_sleeping / (time + std::chrono::nanoseconds(1)));
    room_.store(std::max(2 * parallelism_, std::min(many, most_inside)), std::memory_order_relaxed);
  }
  void try_to_compute(Slot& slot) {
    const TicketScope scope(slot.parcel.ticket);
    const RoundsScope rounds(slot.parcel.rounds);
    Frame frame(*this, Frame::beside);
    call_it(slot);
    frame.finish_late();
  }
  void call_it(Slot& slot) noexcept {
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
  Slot* first_ready(Slot* computed) {
    const std::lock_guard lock(mutex_);
    if (computed) computed->is_ready = true;
    if (is_emitting_ || slots_.empty() || !slots_.front().is_ready) return nullptr;
    is_emitting_ = true;
    return &slots_.front();
  }
  bool pass_on(Slot& slot) {
    const bool sent = this->let_out(slot.parcel, [&] { give(slot); });
    Parcel<In> gone;  // let go outside the lock: its ticket may call back
    {
      const std::lock_guard lock(mutex_);
      is_emitting_ = false;
      if (!sent) return false;
      gone = std::move(slot.parcel);
      slots_.pop_front();
      begun_ -= begun_ > 0;
      gate_.set(slots_.size() >= room_.load(std::memory_order_relaxed));
    }
    this->left(gone);
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
  // An emitter that sleeps until there is room loses so much: of quick functions as many are inside.
  static constexpr std::chrono::microseconds worth_sleeping{50};
  static constexpr std::size_t most_inside = 256;

  const std::size_t parallelism_;
  std::atomic<std::size_t> room_{2 * parallelism_};
  Gate gate_;
  std::mutex mutex_;
  std::deque<Slot> slots_;
  std::size_t begun_ = 0;  // of these, from the front
  bool is_emitting_ = false;
  Crew crew_;
};

}  // namespace detail::stream

namespace op {

/// The member `buffer` as an operator, which has its contract.
inline auto buffer(std::size_t size, Overflow overflow = Overflow::block) {
  detail::stream::at_least_one("buffer", "size", size);
  return [=]<class T>(const Stream<T>& s) {
    auto node = std::make_unique<detail::stream::BufferNode<T>>(size, overflow);
    node->set_detail(std::to_string(size));
    return detail::stream::attach<T>(s, std::move(node));
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
  /// does, and of a function that takes less than 25 us as many as take 50 us for each thread, at most 256.
  /// **Errors.** Throws `Error{invalid_argument}` if `parallelism` is 0. What `f` throws is answered by the
  /// node's policy; `raise` comes out of `drain`, and the next elements go on.
  /// **Threads.** `f` is called by several threads at once, unless a manual clock drives the stream.
  /// **Backpressure.** `emit` waits while so many elements are inside: twice `parallelism`, or more quick
  /// ones.
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
