// Rank 0 at work.
#include "node/scheduler.hpp"

#include <unistd.h>

#include <algorithm>
#include <functional>

#include "core/log.hpp"
#include "memory/pool.hpp"
#include "node/worker.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/duration.hpp"

namespace weir::detail::node {

namespace {

/// A worker has one program to wait for, and loses all it has with it; a program has other workers.
constexpr double workers_wait = 6;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 does not deduce aggregates

}  // namespace

SchedulerNode::SchedulerNode(comm::Transport& transport, SchedulerSettings settings)
    : Node(transport, settings.patience), settings_(settings), state_(settings.scheduling) {}

SchedulerNode::~SchedulerNode() { stop_helper(); }

void SchedulerNode::start() {
  whereabouts_.take_part();
  start_helper();
}

SchedulerNode::Peer& SchedulerNode::peer(PeerId id) {
  if (id >= peers_.size()) peers_.resize(id + 1);
  return peers_[id];
}

template <class F>
void SchedulerNode::each_alive(F&& f) {
  for (PeerId id = 1; id < peers_.size(); ++id)
    if (peers_[id].joined && !peers_[id].dead) f(id, peers_[id]);
}

// --- what the scheduler decided

void SchedulerNode::perform() {
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    scheduler::Action action = std::move(actions_[i]);
    std::visit(Overloaded{[&](scheduler::Assign& assign) {
                            const scheduler::Task* task = state_.task(assign.task);
                            if (task && task->state == TaskState::processing && task->run == assign.run)
                              post(action.to, state_.run_message(assign.task));
                          },
                          [&](protocol::TaskDone& message) {
                            if (action.to != 0) return post(action.to, message);
                            const TaskId id = message.id;
                            futures_.on(std::move(message));
                            keep(id);
                          },
                          [&](protocol::TaskFailed& message) {
                            if (action.to != 0) return post(action.to, message);
                            futures_.on(message);
                            keep_nothing(message.id);
                          },
                          [&](protocol::TaskPending& message) {
                            action.to == 0 ? futures_.on(message) : post(action.to, message);
                          },
                          [&](protocol::FreeResult& message) {
                            action.can_wait ? post_later(action.to, message) : post(action.to, message);
                          },
                          [&](auto& message) { post(action.to, message); }},
               action.message);
  }
  actions_.clear();
}

void SchedulerNode::put(TaskId id, task::Value value, const std::vector<PeerId>& workers) {
  std::vector<PeerId> targets;
  for (const PeerId target : workers) {
    if (target >= peers_.size() || !peers_[target].joined)
      throw Error(ErrorKind::not_found, "scatter: there is no worker " + std::to_string(target) +
                                            "; workers() lists those there are");
    if (!peers_[target].dead) targets.push_back(target);  // one may have died since workers() was asked
  }
  if (!workers.empty() && targets.empty())
    throw Error(ErrorKind::worker_lost,
                "scatter: of the " + std::to_string(workers.size()) +
                    " workers asked for none lives any more; workers() lists those there are");
  if (targets.empty()) {
    if (const PeerId chosen = state_.place_data()) {
      targets.push_back(chosen);
    } else {
      const auto deadline = Clock::now() + settings_.join_deadline;
      while (!hopeless() && state_.place_data() == 0 && Clock::now() < deadline)
        if (!progress()) transport_.wait(patience_.look);
      if (state_.place_data() == 0)
        throw Error(ErrorKind::closed,
                    "scatter: there is no worker to put the value on, and none " +
                        (hopeless() ? std::string("is to come")
                                    : "has joined within " +
                                          to_string(std::chrono::nanoseconds(settings_.join_deadline))));
      targets.push_back(state_.place_data());
    }
  }
  const std::uint64_t bytes = value.size();
  state_.scatter(now_s_, id, targets, actions_);
  perform();
  for (const PeerId target : targets) post_value(target, protocol::PutResult{id, bytes}, value);
}

bool SchedulerNode::run_here(TaskId id) {
  return std::any_of(here_.begin(), here_.end(), [&](const std::weak_ptr<WorkerNode>& here) {
    const auto worker = here.lock();
    return worker && worker->run_if_next(id);
  });
}

