// Node, Graph, Domain, Frame: what every operator stands on. An emission is a chain of virtual calls under
// one domain's lock.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/graph/ticket.hpp"
#include "weir/error.hpp"
#include "weir/event_loop.hpp"

namespace weir::detail::stream {

class Graph;
class Node;
class Frame;

/// Whether values of T can be copied; looks into the standard containers, whose own answer is always yes.
template <class T>
inline constexpr bool is_copyable = std::is_copy_constructible_v<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::vector<T, A>> = is_copyable<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::deque<T, A>> = is_copyable<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::list<T, A>> = is_copyable<T>;
template <class T>
inline constexpr bool is_copyable<std::optional<T>> = is_copyable<T>;
template <class A, class B>
inline constexpr bool is_copyable<std::pair<A, B>> = is_copyable<A>&& is_copyable<B>;
template <class... T>
inline constexpr bool is_copyable<std::tuple<T...>> = (is_copyable<T> && ...);
template <class... T>
inline constexpr bool is_copyable<std::variant<T...>> = (is_copyable<T> && ...);

/// A count that one thread at a time adds to and any thread reads.
class Count {
 public:
  std::uint64_t add(std::uint64_t n = 1) noexcept {
    const std::uint64_t after = value_.load(std::memory_order_relaxed) + n;
    value_.store(after, std::memory_order_relaxed);
    return after;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A count that several threads add to.
class SharedCount {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What a node's own function costs: the time of some of its calls.
class Cost {
 public:
  using Clock = std::chrono::steady_clock;
  void add(std::uint64_t calls, Clock::duration time) noexcept {
    calls_.add(calls);
    ns_.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count()));
  }
  /// For one element; negative while unknown.
  [[nodiscard]] double seconds_each() const noexcept {
    return calls_.value() == 0
               ? -1
               : 1e-9 * static_cast<double>(ns_.value()) / static_cast<double>(calls_.value());
  }

 private:
  SharedCount calls_, ns_;
};

/// The lock of a set of nodes that call each other directly; one emission at a time runs in it.
///
/// Free: one compare-and-swap. Held by this thread: entering again costs a comparison. Held by another: first
/// come, first served, spinning briefly, then sleeping.
class Domain {
 public:
  /// True if this call locked it, false if this thread had it already.
  bool enter() noexcept {
    const void* holder = nullptr;
    if (waiters_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed))
      return true;
    if (holder_.load(std::memory_order_relaxed) == &flow) return false;
    wait();
    return true;
  }
  /// Enters unless another thread is inside or waits; `fresh` as `enter` returns it.
  bool try_enter(bool& fresh) noexcept {
    const void* holder = nullptr;
    fresh =
        waiters_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed);
    return fresh || is_mine();
  }
  void leave() noexcept {
    holder_.store(nullptr, std::memory_order_release);  // those who wait look again by themselves
  }
  [[nodiscard]] bool is_mine() const noexcept { return holder_.load(std::memory_order_relaxed) == &flow; }

 private:
  void wait() noexcept;

  std::atomic<const void*> holder_{nullptr};
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::uint32_t> next_{0};  // the queue of those who wait
  std::atomic<std::uint32_t> serving_{0};
};

/// Open while a node has room for more. Closed gates keep emissions that could reach them from starting.
///
/// **Threads.** Closed under the lock of the domain that feeds it; opened by anybody.
class Gate {
 public:
  explicit Gate(Node& node) : node_(node) {}
  void set(bool closed) noexcept {
    if (closed) closed_.store(true, std::memory_order_seq_cst);
    else if (closed_.load(std::memory_order_relaxed)) open();
  }
  [[nodiscard]] bool is_closed() const noexcept { return closed_.load(std::memory_order_seq_cst); }
  [[nodiscard]] Node& node() const noexcept { return node_; }

 private:
  void open() noexcept;
  std::atomic<bool> closed_{false};
  Node& node_;
};

