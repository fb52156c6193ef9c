// A file in memory, with a mark in front that tells it from others.
#include "comm/shared_pages.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>

namespace weir::detail::comm {

namespace {

constexpr std::size_t front_bytes = 64;

std::byte* map(int file, std::size_t bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::byte*>(mapped);
}

}  // namespace

SharedPages::SharedPages(std::size_t bytes)
    : bytes_(front_bytes + bytes), file_(bytes == 0 ? -1 : memfd_create("weir shared", MFD_CLOEXEC)) {
  if (file_.get() < 0 || ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) return;
  std::byte* const front = map(file_.get(), bytes_);
  if (!front) return;
  std::random_device random;
  card_ = {getpid(), file_.get(), std::uint64_t{random()} << 32 | random(), bytes_};
  std::memcpy(front, &card_.mark, sizeof card_.mark);
  data_ = front + front_bytes;
}

SharedPages::~SharedPages() {
  if (data_) munmap(data_ - front_bytes, bytes_);
}

std::byte* SharedPages::open(const PagesCard& card) {
  if (card.file < 0 || card.bytes < front_bytes) return nullptr;
  const std::string path = "/proc/" + std::to_string(card.pid) + "/fd/" + std::to_string(card.file);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) != card.bytes)
    return nullptr;
  std::byte* const front = map(file.get(), card.bytes);
  if (front && std::memcmp(front, &card.mark, sizeof card.mark) != 0) {
    munmap(front, card.bytes);
    return nullptr;
  }
  return front ? front + front_bytes : nullptr;
}

}  // namespace weir::detail::comm
