// Recycled memory: of small objects that come and go by the million, such as futures and results.
#pragma once

#include <cstddef>
#include <new>

namespace weir::detail::task {

/// Blocks of up to `most_bytes`, which each thread keeps for its next objects when they are free.
///
/// **Threads.** Any; a block may go back in another thread than the one that took it.
/// **Cost.** A tenth of `malloc` and `free`. What threads have too much of is kept for all of them, up to
/// `most_kept_bytes`; the rest goes back to `malloc`.
/// **Source.** Magazines and a depot: Bonwick and Adams, "Magazines and Vmem", 2001.
class Recycled {
 public:
  static constexpr std::size_t most_bytes = 496;
  static constexpr std::size_t most_kept_bytes = 128 << 20;

  /// Which of the sizes of blocks so many bytes need, and what such a block has room for: with what malloc
  /// puts before it these are whole lines of the cache.
  [[nodiscard]] static constexpr std::size_t size_of(std::size_t bytes) noexcept {
    return (bytes + before - 1) / line;
  }
  [[nodiscard]] static constexpr std::size_t room_of(std::size_t size) noexcept {
    return (size + 1) * line - before;
  }
  /// Throws std::bad_alloc.
  [[nodiscard]] static void* take(std::size_t bytes);
  /// `bytes` is what it was taken with, or more that it has room for.
  static void give(void* block, std::size_t bytes) noexcept;
  /// What is kept for all threads goes back to `malloc`.
  static void drop_kept() noexcept;
  /// How much that is.
  [[nodiscard]] static std::size_t kept_bytes() noexcept;

 private:
  static constexpr std::size_t line = 64, before = 16;
};

/// For `std::allocate_shared`.
template <class T>
struct RecyclingAllocator {
  using value_type = T;
  static constexpr bool recycles =
      sizeof(T) <= Recycled::most_bytes && alignof(T) <= alignof(std::max_align_t);

  RecyclingAllocator() = default;
  template <class U>
  RecyclingAllocator(const RecyclingAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(recycles);
    return static_cast<T*>(Recycled::take(count * sizeof(T)));
  }
  void deallocate(T* object, std::size_t count) noexcept { Recycled::give(object, count * sizeof(T)); }
  template <class U>
  bool operator==(const RecyclingAllocator<U>&) const noexcept {
    return true;
  }
};

}  // namespace weir::detail::task
