// Jobs whose workers or whose rank 0 die, seen from outside: right answers, status 0, nothing left behind.
#include <catch2/catch.hpp>
#include <csignal>

#include "home/mpi_job.hpp"
#include "support/jobs.hpp"

using namespace weir::test;

namespace {

const Launcher weir_run{{WEIR_TOOL, "run", "-n"}, "weir run"};
const Launcher plain_mpirun{
    {"mpirun", "--enable-recovery", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-n"},
    "mpirun"};
/// Hydra by itself ends all ranks when one is killed; `weir run` keeps it from that.
bool has_plain_recovery() {
  return weir::detail::home::mpi_family() == weir::detail::home::MpiFamily::open_mpi;
}

std::vector<std::string> command(const Launcher& launcher, int ranks, const std::string& scenario,
                                 const std::string& folder, int seed = 1) {
  return launcher.command({std::to_string(ranks), DEATHS_JOB, scenario, folder, std::to_string(seed)});
}

/// Runs a scenario to its end: the right answer, status 0, nobody left. Returns what it printed.
Finished check_right(const Launcher& launcher, int ranks, const std::string& scenario, int seed = 1) {
  INFO(launcher.name << " -n " << ranks << " " << scenario << " " << seed);
  TemporaryFolder folder;
  const Finished finished =
      run(command(launcher, ranks, scenario, folder.path(), seed), {.deadline = std::chrono::seconds(40)});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out.find("right\n") != std::string::npos);
  CHECK(all_gone(pids_in(finished.out)));
  return finished;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a task that ends its worker is run again elsewhere") {
  for (const std::string how : {"kill", "segv", "abort", "_exit", "exit"}) check_right(weir_run, 3, how);
}

TEST_CASE("a worker that dies while it sends a large result loses nothing") {
  for (int seed = 1; seed <= 4; ++seed) check_right(weir_run, 4, "while_sending", seed);
}

TEST_CASE("a worker that dies while rank 0 fetches its result loses nothing") {
  for (int seed = 1; seed <= 3; ++seed) check_right(weir_run, 4, "while_fetching", seed);
}

TEST_CASE("a worker that dies while it receives a large result hurts nobody else") {
  for (int seed = 1; seed <= 3; ++seed) check_right(weir_run, 4, "while_receiving", seed);
}

TEST_CASE("results whose only holder died are computed again") { check_right(weir_run, 3, "only_holder"); }

TEST_CASE("all workers but one may die, in turn or together") {
  check_right(weir_run, 5, "all_but_one");
  check_right(weir_run, 5, "together");
}

TEST_CASE("the program gets an error when the last worker has died") {
  const Finished finished = check_right(weir_run, 3, "all_of_them");
  CHECK(has(finished.out, "no workers are left: all 2 have died or been lost"));
  CHECK(
      has(check_right(weir_run, 2, "all_of_them").out, "no workers are left: all 1 have died or been lost"));
}

TEST_CASE("scattered data with one copy is lost loudly") {
  const Finished finished = check_right(weir_run, 4, "scattered_data");
  CHECK(has(finished.out, "the only copy of this scattered data was on worker 1"));
  CHECK(has(finished.out, "scatter it again, or to several workers"));
  CHECK(has(finished.out, "needed by digest-"));
}

TEST_CASE("a task that kills every worker it runs on is named, its neighbours are not") {
  const Finished finished = check_right(weir_run, 5, "innocent");
  CHECK(has(finished.out, "task guilty-"));
  CHECK(has(finished.out, "3 workers died while they ran it"));
  CHECK(has(finished.out, "needed by identity-802"));
}

TEST_CASE("a stopped worker is noticed long before its silence would be, and is gone at the end") {
  check_right(weir_run, 3, "silent");
  if (has_plain_recovery()) check_right(plain_mpirun, 3, "silent");
}

TEST_CASE("a worker that dies while nothing runs is not missed") { check_right(weir_run, 3, "idle"); }

TEST_CASE("tasks that have submitted tasks survive the death of their worker") {
  check_right(weir_run, 4, "nested");
}

TEST_CASE("what was asked of a worker itself fails with it") { check_right(weir_run, 4, "asked_of_it"); }

TEST_CASE("random graphs give the right results while workers are killed at random moments") {
  for (int seed = 1; seed <= 20; ++seed) check_right(weir_run, 3 + seed % 3, "random_graph", seed);
}

TEST_CASE("plain mpirun with recovery does the same") {
  if (!has_plain_recovery()) return;
  for (const std::string scenario : {"kill", "segv", "_exit", "while_sending", "all_but_one", "all_of_them"})
    check_right(plain_mpirun, 4, scenario);
  for (int seed = 21; seed <= 24; ++seed) check_right(plain_mpirun, 4, "random_graph", seed);
}

TEST_CASE("every rank is gone within seconds when rank 0 is killed") {
  for (const Launcher& launcher : {weir_run, plain_mpirun}) {
    if (launcher.name != "weir run" && !has_plain_recovery()) continue;
    INFO(launcher.name);
    TemporaryFolder folder;
    Process job(command(launcher, 4, "forever", folder.path()));
    job.wait_for("running");
    const std::vector<pid_t> pids = pids_in(job.out());
    REQUIRE(pids.size() == 4);
    kill(pids.back(), SIGKILL);
    CHECK(all_gone(pids, std::chrono::seconds(3)));
    const Finished& finished = job.wait();
    if (launcher.name == "weir run") CHECK(finished.status == 128 + SIGKILL);
  }
}

TEST_CASE("a gang one of whose ranks dies runs again, and who does not leave it is ended") {
  check_right(weir_run, 8, "gang_dies");
  check_right(weir_run, 5, "gang_stuck");
  const Finished finished = check_right(weir_run, 6, "gang_kills");
  CHECK(has(finished.out, "task always_in_gang-"));
  CHECK(has(finished.out, "3 workers died while they ran it; the last time rank 1 was on worker "));
}
