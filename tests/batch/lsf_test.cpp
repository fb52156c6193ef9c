// LSF: script text, and recorded answers of bsub, bjobs and bkill given by programs first on PATH.
#include "batch/lsf/lsf.hpp"

#include <fstream>
#include <map>

#include "batch/walltime.hpp"
#include "support/fake_programs.hpp"
#include "support/full_job.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::FakePrograms;
using test::sentence_of;

namespace {

BatchSystem::Variables variables(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const std::string& name) {
    return all.contains(name) ? std::optional<std::string>(all.at(name)) : std::nullopt;
  };
}

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string json_answer = R"({
  "COMMAND":"bjobs",
  "JOBS":8,
  "RECORDS":[
    {
      "JOBID":"3619",
      "STAT":"DONE",
      "EXIT_CODE":"",
      "EXIT_REASON":"",
      "PEND_REASON":""
    },
    {
      "JOBID":"3620",
      "STAT":"EXIT",
      "EXIT_CODE":"3",
      "EXIT_REASON":"",
      "PEND_REASON":"",
      "EXEC_HOST":"2*hostA"
    },
    {
      "JOBID":"3621",
      "STAT":"EXIT",
      "EXIT_CODE":"140",
      "EXIT_REASON":"TERM_RUNLIMIT: job killed after reaching LSF run time limit",
      "PEND_REASON":""
    },
    {
      "JOBID":"3622",
      "STAT":"EXIT",
      "EXIT_CODE":"143",
      "EXIT_REASON":"TERM_OWNER: job killed by owner",
      "PEND_REASON":""
    },
    {
      "JOBID":"3623",
      "STAT":"EXIT",
      "EXIT_CODE":"137",
      "EXIT_REASON":"TERM_PREEMPT: job killed after preemption",
      "PEND_REASON":""
    },
    {
      "JOBID":"3624",
      "STAT":"PEND",
      "EXIT_CODE":"",
      "EXIT_REASON":"",
      "PEND_REASON":"Job slot limit reached: 4 hosts;"
    },
    {
      "JOBID":"3625",
      "STAT":"SSUSP",
      "EXIT_CODE":"",
      "EXIT_REASON":"",
      "PEND_REASON":""
    },
    {
      "JOBID":"4711",
      "ERROR":"Job <4711> is not found"
    }
  ]
})";

JobOptions whole_nodes() {
  JobOptions options = test::full_job();
  options.gpus_per_node = 4;
  options.memory_bytes = 100'000'000'000;
  options.walltime = std::chrono::minutes(90);
  options.account = "a project";
  options.log_directory = "logs";
  options.weir = "weir";
  return options;
}

}  // namespace

