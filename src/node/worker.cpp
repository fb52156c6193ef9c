// A worker at work.
#include "node/worker.hpp"

#include <pthread.h>
#include <sysexits.h>
#include <unistd.h>
#include <algorithm>
#include <thread>

#include "core/log.hpp"
#include "core/thrown.hpp"
#include "memory/pool.hpp"
#include "node/bound.hpp"
#include "seeing/process.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/detail/task/invoke.hpp"
#include "weir/duration.hpp"
#include "weir/gang.hpp"

namespace weir::detail::node {

namespace {

constexpr std::size_t small_result_bytes = 1024;  // smaller results travel with the message that they exist

// How long a rank of a gang waits until it asks whether what it waits for can come, and then again.
constexpr std::chrono::nanoseconds first_question = std::chrono::milliseconds(50);
constexpr std::chrono::nanoseconds last_question = std::chrono::seconds(2);

std::shared_ptr<const Failure> current_failure(ErrorKind kind, const std::string& before = {}) {
  Thrown thrown = current_thrown();
  auto failure = std::make_shared<Failure>();
  failure->kind = kind;
  failure->type = std::move(thrown.type);
  failure->message = before + thrown.message;
  return failure;
}

std::shared_ptr<const Failure> too_late(std::int64_t limit_ns, const std::shared_ptr<const Failure>& thrown) {
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::timeout;
  failure->message = "it was not done within its time limit of " +
                     to_string(std::chrono::nanoseconds(limit_ns)) + (thrown ? ": " + thrown->message : "");
  return failure;
}

// Forks that this thread came out of as the child's.
unsigned& forks_behind() {
  thread_local unsigned forks = 0;
  return forks;
}

}  // namespace

// --- gangs

/// A rank of a gang while its function runs.
class WorkerNode::Member final : public client::GangLink {
 public:
  Member(WorkerNode& node, const protocol::GangRun& gang)
      : node_(node), gang_(gang), outer_(std::exchange(current(), this)) {}
  Member(const Member&) = delete;
  ~Member() override {
    current() = outer_;
    if (has_left_) return;
    Hold hold(node_);
    leave(false);
  }
  /// The function has returned. Throws `Error{protocol}` if the others count on more calls.
  void returned() {
    Hold hold(node_);
    node_.gangs_.check_all_called({gang_.leader, gang_.run}, gang_.rank);
    leave(true);
  }
  [[nodiscard]] std::uint32_t rank() const noexcept override { return gang_.rank; }
  [[nodiscard]] std::uint32_t size() const noexcept override {
    return static_cast<std::uint32_t>(gang_.peers.size());
  }
  void send(std::uint32_t to, const protocol::GangStep& step, Buffer&& bytes) override {
    node_.to_rank(gang_, to, step, std::move(bytes));
  }
  [[nodiscard]] Buffer receive(std::uint32_t from, const protocol::GangStep& step) override {
    return node_.from_rank(gang_, from, step);
  }
  [[nodiscard]] std::uint32_t process_of(std::uint32_t rank) const noexcept override {
    return gang_.peers[rank];
  }

 private:
  void leave(bool has_returned) {
    const auto here =
        static_cast<std::size_t>(std::count(gang_.peers.begin(), gang_.peers.end(), node_.self_));
    node_.gangs_.left({gang_.leader, gang_.run}, gang_.rank, here, has_returned);
    has_left_ = true;
  }

