// A block of a CSV file becomes a table; what was found on the way is said, not thrown: whether it counts is
// known only when the blocks before it have been read.
#pragma once

#include "frame/columns/cell.hpp"
#include "weir/compression.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir::detail::frame {

/// A column that is to be read.
struct CsvColumn {
  std::string name;
  std::uint64_t place = 0;  ///< Among the fields of a line.
  ColumnType type = ColumnType::float64;
  bool is_known = true;     ///< Otherwise no value has been seen yet.
  bool is_stated = false;   ///< By the program: a value that does not fit is an error.
  bool has_format = false;  ///< Dates written as `date_format` says.
  bool is_date = false;     ///< By the program: a value that is no day or time is an error.
  bool is_kept = true;      ///< Otherwise it only says which lines are left out.
};

/// What the files of a frame have in common.
struct CsvFormat {
  char sep = ',', quote = '"', comment = 0;
  CellFormat cell;
  std::string date_format;
  std::vector<std::string> na_values;
  std::uint64_t listed_bad_lines = 1;  ///< So many of a block are told at most.
  std::uint64_t fields = 0;            ///< Of a line.
  std::vector<CsvColumn> columns;
  std::string path_column;
};

/// Records that begin behind `begin` and not behind `end`; of the first block of a file, also at `begin`, and
/// of the last before `end`: what was written there later belongs to none.
struct CsvBlock {
  std::string path;
  Compression compression = Compression::none;  ///< Of a packed file there is one block.
  std::uint64_t begin = 0, end = 0;
  bool is_start = false;  ///< A record begins at `begin`: that is known, and the block may be believed.
  std::uint64_t most_rows = ~std::uint64_t{0};  ///< What stands behind them is not looked at.
  bool is_last = false;                         ///< Of its file.
  std::string header;  ///< What the file had before `begin`, if it is the first block.
};

/// A value that a column's type does not hold.
struct CsvMisfit {
  std::uint64_t line = 0;  ///< Counted from 1 in the block.
  ColumnType type = ColumnType::text;
  std::string text;
};
/// A line that is not as long as it must be, or has a value that its stated type does not hold.
struct CsvBadLine {
  std::uint64_t line = 0;
  std::uint64_t fields = 0;
  std::string column;  ///< Of a value that does not fit; empty if the number of fields is wrong.
  std::string text;
  bool is_unclosed = false;  ///< Its quote is never closed.
  bool has_stray = false;    ///< Text stands behind a closing quote.
};

struct CsvVerdict {
  std::uint64_t first = 0, next = 0;  ///< Where the first record began, and where the first behind it does.
  bool gave_up = false;               ///< A record did not end where one would have to.
  std::uint64_t lines = 0;            ///< Physical ones.
  std::uint64_t rows = 0;
  std::uint64_t bad_lines = 0;
  std::vector<std::optional<CsvMisfit>> misfits;  ///< By column: the first, with the type that holds all.
  std::vector<CsvBadLine> listed;                 ///< The first of the bad ones.
};
struct CsvPart {
  Table table;
  CsvVerdict verdict;
};

/// Who takes the rows of a block, some at a time.
class CsvPieces {
 public:
  virtual ~CsvPieces() = default;
  /// So much text becomes the next piece; asked before each.
  [[nodiscard]] virtual std::uint64_t bytes() const noexcept = 0;
  virtual void take(Table rows) = 0;
};

/// Throws `Error{io}` if the file cannot be read, or has another header now. There is one piece at least.
[[nodiscard]] CsvVerdict read_csv_block(const CsvBlock& block, const CsvFormat& format, CsvPieces& pieces);
/// The same from memory that begins at `offset` of the file and is all there is.
[[nodiscard]] CsvVerdict parse_csv(std::string_view text, const CsvBlock& block, const CsvFormat& format,
                                   CsvPieces& pieces);

/// The fields of the record that begins the text, unquoted, and its length with the line end.
struct CsvRecord {
  std::vector<std::string> fields;
  std::size_t length = 0;
  bool is_unclosed = false;  ///< A quote is open at its end.
};
[[nodiscard]] CsvRecord first_record(std::string_view text, const CsvFormat& format);

}  // namespace weir::detail::frame
