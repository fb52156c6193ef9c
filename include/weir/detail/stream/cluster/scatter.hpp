// ScatterNode: where elements go to the cluster.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>

#include "weir/detail/stream/cluster/chunk.hpp"
#include "weir/stream/stream.hpp"

namespace weir::detail::stream {

class ScatterControl;

/// How much of a scatter may be on the cluster, and in what portions; what operators below can ask of it.
struct FlowLimit {
  std::atomic<std::uint32_t> most_elements{0};  ///< `buffer(n)`; 0: as many as the worker threads can use.
  std::atomic<bool> one_by_one{false};          ///< Every element is a chunk by itself.
  std::shared_ptr<ScatterControl> control;
  std::vector<std::shared_ptr<FlowLimit>>
      fed_by;  ///< Those of the streams connected to this scatter; see `all_of`.
};
using FlowLimits = std::vector<std::shared_ptr<FlowLimit>>;

/// The limits of the scatters above a stream, also of those that `connect` has brought.
[[nodiscard]] FlowLimits all_of(const FlowLimits& limits);
/// What is behind `above` also goes where what is behind `below` goes: it is bounded like that, and keeps the
/// order of emission.
void feed_limits(const FlowLimits& below, const FlowLimits& above);

/// Counts what is on the cluster; outlives the node.
class ScatterControl final : public ChunkSource, public std::enable_shared_from_this<ScatterControl> {
 public:
  /// `send` puts what waits on the cluster, all of it or as far as there is room; called inside the node's
  /// domain.
  ScatterControl(Node& node, Gate& gate, std::function<void(bool all)> send)
      : node_(&node), gate_(gate), send_(std::move(send)) {}

  void measured(double seconds, double copying_seconds, std::uint32_t elements) override;
  void left(std::uint32_t elements) noexcept override;
  void entered(std::uint32_t elements) noexcept {
    chunks_.fetch_add(1);
    elements_.fetch_add(elements);
  }
  /// Puts everything that waits on the cluster, before what the caller is about to do further down. Does
  /// nothing if a boundary parts the caller from the scatter.
  void send_before() noexcept;
  /// What enters either of the two leaves after what had entered the other.
  void keep_order_with(ScatterControl& other);
  /// Inside the node's domain: something is about to enter.
  void before_entering() noexcept {
    for (ScatterControl* other : in_order_with_) other->send_before();
  }
  [[nodiscard]] bool keeps_order() const noexcept { return !in_order_with_.empty(); }
  void shut() noexcept;
  /// Waits until the stream has nothing left to do; says on the log what went wrong.
  void drain_at_end() noexcept;

  [[nodiscard]] std::uint32_t chunks() const noexcept { return chunks_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t elements() const noexcept { return elements_.load(std::memory_order_relaxed); }
  /// Elements that were on the cluster.
  [[nodiscard]] std::uint64_t gone() const noexcept { return gone_.load(); }
  /// Of computing, for one element; negative while unknown.
  [[nodiscard]] double seconds_each() const noexcept { return seconds_each_.load(std::memory_order_relaxed); }
  [[nodiscard]] double copying_seconds() const noexcept { return copying_.load(std::memory_order_relaxed); }
  std::atomic<std::size_t> waiting{0};  ///< Elements not on the cluster yet.

 private:
  struct Advance;
  /// Lets waiting elements in if there is room now; when this thread's emission in the graph is through,
  /// unless it `is_due`.
  void advance(bool is_due) noexcept;

  std::recursive_mutex mutex_;  // a chunk may be done before its emission has returned
  std::atomic<bool> asked_{false};
  Node* node_;
  Gate& gate_;
  std::function<void(bool)> send_;
  std::vector<ScatterControl*> in_order_with_;  // of scatters in the same graph; they end together
  std::atomic<std::uint32_t> chunks_{0};
  std::atomic<std::uint64_t> elements_{0}, gone_{0};
  std::atomic<double> seconds_each_{-1}, copying_{0};
};

/// How many threads the workers have, looked up now and then; at least 1.
class WorkerThreads {
 public:
  explicit WorkerThreads(Client client) : client_(std::move(client)) {}
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  void look();

