// Where a task runs, and when it is held back: answers only, the transitions act on them.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

namespace {

constexpr std::uint32_t most_inputs = 16;  // that are looked at

// The i-th of them. Of many not the first ones: they may be at the same few workers for all its neighbours.
const Task& sampled_input(const Task& task, std::uint32_t i) {
  const std::uint32_t count = task.inputs.size();
  const std::uint64_t at = count <= most_inputs ? i : task_number(task.id) + i * (count / most_inputs);
  return *task.inputs[static_cast<std::uint32_t>(at % count)].task;
}

bool less_loaded(const Worker& a, const Worker& b) {
  return a.processing.size() * std::uint64_t{b.threads} < b.processing.size() * std::uint64_t{a.threads};
}

}  // namespace

std::uint32_t State::group_of(std::uint64_t function) {
  const auto [found, fresh] = group_index_.try_emplace(function, static_cast<std::uint32_t>(groups_.size()));
  if (fresh) groups_.push_back({function});
  return found->second;
}

// Of a worker some of whose threads are kept for a gang: who is known to be done before that can begin may
// have them.
std::uint32_t State::unreserved(const Task& task, const Worker& worker) const {
  const Group& group = groups_[task.group];
  const bool is_short = group.is_known && now_ + group.duration_s <= gangs_begin();
  return is_short ? worker.threads : worker.threads - std::min(worker.threads, worker.reserved);
}

float State::estimate(const Task& task) const {
  if (task.scattered) return 0;
  const Group& group = groups_[task.group];
  return static_cast<float>((group.is_known ? group.duration_s : unknown_s()) * task.width());
}

// Of a task whose function has never ended: as long as one of those that have, on the average, within
// bounds: too long, and its inputs are sent elsewhere for nothing; too short, and many are put on one worker.
double State::unknown_s() const noexcept {
  if (known_groups_ == 0) return settings_.unknown_s;
  return std::clamp(known_s_ / known_groups_, settings_.unknown_least_s, settings_.unknown_s);
}

// Tasks a worker is given at a time: enough to be busy until more can arrive, no more than that.
std::uint32_t State::limit(const Task& task, const Worker& worker) const {
  const Group& group = groups_[task.group];
  double per_thread = settings_.saturation;
  if (group.is_known)
    per_thread = std::clamp(settings_.ahead_s / std::max(group.duration_s, 1e-9), settings_.saturation,
                            double(settings_.ahead_tasks));
  if (overstays(worker)) per_thread = std::min(per_thread, 1.0);
  const auto most = static_cast<std::uint32_t>(
      worker.memory.paused ? 1.0 : std::max(1.0, std::ceil(per_thread * worker.threads)));
  return worker.reserved ? std::min(most, unreserved(task, worker)) : most;
}

// All its threads have been at something for much longer than was expected.
bool State::overstays(const Worker& worker) const noexcept {
  const double silent_s = now_ - worker.progressed;
  if (silent_s < settings_.overstay_s || worker.ready() < worker.threads) return false;
  const std::size_t counted = worker.processing.size() - worker.waiting + worker.queued;
  const double expected_s = worker.load_s / std::max(1.0, static_cast<double>(counted));
  return silent_s > 4 * expected_s;
}

// Seconds until it starts the last of what it has, by estimate; what has run for long is taken to go on as
// long again.
double State::wait_of(const Worker& worker) const noexcept {
  return worker.load_s / worker.threads + (worker.memory.paused ? settings_.pause_s : 0) +
         (overstays(worker) ? now_ - worker.progressed : 0);
}

// Seconds until enough of its resources is free.
double State::resource_wait(const Task& task, const Worker& worker) const {
  double seconds = 0;
  const Options* options = task.options();
  if (!options) return seconds;
  for (const Resource& wanted : options->resources)
    for (std::size_t i = 0; i < worker.resources.size(); ++i)
      if (const Resource& has = worker.resources[i];
          has.name == wanted.name && worker.demand[i].amount + wanted.amount > has.amount + 1e-9)
        seconds = std::max(seconds, worker.demand[i].load / has.amount);
  return seconds;
}

double State::least_load_s() const noexcept {
  double least = alive_ > 0 ? std::numeric_limits<double>::infinity() : 0;
  for (const Worker& worker : workers_)
    if (worker.running()) least = std::min<double>(least, worker.load_s / worker.threads);
  return least;
}

bool State::named(const Options& options, const Worker& worker) const {
  const auto matches = [&](const std::string& name) {
    return name == worker.name || name == worker.host || name == std::to_string(worker.peer);
  };
  return options.workers.empty() || std::any_of(options.workers.begin(), options.workers.end(), matches);
}

