// The threads of a worker and what they run.
#include "node/worker.hpp"

#include <pthread.h>
#include <unistd.h>
#include <thread>

#include "core/forked.hpp"
#include "core/quick_clock.hpp"
#include "core/thrown.hpp"
#include "node/bound.hpp"
#include "node/scheduler.hpp"
#include "node/spread.hpp"
#include "weir/detail/task/invoke.hpp"
#include "weir/duration.hpp"
#include "weir/gang.hpp"

namespace weir::detail::node {

namespace {

constexpr auto left_alone = std::chrono::microseconds(30);  // mail of a scheduler in this process
constexpr std::int64_t most_unpolled_ns = 20'000;  // of tasks that a thread runs one after the other ...
constexpr int most_unpolled = 15;                  // ... and how many they are
constexpr std::int64_t quick_ns = 10'000;          // of a task: to wake another thread takes longer
constexpr std::int64_t longest_noted_ns = 80'000;  // one that was interrupted says little about the next

std::shared_ptr<const Failure> too_late(std::int64_t limit_ns, const std::shared_ptr<const Failure>& thrown) {
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::timeout;
  failure->message = "it was not done within its time limit of " +
                     to_string(std::chrono::nanoseconds(limit_ns)) + (thrown ? ": " + thrown->message : "");
  if (thrown && thrown->type == "weir::GangError") failure->type = thrown->type;  // another is to blame
  return failure;
}

// What the task has thrown. Of another task's failure that it waited for the reason itself, with a line for
// each task that it went through.
std::shared_ptr<const Failure> thrown_failure() {
  constexpr std::size_t most_lines = 10;
  try {
    throw;
  } catch (const TaskError& error) {
    auto failure = std::make_shared<Failure>(error.failure());
    if (failure->context.size() < most_lines && !failure->task_name.empty())
      failure->context.push_back("from task " + failure->task_name +
                                 (failure->worker.empty() ? "" : " on " + failure->worker));
    failure->kind = ErrorKind::task_failed;
    return failure;
  } catch (...) {
    return current_failure(ErrorKind::task_failed);
  }
}

// Forks that this thread came out of as the child's.
unsigned& forks_behind() {
  thread_local unsigned forks = 0;
  return forks;
}

int number_of_thread() {
  thread_local const int number = gettid();
  return number;
}

}  // namespace

std::shared_ptr<const Failure> current_failure(ErrorKind kind, const std::string& before) {
  Thrown thrown = current_thrown();
  auto failure = std::make_shared<Failure>();
  failure->kind = kind;
  failure->type = std::move(thrown.type);
  failure->message = before + thrown.message;
  return failure;
}

/// A rank of a gang while its function runs.
class WorkerNode::Member final : public client::GangLink {
 public:
  Member(WorkerNode& node, const worker::Execution& task)
      : node_(node), task_(task), gang_(*task.gang), outer_(std::exchange(current(), this)) {}
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
    const GangBox::Attempt attempt{gang_.leader, gang_.run};
    node_.gangs_.check_all_called(attempt, gang_.rank);
    protocol::GangCalls calls = node_.gangs_.calls(attempt, gang_.rank);
    if (!calls.traffic.empty()) {
      calls.id = task_.id;
      calls.run = task_.run;
      node_.post(0, calls);
    }
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
  const worker::Execution& task_;
  const protocol::GangRun& gang_;
  GangLink* outer_;
  bool has_left_ = false;
};

std::size_t WorkerNode::free_slot() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].ended) continue;
    if (slots_[i].thread.joinable()) slots_[i].thread.join();
    slots_[i].ended = false;
    return i;
  }
  slots_.emplace_back();
  const std::size_t slot = slots_.size() - 1;
  if (settings_.scheduler && slot < running_.size())
    running_[slot].pocket = &settings_.scheduler->make_pocket();
  return slot;
}

// One of the first slots, which alone have pockets and places in the black box, that is free; nothing: `slot`
// is one of them, or there is none.
std::optional<std::size_t> WorkerNode::better_slot(std::size_t slot) const {
  if (slot < running_.size() || closing_) return std::nullopt;
  for (std::size_t i = 0; i < running_.size(); ++i)
    if (slots_[i].ended) return i;
  return std::nullopt;
}

// Those that had these slots while many tasks waited have left.
std::size_t WorkerNode::move_to(std::size_t better, std::size_t slot) {
  if (slots_[better].thread.joinable()) slots_[better].thread.join();
  slots_[better].ended = false;
  slots_[better].thread = std::move(slots_[slot].thread);
  slots_[slot].ended = true;
  return better;
}

