// Columns as pages of a Parquet file: plain, or by a dictionary where texts repeat.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/decimal.hpp"
#include "frame/kernels/kernels.hpp"
#include "frame/parquet/format.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::size_t rows_of_a_page = 100'000, bytes_of_a_page = 1 << 20;
constexpr std::size_t largest_dictionary = 1 << 20, longest_statistic = 64;

enum ParquetType : std::int8_t { p_boolean = 0, p_int32 = 1, p_int64 = 2, p_double = 5, p_bytes = 6 };

ParquetType parquet_type(ColumnType type) {
  constexpr ParquetType types[] = {p_boolean, p_int64, p_double, p_int32, p_int64, p_bytes};
  return types[static_cast<std::size_t>(type)];
}

template <class T>
void append_little(std::string& to, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80u);
  to += static_cast<char>(value);
}

// Numbers of `width` bits, as one run of groups of eight.
std::string packed_numbers(const std::vector<std::uint32_t>& numbers, unsigned width) {
  std::string bytes;
  const std::size_t groups = (numbers.size() + 7) / 8;
  append_varint(bytes, groups << 1 | 1);
  std::uint64_t buffer = 0;
  unsigned filled = 0;
  for (std::size_t i = 0; i < groups * 8; ++i) {
    if (i < numbers.size()) buffer |= std::uint64_t{numbers[i]} << filled;
    for (filled += width; filled >= 8; filled -= 8, buffer >>= 8) bytes += static_cast<char>(buffer);
  }
  return bytes;
}

std::int32_t narrow_day(const Column& column, std::size_t row) {
  const std::int64_t day = integers(column)[row];
  if (!std::in_range<std::int32_t>(day))
    throw Error(ErrorKind::invalid_argument,
                "to_parquet: a day must be within 32 bits (got " + std::to_string(day) + ")");
  return static_cast<std::int32_t>(day);
}

// The value as it lies in a plain page.
void append_plain(std::string& to, const Column& column, std::size_t row) {
  switch (column.type()) {
    case ColumnType::date:
      return append_little(to, narrow_day(column, row));
    case ColumnType::float64:
      return append_little(to, reals(column)[row]);
    case ColumnType::text:
      append_little(to, static_cast<std::uint32_t>(column.text(row).size()));
      to += column.text(row);
      return;
    default:
      return append_little(to, integers(column)[row]);
  }
}

// Different texts, if there are few: their rows, and the number of each row's.
struct Dictionary {
  std::vector<Row> rows;
  std::vector<std::uint32_t> number_of;  // by group
  Groups groups;
};

std::optional<Dictionary> dictionary_of(const Column& column) {
  if (column.type() != ColumnType::text || column.size() < 16) return {};
  const Column keys[] = {column};
  Dictionary dictionary;
  dictionary.groups = group_rows(keys, column.size());
  if (dictionary.groups.count() > column.size() / 2) return {};
  std::size_t bytes = 0;
  for (const Row row : dictionary.groups.first_row) {
    dictionary.number_of.push_back(static_cast<std::uint32_t>(dictionary.rows.size()));
    if (column.is_na(row)) continue;
    dictionary.rows.push_back(row);
    bytes += column.text(row).size() + 4;
  }
  if (bytes > largest_dictionary) return {};
  return dictionary;
}

// Pages of one column, one behind the other.
class ChunkWriter {
 public:
  ChunkWriter(const Column& column, std::uint8_t codec, std::string& to)
      : column_(column), codec_(codec), to_(to), dictionary_(dictionary_of(column)) {}

  void write() {
    if (dictionary_) write_dictionary();
    for (std::size_t at = 0; at < column_.size();) at = write_page(at);
    if (column_.size() == 0) static_cast<void>(write_page(0));
  }
  std::uint64_t unpacked = 0, dictionary_bytes = 0;

 private:
  void write_dictionary() {
    std::string plain;
    for (const Row row : dictionary_->rows) append_plain(plain, column_, row);
    const std::size_t before = to_.size();
    page(2, plain, dictionary_->rows.size(), 0);
    dictionary_bytes = to_.size() - before;
  }