// Asking a thread of this process for what lies beside it takes two messages.
task::Value SchedulerNode::result_here(PeerId holder, TaskId id) {
  for (const auto& here : here_)
    if (const auto worker = here.lock(); worker && worker->peer() == holder) return worker->result_now(id);
  return {};
}

task::Value SchedulerNode::value_here(client::FutureState& state) {
  if (here_.empty() || has_ended() || state.core.get() != this) return {};
  Hold hold(*this);
  if (state.status != Status::finished || state.kept || state.is_untold) return {};
  if (state.has_value && state.value) return state.value;
  task::Value value;
  constexpr int tries = 32;  // its worker may have its baton for a moment
  for (int i = 0; i < tries && !value && !futures_.is_gone(state.holder); ++i)
    value = result_here(state.holder, state.id);
  return value;
}

bool SchedulerNode::is_elsewhere(const client::FutureState& state) const {
  if (has_ended() || state.core.get() != this || state.kept || state.is_untold) return false;
  return std::ranges::none_of(here_, [&](const std::weak_ptr<WorkerNode>& here) {
    const auto worker = here.lock();
    return worker && worker->peer() == state.holder;
  });
}

// Sends at once to workers that have little to do, and looks for answers now and then.
void SchedulerNode::submitted() {
  if (gave_up_) give_up_if_hopeless();
  if (++submissions_ % 32 == 0) {
    progress();
    return;
  }
  each_alive([&](PeerId id, Peer&) {
    if (pending_bytes(id) && state_.backlog(id) <= 4) flush();
  });
}

// Workers have all cores of this host and enough to do: who polls all the time would take one from them. Not
// while their tasks ask for what is shared or submit others: who waits for a lock keeps others waiting.
std::chrono::nanoseconds SchedulerNode::nap() {
  constexpr auto after_asking = std::chrono::milliseconds(1);
  static const auto cores = static_cast<std::uint32_t>(host_cores());
  std::unique_lock hold(baton_, std::try_to_lock);
  if (!hold) return {};
  if (std::exchange(was_asked_, false)) no_nap_until_ = Clock::now() + after_asking;
  if (no_nap_until_ != Clock::time_point{} && Clock::now() < no_nap_until_) return {};
  std::uint32_t threads = 0;
  each_alive([&](PeerId, Peer& peer) { threads += peer.threads_here; });
  const double least_s = threads >= cores ? state_.least_load_s() : 0;
  hold.unlock();
  const std::chrono::duration<double> quarter(std::min(least_s / 4, 1.0));
  if (quarter < patience_.nap) return {};
  return std::min<std::chrono::nanoseconds>(std::chrono::duration_cast<std::chrono::nanoseconds>(quarter),
                                            patience_.long_nap);
}

// --- what arrives

namespace {

/// Of a worker that has been let go only what it did last is heard.
struct LastWords {
  std::function<void(protocol::Seen&&)> hear;
  void operator()(protocol::Seen&& message) const { hear(std::move(message)); }
  template <class Message>
  void operator()(Message&&) const {}
  template <class Message>
  void operator()(Message&&, task::Value&&) const {}
};

}  // namespace

void SchedulerNode::receive(PeerId from, comm::Frame&& frame) {
  Peer& sender = peer(from);
  if (sender.dead && sender.leaving)
    each_message<protocol::ToScheduler>(
        frame, LastWords{[&](protocol::Seen&& message) { on(from, std::move(message)); }},
        [&] { return state_.name_of(from); });
  if (sender.dead) return;
  sender.silence.heard(Clock::now());
  const auto handle = [&](auto&&... parts) { on(from, std::move(parts)...); };
  each_message<protocol::ToScheduler>(frame, handle, [&] { return state_.name_of(from); });
}

