// RandomRun: a random graph on a simulated cluster under deaths, limits, cancellations and the like.
#pragma once

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "simulator/cluster.hpp"

namespace weir::test {

using detail::simulator::SimulatedCluster;
using detail::simulator::SimulatedFuture;
using detail::simulator::SimulatedGraph;
using detail::simulator::SimulatedSettings;
using detail::simulator::SimulatedTask;

/// What a run is exposed to.
struct Trouble {
  std::uint32_t tasks = 60;
  std::uint32_t workers = 4;
  std::uint32_t deaths = 0;
  std::uint32_t mistakes = 0;
  std::uint32_t joins = 0;
  std::uint32_t retirements = 0;
  std::uint32_t releases = 0;
  std::uint32_t cancels = 0;
  std::uint32_t retries = 0;
  std::uint32_t fetches = 0;
  std::uint32_t scattered = 0;
  double failing = 0;        // fraction of tasks that throw
  double restricted = 0;     // fraction of tasks that need a resource or a worker
  double nested = 0;         // fraction of tasks that submit others and wait for them
  double gangs = 0;          // fraction of tasks that are gangs of up to as many ranks as there are workers
  std::uint64_t memory = 0;  // of each worker's results; 0: no limit
  double disk_failing = 0;   // fraction of the writes that find the disk full
  double jitter_s = 1e-3;
  bool trickle = false;  // submits while others run
};

/// One client, one cluster, one seed.
///
/// **Errors.** `go` throws `Error{internal}` that says which invariant broke, what hangs or what leaks.
class RandomRun {
 public:
  RandomRun(std::uint64_t seed, Trouble trouble)
      : random_(seed), trouble_(trouble), cluster_(settings(seed, trouble)) {
    for (std::uint32_t i = 0; i < trouble.workers; ++i) join();
    prepare();
    plan_events();
  }

