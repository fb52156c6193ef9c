// `weir run` as seen from a shell: arguments, exit status, signals, mpirun's noise, wrong use.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>

#include "support/process.hpp"

using namespace weir::test;

namespace {

Finished weir_run(const std::vector<std::string>& arguments, const ProcessOptions& options = {}) {
  std::vector<std::string> command{WEIR_TOOL, "run"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, options);
}

/// The pids that a waiting job has printed: of its ranks and of what started them.
std::vector<pid_t> pids_in(const std::string& text) {
  std::vector<pid_t> pids;
  const std::regex pattern("(?:pid|mpirun)=(\\d+)");
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    pids.push_back(std::stoi((*it)[1]));
  return pids;
}

bool all_gone(const std::vector<pid_t>& pids) {
  return eventually([&] {
    for (const pid_t pid : pids) {
      if (is_running(pid)) return false;
    }
    return true;
  });
}

bool is_empty(const std::string& folder) { return std::filesystem::is_empty(folder); }

}  // namespace

TEST_CASE("run passes arguments on as they are, whatever mpirun thinks of them") {
  const std::vector<std::string> arguments{
      "arguments", "-n",   "5",     "--help",      "a b", "\"q\"", "it's",
      "$HOME",     "`ls`", "*",     "back\\slash", "",    ":",     "--mca",
      "btl",       "foo",  "-tune", "x",           "--",  "=",     "two\nlines"};
  std::string expected = "0<" RANK_PROGRAM ">\n";
  for (std::size_t i = 0; i < arguments.size(); ++i)
    expected += std::to_string(i + 1) + "<" + arguments[i] + ">\n";
  std::vector<std::string> command{"-n", "2", RANK_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const Finished finished = weir_run(command);
  CHECK(finished.out == expected);
  CHECK(finished.err.empty());
  CHECK(finished.status == 0);
}

TEST_CASE("run starts as many ranks as it is told") {
  CHECK(weir_run({"-n", "1", RANK_PROGRAM, "size"}).out == "1 ranks\n");
  CHECK(weir_run({"--ranks=3", "--", RANK_PROGRAM, "size"}).out == "3 ranks\n");
}

TEST_CASE("run takes the number of ranks from the job, else from the cores") {
  TemporaryFolder folder;
  write_file(folder.path() + "/nodes", "localhost\nlocalhost\nlocalhost\n");
  CHECK(weir_run({RANK_PROGRAM, "size"}, {{{"PBS_NODEFILE", folder.path() + "/nodes"}}}).out == "3 ranks\n");
  const int cores = std::stoi(run({"nproc"}).out);
  CHECK(weir_run({RANK_PROGRAM, "size"}, {{{"PBS_NODEFILE", folder.path() + "/gone"}}}).out ==
        std::to_string(cores + 1) + " ranks\n");
}

TEST_CASE("run gives stdin to rank 0") {
  std::string input;
  for (int i = 0; i < 20000; ++i) input += std::to_string(i) + '\n';
  CHECK(weir_run({"-n", "2", "cat"}, {{}, input}).out == input);
}

TEST_CASE("run sets the environment of the ranks") {
  const std::vector<std::string> command{
      "-n", "1", "--threads", "4", "/bin/sh", "-c", "echo $WEIR_THREADS $WEIR_LOG $GLIBC_TUNABLES"};
  CHECK(weir_run(command, {{{"WEIR_LOG", "error"}, {"GLIBC_TUNABLES", ""}}}).out == "4 error\n");
  CHECK(weir_run(command, {{{"WEIR_LOG", "error"}, {"GLIBC_TUNABLES", "glibc.malloc.perturb=0"}}}).out ==
        "4 error glibc.malloc.perturb=0\n");
}

TEST_CASE("run ends with the exit status of rank 0") {
  CHECK(weir_run({"-n", "2", RANK_PROGRAM, "exit", "0"}).status == 0);
  const Finished finished = weir_run({"-n", "2", RANK_PROGRAM, "exit", "3"});
  CHECK(finished.status == 3);
  CHECK(finished.err.empty());
}

TEST_CASE("run believes the status file first, and what main makes of a success") {
  TemporaryFolder folder;
  const Finished finished =
      weir_run({"-n", "2", RANK_PROGRAM, "status", "42"}, {{{"TMPDIR", folder.path()}}});
  CHECK(finished.status == 42);
  CHECK(finished.err.empty());
  CHECK(weir_run({"-n", "2", RANK_PROGRAM, "status", "0"}).status == 9);
}

TEST_CASE("run removes its temporary folder") {
  TemporaryFolder folder;
  const Finished finished = weir_run({"-n", "1", "/bin/sh", "-c", "stat -c %a \"${WEIR_STATUS_FILE%/*}\""},
                                     {{{"TMPDIR", folder.path()}}});
  CHECK(finished.out == "700\n");
  CHECK(is_empty(folder.path()));
}

TEST_CASE("run hides mpirun's noise when a worker died and the job recovered") {
  const Finished finished = weir_run({"-n", "3", RANK_PROGRAM, "worker_killed"});
  CHECK(finished.status == 0);
  CHECK(finished.err == "stderr of the program");
}

TEST_CASE("run ends in silence when the reader of its output goes") {
  const Finished finished = run({"sh", "-c", "{ " WEIR_TOOL " run -n 2 yes; echo $? >&2; } | head -n 1"});
  CHECK(finished.out == "y\n");
  CHECK(finished.err == "141\n");
}

TEST_CASE("run says what ended rank 0 and ends the ranks it left") {
  const Finished finished = weir_run({"-n", "2", RANK_PROGRAM, "killed"}, {{{"WEIR_EXIT_GRACE", "50ms"}}});
  CHECK(finished.status == 128 + SIGKILL);
  CHECK(finished.err == "weir run: rank 0 was ended by signal 9 (Killed)\n");
}

TEST_CASE("run ends an mpirun that does not end by itself") {
  Process job({WEIR_TOOL, "run", "-n", "2", RANK_PROGRAM, "mpirun_stays"}, {{{"WEIR_EXIT_GRACE", "50ms"}}});
  CHECK(job.wait().status == 4);
  CHECK(all_gone(pids_in(job.err())));
}

TEST_CASE("run passes signals on and leaves no process behind") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process job({WEIR_TOOL, "run", "-n", "2", RANK_PROGRAM, "wait"});
    job.wait_for("all ready");
    job.send(signal);
    CHECK(job.wait().status == 128 + signal);
    CHECK(all_gone(pids_in(job.err())));
  }
}

