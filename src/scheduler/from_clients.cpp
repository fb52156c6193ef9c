// What clients ask for.
#include <algorithm>

#include "scheduler/actors.hpp"
#include "scheduler/state.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::scheduler {

namespace {

constexpr std::uint32_t counted_inputs = 16;  // of these one may be the task's own of the layer before

}  // namespace

using protocol::FreeResult;

void State::handle(Time now, PeerId from, protocol::SubmitTask&& message, Actions& out) {
  begin(now, out, "submitted");
  if (task_client(message.id) == from) submit(std::move(message), nowhere, false);
  end_event();
}

void State::told_late(Time now, protocol::SubmitTask&& message, std::uint64_t order_of_parent, Actions& out) {
  begin(now, out, "submitted");
  submit(std::move(message), nowhere, false, order_of_parent);
  end_event();
}

void State::begun(Time now, PeerId worker, protocol::SubmitTask&& message, bool made_once, bool has_slot,
                  Actions& out) {
  begin(now, out, "began in place");
  const TaskId id = message.id;
  submit(std::move(message), index_of(worker), has_slot);
  if (Task* task = made_once ? tasks_.find(id) : nullptr) task->made_once = true;
  end_event();
}

// A row of roots ends where one is of another function, or all before it have finished.
void State::count_root(const Task& task) {
  ++roots_;
  const Group& group = groups_[task.group];
  const bool is_next = task.group == roots_group_ && group.finished + 1 < group.submitted;
  root_position_ = is_next ? root_position_ + 1 : 0;
  roots_group_ = task.group;
}

void State::submit(protocol::SubmitTask&& message, WorkerIndex runs_on, bool has_slot,
                   std::uint64_t order_of_parent) {
  auto [made, fresh] = tasks_.emplace(message.id, message.id);
  if (!fresh) return;
  ++counts_[static_cast<std::size_t>(TaskState::released)];
  Task& task = *made;
  task.invoker = message.invoker;
  task.arguments.set(std::move(message.arguments));
  if (message.beside.value) task.own_extras().beside = std::move(message.beside.value);
  task.out_of_band = message.out_of_band;
  task.is_made_again = message.part == protocol::ActorPart::home_again;
  task.is_actor = task.is_made_again || message.part == protocol::ActorPart::home;
  task.wanted = true;
  if (message.options && message.options->cores > 0) {
    if (with_cores_[0] != message.options) {
      Options complete = *message.options;
      complete.resources.push_back({cores_name, static_cast<double>(complete.cores)});
      with_cores_[0] = message.options;
      with_cores_[1] = std::make_shared<const Options>(std::move(complete));
    }
    message.options = with_cores_[1];
  }
  if (message.options) {
    task.priority = message.options->priority;
    task.retries = static_cast<std::uint8_t>(std::clamp(message.options->retries, 0, 255));
    if (!message.options->resources.empty()) {
      std::uint32_t& need = task.own_extras().need;
      for (need = 1; need < needs_.size(); ++need)
        if (needs_[need].resources == message.options->resources) break;
      if (need == needs_.size()) needs_.push_back({message.options->resources});
    }
    task.own_extras().options = std::move(message.options);
  }
  if (message.function != last_function_) {
    last_function_ = message.function;
    last_group_ = group_of(message.function);
  }
  task.group = last_group_;
  ++groups_[last_group_].submitted;
  // Depth first: what stands on older roots comes first, and of that the deepest.
  std::uint64_t order = 0;
  std::shared_ptr<const Failure> failure;
  for (std::uint32_t i = 0; i < message.inputs.size(); ++i) {
    const TaskId id = message.inputs[i];
    Task* input = tasks_.find(id);
    if (message.follows && i + 1 == message.inputs.size()) {
      input = input ? still_before(*input) : nullptr;
      if (!input) break;
      task.follows = true;
    }
    if (i == 0 && message.part == protocol::ActorPart::call) task.is_call = input && input->is_actor;
    if (!input) {
      Failure lost;
      lost.kind = ErrorKind::cancelled;
      lost.task = id;
      lost.message =
          i == 0 && message.part == protocol::ActorPart::call
              ? actor_ended
              : "input " + std::to_string(task_number(id)) + " of the task has been released or cancelled";
      failure = std::make_shared<Failure>(std::move(lost));
      continue;
    }
    task.inputs.push_back({input, static_cast<std::uint32_t>(input->dependents.size())});
    input->dependents.push_back({&task, task.inputs.size() - 1});
    ++input->uses;
    order = std::max(order, order_on(input->order));
  }
  if (const std::uint32_t count = task.inputs.size(); count > 1 && count <= counted_inputs) {
    stride_.begin_task();
    for (const Edge& edge : task.inputs) stride_.note(task.id - edge.task->id);
  }
  if (const Task* parent = message.parent ? tasks_.find(message.parent) : nullptr)
    order_of_parent = parent->order;
  if (order_of_parent && task.inputs.empty()) order = order_on(order_of_parent);
  if (!order) count_root(task);
  task.order = order ? order : roots_ << 8 | 255;
  if (message.gang) join_gang(task, *message.gang);
  if (task.in_gang && !failure) {
    const Gang& gang = gang_of(task);
    const Task* leader = tasks_.find(gang.members[0]);
    if (leader && leader->state == TaskState::erred) failure = leader->extras->failure;
  }
  if (failure) {
    task.orphan = true;
    move(task, TaskState::released, "submitted");
    fail(task, failure);
  } else if (runs_on != nowhere) {
    for (const Edge& edge : task.inputs) ++edge.task->needed_by;
    move(task, TaskState::waiting, cause_);
    put_on(task, runs_on);
    task.begun = true;
    if (!has_slot) set_waits(task, true);  // the task below it on the stack has it
    load_.update(workers_, runs_on);
  } else {
    want(task, "submitted");
  }
}

