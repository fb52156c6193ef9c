// Node: one operator in a graph, whatever its element types; Gate, Inlet: its edges.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/graph/counts.hpp"
#include "weir/detail/stream/graph/domain.hpp"
#include "weir/on_error.hpp"

namespace weir {
class Reader;
class Writer;
}  // namespace weir

namespace weir::detail::stream {

enum class KeptState : unsigned char;

class Graph;
class Node;

/// What different threads write lies so far apart that none takes the others' line of the cache.
inline constexpr std::size_t line_bytes = 64;

/// Open while a node has room for more. Closed gates keep emissions that could reach them from starting. That
/// one opens is told only if somebody has seen it closed: who waits for many is woken by few. One that has
/// room for a few is ajar: whoever comes may enter, but a thread that was kept out is not woken yet, for a
/// moment, so that not each element that leaves lets in one alone.
///
/// **Threads.** Closed under the lock of the domain that feeds it; opened by anybody.
class Gate {
 public:
  explicit Gate(Node& node) : node_(node) {}
  void set(bool closed) noexcept {
    if (closed) state_.store(State::closed, std::memory_order_seq_cst);
    else if (state_.load(std::memory_order_relaxed) != State::open) open(State::open);
  }
  void set_ajar() noexcept { open(State::ajar); }
  [[nodiscard]] bool is_open() const noexcept {
    return state_.load(std::memory_order_seq_cst) == State::open;
  }
  [[nodiscard]] bool is_closed() const noexcept {
    return state_.load(std::memory_order_seq_cst) == State::closed;
  }
  /// The same, for who will wait: when it opens, that is told.
  [[nodiscard]] bool is_found_closed() noexcept {
    if (!is_closed()) return false;
    is_awaited_.store(true, std::memory_order_seq_cst);
    return is_closed();
  }
  [[nodiscard]] Node& node() const noexcept { return node_; }

 private:
  enum class State : unsigned char { open, ajar, closed };
  void open(State state) noexcept;
  std::atomic<State> state_{State::open};
  std::atomic<bool> is_awaited_{false};
  Node& node_;
};

/// Where an edge ends: a node and which of its inputs.
struct InletBase {
  Node* node;
  unsigned port;
  std::uint64_t subscribed = 0;  ///< Its place among the inlets of an upstream; see Graph::subscribe.
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
  ErrorPolicy() = default;
  ErrorPolicy(OnError on_error) : action(on_error == OnError::skip ? Action::skip : Action::raise) {}
  ErrorPolicy(Action then, unsigned attempts, Node* letters)
      : action(then), retries(attempts), letter_box(letters) {}

  Action action = Action::raise;
  unsigned retries = 0;        ///< further attempts before `action`
  Node* letter_box = nullptr;  ///< where dead letters go
};

/// A name for a node: what is cut off from everything stays while somebody has one. Whoever has it keeps the
/// graph too.
class NodeRef {
 public:
  NodeRef() noexcept = default;
  NodeRef(Node* node) noexcept;
  NodeRef(const NodeRef& other) noexcept : NodeRef(other.node_) {}
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeRef();
  operator Node*() const noexcept { return node_; }
  Node& operator*() const noexcept { return *node_; }
  Node* operator->() const noexcept { return node_; }

 private:
  Node* node_ = nullptr;
};

/// Whether an emission may start.
enum class Entry : unsigned char { open, full, closed };

/// Says why an emission was refused. Throws `Error{closed}`.
[[noreturn]] void refuse_closed(const Node& node);

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
  void set_name(std::string name) { relabel(name_, std::move(name)); }
  void set_detail(std::string detail) { relabel(detail_, std::move(detail)); }
  void set_function(const void* address) { function_ = address; }
  /// `<map: increment>`, `<buffer: 8>`, `<name; map>`.
  [[nodiscard]] std::string label() const;
  /// How often that has changed; for who has the mutex of the structure.
  [[nodiscard]] std::uint32_t label_changes() const noexcept { return label_changes_; }

