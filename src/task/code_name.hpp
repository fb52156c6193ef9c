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

/// Asked where a function is known by its name and parameters: two files may have a `static` one each, or one
/// in an unnamed namespace, with the same.
///
/// **Errors.** Throws `Error{unsupported}`, whose sentence begins with `who`, if the executable has another.
/// **Cost.** The first time for each function, a look at every symbol.
void check_has_no_namesake(const std::string& who, std::uint64_t portable);

}  // namespace weir::detail::task