// Scattered data is expected at the first of its workers that lives.
bool State::expect(Task& task) {
  for (const PeerId target : task.extras->targets) {
    const WorkerIndex index = index_of(target);
    if (index == nowhere || !workers_[index].alive) continue;
    Worker& home = workers_[index];
    task.worker = index;
    task.run = 1;
    home.add(task);
    move(task, TaskState::waiting, cause_);
    move(task, TaskState::processing, cause_);
    load_.update(workers_, index);
    return true;
  }
  return false;
}

void State::scatter(Time now, TaskId id, const std::vector<PeerId>& workers, Actions& out) {
  begin(now, out, "scattered");
  auto [task, fresh] = tasks_.emplace(id, id);
  if (!fresh) return;
  ++counts_[static_cast<std::size_t>(TaskState::released)];
  task->scattered = true;
  task->wanted = true;
  task->order = ++roots_ << 8 | 255;
  task->own_extras().targets = workers;
  if (!expect(*task)) lost_result(*task, "a worker that had gone");
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::ReleaseTask& message, Actions& out) {
  begin(now, out, "released");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  task->wanted = false;
  unused_.push_back(task->id);
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::CancelFuture& message, Actions& out) {
  begin(now, out, "cancelled");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  cancel(*task, message.reason);
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::RetryFuture& message, Actions& out) {
  begin(now, out, "retried");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  tell_client(*task, protocol::TaskPending{task->id, true});
  task->delivered = false;
  if (task->state == TaskState::memory) {  // a retry of something that needs it has brought it back
    tell_client(*task, done_message(*task));
    return;
  }
  std::vector<Task*> todo{task};
  while (!todo.empty()) {
    Task& erred = *todo.back();
    todo.pop_back();
    if (erred.state != TaskState::erred || erred.scattered || erred.orphan || erred.made_once) continue;
    if (erred.in_gang) {
      const std::vector<TaskId>& members = gang_of(erred).members;
      if (std::any_of(members.begin(), members.end(), [&](TaskId id) {
            const Task* other = id ? tasks_.find(id) : nullptr;
            return !other || other->orphan;
          }))
        continue;
      for (const TaskId id : members) todo.push_back(tasks_.find(id));
    }
    erred.extras->failure.reset();
    erred.deaths = erred.attempts = 0;
    erred.retries =
        static_cast<std::uint8_t>(erred.options() ? std::clamp(erred.options()->retries, 0, 255) : 0);
    move(erred, TaskState::released, cause_);
    if (erred.follows) unfollow(erred);
    for (const Edge& edge : erred.inputs) todo.push_back(edge.task);
  }
  if (task->state == TaskState::released) want(*task, cause_);
  else if (task->state == TaskState::erred)
    tell_client(*task, protocol::TaskFailed{task->id, task->extras->failure});
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::LocateTask& message, Actions& out) {
  begin(now, out, "located");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from || !task->wanted) return;
  if (task->state == TaskState::memory) {
    const WorkerIndex gone = index_of(message.unreachable);
    const bool is_new = is_about_this_run(*task, from, message.unreachable, message.run);
    for (std::uint32_t i = 0; is_new && i < task->replicas.size(); ++i)
      if (task->replicas[i].worker == gone) {
        send(message.unreachable, FreeResult{task->id});
        drop_replica(*task, i);
        break;
      }
    if (task->replicas.empty()) {
      task->delivered = false;
      lost_result(*task, name_of(message.unreachable));
    } else {
      tell_client(*task, done_message(*task));
    }
  } else if (task->state == TaskState::released) {
    task->delivered = false;
    want(*task, cause_);
  }
  end_event();
}

}  // namespace weir::detail::scheduler
