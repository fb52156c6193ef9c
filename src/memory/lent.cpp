// The file without a name behind it: a page with the mark, a byte for each page of data, the data.
#include "memory/lent.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>

#include "core/descriptor.hpp"
#include "memory/pool.hpp"
#include "weir/error.hpp"

namespace weir::detail::comm {

namespace {

using memory::page_bytes;

std::uint64_t offset_of_data(std::uint64_t bytes) {
  return page_bytes + memory::round_up(bytes / page_bytes, page_bytes);
}
std::uint64_t bytes_of_file(std::uint64_t bytes) { return offset_of_data(bytes) + bytes; }

// Null if it cannot be mapped.
std::byte* map(int file, std::uint64_t bytes) {
  void* mapped =
      mmap(nullptr, bytes_of_file(bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (mapped == MAP_FAILED) return nullptr;
  madvise(mapped, bytes_of_file(bytes), MADV_DONTDUMP);
  return static_cast<std::byte*>(mapped);
}

bool allows_files_of(std::uint64_t bytes) {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         limit.rlim_cur >= bytes;  // beyond it, a signal would end the process
}

}  // namespace

struct LentMemory::Owner {
  LentMemory* memory;
  memory::Extent extent;
  bool is_lent = false;
  void operator()(const void*) const {
    if (is_lent) return;
    memory->used_ -= extent.bytes;
    memory->free_.add(extent);
  }
};

LentMemory::LentMemory(std::uint64_t bytes) {
  bytes = bytes / page_bytes * page_bytes;
  if (bytes == 0 || !memory::serves_new() || !allows_files_of(bytes_of_file(bytes))) return;
  const int file = memfd_create("weir", MFD_CLOEXEC);
  if (file < 0) return;
  std::byte* mapped =
      ftruncate(file, static_cast<off_t>(bytes_of_file(bytes))) == 0 ? map(file, bytes) : nullptr;
  if (!mapped) {
    ::close(file);
    return;
  }
  std::random_device random;
  card_ = {getpid(), file, bytes, std::uint64_t{random()} << 32 | random()};
  std::memcpy(mapped, &card_.mark, sizeof card_.mark);
  freed_ = reinterpret_cast<std::atomic<std::uint8_t>*>(mapped + page_bytes);
  data_ = mapped + offset_of_data(bytes);
  free_.add({reinterpret_cast<memory::Address>(data_), bytes});
  most_ = bytes;
}

LentMemory::~LentMemory() {
  close();
  if (data_) munmap(data_ - offset_of_data(card_.bytes), bytes_of_file(card_.bytes));
}

void LentMemory::close() noexcept {
  if (card_.file >= 0) ::close(card_.file);
  card_.file = -1;
}

void LentMemory::sweep() {
  std::erase_if(lent_, [&](const Lent& lent) {
    std::atomic<std::uint8_t>& freed =
        freed_[(lent.extent.begin - reinterpret_cast<memory::Address>(data_)) / page_bytes];
    if (!freed.load(std::memory_order_acquire)) return false;
    freed.store(0, std::memory_order_relaxed);
    used_ -= lent.extent.bytes;
    free_.add(lent.extent);
    return true;
  });
}

std::uint64_t LentMemory::used() noexcept {
  sweep();
  return used_;
}

Block LentMemory::take(std::uint64_t size) {
  const std::uint64_t bytes = memory::round_up(size, page_bytes);
  if (bytes > most_ || bytes == 0) return {};
  sweep();
  if (used_ + bytes > most_) return {};
  const memory::Extent extent = free_.take(bytes);
  if (!extent.bytes) return {};
  used_ += bytes;
  auto* data = reinterpret_cast<std::byte*>(extent.begin);
  return {std::shared_ptr<const void>(data, Owner{this, extent}), data, size};
}

std::optional<std::uint64_t> LentMemory::lend(const Block& block, PeerId to) {
  Block copy;
  auto* owner = std::get_deleter<Owner>(block.owner);
  if (!owner || owner->memory != this) {
    copy = take(block.size);
    if (!copy.data) return std::nullopt;
    std::memcpy(const_cast<std::byte*>(copy.data), block.data, block.size);
    owner = std::get_deleter<Owner>(copy.owner);
  }
  owner->is_lent = true;
  lent_.push_back({owner->extent, to});
  return owner->extent.begin - reinterpret_cast<memory::Address>(data_);
}

void LentMemory::forget(PeerId neighbour) {
  std::erase_if(lent_, [&](const Lent& lent) { return lent.to == neighbour; });
}

std::optional<BorrowedMemory> BorrowedMemory::open(const LentCard& card) {
  if (card.bytes == 0) return std::nullopt;
  const std::string path = "/proc/" + std::to_string(card.pid) + "/fd/" + std::to_string(card.file);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) != bytes_of_file(card.bytes))
    return std::nullopt;
  std::byte* mapped = map(file.get(), card.bytes);
  if (!mapped) return std::nullopt;
  std::uint64_t mark = 0;
  std::memcpy(&mark, mapped, sizeof mark);
  BorrowedMemory memory;
  memory.data_ = mapped + offset_of_data(card.bytes);
  memory.bytes_ = card.bytes;
  if (mark == card.mark && memory::adopt(memory.data_, card.bytes,
                                         reinterpret_cast<std::atomic<std::uint8_t>*>(mapped + page_bytes)))
    return memory;
  munmap(mapped, bytes_of_file(card.bytes));
  return std::nullopt;
}

Block BorrowedMemory::block(std::uint64_t place, std::uint64_t size) const {
  if (place % page_bytes != 0 || place >= bytes_ || size > bytes_ - place)
    throw Error(ErrorKind::protocol, "frame: a block outside of the memory that is lent");
  std::byte* data = data_ + place;
  return {std::shared_ptr<const void>(data, FreshMemory{}), data, size};
}

}  // namespace weir::detail::comm
