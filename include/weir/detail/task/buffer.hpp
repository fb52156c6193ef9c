// Buffer: growable bytes; up to 40 of them without an allocation, growth never zero-fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

namespace weir {

/// Bytes under construction or on their way: a task's arguments, a small result, a message.
///
/// **Cost.** Small contents live inside the object; larger ones in one allocation that grows by doubling.
class Buffer {
 public:
  static constexpr std::size_t small_bytes = 40;

  Buffer() noexcept {}
  explicit Buffer(std::span<const std::byte> bytes) { append(bytes.data(), bytes.size()); }
  Buffer(const Buffer& other) { append(other.data(), other.size_); }
  Buffer(Buffer&& other) noexcept { take(other); }
  Buffer& operator=(Buffer other) noexcept {
    release();
    take(other);
    return *this;
  }
  ~Buffer() { release(); }

  [[nodiscard]] std::byte* data() noexcept { return capacity_ == small_bytes ? small_ : large_; }
  [[nodiscard]] const std::byte* data() const noexcept { return capacity_ == small_bytes ? small_ : large_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data(), size_}; }

  void clear() noexcept { size_ = 0; }

  /// Appends room for `count` bytes that the caller writes.
  std::byte* grow(std::size_t count) {
    if (size_ + count > capacity_) reserve(size_ + count > 2 * capacity_ ? size_ + count : 2 * capacity_);
    std::byte* place = data() + size_;
    size_ += count;
    return place;
  }
  void append(const void* bytes, std::size_t count) {
    if (count) std::memcpy(grow(count), bytes, count);
  }
  void reserve(std::size_t count);

  friend bool operator==(const Buffer& a, const Buffer& b) noexcept {
    return a.size_ == b.size_ && (a.size_ == 0 || std::memcmp(a.data(), b.data(), a.size_) == 0);
  }

 private:
  void take(Buffer& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (capacity_ == small_bytes) std::memcpy(small_, other.small_, small_bytes);
    else large_ = other.large_;
    other.size_ = 0;
    other.capacity_ = small_bytes;
  }
  void release() noexcept {
    if (capacity_ != small_bytes) std::free(large_);
    capacity_ = small_bytes;
    size_ = 0;
  }

  std::size_t size_ = 0;
  std::size_t capacity_ = small_bytes;
  union {
    std::byte small_[small_bytes] = {};
    std::byte* large_;
  };
};

}  // namespace weir
