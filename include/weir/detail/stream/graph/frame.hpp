// Frame: one emission on the stack.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/stream/graph/graph.hpp"

namespace weir::detail::stream {

/// Something to run when the node it concerns is free again.
struct Deferred {
  virtual ~Deferred() = default;
  virtual void run() noexcept = 0;
};

/// Has `work` done inside the domain of `node`, which this thread could not enter without waiting for itself:
/// by the thread that is there.
void leave_to_holder(Node& node, std::unique_ptr<Deferred> work);

/// How often one emission, or one element and what it leads to, may go round a cycle before it is reported; 0
/// for no limit.
extern std::atomic<std::uint64_t> cycle_limit;
/// How long is waited for a join that only its own cycle, or only who waits for it, could feed, while nothing
/// else is left to do, before a warning says so; in nanoseconds.
extern std::atomic<std::int64_t> cycle_patience_ns;

/// Says once that somebody waits for a join that waits for itself, or for functions that say nothing. Another
/// thread may yet bring these on, so it is no error.
///
/// **Errors.** `look_for_all` throws `Error{unsupported}` if all who could bring the graph on have waited for
/// who looks, for half a second: emissions among them see that too, and do not wait any longer.
class CycleWatch {
 public:
  /// Called now and then while `who` waits at `node`.
  void look(const char* who, Node& node);
  /// The same, while it waits for all that was emitted.
  void look_for_all(const char* who, Node& node);
  [[nodiscard]] bool has_told() const noexcept { return told_; }

 private:
  bool is_due();
  void look_for_join(const char* who, Node& node);
  void look_for_unfinished(const char* who, Node& node);
  void look_for_standstill(const char* who, const Graph& graph);

  using Clock = std::chrono::steady_clock;
  Clock::time_point looked_ = Clock::now(), since_ = looked_, begun_since_ = looked_, moved_ = looked_;
  std::uint64_t begun_ = 0;  // and what is unfinished of it, when that last changed
  bool told_ = false, told_of_unfinished_ = false;
};

/// One emission on the stack: holds the domain, and collects the error that comes out of it.
class Frame {
 public:
  explicit Frame(Node& node) noexcept
      : before_(flow.frame),
        root_(before_ ? before_->root_ : this),
        node_(node),
        domain_(node.enter(fresh_)) {
    flow.frame = this;
  }
  struct UnlessStuck {};
  static constexpr UnlessStuck unless_stuck{};
  /// The same, but remains outside if this thread would wait for itself.
  Frame(Node& node, UnlessStuck) noexcept
      : before_(flow.frame),
        root_(before_ ? before_->root_ : this),
        node_(node),
        domain_(node.enter_unless_stuck(fresh_)) {
    if (domain_) [[likely]]
      flow.frame = this;
  }
  struct Beside {};
  static constexpr Beside beside{};
  /// A function of `node` that runs beside its domain, on a thread of its own: inside the graph all the same,
  /// for whatever it calls.
  Frame(Node& node, Beside) noexcept
      : before_(flow.frame), root_(before_ ? before_->root_ : this), node_(node), domain_(nullptr) {
    flow.frame = this;
  }
  [[nodiscard]] bool is_inside() const noexcept { return domain_ != nullptr; }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() {
    if (rest_) [[unlikely]]
      finish_rest();
    flow.frame = before_;
    if (fresh_) domain_->leave();
  }
  /// Runs what was put off and throws the emission's first error.
  void finish() {
    if (rest_) [[unlikely]]
      run_put_off();
    if (error_) [[unlikely]]
      std::rethrow_exception(std::exchange(error_, nullptr));
  }
  /// The same, for those who cannot throw.
  [[nodiscard]] std::exception_ptr finish_quietly() noexcept {
    if (rest_) run_put_off();
    return std::exchange(error_, nullptr);
  }
  /// The same, for work that somebody else has begun: its error is that of the emission it is part of, or
  /// else comes out of `drain`.
  void finish_late() noexcept;
  /// Has it done when this thread's outermost emission in the graph is through. An emission further out, in
  /// another graph, may wait for that.
  void put_off(std::unique_ptr<Deferred> work);
  /// This thread's outermost emission in a graph; null if there is none.
  [[nodiscard]] static Frame* outermost_in(const Graph& graph) noexcept;
  /// Has what was cut off in `domain` freed when this thread leaves it; false if it is not inside.
  static bool sweep_after(const Domain* domain);
  /// Keeps edges that an emission of this thread may be going through, until all of them are through.
  void keep(std::unique_ptr<InletBase*[]> fan);
  /// Keeps where such an edge led.
  void keep(NodeRef end);
  void record(const std::exception_ptr& error) noexcept {
    if (!error_) error_ = error;
  }
  [[nodiscard]] Frame* before() const noexcept { return before_; }
  [[nodiscard]] Frame* root() const noexcept { return root_; }
  [[nodiscard]] Node& node() const noexcept { return node_; }
  [[nodiscard]] Domain* domain() const noexcept { return domain_; }

 private:
  /// What few emissions need: of a graph's outermost one what was put off, of the root the edges, of a
  /// domain's whether to sweep.
  struct Rest {
    std::deque<std::unique_ptr<Deferred>> put_off;
    std::vector<std::unique_ptr<InletBase*[]>> fans;
    std::vector<NodeRef> ends;
    bool sweeps = false;
  };
  void finish_rest() noexcept;
  void run_put_off() noexcept;
  [[nodiscard]] Rest& rest();

  Frame* before_;
  Frame* root_;
  Node& node_;
  bool fresh_ = false;
  Domain* domain_;
  std::exception_ptr error_;
  std::unique_ptr<Rest> rest_;
};

}  // namespace weir::detail::stream
