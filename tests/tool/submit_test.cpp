// weir submit and script as seen from a shell, against a PBS of three small programs; bad input, one sentence
// each.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/process.hpp"

using namespace weir::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A user with an empty home and a PBS that runs a job at once: qsub runs the script, qstat tells what came
/// of it.
class User {
 public:
  User() {
    std::filesystem::create_directories(folder_.path() + "/bin");
    program("qsub", R"sh(here=$(dirname "$0")
[ -e "$here/refuse" ] && { echo 'qsub: Invalid account' >&2; exit 38; }
cp "$1" "$here/script"
PBS_JOBID=0.server PBS_O_WORKDIR=$PWD bash "$1" >"$here/shell" 2>&1
echo $? >"$here/exit"
echo 0.server)sh");
    program("qstat", R"sh(here=$(dirname "$0")
printf '{"Jobs":{"0.server":{"job_state":"F","substate":92,"Exit_status":%s}}}' "$(cat "$here/exit")")sh");
    program("qdel", "exit 0");
    // In the place of the ranks: weir run is tested elsewhere.
    program("weir", R"sh([ "$1 $2" = 'run -n' ] || exit 99
while [ "$1" != -- ]; do shift; done
shift
exec "$@")sh");
  }
  void program(const std::string& name, const std::string& body) const {
    write_file(bin() + "/" + name, "#!/bin/sh\n" + body + "\n", 0755);
  }
  Finished weir(const std::vector<std::string>& words,
                const std::map<std::string, std::string>& environment = {}) const {
    ProcessOptions options;
    options.environment = {{"HOME", folder_.path()}, {"WEIR_STATE_DIR", ""},
                           {"XDG_STATE_HOME", ""},   {"XDG_CONFIG_HOME", ""},
                           {"WEIR_CONFIG", ""},      {"PATH", bin() + ":/usr/bin:/bin"}};
    for (const auto& [name, value] : environment) options.environment[name] = value;
    options.folder = folder_.path();
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    return run(command, options);
  }
  std::string bin() const { return folder_.path() + "/bin"; }
  const std::string& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

/// The sentence behind `weir submit: `.
std::string refusal(const User& user, std::vector<std::string> words,
                    const std::map<std::string, std::string>& environment = {}) {
  std::vector<std::string> command{"submit", "--pbs"};
  command.insert(command.end(), words.begin(), words.end());
  const Finished finished = user.weir(command, environment);
  CHECK(finished.status != 0);
  CHECK(finished.out == "");
  const std::string start = "weir submit: ";
  return finished.err.starts_with(start) && finished.err.ends_with('\n')
             ? finished.err.substr(start.size(), finished.err.size() - start.size() - 1)
             : finished.err;
}

}  // namespace

TEST_CASE("weir submit prints the job's id, and the job has run the program with its arguments") {
  const User user;
  const Finished submitted =
      user.weir({"submit", "--pbs", "--weir", "weir", "-n", "2", "/bin/echo", "it's", "$HOME\n#PBS -q x"});
  CHECK(submitted.out == "0.server\n");
  CHECK(submitted.status == 0);
  CHECK(user.weir({"logs"}).out == "it's $HOME\n#PBS -q x\n");
  CHECK(contains(user.weir({"status", "0"}).out, "0.server       pbs     succeeded  echo "));
}

TEST_CASE("weir submit --until-done runs jobs one after the other until one succeeds, and no more") {
  const User user;
  const std::string runs = user.folder() + "/runs";
  const std::string third_time = "echo x >>" + runs + "; [ $(wc -l <" + runs + ") = 3 ]";
  const Finished done = user.weir({"submit", "--pbs", "--weir", "weir", "-n", "2", "--until-done",
                                   "--attempts", "5", "/bin/sh", "-c", third_time});
  CHECK(done.status == 0);
  CHECK(done.out == "0.server\n0.server\n0.server\n0.server\n0.server\n");
  CHECK(contains(done.err, "weir: 5 jobs follow each other until one succeeds; `weir cancel 0.server "));
  CHECK(read_file(runs) == "x\nx\nx\n");
  CHECK(contains(read_file(user.bin() + "/script"), "\n#PBS -W depend=afterany:0.server\n"));
  for (const auto& file : std::filesystem::directory_iterator(user.folder()))
    CHECK(file.path().extension() != ".done");
  CHECK(refusal(user, {"-n", "2", "--attempts", "3", "/bin/true"}) ==
        "--attempts is of --until-done (got no --until-done)");
  CHECK(refusal(user, {"-n", "2", "--until-done", "--array", "0-3", "/bin/true"}) ==
        "--until-done does not go with a job array (got one); submit its elements one by one");
}

