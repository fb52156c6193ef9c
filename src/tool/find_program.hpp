// Where a program is: the file a shell would start.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::tool {

/// The first executable file called `name` in the folders of PATH.
[[nodiscard]] std::optional<std::string> find_in_path(std::string_view name);

/// The program a user means: a path as it is, a bare name from PATH or else from the working folder.
///
/// **Errors.** Throws `Error{not_found}` if there is no such file and `Error{invalid_argument}` if it is a directory or not executable.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace weir::tool
