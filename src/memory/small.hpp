// Small blocks that are free, between the threads of a process.
#pragma once

#include <cstddef>

namespace weir::detail::memory {

/// Blocks of malloc by size: one of class `c` has at least 16 c - 8 bytes, as malloc makes them.
struct SmallBlock {
  static constexpr std::size_t grain = 16, header = 8, classes = 33;
  static constexpr std::size_t least_class = 2;  ///< Malloc's least, and enough for one of these.
  static constexpr std::size_t chain_length = 64;

  SmallBlock* next = nullptr;
  SmallBlock* next_chain = nullptr;

  static std::size_t class_of(std::size_t bytes) noexcept {
    return bytes <= header ? least_class : (bytes + header + grain - 1) / grain;
  }
};

/// A chain of `chain_length` free blocks of this class that some thread had too many of; null: there is none.
///
/// **Threads.** Any.
[[nodiscard]] SmallBlock* take_chain(std::size_t size_class) noexcept;
/// Keeps such a chain for others; false if enough is kept.
[[nodiscard]] bool keep_chain(std::size_t size_class, SmallBlock* chain) noexcept;

}  // namespace weir::detail::memory
