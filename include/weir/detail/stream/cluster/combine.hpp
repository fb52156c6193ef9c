// Several cluster streams into one: zip, combine_latest, zip_latest, joins; a chain of tasks whose chunks
// come from several sides.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/cluster/scatter.hpp"
#include "weir/detail/stream/cluster/segment.hpp"
#include "weir/stream/joins.hpp"

namespace weir::detail::stream {

// Chunks of different scatters meet in the order in which they left this program. Where that order matters,
// scatters keep to the order of the emissions; see `keep_order`.

/// The kernel of a join and which of its inputs have ended: its state on the cluster.
template <class Kernel, std::size_t inputs>
struct Joined {
  using Out = typename Kernel::Out;
  static constexpr Traits traits{.all_or_nothing = traits_of<Kernel>.all_or_nothing};
  Kernel kernel;
  Ended over;
  static constexpr KeptState keeps = kept_of<Kernel>();
  void write_kept(Writer& writer) { stream::write_kept(writer, kernel); }
  void read_kept(Reader& reader) { stream::read_kept(reader, kernel); }
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

/// Pushes an element into one input of a join.
template <std::size_t port, class Element, class K, class X>
void push_into_input(Stage<K>& stage, const Step& step, const X& x) {
  const auto push = [&](K& join, const auto& emit) { join.kernel.template push<port>(x, emit); };
  if (!step.keeps_failed) return push_guarded<K, Element>(stage.kernel, stage.out, step, nullptr, push);
  const auto element = any_input<Element, port>(x);
  push_guarded(stage.kernel, stage.out, step, &element, push);
}
/// One input is over, the join perhaps not.
template <class K>
void end_input(Stage<K>& stage, const Step& step, std::uint32_t port) {
  if (stage.has_ended || stage.kernel.over[port]) return;
  stage.kernel.over.set(port);
  const auto emit = emit_alone(stage.out, step);
  if constexpr (requires { stage.kernel.kernel.ended(port, emit); })
    answered(emit, [&] { stage.kernel.kernel.ended(port, emit); });
}
/// What has just gone in stands at `cause`, and so does what came out.
template <class K, class Cause>
void settle_join(Stage<K>& stage, const Step& step, const Cause& cause) {
  note_places(stage.out, step, cause);
  if (!stage.has_ended && stage.kernel.is_done()) end_stage(stage, step, [&] { return behind(cause()); });
}

template <class K, std::size_t port, class Element, class In>
Stage<K> run_join(const Stage<K>& before, const Step& step, const ChunkResult<In>& from) {
  Stage<K> after = next_stage(before, begin_result<typename K::Out>(from));
  {
    const Stopwatch watch(after.out, step, from.values.size());
    const TicketScope scope(ticket_of(step));
    const bool is_over = after.out.is_over;
    std::size_t at = 0;
    for (const auto& x : from.values) {
      if (after.has_ended) break;
      push_into_input<port, Element>(after, step, x);
      settle_join(after, step, [&] { return place_of(from.places, at, step); });
      ++at;
    }
    if (is_over) {
      end_input(after, step, port);
      settle_join(after, step, [&] { return end_of(from.places, step); });
    }
    after.out.is_over = after.has_ended;
  }
  note_held(after, step);
  return after;
}

/// An element that has come on one of several ways, at the index of its input; nothing for the input's end.
template <class... In>
struct Tagged {
  using Any = std::variant<In...>;
  Place place;
  std::uint32_t port = 0;
  std::optional<Any> element;
};

template <class Tag, std::size_t port, class In>
ChunkResult<Tag> tag_input(const ChunkResult<In>& from, const Step& step) {
  auto out = begin_result<Tag>(from);
  std::size_t at = 0;
  for (const auto& x : from.values) {
    out.values.push_back(
        Tag{place_of(from.places, at, step), port, typename Tag::Any(std::in_place_index<port>, x)});
    ++at;
  }
  if (out.is_over) out.values.push_back(Tag{end_of(from.places, step), port, std::nullopt});
  out.is_over = false;  // one input's end is not the join's
  return out;
}
/// What a chunk brings beside its values, which are in another one.
template <class Out, class In>
ChunkResult<Out> without_values(const ChunkResult<In>& from) {
  return begin_result<Out>(from);
}

/// The chunks of several ways at once, in the order in which one thread would have brought their elements.
template <class K, class Element, class Tag>
Stage<K> run_together(const Stage<K>& before, const Step& step, const std::vector<ChunkResult<Tag>>& ways) {
  Stage<K> after = next_stage(before, begin_result<typename K::Out>(ways.back()));
  {
    std::vector<const Tag*> all;
    for (const auto& way : ways) {
      for (const Tag& x : way.values) all.push_back(&x);
      if (&way == &ways.back()) continue;  // errors and times are told once, however often they come
      after.out.errors.insert(after.out.errors.end(), way.errors.begin(), way.errors.end());
      after.out.spent.insert(after.out.spent.end(), way.spent.begin(), way.spent.end());
    }
    std::sort(all.begin(), all.end(), [](const Tag* a, const Tag* b) { return a->place < b->place; });
    const Stopwatch watch(after.out, step, all.size());
    const TicketScope scope(ticket_of(step));
    for (const Tag* tagged : all) {
      if (after.has_ended) break;
      [&]<std::size_t... port>(std::index_sequence<port...>) {
        const auto push = [&]<std::size_t at>(std::integral_constant<std::size_t, at>) {
          if (tagged->element) push_into_input<at, Element>(after, step, std::get<at>(*tagged->element));
          else end_input(after, step, tagged->port);
        };
        ((tagged->port == port ? push(std::integral_constant<std::size_t, port>()) : void()), ...);
      }
      (std::make_index_sequence<std::variant_size_v<typename Tag::Any>>());
      settle_join(after, step, [&] { return tagged->place; });
    }
    after.out.is_over = after.has_ended;
  }
  note_held(after, step);
  return after;
}

template <class K>
Stage<K> end_join_input(const Stage<K>& before, const Step& step, std::uint32_t port) {
  return run_alone(before, step, [&](Stage<K>& stage) {
    end_input(stage, step, port);
    settle_join(stage, step, [&] { return Place{step.visit}; });
  });
}
template <class K>
std::uint64_t full_inputs(const Stage<K>& stage) {
  return stage.kernel.full();
}

/// The gates of a join on the cluster: closed when news comes that an input is too far ahead. Outlives the
/// node.
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
class ClusterJoinNode final : public Outlet<Chunk<typename Kernel::Out>>,
                              public WholeSegment,
                              public AwaitsWays {
 public:
  static constexpr std::size_t inputs = sizeof...(In);
  using Out = typename Kernel::Out;
  using K = Joined<Kernel, inputs>;
  using Element = AnyInput<In...>;
  using Tag = Tagged<In...>;
  /// `again`: the ports whose stream comes by an earlier one.
  ClusterJoinNode(std::string kind, Client client, Kernel kernel, std::shared_ptr<const Options> options,
                  Ended again)
      : ClusterJoinNode(std::move(kind), std::move(client), std::move(kernel), std::move(options), again,
                        std::index_sequence_for<In...>{}) {}
  ~ClusterJoinNode() override { gates_->shut(); }

  template <std::size_t port>
  [[nodiscard]] InletBase& inlet() noexcept {
    return *std::get<port>(ports_);
  }
  void input_ended(unsigned port) override {
    if (this->ended_) return;
    over_.set(port);
    this->guarded([&] {
      const Step step = segment_.step(begin_token(0));
      pass_on<int>(nullptr, chain_.step(&end_join_input<K>, step, static_cast<std::uint32_t>(port)),
                   step.token);
    });
    if (over_.count() == inputs) this->end();
  }
  void input_disconnected(unsigned port) override { input_ended(port); }
  void put_out(bool ending) override {
    this->guarded([&] {
      Step step = segment_.step(begin_token(0));
      step.is_ending = ending;
      pass_on<int>(nullptr, chain_.step(&finish_stage<K>, step), step.token);
    });
  }
  bool reset() override {
    chain_.reset();
    return true;
  }
  [[nodiscard]] KeptState keeps() const override { return kept_of<K>(); }
  void write_kept(Writer& writer) override { chain_.write_kept(writer); }
  void read_kept(Reader& reader) override { chain_.read_kept(reader); }
  /// Elements come on several ways: the chunks of a wave wait for each other, and their elements are taken in
  /// the order in which one thread would have brought them.
  void take_together() noexcept { together_ = true; }
  void take_ways() noexcept override {
    std::vector<Way> ways = std::exchange(waiting_, {});
    this->guarded([&] {
      std::vector<Future<ChunkResult<Tag>>> elements;
      for (Way& way : ways) elements.push_back(way.elements);
      Way last = std::move(ways.back());
      ways.pop_back();
      for (Way& way : ways) {  // they bring the tickets that came on their way
        if (way.chunk.token == 0) continue;
        const TicketScope scope(std::move(way.ticket));
        way.chunk.result = client_.submit(options_, &without_values<Out, Tag>, way.elements);
        this->send(std::move(way.chunk));
      }
      const TicketScope scope(std::move(last.ticket));
      const Step step = segment_.step(begin_token(last.chunk.token));
      pass_on(&last.chunk, chain_.step(&run_together<K, Element, Tag>, step, elements), step.token);
    });
  }
  void set_policy(ErrorPolicy policy) override {
    check_policy<AnyInput<In...>>(*this, policy);
    Node::set_policy(std::move(policy));
  }
  [[nodiscard]] Gate* gate(unsigned port) override {
    if constexpr (requires(const Kernel& k) { k.is_full(0); }) return gates_->gate(port);
    else return nullptr;
  }
  [[nodiscard]] bool waits_for_partners() const override { return true; }
  [[nodiscard]] const char* shape() const override { return "diamond"; }

 private:
  template <std::size_t port, class T>
  struct Port final : Inlet<Chunk<T>> {
    ClusterJoinNode& join;
    explicit Port(ClusterJoinNode* of) : Inlet<Chunk<T>>(of, port), join(*of) {}
    void push(Chunk<T>&& chunk) noexcept override { join.template take<port>(chunk); }
    void push(const Chunk<T>& chunk) noexcept override { join.template take<port>(chunk); }
  };
  template <std::size_t... I>
  ClusterJoinNode(std::string kind, Client client, Kernel kernel, std::shared_ptr<const Options> options,
                  Ended again, std::index_sequence<I...>)
      : Outlet<Chunk<Out>>(std::move(kind)),
        client_(client),
        options_(options),
        chain_(std::move(client), K{std::move(kernel), again}, std::move(options)),
        segment_(*this, true),
        gates_(std::make_shared<JoinGates<inputs>>(*this)),
        ports_(std::make_unique<Port<I, In>>(this)...),
        over_(again) {}

  std::uint64_t begin_token(std::uint64_t of_chunk) {
    has_tokens_ = has_tokens_ || of_chunk != 0;
    return of_chunk == 0 && has_tokens_ ? next_token() : of_chunk;
  }
  /// A chunk that waits for those of the same wave.
  struct Way {
    Future<ChunkResult<Tag>> elements;
    Chunk<Out> chunk;
    TicketRef ticket = hold();
  };
  template <std::size_t port, class T>
  void await_others(const Chunk<T>& chunk) {
    const Step step = segment_.step(chunk.token);
    auto elements = client_.submit(options_, &tag_input<Tag, port, T>, chunk.input(), step);
    waiting_.push_back({std::move(elements), following<Out>(chunk, {}, true)});
    if (waiting_.size() == 1) Wave::put_off(*this, *this);
  }
  template <std::size_t port, class T>
  void take(const Chunk<T>& chunk) noexcept {
    this->in.add(chunk.elements);
    if (this->ended_) return;
    if (together_) return this->guarded([&] { await_others<port>(chunk); });
    this->guarded([&] {
      const Step step = segment_.step(begin_token(chunk.token));
      pass_on(&chunk, chain_.step(&run_join<K, port, Element, T>, step, chunk.input()), step.token);
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
      const auto full = client_.submit(options_, &full_inputs<K>, chain_.last());
      full.on_done([gates = gates_, step = ++steps_](const Future<std::uint64_t>& answer) {
        if (answer.status() == Status::finished) gates->set(step, answer.result());
      });
    }
    this->send(std::move(chunk));
  }
  template <class T, std::size_t I>
  using PortPointer = std::unique_ptr<Port<I, T>>;
  template <std::size_t... I>
  static std::tuple<PortPointer<In, I>...> port_types(std::index_sequence<I...>);

  Client client_;
  std::shared_ptr<const Options> options_;
  StateChain<K> chain_;
  SegmentOf<Element> segment_;
  std::shared_ptr<JoinGates<inputs>> gates_;
  decltype(port_types(std::index_sequence_for<In...>{})) ports_;
  Ended over_;  // or comes by another port
  std::uint64_t steps_ = 0;
  bool has_tokens_ = false;
  bool together_ = false;
  std::vector<Way> waiting_;
};

// --- reading the arguments

/// What a join is made of: its inputs' chunks, and everything that bounds them.
template <class... T>
struct ClusterInputs {
  std::tuple<Stream<Chunk<T>>...> chunks;
  FlowLimits limits;
  bool ways_meet = false;  ///< Elements of one scatter come on several ways.
};
/// Makes elements of several scatters arrive in the order in which they were emitted, as they do here: what
/// waits in one leaves before another one takes an element.
template <class... T>
void keep_order(const ClusterInputs<T...>& inputs) {
  for (const auto& a : inputs.limits) {
    for (const auto& b : inputs.limits) {
      if (a != b) a->control->keep_order_with(*b->control);
    }
  }
}
template <class... T, class Arg>
auto add_input(ClusterInputs<T...> inputs, const Arg& arg) {
  if constexpr (is_on_cluster<Arg>) {
    using U = typename Arg::Element;
    const auto end = arg.cut();
    using Side = ClusterSide<std::decay_t<decltype(end)>>;
    auto& known = inputs.limits;
    for (const auto& limit : all_of(Side::limits(end))) {
      if (std::find(known.begin(), known.end(), limit) == known.end()) known.push_back(limit);
      else inputs.ways_meet = true;
    }
    return ClusterInputs<T..., U>{
        std::tuple_cat(std::move(inputs.chunks), std::tuple<Stream<Chunk<U>>>(Side::chunks(end))),
        std::move(known), inputs.ways_meet};
  } else {
    return inputs;
  }
}
template <class Inputs>
auto add_inputs(Inputs inputs) {
  return inputs;
}
template <class Inputs, class Arg, class... More>
auto add_inputs(Inputs inputs, const Arg& arg, const More&... more) {
  return add_inputs(add_input(std::move(inputs), arg), more...);
}
/// The cluster streams among the arguments, in order.
template <class... Args>
auto cluster_inputs(const Args&... args) {
  return add_inputs(ClusterInputs<>{}, args...);
}

/// The nodes of the inputs.
template <class... T>
std::vector<Node*> nodes_above(const ClusterInputs<T...>& inputs) {
  return std::apply([](const auto&... chunks) { return std::vector<Node*>{&chunks.node()...}; },
                    inputs.chunks);
}

}  // namespace weir::detail::stream
