// Jobs of PBS, by programs that do as OpenPBS 23.06 does and really run them.
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/process.hpp"

using namespace weir::test;
using namespace std::chrono_literals;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string numbers_to(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

/// A login node with an empty home, where `running` jobs may run at once.
struct Site {
  TemporaryFolder home, programs, server;
  std::string running;
  explicit Site(int at_once) : running(std::to_string(at_once)) {
    for (const char* name : {"qsub", "qstat", "qdel"})
      std::filesystem::create_symlink(FAKE_PBS, programs.path() + "/" + name);
    std::filesystem::create_symlink(WEIR_TOOL, programs.path() + "/weir");
  }
  ~Site() {
    for (int id = 0; id < 20 && !has_ended(); ++id)
      (void)run({programs.path() + "/qdel", std::to_string(id) + ".server"}, options());
    (void)has_none_alive();
  }
  [[nodiscard]] ProcessOptions options(const std::map<std::string, std::string>& more = {}) const {
    ProcessOptions result;
    result.environment = {{"HOME", home.path()},
                          {"FAKE_PBS", server.path()},
                          {"FAKE_PBS_RUNNING", running},
                          {"PATH", programs.path() + ":/usr/bin:/bin"},
                          {"WEIR_LOG", ""},
                          {"WEIR_STATE_DIR", ""},
                          {"XDG_STATE_HOME", ""},
                          {"WEIR_CONFIG", ""}};
    for (const auto& [name, value] : more) result.environment[name] = value;
    result.folder = home.path();
    result.deadline = 100s;
    return result;
  }
  [[nodiscard]] Finished weir(const std::vector<std::string>& words) const {
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    return run(command, options());
  }
  /// The server's state: JSON, as Python writes it.
  [[nodiscard]] std::string jobs() const { return content(server.path() + "/state.json"); }
  [[nodiscard]] bool has_ended() const {
    const std::string all = jobs();
    return !contains(all, "\"job_state\": \"Q\"") && !contains(all, "\"job_state\": \"R\"");
  }
  [[nodiscard]] bool has_none_alive() const {
    return eventually([&] { return has_ended(); });
  }
};

}  // namespace

TEST_CASE("the quickstart runs as it stands in the guide to clusters") {
  const Site site(2);  // two of the ten get in
  const Finished done = run({QUICKSTART}, site.options());
  INFO(done.err);
  CHECK(done.out == numbers_to(20));
  CHECK(done.err.empty());
  CHECK(done.status == 0);
  CHECK(site.has_none_alive());
  const std::string jobs = site.jobs();
  INFO(jobs);
  CHECK(contains(jobs, "\"queue\": \"regular\""));
  CHECK(contains(jobs, "\"select\": \"1:ncpus=24:mpiprocs=1:ompthreads=1:mem=94gb\""));
  CHECK(contains(jobs, "\"walltime\": \"02:00:00\""));
  const auto squeezed = [](const std::string& text) {
    std::string kept;
    for (const char c : text)
      if (c != ' ') kept += c;
    return kept;
  };
  const std::string guide = content(GUIDE), program = squeezed(content(QUICKSTART_SOURCE));
  const std::size_t begin = guide.find("weir::PbsCluster cluster{{");
  REQUIRE(begin != std::string::npos);
  std::istringstream lines(guide.substr(begin, guide.find("```", begin) - begin));
  for (std::string line; std::getline(lines, line);) CHECK(contains(program, squeezed(line) + "\n"));
}

TEST_CASE("a job that begins while it is cancelled gets no work that would die with it") {
  const Site site(1);
  const Finished done =
      run({BATCH_CLUSTER, "pbs", "late"}, site.options({{"FAKE_PBS_LATE", "on"}, {"TEST_WEIR", WEIR_TOOL}}));
  INFO(done.err);
  CHECK(done.out == "nap 42\nlost 0\ndone\n");
  CHECK(done.status == 0);
}

