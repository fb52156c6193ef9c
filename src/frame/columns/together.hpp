// Columns one behind the other in one block: how tables of small columns travel, and pieces lie in memory.
#pragma once

#include <vector>

#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// Writes and reads a table; columns that are small each and large together as one block, which is not copied
/// if that is how they lie in memory.
void save_table(OutArchive& archive, const Table& table);
[[nodiscard]] Table load_table(InArchive& archive);

/// The same table with its columns in one block: a partition that is split has many pieces, which else were
/// many small blocks each.
[[nodiscard]] Table together(const Table& table);

/// A partition that has been split: its rows in the order of the pieces, and where each begins. When it comes
/// from the disk for one piece, the others stay there.
class Pieces {
 public:
  Pieces() = default;
  /// `begin` has one more than there are pieces.
  Pieces(Table rows, std::vector<std::uint64_t> begin) : rows_(std::move(rows)), begin_(std::move(begin)) {}
  [[nodiscard]] Table piece(std::size_t which) const;
  [[nodiscard]] std::size_t count() const noexcept { return begin_.empty() ? 0 : begin_.size() - 1; }

  static constexpr bool holds_what_it_writes = true;
  void save(OutArchive& archive) const;
  void load(InArchive& archive);

 private:
  Table rows_;
  std::vector<std::uint64_t> begin_;
};

}  // namespace weir::detail::frame
