// What a Parquet file says of itself, at its end.
#include <algorithm>

#include "core/decimal.hpp"
#include "files/stretch.hpp"
#include "frame/parquet/values.hpp"

namespace weir::detail::frame {

void broken_parquet(const std::string& path, std::uint64_t at, const std::string& how) {
  throw Error(ErrorKind::serialization,
              "read_parquet: " + quoted(path) + " is broken at byte " + std::to_string(at) + ": " + how);
}

void throw_fault(const std::string& path, std::uint64_t begin, const ParquetFault& fault) {
  if (!fault.is_unsupported) broken_parquet(path, begin + fault.at, fault.how);
  throw Error(ErrorKind::unsupported, "read_parquet: " + quoted(path) + " has at byte " +
                                          std::to_string(begin + fault.at) +
                                          " what is not read: " + fault.how);
}

std::string bytes_of_file(const std::string& path, std::uint64_t begin, std::uint64_t size) {
  std::string bytes = files::stretch("read_parquet", {path, Compression::none, begin, begin + size}, size);
  if (bytes.size() < size) broken_parquet(path, begin + bytes.size(), "the file ends too early");
  return bytes;
}

namespace {

constexpr std::uint64_t most_rows = 1u << 31;

// An element of the schema, as it is written there.
struct SchemaElement {
  std::string name;
  std::int64_t physical = -1, length = 0, repetition = 0, children = 0, converted = -1, scale = 0;
  std::int64_t unit_ns = 0;  // of a logical timestamp or time of day
  bool is_date = false, is_decimal = false, is_unsigned = false, is_time = false, is_uuid = false;
};

void read_timestamp(ThriftReader& reader, ThriftReader::Field of, SchemaElement& element) {
  reader.fields_of(of, [&](ThriftReader::Field field) {
    if (field.id != 2) return reader.skip(field);
    reader.fields_of(field, [&](ThriftReader::Field unit) {
      element.unit_ns = unit.id == 1 ? 1'000'000 : unit.id == 2 ? 1'000 : 1;
      reader.skip(unit);
    });
  });
}

void read_logical(ThriftReader& reader, ThriftReader::Field of, SchemaElement& element) {
  reader.fields_of(of, [&](ThriftReader::Field field) {
    switch (field.id) {
      case 5:
        element.is_decimal = true;
        return reader.fields_of(field, [&](ThriftReader::Field part) {
          if (part.id == 1) element.scale = reader.integer(part);
          else reader.skip(part);
        });
      case 6:
        element.is_date = true;
        return reader.skip(field);
      case 7:
        element.is_time = true;
        return read_timestamp(reader, field, element);
      case 8:
        return read_timestamp(reader, field, element);
      case 14:
        element.is_uuid = true;
        return reader.skip(field);
      case 10:
        return reader.fields_of(field, [&](ThriftReader::Field part) {
          if (part.id == 2) element.is_unsigned = !reader.boolean(part);
          else reader.skip(part);
        });
      default:
        return reader.skip(field);
    }
  });
}

SchemaElement read_element(ThriftReader& reader, ThriftReader::Field of) {
  SchemaElement element;
  reader.fields_of(of, [&](ThriftReader::Field field) {
    switch (field.id) {
      case 1:
        element.physical = reader.integer(field);
        return;
      case 2:
        element.length = reader.integer(field);
        return;
      case 3:
        element.repetition = reader.integer(field);
        return;
      case 4:
        element.name = reader.text(field);
        return;
      case 5:
        element.children = reader.integer(field);
        return;
      case 6:
        element.converted = reader.integer(field);
        return;
      case 7:
        element.scale = reader.integer(field);
        return;
      case 10:
        return read_logical(reader, field, element);
      default:
        return reader.skip(field);
    }
  });
  return element;
}

void read_statistics(ThriftReader& reader, ThriftReader::Field of, ParquetChunk& chunk) {
  reader.fields_of(of, [&](ThriftReader::Field field) {
    if (field.id == 5) chunk.greatest = reader.text(field);
    else if (field.id == 6) chunk.least = reader.text(field);
    else reader.skip(field);
  });
}

ParquetChunk read_chunk(ThriftReader& reader, ThriftReader::Field of) {
  ParquetChunk chunk;
  std::int64_t bytes = 0, values = 0, data = 0, dictionary = 0, codec = 0;
  bool is_elsewhere = false;
  const auto meta = [&](ThriftReader::Field field) {
    switch (field.id) {
      case 4:
        codec = reader.integer(field);
        return;
      case 5:
        values = reader.integer(field);
        return;
      case 7:
        bytes = reader.integer(field);
        return;
      case 9:
        data = reader.integer(field);
        return;
      case 11:
        dictionary = reader.integer(field);
        return;
      case 12:
        return read_statistics(reader, field, chunk);
      default:
        return reader.skip(field);
    }
  };
  reader.fields_of(of, [&](ThriftReader::Field field) {
    if (field.id == 3) return reader.fields_of(field, meta);
    is_elsewhere = is_elsewhere || field.id == 1;
    reader.skip(field);
  });
  if (is_elsewhere)
    throw ParquetFault{reader.at(), "a column must be in the file (got one in another)", true};
  // Some writers give 0 for no dictionary.
  if (dictionary > 0 && dictionary < data) data = dictionary;
  if (bytes < 0 || values < 0 || data < 0 || codec < 0 || codec > 255)
    throw ParquetFault{reader.at(), "a column has no place"};
  chunk.codec = static_cast<std::uint8_t>(codec);
  chunk.bytes = static_cast<std::uint64_t>(bytes);
  chunk.values = static_cast<std::uint64_t>(values);
  chunk.begin = static_cast<std::uint64_t>(data);
  return chunk;
}

ParquetGroup read_group(ThriftReader& reader, ThriftReader::Field of) {
  ParquetGroup group;
  reader.fields_of(of, [&](ThriftReader::Field field) {
    if (field.id == 1)
      return reader.elements(
          field, [&](ThriftReader::Field element) { group.chunks.push_back(read_chunk(reader, element)); });
    if (field.id != 3) return reader.skip(field);
    const std::int64_t rows = reader.integer(field);
    if (rows < 0 || static_cast<std::uint64_t>(rows) > most_rows)
      throw ParquetFault{reader.at(), "a row group must have at most 2^31 rows"};
    group.rows = static_cast<std::uint64_t>(rows);
  });
  return group;
}

ParquetColumn column_of(const SchemaElement& element) {
  if (element.physical < 0 || element.physical > 7) throw ParquetFault{0, "a column has no known type"};
  ParquetColumn column;
  column.name = element.name;
  column.physical = static_cast<Physical>(element.physical);
  column.is_optional = element.repetition == 1;
  column.is_unsigned = element.is_unsigned || (element.converted >= 11 && element.converted <= 14);
  const bool may_be_decimal = column.physical == Physical::int32 || column.physical == Physical::int64 ||
                              column.physical == Physical::bytes || column.physical == Physical::fixed_bytes;
  column.is_decimal = may_be_decimal && (element.is_decimal || element.converted == 5);
  column.scale = static_cast<std::int32_t>(std::clamp<std::int64_t>(element.scale, 0, 400));
  if (element.length < 0 || element.length > 1 << 20) throw ParquetFault{0, "values must have at most 1 MiB"};
  column.length = static_cast<std::int32_t>(element.length);
  const bool is_millis = element.converted == 7 || element.converted == 9;
  const bool is_micros = element.converted == 8 || element.converted == 10;
  column.unit_ns = element.unit_ns ? element.unit_ns : is_millis ? 1'000'000 : is_micros ? 1'000 : 0;
  const bool is_integer = column.physical == Physical::int32 || column.physical == Physical::int64;
  if (is_integer && (element.is_time || element.converted == 7 || element.converted == 8))
    column.form = ParquetForm::time_of_day;
  if (column.physical == Physical::fixed_bytes && element.is_uuid && column.length == 16)
    column.form = ParquetForm::uuid;
  switch (column.physical) {
    case Physical::boolean:
      column.type = ColumnType::boolean;
      break;
    case Physical::int32:
      column.type = element.is_date || element.converted == 6 ? ColumnType::date : ColumnType::int64;
      break;
    case Physical::int64:
      column.type = column.unit_ns ? ColumnType::datetime : ColumnType::int64;
      break;
    case Physical::int96:
      column.type = ColumnType::datetime;
      break;
    case Physical::float32:
    case Physical::float64:
      column.type = ColumnType::float64;
      break;
    case Physical::bytes:
    case Physical::fixed_bytes:
      column.type = ColumnType::text;
      break;
  }
  if (column.is_decimal) column.type = ColumnType::float64;
  if (column.form != ParquetForm::plain) column.type = ColumnType::text;
  return column;
}

// The columns of the file; nested ones are refused if they are asked for, and have chunks nevertheless.
std::vector<std::optional<ParquetColumn>> columns_in(const std::string& path,
                                                     const std::vector<SchemaElement>& elements,
                                                     const std::vector<std::string>& wanted) {
  std::vector<std::optional<ParquetColumn>> columns;
  if (elements.empty()) throw ParquetFault{0, "there is no schema"};
  std::size_t at = 1;
  while (at < elements.size()) {
    const SchemaElement& top = elements[at];
    const bool is_nested = top.children > 0 || top.repetition == 2;
    constexpr std::int64_t interval = 21;
    if (!is_nested && top.converted != interval) {
      columns.emplace_back(column_of(top));
      ++at;
      continue;
    }
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), top.name) != wanted.end())
      throw Error(ErrorKind::unsupported, "read_parquet: a column must hold plain values (got " +
                                              quoted(top.name) + " of " + quoted(path) + ", which holds " +
                                              (is_nested ? "lists or structs" : "intervals") +
                                              "); .columns leaves it out");
    std::uint64_t open = 1;
    while (open > 0) {
      if (at >= elements.size()) throw ParquetFault{0, "the schema ends too early"};
      const std::int64_t children = std::max<std::int64_t>(elements[at].children, 0);
      if (children == 0) columns.emplace_back();
      open += static_cast<std::uint64_t>(children);
      --open;
      ++at;
    }
  }
  return columns;
}

}  // namespace

