// WorkerStory: the worker's state machine without a cluster; each call is one event, checked, and gives the
// actions.
#pragma once

#include <catch2/catch.hpp>
#include <map>

#include "worker/state.hpp"

namespace weir::test {

/// Drives a detail::worker::State, which is peer 1, by short calls. Actions read as text: `finished 3`,
/// `failed 3`, `given back 3`, `kept 3`, `here 3`, `missing 3 of 2`, `get 3 @2` (`will get` when it is still
/// to be computed), `ready 3 @2` (a peer may ask for it now), `drop 3 @2`, `value 3 @2`, `no value 3 @2`,
/// `paused at 900`, `goes on at 700`.
class WorkerStory {
 public:
  using Lines = std::vector<std::string>;

  explicit WorkerStory(std::uint32_t threads = 1, std::vector<Resource> resources = {},
                       detail::worker::MemoryLimits memory = {})
      : state(1, threads, std::move(resources), memory) {}

  detail::worker::State state;

  struct Run {
    std::uint32_t run = 1;
    std::int32_t priority = 0;
    std::uint64_t order = 0;
    std::vector<Resource> resources{};
    bool out_of_band = false;
    bool in_gang = false;
  };
  Lines run(TaskId id, std::vector<detail::protocol::Input> inputs = {}) {
    return run(id, std::move(inputs), Run{});
  }
  Lines run(TaskId id, std::vector<detail::protocol::Input> inputs, Run how) {
    detail::protocol::RunTask message;
    message.id = id;
    message.run = how.run;
    message.order = how.order ? how.order : id;
    message.priority = how.priority;
    message.extras.resources = std::move(how.resources);
    message.out_of_band = how.out_of_band;
    if (how.in_gang) message.extras.gang = std::make_shared<detail::protocol::GangRun>();
    for (const detail::protocol::Input& input : inputs) message.inputs.push_back(input);
    return event([&](auto& out) { state.handle(std::move(message), out); });
  }
  Lines cancel(TaskId id, std::uint32_t run = 1) { return order(detail::protocol::CancelRun{id, run}); }
  Lines retract(TaskId id, std::uint32_t run = 1) { return order(detail::protocol::RetractRun{id, run}); }
  Lines free(TaskId id) { return order(detail::protocol::FreeResult{id}); }
  Lines input_at(TaskId id, PeerId holder, bool exists = true, std::uint64_t bytes = 0,
                 std::uint16_t run = 0) {
    return order(detail::protocol::InputAt{id, holder, exists, detail::protocol::Scale::of(bytes), run});
  }
  Lines replicate(TaskId id, PeerId holder) { return order(detail::protocol::ReplicateResult{id, holder}); }
  Lines asked(PeerId from, TaskId id, bool exists = false) {
    return event([&](auto& out) { state.asked(from, id, exists, ++requests_, out); });
  }
  Lines asked_for(PeerId from, TaskId id, std::uint32_t request) {
    return event([&](auto& out) { state.asked(from, id, false, request, out); });
  }
  Lines unasked(PeerId from, TaskId id) {
    return event([&](auto& out) { state.unasked(from, id, out); });
  }
  /// The number of the latest request for this result.
  [[nodiscard]] std::uint32_t latest(PeerId peer, TaskId id) const { return request_to(peer, id); }
  Lines arrive_for(PeerId from, TaskId id, std::uint32_t request) {
    return event(
        [&](auto& out) { state.arrived(from, id, request, detail::task::Value::make(int(id)), 8, out); });
  }
  Lines missing_for(PeerId from, TaskId id, std::uint32_t request) {
    return event([&](auto& out) { state.missing(from, id, request, false, out); });
  }
  Lines arrive(PeerId from, TaskId id, std::uint64_t bytes = 8) {
    return event([&](auto& out) {
      state.arrived(from, id, request_to(from, id), detail::task::Value::make(int(id)), bytes, out);
    });
  }
  Lines put(TaskId id, std::uint64_t bytes = 8) {
    return event([&](auto& out) { state.put(id, detail::task::Value::make(int(id)), bytes, out); });
  }
  Lines missing(PeerId from, TaskId id, bool broken = false) {
    return event([&](auto& out) { state.missing(from, id, request_to(from, id), broken, out); });
  }
  Lines gone(PeerId peer) {
    return event([&](auto& out) { state.peer_gone(peer, out); });
  }

