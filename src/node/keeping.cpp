// Cached tasks of the program's body: found in the journal, or computed and kept.
#include "core/log.hpp"
#include "core/wording.hpp"
#include "journal/journal.hpp"
#include "node/scheduler.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::node {

using client::FutureRef;
using client::FutureState;
using client::Kept;

namespace {

constexpr std::size_t most_in_message = (std::size_t{1} << 30) - (1 << 20);

}  // namespace

task::Value found_in_journal(Reader& arguments, std::span<const task::Value>) {
  const auto number = [&] {
    std::uint64_t n = 0;
    arguments.bytes(&n, sizeof n);
    return n;
  };
  const auto* ops = static_cast<const task::TypeOps*>(task::local_address(number()));
  Packed packed;
  for (std::uint64_t blocks = number(); blocks > 0; --blocks)
    packed.blocks.push_back(arguments.share(static_cast<std::size_t>(number())));
  const std::size_t head = arguments.left();
  packed.head.append(arguments.view(head), head);
  return task::Value::from_packed(ops, std::move(packed));
}

void SchedulerNode::keep_results(const std::string& folder) {
  const Hold hold(*this);
  if (keeper_ && keeper_->journal().folder() == folder) return;
  if (keeper_)
    throw Error(ErrorKind::unsupported, "journal: one is open (" + keeper_->journal().folder() +
                                            "); a program has one (got " + folder + ")");
  keeper_ = std::make_unique<Keeper>(folder);
  has_keeper_ = true;
}

// What the result of an input that is not cached is known by: its bytes.
journal::Key SchedulerNode::content_of(FutureState& state) {
  fetch(state, std::nullopt);
  journal::Hasher hasher;
  if (state.has_small) {
    hasher.bytes(state.small.data(), state.small.size());
  } else {
    const Packed packed = state.value.pack();
    hasher.bytes(packed.head.data(), packed.head.size());
    for (const Block& block : packed.blocks) hasher.bytes(block.data, block.size);
  }
  return hasher.result();
}

journal::Key SchedulerNode::key_of(FutureState& state) {
  {
    const Hold hold(*this);
    if (state.kept) return state.kept->key;
  }
  const journal::Key key = content_of(state);
  const Hold hold(*this);
  if (!state.kept) state.kept = std::make_unique<Kept>();
  return state.kept->key = key;
}

FutureRef SchedulerNode::submit_kept(client::Request&& request, client::KeptCall&& call) {
  for (const TaskId id : request.inputs) {
    FutureState* input = nullptr;
    {
      const Hold hold(*this);
      input = futures_.find(id);
    }
    if (!input) continue;
    try {
      static_cast<void>(key_of(*input));
    } catch (const TaskError&) {
      return submit(std::move(request));  // which fails for the same reason
    }
  }
  const Hold hold(*this);
  const journal::Function& function = keeper_->function(request.function, call.version);
  call.arguments.text(function.name);
  call.arguments.number(static_cast<std::uint64_t>(function.version));
  for (const TaskId id : request.inputs) {
    const FutureState* input = futures_.find(id);
    if (!input)
      throw Error(
          ErrorKind::unsupported,
          "submit(cached, ...): an argument is a future of another client; submit what makes it here");
    call.arguments.key(input->kept->key);
  }
  auto kept = std::make_unique<Kept>();
  kept->key = call.arguments.result();
  kept->function = &function;
  kept->result = call.result;
  if (FutureRef found = find_kept(*kept)) {
    keeper_->count_reused();
    kept->only_here = true;
    found->kept = std::move(kept);
    found->function = request.function;
    return found;
  }
  keeper_->count_missing(function);
  if (keeper_->is_dry()) {
    FutureRef nothing = futures_.make(self(), shared_from_this(), "submit");
    nothing->function = request.function;
    nothing->kept = std::move(kept);
    futures_.cancel(*nothing.get(), "a dry run computes nothing");
    return nothing;
  }
  kept->to_keep = true;
  FutureRef future = submit(std::move(request));
  future->kept = std::move(kept);
  return future;
}