/// Where an edge ends: a node and which of its inputs.
struct InletBase {
  Node* node;
  unsigned port;
};

/// Takes elements of T. `push` never throws: what goes wrong in the node is answered by its error policy.
template <class T>
class Inlet : public InletBase {
 public:
  explicit Inlet(Node* of, unsigned number = 0) : InletBase{of, number} {}
  virtual void push(T&& x) noexcept = 0;
  virtual void push(const T& x) noexcept = 0;

 protected:
  ~Inlet() = default;
};

/// What a node does with an element its function throws on.
struct ErrorPolicy {
  enum class Action : unsigned char { raise, skip, dead_letter };
  Action action = Action::raise;
  unsigned retries = 0;        ///< further attempts before `action`
  Node* letter_box = nullptr;  ///< where dead letters go
};

/// Whether an emission may start.
enum class Entry : unsigned char { open, full, closed };

/// One operator in a graph, whatever its element types.
class Node {
 public:
  explicit Node(std::string kind, bool copyable = true) : kind_(std::move(kind)), copyable_(copyable) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node();

  // --- who it is
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// What it was made with: `5`, or the name of its function.
  [[nodiscard]] std::string detail() const;
  void set_name(std::string name) { name_ = std::move(name); }
  void set_detail(std::string detail) { detail_ = std::move(detail); }
  void set_function(const void* address) { function_ = address; }
  /// `<map: increment>`, `<buffer: 8>`, `<name; map>`.
  [[nodiscard]] std::string label() const;

