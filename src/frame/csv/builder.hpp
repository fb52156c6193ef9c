// Columns under construction, some records at a time.
#pragma once

#include "frame/csv/block.hpp"
#include "frame/csv/splitter.hpp"
#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

/// Records that have been cut, one behind the other.
struct CsvBatch {
  std::span<const FieldText> fields;     ///< Of all of them.
  std::span<const std::uint64_t> lines;  ///< Where each begins.
  std::size_t width = 0;                 ///< Fields of a record.
  const char* end = nullptr;             ///< So far the text can be read.
  [[nodiscard]] std::size_t size() const noexcept { return lines.size(); }
};

/// One column of a block. A value that does not fit its type is kept as missing, and said.
class ColumnBuilder {
 public:
  ColumnBuilder(const CsvColumn& column, const CsvFormat& format);

  /// So many rows are expected, in a block of so many bytes.
  void expect(std::size_t rows, std::size_t bytes);
  /// Before so many records are added.
  void make_room(std::size_t rows);
  /// The fields of all records; false at one that does not fit what the program has stated. What was added is
  /// taken back by `drop(rows)`.
  [[nodiscard]] bool add(const CsvBatch& batch);
  /// The same of one record.
  [[nodiscard]] bool add(const CsvBatch& batch, std::size_t record);
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  /// Only the first rows stay.
  void drop(std::size_t rows);
  /// The rows so far; others may follow, for another column.
  [[nodiscard]] Column finish();
  [[nodiscard]] const std::optional<CsvMisfit>& misfit() const noexcept { return misfit_; }
  [[nodiscard]] const CsvColumn& column() const noexcept { return column_; }

 private:
  [[nodiscard]] const FieldText& field(const CsvBatch& batch, std::size_t record) const noexcept {
    return batch.fields[record * batch.width + column_.place];
  }
  template <class T, class Read>
  [[nodiscard]] bool add_each(const CsvBatch& batch, std::vector<T>& to, Read read);
  [[nodiscard]] bool add_texts(const CsvBatch& batch);
  /// Whether the program has said that this is missing.
  [[nodiscard]] bool is_word(std::string_view text) const noexcept;
  [[nodiscard]] bool is_missing(std::string_view text) const noexcept;
  [[nodiscard]] bool read(std::string_view text, std::int64_t& integer, double& real) const noexcept;
  void set(std::int64_t integer, double real);
  void add_missing();
  void add_text(std::string_view text);
  void make_text_room(std::size_t bytes);
  /// False if the column may not be as wide as the value.
  [[nodiscard]] bool widen(std::string_view text, std::uint64_t line);

  const CsvColumn& column_;
  const CsvFormat& format_;
  std::size_t rows_ = 0, expected_rows_ = 0, most_text_ = 0;
  std::vector<std::int64_t> no_integers_;  // numbers that the program has said to be missing
  std::vector<double> no_reals_;
  Cells cells_;  // have room for more rows; of texts the offsets alone
  std::optional<Fresh<char>> text_;
  std::size_t text_room_ = 0;
  std::vector<std::uint64_t> missing_;
  std::optional<CsvMisfit> misfit_;
  std::string scratch_;
};

}  // namespace weir::detail::frame
