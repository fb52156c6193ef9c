// A ring, and the merging of what would not be seen.
#include "seeing/blocks.hpp"

#include <algorithm>

namespace weir::detail::seeing {

namespace {

/// Of one row, while it is drawn.
struct Pen {
  Block block;
  std::uint32_t longest_us = 0;  // of the parts that gave the block its function or kind
  bool is_down = false;
};

bool is_over(const Block& block) { return block.count || block.kind; }
std::uint32_t weight(const Block& block) { return block.kind ? block.length_us : block.busy_us; }

void draw(Pen& pen, const Block& next, std::int64_t quantum_us, std::vector<Block>& out) {
  const std::int64_t end_us = next.start_us + next.length_us;
  const bool is_near = pen.is_down && is_over(pen.block) && is_over(next) &&
                       end_us - pen.block.start_us <= quantum_us && next.start_us >= pen.block.start_us;
  if (!is_near) {
    if (pen.is_down) out.push_back(pen.block);
    pen = {next, weight(next), true};
    return;
  }
  if (weight(next) > pen.longest_us) {
    pen.block.function = next.function;
    pen.block.kind = next.kind;
    pen.longest_us = weight(next);
  }
  pen.block.length_us =
      std::max(pen.block.length_us, static_cast<std::uint32_t>(end_us - pen.block.start_us));
  pen.block.busy_us += next.busy_us;
  pen.block.count += next.count;
  pen.block.failed += next.failed;
}

}  // namespace

void Blocks::add(const Block& block) {
  if (blocks_.size() < capacity_) return blocks_.push_back(block);
  blocks_[next_] = block;
  next_ = (next_ + 1) % capacity_;
}

std::vector<Block> Blocks::tile(const TileRequest& request, const std::vector<Block>& running) const {
  const auto is_asked_for = [&](const Block& block) {
    return block.row >= request.first_row && block.row - request.first_row < request.rows &&
           block.start_us < request.to_us && block.start_us + block.length_us > request.from_us;
  };
  std::vector<Block> out;
  const std::int64_t range_us = std::max<std::int64_t>(1, request.to_us - request.from_us);
  for (std::int64_t quantum_us =
           range_us / static_cast<std::int64_t>(std::max<std::size_t>(1, request.columns));
       ; quantum_us = std::max<std::int64_t>(1, 2 * quantum_us)) {
    out.clear();
    std::vector<Pen> pens(request.rows);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const Block& block = blocks_[(next_ + i) % blocks_.size()];
      if (is_asked_for(block)) draw(pens[block.row - request.first_row], block, quantum_us, out);
    }
    for (const Block& block : running)
      if (is_asked_for(block)) draw(pens[block.row - request.first_row], block, quantum_us, out);
    for (const Pen& pen : pens)
      if (pen.is_down) out.push_back(pen.block);
    if (out.size() <= std::max(request.most, 2 * request.rows) || quantum_us > range_us) return out;
  }
}

}  // namespace weir::detail::seeing
