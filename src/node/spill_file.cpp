// Places in the file, and values read from them.
#include "node/spill_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "weir/bytes.hpp"

namespace weir::detail::node {

namespace {

constexpr std::uint64_t page = 4096;

// Blocks begin where their values may: who reads them may use them in place.
std::uint64_t padded(std::uint64_t size) { return (size + 63) / 64 * 64; }
std::uint64_t padded(const Packed& value) {
  std::uint64_t total = padded(value.head.size());
  for (const Block& block : value.blocks) total += padded(block.size);
  return total;
}

// A part of the file in memory while somebody reads it.
class Mapping {
 public:
  Mapping(int descriptor, std::uint64_t offset, std::uint64_t size, std::shared_ptr<const task::Store> stored)
      : size_(size), stored_(std::move(stored)) {
    memory_ = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(offset));
    if (memory_ == MAP_FAILED)
      throw Error(ErrorKind::io, "spill: " + to_text(size) + " cannot be read back: " + std::strerror(errno));
    madvise(memory_, size, MADV_SEQUENTIAL);
  }
  Mapping(const Mapping&) = delete;
  ~Mapping() { munmap(memory_, size_); }
  [[nodiscard]] const std::byte* data() const noexcept { return static_cast<const std::byte*>(memory_); }

 private:
  void* memory_;
  std::uint64_t size_;
  std::shared_ptr<const task::Store> stored_;
};

}  // namespace

// Knows where the parts of a value are.
class SpillFile::Stored final : public task::Store, public std::enable_shared_from_this<Stored> {
 public:
  Stored(std::shared_ptr<SpillFile> file, Place place) : file_(std::move(file)), place_(place) {}
  ~Stored() override { file_->release(place_); }

  void write(const Packed& value) {
    std::uint64_t at = place_.offset;
    const auto put = [&](const void* data, std::uint64_t size) {
      file_->write_at(at, data, size);
      at += padded(size);
    };
    put(value.head.data(), value.head.size());
    head_ = value.head.size();
    for (const Block& block : value.blocks) {
      put(block.data, block.size);
      blocks_.push_back(block.size);
    }
  }
  [[nodiscard]] Packed load() const override {
    const auto mapping =
        std::make_shared<const Mapping>(file_->descriptor_, place_.offset, place_.size, shared_from_this());
    Packed value;
    value.head.append(mapping->data(), head_);
    const std::byte* at = mapping->data() + padded(head_);
    for (const std::uint64_t size : blocks_) {
      value.blocks.push_back({mapping, at, size});
      at += padded(size);
    }
    return value;
  }

 private:
  std::shared_ptr<SpillFile> file_;
  Place place_;
  std::uint64_t head_ = 0;
  std::vector<std::uint64_t> blocks_;
};

SpillFile::~SpillFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void SpillFile::fail(const std::string& what) const {
  throw Error(ErrorKind::io, "spill: " + what + " in " + folder_ + ": " + std::strerror(errno));
}

void SpillFile::open() {
  if (descriptor_ >= 0) return;
  descriptor_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (descriptor_ >= 0) return;
  // A file system that must name its files: the name is taken away at once.
  std::string name = folder_ + "/weir-spill-XXXXXX";
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("a file cannot be made");
  unlink(name.c_str());
}

SpillFile::Place SpillFile::take(std::uint64_t size) {
  size = (std::max<std::uint64_t>(size, 1) + page - 1) / page * page;
  const std::lock_guard lock(mutex_);
  open();
  for (auto at = free_.begin(); at != free_.end(); ++at) {
    if (at->second < size) continue;
    const Place place{at->first, size};
    const std::uint64_t rest = at->second - size;
    free_.erase(at);
    if (rest) free_.emplace(place.offset + size, rest);
    return place;
  }
  end_ += size;
  return {end_ - size, size};
}

void SpillFile::release(Place place) {
  const std::lock_guard lock(mutex_);
  fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(place.offset),
            static_cast<off_t>(place.size));
  auto after = free_.lower_bound(place.offset);
  if (after != free_.end() && place.offset + place.size == after->first) {
    place.size += after->second;
    after = free_.erase(after);
  }
  if (after != free_.begin())
    if (const auto before = std::prev(after); before->first + before->second == place.offset) {
      place = {before->first, before->second + place.size};
      free_.erase(before);
    }
  if (place.offset + place.size < end_) {
    free_.emplace(place.offset, place.size);
    return;
  }
  end_ = place.offset;
  [[maybe_unused]] const int shortened = ftruncate(descriptor_, static_cast<off_t>(end_));
}

void SpillFile::write_at(std::uint64_t offset, const void* data, std::uint64_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size) {
    const ssize_t written =
        pwrite(descriptor_, at, std::min<std::uint64_t>(size, 1 << 30), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(to_text(size) + " cannot be written");
    at += written;
    offset += static_cast<std::uint64_t>(written);
    size -= static_cast<std::uint64_t>(written);
  }
}

std::shared_ptr<const task::Store> SpillFile::write(const Packed& value) {
  const auto stored = std::make_shared<Stored>(shared_from_this(), take(padded(value)));
  stored->write(value);
  return stored;
}

std::uint64_t SpillFile::size() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

}  // namespace weir::detail::node
