// scheduler: random graphs on simulated clusters, every invariant after every event; `scheduler [first]
// [count]`.
//
// A seed decides everything: the graph, the troubles, the delays. Prints the seed of a run that fails and
// goes on.
#include <cstdlib>
#include <iostream>

#include "support/random_run.hpp"

using namespace weir::test;

namespace {

Trouble trouble_of(std::uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  const auto sometimes = [&](std::uint32_t most) { return below(2) ? below(most + 1) : 0; };
  Trouble trouble;
  trouble.tasks = 20 + below(80);
  trouble.workers = 1 + below(6);
  trouble.deaths = sometimes(4);
  trouble.mistakes = sometimes(2);
  trouble.joins = sometimes(4);
  trouble.retirements = sometimes(2);
  trouble.releases = sometimes(60);
  trouble.cancels = sometimes(30);
  trouble.retries = sometimes(40);
  trouble.fetches = sometimes(30);
  trouble.scattered = sometimes(6);
  trouble.failing = below(3) == 0 ? 0.2 : 0;
  trouble.restricted = below(2) ? 0.3 : 0;
  trouble.gangs = below(2) ? 0.3 : 0;
  trouble.nested = below(2) ? 0.3 : 0;
  trouble.memory = below(2) ? 10'000 + below(60'000) : 0;
  trouble.disk_failing = trouble.memory && below(3) == 0 ? 0.4 : 0;
  trouble.trickle = below(2);
  return trouble;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 300;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      RandomRun(seed, trouble_of(seed)).go();
    } catch (const std::exception& error) {
      ++failed;
      std::cout << "seed " << seed << ": " << error.what() << std::endl;
    }
  }
  std::cout << count - failed << " of " << count << " runs as they should be" << std::endl;
  return failed || count == 0 ? 1 : 0;
}