  std::size_t write_page(std::size_t begin) {
    std::string values;
    std::vector<std::uint32_t> there, numbers;
    std::size_t row = begin, missing = 0;
    for (; row < column_.size() && row - begin < rows_of_a_page && values.size() < bytes_of_a_page; ++row) {
      there.push_back(!column_.is_na(row));
      missing += column_.is_na(row);
      if (column_.is_na(row)) continue;
      if (dictionary_) numbers.push_back(dictionary_->number_of[dictionary_->groups.of_row[row]]);
      else if (column_.type() == ColumnType::boolean) numbers.push_back(flags(column_)[row] != 0);
      else append_plain(values, column_, row);
    }
    std::string levels;
    if (missing == 0) {
      append_varint(levels, (row - begin) << 1);
      levels += '\1';
    } else {
      levels = packed_numbers(there, 1);
    }
    std::string body;
    append_little(body, static_cast<std::uint32_t>(levels.size()));
    body += levels;
    if (dictionary_) {
      const auto width = std::max(1u, static_cast<unsigned>(std::bit_width(dictionary_->rows.size())));
      body += static_cast<char>(width);
      body += packed_numbers(numbers, width);
    } else if (column_.type() == ColumnType::boolean) {
      const std::string packed = packed_numbers(numbers, 1);
      body += packed.substr(packed.size() - (numbers.size() + 7) / 8);
    } else {
      body += values;
    }
    page(0, body, row - begin, dictionary_ ? 8 : 0);
    return row;
  }

  void page(int kind, const std::string& body, std::size_t values, int encoding) {
    if (body.size() > std::size_t{1} << 30)
      throw Error(ErrorKind::unsupported, "to_parquet: a value must have less than 1 GiB (got " +
                                              std::to_string(body.size()) + " bytes)");
    const std::string packed = packed_page(codec_, body);
    ThriftWriter header;
    header.integer(1, kind);
    header.integer(2, static_cast<std::int64_t>(body.size()));
    header.integer(3, static_cast<std::int64_t>(packed.size()));
    header.begin(kind == 2 ? 7 : 5);
    header.integer(1, static_cast<std::int64_t>(values));
    header.integer(2, encoding);
    if (kind == 0) {
      header.integer(3, 3);
      header.integer(4, 3);
    }
    header.end();
    header.end();
    to_ += header.bytes();
    to_ += packed;
    unpacked += header.bytes().size() + body.size();
  }

  const Column& column_;
  std::uint8_t codec_;
  std::string& to_;
  std::optional<Dictionary> dictionary_;
};

// The least and the greatest value, as they lie in pages (texts without their length).
void note_statistics(const Column& column, ParquetChunk& chunk) {
  if (column.type() == ColumnType::boolean) return;
  std::optional<std::size_t> least, greatest;
  const auto before = [&](std::size_t a, std::size_t b) {
    if (column.type() == ColumnType::text) return column.text(a) < column.text(b);
    if (column.type() == ColumnType::float64) return reals(column)[a] < reals(column)[b];
    return integers(column)[a] < integers(column)[b];
  };
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.is_na(row)) continue;
    if (column.type() == ColumnType::float64 && std::isnan(reals(column)[row])) return;
    if (!least || before(row, *least)) least = row;
    if (!greatest || before(*greatest, row)) greatest = row;
  }
  if (!least) return;
  if (column.type() == ColumnType::text) {
    if (column.text(*least).size() > longest_statistic || column.text(*greatest).size() > longest_statistic)
      return;
    chunk.least = column.text(*least);
    chunk.greatest = column.text(*greatest);
    return;
  }
  append_plain(chunk.least, column, *least);
  append_plain(chunk.greatest, column, *greatest);
  // Zeros of either sign are equal, and either may be among the values.
  if (column.type() != ColumnType::float64) return;
  if (reals(column)[*least] == 0) append_little(chunk.least = {}, -0.0);
  if (reals(column)[*greatest] == 0) append_little(chunk.greatest = {}, 0.0);
}

void write_schema(ThriftWriter& footer, const Schema& schema) {
  footer.begin_list(2, schema.size() + 1, ThriftReader::structure);
  footer.begin_element();
  footer.text(4, "schema");
  footer.integer(5, static_cast<std::int64_t>(schema.size()));
  footer.end();
  for (const Field& field : schema) {
    footer.begin_element();
    footer.integer(1, parquet_type(field.type));
    footer.integer(3, 1);
    footer.text(4, field.name);
    if (field.type == ColumnType::text) footer.integer(6, 0);
    if (field.type == ColumnType::date) footer.integer(6, 6);
    if (field.type == ColumnType::text || field.type == ColumnType::date) {
      footer.begin(10);
      footer.begin(field.type == ColumnType::text ? 1 : 6);
      footer.end();
      footer.end();
    } else if (field.type == ColumnType::datetime) {
      footer.begin(10);
      footer.begin(8);
      footer.boolean(1, true);
      footer.begin(2);
      footer.begin(3);
      footer.end();
      footer.end();
      footer.end();
      footer.end();
    }
    footer.end();
  }
}

