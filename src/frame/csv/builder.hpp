// Columns under construction, a cell at a time.
#pragma once

#include "frame/csv/block.hpp"
#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

/// One column of a block. A value that does not fit its type is kept as missing, and said.
class ColumnBuilder {
 public:
  ColumnBuilder(const CsvColumn& column, const CsvFormat& format);

  /// Room for about so many rows and bytes.
  void reserve(std::size_t rows);
  /// A field; false if it does not fit what the program has stated (nothing is added then).
  [[nodiscard]] bool add(std::string_view text, bool was_quoted, std::uint64_t line);
  /// Takes the last cell back.
  void drop_last();
  [[nodiscard]] Column finish();
  [[nodiscard]] const std::optional<CsvMisfit>& misfit() const noexcept { return misfit_; }
  [[nodiscard]] const CsvColumn& column() const noexcept { return column_; }

 private:
  [[nodiscard]] bool is_missing(std::string_view text) const noexcept;
  [[nodiscard]] bool read(std::string_view text, std::int64_t& integer, double& real) const noexcept;
  void add_missing();
  void add_text(std::string_view text);
  void grow_text(std::size_t least);
  void set_missing();
  /// False if the column may not be as wide as the value.
  [[nodiscard]] bool widen(std::string_view text, std::uint64_t line);

  const CsvColumn& column_;
  const CsvFormat& format_;
  std::size_t rows_ = 0, expected_rows_ = 0;
  Cells cells_;
  std::size_t text_bytes_ = 0;  // of `cells_.text`, which has room for more
  std::vector<std::uint64_t> missing_;
  std::optional<CsvMisfit> misfit_;
};

}  // namespace weir::detail::frame
