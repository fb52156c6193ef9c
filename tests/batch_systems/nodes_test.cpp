// A job of several nodes on a real Slurm; runs under support/with_slurm with two of them.
#include <catch2/catch.hpp>

#include "batch_systems/user.hpp"

using namespace weir::test;

namespace {

int times_said(const std::string& text, const std::string& sentence) {
  int times = 0;
  for (std::size_t at = 0; (at = text.find(sentence, at)) != std::string::npos; ++at) ++times;
  return times;
}

/// The next job goes to the first node then.
bool are_idle(const User& user) {
  return eventually([&] { return user.shell("sinfo -h -p main -o %t").out == "idle\n"; });
}

}  // namespace

TEST_CASE("weir submit spreads the ranks over the nodes asked for") {
  const User user;
  const Finished done = user.weir({"submit", "-n", "4", "--nodes", "2", "--wait", "/bin/sh", "-c",
                                   "echo $SLURMD_NODENAME has $OMPI_COMM_WORLD_LOCAL_RANK"});
  CAPTURE(done.err);
  CHECK(done.status == 0);
  for (const std::string line : {"node1 has 0\n", "node1 has 1\n", "node2 has 0\n", "node2 has 1\n"})
    CHECK(contains(done.out, line));
}

TEST_CASE("a job with a head has rank 0 on a node of its own, and the others reach it") {
  const User user;
  const Finished done = user.weir(
      {"submit", "-n", "4", "--head", "1,60MB", "--threads", "2", "--mem", "200MB", "--wait", "/bin/sh", "-c",
       "echo rank $OMPI_COMM_WORLD_RANK on $SLURMD_NODENAME, threads $WEIR_THREADS, "
       "$SLURM_MEM_PER_NODE MiB"});
  CAPTURE(done.err);
  CHECK(done.status == 0);
  for (const std::string line : {"rank 0 on node1,", ", 58 MiB\n", "rank 1 on node2, threads 2, 191 MiB\n",
                                 "rank 3 on node2, threads 2, 191 MiB\n"})
    CHECK(contains(done.out, line));
  CHECK_FALSE(contains(done.err, "srun: "));
  CHECK(eventually([&] { return user.shell("squeue -h -o %i").out.empty(); }));
}

TEST_CASE("Slurm's own launcher starts the ranks of a job if it is told to") {
  const User user;
  const Finished done = user.weir(
      {"submit", "-n", "3", "--nodes", "1", "--env", "WEIR_LAUNCHER=srun", "--wait", "/bin/sh", "-c",
       "echo rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE, PMIx $PMIX_RANK, is "
       "$OMPI_COMM_WORLD_LOCAL_RANK of $OMPI_COMM_WORLD_LOCAL_SIZE on node; exit 3"});
  CAPTURE(done.out, done.err);
  CHECK(contains(done.out, "rank 0 of 3, PMIx 0, is 0 of 3 on node\n"));
  CHECK(contains(done.out, "rank 2 of 3, PMIx 2, is 2 of 3 on node\n"));
  CHECK(contains(done.err, "weir run: started by srun, the ranks end when one of them dies"));
  CHECK(done.status == 3);
}

TEST_CASE("several copies of weir run or of a program started by srun are refused with a sentence") {
  const User user;
  const Finished copies =
      user.shell("timeout 50 srun -N 2 -n 2 " + std::string(WEIR_TOOL) + " run /bin/true");
  CHECK(copies.status == 2);
  CHECK(times_said(copies.err,
                   "weir run: this `weir run` was started 2 times by Slurm's own launcher; write it without "
                   "that: it starts the ranks itself\n") == 1);
  const Finished programs = user.shell("timeout 50 srun -N 2 -n 4 " JOURNAL_JOB);
  CHECK(programs.status == 2);
  CHECK(times_said(programs.err, "which Weir does not take for ranks; write `weir run -n 4 PROGRAM`") == 1);
}

