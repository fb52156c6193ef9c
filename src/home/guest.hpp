// Sessions that are open to other programs, and such programs.
#pragma once

namespace weir::detail::home {

/// Opens the session that WEIR_SESSION has named, if one has.
void open_named_session();
/// Removes the file of the open session.
void close_session() noexcept;

}  // namespace weir::detail::home
