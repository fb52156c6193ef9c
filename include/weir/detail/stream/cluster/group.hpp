// group_by on the cluster: the groups are divided by the hash of their keys over several states, each of
// which lives on a worker of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/stream/cluster/scatter.hpp"
#include "weir/detail/stream/cluster/segment.hpp"
#include "weir/stream/states.hpp"

namespace weir::detail::stream {

/// An element with its key: what the parts are given, so that the function is called once.
template <class In, class KeyOf>
struct KeyedKernel {
  using Out = std::pair<KeyFor<KeyOf, In>, In>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  KeyOf key;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    KeyFor<KeyOf, In> k = std::invoke(key, std::as_const(x));
    emit(Out(std::move(k), std::forward<X>(x)));
  }
};

/// A key that goes beyond the bound, and the place in its chunk of the element it goes for.
template <class Key>
using Forgotten = std::pair<std::uint32_t, Key>;

/// Which groups there are if their number is bounded: sees the keys of all elements, and says who is to be
/// forgotten.
template <class Key>
struct GroupDirectory {
  using Out = Forgotten<Key>;
  std::uint64_t max_keys;
  Recent<Key> recent = {};
  auto kept() { return std::tie(recent); }
};
template <class Key, class In>
Stage<GroupDirectory<Key>> note_keys(const Stage<GroupDirectory<Key>>& before,
                                     const ChunkResult<std::pair<Key, In>>& from) {
  auto after = next_stage(before, ChunkResult<Forgotten<Key>>());
  std::uint32_t place = 0;
  for (const auto& keyed : from.values) {
    after.kernel.recent.seen(keyed.first, after.kernel.max_keys,
                             [&](Key&& oldest) { after.out.values.emplace_back(place, std::move(oldest)); });
    ++place;
  }
  return after;
}

/// Which part of the groups a task works on, and the place of the chunk's first element.
struct GroupPart {
  std::uint32_t part = 0, parts = 1;
  std::uint64_t first = 0;

  // Places order what comes out: by chunk, then by element; what a group puts out because it is forgotten
  // comes before what the element gives.
  static constexpr unsigned bits = 25;  // for the elements of a chunk
  static constexpr std::uint64_t at_the_end = std::uint64_t{1} << 63;
  [[nodiscard]] std::uint64_t place(std::uint32_t element, bool is_forgotten) const noexcept {
    return first + 2 * element + (is_forgotten ? 0 : 1);
  }
  [[nodiscard]] static std::uint32_t element(std::uint64_t place) noexcept {
    return static_cast<std::uint32_t>(place & ((std::uint64_t{1} << bits) - 1)) / 2;
  }
};

/// One part of the groups. What comes out carries its place among what comes out of all parts.
template <class Key, class Inner>
struct GroupPartKernel {
  using Result = std::pair<Key, typename Inner::Out>;
  using Out = std::pair<std::uint64_t, Result>;
  static constexpr Traits traits{.all_or_nothing = true};  // the group itself goes back
  struct Group {
    Inner kernel;
    std::uint64_t place;  // where its first element stood, or if it may be forgotten its last one
  };
  Inner fresh;
  bool may_forget = false;
  std::unordered_map<Key, Group> groups = {};

