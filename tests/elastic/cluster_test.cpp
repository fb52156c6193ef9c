// What clusters refuse, before any job is submitted. A fake sbatch is the only program on PATH.
#include "weir/cluster.hpp"

#include <cstdlib>
#include <fstream>

#include "support/process.hpp"
#include "support/throws.hpp"

using namespace weir;
using test::sentence_of;

namespace {

/// A home without configuration, and a PATH that has `program` alone.
struct Site {
  test::TemporaryFolder folder;
  std::map<std::string, std::string> before;
  explicit Site(const std::string& program) {
    test::write_file(folder.path() + "/" + program, "#!/bin/sh\necho 1\n", 0755);
    for (const auto& [name, value] : std::map<std::string, std::string>{{"PATH", folder.path()},
                                                                        {"HOME", folder.path()},
                                                                        {"WEIR_STATE_DIR", folder.path()},
                                                                        {"WEIR_CONFIG", ""},
                                                                        {"XDG_CONFIG_HOME", ""}}) {
      const char* old = std::getenv(name.c_str());
      before[name] = old ? old : "";
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Site() {
    for (const auto& [name, value] : before) setenv(name.c_str(), value.c_str(), 1);
  }
};

std::string slurm(const BatchOptions& options) {
  return sentence_of([&] { return SlurmCluster(options).jobs(); });
}
std::string pbs(const BatchOptions& options) {
  return sentence_of([&] { return PbsCluster(options).jobs(); });
}

}  // namespace

TEST_CASE("a cluster of batch jobs says what is missing or wrong, with an example, and submits nothing") {
  const Site site("sbatch");
  CHECK(slurm({.memory = "1GB"}) ==
        "SlurmCluster: cores of a job must be given (got 0); write for example {.cores = 24, .memory = "
        "\"100GB\"}");
  CHECK(slurm({.cores = 4}) ==
        "SlurmCluster: memory of a job must be given (got nothing); write for example {.cores = 24, .memory "
        "= \"100GB\"}");
  CHECK(slurm({.cores = 4, .memory = "1GB", .processes = 5}) ==
        "SlurmCluster: processes must be from 1 to cores (got 5)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .walltime = "2 hours"}) ==
        "SlurmCluster: walltime: must be a duration, for example 2h, 90m or 2:00:00 (got 2 hours)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .walltime = "90"}) ==
        "SlurmCluster: walltime: a number needs a unit, for example 30m or 2:00:00 (got 90)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .gpus_per_task = -1}) ==
        "SlurmCluster: gpus_per_task must not be negative (got -1)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .signal = "TERM@9"}) ==
        "SlurmCluster: signal: must be USR1 or USR2, with a time ahead of the end, for example USR1@120 "
        "(got TERM@9)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .exclude = {"a b"}}) ==
        "SlurmCluster: exclude must be hosts, without spaces (got a b); write several with commas, or repeat "
        "it");
  CHECK(slurm({.cores = 4, .memory = "lots"}).find("memory: ") != std::string::npos);
  CHECK(slurm({.cores = 4, .memory = "1GB", .queue = "a\nb"}) ==
        "queue: a directive must be one line without control characters (got a\\nb)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .log_directory = "/dev/null/logs"}) ==
        "log_directory: cannot be made: Not a directory (got /dev/null/logs)");
  CHECK(slurm({.cores = 4, .memory = "1GB", .site = "mars"}).find("mars") != std::string::npos);
  CHECK(slurm({.cores = 4, .memory = "1GB", .interface = "wlan77"}).find("wlan77") != std::string::npos);
}

TEST_CASE("what a cluster is told of signals, hosts and devices is in the script of its jobs") {
  const Site site("sbatch");
  const std::string script = site.folder.path() + "/script";
  test::write_file(site.folder.path() + "/sbatch", "#!/bin/sh\n/bin/cat $2 > " + script + "; echo 1\n", 0755);
  for (const char* name : {"squeue", "scancel"})
    test::write_file(site.folder.path() + "/" + name, "#!/bin/sh\n", 0755);
  const auto text = [&](const BatchOptions& options) {
    SlurmCluster cluster{options};
    cluster.scale(1);
    REQUIRE(test::eventually([&] { return cluster.jobs() == 1; }));
    std::ifstream in(script);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string all = text({.cores = 4,
                                .memory = "1GB",
                                .processes = 2,
                                .gpus_per_task = 2,
                                .signal = "USR1@90",
                                .requeue = true,
                                .exclude = {"node1", "node[3-5]"}});
  for (const char* part : {"--signal=B:USR1@90\n", "--requeue\n", "--exclude=node1,node[3-5]\n",
                           "--gpus-per-task=2\n", "WEIR_RESOURCES=gpu=2\n"})
    CHECK_THAT(all, Catch::Contains(part));
  CHECK(all.find("--gpus-per-node") == std::string::npos);
  const std::string none = text({.cores = 4, .memory = "1GB", .requeue = false});
  CHECK(none.find("--no-requeue\n") != std::string::npos);
  for (const char* part : {"--signal", "--exclude", "--gpus", "WEIR_RESOURCES"})
    CHECK(none.find(part) == std::string::npos);
}

TEST_CASE("a cluster is of the batch system that is set, before the one on PATH") {
  const Site site("sbatch");
  const BatchOptions options{.cores = 1, .memory = "1GB"};
  const auto sentence = [&] { return sentence_of([&] { return BatchCluster(options).jobs(); }); };
  setenv("WEIR_SYSTEM", "pbs", 1);
  CHECK(sentence() ==
        "BatchCluster: qsub must be on PATH; is this a login node, is the batch system's module loaded?");
  setenv("WEIR_SYSTEM", "cobalt", 1);
  CHECK_THAT(sentence(), Catch::Contains("cobalt"));
  unsetenv("WEIR_SYSTEM");
  CHECK(sentence() == "no error");
}

TEST_CASE("a cluster says that the batch system is not there") {
  const Site site("sbatch");
  CHECK(pbs({.cores = 4, .memory = "1GB"}) ==
        "PbsCluster: qsub must be on PATH; is this a login node, is the batch system's module loaded?");
}

TEST_CASE("scale and adapt refuse what cannot be meant, and nothing changes") {
  const Site site("sbatch");
  SlurmCluster cluster{{.cores = 4, .memory = "1GB"}};
  CHECK(sentence_of([&] {
          cluster.scale(-1);
          return 0;
        }) == "scale: workers must not be negative (got -1)");
  CHECK(sentence_of([&] {
          cluster.adapt({.minimum = 3, .maximum = 2});
          return 0;
        }) == "adapt: maximum must be at least 1 and at least minimum (got 2)");
  CHECK(sentence_of([&] {
          cluster.scale_memory("much");
          return 0;
        }).find("much") != std::string::npos);
  CHECK(cluster.jobs() == 0);
  cluster.close();
  CHECK(sentence_of([&] {
          cluster.scale(1);
          return 0;
        }) == "scale: the cluster is closed");
}

TEST_CASE("a cluster whose submissions were refused tries again at once when it is resumed") {
  const Site site("sbatch");
  const std::string folder = site.folder.path();
  const auto program = [&](const std::string& name, const std::string& body) {
    test::write_file(folder + "/" + name, "#!/bin/sh\n" + body + "\n", 0755);
  };
  program("sbatch", "echo x >> " + folder + "/asked\necho 'sbatch: error: no such account' >&2; exit 1");
  program("squeue", "echo '1 PENDING 0 Priority'");
  program("scancel", "echo \"$@\" >> " + folder + "/cancelled");
  const auto lines = [&](const std::string& name) {
    std::ifstream in(folder + "/" + name);
    int count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  };
  {
    SlurmCluster cluster{{.cores = 4, .memory = "1GB"}};
    cluster.scale(1);
    REQUIRE(
        test::eventually([&] { return lines("asked") == 2; }));  // at once and once more, then in a minute
    REQUIRE(test::eventually([&] { return cluster.problem().find("no such account") != std::string::npos; }));
    program("sbatch", "echo x >> " + folder + "/asked; echo 1");
    cluster.resume();
    REQUIRE(test::eventually([&] { return cluster.jobs() == 1; }));
    CHECK(lines("asked") == 3);
    CHECK(cluster.problem().empty());
  }
  CHECK(lines("cancelled") == 1);
}