  WorkerNode& node_;
  const protocol::GangRun& gang_;
  GangLink* outer_;
  bool has_left_ = false;
};

template <class Message>
void WorkerNode::tell_rank(PeerId peer, Message&& message) {
  if (peer == self_) {
    on(peer, std::forward<Message>(message));
    return wake();
  }
  post(peer, message);
  flush();
}

void WorkerNode::to_rank(const protocol::GangRun& gang, std::uint32_t to, const protocol::GangStep& step,
                         Buffer&& bytes) {
  Hold hold(*this);
  gangs_.check({gang.leader, gang.run}, gang.rank);
  gangs_.sent({gang.leader, gang.run}, gang.rank, to, step);
  tell_rank(gang.peers[to], protocol::GangData{gang.leader, gang.run, gang.rank, to, step, std::move(bytes)});
}

// Whoever waits drives the node, as in `Node::wait_until`; its thread stays its own.
Buffer WorkerNode::from_rank(const protocol::GangRun& gang, std::uint32_t from,
                             const protocol::GangStep& step) {
  const GangBox::Attempt attempt{gang.leader, gang.run};
  Rest rest(*this);
  auto now = Clock::now(), last = now;
  std::chrono::nanoseconds patience = first_question;
  auto ask_at = now + patience;
  for (bool is_first = true;; is_first = false) {
    bool moved = false;
    {
      Hold hold(*this);
      if (is_first) gangs_.await(gang, from, step);
      if (auto bytes = gangs_.take(attempt, from, gang.rank, step)) return std::move(*bytes);
      gangs_.check(attempt, gang.rank);
      if (closing_) throw GangError("the gang has failed: the cluster has ended");
      if (now >= ask_at) {
        tell_rank(gang.peers[from], gangs_.question(attempt, gang.rank));
        ask_at = now + (patience = std::min(2 * patience, last_question));
      }
      moved = progress();
    }
    now = Clock::now();
    if (moved) rest.get_up(), last = now;
    else rest(now - last);
  }
}

void WorkerNode::on(PeerId from, protocol::GangData&& message) {
  if (auto stuck = gangs_.put(std::move(message))) tell_rank(from, std::move(*stuck));
}

void WorkerNode::on(PeerId from, protocol::GangAsk&& message) {
  auto found = gangs_.asked(message);
  // It is the one asked where a circle closes, otherwise the last that waits: that one's process has asked.
  if (found.stuck) tell_rank(found.stuck->to == message.to ? self_ : from, std::move(*found.stuck));
  else if (found.next) tell_rank(*found.next, std::move(message));
}

void WorkerNode::on(PeerId, protocol::GangStuck&& message) { gangs_.stuck(message); }

void WorkerNode::on(PeerId, protocol::GangBroken&& message) {
  gangs_.fail({message.leader, message.attempt}, message.reason);
  state_.handle(message, actions_);
}

void WorkerNode::on(PeerId, protocol::CancelRun&& message) {
  const worker::Record* record = state_.record(message.id);
  if (record && record->gang && record->run == message.run && record->state == worker::Record::Run::executing)
    gangs_.fail({record->gang->leader, record->gang->run}, "it was cancelled");
  note_unwanted(message.id, message.run);
  state_.handle(message, actions_);
}

WorkerNode::WorkerNode(comm::Transport& transport, PeerId self, WorkerSettings settings)
    : Node(transport, settings.patience),
      self_(self),
      settings_(std::move(settings)),
      state_(self, settings_.threads, settings_.resources, settings_.memory, settings_.machine),
      spill_file_(std::make_shared<SpillFile>(settings_.spill_folder)),
      counter_(Clock::now().time_since_epoch().count()) {}

WorkerNode::~WorkerNode() { stop(); }

void WorkerNode::start() {
  [[maybe_unused]] static const int watched = pthread_atfork(nullptr, nullptr, [] { ++forks_behind(); });
  memory::keep_at_most(settings_.memory.spill_at(), settings_.memory.spill_at());
  Hold hold(*this);
  protocol::Hello hello;
  hello.build_id = task::build_id();
  hello.name = settings_.name;
  hello.host = host_name();
  hello.pid = static_cast<std::uint64_t>(getpid());
  hello.host_id = host_id();
  hello.black_box = black_box_.address();
  hello.threads = settings_.threads;
  hello.resources = settings_.resources;
  hello.job = settings_.job;
  hello.contact = transport_.contact();
  hello.memory_limit = settings_.memory.limit;
  hello.is_guest = settings_.is_guest;
  if (settings_.ends)
    hello.serves_s =
        std::chrono::duration<double>(*settings_.ends - settings_.hand_over - Clock::now()).count();
  post(0, hello);
  flush();
  for (std::uint32_t i = 0; i < settings_.threads; ++i) add_thread();
  start_helper();
}

std::size_t WorkerNode::free_slot() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].ended) continue;
    if (slots_[i].thread.joinable()) slots_[i].thread.join();
    slots_[i].ended = false;
    return i;
  }
  slots_.emplace_back();
  return slots_.size() - 1;
}

