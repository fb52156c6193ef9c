#include "weir/detail/bag/hash.hpp"

#define XXH_INLINE_ALL  // no call through a table for a key of a few bytes
#include <xxhash.h>

namespace weir::detail::bag {

std::uint64_t hash_bytes(const void* data, std::size_t count) noexcept { return XXH3_64bits(data, count); }

}  // namespace weir::detail::bag
