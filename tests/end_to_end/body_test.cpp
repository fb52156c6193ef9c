// How a job ends, whatever its body does: the right status, one clear message, soon, and nobody left behind.
#include <catch2/catch.hpp>
#include <csignal>
#include <deque>

#include "support/jobs.hpp"

using namespace weir::test;

namespace {

const std::vector<Launcher> homes{{{}, "threads"},
                                  {{WEIR_TOOL, "run", "-n", "1"}, "one rank"},
                                  {{WEIR_TOOL, "run", "-n", "3"}, "three ranks"}};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t number = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

/// Runs a job to its end in every home of a program; `check` looks at what came of it.
template <class Check>
void in_every_home(const std::string& how, Check check) {
  std::deque<Process> jobs;  // all at once: they mostly begin and end
  for (const Launcher& home : homes)
    jobs.emplace_back(home.command({BODIES_JOB, how}), ProcessOptions{.deadline = std::chrono::seconds(20)});
  for (std::size_t at = 0; at < homes.size(); ++at) {
    INFO(homes[at].name << ": " << how);
    const Finished& finished = jobs[at].wait();
    INFO(finished.out << finished.err);
    check(finished);
    CHECK(all_gone(pids_in(finished.out)));
  }
}

void check_status(const std::string& how, int status) {
  in_every_home(how, [&](const Finished& finished) {
    CHECK(finished.status == status);
    CHECK(finished.err == "");
  });
}

void check_message(const std::string& how, const std::string& message) {
  in_every_home(how, [&](const Finished& finished) {
    CHECK(finished.status == 1);
    CHECK(finished.err.find(message) != std::string::npos);
    CHECK(count(finished.err, "\n") == 1);
  });
}

}  // namespace

TEST_CASE("the body's return value is the status of the job") {
  check_status("return", 0);
  check_status("return7", 7);
}

TEST_CASE("what main does after the body takes its time, and its death is the job's") {
  for (const std::size_t home : {1, 2}) {
    ProcessOptions options{.deadline = std::chrono::seconds(20)};
    options.environment["WEIR_EXIT_GRACE"] = "300ms";
    INFO(homes[home].name);
    const Finished works = run(homes[home].command({BODIES_JOB, "main_long"}), options);
    INFO(works.out << works.err);
    CHECK(works.status == 0);
    CHECK(count(works.out, "after\n") == (home == 1 ? 1 : 3));
    const Finished dies = run(homes[home].command({BODIES_JOB, "main_abort"}), options);
    INFO(dies.out << dies.err);
    CHECK(dies.status == 134);
    CHECK(count(dies.err, "weir run: rank 0 was ended by signal 6 (Aborted), after its body\n") == 1);
    const Finished killed = run(homes[home].command({BODIES_JOB, "main_killed"}), options);
    INFO(killed.out << killed.err);
    CHECK(killed.status == 137);  // by the system that has no memory left, for example
    CHECK(count(killed.err, "weir run: rank 0 was ended by signal 9 (Killed), after its body\n") == 1);
  }
}

TEST_CASE("a rank that ends before weir::run is told, and so is a worker that dies behind it") {
  ProcessOptions options{.deadline = std::chrono::seconds(30)};
  const auto ends = [&](const std::string& how, int status, const std::string& message) {
    const Finished finished = run({WEIR_TOOL, "run", "-n", "3", BODIES_JOB, how}, options);
    INFO(how << ": " << finished.out << finished.err);
    CHECK(finished.status == status);
    CHECK(count(finished.err, message) == 1);
    CHECK(all_gone(pids_in(finished.out)));
  };
  const std::string others =
      " ended before weir::run, where the others would wait for ever; every rank must call it\n";
  ends("early0", 2, "weir: rank 0" + others);
  ends("early2", 2, "weir: rank 2" + others);
  ends("own_mpi", 2, "weir: rank 2" + others);
  ends("worker_abort", 134,
       "weir run: rank 1 was ended by signal 6 (Aborted), after weir::run had returned there\n");
  ends("worker7", 7, "weir run: rank 1 ended with status 7, after weir::run had returned there\n");
}

TEST_CASE("after a body that has worked the status of the job is what main returns") {
  check_status("main7", 7);
}

