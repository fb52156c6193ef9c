// Boundary: a node that parts the domain above from the one below. What enters stands in a queue until it is
// let out.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/lane.hpp"
#include "weir/detail/stream/graph/letter.hpp"
#include "weir/detail/stream/graph/passage.hpp"

namespace weir::detail::stream {

/// An element in a queue. One whose move might throw stands behind a pointer, so that what has entered comes
/// out.
template <class T>
using Kept =
    std::conditional_t<std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>,
                       std::optional<T>, std::unique_ptr<T>>;
template <class T, class X>
Kept<T> keep(X&& x) {
  if constexpr (std::is_same_v<Kept<T>, std::optional<T>>) return Kept<T>(std::forward<X>(x));
  else return std::make_unique<T>(std::forward<X>(x));
}

/// What stands in the queue: an element, or an event that keeps its place among them.
template <class T>
struct Parcel {
  enum class Kind : unsigned char { element, flush, end, reopen };
  Kept<T> element;
  TicketRef ticket;
  Kind kind = Kind::element;
  std::uint64_t rounds = flow.rounds + 1;
};

/// Takes elements of In inside the domain above, and gives elements of Out inside its own, later.
///
/// How long the queue may become, who empties it, and what becomes of an element meanwhile is up to the node:
/// it says so in `put`, and calls `let_out`.
template <class In, class Out>
class Boundary : public Outlet<Out>, public Inlet<In> {
 public:
  explicit Boundary(std::string kind) : Outlet<Out>(std::move(kind)), Inlet<In>(this) {}

  void push(In&& x) noexcept override { take(std::move(x)); }
  void push(const In& x) noexcept override {
    if constexpr (is_copyable<In>) take(x);
  }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ >= this->upstreams().size()) put({{}, {}, Kind::end});
  }
  void input_reopened(unsigned) override {
    if (this->ended_inputs_ > 0) --this->ended_inputs_;
    put({{}, {}, Kind::reopen});
  }
  void flush() override { put({{}, hold(), Kind::flush}); }
  void set_policy(ErrorPolicy policy) override {
    if constexpr (!is_chunk<In>) check_policy<In>(*this, policy);
    Node::set_policy(policy);
  }
  [[nodiscard]] bool is_boundary() const override { return true; }
  [[nodiscard]] bool comes_to_rest() const override { return true; }
  [[nodiscard]] std::size_t queued() const override { return parcels_.least_inside(); }
  [[nodiscard]] std::size_t pending() const override { return parcels_.most_inside(); }
  [[nodiscard]] std::uint64_t gone() const override { return parcels_.gone(); }

 protected:
  using Kind = typename Parcel<In>::Kind;

  /// Takes what enters; counts it as `entered` unless it is dropped.
  virtual void put(Parcel<In> parcel) noexcept = 0;
  void entered() noexcept { parcels_.came_from_any(); }
  /// The same, where one thread at a time calls it, which says later that there is something.
  void entered_alone() noexcept { parcels_.came(); }
  /// Another parcel is about to enter in its place.
  void dropped_one() noexcept { parcels_.went_from_any(); }
  /// A parcel has come out. Its ticket may call back, which may emit; only then nothing is pending.
  void left(Parcel<In>& parcel) noexcept {
    let_go(parcel.ticket);
    count_gone(true);
  }
  /// A parcel is gone; `looks`: it may have been the last.
  void count_gone(bool looks) noexcept {
    if (const std::uint64_t gone = parcels_.went_from_any(); looks && parcels_.is_empty_after(gone))
      this->graph().finished();
  }

  /// What a ticket calls is inside the graph, which still has its element.
  void let_go(TicketRef& ticket) noexcept {
    if (!ticket) return;
    Frame frame(*this, Frame::beside);
    ticket.reset();
    frame.finish_late();
  }
  /// Lets a parcel out: `give()` does it for an element. False if there is no room below; `if_room` says
  /// whether to look.
  template <class Give>
  bool let_out(const Parcel<In>& parcel, const Give& give, bool if_room = true) {
    bool sent = false;
    const TicketScope scope(parcel.ticket);
    const RoundsScope rounds(parcel.rounds);
    framed([&] {
      if (if_room && this->closed_gate()) return;
      sent = true;
      switch (parcel.kind) {
        case Kind::element:
          return give();
        case Kind::flush:
          return Node::flush();
        case Kind::end:
          return this->end();
        case Kind::reopen:
          return this->reopen();
      }
    });
    return sent;
  }
  /// Does something inside the domain below; what goes wrong there comes out of `drain`.
  template <class What>
  void framed(const What& what) {
    std::exception_ptr error;
    {
      Frame frame(*this);
      what();
      error = frame.finish_quietly();
    }
    if (error) this->graph().report(error);
  }
  [[nodiscard]] bool has_room() {
    const Frame inside(*this);
    return this->closed_gate() == nullptr;
  }
  /// There was no room: whether there is now; if not, `wake` is called when there may be.
  [[nodiscard]] bool has_room_or(std::function<void()> wake) {
    this->wake_when_opened(std::move(wake));
    return has_room();
  }

 private:
  /// Copying an element may fail, which is answered as any other failure.
  template <class X>
  void take(X&& x) noexcept {
    try {
      put({keep<In>(std::forward<X>(x)), hold()});
    } catch (...) {
      if constexpr (is_chunk<In>) this->raise_current();
      else answer_failure(*this, [&]() -> const In& { return x; });
    }
  }

  Passage parcels_;
};

}  // namespace weir::detail::stream
