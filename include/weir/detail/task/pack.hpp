// Packed values: a description in bytes and the large buffers beside it; how they are written and read.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "weir/detail/task/buffer.hpp"

namespace weir {

namespace detail::task {
class Value;
}

/// A contiguous buffer that travels beside the bytes that describe it; `owner` keeps its memory alive.
struct Block {
  std::shared_ptr<const void> owner;
  const std::byte* data = nullptr;
  std::uint64_t size = 0;
};

/// Memory from `operator new` behind a block that has arrived: it may become that of the object which is read
/// from it.
struct FreshMemory {
  bool taken = false;
  void operator()(const void* memory) const {
    if (!taken) ::operator delete(const_cast<void*>(memory));
  }
};

/// Where memory for blocks comes from, if not from `operator new`.
class BlockMemory {
 public:
  /// A block of this size, not zeroed; one without data if there is no room.
  [[nodiscard]] virtual Block take(std::uint64_t size) = 0;

 protected:
  ~BlockMemory() = default;
};

/// Memory for a block, not zeroed; from `memory` if there is room. Throws `Error{io}` if there is none.
[[nodiscard]] Block new_block(std::uint64_t size, BlockMemory* memory = nullptr);

/// A value in a form that can cross a process boundary: the description, and the large buffers beside it.
struct Packed {
  Buffer head;
  std::vector<Block> blocks;
  [[nodiscard]] std::uint64_t size() const noexcept {
    std::uint64_t total = head.size();
    for (const Block& block : blocks) total += block.size;
    return total;
  }
};

/// Contiguous data of at least this many bytes travels out of band, without being copied into the
/// description.
inline constexpr std::size_t block_bytes = 64 * 1024;

/// A function among the bytes: those eight, from `offset` in the head on, say where it lies in this build.
struct WrittenFunction {
  std::size_t offset = 0;
  std::uint64_t address = 0;  ///< A portable one; 0: none.
};

/// Where bytes are written: into a buffer, beside it, or nowhere (only counted).
class Writer {
 public:
  /// Thrown by a writer with a limit when the value is larger; never leaves the library.
  struct LimitReached {};

  /// Only counts.
  Writer() = default;
  /// Everything inside the head.
  explicit Writer(Buffer& head, std::size_t limit = SIZE_MAX) : head_(&head), limit_(limit) {}
  /// Large contiguous data goes to `blocks`, which point into the object kept alive by `owner`, or hold a
  /// copy, in `memory`, of what is in none, or may not last as long; see `set_lasting`.
  Writer(Buffer& head, std::vector<Block>& blocks, std::shared_ptr<const void> owner = nullptr,
         BlockMemory* memory = nullptr)
      : head_(&head), blocks_(&blocks), memory_(memory), owner_(std::move(owner)) {}

  void bytes(const void* data, std::size_t count) {
    written_ += count;
    if (!head_) return;
    if (written_ > limit_) throw LimitReached{};
    head_->append(data, count);
  }
  void block(const void* data, std::size_t count) {
    if (!blocks_ || count < block_bytes) return bytes(data, count);
    beside(data, count);
  }
  /// `count` bytes that `fill(std::byte*)` writes; large ones into memory of their own, which travels as it
  /// is.
  template <class F>
  void block_of(std::size_t count, const F& fill) {
    written_ += count;
    if (!head_) return;
    if (written_ > limit_) throw LimitReached{};
    if (!blocks_ || count < block_bytes) return fill(head_->grow(count));
    Block own = new_block(count, memory_);
    fill(const_cast<std::byte*>(own.data));
    blocks_->push_back(std::move(own));
  }
  /// What is written from now on lies in an object that `owner` keeps alive; null: in none. Returns the owner
  /// before.
  std::shared_ptr<const void> set_owner(std::shared_ptr<const void> owner) {
    return std::exchange(owner_, std::move(owner));
  }
  /// Memory of the owner's object, which lasts as long as it does.
  struct Lasting {
    std::uintptr_t begin, end;
    [[nodiscard]] bool has(const void* data) const noexcept {
      const auto at = reinterpret_cast<std::uintptr_t>(data);
      return at >= begin && at < end;
    }
  };
  static constexpr Lasting all_lasts{0, UINTPTR_MAX}, nothing_lasts{0, 0};
  /// What of that which is written from now on lasts; all, if nobody says. Returns what was said before.
  Lasting set_lasting(Lasting lasting) noexcept { return std::exchange(lasting_, lasting); }
  /// Whether blocks may point into what is written.
  [[nodiscard]] bool lends() const noexcept { return blocks_ && owner_; }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// The same value has the same bytes from now on, also where the compiler leaves gaps; but for those of
  /// functions, which are noted in `functions`.
  void set_for_key(std::vector<WrittenFunction>* functions = nullptr) noexcept {
    for_key_ = true;
    functions_ = functions;
  }
  [[nodiscard]] bool is_for_key() const noexcept { return for_key_; }
  /// The next eight bytes say where this function lies.
  void note_function(std::uint64_t address) {
    if (functions_) functions_->push_back({head_->size(), address});
  }

