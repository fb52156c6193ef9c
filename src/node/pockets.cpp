// Tasks that stay with the thread whose task submitted them, and how the scheduler hears of them.
#include "node/scheduler.hpp"
#include "node/worker.hpp"

namespace weir::detail::node {

using client::ClusterLink;
using client::Deadline;
using client::FutureRef;
using client::FutureState;
using client::Pocket;
using client::Pocketed;
using client::Request;
using Stage = Pocketed::Stage;

namespace {

constexpr std::size_t largest_pocketed = 1 << 20;  // bytes of arguments
constexpr float worth_a_call_s = 20e-6F;
constexpr int below_all = Pocket::below_all;
constexpr std::uint64_t worker_keeps_bytes = 64 * 1024;  // results that are counted, and may be spilled

Pocketed& pocketed(FutureState& state) { return static_cast<Pocketed&>(state); }

bool is_plain(const Request& request) {
  return !request.options && !request.out_of_band && !request.follows &&
         request.part == protocol::ActorPart::none && request.arguments.size() < largest_pocketed;
}

// Whether it stands on tasks of this pocket only. Their futures are as many as its inputs then.
bool stands_in(const Pocket& pocket, Request& request) {
  std::size_t inputs = 0;
  for (FutureRef& future : request.untold)
    if (inputs < request.inputs.size() && future->id == request.inputs[inputs]) {
      if (!future->is_untold.load(std::memory_order_acquire) || &pocketed(*future.get()).pocket != &pocket)
        return false;
      if (&future != &request.untold[inputs]) request.untold[inputs] = std::move(future);
      ++inputs;
    }
  if (inputs != request.inputs.size()) return false;
  request.untold.resize(inputs);
  return true;
}

// Of one that is done the inputs may have gone.
protocol::SubmitTask message_of(const Pocket::Left& left) {
  const Pocketed& task = *left.task;
  protocol::SubmitTask message;
  message.id = task.id;
  message.invoker = task.invoker;
  message.function = task.function;
  message.arguments = task.arguments;
  message.beside.value = task.beside;
  for (const FutureRef& input : left.inputs) message.inputs.push_back(input->id);
  message.parent = task.origin.task();
  return message;
}

}  // namespace

Pocket& SchedulerNode::make_pocket() {
  const std::lock_guard hold(pockets_mutex_);
  const auto& made = pockets_.emplace_back(std::make_unique<Pocket>(pocket_.load()));
  pocket_.store(made.get(), std::memory_order_release);
  return *made;
}

bool SchedulerNode::has_pocketed() const noexcept {
  for (const Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next)
    if (!pocket->is_empty()) return true;
  return false;
}

std::size_t SchedulerNode::count_pocketed() const noexcept {
  std::size_t count = 0;
  for (const Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next)
    count += pocket->count();
  return count;
}

// As they would be seen if they had been told of: ready, or soon.
void SchedulerNode::add_pocketed(Picture& picture) {
  for (Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next)
    for (const auto& [function, count] : pocket->by_function()) {
      picture.snapshot.tasks[static_cast<std::size_t>(TaskState::queued)] += count;
      auto known = std::ranges::find(picture.progress, function, &seeing::Progress::function);
      if (known == picture.progress.end()) known = picture.progress.insert(known, {function, 0, 0});
      known->submitted += count;
    }
}

bool SchedulerNode::has_kept() const noexcept {
  const Pocket* const last = pocket_.load(std::memory_order_acquire);
  std::size_t kept = 0, let_go = 0;
  for (const Pocket* pocket = last; pocket; pocket = pocket->next) let_go += pocket->let_go_count();
  for (const Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next)
    kept += pocket->kept_count();
  return kept != let_go;
}

FutureRef SchedulerNode::submit(Request&& request) {
  const TaskScope* scope = TaskScope::current();
  const bool by_body = is_body();
  Pocket* pocket = nullptr;
  if (by_body && body_waits_ == 0) pocket = body_pocket_;
  else if (scope && scope->alone == 0 && scope->thread) pocket = scope->thread->pocket();
  if (!pocket || !is_plain(request) || !may_pocket_.load(std::memory_order_relaxed) ||
      has_gangs_.load(std::memory_order_relaxed) || !stands_in(*pocket, request)) {
    if (by_body && !body_pocket_->is_empty()) tell_from(*body_pocket_, below_all);  // in order
    for (const FutureRef& input : request.untold) input->core->hand_out(*input.get());
    return keeps_results() ? submit_beside_journal(std::move(request)) : Node::submit(std::move(request));
  }
  auto* task = by_body ? new Pocketed(std::move(request), *pocket, 0, below_all)
                       : new Pocketed(std::move(request), *pocket, scope->id, scope->depth);
  FutureRef future(task);
  task->id = futures_.take_id(self());
  if (client::LinkShare* const share = by_body ? body_share_ : scope->thread->share()) {
    task->core = std::shared_ptr<ClusterLink>(std::shared_ptr<void>(), this);
    task->share = &share->take();
  } else {
    task->core = scope->thread->link();
  }
  task->is_untold.store(true, std::memory_order_relaxed);
  pocket->put(*task);
  call_sleeper();
  return future;
}

void SchedulerNode::call_sleeper() {
  if (!has_sleeper_.load(std::memory_order_seq_cst) || !has_sleeper_.exchange(false)) return;
  for (const auto& here : here_)
    if (const auto worker = here.lock()) worker->wake_for_pockets();
}

namespace {

// Of one that another thread runs: most are done by the time that the scheduler would know of them, and of
// all that wait with them. That thread may have to wait for a core.
bool is_soon_done(const Pocketed& task, std::size_t with_it) {
  constexpr int most_spins = 500;
  constexpr auto yields = std::chrono::milliseconds(1), most = std::chrono::milliseconds(20);
  constexpr auto nap = std::chrono::microseconds(50), told_in = std::chrono::microseconds(2);
  Clock::time_point start{};
  Clock::duration patience{};
  for (int spins = 0; task.is_untold.load(std::memory_order_relaxed); ++spins) {
    const Stage stage = task.stage.load(std::memory_order_acquire);
    if (stage != Stage::running && stage != Stage::ending) return stage == Stage::done;
    if (spins < most_spins) {
      __builtin_ia32_pause();
      continue;
    }
    const auto now = Clock::now();
    if (start == Clock::time_point{}) {
      start = now;
      patience = std::min<Clock::duration>(yields + (with_it + task.pocket.count()) * told_in, most);
    }
    if (now - start > patience) return false;
    if (now - start < yields) std::this_thread::yield();
    else std::this_thread::sleep_for(nap);
  }
  return false;
}

// Runs a task after what it stands on; false if some of it is not to be run here.
template <class Run>
bool run_with_inputs(Pocketed& task, PeerId runs_on, const Run& run) {
  if (!task.input_count) return run(task, false) || is_soon_done(task, 0);
  struct Step {
    FutureRef task;
    std::size_t input = 0;
  };
  task.references.fetch_add(1, std::memory_order_relaxed);
  std::vector<Step> steps{{FutureRef(&task)}};
  while (!steps.empty()) {
    Pocketed& next = pocketed(*steps.back().task.get());
    if (next.input_count)
      if (auto [input, is_begun] = next.pocket.claim_input(next, steps.back().input, runs_on); input) {
        if (is_begun) (void)run(pocketed(*input.get()), true);
        else steps.push_back({std::move(input)});
        continue;
      }
    if (!run(next, false) && !is_soon_done(next, task.input_count)) return false;
    steps.pop_back();
  }
  return true;
}

}  // namespace

// The thread whose task submitted it runs it now; for others it becomes a task like any.
void SchedulerNode::run_or_tell(Pocketed& task, Deadline deadline) {
  const TaskScope* scope = TaskScope::current();
  const bool is_bodys = !deadline && is_body() && &task.pocket == body_pocket_;
  const bool is_own = !deadline && scope && scope->alone == 0 && scope->depth < deepest_stack &&
                      scope->thread && scope->thread->pocket() == &task.pocket;
  const auto in_body = [&](Pocketed& each, bool is_begun) {
    return body_worker_->run_in_lent(body_slot_, each, is_begun);
  };
  const auto in_task = [&](Pocketed& each, bool is_begun) {
    return scope->thread->run_pocketed(each, is_begun);
  };
  if (is_bodys && run_with_inputs(task, body_worker_->peer(), in_body)) return;
  if (is_own && run_with_inputs(task, scope->thread->worker(), in_task)) return;
  tell(task);
}

bool SchedulerNode::wait(FutureState& state, Deadline deadline) {
  if (state.is_untold.load(std::memory_order_acquire)) run_or_tell(pocketed(state), deadline);
  return state.status.load(std::memory_order_acquire) != Status::pending || Node::wait(state, deadline);
}

void SchedulerNode::fetch(FutureState& state, Deadline deadline) {
  if (state.is_untold.load(std::memory_order_acquire)) run_or_tell(pocketed(state), deadline);
  if (!state.has_value.load(std::memory_order_acquire)) Node::fetch(state, deadline);
}

void SchedulerNode::cancel(FutureState& state, const std::string& reason) {
  if (state.is_untold.load(std::memory_order_acquire)) tell(pocketed(state));
  tell_all_pockets();  // what stands on it is cancelled too
  Node::cancel(state, reason);
}

void SchedulerNode::on_done(FutureState& state, std::function<void()> done, bool awaited) {
  if (state.is_untold.load(std::memory_order_acquire)) tell(pocketed(state));
  Node::on_done(state, std::move(done), awaited);
}

// Nobody asks for it: where no other thread has time for it, its own comes to it when its task has ended.
void SchedulerNode::see_through(const FutureRef& future) {
  const TaskScope* const scope = TaskScope::current();
  if (future->is_untold.load(std::memory_order_acquire) && scope && scope->alone == 0 && scope->thread &&
      scope->thread->pocket() == &pocketed(*future.get()).pocket &&
      scope->thread->pocket()->keep(pocketed(*future.get())))
    return;
  Node::see_through(future);
}

// What it stood on may have no other reference, and that what it stands on: a long chain, one after the
// other.
void SchedulerNode::release(FutureState* state) noexcept {
  if (!state->is_untold.load(std::memory_order_acquire) ||
      !pocketed(*state).pocket.forget(pocketed(*state))) {
    if (keeps_results()) give_up_keeping(*state);
    return Node::release(state);
  }
  thread_local std::vector<FutureRef>* unused = nullptr;
  std::vector<FutureRef> inputs = std::move(pocketed(*state).inputs);
  delete state;
  if (inputs.empty()) return;
  if (unused) {
    std::ranges::move(inputs, std::back_inserter(*unused));
    return;
  }
  unused = &inputs;
  while (!inputs.empty()) {
    const FutureRef last = std::move(inputs.back());
    inputs.pop_back();
  }
  unused = nullptr;
}

void SchedulerNode::tell(Pocketed& task) {
  const Hold hold(*this);
  if (is_body() && &task.pocket == body_pocket_) tell_from(task.pocket, below_all);  // in order
  std::vector<Pocket::Left> left;
  if (auto one = task.pocket.take(task)) left.push_back(std::move(*one));
  tell_of(std::move(left));
}

// In the order in which they were submitted, with those that they stand on.
void SchedulerNode::tell_of(std::vector<Pocket::Left>&& left) {
  if (left.empty()) return;
  for (std::size_t i = 0; i < left.size(); ++i)
    for (std::size_t j = 0; j < left[i].inputs.size(); ++j) {
      Pocketed& input = pocketed(*left[i].inputs[j].get());
      if (auto one = input.pocket.take(input)) left.push_back(std::move(*one));
    }
  std::ranges::sort(left, {}, [](const Pocket::Left& one) { return one.task->id; });
  for (const Pocket::Left& one : left) {
    futures_.adopt(*one.task);
    if (one.stage != Stage::done)
      if (const FutureRef kept = Pocket::let_go(*one.task)) Node::see_through(kept);
    if (futures_.closed()) continue;
    protocol::SubmitTask message = message_of(one);
    if (one.stage == Stage::waiting) {
      state_.told_late(now_s_, std::move(message), one.task->origin.order(), actions_);
      perform();
      continue;
    }
    const bool made_once = one.stage == Stage::done && one.task->input_count > 0;
    state_.begun(now_s_, one.task->runs_on, std::move(message), made_once, one.has_slot, actions_);
    perform();
    if (one.stage == Stage::done) finish_pocketed(*one.task);
  }
  submitted();
}

void SchedulerNode::tell_from(Pocket& pocket, int depth) {
  const Hold hold(*this);
  tell_of(pocket.take_from(depth));
}

// A gang begins when there are places for all of it: threads that run something out of a pocket are none.
void SchedulerNode::on(PeerId from, protocol::SubmitTask&& message) {
  was_asked_ |= from != 0;
  if (message.gang && message.gang->rank == 0) {
    has_gangs_ = true;
    tell_all_pockets();
  }
  decide(from, std::move(message));
}

void SchedulerNode::tell_all_pockets() {
  const Hold hold(*this);
  for (Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next)
    tell_of(pocket->take_all());
}

client::Pocket* SchedulerNode::take_of_pockets(PeerId worker, std::size_t most, client::Hand& hand) {
  for (Pocket* pocket = pocket_.load(std::memory_order_acquire); pocket; pocket = pocket->next) {
    if (pocket->is_empty()) continue;
    pocket->take_any(worker, most, hand);
    if (hand.tasks.empty()) continue;
    if (hand.is_begun || pocketed(*hand.tasks.front().get()).input_count == 0) return pocket;
    tell_taken(*pocket, hand);
  }
  return nullptr;
}

bool SchedulerNode::take_left(Pocket& pocket, PeerId worker, std::size_t most, client::Hand& hand) {
  for (;;) {
    pocket.take_left(worker, most, hand);
    if (hand.tasks.empty()) return false;
    if (hand.is_begun || pocketed(*hand.tasks.front().get()).input_count == 0) return true;
    tell_taken(pocket, hand);
  }
}

// One whose inputs are not here any more. Not as a Hold: callbacks of futures are not for a worker's thread
// that looks for work.
void SchedulerNode::tell_taken(Pocket& pocket, client::Hand& hand) {
  const std::lock_guard hold(baton_);
  std::vector<Pocket::Left> left;
  if (auto one = pocket.take(pocketed(*hand.tasks.front().get()))) left.push_back(std::move(*one));
  hand.tasks.clear();
  tell_of(std::move(left));
  flush();
  leave_callbacks();
}

bool SchedulerNode::is_body() const noexcept {
  return body_.load(std::memory_order_relaxed) == std::this_thread::get_id() && !TaskScope::current();
}

// What the body has run in place is counted.
void SchedulerNode::note_body() {
  if (is_body()) body_worker_->note_lent(body_slot_);
}

void SchedulerNode::begin_body() {
  body_worker_ = here_.empty() ? nullptr : here_.front().lock();
  const auto slot = body_worker_ ? body_worker_->lend_slot() : std::nullopt;
  if (!slot) return;
  body_slot_ = *slot;
  body_pocket_ = &body_worker_->pocket_of(*slot);
  body_share_ = new client::LinkShare(shared_from_this());
  body_ = std::this_thread::get_id();
}

void SchedulerNode::end_body() {
  if (!is_body()) return;
  tell_from(*body_pocket_, below_all);
  body_worker_->take_back(body_slot_);
  body_ = std::thread::id{};
  body_worker_.reset();
  std::exchange(body_share_, nullptr)->leave();
}

// What it waits for may be done, and only the message is not read: the others then stay in the pocket.
void SchedulerNode::before_waiting(const std::function<bool()>& ready) {
  if (!is_body()) return;
  ++body_waits_;
  body_worker_->note_lent(body_slot_);
  if (!body_pocket_->is_empty()) drive();
  if (!ready() && !body_pocket_->is_empty()) tell_from(*body_pocket_, below_all);
}

// Its result, which is here, is that of a task which has run on the worker.
void SchedulerNode::finish_pocketed(Pocketed& task) {
  const scheduler::Task* known = state_.task(task.id);
  if (!known || known->state != TaskState::processing || known->run != 1) return;  // it was cancelled
  // It is counted as one that has run in place too.
  state_.handle(now_s_, task.runs_on, protocol::RanInPlace{task.function, -1, 0}, actions_);
  post_value(task.runs_on, protocol::PutResult{task.id, task.bytes}, task.value);
  decide(task.runs_on, protocol::RunFinished{task.id, 1, task.bytes, task.duration_s, false, {}});
  submitted();
}

void SchedulerNode::ended(Pocketed& task, task::Value&& value, std::uint64_t bytes, float duration_s,
                          std::shared_ptr<const Failure>&& failure) {
  if (!failure && bytes < worker_keeps_bytes && task.pocket.end(task, value, bytes, duration_s)) {
    if (duration_s >= worth_a_call_s) call_sleeper();  // for what stood on it
    if (const FutureRef kept = Pocket::let_go(task); kept && is_ending_ && !has_kept()) wake();
    return;
  }
  tell(task);
  const Hold hold(*this);
  if (failure) return on(task.runs_on, protocol::RunFailed{task.id, 1, std::move(failure), duration_s});
  if (task.status.load(std::memory_order_acquire) != Status::pending) return;
  task.value = std::move(value);
  task.bytes = bytes;
  task.duration_s = duration_s;
  task.has_value.store(true, std::memory_order_release);
  finish_pocketed(task);
}

}  // namespace weir::detail::node