FutureRef SchedulerNode::submit_beside_journal(client::Request&& request) {
  const Hold hold(*this);
  if (!keeper_) return Node::submit(std::move(request));
  check_is_there(request.inputs);
  const Inputs inputs = request.inputs;
  FutureRef future = Node::submit(std::move(request));
  hold_inputs(future->id, inputs);
  return future;
}

std::vector<FutureRef> SchedulerNode::submit_gang(std::vector<client::Request>&& ranks,
                                                  const client::GangShape& shape) {
  const Hold hold(*this);
  if (!keeper_) return Node::submit_gang(std::move(ranks), shape);
  std::vector<Inputs> inputs;
  for (const client::Request& rank : ranks) {
    check_is_there(rank.inputs);
    inputs.push_back(rank.inputs);
  }
  std::vector<FutureRef> futures = Node::submit_gang(std::move(ranks), shape);
  for (std::size_t i = 0; i < futures.size(); ++i) hold_inputs(futures[i]->id, inputs[i]);
  return futures;
}

// What a task needs is computed for it, and so kept, whether or not the program holds it.
void SchedulerNode::hold_inputs(TaskId task, const Inputs& inputs) {
  for (const TaskId id : inputs) {
    FutureState* const input = futures_.find(id);
    if (!input || input->status.load(std::memory_order_acquire) != Status::pending) continue;
    const Kept* const kept = input->kept.get();
    if (!(kept && kept->to_keep && !kept->settled) && !keeper_->holds_for(id)) continue;
    input->references.fetch_add(1, std::memory_order_relaxed);
    keeper_->hold(task, FutureRef(input));
  }
}

// In a dry run those that are missing stand for their keys, which tell what else is there; a task that needs
// one would have to compute it.
void SchedulerNode::check_is_there(const Inputs& inputs) {
  if (!keeper_->is_dry()) return;
  for (const TaskId id : inputs)
    if (const FutureState* input = futures_.find(id);
        input && input->kept && input->status == Status::cancelled)
      client::throw_failure(*input);
}

// A finished future of what the journal has; null if it has nothing.
FutureRef SchedulerNode::find_kept(const Kept& kept) {
  Buffer small;
  const bool is_small = keeper_->journal().find_small(kept.key, small);
  std::optional<task::Value> large;
  if (!is_small) large = keeper_->journal().find_object(kept.key, kept.result);
  if (!is_small && !large) return {};
  FutureRef future = futures_.make(self(), shared_from_this(), "submit");
  if (is_small) future->small = std::move(small);
  else future->value = std::move(*large);
  future->has_small = is_small;
  future->has_value.store(true, std::memory_order_release);
  future->status.store(Status::finished, std::memory_order_release);
  return future;
}

SchedulerNode::KeptFile SchedulerNode::keep_file(const journal::Key& key, const std::string& function,
                                                 std::int64_t version, std::uint64_t bytes) {
  const Hold hold(*this);
  const journal::Function& known = keeper_->function(function, version);
  if (std::string path = keeper_->journal().find_file(key); !path.empty()) {
    keeper_->count_reused();
    return {std::move(path), true};
  }
  keeper_->count_missing(known);
  if (keeper_->is_dry()) throw Error(ErrorKind::cancelled, function + ": a dry run computes nothing");
  return {keeper_->journal().put_file(key, known, bytes), false};
}

// Nobody wants it any more, and it needs nothing.
void SchedulerNode::give_up_keeping(const FutureState& state) noexcept {
  const Hold hold(*this);
  if (!keeper_) return;
  if (state.kept && state.kept->to_keep && state.status == Status::pending)
    keeper_->uncount_missing(*state.kept->function);
  keeper_->let_go(state.id);
}

