// What the program says, and whether it could.
#pragma once

#include <string_view>

namespace weir::detail::tool {

/// One line on stderr, `weir run: <sentence>`, in which control characters are spelled out. `command` may be
/// empty.
void complain(std::string_view command, std::string_view sentence);

/// Throws `Error{io}` if something printed on stdout did not get where it should; writes what is held back.
void check_output();

}  // namespace weir::detail::tool