void WorkerNode::add_thread() {
  ++alive_;
  const std::size_t slot = free_slot();
  slots_[slot].thread = std::thread([this, slot] { execute_loop(slot); });
}

// --- threads

// Finds a task for this thread; one idle thread at a time drives the node, the others sleep until it has
// found work.
bool WorkerNode::next(worker::Execution& task, std::unique_lock<Baton>& hold) {
  Rest rest(*this);
  auto last = Clock::now();
  while (!closing_) {
    if (alive_ - seceded_ <= settings_.threads && state_.take(task)) {
      call_one();
      return true;
    }
    if (alive_ - seceded_ > settings_.threads) return false;  // a stand-in that is no longer needed
    if (driving_) {
      ++idle_;
      work_.wait(hold);
      --idle_;
      last = Clock::now();
      continue;
    }
    const bool moved = progress();
    leave_callbacks();
    const auto now = Clock::now();
    if (moved) {
      rest.get_up();
      last = now;
      continue;
    }
    driving_ = true;
    hold.unlock();
    if (settings_.scheduler && settings_.scheduler->drive_if_left_alone()) last = now;
    else rest(now - last);
    hold.lock();
    driving_ = false;
    call_one();
  }
  return false;
}

void WorkerNode::begin_closing() {
  closing_ = true;
  close_asks();
  closing_.notify_all();
  work_.notify_all();
  wake();
}

// There is more to do than the threads at work can take.
void WorkerNode::call_one() {
  if (!state_.has_ready() || !state_.has_slot()) return;
  if (driving_) wake();
  else if (idle_) work_.notify_one();
}

void WorkerNode::execute_loop(std::size_t slot) {
  use_math_threads(settings_.share, settings_.threads == 1 && settings_.own_process);
  const Profile::Watched watched(profile_);
  worker::Execution task;
  std::unique_lock hold(baton_);
  for (int since_poll = 0; next(task, hold); ++since_poll) {
    if (idle_ && !driving_) work_.notify_one();  // somebody else drives while this one computes
    hold.unlock();
    Ran ran;
    worker::Outcome outcome = run(task, slot, ran);
    task.values.clear();
    hold.lock();
    const float took = outcome.duration_s;
    finish(task, slot, ran, std::move(outcome));
    if (state_.wants_spill()) wake_spiller();
    if (took > 20e-6f || since_poll >= 16 || !state_.has_ready()) {
      since_poll = 0;
      progress();
      leave_callbacks();
    }
  }
  --alive_;
  if (driving_ == false && idle_) work_.notify_one();
  slots_[slot].ended = true;
}

void WorkerNode::finish(const worker::Execution& task, std::size_t slot, const Ran& ran,
                        worker::Outcome&& outcome) {
  if (task.limit_ns && end_limit(task)) return;
  if (unwanted_count_.load(std::memory_order_relaxed)) forget_unwanted(task.id);
  if (seen_blocks_ != 0u) counter_.ran(slot, task.function, ran);
  state_.done(std::move(outcome), actions_);
  perform();
}

namespace {

// Reading fewer bytes takes little longer than asking for the time.
constexpr std::size_t worth_a_clock_bytes = 16 * 1024;

bool has_much_to_read(const worker::Execution& task, const std::vector<Block>& beside) {
  std::uint64_t bytes = task.arguments.size();
  for (const Block& block : beside) bytes += block.size;
  for (const task::Value& value : task.values) bytes += value.unread_bytes();
  return bytes >= worth_a_clock_bytes;
}

}  // namespace

// The thread on which a task runs, as the task sees it.
struct WorkerNode::OnThread final : client::TaskThread {
  OnThread(WorkerNode& node, const worker::Execution& task, std::size_t slot, Ran& ran)
      : node(node), task(task), slot(slot), ran(ran) {}

