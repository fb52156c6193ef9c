// What a Parquet file says of itself, and the pages of a row group, which become columns.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/decimal.hpp"
#include "frame/kernels/kernels.hpp"
#include "frame/parquet/format.hpp"
#include "weir/detail/files/input.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::uint64_t most_rows = 1u << 31, largest_page = 1u << 30;

[[noreturn]] void broken_parquet(const std::string& path, std::uint64_t at, const std::string& how) {
  throw Error(ErrorKind::serialization,
              "read_parquet: " + quoted(path) + " is broken at byte " + std::to_string(at) + ": " + how);
}

std::string bytes_of_file(const std::string& path, std::uint64_t begin, std::uint64_t size) {
  const auto input = files::open("read_parquet", {path, Compression::none, begin, begin + size});
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const std::size_t got = input->read(bytes.data() + filled, size - filled);
    if (got == 0) broken_parquet(path, begin + filled, "the file ends too early");
    filled += got;
  }
  return bytes;
}

template <class T>
T little(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// --- the end of the file

// An element of the schema, as it is written there.
struct SchemaElement {
  std::string name;
  std::int64_t physical = -1, length = 0, repetition = 0, children = 0, converted = -1, scale = 0;
  std::int64_t unit_ns = 0;  // of a logical timestamp
  bool is_date = false, is_decimal = false, is_unsigned = false;
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
      case 8:
        return read_timestamp(reader, field, element);
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
  if (is_elsewhere) throw ParquetFault{reader.at(), "a column is in another file, which is not read"};
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
  column.unit_ns = element.unit_ns           ? element.unit_ns
                   : element.converted == 9  ? 1'000'000
                   : element.converted == 10 ? 1'000
                                             : 0;
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
    if (!is_nested) {
      columns.emplace_back(column_of(top));
      ++at;
      continue;
    }
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), top.name) != wanted.end())
      throw Error(ErrorKind::unsupported, "read_parquet: a column must hold plain values (got " +
                                              quoted(top.name) + " of " + quoted(path) +
                                              ", which holds lists or structs); .columns leaves it out");
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
  if (end.substr(4) == "PARE") broken_parquet(path, bytes - 4, "it is encrypted, which is not supported");
  if (end.substr(4) != "PAR1") broken_parquet(path, bytes - 4, "a Parquet file ends with PAR1");
  const std::uint64_t size = little<std::uint32_t>(end.data());
  if (size > bytes - 12) broken_parquet(path, bytes - 8, "the metadata is longer than the file");
  const std::uint64_t begin = bytes - 8 - size;
  const std::string text = bytes_of_file(path, begin, size);
  ParquetFile file{path, {}, {}};
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
    broken_parquet(path, begin + fault.at, fault.how);
  }
  return file;
}

namespace {

// --- pages

// Numbers of a few bits: runs of one value, and groups of eight packed into their bits.
class Hybrid {
 public:
  Hybrid(std::string_view bytes, unsigned width) : bytes_(bytes), width_(width) {
    if (width > 32) throw ParquetFault{0, "numbers of more than 32 bits"};
  }
  /// Appends `count` numbers.
  void read(std::size_t count, std::vector<std::uint32_t>& to) {
    const std::size_t wanted = to.size() + count;
    while (to.size() < wanted) {
      const std::uint64_t header = varint();
      if (header & 1) packed(header >> 1, wanted, to);
      else to.insert(to.end(), std::min<std::uint64_t>(header >> 1, wanted - to.size()), run_value());
    }
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    throw ParquetFault{0, "a run has no length"};
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw ParquetFault{0, "a page ends inside of its numbers"};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::uint32_t run_value() {
    std::uint32_t value = 0;
    const std::string_view bytes = take((width_ + 7) / 8);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << width_) - 1));
  }
  void packed(std::uint64_t groups, std::size_t wanted, std::vector<std::uint32_t>& to) {
    // The last group may be cut off behind the last value.
    const std::uint64_t bits = std::min<std::uint64_t>(groups, bytes_.size() + 1) * 8 * width_;
    const std::string_view bytes = take(std::min<std::size_t>(bits / 8, bytes_.size()));
    std::uint64_t buffer = 0;
    unsigned filled = 0;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < groups * 8 && to.size() < wanted; ++i) {
      while (filled < width_) {
        if (at == bytes.size()) throw ParquetFault{0, "a page ends inside of its numbers"};
        buffer |= std::uint64_t{static_cast<std::uint8_t>(bytes[at++])} << filled;
        filled += 8;
      }
      to.push_back(static_cast<std::uint32_t>(buffer & ((std::uint64_t{1} << width_) - 1)));
      buffer >>= width_;
      filled -= width_;
    }
  }

  std::string_view bytes_;
  unsigned width_;
};