void SchedulerNode::on(PeerId from, protocol::Heartbeat&& message) {
  peer(from).executing = std::move(message.executing);
  // All workers together tell of so much, however many they are.
  constexpr std::size_t most_blocks = 16384, fewest = 4, most_of_one = 512;
  if (!settings_.inbox || peer(from).is_guest) return post(from, protocol::Alive{0, 1000});
  const auto blocks = static_cast<std::uint32_t>(
      std::clamp(most_blocks / std::max<std::size_t>(1, joined_), fewest, most_of_one));
  const bool is_often = settings_.inbox->is_watched() && joined_ <= seeing::Inbox::most_often;
  if (is_often) post(from, protocol::Alive{blocks / 10, 100});
  else post(from, protocol::Alive{blocks, 1000});
}

void SchedulerNode::on(PeerId from, protocol::RetireMe&& message) {
  log::info("the job of {} ends in {} s; it is retired", state_.name_of(from), message.seconds);
  peer(from).waits_for_successor = true;
  begin_retiring(from, Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(
                                          1000 * std::clamp(message.seconds, 0.0, 1e6))));
}

void SchedulerNode::on(PeerId from, protocol::ContactHere&& message) {
  peer(from).contact = message.contact;
  for (const PeerId asker : std::exchange(peer(from).looking, {})) tell_contact(asker, from);
}

void SchedulerNode::on(PeerId from, protocol::Hello&& message) {
  if (message.build_id != task::build_id()) {
    log::error(
        "{} (process {} on {}) runs another executable (build {}) than rank 0 (build {}) and is sent away; "
        "start the same file everywhere",
        message.name, message.pid, message.host, message.build_id, task::build_id());
    post(from,
         protocol::Refused{"it runs another executable (build " + message.build_id + ") than rank 0 (build " +
                           task::build_id() + "); start the same file everywhere"});
    peer(from).dead = true;
    if (message.is_guest) return;
    ++lost_;
    lost_own_ += from < settings_.own_peers;
    give_up_if_hopeless();
    return;
  }
  Peer& joined = peer(from);
  if (joined.joined) return;
  joined.joined = true;
  joined.job = message.job;
  joined.contact = message.contact;
  joined.is_guest = message.is_guest;
  if (!message.is_guest) {
    ++joined_;
    joined_own_ += from < settings_.own_peers;
    if (from >= settings_.own_peers) may_pocket_ = false;  // it may have time for what is in a pocket
  }
  if (message.host_id == host_id()) {
    if (message.pid != static_cast<std::uint64_t>(getpid())) {
      joined.watch = ProcessWatch(static_cast<pid_t>(message.pid));
      joined.threads_here = message.is_guest ? 0 : message.threads;
    }
    if (!message.black_box.empty()) joined.black_box = std::make_unique<BlackBox>(message.black_box);
  }
  const double patience = std::chrono::duration<double>(settings_.patience_for_dead).count();
  post(from, protocol::Welcome{from, std::chrono::duration<double>(settings_.heartbeat).count(),
                               workers_wait * patience, static_cast<std::uint64_t>(getpid()), host_id()});
  if (has_entered_ && message.contact.empty()) post(from, protocol::EnterNetwork{transport_.invitation()});
  if (message.is_guest) {
    log::info("client {} has connected: process {} on {}", from, message.pid, message.host);
  } else {
    log::debug("{} joined from {} with {} threads", message.name, message.host, message.threads);
    if (dismissed_.contains(message.job)) return let_go(from);
    state_.join(now_s_, from, message, actions_);
    perform();
    // Not sooner: of what a worker runs before it is known here, the scheduler would know no run.
    may_pocket_ =
        !here_.empty() && joined_ == settings_.expected_workers && joined_own_ == joined_ && !leaving_;
  }
  if (leaving_) post(from, protocol::Shutdown{false});
}

// --- things that are shared by name

void SchedulerNode::on(PeerId from, protocol::Ask&& message) {
  was_asked_ = true;
  coordination::Replies replies;
  coordination_.ask(from, std::move(message), replies);
  answer(std::move(replies));
}

void SchedulerNode::on(PeerId from, protocol::Unask&& message) {
  coordination::Replies replies;
  coordination_.unask(from, message.number, replies);
  answer(std::move(replies));
}

