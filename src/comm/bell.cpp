// A futex, in pages that processes share if others ring.
#include "comm/bell.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#include <new>

namespace weir::detail::comm {

void Bell::wake() noexcept {
  rings_.fetch_add(1, std::memory_order_seq_cst);
  syscall(SYS_futex, &rings_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Bell::sleep(std::uint32_t since, std::chrono::nanoseconds most) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(most);
  const timespec time{seconds.count(), (most - seconds).count()};
  syscall(SYS_futex, &rings_, FUTEX_WAIT, since, &time, nullptr, 0);  // returns at once if it has rung
}

SharedBell::SharedBell() {
  if (pages_.data()) shared_ = new (pages_.data()) Bell;
}

Bell* SharedBell::open(const PagesCard& card) {
  std::byte* const data = SharedPages::open(card);
  return data ? std::launder(reinterpret_cast<Bell*>(data)) : nullptr;
}

}  // namespace weir::detail::comm