// Values that are there, one behind the other.
struct Values {
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::uint8_t> flags;
  std::vector<std::string_view> texts;
};

double decimal_of(std::string_view big_endian, int scale) {
  double value = big_endian.empty() || !(static_cast<std::uint8_t>(big_endian[0]) & 0x80u) ? 0 : -1;
  for (const char byte : big_endian) value = value * 256 + static_cast<std::uint8_t>(byte);
  return value / std::pow(10.0, scale);
}

// Reads plain values of a column.
class PlainReader {
 public:
  PlainReader(const ParquetColumn& column, std::string_view bytes) : column_(column), bytes_(bytes) {}

  void read(std::size_t count, Values& to) {
    switch (column_.physical) {
      case Physical::boolean:
        return read_flags(count, to);
      case Physical::int32:
        for (const char* at = take(count, 4); count > 0; --count, at += 4) {
          const auto value = little<std::int32_t>(at);
          integer(column_.is_unsigned ? static_cast<std::int64_t>(static_cast<std::uint32_t>(value)) : value,
                  to);
        }
        return;
      case Physical::int64:
        for (const char* at = take(count, 8); count > 0; --count, at += 8) {
          const auto value = little<std::int64_t>(at);
          if (column_.is_unsigned && value < 0)
            throw ParquetFault{0, "integers beyond 63 bits are not supported"};
          integer(value, to);
        }
        return;
      case Physical::int96:
        for (const char* at = take(count, 12); count > 0; --count, at += 12) {
          constexpr std::int64_t day_of_1970 = 2'440'588, day_ns = 86'400'000'000'000;
          const std::int64_t days = std::int64_t{little<std::int32_t>(at + 8)} - day_of_1970;
          time(days, day_ns, little<std::int64_t>(at), to);
        }
        return;
      case Physical::float32:
        for (const char* at = take(count, 4); count > 0; --count, at += 4)
          to.reals.push_back(little<float>(at));
        return;
      case Physical::float64:
        for (const char* at = take(count, 8); count > 0; --count, at += 8)
          to.reals.push_back(little<double>(at));
        return;
      case Physical::bytes:
        for (; count > 0; --count) text(take_text(little<std::uint32_t>(take(1, 4))), to);
        return;
      case Physical::fixed_bytes:
        for (; count > 0; --count) text(take_text(static_cast<std::uint32_t>(column_.length)), to);
        return;
    }
  }

