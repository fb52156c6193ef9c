// Clusters whose workers are jobs of a real Slurm; runs under support/with_slurm.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "batch_systems/user.hpp"

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct Site {
  User user;
  [[nodiscard]] ProcessOptions options(const std::map<std::string, std::string>& more = {}) const {
    auto result = user.options();
    result.environment["TEST_WEIR"] = WEIR_TOOL;
    result.environment["WEIR_LOG"] = "";
    for (const auto& [name, value] : more) result.environment[name] = value;
    result.deadline = 100s;
    return result;
  }
  /// Jobs in the queue or running.
  [[nodiscard]] std::string jobs() const { return user.shell("squeue -h -o %i").out; }
  [[nodiscard]] bool is_clean() const {
    const std::string sessions = user.folder() + "/.local/state/weir/sessions";
    return eventually([&] { return jobs().empty(); }) &&
           (!std::filesystem::exists(sessions) || std::filesystem::is_empty(sessions));
  }
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

std::string numbers_to(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

}  // namespace

TEST_CASE(
    "a cluster of Slurm jobs serves a stream, grows with the work, shrinks without, and leaves nothing "
    "behind") {
  const Site site;
  const Finished done = run({BATCH_CLUSTER, "slurm", "flow"}, site.options());
  INFO(done.err);
  CHECK(done.out == numbers_to(20) + "three workers\nno workers\ndone\n");
  CHECK(done.status == 0);
  CHECK(site.is_clean());
}

TEST_CASE("a cluster of PBS jobs does the same through Torque's programs") {
  const Site site;
  const Finished done = run({BATCH_CLUSTER, "pbs", "flow"}, site.options());
  INFO(done.err);
  CHECK(done.out == numbers_to(20) + "three workers\nno workers\ndone\n");
  CHECK(done.status == 0);
  CHECK(site.is_clean());
}

TEST_CASE("scale(2) and scale(0) at once leave nothing in the queue") {
  const Site site;
  const Finished done = run({BATCH_CLUSTER, "slurm", "at_once"}, site.options());
  INFO(done.err);
  CHECK(done.out == "nothing left\ndone\n");
  CHECK(site.is_clean());
}

TEST_CASE("a job that begins while it is cancelled is let in and leaves like any other") {
  for (const std::string system : {"slurm", "pbs"}) {
    INFO(system);
    const Site site;
    const Finished done = run({BATCH_CLUSTER, system, "up_and_down"}, site.options());
    INFO(done.err);
    CHECK(done.out == "sum 1500\nlost 0\ndone\n");
    CHECK(site.is_clean());
  }
}

TEST_CASE("Ctrl-C and the death of the program cancel its jobs, those in the queue too") {
  for (const int signal : {SIGINT, SIGKILL}) {
    INFO("signal " << signal);
    const Site site;
    Process program({BATCH_CLUSTER, "slurm", "hold"}, site.options());
    program.wait_for("holding\n");
    REQUIRE(site.user.shell("squeue -h -t running -o %i | wc -l").out == "2\n");
    REQUIRE(site.user.shell("squeue -h -t pending -o %i | wc -l").out == "1\n");
    std::string status;
    CHECK(eventually([&] {
      status = site.user
                   .shell(std::string(WEIR_TOOL) +
                          " status | awk '/CLUSTER OF/ {getline; print $1, $2, $5, $6, $7, $8, $9, $10}'")
                   .out;
      return status == "batch_cluster slurm 3 1 2 2 1 0\n";
    }));
    INFO(status);
    const Finished jobs = site.user.weir({"status", "--json"});
    CHECK(contains(jobs.out, "\"tasks_done\": 1"));
    const std::string id = trimmed(site.user.shell("squeue -h -t running -o %i | head -n 1").out);
    CHECK(contains(site.user.weir({"status", id}).out, " running    batch_cluster "));
    program.send(signal);
    CHECK(program.wait().status == 128 + signal);
    CHECK(eventually([&] { return site.jobs().empty(); }));
    CHECK_FALSE(contains(site.user.weir({"status"}).out, "CLUSTER OF"));
  }
}

TEST_CASE("jobs that are kept outlive their program and work for the one that comes back") {
  const Site site;
  const std::string end = site.user.folder() + "/end";
  const auto options = site.options({{"TEST_KEEP", "60s"}});
  std::string kept;
  for (const int signal : {SIGKILL, SIGTERM}) {
    Process program({BATCH_CLUSTER, "slurm", "keep", end}, options);
    program.wait_for("sum 42\n");
    if (kept.empty()) kept = site.jobs();
    CHECK(site.jobs() == kept);
    if (signal == SIGKILL) {
      const Finished other = run({BATCH_CLUSTER, "slurm", "keep", end}, options);
      CHECK(contains(other.err, "batch_cluster.session: is there and belongs to a session that is open"));
      CHECK(other.status == 3);
    }
    program.send(signal);
    CHECK(program.wait().status == 128 + signal);
  }
  Process again({BATCH_CLUSTER, "slurm", "keep", end}, options);
  again.wait_for("sum 42\n");
  CHECK(site.jobs() == kept);
  write_file(end, "");
  CHECK(again.wait().status == 0);
  CHECK(site.is_clean());
  CHECK_FALSE(std::filesystem::exists(site.user.folder() + "/batch_cluster.jobs"));
}

TEST_CASE("jobs that are kept end when their program does not come back, or wants others") {
  const Site site;
  const std::string end = site.user.folder() + "/end";
  Process program({BATCH_CLUSTER, "slurm", "keep", end}, site.options({{"TEST_KEEP", "3s"}}));
  program.wait_for("sum 42\n");
  const std::string left = trimmed(site.user.shell("squeue -h -o %i | head -n 1").out);
  program.send(SIGKILL);
  (void)program.wait();
  CHECK(site.user.shell("squeue -h -o %i | wc -l").out == "2\n");
  CHECK(site.is_clean());
  CHECK(contains(content(site.user.folder() + "/batch_cluster-" + left + ".err"),
                 "batch_cluster.session has not come back within 3s (WEIR_KEEP_JOBS)\n"));
  Process small({BATCH_CLUSTER, "slurm", "keep", end}, site.options({{"TEST_KEEP", "60s"}}));
  small.wait_for("sum 42\n");
  const std::string before = site.jobs();
  small.send(SIGKILL);
  (void)small.wait();
  Process other({BATCH_CLUSTER, "slurm", "keep", end},
                site.options({{"TEST_KEEP", "60s"}, {"TEST_BEFORE", "true"}}));
  other.wait_for("sum 42\n");
  CHECK(eventually([&] { return !contains(site.jobs(), trimmed(before)); }));
  write_file(end, "");
  const Finished& done = other.wait();
  CHECK(contains(done.err, "2 jobs of the program before were asked for with other options"));
  CHECK(site.is_clean());
}

TEST_CASE("a job accepted in the instant in which the program is killed finds it dead and ends") {
  const Site site;
  TemporaryFolder programs;
  write_file(programs.path() + "/sbatch",
             "#!/bin/sh\nPATH=" + std::string(std::getenv("PATH")) + "\nid=$(sbatch \"$@\")\necho $id > " +
                 site.user.folder() + "/accepted\nkill -KILL $PPID\n",
             0755);
  const Finished killed = run({BATCH_CLUSTER, "slurm", "problem"},
                              site.options({{"PATH", programs.path() + ":" + std::getenv("PATH")}}));
  CHECK(killed.status == 128 + SIGKILL);
  REQUIRE(eventually([&] { return !content(site.user.folder() + "/accepted").empty(); }));
  const std::string id = trimmed(content(site.user.folder() + "/accepted"));
  CHECK(eventually([&] { return site.user.state(id) == "FAILED\n"; }));
  CHECK(contains(content(site.user.folder() + "/batch_cluster-" + id + ".err"),
                 ": belongs to a session that has ended (process "));
}

TEST_CASE("a job that others cancel while there is work is replaced") {
  const Site site;
  Process program({BATCH_CLUSTER, "slurm", "work", site.user.folder() + "/ran"}, site.options());
  program.wait_for("two workers\n");
  CHECK(site.user.shell("scancel $(squeue -h -t running -o %i | head -n 1)").status == 0);
  const Finished& done = program.wait();
  INFO(done.err);
  // scancel sends SIGTERM first, so that the worker hands over and is not lost.
  CHECK(done.out == "two workers\nsum 44850\nlost 0\ndone\n");
  CHECK(site.is_clean());
}

TEST_CASE("a job whose worker is told to end is no failed one, whatever its exit status") {
  const Site site;
  Process program({BATCH_CLUSTER, "slurm", "work", site.user.folder() + "/ran"}, site.options());
  program.wait_for("two workers\n");
  CHECK(site.user.shell("scancel --full --signal=TERM $(squeue -h -t running -o %i | head -n 1)").status ==
        0);
  const Finished& done = program.wait();
  INFO(done.err);
  CHECK(done.out == "two workers\nsum 44850\nlost 0\ndone\n");
  CHECK_FALSE(contains(done.err, "has failed"));
  CHECK(site.is_clean());
}

TEST_CASE("workers leave before their jobs end, and nothing is computed twice") {
  const Site site;
  const std::string file = site.user.folder() + "/ran";
  const Finished done = run({BATCH_CLUSTER, "slurm", "work", file},
                            site.options({{"TEST_BEFORE", "export WEIR_LIFETIME=3s"}, {"WEIR_LOG", "info"}}));
  INFO(done.err);
  CHECK(done.out == "two workers\nsum 44850\nlost 0\ndone\n");
  std::istringstream ran(content(file));
  std::multiset<int> tasks;
  std::set<int> workers;
  for (int task = 0, pid = 0; ran >> task >> pid; tasks.insert(task)) workers.insert(pid);
  CHECK(tasks.size() == 300);
  CHECK(std::set<int>(tasks.begin(), tasks.end()).size() == 300);
  CHECK(workers.size() > 2);                                        // others have taken over
  CHECK(count_of(done.err, " submitted\n") <= workers.size() + 2);  // each was let work, but for the last
  CHECK(site.is_clean());
}

TEST_CASE("a refused submission is told in the site's own words") {
  const Site site;
  const Finished done = run({BATCH_CLUSTER, "slurm", "problem"}, site.options({{"TEST_QUEUE", "nowhere"}}));
  CHECK(contains(done.out, "slurm: the job was not accepted (got exit status 1 from `sbatch --parsable "));
  CHECK(contains(done.out, "sbatch: error: invalid partition specified: nowhere"));
  CHECK(contains(done.err, "invalid partition specified"));
  CHECK(site.is_clean());
}

TEST_CASE("a job that fails at once is told with its last words") {
  const Site site;
  const Finished done =
      run({BATCH_CLUSTER, "slurm", "problem"}, site.options({{"TEST_WEIR", "/nowhere/weir"}}));
  CAPTURE(done.err);
  CHECK(contains(done.out, " has failed at once on "));
  CHECK(contains(done.out, "exit status 127"));
  CHECK(contains(done.out, "/nowhere/weir: No such file or directory"));
  CHECK(site.is_clean());
}

TEST_CASE("a job whose worker has come and gone between two looks has not failed") {
  const Site site;
  TemporaryFolder programs;  // submissions take so long that nobody looks meanwhile
  write_file(programs.path() + "/sbatch",
             "#!/bin/sh\nPATH=" + std::string(std::getenv("PATH")) + "\nsbatch \"$@\"\nsleep 3\n", 0755);
  const std::string end = site.user.folder() + "/end";
  Process program({BATCH_CLUSTER, "slurm", "keep", end},
                  site.options({{"PATH", programs.path() + ":" + std::getenv("PATH")}}));
  program.wait_for("sum 42\n");
  CHECK(site.user.shell("scancel --full --signal=TERM $(squeue -h -S i -o %i | tail -n 1)").status == 0);
  // It has been asked after when it is no longer among those without workers.
  const std::string look = WEIR_TOOL " status | awk '/CLUSTER OF/ {getline; print $6, $7}'";
  CHECK(eventually([&] { return site.user.shell(look).out == "0 1\n"; }));
  write_file(end, "");
  const Finished& done = program.wait();
  CHECK(done.err == "");
  CHECK(done.status == 0);
  CHECK(site.is_clean());
}

TEST_CASE("a job that fails as soon as it begins is told soon, however long it has waited") {
  const Site site;
  site.user.shell("scontrol update partition=main state=DOWN");
  Process program({BATCH_CLUSTER, "slurm", "problem"}, site.options({{"TEST_WEIR", "/nowhere/weir"}}));
  REQUIRE(eventually([&] { return !site.jobs().empty(); }));
  std::this_thread::sleep_for(15s);  // asked after 2, 6 and 14 s
  CHECK(site.user.shell("scontrol update partition=main state=UP").status == 0);
  const auto began = std::chrono::steady_clock::now();
  const Finished& done = program.wait();
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(contains(done.out, "/nowhere/weir: No such file or directory"));
}
