// Quoting, counts and memory: what the scripts of all batch systems share. Quoted words are read back by bash
// itself.
#include "batch/script.hpp"

#include "batch/program.hpp"
#include "support/process.hpp"
#include "support/throws.hpp"
#include "weir/batch.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;

namespace {

JobOptions two_ranks() {
  JobOptions options;
  options.ranks = 2;
  options.command = {"./app"};
  return options;
}

}  // namespace

TEST_CASE("a quoted word reaches the program unchanged, stays on its line and runs nothing") {
  const std::vector<std::string> words{"plain",
                                       "",
                                       "two words",
                                       "it's",
                                       "\"double\"",
                                       "$HOME",
                                       "$(touch /tmp/x)",
                                       "`id`",
                                       "a;b&c|d>e",
                                       "*?[a]{b,c}",
                                       "back\\slash",
                                       "~",
                                       "!history",
                                       "#comment",
                                       "=equals",
                                       "tab\there",
                                       "line\nline",
                                       "\r\n",
                                       "\x01\x7f"
                                       "8",
                                       "\n#PBS -N evil'",
                                       "\xc3\xa9t\xc3\xa9",
                                       "-n",
                                       "--",
                                       "'",
                                       "''\n'",
                                       "\\n",
                                       "%j",
                                       "a=b",
                                       "#SBATCH -t 1",
                                       "ends in newline\n"};
  std::string script = "printf '%s\\0'";
  for (const std::string& word : words) {
    const std::string written = quoted("command", word);
    CHECK(written.find('\n') == std::string::npos);
    script += " " + written;
  }
  const auto result = run_program({"bash", "-c", script});
  std::string expected;
  for (const std::string& word : words) expected += word + '\0';
  CHECK(result.output == expected);
  CHECK(result.errors == "");
}

TEST_CASE("a null character is refused in an argument") {
  CHECK(sentence_of([] { return quoted("command", std::string_view("ab\0c", 4)); }) ==
        "command: a null character cannot be passed to a program (got ab)");
}

TEST_CASE("values of directives are one line, and the sentence names the option") {
  for (const char* system : {"slurm", "pbs"}) {
    const auto script = [&](auto change) {
      JobOptions options = two_ranks();
      change(options);
      return sentence_of([&] { return batch_system(system).script(options); });
    };
    CHECK(script([](JobOptions& o) { o.queue = "main\n#SBATCH -A other"; }) ==
          "queue: a directive must be one line without control characters (got main\\n#SBATCH -A other)");
    CHECK(script([](JobOptions& o) { o.account = "a\tb"; }) ==
          "account: a directive must be one line without control characters (got a\\x09b)");
    CHECK(script([](JobOptions& o) { o.log_directory = "/tmp/a\nb"; }) ==
          "log_directory: a directive must be one line without control characters (got /tmp/a\\nb)");
    CHECK(script([](JobOptions& o) { o.directives = {"-l x\n-l y"}; }) ==
          "directives: a directive must be one line without control characters (got -l x\\n-l y)");
    CHECK(script([](JobOptions& o) { o.directives = {" "}; }) ==
          "directives: a directive must not be empty (got  )");
    CHECK(script([](JobOptions& o) { o.shebang = "#!/bin/sh\nrm"; }) ==
          "shebang: a directive must be one line without control characters (got #!/bin/sh\\nrm)");
    CHECK(script([](JobOptions& o) { o.name = "a b"; }) ==
          "name: a job's name has letters, digits and ._+- and begins with a letter (got a b)");
    CHECK(script([](JobOptions& o) { o.name = ""; }) ==
          "name: a job's name has letters, digits and ._+- and begins with a letter (got nothing)");
    CHECK(script([](JobOptions& o) { o.name = "_a"; }) ==
          "name: a job's name has letters, digits and ._+- and begins with a letter (got _a)");
    CHECK(script([](JobOptions& o) { o.name = "../a"; }) ==
          "name: a job's name has letters, digits and ._+- and begins with a letter (got ../a)");
    CHECK(script([](JobOptions& o) { o.name = std::string(201, 'a'); }) ==
          "name: a job's name has at most 200 characters (got 201)");
    CHECK(
        script([](JobOptions& o) {
          o.environment = {{"A-B", "1"}};
        }) ==
        "environment: a variable's name has letters, digits and _ and does not begin with a digit (got A-B)");
    CHECK(script([](JobOptions& o) { o.command.clear(); }) ==
          "command: a job needs a program to run, for example ./app (got nothing)");
    CHECK(script([](JobOptions& o) { o.log_directory = "/tmp/$HOME"; }) ==
          "log_directory: batch systems do not understand quotes, \\, ` and $ in the path of a log (got "
          "/tmp/$HOME)");
  }
}

