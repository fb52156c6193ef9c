// Verdict: what limits a program, in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail::seeing {

/// What threads of workers do with their time. Their seconds sum to wall time x threads.
enum class Activity : std::uint8_t {
  compute,         ///< Functions run.
  overhead,        ///< Tasks are read, results written, neighbours asked.
  fetching,        ///< Inputs are on their way from other workers.
  no_memory,       ///< The worker's memory is full; results go to disk first.
  serializing,     ///< Arguments, inputs and results are made of bytes, or bytes of them.
  no_parallelism,  ///< All tasks that could run do; others wait for them.
  assigning,       ///< Tasks are ready, and have not come yet.
  unplaceable,     ///< The tasks that are left may not run here.
  nothing_to_do    ///< Nothing is submitted.
};
inline constexpr std::size_t activities = 9;
[[nodiscard]] std::string_view to_string(Activity activity) noexcept;

using ActivitySeconds = std::array<double, activities>;

/// A node of a stream over a while.
struct StreamNodeSeen {
  std::string label, kind;
  std::uint64_t in = 0, out = 0, errors = 0;
  std::uint64_t queued = 0, in_flight = 0;
  double per_s = 0;
  double busy = 0, blocked = 0;  ///< Shares of its time; what is left is idle.
  bool is_on_cluster = false, has_ended = false;
  std::vector<std::size_t> below;
  std::uint64_t dropped = 0;  ///< By a queue that lets nobody wait.
  std::uint64_t late = 0;     ///< Dropped by windows by the time in elements, since they came too late.
  double watermark = 0;
  std::string watermark_unit;  ///< "number", "seconds", "clock" (seconds since 1970); empty: none.
};
struct StreamSeen {
  std::vector<StreamNodeSeen> nodes;
};

/// What is said.
struct Verdict {
  std::string sentence;  ///< "limited by no parallelism: 41% ..."
  std::string advice;    ///< What to do about it; may be empty.
  bool is_limited = false;
};

/// Of tasks. **Shape.** The seconds of a stretch of time.
[[nodiscard]] Verdict verdict(const ActivitySeconds& seconds);
/// Of a stream: the culprit is the first node that is busy and not blocked below one that is blocked.
[[nodiscard]] Verdict verdict(const StreamSeen& stream);
/// Position of that node; `stream.nodes.size()` if there is none.
[[nodiscard]] std::size_t culprit(const StreamSeen& stream);

}  // namespace weir::detail::seeing