void write_chunk(ThriftWriter& footer, const Field& field, const WrittenGroup& group, std::size_t c) {
  const ParquetChunk& chunk = group.chunks[c];
  const auto begin = static_cast<std::int64_t>(chunk.begin);
  footer.begin_element();
  footer.integer(2, begin, ThriftReader::i64);
  footer.begin(3);
  footer.integer(1, parquet_type(field.type));
  footer.begin_list(2, 3, ThriftReader::i32);
  for (const int encoding : {0, 3, 8}) footer.element(encoding);
  footer.begin_list(3, 1, ThriftReader::binary);
  footer.element(std::string_view(field.name));
  footer.integer(4, chunk.codec);
  footer.integer(5, static_cast<std::int64_t>(chunk.values), ThriftReader::i64);
  footer.integer(6, static_cast<std::int64_t>(group.unpacked[c]), ThriftReader::i64);
  footer.integer(7, static_cast<std::int64_t>(chunk.bytes), ThriftReader::i64);
  footer.integer(9, begin + static_cast<std::int64_t>(group.dictionary_bytes[c]), ThriftReader::i64);
  if (group.dictionary_bytes[c]) footer.integer(11, begin, ThriftReader::i64);
  footer.begin(12);
  footer.integer(3, static_cast<std::int64_t>(group.missing[c]), ThriftReader::i64);
  if (!chunk.least.empty() || !chunk.greatest.empty()) {
    footer.text(5, chunk.greatest);
    footer.text(6, chunk.least);
  }
  footer.end();
  footer.end();
  footer.end();
}

}  // namespace

WrittenGroup written_group(const Table& table, const Schema& schema, std::uint8_t codec) {
  WrittenGroup group;
  group.rows = table.rows();
  for (const Field& field : schema) {
    const Column& column = table.column(field.name);
    ParquetChunk chunk{.codec = codec, .begin = group.bytes.size(), .values = table.rows()};
    ChunkWriter writer(column, codec, group.bytes);
    writer.write();
    chunk.bytes = group.bytes.size() - chunk.begin;
    note_statistics(column, chunk);
    group.chunks.push_back(std::move(chunk));
    group.unpacked.push_back(writer.unpacked);
    group.dictionary_bytes.push_back(writer.dictionary_bytes);
    group.missing.push_back(column.na_count());
  }
  return group;
}

std::string written_footer(const Schema& schema, const std::vector<WrittenGroup>& groups) {
  ThriftWriter footer;
  footer.integer(1, 2);
  write_schema(footer, schema);
  std::uint64_t rows = 0;
  for (const WrittenGroup& group : groups) rows += group.rows;
  footer.integer(3, static_cast<std::int64_t>(rows), ThriftReader::i64);
  footer.begin_list(4, groups.size(), ThriftReader::structure);
  for (const WrittenGroup& group : groups) {
    footer.begin_element();
    footer.begin_list(1, schema.size(), ThriftReader::structure);
    std::uint64_t unpacked = 0;
    for (std::size_t c = 0; c < schema.size(); ++c) {
      write_chunk(footer, schema[c], group, c);
      unpacked += group.unpacked[c];
    }
    footer.integer(2, static_cast<std::int64_t>(unpacked), ThriftReader::i64);
    footer.integer(3, static_cast<std::int64_t>(group.rows), ThriftReader::i64);
    footer.end();
  }
  footer.text(6, "weir");
  // Statistics are in the order of the types.
  footer.begin_list(7, schema.size(), ThriftReader::structure);
  for (std::size_t c = 0; c < schema.size(); ++c) {
    footer.begin_element();
    footer.begin(1);
    footer.end();
    footer.end();
  }
  footer.end();
  std::string bytes = footer.bytes();
  append_little(bytes, static_cast<std::uint32_t>(bytes.size()));
  return bytes + "PAR1";
}

}  // namespace weir::detail::frame