// Seconds a worker must have left; 0 if nothing is known.
double State::time_of(const Task& task) const {
  const Options* options = task.options();
  if (options && options->time_limit.value().count() > 0)
    return std::chrono::duration<double>(options->time_limit.value()).count();
  return task.scattered || task.out_of_band ? 0 : groups_[task.group].duration_s;
}

bool offers(const std::vector<Resource>& there, const std::vector<Resource>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Resource& one) {
    const auto offered = std::find_if(there.begin(), there.end(),
                                      [&](const Resource& resource) { return resource.name == one.name; });
    return offered != there.end() && offered->amount >= one.amount;
  });
}

bool State::offers(const Worker& worker, const Options& options) const {
  return scheduler::offers(worker.resources, options.resources);
}

// Seconds until the task could start there.
double State::cost(const Task& task, WorkerIndex index) const {
  const Worker& worker = workers_[index];
  double seconds = worker.ready() + worker.queued < worker.threads ? 0 : worker.load_s / worker.threads;
  if (worker.memory.paused) seconds += settings_.pause_s;
  for (const Edge& edge : task.inputs) {
    const Task& input = *edge.task;
    bool here = false;
    for (const Replica& replica : input.replicas) here = here || replica.worker == index;
    if (!here) seconds += settings_.latency_s + static_cast<double>(input.bytes) / settings_.bytes_per_s;
  }
  return seconds;
}

WorkerIndex State::choose(const Task& task) const {
  SmallVector<WorkerIndex, 16> candidates;
  if (const WorkerIndex least = load_.least(); least != nowhere) candidates.push_back(least);
  for (std::uint32_t i = 0; i < std::min(task.inputs.size(), most_inputs); ++i) {
    const auto& replicas = sampled_input(task, i).replicas;
    for (std::uint32_t k = 0; k < std::min(replicas.size(), 4u); ++k) {
      const WorkerIndex holder = replicas[k].worker;
      if (workers_[holder].running() && !candidates.contains(holder)) candidates.push_back(holder);
    }
  }
  const auto late = [&](WorkerIndex index) {
    return workers_[index].ends() && !in_time(task, workers_[index], workers_[index].wait_s());
  };
  if (std::any_of(candidates.begin(), candidates.end(), late)) return choose_restricted(task);
  WorkerIndex best = nowhere;
  double best_cost = 0;
  for (const WorkerIndex candidate : candidates) {
    const double seconds = candidates.size() > 1 ? cost(task, candidate) : 0;
    if (best != nowhere &&
        (seconds > best_cost || (seconds == best_cost && workers_[candidate].bytes >= workers_[best].bytes)))
      continue;
    best = candidate;
    best_cost = seconds;
  }
  return best;
}

WorkerIndex State::choose_restricted(const Task& task) const {
  WorkerIndex best = nowhere;
  double best_cost = 0;
  for (WorkerIndex i = 0; i < workers_.size(); ++i) {
    if (!allowed(task, workers_[i])) continue;
    // A preference costs an hour where it is not met, and so does a worker that must finish other tasks first
    // and has no time for that.
    const bool preferred = !task.options() || named(*task.options(), workers_[i]);
    const bool late = !in_time(task, workers_[i], workers_[i].wait_s());
    const double seconds = std::max(cost(task, i), resource_wait(task, workers_[i])) +
                           workers_[i].ready() * 1e-9 + (preferred ? 0 : 3600) + (late ? 3600 : 0) +
                           (workers_[i].reserved && !has_room(task, workers_[i]) ? 1800 : 0);
    if (best != nowhere && seconds >= best_cost) continue;
    best = i;
    best_cost = seconds;
  }
  return best;
}

bool State::has_room(const Task& task, const Worker& worker) const {
  return worker.ready() + worker.extra() < limit(task, worker) &&
         (!worker.ends() || in_time(task, worker, worker.wait_s()));
}

// What was asked of every worker is done by those too that are leaving.
Obstacle State::obstacle(const Task& task, const Worker& worker) const {
  const Options* options = task.options();
  if (!worker.alive) return Obstacle::gone;
  if (worker.retiring && !task.out_of_band) return Obstacle::retiring;
  if (options && !options->allow_other_workers && !named(*options, worker)) return Obstacle::not_named;
  if (!in_time(task, worker, 0)) return Obstacle::time;
  if (options && !offers(worker, *options)) return Obstacle::resources;
  return Obstacle::none;
}

