// Parquet: what a file says of its columns and row groups, and how they are read and written.
#pragma once

#include "files/mark.hpp"
#include "frame/expression/term.hpp"
#include "frame/parquet/thrift.hpp"
#include "weir/detail/task/serialize.hpp"
#include "weir/frame/parquet.hpp"

namespace weir::detail::frame {

/// How values lie in the file.
enum class Physical : std::uint8_t { boolean, int32, int64, int96, float32, float64, bytes, fixed_bytes };

/// What becomes a text: bytes as they are, an identifier as its digits, a time of day as `12:34:56.5`.
enum class ParquetForm : std::uint8_t { plain, uuid, time_of_day };

struct ParquetColumn {
  std::string name;
  ColumnType type = ColumnType::float64;
  Physical physical = Physical::float64;
  bool is_optional = false;
  bool is_unsigned = false;
  bool is_decimal = false;
  std::int32_t scale = 0;    ///< Of decimals: digits behind the point.
  std::int32_t length = 0;   ///< Of fixed bytes.
  std::int64_t unit_ns = 1;  ///< Of times.
  ParquetForm form = ParquetForm::plain;
};

/// A column of a row group: where it is, and its least and greatest value if they are known.
struct ParquetChunk {
  std::uint8_t codec = 0;
  std::uint64_t begin = 0, bytes = 0, values = 0;
  std::string least, greatest;  ///< As they lie in pages; empty if not known.
};

struct ParquetGroup {
  std::uint64_t rows = 0;
  std::vector<ParquetChunk> chunks;  ///< One for each column of the file.
};

struct ParquetFile {
  std::string path;
  files::Mark mark;
  std::vector<ParquetColumn> columns;
  std::vector<ParquetGroup> groups;
};

/// What a task reads.
struct ParquetPart {
  std::string path;
  files::Mark mark;
  std::string path_column;
  std::uint64_t rows = 0;
  std::vector<ParquetColumn> columns;
  std::vector<ParquetChunk> chunks;
};

/// The end of a file. Throws `Error{serialization}` if it is no Parquet file, `Error{unsupported}` for nested
/// columns that are asked for.
[[nodiscard]] ParquetFile read_parquet_footer(const std::string& path, std::uint64_t bytes,
                                              const std::vector<std::string>& columns);
/// Throws `Error{serialization}` with the place of what is broken, `Error{io}` if the file is another now.
[[nodiscard]] Table read_parquet_group(const ParquetPart& part);
/// Whether no row of the group can fulfil the condition.
[[nodiscard]] bool excludes(const ParquetPart& part, const Term& condition);

/// Bytes of a page, packed and unpacked.
enum Codec : std::uint8_t {
  plain_codec = 0,
  snappy_codec = 1,
  gzip_codec = 2,
  zstd_codec = 6,
  lz4_raw_codec = 7
};
[[nodiscard]] std::string unpacked_page(std::uint8_t codec, std::string_view bytes, std::uint64_t size);
[[nodiscard]] std::string packed_page(std::uint8_t codec, std::string_view bytes);

/// A row group as bytes, with what the end of the file says of it; offsets count from its begin.
struct WrittenGroup {
  std::string bytes;
  std::uint64_t rows = 0;
  std::vector<ParquetChunk> chunks;
  std::vector<std::uint64_t> unpacked, dictionary_bytes, missing;  ///< By column; bytes of dictionary pages.
};
[[nodiscard]] WrittenGroup written_group(const Table& table, const Schema& schema, std::uint8_t codec);
[[nodiscard]] std::string written_footer(const Schema& schema, const std::vector<WrittenGroup>& groups);

}  // namespace weir::detail::frame