  void secede() override {
    ran.inner_ns -= Clock::now().time_since_epoch().count();
    Hold hold(node);
    node.post(0, protocol::RunWaits{task.id, task.run, true});
    node.flush();  // what it waits for may wait for its slot
    if (task.out_of_band) return;
    node.state_.secede();
    ++node.seceded_;
    node.call_one();
  }
  void rejoin() override {
    ran.inner_ns += Clock::now().time_since_epoch().count();
    Hold hold(node);
    node.post(0, protocol::RunWaits{task.id, task.run, false});
    if (task.out_of_band) return;
    node.state_.rejoin();
    --node.seceded_;
    node.work_.notify_all();
  }
  bool help() override { return !task.out_of_band && node.help(task, slot); }
  bool stopped() override {
    was_told |= node.is_unwanted(task.id);
    return was_told;
  }

  WorkerNode& node;
  const worker::Execution& task;
  const std::size_t slot;
  Ran& ran;
  bool was_told = false;
};

worker::Outcome WorkerNode::run(worker::Execution& task, std::size_t slot, Ran& ran) {
  worker::Outcome outcome;
  outcome.id = ran.id = task.id;
  TaskScope scope;
  scope.id = task.id;
  OnThread thread(*this, task, slot, ran);
  scope.thread = &thread;
  TaskScope* const outer = std::exchange(TaskScope::current(), &scope);
  scope.depth = outer ? outer->depth + 1 : 0;
  scope.share = settings_.share;
  std::optional<Bound> bound;
  if (task.grant)
    scope.task =
        &bound.emplace(*task.grant, settings_.share, settings_.threads == 1 && settings_.own_process).task();
  std::optional<Member> member;
  if (task.gang) member.emplace(*this, *task.gang);
  const TaskId below = black_box_.slot(slot).exchange(task.id, std::memory_order_relaxed);
  const auto start = Clock::now();
  ran.start_ns = start.time_since_epoch().count();
  if (task.limit_ns) {
    scope.deadline = start + std::chrono::nanoseconds(task.limit_ns);
    begin_limit(task, start);
  }
  Running& running = running_[slot % running_.size()];
  const std::uint64_t function_below = running.function.load(std::memory_order_relaxed);
  const std::int64_t start_below = running.start_ns.load(std::memory_order_relaxed);
  running.function.store(task.function, std::memory_order_relaxed);
  running.start_ns.store(ran.start_ns, std::memory_order_relaxed);
  const unsigned forks = forks_behind();
  std::int64_t read_ns = 0;
  try {
    std::vector<Block> beside;
    if (task.beside) beside = task.beside.take<task::Beside>().blocks;
    Reader reader(task.arguments.bytes(), beside);
    if (has_much_to_read(task, beside)) reader.note_end_in(&read_ns);
    const auto invoke = reinterpret_cast<task::Invoker>(const_cast<void*>(task::local_address(task.invoker)));
    outcome.value = invoke(reader, task.values);
    if (member) member->returned();
  } catch (...) {
    outcome.failure = current_failure(ErrorKind::task_failed);
  }
  if (forks_behind() != forks)
    _exit(EX_SOFTWARE);  // the child of a task that forked: this is its parent's work
  const auto end = Clock::now();
  if (read_ns) ran.reading_ns = read_ns - ran.start_ns;
  if (scope.deadline && end > *scope.deadline) outcome.failure = too_late(task.limit_ns, outcome.failure);
  outcome.was_told = thread.was_told;
  ran.end_ns = end.time_since_epoch().count();
  outcome.duration_s = std::chrono::duration<float>(end - start).count();
  running.function.store(function_below, std::memory_order_relaxed);
  running.start_ns.store(start_below, std::memory_order_relaxed);
  member.reset();
  bound.reset();
  black_box_.slot(slot).store(below, std::memory_order_relaxed);
  TaskScope::current() = outer;
  ran.failed = outcome.failure != nullptr;
  if (ran.failed) return outcome;
  try {
    outcome.has_small = task.want_small && outcome.value.pack_small(outcome.small, small_result_bytes);
    outcome.bytes = outcome.has_small ? outcome.small.size() : outcome.value.size();
  } catch (...) {
    outcome.failure = current_failure(ErrorKind::serialization, "its result cannot be serialized: ");
    outcome.value = {};
    ran.failed = true;
  }
  ran.bytes = outcome.bytes;
  if (outcome.bytes >= worth_a_clock_bytes) ran.sizing_ns = (Clock::now() - end).count();
  return outcome;
}

