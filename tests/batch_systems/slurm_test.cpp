// weir submit and its sisters on a real Slurm; runs under support/with_slurm.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "batch_systems/user.hpp"

using namespace weir::test;

TEST_CASE("weir submit --wait passes on the output of every rank and the exit status") {
  const User user;
  const Finished done =
      user.weir({"submit", "--slurm", "-n", "2", "-t", "5m", "--wait", "/bin/sh", "-c",
                 "echo $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE; echo oops >&2; exit 7"});
  CHECK(done.status == 7);
  CHECK(contains(done.out, "0 of 2\n"));
  CHECK(contains(done.out, "1 of 2\n"));
  CHECK(contains(done.err, "oops\n"));
  CHECK(contains(done.err, "failed: exit status 7"));
  CHECK(user.weir({"submit", "--wait", "-n", "1", "/bin/true"}).status == 0);
}

TEST_CASE("a program under srun has the memory and the cores that it was started with") {
  const User user;
  const Finished here =
      run({"srun", "--mem=600", "--cpus-per-task=4", WEIR_TOOL, "info", "--here"}, user.options());
  CHECK(contains(here.out, "cores        4  (Slurm job "));
  CHECK(contains(here.out, "memory       566.2 MB  (Slurm job "));
}

TEST_CASE("weir submit carries arguments to the program unchanged and runs nothing in them") {
  const User user;
  const std::vector<std::string> words{"two words",
                                       "",
                                       "it's",
                                       "\"",
                                       "$HOME",
                                       "$(touch hacked)",
                                       "`touch hacked`",
                                       "a\nb",
                                       "\n#PBS -N x'\n#SBATCH --time=1",
                                       "\\",
                                       "*",
                                       ";touch hacked",
                                       "#",
                                       "~",
                                       "--wait",
                                       "\t"};
  std::vector<std::string> command{"submit", "-n",
                                   "1",      "--wait",
                                   "--env",  "TEXT=it's $HOME\n`id`",
                                   "--",     "/bin/sh",
                                   "-c",     "printf '<%s>' \"$@\" \"$TEXT\"",
                                   "sh"};
  command.insert(command.end(), words.begin(), words.end());
  const Finished done = user.weir(command);
  std::string expected;
  for (const std::string& word : words) expected += "<" + word + ">";
  CHECK(done.out == expected + "<it's $HOME\n`id`>");
  CHECK(done.status == 0);
  CHECK_FALSE(std::filesystem::exists(user.folder() + "/hacked"));
}

TEST_CASE("a task in a job of one rank may start MPI programs on all of its cores") {
  const User user;
  const Finished done = user.weir({"map", "--cluster", "1", "--cores", "2", "-t", "5m", "--mem", "200MB",
                                   "mpirun -n 2 echo one {}", ":::", "a"});
  CAPTURE(done.err);
  CHECK(done.status == 0);
  CHECK(done.out == "one a\none a\n");
}

TEST_CASE("a refused submission shows the site's own words and leaves nothing") {
  const User user;
  const Finished refused = user.weir({"submit", "-n", "1", "-p", "nowhere", "/bin/true"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err,
                 "weir submit: slurm: the job was not accepted (got exit status 1 from `sbatch --parsable "));
  CHECK(contains(refused.err, "sbatch: error: invalid partition specified: nowhere"));
  CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
  CHECK(user.weir({"status"}).out == "no jobs\n");
  CHECK(std::filesystem::is_empty(user.folder() + "/.local/state/weir/jobs"));
}

TEST_CASE("weir status, logs and cancel follow a job through its life") {
  const User user;
  const std::string waiting =
      trimmed(user.weir({"submit", "-n", "2", "-p", "down", "--name", "stuck", "/bin/true"}).out);
  const Finished logs = user.weir({"logs"});
  CHECK(logs.status == 1);
  CHECK(logs.err == "weir logs: no output yet; job " + waiting + " waits in the queue (PartitionDown)\n");
  const std::string id = trimmed(user.weir({"submit", "-n", "1", "--log-directory", "my logs/here", "/bin/sh",
                                            "-c", "echo begun; sleep 1000"})
                                     .out);
  REQUIRE(eventually([&] { return user.weir({"logs", id}).out == "begun\n"; }));
  CHECK(content(user.folder() + "/my logs/here/sh-" + id + ".out") == "begun\n");
  Process looking({WEIR_TOOL, "logs", "--follow", id}, user.options());
  looking.wait_for("begun\n");
  looking.send(SIGINT);
  CHECK(looking.wait().status == 128 + SIGINT);
  CHECK(user.state(id) == "RUNNING\n");
  const std::string table = user.weir({"status"}).out;
  CHECK(contains(table, "running    sh "));
  CHECK(contains(table, "waiting    stuck "));
  CHECK(contains(table, "PartitionDown"));
  CHECK(user.weir({"cancel", id}).out == "job " + id + " cancelled\n");
  CHECK(eventually([&] { return user.state(id) == "CANCELLED\n"; }));
  CHECK(contains(user.weir({"status", id}).out, "cancelled"));
  CHECK(user.weir({"cancel", "999999"}).err ==
        "weir cancel: no job of yours is known by that id; `weir status` lists them (got 999999)\n");
  CHECK(contains(user.weir({"cancel", "all"}).out, "job " + waiting + " cancelled\n"));
  CHECK(user.state(waiting) == "CANCELLED\n");
}

TEST_CASE("the registry is private and keeps the script of a job") {
  const User user;
  const std::string id = trimmed(user.weir({"submit", "-n", "1", "-p", "down", "/bin/true"}).out);
  const std::string jobs = user.folder() + "/.local/state/weir/jobs";
  CHECK(std::filesystem::status(jobs).permissions() == std::filesystem::perms::owner_all);
  CHECK(content(jobs + "/slurm-" + id + ".sh") ==
        user.weir({"script", "--slurm", "-n", "1", "-p", "down", "/bin/true"}).out);
  CHECK(user.weir({"cancel", id}).status == 0);
}

