// Where a program is: the file a shell would start.
#pragma once

#include <string>

namespace weir::detail::tool {

/// The program a user means: a path as it is, a bare name from PATH or else from the working folder.
///
/// **Errors.** Throws `Error{not_found}` if there is no such file and `Error{invalid_argument}` if it is a
/// directory or not executable.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace weir::detail::tool
