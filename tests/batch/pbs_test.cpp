// PBS: script text, and recorded answers of qsub, qstat and qdel given by programs first on PATH.
#include <cstdlib>
#include <fstream>

#include "batch/pbs/pbs.hpp"
#include "support/fake_programs.hpp"
#include "support/full_job.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::FakePrograms;
using test::sentence_of;

namespace {

const std::string json_answer = R"({
    "timestamp":1700000000,
    "pbs_version":"23.06.06",
    "pbs_server":"server",
    "Jobs":{
        "0.server":{"Job_Name":"sum","job_state":"F","Exit_status":3,"substate":92,"comment":"Job run at Tue and failed",
                    "Resource_List":{"ncpus":2,"walltime":"00:10:00"},"Variable_List":{"PBS_O_HOME":"/home/u"}},
        "1.server":{"Job_Name":"sum","job_state":"Q","comment":"Not Running: Insufficient amount of resource: ncpus"},
        "2.server":{"Job_Name":"sum","job_state":"H"},
        "3.server":{"Job_Name":"sum","job_state":"R","Exit_status":0},
        "4.server":{"Job_Name":"sum","job_state":"F","Exit_status":0,"substate":92},
        "5.server":{"Job_Name":"sum","job_state":"F","Exit_status":271,"substate":91},
        "6.server":{"Job_Name":"sum","job_state":"F","Exit_status":-29,"substate":93,"comment":"job killed: walltime 65 exceeded limit 60"},
        "7.server":{"Job_Name":"sum","job_state":"F","Exit_status":265,"substate":93}
    }
})";

void check_answers(const std::vector<JobStatus>& jobs) {
  using enum JobState;
  const std::vector<JobState> states{failed, waiting, held, running, succeeded, cancelled, timed_out, failed};
  const std::vector<std::optional<int>> exits{3, {}, {}, {}, 0, 143, 1, 137};
  REQUIRE(jobs.size() == states.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    CAPTURE(i);
    CHECK(jobs[i].id == std::to_string(i) + ".server");
    CHECK(to_string(jobs[i].state) == to_string(states[i]));
    CHECK(jobs[i].exit_status == exits[i]);
  }
  CHECK(jobs[1].reason == "Not Running: Insufficient amount of resource: ncpus");
}

std::vector<std::string> ids(int count) {
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) result.push_back(std::to_string(i) + ".server");
  return result;
}

}  // namespace