  template <class In, class Emit>
  void push(const std::pair<Key, In>& keyed, std::uint64_t place, Emit&& emit) {
    Group& group = groups.try_emplace(keyed.first, Group{fresh, place}).first->second;
    if (may_forget) group.place = place;
    push_answered(group.kernel, keyed.second,
                  EmitThrough{emit, [&](auto&& y) {
                                emit(Out(place, Result(keyed.first, std::forward<decltype(y)>(y))));
                              }});
  }
  template <class Emit>
  void forget(const Key& key, std::uint64_t place, Emit&& emit) {
    if (auto node = groups.extract(key)) finish_one(key, node.mapped(), place, emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    for (auto& [key, group] : groups) finish_one(key, group, GroupPart::at_the_end | group.place, emit);
  }
  static constexpr KeptState keeps =
      Travels<Key> && kept_of<Inner>() != KeptState::lost ? KeptState::writable : KeptState::lost;
  void write_kept(Writer& writer) {
    write(writer, groups.size());
    for (auto& [key, group] : groups) {
      write(writer, key);
      write(writer, group.place);
      stream::write_kept(writer, group.kernel);
    }
  }
  /// Adds groups to those that are there.
  void read_kept(Reader& reader) {
    std::size_t count = 0;
    for (task::read_back(reader, count); count > 0; --count) {
      Key key{};
      Group group{fresh, 0};
      task::read_back(reader, key);
      task::read_back(reader, group.place);
      stream::read_kept(reader, group.kernel);
      groups.insert_or_assign(std::move(key), std::move(group));
    }
  }

 private:
  template <class Emit>
  static void finish_one(const Key& key, Group& group, std::uint64_t place, Emit&& emit) {
    put_out_answered(
        group.kernel, true,
        EmitThrough{emit, [&](auto&& y) { emit(Out(place, Result(key, std::forward<decltype(y)>(y)))); }});
  }
};

template <class K, class Key, class In>
Stage<K> run_part(const Stage<K>& before, const Step& step, const GroupPart& which,
                  const ChunkResult<std::pair<Key, In>>& from, const ChunkResult<Forgotten<Key>>& forgotten) {
  Stage<K> after = next_stage(before, ChunkResult<typename K::Out>());
  {
    const Stopwatch watch(after.out, step, 0);
    const TicketScope scope(ticket_of(step));
    const auto is_mine = [&](const auto& key) {
      return std::hash<std::decay_t<decltype(key)>>()(key) % which.parts == which.part;
    };
    auto gone = forgotten.values.begin();
    std::uint32_t at = 0;
    for (const auto& keyed : from.values) {
      if (after.has_ended) break;
      for (; gone != forgotten.values.end() && gone->first == at; ++gone) {
        if (is_mine(gone->second))
          after.kernel.forget(gone->second, which.place(at, true), emit_alone(after.out, step));
      }
      if (is_mine(keyed.first))
        push_guarded(after.kernel, after.out, step, &keyed.second,
                     [&](K& part, const auto& emit) { part.push(keyed, which.place(at, false), emit); });
      ++at;
    }
    if (from.is_over) end_stage(after, step, [] { return Place(); });
  }
  note_held(after, step);
  return after;
}

/// What came out of all parts, in the order of the elements; `place(of the group)` says where they stand. An
/// element is held as long as one of the parts holds it.
template <class Out, class PlaceOf>
void join_parts(ChunkResult<Out>& out, const Step& step,
                const std::vector<ChunkResult<std::pair<std::uint64_t, Out>>>& parts, std::size_t took,
                const PlaceOf& place_of_element) {
  std::vector<std::pair<std::uint64_t, const Out*>> all;
  Spent spent{step.segment};
  spent.step = step.number;
  spent.took = static_cast<std::uint32_t>(took);
  HeldTokens held{step.segment, {}};
  bool knows_held = false;
  for (const auto& part : parts) {
    for (const auto& [place, value] : part.values) all.emplace_back(place, &value);
    out.errors.insert(out.errors.end(), part.errors.begin(), part.errors.end());
    for (const Spent& each : part.spent) {
      spent.seconds += each.seconds;
      spent.gave += each.gave;
    }
    for (const HeldTokens& each : part.held) {
      held.tokens.insert(held.tokens.end(), each.tokens.begin(), each.tokens.end());
      knows_held = true;
    }
    out.copying_seconds = std::max(out.copying_seconds, part.copying_seconds);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  out.values.reserve(all.size());
  const auto cause = [](std::uint64_t place) {
    return (place & GroupPart::at_the_end) != 0 ? GroupPart::at_the_end : GroupPart::element(place);
  };
  for (auto at = all.begin(); at != all.end();) {
    const std::uint64_t now = cause(at->first);
    for (; at != all.end() && cause(at->first) == now; ++at) out.values.push_back(*at->second);
    note_places(out, step, [&] { return place_of_element(now); });
  }
  out.spent.push_back(spent);
  if (!knows_held) return;
  std::sort(held.tokens.begin(), held.tokens.end());
  held.tokens.erase(std::unique(held.tokens.begin(), held.tokens.end()), held.tokens.end());
  out.held.push_back(std::move(held));
}
template <class Out, class In>
ChunkResult<Out> join_chunk_parts(const ChunkResult<In>& from, const Step& step,
                                  const std::vector<ChunkResult<std::pair<std::uint64_t, Out>>>& parts) {
  auto out = begin_result<Out>(from);
  join_parts(out, step, parts, from.values.size(), [&](std::uint64_t element) {
    return element == GroupPart::at_the_end ? end_of(from.places, step)
                                            : place_of(from.places, element, step);
  });
  if (out.is_over) note_end(out, step, end_of(from.places, step));
  return out;
}
template <class Out>
ChunkResult<Out> join_finished_parts(const Step& step,
                                     const std::vector<ChunkResult<std::pair<std::uint64_t, Out>>>& parts) {
  ChunkResult<Out> out;
  join_parts(out, step, parts, 0, [&](std::uint64_t) { return Place{step.visit}; });
  return out;
}

/// Gives every chunk to all parts, which take their own elements out of it, and puts together what they give.
template <class In, class Key, class Inner>
class GroupNode final : public Outlet<Chunk<std::pair<Key, typename Inner::Out>>>,
                        public Inlet<Chunk<std::pair<Key, In>>>,
                        public WholeSegment {
 public:
  using Keyed = std::pair<Key, In>;
  using K = GroupPartKernel<Key, Inner>;
  using Out = typename K::Result;
  /// `max_keys`: how many groups there may be; 0 for any number.
  GroupNode(Client client, Inner fresh, std::size_t max_keys, std::shared_ptr<const Options> options)
      : Outlet<Chunk<Out>>("group_by"),
        Inlet<Chunk<Keyed>>(this),
        client_(std::move(client)),
        fresh_(std::move(fresh)),
        options_(std::move(options)),
        segment_(*this) {
    if (max_keys != 0) directory_.emplace(client_, GroupDirectory<Key>{max_keys}, options_);
  }

  void push(Chunk<Keyed>&& chunk) noexcept override { submit(chunk); }
  void push(const Chunk<Keyed>& chunk) noexcept override { submit(chunk); }
  void put_out(bool ending) override {
    if (parts_.empty()) return;
    this->guarded([&] {
      Chunk<Out> chunk;
      if (has_tokens_) chunk.token = next_token();
      Step step = segment_.step(chunk.token);
      step.is_ending = ending;
      std::vector<Future<ChunkResult<typename K::Out>>> outs;
      for (auto& part : parts_) outs.push_back(part.step(&finish_stage<K>, step));
      chunk.result = client_.submit(options_, &join_finished_parts<Out>, step, outs);
      chunk.has_state = true;
      this->send(std::move(chunk));
    });
  }
  bool reset() override {
    for (auto& part : parts_) part.reset();
    if (directory_) directory_->reset();
    return true;
  }
  [[nodiscard]] KeptState keeps() const override { return kept_of<K>(); }
  void write_kept(Writer& writer) override {
    write(writer, chunks_);
    K all = group_all();
    for (const auto& part : parts_) {
      K some = part.kernel();
      for (auto& [key, group] : some.groups) all.groups.insert_or_assign(key, std::move(group));
    }
    stream::write_kept(writer, all);
    if (directory_) directory_->write_kept(writer);
  }
  void read_kept(Reader& reader) override {
    task::read_back(reader, chunks_);
    K all = group_all();
    stream::read_kept(reader, all);
    if (directory_) directory_->read_kept(reader);
    if (parts_.empty()) make_parts();
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      K mine = group_all();
      for (auto& [key, group] : all.groups) {
        if (std::hash<Key>()(key) % parts_.size() == part) mine.groups.emplace(key, group);
      }
      parts_[part].go_on_with(std::move(mine));
    }
  }
  void set_policy(ErrorPolicy policy) override {
    check_policy<In>(*this, policy);
    Node::set_policy(std::move(policy));
  }

 private:
  static constexpr std::uint32_t most_parts = 16;

  [[nodiscard]] K group_all() const { return K{fresh_, directory_.has_value()}; }
  /// As many parts as threads could work on them when the first chunk came.
  void make_parts() {
    WorkerThreads threads(client_);
    threads.look();
    const std::uint32_t count = std::min(threads.count(), most_parts);
    for (std::uint32_t part = 0; part < count; ++part) parts_.emplace_back(client_, group_all(), options_);
  }
  void submit(const Chunk<Keyed>& chunk) noexcept {
    this->in.add(chunk.elements);
    has_tokens_ = has_tokens_ || chunk.token != 0;
    this->guarded([&] {
      if (parts_.empty()) make_parts();
      const Step step = segment_.step(chunk.token);
      GroupPart which{0, static_cast<std::uint32_t>(parts_.size()), chunks_++ << GroupPart::bits};
      std::vector<Future<ChunkResult<typename K::Out>>> outs;
      Input<ChunkResult<Forgotten<Key>>> forgotten{{}, std::make_shared<ChunkResult<Forgotten<Key>>>()};
      if (directory_) forgotten.there = directory_->step(&note_keys<Key, In>, chunk.input());
      for (; which.part < which.parts; ++which.part)
        outs.push_back(parts_[which.part].step(&run_part<K, Key, In>, step, which, chunk.input(), forgotten));
      auto result = client_.submit(options_, &join_chunk_parts<Out, Keyed>, chunk.input(), step, outs);
      this->send(following<Out>(chunk, std::move(result), true));
    });
  }

  Client client_;
  Inner fresh_;
  std::shared_ptr<const Options> options_;
  SegmentOf<In> segment_;
  std::vector<StateChain<K>> parts_;
  std::optional<StateChain<GroupDirectory<Key>>> directory_;  // if the number of groups is bounded
  std::uint64_t chunks_ = 0;
  bool has_tokens_ = false;
};

/// A kernel that is one kernel for each key, `fresh`, and whose groups can be divided, since their hash says
/// where each belongs.
template <class K>
concept DivisibleKernel = traits_of<K>
.where == Where::by_key&& Hashable<typename K::Key>&& requires(const K& kernel) {
  kernel.key;
  kernel.fresh;
  { kernel.max_keys } -> std::convertible_to<std::size_t>;
};

}  // namespace weir::detail::stream
