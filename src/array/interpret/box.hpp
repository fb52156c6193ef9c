// Boxes of elements, copied from one block of memory to another.
#pragma once

#include "weir/detail/array/tensor.hpp"

namespace weir::detail::array {

/// Copies a box of this shape between two blocks; steps count elements, `element` bytes each.
void copy_box(std::size_t element, const Dims& shape, const std::byte* from, const Dims& from_steps,
              std::byte* to, const Dims& to_steps);

}  // namespace weir::detail::array