  /// The task a thread takes now; 0 if there is none.
  TaskId take(bool out_of_band = false) {
    const bool taken = state.take(execution, out_of_band);
    state.check();
    return taken ? execution.id : 0;
  }
  Lines done(TaskId id, std::uint64_t bytes = 8) {
    detail::worker::Outcome outcome;
    outcome.id = id;
    outcome.value = detail::task::Value::make(int(id));
    outcome.bytes = bytes;
    return event([&](auto& out) { state.done(std::move(outcome), out); });
  }
  /// Its function waits for others, and goes on; as the run that it was begun as.
  Lines secede(TaskId id, std::uint32_t run = 1, const detail::worker::Grant* grant = nullptr) {
    return event([&](auto& out) { state.secede(id, run, grant, out); });
  }
  Lines rejoin(TaskId id, std::uint32_t run = 1, const detail::worker::Grant* grant = nullptr) {
    return event([&](auto& out) { state.rejoin(id, run, grant, out); });
  }
  Lines threw(TaskId id) {
    detail::worker::Outcome outcome;
    outcome.id = id;
    outcome.failure = std::make_shared<Failure>();
    return event([&](auto& out) { state.done(std::move(outcome), out); });
  }
  /// What is to be written to disk now, as `spill 3`, and what else follows.
  Lines next_spill() {
    bool found = false;
    Lines lines = event([&](auto& out) { found = state.next_spill(spill, out); });
    if (found) lines.push_back("spill " + std::to_string(spill.id));
    return lines;
  }
  Lines spilled() {
    return event([&](auto& out) { state.spilled(std::move(spill), on_disk(int(spill.id)), out); });
  }
  Lines spill_failed(bool because_of_disk, const std::string& why = "no space left") {
    return event([&](auto& out) { state.spill_failed(std::move(spill), because_of_disk, why, out); });
  }
  /// The number `value` as a file would give it.
  static detail::task::Value on_disk(int value) {
    struct Number final : detail::task::Store {
      int number;
      [[nodiscard]] Packed load() const override { return detail::task::Value::make(number).pack(); }
    };
    auto store = std::make_shared<Number>();
    store->number = value;
    return detail::task::Value::from_store(detail::task::Value::make(value).ops(), store);
  }
  [[nodiscard]] bool has(TaskId id) const {
    const detail::worker::Record* record = state.record(id);
    return record && record->data == detail::worker::Record::Data::here;
  }

  detail::worker::Execution execution;  ///< Of the last `take`.
  detail::worker::Spill spill;          ///< Of the last `next_spill`.

 private:
  template <class Message>
  Lines order(Message message) {
    return event([&](auto& out) { state.handle(message, out); });
  }
  template <class F>
  Lines event(F&& apply) {
    detail::worker::Actions out;
    apply(out);
    state.check();
    for (const detail::worker::Action& action : out)
      if (const auto* get = std::get_if<detail::protocol::GetResult>(&action.message))
        sent_[{action.to, get->id}] = get->request;
    Lines lines;
    for (const detail::worker::Action& action : out)
      lines.push_back(
          std::visit([&](const auto& message) { return text(action.to, message); }, action.message));
    return lines;
  }
  [[nodiscard]] std::uint32_t request_to(PeerId peer, TaskId id) const {
    const auto found = sent_.find({peer, id});
    return found == sent_.end() ? 0 : found->second;
  }

  std::uint32_t requests_ = 1000;
  std::map<std::pair<PeerId, TaskId>, std::uint32_t> sent_;  // the latest request to each peer

  static std::string at(PeerId to) { return " @" + std::to_string(to); }
  static std::string text(PeerId, const detail::protocol::RunFinished& message) {
    return "finished " + std::to_string(message.id) + " run " + std::to_string(message.run);
  }
  static std::string text(PeerId, const detail::protocol::RunFailed& message) {
    return "failed " + std::to_string(message.id) + " run " + std::to_string(message.run);
  }
  static std::string text(PeerId, const detail::protocol::RunWaits& message) {
    return (message.waiting ? "waits " : "goes on ") + std::to_string(message.id) + " run " +
           std::to_string(message.run);
  }
  static std::string text(PeerId, const detail::protocol::RetractReply& message) {
    return (message.came_back ? "given back " : "kept ") + std::to_string(message.id);
  }
  static std::string text(PeerId, const detail::protocol::ResultHere& message) {
    return "here " + std::to_string(message.id);
  }
  static std::string text(PeerId, const detail::protocol::InputMissing& message) {
    return "missing " + std::to_string(message.id) + " of " + std::to_string(message.holder) +
           (message.run ? " run " + std::to_string(message.run) : "");
  }
  static std::string text(PeerId to, const detail::protocol::GetResult& message) {
    return (message.exists ? "get " : "will get ") + std::to_string(message.id) + at(to);
  }
  static std::string text(PeerId to, const detail::protocol::InputAt& message) {
    return "ready " + std::to_string(message.id) + at(to);
  }
  static std::string text(PeerId to, const detail::protocol::DropRequest& message) {
    return "drop " + std::to_string(message.id) + at(to);
  }
  static std::string text(PeerId to, const detail::protocol::ResultMissing& message) {
    return "no value " + std::to_string(message.id) + at(to);
  }
  static std::string text(PeerId, const detail::protocol::MemoryUse& message) {
    return (message.paused ? "paused at " : "goes on at ") + std::to_string(message.managed_bytes);
  }
  static std::string text(PeerId to, const detail::worker::SendValue& message) {
    return "value " + std::to_string(message.id) + at(to);
  }
};

}  // namespace weir::test
