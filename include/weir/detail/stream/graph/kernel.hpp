// Kernels: the semantics of an operator, written once; KernelNode runs one in a graph, Fused makes two into
// one.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "weir/detail/stream/graph/letter.hpp"
#include "weir/detail/stream/graph/node.hpp"

namespace weir::detail::stream {

// A kernel for elements of In is a struct with
//   using Out = ...;
//   template <class X, class Emit> void push(X&& x, Emit&& emit);   X is In&& or const In&; emit takes Out&&
//   or const Out& and never throws
// and, where they make sense,
//   template <class Emit> void finish(Emit&& emit);                 puts out what is held: end of stream,
//   flush template <class Emit> void flush(Emit&& emit);                  the same when the stream goes on,
//   if that differs void reset();                                                   forgets everything bool
//   is_done() const;                                           no further element will give anything
//   std::size_t held() const;                                       elements kept
// A kernel changes its state completely before it calls emit (an element may come back to it meanwhile),
// keeps a `hold()` beside every element it keeps, and emits what stands for several elements under a
// TicketScope of their tickets. It knows no thread, lock, graph or clock: the same struct runs inside a task.

/// Calls a user's function with an element, as the function wants it.
template <class F, class X>
decltype(auto) call(F& f, X&& x) {
  using T = std::remove_cvref_t<X>;
  if constexpr (std::is_invocable_v<F&, X>) {
    return std::invoke(f, std::forward<X>(x));
  } else if constexpr (std::is_invocable_v<F&, T&&>) {
    return std::invoke(f, T(x));
  } else {
    static_assert(std::is_invocable_v<F&, T&>, "the function cannot be called with the stream's element");
    T copy(std::forward<X>(x));
    return std::invoke(f, copy);
  }
}
template <class F, class T>
using Called =
    typename std::conditional_t<std::is_invocable_v<F&, const T&>, std::invoke_result<F&, const T&>,
                                std::conditional_t<std::is_invocable_v<F&, T&&>, std::invoke_result<F&, T&&>,
                                                   std::invoke_result<F&, T&>>>::type;

/// Where the function of a kernel is, if it is one that may have a name; else null.
template <class K>
const void* function_of(const K& kernel) noexcept {
  if constexpr (requires { kernel.f.f; }) return function_of(kernel.f);
  else if constexpr (requires { requires std::is_function_v<std::remove_pointer_t<decltype(kernel.f)>>; })
    return reinterpret_cast<const void*>(kernel.f);
  else return nullptr;
}

/// An element that is kept, and the ticket it came with.
template <class T>
struct Held {
  T value;
  TicketRef ticket = hold();
};

template <class Key>
concept Hashable = requires(const Key& key) {
  { std::hash<Key>{}(key) } -> std::convertible_to<std::size_t>;
  { key == key } -> std::convertible_to<bool>;
};
/// A map by hash if the key has one, else by order.
template <class Key, class Value>
using KeyMap = typename std::conditional_t<Hashable<Key>, std::type_identity<std::unordered_map<Key, Value>>,
                                           std::type_identity<std::map<Key, Value>>>::type;

/// The element itself as its key.
struct Identity {
  template <class T>
  const T& operator()(const T& x) const noexcept {
    return x;
  }
};
template <class KeyOf, class In>
using KeyFor = std::decay_t<std::invoke_result_t<KeyOf&, const In&>>;

/// Two kernels, one after the other, as one.
template <class First, class Second>
struct Fused {
  using Out = typename Second::Out;
  First first;
  Second second;

  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    first.push(std::forward<X>(x), [&](auto&& y) { second.push(std::forward<decltype(y)>(y), emit); });
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if constexpr (requires { first.finish(emit); })
      first.finish([&](auto&& y) { second.push(std::forward<decltype(y)>(y), emit); });
    if constexpr (requires { second.finish(emit); }) second.finish(emit);
  }
  void reset() requires(
      requires(First& f) { f.reset(); } || requires(Second & s) { s.reset(); }) {
    if constexpr (requires { first.reset(); }) first.reset();
    if constexpr (requires { second.reset(); }) second.reset();
  }
  [[nodiscard]] bool is_done() const requires(
      requires(const First& f) { f.is_done(); } || requires(const Second& s) { s.is_done(); }) {
    bool done = false;
    if constexpr (requires { first.is_done(); }) done = done || first.is_done();
    if constexpr (requires { second.is_done(); }) done = done || second.is_done();
    return done;
  }
  [[nodiscard]] std::size_t held() const {
    std::size_t count = 0;
    if constexpr (requires { first.held(); }) count += first.held();
    if constexpr (requires { second.held(); }) count += second.held();
    return count;
  }
};

/// What a node with a kernel shares with others of which more than the kernel changes with every element.
template <class Kernel>
class SettlingNode : public Outlet<typename Kernel::Out> {
 public:
  using Out = typename Kernel::Out;
  SettlingNode(std::string kind, Kernel kernel) : Outlet<Out>(std::move(kind)), kernel_(std::move(kernel)) {}

