// Lane: a queue between two threads, neither of which stops the other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/detail/stream/graph/node.hpp"

namespace weir::detail::stream {

/// Lets one thread in at a time, for a few instructions.
class Wicket {
 public:
  void lock() noexcept {
    for (unsigned looks = 0; is_taken_.exchange(true, std::memory_order_acquire);) wait(looks);
  }
  [[nodiscard]] bool try_lock() noexcept { return !is_taken_.exchange(true, std::memory_order_acquire); }
  void unlock() noexcept { is_taken_.store(false, std::memory_order_release); }

 private:
  void wait(unsigned& looks) const noexcept;
  std::atomic<bool> is_taken_{false};
};

/// How long a queue that was emptied is left alone before the next look, so that of a fast stream many
/// elements come together: each look takes what the other thread is writing from it.
class Pace {
 public:
  /// So many were taken since the last look: passes a moment. False if there were none, and the next element
  /// should not wait.
  [[nodiscard]] bool goes_on(std::size_t taken) noexcept {
    if (taken < 2) pauses_ = least;
    else if (taken < wanted) pauses_ = std::min(2 * pauses_, most);
    else if (taken > 4 * wanted) pauses_ = std::max(pauses_ / 2, least);
    if (taken == 0) return false;
    for (unsigned i = 0; i < pauses_; ++i) __builtin_ia32_pause();
    return true;
  }

 private:
  static constexpr std::size_t wanted = 64;
  static constexpr unsigned least = 16, most = 128;  // one takes 10 to 50 ns
  unsigned pauses_ = least;
};

/// A queue of any length. Each side knows how far the other one was when it looked last, and looks again only
/// when it has come there: what passes between them is a block of elements, not each.
///
/// **Threads.** One at a time puts, one at a time takes.
/// **Cost.** No memory before the first element; blocks of 4 KiB, which go round.
template <class T>
class Lane {
 public:
  /// `usual`: how many stand in it if nothing is wrong; blocks are no larger than for these, and not kept for
  /// more.
  explicit Lane(std::size_t usual)
      : places_(std::clamp<std::size_t>(usual, 1, std::max<std::size_t>(1, block_bytes / sizeof(T)))),
        most_spare_(usual / places_ + 2) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() {
    while (front()) pop();
    delete putter_.block;  // all others have been given back
    for (Block* spare : {putter_.spare, returned_.load()}) {
      while (spare) delete std::exchange(spare, spare->next);
    }
  }

  // --- who puts

  void push(T&& x) {
    if (putter_.at == places_ || !putter_.block) add_block();
    std::construct_at(&putter_.block->places[putter_.at].value, std::move(x));
    ++putter_.at;
    put_.store(++putter_.count, std::memory_order_seq_cst);
  }

  // --- who takes

  /// The oldest; null if there is none.
  [[nodiscard]] T* front() noexcept {
    if (!is_known_of()) taker_.seen = put_.load(std::memory_order_seq_cst);
    if (!is_known_of()) return nullptr;
    if (taker_.at == places_ || !taker_.block) next_block();
    return &taker_.block->places[taker_.at].value;
  }
  void pop() noexcept {
    std::destroy_at(&taker_.block->places[taker_.at].value);
    ++taker_.at;
    ++taker_.count;
  }
  /// Whether more stood in it at the last look.
  [[nodiscard]] bool is_known_of() const noexcept { return taker_.count != taker_.seen; }

 private:
  union Place {
    Place() noexcept {}
    ~Place() {}
    T value;
  };
  struct Block {
    explicit Block(std::size_t count) : places(std::make_unique<Place[]>(count)) {}
    Block* next = nullptr;
    std::size_t depth = 0;  // of those that are returned, below it
    std::unique_ptr<Place[]> places;
  };
  static constexpr std::size_t block_bytes = 4096;

  void add_block() {
    if (!putter_.spare) putter_.spare = returned_.exchange(nullptr, std::memory_order_acquire);
    Block* const block = putter_.spare ? putter_.spare : new Block(places_);
    if (putter_.spare) putter_.spare = block->next;
    (putter_.block ? putter_.block->next : putter_.first) = block;
    putter_.block = block;
    putter_.at = 0;
  }
  void next_block() noexcept {
    Block* const done = taker_.block;
    taker_.block = done ? done->next : putter_.first;
    taker_.at = 0;
    if (done) give_back(done);
  }
  void give_back(Block* block) noexcept {
    Block* below = returned_.load(std::memory_order_relaxed);
    do {
      block->next = below;
      block->depth = below ? below->depth + 1 : 0;
      if (block->depth >= most_spare_) return delete block;
    } while (!returned_.compare_exchange_weak(below, block, std::memory_order_acq_rel));
  }

  const std::size_t places_, most_spare_;
  struct alignas(line_bytes) {
    Block* block = nullptr;
    Block* first = nullptr;  // read by who takes, once there is an element
    Block* spare = nullptr;
    std::size_t at = 0;
    std::uint64_t count = 0;
  } putter_;
  alignas(line_bytes) std::atomic<std::uint64_t> put_{0};
  std::atomic<Block*> returned_{nullptr};
  struct alignas(line_bytes) {
    Block* block = nullptr;
    std::size_t at = 0;
    std::uint64_t count = 0, seen = 0;
  } taker_;
};

}  // namespace weir::detail::stream
