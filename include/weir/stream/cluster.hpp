// The cluster side of streams: scatter, segments fused into one task per chunk, gather.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "weir/stream/chunk.hpp"
#include "weir/stream/stream.hpp"

namespace weir {

/// Asks `gather` for results as they come.
struct Unordered {};
inline constexpr Unordered unordered{};

namespace stream {

/// How many chunks and elements may be on the cluster, and how large chunks are; shared by a scatter and its `buffer`.
struct Window {
  std::atomic<std::uint32_t> most_elements{0};  ///< `buffer(n)`; 0: as many as the worker threads can use.
};

/// Puts elements into chunks: one at a time while the cluster is hungry, many when they are small and it is busy.
template <class T>
class ScatterNode final : public Outlet<Chunk<T>>, public Inlet<T> {
 public:
  ScatterNode(Client client, std::shared_ptr<Window> window)
      : Outlet<Chunk<T>>("scatter"), Inlet<T>(this), client_(std::move(client)), window_(std::move(window)), gate_(*this), control_(std::make_shared<Control>(*this)) {}
  ~ScatterNode() override { control_->shut(); }

  void push(T&& x) noexcept override { put(std::move(x)); }
  void push(const T& x) noexcept override {
    if constexpr (is_copyable<T>) put(x);
  }
  void input_ended(unsigned port) override {
    send_waiting(true);
    Node::input_ended(port);
  }
  void flush() override {
    send_waiting(true);
    Node::flush();
  }
  void shut() noexcept override { control_->shut(); }
  [[nodiscard]] std::size_t queued() const override { return waiting_count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t pending() const override { return waiting_count_.load(std::memory_order_relaxed) + elements_inside_.load(std::memory_order_relaxed); }
  [[nodiscard]] Gate* gate(unsigned) override { return &gate_; }
  [[nodiscard]] const char* shape() const override { return "invhouse"; }

 private:
  static constexpr double chunk_s = 400e-6;             // computing time a chunk is made for
  static constexpr std::uint32_t most_per_chunk = 4096;
  static constexpr std::uint64_t most_bytes = 512 * 1024;

  /// Outlives the node: chunks that come back late find it gone.
  class Control final : public ChunkSource {
   public:
    explicit Control(ScatterNode& node) : node_(&node) {}
    void measured(double seconds, std::uint32_t elements) override {
      const std::lock_guard lock(mutex_);
      if (!node_ || elements == 0) return;
      const double each = seconds / elements;
      const double old = node_->seconds_each_.load(std::memory_order_relaxed);
      node_->seconds_each_.store(old < 0 ? each : old + (each - old) * 0.25, std::memory_order_relaxed);
    }
    void advance() override {
      const std::lock_guard lock(mutex_);
      if (!node_ || node_->waiting_count_.load(std::memory_order_relaxed) == 0) return;
      Frame frame(*node_);
      node_->send_waiting(false);
      if (const auto error = frame.finish_quietly()) node_->graph().report(error);
    }
    void left(std::uint32_t elements) {
      const std::lock_guard lock(mutex_);
      if (!node_) return;
      --node_->chunks_inside_;
      if (node_->elements_inside_.fetch_sub(elements) == elements) node_->graph().changed();
    }
    void shut() {
      const std::lock_guard lock(mutex_);
      node_ = nullptr;
    }

   private:
    std::recursive_mutex mutex_;  // a chunk may be done before its emission has returned
    ScatterNode* node_;
  };

  template <class X>
  void put(X&& x) noexcept {
    this->in.add();
    try {
      waiting_.push_back(std::forward<X>(x));
      hold(tickets_);
      waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
      if (waiting_.size() >= size_now() || chunks_inside_.load(std::memory_order_relaxed) < threads()) send_waiting(false);
      update_gate();
    } catch (...) {
      this->raise_current();
    }
  }
  /// Elements per chunk: what keeps a thread busy for a while, as far as is known.
  [[nodiscard]] std::uint32_t size_now() const noexcept {
    const double each = seconds_each_.load(std::memory_order_relaxed);
    if (each < 0) return 1;
    const double by_time = chunk_s / std::max(each, 1e-9), by_bytes = double(most_bytes) / double(sizeof(T));
    return static_cast<std::uint32_t>(std::clamp(std::min(by_time, by_bytes), 1.0, double(most_per_chunk)));
  }
  [[nodiscard]] std::uint32_t threads() {
    if (threads_known_ == 0 || (looked_ % 1024 == 0 && looked_ > 0)) {
      std::uint32_t sum = 0;
      for (const WorkerInfo& worker : client_.workers()) sum += worker.threads;
      threads_known_ = std::max(1u, sum);
    }
    return threads_known_;
  }
  [[nodiscard]] bool room() {
    const std::uint32_t most = window_->most_elements.load(std::memory_order_relaxed);
    if (most) return elements_inside_.load(std::memory_order_relaxed) < most;
    return chunks_inside_.load(std::memory_order_relaxed) < 2 * threads() + 2;
  }
  void send_waiting(bool all) {
    while (!waiting_.empty() && (all || room())) {
      std::size_t count = std::min<std::size_t>(waiting_.size(), all ? most_per_chunk : size_now());
      if (const std::uint32_t most = window_->most_elements.load(); most && !all) count = std::min<std::size_t>(count, most - std::min<std::uint64_t>(most - 1, elements_inside_.load()));
      if (!tickets_.empty()) count = 1;  // somebody waits for each of them by itself
      send_chunk(count);
    }
    update_gate();
  }
  void send_chunk(std::size_t count) {
    ++looked_;
    Chunk<T> chunk;
    chunk.elements = static_cast<std::uint32_t>(count);
    chunk.source = control_;
    if (count == waiting_.size()) {
      chunk.values = std::exchange(waiting_, {});
    } else {
      chunk.values.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(count)));
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
    ++chunks_inside_;
    elements_inside_.fetch_add(chunk.elements);
    TicketRef of_element;
    if (!tickets_.empty()) {
      of_element = std::move(tickets_.front());
      tickets_.erase(tickets_.begin());
    }
    const TicketScope scope(TicketRef(new Ticket([control = control_, of_element, elements = chunk.elements](const std::exception_ptr& error) mutable {
      if (error && of_element) of_element.get()->fail(error);
      of_element = {};
      control->left(elements);
    })));
    this->admit(std::move(chunk));
  }
  void update_gate() {
    const std::size_t most = std::max<std::size_t>(2 * size_now(), 2);
    gate_.set(waiting_.size() >= most && !room());
  }

