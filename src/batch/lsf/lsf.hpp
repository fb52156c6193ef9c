// LSF, and the parts of it that tests look at alone.
#pragma once

#include <string>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

[[nodiscard]] const BatchSystem& lsf();

/// The job id in the answer of `bsub`, `Job <12> is submitted to queue <normal>.`
///
/// **Errors.** Throws `Error{io}` that shows the answer if there is none in it.
[[nodiscard]] std::string parse_lsf_job_id(const std::string& answer);

/// Jobs in the answer of `bjobs -json`, and in that of older versions with `|` between the fields; empty if
/// the text is not of that form.
[[nodiscard]] std::vector<JobStatus> parse_bjobs_json(const std::string& answer);
[[nodiscard]] std::vector<JobStatus> parse_bjobs_text(const std::string& answer);

}  // namespace weir::detail::batch