  void put_out(bool) override {
    if constexpr (requires(Kernel & k, Give g) { k.finish(g); }) kernel_.finish(Give{*this});
    settle();
  }
  bool reset() override {
    if constexpr (requires(Kernel & k) { k.reset(); }) {
      kernel_.reset();
      settle();
      return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t queued() const override { return held_.load(std::memory_order_relaxed); }

 protected:
  struct Give {
    Outlet<Out>& outlet;
    void operator()(Out&& y) const noexcept { outlet.send(std::move(y)); }
    void operator()(const Out& y) const noexcept { outlet.send(y); }
  };
  /// After every change: what others read, and gates.
  virtual void settle() = 0;
  void note_held() noexcept {
    if constexpr (requires(const Kernel& k) { k.held(); })
      held_.store(kernel_.held(), std::memory_order_relaxed);
  }
  Kernel kernel_;

 private:
  std::atomic<std::size_t> held_{0};
};

/// A node that runs a kernel.
template <class In, class Kernel>
class KernelNode final : public Outlet<typename Kernel::Out>, public Inlet<In> {
 public:
  using Out = typename Kernel::Out;
  KernelNode(std::string kind, Kernel kernel)
      : Outlet<Out>(std::move(kind)), Inlet<In>(this), kernel_(std::move(kernel)) {
    this->set_function(function_of(kernel_));
  }

  void push(In&& x) noexcept override {
    const std::uint64_t number = this->in.add();
    if (this->slow_ != 0 || is_timed(number)) [[unlikely]]
      return push_otherwise(std::move(x));
    try {
      kernel_.push(std::move(x), Give{*this});
    } catch (...) {
      failed();
    }
    after();
  }
  void push(const In& x) noexcept override {
    if constexpr (is_copyable<In>) {
      const std::uint64_t number = this->in.add();
      if (this->slow_ != 0 || is_timed(number)) [[unlikely]]
        return push_otherwise(x);
      try {
        kernel_.push(x, Give{*this});
      } catch (...) {
        failed();
      }
      after();
    }
  }
  void put_out(bool ending) override {
    try {
      if constexpr (requires(Kernel & k, Give g) { k.flush(g); }) {
        if (ending) kernel_.finish(Give{*this});
        else kernel_.flush(Give{*this});
      } else if constexpr (requires(Kernel & k, Give g) { k.finish(g); }) {
        kernel_.finish(Give{*this});
      }
    } catch (...) {
      failed();
    }
    if constexpr (requires(const Kernel& k) { k.held(); })
      held_.store(kernel_.held(), std::memory_order_relaxed);
  }
  bool reset() override {
    if constexpr (requires(Kernel & k) { k.reset(); }) {
      kernel_.reset();
      return true;
    }
    return false;
  }
  void drained() override {
    try {
      if constexpr (requires(Kernel & k) { k.drained(); }) kernel_.drained();
    } catch (...) {
      this->raise_current();
    }
  }
  [[nodiscard]] std::size_t queued() const override { return held_.load(std::memory_order_relaxed); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }
  [[nodiscard]] Kernel& kernel() noexcept { return kernel_; }

 private:
  /// The emit a kernel is given; what is below runs on its own account.
  struct Give {
    Outlet<Out>& outlet;
    Cost::Clock::duration* below = nullptr;
    template <class Y>
    void operator()(Y&& y) const noexcept {
      if (!below) [[likely]]
        return outlet.send(std::forward<Y>(y));
      const auto start = Cost::Clock::now();
      outlet.send(std::forward<Y>(y));
      *below += Cost::Clock::now() - start;
    }
  };
  /// Few of the calls are timed: a look at the clock costs more than a small function.
  [[nodiscard]] static bool is_timed(std::uint64_t number) noexcept { return (number & 255) == 1; }
  void failed() noexcept {
    if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
    else this->raise_current();
  }
  void after() noexcept {
    if constexpr (requires(const Kernel& k) { k.held(); })
      held_.store(kernel_.held(), std::memory_order_relaxed);
    if constexpr (requires(const Kernel& k) { k.is_done(); }) {
      if (kernel_.is_done()) [[unlikely]] {
        if (!this->ended_) this->end();
      }
    }
  }
  template <class X>
  void push_otherwise(X&& x) noexcept {
    if (this->slow_ != 0) return push_slowly(x);
    const auto start = Cost::Clock::now();
    Cost::Clock::duration below{};
    try {
      kernel_.push(std::forward<X>(x), Give{*this, &below});
    } catch (...) {
      failed();
    }
    this->cost.add(1, Cost::Clock::now() - start - below);
    after();
  }
  /// A node that has ended, or that needs the element after a failure.
  void push_slowly(const In& x) noexcept {
    if constexpr (is_copyable<In>) {
      if (this->ended_) return;
      push_by_policy(
          *this, [&] { kernel_.push(x, Give{*this}); }, [&]() -> const In& { return x; });
      after();
    }
  }
  Kernel kernel_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace weir::detail::stream
