// From settings to a submitted job, with batch systems that are programs of the test.
#include "batch/configured_job.hpp"

#include <filesystem>

#include "support/fake_programs.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::FakePrograms;
using test::sentence_of;

namespace {

JobOptions one_rank(const std::string& logs) {
  JobOptions options;
  options.ranks = 1;
  options.command = {"./app"};
  options.log_directory = logs;
  return options;
}

}  // namespace

TEST_CASE("a job that was accepted and cannot be recorded is cancelled, and its id told") {
  const FakePrograms programs;
  const std::string jobs = programs.directory() + "/jobs", cancelled = programs.directory() + "/cancelled";
  const JobRegistry registry(jobs);
  programs.add("sbatch", "rm -r '" + jobs + "'; echo 12");
  programs.add("scancel", "echo \"$@\" >'" + cancelled + "'");
  const std::string sentence = sentence_of([&] {
    return submit_job(batch_system("slurm"), one_rank(programs.directory()), registry).front().name;
  });
  CHECK(sentence.starts_with("job 12 was accepted, but cannot be recorded: jobs: "));
  CHECK(sentence.ends_with("; it has been cancelled"));
  CHECK(std::filesystem::exists(cancelled));
  const JobRegistry again(jobs);
  programs.add("scancel", "echo 'scancel: error: down' >&2; exit 1");
  CHECK(sentence_of([&] {
          return submit_job(batch_system("slurm"), one_rank(programs.directory()), again).front().name;
        }).ends_with("; `scancel 12` ends it"));
}

TEST_CASE("a log directory that cannot be written is refused before anything is submitted") {
  const FakePrograms programs;
  programs.add("sbatch", "touch '" + programs.directory() + "/asked'; echo 12");
  const JobRegistry registry(programs.directory() + "/jobs");
  // What nobody may write, not even root.
  CHECK(
      sentence_of(
          [&] { return submit_job(batch_system("slurm"), one_rank("/proc"), registry).front().name; }) ==
      "log_directory: the output of jobs could not be written there: No such file or directory (got /proc)");
  CHECK_FALSE(std::filesystem::exists(programs.directory() + "/asked"));
}

TEST_CASE("memory without a unit is refused") {
  Config config = Config::parse("", "config.toml");
  config.set("memory", "5");
  CHECK(sentence_of([&] { return configured_job(config, 1, {"./app"}).memory_bytes; }) ==
        "argument: memory must be at least 1MB; a number without a unit counts bytes (got 5)");
  config.set("memory", {"0"}, "--mem");
  CHECK(sentence_of([&] { return configured_job(config, 1, {"./app"}).memory_bytes; }) ==
        "--mem: memory must be at least 1MB; a number without a unit counts bytes (got 0)");
  config.set("memory", "5GB");
  CHECK(configured_job(config, 1, {"./app"}).memory_bytes == 5'000'000'000);
}
