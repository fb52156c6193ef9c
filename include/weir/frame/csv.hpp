// CSV files read as frames and written.
#pragma once

#include <optional>

#include "weir/frame/frame.hpp"
#include "weir/on_error.hpp"

namespace weir {

namespace detail::frame {
struct LeftOut;
}  // namespace detail::frame

/// The lines that reading has left out: `weir::BadLines bad;` and then `read_csv("*.csv", {.on_error =
/// OnError::skip, .bad_lines = bad})`.
///
/// Copies are the same list. It holds what the computations so far have met: a block that is read again
/// replaces what it said before, so that nothing is counted twice; what no computation needed (`head` reads
/// one block) is not there.
/// **Threads.** Any.
class BadLines {
 public:
  /// None yet.
  BadLines();
  /// How many lines were left out.
  [[nodiscard]] std::uint64_t count() const;
  /// `file`, `line` (counted from 1), `reason` and `text` (its first 200 bytes; of a value that does not fit
  /// the value) of each, in order of files and lines.
  ///
  /// **Cost.** The first 100 of each partition are kept; `count` knows of all.
  [[nodiscard]] Table table() const;
  /// What is behind it; for the library.
  [[nodiscard]] const std::shared_ptr<detail::frame::LeftOut>& lines() const noexcept { return lines_; }

 private:
  std::shared_ptr<detail::frame::LeftOut> lines_;
};

/// How CSV files are read: `read_csv("flights-*.csv", {.sep = ';', .dates = {"date"}})`.
struct ReadCsv {
  char sep = 0;        ///< Between fields; 0: whichever of comma, tab, semicolon and bar the header has.
  char quote = '"';    ///< Around fields that hold separators, quotes (doubled) or line ends; 0: none.
  char comment = 0;    ///< Lines that begin with it are passed over; 0: none.
  char decimal = '.';  ///< Before the fraction of a number.
  char thousands = 0;  ///< Between groups of three digits; 0: none.
  bool header = true;  ///< Whether the first line has the names; otherwise they are `names`, or c0, c1, ...
  std::vector<std::string> names{};                         ///< Instead of those in the header.
  std::vector<std::string> columns{};                       ///< Only these, in this order; all if empty.
  std::vector<std::pair<std::string, ColumnType>> types{};  ///< Of columns whose type is not to be found out.
  std::vector<std::string> dates{};  ///< Columns of days or times, in `date_format` if that is given; other
                                     ///< values are errors.
  std::string date_format{};         ///< For example "%d/%m/%Y %H:%M"; of %Y %y %m %d %b %H %I %M %S %f %p.
  std::vector<std::string> na_values{};  ///< Further words for what is missing, in text columns too; in those
                                         ///< of numbers all that are equal to one: "-999" also `-999.0`.
  std::uint64_t skip_rows = 0;           ///< Lines before the header.
  std::optional<std::uint64_t> rows{};   ///< Only so many, the first; all of them if it is not given.
  OnError on_error = OnError::raise;     ///< What becomes of lines with more or fewer fields than there are
                                         ///< columns, or a value that is none of the stated type.
  std::string path_column{};             ///< A further column with the file's path; none if empty.
  std::string block{};                   ///< A file is cut into partitions of this size; if empty, of 16 MiB,
                                         ///< or a 16th of the memory of a worker if that is less.
  std::optional<BadLines> bad_lines{};   ///< Where lines that are skipped are listed.
};

/// A frame of all files that match patterns such as `2015-*.csv`, in order of their names.
///
/// Types are found out: bool < int64 < float64 < text, date < datetime < text, the least that holds every
/// value of the column in all files. What a sample at the beginning says is what is checked when the plan is
/// made; if a later value does not fit, the column is read again as the wider type. Numbers with leading
/// zeros (`007`) are text; integers beyond 64 bits are float64. An empty field is missing; words such as NA
/// or null are missing in columns of numbers, dates and bools alone: `NA` in a text column is that text.
/// Fields in quotes may hold line ends; an empty one in quotes is an empty text. A column without any value
/// is float64. Times before 1677 or after 2262 are text (days of all years are dates).
///
/// **Shape.** One partition per `block`; rows in order of files and lines.
/// **Errors.** Throws at once: `Error{not_found}` if no file matches, `Error{io}` with the path if one cannot
/// be read, `Error{invalid_argument}` if files have different columns, names are double, or an option names
/// no column. A file that is shorter or has another header when it is read fails the computation; one that
/// has grown since has the rows that it had. Bad lines fail the computation with `file:line:column` and the
/// text.
/// **Cost.** Reads the first 256 KiB now. Only columns that are used are parsed. With `rows` blocks are read
/// one after the other, until there are so many; what stands behind them is not looked at.
/// **Source.** pandas' `read_csv`, without its mixed types.
[[nodiscard]] Frame read_csv(const std::vector<std::string>& patterns, const ReadCsv& options = {});
/// The same of one file or pattern.
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] Frame read_csv(const Pattern& pattern, const ReadCsv& options = {}) {
  return read_csv(std::vector<std::string>{pattern}, options);
}

}  // namespace weir
