// The variables of MPI launchers.
#include "weir/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace weir {

bool detail::is_in_mpi_job() {
  constexpr std::array told{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(told.begin(), told.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

bool detail::belongs_to_mpi_job(std::string_view variable) {
  constexpr std::array<std::string_view, 7> prefixes{"OMPI_", "PMIX_",     "PMI_", "ORTE_",
                                                     "PRTE_", "MPI_LOCAL", "HYDI_"};
  // What a launcher is allowed here holds for every job.
  constexpr std::array<std::string_view, 4> kept{"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
                                                 "OMPI_MCA_rmaps_base_oversubscribe",
                                                 "OMPI_MCA_hwloc_base_binding_policy"};
  return std::find(kept.begin(), kept.end(), variable) == kept.end() &&
         std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

void detail::leave_mpi_job() {
  if (!is_in_mpi_job()) return;
  std::vector<std::string> names;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (belongs_to_mpi_job(name) && !name.starts_with("OMPI_COMM_WORLD_")) names.emplace_back(name);
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

std::vector<std::string> clean_environment() {
  const bool in_mpi = detail::is_in_mpi_job();
  std::vector<std::string> kept;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    if (!in_mpi || !detail::belongs_to_mpi_job(text.substr(0, text.find('=')))) kept.emplace_back(text);
  }
  return kept;
}

}  // namespace weir