  Client client_;
  std::shared_ptr<Window> window_;
  Gate gate_;
  std::vector<T> waiting_;
  Tickets tickets_;
  std::atomic<std::size_t> waiting_count_{0};
  std::atomic<std::uint32_t> chunks_inside_{0};
  std::atomic<std::uint64_t> elements_inside_{0};
  std::atomic<double> seconds_each_{-1};
  std::uint32_t threads_known_ = 0;
  std::uint64_t looked_ = 0;
  std::shared_ptr<Control> control_;
};

/// A stateless segment: one task per chunk, anywhere.
template <class In, class K>
class SegmentNode final : public Outlet<Chunk<typename K::Out>>, public Inlet<Chunk<In>> {
 public:
  using Out = typename K::Out;
  SegmentNode(Client client, K kernel, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>("segment"), Inlet<Chunk<In>>(this), client_(std::move(client)), kernel_(std::move(kernel)), options_(std::move(options)) {}

  void push(Chunk<In>&& chunk) noexcept override { submit(chunk); }
  void push(const Chunk<In>& chunk) noexcept override { submit(chunk); }
  void set_policy(ErrorPolicy policy) override { Node::set_policy(std::move(policy)); }

 private:
  void submit(const Chunk<In>& chunk) noexcept {
    this->in.add(chunk.elements);
    try {
      Chunk<Out> next;
      next.elements = chunk.elements;
      next.source = chunk.source;
      next.result = chunk.result.valid() ? client_.submit(*options_, &run_chunk<K, ChunkResult<In>>, kernel_, this->policy_.retries, chunk.result)
                                         : client_.submit(*options_, &run_chunk<K, std::vector<In>>, kernel_, this->policy_.retries, chunk.values);
      this->send(std::move(next));
    } catch (...) {
      this->raise_current();
    }
  }
  Client client_;
  K kernel_;
  std::shared_ptr<const Options> options_;
};

/// A segment with a state: its tasks form a chain, the state stays on the worker.
template <class In, class K>
class StatefulNode final : public Outlet<Chunk<typename K::Out>>, public Inlet<Chunk<In>> {
 public:
  using Out = typename K::Out;
  StatefulNode(Client client, K kernel, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>("stateful segment"), Inlet<Chunk<In>>(this), client_(std::move(client)), begin_{kernel, {}}, state_{std::move(kernel), {}}, options_(std::move(options)) {}

  void push(Chunk<In>&& chunk) noexcept override { submit(chunk); }
  void push(const Chunk<In>& chunk) noexcept override { submit(chunk); }
  void put_out(bool ending) override {
    try {
      step([&](const auto& before) { return client_.submit(*options_, &finish_stage<K>, before, ending); }, 0, {});
    } catch (...) {
      this->raise_current();
    }
  }
  bool reset() override {
    state_ = begin_;
    last_ = {};
    return true;
  }

 private:
  static constexpr unsigned checkpoint_every = 64;  // tasks that would be run again after a death

  void submit(const Chunk<In>& chunk) noexcept {
    this->in.add(chunk.elements);
    try {
      if (chunk.result.valid())
        step([&](const auto& before) { return client_.submit(*options_, &run_stage<K, ChunkResult<In>>, before, this->policy_.retries, chunk.result); }, chunk.elements, chunk.source);
      else
        step([&](const auto& before) { return client_.submit(*options_, &run_stage<K, std::vector<In>>, before, this->policy_.retries, chunk.values); }, chunk.elements, chunk.source);
    } catch (...) {
      this->raise_current();
    }
  }
  template <class Submit>
  void step(Submit&& submit, std::uint32_t elements, std::weak_ptr<ChunkSource> source) {
    if (last_.valid() && ++since_checkpoint_ >= checkpoint_every) {
      state_ = last_.result();
      state_.out = {};
      last_ = {};
      since_checkpoint_ = 0;
    }
    last_ = last_.valid() ? submit(last_) : submit(state_);
    Chunk<Out> next;
    next.elements = elements;
    next.source = std::move(source);
    next.result = client_.submit(*options_, &stage_output<K>, last_);
    this->send(std::move(next));
  }

  Client client_;
  const Stage<K> begin_;
  Stage<K> state_;          // of the last checkpoint
  Future<Stage<K>> last_;   // since then
  unsigned since_checkpoint_ = 0;
  std::shared_ptr<const Options> options_;
};

/// Brings results back and emits them one by one, in the order of the elements or as they come.
template <class T>
class GatherNode final : public Outlet<T>, public Inlet<Chunk<T>> {
 public:
  GatherNode(Client client, bool ordered) : Outlet<T>("gather"), Inlet<Chunk<T>>(this), client_(std::move(client)), ordered_(ordered) {}
  ~GatherNode() override { shut(); }

