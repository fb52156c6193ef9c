// Walltime: parsing, the pure decision, and the reader.
#include "batch/walltime.hpp"

#include <algorithm>
#include <cstdlib>

#include "batch/answer.hpp"
#include "batch/program.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::batch {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

/// Prologs and slow starts stay below it, a clock in another time zone does not.
constexpr auto clocks_agree_within = std::chrono::minutes(10);

}  // namespace

seconds parse_walltime(std::string_view text) {
  const auto refuse = [&](const std::string& rule) -> seconds {
    throw Error(ErrorKind::invalid_argument,
                "walltime: " + rule + " (got " + (text.empty() ? "nothing" : std::string(text)) + ")");
  };
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos)
    return refuse("a number needs a unit, for example 30m or 2:00:00");
  seconds days{0};
  std::string_view rest = text;
  static const Form with_days(R"((\d{1,4})-(\d{1,2}:\d{2}:\d{2}))");
  if (const auto part = with_days.match(std::string(text)); !part.empty()) {
    days = std::chrono::days(std::stoi(part[1]));
    rest = text.substr(part[1].size() + 1);
  }
  std::chrono::nanoseconds duration{0};
  try {
    duration = parse_duration(rest);
  } catch (const Error&) {
    return refuse("must be a duration, for example 2h, 90m or 2:00:00");
  }
  if (duration + days <= std::chrono::nanoseconds(0)) return refuse("must be longer than nothing");
  return days + std::chrono::ceil<seconds>(duration);
}

std::optional<JobEnd> job_end(const JobClock& clock, sys_seconds now) {
  const auto at_least_none = [](seconds left) { return std::max(left, seconds(0)); };
  if (!clock.limit) {
    if (!clock.end) return std::nullopt;
    return JobEnd{at_least_none(*clock.end - now)};
  }
  const seconds elapsed =
      std::max(now - clock.script_began.value_or(clock.process_began), clock.used.value_or(seconds(0)));
  const seconds by_limit = *clock.limit - elapsed;
  if (!clock.end) return JobEnd{at_least_none(by_limit)};
  const seconds by_clock = *clock.end - now;
  // Without the script's own beginning, this process may have begun long after the job: then a shorter rest
  // by the clock can be the truth.
  const bool is_apart = std::chrono::abs(by_clock - by_limit) > clocks_agree_within &&
                        (clock.script_began || by_clock > by_limit);
  if (is_apart) return JobEnd{at_least_none(by_limit), by_limit - by_clock};
  return JobEnd{at_least_none(std::min(by_clock, by_limit))};
}

JobClock read_job_clock(const BatchSystem::Variables& variables, const BatchSystem::Asker& ask,
                        sys_seconds process_began) {
  JobClock clock{.process_began = process_began};
  clock.script_began = moment(variables("WEIR_JOB_STARTED"));
  if (const auto job = current_job(variables)) job->system->read_clock(clock, job->id, variables, ask);
  // What was asked for, where the batch system does not tell: its programs may be missing on the node.
  if (const auto asked = number(variables("WEIR_JOB_LIMIT")); asked && !clock.limit)
    clock.limit = seconds(*asked);
  return clock;
}

JobClock read_job_clock() {
  return read_job_clock(own_variables(), own_asker(),
                        std::chrono::floor<seconds>(std::chrono::system_clock::now()));
}

}  // namespace weir::detail::batch
