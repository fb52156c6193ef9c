// How a thread leaves a processor for a free one.
#pragma once

#include <sched.h>

#include <optional>

namespace weir::detail::node {

/// The first processor behind `here` that may be used and is not taken.
[[nodiscard]] std::optional<int> free_processor(int here, const cpu_set_t& taken,
                                                const cpu_set_t& allowed) noexcept;

/// The calling thread goes to a processor that it may use and that is not taken, and may use the same ones as
/// before. The kernel may take it elsewhere later.
///
/// \return Where it is now; nothing if it has not gone.
/// **Cost.** A microsecond if it stays, some ten to thirty if it goes.
std::optional<int> go_to_free_processor(const cpu_set_t& taken) noexcept;

}  // namespace weir::detail::node
