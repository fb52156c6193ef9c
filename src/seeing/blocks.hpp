// Blocks: what each thread of the cluster did when, in a ring; and pictures of it at the resolution asked
// for.
#pragma once

#include <cstdint>
#include <vector>

namespace weir::detail::seeing {

/// A stretch of a thread's time.
struct Block {
  std::int64_t start_us = 0;  ///< Since the program began.
  std::uint32_t length_us = 0;
  std::uint32_t busy_us = 0;
  std::uint32_t count = 0;  ///< Tasks; 0: one that is still running.
  std::uint16_t function = 0;
  std::uint16_t row = 0;
  std::uint32_t failed = 0;  ///< Of the tasks.
  std::uint32_t kind = 0;    ///< As in `protocol::SeenBlock`.
};
static_assert(sizeof(Block) == 32);

/// What is asked for: a range of time and rows, in so many columns.
struct TileRequest {
  std::int64_t from_us = 0, to_us = 0;
  std::size_t first_row = 0, rows = 64;
  std::size_t columns = 1000;
  std::size_t most = 4000;  ///< Rectangles.
};

/// The newest blocks of all threads.
///
/// **Cost.** 32 bytes a block, at most 24 MB; a picture looks at each block once or a few times.
class Blocks {
 public:
  explicit Blocks(std::size_t capacity = 750'000) : capacity_(capacity) {}
  void add(const Block& block);
  /// The blocks of a range, merged until each is at least a column wide and they are at most `most`: a merged
  /// block is of the function that was busy longest. `running` are shown too.
  [[nodiscard]] std::vector<Block> tile(const TileRequest& request, const std::vector<Block>& running) const;
  [[nodiscard]] std::size_t size() const noexcept { return blocks_.size(); }

 private:
  std::size_t capacity_;
  std::vector<Block> blocks_;
  std::size_t next_ = 0;
};

}  // namespace weir::detail::seeing
