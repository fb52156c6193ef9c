// Large blocks of memory, kept for a while when they are free: new pages cost more than most work on them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::detail::memory {

/// Blocks of so many bytes and more are large.
inline constexpr std::size_t large_bytes = 256 * 1024;

/// Null if there is no memory.
///
/// **Threads.** Any.
[[nodiscard]] void* take_large(std::size_t bytes) noexcept;
/// Whether `block` came from `take_large`; it is free then.
[[nodiscard]] bool give_back(void* block) noexcept;

/// All of `block` is about to be written: what is new of it gets its pages at once, which costs less than one
/// by one. Nothing for blocks that are not of `take_large`.
///
/// **Threads.** Any, with the block not freed meanwhile.
void will_write(void* block) noexcept;

/// From now on blocks of this memory, which another process owns, may be given to `give_back`: for a block
/// that begins in page `i`, `freed[i]` becomes 1. For ever; false if there are too many such regions.
bool adopt(void* begin, std::size_t bytes, std::atomic<std::uint8_t>* freed) noexcept;
/// Whether the program's `operator new` and `delete` are the library's, so that memory which was adopted may
/// be deleted.
[[nodiscard]] bool serves_new();

/// At most so many bytes that are free are kept, and no more than let large blocks, used and kept, be
/// `with_used` bytes together; a sixteenth of the machine's memory if nothing is said.
void keep_at_most(std::uint64_t bytes, std::uint64_t with_used = UINT64_MAX) noexcept;
/// Returns to the system half of what has been free for a window of 30 seconds, at most 256 MiB in each call.
/// To be called now and then.
void release_unused() noexcept;
/// What the process alone has in memory: without pages of files and what it shares; 0 if that cannot be told.
[[nodiscard]] std::uint64_t resident() noexcept;
/// The same with what it shares, such as memory that is lent.
[[nodiscard]] std::uint64_t resident_with_shared() noexcept;
/// Returns to the system large blocks that are free, as far as the process has more than `bytes` in memory.
void release_beyond(std::uint64_t bytes) noexcept;
/// Returns to the system what `malloc` keeps of small blocks that are free, if the process has more than
/// `bytes` in memory and has grown since that was last done: a heap gives back its end alone by itself, and
/// where millions of small blocks have gone to the disk what is free lies before it.
///
/// **Threads.** Any.
/// **Cost.** A read of /proc; tens of milliseconds for each GB of heap, in which other threads wait for
/// small blocks.
void trim_small(std::uint64_t bytes) noexcept;
/// Bytes that are free, and kept.
[[nodiscard]] std::uint64_t kept() noexcept;

}  // namespace weir::detail::memory