 private:
  const char* take(std::size_t count, std::size_t size) {
    if (count > bytes_.size() / size) throw ParquetFault{0, "a page has fewer values than its header says"};
    const char* at = bytes_.data();
    bytes_.remove_prefix(count * size);
    return at;
  }
  std::string_view take_text(std::uint32_t size) {
    if (size > bytes_.size()) throw ParquetFault{0, "a value reaches behind its page"};
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  void read_flags(std::size_t count, Values& to) {
    if (count > bytes_.size() * 8) throw ParquetFault{0, "a page has fewer values than its header says"};
    for (std::size_t i = 0; i < count; ++i)
      to.flags.push_back(static_cast<std::uint8_t>(bytes_[i / 8]) >> (i % 8) & 1);
  }
  void text(std::string_view bytes, Values& to) const {
    if (column_.is_decimal) to.reals.push_back(decimal_of(bytes, column_.scale));
    else to.texts.push_back(bytes);
  }
  void integer(std::int64_t value, Values& to) const {
    if (column_.is_decimal) {
      to.reals.push_back(static_cast<double>(value) / std::pow(10.0, column_.scale));
    } else if (column_.type == ColumnType::datetime) {
      time(value, column_.unit_ns, 0, to);
    } else {
      to.integers.push_back(value);
    }
  }
  static void time(std::int64_t count, std::int64_t unit, std::int64_t more, Values& to) {
    std::int64_t value = 0;
    if (__builtin_mul_overflow(count, unit, &value) || __builtin_add_overflow(value, more, &value))
      throw ParquetFault{0, "times must be within 1677 to 2262"};
    to.integers.push_back(value);
  }

  const ParquetColumn& column_;
  std::string_view bytes_;
};

struct PageHeader {
  std::int64_t kind = -1, unpacked = -1, packed = -1, values = -1, encoding = -1;
  std::int64_t level_encoding = 3, levels_bytes = 0, repeats_bytes = 0, missing = 0;  // of the second version
  bool is_packed = true;
};

PageHeader read_page_header(ThriftReader& reader) {
  PageHeader header;
  const auto first = [&](ThriftReader::Field field) {
    if (field.id == 1) header.values = reader.integer(field);
    else if (field.id == 2) header.encoding = reader.integer(field);
    else if (field.id == 3 && field.type != ThriftReader::is_true && field.type != ThriftReader::is_false)
      header.level_encoding = reader.integer(field);
    else reader.skip(field);
  };
  const auto second = [&](ThriftReader::Field field) {
    if (field.id == 1) header.values = reader.integer(field);
    else if (field.id == 4) header.encoding = reader.integer(field);
    else if (field.id == 5) header.levels_bytes = reader.integer(field);
    else if (field.id == 6) header.repeats_bytes = reader.integer(field);
    else if (field.id == 7) header.is_packed = reader.boolean(field);
    else reader.skip(field);
  };
  reader.fields([&](ThriftReader::Field field) {
    if (field.id == 1) header.kind = reader.integer(field);
    else if (field.id == 2) header.unpacked = reader.integer(field);
    else if (field.id == 3) header.packed = reader.integer(field);
    else if (field.id == 5 || field.id == 7) reader.fields_of(field, first);
    else if (field.id == 8) reader.fields_of(field, second);
    else reader.skip(field);
  });
  if (header.packed < 0 || header.unpacked < 0 || header.unpacked > std::int64_t{largest_page})
    throw ParquetFault{0, "a page must have 0 to 2^30 bytes"};
  return header;
}

// The pages of a chunk, which become one column.
class ChunkReader {
 public:
  ChunkReader(const ParquetColumn& column, const ParquetChunk& chunk, std::string_view bytes)
      : column_(column), chunk_(chunk), bytes_(bytes) {}

  Column read() {
    std::size_t at = 0;
    while (rows_ < chunk_.values) {
      place_ = at;
      if (at >= bytes_.size()) throw ParquetFault{0, "a column ends before its last value"};
      ThriftReader reader(bytes_.substr(at));
      const PageHeader header = read_page_header(reader);
      at += reader.at();
      if (static_cast<std::uint64_t>(header.packed) > bytes_.size() - at)
        throw ParquetFault{0, "a page reaches behind its column"};
      const std::string_view body = bytes_.substr(at, static_cast<std::size_t>(header.packed));
      at += body.size();
      page(header, body);
    }
    return finish();
  }
  /// Of the page that is read, in the chunk.
  [[nodiscard]] std::uint64_t place() const noexcept { return place_; }