  void push(Chunk<T>&& chunk) noexcept override { put({std::move(chunk), hold(), Kind::element}); }
  void push(const Chunk<T>& chunk) noexcept override { put({chunk, hold(), Kind::element}); }
  void attached() override {
    thread_ = std::thread([this] { run(); });
  }
  void input_ended(unsigned) override {
    if (++this->ended_inputs_ >= this->upstreams().size()) put({{}, {}, Kind::end});
  }
  void input_reopened(unsigned) override {
    if (this->ended_inputs_ > 0) --this->ended_inputs_;
    put({{}, {}, Kind::reopen});
  }
  void flush() override { put({{}, hold(), Kind::flush}); }
  void shut() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    more_.notify_all();
    if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
  }
  [[nodiscard]] bool is_boundary() const override { return true; }
  /// Whoever waits for the stream drives the cluster and takes what has come: no thread has to wake up for it.
  bool help() override {
    if (pending_.load(std::memory_order_relaxed) == 0) return false;
    helped_at_.store(now_ns(), std::memory_order_relaxed);
    const bool moved = client_.core()->drive();
    return pass_on_next() || moved;
  }
  [[nodiscard]] bool can_help() const override { return true; }
  [[nodiscard]] std::size_t queued() const override { return pending_.load(); }
  [[nodiscard]] std::size_t pending() const override { return pending_.load(); }
  [[nodiscard]] const char* shape() const override { return "house"; }

