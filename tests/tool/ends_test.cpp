// How `weir run` ends: never with 0 when nothing ran, and never with a process of the job left.
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <regex>
#include <thread>

#include "support/process.hpp"

using namespace weir::test;

namespace {

Finished weir_run(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), {WEIR_TOOL, "run"});
  return run(arguments, options);
}

/// A folder in PATH with an mpirun that is this shell script; it finds the command for a rank behind `weir`.
class FakeMpirun {
 public:
  explicit FakeMpirun(const std::string& body) {
    write_file(folder_.path() + "/mpirun",
               "#!/bin/sh\nexport OMPI_COMM_WORLD_RANK=0\nwhile [ \"${1##*/}\" != weir ]; do shift; done\n" +
                   body + "\n",
               0755);
  }
  Finished run(const std::vector<std::string>& arguments) const {
    return weir_run(arguments, {{{"PATH", folder_.path() + ":/usr/bin:/bin"}}});
  }

 private:
  TemporaryFolder folder_;
};

std::vector<pid_t> pids_in(const std::string& text) {
  std::vector<pid_t> pids;
  const std::regex pattern("(?:pid|mpirun)=(\\d+)");
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    pids.push_back(std::stoi((*it)[1]));
  return pids;
}

bool is_any_running(const std::string& printed) {
  for (const pid_t pid : pids_in(printed)) {
    if (is_running(pid)) return true;
  }
  return false;
}

pid_t mpirun_of(const std::string& printed) {
  std::smatch found;
  REQUIRE(std::regex_search(printed, found, std::regex("rank=1 pid=\\d+ mpirun=(\\d+)")));
  return std::stoi(found[1]);
}

}  // namespace

TEST_CASE("run passes on thousands of arguments, whatever is in them") {
  std::vector<std::string> command{"-n", "2", RANK_PROGRAM, "arguments"};
  std::string expected = "0<" RANK_PROGRAM ">\n1<arguments>\n";
  const std::vector<std::string> odd{"",           "\\",     "\\;", ";",     "a b",
                                     "two\nlines", "\\\\;x", "=",   "--mca", "$HOME"};
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::string text = odd[i % odd.size()] + "texts/file_" + std::to_string(i);
    const std::string& argument = i < odd.size() ? odd[i] : text;
    command.push_back(argument);
    expected += std::to_string(i + 2) + "<" + argument + ">\n";
  }
  const Finished finished = weir_run(command);
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  CHECK((finished.out == expected));
}