TEST_CASE("weir submit --wait follows a job of PBS whose output stays in a spool until its end") {
  const Site site(1);
  Process waiting(
      {WEIR_TOOL, "submit", "--pbs", "-n", "2", "--nodes", "1", "-t", "5m", "--wait", "/bin/sh", "-c",
       "echo rank $OMPI_COMM_WORLD_RANK; while [ ! -e go ]; do sleep 0.05; done; echo oops >&2; exit 7"},
      site.options());
  waiting.wait_for("rank 0\n");  // while it runs
  waiting.wait_for("rank 1\n");
  CHECK(contains(site.weir({"status"}).out, "0.server       pbs     running    sh "));
  CHECK(site.weir({"logs"}).out.size() == 14);
  const Finished second = site.weir({"submit", "--pbs", "-n", "1", "/bin/true"});
  CHECK(second.out == "1.server\n");
  CHECK(contains(site.weir({"status", "1.server"}).out, "waiting    true                      1"));
  CHECK(contains(site.weir({"status", "1"}).out, "Not Running: Insufficient amount of resource: ncpus"));
  CHECK(site.weir({"cancel", "1"}).out == "job 1.server cancelled\n");
  write_file(site.home.path() + "/go", "");
  const Finished done = waiting.wait();
  CHECK(done.status == 7);
  CHECK(contains(done.err, "oops\n"));
  CHECK(contains(done.err, "weir: job 0.server failed: exit status 7 ("));
  CHECK(contains(site.weir({"status", "0"}).out, " failed "));  // it is only in the history
  CHECK(site.weir({"cancel", "0"}).out.starts_with("job 0.server failed"));
  CHECK(site.has_none_alive());
}

TEST_CASE("an array of PBS shows each of its elements and ends with the worst exit status") {
  const Site site(2);
  const Finished done = site.weir({"submit", "--pbs", "-n", "1", "--array", "1-5:2", "--wait", "/bin/sh",
                                   "-c", "echo element $WEIR_ARRAY_INDEX; exit $WEIR_ARRAY_INDEX"});
  INFO(done.err);
  CHECK(done.status == 5);
  CHECK(contains(done.err, "weir: job array 0[].server: 3 of 3 elements over, 0 running\n"));
  const Finished logs = site.weir({"logs", "0"});
  CHECK(logs.out == "element 1\nelement 3\nelement 5\n");
  CHECK(site.weir({"logs", "0[3].server"}).out == "element 3\n");
  CHECK(contains(site.weir({"status", "0"}).out, "0[5].server    pbs     failed "));
  CHECK(site.has_none_alive());
}

TEST_CASE("where PBS keeps no history the program's own note tells how a job ended") {
  const Site site(1);
  const Finished done =
      run({WEIR_TOOL, "submit", "--pbs", "-n", "1", "--wait", "/bin/sh", "-c", "echo here; exit 5"},
          site.options({{"FAKE_PBS_HISTORY", "off"}}));
  INFO(done.err);
  CHECK(done.out == "here\n");
  CHECK(done.status == 5);
}

TEST_CASE("Ctrl-C while a job of PBS is followed ends it, and weir cancel one that runs") {
  const Site site(2);
  Process waiting(
      {WEIR_TOOL, "submit", "--pbs", "-n", "1", "--wait", "/bin/sh", "-c", "echo begun; sleep 1000"},
      site.options());
  waiting.wait_for("begun\n");
  waiting.send(SIGINT);
  CHECK(waiting.wait().status == 128 + SIGINT);
  CHECK(site.has_none_alive());
  CHECK(site.weir({"submit", "--pbs", "-n", "1", "/bin/sh", "-c", "echo begun; sleep 1000"}).out ==
        "1.server\n");
  REQUIRE(eventually([&] { return site.weir({"logs", "1"}).out == "begun\n"; }));
  CHECK(site.weir({"cancel", "1"}).out == "job 1.server cancelled\n");
  CHECK(site.has_none_alive());
  CHECK(contains(site.weir({"status", "1"}).out, " cancelled "));
}

TEST_CASE("a refused submission to PBS shows the site's own words") {
  const Site site(1);
  const Finished refused = site.weir({"submit", "--pbs", "-n", "1", "-q", "nowhere", "/bin/true"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "weir submit: pbs: the job was not accepted (got exit status 172 from `qsub "));
  CHECK(contains(refused.err, "which says: qsub: Unknown queue)\n"));
}