TEST_CASE("run that is killed leaves no process behind") {
  TemporaryFolder folder;
  Process job({WEIR_TOOL, "run", "-n", "2", RANK_PROGRAM, "wait"}, {{{"TMPDIR", folder.path()}}});
  job.wait_for("all ready");
  job.send(SIGKILL);
  const std::vector<pid_t> pids = pids_in(job.err());
  CHECK(pids.size() == 4);
  CHECK(job.wait().status == 128 + SIGKILL);
  CHECK(all_gone(pids));
}

TEST_CASE("run removes the temporary folders of those that were killed, not of those that run") {
  TemporaryFolder folder;
  const ProcessOptions there{{{"TMPDIR", folder.path()}}};
  const auto make_old = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      std::filesystem::last_write_time(entry,
                                       std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  };
  const auto folders = [&] {
    const std::filesystem::directory_iterator all(folder.path());
    return std::count_if(begin(all), end(all), [](const auto& entry) {  // beside those of MPI
      return entry.path().filename().string().starts_with("weir-run-");
    });
  };
  Process job({WEIR_TOOL, "run", "-n", "1", RANK_PROGRAM, "wait"}, there);
  job.wait_for("all ready");
  make_old();
  CHECK(weir_run({"-n", "1", "true"}, there).status == 0);
  CHECK(folders() == 1);
  job.send(SIGKILL);
  CHECK(job.wait().status == 128 + SIGKILL);
  CHECK(weir_run({"-n", "1", "true"}, there).status == 0);
  CHECK(folders() == 0);
}