void SchedulerNode::answer(coordination::Replies&& replies) {
  for (coordination::Reply& reply : replies) {
    if (reply.to == 0) on_answer(std::move(reply.answer));
    else post(reply.to, reply.answer);
  }
}

// --- deaths

void SchedulerNode::tick(Clock::time_point now, bool is_busy) {
  now_s_ = std::chrono::duration<double>(now.time_since_epoch()).count();
  if (!broken_links_.empty())
    for (const auto& [id, how] : std::exchange(broken_links_, {}))
      if (!peer(id).leaving && !peer(id).dead) lose(id, "has lost its connection to the scheduler: " + how);
  const auto pause = now - checked_;
  keep_next();
  tell_departures();
  if (is_busy || pause < std::chrono::milliseconds(20)) return;
  checked_ = now;
  note_quiet(state_.worker_count() == 0            ? patience_.alone
             : state_.pending() == 0 && !retiring_ ? patience_.quiet
                                                   : patience_.long_sleep);
  if (has_gangs_ && !state_.has_gangs()) has_gangs_ = false;
  if ((!may_pocket_ || has_gangs_) && has_pocketed()) tell_all_pockets();  // put there just before
  memory::release_unused();
  std::vector<std::pair<PeerId, std::string>> dead;
  each_alive([&](PeerId id, Peer& peer) {
    if (peer.leaving || (settings_.own_in_process && id < settings_.own_peers)) return;
    peer.silence.look(now, pause, settings_.heartbeat, [&] { return peer.watch.stopped(); });
    const auto silence = peer.silence.length(now);
    const auto how_long = [](Clock::duration time) {
      return to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time));
    };
    if (peer.watch.ended()) dead.emplace_back(id, "died");
    else if (silence > settings_.patience_for_dead && is_silent(peer, now)) {
      dead.emplace_back(id, "has been silent for " + how_long(silence) + " (WEIR_PATIENCE is " +
                                to_string(std::chrono::nanoseconds(settings_.patience_for_dead)) + ")");
      log::warn("{} {}; its work is done elsewhere", state_.name_of(id), dead.back().second);
    } else if (peer.silence.stopped() > settings_.patience_for_stopped) {
      dead.emplace_back(id, "has been stopped by a signal for " + how_long(peer.silence.stopped()));
      log::warn("{} {} (WEIR_PATIENCE sets how long is waited); its work is done elsewhere",
                state_.name_of(id), dead.back().second);
    }
  });
  for (const auto& [id, how] : dead) lose(id, how);
  if (retiring_) go_on_retiring(now);
  state_.tick(now_s_, actions_);
  perform();
  end_stuck();
  if (state_.has_unplaceable()) {
    if (is_complete()) {
      state_.give_up_unplaceable(now_s_, actions_);
      perform();
    } else {
      tell_of_unplaced(now);
    }
  }
  tell(lacking_, state_.first_to_lack_kept(), now, settings_.patience_for_place,
       [&](TaskId id) { return state_.kept_text(id); });
  if (joined_ + lost_ < settings_.expected_workers && now - started_ > settings_.join_deadline) {
    log::error("{} of {} workers have not said hello within {}", settings_.expected_workers - joined_,
               settings_.expected_workers, to_string(std::chrono::nanoseconds(settings_.join_deadline)));
    settings_.expected_workers = joined_;
    give_up_if_hopeless();
  }
}

// Once, when it has been the first of its kind for so long.
template <class Text>
bool SchedulerNode::tell(Unplaced& known, TaskId id, Clock::time_point now, Clock::duration patience,
                         Text text) {
  if (id != known.id) known = {id, now, false};
  if (!id || known.is_told || now - known.since < patience) return false;
  log::warn("{}", text(id));
  return known.is_told = true;
}

// At once if it is in vain; else when it has waited for a while, and of the next ones ever later.
void SchedulerNode::tell_of_unplaced(Clock::time_point now) {
  const scheduler::State::Unplaced first = state_.unplaced();
  const auto text = [&](TaskId id) { return state_.waiting_text(id); };
  constexpr int most_doublings = 7;
  const auto patience = (state_.worker_count() > 0 ? settings_.patience_for_place : settings_.join_deadline) *
                        (1 << std::min(waiting_told_, most_doublings));
  const bool are_known = joined_ + lost_ >= settings_.expected_workers;
  tell(in_vain_, first.in_vain, now, are_known ? Clock::duration{} : patience, text);
  waiting_told_ += tell(waiting_, first.waiting, now, patience, text);
}

