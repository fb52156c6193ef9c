// Layout: object_mark, version, number of blocks, sizes of the head and the blocks; head; blocks; XXH3-128 of
// it all.
#include "journal/object.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/descriptor.hpp"
#include "journal/mapped.hpp"
#include "weir/detail/journal/key.hpp"

namespace weir::detail::journal {

namespace {

constexpr char object_mark[8] = {'w', 'e', 'i', 'r', 'o', 'b', 'j', '1'};

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::io, "journal: " + path + " cannot be " + what + ": " + std::strerror(errno));
}

[[noreturn]] void broken(const std::string& path) {
  throw Error(ErrorKind::io, "journal: " + path + " is not what was written");
}

void write_all(int file, const std::string& path, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size) {
    const ssize_t written = ::write(file, at, std::min<std::size_t>(size, 1 << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(path, "written");
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

std::atomic<std::size_t> mapped_now{0};

}  // namespace

std::size_t Mapped::count() noexcept { return mapped_now; }

Mapped::Mapped(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) throw Error(ErrorKind::not_found, "journal: " + path + " is not there");
    fail(path, "read");
  }
  struct stat about {};
  if (fstat(file.get(), &about) != 0) fail(path, "read");
  size_ = static_cast<std::size_t>(about.st_size);
  if (size_ == 0) return;
  memory_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory_ == MAP_FAILED) fail(path, "read");
  ++mapped_now;
}

Mapped::~Mapped() {
  if (!memory_) return;
  munmap(memory_, size_);
  --mapped_now;
}

std::uint64_t write_object(const std::string& path, const Packed& value) {
  std::string head(object_mark, sizeof object_mark);
  const auto number = [&](std::uint64_t n) { head.append(reinterpret_cast<const char*>(&n), sizeof n); };
  number(value.blocks.size());
  number(value.head.size());
  for (const Block& block : value.blocks) number(block.size);
  const std::string temporary = path + ".part";
  Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) fail(temporary, "made");
  std::uint64_t size = 0;
  try {
    Hasher hasher;
    const auto put = [&](const void* data, std::size_t bytes) {
      write_all(file.get(), temporary, data, bytes);
      hasher.bytes(data, bytes);
      size += bytes;
    };
    put(head.data(), head.size());
    put(value.head.data(), value.head.size());
    for (const Block& block : value.blocks) put(block.data, block.size);
    const Key sum = hasher.result();
    write_all(file.get(), temporary, &sum, sizeof sum);
    if (fdatasync(file.get()) != 0) fail(temporary, "written");
    if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "named");
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  return size + sizeof(Key);
}

Packed read_object(const std::string& path) {
  const auto mapped = std::make_shared<const Mapped>(path);
  const std::span<const std::byte> bytes = mapped->bytes();
  constexpr std::size_t fixed = sizeof object_mark + 16;
  if (bytes.size() < fixed + sizeof(Key) || std::memcmp(bytes.data(), object_mark, sizeof object_mark) != 0)
    broken(path);
  const std::uint64_t left = bytes.size() - sizeof(Key);
  std::uint64_t blocks = 0, head = 0;
  std::memcpy(&blocks, bytes.data() + sizeof object_mark, 8);
  std::memcpy(&head, bytes.data() + sizeof object_mark + 8, 8);
  if (blocks > (left - fixed) / 8) broken(path);
  std::uint64_t at = fixed + 8 * blocks;
  if (head > left - at) broken(path);
  Hasher hasher;
  hasher.bytes(bytes.data(), left);
  Key sum;
  std::memcpy(&sum, bytes.data() + left, sizeof sum);
  if (hasher.result() != sum) broken(path);
  Packed value;
  value.head.append(bytes.data() + at, head);
  at += head;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + fixed + 8 * i, 8);
    if (size > left - at) broken(path);
    value.blocks.push_back({mapped, bytes.data() + at, size});
    at += size;
  }
  if (at != left) broken(path);
  return value;
}

}  // namespace weir::detail::journal
