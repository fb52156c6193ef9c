// Several cluster streams into one: zip, combine_latest, zip_latest, joins; a chain of tasks whose chunks come from several sides.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "weir/stream/cluster_scatter.hpp"
#include "weir/stream/cluster_segment.hpp"
#include "weir/stream/combine.hpp"

namespace weir::stream {

// Chunks of different scatters meet in the order in which they left this program. Where that order matters, scatters keep to the order of the emissions; see `keep_order`.

/// The kernel of a join and which of its inputs have ended: its state on the cluster.
template <class Kernel, std::size_t inputs>
struct Joined {
  using Out = typename Kernel::Out;
  Kernel kernel;
  Ended over;
  template <class Emit>
  void finish(Emit&& emit) {
    if constexpr (requires { kernel.finish(emit); }) kernel.finish(emit);
  }
  [[nodiscard]] bool is_done() const {
    bool done = over.count() == inputs;
    if constexpr (requires { kernel.is_over(over); }) done = done || kernel.is_over(over);
    return done;
  }
  /// The inputs that are too far ahead.
  [[nodiscard]] std::uint64_t full() const {
    Ended full;
    if constexpr (requires { kernel.is_full(0); }) {
      for (std::size_t port = 0; port < inputs; ++port) full[port] = !over[port] && kernel.is_full(port);
    }
    return full.to_ullong();
  }
};

template <class K, std::size_t port, class From>
Stage<K> run_join(const Stage<K>& before, const Step& step, const From& from) {
  Stage<K> after = next_stage(before, begin_result<typename K::Out>(from));
  {
    const Stopwatch watch(after.out.spent, step);
    const TicketScope scope(ticket_of(step));
    const Append<typename K::Out> emit{after.out.values};
    for (const auto& x : values_of(from)) {
      if (after.kernel.is_done()) break;
      push_guarded(after.out, step, &x, [&] { after.kernel.kernel.template push<port>(x, emit); });
    }
    if (after.kernel.is_done())
      end_stage(after, step);
    else
      after.out.is_over = false;  // one input's end is not the join's
  }
  note_held(after, step);
  return after;
}
template <class K>
Stage<K> end_join_input(const Stage<K>& before, const Step& step, std::uint32_t port) {
  Stage<K> after = next_stage(before, ChunkResult<typename K::Out>());
  {
    const TicketScope scope{TicketRef()};
    const Append<typename K::Out> emit{after.out.values};
    after.kernel.over.set(port);
    if constexpr (requires { after.kernel.kernel.ended(port, emit); }) push_guarded<typename K::Out, int>(after.out, step, nullptr, [&] { after.kernel.kernel.ended(port, emit); });
    if (after.kernel.is_done()) end_stage(after, step);
  }
  note_held(after, step);
  return after;
}
template <class K>
std::uint64_t full_inputs(const Stage<K>& stage) { return stage.kernel.full(); }

/// The gates of a join on the cluster: closed when news comes that an input is too far ahead. Outlives the node.
template <std::size_t inputs>
class JoinGates {
 public:
  explicit JoinGates(Node& node) : alive_(true) {
    for (auto& gate : gates_) gate = std::make_unique<Gate>(node);
  }
  [[nodiscard]] Gate* gate(unsigned port) { return gates_[port].get(); }
  /// News about the state after `step`; older news than the last are of no interest.
  void set(std::uint64_t step, std::uint64_t full) {
    const std::lock_guard lock(mutex_);
    if (!alive_ || step < newest_) return;
    newest_ = step;
    for (std::size_t port = 0; port < inputs; ++port) gates_[port]->set((full >> port & 1) != 0);
  }
  void shut() {
    const std::lock_guard lock(mutex_);
    alive_ = false;
  }

 private:
  std::mutex mutex_;
  bool alive_;
  std::uint64_t newest_ = 0;
  std::array<std::unique_ptr<Gate>, inputs> gates_;
};

/// A node that runs the kernel of a join on the cluster.
template <class Kernel, class... In>
class ClusterJoinNode final : public Outlet<Chunk<typename Kernel::Out>> {
 public:
  static constexpr std::size_t inputs = sizeof...(In);
  using Out = typename Kernel::Out;
  using K = Joined<Kernel, inputs>;
  ClusterJoinNode(std::string kind, Client client, Kernel kernel, std::shared_ptr<const Options> options)
      : ClusterJoinNode(std::move(kind), std::move(client), std::move(kernel), std::move(options), std::index_sequence_for<In...>{}) {}
  ~ClusterJoinNode() override { gates_->shut(); }

