// Segments: nodes that submit a task for every chunk. The chunks are handles; their values stay on the
// workers.
#pragma once

#include <atomic>

#include "weir/detail/stream/cluster/state.hpp"
#include "weir/stream/stream.hpp"

namespace weir::detail::stream {

/// A segment in the stream's program: knows what becomes of the elements its tasks failed on.
class Segment {
 public:
  /// `may_end`: it may be over before what comes in is.
  Segment(Node& node, bool may_end);
  Segment(const Segment&) = delete;
  virtual ~Segment();
  /// What its next task is told.
  [[nodiscard]] Step step(std::uint64_t token);
  /// Makes these nodes and all above them note where their elements stand, for a join where ways meet.
  static void note_places_above(const std::vector<Node*>& inputs);
  /// Whether one of these nodes, or of those above them, may be over before what comes in is.
  static bool may_end_above(const std::vector<Node*>& inputs);
  /// Answers an error that came back with a chunk as the policy of its segment says. Inside a frame of
  /// `gather`.
  static void report(Node& gather, ChunkError&& error);
  /// Notes what the segments did with a chunk; the sum of their seconds.
  static double account(const std::vector<Spent>& spent);

 protected:
  virtual void send_letter(const std::string& element, const std::exception_ptr& error) noexcept = 0;

 private:
  struct Reported;
  /// These segments and all above them.
  static std::vector<Segment*> above(const std::vector<Node*>& inputs);
  Node& node_;
  const bool may_end_;
  std::uint32_t number_ = 0;
  std::uint64_t steps_ = 0;
  std::atomic<bool> notes_places_{false};
  std::unique_ptr<Reported> reported_;
};

/// The part that knows the type of the elements that come in.
template <class In>
class SegmentOf : public Segment {
 public:
  explicit SegmentOf(Node& node, bool may_end = false) : Segment(node, may_end), of_(node) {}

 protected:
  void send_letter(const std::string& element, const std::exception_ptr& error) noexcept override {
    if constexpr (is_copyable<In>) {
      try {
        Reader reader(std::as_bytes(std::span(element)));
        In x{};
        read(reader, x);
        stream::send_letter(of_, x, error);
      } catch (...) {
        of_.raise_current();
      }
    }
  }

 private:
  Node& of_;
};

/// A node that is a segment by itself: `on_error` behind it is its own policy.
class WholeSegment {
 public:
  virtual ~WholeSegment() = default;
};

/// The options of a segment's tasks, which people see under `name` unless the user has given them one.
[[nodiscard]] std::shared_ptr<const Options> named_options(const std::shared_ptr<const Options>& options,
                                                           const std::string& name);

/// `map(increment)`, `partition(5)`: an operator and what it was made with, as far as that can be said.
template <class K>
std::string step_name(const std::string& kind, const std::string& detail, const K& kernel) {
  const void* const function = function_of(kernel);
  const std::string made_with = function ? task::function_name(task::portable_address(function)) : detail;
  return made_with.empty() ? kind : kind + "(" + made_with + ")";
}

/// A chunk that follows from another one.
template <class Out, class In>
Chunk<Out> following(const Chunk<In>& chunk, Future<ChunkResult<Out>> result, bool has_state) {
  return {{}, std::move(result), chunk.elements, chunk.token, chunk.has_state || has_state, chunk.pass};
}

/// A stateless segment: one task per chunk, anywhere.
template <class In, class K>
class SegmentNode final : public Outlet<Chunk<typename K::Out>>, public Inlet<Chunk<In>> {
 public:
  using Out = typename K::Out;
  SegmentNode(Client client, K kernel, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>("segment"),
        Inlet<Chunk<In>>(this),
        client_(std::move(client)),
        kernel_(std::move(kernel)),
        options_(std::move(options)),
        segment_(*this) {}

  void push(Chunk<In>&& chunk) noexcept override {
    submit(chunk, [&] { return options_->retries == 0 ? chunk.only_input() : chunk.input(); });
  }
  void push(const Chunk<In>& chunk) noexcept override {
    submit(chunk, [&] { return chunk.input(); });
  }
  [[nodiscard]] bool is_passive() const override { return !this->policy_.letter_box; }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }

 private:
  template <class MakeInput>
  void submit(const Chunk<In>& chunk, const MakeInput& input) noexcept {
    this->in.add(chunk.elements);
    this->guarded([&] {
      const Step step = segment_.step(chunk.token);
      auto result = client_.submit(options_, &run_chunk<K, In>, kernel_, step, input());
      this->send(following<Out>(chunk, std::move(result), false));
    });
  }
  Client client_;
  K kernel_;
  std::shared_ptr<const Options> options_;
  SegmentOf<In> segment_;
};

/// The chain of tasks that a state goes through; it lives on a worker, and a copy of it is fetched now and
/// then, so that a death costs little.
template <class K>
class StateChain {
 public:
  using Out = typename K::Out;
  StateChain(Client client, K kernel, std::shared_ptr<const Options> options)
      : client_(std::move(client)),
        begin_(std::make_shared<const Stage<K>>(Stage<K>{std::move(kernel), {}})),
        kept_(begin_),
        options_(std::move(options)) {}