 private:
  void page(const PageHeader& header, std::string_view body) {
    if (header.kind == 2) return dictionary(header, body);
    if (header.kind != 0 && header.kind != 3) return;  // of an index
    if (header.values < 0 || static_cast<std::uint64_t>(header.values) > chunk_.values - rows_)
      throw ParquetFault{0, "a page has more values than its column"};
    const auto values = static_cast<std::size_t>(header.values);
    std::string_view levels;
    std::string text;
    if (header.kind == 0) {
      text = unpacked_page(chunk_.codec, body, static_cast<std::uint64_t>(header.unpacked));
      body = text;
      if (column_.is_optional) {
        if (header.level_encoding != 3) throw ParquetFault{0, "levels must be encoded as runs"};
        if (body.size() < 4) throw ParquetFault{0, "a page ends inside of its levels"};
        const std::size_t size = little<std::uint32_t>(body.data());
        if (size > body.size() - 4) throw ParquetFault{0, "a page ends inside of its levels"};
        levels = body.substr(4, size);
        body.remove_prefix(4 + size);
      }
    } else {
      if (header.repeats_bytes != 0 || header.levels_bytes < 0 ||
          static_cast<std::uint64_t>(header.levels_bytes) > body.size() ||
          header.levels_bytes > header.unpacked)
        throw ParquetFault{0, "a page ends inside of its levels"};
      const auto size = static_cast<std::size_t>(header.levels_bytes);
      levels = body.substr(0, size);
      text = unpacked_page(header.is_packed ? chunk_.codec : std::uint8_t{plain_codec}, body.substr(size),
                           static_cast<std::uint64_t>(header.unpacked) - size);
      body = text;
    }
    there_.clear();
    if (column_.is_optional) Hybrid(levels, 1).read(values, there_);
    const std::size_t present =
        column_.is_optional ? static_cast<std::size_t>(std::count(there_.begin(), there_.end(), 1u)) : values;
    append(header.encoding, body, values, present);
  }

  void dictionary(const PageHeader& header, std::string_view body) {
    if (header.values < 0) throw ParquetFault{0, "a dictionary has no number of values"};
    dictionary_text_ = unpacked_page(chunk_.codec, body, static_cast<std::uint64_t>(header.unpacked));
    dictionary_ = {};
    PlainReader(column_, dictionary_text_).read(static_cast<std::size_t>(header.values), dictionary_);
    dictionary_size_ = static_cast<std::size_t>(header.values);
  }

  void append(std::int64_t encoding, std::string_view body, std::size_t values, std::size_t present) {
    Values page;
    const bool is_dictionary = encoding == 2 || encoding == 8;
    std::vector<std::uint32_t> indices;
    if (is_dictionary) {
      if (present > 0) {
        if (body.empty()) throw ParquetFault{0, "a page has no indices"};
        Hybrid(body.substr(1), static_cast<std::uint8_t>(body[0])).read(present, indices);
      }
      for (const std::uint32_t index : indices)
        if (index >= dictionary_size_) throw ParquetFault{0, "an index is behind the dictionary's end"};
    } else if (encoding == 3 && column_.physical == Physical::boolean) {
      if (body.size() < 4) throw ParquetFault{0, "a page has no values"};
      Hybrid(body.substr(4), 1).read(present, indices);
      for (const std::uint32_t flag : indices) page.flags.push_back(static_cast<std::uint8_t>(flag));
    } else if (encoding == 0) {
      PlainReader(column_, body).read(present, page);
    } else {
      throw ParquetFault{0, "values must be encoded plainly or by a dictionary (got encoding " +
                                std::to_string(encoding) + ")"};
    }
    const Values& from = is_dictionary ? dictionary_ : page;
    const bool by_index = is_dictionary;
    std::size_t next = 0;
    const auto each = [&](auto&& add, auto&& add_missing) {
      for (std::size_t i = 0; i < values; ++i) {
        if (column_.is_optional && there_[i] == 0) {
          missing_.push_back(rows_ + i);
          add_missing();
          continue;
        }
        add(by_index ? indices[next] : next);
        ++next;
      }
    };
    switch (column_.type) {
      case ColumnType::boolean:
        each([&](std::size_t i) { cells_.flags.push_back(from.flags[i]); },
             [&] { cells_.flags.push_back(0); });
        break;
      case ColumnType::float64:
        each([&](std::size_t i) { cells_.reals.push_back(from.reals[i]); },
             [&] { cells_.reals.push_back(0); });
        break;
      case ColumnType::text:
        each(
            [&](std::size_t i) {
              cells_.text.insert(cells_.text.end(), from.texts[i].begin(), from.texts[i].end());
              cells_.integers.push_back(static_cast<std::int64_t>(cells_.text.size()));
            },
            [&] { cells_.integers.push_back(static_cast<std::int64_t>(cells_.text.size())); });
        break;
      default:
        each([&](std::size_t i) { cells_.integers.push_back(from.integers[i]); },
             [&] { cells_.integers.push_back(0); });
    }
    rows_ += values;
  }

