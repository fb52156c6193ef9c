// Parquet files read as frames and written.
#pragma once

#include "weir/frame/frame.hpp"

namespace weir {

/// How Parquet files are read.
struct ReadParquet {
  std::vector<std::string> columns{};  ///< Only these, in this order; all if empty.
  std::string path_column{};           ///< A further column with the file's path; none if empty.
};

/// A frame of the Parquet files that match patterns, in order of their names.
///
/// Integers of every size become int64, float and double float64, days date, timestamps of every unit
/// datetime, decimals float64, everything else made of bytes text.
/// **Shape.** A partition for each row group.
/// **Errors.** Throws at once: `Error{not_found}` if no file matches, `Error{serialization}` with the byte if
/// one is no Parquet file, `Error{invalid_argument}` if files have different columns, `Error{unsupported}`
/// for columns of lists, maps and structs (`.columns` leaves them out). Pages that are broken, encrypted, or
/// packed or encoded in a way that is not known (known are snappy, gzip and zstd; plain, dictionaries and
/// runs) fail the computation with file and byte.
/// **Cost.** Reads the end of each file now, and later only columns that are used; row groups whose
/// statistics a filter rules out are not read.
/// **Source.** The Apache Parquet format.
[[nodiscard]] Frame read_parquet(const std::vector<std::string>& patterns, const ReadParquet& options = {});
/// The same of one file or pattern.
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] Frame read_parquet(const Pattern& pattern, const ReadParquet& options = {}) {
  return read_parquet(std::vector<std::string>{pattern}, options);
}

}  // namespace weir
