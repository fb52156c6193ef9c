// Story: the scheduler's state machine without a cluster; each call is one event, checked, and gives the
// actions.
#pragma once

#include <catch2/catch.hpp>
#include <sstream>

#include "scheduler/state.hpp"

namespace weir::test {

/// Drives a detail::scheduler::State by short calls. Actions read as text: `run 3 @2` (task 3 is to run at
/// worker 2), `cancel`, `retract`, `free`, `input 1 is at 2`, `copy 1 from 1`, `done`, `failed`,
/// `pending`, `retried` (to the client).
class Story {
 public:
  explicit Story(detail::scheduler::Settings settings = {}) : state(settings) {}

  detail::scheduler::State state;
  double now = 0;

  using Lines = std::vector<std::string>;

  Lines join(PeerId peer, std::uint32_t threads = 1, std::vector<Resource> resources = {},
             std::string host = "host") {
    detail::protocol::Hello hello;
    hello.name = "worker " + std::to_string(peer);
    hello.host = std::move(host);
    hello.threads = threads;
    hello.resources = std::move(resources);
    return event([&](auto& out) { state.join(now, peer, hello, out); });
  }
  /// A worker of a job that a cluster has asked for.
  Lines join_promised(PeerId peer, std::uint32_t threads, std::vector<Resource> resources) {
    detail::protocol::Hello hello;
    hello.name = "worker " + std::to_string(peer);
    hello.host = "host";
    hello.threads = threads;
    hello.resources = std::move(resources);
    hello.job = "cluster1.1";
    return event([&](auto& out) { state.join(now, peer, hello, out); });
  }
  /// A worker whose job ends: it leaves in so many seconds.
  Lines join_until(PeerId peer, double serves_s, std::uint32_t threads = 1,
                   std::vector<Resource> resources = {}) {
    detail::protocol::Hello hello;
    hello.name = "worker " + std::to_string(peer);
    hello.host = "host";
    hello.threads = threads;
    hello.resources = std::move(resources);
    hello.serves_s = serves_s;
    return event([&](auto& out) { state.join(now, peer, hello, out); });
  }
  Lines lose(PeerId peer, std::vector<TaskId> executing = {}) {
    return event([&](auto& out) { state.lose(now, peer, executing, "died", out); });
  }
  Lines retire(PeerId peer) {
    return event([&](auto& out) { state.retire(now, peer, out); });
  }
  Lines restart() {
    return event([&](auto& out) { state.restart(now, out); });
  }
  Lines give_up() {
    return event([&](auto& out) { state.give_up(now, "no workers are left", out); });
  }

  /// The first run of this task as an input that few need.
  [[nodiscard]] detail::protocol::Input passing(TaskId id, PeerId holder, bool exists) const {
    using detail::protocol::Scale;
    const int scale = exists ? Scale::of(state.task(id)->bytes) : 0;
    return {id, holder, exists, static_cast<std::uint8_t>(scale | Scale::passing), 1};
  }
  Lines submit(TaskId id, std::vector<TaskId> inputs = {}, Options options = {}, std::uint64_t function = 1) {
    detail::protocol::SubmitTask message;
    message.id = id;
    message.function = function;
    for (const TaskId input : inputs) message.inputs.push_back(input);
    message.options = std::make_shared<Options>(std::move(options));
    return event([&](auto& out) { state.handle(now, task_client(id), std::move(message), out); });
  }
  /// A gang whose ranks are the tasks from `first` on; gives the actions of the last submission.
  Lines gang(TaskId first, std::uint32_t ranks, Options options = {},
             detail::protocol::GangPlace place = {}) {
    Lines lines;
    place.leader = first;
    place.size = ranks;
    for (place.rank = 0; place.rank < ranks; ++place.rank) {
      detail::protocol::SubmitTask message;
      message.id = first + place.rank;
      message.function = 7;
      message.options = std::make_shared<Options>(options);
      message.gang = std::make_shared<const detail::protocol::GangPlace>(place);
      lines = submit(std::move(message));
    }
    return lines;
  }
  Lines submit(detail::protocol::SubmitTask message) {
    return event([&](auto& out) { state.handle(now, task_client(message.id), std::move(message), out); });
  }
  /// The worker has begun to run it by itself.
  Lines begun(TaskId id, PeerId worker, std::initializer_list<TaskId> inputs = {}, bool made_once = false,
              bool has_slot = false) {
    detail::protocol::SubmitTask message;
    message.id = id;
    message.function = 1;
    message.inputs = inputs;
    return event([&](auto& out) { state.begun(now, worker, std::move(message), made_once, has_slot, out); });
  }
  Lines ran_in_place(PeerId worker, std::int64_t count, double duration_s) {
    return event([&](auto& out) {
      state.handle(now, worker, detail::protocol::RanInPlace{5, count, duration_s}, out);
    });
  }
  Lines scatter(TaskId id, PeerId worker) { return scatter(id, std::vector<PeerId>{worker}); }
  Lines scatter(TaskId id, const std::vector<PeerId>& workers) {
    return event([&](auto& out) { state.scatter(now, id, workers, out); });
  }
  Lines tick(double when) {
    now = when;
    return event([&](auto& out) { state.tick(now, out); });
  }
  Lines release(TaskId id) { return client(id, detail::protocol::ReleaseTask{id}); }
  Lines cancel(TaskId id, std::string reason = {}) {
    return client(id, detail::protocol::CancelFuture{id, std::move(reason)});
  }
  Lines retry(TaskId id) { return client(id, detail::protocol::RetryFuture{id}); }
  Lines locate(TaskId id, PeerId unreachable, std::uint16_t run = 0) {
    return client(id, detail::protocol::LocateTask{id, unreachable, run});
  }