  void go() {
    std::size_t steps = 0;
    while (cluster_.step()) {
      if (++steps > 200'000)
        nothing_hangs([](const SimulatedFuture& f) { return f.status != Status::pending; });
      if (steps > 200'000) throw Error(ErrorKind::internal, "it never ends");
      if (steps % 8 == 0) watch_gangs();
    }
    ask_for_everything();
    everything_is_decided();
    nothing_idles_for_gangs();
    release_everything();
  }

  void trace(const std::string& number) {
    cluster_.trace = [number](double time, PeerId from, PeerId to, const std::string& what) {
      if ((what + " ").find(" " + number + " ") != std::string::npos || what.starts_with("PeersGone"))
        std::printf("%.6f %u -> %u %s\n", time, from, to, what.c_str());
    };
  }
  void tell_story(TaskId id) const {
    for (const detail::scheduler::StoryLine& line : cluster_.scheduler().story(id))
      std::cerr << line.time << ": " << to_string(line.from) << " -> " << to_string(line.to) << " (worker "
                << static_cast<int>(line.worker) << "): " << line.cause << "\n";
  }

 private:
  using Status = SimulatedFuture::Status;
  static constexpr std::uint32_t most_cores = 3;  // of a worker, and of a task

  static SimulatedSettings settings(std::uint64_t seed, const Trouble& trouble) {
    SimulatedSettings settings;
    settings.seed = seed;
    settings.jitter_s = trouble.jitter_s;
    settings.checked = true;
    settings.scheduling.allowed_failures = 100;
    if (trouble.memory) settings.memory = {.limit = trouble.memory, .smallest = 1000};
    settings.disk_bytes_per_s = 1e7;
    settings.disk_failing = trouble.disk_failing;
    return settings;
  }

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  double moment() {
    return std::uniform_real_distribution<double>(0, 3e-3 * trouble_.tasks / trouble_.workers)(random_);
  }

  void join() {
    std::vector<Resource> resources;
    if (below(2)) resources.push_back({"GPU", 1.0 + static_cast<double>(below(2))});
    cluster_.join(1 + static_cast<std::uint32_t>(below(most_cores)), resources);
  }

  void prepare() {
    for (std::uint32_t i = 0; i < trouble_.scattered; ++i) {
      const auto alive = cluster_.alive();
      std::vector<PeerId> targets{alive[below(alive.size())]};
      if (alive.size() > 1 && below(2)) targets.push_back(targets[0] == alive[0] ? alive[1] : alive[0]);
      ids_.push_back(cluster_.scatter(8 << below(20), targets));
    }
    SimulatedGraph graph = detail::simulator::random_graph(
        trouble_.tasks, 1 + static_cast<std::uint32_t>(below(30)), 2e-3, random_());
    for (std::uint32_t i = 0; i < trouble_.tasks; ++i) {
      const double when = trouble_.trickle ? moment() : 0;
      order_.push_back(when);
      (void)i;
    }
    std::sort(order_.begin(), order_.end());
    for (std::uint32_t i = 0; i < trouble_.tasks; ++i) submit_at(order_[i], std::move(graph[i]));
  }

  void submit_at(double when, SimulatedTask task) {
    auto options = std::make_shared<Options>();
    if (chance(trouble_.failing)) {
      task.failures = 1 + static_cast<std::uint32_t>(below(3));
      options->retries = static_cast<int>(below(4));
    }
    if (chance(0.2)) options->priority = static_cast<int>(below(3)) - 1;
    const bool is_gang = trouble_.gangs > 0 && chance(trouble_.gangs);
    if (is_gang && below(3) == 0) options->cores = 1;
    if (!is_gang && chance(trouble_.restricted)) {
      if (below(2)) options->resources.push_back({"GPU", 1});
      else options->workers.push_back(std::to_string(1 + below(trouble_.workers)));
      options->allow_other_workers = options->resources.empty() && below(2);
    }
    if (!is_gang && trouble_.nested > 0 && below(3) == 0) options->cores = cores();
    if (trouble_.nested > 0 && chance(trouble_.nested)) task.child = child(2);
    task.options = options;
    const std::uint32_t ranks = is_gang ? 1 + static_cast<std::uint32_t>(below(trouble_.workers)) : 0;
    if (when == 0) return submit(std::move(task), ranks);
    cluster_.at(when, [this, task = std::move(task), ranks]() mutable { submit(std::move(task), ranks); });
  }

  int cores() { return 1 + static_cast<int>(below(most_cores)); }

  /// Waiting tasks keep what they asked for beside cores: their children ask for cores only.
  std::shared_ptr<const SimulatedTask> child(int depth) {
    SimulatedTask task;
    task.function = 2;
    task.duration_s = 1e-3;
    Options options;
    if (below(2)) options.cores = cores();
    task.options = std::make_shared<Options>(options);
    if (depth > 1 && below(2)) task.child = child(depth - 1);
    return std::make_shared<SimulatedTask>(std::move(task));
  }

  void submit(SimulatedTask task, std::uint32_t ranks) {
    longest_task_s_ = std::max(longest_task_s_, task.duration_s);
    std::vector<TaskId> inputs;
    std::set<std::uint32_t> used;
    for (const std::uint32_t input : task.inputs) {
      // Inputs among the latest that are still held, as a program would have it.
      std::uint32_t at = input + trouble_.scattered;
      if (trouble_.scattered && below(8) == 0) at = static_cast<std::uint32_t>(below(trouble_.scattered));
      if (at < ids_.size() && cluster_.future(ids_[at]).held && used.insert(at).second)
        inputs.push_back(ids_[at]);
    }
    task.inputs.clear();
    if (ranks == 0) {
      ids_.push_back(cluster_.submit(std::move(task), inputs));
      inputs_[ids_.back()] = inputs;
      return;
    }
    const auto members = cluster_.submit_gang(task, inputs, ranks);
    leaders_.push_back(members.front());
    ids_.insert(ids_.end(), members.begin(), members.end());
    for (const TaskId member : members) {
      inputs_[member] = inputs;
      gangs_[member] = members;
    }
    if (below(2))  // as a program that wants the result of rank 0
      for (std::size_t rank = 1; rank < members.size(); ++rank) cluster_.release(members[rank]);
  }

  template <class F>
  void often(std::uint32_t times, F&& action) {
    for (std::uint32_t i = 0; i < times; ++i) cluster_.at(moment(), action);
  }
  template <class F>
  void to_some_task(std::uint32_t times, F&& action) {
    often(times, [this, action] {
      if (!ids_.empty()) action(ids_[below(ids_.size())]);
    });
  }

  void plan_events() {
    often(trouble_.deaths, [this] {
      if (const auto alive = cluster_.alive(); alive.size() > 1) cluster_.kill(alive[below(alive.size())]);
    });
    often(trouble_.mistakes, [this] {
      if (const auto alive = cluster_.alive(); alive.size() > 1)
        cluster_.mistake_for_dead(alive[below(alive.size())]);
    });
    often(trouble_.retirements, [this] {
      if (const auto alive = cluster_.alive(); alive.size() > 1) cluster_.retire(alive[below(alive.size())]);
    });
    often(trouble_.joins, [this] { join(); });
    to_some_task(trouble_.releases, [this](TaskId id) { cluster_.release(id); });
    to_some_task(trouble_.cancels, [this](TaskId id) { cluster_.cancel(id); });
    to_some_task(trouble_.retries, [this](TaskId id) {
      note_retried(id);
      cluster_.retry(id);
    });
    to_some_task(trouble_.fetches, [this](TaskId id) { cluster_.fetch(id); });
    // In the end there is a worker that may run everything.
    cluster_.at(3e-3 * trouble_.tasks / trouble_.workers + 1, [this] {
      for (std::uint32_t i = 1; i <= trouble_.workers; ++i)
        cluster_.join(most_cores, {{"GPU", 2}}, std::to_string(i));
    });
  }

  /// Whether a place that is free is kept for a gang.
  void watch_gangs() {
    for (const TaskId leader : leaders_) {
      bool is_kept = false;
      if (cluster_.future(leader).status == Status::pending)
        for (const std::string& line : cluster_.scheduler().explain(leader))
          is_kept |= line.find(" and are free") != std::string::npos;
      if (!is_kept) {
        kept_since_.erase(leader);
        continue;
      }
      const double since = kept_since_.emplace(leader, cluster_.now()).first->second;
      longest_kept_s_ = std::max(longest_kept_s_, cluster_.now() - since);
    }
  }

  /// No longer than the longest task takes, and the messages around it, and anew with each worker that goes.
  /// What waits for a disk, or for other tasks, takes longer.
  void nothing_idles_for_gangs() const {
    const double times = 1.0 + trouble_.deaths + trouble_.mistakes + trouble_.retirements;
    if (trouble_.memory == 0 && trouble_.nested == 0 &&
        longest_kept_s_ > times * (longest_task_s_ + 5 * trouble_.jitter_s))
      throw Error(ErrorKind::internal,
                  "a free place was kept for a gang for " + std::to_string(longest_kept_s_) +
                      " s, and no task takes longer than " + std::to_string(longest_task_s_) + " s");
  }

  void ask_for_everything() {
    for (const TaskId id : ids_) cluster_.fetch(id);
    cluster_.run();
  }

  template <class Test>
  void nothing_hangs(Test is_decided) {
    for (const TaskId id : ids_) {
      const SimulatedFuture& future = cluster_.future(id);
      if (!future.held || is_decided(future)) continue;
      std::string why = "task " + std::to_string(task_number(id)) + " hangs";
      for (const std::string& line : cluster_.scheduler().explain(id)) why += "; " + line;
      throw Error(ErrorKind::internal, why);
    }
  }

  void everything_is_decided() {
    nothing_hangs([](const SimulatedFuture& future) {
      return future.status != Status::pending && (future.status != Status::finished || future.has_value);
    });
    for (const TaskId id : ids_) {
      const SimulatedFuture& future = cluster_.future(id);
      if (!future.held) continue;
      if (future.status == Status::error && !reason_is_known(id, *future.failure))
        throw Error(ErrorKind::internal, "failed without a reason: " + future.failure->text());
    }
  }

  bool reason_is_known(TaskId id, const Failure& failure) const {
    if (failure.kind == ErrorKind::cancelled)
      return trouble_.cancels > 0 ||
             (failure.message == "this scattered data has been released" && was_done_before(id));
    if (failure.kind == ErrorKind::task_failed)
      return trouble_.failing > 0 && failure.message == "planned failure";
    if (failure.kind == ErrorKind::io)
      return trouble_.disk_failing > 0 && failure.message.find("has no room") != std::string::npos;
    return failure.kind == ErrorKind::worker_lost && trouble_.scattered > 0 &&
           trouble_.deaths + trouble_.mistakes > 0;
  }

  /// What failed below it is run again too, and the others of its gang.
  void note_retried(TaskId id) {
    if (!inputs_.contains(id) || !retried_.insert(id).second) return;
    for (const TaskId input : inputs_[id]) note_retried(input);
    if (const auto gang = gangs_.find(id); gang != gangs_.end())
      for (const TaskId member : gang->second) note_retried(member);
  }

  /// Scattered data may go when what was made of it is over: that may be lost later with its worker, or
  /// be retried, and be wanted again. Nobody who has never run may miss it.
  bool was_done_before(TaskId id) const {
    const auto inputs = inputs_.find(id);
    if (inputs == inputs_.end()) return false;
    if (retried_.contains(id)) return true;
    return std::any_of(inputs->second.begin(), inputs->second.end(), [&](TaskId input) {
      const bool is_released_data = !inputs_.contains(input) && !cluster_.future(input).held;
      return (is_released_data && cluster_.runs_of(id) > 0) || was_done_before(input);
    });
  }

  void release_everything() {
    for (const TaskId id : ids_) cluster_.release(id);
    cluster_.run();
    if (const std::size_t left = cluster_.scheduler().task_count())
      throw Error(ErrorKind::internal, std::to_string(left) + " tasks leak at the scheduler");
    for (const PeerId peer : cluster_.alive()) {
      const detail::worker::State& state = cluster_.worker(peer);
      if (state.count() || state.memory().managed_bytes || state.memory().spilled_bytes ||
          !state.executing().empty())
        throw Error(ErrorKind::internal,
                    std::to_string(state.count()) + " records leak at a worker: " + records(state));
    }
  }

  std::string records(const detail::worker::State& state) const {
    std::string text;
    for (const TaskId id : ids_)
      if (const detail::worker::Record* record = state.record(id))
        text += " task " + std::to_string(task_number(id)) + " data " + std::to_string(int(record->data)) +
                " run " + std::to_string(int(record->state)) + " keep " + std::to_string(record->keep) +
                " waiters " + std::to_string(record->waiters.size()) + " parked " +
                std::to_string(record->parked ? record->parked->peers.size() : 0) + ";";
    return text;
  }

  std::mt19937_64 random_;
  Trouble trouble_;
  SimulatedCluster cluster_;
  std::vector<TaskId> ids_;
  std::map<TaskId, std::vector<TaskId>> inputs_;  // of all but scattered data
  std::map<TaskId, std::vector<TaskId>> gangs_;   // of each member all
  std::set<TaskId> retried_;
  std::vector<double> order_;
  std::vector<TaskId> leaders_;  // of gangs
  std::map<TaskId, double> kept_since_;
  double longest_kept_s_ = 0, longest_task_s_ = 0;
};

}  // namespace weir::test