// What a thread does whose task waits: it runs another task that stands on the same root, such as the one
// waited for, on top of it; what else is ready gets a thread of its own, if too few are at work.
bool WorkerNode::help(const worker::Execution& waiting, std::size_t slot) {
  constexpr int deepest = 64;  // tasks on one stack
  std::unique_lock hold(baton_);
  if (!state_.has_ready() && transport_.has_mail()) progress();  // what has just been submitted
  if (closing_ || !state_.has_ready() || !state_.has_slot()) return false;
  worker::Execution task;
  const TaskScope& scope = *TaskScope::current();
  if (scope.alone > 0 || scope.depth >= deepest || !state_.take_of_root(task, waiting.order)) {
    if (alive_ - seceded_ < settings_.threads) add_thread();
    return false;
  }
  --seceded_;  // this thread is at work
  hold.unlock();
  Ran ran;
  worker::Outcome outcome = run(task, slot, ran);
  task.values.clear();
  hold.lock();
  ++seceded_;
  finish(task, slot, ran, std::move(outcome));
  if (state_.wants_spill()) wake_spiller();
  flush();
  return true;
}

bool WorkerNode::run_if_next(TaskId id) {
  if (!baton_.try_lock()) return false;
  std::unique_lock hold(baton_, std::adopt_lock);
  if (transport_.has_mail()) progress();
  worker::Execution task;
  if (closing_ || !state_.take_if_next(task, id)) return false;
  const std::size_t slot = free_slot();
  hold.unlock();
  Ran ran;
  worker::Outcome outcome = run(task, slot, ran);
  task.values.clear();
  hold.lock();
  finish(task, slot, ran, std::move(outcome));
  slots_[slot].ended = true;
  if (state_.wants_spill()) wake_spiller();
  flush();
  return true;
}

// `Client::run_on_workers` must not wait for a slot: it has a thread of its own.
void WorkerNode::start_out_of_band() {
  worker::Execution task;
  while (state_.take(task, true)) {
    const std::size_t slot = free_slot();
    slots_[slot].thread = std::thread([this, slot, task = std::move(task)]() mutable {
      Ran ran;
      worker::Outcome outcome = run(task, slot, ran);
      {
        Hold hold(*this);
        finish(task, slot, ran, std::move(outcome));
        flush();
      }
      // Not as a Hold: it would call callbacks, and whoever takes the slot waits for this thread with the
      // baton in hand.
      const std::lock_guard hold(baton_);
      slots_[slot].ended = true;
    });
    task = {};
  }
}

// --- what the state machine decided

void WorkerNode::send_value(PeerId to, TaskId id, std::uint32_t request) {
  const worker::Record* record = state_.record(id);
  if (!record || record->data != worker::Record::Data::here)
    return post(to, protocol::ResultMissing{id, nullptr, request});
  if (to == self_) {
    futures_.on_value(id, record->on_disk ? record->value.again() : record->value);
    return;
  }
  try {
    // One on disk is sent from there; a receiver in this process reads it for itself.
    post_value(to, protocol::ResultData{id, record->bytes, request},
               record->on_disk ? record->value.again() : record->value);
    sent_bytes_ += record->bytes;
  } catch (...) {
    const auto failure = current_failure(ErrorKind::serialization, "its result cannot be serialized: ");
    post(to, protocol::ResultMissing{id, failure, request});
    post(0, protocol::ResultBroken{id, failure});
  }
}

void WorkerNode::perform() {
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    worker::Action action = std::move(actions_[i]);
    std::visit(
        [&]<class Message>(const Message& message) {
          if constexpr (std::is_same_v<Message, worker::SendValue>) {
            send_value(action.to, message.id, message.request);
          } else if constexpr (std::is_same_v<Message, protocol::ResultMissing>) {
            action.to == self_ ? on_missing(self_, message) : post(action.to, message);
          } else {
            post(action.to, message);
          }
        },
        action.message);
  }
  actions_.clear();
}