Placement State::placement(const Task& task) const {
  using What = Placement::What;
  if (task.is_call) return {What::assign, task.inputs[0].task->replicas[0].worker};
  if (task.is_actor) {
    const WorkerIndex home = home_for(task);
    return {home == nowhere ? What::nobody : What::assign, home};
  }
  if (task.restricted()) {
    const WorkerIndex index = choose_restricted(task);
    if (index == nowhere || !in_time(task, workers_[index], workers_[index].wait_s())) return {What::nobody};
    const bool is_kept = workers_[index].reserved && !has_room(task, workers_[index]);
    return {is_kept ? What::hold : What::assign, index};
  }
  if (task.inputs.empty()) return place_root(task);
  const WorkerIndex index = choose(task);
  if (index == nowhere) return {What::nobody};
  const Worker& worker = workers_[index];
  if (worker.queued == 0 && has_room(task, worker)) return {What::assign, index};
  return {What::hold, index, index};
}

// Whether tasks keep all its threads from one that comes now, for more than a moment. An actor that is being
// made does not: others are made with it.
bool State::is_occupied(const Worker& worker) const {
  constexpr double moment_s = 0.01;
  std::uint32_t taken = worker.queued + worker.extra();
  for (std::size_t i = 0; i + worker.blocked < worker.processing.size(); ++i)
    taken += !worker.processing[i]->is_actor && !worker.processing[i]->waits;
  return taken >= worker.places() && wait_of(worker) > moment_s;
}

// A worker with a free thread, if there is one: an actor never moves. Of those where the fewest actors are,
// then where least is to be done.
WorkerIndex State::home_for(const Task& actor) const {
  WorkerIndex best = nowhere;
  const auto is_better = [&](const Worker& worker, const Worker& than) {
    const auto order =
        std::pair(is_occupied(worker), worker.actors) <=> std::pair(is_occupied(than), than.actors);
    return order < 0 || (order == 0 && less_loaded(worker, than));
  };
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    if (allowed(actor, workers_[i]) && (best == nowhere || is_better(workers_[i], workers_[best]))) best = i;
  return best;
}

// Tasks without inputs are dealt out to the threads in turn, there and back again, so that the same places of
// two rows, which are often used together, come to one worker. Not those that are short: of these, runs of
// neighbours go together.
WorkerIndex State::share_of(const Task& task) const {
  const bool is_last = task.order == (roots_ << 8 | 255);
  if (!is_last || workers_.size() > few_workers || 2 * estimate(task) < settings_.ahead_s ||
      !waiting_gangs_.empty())
    return nowhere;
  std::uint32_t threads = 0;
  for (const Worker& worker : workers_) threads += worker.running() ? worker.threads : 0;
  if (threads == 0) return nowhere;
  std::uint32_t place = root_position_ % threads;
  if (root_position_ / threads % 2) place = threads - 1 - place;
  for (WorkerIndex i = 0;; ++i) {
    const std::uint32_t here = workers_[i].running() ? workers_[i].threads : 0;
    if (place < here) return i;
    place -= here;
  }
}

// A task without inputs: idle threads first; then runs of neighbours to one worker, since neighbours are
// often used together.
Placement State::place_root(const Task& task) const {
  using What = Placement::What;
  const auto is_idle = [&](WorkerIndex index) {
    return workers_[index].ready() + workers_[index].extra() < workers_[index].places();
  };
  WorkerIndex least = load_.least();
  if (least != nowhere && workers_[least].ends() && !in_time(task, workers_[least], workers_[least].wait_s()))
    least = choose_restricted(task);
  if (least == nowhere) return {What::nobody};
  WorkerIndex share = share_of(task);
  if (share != nowhere && (workers_[share].memory.paused || workers_[share].ends())) share = nowhere;
  if (queued_ > 0) return {What::hold, nowhere, is_idle(least) ? least : nowhere, nowhere, share};
  if (is_idle(least)) return {What::assign, share != nowhere && is_idle(share) ? share : least};
  if (share != nowhere && has_room(task, workers_[share])) return {What::assign, share};
  const bool goes_on = cursor_ != nowhere && workers_[cursor_].running() &&
                       !workers_[cursor_].memory.paused && has_room(task, workers_[cursor_]);
  const WorkerIndex next = goes_on ? cursor_ : least;
  if (has_room(task, workers_[next])) return {What::assign, next, nowhere, next};
  return {What::hold, nowhere, nowhere, next, share};
}

// Of one that is being computed it is taken to be as large as others of its function.
double State::transfer_s(const Task& input) const {
  const double bytes =
      input.state == TaskState::memory ? static_cast<double>(input.bytes) : groups_[input.group].bytes;
  return settings_.latency_s + bytes / settings_.bytes_per_s;
}

// Whether it stands behind so many of its siblings, who wait for the same input there, that others begin it
// sooner once that is done and they have done what they can run now: given ahead, it would be asked back by
// them.
bool State::fans_out(const Task& task, const Worker& home) const {
  constexpr std::uint32_t few = 4;  // for each thread
  const std::uint32_t before = task.inputs[0].position;
  const WorkerIndex least = load_.least();
  if (task.inputs.size() != 1 || before < few * home.threads || alive_ < 2 || least == nowhere) return false;
  const Worker& other = workers_[least];
  const double busy_s = (other.load_s - other.blocked_s) / other.threads;
  return !other.memory.paused &&
         before * double{estimate(task)} / home.threads > settings_.ahead_s + settings_.latency_s + busy_s;
}

