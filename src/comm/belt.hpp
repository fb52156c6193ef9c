// Belt: small messages from one process to one neighbour, in memory that both have.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace weir::detail::comm {

/// What sender and receiver share; as zeros, empty.
///
/// The sender writes whole lines and then how many there are, the receiver reads and then says how many it
/// has read: neither waits for the other, and what is not whole is not seen.
/// **Source.** Lamport's queue of one producer and one consumer, 1983; the sender looks at what has been read
/// only when it believes the belt to be full.
struct Belt {
  static constexpr std::uint32_t line_bytes = 64, lines = 256;
  /// Of the sender: lines written, and messages that go another way.
  alignas(64) std::atomic<std::uint32_t> written;
  std::atomic<std::uint32_t> beside;
  /// Of the receiver.
  alignas(64) std::atomic<std::uint32_t> read;
  alignas(64) std::byte data[std::size_t{lines} * line_bytes];
};

/// What a message on a belt begins with.
struct BeltHead {
  std::uint32_t bytes = 0;
  std::uint32_t tag = 0;
  std::uint32_t number = 0;
  /// With what follows.
  [[nodiscard]] std::uint32_t lines() const noexcept {
    return (static_cast<std::uint32_t>(sizeof *this) + bytes + Belt::line_bytes - 1) / Belt::line_bytes;
  }
};

/// The sender's end.
///
/// **Threads.** One at a time.
class BeltWriter {
 public:
  explicit BeltWriter(Belt* belt = nullptr) noexcept : belt_(belt) {}
  /// Most of the bytes that `put` takes.
  static constexpr std::size_t most_bytes = 4000;
  explicit operator bool() const noexcept { return belt_ != nullptr; }
  /// Whether there was room.
  [[nodiscard]] bool put(BeltHead head, std::span<const std::byte> bytes) noexcept {
    head.bytes = static_cast<std::uint32_t>(bytes.size());
    const std::uint32_t count = head.lines();
    if (written_ + count - read_ > Belt::lines) {
      read_ = belt_->read.load(std::memory_order_acquire);
      if (written_ + count - read_ > Belt::lines) return false;
    }
    copy(0, &head, sizeof head);
    copy(sizeof head, bytes.data(), bytes.size());
    written_ += count;
    belt_->written.store(written_, std::memory_order_release);
    claim();
    return true;
  }
  /// Whether so much has not been read that more had better go together.
  [[nodiscard]] bool is_crowded() noexcept {
    constexpr std::uint32_t many = 64;
    if (written_ - read_ <= many) return false;
    read_ = belt_->read.load(std::memory_order_acquire);
    return written_ - read_ > many;
  }
  /// One more goes another way, where the receiver finds it by now.
  void note_beside() noexcept { belt_->beside.store(++beside_, std::memory_order_release); }

 private:
  void copy(std::size_t at, const void* from, std::size_t bytes) noexcept {
    const std::size_t begin =
        (std::size_t{written_ % Belt::lines} * Belt::line_bytes + at) % sizeof belt_->data;
    const std::size_t first = std::min(bytes, sizeof belt_->data - begin);
    std::memcpy(belt_->data + begin, from, first);
    std::memcpy(belt_->data, static_cast<const std::byte*>(from) + first, bytes - first);
  }

  // The next lines come to this processor meanwhile: to take them one by one from the reader's, when they are
  // written, takes 0.1 us each.
  void claim() noexcept {
    constexpr std::uint32_t ahead = 64;
    for (; claimed_ != written_ + ahead; ++claimed_) {
      [[maybe_unused]] const std::byte* const line =
          belt_->data + std::size_t{claimed_ % Belt::lines} * Belt::line_bytes;
#if defined(__x86_64__)
      asm volatile("prefetchw %0" : : "m"(*line));
#endif
    }
  }

  Belt* belt_;
  std::uint32_t written_ = 0, read_ = 0, claimed_ = 64, beside_ = 0;
};

/// The receiver's end.
///
/// **Threads.** One at a time.
class BeltReader {
 public:
  explicit BeltReader(Belt* belt = nullptr) noexcept : belt_(belt) {}
  explicit operator bool() const noexcept { return belt_ != nullptr; }
  [[nodiscard]] bool empty() const noexcept {
    return belt_->written.load(std::memory_order_acquire) == read_;
  }
  /// Of the first message, if there is one.
  [[nodiscard]] BeltHead head() const noexcept {
    BeltHead head;
    copy(0, &head, sizeof head);
    return head;
  }
  /// The first message goes to `to`, which has room for its bytes.
  void take(const BeltHead& head, std::byte* to) noexcept {
    copy(sizeof head, to, head.bytes);
    read_ += head.lines();
    belt_->read.store(read_, std::memory_order_release);
  }
  /// Messages that go another way.
  [[nodiscard]] std::uint32_t beside() const noexcept {
    return belt_->beside.load(std::memory_order_acquire);
  }

 private:
  void copy(std::size_t at, void* to, std::size_t bytes) const noexcept {
    const std::size_t begin = (std::size_t{read_ % Belt::lines} * Belt::line_bytes + at) % sizeof belt_->data;
    const std::size_t first = std::min(bytes, sizeof belt_->data - begin);
    std::memcpy(to, belt_->data + begin, first);
    std::memcpy(static_cast<std::byte*>(to) + first, belt_->data, bytes - first);
  }

  Belt* belt_;
  std::uint32_t read_ = 0;
};

}  // namespace weir::detail::comm