TEST_CASE("a script of the user's own with --export=NONE runs ranks on all of its nodes") {
  const User user;
  weir::test::write_file(
      user.folder() + "/own.sh",
      "#!/bin/bash\nexport OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 HOME=" + user.folder() +
          "\n" + WEIR_TOOL + " run -n 4 /bin/sh -c 'echo rank $OMPI_COMM_WORLD_RANK'\n");
  const Finished done = user.shell(
      "sbatch --export=NONE -N 2 -n 4 --wait -o own.out own.sh; status=$?; cat own.out; exit $status");
  CHECK(done.status == 0);
  for (const std::string rank : {"0", "1", "2", "3"}) CHECK(contains(done.out, "rank " + rank + "\n"));
}

TEST_CASE("a signal for the program reaches it where mpirun is on another node than rank 0") {
  const User user;
  const std::string id =
      trimmed(user.weir({"submit", "-n", "1", "/bin/bash", "-c",
                         "trap 'echo told; exit 3' USR1; echo ready; while :; do sleep 0.1; done"})
                  .out);
  const auto shows = [&](const std::string& text) {
    return eventually([&] { return user.weir({"logs", id}).out == text; });
  };
  REQUIRE(shows("ready\n"));
  CHECK(user.shell("scancel --batch --signal=USR1 " + id).status == 0);
  CHECK(shows("ready\ntold\n"));
}

TEST_CASE("a program hears of its preemption when the grace begins, and may save and end") {
  const User user;
  for (const std::string queue : {"yielding", "requeued"}) {
    const std::string id =
        trimmed(user.weir({"submit", "-n", "1", "--queue", queue, "/bin/bash", "-c",
                           "trap 'echo saved; exit 3' TERM; echo ready; while :; do sleep 0.1; done"})
                    .out);
    const auto shows = [&](const std::string& text) {
      return eventually([&] { return user.weir({"logs", id}).out == text; });
    };
    REQUIRE(shows("ready\n"));
    const std::string other =
        trimmed(user.shell("sbatch --parsable -p urgent -N 2 -n 16 -o /dev/null --wrap 'sleep 60'").out);
    CHECK(shows("ready\nsaved\n"));
    CHECK(eventually([&] { return user.state(id) == "FAILED\n"; }));  // by itself, not by Slurm
    CHECK(user.shell("scancel " + other).status == 0);
  }
  CHECK(are_idle(user));
}

TEST_CASE("what only the shell of a job is told reaches the program") {
  const User user;
  const std::string id =
      trimmed(user.weir({"submit", "-n", "1", "/bin/bash", "-c",
                         "trap 'echo told' TERM; echo ready; for i in {1..50}; do sleep 0.1; done"})
                  .out);
  const auto shows = [&](const std::string& text) {
    return eventually([&] { return user.weir({"logs", id}).out == text; });
  };
  REQUIRE(shows("ready\n"));
  CHECK(user.shell("scancel --batch --signal=TERM " + id).status == 0);
  CHECK(shows("ready\ntold\n"));
  CHECK(user.weir({"cancel", id}).status == 0);
  CHECK(are_idle(user));
}

TEST_CASE("a node that takes the first jobs and fails them at once is named and avoided; others go on") {
  const User user;
  const Finished done = user.shell(
      "TEST_BEFORE='[ $SLURMD_NODENAME != node1 ] || { echo no scratch here >&2; exit 9; }' " WEIR_TOOL
      " run -n 1 " BATCH_CLUSTER " slurm flow");
  CAPTURE(done.err);
  CHECK(done.status == 0);
  CHECK(contains(done.out, "no workers\ndone\n"));
  CHECK(contains(done.err, " has failed at once on node1: exit status 9, "));
  CHECK(contains(done.err, "no scratch here"));
  CHECK(contains(done.err, "cluster: node1 is avoided from now on"));
  CHECK_FALSE(contains(done.err, "paused"));
}

TEST_CASE("jobs that fail on every node say on which, and when the next is tried") {
  const User user;
  const Finished done = user.shell("TEST_BEFORE='echo no scratch here >&2; exit 9' timeout 100 " BATCH_CLUSTER
                                   " slurm problem_with node2");
  CAPTURE(done.err);
  CHECK(done.status == 0);
  CHECK(contains(done.err, " has failed at once on node1: exit status 9, "));
  CHECK(contains(done.err, " has failed at once on node2: exit status 9, "));
  CHECK(contains(done.err, "cluster: the next job is submitted in 1m, or after resume()\n"));
}
