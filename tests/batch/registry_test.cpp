// The registry of submitted jobs: what is kept, who may read it, how jobs are found, how they are brought up
// to date.
#include "batch/registry.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/process.hpp"
#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::batch;
using test::sentence_of;
namespace fs = std::filesystem;

namespace {

JobRecord record(const std::string& system, const std::string& id, int submitted,
                 JobState state = JobState::waiting) {
  JobRecord made;
  made.system = system;
  made.last = {.id = id, .state = state};
  made.name = "sum";
  made.command = {"./app", "two words\n", "\xff"};
  made.ranks = 4;
  made.output_file = "/tmp/sum.out";
  made.submitted = std::chrono::sys_seconds(std::chrono::seconds(submitted));
  return made;
}

std::string ids(const std::vector<JobRecord>& records) {
  std::string text;
  for (const JobRecord& one : records) text += one.last.id + " ";
  return text;
}

/// A qstat first on PATH that answers with `body`.
class FakeQstat {
 public:
  explicit FakeQstat(const std::string& body) : path_(std::getenv("PATH")) {
    test::write_file(folder_.path() + "/qstat", "#!/bin/sh\n" + body + "\n", 0755);
    setenv("PATH", (folder_.path() + ":" + path_).c_str(), 1);
  }
  ~FakeQstat() { setenv("PATH", path_.c_str(), 1); }

 private:
  test::TemporaryFolder folder_;
  std::string path_;
};

}  // namespace

