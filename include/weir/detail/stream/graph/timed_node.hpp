// TimedNode: runs a kernel that has deadlines. The kernel is told the time; the node owns the timer.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "weir/detail/stream/graph/kernel_node.hpp"
#include "weir/event_loop.hpp"

namespace weir::detail::stream {

/// The clock and the alarm of a node; the part that does not depend on types.
class Alarm {
 public:
  /// `ring` runs on the loop, inside the node's domain, when no gate below is closed.
  Alarm(Node& node, std::function<void()> ring) : node_(node), ring_(std::move(ring)) {}
  void attach(EventLoop loop);
  [[nodiscard]] Time now() const { return timer_ ? timer_->loop().now() : Time{}; }
  void set(std::optional<Time> due);
  void shut() noexcept {
    if (timer_) timer_->close();
  }

 private:
  void rang();
  void look_again();
  Node& node_;
  std::function<void()> ring_;
  std::optional<Time> armed_, due_;  // the first is that of the timer, which may be earlier
  std::unique_ptr<Timer> timer_;
};

template <class In, class Kernel>
class TimedNode final : public SettlingNode<Kernel>, public Inlet<In> {
 public:
  using Out = typename Kernel::Out;
  TimedNode(std::string kind, Kernel kernel)
      : SettlingNode<Kernel>(std::move(kind), std::move(kernel)),
        Inlet<In>(this),
        alarm_(*this, [this] { ring(); }),
        gate_(*this) {}
  ~TimedNode() override { alarm_.shut(); }

  void push(In&& x) noexcept override { take(std::move(x)); }
  void push(const In& x) noexcept override {
    if constexpr (is_copyable<In>) take(x);
  }
  void attached() override {
    alarm_.attach(this->graph().loop());
    if constexpr (requires(Kernel & k) { k.begin(Time{}); }) kernel_.begin(alarm_.now());
    settle();
  }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ < this->upstreams().size()) return;
    end();
  }
  void end() override {
    if constexpr (requires { Kernel::outlives_input; }) {
      ending_ = kernel_.pending() > 0;
      if (ending_) return;
    }
    Node::end();
    alarm_.set({});
    gate_.set(false);
  }
  void shut() noexcept override { alarm_.shut(); }
  [[nodiscard]] std::size_t pending() const override { return pending_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t gone() const override { return gone_.load(); }
  [[nodiscard]] bool emits_by_itself() const override { return true; }
  [[nodiscard]] bool comes_to_rest() const override { return true; }
  /// With a kernel that says what it holds, also between the ticks of an empty window.
  [[nodiscard]] bool is_at_rest() const override {
    constexpr bool tells = requires(const Kernel& k) { k.held(); }
    || requires(const Kernel& k) { k.pending(); };
    return Node::is_at_rest() && (tells || !is_ticking());
  }
  [[nodiscard]] bool is_ticking() const override { return ticking_.load(std::memory_order_relaxed); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(policy);
  }
  [[nodiscard]] Gate* gate(unsigned) override {
    if constexpr (requires(const Kernel& k) { k.is_full(Time{}); }) return &gate_;
    else return nullptr;
  }

 private:
  using typename SettlingNode<Kernel>::Give;
  using SettlingNode<Kernel>::kernel_;
  template <class X>
  void take(X&& x) noexcept {
    this->in.add();
    const Time now = alarm_.now();
    if constexpr (is_copyable<In>) {
      if ((this->slow_ & Node::careful) != 0) {
        const In& kept = x;
        push_by_policy(
            *this, kernel_, Give{*this}, [&](Kernel& k, const auto& emit) { k.push(kept, emit, now); },
            [&]() -> const In& { return kept; });
        return settle();
      }
    }
    try {
      kernel_.push(std::forward<X>(x), Give{*this}, now);
    } catch (...) {
      if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
      else this->raise_current();
    }
    settle();
  }
  void ring() {
    if (this->ended_) return;
    this->guarded([this] { kernel_.fire(Give{*this}, alarm_.now()); });
    settle();
    if (ending_ && kernel_pending() == 0) Node::end();
  }
  [[nodiscard]] std::size_t kernel_pending() const {
    if constexpr (requires(const Kernel& k) { k.pending(); }) return kernel_.pending();
    else return 0;
  }
  /// Also the next alarm.
  void settle() override {
    this->note_held();
    const std::size_t left = kernel_pending();
    const bool done = left == 0 && pending_.load(std::memory_order_relaxed) != 0;
    pending_.store(left, std::memory_order_release);
    if constexpr (requires { Kernel::leaves_in_order; }) gone_.store(this->in.value() - left);
    bool is_needed = !this->ended_;
    if constexpr (requires(const Kernel& k) { k.is_full(Time{}); }) {
      const bool is_full = is_needed && kernel_.is_full(alarm_.now());
      gate_.set(is_full);
      is_needed = is_full || left > 0;  // else nobody needs to be told that there is room
    }
    const std::optional<Time> due = is_needed ? kernel_.due() : std::nullopt;
    ticking_.store(due.has_value(), std::memory_order_relaxed);
    if (!this->ended_) alarm_.set(due);
    if (done) this->graph().finished();
  }

  Alarm alarm_;
  Gate gate_;
  bool ending_ = false;
  std::atomic<bool> ticking_{false};
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::uint64_t> gone_{0};
};

}  // namespace weir::detail::stream
