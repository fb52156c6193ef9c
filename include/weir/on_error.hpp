// OnError: what becomes of elements, lines and rows that are not what they should be.
#pragma once

namespace weir {

/// What happens when a function throws on an element, or a line is not what it should be.
enum class OnError : unsigned char {
  raise,  ///< The task fails, and says why and where.
  skip    ///< The element or line is left out.
};

}  // namespace weir
