// Job arrays: what is read, what is written, and the elements that become of it.
#include "batch/array.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "batch/lsf/lsf.hpp"
#include "batch/pbs/pbs.hpp"
#include "batch/registry.hpp"
#include "batch/slurm/slurm.hpp"
#include "support/fake_programs.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;

namespace {

JobOptions one_rank() {
  JobOptions options;
  options.name = "sum";
  options.ranks = 1;
  options.command = {"./app"};
  return options;
}
bool has_line(const std::string& script, const std::string& line) {
  return ("\n" + script).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("array reads ranges, lists, steps and how many run at once") {
  CHECK(parse_array("0-3").elements == std::vector{0, 1, 2, 3});
  CHECK(parse_array("7").elements == std::vector{7});
  CHECK(parse_array("1,3,5-9:2").elements == std::vector{1, 3, 5, 7, 9});
  CHECK(parse_array("3,1-4").elements == std::vector{1, 2, 3, 4});
  CHECK(parse_array("0-99%4").elements.size() == 100);
  CHECK(parse_array("0-99%4").at_once == 4);
  CHECK(parse_array("0-99").at_once == 0);
}

TEST_CASE("array refuses other texts in one sentence") {
  const std::string example = ", for example 0-99, 1,3,5-9:2, or 0-99%4 for four at once (got ";
  for (const std::string text :
       {"", "a", "-1", "1-", "1,", ",1", "1--2", "1-2-3", "1.5", "1 2", "1-5:x", "%3"})
    CHECK(sentence_of([&] { return parse_array(text); }) ==
          "array: must be ranges of whole numbers from 0" + example + text + ")");
  for (const std::string text : {"5-1", "1-5:0"})
    CHECK(sentence_of([&] { return parse_array(text); }) ==
          "array: a range goes from a smaller to a larger index" + example + text + ")");
  CHECK(sentence_of([&] { return parse_array("1-2%0"); }) ==
        "array: at least one element runs at once" + example + "1-2%0)");
  CHECK(sentence_of([&] { return parse_array("0-1000000"); }) ==
        "array: has at most 100000 elements" + example + "0-1000000)");
  CHECK(sentence_of([&] { return parse_array("0-99999999999999999999"); }) ==
        "array: must be ranges of whole numbers from 0" + example + "0-99999999999999999999)");
}

TEST_CASE("slurm writes an array, and a log for each element") {
  JobOptions options = one_rank();
  options.array = "0-99%4";
  const std::string script = slurm().script(options);
  CHECK(has_line(script, "#SBATCH --array=0-99%4"));
  CHECK(has_line(script, "#SBATCH --output=sum-%A_%a.out"));
  CHECK(has_line(script, "export WEIR_ARRAY_INDEX=$SLURM_ARRAY_TASK_ID"));
  CHECK(slurm().element("12", 3) == "12_3");
  CHECK(log_file(options, "12_3", "out") == "sum-12_3.out");
  for (const std::string own :
       {"--array=0-3", "#SBATCH --array=0-3", "-a 0-3", "-a0-3", "--mem=1G --array 0-3"}) {
    options = one_rank();
    options.directives = {own};
    CHECK(array_text(slurm(), options) == "0-3");
    CHECK(has_line(slurm().script(options), "#SBATCH --output=sum-%A_%a.out"));
    CHECK_FALSE(has_line(slurm().script(options), "#SBATCH --array="));
  }
  for (const std::string other : {"--account=array", "--array-none", "--exclusive", "--comment=-a"}) {
    options.directives = {other};
    CHECK(array_text(slurm(), options) == "");
  }
}

TEST_CASE("pbs writes an array, and takes only one range") {
  JobOptions options = one_rank();
  options.array = "0-99";
  CHECK(has_line(pbs().script(options), "#PBS -J 0-99"));
  CHECK(has_line(pbs().script(options), "export WEIR_ARRAY_INDEX=${PBS_ARRAY_INDEX:-$PBS_ARRAYID}"));
  CHECK(pbs().element("12[].server", 3) == "12[3].server");
  CHECK(log_file(options, "12[3].server", "out") == "sum-12[3].out");
  for (const std::string other : {"1,3", "3", "0-0"}) {  // qsub refuses the others as an illegal value
    options.array = other;
    CHECK(sentence_of([&] { return pbs().script(options); }) ==
          "array: PBS takes one range of several elements, for example 0-99 or 0-98:2 (got " + other + ")");
  }
  for (const std::string own : {"-J 0-3", "#PBS -J 0-3", "-t 0-3", "-q long -J 0-3"}) {
    options = one_rank();
    options.directives = {own};
    CHECK(array_text(pbs(), options) == "0-3");
  }
  options.directives = {"-N name"};
  CHECK(array_text(pbs(), options) == "");
}

TEST_CASE("lsf writes an array into the job's name, and counts from 1") {
  JobOptions options = one_rank();
  options.array = "1-99%4";
  CHECK(has_line(lsf().script(options), "#BSUB -J sum[1-99]%4"));
  CHECK(has_line(lsf().script(options),
                 "exec >sum-\"${LSB_JOBID:-0}[$LSB_JOBINDEX]\".out "
                 "2>sum-\"${LSB_JOBID:-0}[$LSB_JOBINDEX]\".err"));
  CHECK(has_line(lsf().script(options), "export WEIR_ARRAY_INDEX=$LSB_JOBINDEX"));
  CHECK(lsf().element("12", 3) == "12[3]");
  options.array = "0-3";
  CHECK(sentence_of([&] { return lsf().script(options); }) == "array: LSF counts elements from 1 (got 0-3)");
  options = one_rank();
  options.directives = {"-J \"mine[1-3]%2\""};
  CHECK(array_text(lsf(), options) == "1-3%2");
  options.directives = {"-J mine"};
  CHECK(array_text(lsf(), options) == "");
}

TEST_CASE("slurm tells of elements, of those that wait too") {
  const test::FakePrograms programs;
  programs.add("squeue", "echo \"$@\" >>" + programs.directory() + R"sh(/asked
for row in '14 RUNNING 0 node1 None 12 0' '12 PENDING 0 x JobArrayTaskLimit 12 1' '9 FAILED 768 node1 None 9 N/A'; do
  set -- $row
  printf '%-32s%-32s%-32s%-64s%-256s%-32s%-32s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$7"
done)sh");
  programs.add("sacct", "echo '12_2|COMPLETED|0:0'");
  const auto answers = slurm().status({"12_0", "12_1", "12_2", "12_3", "9"});
  CHECK(answers[0].state == JobState::running);
  CHECK(answers[1].state == JobState::waiting);
  CHECK(answers[1].reason == "JobArrayTaskLimit");
  CHECK(answers[2].state == JobState::succeeded);
  CHECK(answers[3].state == JobState::unknown);
  CHECK(answers[4].exit_status == 3);
  std::ifstream asked(programs.directory() + "/asked");
  std::string line;
  std::getline(asked, line);
  CHECK(line.find("--jobs=12,9 --array ") != std::string::npos);
}

TEST_CASE("lsf tells of elements, whether their index is in the id or beside it") {
  CHECK(parse_bjobs_json(R"({"RECORDS":[{"JOBID":"12","JOBINDEX":"3","STAT":"RUN"}]})").at(0).id == "12[3]");
  CHECK(parse_bjobs_json(R"({"RECORDS":[{"JOBID":"12[3]","JOBINDEX":"3","STAT":"RUN"}]})").at(0).id ==
        "12[3]");
  CHECK(parse_bjobs_json(R"({"RECORDS":[{"JOBID":"12","JOBINDEX":"0","STAT":"RUN"}]})").at(0).id == "12");
  CHECK(parse_bjobs_text("12|RUN|-|-|-|host|3\n").at(0).id == "12[3]");
  CHECK(parse_bjobs_text("12|RUN|-|-|-|host\n").at(0).id == "12");
}

TEST_CASE("a process of an element knows its id") {
  const auto job = [](const BatchSystem& system, std::map<std::string, std::string> variables) {
    return system.job([=](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  };
  CHECK(job(slurm(), {{"SLURM_JOB_ID", "14"}, {"SLURM_ARRAY_JOB_ID", "12"}, {"SLURM_ARRAY_TASK_ID", "0"}}) ==
        "12_0");
  CHECK(job(slurm(), {{"SLURM_JOB_ID", "14"}}) == "14");
  CHECK(job(lsf(), {{"LSB_JOBID", "12"}, {"LSB_JOBINDEX", "3"}}) == "12[3]");
}

TEST_CASE("registry finds all elements of an array by its id") {
  test::TemporaryFolder folder;
  const JobRegistry registry(folder.path() + "/jobs");
  for (const int index : {0, 1, 10}) {
    JobRecord record;
    record.system = "pbs";
    record.last.id = "12[" + std::to_string(index) + "].server";
    record.array = "12[].server";
    registry.save(record);
  }
  for (const std::string which : {"12", "12[]", "12[].server", "pbs:12[].server", "last"}) {
    const auto found = registry.find(which);
    REQUIRE(found.size() == 3);
    CHECK(found[2].last.id == "12[10].server");
    CHECK(found[2].array == "12[].server");
  }
  CHECK(registry.find("12[1]").size() == 1);
  CHECK(sentence_of([&] { return registry.find("12[2]"); }) ==
        "no job of yours is known by that id; `weir status` lists them (got 12[2])");
}
