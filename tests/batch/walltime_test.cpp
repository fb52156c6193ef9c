// Walltime: what a user may write, and when a job ends if clocks agree, lie or are missing.
#include "batch/walltime.hpp"

#include <map>

#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using namespace std::chrono_literals;
using std::chrono::sys_seconds;
using test::sentence_of;

namespace {

const sys_seconds noon{std::chrono::seconds(1'700'000'000)};

BatchSystem::Variables variables(std::map<std::string, std::string> all) {
  return [all](const std::string& name) {
    return all.contains(name) ? std::optional<std::string>(all.at(name)) : std::nullopt;
  };
}

struct Asked {
  std::string answer;
  int count = 0;
  BatchSystem::Asker asker() {
    return [this](const std::vector<std::string>&) {
      ++count;
      return answer.empty() ? std::nullopt : std::optional<std::string>(answer);
    };
  }
};

}  // namespace

TEST_CASE("a walltime is read in the forms of Weir, Slurm and PBS") {
  CHECK(parse_walltime("2h30m") == 150min);
  CHECK(parse_walltime("02:00:00") == 2h);
  CHECK(parse_walltime("120:00:00") == 120h);
  CHECK(parse_walltime("30:00") == 30min);
  CHECK(parse_walltime("1-12:00:00") == 36h);
  CHECK(parse_walltime("1.2s") == 2s);
}

TEST_CASE("a walltime that means different things elsewhere is refused") {
  CHECK(sentence_of([] { return parse_walltime("30"); }) ==
        "walltime: a number needs a unit, for example 30m or 2:00:00 (got 30)");
  CHECK(sentence_of([] { return parse_walltime("2 fortnights"); }) ==
        "walltime: must be a duration, for example 2h, 90m or 2:00:00 (got 2 fortnights)");
  CHECK(sentence_of([] { return parse_walltime(""); }) ==
        "walltime: must be a duration, for example 2h, 90m or 2:00:00 (got nothing)");
  CHECK(sentence_of([] { return parse_walltime("-1h"); }) ==
        "walltime: must be a duration, for example 2h, 90m or 2:00:00 (got -1h)");
  CHECK(sentence_of([] { return parse_walltime("0:00:00"); }) ==
        "walltime: must be longer than nothing (got 0:00:00)");
}

TEST_CASE("a job without walltime has no end") {
  CHECK_FALSE(job_end(JobClock{.process_began = noon}, noon).has_value());
}

TEST_CASE("a job's end follows from its limit and its beginning") {
  const JobClock clock{.limit = 1h, .script_began = noon, .process_began = noon + 20min};
  CHECK(job_end(clock, noon + 30min)->remaining == 30min);
  CHECK(job_end(clock, noon + 2h)->remaining == 0s);
}

TEST_CASE("of two ends that agree the earlier one holds") {
  const JobClock clock{.limit = 1h, .end = noon + 57min, .script_began = noon, .process_began = noon};
  CHECK(job_end(clock, noon + 30min)->remaining == 27min);
  CHECK(job_end(clock, noon + 30min)->clock_offset == 0s);
}

TEST_CASE("clocks apart by an hour do not move a job's end") {
  for (const auto offset : {1h, -1h}) {
    const JobClock clock{
        .limit = 40min, .end = noon + 40min - offset, .script_began = noon, .process_began = noon};
    const auto end = job_end(clock, noon + 10min);
    CHECK(end->remaining == 30min);
    CHECK(end->clock_offset == offset);
  }
}

TEST_CASE("a process that began late in its job believes the clock's shorter rest") {
  const JobClock clock{.limit = 2h, .end = noon + 20min, .process_began = noon};
  CHECK(job_end(clock, noon)->remaining == 20min);
}

TEST_CASE("what the batch system has counted already is not given twice") {
  const JobClock clock{.limit = 1h, .used = 50min, .process_began = noon};
  CHECK(job_end(clock, noon + 1min)->remaining == 10min);
  CHECK(job_end(clock, noon + 55min)->remaining == 5min);
}

TEST_CASE("slurm tells the end in the environment, older ones when asked") {
  Asked asked;
  const auto told = read_job_clock(variables({{"SLURM_JOB_ID", "5"},
                                              {"SLURM_JOB_START_TIME", "1700000000"},
                                              {"SLURM_JOB_END_TIME", "1700003600"}}),
                                   asked.asker(), noon);
  CHECK(told.limit == 1h);
  CHECK(told.end == noon + 1h);
  CHECK(asked.count == 0);
  asked.answer =
      "JobId=5 JobName=a RunTime=00:02:00 TimeLimit=1-01:00:00 TimeMin=N/A StartTime=2026-11-20T09:01:59\n";
  const auto old = read_job_clock(variables({{"SLURM_JOB_ID", "5"}, {"WEIR_JOB_STARTED", "1700000000"}}),
                                  asked.asker(), noon);
  CHECK(asked.count == 1);
  CHECK(old.limit == 25h);
  CHECK(old.used == 2min);
  CHECK(old.script_began == noon);
  asked.answer = "JobId=5 RunTime=00:02:00 TimeLimit=UNLIMITED\n";
  CHECK_FALSE(
      job_end(read_job_clock(variables({{"SLURM_JOB_ID", "5"}}), asked.asker(), noon), noon).has_value());
  asked.answer = "";
  CHECK_FALSE(
      job_end(read_job_clock(variables({{"SLURM_JOB_ID", "5"}}), asked.asker(), noon), noon).has_value());
}

TEST_CASE("pbs tells the walltime in the environment or when asked") {
  Asked asked;
  CHECK(read_job_clock(variables({{"PBS_JOBID", "0.server"}, {"PBS_WALLTIME", "3600"}}), asked.asker(), noon)
            .limit == 1h);
  CHECK(asked.count == 0);
  asked.answer =
      "Job Id: 0.server\n    Job_Name = sum\n    resources_used.walltime = 00:05:00\n    "
      "Resource_List.walltime = 01:00:00\n";
  const auto clock = read_job_clock(variables({{"PBS_JOBID", "0.server"}}), asked.asker(), noon);
  CHECK(clock.limit == 1h);
  CHECK(clock.used == 5min);
}

TEST_CASE("what the script asked for holds where the batch system does not tell") {
  Asked asked;
  const auto told = read_job_clock(
      variables({{"PBS_JOBID", "0.server"}, {"WEIR_JOB_LIMIT", "60"}, {"WEIR_JOB_STARTED", "1700000000"}}),
      asked.asker(), noon);
  CHECK(told.limit == 60s);
  CHECK(job_end(told, noon + 20s)->remaining == 40s);
  asked.answer = "Job Id: 0.server\n    Resource_List.walltime = 01:00:00\n";
  CHECK(read_job_clock(variables({{"PBS_JOBID", "0.server"}, {"WEIR_JOB_LIMIT", "60"}}), asked.asker(), noon)
            .limit == 1h);
}

TEST_CASE("outside a job nobody is asked") {
  Asked asked;
  CHECK_FALSE(job_end(read_job_clock(variables({}), asked.asker(), noon), noon).has_value());
  CHECK(asked.count == 0);
}
