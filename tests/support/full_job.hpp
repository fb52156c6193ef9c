// A job that asks for everything that every batch system has.
#pragma once

#include "weir/batch.hpp"

namespace weir::test {

[[nodiscard]] inline JobOptions full_job() {
  JobOptions options;
  options.name = "sum";
  options.ranks = 64;
  options.nodes = 4;
  options.threads_per_rank = 2;
  options.gpus_per_node = 1;
  options.memory_bytes = 28'000'000'000;
  options.walltime = std::chrono::hours(2);
  options.queue = "regular";
  options.account = "project";
  options.weir = "/opt/weir/bin/weir";
  options.command = {"./app", "two words"};
  return options;
}

}  // namespace weir::test
