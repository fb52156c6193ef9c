// Columns one behind the other in one block: how tables of small columns travel, and pieces lie in memory.
#pragma once

#include <vector>

#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// Writes and reads a table; columns that are small each and large together as one block, which is not copied
/// if that is how they lie in memory. With `shares` neither is it when it is read.
void save_table(OutArchive& archive, const Table& table);
[[nodiscard]] Table load_table(InArchive& archive, bool shares);

/// The same table with its columns in one block: a partition that is split has many pieces, which else were
/// many small blocks each.
[[nodiscard]] Table together(const Table& table);

/// A partition that has been split. When it comes from the disk for one piece, the others stay there.
class Pieces {
 public:
  Pieces() = default;
  explicit Pieces(std::vector<Table> pieces) : of_(std::move(pieces)) {}
  [[nodiscard]] Table piece(std::size_t which) const;
  [[nodiscard]] std::size_t count() const noexcept { return of_.size(); }

  void save(OutArchive& archive) const;
  void load(InArchive& archive);

 private:
  std::vector<Table> of_;
  bool is_shared_ = false;  // with the file that they were read from
};

}  // namespace weir::detail::frame
