// srun, through PMIx.
#include "batch/launcher.hpp"

#include <cstdlib>

#include "batch/program.hpp"
#include "batch/slurm/slurm.hpp"

namespace weir::detail::batch {

namespace {

std::string lacks() {
  const Answer list = run_program({"srun", "--mpi=list"});
  if ((list.output + list.errors).find("pmix") != std::string::npos) return {};
  return "Slurm's plugin for PMIx, which `srun --mpi=list` does not show here";
}

std::vector<std::string> command(const std::string& program, int ranks, std::optional<int> threads) {
  std::vector<std::string> words{
      program,        "--overlap",           "--overcommit", "--mpi=pmix",         "--input=0",
      "--export=ALL", "--quit-on-interrupt", "--ntasks",     std::to_string(ranks)};
  if (threads) words.insert(words.end(), {"--cpus-per-task", std::to_string(*threads)});
  return words;
}

void take_rank() {
  const char* number = std::getenv("SLURM_PROCID");
  if (!number || !std::getenv("PMIX_RANK") || std::getenv("OMPI_COMM_WORLD_RANK")) return;
  const auto text = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  const auto per_node = parse_tasks_per_node(text("SLURM_STEP_TASKS_PER_NODE"));
  const auto node = static_cast<std::size_t>(std::atoi(text("SLURM_NODEID").c_str()));
  setenv("OMPI_COMM_WORLD_RANK", number, 1);
  setenv("WEIR_TOLD_BY_PARENT", "1", 1);  // what Slurm tells its steps
  setenv("OMPI_COMM_WORLD_SIZE", text("SLURM_STEP_NUM_TASKS").c_str(), 1);
  setenv("OMPI_COMM_WORLD_LOCAL_RANK", text("SLURM_LOCALID").c_str(), 1);
  if (node < per_node.size()) setenv("OMPI_COMM_WORLD_LOCAL_SIZE", std::to_string(per_node[node]).c_str(), 1);
}

}  // namespace

const Launcher& srun() {
  static const Launcher launcher{"srun", slurm(), lacks, command, take_rank};
  return launcher;
}

}  // namespace weir::detail::batch
