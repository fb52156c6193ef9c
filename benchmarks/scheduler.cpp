// The scheduler's state machine alone, with workers that answer at once: microseconds of processor time and
// bytes for each task.
//
// A graph of tasks with none, one or two inputs among the last thousand goes through it, from submission to
// release of its futures, in two ways: the workers answer while the graph is being submitted, and only when
// all of it has been. The worse of both counts.
#include <malloc.h>

#include <random>
#include <stdexcept>

#include "report.hpp"
#include "scheduler/state.hpp"

namespace {

using namespace weir;

struct Inputs {
  std::uint32_t count = 0;
  std::uint64_t numbers[2] = {};
};

std::vector<Inputs> make_graph(std::uint64_t tasks) {
  std::mt19937_64 random(1);
  std::vector<Inputs> graph(tasks);
  for (std::uint64_t i = 2; i < tasks; ++i) {
    const std::uint64_t draw = random() % 4;
    graph[i].count = draw == 0 ? 0 : draw == 3 ? 2 : 1;
    for (std::uint32_t k = 0; k < graph[i].count; ++k)
      graph[i].numbers[k] = i - 1 - random() % std::min<std::uint64_t>(i, 1000);
    if (graph[i].count == 2 && graph[i].numbers[0] == graph[i].numbers[1]) graph[i].count = 1;
  }
  return graph;
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class Cluster {
 public:
  Cluster(std::uint32_t workers, std::uint64_t tasks) : tasks_(tasks) {
    for (PeerId peer = 1; peer <= workers; ++peer) {
      detail::protocol::Hello hello;
      hello.name = "worker " + std::to_string(peer);
      hello.threads = 1;
      state_.join(0, peer, hello, actions_);
      carry_out();
    }
  }

  void submit(std::uint64_t number, const Inputs& inputs) {
    detail::protocol::SubmitTask message;
    message.id = make_task_id(0, number + 1);
    message.function = 1;
    message.arguments.append(&number, sizeof number);
    for (std::uint32_t i = 0; i < inputs.count; ++i)
      message.inputs.push_back(make_task_id(0, inputs.numbers[i] + 1));
    state_.handle(0, 0, std::move(message), actions_);
    carry_out();
  }
  void release(std::uint64_t number) {
    state_.handle(0, 0, detail::protocol::ReleaseTask{make_task_id(0, number + 1)}, actions_);
    carry_out();
  }
  // Until the workers have nothing to do.
  void answer_all() {
    while (!answers_.empty()) {
      now_answered_.swap(answers_);
      for (const Answer& answer : now_answered_) {
        detail::protocol::RunFinished message;
        message.id = answer.task;
        message.run = answer.run;
        message.bytes = sizeof(std::uint64_t);
        message.duration_s = 1e-6f;
        message.has_small = true;
        message.small.append(&answer.task, sizeof answer.task);
        state_.handle(0, answer.worker, std::move(message), actions_);
        carry_out();
      }
      now_answered_.clear();
    }
  }
  // Without the simulated workers' own memory.
  void note_heap() {
    most_bytes_ = std::max(most_bytes_,
                           heap_bytes() - (answers_.capacity() + now_answered_.capacity()) * sizeof(Answer));
  }
  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] const detail::scheduler::State& state() const { return state_; }

 private:
  struct Answer {
    PeerId worker;
    TaskId task;
    std::uint32_t run;
  };

  void carry_out() {
    for (const detail::scheduler::Action& action : actions_) {
      if (const auto* assign = std::get_if<detail::scheduler::Assign>(&action.message)) {
        if (state_.run_message(assign->task).id == assign->task)
          answers_.push_back({action.to, assign->task, assign->run});
      } else if (std::holds_alternative<detail::protocol::TaskDone>(action.message)) {
        ++done_;
      }
    }
    actions_.clear();
    if (++events_ % 131'072 == 0 && done_ < tasks_) note_heap();
  }

  std::uint64_t tasks_;
  detail::scheduler::State state_;
  detail::scheduler::Actions actions_;
  std::vector<Answer> answers_, now_answered_;
  std::uint64_t done_ = 0, events_ = 0;
  std::size_t most_bytes_ = 0;
};

struct Cost {
  double us = 0, bytes = 0;
};

Cost measure(const std::vector<Inputs>& graph, std::uint32_t workers, bool answer_meanwhile) {
  constexpr std::uint64_t batch = 32;  // tasks in a message of the client
  const std::size_t before = heap_bytes();
  Cluster cluster(workers, graph.size());
  const double start =
      bench::cpu_s();  // one thread that never waits: what others do on the machine does not count
  for (std::uint64_t i = 0; i < graph.size(); ++i) {
    cluster.submit(i, graph[i]);
    if (answer_meanwhile && i % batch == batch - 1) cluster.answer_all();
  }
  cluster.note_heap();
  cluster.answer_all();
  cluster.note_heap();
  for (std::uint64_t i = 0; i < graph.size(); ++i) cluster.release(i);
  const double seconds = bench::cpu_s() - start;
  if (cluster.done() != graph.size()) throw std::runtime_error("scheduler: every task must finish");
  if (cluster.state().task_count() != 0) throw std::runtime_error("scheduler: every task must be forgotten");
  const auto tasks = static_cast<double>(graph.size());
  return {seconds / tasks * 1e6, static_cast<double>(cluster.most_bytes() - before) / tasks};
}

// Median of three rounds, in memory that a first one has used: what fresh pages cost is the system's.
Cost median_of_rounds(const std::vector<Inputs>& graph, std::uint32_t workers, bool answer_meanwhile) {
  measure(graph, workers, answer_meanwhile);
  std::vector<double> us, bytes;
  for (int round = 0; round < 3; ++round) {
    const Cost cost = measure(graph, workers, answer_meanwhile);
    us.push_back(cost.us);
    bytes.push_back(cost.bytes);
  }
  return {bench::median(us), bench::median(bytes)};
}

}  // namespace

int main(int argc, char** argv) {
  const auto graph = make_graph(static_cast<std::uint64_t>(bench::option(argc, argv, "--tasks", 1'000'000)));
  std::vector<Cost> costs;
  for (const std::uint32_t workers : {10u, 10'000u}) {
    const Cost meanwhile = median_of_rounds(graph, workers, true),
               afterwards = median_of_rounds(graph, workers, false);
    std::fprintf(stderr,
                 "scheduler: %u workers: %.3f us and %.0f bytes for each task if they answer meanwhile, %.3f "
                 "us and %.0f bytes if afterwards\n",
                 workers, meanwhile.us, meanwhile.bytes, afterwards.us, afterwards.bytes);
    costs.push_back({std::max(meanwhile.us, afterwards.us), std::max(meanwhile.bytes, afterwards.bytes)});
  }
  bench::print("scheduler_us_per_task_10_workers", costs[0].us);
  bench::print("scheduler_us_per_task_10000_workers", costs[1].us);
  bench::print("scheduler_us_per_task", std::max(costs[0].us, costs[1].us));
  bench::print("scheduler_us_spread",
               std::max(costs[0].us, costs[1].us) / std::min(costs[0].us, costs[1].us));
  bench::print("scheduler_bytes_per_task_10_workers", costs[0].bytes);
  bench::print("scheduler_bytes_per_task_10000_workers", costs[1].bytes);
  bench::print("scheduler_bytes_per_task", std::max(costs[0].bytes, costs[1].bytes));
  bench::print("scheduler_bytes_spread",
               std::max(costs[0].bytes, costs[1].bytes) / std::min(costs[0].bytes, costs[1].bytes));
}