// Members of a gang that has failed, in a call that nobody can end, such as one of MPI.
void SchedulerNode::end_stuck() {
  for (const PeerId id : state_.stuck(now_s_)) {
    const std::string how = "has not left a gang that failed " +
                            to_string(std::chrono::nanoseconds(
                                static_cast<std::int64_t>(settings_.scheduling.gang_grace_s * 1e9))) +
                            " ago";
    if (settings_.own_in_process && id < settings_.own_peers) {
      log::warn("{} {}; its thread is left behind", state_.name_of(id), how);
      state_.leave_behind(now_s_, id, actions_);
      perform();
    } else {
      post(id, protocol::Shutdown{true});  // what is on another host must be told
      flush();
      lose(id, how);
    }
  }
}

// Who writes or reads a value of gigabytes has no time to answer; of a process on this host it is known that
// it lives and has not been stopped.
bool SchedulerNode::is_silent(const Peer& peer, Clock::time_point now) const {
  return !peer.watch.watching() || peer.watch.stopped() ||
         peer.silence.length(now) > settings_.patience_for_busy;
}

void SchedulerNode::lose(PeerId id, const std::string& how) {
  if (id >= peers_.size() || !peers_[id].joined) {
    transport_.forget(id);
    return;
  }
  // What had already arrived counts; what it was executing is read from the memory it left.
  transport_.poll(*this);
  if (peer(id).dead) return;
  if (peer(id).is_guest) return lose_guest(id, how);
  Peer& gone = peer(id);
  gone.dead = true;
  ++lost_;
  gone.watch.kill();  // one that is only silent (stopped, say) must not come back, nor keep mpirun waiting
  if (id < settings_.own_peers) {
    ++lost_own_;
    lost_other_host_ |= !gone.watch.watching();
  }
  // One whose end was announced did not die of what it was doing.
  const std::vector<TaskId> executing = gone.waits_for_successor ? std::vector<TaskId>{}
                                        : gone.black_box && gone.black_box->readable()
                                            ? gone.black_box->executing()
                                            : gone.executing;
  log::info("{} {}; it was executing {}", state_.name_of(id), how, names_of(executing));
  transport_.forget(id);
  const std::uint64_t results = log::debugging() ? finished_results() : 0;
  state_.lose(now_s_, id, executing, how, actions_);
  if (log::debugging())
    log::debug("{} results were lost with {}; those that are wanted are computed again",
               results - finished_results(), state_.name_of(id));
  perform();
  tell_gone(id);
  give_up_if_hopeless();
}

void SchedulerNode::tell_gone(PeerId id) {
  departures_.add(id);
  tell_departures();
  coordination::Replies replies;
  coordination_.lose(id, replies);
  answer(std::move(replies));
  on_peer_gone(id);
  keep_without(id);
}

void SchedulerNode::tell_departures() {
  const std::vector<PeerId> gone = departures_.due(now_s_, joined_);
  if (!gone.empty()) each_alive([&](PeerId other, Peer&) { post(other, protocol::PeersGone{gone}); });
}

std::string SchedulerNode::names_of(const std::vector<TaskId>& tasks) const {
  constexpr std::size_t most = 5;
  std::string names;
  for (std::size_t i = 0; i < tasks.size() && i < most; ++i) {
    const scheduler::Task* task = state_.task(tasks[i]);
    names +=
        (names.empty() ? "" : ", ") + (task ? state_.task_name(*task) : "a task that is not wanted any more");
  }
  if (tasks.size() > most) names += " and " + std::to_string(tasks.size() - most) + " more";
  return names.empty() ? "nothing" : names;
}

std::uint64_t SchedulerNode::finished_results() const {
  return state_.snapshot().tasks[static_cast<std::size_t>(TaskState::memory)];
}

