// counted: a number and its noun, as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace weir::detail {

/// `1 core`, `2 cores`; for nouns that take an s.
[[nodiscard]] inline std::string counted(std::uint64_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace weir::detail
