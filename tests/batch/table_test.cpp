// The table of batch systems: found by name, by what is on PATH, by the variables of a job.
#include <map>

#include "support/fake_programs.hpp"
#include "support/throws.hpp"
#include "weir/batch.hpp"

using namespace weir;
using test::sentence_of;

namespace {

BatchSystem::Variables variables(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const std::string& name) {
    return all.contains(name) ? std::optional<std::string>(all.at(name)) : std::nullopt;
  };
}

}  // namespace

TEST_CASE("a batch system is found by name and on PATH") {
  std::string names, programs;
  for (const BatchSystem& system : batch_systems()) {
    names += (names.empty() ? "" : ", ") + std::string(system.name());
    programs += (programs.empty() ? "" : " nor ") + std::string(system.submit_program());
    CHECK(&batch_system(system.name()) == &system);
  }
  CHECK(sentence_of([] { return &batch_system("cobalt"); }) ==
        "batch system: must be one of " + names + " (got cobalt)");
  const std::string path = std::getenv("PATH");
  const test::TemporaryFolder empty;
  setenv("PATH", empty.path().c_str(), 1);
  CHECK(sentence_of([] { return &detect_batch_system(); }) ==
        "batch system: none found on PATH (got neither " + programs +
            "); is this a login node, is the batch system's module loaded?");
  setenv("PATH", path.c_str(), 1);
  for (const BatchSystem& system : batch_systems()) {
    setenv("PATH", empty.path().c_str(), 1);
    const test::FakePrograms fake;
    fake.add(std::string(system.submit_program()), "");
    CHECK(&detect_batch_system() == &system);
  }
  setenv("PATH", path.c_str(), 1);
}

TEST_CASE("a process knows the job it is in, and what it was given") {
  CHECK_FALSE(current_job(variables({})).has_value());
  const auto in_slurm = variables({{"SLURM_JOB_ID", "5"},
                                   {"SLURM_NTASKS", "6"},
                                   {"SLURM_CPUS_PER_TASK", "2"},
                                   {"SLURM_CPUS_ON_NODE", "4"},
                                   {"SLURM_MEM_PER_CPU", "150"}});
  const auto job = current_job(in_slurm);
  REQUIRE(job);
  CHECK(job->system->title() == "Slurm");
  CHECK(job->id == "5");
  const Allocation given = job->system->allocation(in_slurm, 1);
  CHECK(given.places == 6);
  CHECK(given.hosts.empty());
  CHECK(given.cores_per_rank == 2);
  CHECK(given.cores == 4);
  CHECK(given.memory_bytes == 600u << 20);
  CHECK(job->system->allocation(variables({{"SLURM_MEM_PER_NODE", "1000"}, {"SLURM_CPUS_ON_NODE", "x"}}), 1)
            .memory_bytes == 1000u << 20);

  const test::TemporaryFolder folder;
  test::write_file(folder.path() + "/nodes", "a\na\nb\n\n");
  const auto in_pbs =
      variables({{"PBS_JOBID", "7.server"}, {"PBS_NODEFILE", folder.path() + "/nodes"}, {"NCPUS", "2"}});
  CHECK(current_job(in_pbs)->id == "7.server");
  CHECK(current_job(in_pbs)->system->allocation(in_pbs, 1).hosts == std::vector<std::string>{"a", "a", "b"});
  CHECK(current_job(in_pbs)->system->allocation(in_pbs, 1).cores == 2);
}
