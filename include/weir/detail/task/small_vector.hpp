// SmallVector: a vector of trivially copyable elements whose first N live inside it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include "weir/detail/task/recycled.hpp"

namespace weir {

/// A vector for the many lists of one or two elements in a task graph: 8 bytes of bookkeeping, no allocation
/// up to `N` elements.
template <class T, std::uint32_t N>
class SmallVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;

  SmallVector() noexcept {}
  SmallVector(std::initializer_list<T> items) {
    for (const T& item : items) push_back(item);
  }
  SmallVector(const SmallVector& other) {
    for (const T& item : other) push_back(item);
  }
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(SmallVector other) noexcept {
    free_large();
    take(other);
    return *this;
  }
  ~SmallVector() { free_large(); }

  [[nodiscard]] T* data() noexcept { return capacity_ > N ? large_ : reinterpret_cast<T*>(small_); }
  [[nodiscard]] const T* data() const noexcept {
    return capacity_ > N ? large_ : reinterpret_cast<const T*>(small_);
  }
  [[nodiscard]] T* begin() noexcept { return data(); }
  [[nodiscard]] T* end() noexcept { return data() + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data(); }
  [[nodiscard]] const T* end() const noexcept { return data() + size_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  T& back() noexcept { return data()[size_ - 1]; }
  T& front() noexcept { return data()[0]; }
  const T& front() const noexcept { return data()[0]; }

  void push_back(T item) {
    if (size_ == capacity_) grow(2 * capacity_);
    data()[size_++] = item;
  }
  void pop_back() noexcept { --size_; }
  void clear() noexcept { size_ = 0; }
  void resize(std::uint32_t size) {
    if (size > size_ && size > capacity_) grow(size);
    for (; size_ < size; ++size_) data()[size_] = T{};
    size_ = size;
  }

  /// Removes one element equal to `item` by moving the last into its place; returns whether there was one.
  bool erase_one(const T& item) noexcept {
    for (T& each : *this)
      if (each == item) {
        each = back();
        --size_;
        return true;
      }
    return false;
  }
  [[nodiscard]] bool contains(const T& item) const noexcept {
    for (const T& each : *this)
      if (each == item) return true;
    return false;
  }

 private:
  using Recycled = detail::task::Recycled;

  void grow(std::uint32_t capacity) {
    const std::size_t bytes = capacity * sizeof(T);
    const bool recycles = bytes <= Recycled::most_bytes;
    if (recycles)
      capacity = static_cast<std::uint32_t>(Recycled::room_of(Recycled::size_of(bytes)) / sizeof(T));
    auto* grown =
        static_cast<T*>(recycles ? Recycled::take(capacity * sizeof(T)) : std::malloc(capacity * sizeof(T)));
    if (!grown) throw std::bad_alloc();
    std::memcpy(static_cast<void*>(grown), data(), size_ * sizeof(T));
    free_large();
    large_ = grown;
    capacity_ = capacity;
  }
  void free_large() noexcept {
    if (capacity_ <= N) return;
    if (capacity_ * sizeof(T) <= Recycled::most_bytes) Recycled::give(large_, capacity_ * sizeof(T));
    else std::free(large_);
  }
  void take(SmallVector& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (capacity_ > N) large_ = other.large_;
    else std::memcpy(static_cast<void*>(small_), other.small_, sizeof small_);
    other.size_ = 0;
    other.capacity_ = N;
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = N;
  union {
    alignas(T) unsigned char small_[N * sizeof(T)];
    T* large_;
  };
};

}  // namespace weir
