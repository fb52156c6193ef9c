// weir submit --pbs through the qsub and qstat that Slurm brings for users of Torque; runs under support/with_slurm.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "support/process.hpp"

using weir::test::Finished;
using weir::test::ProcessOptions;
using weir::test::run;

TEST_CASE("weir submit --pbs runs a job through Torque's programs") {
  const weir::test::TemporaryFolder folder;
  ProcessOptions options;
  options.folder = folder.path();
  options.environment = {{"HOME", folder.path()}, {"WEIR_STATE_DIR", ""}, {"XDG_STATE_HOME", ""}, {"WEIR_CONFIG", ""}, {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}};
  const std::vector<std::string> job{WEIR_TOOL, "submit", "--pbs", "-n", "2", "--nodes", "1", "-t", "5m", "--env", "OMPI_ALLOW_RUN_AS_ROOT=1", "--env", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "--wait", "/bin/sh", "-c", "echo rank $OMPI_COMM_WORLD_RANK \"$1\"", "sh", "it's\n$HOME"};
  const Finished done = run(job, options);
  CAPTURE(done.err);
  CHECK(done.out.find("rank 0 it's\n$HOME\n") != std::string::npos);
  CHECK(done.out.find("rank 1 it's\n$HOME\n") != std::string::npos);
  CHECK(done.status == 0);
}
