// Memory that a process writes and another one of its host then owns: large blocks pass between neighbours
// without the kernel copying them.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "memory/extents.hpp"
#include "weir/detail/task/pack.hpp"
#include "weir/options.hpp"

namespace weir::detail::comm {

/// What a neighbour must know to find this process's lent memory.
struct LentCard {
  std::int32_t pid = 0, file = -1;
  std::uint64_t bytes = 0;
  std::uint64_t mark = 0;  ///< Written at its beginning, too.
};

/// Memory of this process which others of its host take over block by block: they use a block as memory of
/// their own, and delete it.
///
/// A block is free again when its new owner has deleted it; what a dead one has is never used again.
/// **Threads.** One at a time. Blocks must be gone before it is, but for those that are lent.
class LentMemory final : public BlockMemory {
 public:
  /// Of so many bytes; of none, if the system or the program's own `operator new` do not allow it.
  explicit LentMemory(std::uint64_t bytes);
  ~LentMemory();
  LentMemory(const LentMemory&) = delete;
  LentMemory& operator=(const LentMemory&) = delete;

  /// What neighbours need, until `close`.
  [[nodiscard]] const LentCard& card() const noexcept { return card_; }
  /// All neighbours have found it.
  void close() noexcept;
  /// At most so many bytes are made or lent at once; those in use now may be more.
  void use_at_most(std::uint64_t bytes) noexcept { most_ = std::min(bytes, card_.bytes); }
  /// Bytes of blocks that are made or lent, in whole pages.
  [[nodiscard]] std::uint64_t used() noexcept;

  [[nodiscard]] Block take(std::uint64_t size) override;
  /// Gives a block to a neighbour, which finds it at this place; a copy of it, if it is not in this memory.
  /// Nothing if there is no room for one.
  [[nodiscard]] std::optional<std::uint64_t> lend(const Block& block, PeerId to);
  /// This neighbour is dead.
  void forget(PeerId neighbour);

 private:
  struct Owner;  // of a block that is not lent yet
  struct Lent {
    memory::Extent extent;
    PeerId to;
  };
  void sweep();

  LentCard card_;
  std::byte* data_ = nullptr;
  std::atomic<std::uint8_t>* freed_ = nullptr;  // for each page; shared with the neighbours
  memory::Extents free_;
  std::vector<Lent> lent_;
  std::uint64_t used_ = 0, most_ = 0;
};

/// The lent memory of a neighbour, which stays mapped for ever: nobody knows where its blocks are used.
class BorrowedMemory {
 public:
  /// Nothing if it cannot be opened, or is not that of the card.
  [[nodiscard]] static std::optional<BorrowedMemory> open(const LentCard& card);
  /// The block at this place, which belongs to this process now. Throws `Error{protocol}` if there can be
  /// none.
  [[nodiscard]] Block block(std::uint64_t place, std::uint64_t size) const;

 private:
  std::byte* data_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace weir::detail::comm
