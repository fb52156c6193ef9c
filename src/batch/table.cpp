// The table of batch systems and how one is chosen.
#include "weir/batch.hpp"

#include "batch/launcher.hpp"
#include "batch/lsf/lsf.hpp"
#include "batch/pbs/pbs.hpp"
#include "batch/program.hpp"
#include "batch/slurm/slurm.hpp"
#include "weir/error.hpp"

namespace weir {

const std::vector<std::reference_wrapper<const BatchSystem>>& batch_systems() {
  // A new system: its folder, and its row here. The order is that of detection.
  static const std::vector<std::reference_wrapper<const BatchSystem>> table{
      detail::batch::slurm(),
      detail::batch::pbs(),
      detail::batch::lsf(),
  };
  return table;
}

std::span<const detail::batch::Launcher> detail::batch::launchers() {
  static const Launcher table[]{srun()};
  return table;
}

const BatchSystem& batch_system(std::string_view name) {
  std::string known;
  for (const BatchSystem& system : batch_systems()) {
    if (system.name() == name) return system;
    known += (known.empty() ? "" : ", ") + std::string(system.name());
  }
  throw Error(ErrorKind::invalid_argument, "batch system: must be one of " + known + " (got " +
                                               (name.empty() ? "nothing" : std::string(name)) + ")");
}

const BatchSystem& detect_batch_system() {
  std::string programs;
  for (const BatchSystem& system : batch_systems()) {
    if (detail::batch::find_in_path(system.submit_program())) return system;
    programs += (programs.empty() ? "" : " nor ") + std::string(system.submit_program());
  }
  throw Error(ErrorKind::not_found, "batch system: none found on PATH (got neither " + programs +
                                        "); is this a login node, is the batch system's module loaded?");
}

std::optional<CurrentJob> current_job(const BatchSystem::Variables& variables) {
  for (const BatchSystem& system : batch_systems())
    if (auto id = system.job(variables); id && !id->empty()) return CurrentJob{&system, std::move(*id)};
  return std::nullopt;
}

std::vector<BatchSystem::HostMemory> BatchSystem::asked_memory(const std::string&, const Allocation&,
                                                               const Asker&) const {
  return {};
}

std::optional<CurrentJob> current_job() { return current_job(detail::batch::own_variables()); }

std::string_view to_string(JobState state) noexcept {
  switch (state) {
    case JobState::waiting:
      return "waiting";
    case JobState::held:
      return "held";
    case JobState::running:
      return "running";
    case JobState::succeeded:
      return "succeeded";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
    case JobState::timed_out:
      return "timed_out";
    case JobState::lost:
      return "lost";
    case JobState::unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace weir
