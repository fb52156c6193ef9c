// A job of several nodes on a real Slurm; runs under support/with_slurm with two of them.
#include <catch2/catch.hpp>

#include "batch_systems/user.hpp"

using namespace weir::test;

TEST_CASE("weir submit spreads the ranks over the nodes asked for") {
  const User user;
  const Finished done = user.weir({"submit", "-n", "4", "--nodes", "2", "--wait", "/bin/sh", "-c",
                                   "echo $SLURMD_NODENAME has $OMPI_COMM_WORLD_LOCAL_RANK"});
  CAPTURE(done.err);
  CHECK(done.status == 0);
  for (const std::string line : {"node1 has 0\n", "node1 has 1\n", "node2 has 0\n", "node2 has 1\n"})
    CHECK(contains(done.out, line));
}