TEST_CASE("lsf writes every option as a directive") {
  CHECK(lsf().script(whole_nodes()) ==
        "#!/bin/bash\n"
        "#BSUB -J sum\n"
        "#BSUB -o logs/sum.log\n"
        "#BSUB -rn\n"
        "#BSUB -q regular\n"
        "#BSUB -P \"a project\"\n"
        "#BSUB -n 128\n"
        "#BSUB -R \"span[ptile=32]\"\n"
        "#BSUB -R \"rusage[mem=94GB/host]\"\n"
        "#BSUB -gpu \"num=4/host\"\n"
        "#BSUB -W 1:30\n"
        "\n"
        "exec >logs/sum-\"${LSB_JOBID:-0}\".out 2>logs/sum-\"${LSB_JOBID:-0}\".err\n"
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "weir run -n 64 --threads 2 -- ./app 'two words' &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
}

TEST_CASE("lsf says that it gives all ranks the same") {
  JobOptions options = test::full_job();
  options.head = "1";
  CHECK(sentence_of([&] { return lsf().script(options); }) ==
        "head: LSF gives all ranks of a job the same (got 1); leave it out");
}

TEST_CASE("lsf keeps the threads of a rank on one host where the number of hosts is left to it") {
  JobOptions options;
  options.ranks = 3;
  options.threads_per_rank = 4;
  options.walltime = std::chrono::seconds(61);
  options.command = {"app"};
  CHECK(lsf().script(options) ==
        "#!/bin/bash\n"
        "#BSUB -J weir\n"
        "#BSUB -o weir.log\n"
        "#BSUB -rn\n"
        "#BSUB -n 12\n"
        "#BSUB -R \"span[block=4]\"\n"
        "#BSUB -W 0:02\n"
        "\n"
        "exec >weir-\"${LSB_JOBID:-0}\".out 2>weir-\"${LSB_JOBID:-0}\".err\n"
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "weir run -n 3 --threads 4 -- app &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
  options.queue = "a$b";
  CHECK(sentence_of([&] { return lsf().script(options); }) ==
        "queue: LSF takes no quotes, \\, `, $ and % here (got a$b)");
}

TEST_CASE("lsf submits the script on standard input and reads the id in every wording") {
  const FakePrograms programs;
  programs.add("bsub", "cat >'" + programs.directory() +
                           "/seen'; echo \"args:$#\" >&2; echo 'Job <3619> is submitted to queue <normal>.'");
  test::write_file(programs.directory() + "/job", "#!/bin/bash\n#BSUB -n 2\n");
  CHECK(lsf().submit(programs.directory() + "/job") == "3619");
  CHECK(content(programs.directory() + "/seen") == "#!/bin/bash\n#BSUB -n 2\n");
  CHECK(parse_lsf_job_id("Welcome to machine 7\nJob <12> is submitted to default queue <normal>.\n") == "12");
  CHECK(parse_lsf_job_id("Job <12[3]> is submitted to queue <a>.") == "12[3]");
  CHECK(sentence_of([] { return parse_lsf_job_id("12\n"); }) ==
        "lsf: no job id in the answer of bsub; the job may be in the queue all the same, bjobs shows it (got "
        "12)");
  programs.add("bsub", "echo 'regular: No such queue. Job not submitted.' >&2; exit 255");
  CHECK(sentence_of([&] { return lsf().submit(programs.directory() + "/job"); }) ==
        "lsf: the job was not accepted (got exit status 255 from `bsub`, which says: regular: No such queue. "
        "Job not submitted.)");
}

TEST_CASE("lsf reads how its jobs are") {
  const FakePrograms programs;
  programs.add("bjobs", "cat <<'EOF'\n" + json_answer + "\nEOF");
  const auto jobs = lsf().status({"3619", "3620", "3621", "3622", "3623", "3624", "3625", "4711"});
  const std::vector<JobState> states{JobState::succeeded, JobState::failed, JobState::timed_out,
                                     JobState::cancelled, JobState::lost,   JobState::waiting,
                                     JobState::running,   JobState::unknown};
  for (std::size_t i = 0; i < states.size(); ++i) {
    CAPTURE(jobs[i].id);
    CHECK(jobs[i].state == states[i]);
  }
  CHECK(jobs[0].exit_status == 0);
  CHECK(jobs[1].exit_status == 3);
  CHECK(jobs[1].hosts == "hostA");
  CHECK(jobs[2].exit_status == 140);
  CHECK(jobs[2].reason == "TERM_RUNLIMIT: job killed after reaching LSF run time limit");
  CHECK(jobs[5].reason == "Job slot limit reached: 4 hosts;");
  CHECK_FALSE(jobs[6].exit_status.has_value());
}

TEST_CASE("lsf asks versions without JSON in another way") {
  const FakePrograms programs;
  programs.add(
      "bjobs",
      "for word in \"$@\"; do [ \"$word\" = -json ] && { echo 'bjobs: Illegal option -- j' >&2; exit 255; "
      "}; done\necho '12|EXIT|3|-|-|4*hostA:4*hostB'\necho '13|PEND|-|-|New job is waiting for "
      "scheduling;|-'");
  const auto jobs = lsf().status({"12", "13"});
  CHECK(jobs[0].state == JobState::failed);
  CHECK(jobs[0].exit_status == 3);
  CHECK(jobs[0].reason.empty());
  CHECK(jobs[0].hosts == "hostA,hostB");
  CHECK(jobs[1].reason == "New job is waiting for scheduling;");
  programs.add("bjobs", "echo 'Failed in LSF library call: LIM is down; try later' >&2; exit 255");
  CHECK(sentence_of([] { return lsf().status({"12"}); }) ==
        "lsf: the queue could not be asked (got exit status 255 from `bjobs -a -noheader -o jobid stat "
        "exit_code "
        "exit_reason pend_reason exec_host jobindex delimiter='|' 12`, which says: Failed in LSF library "
        "call: LIM is down; try "
        "later)");
}

TEST_CASE("lsf takes answers of any form without harm") {
  for (const std::string text :
       {"", "{", "[]", "{\"RECORDS\":3}", "{\"RECORDS\":[3,{\"JOBID\":{}},{\"STAT\":\"RUN\"}]}"})
    CHECK(parse_bjobs_json(text).empty());
  CHECK(parse_bjobs_json("Job <5> is not found\n{\"RECORDS\":[{\"JOBID\":6,\"STAT\":\"RUN\"}]}").front().id ==
        "6");
  CHECK(parse_bjobs_text("|||\n|||||\nno jobs").empty());
}

TEST_CASE("a job of lsf that is over is cancelled without complaint") {
  const FakePrograms programs;
  programs.add("bkill", "echo 'Job <12>: Job has already finished' >&2; exit 255");
  lsf().cancel({"12"});
  programs.add("bkill", "echo 'Job <12>: User permission denied' >&2; exit 255");
  CHECK(sentence_of([] {
          lsf().cancel({"12"});
          return 0;
        }) ==
        "lsf: the job was not cancelled (got exit status 255 from `bkill 12`, which says: Job <12>: User "
        "permission denied)");
}

TEST_CASE("a process in a job of lsf knows its job, its places and its end") {
  CHECK_FALSE(lsf().job(variables({})).has_value());
  CHECK(lsf().job(variables({{"LSB_JOBID", "12"}, {"LSB_JOBINDEX", "0"}})) == "12");
  CHECK(lsf().job(variables({{"LSB_JOBID", "12"}, {"LSB_JOBINDEX", "3"}})) == "12[3]");
  CHECK(current_job(variables({{"LSB_JOBID", "12"}}))->system->title() == "LSF");
  CHECK(lsf().owns("LSB_JOBID"));
  CHECK_FALSE(lsf().owns("LSF_ENVDIR"));

  const test::TemporaryFolder folder;
  test::write_file(folder.path() + "/hosts", "a\na\na\na\nb\nb\nb\nb\n");
  const auto job = variables(
      {{"LSB_JOBID", "12"}, {"LSB_DJOB_HOSTFILE", folder.path() + "/hosts"}, {"LSB_MCPU_HOSTS", "a 4 b 4"}});
  CHECK(lsf().allocation(job, 2).hosts == std::vector<std::string>{"a", "a", "b", "b"});
  CHECK(lsf().allocation(job, 2).places == 4);
  CHECK(lsf().allocation(job, 1).places == 8);
  CHECK(lsf().allocation(job, 1).cores == 4);

  const auto ask = [](const std::string& answer) {
    return [answer](const std::vector<std::string>&) { return std::optional<std::string>(answer); };
  };
  const auto clock = read_job_clock(job, ask("90.0/hostA|120 second(s)\n"), {});
  CHECK(clock.limit == std::chrono::minutes(90));
  CHECK(clock.used == std::chrono::minutes(2));
  CHECK_FALSE(read_job_clock(job, ask("-|120 second(s)\n"), {}).limit.has_value());
}
