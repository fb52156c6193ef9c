// Bell: how threads sleep until something has arrived, and who brings it wakes them; also from process to
// process.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "comm/shared_pages.hpp"

namespace weir::detail::comm {

/// Threads lie down to sleep; whoever brings something rings. As plain memory, which processes may share.
///
/// Who wants to sleep lies down first, looks once more whether there is anything, and then sleeps: what was
/// brought before the look is seen, what is brought after it rings. So bringing costs a fence and a load
/// while nobody sleeps.
/// **Threads.** Any, of any process.
class Bell {
 public:
  /// Wakes those that sleep and keeps those from sleeping that have lain down.
  void ring() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (down_.load(std::memory_order_relaxed) > 0) wake();
  }
  /// \return What `sleep` must be given.
  [[nodiscard]] std::uint32_t lie_down() noexcept {
    down_.fetch_add(1, std::memory_order_seq_cst);
    return rings_.load(std::memory_order_seq_cst);
  }
  /// Sleeps until somebody rings, has rung since `lie_down`, or the time is over.
  void sleep(std::uint32_t since, std::chrono::nanoseconds most) noexcept;
  void get_up() noexcept { down_.fetch_sub(1, std::memory_order_seq_cst); }

  static constexpr std::int32_t nowhere = -1;
  /// The processor on which the process that is rung for here is awake, as far as others must know.
  [[nodiscard]] std::int32_t processor() const noexcept { return processor_.load(std::memory_order_relaxed); }
  void be_at(std::int32_t processor) noexcept {
    if (this->processor() != processor) processor_.store(processor, std::memory_order_relaxed);
  }

 private:
  void wake() noexcept;

  std::atomic<std::uint32_t> rings_{0}, down_{0};
  std::atomic<std::int32_t> processor_{nowhere};
};

/// A bell in a page that processes of this host can open.
class SharedBell {
 public:
  /// A new one; if the system allows no such page, one of this process alone, and no card.
  SharedBell();
  [[nodiscard]] Bell& bell() noexcept { return shared_ ? *shared_ : own_; }
  /// What neighbours need, until `close`.
  [[nodiscard]] const PagesCard& card() const noexcept { return pages_.card(); }
  /// All neighbours have found it.
  void close() noexcept { pages_.close(); }

  /// A neighbour's, mapped for ever; null if it cannot be opened, or is not that of the card.
  [[nodiscard]] static Bell* open(const PagesCard& card);

 private:
  Bell own_;
  SharedPages pages_{sizeof(Bell)};
  Bell* shared_ = nullptr;
};

}  // namespace weir::detail::comm
