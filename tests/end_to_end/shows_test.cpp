// What people see: the progress bar on a terminal, the story that WEIR_LOG=debug tells.
#include <catch2/catch.hpp>

#include "support/jobs.hpp"

using namespace weir::test;

TEST_CASE("progress draws on a terminal") {
  const Finished finished = run({"script", "-qec", SHOWS_JOB " progress", "/dev/null"});
  CHECK(finished.status == 0);
  CHECK_THAT(finished.out,
             Catch::Contains("20/20 done, 1 failed") && Catch::Contains("[=====") && Catch::Contains("over"));
}

TEST_CASE("progress is silent where stderr is no terminal") {
  const Finished finished = run({SHOWS_JOB, "progress"});
  CHECK(finished.status == 0);
  CHECK(finished.out == "over\n");
  CHECK(finished.err.empty());
}

TEST_CASE("WEIR_LOG=debug tells who joined, was lost and left, and what was run again") {
  TemporaryFolder folder;
  const Finished finished = run({WEIR_TOOL, "run", "-n", "4", SHOWS_JOB, "story", folder.path()},
                                {.environment = {{"WEIR_LOG", "debug"}}});
  CHECK(finished.status == 0);
  CHECK(finished.out == "56\n");
  CHECK_THAT(finished.err,
             Catch::Contains("worker 1 joined from ") && Catch::Contains("worker 3 joined from "));
  CHECK_THAT(finished.err, Catch::Contains(" died; it was executing deadly-1"));
  CHECK_THAT(finished.err, Catch::Contains("clumsy-2 failed on worker ") &&
                               Catch::Contains("the first time") && Catch::Contains("is run again"));
  CHECK_THAT(finished.err, Catch::Contains(" was retired"));
  CHECK_THAT(finished.err, Catch::Contains("the body has ended"));
  CHECK_THAT(finished.err, Catch::Contains("all workers have left"));
}
