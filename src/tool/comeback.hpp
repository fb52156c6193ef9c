// Comeback: whether the program whose workers have ended is there again; the job of kept workers waits for
// it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weir::detail::tool {

/// Keeps a batch job while the program it works for is away, as WEIR_KEEP_JOBS says.
class Comeback {
 public:
  /// **Errors.** Throws `Error{invalid_argument}` if the variable is no duration.
  Comeback();

  /// Waits for the program, after workers that ended with `status` for want of it; false if they ended
  /// otherwise, or if it does not come back in time, which is told on stderr.
  [[nodiscard]] bool is_there(int status);

 private:
  using Clock = std::chrono::steady_clock;

  std::string session_file_;
  std::chrono::nanoseconds time_{0};  // 0: it is not waited for
  std::optional<Clock::time_point> away_since_;
};

}  // namespace weir::detail::tool
