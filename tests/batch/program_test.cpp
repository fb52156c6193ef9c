// Running the batch system's programs: what they say, how they end, what they see of the environment.
#include "batch/program.hpp"

#include <cstdlib>

#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;

TEST_CASE("a program's output, errors and exit status are kept apart") {
  const auto result = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(result.output == "out\n");
  CHECK(result.errors == "err\n");
  CHECK(result.exit_status == 3);
  CHECK(run_program({"sh", "-c", "kill -9 $$"}).exit_status == 137);
}

TEST_CASE("much output does not block a program") {
  const auto result = run_program({"sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"});
  CHECK(result.output.size() == 1'000'000);
  CHECK(result.errors.size() == 1'000'000);
}

TEST_CASE("arguments of a program see no shell") {
  CHECK(run_program({"printf", "%s", "$(id) 'x'"}).output == "$(id) 'x'");
}

TEST_CASE("a program that is not there is named") {
  CHECK(sentence_of([] { return run_program({"weir-no-such-program"}); }) ==
        "weir-no-such-program: the program is not on PATH; is the batch system's module loaded?");
}

TEST_CASE("a program that does not answer is killed") {
  CHECK(sentence_of([] {
          return run_program({"sleep", "1000"}, std::chrono::milliseconds(20));
        }) == "sleep: no answer within 20 ms (got nothing)");
}

TEST_CASE("a refusal is one sentence with everything that was said") {
  CHECK(refusal("slurm: no", {{"sbatch", "x"}, 1, "o\n", "a\n\nb\n"}) ==
        "slurm: no (got exit status 1 from `sbatch x`, which says: a; b; o)");
  CHECK(refusal("slurm: no", {{"sbatch"}, 1, "", " \n"}) ==
        "slurm: no (got exit status 1 from `sbatch`, which says: nothing)");
}

TEST_CASE("variables of the enclosing job do not reach another one") {
  const BatchSystem& slurm = batch_system("slurm");
  CHECK(belongs_to_enclosing_job("SLURM_MEM_PER_NODE", &slurm));
  CHECK_FALSE(belongs_to_enclosing_job("SLURM_CONF", &slurm));
  CHECK_FALSE(belongs_to_enclosing_job("SLURM_TIME_FORMAT", nullptr));
  CHECK_FALSE(belongs_to_enclosing_job("PATH", &slurm));
  CHECK(belongs_to_enclosing_job("WEIR_JOB_STARTED", nullptr));
  setenv("SLURM_JOB_ID", "5", 1);
  CHECK(run_program({"sh", "-c", "echo \"$SLURM_JOB_ID\""}).output == "\n");
  unsetenv("SLURM_JOB_ID");
}
