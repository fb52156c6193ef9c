// Memory of buffers, reading blocks, and the sentences for bytes that do not fit.
#include "weir/detail/task/pack.hpp"

#include <chrono>
#include <new>

#include "weir/bytes.hpp"
#include "weir/detail/task/serialize.hpp"
#include "weir/error.hpp"

namespace weir {

void Reader::note_now() const { *noted_ns_ = std::chrono::steady_clock::now().time_since_epoch().count(); }

void Buffer::reserve(std::size_t count) {
  if (count <= capacity_) return;
  const bool was_small = capacity_ == small_bytes;
  auto* grown = static_cast<std::byte*>(std::realloc(was_small ? nullptr : large_, count));
  if (!grown) throw std::bad_alloc();
  if (was_small) std::memcpy(grown, small_, size_);
  large_ = grown;
  capacity_ = count;
}

void Reader::ended() {
  throw Error(
      ErrorKind::serialization,
      "read: the bytes end before the value does; was it written by another version of its serialize()?");
}

void Reader::expect(std::uint64_t count, std::size_t element_bytes) const {
  if (element_bytes == 0) {  // of unknown size, perhaps none; but no sane value has so many of those
    constexpr std::uint64_t most_empty = 1 << 20;
    const bool fits_block = blocks_ && next_block_ < blocks_->size() && (*blocks_)[next_block_].size >= count;
    if (count > left() && count > most_empty && !fits_block)
      throw Error(ErrorKind::serialization,
                  "read: the bytes end before the value does; was it written by another version of its "
                  "serialize(), or has it more than " +
                      std::to_string(most_empty) + " elements that write nothing?");
    return;
  }
  if (count <= left() / element_bytes) return;
  const bool is_block = blocks_ && next_block_ < blocks_->size() &&
                        (*blocks_)[next_block_].size / element_bytes == count &&
                        (*blocks_)[next_block_].size % element_bytes == 0;
  if (!is_block) ended();
}

void Reader::block(void* data, std::size_t count) {
  if (!blocks_ || count < block_bytes) return bytes(data, count);
  if (next_block_ == blocks_->size() || (*blocks_)[next_block_].size != count) ended();
  std::memcpy(data, (*blocks_)[next_block_++].data, count);
}

std::byte* Reader::take(std::size_t count) {
  if (!blocks_ || count < block_bytes || next_block_ == blocks_->size()) return nullptr;
  Block& block = (*blocks_)[next_block_];
  auto* memory = std::get_deleter<FreshMemory>(block.owner);
  if (block.size != count || !memory || block.owner.use_count() != 1) return nullptr;
  ++next_block_;
  memory->taken = true;
  block.owner.reset();
  return const_cast<std::byte*>(block.data);
}

Block Reader::share(std::size_t count) {
  if (!blocks_ || next_block_ == blocks_->size() || (*blocks_)[next_block_].size != count) ended();
  return std::move((*blocks_)[next_block_++]);
}

bool detail::task::is_product(const std::vector<std::uint64_t>& extents, std::uint64_t count) {
  std::uint64_t product = 1;
  for (const std::uint64_t extent : extents)
    if (__builtin_mul_overflow(product, extent, &product)) return false;
  return product == count;
}

Block new_block(std::uint64_t size, BlockMemory* own) {
  if (own)
    if (Block block = own->take(size); block.data) return block;
  void* memory = ::operator new(size, std::nothrow);
  if (!memory) throw Error(ErrorKind::io, "no memory for a value of " + to_text(size));
  return {std::shared_ptr<const void>(memory, FreshMemory{}), static_cast<const std::byte*>(memory), size};
}

void Writer::beside(const void* data, std::size_t count) {
  if (!owner_ || !lasting_.has(data))
    return block_of(count, [&](std::byte* place) { std::memcpy(place, data, count); });
  written_ += count;
  blocks_->push_back({owner_, static_cast<const std::byte*>(data), count});
}

}  // namespace weir