  // --- where it stands
  [[nodiscard]] Graph& graph() const noexcept { return *graph_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::vector<Node*>& upstreams() const noexcept { return upstreams_; }
  [[nodiscard]] std::vector<InletBase*> downstreams() const { return {fan_, fan_ + fan_count_}; }

  // --- counts, readable from any thread
  Count in, out;
  SharedCount errors;
  Cost cost;
  /// Of a node whose elements are on the cluster: those that its tasks were given and gave. `in` and `out`
  /// count what entered scatter there.
  struct Measured {
    SharedCount in, out;
  };
  std::unique_ptr<Measured> measured;
  [[nodiscard]] std::uint64_t elements_in() const noexcept {
    return measured ? measured->in.value() : in.value();
  }
  [[nodiscard]] std::uint64_t elements_out() const noexcept {
    return measured ? measured->out.value() : out.value();
  }
  /// When and with how many elements it was looked at last.
  struct Look {
    Cost::Clock::time_point time = Cost::Clock::now();
    std::uint64_t elements = 0;
  } last_look;
  [[nodiscard]] virtual std::size_t queued() const { return 0; }  ///< elements kept here
  [[nodiscard]] virtual std::size_t pending() const {
    return 0;
  }  ///< of these, the ones that come out by themselves; `drain` waits for them
  [[nodiscard]] virtual Gate* gate(unsigned /*port*/) { return nullptr; }
  [[nodiscard]] virtual bool is_boundary() const {
    return false;
  }  ///< emits later, by itself; its input side belongs to the upstream's domain
  [[nodiscard]] virtual Node* controls() const {
    return nullptr;
  }  ///< the node it acts on instead of feeding it
  [[nodiscard]] virtual const char* shape() const { return "box"; }
  [[nodiscard]] virtual bool is_on_cluster() const { return false; }

  // --- events; called inside the domain
  /// One of the inputs has ended; when the last has, the node puts out what it holds and ends.
  virtual void input_ended(unsigned port);
  virtual void input_reopened(unsigned port);
  /// The edge into this input has been removed.
  virtual void input_disconnected(unsigned /*port*/) {}
  /// Puts out what it holds, then asks everything below to.
  virtual void flush();
  /// Kernel nodes: puts out what is held, at the end or because of `flush`.
  virtual void put_out(bool /*ending*/) {}
  /// Forgets its state; false if it keeps none.
  virtual bool reset() { return false; }
  virtual void end();
  void reopen();
  [[nodiscard]] bool has_ended() const noexcept { return ended_; }

  // --- life
  /// Its first edge has been drawn: the graph, and so the loop, are known.
  virtual void attached() {}
  virtual void start() {}
  virtual void stop() {}
  /// A thread waits for the graph and has nothing else to do: whether it could bring something on.
  virtual bool help() { return false; }
  [[nodiscard]] virtual bool can_help() const { return false; }
  /// Work for it is under way elsewhere and will arrive by itself, whatever the stream's clock says.
  [[nodiscard]] virtual bool is_elsewhere() const { return false; }
  /// It will emit although nothing is pending: a timer is set, a source runs.
  [[nodiscard]] virtual bool is_ticking() const { return false; }
  /// It emits when elements of several inputs have come.
  [[nodiscard]] virtual bool waits_for_partners() const { return false; }
  /// A drain has ended: what it wrote should be where others can read it.
  virtual void drained() {}
  /// Stops its threads and timers; nothing of the node runs afterwards.
  virtual void shut() noexcept {}

  // --- errors
  virtual void set_policy(ErrorPolicy policy);
  [[nodiscard]] const ErrorPolicy& policy() const noexcept { return policy_; }
  /// The exception in flight becomes the emission's error.
  void raise_current() noexcept;
  /// Does the node's own work; what that throws becomes the emission's error.
  template <class Work>
  void guarded(const Work& work) noexcept {
    try {
      work();
    } catch (...) {
      raise_current();
    }
  }
  void raise(const std::exception_ptr& error) noexcept;
  /// The element in hand has gone round more often than `cycle_limit` allows, or so many are kept beyond a
  /// bound that only a cycle ignores: reports that, and is true.
  [[nodiscard]] bool is_lost_in_cycle(std::size_t over_bound = 0) noexcept;

  // --- entering
  Domain* enter(bool& fresh) noexcept {
    for (;;) {
      Domain* domain = domain_.load(std::memory_order_acquire);
      fresh = domain->enter();
      if (domain == domain_.load(std::memory_order_relaxed)) [[likely]]
        return domain;
      if (fresh) domain->leave();
    }
  }
  /// Whether this thread is inside the node's domain.
  [[nodiscard]] bool is_entered() const noexcept {
    return domain_.load(std::memory_order_acquire)->is_mine();
  }
  /// Whether an emission may start here; inside the domain.
  Entry entry() noexcept;
  /// Emits without being entered: from a timer, a thread of its own.
  [[nodiscard]] virtual bool emits_by_itself() const { return is_boundary(); }
  /// Closed gates a pump of this node must respect; gates it could itself open later are exempt.
  [[nodiscard]] Gate* closed_gate() noexcept;
  /// The same for who is not inside; nothing if another thread is at work there.
  [[nodiscard]] std::optional<Gate*> look_for_closed_gate() noexcept;
  /// Whether something it gives comes back to it.
  [[nodiscard]] bool is_in_cycle() const { return leads_to(*this); }
  /// Whether something it gives reaches `other`, also or not through nodes that emit later.
  [[nodiscard]] bool leads_to(const Node& other, bool through_boundaries = true) const;

 protected:
  friend class Graph;
  friend struct Structure;
  void end_downstream();

  InletBase* const* fan_ = nullptr;
  unsigned fan_count_ = 0;
  bool flushing_ = false;
  bool busy_ = false;  // an emission that entered here is running
  bool ended_ = false;
  bool ends_cycle_ =
      false;  // it made too many elements, and those that come back are dropped until few are left
  enum Slow : unsigned char { careful = 1, over = 2 };
  unsigned char slow_ = 0;  // careful: the policy needs the element after a failure; over: it has ended
  unsigned ended_inputs_ = 0;
  std::uint64_t gates_version_ = 0;
  std::vector<Gate*> gates_;  // reachable without passing a boundary
  std::atomic<Domain*> domain_{nullptr};
  std::atomic<Graph*> graph_{nullptr};
  ErrorPolicy policy_;

 private:
  Entry entry_slow() noexcept;
  void find_gates() noexcept;
  [[nodiscard]] bool reaches(const Node& other, bool through_boundaries = true) const;

  std::string kind_, name_, detail_;
  const void* function_ = nullptr;
  bool copyable_;
  std::vector<Node*> upstreams_;
  std::unique_ptr<InletBase*[]> fan_owner_;
  std::vector<std::unique_ptr<InletBase*[]>> old_fans_;  // an emission may still be reading them
};

/// Owns the nodes that are connected with each other, and is where their users wait.
class Graph : public std::enable_shared_from_this<Graph> {
 public:
  Graph();
  explicit Graph(EventLoop loop);
  ~Graph();
  /// The graph that holds `node`, for a handle.
  [[nodiscard]] static std::shared_ptr<Graph> of(Node& node);
  /// Adds a node; it gets a domain of its own unless `same_as` is given.
  Node& adopt(std::unique_ptr<Node> node, Node* same_as = nullptr);