void WorkerNode::ask_for(PeerId holder, TaskId id) {
  if (holder != self_) return post(holder, protocol::GetResult{id, true, 0});
  state_.asked(self_, id, true, 0, actions_);
  perform();
}

void WorkerNode::put(TaskId id, task::Value value, const std::vector<PeerId>&) {
  if (settings_.is_guest)
    throw Error(ErrorKind::unsupported,
                "scatter: a connected client keeps nothing for workers; submit a function that makes the "
                "value, or give it as an argument");
  protocol::PutResult message{id, value.size()};
  post(0, protocol::ScatterHere{id});
  state_.put(id, std::move(value), message.bytes, actions_);
  perform();
}

// --- what arrives

void WorkerNode::receive(PeerId from, comm::Frame&& frame) {
  if (from == 0) scheduler_seen_ = Clock::now();
  const auto handle = [&](auto&&... parts) {
    on(from, std::move(parts)...);
    perform();
  };
  each_message<protocol::ToWorker>(frame, handle, [&] { return "peer " + std::to_string(from); });
  if (state_.has_ready(true)) start_out_of_band();
  if (state_.wants_spill()) wake_spiller();
}

void WorkerNode::on(PeerId, protocol::Welcome&& message) {
  welcomed_ = true;
  log::debug("rank 0 welcomes this worker, process {} with {} threads", getpid(), settings_.threads);
  heartbeat_ = std::chrono::nanoseconds(static_cast<std::int64_t>(message.heartbeat_s * 1e9));
  scheduler_patience_ = std::chrono::nanoseconds(static_cast<std::int64_t>(message.patience_s * 1e9));
  if ((settings_.own_process || settings_.is_guest) && message.host_id == host_id())
    scheduler_watch_ = ProcessWatch(static_cast<pid_t>(message.pid));
}

void WorkerNode::on(PeerId, protocol::Refused&& message) {
  refused_ = message.reason;
  log::error("rank 0 has sent this worker away: {}", message.reason);
  if (settings_.own_process) _exit(1);
  good_bye_ = true;
  begin_closing();
}

void WorkerNode::on(PeerId, protocol::Shutdown&& message) {
  if (message.abort && settings_.own_process && !state_.executing().empty()) _exit(0);
  if (settings_.is_guest) futures_.close("the session has ended");
  begin_closing();
  tell_seen(Clock::now());
  if (!settings_.own_process) post(0, protocol::Leaving{});  // its threads are joined by whoever made it
}

void WorkerNode::on(PeerId, protocol::GoodBye&& message) {
  good_bye_ = true;
  by_exit_ = message.by_exit;
}

void WorkerNode::on(PeerId, protocol::PeerGone&& message) {
  transport_.forget(message.peer);
  state_.peer_gone(message.peer, actions_);
  on_peer_gone(message.peer);
}

void WorkerNode::on(PeerId, protocol::EnterNetwork&& message) {
  transport_.enter(message.invitation);
  post(0, protocol::ContactHere{transport_.contact()});
}

void WorkerNode::on(PeerId from, protocol::ResultData&& message, task::Value&& value) {
  received_bytes_ += message.bytes;
  note_link(from, message.bytes);
  futures_.on_value(message.id, value);
  state_.arrived(from, message.id, message.request, std::move(value), message.bytes, actions_);
}

void WorkerNode::on(PeerId from, protocol::ResultMissing&& message) {
  on_missing(from, message);
  state_.missing(from, message.id, message.request, message.failure != nullptr, actions_);
}

void WorkerNode::lost(PeerId peer, const std::string& how) {
  if (peer == 0 && closing_) {
    good_bye_ = by_exit_ = true;
  } else if (peer == 0) {
    scheduler_gone("is not connected any more: " + how);
  } else {
    // Whether the peer is dead is for the scheduler to say; what was asked of it is asked again.
    log::info("the connection with peer {} is lost: {}", peer, how);
    state_.peer_gone(peer, actions_);
    on_peer_gone(peer);
    perform();
  }
}