TEST_CASE("registry keeps a job, in a directory that is private") {
  test::TemporaryFolder folder;
  const JobRegistry registry(folder.path() + "/state/jobs");
  JobRecord kept = record("slurm", "12", 1000, JobState::failed);
  kept.last.exit_status = 3;
  kept.last.reason = "NonZeroExitCode";
  registry.save(kept);
  const JobRecord read = registry.find("12").front();
  CHECK(read.system == "slurm");
  CHECK(read.last.state == JobState::failed);
  CHECK(read.last.exit_status == 3);
  CHECK(read.last.reason == "NonZeroExitCode");
  CHECK(read.command[1] == "two words\n");
  CHECK(read.ranks == 4);
  CHECK(read.submitted == kept.submitted);
  CHECK(fs::status(folder.path() + "/state/jobs").permissions() == fs::perms::owner_all);
  CHECK(fs::status(folder.path() + "/state/jobs/slurm-12.json").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("registry makes a directory private that others could read") {
  test::TemporaryFolder folder;
  fs::create_directory(folder.path() + "/jobs");
  fs::permissions(folder.path() + "/jobs", fs::perms::all);
  JobRegistry(folder.path() + "/jobs").save(record("slurm", "12", 0));
  CHECK(fs::status(folder.path() + "/jobs").permissions() == fs::perms::owner_all);
}

TEST_CASE("registry lists jobs oldest first and leaves out files that cannot be read") {
  test::TemporaryFolder folder;
  const JobRegistry registry(folder.path() + "/jobs");
  registry.save(record("slurm", "9", 1000));
  registry.save(record("slurm", "10", 1000));
  registry.save(record("pbs", "3.server", 500));
  test::write_file(folder.path() + "/jobs/slurm-11.json", "{\"id\":");
  test::write_file(folder.path() + "/jobs/slurm-13.json", "{}");
  CHECK(ids(registry.all()) == "3.server 9 10 ");
}

TEST_CASE("registry finds a job by id, number, system and as the last one") {
  test::TemporaryFolder folder;
  const JobRegistry registry(folder.path() + "/jobs");
  CHECK(sentence_of([&] { return registry.find("last"); }) ==
        "no job of yours is known by that id; `weir status` lists them (got last)");
  registry.save(record("slurm", "12", 1000));
  registry.save(record("pbs", "3.server", 500));
  registry.save(record("pbs", "12.server", 700));
  CHECK(registry.find("last").front().last.id == "12");
  CHECK(registry.find("3").front().last.id == "3.server");
  CHECK(registry.find("12.server").front().system == "pbs");
  CHECK(registry.find("slurm:12").front().system == "slurm");
  CHECK(sentence_of([&] { return registry.find("12"); }) ==
        "several jobs have that id; write for example pbs:12.server (got 12)");
  CHECK(sentence_of([&] { return registry.find("1"); }) ==
        "no job of yours is known by that id; `weir status` lists them (got 1)");
}

TEST_CASE("registry forgets old jobs that are over, with their scripts") {
  test::TemporaryFolder folder;
  const JobRegistry registry(folder.path() + "/jobs");
  const JobRecord old = record("slurm", "1", 1000, JobState::succeeded);
  registry.save(old);
  registry.keep_script(registry.write_script("#!/bin/sh\n"), old);
  registry.save(record("slurm", "2", 1000, JobState::running));
  registry.save(record("slurm", "3", 5000, JobState::succeeded));
  registry.forget_before(std::chrono::sys_seconds(std::chrono::seconds(2000)));
  CHECK(ids(registry.all()) == "2 3 ");
  CHECK_FALSE(fs::exists(folder.path() + "/jobs/slurm-1.sh"));
}

TEST_CASE("refresh asks only after jobs that are not over, once, and notes the answers") {
  test::TemporaryFolder folder;
  const FakeQstat qstat(
      "echo \"$@\" >> " + folder.path() +
      "/asked; printf 'qstat: Unknown Job Id 4.s\\nqstat: Unknown Job Id 5.s\\n' >&2; echo "
      "'{\"Jobs\":{\"2.s\":{\"job_state\":\"R\"},\"3.s\":{\"job_state\":\"F\",\"Exit_status\":4}}}'");
  const JobRegistry registry(folder.path() + "/jobs");
  std::vector<JobRecord> records{record("pbs", "1.s", 0, JobState::succeeded), record("pbs", "2.s", 0),
                                 record("pbs", "3.s", 0), record("pbs", "4.s", 0), record("pbs", "5.s", 990)};
  refresh(records, registry, std::chrono::sys_seconds(std::chrono::seconds(1000)));
  const std::vector<JobState> expected{JobState::succeeded, JobState::running, JobState::failed,
                                       JobState::unknown, JobState::waiting};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(to_string(records[i].last.state) == to_string(expected[i]));
  std::ifstream asked(folder.path() + "/asked");
  std::string line;
  std::getline(asked, line);
  CHECK(line == "-x -f -F json 2.s 3.s 4.s 5.s");
  CHECK_FALSE(std::getline(asked, line));
  CHECK(registry.find("3").front().last.exit_status == 4);
}

TEST_CASE("the exit status that weir run left counts where the batch system has forgotten") {
  test::TemporaryFolder folder;
  const FakeQstat qstat("echo 'qstat: Unknown Job Id' >&2; exit 153");
  const JobRegistry registry(folder.path() + "/jobs");
  registry.save(record("pbs", "7.s", 0));
  setenv("WEIR_STATE_DIR", folder.path().c_str(), 1);
  setenv("PBS_JOBID", "7.s", 1);
  note_exit_status(5);
  setenv("PBS_JOBID", "8.s", 1);
  note_exit_status(0);
  setenv("PBS_JOBID", "../evil", 1);
  note_exit_status(0);
  unsetenv("PBS_JOBID");
  note_exit_status(9);
  unsetenv("WEIR_STATE_DIR");
  std::vector<JobRecord> records{record("pbs", "7.s", 0), record("pbs", "8.s", 0), record("pbs", "9.s", 0)};
  refresh(records, registry, std::chrono::sys_seconds(std::chrono::seconds(1000)));
  CHECK(records[0].last.state == JobState::failed);
  CHECK(records[0].last.exit_status == 5);
  CHECK(records[1].last.state == JobState::succeeded);
  CHECK(records[2].last.state == JobState::unknown);
  CHECK_FALSE(fs::exists(folder.path() + "/evil.exit"));
}

TEST_CASE("registry says why it cannot keep jobs") {
  test::TemporaryFolder folder;
  test::write_file(folder.path() + "/file", "");
  const std::string file = folder.path() + "/file/jobs";
  CHECK(sentence_of([&] { return JobRegistry(file).write_script("#!/bin/sh\n"); }) ==
        "jobs: their directory cannot be made (got " + file +
            ": Not a directory); WEIR_STATE_DIR names another directory");
  CHECK(sentence_of([&] { return JobRegistry(file).all(); }) ==
        "jobs: their directory cannot be read (got " + file +
            ": Not a directory); WEIR_STATE_DIR names another directory");
}
