// Asks the page of a running program, as `weir top` does.
#pragma once

#include "dashboard/run_folder.hpp"

namespace weir::detail::dashboard {

/// What `GET target` answers.
///
/// **Errors.** Throws `Error{closed}` if nobody listens there (the program has ended, or runs on another
/// host), `Error{timeout}` after ten seconds, `Error{protocol}` for what is no answer; each with a sentence.
[[nodiscard]] std::string fetch(const Run& run, const std::string& target);

/// The picture of a run: asked for if it lives and can be reached, else what its record holds.
///
/// **Errors.** Throws `Error{not_found}` if there is neither.
[[nodiscard]] std::string read_record(const Run& run);

}  // namespace weir::detail::dashboard
