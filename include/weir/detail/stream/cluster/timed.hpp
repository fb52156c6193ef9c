// Operators that know time, on the cluster: this program has the clock and says when, the state is on a
// worker.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "weir/detail/stream/cluster/segment.hpp"
#include "weir/detail/stream/graph/timed_node.hpp"

namespace weir::detail::stream {

/// What comes out of a state because its time has come.
template <class K>
Stage<K> fire_stage(const Stage<K>& before, const Step& step) {
  return run_alone(before, step, [&](Stage<K>& stage) {
    const auto emit = emit_alone(stage.out, step);
    answered(emit, [&] { stage.kernel.fire(emit, EventLoop::Time(step.now_ns)); });
  });
}

/// When a state wants to be woken, how many elements will come out by themselves, and whether emitters should
/// wait meanwhile.
struct Appointment {
  std::int64_t due_ns = -1;
  std::uint64_t pending = 0;
  bool is_full = false;
};
template <class K>
Appointment next_appointment(const Stage<K>& stage, std::int64_t now_ns) {
  Appointment next;
  if (const auto due = stage.kernel.due()) next.due_ns = due->count();
  if constexpr (requires { stage.kernel.pending(); }) next.pending = stage.kernel.pending();
  if constexpr (requires { stage.kernel.is_full(Time()); }) next.is_full = stage.kernel.is_full(Time(now_ns));
  return next;
}

/// A segment whose kernel has deadlines.
template <class In, class K>
class TimedChainNode final : public Outlet<Chunk<typename K::Out>>,
                             public Inlet<Chunk<In>>,
                             public WholeSegment {
 public:
  using Out = typename K::Out;
  TimedChainNode(std::string kind, Client client, K kernel, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>(std::move(kind)),
        Inlet<Chunk<In>>(this),
        client_(std::move(client)),
        kernel_(std::move(kernel)),
        options_(std::move(options)),
        segment_(*this),
        alarm_(*this, [this] { ring(); }),
        gate_(*this),
        calendar_(std::make_shared<Calendar>(*this)) {}
  ~TimedChainNode() override { shut(); }

  void push(Chunk<In>&& chunk) noexcept override { submit(chunk); }
  void push(const Chunk<In>& chunk) noexcept override { submit(chunk); }
  void attached() override {
    loop_ = this->graph().loop();
    alarm_.attach(*loop_);
    if constexpr (requires(K & k) { k.begin(Time{}); }) kernel_.begin(alarm_.now());
    chain_.emplace(client_, kernel_, options_);
    if (const auto due = kernel_.due()) alarm_.set(due);
  }
  void put_out(bool ending) override {
    own_step([&](Step& step) {
      step.is_ending = ending;
      return chain_->step(&finish_stage<K>, step);
    });
    if (ending) {
      alarm_.set({});
      gate_.set(false);
    }
  }
  void end() override {
    if constexpr (requires { K::outlives_input; }) {
      ending_ = pending() > 0;
      if (ending_) return;
    }
    Node::end();
  }
  [[nodiscard]] Gate* gate(unsigned) override {
    if constexpr (requires(const K& k) { k.is_full(Time()); }) return &gate_;
    else return nullptr;
  }
  bool reset() override {
    chain_->reset();
    return true;
  }
  [[nodiscard]] KeptState keeps() const override { return kept_of<K>(); }
  void write_kept(Writer& writer) override { chain_->write_kept(writer); }
  void read_kept(Reader& reader) override { chain_->read_kept(reader); }
  void shut() noexcept override {
    calendar_->shut();
    alarm_.shut();
  }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }
  [[nodiscard]] std::size_t pending() const override { return asked_.load() + pending_.load(); }
  [[nodiscard]] std::size_t queued() const override { return pending_.load(); }
  [[nodiscard]] bool emits_by_itself() const override { return true; }
  [[nodiscard]] bool is_ticking() const override { return true; }
  bool help() override { return asked_.load(std::memory_order_relaxed) > 0 && client_.core()->drive(); }
  [[nodiscard]] bool can_help() const override { return true; }
  [[nodiscard]] bool is_elsewhere() const override { return asked_.load() > 0; }

 private:
  /// Where appointments arrive; outlives the node.
  class Calendar {
   public:
    explicit Calendar(TimedChainNode& node) : node_(&node) {}
    void take(std::uint64_t number, const std::optional<Appointment>& next) {
      const std::lock_guard lock(mutex_);
      if (!node_) return;
      Frame frame(*node_);
      node_->settle(number, next);
      if (const auto error = frame.finish_quietly()) node_->graph().report(error);
    }
    void shut() {
      const std::lock_guard lock(mutex_);
      node_ = nullptr;
    }

   private:
    std::recursive_mutex mutex_;
    TimedChainNode* node_;
  };

  void submit(const Chunk<In>& chunk) noexcept {
    this->in.add(chunk.elements);
    has_tokens_ = has_tokens_ || chunk.token != 0;
    this->guarded([&] {
      Step step = segment_.step(chunk.token);
      step.now_ns = alarm_.now().count();
      this->send(following<Out>(chunk, chain_->step(&run_stage<K, In>, step, chunk.input()), true));
      ask();
    });
  }
  /// A step that no chunk asked for.
  template <class Take>
  void own_step(Take take) noexcept {
    this->guarded([&] {
      Chunk<Out> chunk;
      if (has_tokens_) chunk.token = next_token();
      Step step = segment_.step(chunk.token);
      step.now_ns = alarm_.now().count();
      chunk.result = take(step);
      chunk.has_state = true;
      this->send(std::move(chunk));
      ask();
    });
  }
  void ring() {
    if (this->ended_) return;
    own_step([&](Step& step) { return chain_->step(&fire_stage<K>, step); });
  }
  /// Asks the state for its next appointment; the answer comes in on the event loop.
  void ask() {
    asked_.fetch_add(1);
    const auto next = client_.submit(options_, &next_appointment<K>, chain_->last(), alarm_.now().count());
    next.on_done(
        [calendar = calendar_, loop = *loop_, number = ++steps_](const Future<Appointment>& answer) mutable {
          std::optional<Appointment> known;
          if (answer.status() == Status::finished) known = answer.result();
          loop.post([calendar, number, known] { calendar->take(number, known); });
        });
  }
  void settle(std::uint64_t number, const std::optional<Appointment>& next) {
    if (number == steps_) {
      const Appointment known = next.value_or(Appointment());  // a state that is lost wants nothing
      pending_.store(known.pending);
      if (!this->ended_) {
        alarm_.set(known.due_ns < 0 ? std::nullopt : std::optional(Time(known.due_ns)));
        gate_.set(known.is_full);
      }
    }
    if (asked_.fetch_sub(1) != 1 || pending_.load() != 0) return;
    if (ending_) Node::end();
    this->graph().finished();
  }

  Client client_;
  K kernel_;
  std::shared_ptr<const Options> options_;
  std::optional<StateChain<K>> chain_;
  SegmentOf<In> segment_;
  std::optional<EventLoop> loop_;
  Alarm alarm_;
  Gate gate_;
  std::shared_ptr<Calendar> calendar_;
  std::uint64_t steps_ = 0;
  std::atomic<std::size_t> asked_{0}, pending_{0};
  bool has_tokens_ = false;
  bool ending_ = false;  // when nothing is pending any more
};

/// Passes a chunk on when the one before it has been consumed, and drops those that a newer one overtakes
/// meanwhile.
template <class T>
class LatestChunkNode final : public Outlet<Chunk<T>>, public Inlet<Chunk<T>> {
 public:
  LatestChunkNode()
      : Outlet<Chunk<T>>("latest"), Inlet<Chunk<T>>(this), under_way_(std::make_shared<UnderWay>(*this)) {}
  ~LatestChunkNode() override { under_way_->shut(); }
  void push(Chunk<T>&& chunk) noexcept override { take(std::move(chunk)); }
  void push(const Chunk<T>& chunk) noexcept override {
    if constexpr (is_copyable<T>) take(chunk);
  }
  void input_ended(unsigned number) override {
    pass_on();
    Node::input_ended(number);
  }
  void shut() noexcept override { under_way_->shut(); }
  [[nodiscard]] std::size_t pending() const override { return under_way_->waiting.load(); }
  [[nodiscard]] std::size_t queued() const override { return pending(); }