TEST_CASE("pbs writes every option as a directive") {
  JobOptions options = test::full_job();
  options.log_directory = "/scratch/logs";
  options.directives = {"#PBS -m n"};
  CHECK(pbs().script(options) ==
        "#!/bin/bash -l\n"
        "#PBS -N sum\n"
        "#PBS -S /bin/bash\n"
        "#PBS -r n\n"
        "#PBS -j oe\n"
        "#PBS -o /scratch/logs/sum.log\n"
        "#PBS -q regular\n"
        "#PBS -A project\n"
        "#PBS -l select=4:ncpus=32:mpiprocs=16:ompthreads=1:ngpus=1:mem=27gb\n"
        "#PBS -l place=scatter\n"
        "#PBS -l walltime=02:00:00\n"
        "#PBS -m n\n"
        "\n"
        "cd \"${PBS_O_WORKDIR:-.}\" || exit\n"
        "weir_job=${PBS_JOBID:-${SLURM_JOB_ID:-0}}\n"
        "exec >/scratch/logs/sum-\"${weir_job%%.*}\".out 2>/scratch/logs/sum-\"${weir_job%%.*}\".err\n"
        "export WEIR_JOB_STARTED=$(date +%s)\n"
        "for signal in TERM USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "/opt/weir/bin/weir run -n 64 --threads 2 -- ./app 'two words' &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
}

TEST_CASE("pbs selects chunks that hold exactly the ranks") {
  const auto select = [](int ranks, int nodes, std::uint64_t memory_bytes = 0) {
    JobOptions options;
    options.ranks = ranks;
    options.nodes = nodes;
    options.memory_bytes = memory_bytes;
    options.command = {"app"};
    const std::string script = pbs().script(options);
    const std::size_t begin = script.find("select=");
    return script.substr(begin, script.find('\n', begin) - begin);
  };
  CHECK(select(64, 0) == "select=64:ncpus=1:mpiprocs=1:ompthreads=1");
  CHECK(select(7, 3) == "select=1:ncpus=3:mpiprocs=3:ompthreads=1+2:ncpus=2:mpiprocs=2:ompthreads=1");
  CHECK(select(1, 0, 1234) == "select=1:ncpus=1:mpiprocs=1:ompthreads=1:mem=1234b");
  JobOptions apart = test::full_job();
  apart.head = "1,4GB";
  apart.ranks = 7;
  apart.nodes = 3;
  const std::string script = pbs().script(apart);
  CHECK(script.find("#PBS -l select=1:ncpus=1:mpiprocs=1:ompthreads=1:mem=3815mb+3:ncpus=4:mpiprocs=2:"
                    "ompthreads=1:ngpus=1:mem=27gb\n#PBS -l place=scatter\n") != std::string::npos);
  CHECK(sentence_of([&] { return select(2, 0, 1234); }) ==
        "nodes: PBS needs the number of nodes when memory or GPUs of a node are asked for (got none), for "
        "example --nodes 1");
}

TEST_CASE("pbs refuses values its directives cannot carry") {
  JobOptions options;
  options.ranks = 1;
  options.command = {"app"};
  options.account = "a project";
  CHECK(sentence_of([&] { return pbs().script(options); }) ==
        "account: PBS takes no spaces, quotes, commas, \\, ` and $ here (got a project)");
  options.account = "";
  options.log_directory = "/home/u/my logs";
  CHECK(sentence_of([&] { return pbs().script(options); }) ==
        "log_directory: PBS takes no spaces, quotes, commas, \\, ` and $ here (got /home/u/my logs/)");
  options.log_directory = "/data/a:b";
  CHECK(sentence_of([&] { return pbs().script(options); }) ==
        "log_directory: PBS takes no colon in the path of a log (got /data/a:b/)");
}

TEST_CASE("pbs job ids are found in every wording") {
  CHECK(parse_pbs_job_id("0.server\n") == "0.server");
  CHECK(parse_pbs_job_id("123") == "123");
  CHECK(parse_pbs_job_id("123.admin01") == "123.admin01");
  CHECK(parse_pbs_job_id("123[].pbs-1.site.org\n") == "123[].pbs-1.site.org");
  CHECK(parse_pbs_job_id("Request 123.asdf was submitted to queue: standard.") == "123.asdf");
  CHECK(parse_pbs_job_id("Welcome to machine 7!\n123.pbs\n") == "123.pbs");
  CHECK(parse_pbs_job_id("Submitted batch job 123") == "123");
  CHECK(sentence_of([] { return parse_pbs_job_id("thank you\n"); }) ==
        "pbs: no job id in the answer of qsub; the job may be in the queue all the same, qstat shows it (got "
        "thank you)");
}

TEST_CASE("pbs submits and shows the site's own words when refused") {
  FakePrograms programs;
  programs.add("qsub", "echo \"$@\" > " + programs.directory() + "/asked; echo 0.server");
  CHECK(pbs().submit("job.pbs") == "0.server");
  std::string asked;
  std::getline(std::ifstream(programs.directory() + "/asked"), asked);
  CHECK(asked == "job.pbs");
  programs.add("qsub", "echo 'see https://site/accounts'; echo 'qsub: Invalid account' >&2; exit 38");
  CHECK(sentence_of([] { return pbs().submit("job.pbs"); }) ==
        "pbs: the job was not accepted (got exit status 38 from `qsub job.pbs`, which says: qsub: Invalid "
        "account; see https://site/accounts)");
}

TEST_CASE("pbs asks once for many jobs, finished ones included") {
  FakePrograms programs;
  std::ofstream(programs.directory() + "/answer") << json_answer;
  programs.add("qstat", "echo \"$@\" >> " + programs.directory() + "/asked; cat " + programs.directory() +
                            "/answer; exit 35");
  check_answers(pbs().status(ids(8)));
  std::ifstream asked(programs.directory() + "/asked");
  std::string line;
  std::getline(asked, line);
  CHECK(line == "-x -f -F json 0.server 1.server 2.server 3.server 4.server 5.server 6.server 7.server");
  CHECK_FALSE(std::getline(asked, line));
}

TEST_CASE("pbs reads the text form where there is no json, wrapped lines included") {
  FakePrograms programs;
  programs.add("qstat", R"(case "$*" in
*json*) echo 'qstat: illegal option' >&2; exit 2 ;;
esac
printf 'Job Id: 0.server\n    Job_Name = sum\n    job_state = Q\n    comment = Not Running: Insuffi\n\tcient amount\n    queue = a\n\n'
printf 'Job Id: 1.server\n    job_state = C\n    Exit_status = 7\n')");
  const auto jobs = pbs().status({"1.server", "0.server", "9.server"});
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].state == JobState::failed);
  CHECK(jobs[0].exit_status == 7);
  CHECK(jobs[1].state == JobState::waiting);
  CHECK(jobs[1].reason == "Not Running: Insufficient amount");
  CHECK(jobs[2].state == JobState::unknown);
}