TEST_CASE("ranks, nodes and ranks per node complete each other") {
  const auto of = [](int ranks, int nodes, int per_node) {
    JobOptions options;
    options.ranks = ranks;
    options.nodes = nodes;
    options.ranks_per_node = per_node;
    const JobLayout made = layout(options);
    return std::vector<int>{made.ranks, made.nodes, made.ranks_per_node};
  };
  CHECK(of(64, 0, 0) == std::vector<int>{64, 0, 0});
  CHECK(of(64, 4, 0) == std::vector<int>{64, 4, 16});
  CHECK(of(64, 0, 16) == std::vector<int>{64, 4, 16});
  CHECK(of(0, 4, 16) == std::vector<int>{64, 4, 16});
  CHECK(of(65, 0, 16) == std::vector<int>{65, 5, 16});
  CHECK(of(7, 3, 0) == std::vector<int>{7, 3, 3});
  CHECK(of(1, 0, 0) == std::vector<int>{1, 1, 1});
  const std::string missing =
      "ranks: say how many ranks the job has, for example -n 64, or --nodes 4 --ranks-per-node 16 (got "
      "nothing)";
  CHECK(sentence_of([&] { return of(0, 0, 0); }) == missing);
  CHECK(sentence_of([&] { return of(0, 4, 0); }) == missing);
  CHECK(sentence_of([&] { return of(-1, 0, 0); }) == "ranks: a count must not be negative (got -1)");
  CHECK(sentence_of([&] { return of(2, 4, 0); }) ==
        "nodes: every node runs at least one rank, and there are 2 ranks (got 4)");
  CHECK(sentence_of([&] { return of(9, 4, 2); }) ==
        "ranks: 4 nodes with 2 ranks each have fewer ranks (got 9)");
  CHECK(sentence_of([&] { return of(0, 100000, 100000); }) ==
        "ranks: a job has at most 1000000 ranks (got 10000000000)");
}

