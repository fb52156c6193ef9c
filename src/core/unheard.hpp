// Errors that reach nobody: a program with one has not succeeded.
#pragma once

#include <string_view>

namespace weir::detail {

/// Logs an error that there is nobody to throw to, and remembers that there was one.
///
/// **Threads.** Any.
void tell_unheard(std::string_view sentence);
/// Whether there has been one since the last call.
[[nodiscard]] bool take_unheard() noexcept;

}  // namespace weir::detail