ParquetFile read_parquet_footer(const std::string& path, std::uint64_t bytes,
                                const std::vector<std::string>& wanted) {
  if (bytes < 12) broken_parquet(path, bytes, "a Parquet file has 12 bytes at least");
  const std::string end = bytes_of_file(path, bytes - 8, 8);
  if (end.substr(4) == "PARE")
    throw_fault(path, 0, {bytes - 4, "a file must not be encrypted (got one that is)", true});
  if (end.substr(4) != "PAR1") broken_parquet(path, bytes - 4, "a Parquet file ends with PAR1");
  const std::uint64_t size = little<std::uint32_t>(end.data());
  if (size > bytes - 12) broken_parquet(path, bytes - 8, "the metadata is longer than the file");
  const std::uint64_t begin = bytes - 8 - size;
  const std::string text = bytes_of_file(path, begin, size);
  ParquetFile file{path, files::mark_of(bytes, begin, text), {}, {}};
  try {
    ThriftReader reader(text);
    std::vector<SchemaElement> elements;
    reader.fields([&](ThriftReader::Field field) {
      if (field.id == 2)
        reader.elements(field, [&](ThriftReader::Field e) { elements.push_back(read_element(reader, e)); });
      else if (field.id == 4)
        reader.elements(field, [&](ThriftReader::Field e) { file.groups.push_back(read_group(reader, e)); });
      else reader.skip(field);
    });
    const auto columns = columns_in(path, elements, wanted);
    for (ParquetGroup& group : file.groups) {
      if (group.chunks.size() != columns.size())
        throw ParquetFault{reader.at(), "a row group has not as many columns as the schema"};
      std::vector<ParquetChunk> chunks;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const ParquetChunk& chunk = group.chunks[c];
        if (chunk.begin > begin || chunk.bytes > begin - chunk.begin)
          throw ParquetFault{reader.at(), "a column lies behind the end of the file"};
        if (columns[c] && chunk.values != group.rows)
          throw ParquetFault{reader.at(), "a column has not as many values as its row group"};
        if (columns[c]) chunks.push_back(chunk);
      }
      group.chunks = std::move(chunks);
    }
    for (const auto& column : columns)
      if (column) file.columns.push_back(*column);
  } catch (const ParquetFault& fault) {
    throw_fault(path, begin, fault);
  }
  return file;
}

}  // namespace weir::detail::frame
