// Slurm's script text and answers; no Slurm is needed. The real one is in tests/batch.
#include "batch/slurm/slurm.hpp"
#include "support/full_job.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;

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
        "trap weir_told=1 TERM\n"
        "for signal in USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
        "/opt/weir/bin/weir run -n 64 --threads 2 -- ./app 'two words' &\n"
        "weir_run=$!\n"
        "while weir_told=; wait $weir_run; weir_status=$?; [ $weir_told ]; do :; done\n"
        "exit \"$weir_status\"\n");
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
        "trap weir_told=1 TERM\n"
        "for signal in USR1 USR2; do trap \"weir_told=1; kill -$signal \\$weir_run\" $signal; done\n"
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