  // --- where it stands
  [[nodiscard]] Graph& graph() const noexcept { return *graph_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::vector<Node*>& upstreams() const noexcept { return upstreams_; }
  [[nodiscard]] std::vector<InletBase*> downstreams() const { return {fan_, fan_ + fan_count_}; }

  // --- counts, readable from any thread
  // What is written where elements come and where they leave are lines of the cache of their own: in nodes
  // between two threads these are two.
  alignas(line_bytes) Count in;

 protected:
  bool ends_cycle_ =
      false;  // it made too many elements, and those that come back are dropped until few are left

 public:
  alignas(line_bytes) Count out;
  SharedCount errors;
  Cost cost;
  EventTime event_time;
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
  struct LastLook {
    Cost::Clock::time_point time = Cost::Clock::now();
    std::uint64_t elements = 0;
  } last_look;
  [[nodiscard]] virtual std::size_t queued() const { return 0; }  ///< elements kept here
  [[nodiscard]] virtual std::size_t pending() const {
    return 0;
  }  ///< of these, the ones that come out by themselves; `drain` waits for them
  [[nodiscard]] virtual std::uint64_t gone() const {
    return 0;
  }  ///< how many that were pending are not any more; 0 always if they do not leave in the order of their
     ///< coming
  /// Elements that its function has begun and not said finished for.
  [[nodiscard]] virtual std::size_t unfinished() const { return 0; }
  [[nodiscard]] virtual Gate* gate(unsigned /*port*/) { return nullptr; }
  [[nodiscard]] virtual bool is_boundary() const {
    return false;
  }  ///< emits later, by itself; its input side belongs to the upstream's domain
  [[nodiscard]] virtual Node* controls() const {
    return nullptr;
  }  ///< the node it acts on instead of feeding it
  /// Nothing but what comes from above moves it, and nobody but the graph knows it: once cut off, without a
  /// name, it can go.
  [[nodiscard]] virtual bool is_passive() const { return false; }
  /// The same, but that a thread or a timer of its own moves it too while something is left to do: once cut
  /// off, without a name, it can go when nothing is.
  [[nodiscard]] virtual bool comes_to_rest() const { return false; }
  /// Whether nothing is left to do; inside the domain.
  [[nodiscard]] virtual bool is_at_rest() const { return pending() == 0 && queued() == 0 && wakers_ == 0; }
  /// `other`, which is no neighbour, stays while this one does.
  void rely_on(Node& other);
  /// It stays as long as its graph.
  void stay();
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
  /// What another run can have of it, while the stream is drained; see `KeptState`.
  [[nodiscard]] virtual KeptState keeps() const { return KeptState{}; }
  virtual void write_kept(Writer&) {}
  virtual void read_kept(Reader&) {}
  virtual void end();
  /// It has given all it ever will: ends, and is fed no more.
  void end_for_good();
  void reopen();
  [[nodiscard]] bool has_ended() const noexcept { return ended_.load(std::memory_order_relaxed); }
  /// It ends as soon as what is in hand is through: nobody emits into it any more.
  void refuse_more() noexcept { is_closing_.store(true, std::memory_order_relaxed); }

  // --- life
  /// Calls `wake` once, soon after a gate opened that was seen closed; with `is_wide`, not for one that is
  /// only ajar. The node does not rest before.
  void wake_when_opened(std::function<void()> wake, bool is_wide = false);
  /// Its first edge has been drawn: the graph, and so the loop, are known.
  virtual void attached() {}
  virtual void start() {}
  virtual void stop() {}
  /// A thread waits for the graph and has nothing else to do: whether it could bring something on.
  virtual bool help() { return false; }
  [[nodiscard]] virtual bool can_help() const { return false; }
  /// The thread that waits has a place that others need, which is theirs meanwhile: waits a while until
  /// `ready()`. False, at once, if there is no such place.
  virtual bool wait_aside(const std::function<bool()>& /*ready*/) { return false; }
  /// Work for it is under way elsewhere and will arrive by itself, whatever the stream's clock says.
  [[nodiscard]] virtual bool is_elsewhere() const { return false; }
  /// It will emit although nothing is pending: a timer is set, a source runs.
  [[nodiscard]] virtual bool is_ticking() const { return false; }
  /// A source that comes to its end by itself, which the end of the graph waits for.
  [[nodiscard]] virtual bool finishes() const { return false; }
  /// It can look whether there is stack left before it goes on.
  [[nodiscard]] virtual bool can_look_at_stack() const { return false; }
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
  /// An element has come too late.
  void raise_closed() noexcept;
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
  /// The same; null if this thread would wait for itself.
  Domain* enter_unless_stuck(bool& fresh) noexcept {
    for (;;) {
      Domain* domain = domain_.load(std::memory_order_acquire);
      if (!domain->enter_unless_stuck(fresh)) [[unlikely]]
        return nullptr;
      if (domain == domain_.load(std::memory_order_relaxed)) [[likely]]
        return domain;
      if (fresh) domain->leave();
    }
  }
  [[nodiscard]] Domain* domain() const noexcept { return domain_.load(std::memory_order_acquire); }
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
  /// The node whose gate that is, for who is not inside; nothing if another thread is at work there.
  [[nodiscard]] std::optional<NodeRef> look_for_full() noexcept;
  /// Whether something it gives comes back to it.
  [[nodiscard]] bool is_in_cycle() const;
  /// Whether something it gives reaches `other`, also or not through nodes that emit later.
  [[nodiscard]] bool leads_to(const Node& other, bool through_boundaries = true) const;

 protected:
  friend class Graph;
  friend class NodeRef;
  friend struct Structure;
  void end_downstream();

  InletBase* const* fan_ = nullptr;
  unsigned fan_count_ = 0, fan_capacity_ = 0;
  bool flushing_ = false;
  bool busy_ = false;                    // an emission that entered here is running
  std::atomic<bool> ended_{false};       // who looks at the graph reads it meanwhile
  std::atomic<bool> is_closing_{false};  // it is about to end
  enum Slow : unsigned char { careful = 1, over = 2, deep = 4 };
  unsigned char slow_ = 0;  // careful: the policy needs the element after a failure; over: it has ended;
                            // deep: it looks whether there is stack left
  unsigned ended_inputs_ = 0;
  unsigned depth_ = 0;  // below the last node that looks at the stack
  std::uint64_t gates_version_ = 0;
  mutable std::uint64_t cycle_version_ = 0;  // of the graph that in_cycle_ is about
  mutable bool in_cycle_ = false;
  std::uint64_t visit_ = 0;   // the last walk through the graph that came by
  std::vector<Gate*> gates_;  // reachable without passing a boundary
  std::atomic<Domain*> domain_{nullptr};
  std::atomic<Graph*> graph_{nullptr};
  ErrorPolicy policy_;

 private:
  static constexpr std::uint32_t is_awaited = 1U << 31;  // in `names_`: who drops the last one says so
  /// False if it is the last one and somebody waits for its end: `let_go` drops it.
  bool drop_name() noexcept {
    std::uint32_t names = names_.load(std::memory_order_relaxed);
    do {
      if (names == (is_awaited | 1)) return false;
    } while (!names_.compare_exchange_weak(names, names - 1, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    return true;
  }
  void let_go() noexcept;
  /// Whether somebody has a name for it; who drops the last one says so then.
  bool is_known() noexcept;
  Entry entry_slow() noexcept;
  void find_gates() noexcept;
  [[nodiscard]] bool reaches(const Node& other, bool through_boundaries = true) const;
  /// Changes a part of the label; others look at it meanwhile once the node is in a graph.
  void relabel(std::string& part, std::string&& text);

  std::string kind_, name_, detail_;
  const void* function_ = nullptr;
  std::uint32_t label_changes_ = 0;
  bool copyable_;
  std::vector<Node*> upstreams_;
  std::unique_ptr<InletBase*[]> fan_owner_;
  std::atomic<std::uint32_t> names_{0};
  std::atomic<std::uint32_t> wakers_{0};  // that have not been called yet
  bool is_cut_ = false;            // noted in the graph; guarded by the structure's mutex, as what follows
  std::uint32_t relied_upon_ = 0;  // by how many
  std::vector<Node*> relies_on_;
};

inline NodeRef::NodeRef(Node* node) noexcept : node_(node) {
  if (node_) node_->names_.fetch_add(1, std::memory_order_relaxed);
}
inline NodeRef::~NodeRef() {
  if (node_ && !node_->drop_name()) [[unlikely]]
    node_->let_go();
}

}  // namespace weir::detail::stream