void SchedulerNode::tell_failure(PeerId from, const protocol::RunFailed& message) {
  if (!settings_.inbox || !message.failure || !settings_.inbox->wants_failure()) return;
  const scheduler::Task* task = state_.task(message.id);
  settings_.inbox->put(
      {0, task ? state_.task_name(*task) : "a task that is not wanted any more", state_.name_of(from),
       message.failure->type, message.failure->message,
       settings_.inbox->wants_story() ? state_.story_lines_of(message.id) : std::vector<std::string>{},
       message.id});
}

// Tells of a task that failed, and of what becomes of it.
void SchedulerNode::on(PeerId from, protocol::RunFailed&& message) {
  tell_failure(from, message);
  if (!log::debugging()) return decide(from, std::move(message));
  const scheduler::Task* task = state_.task(message.id);
  const std::string name = task ? state_.task_name(*task) : "a task that is not wanted any more";
  const std::string what = message.failure->type + ": " + message.failure->message;
  const bool again = task && task->retries > 0;
  decide(from, std::move(message));
  log::debug("{} failed on {} with {}; it {}", name, state_.name_of(from), what,
             again ? "is run again" : "is an error");
}

// No further worker can come.
bool SchedulerNode::is_complete() const {
  return doors_ == 0 && std::max(joined_, lost_) >= settings_.expected_workers &&
         settings_.expected_workers + joined_ > 0;
}

bool SchedulerNode::hopeless() const { return state_.worker_count() == 0 && is_complete(); }

void SchedulerNode::give_up_if_hopeless() {
  if (!hopeless() || leaving_) return;
  if (!gave_up_ && state_.pending() > 0) log::error("no workers are left; what is not finished fails");
  gave_up_ = true;
  state_.give_up(now_s_, "no workers are left: all " + std::to_string(lost_) + " have died or been lost",
                 actions_);
  perform();
}

// --- questions and orders

// Of a job's own workers none is missing from it, also when the program has just begun: they join, or it is
// known that they will not.
Snapshot SchedulerNode::snapshot() {
  const auto are_known = [&] {
    Hold hold(*this);
    return joined_ + lost_ >= settings_.expected_workers;
  };
  wait_until(are_known, std::nullopt);
  note_body();
  Hold hold(*this);
  tell_all_pockets();
  progress();
  Snapshot snapshot = state_.snapshot();
  for (WorkerInfo& worker : snapshot.workers) worker.job = peer(worker.peer).job;
  return snapshot;
}

void SchedulerNode::promise(scheduler::Promise promise) {
  const std::lock_guard hold(baton_);
  state_.promise(std::move(promise));
}

void SchedulerNode::withdraw(const void* by) {
  const std::lock_guard hold(baton_);
  state_.withdraw(by);
}

std::uint64_t SchedulerNode::work_for(const std::vector<Resource>& offer, bool takes_plain) {
  const std::lock_guard hold(baton_);
  return state_.work_for(offer, takes_plain);
}

SchedulerNode::Picture SchedulerNode::picture() {
  constexpr std::size_t worth_telling = 4096;  // a few milliseconds, in which nothing else is done
  const std::lock_guard hold(baton_);  // not as a Hold: callbacks of futures are not for a thread that looks
  const bool is_much = count_pocketed() > worth_telling;
  if (!is_much) tell_all_pockets();
  leave_callbacks();
  Picture picture{state_.picture(), {}};
  for (WorkerInfo& worker : picture.snapshot.workers) worker.job = peer(worker.peer).job;
  for (const scheduler::Group& group : state_.groups())
    picture.progress.push_back({group.function, group.submitted, group.finished});
  if (is_much) add_pocketed(picture);
  return picture;
}

snapshot::SeenTasks SchedulerNode::closer_look() {
  constexpr std::size_t most_tasks = 1000, most_results = 10'000;
  const std::lock_guard hold(baton_);
  return state_.closer_look(most_tasks, most_results);
}