TEST_CASE("--dry-run prints the script and submits nothing") {
  const User user;
  const Finished dry = user.weir({"submit", "--dry-run", "-n", "1", "/bin/true"});
  CHECK(dry.out == user.weir({"script", "-n", "1", "/bin/true"}).out);
  CHECK(user.weir({"status"}).out == "no jobs\n");
}

TEST_CASE("Ctrl-C while waiting cancels the job") {
  const User user;
  Process waiting({WEIR_TOOL, "submit", "-n", "1", "--wait", "/bin/sh", "-c", "echo begun; sleep 1000"},
                  user.options());
  waiting.wait_for("begun\n");
  waiting.send(SIGINT);
  CHECK(waiting.wait().status == 128 + SIGINT);
  CHECK(contains(waiting.err(), "cancelled\n"));
  const std::string id = trimmed(user.shell("squeue -h -t all -o %i -S -i | head -n 1").out);
  CHECK(eventually([&] { return user.state(id) == "CANCELLED\n"; }));
}

TEST_CASE("a job that others cancel or that reaches its walltime ends the waiting with a sentence") {
  const User user;
  const auto follow = [&](const std::string& line) {
    Process waiting({WEIR_TOOL, "submit", "-n", "1", "--wait", "/bin/sh", "-c", "echo begun; sleep 1000"},
                    user.options());
    waiting.wait_for("begun\n");
    const std::string begin = "weir: job ",
                      told = waiting.err().substr(waiting.err().find(begin) + begin.size());
    const std::string id = told.substr(0, told.find(' '));
    // The controller of a busy machine may not answer at once.
    CHECK(eventually([&] { return user.shell("id=" + id + "; " + line).status == 0; }));
    return waiting.wait();
  };
  const Finished cancelled = follow("scancel $id");
  CHECK(cancelled.status == 1);
  CHECK(contains(cancelled.err, " was cancelled\n"));
  const Finished late = follow("scontrol update JobId=$id EndTime=now");
  CHECK(late.status == 1);
  CHECK(contains(late.err, " was ended at its walltime; a longer one can be asked for with -t\n"));
}

TEST_CASE("settings of the file and the environment reach the job") {
  const User user;
  std::filesystem::create_directories(user.folder() + "/.config/weir");
  weir::test::write_file(user.folder() + "/.config/weir/config.toml",
                         "name = \"mine\"\n[slurm]\nqueue = \"short\"\nenvironment = [\"GREETING=hello\"]\n");
  const Finished done = user.weir({"submit", "-n", "1", "--wait", "/bin/sh", "-c",
                                   "echo $GREETING $SLURM_JOB_NAME $SLURM_JOB_PARTITION"});
  CHECK(done.out == "hello mine short\n");
}

TEST_CASE("an array runs its elements, shows each of them and ends with the worst exit status") {
  const User user;
  const Finished done = user.weir({"submit", "-n", "1", "-t", "5m", "--array", "0-3%2", "--wait", "/bin/sh",
                                   "-c", "echo element $WEIR_ARRAY_INDEX; exit $WEIR_ARRAY_INDEX"});
  CHECK(done.status == 3);
  for (const std::string index : {"0", "1", "2", "3"}) CHECK(contains(done.out, "element " + index + "\n"));
  CHECK(contains(done.err, "_2 failed: exit status 2"));
  const std::string table = user.weir({"status"}).out;
  CHECK(contains(table, "_0"));
  CHECK(contains(table, "succeeded"));
  CHECK(contains(table, "exit status 3"));
  const std::string id =
      trimmed(user.weir({"submit", "-n", "1", "-p", "down", "--directive", "--array=5-7", "/bin/true"}).out);
  CHECK(contains(user.weir({"status", id}).out, id + "_5"));
  CHECK(contains(user.weir({"status", id}).out, "waiting"));
  CHECK(contains(user.weir({"cancel", id}).out, "job " + id + "_7 cancelled\n"));
  CHECK(eventually([&] { return !contains(user.state(id), "PENDING"); }));
}

TEST_CASE("weir submit --until-done goes on in the next job with what the journal has") {
  const User user;
  const std::string runs = user.folder() + "/runs.txt", input = user.folder() + "/input.txt";
  std::ofstream(input) << "one\n";
  const auto ran = [&] {
    const std::string lines = content(runs);
    return std::count(lines.begin(), lines.end(), '\n');
  };
  const Finished submitted =
      user.weir({"submit", "--slurm", "-n", "2", "-t", "5m", "--until-done", "--attempts", "3", "--env",
                 "WEIR_JOURNAL=" + user.folder() + "/j", JOURNAL_JOB, "-", runs, "1500", "0", input});
  REQUIRE(std::count(submitted.out.begin(), submitted.out.end(), '\n') == 3);
  REQUIRE(eventually([&] { return ran() >= 200; }));
  const auto before = ran();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // what was there before is on the disk
  const std::string first = submitted.out.substr(0, submitted.out.find('\n'));
  CHECK(user.weir({"cancel", first}).status == 0);
  CHECK(eventually([&] { return user.shell("squeue -h -o %i").out.empty(); }, std::chrono::seconds(60)));
  CHECK(ran() <= 1500 + 5 + 1500 - before);
  CHECK(user.shell("cat journal_job-*.out").out == "1.12388e+09 5.00005e+09 5.00005e+09 9 1\n");
  CHECK(contains(user.shell("cat journal_job-*.err").out, " of 1504 results reused, "));
}