  /// Draws an edge: joins graphs, and domains unless the end is a boundary.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the two run on different event loops, or if elements
  /// that cannot be copied would go two ways.
  static void connect(Node& from, InletBase& to);
  /// Makes the two live in one graph without an edge between them.
  static void join(Node& a, Node& b);
  /// Removes the edge. Throws `Error{not_found}` if there is none.
  static void disconnect(Node& from, Node& to);
  /// Removes the edges into `node`.
  static void destroy(Node& node);
  static void destroy_below(Node& node);
  /// Puts `node` first in the execution order of its upstreams.
  static void move_to_first(Node& node);

  /// The loop its timers run on; made at first use if none was given.
  [[nodiscard]] EventLoop loop();
  [[nodiscard]] std::optional<EventLoop> given_loop() const;
  [[nodiscard]] bool owns_loop() const;

  /// Waits until `ready()`; the waiting thread drives a manual clock. False if `deadline` (steady time)
  /// passes first.
  ///
  /// **Errors.** Throws `Error{unsupported}` if waiting could never end: on the loop's own thread, or if a
  /// manual clock has nothing left to do.
  static bool wait(Node& node, const char* who, const std::function<bool()>& ready,
                   std::optional<std::chrono::steady_clock::time_point> deadline = {});
  /// Calls back once, soon after something opened or finished.
  void when_changed(std::function<void()> callback);
  /// Something opened or finished.
  void changed() noexcept;
  void drain(Node& node);
  void report(const std::exception_ptr& error) noexcept;
  [[nodiscard]] bool is_idle();
  [[nodiscard]] std::vector<Node*> nodes();
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

 private:
  friend struct Structure;
  struct Waiting;
  std::atomic<std::uint64_t> version_{1};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Domain>> domains_;
  std::shared_ptr<Graph> parent_;  // the graph this one was joined into
  std::optional<EventLoop> loop_;
  bool owns_loop_ = true;
  std::unique_ptr<Waiting> waiting_;
};

inline Entry Node::entry() noexcept {
  if (gates_version_ == graph().version() && gates_.empty() && !ended_) [[likely]]
    return Entry::open;
  return entry_slow();
}

/// Something to run when the node it concerns is free again.
struct Deferred {
  virtual ~Deferred() = default;
  virtual void run() noexcept = 0;
};

/// How often one emission, or one element and what it leads to, may go round a cycle before it is reported; 0
/// for no limit.
extern std::atomic<std::uint64_t> cycle_limit;
/// How long is waited for a node that only its own cycle could feed, while nothing else is left to do, before
/// a warning says so; in nanoseconds.
extern std::atomic<std::int64_t> cycle_patience_ns;

/// Says once that somebody waits for a cycle that waits for itself. Another thread may yet feed the cycle, so
/// it is no error.
class CycleWatch {
 public:
  /// Called now and then while `who` waits at `node`.
  void look(const char* who, Node& node);
  [[nodiscard]] bool has_told() const noexcept { return told_; }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool told_ = false;
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
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() {
    flow.frame = before_;
    if (fresh_) domain_->leave();
  }
  /// Runs what was put off and throws the emission's first error.
  void finish() {
    if (put_off_ && root_ == this) [[unlikely]]
      run_put_off();
    if (error_) [[unlikely]]
      std::rethrow_exception(std::exchange(error_, nullptr));
  }
  /// The same, for those who cannot throw.
  [[nodiscard]] std::exception_ptr finish_quietly() noexcept {
    if (put_off_ && root_ == this) run_put_off();
    return std::exchange(error_, nullptr);
  }
  void put_off(std::unique_ptr<Deferred> work);
  void record(const std::exception_ptr& error) noexcept {
    if (!error_) error_ = error;
  }
  [[nodiscard]] Frame* before() const noexcept { return before_; }
  [[nodiscard]] Frame* root() const noexcept { return root_; }
  [[nodiscard]] Node& node() const noexcept { return node_; }
  [[nodiscard]] Domain* domain() const noexcept { return domain_; }

