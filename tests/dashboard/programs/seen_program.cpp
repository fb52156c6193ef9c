// A dashboard of a program that is made up: `seen_program WORKERS`, until stdin ends. Names are hostile.
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "dashboard/dashboard.hpp"
#include "seeing/streams.hpp"

namespace {

using namespace weir::detail;

class Streams final : public seeing::StreamWatch {
 public:
  bool sample() override { return true; }
  std::vector<seeing::StreamSeen> take(double now_s) override {
    const auto count = static_cast<std::uint64_t>(1000 * now_s);
    seeing::StreamNodeSeen source, queue, map;
    source.label = "<source: frames>";
    source.out = queue.in = count;
    source.blocked = 0.81;
    source.below = {1};
    queue.label = "<buffer: 8>";
    queue.out = map.in = count / 2;
    queue.dropped = 7;
    queue.below = {2};
    map.label = "<map: <u>fft</u>>";
    map.busy = 0.97;
    map.late = 5;
    map.watermark = 1.6e9;
    map.watermark_unit = "clock";
    return {{{source, queue, map}}};
  }
};

dashboard::Source made_up(std::uint32_t workers) {
  dashboard::Source source;
  source.inbox = std::make_shared<seeing::Inbox>();
  using Clock = std::chrono::steady_clock;
  source.look = [workers, inbox = source.inbox, second = 0, last = Clock::time_point(),
                 look = dashboard::Look()]() mutable {
    if (Clock::now() - last < std::chrono::milliseconds(900)) return look;  // looked at in between
    last = Clock::now();
    ++second;
    look = {};
    for (std::uint32_t peer = 1; peer <= workers; ++peer) {
      weir::WorkerInfo worker;
      worker.peer = peer;
      worker.name = "worker " + std::to_string(peer);
      worker.host = "<img src=x onerror=alert(1)>";
      worker.threads = 4;
      worker.managed_bytes = 1000 * peer;
      worker.memory_limit = 1'000'000'000;
      look.snapshot.workers.push_back(worker);
      protocol::Seen seen;
      seen.now_us = 1'000'000 * second;
      seen.interval_s = 1;
      seen.threads = 4;
      seen.unasked_s = 1.5;
      seen.fetching_s = 0.25;
      seen.read_bytes = 5'000'000;
      seen.functions.push_back({16, 1000, 1, 2'000'000'000, 8000, {{20, 900}, {24, 100}}, 250'000'000, 0});
      seen.functions.push_back({32, 10, 0, 400'000'000, 80, {{26, 10}}});
      const std::int64_t blocks = workers > 100 ? 1 : 10;  // of many workers each tells little
      for (std::uint16_t thread = 0; thread < 4; ++thread)
        for (std::int64_t i = 0; i < blocks; ++i)
          seen.blocks.push_back({1'000'000 * (second - 1) + i * 1'000'000 / blocks,
                                 static_cast<std::uint32_t>(600'000 / blocks),
                                 static_cast<std::uint32_t>(500'000 / blocks), 250,
                                 (thread + i) % 2 ? std::uint16_t{1} : std::uint16_t{0}, thread});
      if (peer == 1) {
        seen.blocks.front().failed = 1;
        seen.blocks.push_back({1'000'000 * second - 300'000, 250'000, 0, 0, 0, 0, 0, 1});
      }
      if (peer == 1) {
        seen.blocks.push_back({1'000'000 * second - 350'000, 300'000, 0, 0, 0, 1, 0, 3});
        seen.functions.front().serializing_ns = 40'000'000;
        seen.running.push_back({2, 16, 10'000});
        seen.slow.push_back({40, 16, 1'000'000 * second, 900'000, false});
        if (second == 1) seen.log = {"00:00:01.000 weir worker 1 warn: <img src=x onerror=alert(3)>"};
      }
      if (peer == 1) seen.stacks = {{90, {1, 2}}, {10, {1, 3}}};
      if (peer < 5) seen.links.push_back({peer % 4 + 1, 1000u * peer, 10});
      inbox->put(peer, std::move(seen));
    }
    inbox->put({0,
                "wave-17",
                "worker 1",
                "std::runtime_error",
                "</script><script>alert(2)</script>",
                {"2s before: waiting to processing at worker 1 (<b>submitted</b>)"},
                41});
    look.snapshot.tasks = {0, 5, 0, 0, 8, 100, 1, 0};
    look.progress = {{16, 100'000, 50'000}, {32, 1000, 10}};
    return look;
  };
  source.closer_look = [] {
    snapshot::SeenTasks seen;
    seen.tasks = {{1, 16, 0, weir::TaskState::memory, {}},
                  {2, 16, 1, weir::TaskState::processing, {0}},
                  {3, 32, 0, weir::TaskState::waiting, {0, 1}}};
    seen.tasks_total = 1'000'000;
    seen.results = {{16, 1, 100, 5000}};
    seen.results_looked_at = seen.results_total = 100;
    return seen;
  };
  source.look_at_worker = [](weir::PeerId peer) {
    return snapshot::SeenTasks{
        {{2, 16, peer, weir::TaskState::processing, {}}}, 1, {{16, peer, 100, 5000}}, 100, 100};
  };
  source.look_at_task = [](weir::TaskId id) {
    snapshot::TaskLook look;
    if (id == 40) look.story = {"1s before: waiting to processing (<b>slow</b>)"};
    if (id > 3) return look;
    look.name = "wave<b>bold</b>-" + std::to_string(id);
    look.function = 16;
    look.state = weir::TaskState::waiting;
    look.conditions = {"only on \"<u>fast</u>\""};
    look.inputs_total = 1;
    look.inputs = {{1, "wave<b>bold</b>-1", weir::TaskState::memory}};
    look.explained = {"it waits for <i>another</i>"};
    return look;
  };
  seeing::job_board().put(nullptr, {"slurm", 2, "<i>QOSMaxJobs</i>", {{"4711", "queued", 0, 60}}});
  source.code_of = [](std::uint64_t code) {
    return code == 1 ? std::string("<b>wave</b>(int)") : "part " + std::to_string(code);
  };
  source.name_of = [](std::uint64_t function) {
    return std::string(function == 16 ? "wave<b>bold</b>" : "\"'&<fft>");
  };
  return source;
}

}  // namespace

int main(int argc, char** argv) {
  static Streams streams;
  seeing::stream_watch() = &streams;
  const char* where = std::getenv("WEIR_DASHBOARD");
  dashboard::Dashboard seen(made_up(argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 1),
                            dashboard::parse_wish(where ? where : ""));
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}