void WorkerNode::add_thread() {
  [[maybe_unused]] static const int watched = pthread_atfork(nullptr, nullptr, [] { ++forks_behind(); });
  ++alive_;
  const std::size_t slot = free_slot();
  slots_[slot].thread = std::thread([this, slot] { execute_loop(slot); });
}

// Finds a task for this thread; one idle thread at a time drives the node, the others sleep until it has
// found work.
bool WorkerNode::next(worker::Execution& task, std::size_t slot, std::unique_lock<Baton>& hold) {
  Rest rest(*this);
  auto last = Clock::now();
  Looking looking;
  while (!closing_) {
    if (is_one_too_many() || better_slot(slot)) return false;
    if (state_.take(task)) {
      call_one();
      return true;
    }
    Spread::own().lie_down();
    if (driving_ || (are_quick_ && quick_ > 0)) {
      call_thief();
      sleep_unless_called(hold);
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
    const bool may_steal = settings_.scheduler && slot < running_.size() && state_.has_slot();
    hold.unlock();
    Theft theft = Theft::nothing;
    if (settings_.scheduler && settings_.scheduler->drive_for_another(left_alone)) last = now;
    else if (may_steal && now < looking.not_before) rest(now - last, looking.not_before - now);
    else if (may_steal && (theft = thieve(now, looking, rest.is_down())) != Theft::nothing) last = now;
    else rest(now - last);
    hold.lock();
    driving_ = false;
    if (theft == Theft::due && !closing_ && state_.has_slot()) {
      looking.note(run_of_pockets(slot, hold));
      run_left(slot, hold);
    }
    call_one();
  }
  return false;
}

// Whether this thread, which has nothing to do, stays awake for what tasks of others keep in their pockets.
WorkerNode::Theft WorkerNode::thieve(Clock::time_point now, Looking& looking, bool will_sleep) {
  constexpr auto own_time = std::chrono::microseconds(20);  // what is run in place by then costs less so
  constexpr auto between = std::chrono::microseconds(2);    // each look costs the owner's next steps more
  Clock::time_point& since = looking.since;
  if (!will_sleep && since == Clock::time_point{} && now - looking.looked < between) return Theft::nothing;
  looking.looked = now;
  if (will_sleep) settings_.scheduler->note_sleeper();
  if (!settings_.scheduler->has_pocketed()) {
    since = {};
    return Theft::nothing;
  }
  if (since == Clock::time_point{}) since = now;
  if (now < since) return Theft::nothing;  // it has looked in vain: others are not done yet
  if (now - since >= own_time) return Theft::due;
  std::this_thread::yield();  // its owner may want this core
  return Theft::soon;
}

// When others are not done yet there is nothing for 0.2 ms; of tasks that are not worth a thread for longer
// each time.
void WorkerNode::Looking::note(Found found) {
  constexpr auto in_vain = std::chrono::microseconds(200), first_pause = std::chrono::microseconds(100),
                 longest_pause = std::chrono::microseconds(1600);
  const auto now = Clock::now();
  if (found == Found::nothing) since = now + in_vain;
  if (found != Found::too_short) {
    pause = {};
    return;
  }
  pause = std::clamp<Clock::duration>(2 * pause, first_pause, longest_pause);
  not_before = now + pause;
  since = {};
}

namespace {

// What another core has of it is here before its time counts.
void bring_here(const client::Pocketed& task, const client::Pocket::Values& values) {
  std::uint64_t sum = task.function + task.invoker;
  if (!task.arguments.empty()) sum += static_cast<std::uint64_t>(*task.arguments.data());
  for (const task::Value& value : values) sum += value.unread_bytes();
  asm volatile("" : : "r"(sum));
  __builtin_ia32_lfence();  // the clock does not wait for what is read before
}

}  // namespace

// For a while: then this thread looks again for what the scheduler has for it. The shorter the tasks are, the
// more it takes at once; of the shortest nothing: what their own thread runs in 0.1 us costs both more once
// another has touched it.
WorkerNode::Found WorkerNode::run_of_pockets(std::size_t slot, std::unique_lock<Baton>& hold) {
  constexpr auto a_while = std::chrono::microseconds(100), worth_a_hand = std::chrono::microseconds(10);
  constexpr std::int64_t worth_a_thread_ns = 400;
  constexpr std::size_t most_in_hand = 32, enough = 12;
  state_.occupy();
  if (idle_) work_.notify_one();  // somebody else drives while this one computes
  hold.unlock();
  Found found = Found::nothing;
  client::Hand hand;
  std::size_t most = 1, runs = 0;
  std::int64_t run_ns = 0;
  const std::uint64_t left_over = running_[slot].left_over;
  for (auto start = Clock::now(), last = start;
       !closing_ && running_[slot].left_over == left_over &&
       (found == Found::nothing || (found == Found::some && last - start < a_while));) {
    client::Pocket* const pocket = settings_.scheduler->take_of_pockets(self_, most, hand);
    if (!pocket) break;
    found = Found::some;
    for (const client::FutureRef& each : hand.tasks) {
      auto& task = static_cast<client::Pocketed&>(*each.get());
      if (!hand.is_begun && !client::Pocket::begin_held(task)) continue;
      bring_here(task, hand.values);
      run_ns += run_begun(slot, task, hand.values, false);
      ++runs;
      if (running_[slot].left_over != left_over) break;
    }
    if (runs >= enough && run_ns < static_cast<std::int64_t>(runs) * worth_a_thread_ns)
      found = Found::too_short;
    const std::size_t count = hand.tasks.size();
    pocket->put_down(hand);
    const auto now = Clock::now();
    if (2 * (now - last) > worth_a_hand) most = std::max<std::size_t>(1, count / 2);
    else if (count >= most) most = std::min(2 * most, most_in_hand);
    last = now;
  }
  // One that starts the next one goes to and fro between threads.
  if (running_[slot].left_over != left_over && run_ns < static_cast<std::int64_t>(runs) * worth_a_thread_ns)
    found = Found::too_short;
  hold.lock();
  state_.vacate();
  note_in_place(slot);
  return found;
}

// What tasks of this thread have left over in its pocket: nobody else knows of it, and this thread has time
// for it as long as it has nothing more urgent to do. What it does not come to at once others may, if they
// are to run something: then the scheduler is told.
void WorkerNode::run_left(std::size_t slot, std::unique_lock<Baton>& hold) {
  if (slot >= running_.size()) return;
  const Running& running = running_[slot];
  if (!running.pocket || running.pocket->is_empty()) return;
  flush();  // whoever waits for what left it waits no longer
  bool has_others = false;
  while (!closing_ && !has_others && !is_one_too_many() && state_.has_slot() &&
         state_.goes_first(running.order_of_left)) {
    state_.occupy();
    if (idle_ && !driving_) work_.notify_one();
    hold.unlock();
    const bool has_run = run_some_left(slot);
    hold.lock();
    state_.vacate();
    note_in_place(slot);
    if (!has_run || running.pocket->is_empty()) return;
    progress();
    leave_callbacks();
    has_others = state_.has_ready();
  }
  hold.unlock();
  tell_left(slot);
  hold.lock();
}

// For a while; false if others have all that is there. One after the other in the order of submission, but
// what one of them leaves over comes next.
bool WorkerNode::run_some_left(std::size_t slot) {
  constexpr auto a_while = std::chrono::microseconds(100);
  constexpr std::size_t most_in_hand = 32;
  Running& running = running_[slot];
  client::Hand hand;
  bool has_run = false;
  std::size_t most = 1;
  for (const auto start = QuickClock::now(); !closing_ && QuickClock::now() - start < a_while;) {
    if (!settings_.scheduler->take_left(*running.pocket, self_, most, hand)) return has_run;
    const std::uint64_t before = running.left_over;
    for (const client::FutureRef& each : hand.tasks) {
      auto& task = static_cast<client::Pocketed&>(*each.get());
      if (!hand.is_begun && !client::Pocket::begin_held(task)) continue;
      run_begun(slot, task, hand.values, false);
      has_run = true;
      if (running.left_over != before) break;
    }
    most = running.left_over != before ? 1 : std::min(2 * most, most_in_hand);
    running.pocket->put_down(hand);
  }
  return has_run;
}

void WorkerNode::tell_left(std::size_t slot) {
  if (slot < running_.size() && running_[slot].pocket && !running_[slot].pocket->is_empty())
    settings_.scheduler->tell_from(*running_[slot].pocket, client::Pocket::below_all);
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

// A slot has become free: whoever drives may have gone to sleep when there was none for what is in pockets.
void WorkerNode::call_thief() {
  if (driving_ && settings_.scheduler && settings_.scheduler->has_pocketed()) wake();
}

// A task is about to run: whoever drives the node meanwhile is another thread. To wake one takes longer than
// a quick task, after which this thread looks itself.
void WorkerNode::begin_run(std::size_t slot, bool is_quick) {
  are_quick_ = is_quick && slot < running_.size();
  if (are_quick_) {
    running_[slot].is_quick = true;
    ++quick_;
  }
  if (idle_ && !driving_ && !(are_quick_ && is_watched_)) work_.notify_one();
}

// Whether it was taken for quick.
bool WorkerNode::end_quick(std::size_t slot) {
  if (slot >= running_.size() || !std::exchange(running_[slot].is_quick, false)) return false;
  --quick_;
  return true;
}

// A task may always take long, unlike those before: as long as they are quick, one of those who sleep wakes
// now and then to see.
void WorkerNode::sleep_unless_called(std::unique_lock<Baton>& hold) {
  constexpr auto doze = std::chrono::microseconds(500);
  ++idle_;
  if (is_watched_ || !are_quick_) {
    work_.wait(hold);
  } else {
    is_watched_ = true;
    bool was_called = false;
    std::uint64_t before = 0;
    do {
      before = ended_;
      was_called = work_.wait_for(hold, doze) == std::cv_status::no_timeout;
    } while (!was_called && ended_ != before);
    is_watched_ = false;
    if (!was_called) {
      are_quick_ = false;
      for (std::size_t slot = 0; quick_ > 0 && slot < running_.size(); ++slot) end_quick(slot);
    }
  }
  --idle_;
}

void WorkerNode::execute_loop(std::size_t slot) {
  use_math_threads(settings_.share, settings_.threads == 1 && settings_.own_process);
  const Profile::Watched watched(profile_);
  std::unique_lock hold(baton_);
  do {
    run_tasks(slot, hold);
    hold.unlock();
    tell_left(slot);
    give_back_link(slot);
    hold.lock();
    if (const auto better = better_slot(slot)) slot = move_to(*better, slot);
  } while (!closing_ && !is_one_too_many());  // another one may have left meanwhile
  --alive_;
  if (driving_ == false && idle_) work_.notify_one();
  slots_[slot].ended = true;
}

// Until this thread is not needed.
void WorkerNode::run_tasks(std::size_t slot, std::unique_lock<Baton>& hold) {
  worker::Execution task;
  std::int64_t polled_ns = 0;               // about
  bool had_kept = false;                    // at the last poll
  std::int64_t took_ns = longest_noted_ns;  // lately
  for (int since_poll = 0; next(task, slot, hold); ++since_poll) {
    begin_run(slot, took_ns < quick_ns);
    if (took_ns >= quick_ns) flush();  // also requests that wait for company
    hold.unlock();
    tell_left(slot);
    if (took_ns >= quick_ns) (void)Spread::own().get_up();  // others may run beside it for as long
    Ran ran;
    worker::Outcome outcome = run(task, slot, ran);
    task.values.clear();
    hold.lock();
    end_quick(slot);
    ++ended_;
    took_ns += (std::min(ran.end_ns - ran.start_ns, longest_noted_ns) - took_ns) / 4;
    finish(task, slot, ran, std::move(outcome));
    if (state_.wants_spill()) wake_spiller();
    run_left(slot, hold);
    if (since_poll == 0) polled_ns = ran.start_ns;
    if (ran.end_ns - polled_ns > most_unpolled_ns || since_poll == most_unpolled || !state_.has_ready()) {
      since_poll = -1;
      progress();
      leave_callbacks();
      const bool has_kept = settings_.scheduler && settings_.scheduler->has_kept();
      if (std::exchange(had_kept, has_kept) && has_kept && !closing_ && slot < running_.size() &&
          state_.has_ready() && state_.has_slot()) {
        (void)run_of_pockets(slot, hold);  // whose owners are still busy
        run_left(slot, hold);
      }
    }
  }
}

void WorkerNode::finish(const worker::Execution& task, std::size_t slot, const Ran& ran,
                        worker::Outcome&& outcome) {
  if (task.limit_ns && end_limit(task)) return;
  if (unwanted_count_.load(std::memory_order_relaxed)) forget_unwanted(task.id);
  if (!lent_.empty()) end_lending_if([&](const LentSlot& lent) { return lent.id == task.id; });
  note_in_place(slot);
  if (seen_blocks_ != 0u) counter_.ran(slot, task.function, ran);
  state_.done(std::move(outcome), actions_);
  perform();
  send_awaited();
}

namespace {

// Reading fewer bytes takes little longer than asking for the time.
constexpr std::size_t worth_a_clock_bytes = 16 * 1024;

// Hardly any task has one.
using MaybeBeside = std::optional<task::Beside>;

bool has_much_to_read(const Buffer& arguments, const MaybeBeside& beside, std::uint64_t unread_beside,
                      const std::vector<task::Value>& values) {
  std::uint64_t bytes = arguments.size() + unread_beside;
  if (beside)
    for (const Block& block : beside->blocks) bytes += block.size;
  for (const task::Value& value : values) bytes += value.unread_bytes();
  return bytes >= worth_a_clock_bytes;
}

// Reads the arguments and calls the function. `read_ns`: when they were read, if that took long.
task::Value call(std::uint64_t invoker, const Buffer& arguments, MaybeBeside beside,
                 std::uint64_t unread_beside, const std::vector<task::Value>& values, std::int64_t& read_ns) {
  Reader reader = beside ? Reader(arguments.bytes(), beside->blocks) : Reader(arguments.bytes());
  if (beside) reader.set_live(beside->live.data(), beside->live.data() + beside->live.size());
  if (has_much_to_read(arguments, beside, unread_beside, values)) reader.note_end_in(&read_ns);
  const auto function = reinterpret_cast<task::Invoker>(const_cast<void*>(task::local_address(invoker)));
  return function(reader, values);
}

std::shared_ptr<const Failure> unserializable() {
  return current_failure(ErrorKind::serialization, "its result cannot be serialized: ");
}

}  // namespace

// The thread on which a task runs, as the task sees it.
struct WorkerNode::OnThread final : client::TaskThread {
  OnThread(WorkerNode& node, const worker::Execution& task, std::size_t slot, Ran& ran, bool is_lent)
      : OnThread(node, slot, ran, is_lent) {
    id = task.id;
    run = task.run;
    order = task.order;
    grant = task.grant.get();
    out_of_band = task.out_of_band;
    with_slot = this;
    if (!task.gang && !task.grant && !task.out_of_band && !task.limit_ns) take_pocket();
  }
  // Of a task out of a pocket.
  OnThread(WorkerNode& node, client::Pocketed& task, std::size_t slot, Ran& ran, bool is_lent)
      : OnThread(node, slot, ran, is_lent) {
    id = task.id;
    future = &task;
    if (below) {
      order = below->order;
      with_slot = below->with_slot;
    } else {
      const std::uint64_t order_of_parent = task.origin.order();
      order = order_of_parent ? scheduler::order_on(order_of_parent) : 0;
      if (!is_lent) with_slot = this;
    }
    take_pocket();
  }

  void secede() override {
    if (own_pocket && !own_pocket->is_empty())
      node.settings_.scheduler->tell_from(*own_pocket, client::Pocket::below_all);
    ran.inner_ns -= Clock::now().time_since_epoch().count();
    if (!with_slot) return;
    // Of one out of a pocket the scheduler has to know what its slot is wanted for.
    if (lowest->future && lowest->future->is_untold) node.settings_.scheduler->tell(*lowest->future);
    Hold hold(node);
    node.running_[slot % node.running_.size()].owner = 0;
    if (node.end_quick(slot) && node.idle_ && !node.driving_) node.work_.notify_one();
    node.end_lending(slot);
    if (out_of_band) node.post(0, protocol::RunWaits{with_slot->id, with_slot->run, true});
    else node.state_.secede(with_slot->id, with_slot->run, with_slot->grant, node.actions_);
    node.perform();
    node.flush();  // what it waits for may wait for its slot
    if (out_of_band) return;
    node.seceded_ += !is_lent;
    node.call_one();
    node.call_thief();
  }
  void rejoin() override {
    ran.inner_ns += Clock::now().time_since_epoch().count();
    if (!with_slot) return;
    Hold hold(node);
    if (out_of_band) return node.post(0, protocol::RunWaits{with_slot->id, with_slot->run, false});
    node.running_[slot % node.running_.size()].owner = with_slot->id;
    node.state_.rejoin(with_slot->id, with_slot->run, with_slot->grant, node.actions_);
    node.perform();
    node.seceded_ -= !is_lent;
    node.work_.notify_all();
  }
  [[nodiscard]] bool has_slot() const noexcept { return with_slot == this; }
  bool help(TaskId awaited, const std::function<void()>& begins) override {
    return !out_of_band && node.help(*this, awaited, begins);
  }
  bool stopped() override {
    was_told |= node.is_unwanted(id) ||
                (future && future->status.load(std::memory_order_relaxed) == Status::cancelled);
    return was_told;
  }
  client::Pocket* pocket() override { return own_pocket; }
  bool run_pocketed(client::Pocketed& inner, bool is_begun) override {
    return node.run_in_place(this, slot, inner, is_begun);
  }
  [[nodiscard]] PeerId worker() const noexcept override { return node.self_; }
  client::LinkShare* share() override {
    if (slot >= node.running_.size() || !node.settings_.scheduler) return nullptr;
    client::LinkShare*& share = node.running_[slot].share;
    if (!share) share = new client::LinkShare(node.settings_.scheduler->shared_from_this());
    return share;
  }
  // A count of references that no other thread changes.
  std::shared_ptr<client::ClusterLink> link() override {
    std::shared_ptr<client::ClusterLink>& link =
        slot < node.running_.size() ? node.running_[slot].link : lowest->own_link;
    if (!link) link = node.counted_apart();
    return link;
  }

  WorkerNode& node;
  const std::size_t slot;
  Ran& ran;
  const bool is_lent;  // by the program, which waits for the task: none of the worker's own, and not counted
  bool out_of_band = false;
  bool was_told = false;
  TaskId id = 0;
  std::uint32_t run = 1;
  std::uint64_t order = 0;
  const worker::Grant* grant = nullptr;
  client::Pocketed* future = nullptr;  // of a task out of a pocket
  OnThread* const below;               // on this stack; null: this is the lowest
  OnThread* const lowest;
  const OnThread* with_slot = nullptr;  // the one that has the slot, not on top of another; null: all stand
                                        // on the program's body
  client::Pocket* own_pocket = nullptr;
  std::shared_ptr<client::ClusterLink> own_link;  // of the lowest, where the slot has none

 private:
  OnThread(WorkerNode& node, std::size_t slot, Ran& ran, bool is_lent)
      : node(node),
        slot(slot),
        ran(ran),
        is_lent(is_lent),
        below(TaskScope::current() ? static_cast<OnThread*>(TaskScope::current()->thread) : nullptr),
        lowest(below ? below->lowest : this) {}
  void take_pocket() {
    if (node.settings_.scheduler && slot < node.running_.size()) own_pocket = node.running_[slot].pocket;
  }
};

// The task on top of this thread has ended: what it has submitted its thread runs next, if it is about to
// have time for it; else the scheduler is told.
void WorkerNode::end_in_pocket(OnThread& thread, int depth) {
  client::Pocket* const pocket = thread.own_pocket;
  if (!pocket) return;
  Running& running = running_[thread.slot];
  if (thread.below || thread.is_lent) {
    if (pocket->has_from(depth)) settings_.scheduler->tell_from(*pocket, depth);
  } else if (pocket->leave_over(thread.order)) {
    ++running.left_over;
    running.order_of_left = thread.order ? scheduler::order_on(thread.order) : 0;
  }
}

void WorkerNode::note_owner(Running& running, TaskId id, std::uint32_t run, bool is_lent) {
  running.run.store(run, std::memory_order_relaxed);
  running.thread.store(number_of_thread(), std::memory_order_relaxed);
  running.is_programs.store(is_lent, std::memory_order_relaxed);
  running.owner.store(id, std::memory_order_release);
}

worker::Outcome WorkerNode::run(worker::Execution& task, std::size_t slot, Ran& ran, bool is_lent) {
  worker::Outcome outcome;
  outcome.id = ran.id = task.id;
  TaskScope scope;
  scope.id = task.id;
  OnThread thread(*this, task, slot, ran, is_lent);
  scope.thread = &thread;
  TaskScope* const outer = std::exchange(TaskScope::current(), &scope);
  scope.depth = outer ? outer->depth + 1 : 0;
  scope.share = settings_.share;
  std::optional<Bound> bound;
  if (task.grant)
    scope.task =
        &bound.emplace(*task.grant, settings_.share, settings_.threads == 1 && settings_.own_process).task();
  std::optional<LentMathThreads> threads;
  if (is_lent && !outer && !task.grant) threads.emplace(settings_.share);
  std::optional<Member> member;
  if (task.gang) member.emplace(*this, task);
  BlackBox::Slot& executed = black_box_.slot(slot);
  const TaskId below = executed.load(std::memory_order_relaxed);
  executed.store(task.id, std::memory_order_relaxed);
  const auto start = QuickClock::now();
  ran.start_ns = start.time_since_epoch().count();
  if (task.limit_ns) {
    scope.deadline = start + std::chrono::nanoseconds(task.limit_ns);
    scope.alone = 1;  // what runs on top cannot be left when it is over
    begin_limit(task, start);
  }
  Running& running = running_[slot % running_.size()];
  const std::uint64_t function_below = running.function.load(std::memory_order_relaxed);
  const std::int64_t start_below = running.start_ns.load(std::memory_order_relaxed);
  running.function.store(task.function, std::memory_order_relaxed);
  running.start_ns.store(ran.start_ns, std::memory_order_relaxed);
  const bool has_slot = !task.out_of_band;
  const TaskId owner_below = running.owner.load(std::memory_order_relaxed);
  if (has_slot) note_owner(running, task.id, task.run, is_lent);
  const unsigned forks = forks_behind();
  std::int64_t read_ns = 0;
  try {
    const std::uint64_t unread_beside = task.beside.unread_bytes();
    MaybeBeside beside;
    if (task.beside) beside = task.beside.take<task::Beside>();
    outcome.value =
        call(task.invoker, task.arguments, std::move(beside), unread_beside, task.values, read_ns);
    if (member) member->returned();
  } catch (...) {
    outcome.failure = thrown_failure();
  }
  if (forks_behind() != forks) end_child_of("task " + task::function_name(task.function));
  end_in_pocket(thread, scope.depth);
  const auto end = QuickClock::now();
  if (read_ns) ran.reading_ns = read_ns - ran.start_ns;
  if (scope.deadline && end > *scope.deadline) outcome.failure = too_late(task.limit_ns, outcome.failure);
  outcome.was_told = thread.was_told;
  ran.end_ns = end.time_since_epoch().count();
  outcome.duration_s = std::chrono::duration<float>(end - start).count();
  if (has_slot) running.owner.store(owner_below, std::memory_order_relaxed);
  running.function.store(function_below, std::memory_order_relaxed);
  running.start_ns.store(start_below, std::memory_order_relaxed);
  member.reset();
  threads.reset();
  bound.reset();
  executed.store(below, std::memory_order_relaxed);
  TaskScope::current() = outer;
  ran.failed = outcome.failure != nullptr;
  if (ran.failed) return outcome;
  try {
    outcome.has_small = task.want_small && outcome.value.pack_small(outcome.small, small_result_bytes);
    outcome.bytes = outcome.has_small ? outcome.small.size() : outcome.value.size();
  } catch (...) {
    outcome.failure = unserializable();
    outcome.value = {};
    ran.failed = true;
  }
  ran.bytes = outcome.bytes;
  if (outcome.bytes >= worth_a_clock_bytes) ran.sizing_ns = (Clock::now() - end).count();
  return outcome;
}

// What a thread does whose task waits: it runs the one it waits for, or another that stands on the same root,
// on top of it; what else is ready gets a thread of its own, if too few are at work.
bool WorkerNode::help(const OnThread& waiting, TaskId awaited, const std::function<void()>& begins) {
  std::unique_lock hold(baton_);
  if (!state_.has_ready()) {  // what has just been submitted
    if (settings_.scheduler) {
      hold.unlock();
      settings_.scheduler->drive_for_another({});
      hold.lock();
    }
    if (transport_.has_mail()) progress();
  }
  if (closing_ || !state_.has_ready() || !state_.has_slot()) return false;
  worker::Execution task;
  const TaskScope& scope = *TaskScope::current();
  if (scope.alone > 0 || scope.depth >= deepest_stack || !state_.take_of_root(task, waiting.order, awaited)) {
    if (alive_ - seceded_ < settings_.threads) add_thread();
    return false;
  }
  seceded_ -= !waiting.is_lent;  // this thread is at work
  flush();                       // also requests that wait for company
  hold.unlock();
  begins();
  Ran ran;
  worker::Outcome outcome = run(task, waiting.slot, ran, waiting.is_lent);
  task.values.clear();
  hold.lock();
  seceded_ += !waiting.is_lent;
  finish(task, waiting.slot, ran, std::move(outcome));
  if (state_.wants_spill()) wake_spiller();
  flush();
  return true;
}

// A task of the pocket, in the thread of the one that submitted it and waits for it; null: of the body. Who
// waits has a reference to it.
bool WorkerNode::run_in_place(OnThread* below, std::size_t slot, client::Pocketed& future, bool is_begun) {
  client::Pocket::Values values;
  if (!is_begun && !running_[slot].pocket->begin(future, self_, values)) return false;
  run_begun(slot, future, values, !below || below->is_lent);
  return true;
}

// As `run`, without what a task of a pocket cannot have: options, a gang, a limit. How long it took.
std::int64_t WorkerNode::run_begun(std::size_t slot, client::Pocketed& future,
                                   const client::Pocket::Values& values, bool is_lent) {
  constexpr std::size_t most_noted = 256;
  Running& running = running_[slot];
  Ran ran{.id = future.id};
  TaskScope scope;
  scope.id = future.id;
  OnThread thread(*this, future, slot, ran, is_lent);
  scope.thread = &thread;
  TaskScope* const outer = std::exchange(TaskScope::current(), &scope);
  scope.depth = outer ? outer->depth + 1 : 0;
  scope.share = settings_.share;
  std::optional<LentMathThreads> threads;
  if (is_lent && !outer && LentMathThreads::matter()) threads.emplace(settings_.share);
  BlackBox::Slot& executed = black_box_.slot(slot);
  const TaskId below = executed.load(std::memory_order_relaxed);
  executed.store(future.id, std::memory_order_relaxed);
  const auto start = QuickClock::now();
  ran.start_ns = start.time_since_epoch().count();
  const std::uint64_t function_below = running.function.load(std::memory_order_relaxed);
  const std::int64_t start_below = running.start_ns.load(std::memory_order_relaxed);
  running.function.store(future.function, std::memory_order_relaxed);
  running.start_ns.store(ran.start_ns, std::memory_order_relaxed);
  const TaskId owner_below = running.owner.load(std::memory_order_relaxed);
  if (thread.has_slot()) note_owner(running, future.id, 1, is_lent);
  const unsigned forks = forks_behind();
  std::int64_t read_ns = 0;
  task::Value value;
  std::shared_ptr<const Failure> failure;
  try {
    MaybeBeside beside;
    if (future.beside) beside = future.beside.as<task::Beside>();
    value = call(future.invoker, future.arguments, std::move(beside), 0, values, read_ns);
  } catch (...) {
    failure = thrown_failure();
  }
  if (forks_behind() != forks) end_child_of("task " + task::function_name(future.function));
  end_in_pocket(thread, scope.depth);
  const auto end = QuickClock::now();
  if (read_ns) ran.reading_ns = read_ns - ran.start_ns;
  ran.end_ns = end.time_since_epoch().count();
  if (thread.has_slot()) running.owner.store(owner_below, std::memory_order_relaxed);
  running.function.store(function_below, std::memory_order_relaxed);
  running.start_ns.store(start_below, std::memory_order_relaxed);
  threads.reset();
  executed.store(below, std::memory_order_relaxed);
  TaskScope::current() = outer;
  if (!failure) {
    try {
      ran.bytes = value.size();
      if (ran.bytes >= worth_a_clock_bytes) ran.sizing_ns = (Clock::now() - end).count();
    } catch (...) {
      failure = unserializable();
      value = {};
    }
  }
  ran.failed = failure != nullptr;
  if (thread.below) thread.below->ran.inner_ns += ran.end_ns - ran.start_ns;
  running.in_place.push_back({future.function, ran});
  if (running.in_place.size() >= most_noted) {
    const Hold hold(*this);
    note_in_place(slot);
  }
  const auto duration_s = std::chrono::duration<float>(end - start).count();
  settings_.scheduler->ended(future, std::move(value), ran.bytes, duration_s, std::move(failure));
  return ran.end_ns - ran.start_ns;
}

// What this thread has run in place since the last call.
void WorkerNode::note_in_place(std::size_t slot) {
  if (slot >= running_.size() || running_[slot].in_place.empty()) return;
  std::vector<protocol::RanInPlace> by_function;
  for (const RanInPlace& one : running_[slot].in_place) {
    if (seen_blocks_ != 0u) counter_.ran(slot, one.function, one.ran);
    if (one.ran.failed) continue;  // the scheduler counts it with others
    if (by_function.empty() || by_function.back().function != one.function)
      by_function.push_back({one.function, 0, 0});
    ++by_function.back().count;
    by_function.back().duration_s += 1e-9 * static_cast<double>(one.ran.end_ns - one.ran.start_ns);
  }
  running_[slot].in_place.clear();
  for (const protocol::RanInPlace& some : by_function) post(0, some);
}

std::optional<std::size_t> WorkerNode::lend_slot() {
  const std::lock_guard hold(baton_);
  const std::size_t slot = free_slot();
  if (slot < running_.size() && running_[slot].pocket) return slot;
  slots_[slot].ended = true;
  return std::nullopt;
}

void WorkerNode::note_lent(std::size_t slot) {
  if (running_[slot].in_place.empty()) return;
  const Hold hold(*this);
  note_in_place(slot);
  flush();
}

void WorkerNode::take_back(std::size_t slot) {
  note_lent(slot);
  give_back_link(slot);
  const std::lock_guard hold(baton_);
  slots_[slot].ended = true;
}

std::shared_ptr<client::ClusterLink> WorkerNode::counted_apart() {
  if (!settings_.scheduler) return nullptr;
  const auto counted = std::make_shared<std::shared_ptr<Node>>(settings_.scheduler->shared_from_this());
  return {counted, counted->get()};
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
  worker::Outcome outcome = run(task, slot, ran, true);
  task.values.clear();
  hold.lock();
  finish(task, slot, ran, std::move(outcome));
  give_back_link(slot);
  slots_[slot].ended = true;
  if (state_.wants_spill()) wake_spiller();
  flush();
  return true;
}

void WorkerNode::give_back_link(std::size_t slot) {
  if (slot >= running_.size()) return;
  running_[slot].link.reset();
  if (client::LinkShare* const share = std::exchange(running_[slot].share, nullptr)) share->leave();
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
      give_back_link(slot);
      // Not as a Hold: it would call callbacks, and whoever takes the slot waits for this thread with the
      // baton in hand.
      const std::lock_guard hold(baton_);
      slots_[slot].ended = true;
    });
    task = {};
  }
}

}  // namespace weir::detail::node
