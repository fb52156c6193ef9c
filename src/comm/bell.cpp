// A futex, in a file without a name if it is shared.
#include "comm/bell.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#include <new>
#include <random>
#include <string>

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

SharedBell::SharedBell() : file_(memfd_create("weir bell", MFD_CLOEXEC)) {
  if (file_.get() < 0 || ftruncate(file_.get(), sizeof(Page)) != 0) return;
  page_ = map(file_.get());
  if (!page_) return;
  std::random_device random;
  new (page_) Page{std::uint64_t{random()} << 32 | random(), {}};
  card_ = {getpid(), file_.get(), page_->mark};
}

SharedBell::~SharedBell() {
  if (page_) munmap(page_, sizeof(Page));
}

SharedBell::Page* SharedBell::map(int file) {
  void* mapped = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<Page*>(mapped);
}

Bell* SharedBell::open(const BellCard& card) {
  if (card.file < 0) return nullptr;
  const std::string path = "/proc/" + std::to_string(card.pid) + "/fd/" + std::to_string(card.file);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || status.st_size != sizeof(Page)) return nullptr;
  Page* page = map(file.get());
  if (page && page->mark != card.mark) {
    munmap(page, sizeof(Page));
    return nullptr;
  }
  return page ? &page->bell : nullptr;
}

}  // namespace weir::detail::comm