  template <std::size_t port>
  [[nodiscard]] InletBase& inlet() noexcept {
    return *std::get<port>(ports_);
  }
  void input_ended(unsigned port) override {
    if (this->ended_) return;
    over_.set(port);
    guarded([&] {
      const Step step = segment_.step(begin_token(0));
      pass_on<int>(nullptr, chain_.step(&end_join_input<K>, step, static_cast<std::uint32_t>(port)), step.token);
    });
    if (over_.count() == inputs) this->end();
  }
  void put_out(bool ending) override {
    guarded([&] {
      Step step = segment_.step(begin_token(0));
      step.is_ending = ending;
      pass_on<int>(nullptr, chain_.step(&finish_stage<K>, step), step.token);
    });
  }
  bool reset() override {
    chain_.reset();
    return true;
  }
  void set_policy(ErrorPolicy policy) override {
    if (policy.letter_box) throw Error(ErrorKind::unsupported, "on_error: " + this->label() + " has several inputs, so it has no dead letters; use raise or skip");
    Node::set_policy(std::move(policy));
  }
  [[nodiscard]] Gate* gate(unsigned port) override {
    if constexpr (requires(const Kernel& k) { k.is_full(0); })
      return gates_->gate(port);
    else
      return nullptr;
  }
  [[nodiscard]] const char* shape() const override { return "diamond"; }

 private:
  template <std::size_t port, class T>
  struct Port final : Inlet<Chunk<T>> {
    ClusterJoinNode& join;
    explicit Port(ClusterJoinNode* node) : Inlet<Chunk<T>>(node, port), join(*node) {}
    void push(Chunk<T>&& chunk) noexcept override { join.template take<port>(chunk); }
    void push(const Chunk<T>& chunk) noexcept override { join.template take<port>(chunk); }
  };
  template <std::size_t... I>
  ClusterJoinNode(std::string kind, Client client, Kernel kernel, std::shared_ptr<const Options> options, std::index_sequence<I...>)
      : Outlet<Chunk<Out>>(std::move(kind)), client_(client), chain_(std::move(client), K{std::move(kernel), {}}, std::move(options)), segment_(*this),
        gates_(std::make_shared<JoinGates<inputs>>(*this)), ports_(std::make_unique<Port<I, In>>(this)...) {}

  template <class Work>
  void guarded(Work work) noexcept {
    try {
      work();
    } catch (...) {
      this->raise_current();
    }
  }
  std::uint64_t begin_token(std::uint64_t of_chunk) {
    has_tokens_ = has_tokens_ || of_chunk != 0;
    return of_chunk == 0 && has_tokens_ ? next_token() : of_chunk;
  }
  template <std::size_t port, class T>
  void take(const Chunk<T>& chunk) noexcept {
    this->in.add(chunk.elements);
    if (this->ended_) return;
    guarded([&] {
      const Step step = segment_.step(begin_token(chunk.token));
      auto result = chunk.result.valid() ? chain_.step(&run_join<K, port, ChunkResult<T>>, step, chunk.result) : chain_.step(&run_join<K, port, std::vector<T>>, step, chunk.values);
      pass_on(&chunk, std::move(result), step.token);
    });
  }
  template <class T>
  void pass_on(const Chunk<T>* from, Future<ChunkResult<Out>> result, std::uint64_t token) {
    Chunk<Out> chunk;
    if (from) chunk = following<Out>(*from, std::move(result), true);
    else chunk.result = std::move(result);
    chunk.has_state = true;
    chunk.token = token;
    if constexpr (requires(const Kernel& k) { k.is_full(0); }) {
      const auto full = client_.submit(&full_inputs<K>, chain_.last());
      full.on_done([gates = gates_, step = ++steps_](const Future<std::uint64_t>& news) {
        if (news.status() == Status::finished) gates->set(step, news.result());
      });
    }
    this->send(std::move(chunk));
  }
  template <class T, std::size_t I>
  using PortPointer = std::unique_ptr<Port<I, T>>;
  template <std::size_t... I>
  static std::tuple<PortPointer<In, I>...> port_types(std::index_sequence<I...>);