 private:
  enum class Kind : unsigned char { element, flush, end, reopen };
  struct Arrival {
    Chunk<T> chunk;
    TicketRef ticket;
    Kind kind;
  };

  void put(Arrival arrival) noexcept {
    this->in.add(arrival.chunk.elements);
    {
      const std::lock_guard lock(mutex_);
      pending_.fetch_add(1);
      arrivals_.push_back(std::move(arrival));
    }
    if (asleep_.load()) more_.notify_one();
  }
  [[nodiscard]] static std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  /// Another thread waits for the stream and does this one's work.
  [[nodiscard]] bool is_helped() const { return now_ns() - helped_at_.load(std::memory_order_relaxed) < 1'000'000; }
  void run() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        while (is_helped() && !over_) more_.wait_for(lock, std::chrono::milliseconds(1));
        if (arrivals_.empty() && !over_) {
          asleep_.store(true);
          more_.wait(lock, [&] { return over_ || !arrivals_.empty(); });
          asleep_.store(false);
        }
        if (over_) return;
      }
      work();
    }
  }
  [[nodiscard]] bool is_over() {
    const std::lock_guard lock(mutex_);
    return over_;
  }
  static bool is_ready(const Arrival& arrival) { return arrival.kind != Kind::element || !arrival.chunk.result.valid() || arrival.chunk.result.done(); }
  /// Takes the next arrival that is ready: the first one, or any between two events if the order does not matter.
  bool take(Arrival& out) {
    const std::lock_guard lock(mutex_);
    for (auto at = arrivals_.begin(); at != arrivals_.end(); ++at) {
      if (is_ready(*at) && (at == arrivals_.begin() || at->kind == Kind::element)) {
        out = std::move(*at);
        arrivals_.erase(at);
        return true;
      }
      if (ordered_ || at->kind != Kind::element) return false;
    }
    return false;
  }
  /// Waits for the cluster, which it drives meanwhile, and passes what comes on.
  void work() {
    client_.core()->wait_until([&] { return pass_on_next() || pending_.load() == 0 || is_over() || is_helped(); }, std::nullopt);
  }
  /// Passes one arrival on if one is ready and no other thread is about it.
  bool pass_on_next() {
    const std::unique_lock role(role_, std::try_to_lock);
    Arrival arrival;
    if (!role || !take(arrival)) return false;
    const std::shared_ptr<ChunkSource> source = arrival.chunk.source.lock();
    std::vector<T> values;
    std::vector<ChunkError> errors;
    std::exception_ptr failed;
    try {
      if (arrival.kind == Kind::element && arrival.chunk.result.valid()) {
        ChunkResult<T> result = client::take_value<ChunkResult<T>>(bring(arrival.chunk.result));
        if (source) source->measured(result.seconds, result.elements);
        values = std::move(result.values);
        errors = std::move(result.errors);
      } else {
        values = std::move(arrival.chunk.values);
      }
    } catch (...) {
      failed = std::current_exception();
    }
    arrival.chunk.result = {};
    pass_on(arrival, std::move(values), errors, failed);
    arrival.ticket = {};
    if (pending_.fetch_sub(1) == 1) this->graph().changed();
    if (source) source->advance();
    return true;
  }
  client::FutureState& bring(const Future<ChunkResult<T>>& result) {
    client::FutureState& state = *result.handle().get();
    if (!state.has_value.load(std::memory_order_acquire)) client_.core()->fetch(state, std::nullopt);
    return state;
  }
  void pass_on(Arrival& arrival, std::vector<T> values, const std::vector<ChunkError>& errors, const std::exception_ptr& failed) {
    const TicketScope scope(arrival.ticket);
    const auto framed = [&](auto&& what) {
      std::exception_ptr error;
      {
        Frame frame(*this);
        what();
        error = frame.finish_quietly();
      }
      if (error) this->graph().report(error);
    };
    if (arrival.kind != Kind::element)
      return framed([&] { arrival.kind == Kind::flush ? Node::flush() : arrival.kind == Kind::end ? this->end() : this->reopen(); });
    for (std::size_t at = 0; at < values.size();) {
      bool full = false;
      framed([&] {
        for (; at < values.size() && !(full = this->closed_gate() != nullptr); ++at) this->admit(std::move(values[at]));
      });
      if (full) Graph::wait(*this, "gather", [&] {
        Frame frame(*this);
        return this->closed_gate() == nullptr;
      });
    }
    if (failed) framed([&] { this->raise(failed); });
    if (this->policy_.action == ErrorPolicy::Action::skip) {
      this->errors.add(errors.size());
      return;
    }
    for (const ChunkError& error : errors) {
      Failure failure;
      failure.type = error.type;
      failure.message = error.message;
      failure.task_name = this->label();
      framed([&] { this->raise(std::make_exception_ptr(TaskError(std::move(failure)))); });
    }
  }