  /// The task's present run has finished at its worker.
  Lines finish(TaskId id, std::uint64_t bytes = 8, float duration_s = 1e-3f) {
    return finish_run(id, worker_of(id), run_of(id), bytes, duration_s);
  }
  Lines finish_run(TaskId id, PeerId worker, std::uint32_t run, std::uint64_t bytes = 8,
                   float duration_s = 1e-3f, bool has_small = false) {
    return event([&](auto& out) {
      state.handle(now, worker, detail::protocol::RunFinished{id, run, bytes, duration_s, has_small, {}},
                   out);
    });
  }
  Lines fail(TaskId id, std::string message = "it threw", float duration_s = 0) {
    return fail_run(id, worker_of(id), run_of(id), std::move(message), duration_s);
  }
  Lines fail_run(TaskId id, PeerId worker, std::uint32_t run, std::string message = "it threw",
                 float duration_s = 0) {
    auto failure = std::make_shared<Failure>();
    failure->type = "std::runtime_error";
    failure->message = std::move(message);
    return event([&](auto& out) {
      state.handle(now, worker, detail::protocol::RunFailed{id, run, failure, duration_s}, out);
    });
  }
  Lines retracted(TaskId id, bool came_back) {
    return retracted_run(id, worker_of(id), run_of(id), came_back);
  }
  Lines retracted_run(TaskId id, PeerId worker, std::uint32_t run, bool came_back) {
    return from(worker, detail::protocol::RetractReply{id, run, came_back});
  }
  /// Its function waits for another task, or goes on.
  Lines waits(TaskId id, bool waiting = true) {
    return from(worker_of(id), detail::protocol::RunWaits{id, run_of(id), waiting});
  }
  /// A rank of a gang returns, having sent another rank `sent` times in collective calls.
  Lines calls(TaskId id, std::uint32_t other, std::uint64_t sent, std::uint64_t received, std::string last) {
    return from(worker_of(id),
                detail::protocol::GangCalls{id, run_of(id), {{other, sent, received}}, std::move(last)});
  }
  Lines pause(PeerId worker, bool paused = true) {
    return from(worker, detail::protocol::MemoryUse{900, 100, paused});
  }
  Lines arrive(TaskId id, PeerId worker, std::uint64_t bytes = 8) {
    return from(worker, detail::protocol::ResultHere{id, bytes});
  }
  Lines missing(TaskId id, PeerId holder, PeerId reporter, std::uint16_t run = 0) {
    return from(reporter, detail::protocol::InputMissing{id, holder, run});
  }
  Lines broken(TaskId id, PeerId worker) {
    auto failure = std::make_shared<Failure>();
    failure->kind = ErrorKind::serialization;
    failure->message = "its result cannot be serialized";
    return from(worker, detail::protocol::ResultBroken{id, failure});
  }