TEST_CASE("run forwards large output of a program completely") {
  const Finished finished = weir_run(
      {"-n", "1", "/bin/sh", "-c",
       "i=0; while [ $i -lt 20000 ]; do echo \"- [line $i] -\" >&2; i=$((i+1)); done; printf end >&2"});
  std::string expected;
  for (int i = 0; i < 20000; ++i) expected += "- [line " + std::to_string(i) + "] -\n";
  CHECK((finished.err == expected + "end"));
}

TEST_CASE("run shows mpirun's own message when the job cannot start") {
  TemporaryFolder folder;
  write_file(folder.path() + "/mpirun", "#!/bin/sh\nprintf 'no hosts' >&2\nexit 7\n", 0755);
  const Finished finished =
      weir_run({"-n", "2", RANK_PROGRAM}, {{{"PATH", folder.path() + ":/usr/bin:/bin"}}});
  CHECK(finished.status == 7);
  CHECK(finished.err == "no hosts");
}

TEST_CASE("run tells what a script lacks that cannot be started") {
  TemporaryFolder folder;
  write_file(folder.path() + "/script", "echo text\n", 0755);
  const Finished finished = weir_run({"-n", "1", folder.path() + "/script"});
  CHECK(finished.status == 127);
  CHECK(finished.err == "weir run: cannot start " + folder.path() +
                            "/script (Exec format error); the first line of a script names what reads it: "
                            "#!/bin/sh\n");
}

TEST_CASE("run tells how mpirun was ended") {
  TemporaryFolder folder;
  write_file(folder.path() + "/mpirun", "#!/bin/sh\nkill -9 $$\n", 0755);
  const Finished finished =
      weir_run({"-n", "2", RANK_PROGRAM}, {{{"PATH", folder.path() + ":/usr/bin:/bin"}}});
  CHECK(finished.status == 137);
  CHECK(finished.err == "weir run: mpirun was ended by signal 9 (Killed)\n");
}

TEST_CASE("run refuses wrong use with one sentence") {
  TemporaryFolder folder;
  write_file(folder.path() + "/text", "no program");
  const auto refusal = [&](const std::vector<std::string>& arguments) {
    const Finished finished = weir_run(arguments, {{}, {}, folder.path()});
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    return finished.err;
  };
  const auto wrong_number = [](const std::string& got) {
    return "weir run: -n must be a whole number of ranks from 1 to 1000000 (got " + got +
           "); write for example -n 4\n";
  };
  for (const std::string text : {"0", "abc", "-1", "3x", "2.5", "99999999999"})
    CHECK(refusal({"-n", text, RANK_PROGRAM}) == wrong_number(text));
  const std::string beyond = refusal({"-n", "1000000", RANK_PROGRAM});  // mpirun would begin with them
  CHECK(beyond.starts_with("weir run: -n 1000000: 1 host of "));
  CHECK(beyond.find(" ranks at most, since one of MPI takes 8 MB before it does anything") !=
        std::string::npos);
  CHECK(refusal({"-n", "", RANK_PROGRAM}) == "weir run: -n needs a value (got \"\")\n");
  CHECK(refusal({"--threads", "0", RANK_PROGRAM}) ==
        "weir run: --threads must be a whole number of threads from 1 to 4096 (got 0); write for example "
        "--threads 4\n");
  CHECK(refusal({"-n"}) ==
        "weir run: --ranks must have a value (got none); `weir run --help` shows the options\n");
  CHECK(refusal({"-n", "2", "--memory"}) ==
        "weir run: --memory must have a value (got none); `weir run --help` shows the options\n");
  CHECK(refusal({"--memory", "0", RANK_PROGRAM}) ==
        "weir run: --memory must be at least 1MB; a number without a unit counts bytes (got 0); write for "
        "example --memory 4GB\n");
  CHECK(refusal({"--memory", "lots", RANK_PROGRAM}).find("weir run: --memory: ") == 0);
  CHECK(refusal({"--report", "/no/such/r.html", RANK_PROGRAM}) ==
        "weir run: --report: the folder of the file must be there (got /no/such)\n");
  CHECK(refusal({"-n", "2"}) ==
        "weir run: a program must be named (got none); write for example weir run -n 3 ./app\n");
  CHECK(refusal({"--fast", RANK_PROGRAM}) ==
        "weir run: an option before the program must be -n, --threads, --memory, --launcher, --journal, "
        "--rerun, --dry-run, --dashboard or "
        "--report (got "
        "--fast); options of the program follow its name\n");
  CHECK(refusal({"./gone"}) ==
        "weir run: the program must exist (got ./gone); give its path, for example ./build/app\n");
  CHECK(refusal({"gone"}) ==
        "weir run: the program must exist in PATH or in the working folder (got gone); give its path, for "
        "example ./build/app\n");
  CHECK(refusal({"./text"}) ==
        "weir run: the program must be an executable file (got ./text); chmod +x makes a script or program "
        "executable\n");
  CHECK(refusal({"."}) == "weir run: the program must be a file (got the directory .)\n");
  CHECK(refusal({"."}) == "weir run: the program must be a file (got the directory .)\n");
}

