// weir submit --pbs through the qsub and qstat that Slurm brings for users of Torque; runs under
// support/with_slurm.
#include <catch2/catch.hpp>

#include "batch_systems/user.hpp"

using namespace weir::test;

TEST_CASE("weir submit --pbs runs a job through Torque's programs, which do not tell its exit status") {
  const User user;
  const Finished done =
      user.weir({"submit", "--pbs", "-n", "2", "--nodes", "1", "-t", "5m", "--wait", "/bin/sh", "-c",
                 "echo rank $OMPI_COMM_WORLD_RANK \"$1\"; exit 4", "sh", "it's\n$HOME"});
  CAPTURE(done.err);
  CHECK(contains(done.out, "rank 0 it's\n$HOME\n"));
  CHECK(contains(done.out, "rank 1 it's\n$HOME\n"));
  CHECK(done.status == 4);
}

TEST_CASE("weir cancel ends a job through Torque's programs") {
  const User user;
  const std::string id =
      trimmed(user.weir({"submit", "--pbs", "-n", "1", "/bin/sh", "-c", "echo begun; sleep 1000"}).out);
  REQUIRE(eventually([&] { return user.weir({"logs", id}).out == "begun\n"; }));
  CHECK(contains(user.weir({"status", id}).out, " running "));
  CHECK(user.weir({"cancel", id}).out == "job " + id + " cancelled\n");
  CHECK(eventually([&] { return user.state(id) == "CANCELLED\n"; }));
}