 private:
  void run_put_off() noexcept;

  Frame* before_;
  Frame* root_;
  Node& node_;
  bool fresh_ = false;
  Domain* domain_;
  std::exception_ptr error_;
  std::unique_ptr<std::deque<std::unique_ptr<Deferred>>> put_off_;  // in the root
};

/// Whether an element stands for some that are on the cluster.
template <class T>
inline constexpr bool is_chunk = false;

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
    InletBase* const* const to = fan_;
    const unsigned count = fan_count_;
    if (count == 0) return;
    for (unsigned i = 0; i + 1 < count; ++i) static_cast<Inlet<T>*>(to[i])->push(std::as_const(x));
    static_cast<Inlet<T>*>(to[count - 1])->push(std::move(x));
  }
  void send(const T& x) noexcept {
    count(x);
    InletBase* const* const to = fan_;
    const unsigned count = fan_count_;
    for (unsigned i = 0; i < count; ++i) static_cast<Inlet<T>*>(to[i])->push(x);
  }

  /// An element that enters from outside; if an earlier one that entered here is still on its way, it waits
  /// for that one. Inside a frame.
  template <class X>
  void admit(X&& x) noexcept {
    if (busy_) [[unlikely]]
      return defer(std::forward<X>(x));
    busy_ = true;
    send(std::forward<X>(x));
    busy_ = false;
  }

  /// Emits if every bounded node in reach has room. The element is untouched unless the answer is `open`.
  template <class X>
  Entry offer(X&& x) {
    Frame frame(*this);
    if (const Entry state = entry(); state != Entry::open) [[unlikely]]
      return state;
    admit(std::forward<X>(x));
    frame.finish();
    return Entry::open;
  }

 private:
  void count(const T& x) noexcept {
    if constexpr (is_chunk<T>) out.add(x.elements);
    else out.add();
  }
  struct Later final : Deferred {
    Outlet& outlet;
    T element;
    TicketRef ticket = hold();
    Later(Outlet& to, T&& x) : outlet(to), element(std::move(x)) {}
    void run() noexcept override {
      const TicketScope scope(std::move(ticket));
      Frame frame(outlet);
      outlet.admit(std::move(element));
      if (const auto error = frame.finish_quietly()) frame.root()->record(error);
    }
  };
  template <class X>
  void defer(X&& x) noexcept {
    try {
      if constexpr (std::is_lvalue_reference_v<X> && !is_copyable<T>)
        std::terminate();  // a second downstream was refused at connection
      else flow.frame->put_off(std::make_unique<Later>(*this, T(std::forward<X>(x))));
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
  void push(T&& x) noexcept override {
    this->in.add();
    this->admit(std::move(x));
  }
  void push(const T& x) noexcept override {
    this->in.add();
    this->admit(x);
  }
};

}  // namespace weir::detail::stream
