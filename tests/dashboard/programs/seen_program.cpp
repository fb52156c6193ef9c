// A dashboard of a program that is made up: `seen_program WORKERS`, until stdin ends. Names are hostile.
#include <unistd.h>

#include <cstdlib>

#include "dashboard/dashboard.hpp"

namespace {

using namespace weir::detail;

dashboard::Source made_up(std::uint32_t workers) {
  dashboard::Source source;
  source.inbox = std::make_shared<seeing::Inbox>();
  source.look = [workers, inbox = source.inbox, second = 0]() mutable {
    ++second;
    dashboard::Look look;
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
      seen.functions.push_back({16, 1000, 1, 2'000'000'000, 8000, {{20, 900}, {24, 100}}});
      seen.functions.push_back({32, 10, 0, 400'000'000, 80, {{26, 10}}});
      for (std::uint16_t thread = 0; thread < 4; ++thread)
        seen.blocks.push_back({1'000'000 * (second - 1), 600'000, 500'000, 250,
                               thread % 2u ? std::uint16_t{1} : std::uint16_t{0}, thread});
      inbox->put(peer, std::move(seen));
    }
    inbox->put({0, "wave-17", "worker 1", "std::runtime_error", "</script><script>alert(2)</script>"});
    look.snapshot.tasks = {0, 5, 0, 0, 8, 100, 1, 0};
    look.progress = {{16, 100'000, 50'000}, {32, 1000, 10}};
    return look;
  };
  source.name_of = [](std::uint64_t function) {
    return std::string(function == 16 ? "wave<b>bold</b>" : "\"'&<fft>");
  };
  return source;
}

}  // namespace

int main(int argc, char** argv) {
  const char* where = std::getenv("WEIR_DASHBOARD");
  dashboard::Dashboard seen(made_up(argc > 1 ? static_cast<std::uint32_t>(std::atoi(argv[1])) : 1),
                            dashboard::parse_wish(where ? where : ""));
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}