TEST_CASE("run refuses once what every rank would refuse") {
  const auto refusal = [](const std::string& name, const std::string& value) {
    const Finished finished = weir_run({"-n", "3", RANK_PROGRAM}, {{{name, value}}});
    CHECK(finished.status == 2);
    return finished.err;
  };
  CHECK(refusal("WEIR_THREADS", "many") ==
        "weir run: WEIR_THREADS: must be a number from 1 to 4096 (got \"many\")\n");
  CHECK(refusal("WEIR_RESOURCES", "GPU") ==
        "weir run: WEIR_RESOURCES: must be name=amount pairs such as \"GPU=2,licence=1\" (got \"GPU\")\n");
  CHECK(refusal("WEIR_RESOURCES", "GPU=1,GPU=1") ==
        "weir run: WEIR_RESOURCES: a resource must be named once (got GPU several times); add the amounts "
        "up\n");
  CHECK(refusal("WEIR_MEMORY_LIMIT", "0") ==
        "weir run: WEIR_MEMORY_LIMIT: must be at least 1MB; a number without a unit counts bytes (got "
        "\"0\")\n");
}

TEST_CASE("run says when the configuration cannot be read, and goes on") {
  const Finished finished = weir_run({"-n", "1", "true"}, {{{"WEIR_CONFIG", "/nowhere/config.toml"}}});
  CHECK(finished.status == 0);
  CHECK(finished.err ==
        "weir run: WEIR_CONFIG: the file cannot be read (got /nowhere/config.toml); unset it, or name a file "
        "of "
        "yours\n");
}

TEST_CASE("run says when there is no mpirun") {
  const Finished finished = weir_run({"-n", "2", RANK_PROGRAM}, {{{"PATH", "/nonexistent"}}});
  CHECK(finished.status == 2);
  CHECK(finished.err ==
        "weir run: mpirun must be in PATH (got /nonexistent); install Open MPI (Debian: openmpi-bin) or load "
        "its module\n");
}

TEST_CASE("run says when there is no room for its temporary folder") {
  const Finished finished = weir_run({"-n", "2", RANK_PROGRAM}, {{{"TMPDIR", "/proc/no-such"}}});
  CHECK(finished.status == 1);
  CHECK(finished.err ==
        "weir run: the folder for temporary files must be writable (got /proc/no-such: No such file or "
        "directory); TMPDIR names another\n");
}
