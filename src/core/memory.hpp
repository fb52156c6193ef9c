// Large blocks of memory, kept for a while when they are free: new pages cost more than most work on them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::memory {

/// Blocks of so many bytes and more are large.
inline constexpr std::size_t large_bytes = 256 * 1024;

/// Null if there is no memory.
///
/// **Threads.** Any.
[[nodiscard]] void* take_large(std::size_t bytes) noexcept;
/// Whether `block` came from `take_large`; it is free then.
[[nodiscard]] bool give_back(void* block) noexcept;

/// At most so many bytes that are free are kept; a sixteenth of the machine's memory if nothing is said.
void keep_at_most(std::uint64_t bytes) noexcept;
/// Every five seconds, returns to the system half of what has been free since the last time. To be called now and then.
void release_unused() noexcept;
/// Bytes that are free, and kept.
[[nodiscard]] std::uint64_t kept() noexcept;

}  // namespace weir::memory
