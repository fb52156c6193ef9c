// The mpirun command that `weir run` makes of a request and a site.
#include "tool/launch.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace weir::detail::tool;

namespace {

Site site_with(const std::map<std::string, std::string>& environment) {
  Site site;
  site.mpirun = "/usr/bin/mpirun";
  site.weir = "/opt/weir/bin/weir";
  site.status_file = "/tmp/s";
  site.environment = environment;
  return site;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

TEST_CASE("launch tells mpirun what users need not know") {
  const Launch launch = plan_launch({3, std::nullopt, "./app", {"-n", "5"}}, site_with({}));
  CHECK(joined(launch.command) ==
        "/usr/bin/mpirun --enable-recovery --oversubscribe --bind-to none --mca orte_launch_agent "
        "/opt/weir/bin/weir hold orted -x WEIR_STARTED_BY -x WEIR_STATUS_FILE -n 3 "
        "/opt/weir/bin/weir rank =./app =-n =5");
  CHECK(launch.environment == std::map<std::string, std::string>{{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                                                                 {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
                                                                 {"WEIR_STARTED_BY", "/opt/weir/bin/weir"},
                                                                 {"WEIR_STATUS_FILE", "/tmp/s"}});
}

TEST_CASE("launch tells Hydra what users need not know") {
  Site site = site_with({});
  site.mpirun = "/usr/bin/mpiexec.hydra";
  site.family = weir::detail::home::MpiFamily::mpich;
  CHECK(joined(plan_launch({3, 2, "./app", {"-n", ":"}}, site).command) ==
        "/usr/bin/mpiexec.hydra -disable-auto-cleanup -bind-to none -genvall -n 3 /opt/weir/bin/weir rank "
        "=./app =-n =:");
  site.host_file = "/tmp/hosts";
  const Launch launch = plan_launch({3, 2, "./app", {}}, site);
  CHECK(joined(launch.command).find(" -genvall -f /tmp/hosts -n 3 ") != std::string::npos);
  CHECK(launch.environment.at("WEIR_THREADS") == "2");
  CHECK_FALSE(launch.environment.contains("OMPI_ALLOW_RUN_AS_ROOT"));
  CHECK(host_file_text({"a", "b", "b"}, site.family) == "a:1\nb:2\n");
}

TEST_CASE("launch passes WEIR_ variables and threads on to every rank") {
  const Launch launch = plan_launch(
      {2, 4, "app", {}}, site_with({{"WEIR_LOG", "debug"}, {"WEIR_THREADS", "9"}, {"HOME", "/root"}}));
  CHECK(joined(launch.command)
            .find("-x WEIR_LOG -x WEIR_STARTED_BY -x WEIR_STATUS_FILE -x WEIR_THREADS -n 2") !=
        std::string::npos);
  CHECK(launch.environment.at("WEIR_THREADS") == "4");
  CHECK(launch.environment.at("WEIR_LOG") == "debug");
  CHECK_FALSE(launch.environment.contains("HOME"));
}

TEST_CASE("launch tells every rank its memory") {
  CHECK(plan_launch({2, 4, "app", {}, "2GB"}, site_with({{"WEIR_MEMORY_LIMIT", "1GB"}}))
            .environment.at("WEIR_MEMORY_LIMIT") == "2GB");
}

TEST_CASE("launch leaves GLIBC_TUNABLES of the user alone") {
  CHECK(plan_launch({2, {}, "app", {}}, site_with({{"GLIBC_TUNABLES", "glibc.malloc.check=3"}}))
            .environment.at("GLIBC_TUNABLES") == "glibc.malloc.check=3");
}

TEST_CASE("launch names the hosts of a PBS job") {
  Site site = site_with({});
  site.host_file = "/var/spool/pbs/aux/7";
  CHECK(joined(plan_launch({2, {}, "app", {}}, site).command).find("--hostfile /var/spool/pbs/aux/7") !=
        std::string::npos);
  CHECK(host_file_text({"a", "b", "b", "a", "c"}, weir::detail::home::MpiFamily::open_mpi) ==
        "a slots=2\nb slots=2\nc slots=1\n");
}

TEST_CASE("launch takes the way to the other hosts that the job has") {
  Site site = site_with({});
  site.agent = "/tmp/x/agent";
  site.system = "slurm";
  CHECK(joined(plan_launch({2, {}, "app", {}}, site).command)
            .find("--mca ras ^slurm --mca plm rsh --mca plm_rsh_agent sh /tmp/x/agent --mca "
                  "plm_rsh_no_tree_spawn 1 --leave-session-attached ") != std::string::npos);
}

TEST_CASE("launch lets Slurm start the ranks if it is told to") {
  RunRequest request{3, 2, "./app", {"-n"}};
  request.launcher = &weir::detail::batch::launchers().front();
  request.launcher_path = "/usr/bin/srun";
  CHECK(joined(plan_launch(request, site_with({})).command) ==
        "/usr/bin/srun --overlap --overcommit --mpi=pmix --input=0 --export=ALL --quit-on-interrupt "
        "--ntasks 3 --cpus-per-task 2 /opt/weir/bin/weir rank =./app =-n");
}

TEST_CASE("launch disguises arguments so that they come back as they were") {
  for (const std::string text : {"", ":", "--mca", "=", "=x", "a b", "$HOME"}) {
    CHECK(disguised(text)[0] == '=');
    CHECK(undisguised(disguised(text)) == text);
  }
}

TEST_CASE("launch packs words so that they come back as they were") {
  const std::vector<std::string> words{"", ":", "\\", ";", "\\;", "a\\\\;b", "two\nlines", "\\", ""};
  CHECK(unpacked(packed(words)) == words);
  CHECK(unpacked("").empty());
  CHECK(unpacked(packed({})).empty());
}

TEST_CASE("launch puts a long command line into variables of a size that the kernel takes") {
  const std::vector<std::string> arguments(3'000, std::string(100, 'x'));
  const Launch launch = plan_launch({2, {}, "./app", arguments}, site_with({}));
  CHECK(launch.command.back() == "rank");
  std::string text;
  for (int part = 0; launch.environment.contains(argument_variable(part)); ++part) {
    const std::string& value = launch.environment.at(argument_variable(part));
    CHECK(value.size() <= 100'000);
    CHECK(joined(launch.command).find("-x " + argument_variable(part) + " ") != std::string::npos);
    text += value;
  }
  std::vector<std::string> command{"./app"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  CHECK(unpacked(text) == command);
}
