// Whether an array has room here.
#pragma once

#include "weir/array/chunks.hpp"

namespace weir::detail::array {

/// Throws `Error{invalid_argument}` if this process cannot have so much more memory: of what is free on the
/// host, under its control groups and its limits. Returns the share of that which the array takes; of arrays
/// below 64 MiB nobody asks, and 0 is returned.
[[nodiscard]] double check_room(const Shape& shape, std::size_t element_bytes);

}  // namespace weir::detail::array