  /// Appends the task `function(state, args...)` and returns what will come out.
  template <class F, class... A>
  Future<ChunkResult<Out>> step(F function, const A&... args) {
    keep_state();
    last_ = client_.submit(options_, function, Input<Stage<K>>{last_, kept_}, args...);
    return client_.submit(options_, &stage_output<K>, last_);
  }
  /// What `function(state)` says after the last step.
  template <class F>
  auto ask(Client& client, F function) {
    return client.submit(options_, function, Input<Stage<K>>{last_, kept_});
  }
  /// The state after the last step.
  [[nodiscard]] const Future<Stage<K>>& last() const noexcept { return last_; }
  void reset() { begin_with(begin_); }
  /// A copy of the kernel after the last step, for which this waits.
  [[nodiscard]] K kernel() const { return last_.valid() ? last_.result().kernel : kept_->kernel; }
  void go_on_with(K kernel) { begin_with(std::make_shared<const Stage<K>>(Stage<K>{std::move(kernel), {}})); }
  void write_kept(Writer& writer) const {
    K now = kernel();
    stream::write_kept(writer, now);
  }
  void read_kept(Reader& reader) {
    K now = kernel();
    stream::read_kept(reader, now);
    go_on_with(std::move(now));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned shortest = 64, longest = 1024;  // tasks that are run again after a death

  /// Brings the state here now and then. What a task could not bring is lost with an error; the state of
  /// before goes on.
  void keep_state() {
    if (!last_.valid()) return;
    if (last_.status() == Status::error || last_.status() == Status::cancelled) return forget_failed();
    ++since_kept_;
    if (since_kept_ < shortest || (since_kept_ < longest && Clock::now() < next_keep_)) return;
    const auto start = Clock::now();
    try {
      const Stage<K>& last = last_.result();
      kept_ = std::make_shared<const Stage<K>>(Stage<K>{last.kernel, {}, last.holds, last.has_ended});
    } catch (const TaskError&) {
      return forget_failed();
    }
    last_ = {};
    since_kept_ = 0;
    next_keep_ = Clock::now() + 10 * (Clock::now() - start);
  }
  void begin_with(std::shared_ptr<const Stage<K>> stage) {
    kept_ = std::move(stage);
    forget_failed();
  }
  void forget_failed() {
    last_ = {};
    since_kept_ = 0;
  }

  Client client_;
  std::shared_ptr<const Stage<K>> begin_, kept_;  // kept: when it was fetched last
  Future<Stage<K>> last_;                         // now
  unsigned since_kept_ = 0;
  Clock::time_point next_keep_{};
  std::shared_ptr<const Options> options_;
};

/// A segment with a state.
template <class In, class K>
class StatefulNode final : public Outlet<Chunk<typename K::Out>>, public Inlet<Chunk<In>> {
 public:
  using Out = typename K::Out;
  StatefulNode(Client client, K kernel, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>("stateful segment"),
        Inlet<Chunk<In>>(this),
        chain_(std::move(client), std::move(kernel), std::move(options)),
        segment_(
            *this, requires(const K& k) { k.is_done(); }) {}

  void push(Chunk<In>&& chunk) noexcept override { submit(chunk); }
  void push(const Chunk<In>& chunk) noexcept override { submit(chunk); }
  [[nodiscard]] bool is_passive() const override { return !this->policy_.letter_box; }
  void put_out(bool ending) override {
    this->guarded([&] {
      Chunk<Out> chunk;
      if (has_tokens_) chunk.token = next_token();
      Step step = segment_.step(chunk.token);
      step.is_ending = ending;
      chunk.result = chain_.step(&finish_stage<K>, step);
      chunk.has_state = true;
      this->send(std::move(chunk));
    });
  }
  bool reset() override {
    chain_.reset();
    return true;
  }
  [[nodiscard]] KeptState keeps() const override { return kept_of<K>(); }
  void write_kept(Writer& writer) override { chain_.write_kept(writer); }
  void read_kept(Reader& reader) override { chain_.read_kept(reader); }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }
  /// What `function(state)` says now.
  template <class F>
  auto ask(Client& client, F function) {
    return chain_.ask(client, function);
  }

 private:
  void submit(const Chunk<In>& chunk) noexcept {
    this->in.add(chunk.elements);
    has_tokens_ = has_tokens_ || chunk.token != 0;
    this->guarded([&] {
      const Step step = segment_.step(chunk.token);
      this->send(following<Out>(chunk, chain_.step(&run_stage<K, In>, step, chunk.input()), true));
    });
  }
  StateChain<K> chain_;
  SegmentOf<In> segment_;
  bool has_tokens_ = false;
};

}  // namespace weir::detail::stream
