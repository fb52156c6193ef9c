// KernelNode: runs a kernel in a graph.
#pragma once

#include <string>
#include <utility>

#include "weir/detail/stream/graph/kernel.hpp"
#include "weir/detail/stream/graph/letter.hpp"
#include "weir/detail/stream/graph/stack.hpp"

namespace weir::detail::stream {

/// What a node with a kernel shares with others of which more than the kernel changes with every element.
template <class Kernel>
class SettlingNode : public Outlet<typename Kernel::Out> {
 public:
  using Out = typename Kernel::Out;
  SettlingNode(std::string kind, Kernel kernel) : Outlet<Out>(std::move(kind)), kernel_(std::move(kernel)) {}

  void put_out(bool) override {
    if constexpr (requires(Kernel & k, Give g) { k.finish(g); })
      this->guarded([this] { kernel_.finish(Give{*this}); });
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
  [[nodiscard]] KeptState keeps() const override { return kept_of<Kernel>(); }
  void write_kept(Writer& writer) override { stream::write_kept(writer, kernel_); }
  void read_kept(Reader& reader) override {
    stream::read_kept(reader, kernel_);
    settle();
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
  [[nodiscard]] bool is_passive() const override { return true; }

  void push(In&& x) noexcept override {
    const std::uint64_t number = this->in.add();
    if (this->slow_ != 0 || is_timed(number)) [[unlikely]]
      return push_otherwise(std::move(x), number);
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
        return push_otherwise(x, number);
      try {
        kernel_.push(x, Give{*this});
      } catch (...) {
        failed();
      }
      after();
    }
  }
  void put_out(bool ending) override {
    put_out_answered(kernel_, ending, Give{*this});
    note();
  }
  bool reset() override {
    if constexpr (requires(Kernel & k) { k.reset(); }) {
      kernel_.reset();
      return true;
    }
    return false;
  }
  [[nodiscard]] KeptState keeps() const override { return kept_of<Kernel>(); }
  void write_kept(Writer& writer) override { stream::write_kept(writer, kernel_); }
  void read_kept(Reader& reader) override {
    stream::read_kept(reader, kernel_);
    if constexpr (requires(const Kernel& k) { k.held(); })
      held_.store(kernel_.held(), std::memory_order_relaxed);
  }
  void drained() override {
    try {
      if constexpr (requires(Kernel & k) { k.drained(); }) kernel_.drained();
    } catch (...) {
      this->raise_current();
    }
  }
  [[nodiscard]] std::size_t queued() const override { return held_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool can_look_at_stack() const override { return true; }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }
  [[nodiscard]] Kernel& kernel() noexcept { return kernel_; }

 private:
  /// The emit a kernel is given; what is below runs on its own account. `element`: in hand, if the policy may
  /// need it.
  struct Give {
    KernelNode& node;
    Cost::Clock::duration* below = nullptr;
    const In* element = nullptr;
    template <class Y>
    void operator()(Y&& y) const noexcept {
      if (!below) [[likely]]
        return node.send(std::forward<Y>(y));
      const auto start = Cost::Clock::now();
      node.send(std::forward<Y>(y));
      *below += Cost::Clock::now() - start;
    }
    [[nodiscard]] unsigned retries() const noexcept { return element ? node.policy_.retries : 0; }
    void failed() const noexcept {
      if (element) answer_failure(node, [this]() -> const In& { return *element; });
      else node.failed();
    }
  };
  /// Few of the calls are timed: a look at the clock costs more than a small function.
  [[nodiscard]] static bool is_timed(std::uint64_t number) noexcept { return (number & 255) == 1; }
  void failed() noexcept {
    if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
    else this->raise_current();
  }
  /// What others read of the kernel.
  void note() noexcept {
    if constexpr (requires(const Kernel& k) { k.held(); })
      held_.store(kernel_.held(), std::memory_order_relaxed);
    if constexpr (requires(const Kernel& k) { k.event_time(); }) this->event_time.tell(kernel_.event_time());
  }
  void after() noexcept {
    note();
    if constexpr (requires(const Kernel& k) { k.is_done(); }) {
      if (kernel_.is_done()) [[unlikely]] {
        this->end_for_good();
      }
    }
  }
  template <class X>
  void push_otherwise(X&& x, std::uint64_t number) noexcept {
    if ((this->slow_ & Node::deep) != 0) return with_stack([&] { push_counted(std::forward<X>(x), number); });
    push_counted(std::forward<X>(x), number);
  }
  template <class X>
  void push_counted(X&& x, std::uint64_t number) noexcept {
    if ((this->slow_ & ~Node::deep) != 0) return push_slowly(x);
    if (is_timed(number)) return push_timed(std::forward<X>(x));
    try {
      kernel_.push(std::forward<X>(x), Give{*this});
    } catch (...) {
      failed();
    }
    after();
  }
  template <class X>
  void push_timed(X&& x) noexcept {
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
      push_answered(kernel_, x, Give{*this, nullptr, &x});
      after();
    }
  }
  Kernel kernel_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace weir::detail::stream
