// A worker at work.
#include "node/worker.hpp"

#include <unistd.h>
#include <algorithm>

#include "core/log.hpp"
#include "memory/pool.hpp"
#include "node/bound.hpp"
#include "seeing/process.hpp"
#include "weir/detail/task/address.hpp"
#include "weir/duration.hpp"
#include "weir/gang.hpp"

namespace weir::detail::node {

void WorkerNode::on(PeerId, protocol::CancelRun&& message) {
  const worker::Record* record = state_.record(message.id);
  if (record && record->wished().gang && record->run == message.run &&
      record->state == worker::Record::Run::executing)
    gangs_.fail({record->wished().gang->leader, record->wished().gang->run}, "it was cancelled");
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
  memory::keep_at_most(settings_.memory.spill_at(), settings_.memory.spill_at());
  resident_at_start_ = memory::resident_with_shared();
  if (settings_.own_process) show_own_devices(settings_.machine.devices);
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
  if (settings_.threads == 1 && settings_.own_process) whereabouts_.take_part();
  start_helper();
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
    if (settings_.own_process && !record->on_disk && record->bytes <= small_result_bytes) {
      protocol::SmallResult message{id, request, task::portable_address(record->value.ops()), {}};
      if (record->value.pack_small(message.packed, small_result_bytes)) {
        sent_bytes_ += message.packed.size();
        post(to, message);
        if (std::ranges::find(awaited_by_, to) == awaited_by_.end()) awaited_by_.push_back(to);
        return;
      }
    }
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

task::Value WorkerNode::result_now(TaskId id) {
  if (!baton_.try_lock()) return {};
  const std::lock_guard hold(baton_, std::adopt_lock);
  const task::Value* const value = state_.result_in_memory(id);
  if (!value) return {};
  sent_bytes_ += state_.record(id)->bytes;
  return *value;
}

// Peers may have nothing else to do until they have them.
void WorkerNode::send_awaited() {
  for (const PeerId peer : awaited_by_) send_box(peer);
  awaited_by_.clear();
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
          } else if constexpr (std::is_same_v<Message, protocol::GetResult>) {
            // What is still to be computed is answered when that is done.
            message.exists ? post(action.to, message) : post_later(action.to, message);
          } else {
            post(action.to, message);
          }
        },
        action.message);
  }
  actions_.clear();
}

void WorkerNode::ask_for(PeerId holder, TaskId id, std::uint16_t run) {
  const std::uint32_t request = protocol::ClientRequest::of(run);
  if (holder != self_) return post(holder, protocol::GetResult{id, true, request});
  state_.asked(self_, id, true, request, actions_);
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
  send_awaited();
}

// --- what arrives

void WorkerNode::receive(PeerId from, comm::Frame&& frame) {
  if (from == 0) scheduler_seen_ = Clock::now();
  const auto handle = [&](auto&&... parts) {
    on(from, std::move(parts)...);
    perform();
  };
  each_message<protocol::ToWorker>(frame, handle, [&] { return "peer " + std::to_string(from); });
  send_awaited();
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
  if (settings_.is_guest) close_futures("the session has ended");
  begin_closing();
  tell_seen(Clock::now());
  tell_memory();  // what the last heartbeat told may have been freed
  if (!settings_.own_process) post(0, protocol::Leaving{});  // its threads are joined by whoever made it
}

void WorkerNode::on(PeerId, protocol::GoodBye&& message) {
  good_bye_ = true;
  by_exit_ = message.by_exit;
}

void WorkerNode::on(PeerId, protocol::PeersGone&& message) {
  for (const PeerId peer : message.peers) {
    transport_.forget(peer);
    state_.peer_gone(peer, actions_);
    on_peer_gone(peer);
  }
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

void WorkerNode::tick(Clock::time_point now, bool is_busy) {
  if (is_busy) return;
  if (now - last_heartbeat_ >= heartbeat_) {
    last_heartbeat_ = now;
    post(0, protocol::Heartbeat{state_.executing()});
    tell_memory();
  }
  const auto pause = now - checked_;
  if (pause < std::chrono::milliseconds(50)) return;
  checked_ = now;
  note_idle(now);
  note_quiet(state_.executing().empty() ? patience_.quiet : patience_.long_sleep);
  if (!lent_.empty()) look_after_lent();
  if (limited_count_.load(std::memory_order_relaxed)) enforce_limits(now);
  if (now - seen_ >= seen_every_) tell_seen(now);
  if (settings_.own_process) {
    const std::uint64_t resident = memory::resident_with_shared();
    state_.note_resident(resident - std::min(resident, resident_at_start_), actions_);
  }
  state_.try_again(now - disk_tried_ > std::chrono::seconds(1), actions_);
  perform();
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
    close_futures("the program of the session " + how);
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
    close_futures("the cluster has ended");
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
    close_futures("this client has been closed");
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
