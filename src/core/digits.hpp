// Integers of 128 bits as text, which no stream and no format of the library writes.
#pragma once

#include <string>

namespace weir {

__extension__ using Integer128 = __int128;

/// In decimal.
[[nodiscard]] std::string digits_of(Integer128 value);

}  // namespace weir
