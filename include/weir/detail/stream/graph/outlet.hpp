// Outlet, what operators stand on: an emission is a chain of virtual calls under the lock of one domain.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/element.hpp"
#include "weir/detail/stream/graph/frame.hpp"
#include "weir/detail/stream/graph/stack.hpp"
#include "weir/detail/stream/graph/wave.hpp"

namespace weir::detail::stream {

/// A node that gives out elements of T.
template <class T>
class Outlet : public Node {
 public:
  /// `copyable`: its elements can go to several downstreams.
  explicit Outlet(std::string kind, bool copyable = is_copyable<T>) : Node(std::move(kind), copyable) {}
  [[nodiscard]] bool is_on_cluster() const override { return is_chunk<T>; }

  /// Gives an element to everything below, in subscription order. Inside the domain.
  void send(T&& x) noexcept {
    count(x);
    [[maybe_unused]] const WaveOf wave;
    InletBase* const* const to = fan_;
    const unsigned count = fan_count_;
    if (count == 0) return;
    for (unsigned i = 0; i + 1 < count; ++i) static_cast<Inlet<T>*>(to[i])->push(std::as_const(x));
    static_cast<Inlet<T>*>(to[count - 1])->push(std::move(x));
  }
  void send(const T& x) noexcept {
    count(x);
    [[maybe_unused]] const WaveOf wave;
    InletBase* const* const to = fan_;
    const unsigned count = fan_count_;
    for (unsigned i = 0; i < count; ++i) static_cast<Inlet<T>*>(to[i])->push(x);
  }

  /// An element that enters from outside; if an earlier one that entered here is still on its way, it waits
  /// for that one. Inside a frame.
  template <class X>
  void admit(X&& x) noexcept {
    if (busy_) [[unlikely]]
      return defer(std::forward<X>(x), false);
    busy_ = true;
    send(std::forward<X>(x));
    busy_ = false;
  }

  /// Leaves an element to the thread that has the domain.
  template <class X>
  void leave(X&& x) {
    if constexpr (std::is_constructible_v<T, X&&>)
      leave_to_holder(*this, std::make_unique<Later>(*this, T(std::forward<X>(x)), true));
    else std::terminate();  // what cannot be copied comes to be moved
  }

  /// Emits if every bounded node in reach has room. The element is untouched unless the answer is `open`.
  template <class X>
  Entry offer(X&& x) {
    Frame frame(*this, Frame::unless_stuck);
    if (!frame.is_inside()) [[unlikely]] {
      leave(std::forward<X>(x));
      return Entry::open;
    }
    if (const Entry state = entry(); state != Entry::open) [[unlikely]]
      return state;
    if (busy_) [[unlikely]]
      defer(std::forward<X>(x), true);
    else admit(std::forward<X>(x));
    frame.finish();
    return Entry::open;
  }

 private:
  struct NoWave {};
  using WaveOf = std::conditional_t<is_chunk<T>, Wave, NoWave>;
  void count(const T& x) noexcept {
    if constexpr (is_chunk<T>) out.add(x.elements);
    else out.add();
  }
  struct Later final : Deferred {
    Outlet& outlet;
    NodeRef kept{&outlet};
    T element;
    const bool was_promised;  // whoever emitted it has been told that it is in
    TicketRef ticket = hold();
    std::uint64_t rounds = flow.rounds;
    Later(Outlet& to, T&& x, bool promised) : outlet(to), element(std::move(x)), was_promised(promised) {}
    void run() noexcept override {
      const TicketScope scope(std::move(ticket));
      const RoundsScope same(rounds);
      Frame frame(outlet);
      if (was_promised && outlet.ended_) outlet.raise_closed();
      else outlet.admit(std::move(element));
      frame.finish_late();
    }
  };
  template <class X>
  void defer(X&& x, bool is_promised) noexcept {
    try {
      if constexpr (std::is_lvalue_reference_v<X> && !is_copyable<T>)
        std::terminate();  // a second downstream was refused at connection
      else flow.frame->put_off(std::make_unique<Later>(*this, T(std::forward<X>(x)), is_promised));
    } catch (...) {
      raise_current();
    }
  }
};

/// A node that passes on what it is given.
template <class T>
class PassingNode : public Outlet<T>, public Inlet<T> {
 public:
  explicit PassingNode(std::string kind) : Outlet<T>(std::move(kind)), Inlet<T>(this) {}
  [[nodiscard]] bool is_passive() const override { return true; }
  void push(T&& x) noexcept override {
    this->in.add();
    with_stack([&] { this->admit(std::move(x)); });
  }
  void push(const T& x) noexcept override {
    this->in.add();
    with_stack([&] { this->admit(x); });
  }
};

}  // namespace weir::detail::stream
