// Part of a file as text.
#pragma once

#include "weir/detail/files/input.hpp"

namespace weir::detail::files {

/// The first `bytes` of a portion, unpacked; fewer if the file ends before. Throws as `open` and
/// `Input::read`.
[[nodiscard]] std::string stretch(const char* who, const Portion& portion, std::uint64_t bytes);

}  // namespace weir::detail::files
