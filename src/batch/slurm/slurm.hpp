// Slurm, and the parts of it that tests look at alone.
#pragma once

#include <string>

#include "weir/batch.hpp"

namespace weir::detail::batch {

struct Launcher;

[[nodiscard]] const BatchSystem& slurm();
[[nodiscard]] const Launcher& srun();

/// The job id in the answer of `sbatch`, among banners and in any of its wordings.
///
/// **Errors.** Throws `Error{io}` that shows the answer if there is no number in it.
[[nodiscard]] std::string parse_slurm_job_id(const std::string& answer);

/// The hosts of `node[1-3,07],other`, in order; nothing if it cannot be read.
[[nodiscard]] std::vector<std::string> parse_host_list(const std::string& text);
/// The numbers of `2(x3),1`: 2, 2, 2, 1; nothing if it cannot be read.
[[nodiscard]] std::vector<int> parse_tasks_per_node(const std::string& text);

}  // namespace weir::detail::batch