snapshot::SeenTasks SchedulerNode::look_at_worker(PeerId worker) {
  constexpr std::size_t most_tasks = 200, most_results = 10'000;
  const std::lock_guard hold(baton_);
  return state_.look_at_worker(worker, most_tasks, most_results);
}

snapshot::TaskLook SchedulerNode::look_at_task(TaskId id) {
  const std::lock_guard hold(baton_);
  return state_.look_at_task(id);
}

std::vector<PeerId> SchedulerNode::who_has(TaskId id) {
  Hold hold(*this);
  progress();
  while (state_.is_on_its_way(id))
    if (!progress()) transport_.wait(patience_.look);
  return state_.who_has(id);
}

std::vector<std::string> SchedulerNode::explain(TaskId id) {
  Hold hold(*this);
  progress();
  return state_.explain(id);
}

snapshot::SeenTasks SchedulerNode::ancestry(const std::vector<TaskId>& ids, std::size_t most) {
  Hold hold(*this);
  progress();
  return state_.ancestry(ids, most);
}

std::string SchedulerNode::task_name(TaskId id) {
  Hold hold(*this);
  const scheduler::Task* task = state_.task(id);
  return task ? state_.task_name(*task) : "task-" + std::to_string(task_number(id));
}

void SchedulerNode::retire(PeerId worker, client::Deadline deadline) {
  {
    Hold hold(*this);
    const auto alive = state_.peers();
    if (std::find(alive.begin(), alive.end(), worker) == alive.end())
      throw Error(ErrorKind::not_found, "retire: there is no worker " + std::to_string(worker) +
                                            "; workers() lists those there are");
    if (alive.size() == 1)
      throw Error(ErrorKind::invalid_argument, "retire: worker " + std::to_string(worker) +
                                                   " is the only one; its results would have nowhere to go");
    state_.retire(now_s_, worker, actions_);
    perform();
    submitted();
  }
  const auto empty = [&] {
    Hold hold(*this);
    return state_.retired(worker);
  };
  if (!wait_until(empty, deadline))
    throw Error(ErrorKind::timeout, "retire: worker " + std::to_string(worker) +
                                        " still has running tasks or results of its own");
  Hold hold(*this);
  if (!peer(worker).dead) let_go(worker);
}

void SchedulerNode::restart() {
  Hold hold(*this);
  tell_all_pockets();
  state_.restart(now_s_, actions_);
  perform();
  submitted();
}

bool SchedulerNode::leave(bool abort) {
  log::debug("the body has ended{}", abort ? " with an error" : "");
  if (!abort) {
    is_ending_ = true;
    wait_until(
        [&] {
          Hold hold(*this);
          bool awaits = futures_.callbacks_pending() > 0 || has_kept();
          each_alive([&](PeerId, const Peer& peer) { awaits = awaits || peer.awaits_done; });
          return !awaits;
        },
        std::nullopt);
    finish_keeping();
  }
  end_keeping();
  {
    Hold hold(*this);
    leaving_ = true;
    may_pocket_ = false;
    tell_all_pockets();  // so that it ends like any
    close_futures("the cluster has ended");
    close_asks();
    each_alive([&](PeerId id, Peer&) { post(id, protocol::Shutdown{abort}); });
    flush();
  }
  const auto all_leaving = [&] {
    Hold hold(*this);
    bool all =
        joined_ + lost_ >= settings_.expected_workers;  // one that has not said hello yet must hear of it too
    each_alive([&](PeerId, Peer& peer) { all = all && peer.leaving; });
    return all;
  };
  wait_until(all_leaving, Clock::now() + std::chrono::milliseconds(abort ? 500 : 2000));
  Hold hold(*this);
  bool clean = lost_own_ == 0;
  each_alive([&](PeerId id, Peer& peer) { clean = clean && (peer.leaving || id >= settings_.own_peers); });
  log::debug("{}", clean ? "all workers have left" : "not all workers have left; the job ends without them");
  each_alive([&](PeerId id, Peer&) { post(id, protocol::GoodBye{!clean || id >= settings_.own_peers}); });
  flush_all(std::chrono::milliseconds(500));
  return clean;
}

}  // namespace weir::detail::node