TEST_CASE("pbs takes broken json for an older qstat and asks for text") {
  FakePrograms programs;
  programs.add("qstat", R"(case "$*" in
*json*) printf '{"Jobs":{"0.server":{"job_state":"R","Variable_List":{"A":012}}}}' ;;
*) printf 'Job Id: 0.server\n    job_state = R\n' ;;
esac)");
  CHECK(pbs().status({"0.server"})[0].state == JobState::running);
}

TEST_CASE("pbs asks for text about jobs that the json leaves out, and not about those nobody knows") {
  FakePrograms programs;
  programs.add("qstat", "echo \"$@\" >> " + programs.directory() + R"(/asked
echo 'qstat: Unknown Job Id 16.server' >&2
case "$*" in
*json*) printf '{"Jobs":{"5.server":{"job_state":"R"}}}' ;;
*) printf 'Job Id: 6.server\n    job_state = Q\n    comment = Not Running: queue \n\tis stopped\n' ;;
esac
exit 153)");
  const auto jobs = pbs().status({"5.server", "6.server", "16.server"});
  CHECK(jobs[0].state == JobState::running);
  CHECK(jobs[1].state == JobState::waiting);
  CHECK(jobs[1].reason == "Not Running: queue is stopped");
  CHECK(jobs[2].state == JobState::unknown);
  std::ifstream asked(programs.directory() + "/asked");
  std::vector<std::string> lines;
  for (std::string line; std::getline(asked, line);) lines.push_back(line);
  CHECK(lines == std::vector<std::string>{"-x -f -F json 5.server 6.server 16.server", "-x -f 6.server"});
}

TEST_CASE("pbs says unknown for a job that left no trace and complains when the server is down") {
  FakePrograms programs;
  programs.add("qstat", "echo 'qstat: Unknown Job Id 5.server' >&2; exit 153");
  CHECK(pbs().status({"5.server"})[0].state == JobState::unknown);
  programs.add("qstat", "echo 'qstat: cannot connect to server' >&2; exit 1");
  CHECK(sentence_of([] { return pbs().status({"5.server"}); }) ==
        "pbs: the queue could not be asked (got exit status 1 from `qstat -f 5.server`, which says: qstat: "
        "cannot connect to server)");
}

TEST_CASE("pbs cancels, and a job that is over already is no error") {
  FakePrograms programs;
  programs.add("qdel", "echo 'qdel: Job has finished 5.server' >&2; exit 35");
  CHECK_NOTHROW(pbs().cancel({"5.server"}));
  programs.add("qdel",
               "echo 'qdel: Request invalid for state of job MSG=invalid state for job - COMPLETE 5.server' "
               ">&2; exit 170");
  CHECK_NOTHROW(pbs().cancel({"5.server"}));
  // One that is just being started or ended: asked again, and by then it is over.
  programs.add("qdel", "cd " + programs.directory() + R"(
[ -e again ] && { echo 'qdel: Job has finished 5.server' >&2; exit 35; }
touch again
echo 'qdel: Request invalid for state of job 5.server' >&2; exit 170)");
  CHECK_NOTHROW(pbs().cancel({"5.server"}));
  // That one of them was over excuses nothing else.
  programs.add(
      "qdel",
      "printf 'qdel: Job has finished 4.server\\nqdel: Unauthorized Request 5.server\\n' >&2; exit 159");
  CHECK(sentence_of([] {
          pbs().cancel({"4.server", "5.server"});
          return 0;
        }).find("qdel: Unauthorized Request 5.server") != std::string::npos);
  programs.add("qdel", "echo 'qdel: Unauthorized Request 5.server' >&2; exit 159");
  CHECK(sentence_of([] {
          pbs().cancel({"5.server"});
          return 0;
        }) ==
        "pbs: the job was not cancelled (got exit status 159 from `qdel 5.server`, which says: qdel: "
        "Unauthorized Request 5.server)");
}