TEST_CASE("run hides its own variables from the program") {
  const std::string long_argument(40'000, 'x');
  const Finished finished = weir_run({"-n", "1", "sh", "-c", "env | grep -c WEIR_ARGUMENTS", long_argument});
  CHECK(finished.out == "0\n");
  CHECK(finished.status == 1);  // grep's
}

TEST_CASE("run learns the exit status where no file can be written") {
  for (const std::string status : {"0", "5"}) {
    const Finished finished =
        run({"sh", "-c", "ulimit -f 0; exec " WEIR_TOOL " run -n 2 sh -c 'exit " + status + "'"});
    CHECK(finished.status == std::stoi(status));
  }
}

TEST_CASE("run says when MPI may not have the files it needs") {
  const Finished finished = run({"sh", "-c", "ulimit -f 1; exec " WEIR_TOOL " run -n 2 sh -c 'exit 3'"});
  CHECK(finished.status == 3);
  CHECK(finished.err.ends_with(
      "weir run: no file may have more than 512 bytes here (ulimit -f), which MPI needs for what its ranks "
      "share; `ulimit -f unlimited` allows it\n"));
}

TEST_CASE("run ends with what main returns after a body that has worked, else with the body's status") {
  const auto status_of = [](const std::string& body, const std::string& end) {
    return weir_run({"-n", "1", "sh", "-c", "ln -s " + body + " \"$WEIR_STATUS_FILE\"; " + end}).status;
  };
  CHECK(status_of("0", "exit 7") == 7);
  CHECK(status_of("5", "exit 0") == 5);
  CHECK(status_of("5", "exit 7") == 5);
  CHECK(status_of("0", "kill -9 $$") == 0);  // MPI is being finalized, and mpirun may have done it
  CHECK(status_of("\"0 left\"", "kill -9 $$") == 137);
}

TEST_CASE("run waits for a program that fails late") {
  const Finished finished =
      weir_run({"-n", "2", "sh", "-c", "sleep 1; exit 5"}, {{{"WEIR_EXIT_GRACE", "50ms"}}});
  CHECK(finished.status == 5);
  CHECK(finished.err.empty());
}

TEST_CASE("run fails and says so when the parent of rank 0 is killed") {
  const Finished finished = weir_run({"-n", "1", "sh", "-c", "kill -9 $PPID; sleep 60"});
  CHECK(finished.status == 1);
  CHECK(finished.err.find("weir run: the process that watches rank 0 was ended before it could tell the exit "
                          "status; what the job printed may be incomplete\n") != std::string::npos);
}

TEST_CASE("run fails and says so when mpirun ends well without rank 0") {
  const Finished finished = FakeMpirun("exit 0").run({"-n", "2", "true"});
  CHECK(finished.status == 1);
  CHECK(finished.err ==
        "weir run: rank 0 was not started, though mpirun ended with 0; `weir info` shows which mpirun that "
        "is\n");
}

TEST_CASE("run learns the exit status of a rank 0 on another host from its stderr") {
  // There the pipe and the folder of `weir run` do not exist.
  const FakeMpirun elsewhere("rm \"$WEIR_STATUS_FILE.process\"\n\"$@\"\nexit 0");
  for (const std::string status : {"0", "7"}) {
    const Finished finished =
        elsewhere.run({"-n", "2", "sh", "-c", "printf 'no end of line' >&2; exit " + status});
    CHECK(finished.status == std::stoi(status));
    CHECK(finished.err == "no end of line");
  }
  const Finished killed = elsewhere.run({"-n", "2", "sh", "-c", "kill -9 $$"});
  CHECK(killed.status == 137);
  CHECK(killed.err == "weir run: rank 0 was ended by signal 9 (Killed)\n");
}

TEST_CASE("run fails and says so when output is lost") {
  const Finished finished = run({"sh", "-c", WEIR_TOOL " run -n 1 sh -c 'echo text' > /dev/full"});
  CHECK(finished.status == 1);
  CHECK(finished.err == "weir run: output of the job could not be written (No space left on device)\n");
  const Finished failed = run({"sh", "-c", WEIR_TOOL " run -n 1 sh -c 'echo text; exit 3' > /dev/full"});
  CHECK(failed.status == 3);
}

TEST_CASE("run passes on all of a large output, also to a slow reader") {
  const Finished finished = run({"sh", "-c", WEIR_TOOL " run -n 1 seq 1 300000 | { sleep 0.3; md5sum; }"});
  CHECK(finished.out == run({"sh", "-c", "seq 1 300000 | md5sum"}).out);
}

TEST_CASE("run leaves no rank and no daemon when it is told to end again and again") {
  Process job({WEIR_TOOL, "run", "-n", "2", RANK_PROGRAM, "deaf"});
  job.wait_for("all ready");
  CHECK(pids_in(job.err()).size() == 6);
  for (int i = 0; i < 2; ++i) {
    job.send(SIGINT);
    weir::test::pause();
  }
  CHECK(job.wait().status == 128 + SIGINT);
  CHECK_FALSE(is_any_running(job.err()));
}

TEST_CASE("run leaves no rank and no daemon when mpirun is killed") {
  Process job({WEIR_TOOL, "run", "-n", "2", RANK_PROGRAM, "deaf"});
  job.wait_for("all ready");
  kill(mpirun_of(job.err()), SIGKILL);
  CHECK(job.wait().status == 128 + SIGKILL);
  CHECK(job.err().find("weir run: mpirun was ended by signal 9 (Killed)\n") != std::string::npos);
  CHECK_FALSE(is_any_running(job.err()));
}

TEST_CASE("no rank and no daemon stays when run itself is killed") {
  Process job({WEIR_TOOL, "run", "-n", "2", "sh", "-c",
               "trap '' TERM; setsid sleep 100 & echo pid=$!; echo pid=$$; "
               "echo ready $OMPI_COMM_WORLD_RANK; sleep 100; true"});
  job.wait_for("ready 0");
  job.wait_for("ready 1");
  job.send(SIGKILL);
  CHECK(job.wait().status == 128 + SIGKILL);
  REQUIRE(pids_in(job.out()).size() == 4);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (is_any_running(job.out()) && std::chrono::steady_clock::now() < deadline) weir::test::pause();
  CHECK_FALSE(is_any_running(job.out()));
}

TEST_CASE("run ends the daemons that a program leaves") {
  const Finished finished = weir_run({"-n", "2", RANK_PROGRAM, "daemon"});
  CHECK(finished.status == 0);
  REQUIRE(pids_in(finished.err).size() == 1);
  CHECK_FALSE(is_any_running(finished.err));
}

TEST_CASE("run leaves a rank 0 that hears SIGTERM the time to save, until it is told again") {
  // Programs of one process each: the other rank has no handler, and must not be told.
  const std::string body =
      "if [ \"$OMPI_COMM_WORLD_RANK\" != 0 ]; then echo other pid=$$ >&2; exec sleep 60; fi\n"
      "trap 'is_told=1' TERM; is_told=; echo first pid=$$ >&2\n"
      "while [ -z \"$is_told\" ]; do sleep 0.05; done\n"
      "trap - TERM; readlink \"$WEIR_STATUS_FILE.end\" > /dev/null || exit 3\n"
      "echo saving; sleep \"$1\"; echo saved; ln -s 7 \"$WEIR_STATUS_FILE\"; exit 7\n";
  const auto start = [&](const std::string& seconds) {
    auto job = std::make_unique<Process>(
        std::vector<std::string>{WEIR_TOOL, "run", "-n", "2", "bash", "-c", body, "body", seconds});
    job->wait_for("other pid=");
    job->wait_for("first pid=");
    job->send(SIGTERM);
    job->wait_for("saving\n");
    job->send(SIGTERM);  // the same announcement
    return job;
  };
  const auto saves = start("2.5");
  CHECK(saves->wait().status == 7);
  CHECK(saves->out() == "saving\nsaved\n");
  CHECK_FALSE(is_any_running(saves->err()));
  const auto told_again = start("60");
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  told_again->send(SIGTERM);
  CHECK(told_again->wait().status == 128 + SIGTERM);
  CHECK(told_again->out() == "saving\n");
  CHECK_FALSE(is_any_running(told_again->err()));
  // To mpirun too, which would kill its ranks after a second; the program of rank 0 has a group of its own.
  const Finished in_group =
      run({"timeout", "2", WEIR_TOOL, "run", "-n", "2", "bash", "-c", body, "body", "1.5"});
  CHECK(in_group.status == 124);
  CHECK(in_group.out == "saving\nsaved\n");
  CHECK_FALSE(is_any_running(in_group.err));
}

TEST_CASE("run keeps no zombies of a job, and does not say that the dead were left") {
  const Finished finished = weir_run(
      {"-n", "1", "sh", "-c",
       "for i in 1 2 3; do (setsid sleep 0.1 >/dev/null 2>&1 &); done; sleep 0.6\n"
       "tool=$(ps -o ppid= -p $(ps -o ppid= -p $PPID)); ps -o stat= --ppid $tool | grep -c Z; true"});
  CHECK(finished.status == 0);
  CHECK(finished.out == "0\n");
  CHECK(finished.err.empty());
}

TEST_CASE("run leaves children alone that its process had before") {
  const Finished finished =
      run({"sh", "-c", "sleep 60 >/dev/null 2>&1 & echo pid=$!; exec " WEIR_TOOL " run -n 1 true"});
  CHECK(finished.status == 0);
  REQUIRE(pids_in(finished.out).size() == 1);
  CHECK(is_any_running(finished.out));
  kill(pids_in(finished.out).front(), SIGKILL);
}

TEST_CASE("a job on several nodes that mpirun cannot reach ends with what helps") {
  const std::string helps =
      "`ssh NODE true` must work from the first node without a question (a key of yours in "
      "~/.ssh/authorized_keys, known hosts), or OMPI_MCA_plm_rsh_agent names the site's own way; a job of "
      "one "
      "node (--nodes 1) needs neither\n";
  const TemporaryFolder folder;
  write_file(folder.path() + "/mpirun", "#!/bin/sh\nexit 0\n", 0755);
  write_file(folder.path() + "/hosts", "one\none\ntwo\n");
  ProcessOptions options{{{"PATH", folder.path()},
                          {"PBS_JOBID", "1.server"},
                          {"PBS_NODEFILE", folder.path() + "/hosts"},
                          {"OMPI_MCA_plm_rsh_agent", ""}}};
  const Finished refused = weir_run({"-n", "3", "/bin/true"}, options);
  CHECK(refused.status != 0);
  CHECK(refused.err ==
        "weir run: mpirun starts the ranks of other nodes with ssh, which must be on PATH (got none, and the "
        "job is on one and two); " +
            helps);
  const std::string rule(74, '-');
  const FakeMpirun unable(
      "printf '%s\\nORTE was unable to reliably start one or more daemons.\\nthis usually\\n%s\\n' '" + rule +
      "' '" + rule + "' >&2\nexit 1");
  const Finished failed = unable.run({"-n", "2", "/bin/true"});
  CHECK(failed.status == 1);
  CHECK(failed.err.find("ORTE was unable to reliably start one or more daemons.\n") != std::string::npos);
  CHECK(failed.err.find("weir run: mpirun could not start ranks on other nodes, where it logs in with ssh; " +
                        helps) != std::string::npos);
}

TEST_CASE("the note of rank 0 counts when it is seen in the same moment as the end of mpirun") {
  // What a busy machine does by chance: everything has happened before weir run looks again.
  const FakeMpirun quick(
      "kill -STOP $PPID\n\"$@\"\n(sleep 0.3; kill -CONT $PPID) </dev/null >/dev/null 2>&1 &\nexit 0");
  for (int i = 0; i < 3; ++i) {
    const Finished finished = quick.run({"-n", "2", "/bin/true"});
    CHECK(finished.status == 0);
    CHECK(finished.err == "");
  }
  CHECK(quick.run({"-n", "2", "/bin/sh", "-c", "exit 5"}).status == 5);
}