 private:
  void beside(const void* data, std::size_t count);

  Buffer* head_ = nullptr;
  std::vector<Block>* blocks_ = nullptr;
  BlockMemory* memory_ = nullptr;
  std::shared_ptr<const void> owner_;
  Lasting lasting_ = all_lasts;
  std::size_t limit_ = SIZE_MAX;
  std::uint64_t written_ = 0;
  std::vector<WrittenFunction>* functions_ = nullptr;
  bool for_key_ = false;
};

/// Where bytes are read from: a head and the blocks beside it, in the order they were written.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> head) : at_(head.data()), end_(head.data() + head.size()) {}
  /// Of a value that is read once: its blocks may be taken.
  explicit Reader(Packed& packed) : Reader(packed.head.bytes(), packed.blocks) {}
  /// With no blocks, everything is inside the head.
  Reader(std::span<const std::byte> head, std::vector<Block>& blocks) : Reader(head) {
    if (!blocks.empty()) blocks_ = &blocks;
  }

  void bytes(void* data, std::size_t count) {
    if (static_cast<std::size_t>(end_ - at_) < count) ended();
    if (count) std::memcpy(data, at_, count);
    at_ += count;
  }
  void block(void* data, std::size_t count);
  /// The memory of the next block, if it has `count` bytes, is fresh and belongs to nobody else: the caller
  /// deletes it. Null otherwise.
  [[nodiscard]] std::byte* take(std::size_t count);
  /// The next block of `count` bytes itself.
  [[nodiscard]] Block share(std::size_t count);
  /// The arguments that were not written, in order; see `task::Beside`.
  void set_live(detail::task::Value* first, detail::task::Value* end) noexcept {
    next_live_ = first;
    end_of_live_ = end;
  }
  /// The next of them.
  [[nodiscard]] detail::task::Value& live();
  /// The next `count` bytes in place.
  const std::byte* view(std::size_t count) {
    if (static_cast<std::size_t>(end_ - at_) < count) ended();
    const std::byte* place = at_;
    at_ += count;
    return place;
  }
  /// Throws if so many elements cannot follow: asked before memory is taken for them.
  void expect(std::uint64_t count, std::size_t element_bytes) const;
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  /// Notes in `at_ns`, on the steady clock, when everything has been read.
  void note_end_in(std::int64_t* at_ns) noexcept { noted_ns_ = at_ns; }
  void note_end() const {
    if (noted_ns_) [[unlikely]]
      note_now();
  }

 private:
  [[noreturn]] static void ended();
  void note_now() const;

  const std::byte* at_;
  const std::byte* end_;
  std::vector<Block>* blocks_ = nullptr;
  std::size_t next_block_ = 0;
  detail::task::Value* next_live_ = nullptr;
  detail::task::Value* end_of_live_ = nullptr;
  std::int64_t* noted_ns_ = nullptr;
};

}  // namespace weir
