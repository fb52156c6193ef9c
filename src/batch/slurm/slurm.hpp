// Slurm, and the parts of it that tests look at alone.
#pragma once

#include <string>

#include "weir/batch.hpp"

namespace weir::detail::batch {

[[nodiscard]] const BatchSystem& slurm();

/// The job id in the answer of `sbatch`, among banners and in any of its wordings.
///
/// **Errors.** Throws `Error{io}` that shows the answer if there is no number in it.
[[nodiscard]] std::string parse_slurm_job_id(const std::string& answer);

}  // namespace weir::detail::batch