void WorkerNode::tick(Clock::time_point now) {
  if (now - last_heartbeat_ >= heartbeat_) {
    last_heartbeat_ = now;
    post(0, protocol::Heartbeat{state_.executing()});
    tell_memory();
  }
  const auto pause = now - checked_;
  if (pause < std::chrono::milliseconds(50)) return;
  checked_ = now;
  note_idle(now);
  if (limited_count_.load(std::memory_order_relaxed)) enforce_limits(now);
  if (now - seen_ >= seen_every_) tell_seen(now);
  state_.try_again(now - disk_tried_ > std::chrono::seconds(1));
  memory::release_unused();
  if (state_.wants_spill()) wake_spiller();
  if (pause > std::chrono::seconds(1))
    scheduler_seen_ = std::max(scheduler_seen_, now - scheduler_patience_ / 2);
  if (settings_.ends && now > *settings_.ends - settings_.hand_over && !std::exchange(asked_to_go_, true))
    post(0, protocol::RetireMe{std::chrono::duration<double>(*settings_.ends - now).count() * 0.8});
  if (settings_.end_signal && *settings_.end_signal && !std::exchange(ending_, true)) {
    log::info("this worker is told to end by signal {}; it hands its results over",
              settings_.end_signal->load());
    post(0, protocol::RetireMe{std::chrono::duration<double>(settings_.grace).count()});
  }
  if ((!settings_.own_process && !settings_.is_guest) || good_bye_) return;
  if (scheduler_watch_.ended()) scheduler_gone("has died");
  else if (!scheduler_watch_.watching() && now - scheduler_seen_ > scheduler_patience_)
    scheduler_gone("has been silent for " +
                   to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now - scheduler_seen_)) +
                   " (WEIR_PATIENCE of the program says how long is waited)");
}

// Why threads run nothing is looked at some twenty times a second.
void WorkerNode::note_idle(Clock::time_point now) {
  const auto before = std::exchange(idle_noted_, now);
  const double seconds = std::chrono::duration<double>(now - before).count();
  const std::size_t at_work = state_.executing().size() - std::min(state_.executing().size(), seceded_);
  if (at_work >= settings_.threads) return;
  const seeing::Idle why = state_.is_paused()     ? seeing::Idle::no_memory
                           : state_.is_fetching() ? seeing::Idle::fetching
                                                  : seeing::Idle::unasked;
  std::size_t idle = settings_.threads - at_work;
  counter_.idle(why, static_cast<double>(idle), seconds);
  if (why == seeing::Idle::unasked || !seen_blocks_.value_or(0)) return;
  for (std::size_t slot = 0; slot < std::min(slots_.size(), running_.size()) && idle > 0; ++slot) {
    if (slots_[slot].ended || running_[slot].start_ns.load(std::memory_order_relaxed) >= 0) continue;
    counter_.waited(slot, why, before.time_since_epoch().count(), now.time_since_epoch().count());
    --idle;
  }
}

void WorkerNode::note_link(PeerId from, std::uint64_t bytes) {
  protocol::SeenLink& link = links_[from];
  link.peer = from;
  link.bytes += bytes;
  ++link.count;
}

namespace {

// What has been logged since the last time, as much of it as fits into a message.
std::vector<std::string> fresh_lines(std::uint64_t& told) {
  constexpr std::size_t most_lines = 20, most_bytes = 400;
  std::vector<std::string> lines = log::recent_after(told);
  if (lines.size() > most_lines) {
    const std::size_t more = lines.size() - most_lines;
    lines.erase(lines.begin(), lines.end() - most_lines);
    lines.front() = "(" + std::to_string(more + 1) + " lines that came too fast)";
  }
  for (std::string& line : lines)
    if (line.size() > most_bytes) line.resize(most_bytes);
  return lines;
}

}  // namespace