// The result of this task is there.
void SchedulerNode::keep(TaskId id) {
  if (!keeper_) return;
  keeper_->let_go(id);
  FutureState* state = futures_.find(id);
  if (!state || !state->kept || !state->kept->to_keep || state->kept->settled) return;
  if (state->has_small) {
    keeper_->journal().put(state->kept->key, *state->kept->function, state->small.bytes());
    state->kept->settled = true;
    return;
  }
  state->references.fetch_add(1, std::memory_order_relaxed);
  keeper_->want(FutureRef(state));
}

// One large result at a time is brought here: they may be more than there is memory.
void SchedulerNode::keep_next() {
  if (!keeper_) return;
  keeper_->drop_unneeded();
  if (FutureState* next = keeper_->next()) ask_for(next->holder, next->id, futures_.run_of(next->id));
}

void SchedulerNode::keep_value(TaskId id, const task::Value& value) {
  if (keeper_ && keeper_->awaits(id)) keeper_->write(value);
}

void SchedulerNode::keep_without(PeerId peer) {
  if (!keeper_ || !keeper_->asked() || keeper_->asked()->holder != peer) return;
  const TaskId id = keeper_->asked()->id;
  keeper_->forget_asked();
  // A copy elsewhere, or another attempt, is kept.
  to_scheduler(protocol::LocateTask{id, peer, futures_.run_of(id)});
}

void SchedulerNode::seen(FutureState& state) {
  Kept& kept = *state.kept;
  if (!keeper_ || !kept.to_keep || state.status.load(std::memory_order_acquire) != Status::finished) return;
  wait_until([&] { return kept.settled || !keeper_->journal().problem().empty(); }, std::nullopt);
  keeper_->journal().commit();
  kept.to_keep = false;
}

// As a task, which the scheduler runs again where a worker that had the result is lost.
void SchedulerNode::hand_out(FutureState& state) {
  if (state.is_untold.load(std::memory_order_acquire)) tell(static_cast<client::Pocketed&>(state));
  if (!state.kept) return;
  Kept& kept = *state.kept;
  if (!kept.only_here) return;
  const Hold hold(*this);
  if (!kept.only_here.exchange(false)) return;
  Packed packed;
  if (state.has_small) packed.head = state.small;
  else packed = state.value.pack();
  if (packed.head.size() > most_in_message) return put(state.id, state.value, {});
  static const std::uint64_t invoker =
      task::portable_address(reinterpret_cast<const void*>(&found_in_journal));
  protocol::SubmitTask message;
  message.id = state.id;
  message.invoker = message.function = invoker;
  const auto number = [&](std::uint64_t n) { message.arguments.append(&n, sizeof n); };
  number(task::portable_address(kept.result));
  number(packed.blocks.size());
  for (const Block& block : packed.blocks) number(block.size);
  message.arguments.append(packed.head.data(), packed.head.size());
  if (!packed.blocks.empty())
    message.beside.value = task::Value::make(task::Beside{std::move(packed.blocks), {}});
  decide(0, std::move(message));
  submitted();
}

// It has failed.
void SchedulerNode::keep_nothing(TaskId id) {
  if (!keeper_) return;
  keeper_->let_go(id);
  FutureState* state = futures_.find(id);
  if (state && state->kept) state->kept->settled = true;
}

void SchedulerNode::finish_keeping() {
  if (!keeper_) return;
  wait_until([this] { return keeper_->idle() || !keeper_->journal().problem().empty(); }, std::nullopt);
}

// Futures that are still to be kept would keep this node alive.
void SchedulerNode::end_keeping() {
  std::unique_ptr<Keeper> ended;
  {
    const Hold hold(*this);
    has_keeper_ = false;
    ended.swap(keeper_);
  }
  if (!ended) return;
  ended->forget();
  ended->journal().commit();
  std::fprintf(stderr, "weir: %s\n", printable(ended->summary()).c_str());
}

}  // namespace weir::detail::node
