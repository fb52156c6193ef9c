// What people ask the scheduler: pictures, stories, reasons; and what tests ask: whether all its parts agree.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <unordered_set>

#include "core/counted.hpp"
#include "core/invariant.hpp"
#include "scheduler/state.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/task/address.hpp"

namespace weir {

std::string_view to_string(TaskState state) noexcept {
  constexpr std::string_view names[] = {"released",   "waiting", "queued", "no_worker",
                                        "processing", "memory",  "erred",  "forgotten"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace weir

namespace weir::detail::scheduler {

// 2, 0.5: as people write it.
std::string amount_text(double amount) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", amount);
  return text;
}

namespace {

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (i ? ", \"" : "\"") + names[i] + "\"";
  return text + (names.size() > most ? " and " + std::to_string(names.size() - most) + " more" : "");
}

std::string seconds_text(double seconds) {
  const auto exact = std::chrono::duration<double>(seconds);
  return seconds < 10 ? to_string(std::chrono::round<std::chrono::milliseconds>(exact))
                      : to_string(std::chrono::round<std::chrono::seconds>(exact));
}

}  // namespace

protocol::RunTask State::run_message(TaskId id) const {
  const Task& task = *tasks_.find(id);
  protocol::RunTask message;
  message.id = id;
  message.run = task.run;
  message.order = task.order;
  message.priority = task.priority;
  message.out_of_band = task.out_of_band;
  message.extras.is_call = task.is_call;
  message.want_small = task.wanted;
  message.invoker = task.invoker;
  message.function = function_of(task);
  message.arguments = task.arguments.copy();
  if (task.extras) message.beside.value = task.extras->beside;
  for (const Edge& edge : task.inputs) {
    const Task& input = *edge.task;
    PeerId holder = 0;
    for (const Replica& replica : input.replicas)
      if (holder == 0 || replica.worker == task.worker) holder = workers_[replica.worker].peer;
    if (input.state == TaskState::processing) holder = workers_[input.worker].peer;
    const auto scale = static_cast<std::uint8_t>(protocol::Scale::of(input.bytes) |
                                                 (passes(input) ? protocol::Scale::passing : 0));
    message.inputs.push_back(
        {input.id, holder, input.state == TaskState::memory, scale, protocol::RunMark::of(input.run)});
  }
  if (const Options* options = task.options()) {
    message.extras.resources = options->resources;
    message.extras.limit_ns = options->time_limit.value().count();
  }
  if (task.in_gang) {
    const Gang& gang = gangs_.at(task.extras->gang);
    auto placed = std::make_shared<protocol::GangRun>();
    placed->leader = gang.members[0];
    placed->run = gang.run;
    placed->rank = task.extras->rank;
    for (const TaskId member : gang.members)
      placed->peers.push_back(workers_[tasks_.find(member)->worker].peer);
    message.priority = std::numeric_limits<std::int32_t>::max();  // the others wait for it
    message.extras.gang = std::move(placed);
  }
  return message;
}

Snapshot State::snapshot() const {
  Snapshot whole = picture();
  whole.lacking_s = lacking_s();
  whole.results_wanted = results_wanted();
  return whole;
}

Snapshot State::picture() const {
  Snapshot picture;
  for (const Worker& worker : workers_) {
    if (!worker.alive) continue;
    WorkerInfo info;
    info.peer = worker.peer;
    info.name = worker.name;
    info.host = worker.host;
    info.threads = worker.threads;
    info.resources = worker.resources;
    info.resources.pop_back();  // its threads, which `threads` says
    info.processing = static_cast<std::uint32_t>(worker.processing.size());
    info.queued = worker.queued;
    info.results = worker.holds.size() - worker.gone;
    info.result_bytes = worker.bytes;
    info.finished = worker.finished;
    info.retiring = worker.retiring;
    info.managed_bytes = worker.memory.managed_bytes;
    info.spilled_bytes = worker.memory.spilled_bytes;
    info.memory_limit = worker.memory_limit;
    info.paused = worker.memory.paused;
    info.serves_s = std::max(0.0, worker.leaves - now_);
    picture.workers.push_back(std::move(info));
  }
  picture.tasks = counts_;
  for (const TaskId id : waiting_gangs_) {
    const std::uint64_t ranks = gangs_.at(id).members.size();
    picture.tasks[static_cast<std::size_t>(TaskState::waiting)] -= ranks;
    picture.tasks[static_cast<std::size_t>(TaskState::queued)] += ranks;
  }
  picture.workers_lost = lost_;
  return picture;
}

std::uint64_t State::work_for(const std::vector<Resource>& offer, bool takes_plain) const {
  std::uint64_t all = 0, fitting = 0;
  for (const TaskState state : {TaskState::queued, TaskState::no_worker, TaskState::processing})
    all += counts_[static_cast<std::size_t>(state)];
  for (std::size_t i = 1; i < needs_.size(); ++i) {
    all -= needs_[i].ready;
    if (scheduler::offers(offer, needs_[i].resources)) fitting += needs_[i].ready;
  }
  for (const TaskId id : waiting_gangs_) {
    const Gang& gang = gangs_.at(id);
    const Options* options = member_of(gang, 0).options();
    if (!options || options->resources.empty()) all += gang.members.size();
    else if (scheduler::offers(offer, options->resources)) fitting += gang.members.size();
  }
  return fitting + (takes_plain ? all : 0);
}

void State::promise(Promise promise) {
  withdraw(promise.by);
  promised_.push_back(std::move(promise));
}

void State::withdraw(const void* by) {
  std::erase_if(promised_, [&](const Promise& promise) { return promise.by == by; });
}

// Where nothing is promised and there is no worker, nobody knows what comes.
bool State::in_vain(const Options* options) const {
  if (!options || options->resources.empty() || (alive_ == 0 && promised_.empty())) return false;
  const auto has_them = [&](const auto& offer) { return scheduler::offers(offer, options->resources); };
  return std::none_of(promised_.begin(), promised_.end(),
                      [&](const Promise& promise) { return has_them(promise.offer); }) &&
         std::none_of(workers_.begin(), workers_.end(),
                      [&](const Worker& worker) { return worker.alive && has_them(worker.resources); });
}

void State::explain_promised(const Options* options, std::vector<std::string>& lines) const {
  if (promised_.empty() || !in_vain(options)) return;
  const std::size_t before = lines.size();
  for (const Resource& wanted : options->resources) {
    double most = 0;
    for (const Promise& promise : promised_)
      for (const Resource& resource : promise.offer)
        if (resource.name == wanted.name) most = std::max(most, resource.amount);
    if (most == 0)
      lines.push_back("no job of the cluster brings " + wanted.name + ", the task needs " +
                      amount_text(wanted.amount));
    else if (most < wanted.amount)
      lines.push_back("a job of the cluster brings " + amount_text(most) + " " +
                      (wanted.name == cores_name && most == 1 ? "core" : wanted.name) + ", the task needs " +
                      amount_text(wanted.amount));
  }
  if (lines.size() == before) lines.push_back("no job of the cluster brings at once all that the task needs");
}

// While a task waits, what it was given of a resource stays with it; its threads do not.
std::vector<Demand> State::kept_by_waiting(const Worker& worker) {
  if (worker.waiting == 0) return {};
  std::vector<Demand> kept(worker.resources.size());
  for (const Task* task : worker.processing)
    if (task->waits && !task->returned)
      for (std::size_t i = 0; i < kept.size(); ++i)
        if (worker.resources[i].name != cores_name)
          kept[i].amount += wanted_of(*task, worker.resources[i].name);
  return kept;
}

double State::wanted_of(const Task& task, const std::string& resource) noexcept {
  if (const Options* options = task.options())
    for (const Resource& wanted : options->resources)
      if (wanted.name == resource) return wanted.amount;
  return 0;
}

std::string State::lack_of_kept(const Task& task, const Worker& worker) const {
  const std::vector<Demand> kept = kept_by_waiting(worker);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const Resource& has = worker.resources[i];
    const double wanted = wanted_of(task, has.name);
    if (wanted == 0 || kept[i].amount == 0 || (!task.in_gang && has.amount - kept[i].amount + 1e-9 >= wanted))
      continue;
    const auto keeper = std::ranges::find_if(worker.processing, [&](const Task* other) {
      return other->waits && !other->returned && wanted_of(*other, has.name) > 0;
    });
    return amount_text(wanted) + " " + has.name + " of " + worker.name + ", where " + task_name(**keeper) +
           " keeps " + amount_text(wanted_of(**keeper, has.name)) +
           " while it waits itself; if it waits for this, neither goes on: tasks keep what they ask for "
           "beside cores, so ask for " +
           has.name + " in those that use it, not in one that waits for them";
  }
  return {};
}

std::string State::lack_of_kept(const Task& task) const {
  if (task.state == TaskState::processing)
    return task.waits || task.missing || task.in_gang ? std::string()
                                                      : lack_of_kept(task, workers_[task.worker]);
  if (!task.in_gang || !gangs_.at(task.extras->gang).lacks_kept) return {};
  for (const Worker& worker : workers_)
    if (std::string text = worker.running() ? lack_of_kept(task, worker) : std::string(); !text.empty())
      return text;
  return {};
}

std::string State::kept_text(TaskId id) const {
  const Task* task = tasks_.find(id);
  const std::string lack = task ? lack_of_kept(*task) : std::string();
  return lack.empty() ? lack : task_name(*task) + " waits for " + lack;
}

TaskId State::first_to_lack_kept() const {
  if (demanding_ > 0)
    for (const Worker& worker : workers_) {
      if (worker.waiting == 0 || !worker.wants_more_than_it_has()) continue;
      for (const Task* task : worker.processing)
        if (task->options() && !lack_of_kept(*task).empty()) return task->id;
    }
  for (const TaskId id : waiting_gangs_)
    if (gangs_.at(id).lacks_kept) return id;
  return 0;
}

// The largest gang of its kind that there may ever be room for, as far as that is known.
std::optional<std::uint64_t> State::largest_possible(const Gang& gang) const {
  if (promised_.empty()) return {};
  const Task& leader = member_of(gang, 0);
  std::uint64_t most = 0;
  for (const Worker& worker : workers_)
    if (!worker.was_promised) most += capacity(gang, worker, Room::ever);
  for (const Promise& promise : promised_) {
    if (leader.options() && !scheduler::offers(promise.offer, leader.options()->resources)) continue;
    if (!promise.workers) return {};
    most += *promise.workers * fitting(gang, promise.threads, promise.offer, {});
  }
  return most;
}

bool State::is_beyond(const Gang& gang) const {
  const std::optional<std::uint64_t> most = largest_possible(gang);
  return most && gang.members.size() > *most;
}

State::Unplaced State::unplaced() const {
  Unplaced first;
  for (const TaskId id : unplaceable_) {
    const Task* task = tasks_.find(id);
    if (!task || task->state != TaskState::no_worker) continue;
    TaskId& place = in_vain(task->options()) ? first.in_vain : first.waiting;
    if (!place) place = id;
    if (first.waiting && (first.in_vain || (alive_ == 0 && promised_.empty()))) return first;
  }
  for (const TaskId id : waiting_gangs_) {
    const Gang& gang = gangs_.at(id);
    if (!gang.hopeless) continue;
    const bool is_in_vain = in_vain(member_of(gang, 0).options()) || is_beyond(gang);
    TaskId& place = is_in_vain ? first.in_vain : first.waiting;
    if (!place) place = id;
  }
  return first;
}

std::string State::waiting_text(TaskId id) const {
  const Task* task = tasks_.find(id);
  if (!task) return "";
  std::string text =
      task_name(*task) + (task->in_gang ? " waits for workers to join that have what it needs"
                                        : " waits for a worker to join that has what it needs");
  constexpr std::size_t most = 4;
  const std::vector<std::string> lines = explain(id);
  for (std::size_t i = 1; i < std::min(lines.size(), most); ++i) text += "; " + lines[i];
  if (lines.size() > most) text += "; and " + std::to_string(lines.size() - most) + " more";
  return text;
}

bool State::results_wanted() const {
  if (pending()) return false;
  for (const Worker& worker : workers_)
    for (const Task* task : worker.holds)
      if (task && task->wanted && !task->delivered) return true;
  return false;
}

// What may run on any worker, or on any that offers its resources, and runs nowhere lacks time. A task for
// certain workers gains nothing by others.
double State::lacking_s() const {
  const auto others_help = [&](const Options* options) {
    if (!options) return true;
    if (!options->workers.empty() && !options->allow_other_workers) return false;
    return options->resources.empty() ||
           std::any_of(workers_.begin(), workers_.end(),
                       [&](const Worker& worker) { return worker.alive && offers(worker, *options); });
  };
  double least = 0;
  for (const TaskId id : unplaceable_) {
    const Task* task = tasks_.find(id);
    if (!task || task->state != TaskState::no_worker || !others_help(task->options())) continue;
    const double seconds = time_of(*task);
    if (seconds > 0 && (least == 0 || seconds < least)) least = seconds;
  }
  return least;
}

std::vector<PeerId> State::who_has(TaskId id) const {
  std::vector<PeerId> peers;
  if (const Task* task = tasks_.find(id))
    for (const Replica& replica : task->replicas) peers.push_back(workers_[replica.worker].peer);
  return peers;
}

bool State::is_on_its_way(TaskId id) const {
  const Task* task = tasks_.find(id);
  return task && task->extras &&
         std::any_of(task->extras->targets.begin(), task->extras->targets.end(), [&](PeerId target) {
           const WorkerIndex index = index_of(target);
           return index != nowhere && workers_[index].alive;
         });
}

std::string State::task_name(const Task& task) const {
  const std::string number = "-" + std::to_string(task_number(task.id));
  if (task.options() && !task.options()->name.empty()) return task.options()->name + number;
  if (task.scattered) return "scattered" + number;
  try {
    return weir::detail::task::function_name(function_of(task)) + number;
  } catch (const Error&) {
    return "task" + number;
  }
}

std::vector<StoryLine> State::story(TaskId id) const {
  std::vector<StoryLine> lines;
  for (std::size_t i = 0; i < story_.size(); ++i) {
    const StoryLine& line = story_[(story_next_ + i) % story_.size()];
    if (line.task == id) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> State::story_lines_of(TaskId id) const {
  std::vector<std::string> lines;
  for (const StoryLine& line : story(id)) {
    const bool has_worker = line.worker != nowhere && line.worker < workers_.size();
    lines.push_back(seconds_text(now_ - line.time) + " before: " + std::string(to_string(line.from)) +
                    " to " + std::string(to_string(line.to)) +
                    (has_worker ? " at " + workers_[line.worker].name : "") + " (" + line.cause + ")");
  }
  return lines;
}

// All tasks if they are few; else those that run, then what they hang together with, then what is held.
std::vector<const Task*> State::neighbourhood(std::size_t most) const {
  std::vector<const Task*> found;
  std::unordered_set<const Task*> known;
  const auto add = [&](const Task* task) {
    if (task && found.size() < most && known.insert(task).second) found.push_back(task);
  };
  if (tasks_.size() <= most) {
    tasks_.for_each([&](TaskId, const Task& task) { add(&task); });
    return found;
  }
  const std::size_t share = 1 + most / 2 / std::max<std::size_t>(1, alive_);
  for (const Worker& worker : workers_) {
    if (found.size() >= most / 2) break;
    for (std::size_t i = 0; i < std::min(share, worker.processing.size()); ++i) add(worker.processing[i]);
  }
  for (std::size_t i = 0; i < found.size() && found.size() < most; ++i) {
    const Task& task = *found[i];  // its neighbours, but not all ten thousand dependents
    for (std::size_t k = 0; k < std::min<std::size_t>(8, task.inputs.size()); ++k) add(task.inputs[k].task);
    for (std::size_t k = 0; k < std::min<std::size_t>(8, task.dependents.size()); ++k)
      add(task.dependents[k].task);
  }
  for (const Worker& worker : workers_) {
    if (found.size() >= most) break;
    for (std::size_t i = 0; i < std::min(share, worker.holds.size()); ++i) add(worker.holds[i]);
  }
  return found;
}

std::vector<snapshot::SeenTask> State::with_inputs(const std::vector<const Task*>& tasks) const {
  constexpr std::size_t most_inputs = 16;
  std::unordered_map<const Task*, std::uint32_t> position;
  for (const Task* task : tasks) position.emplace(task, static_cast<std::uint32_t>(position.size()));
  std::vector<snapshot::SeenTask> seen;
  for (const Task* task : tasks) {
    snapshot::SeenTask one{task->id, function_of(*task), 0, task->state, {}};
    if (task->state == TaskState::processing && task->worker < workers_.size())
      one.worker = workers_[task->worker].peer;
    for (std::size_t k = 0; k < std::min<std::size_t>(most_inputs, task->inputs.size()); ++k)
      if (const auto input = position.find(task->inputs[k].task); input != position.end())
        one.inputs.push_back(input->second);
    seen.push_back(std::move(one));
  }
  return seen;
}

snapshot::SeenTasks State::ancestry(const std::vector<TaskId>& ids, std::size_t most) const {
  std::vector<const Task*> found;
  std::unordered_set<const Task*> known;
  const auto add = [&](const Task* task) {
    if (task && found.size() < most && known.insert(task).second) found.push_back(task);
  };
  for (const TaskId id : ids) add(tasks_.find(id));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Task& task = *found[i];
    for (const Edge& input : task.inputs) add(input.task);
  }
  snapshot::SeenTasks seen;
  seen.tasks_total = tasks_.size();
  seen.tasks = with_inputs(found);
  return seen;
}

snapshot::SeenTasks State::closer_look(std::size_t most_tasks, std::size_t most_results) const {
  snapshot::SeenTasks seen;
  seen.tasks_total = tasks_.size();
  seen.tasks = with_inputs(neighbourhood(most_tasks));
  const std::size_t share = 1 + most_results / std::max<std::size_t>(1, alive_);
  for (const Worker& worker : workers_) add_held(worker, share, seen);
  return seen;
}

void State::add_held(const Worker& worker, std::size_t most, snapshot::SeenTasks& seen) const {
  std::map<std::uint64_t, snapshot::SeenResults> by_function;
  seen.results_total += worker.holds.size() - worker.gone;
  for (std::size_t i = 0; i < std::min(most, worker.holds.size()); ++i) {
    const Task* task = worker.holds[i];
    if (!task) continue;
    ++seen.results_looked_at;
    const std::uint64_t function = function_of(*task);
    snapshot::SeenResults& sum =
        by_function.try_emplace(function, snapshot::SeenResults{function, worker.peer, 0, 0}).first->second;
    ++sum.count;
    sum.bytes += task->bytes;
  }
  for (const auto& [function, sum] : by_function) seen.results.push_back(sum);
}

snapshot::SeenTasks State::look_at_worker(PeerId peer, std::size_t most_tasks,
                                          std::size_t most_results) const {
  snapshot::SeenTasks seen;
  for (const Worker& worker : workers_) {
    if (!worker.alive || worker.peer != peer) continue;
    seen.tasks_total = worker.processing.size();
    const std::size_t some = std::min(most_tasks, worker.processing.size());
    seen.tasks = with_inputs(
        {worker.processing.begin(), worker.processing.begin() + static_cast<std::ptrdiff_t>(some)});
    add_held(worker, most_results, seen);
  }
  return seen;
}

snapshot::TaskLook State::look_at_task(TaskId id) const {
  constexpr std::size_t most = 20;
  snapshot::TaskLook look;
  look.story = story_lines_of(id);  // which may be there still when the task is not
  const Task* task = tasks_.find(id);
  if (!task) return look;
  look.name = task_name(*task);
  look.function = function_of(*task);
  look.state = task->state;
  look.bytes = task->bytes;
  look.priority = task->priority;
  for (std::size_t i = 0; i < std::min<std::size_t>(most, task->replicas.size()); ++i)
    look.holders.push_back(workers_[task->replicas[i].worker].name);
  if (const Options* options = task->options()) {
    for (const Resource& wanted : options->resources)
      look.conditions.push_back(amount_text(wanted.amount) + " " + wanted.name);
    if (options->cores)
      look.conditions.push_back(counted(static_cast<std::uint64_t>(options->cores), "core"));
    if (!options->workers.empty())
      look.conditions.push_back((options->allow_other_workers ? "rather on " : "only on ") +
                                joined(options->workers));
    if (options->time_limit.value().count() > 0)
      look.conditions.push_back("within " + to_string(options->time_limit));
  }
  const auto add = [&](const auto& edges, std::vector<snapshot::TaskLook::Neighbour>& to) {
    for (std::size_t i = 0; i < std::min<std::size_t>(most, edges.size()); ++i)
      to.push_back({edges[i].task->id, task_name(*edges[i].task), edges[i].task->state});
  };
  look.inputs_total = task->inputs.size();
  look.dependents_total = task->dependents.size();
  add(task->inputs, look.inputs);
  add(task->dependents, look.dependents);
  look.explained = explain(id);
  return look;
}

// Why the worker does not run the task, or that it could.
std::string State::sentence(Obstacle why, const Task& task, const Worker& worker) const {
  const Options* options = task.options();
  switch (why) {
    case Obstacle::gone:
      return "has gone";
    case Obstacle::retiring:
      return "is being retired";
    case Obstacle::not_named:
      return "is not among the workers this task may run on (" + joined(options->workers) + ")";
    case Obstacle::time: {
      const bool is_limit = options && options->time_limit.value().count() > 0;
      return "takes no more tasks in " + seconds_text(std::max(0.0, worker.leaves - now_)) +
             ", since its job ends; the task " + (is_limit ? "may take " : "takes about ") +
             seconds_text(time_of(task));
    }
    case Obstacle::resources: {
      std::string lacks;
      for (const Resource& wanted : options->resources) {
        const auto offered = std::find_if(worker.resources.begin(), worker.resources.end(),
                                          [&](const Resource& r) { return r.name == wanted.name; });
        const double amount = offered == worker.resources.end() ? 0 : offered->amount;
        if (amount < wanted.amount)
          lacks += (lacks.empty() ? "has " : ", has ") + amount_text(amount) + " " +
                   (wanted.name == cores_name && amount == 1 ? "core" : wanted.name) + ", the task needs " +
                   amount_text(wanted.amount);
      }
      return lacks;
    }
    case Obstacle::none:
      break;
  }
  return "could run it; it has " + counted(worker.processing.size(), "task") + " for " +
         counted(worker.threads, "thread") + " first";
}

// It may run on certain workers only, and none of them lives.
bool State::only_gone_are_named(const Task& task) const {
  const Options* options = task.options();
  return options && !options->workers.empty() && !options->allow_other_workers &&
         std::none_of(workers_.begin(), workers_.end(),
                      [&](const Worker& worker) { return worker.alive && named(*options, worker); });
}

std::vector<std::string> State::explain(TaskId id) const {
  const Task* task = tasks_.find(id);
  if (!task)
    return {"task " + std::to_string(task_number(id)) + " is not known: it was released, or never submitted"};
  std::vector<std::string> lines{task_name(*task) + " is " + std::string(to_string(task->state))};
  switch (task->state) {
    case TaskState::waiting:
      if (task->in_gang) explain_gang(*task, lines);
      for (const Edge& edge : task->inputs)
        if (edge.task->state != TaskState::memory)
          lines.push_back("it waits for " + task_name(*edge.task) + ", which is " +
                          std::string(to_string(edge.task->state)));
      break;
    case TaskState::processing: {
      const Worker& worker = workers_[task->worker];
      if (task->in_gang) explain_gang(*task, lines);
      lines.push_back("it was given to " + worker.name + " on " + worker.host + ", which has " +
                      counted(worker.processing.size(), "task") + " for " +
                      counted(worker.threads, "thread"));
      if (worker.memory.paused)
        lines.push_back("that worker starts nothing now: its results take " +
                        to_text(worker.memory.managed_bytes) + " of its limit of " +
                        to_text(worker.memory_limit));
      if (const std::string lack = lack_of_kept(*task); !lack.empty())
        lines.push_back("it waits for " + lack);
      for (const Edge& edge : task->inputs)
        if (edge.task->state != TaskState::memory)
          lines.push_back("it starts there when " + task_name(*edge.task) + " (" +
                          std::string(to_string(edge.task->state)) + ") has finished");
      break;
    }
    case TaskState::erred:
      lines.push_back(task->extras->failure->text());
      break;
    case TaskState::queued:
    case TaskState::no_worker: {
      if (alive_ == 0) lines.push_back("there are no workers");
      explain_promised(task->options(), lines);
      const bool is_missed = only_gone_are_named(*task);
      for (const Worker& worker : workers_) {
        const Obstacle why = obstacle(*task, worker);
        if (why != Obstacle::gone || (is_missed && named(*task->options(), worker)))
          lines.push_back(worker.name + " on " + worker.host + ": " + sentence(why, *task, worker));
      }
      break;
    }
    default:
      break;
  }
  return lines;
}

void State::check() const {
  const Invariant require("scheduler");
  std::vector<std::vector<double>> demanded(workers_.size());
  for (WorkerIndex i = 0; i < workers_.size(); ++i) demanded[i].resize(workers_[i].resources.size());
  std::vector<std::uint32_t> queued(workers_.size()), blocked(workers_.size()), waiting(workers_.size()),
      extra(workers_.size());
  std::vector<double> blocked_s(workers_.size()), load_s(workers_.size());
  std::uint32_t queued_anywhere = 0;
  std::array<std::uint64_t, 8> counts{};
  tasks_.for_each([&](TaskId id, const Task& task) {
    const auto name = [&] {
      return "task " + std::to_string(id) + " (" + std::string(to_string(task.state)) + ") ";
    };
    require(task.id == id, name, "has another id");
    ++counts[static_cast<std::size_t>(task.state)];
    std::uint32_t missing = 0, unplaced = 0, needed_by = 0;
    for (std::uint32_t i = 0; i < task.inputs.size(); ++i) {
      const Edge& edge = task.inputs[i];
      require(edge.position < edge.task->dependents.size() &&
                  edge.task->dependents[edge.position] == Edge{const_cast<Task*>(&task), i},
              name, "and its input do not know each other");
      missing += edge.task->level() != Level::memory;
      unplaced += edge.task->level() == Level::unplaced;
      if (task.pending())
        require(edge.task->state != TaskState::erred && edge.task->state != TaskState::released, name,
                "waits for a task that will not come");
    }
    for (const Edge& edge : task.dependents) needed_by += edge.task->pending();
    require(task.needed_by == needed_by, name, "is needed by ", needed_by, ", not ", task.needed_by);
    if (task.pending()) {
      require(task.missing == missing, name, "misses ", missing, " inputs, not ", task.missing);
      require(task.unplaced == unplaced, name, "has ", unplaced, " unplaced inputs, not ", task.unplaced);
    }
    require(task.wanted || task.needed_by || !task.dependents.empty() || task.in_gang, name,
            "is wanted by nobody");
    require(task.wanted || task.needed_by || task.scattered || task.made_once || task.in_gang ||
                (!task.pending() && task.state != TaskState::memory),
            name, "is kept for nobody");
    require((task.state == TaskState::memory) == !task.replicas.empty(), name, "and its replicas disagree");
    for (const Replica& replica : task.replicas)
      require(workers_[replica.worker].alive && workers_[replica.worker].holds.at(replica.position) == &task,
              name, "is not where its replica says");
    switch (task.state) {
      case TaskState::waiting:
        require(missing > 0 || task.in_gang, name, "could run");
        break;
      case TaskState::queued:
        require(missing == 0, name, "is queued without its inputs");
        require(task.worker == nowhere || workers_[task.worker].running(), name,
                "is queued for a worker that has gone");
        task.worker == nowhere ? ++queued_anywhere : ++queued[task.worker];
        if (task.worker != nowhere) load_s[task.worker] += task.estimate;
        break;
      case TaskState::no_worker:
        require(missing == 0, name, "has no worker and not its inputs");
        require(std::find(unplaceable_.begin(), unplaceable_.end(), id) != unplaceable_.end(), name,
                "is not on the list of tasks that nobody may run");
        break;
      case TaskState::processing:
        require(workers_[task.worker].alive && workers_[task.worker].processing.at(task.position) == &task,
                name, "is not where it was assigned");
        blocked[task.worker] += task.is_blocked();
        blocked_s[task.worker] += task.is_blocked() ? task.estimate : 0;
        load_s[task.worker] += task.waits ? 0 : task.estimate;
        require((task.position >= workers_[task.worker].processing.size() - workers_[task.worker].blocked) ==
                    task.is_blocked(),
                name, " stands among the wrong tasks of its worker");
        waiting[task.worker] += task.waits;
        if (missing == 0 && !task.waits) extra[task.worker] += task.width() - 1;
        if (task.options())
          for (const Resource& wanted : task.options()->resources)
            for (std::size_t r = 0; r < workers_[task.worker].resources.size(); ++r)
              if (workers_[task.worker].resources[r].name == wanted.name &&
                  !(task.waits && wanted.name == cores_name) && !task.returned)
                demanded[task.worker][r] += wanted.amount;
        break;
      case TaskState::erred:
        require(task.extras && task.extras->failure, name, "has no failure");
        break;
      default:
        break;
    }
  });
  check_gangs();
  require(counts_ == counts, "the numbers of tasks by state are wrong");
  require(queued_ == queued_anywhere, "the number of queued tasks is wrong");
  std::size_t demanding = 0;
  for (const Worker& worker : workers_)
    demanding += static_cast<std::size_t>(std::count_if(
        worker.processing.begin(), worker.processing.end(),
        [](const Task* task) { return task->options() && !task->options()->resources.empty(); }));
  require(demanding_ == demanding, "the number of tasks that want resources is wrong");
  const bool all_paused = std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) {
    return !worker.running() || worker.memory.paused;
  });
  for (WorkerIndex i = 0; i < workers_.size(); ++i) {
    const Worker& worker = workers_[i];
    require(worker.queued == queued[i] && worker.blocked == blocked[i] && worker.waiting == waiting[i],
            worker.name, ": queued, blocked or waiting tasks miscounted");
    require(std::abs(worker.blocked_s - blocked_s[i]) <= 1e-6 * (1 + blocked_s[i]), worker.name,
            ": the time of blocked tasks miscounted");
    require(std::abs(worker.load_s - load_s[i]) <= 1e-6 * (1 + load_s[i]), worker.name,
            ": the time of its tasks miscounted");
    require(worker.in_layer == layers_.count(i), worker.name, ": its tasks of the last layers miscounted");
    require(worker.wide == extra[i], worker.name, ": threads of wide tasks miscounted");
    for (std::size_t r = 0; r < worker.resources.size(); ++r)
      require(std::abs(worker.demand[r].amount - demanded[i][r]) < 1e-6, worker.name,
              ": what its tasks want of ", worker.resources[r].name, " is miscounted");
    require(worker.alive || (worker.processing.empty() && worker.holds.empty()), worker.name,
            " is dead and has tasks");
    std::uint64_t bytes = 0;
    for (const Task* held : worker.holds) bytes += held ? held->bytes : 0;
    require(static_cast<std::uint32_t>(std::count(worker.holds.begin(), worker.holds.end(), nullptr)) ==
                worker.gone,
            worker.name, ": results that have gone miscounted");
    require(bytes == worker.bytes, worker.name, ": bytes miscounted");
    if (worker.running()) {
      require(worker.level == LoadIndex::level_of(worker), worker.name, ": its load is out of date");
      const bool may_take_any = !worker.memory.paused || all_paused;
      require(worker.ends() || worker.reserved ||
                  !(worker.ready() == 0 && ((queued_ && may_take_any) || worker.queued)),
              worker.name, " is idle while tasks are queued");
    }
  }
}

}  // namespace weir::detail::scheduler
