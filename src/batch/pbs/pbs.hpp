// PBS, and the parts of it that tests look at alone.
#pragma once

#include <string>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

[[nodiscard]] const BatchSystem& pbs();

/// The job id in the answer of `qsub`, among banners and in any of its wordings.
///
/// **Errors.** Throws `Error{io}` that shows the answer if there is no number in it.
[[nodiscard]] std::string parse_pbs_job_id(const std::string& answer);

/// Jobs in the answers of `qstat -f -F json` and of `qstat -f`; empty if the text is not of that form.
[[nodiscard]] std::vector<JobStatus> parse_qstat_json(const std::string& answer);
[[nodiscard]] std::vector<JobStatus> parse_qstat_text(const std::string& answer);

}  // namespace weir::detail::batch
