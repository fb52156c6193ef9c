// Slurm's script text and answers; no Slurm is needed. The real one is in tests/batch.
#include "batch/slurm/slurm.hpp"

#include <array>
#include <ctime>
#include <map>

#include "batch/hearing.hpp"
#include "batch/limiting.hpp"
#include "batch/stepping.hpp"
#include "support/full_job.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;

TEST_CASE("slurm knows what a job waits for that will never be") {
  const BatchSystem& slurm = batch_system("slurm");
  const auto never = [&](const std::string& reason, JobState state = JobState::waiting) {
    return weir::detail::batch::never_begins(slurm, {.id = "1", .state = state, .reason = reason});
  };
  for (const std::string reason :
       {"PartitionTimeLimit", "PartitionConfig", "PartitionNodeLimit", "QOSMaxWallDurationPerJobLimit",
        "AssocMaxCpuPerJobLimit", "QOSMaxMemoryPerJob", "BadConstraints"})
    CHECK(never(reason));
  for (const std::string reason :
       {"Priority", "Resources", "", "AssocMaxJobsLimit", "QOSMaxJobsPerUserLimit", "AssocGrpCpuLimit"})
    CHECK_FALSE(never(reason));
  CHECK_FALSE(never("PartitionTimeLimit", JobState::cancelled));
}

