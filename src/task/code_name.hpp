// What code is called, for profiles.
#pragma once

#include <cstdint>
#include <string>

namespace weir::detail::task {

/// Name of the function that the code at this portable address belongs to, with its namespaces; `???` where
/// nothing tells.
///
/// **Errors.** Throws `Error{not_found}` if its module is not loaded in this process.
[[nodiscard]] std::string code_name(std::uint64_t portable);

}  // namespace weir::detail::task