void WorkerNode::tell_seen(Clock::time_point now) {
  if (!seen_blocks_.value_or(0)) return;
  seen_ = now;
  std::vector<seeing::Counter::Running> running;
  for (std::size_t slot = 0; slot < std::min(slots_.size(), running_.size()); ++slot)
    if (const std::int64_t start_ns = running_[slot].start_ns.load(std::memory_order_relaxed); start_ns >= 0)
      running.push_back({slot, running_[slot].function.load(std::memory_order_relaxed), start_ns,
                         black_box_.slot(slot).load(std::memory_order_relaxed)});
  protocol::Seen seen = counter_.take(now.time_since_epoch().count(), running, *seen_blocks_);
  const seeing::OwnProcess own = seeing::own_process();
  seen.threads = settings_.threads;
  seen.cpu_s = own.cpu_s - told_.cpu_s;
  seen.read_bytes = own.read_bytes - std::min(own.read_bytes, told_.read_bytes);
  seen.written_bytes = own.written_bytes - std::min(own.written_bytes, told_.written_bytes);
  told_ = own;
  seen.resident_bytes = own.resident_bytes;
  seen.descriptors = own.descriptors;
  seen.received_bytes = std::exchange(received_bytes_, 0);
  seen.sent_bytes = std::exchange(sent_bytes_, 0);
  constexpr std::size_t most_links = 16;
  for (const auto& [peer, link] : links_) seen.links.push_back(link);
  std::sort(seen.links.begin(), seen.links.end(),
            [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  if (seen.links.size() > most_links) seen.links.resize(most_links);
  links_.clear();
  constexpr std::size_t most_stacks = 64;
  seen.stacks = profile_.take(most_stacks);
  seen.packing_s = 1e-9 * static_cast<double>(task::Value::take_packing_ns());
  if (settings_.own_process) seen.log = fresh_lines(log_told_);
  post(0, seen);
}

void WorkerNode::scheduler_gone(const std::string& how) {
  if (settings_.is_guest) {
    if (good_bye_) return;
    good_bye_ = true;
    futures_.close("the program of the session " + how);
    return begin_closing();
  }
  log::error("rank 0 {}; this worker ends", how);
  _exit(status_left_alone);
}

// --- the end

bool WorkerNode::wait_until_closed() {
  closing_.wait(false);
  {
    Hold hold(*this);
    futures_.close("the cluster has ended");
  }
  // What still runs is not wanted any more; it is not waited for.
  const auto finished = [&] {
    Hold hold(*this);
    return state_.executing().empty() && alive_ == 0;
  };
  if (!wait_until(finished, Clock::now() + std::chrono::seconds(1))) _exit(0);
  {
    Hold hold(*this);
    post(0, protocol::Leaving{});
    flush();
  }
  const auto good_bye = [&] {
    Hold hold(*this);
    return good_bye_;
  };
  const bool told = wait_until(good_bye, Clock::now() + std::chrono::seconds(3));
  stop();
  return told && !by_exit_;
}

void WorkerNode::leave() {
  {
    Hold hold(*this);
    if (!good_bye_ && !closing_) post(0, protocol::Leaving{});
    good_bye_ = true;
    futures_.close("this client has been closed");
    flush_all(std::chrono::milliseconds(500));
  }
  stop();
}

void WorkerNode::close_down() {
  {
    Hold hold(*this);
    begin_closing();
    spill_work_.notify_all();
  }
  if (spiller_.joinable()) spiller_.join();
}

void WorkerNode::stop() {
  close_down();
  stop_helper();
  for (ThreadSlot& slot : slots_)
    if (slot.thread.joinable()) slot.thread.join();
}

bool WorkerNode::stop_within(std::chrono::milliseconds most) {
  close_down();
  const auto finished = [&] {
    Hold hold(*this);
    return state_.executing().empty() && alive_ == 0;
  };
  if (wait_until(finished, Clock::now() + most)) {
    stop();
    return true;
  }
  stop_helper();
  for (ThreadSlot& slot : slots_)
    if (slot.thread.joinable()) slot.thread.detach();
  return false;
}

// --- what only rank 0 knows

client::Overseer& WorkerNode::overseer(const char* who) {
  if (settings_.is_guest)
    throw Error(ErrorKind::unsupported,
                std::string(who) +
                    ": only the program that has opened the session can ask this; a connected "
                    "client can submit, map, gather, wait, and use what is shared by name");
  throw Error(ErrorKind::unsupported, std::string(who) +
                                          ": only the program's body on rank 0 can ask this; inside a task "
                                          "submit, map, gather, scatter and wait work");
}

}  // namespace weir::detail::node