  Client client_;
  const bool ordered_;
  std::mutex role_;  // one thread at a time passes on
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Arrival> arrivals_;
  std::atomic<std::size_t> pending_{0};
  std::atomic<bool> asleep_{false};
  std::atomic<std::int64_t> helped_at_{0};
  bool over_ = false;
  std::thread thread_;
};

}  // namespace stream

/// A stream whose elements are on the cluster, from `scatter` to `gather`.
///
/// Operators chained to it are fused: everything between two boundaries is one task per chunk of elements, run where the scheduler likes. Operators with a state
/// (accumulate, partition, unique, windows by count ...) form a chain of tasks whose state stays on a worker and is rebuilt after its death.
/// Only `gather` turns it back into a `Stream`.
template <class T, class In, class K>
class ClusterStream {
 public:
  using Element = T;
  ClusterStream(Client client, Stream<stream::Chunk<In>> chunks, K kernel, std::shared_ptr<stream::Window> window, std::shared_ptr<const Options> options, ErrorPolicy policy)
      : client_(std::move(client)), chunks_(std::move(chunks)), kernel_(std::move(kernel)), window_(std::move(window)), options_(std::move(options)), policy_(std::move(policy)) {}

  /// Fuses an operator of the library (`op::map(f)`), or applies your own: anything callable with the cluster stream.
  template <class Op>
  auto apply(Op op) const {
    if constexpr (stream::KernelOperator<Op, T>) {
      using Next = decltype(std::move(op).template kernel<T>());
      using Both = std::conditional_t<std::is_same_v<K, stream::PassKernel<T>>, Next, stream::Fused<K, Next>>;
      if constexpr (stream::is_stateless<K> == stream::is_stateless<Next> || std::is_same_v<K, stream::PassKernel<T>>) {
        if constexpr (std::is_same_v<K, stream::PassKernel<T>>)
          return with_kernel<typename Next::Out>(std::move(op).template kernel<T>());
        else
          return with_kernel<typename Next::Out>(Both{kernel_, std::move(op).template kernel<T>()});
      } else {
        return cut().apply(std::move(op));  // what can run anywhere is not tied to what cannot
      }
    } else {
      return std::move(op)(*this);
    }
  }