// All its inputs are there or being computed: where most of them are, it can start without asking. Where that
// has much more to do than another that has some of them, the other: what follows will go there too.
Placement State::place_ahead(const Task& task) const {
  if (task.out_of_band || task.in_gang || task.is_actor) return {};
  const auto is_ready_for = [&](const Worker& worker) {
    return worker.running() && !worker.memory.paused && !worker.reserved &&
           in_time(task, worker, worker.load_s / worker.threads);
  };
  if (task.restricted()) {
    // One that would rather be at a worker, and wants nothing else.
    const Options& options = *task.options();
    WorkerIndex best = nowhere;
    const bool wants_more = !options.resources.empty() || options.cores > 0;
    if (!options.allow_other_workers || wants_more || task.is_call) return {};
    for (WorkerIndex i = 0; i < workers_.size(); ++i)
      if (is_ready_for(workers_[i]) && named(options, workers_[i]) &&
          (best == nowhere || less_loaded(workers_[i], workers_[best])))
        best = i;
    return best == nowhere ? Placement{} : ahead_at(best);
  }
  if (task.is_call) {
    const Task& actor = *task.inputs[0].task;
    return actor.state == TaskState::memory ? ahead_at(actor.replicas[0].worker) : Placement{};
  }
  struct Home {
    WorkerIndex index;
    // By what its tasks were estimated, and if all were like this one. In layers both are what can run and
    // what comes if the next ones are shared out as the last ones.
    std::array<double, 2> wait_s;
    double here_s;  // of transfers that are not needed there
  };
  SmallVector<Home, most_inputs> homes;
  std::array<double, 2> least_s{1e300, 1e300};
  const double own_s = estimate(task);
  const auto add_home = [&](WorkerIndex index) {
    const Worker& worker = workers_[index];
    Home home{index, {worker.load_s, own_s * static_cast<double>(worker.processing.size())}, 0};
    if (const double times = layers_.times(alive_); times > 0)
      home.wait_s.fill(worker.load_s - worker.blocked_s + times * own_s * worker.in_layer);
    for (double& wait_s : home.wait_s) wait_s /= worker.threads;
    homes.push_back(home);
    for (std::size_t k = 0; k < least_s.size(); ++k) least_s[k] = std::min(least_s[k], home.wait_s[k]);
  };
  for (std::uint32_t i = 0; i < std::min(task.inputs.size(), most_inputs); ++i) {
    const Task& input = sampled_input(task, i);
    const WorkerIndex at = input.state == TaskState::memory ? input.replicas[0].worker
                           : input.scattered                ? nowhere
                                                            : input.worker;
    if (at == nowhere) continue;
    if (!is_ready_for(workers_[at])) continue;
    auto* home = std::find_if(homes.begin(), homes.end(), [&](const Home& one) { return one.index == at; });
    if (home == homes.end()) {
      add_home(at);
      home = homes.end() - 1;
    }
    home->here_s += transfer_s(input);
    if (stride_.is(task.id - input.id)) home->here_s += settings_.latency_s / 2;
  }
  // All that it needs is at one, and somebody has nothing at all: also of a row that began at one worker.
  if (const WorkerIndex idle = load_.least();
      homes.size() == 1 && task.inputs.size() > 1 && idle != nowhere) {
    const Worker& worker = workers_[idle];
    if (worker.processing.empty() && worker.queued == 0 && is_ready_for(worker)) add_home(idle);
  }
  // Estimates from before the first tasks had finished may be far off.
  const auto gain_s = [&](const Home& home) {
    double unfair_s = 1e300;
    for (std::size_t k = 0; k < least_s.size(); ++k)
      unfair_s = std::min(unfair_s, home.wait_s[k] - 1.25 * least_s[k] - 4 * own_s);
    return home.here_s - std::max(0.0, unfair_s);
  };
  const Home* best = nullptr;
  for (const Home& home : homes) {
    const double better_s = best ? gain_s(home) - gain_s(*best) : 1;
    if (better_s > 0 || (better_s == 0 && less_loaded(workers_[home.index], workers_[best->index])))
      best = &home;
  }
  return best && !fans_out(task, workers_[best->index]) ? ahead_at(best->index) : Placement{};
}

Placement State::ahead_at(WorkerIndex index) const {
  const bool has_room = workers_[index].blocked < most_ahead(workers_[index]);
  return {has_room ? Placement::What::assign : Placement::What::hold, index};
}

}  // namespace weir::detail::scheduler