  Client client_;
  StateChain<K> chain_;
  SegmentOf<int> segment_;
  std::shared_ptr<JoinGates<inputs>> gates_;
  decltype(port_types(std::index_sequence_for<In...>{})) ports_;
  Ended over_;
  std::uint64_t steps_ = 0;
  bool has_tokens_ = false;
};

/// Whether an element goes this way.
template <class Choose>
struct ChosenWay {
  Choose choose;
  std::uint64_t way = 0, ways = 1;
  template <class T>
  bool operator()(const T& x) {
    const auto chosen = static_cast<std::uint64_t>(std::invoke(choose, x));
    if (chosen >= ways && way == 0) throw Error(ErrorKind::invalid_argument, "route: way " + std::to_string(chosen) + " of " + std::to_string(ways) + " does not exist");
    return chosen == way;
  }
};

// --- reading the arguments

/// What a join is made of: its inputs' chunks, and everything that bounds them.
template <class... T>
struct ClusterInputs {
  std::tuple<Stream<Chunk<T>>...> chunks;
  std::vector<std::shared_ptr<Window>> windows;
  std::vector<std::shared_ptr<Window>> reached_twice;  ///< The scatters of which elements come on several ways.
};
/// Makes elements of several inputs arrive in the order in which they were emitted, as they do here: what waits in a scatter leaves before another one takes an element,
/// and elements that come on several ways come one by one.
template <class... T>
void keep_order(const ClusterInputs<T...>& inputs) {
  for (const auto& window : inputs.reached_twice) window->one_by_one = true;
  for (const auto& a : inputs.windows) {
    for (const auto& b : inputs.windows) {
      if (a != b) a->control->keep_order_with(*b->control);
    }
  }
}
template <class... T, class Arg>
auto add_input(ClusterInputs<T...> inputs, const Arg& arg) {
  if constexpr (is_on_cluster<Arg>) {
    using U = typename Arg::Element;
    const auto end = arg.cut();
    auto& known = inputs.windows;
    for (const auto& window : end.windows()) {
      const bool again = std::find(known.begin(), known.end(), window) != known.end();
      (again ? inputs.reached_twice : known).push_back(window);
    }
    return ClusterInputs<T..., U>{std::tuple_cat(std::move(inputs.chunks), std::tuple<Stream<Chunk<U>>>(end.chunks())), std::move(known), std::move(inputs.reached_twice)};
  } else {
    static_assert(!is_stream<Arg>, "weir: scatter() is missing: one of the streams is on the cluster, this one is not");
    return inputs;
  }
}
template <class Inputs>
auto add_inputs(Inputs inputs) { return inputs; }
template <class Inputs, class Arg, class... More>
auto add_inputs(Inputs inputs, const Arg& arg, const More&... more) {
  return add_inputs(add_input(std::move(inputs), arg), more...);
}
/// The cluster streams among the arguments, in order.
template <class... Args>
auto cluster_inputs(const Args&... args) { return add_inputs(ClusterInputs<>{}, args...); }

/// Whether it matters to a join in which order the elements of different inputs come.
template <class Kernel>
inline constexpr bool order_matters = true;
template <class... T>
inline constexpr bool order_matters<ZipKernel<T...>> = false;
template <class T, class TimeOf, std::size_t inputs>
inline constexpr bool order_matters<MergeByTimeKernel<T, TimeOf, inputs>> = false;

/// Makes a join below several cluster streams; options and policy are those of the first.
template <class Kernel, class First, class... T>
auto attach_cluster_join(const char* kind, Kernel kernel, const First& first, const ClusterInputs<T...>& inputs) {
  using Out = typename Kernel::Out;
  static_assert(kernel_travels<Kernel>(), "weir: a function of this operator cannot travel to another process. Below scatter() a lambda must not capture.");
  using Made = ClusterJoinNode<Kernel, T...>;
  auto made = std::make_unique<Made>(kind, first.client(), std::move(kernel), first.options());
  Made& node = *made;
  const auto& head = std::get<0>(inputs.chunks);
  Graph::of(head.node())->adopt(std::move(made), &head.node());
  [&]<std::size_t... I>(std::index_sequence<I...>) { (Graph::connect(std::get<I>(inputs.chunks).node(), node.template inlet<I>()), ...); }(std::index_sequence_for<T...>{});
  if (!first.policy().letter_box) node.set_policy(first.policy());
  if constexpr (order_matters<Kernel>) keep_order(inputs);
  ClusterStream<Out, Out, PassKernel<Out>> result(first.client(), Stream<Chunk<Out>>(Graph::of(node), node), {}, inputs.windows);
  result.inherit(first.options(), first.policy());
  return result;
}
/// The kernel of a join for the elements of some inputs: `make(type_identity<T>...)`.
template <class First, class Make, class... T>
auto join_on_cluster(const char* kind, const First& first, Make make, const ClusterInputs<T...>& inputs) {
  return attach_cluster_join(kind, make(std::type_identity<T>{}...), first, inputs);
}

}  // namespace weir::stream
