// Emission: what emit() returns. As a statement it waits for room; co_awaited it lets the loop go on
// meanwhile.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/draining.hpp"
#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

/// An element on its way in.
///
/// Usually it is in already when `emit` returns. If a node was full, dropping the Emission (the end of the
/// statement `s.emit(x);`) blocks until there is room, and `co_await s.emit(x)` suspends instead (include
/// `weir/stream/await.hpp`).
///
/// **Errors.** What a node's function throws comes out where the element went in: of `emit`, of the end of
/// the statement, or of `co_await`; of `drain`, if another exception is under way there.
/// **Threads.** A thread that emits from a function of another stream, and would wait for a thread that waits
/// for it, does not wait: the element is left to that thread, or exceeds a bound; what goes wrong then comes
/// out of `drain`.
template <class T>
class Emission {
 public:
  Emission() noexcept = default;
  Emission(Outlet<T>& outlet, std::shared_ptr<Graph> graph, T&& x, TicketRef ticket)
      : outlet_(&outlet),
        waiting_(
            std::make_unique<Waiting>(Waiting{std::move(graph), &outlet, std::move(x), std::move(ticket)})) {}
  Emission(Emission&& other) noexcept
      : outlet_(std::exchange(other.outlet_, nullptr)), waiting_(std::move(other.waiting_)) {}
  Emission& operator=(Emission&&) = delete;
  ~Emission() noexcept(false) {
    if (outlet_) [[unlikely]]
      wait_at_end();
  }
  /// Whether the element is in.
  [[nodiscard]] bool is_taken() const noexcept { return outlet_ == nullptr; }
  /// Tries once more; true if the element is in now.
  bool retry() {
    if (!outlet_) return true;
    Outlet<T>& outlet = *outlet_;
    const TicketScope scope(waiting_->ticket ? waiting_->ticket : hold());
    Entry state;
    try {
      state = outlet.offer(std::move(waiting_->element));
    } catch (...) {
      outlet_ = nullptr;
      throw;
    }
    if (state == Entry::full) return false;
    outlet_ = nullptr;
    if (state == Entry::closed) refuse_closed(outlet);
    return true;
  }
  /// That a full node has room is told to those who wait.
  static constexpr bool is_told = true;
  /// Whether a retry now would find no room.
  [[nodiscard]] bool would_wait() const {
    if (!outlet_) return false;
    const Frame inside(*outlet_, Frame::unless_stuck);
    return inside.is_inside() && outlet_->entry() == Entry::full;
  }
  /// Says it if only a cycle that waits for itself could make room.
  void look(CycleWatch& watch) const {
    if (outlet_) watch.look("emit", *outlet_);
  }
  /// What `sink` has begun waits for it, as long as that is kept.
  [[nodiscard]] std::shared_ptr<void> note(InFlight& sink) const {
    return outlet_ ? note_for_room(sink, *outlet_) : nullptr;
  }
  /// Blocks until there is room.
  void wait() {
    if (outlet_) Graph::wait(*outlet_, "emit", [this] { return retry(); });
  }
  /// It is not waited for after all; the element is lost.
  void abandon() noexcept { outlet_ = nullptr; }
  /// Calls back once, soon after there may be room, for another `retry`.
  void when_changed(std::function<void()> callback) { Graph::of(*outlet_)->when_opened(std::move(callback)); }
  /// Makes it an asynchronous operation of Boost.Asio, which is what `co_await` needs.
  template <class Token>
  auto operator()(Token&& token)
      -> decltype(Await<std::decay_t<Token>, Emission>::start(std::move(*this), std::forward<Token>(token))) {
    return Await<std::decay_t<Token>, Emission>::start(std::move(*this), std::forward<Token>(token));
  }

 private:
  struct Waiting {
    std::shared_ptr<Graph> graph;
    NodeRef into;
    T element;
    TicketRef ticket;
    int exceptions = std::uncaught_exceptions();  // that were on their way when it began to wait
  };
  /// An exception that would meet another one on its way comes out of `drain` instead.
  void wait_at_end() {
    if (std::uncaught_exceptions() <= waiting_->exceptions) return wait();
    try {
      wait();
    } catch (...) {
      waiting_->graph->report(std::current_exception());
    }
  }
  Outlet<T>* outlet_ = nullptr;  // null when the element is in
  std::unique_ptr<Waiting> waiting_;
};

}  // namespace weir::detail::stream