TEST_CASE("weir submit --wait on PBS ends with the program's exit status and output") {
  const User user;
  const Finished done = user.weir({"submit", "--pbs", "--weir", "weir", "-n", "2", "--wait", "/bin/sh", "-c",
                                   "echo out; echo err >&2; exit 3"});
  CHECK(done.out == "out\n");
  CHECK(contains(done.err, "weir: job 0.server submitted\n"));
  CHECK(contains(done.err, "err\n"));
  CHECK(contains(done.err, "weir: job 0.server failed: exit status 3\n"));
  CHECK(done.status == 3);
}

namespace {

/// From now on PBS runs the elements of an array, one after the other, at once.
void run_arrays(const User& user) {
  user.program("qsub", R"sh(here=$(dirname "$0")
cp "$1" "$here/script"
range=$(sed -n 's/^#PBS -J //p' "$1")
for i in $(seq ${range%-*} ${range#*-}); do
  PBS_ARRAY_INDEX=$i PBS_JOBID="7[$i].server" PBS_O_WORKDIR=$PWD bash "$1" >"$here/shell" 2>&1
  echo $? >"$here/exit$i"
done
echo '7[].server')sh");
  user.program("qstat", R"sh(here=$(dirname "$0")
comma='{"Jobs":{'
for id in "$@"; do
  case $id in 7*) ;; *) continue ;; esac
  i=${id#7?} i=${i%%]*}
  printf '%s"%s":{"job_state":"X","substate":92,"Exit_status":%s}' "$comma" "$id" "$(cat "$here/exit$i")"
  comma=,
done
echo '}}')sh");
}
constexpr const char* element = "echo element $WEIR_ARRAY_INDEX; exit $((WEIR_ARRAY_INDEX % 3))";

}  // namespace

TEST_CASE("weir submit --array --wait passes on every element and ends with the worst exit status") {
  const User user;
  run_arrays(user);
  const Finished done = user.weir(
      {"submit", "--pbs", "--weir", "weir", "-n", "1", "--array", "1-4", "--wait", "/bin/sh", "-c", element});
  CHECK(done.out == "element 1\nelement 2\nelement 3\nelement 4\n");
  CHECK(done.status == 2);
  CHECK(contains(done.err, "weir: job 7[].server submitted\n"));
  CHECK(contains(done.err, "weir: job array 7[].server: 4 of 4 elements over, 0 running\n"));
  CHECK(contains(done.err, "weir: job 7[2].server failed: exit status 2\n"));
  CHECK_FALSE(contains(done.err, "7[3].server"));  // which succeeded
}

TEST_CASE("weir status and logs show every element of an array, also of one asked for by a directive") {
  const User user;
  run_arrays(user);
  CHECK(user.weir({"submit", "--pbs", "--weir", "weir", "-n", "1", "--directive", "-J 2-3", "/bin/sh", "-c",
                   element})
            .out == "7[].server\n");
  const std::string table = user.weir({"status"}).out;
  CHECK(contains(table, "7[2].server    pbs     failed     sh "));
  CHECK(contains(table, "7[3].server    pbs     succeeded  sh "));
  CHECK(user.weir({"status", "7"}).out == table);
  CHECK(contains(user.weir({"status", "--json"}).out, "\"array\": \"7[].server\""));
  CHECK(user.weir({"logs"}).out == "element 2\nelement 3\n");
  CHECK(user.weir({"logs", "7"}).out == "element 2\nelement 3\n");
  CHECK(user.weir({"logs", "7[3]"}).out == "element 3\n");
  CHECK(user.weir({"logs", "--follow", "7"}).status == 2);
}

TEST_CASE("weir submit of a command that is no program of Weir is a job of one rank") {
  const User user;
  CHECK(user.weir({"submit", "--pbs", "--weir", "weir", "/bin/echo", "hello"}).status == 0);
  CHECK(user.weir({"logs"}).out == "hello\n");
}

TEST_CASE("weir status tells the last words of a failed job") {
  const User user;
  CHECK(user.weir({"submit", "--pbs", "--weir", "weir", "-n", "2", "/bin/sh", "-c",
                   "echo one >&2; echo 'no such input: x' >&2; echo >&2; exit 3"})
            .status == 0);
  CHECK(contains(user.weir({"status"}).out, "exit status 3, no such input: x\n"));
}

TEST_CASE("weir submit shows what is wrong, one sentence each") {
  const User user;
  const std::string options = "; `weir submit --help` shows the options";
  CHECK(refusal(user, {"-n", "2"}) ==
        "a program must be named (got none); write for example weir submit -n 64 -t 2:00:00 ./app");
  CHECK(refusal(user, {"-n", "0", "/bin/true"}) == "-n must be a whole number of ranks from 1 (got 0)");
  CHECK(refusal(user, {"-n", "many", "/bin/true"}) == "-n must be a whole number of ranks from 1 (got many)");
  CHECK(refusal(user, {"-n", "2", "-t", "2 hours", "/bin/true"}) ==
        "-t: walltime: must be a duration, for example 2h, 90m or 2:00:00 (got 2 hours)");
  CHECK(refusal(user, {"-n", "2", "-t", "90", "/bin/true"}) ==
        "-t: walltime: a number needs a unit, for example 30m or 2:00:00 (got 90)");
  CHECK(refusal(user, {"-n", "2", "/bin/true"}, {{"WEIR_WALLTIME", "soon"}}) ==
        "WEIR_WALLTIME: walltime: must be a duration, for example 2h, 90m or 2:00:00 (got soon)");
  CHECK(refusal(user, {"-n", "2", "--nodes", "-1", "/bin/true"}) ==
        "--nodes: nodes must be a whole number from 0 (got -1)");
  CHECK(refusal(user, {"-n", "2", "--env", "A", "/bin/true"}) ==
        "--env: environment must be NAME=value (got A)");
  CHECK(refusal(user, {"-n", "2", "-q", "a\nb", "/bin/true"}) ==
        "queue: a directive must be one line without control characters (got a\\nb)");
  CHECK(refusal(user, {"-n", "2", "--fast", "/bin/true"}) ==
        "unknown option; options of the program follow its name (got --fast)");
  CHECK(refusal(user, {"--slurm", "-n", "2", "/bin/true"}) ==
        "one batch system must be chosen (got --slurm and --pbs)");
  CHECK(contains(refusal(user, {"-n", "2", "--mem", "much", "/bin/true"}), "--mem: memory: "));
  const std::string too_little = " memory must be at least 1MB; a number without a unit counts bytes (got ";
  CHECK(refusal(user, {"-n", "2", "--mem", "5", "/bin/true"}) == "--mem:" + too_little + "5)");
  CHECK(refusal(user, {"-n", "2", "--memory=0", "/bin/true"}) == "--memory:" + too_little + "0)");
  CHECK(refusal(user, {"-n", "2", "/bin/true"}, {{"WEIR_MEMORY", "0"}}) ==
        "WEIR_MEMORY:" + too_little + "0)");
  CHECK(refusal(user, {"-n", "2", "--array", "", "/bin/true"}) == "--array needs a value (got \"\")");
  CHECK(refusal(user, {"-n", "2", "--queue", "", "/bin/true"}) == "--queue needs a value (got \"\")");
  CHECK(contains(refusal(user, {"-n", "2", "--array", "5-2", "/bin/true"}), "--array: array: a range goes "));
  CHECK(contains(refusal(user, {"-n", "2", "/bin/true"}, {{"WEIR_SIGNAL", "HUP"}}),
                 "WEIR_SIGNAL: signal: must be USR1 or USR2"));
  CHECK(contains(refusal(user, {"-n", "2", "--head", "2,5", "/bin/true"}), "--head: head: memory must be "));
  CHECK(refusal(user, {"-n", "2", "--requeue", "maybe", "/bin/true"}) ==
        "--requeue: requeue must be yes or no (got maybe)");
  CHECK(refusal(user, {"-n", "2", "--requeue", "sh", "-c", "true"}) ==
        "--requeue: requeue must be yes or no (got sh)");
  CHECK(refusal(user, {"-n", "2", "--gpus", "2", "--gpus-per-task", "1", "/bin/true"}) ==
        "--gpus-per-task: GPUs are asked for by rank (gpus_per_task) or by node (gpus, --gpus), not by both "
        "(got 1 "
        "and 2)");
  CHECK(contains(refusal(user, {"-n", "2", "--exclude", "a b", "/bin/true"}),
                 "--exclude: exclude must be hosts, without spaces (got a b); "));
  CHECK(
      contains(refusal(user, {"-n", "2", "/bin/true"}, {{"WEIR_EXCLUDE", "a,,b"}}), "WEIR_EXCLUDE: exclude"));
  CHECK(contains(refusal(user, {"-n", "2", "./nothing"}), "(got ./nothing)"));
  write_file(user.folder() + "/file", "");
  CHECK(refusal(user, {"-n", "2", "--log-directory", "file/logs", "/bin/true"}) ==
        "log_directory: cannot be made: Not a directory (got file/logs)");
  CHECK(user.weir({"status"}).out == "no jobs\n");
}

TEST_CASE("a refused submission shows the site's own words") {
  const User user;
  write_file(user.bin() + "/refuse", "");
  const std::string sentence = refusal(user, {"-n", "2", "-A", "nobody", "/bin/true"});
  CHECK(contains(sentence, "pbs: the job was not accepted (got exit status 38 from `qsub "));
  CHECK(contains(sentence, "which says: qsub: Invalid account)"));
}

TEST_CASE("no batch system on PATH is said so") {
  const User user;
  const Finished finished = user.weir({"submit", "-n", "2", "/bin/true"}, {{"PATH", "/nonexistent"}});
  CHECK(finished.err.starts_with("weir submit: batch system: none found on PATH (got neither sbatch nor "));
  CHECK(finished.err.ends_with("); is this a login node, is the batch system's module loaded?\n"));
  CHECK(finished.status == 2);
}

TEST_CASE("an unknown key of the configuration file is shown with its line and the nearest known one") {
  const User user;
  write_file(user.folder() + "/c.toml", "\nacount = \"x\"\n");
  const std::string file = user.folder() + "/c.toml";
  CHECK(refusal(user, {"-n", "2", "/bin/true"}, {{"WEIR_CONFIG", file}}) ==
        file + ":2: unknown setting, did you mean account? (got acount)");
}

TEST_CASE("an argument goes before the environment, the environment before the file") {
  const User user;
  write_file(user.folder() + "/c.toml", "queue = \"of-file\"\naccount = \"of-file\"\nname = \"of-file\"\n");
  const Finished script = user.weir({"script", "--pbs", "-n", "2", "-q", "of-argument", "/bin/true"},
                                    {{"WEIR_CONFIG", user.folder() + "/c.toml"},
                                     {"WEIR_QUEUE", "of-environment"},
                                     {"WEIR_ACCOUNT", "of-environment"}});
  CHECK(contains(script.out, "#PBS -q of-argument\n#PBS -A of-environment\n"));
  CHECK(contains(script.out, "#PBS -N of-file\n"));
}

TEST_CASE("the scripts in jobscripts are what weir script writes") {
  const TemporaryFolder folder;
  REQUIRE(run({JOBSCRIPTS "/write", WEIR_TOOL, folder.path()}).status == 0);
  const Finished difference =
      run({"diff", "-r", "-x", "write", "-x", "README.md", JOBSCRIPTS, folder.path()});
  CHECK(difference.out == "");
  CHECK(difference.status == 0);
}
