// When this job ends: what the batch system told, what the clocks say, and which to believe.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// Reads a walltime such as `"2h30m"`, `"02:00:00"`, `"30:00"` (minutes and seconds) or `"1-12:00:00"` (a day
/// and 12 hours).
///
/// **Units.** Rounded up to whole seconds. A number without unit is refused: one batch system would take it
/// for minutes, another for seconds.
/// **Errors.** Throws `Error{invalid_argument}` that begins with `walltime:` and shows the text.
[[nodiscard]] std::chrono::seconds parse_walltime(std::string_view text);

/// How long the job still lives.
struct JobEnd {
  std::chrono::seconds remaining{0};  ///< Not less than 0.
  std::chrono::seconds clock_offset{
      0};  ///< This node's clock minus the batch system's, where they are visibly apart; else 0.
};

/// The time left at `now`, by this node's clock.
///
/// An absolute end is only as good as the agreement of two clocks; a limit counted from the script's
/// beginning needs one. So where both are known and differ by more than ten minutes, the limit is believed
/// and the difference reported; where they agree, the earlier end.
///
/// **Errors.** None; nothing if neither a limit nor an end is known, that is outside a job or in one without
/// walltime.
[[nodiscard]] std::optional<JobEnd> job_end(const JobClock& clock, std::chrono::sys_seconds now);

/// Collects the job's clock from the environment, asking the batch system only for what is not there.
///
/// **Cost.** At most one program.
[[nodiscard]] JobClock read_job_clock(const BatchSystem::Variables& variables, const BatchSystem::Asker& ask,
                                      std::chrono::sys_seconds process_began);

/// The same for this process.
[[nodiscard]] JobClock read_job_clock();

}  // namespace weir::detail::batch
