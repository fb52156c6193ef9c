// Jobs of several nodes with names, networks and shared memory of their own; runs under support/with_slurm
// with WITH_SLURM_HOSTS.
#include <signal.h>

#include <catch2/catch.hpp>

#include "batch_systems/user.hpp"

using namespace weir::test;

namespace {

// Those of an MPI that may not be there are left out.
std::vector<std::string> launchers() {
  std::vector<std::string> all{"mpirun", "srun"};
  if (run({"sh", "-c", "command -v mpiexec.hydra"}).status == 0) all.emplace_back("mpiexec.hydra");
  return all;
}

}  // namespace

TEST_CASE("Slurm's own launcher starts ranks on two hosts, and they work") {
  const User user;
  const Finished done = user.weir(
      {"submit", "-n", "4", "--nodes", "2", "--env", "WEIR_LAUNCHER=srun", "--wait", "/bin/sh", "-c",
       "echo rank $OMPI_COMM_WORLD_RANK on $(hostname), $OMPI_COMM_WORLD_LOCAL_RANK of "
       "$OMPI_COMM_WORLD_LOCAL_SIZE there"});
  CAPTURE(done.out, done.err);
  CHECK(done.status == 0);
  for (const std::string line : {"rank 0 on node1, 0 of 2 there\n", "rank 1 on node1, 1 of 2 there\n",
                                 "rank 2 on node2, 0 of 2 there\n", "rank 3 on node2, 1 of 2 there\n"})
    CHECK(contains(done.out, line));
  const Finished works = user.shell("timeout 60 salloc -Q -N 2 -n 5 " WEIR_TOOL
                                    " run --launcher srun " BATCH_CLUSTER " gang srun");
  CAPTURE(works.out, works.err);
  CHECK(works.status == 0);
  CHECK(contains(works.out, "rank 3 on node2\n"));
}

TEST_CASE("a gang of two hosts starts a program on both, by every launcher") {
  const User user;
  for (const std::string& launcher : launchers()) {
    // Nothing but `weir run` tells mpirun that it may start beside the ranks.
    const Finished done = user.shell("timeout 60 salloc -Q -N 2 -n 5 --ntasks-per-node=3 " WEIR_TOOL
                                     " run -n 5 " BATCH_CLUSTER " gang " +
                                     launcher);
    CAPTURE(launcher, done.out, done.err);
    CHECK(done.status == 0);
    for (const std::string line :
         {"rank 0 on node1\n", "rank 1 on node1\n", "rank 2 on node2\n", "rank 3 on node2\n"})
      CHECK(contains(done.out, line));
  }
}

TEST_CASE("a gang in a job with a head starts a program on all hosts of the workers") {
  const User user;
  for (const std::string& launcher : launchers()) {
    const Finished done = user.weir({"submit", "-n", "5", "--head", "1,60MB", "--nodes", "2", "--mem",
                                     "200MB", "--wait", BATCH_CLUSTER, "gang", launcher});
    CAPTURE(launcher, done.out, done.err);
    CHECK(done.status == 0);
    for (const std::string line :
         {"rank 0 on node2\n", "rank 1 on node2\n", "rank 2 on node3\n", "rank 3 on node3\n"})
      CHECK(contains(done.out, line));
    CHECK_FALSE(contains(done.err, "srun: "));
  }
}

TEST_CASE("what a task starts sees the job as its script does, on every host and in every way") {
  const User user;
  // A launcher of MPI there finds places; what is started by itself is no rank and no task of a step.
  const std::string command =
      "mpirun -n 2 sh -c 'echo $OMPI_COMM_WORLD_SIZE at $(hostname)' | uniq; " WEIR_TOOL
      " run -n 2 sh -c 'echo run $OMPI_COMM_WORLD_SIZE' | uniq; "
      "echo ${SLURM_TASKS_PER_NODE} ${SLURM_NTASKS} ${SLURM_STEP_ID-none} "
      "${PMIX_RANK-none} ${SLURM_JOB_ID:+job}; srun -n 1 echo step $SLURM_JOB_NUM_NODES";
  write_file(user.folder() + "/command", command);
  for (const std::string launcher : {"mpirun", "srun"}) {
    const Finished done = user.shell(
        "timeout 100 sbatch -W -N 2 -n 4 --ntasks-per-node=2 -o out --wrap '" WEIR_TOOL
        " run -n 4 --launcher " +
        launcher + " " BATCH_CLUSTER " start \"$(cat command)\"'; status=$?; cat out; exit $status");
    CAPTURE(launcher, done.out, done.err);
    CHECK(done.status == 0);
    for (const std::string host : {"node1", "node2"})
      for (const std::string way : {"popen", "from_process", "program"})
        CHECK(contains(done.out, host + " " + way + " gives: 2 at " + host +
                                     "\nrun 2\n2(x2) 4 none none job\nstep 2\n"));
    CHECK_FALSE(contains(done.out, "slots"));
  }
}

TEST_CASE("a preempted program works with all its workers until it has saved, whatever started them") {
  const User user;
  for (const std::string launcher : {"mpirun", "srun"}) {
    const std::string id = trimmed(user.weir({"submit", "-n", "4", "--nodes", "2", "--queue", "yielding",
                                              "--env", "WEIR_LAUNCHER=" + launcher, BATCH_CLUSTER, "ending"})
                                       .out);
    CAPTURE(launcher);
    const auto output = [&] { return user.shell("cat batch_cluster-" + id + ".out").out; };
    REQUIRE(eventually([&] { return output() == "ready\n"; }));
    const std::string other =
        trimmed(user.shell("sbatch --parsable -p urgent -N 3 -n 24 -o /dev/null --wrap 'sleep 60'").out);
    CHECK(eventually([&] { return user.state(id) == "COMPLETED\n"; }));
    CHECK(output() == "ready\ntold\nsaved 40\n");
    CHECK(user.shell("scancel " + other).status == 0);
  }
  CHECK(eventually([&] { return user.shell("sinfo -h -p main -o %t").out == "idle\n"; }));
}

TEST_CASE("kept jobs work for a program that is started anew on another host when its own is lost") {
  const User user;
  const std::string end = user.folder() + "/end",
                    login = "nsenter -t $(cat ${SLURM_CONF%/*}/slurmd.node3.pid) -m -u -i -n --wd=$PWD ";
  auto options = user.options();
  options.environment["TEST_KEEP"] = "60s";
  options.environment["TEST_WEIR"] = WEIR_TOOL;
  options.environment["WEIR_PATIENCE"] = "1s";  // workers wait six times as long
  REQUIRE(user.shell("scontrol update nodename=node3 state=drain reason=login").status == 0);
  const std::string start = " " BATCH_CLUSTER " slurm keep " + end;
  Process program({"sh", "-c", "exec " + login + start}, options);
  program.wait_for("sum 42\n");
  const std::string kept = user.shell("squeue -h -S i -o '%i %N'").out;
  // Nobody hears of its end, as when the power fails.
  CHECK(user.shell(login + "ip link set eth0 down").status == 0);
  program.send(SIGKILL);
  CHECK(program.wait().status == 128 + SIGKILL);
  Process again({"sh", "-c", "exec" + start}, options);
  again.wait_for("sum 42\n");
  CHECK(user.shell("squeue -h -S i -o '%i %N'").out == kept);
  write_file(end, "");
  CHECK(again.wait().status == 0);
  CHECK(eventually([&] { return user.shell("squeue -h").out.empty(); }));
  CHECK(user.shell("scontrol update nodename=node3 state=resume").status == 0);
}