  Column finish() {
    Bits bits(rows_);
    for (const std::size_t row : missing_) bits.clear(row);
    Block validity = std::move(bits).block();
    if (column_.type == ColumnType::text) cells_.integers.insert(cells_.integers.begin(), 0);
    return std::move(cells_).column(column_.type, rows_, std::move(validity));
  }

  const ParquetColumn& column_;
  const ParquetChunk& chunk_;
  std::string_view bytes_;
  std::uint64_t place_ = 0;
  std::size_t rows_ = 0;
  std::string dictionary_text_;
  Values dictionary_;
  std::size_t dictionary_size_ = 0;
  std::vector<std::uint32_t> there_;
  std::vector<std::size_t> missing_;
  Cells cells_;
};

}  // namespace

Table read_parquet_group(const ParquetPart& part) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    const ParquetChunk& chunk = part.chunks[c];
    const std::string bytes = bytes_of_file(part.path, chunk.begin, chunk.bytes);
    ChunkReader reader(part.columns[c], chunk, bytes);
    try {
      columns.push_back(reader.read());
    } catch (const ParquetFault& fault) {
      broken_parquet(part.path, chunk.begin + reader.place(),
                     fault.how + " (column " + quoted(part.columns[c].name) + ")");
    }
    names.push_back(part.columns[c].name);
  }
  if (!part.path_column.empty()) {
    names.push_back(part.path_column);
    columns.push_back(take(make_column(std::vector<std::string>{part.path}), std::vector<Row>(part.rows, 0)));
  }
  return Table(std::move(names), std::move(columns));
}

// --- statistics

namespace {

// -1, 0, 1: a value of the statistics against a constant; nothing if they cannot be compared.
std::optional<int> compared(const ParquetColumn& column, const std::string& bytes, const Literal& with) {
  if (bytes.empty() && column.type != ColumnType::text) return {};
  if (column.physical == Physical::int96 || (column.physical == Physical::bytes && column.is_decimal))
    return {};
  if (column.type == ColumnType::text && with.type == ColumnType::text && !column.is_decimal) {
    const int order = bytes.compare(with.text);
    return order < 0 ? -1 : order > 0;
  }
  Values values;
  try {
    PlainReader(column, bytes).read(1, values);
  } catch (const ParquetFault&) {
    return {};
  }
  const bool is_real = with.type == ColumnType::float64;
  if (!values.reals.empty()) {
    const double other = is_real ? with.real : static_cast<double>(with.integer);
    const double value = values.reals[0];
    if (std::isnan(value) || std::isnan(other)) return {};
    return value < other ? -1 : value > other;
  }
  if (values.integers.empty()) return {};
  if (is_real) {
    const auto value = static_cast<double>(values.integers[0]);
    if (std::isnan(with.real)) return {};
    return value < with.real ? -1 : value > with.real;
  }
  if (with.type != column.type) return {};
  return values.integers[0] < with.integer ? -1 : values.integers[0] > with.integer;
}

const Term* plain(const Term* term) {
  while (term->op == Op::cast && term->operands[0]->op == Op::column) term = term->operands[0].get();
  return term;
}

}  // namespace

bool excludes(const ParquetPart& part, const Term& condition) {
  if (condition.op == Op::both)
    return excludes(part, *condition.operands[0]) || excludes(part, *condition.operands[1]);
  if (condition.operands.size() != 2) return false;
  const Term* left = plain(condition.operands[0].get());
  const Term* right = condition.operands[1].get();
  if (left->op != Op::column || right->op != Op::literal) return false;
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    const ParquetColumn& column = part.columns[c];
    const ParquetChunk& chunk = part.chunks[c];
    if (column.name != left->name || (chunk.least.empty() && chunk.greatest.empty())) continue;
    const auto least = compared(column, chunk.least, right->literal);
    const auto greatest = compared(column, chunk.greatest, right->literal);
    switch (condition.op) {
      case Op::less:
        return least && *least >= 0;
      case Op::less_equal:
        return least && *least > 0;
      case Op::greater:
        return greatest && *greatest <= 0;
      case Op::greater_equal:
        return greatest && *greatest < 0;
      case Op::equal:
        return (least && *least > 0) || (greatest && *greatest < 0);
      default:
        return false;
    }
  }
  return false;
}

}  // namespace weir::detail::frame