  template <class F, class... More> auto map(F f, More... more) const { return apply(op::map(std::move(f), std::move(more)...)); }
  template <class F, class... More> auto starmap(F f, More... more) const { return apply(op::starmap(std::move(f), std::move(more)...)); }
  template <class F, class... More> auto filter(F f, More... more) const { return apply(op::filter(std::move(f), std::move(more)...)); }
  template <class F, class... More> auto remove(F f, More... more) const { return apply(op::remove(std::move(f), std::move(more)...)); }
  auto flatten() const { return apply(op::flatten()); }
  template <std::size_t First, std::size_t... More> auto pluck() const { return apply(op::pluck<First, More...>()); }
  template <class Key> auto pluck(Key key) const { return apply(op::pluck(std::move(key))); }
  auto enumerate(std::uint64_t first = 0) const { return apply(op::enumerate(first)); }
  template <class F, class... More> auto accumulate(F f, More... more) const { return apply(op::accumulate(std::move(f), std::move(more)...)); }
  template <class F, class... More> auto scan(F f, More... more) const { return apply(op::accumulate(std::move(f), std::move(more)...)); }
  auto partition(std::size_t n) const { return apply(op::partition(n)); }
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) const { return apply(op::sliding_window(size, partial)); }
  auto frequencies() const { return apply(op::frequencies()); }
  auto pairwise() const { return apply(op::pairwise()); }
  template <class KeyOf = stream::Identity> auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) const { return apply(op::unique(maxsize, std::move(key))); }
  auto take(std::uint64_t n) const { return apply(op::take(n)); }
  auto skip(std::uint64_t n) const { return apply(op::skip(n)); }

  /// Bounds the elements on the cluster, from the scatter on. Without it the number of worker threads decides.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  ClusterStream buffer(std::size_t size) const {
    if (size == 0) throw Error(ErrorKind::invalid_argument, "buffer: size must be at least 1 (got 0)");
    window_->most_elements = static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
    return *this;
  }
  /// How the tasks of this segment run: resources, retries, workers, priority.
  ClusterStream with(Options options) const {
    ClusterStream copy = *this;
    copy.options_ = std::make_shared<const Options>(std::move(options));
    return copy;
  }
  /// What happens to an element on which a function of this segment throws: raise, skip, or retry (on the worker).
  ClusterStream on_error(ErrorPolicy policy) const {
    if (policy.letter_box) throw Error(ErrorKind::unsupported, "on_error: dead letters cannot leave a cluster segment yet; use raise, skip or retry there");
    ClusterStream copy = *this;
    copy.policy_ = std::move(policy);
    return copy;
  }

  /// Ends the segment: what follows is another task, which may run elsewhere; values move between workers, not through this program.
  auto cut() const {
    if constexpr (std::is_same_v<K, stream::PassKernel<T>>) {
      return *this;
    } else {
      using Made = std::conditional_t<stream::is_stateless<K>, stream::SegmentNode<In, K>, stream::StatefulNode<In, K>>;
      auto node = std::make_unique<Made>(client_, kernel_, options_);
      ErrorPolicy policy = policy_;
      node->set_policy(policy);
      return ClusterStream<T, T, stream::PassKernel<T>>(client_, stream::attach<stream::Chunk<T>>(chunks_, std::move(node)), {}, window_, options_, policy_);
    }
  }
  /// Brings the elements back, in the order in which they entered `scatter`.
  [[nodiscard]] Stream<T> gather() const { return gather_in(true); }
  /// The same in the order in which they are ready.
  [[nodiscard]] Stream<T> gather(Unordered) const { return gather_in(false); }

 private:
  template <class Out, class Kernel>
  auto with_kernel(Kernel kernel) const {
    return ClusterStream<Out, In, Kernel>(client_, chunks_, std::move(kernel), window_, options_, policy_);
  }
  [[nodiscard]] Stream<T> gather_in(bool ordered) const {
    const auto ready = cut();
    auto node = std::make_unique<stream::GatherNode<T>>(client_, ordered);
    node->set_policy(policy_);
    return stream::attach<T>(ready.chunks(), std::move(node));
  }

 public:
  [[nodiscard]] const Stream<stream::Chunk<In>>& chunks() const noexcept { return chunks_; }

 private:
  Client client_;
  Stream<stream::Chunk<In>> chunks_;
  K kernel_;
  std::shared_ptr<stream::Window> window_;
  std::shared_ptr<const Options> options_;
  ErrorPolicy policy_;
};

namespace stream {

/// Sends the elements of a stream to the cluster.
template <class T>
struct Scatter {
  static ClusterStream<T, T, PassKernel<T>> to(const Stream<T>& elements, Client client) {
    static_assert(task::Travels<T>::value, "scatter: elements of this type cannot travel to another process. Give the type a cereal serialize() function or make it a plain struct.");
    auto window = std::make_shared<Window>();
    auto node = std::make_unique<ScatterNode<T>>(client, window);
    return {client, attach<Chunk<T>>(elements, std::move(node)), {}, window, std::make_shared<const Options>(), {}};
  }
  static auto to(const Stream<T>& elements) { return to(elements, Client::current()); }
};

}  // namespace stream
}  // namespace weir