  [[nodiscard]] TaskState of(TaskId id) const {
    const detail::scheduler::Task* task = state.task(id);
    return task ? task->state : TaskState::forgotten;
  }
  [[nodiscard]] PeerId worker_of(TaskId id) const {
    for (const PeerId peer : state.peers())
      if (state.task(id)->worker == index_of(peer)) return peer;
    return 0;
  }
  [[nodiscard]] std::uint32_t run_of(TaskId id) const { return state.task(id)->run; }
  [[nodiscard]] const Failure& failure(TaskId id) const { return *state.task(id)->extras->failure; }
  [[nodiscard]] std::vector<std::string> states(TaskId id) const {
    std::vector<std::string> names;
    for (const detail::scheduler::StoryLine& line : state.story(id))
      names.push_back(std::string(to_string(line.to)));
    return names;
  }
  /// Tasks assigned to, or held back for, each worker: `(3,2)` of `snapshot`.
  [[nodiscard]] std::vector<std::uint32_t> processing() const {
    std::vector<std::uint32_t> counts;
    for (const WorkerInfo& worker : state.snapshot().workers) counts.push_back(worker.processing);
    return counts;
  }

 private:
  template <class Message>
  Lines client(TaskId id, Message message) {
    return event([&](auto& out) { state.handle(now, task_client(id), message, out); });
  }
  template <class Message>
  Lines from(PeerId peer, Message message) {
    return event([&](auto& out) { state.handle(now, peer, message, out); });
  }

  // Workers are numbered in the order in which they joined.
  [[nodiscard]] detail::scheduler::WorkerIndex index_of(PeerId peer) const {
    const auto found = std::find(joined_.begin(), joined_.end(), peer);
    return found == joined_.end() ? detail::scheduler::nowhere - 1
                                  : static_cast<detail::scheduler::WorkerIndex>(found - joined_.begin());
  }

  template <class F>
  Lines event(F&& apply) {
    const auto before = state.peers();
    detail::scheduler::Actions out;
    apply(out);
    for (const PeerId peer : state.peers())
      if (std::find(before.begin(), before.end(), peer) == before.end()) joined_.push_back(peer);
    state.check();
    Lines lines;
    for (const detail::scheduler::Action& action : out) {
      // What the node does: an assignment that did not outlive its event is not sent.
      if (const auto* assign = std::get_if<detail::scheduler::Assign>(&action.message)) {
        const detail::scheduler::Task* task = state.task(assign->task);
        if (!task || task->state != TaskState::processing || task->run != assign->run) continue;
      }
      lines.push_back(
          std::visit([&](const auto& message) { return text(action.to, message); }, action.message));
    }
    return lines;
  }

  static std::string text(PeerId to, const detail::scheduler::Assign& message) {
    return "run " + number(message.task) + " @" + std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::CancelRun& message) {
    return "cancel " + number(message.id) + " @" + std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::RetractRun& message) {
    return "retract " + number(message.id) + " @" + std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::FreeResult& message) {
    return "free " + number(message.id) + " @" + std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::InputAt& message) {
    return "input " + number(message.id) + (message.exists ? " is at " : " will be at ") +
           std::to_string(message.holder) + " @" + std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::ReplicateResult& message) {
    return "copy " + number(message.id) + " from " + std::to_string(message.holder) + " @" +
           std::to_string(to);
  }
  static std::string text(PeerId to, const detail::protocol::TaskDone& message) {
    return "done " + number(message.id) + at_client(to);
  }
  static std::string text(PeerId to, const detail::protocol::TaskFailed& message) {
    return "failed " + number(message.id) + at_client(to);
  }
  static std::string text(PeerId to, const detail::protocol::TaskPending& message) {
    return (message.retried ? "retried " : "pending ") + number(message.id) + at_client(to);
  }
  static std::string text(PeerId to, const detail::protocol::GangBroken& message) {
    return "broken " + number(message.id) + " @" + std::to_string(to);
  }
  static std::string at_client(PeerId to) { return to ? " @" + std::to_string(to) : ""; }
  static std::string number(TaskId id) { return std::to_string(task_number(id)); }

  std::vector<PeerId> joined_;
};

}  // namespace weir::test