TEST_CASE("a setting that a worker refuses ends the job") {
  const ProcessOptions options{.deadline = std::chrono::seconds(20)};
  for (const char* setting : {"WEIR_THREADS=0", "WEIR_STOP_GRACE=soon", "WEIR_MEMORY_LIMIT=lots"})
    for (const std::string whose : {"", "[ $OMPI_COMM_WORLD_RANK = 1 ] && "}) {
      INFO(whose << setting);
      const Finished finished = run({WEIR_TOOL, "run", "-n", "3", "sh", "-c",
                                     whose + "export " + setting + "; exec " BODIES_JOB " return"},
                                    options);
      CHECK(finished.status == 2);
      INFO(finished.err);
      CHECK(finished.err.find(std::string(setting).substr(0, std::string(setting).find('='))) !=
            std::string::npos);
    }
}

TEST_CASE("an exception that leaves the body is one message and status 1") {
  check_message("throw", "weir: the program ended with an error: the body gives up\n");
  check_message("throw_int", "weir: the program ended with an error: int: 5\n");
  check_message("throw_own", "Own: an exception that is no std::exception\n");
  check_message("task_error", "std::logic_error: from the task\n");
}

TEST_CASE("what an exception says is shown without the control characters in it, line by line") {
  in_every_home("throw_raw", [](const Finished& finished) {
    CHECK(finished.status == 1);
    CHECK(finished.err.find("weir: the program ended with an error: \\x1b[2Jgone\\x0d\nsecond line") !=
          std::string::npos);
  });
}

TEST_CASE("a configuration that cannot be read is told once, by weir run or else by the program") {
  for (const Launcher& home : homes) {
    INFO(home.name);
    ProcessOptions options{.deadline = std::chrono::seconds(20)};
    options.environment["WEIR_CONFIG"] = "/nowhere/config.toml";
    const Finished finished = run(home.command({BODIES_JOB, "return"}), options);
    CHECK(finished.status == 0);
    INFO(finished.err);
    CHECK(count(finished.err, "WEIR_CONFIG: the file cannot be read (got /nowhere/config.toml)") == 1);
  }
}

TEST_CASE("tasks that run on when the body ends are given up") {
  check_status("return_busy", 0);
  check_status("return7_busy", 7);
  check_message("throw_busy", "the body gives up\n");
  check_message("throw_late", "the body gives up\n");
}

TEST_CASE("futures that as_completed has not yielded are given up too") { check_status("completed_busy", 0); }

TEST_CASE("std::exit in the body ends the job with its status") {
  check_status("exit0", 0);
  check_status("exit5", 5);
  check_status("exit5_busy", 5);
}

TEST_CASE("std::exit in a task on threads ends the program, which says so") {
  const Finished finished = run(homes[0].command({BODIES_JOB, "task_exit5"}));
  CHECK(finished.status == 5);
  CHECK(count(finished.err,
              " has called std::exit(5), which ends the program: its worker is a thread of it\n") == 1);
}

TEST_CASE("std::exit(0) in a task does not look as if the program had come to its end") {
  const Finished on_threads = run(homes[0].command({BODIES_JOB, "task_exit0"}));
  CHECK(on_threads.status == 1);
  CHECK(count(on_threads.err, " has called std::exit(0), which ends the program") == 1);
  const Finished on_ranks = run(homes[2].command({BODIES_JOB, "task_exit0"}));
  INFO(on_ranks.err);
  CHECK(on_ranks.status == 1);
  CHECK(count(on_ranks.err, " has called std::exit(0), which ends its worker\n") == 2);
}

TEST_CASE("an error in a stream that nobody drains is told, and the program has failed") {
  for (const char* const how : {"unheard", "unheard_there"}) {
    in_every_home(how, [](const Finished& finished) {
      CHECK(finished.status == 1);
      CHECK(count(finished.err, "stream: an error nobody drained for: ") == 1);
      CHECK(count(finished.err, "too late") == 1);
    });
  }
}

TEST_CASE("_exit in the body ends the job with its status") {
  in_every_home("_exit6", [](const Finished& finished) { CHECK(finished.status == 6); });
}

TEST_CASE("a process that a task or the body has forked is no second one of it") {
  for (const std::string how : {"fork_return", "fork_throw", "fork_exit"})
    in_every_home(how, [&](const Finished& finished) {
      CHECK(finished.status == 3);
      CHECK(count(finished.out, "task: 70\n") == 2);
      CHECK(count(finished.out, how == "fork_exit" ? "body: 9\n42\n" : "body: 70\n42\n") == 1);
      CHECK(count(finished.err, "weir: a process that task fork_in_task has forked left its function") == 2);
      CHECK(count(finished.err, "weir: a process that the program's body has forked left its function") ==
            (how == "fork_exit" ? 0 : 1));
    });
}