 private:
  struct Waiting {
    Chunk<T> chunk;
    TicketRef ticket;
  };
  /// Hears when the chunk that was passed on has gone; outlives the node.
  class UnderWay final : public ChunkSource, public std::enable_shared_from_this<UnderWay> {
   public:
    explicit UnderWay(LatestChunkNode& node) : node_(&node) {}
    void measured(double, double, std::uint32_t) override {}
    void left(std::uint32_t) noexcept override {
      under_way.store(false);
      next(false);
    }
    void next(bool is_due) noexcept {
      asked_.store(true);
      while (asked_.load()) {
        const std::unique_lock lock(
            mutex_,
            std::try_to_lock);  // who has it may wait for the domain this thread is in, and looks again
        if (!lock) return;
        asked_.store(false);
        if (!node_ || waiting.load() == 0) return;
        if (Frame* const inside = is_due ? nullptr : Frame::outermost_in(node_->graph())) {
          auto later = std::make_unique<Next>();
          later->node = this->shared_from_this();
          return inside->put_off(std::move(later));
        }
        Frame frame(*node_);
        if (!under_way.load()) node_->pass_on();
        if (const auto error = frame.finish_quietly()) node_->graph().report(error);
      }
    }
    void shut() noexcept {
      const std::lock_guard lock(mutex_);
      node_ = nullptr;
    }
    std::atomic<bool> under_way{false};
    std::atomic<std::size_t> waiting{0};

   private:
    struct Next final : Deferred {
      std::shared_ptr<UnderWay> node;
      void run() noexcept override { node->next(true); }
    };
    std::recursive_mutex mutex_;
    std::atomic<bool> asked_{false};
    LatestChunkNode* node_;
  };

  template <class C>
  void take(C&& chunk) noexcept {
    this->in.add(chunk.elements);
    const std::optional<Waiting> older = std::exchange(newest_, Waiting{std::forward<C>(chunk), hold()});
    under_way_->waiting.store(1);
    if (!under_way_->under_way.load()) pass_on();
  }
  void pass_on() noexcept {
    if (!newest_) return;
    Waiting next = std::move(*std::exchange(newest_, std::nullopt));
    under_way_->under_way.store(true);
    under_way_->waiting.store(0);
    next.chunk.pass =
        std::make_shared<ChunkPass>(under_way_, next.chunk.elements, std::move(next.chunk.pass));
    const TicketScope scope(std::move(next.ticket));
    this->send(std::move(next.chunk));
  }
  std::optional<Waiting> newest_;
  std::shared_ptr<UnderWay> under_way_;
};

}  // namespace weir::detail::stream