TEST_CASE("slurm writes every option as a directive") {
  JobOptions options = test::full_job();
  options.account = "a project";
  options.log_directory = "/scratch/100%/my logs";
  options.directives = {"--exclusive"};
  CHECK(slurm().script(options) ==
        "#!/bin/bash\n"
        "#SBATCH --job-name=sum\n"
        "#SBATCH --no-requeue\n"
        "#SBATCH --output=\"/scratch/100%%/my logs/sum-%j.out\"\n"
        "#SBATCH --error=\"/scratch/100%%/my logs/sum-%j.err\"\n"
        "#SBATCH --partition=regular\n"
        "#SBATCH --account=\"a project\"\n"
        "#SBATCH --nodes=4\n"
        "#SBATCH --ntasks=64\n"
        "#SBATCH --ntasks-per-node=16\n"
        "#SBATCH --cpus-per-task=2\n"
        "#SBATCH --gpus-per-node=1\n"
        "#SBATCH --mem=27G\n"
        "#SBATCH --time=02:00:00\n"
        "#SBATCH --exclusive\n"
        "\n"
        "unset SLURM_EXPORT_ENV\n"
        "export SLURM_OVERLAP=1\n"
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "/opt/weir/bin/weir run -n 64 --threads 2 -- ./app 'two words' &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
}

TEST_CASE("slurm writes a job with a head as two parts") {
  JobOptions options = test::full_job();
  options.head = "2,8GB";
  options.nodes = 0;
  options.ranks_per_node = 21;
  const std::string script = slurm().script(options);
  const std::size_t begin = script.find("#SBATCH --partition"), end = script.find("\n\n");
  CHECK(script.substr(begin, end - begin) ==
        "#SBATCH --partition=regular\n#SBATCH --account=project\n#SBATCH --nodes=1\n#SBATCH --ntasks=1\n"
        "#SBATCH --cpus-per-task=2\n#SBATCH --mem=7630M\n#SBATCH --time=02:00:00\n"
        "#SBATCH hetjob\n"
        "#SBATCH --partition=regular\n#SBATCH --account=project\n#SBATCH --nodes=3\n#SBATCH --ntasks=63\n"
        "#SBATCH --ntasks-per-node=21\n#SBATCH --cpus-per-task=2\n#SBATCH --gpus-per-node=1\n"
        "#SBATCH --mem=27G\n#SBATCH --time=02:00:00");
  CHECK(script.find(" run -n 64 --threads 2 -- ") != std::string::npos);
  options.array = "0-3";
  CHECK(sentence_of([&] { return slurm().script(options); }) ==
        "head: Slurm has no arrays of jobs with a head (got array 0-3); leave out one of the two");
}

TEST_CASE("what a head cannot be is told") {
  const auto told = [](const std::string& head, int ranks) {
    JobOptions options = test::full_job();
    options.head = head;
    options.ranks = ranks;
    return sentence_of([&] { return slurm().script(options); });
  };
  const std::string form =
      "head: must be a number of cores, or that and memory, for example 1 or 2,8GB (got ";
  for (const std::string head : {"0", "-1", "big", "2,", "1.5"}) CHECK(told(head, 64) == form + head + ")");
  CHECK(told("1,much", 64).starts_with("head: "));
  CHECK(told("1,5", 64) ==
        "head: memory must be at least 1MB; a number without a unit counts bytes (got 1,5)");
  CHECK(told("1", 1) ==
        "ranks: a job with a head has rank 0 and at least one worker, for example -n 2 (got 1)");
}

TEST_CASE("slurm's lists of hosts and of tasks are read, and what is none is not") {
  using Hosts = std::vector<std::string>;
  CHECK(parse_host_list("node7") == Hosts{"node7"});
  CHECK(parse_host_list("n[1-3,07,09-10]-ib,login.site") ==
        Hosts{"n1-ib", "n2-ib", "n3-ib", "n07-ib", "n09-ib", "n10-ib", "login.site"});
  for (const char* wrong : {"", "n[", "n[1-]", "n[3-1]", "n[1-999999999]", "a;b", "$(id)", "n[1],,"})
    CHECK(parse_host_list(wrong).empty());
  CHECK(parse_tasks_per_node("2(x3),1") == std::vector<int>{2, 2, 2, 1});
  for (const char* wrong : {"", "x", "2(x", "2(x0)", "0", "1(x999999999)"})
    CHECK(parse_tasks_per_node(wrong).empty());
}

TEST_CASE("slurm leaves out what was not said") {
  JobOptions options;
  options.ranks = 3;
  options.command = {"app"};
  CHECK(slurm().script(options) ==
        "#!/bin/bash\n"
        "#SBATCH --job-name=weir\n"
        "#SBATCH --no-requeue\n"
        "#SBATCH --output=weir-%j.out\n"
        "#SBATCH --error=weir-%j.err\n"
        "#SBATCH --ntasks=3\n"
        "#SBATCH --cpus-per-task=1\n"
        "\n"
        "unset SLURM_EXPORT_ENV\n"
        "export SLURM_OVERLAP=1\n"
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "weir run -n 3 --threads 1 -- app &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
}

TEST_CASE("slurm job ids are found in every wording") {
  CHECK(parse_slurm_job_id("123\n") == "123");
  CHECK(parse_slurm_job_id("123;cluster\n") == "123");
  CHECK(parse_slurm_job_id("Submitted batch job 123") == "123");
  CHECK(parse_slurm_job_id("Welcome to machine 7!\n123\n") == "123");
  CHECK(parse_slurm_job_id("4 jobs before you\nSubmitted batch job 123 on cluster 5\n") == "123");
  CHECK(parse_slurm_job_id("Request 123.asdf was submitted to queue: standard.") == "123");
  CHECK(sentence_of([] { return parse_slurm_job_id("thank you\n"); }) ==
        "slurm: no job id in the answer of sbatch; the job may be in the queue all the same, squeue shows it "
        "(got thank you)");
  CHECK(sentence_of([] { return parse_slurm_job_id(""); }) ==
        "slurm: no job id in the answer of sbatch; the job may be in the queue all the same, squeue shows it "
        "(got nothing)");
}

TEST_CASE("slurm refuses signals that its steps would get and the program would not") {
  JobOptions options = test::full_job();
  for (const std::string line : {"--signal=USR1@60", "#SBATCH --signal USR1", "-x --signal=R:USR1@60"}) {
    options.directives = {line};
    CHECK(
        sentence_of([&] { return slurm().script(options); })
            .starts_with("directives: Slurm sends a signal without B: to the steps of a job, and not to the "
                         "program (got --signal="));
  }
  for (const std::string line : {"--signal=B:USR1@60", "--signal RB:USR1", "--comment=--signal"}) {
    options.directives = {line};
    CHECK_NOTHROW(slurm().script(options));
  }
}

TEST_CASE("slurm has a listener for what only steps are told, but for what a rank starts none") {
  const auto& hearing = dynamic_cast<const Hearing&>(slurm());
  std::map<std::string, std::string> variables;
  const auto listener = [&] {
    return hearing.listener([&](const std::string& name) {
      return variables.contains(name) ? std::optional(variables[name]) : std::nullopt;
    });
  };
  CHECK(listener().empty());
  variables["SLURM_JOB_PARTITION"] = "cheap; rm -r x";
  if (!listener().empty()) CHECK(listener().back() == "cheap; rm -r x");  // where srun is
  for (const std::string name : {"SLURM_STEP_ID", "WEIR_MPI_IN_JOB"}) {
    variables[name] = "1";
    CHECK(listener().empty());
    variables.erase(name);
  }
}

TEST_CASE("slurm tells when a job that is being taken away ends") {
  const auto& hearing = dynamic_cast<const Hearing&>(slurm());
  const auto left = [&](const std::string& end) {
    return hearing.left_now("7", [&](const std::vector<std::string>& command) {
      return command.back() == "7"
                 ? std::optional("JobId=7 TimeLimit=00:10:00 EndTime=" + end + " Deadline=N/A")
                 : std::nullopt;
    });
  };
  const std::time_t soon = std::time(nullptr) + 100;
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", std::localtime(&soon));
  REQUIRE(left(text.data()));
  CHECK(left(text.data())->count() <= 100);
  CHECK(left(text.data())->count() > 90);
  CHECK_FALSE(left("Unknown"));
  CHECK_FALSE(left(""));
}

TEST_CASE("slurm knows how a rank in a step of another node is to see its job") {
  const auto& steps = dynamic_cast<const Stepping&>(slurm());
  using Variables = std::map<std::string, std::string>;
  const auto lookup = [](const Variables& all) {
    return [&all](const std::string& name) {
      const auto found = all.find(name);
      return found == all.end() ? std::nullopt : std::optional(found->second);
    };
  };
  const auto outside = [&](Variables all) {
    for (const auto& [name, value] : steps.outside_step(lookup(all)))
      value ? void(all[name] = *value) : void(all.erase(name));
    return all;
  };
  const Variables script{{"SLURM_JOB_ID", "7"},
                         {"SLURM_NODELIST", "node[1-2]"},
                         {"SLURM_NTASKS", "3"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_TASKS_PER_NODE", "2,1"}};
  CHECK(outside(script) == script);
  Variables rank{{"SLURM_JOB_CPUS_PER_NODE", "8(x2)"},
                 {"SLURM_JOB_ID", "7"},
                 {"SLURM_JOB_NODELIST", "node[1-2]"},
                 {"SLURM_NODELIST", "node2"},
                 {"SLURM_NTASKS", "1"},
                 {"SLURM_NTASKS_PER_NODE", "1"},
                 {"SLURM_PROCID", "1"},
                 {"SLURM_STEP_GPUS", "0,1"},
                 {"SLURM_STEP_ID", "0"},
                 {"SLURM_TASKS_PER_NODE", "1"},
                 {job_view, steps.noted(lookup(script))}};
  Variables seen = outside(rank);
  CHECK(seen["SLURM_NODELIST"] == "node[1-2]");
  CHECK(seen["SLURM_NTASKS"] == "3");
  CHECK(seen["SLURM_TASKS_PER_NODE"] == "2,1");
  CHECK(seen["SLURM_STEP_GPUS"] == "0,1");
  for (const char* gone : {"SLURM_STEP_ID", "SLURM_PROCID", "SLURM_NTASKS_PER_NODE"})
    CHECK_FALSE(seen.contains(gone));
  rank[job_view] = "SLURM_JOB_ID=6 SLURM_NTASKS=5";  // of another job: as good as none
  seen = outside(rank);
  CHECK(seen["SLURM_NODELIST"] == "node[1-2]");
  CHECK(seen["SLURM_TASKS_PER_NODE"] == "8(x2)");
  CHECK_FALSE(seen.contains("SLURM_NTASKS"));
  rank["SLURM_HET_SIZE"] = "2";  // whose ranks are told by what starts them
  CHECK(outside(rank)["SLURM_TASKS_PER_NODE"] == "1");
}