TEST_CASE("what was fired and forgotten is finished") {
  in_every_home("fire", [](const Finished& finished) {
    CHECK(finished.status == 0);
    CHECK(count(finished.out, "the last one ran\n") == 1);
  });
}

TEST_CASE("what was fired and forgotten and fails is told of, the first ten times") {
  in_every_home("forgotten_fail", [](const Finished& finished) {
    CHECK(finished.status == 0);
    CHECK(count(finished.err, "error: a task that was given to fire_and_forget failed: ") == 10);
    CHECK(count(finished.err, "no disk") == 10);
    CHECK(count(finished.err, "no further ones are told of") == 1);
  });
}

TEST_CASE("what tasks fire and forget is finished, however long it goes on after the body") {
  in_every_home("go_on", [](const Finished& finished) {
    CHECK(finished.status == 0);
    CHECK(count(finished.out, "the end\n") == 1);
  });
}

TEST_CASE("what a task has fired and forgotten is not waited for once its worker is dead") {
  const Finished finished =
      run({WEIR_TOOL, "run", "-n", "3", BODIES_JOB, "dead_fires"}, {.deadline = std::chrono::seconds(30)});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(all_gone(pids_in(finished.out)));
}

TEST_CASE("the first task of a program runs once, also if it fails before its worker is known") {
  for (int run = 0; run < 8; ++run)
    in_every_home("first_fails", [](const Finished& finished) {
      CHECK(finished.status == 0);
      CHECK(count(finished.out, "it ran\n") == 1);
    });
}

TEST_CASE("Ctrl-C and SIGTERM end a busy job within seconds") {
  for (const int signal : {SIGINT, SIGTERM})
    for (const Launcher& home : homes) {
      INFO(home.name << ", signal " << signal);
      Process job(home.command({BODIES_JOB, "wait_busy"}), {.deadline = std::chrono::seconds(20)});
      job.wait_for("ready");
      const auto start = std::chrono::steady_clock::now();
      job.send(signal);
      CHECK(job.wait().status == 128 + signal);
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(8));
      CHECK(all_gone(pids_in(job.out())));
    }
}

TEST_CASE("a job whose launcher is killed leaves nobody behind") {
  Process job(homes.back().command({BODIES_JOB, "wait_busy"}), {.deadline = std::chrono::seconds(20)});
  job.wait_for("ready");
  const std::vector<pid_t> pids = pids_in(job.out());
  REQUIRE(pids.size() == 3);
  job.send(SIGKILL);
  CHECK(all_gone(pids));
}

TEST_CASE("weir::run inside the body or a task is a sentence, and the job goes on") {
  in_every_home("run_inside", [](const Finished& finished) {
    CHECK(finished.status == 3);
    CHECK(count(finished.out,
                "weir::run: this process is in a cluster already; use the client that the body was "
                "given, or Client::current()\n") == 2);
    CHECK(finished.err == "");
  });
}

TEST_CASE("what outlives its cluster answers with a sentence") {
  in_every_home("outlive", [](const Finished& finished) {
    CHECK(finished.status == 0);
    for (const std::string what : {"submit", "workers", "result", "current"})
      CHECK(count(finished.out, "\n" + what + ": ") == 1);
    CHECK(count(finished.out, "nothing was wrong") == 0);
    CHECK(finished.err == "");
  });
}

TEST_CASE("programs that the body and tasks start are jobs of their own, MPI's and Weir's") {
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  in_every_home("start", [](const Finished& finished) {
    CHECK(finished.status == 0);  // not the 7 of the programs
    CHECK(count(finished.out, "body: 0\n") == 1);
    CHECK(count(finished.out, "body: 7\n") == 1);
    CHECK(count(finished.out, "task: 0\n") >= 1);
    CHECK(count(finished.out, "task: 0\n") == count(finished.out, "task: 7\n"));
  });
}

TEST_CASE(
    "a program that is started without stdin, stdout and stderr has none of the library's in their place") {
  CHECK(run({"sh", "-c", BODIES_JOB " descriptors <&- >&- 2>&-"}).status == 4);
}

TEST_CASE("a program works where no file may be written") {
  CHECK(run({"sh", "-c", "ulimit -f 0; exec " BODIES_JOB " return7"}).status == 7);
}

TEST_CASE("a program whose output is lost has not worked") {
  const Finished lost = run({"sh", "-c", BODIES_JOB " return > /dev/full"});
  CHECK(lost.status == 1);
  CHECK(lost.err.find("weir: what the program printed could not be written") == 0);
  CHECK(run({"sh", "-c", BODIES_JOB " return7 > /dev/full"}).status == 7);
}