 private:
  Client client_;
  std::uint32_t count_ = 1;
  std::chrono::steady_clock::time_point looked_{};
};

/// Puts elements into chunks: one at a time while the cluster is hungry, many when they are small and it is
/// busy.
template <class T>
class ScatterNode final : public Outlet<Chunk<T>>, public Inlet<T> {
 public:
  ScatterNode(Client client, std::shared_ptr<FlowLimit> limit)
      : Outlet<Chunk<T>>("scatter"),
        Inlet<T>(this),
        client_(client),
        limit_(std::move(limit)),
        gate_(*this),
        threads_(std::move(client)),
        control_(std::make_shared<ScatterControl>(*this, gate_, [this](bool all) { send_waiting(all); })) {
    limit_->control = control_;
  }
  ~ScatterNode() override { control_->shut(); }

  void push(T&& x) noexcept override { put(std::move(x)); }
  void push(const T& x) noexcept override {
    if constexpr (is_copyable<T>) put(x);
  }
  /// Where other streams on the cluster are connected.
  [[nodiscard]] InletBase& chunks() noexcept { return chunks_; }
  void attached() override {
    client_.core()->at_end([control = std::weak_ptr(control_)] {
      if (const auto alive = control.lock()) alive->drain_at_end();
    });
  }
  void input_ended(unsigned number) override {
    control_->before_entering();
    send_waiting(true);
    Node::input_ended(number);
  }
  void flush() override {
    control_->before_entering();
    send_waiting(true);
    Node::flush();
  }
  void shut() noexcept override { control_->shut(); }
  [[nodiscard]] std::size_t queued() const override {
    return control_->waiting.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t pending() const override {
    return control_->waiting.load() + control_->elements();
  }
  [[nodiscard]] std::uint64_t gone() const override { return control_->gone(); }
  [[nodiscard]] bool comes_to_rest() const override { return !control_->keeps_order(); }  // others know it
  [[nodiscard]] bool is_at_rest() const override { return Node::is_at_rest() && !gate_.is_closed(); }
  [[nodiscard]] Gate* gate(unsigned number) override { return number == 0 ? &gate_ : nullptr; }
  [[nodiscard]] const char* shape() const override { return "invhouse"; }

 private:
  struct Chunks final : Inlet<Chunk<T>> {
    ScatterNode& scatter;
    explicit Chunks(ScatterNode* of) : Inlet<Chunk<T>>(of, 1), scatter(*of) {}
    void push(Chunk<T>&& chunk) noexcept override { scatter.pass(std::move(chunk)); }
    void push(const Chunk<T>& chunk) noexcept override {
      if constexpr (is_copyable<T>) scatter.pass(chunk);
    }
  };
  static constexpr double chunk_s = 400e-6;    // computing time a chunk is made for
  static constexpr double most_copying = 0.1;  // of the time, for copies of a state
  static constexpr double most_per_chunk = 4096;
  static constexpr double most_bytes = 1024 * 1024;

  /// A chunk of another stream, behind what has come before it.
  template <class C>
  void pass(C&& chunk) noexcept {
    this->in.add(chunk.elements);
    control_->send_before();
    this->admit(std::forward<C>(chunk));
  }
  template <class X>
  void put(X&& x) noexcept {
    this->in.add();
    if (this->is_lost_in_cycle()) return;
    rounds_ = waiting() == 0 ? flow.rounds : std::min(rounds_, flow.rounds);
    control_->before_entering();
    try {
      weigh(x);
      waiting_.push_back(std::forward<X>(x));
      if (flow.ticket) tickets_.emplace_back(first_ + waiting() - 1, hold());
      note_waiting();
      if (waiting() >= size_now() || most_elements() || is_hungry()) send_waiting(false);
      update_gate();
    } catch (...) {
      this->raise_current();
    }
  }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size() - head_; }
  void note_waiting() noexcept { control_->waiting.store(waiting(), std::memory_order_relaxed); }
  /// Elements per chunk: what keeps a thread busy for a while, as far as is known.
  [[nodiscard]] std::uint32_t size_now() const noexcept {
    const double each = control_->seconds_each();
    if (each < 0 || limit_->one_by_one.load(std::memory_order_relaxed)) return 1;
    const double copying = control_->copying_seconds() / most_copying;
    const double by_time = std::max(chunk_s, copying) / std::max(each, 1e-9);
    const double limit = std::max(most_per_chunk, copying / 1e-6);
    return static_cast<std::uint32_t>(std::clamp(std::min(by_time, most_bytes / bytes_each_), 1.0, limit));
  }
  [[nodiscard]] std::uint32_t most_elements() const noexcept {
    return limit_->most_elements.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool room() const noexcept {
    if (const std::uint32_t most = most_elements()) return control_->elements() < most;
    return control_->chunks() < most_chunks();
  }
  [[nodiscard]] std::uint32_t most_chunks() const noexcept { return 2 * threads_.count() + 2; }
  [[nodiscard]] bool is_hungry() const noexcept { return control_->chunks() < threads_.count(); }
  /// Quick elements wait for others where `buffer(n)` leaves little room: if each took the place of the one
  /// before it, all would be chunks by themselves, for ever.
  [[nodiscard]] bool is_worth_a_chunk() const noexcept {
    const std::uint32_t most = most_elements();
    return !most || is_hungry() || waiting() >= std::min(size_now(), std::max(most / most_chunks(), 1U));
  }
  /// How many of the waiting elements the next chunk takes.
  [[nodiscard]] std::size_t next_count(bool all) const noexcept {
    std::size_t count = std::min<std::size_t>(waiting(), size_now());
    if (const std::uint32_t most = most_elements(); most && !all)
      count = std::min<std::size_t>(count, most - std::min<std::uint64_t>(most - 1, control_->elements()));
    if (!tickets_.empty()) {  // somebody waits for each of them by itself
      const std::uint64_t alone = tickets_.front().first - first_;
      count = std::min<std::size_t>(count, alone == 0 ? 1 : alone);
    }
    return count;
  }
  void send_waiting(bool all) {
    while (waiting() > 0 && (all || (room() && is_worth_a_chunk()))) send_chunk(next_count(all));
    update_gate();
  }
  void send_chunk(std::size_t count) {
    threads_.look();
    Chunk<T> chunk;
    chunk.elements = static_cast<std::uint32_t>(count);
    auto here = std::make_shared<ChunkResult<T>>();
    here->elements = chunk.elements;
    if (count == waiting_.size()) {
      here->values = std::exchange(waiting_, {});
    } else {
      const auto begin = waiting_.begin() + static_cast<std::ptrdiff_t>(head_),
                 end = begin + static_cast<std::ptrdiff_t>(count);
      here->values.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
      head_ += count;
      if (2 * head_ >= waiting_.size()) {
        waiting_.erase(waiting_.begin(), end);
        head_ = 0;
      }
    }
    chunk.here = std::move(here);
    TicketRef ticket;
    if (!tickets_.empty() && tickets_.front().first == first_) {
      ticket = std::move(tickets_.front().second);
      tickets_.pop_front();
      has_tickets_ = true;
    }
    first_ += count;
    note_waiting();
    if (has_tickets_) chunk.token = next_token();
    control_->entered(chunk.elements);
    chunk.pass = std::make_shared<ChunkPass>(control_, chunk.elements);
    const TicketScope scope(std::move(ticket));
    const RoundsScope rounds(rounds_);
    this->admit(std::move(chunk));
  }
  /// How large elements are. One that cannot be written is refused here, before it is among others.
  void weigh(const T& x) {
    if constexpr (!task::Bitwise<T>) {
      Writer counter;
      write(counter, x);
      bytes_each_ = static_cast<double>(counter.written() + 1);
    }
  }
  void update_gate() noexcept {
    if (const std::uint32_t most = most_elements())
      return gate_.set(control_->elements() + waiting() >= most);
    const bool is_crowded = control_->keeps_order() &&
                            control_->chunks() >= 2 * most_chunks();  // others make it send without room
    gate_.set((waiting() >= std::max<std::size_t>(2 * size_now(), 2) && !room()) || is_crowded);
  }

  Client client_;
  std::shared_ptr<FlowLimit> limit_;
  Gate gate_;
  Chunks chunks_{this};
  std::vector<T> waiting_;
  std::size_t head_ = 0;                                     // of waiting_, what is still there
  std::uint64_t first_ = 0;                                  // number of the first element waiting
  std::deque<std::pair<std::uint64_t, TicketRef>> tickets_;  // of waiting elements, by number
  bool has_tickets_ = false;
  std::uint64_t rounds_ = 0;       // of the waiting elements, the fewest
  double bytes_each_ = sizeof(T);  // of the newest
  WorkerThreads threads_;
  std::shared_ptr<ScatterControl> control_;
};

}  // namespace weir::detail::stream