TEST_CASE("memory is rounded up in the batch system's own units") {
  const auto text = [](std::uint64_t bytes) {
    const Amount amount = rounded_up(bytes, "BKMG");
    return std::to_string(amount.count) + amount.unit;
  };
  CHECK(text(12) == "12B");
  CHECK(text(12345) == "13K");
  CHECK(text(12345678) == "12M");
  CHECK(text(1234567890) == "1178M");
  CHECK(text(15'000'000'000) == "14G");
  CHECK(text(28'000'000'000) == "27G");
  CHECK(text(std::uint64_t{1536} << 20) == "1536M");
  CHECK(text(~std::uint64_t{0}) == "17179869184G");
}

TEST_CASE("a walltime is written as a clock, with days as hours") {
  CHECK(clock_text(std::chrono::hours(2)) == "02:00:00");
  CHECK(clock_text(std::chrono::seconds(59)) == "00:00:59");
  CHECK(clock_text(std::chrono::milliseconds(58001)) == "00:00:59");
  CHECK(clock_text(std::chrono::hours(240) + std::chrono::seconds(61)) == "240:01:01");
}

TEST_CASE("skip leaves out the script's own directives and never the user's") {
  for (const char* system : {"slurm", "pbs"}) {
    JobOptions options = two_ranks();
    options.queue = "main";
    options.walltime = std::chrono::hours(1);
    const std::string whole = batch_system(system).script(options);
    CHECK(whole.find("01:00:00") != std::string::npos);
    options.skip = {"time", ""};
    options.directives = {"--mine time=5"};
    const std::string rest = batch_system(system).script(options);
    CHECK(rest.find("01:00:00") == std::string::npos);
    CHECK(rest.find("main") != std::string::npos);
    CHECK(rest.find(" --mine time=5\n") != std::string::npos);
  }
}

TEST_CASE("a directive may be given with or without its mark") {
  JobOptions options = two_ranks();
  options.directives = {"#SBATCH --constraint=gpu", "--exclusive"};
  const std::string script = batch_system("slurm").script(options);
  CHECK(script.find("\n#SBATCH --constraint=gpu\n#SBATCH --exclusive\n") != std::string::npos);
}

TEST_CASE("lines before and after stand around the program, whose exit status is the job's") {
  JobOptions options = two_ranks();
  options.weir = "true";
  options.modules = {"OpenMPI/4.1.4", "odd name"};
  options.environment = {{"GREETING", "it's $HOME\n`id`"}, {"EMPTY", ""}};
  options.before = {"echo before \"$GREETING\""};
  options.after = {"echo after", "false"};
  const std::string script = shell_part(options);
  CHECK(script ==
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "module load OpenMPI/4.1.4\nmodule load 'odd name'\n"
        "export GREETING=$'it\\'s $HOME\\n`id`'\nexport EMPTY=''\n"
        "echo before \"$GREETING\"\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "true run -n 2 --threads 1 -- ./app &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "echo after\nfalse\nexit \"$weir_status\"\n");
  const auto result = run_program({"bash", "-c", "module() { :; }\n" + script});
  CHECK(result.output == "before it's $HOME\n`id`\nafter\n");
  CHECK(result.exit_status == 0);
}

TEST_CASE("log files carry the job's name and number") {
  JobOptions options = two_ranks();
  CHECK(log_file(options, "12.server", "out") == "weir-12.out");
  options.log_directory = "/tmp/logs";
  CHECK(log_file(options, "12", "err") == "/tmp/logs/weir-12.err");
}

TEST_CASE("the shell of a job passes signals on, outlives SIGTERM and ends with the program's status") {
  JobOptions options = two_ranks();
  const test::TemporaryFolder folder;
  options.weir = folder.path() + "/weir";
  test::write_file(options.weir,
                   "#!/bin/bash\n"
                   "trap 'echo to end; touch \"${0%weir}heard\"' TERM\n"
                   "trap 'rm \"${0%weir}ready\"; echo told; exit 7' USR1\n"
                   "touch '" +
                       folder.path() +
                       "/ready'\n"
                       "for i in {1..3000}; do sleep 0.01; done\n",
                   0755);
  options.before = {"(until [ -e '" + folder.path() + "/ready' ]; do sleep 0.01; done; until [ -e '" +
                    folder.path() + "/heard' ]; do kill -TERM $$; sleep 1; done; while [ -e '" +
                    folder.path() + "/ready' ]; do kill -USR1 $$; sleep 0.2; done) >/dev/null 2>&1 &"};
  const auto result = run_program({"bash", "-c", shell_part(options)});
  CHECK(result.output == "to end\ntold\n");
  CHECK(result.exit_status == 7);
}

TEST_CASE(
    "a signal ahead of the end, new beginnings, hosts to avoid and GPUs of ranks, in each system's words") {
  JobOptions options;
  options.ranks = 4;
  options.nodes = 2;
  options.command = {"app"};
  options.signal = "SIGUSR1@90";
  options.requeue = true;
  options.gpus_per_rank = 2;
  const auto lines = [&](const BatchSystem& system) {
    const std::string text = system.script(options);
    return text.substr(0, text.find("\n\n"));
  };
  const auto has = [](const std::string& text, const std::string& line) {
    return (text + "\n").find(line + "\n") != std::string::npos;
  };
  options.exclude = {"node3", "node7"};
  const std::string slurm = lines(batch_system("slurm"));
  CHECK(has(slurm, "#SBATCH --signal=B:USR1@90"));
  CHECK(has(slurm, "#SBATCH --requeue"));
  CHECK(has(slurm, "#SBATCH --exclude=node3,node7"));
  CHECK(has(slurm, "#SBATCH --gpus-per-task=2"));
  const std::string lsf = lines(batch_system("lsf"));
  CHECK(has(lsf, "#BSUB -wa USR1"));
  CHECK(has(lsf, "#BSUB -wt 2"));
  CHECK(has(lsf, "#BSUB -r"));
  CHECK(has(lsf, "#BSUB -gpu \"num=2/task\""));
  CHECK(test::sentence_of([&] { lines(batch_system("pbs")); }) ==
        "exclude: PBS leaves out no hosts (got node3)");
  options.exclude.clear();
  CHECK(test::sentence_of([&] { lines(batch_system("pbs")); }) ==
        "signal: PBS sends none ahead of the walltime (got SIGUSR1@90); leave it out, PBS ends a job with "
        "SIGTERM");
  options.signal.clear();
  const std::string pbs = lines(batch_system("pbs"));
  CHECK(has(pbs, "#PBS -r y"));
  CHECK(has(pbs, "#PBS -l select=2:ncpus=2:mpiprocs=2:ompthreads=1:ngpus=4"));
  options.signal = "KILL@10";
  CHECK(test::sentence_of([&] { lines(batch_system("slurm")); }) ==
        "signal: must be USR1 or USR2, with a time ahead of the end, for example USR1@120 (got KILL@10)");
  options.signal = "USR2@0";
  CHECK(test::sentence_of([&] { lines(batch_system("slurm")); }) ==
        "signal: the time ahead of the end must be from 1 to 65535 seconds (got USR2@0)");
  options.signal.clear();
  options.gpus_per_node = 1;
  CHECK(test::sentence_of([&] { lines(batch_system("slurm")); }) ==
        "gpus_per_rank: GPUs are asked for by node or by rank, not by both (got 2)");
}
