// Large blocks of memory that are used again instead of being given back to the system.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// Keeps blocks of 1 MiB or more that are deleted for the next `new` of about that size, up to so many bytes in all; those unused for longest go first.
///
/// The pages of a new block are cleared by the kernel and, on a virtual machine, perhaps fetched from the host: often slower than what is computed in them. Programs that replace
/// `operator new` themselves, and builds with a sanitizer, keep their own; nothing is kept there.
/// **Units.** Bytes; 0, as a process begins, keeps nothing.
/// **Threads.** Any.
/// **Cost.** Small blocks: one comparison.
void keep_large_blocks(std::uint64_t bytes) noexcept;

/// What is kept now.
[[nodiscard]] std::uint64_t kept_large_blocks() noexcept;

}  // namespace weir
