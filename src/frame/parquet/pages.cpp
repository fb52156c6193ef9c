// The pages of a row group, which become columns.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/kernels/kernels.hpp"
#include "frame/parquet/values.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::uint64_t largest_page = 1u << 30;

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

std::string name_of_encoding(std::int64_t encoding) {
  switch (encoding) {
    case 5:
      return "delta_binary_packed";
    case 6:
      return "delta_length_byte_array";
    case 7:
      return "delta_byte_array";
    case 9:
      return "byte_stream_split";
    default:
      return "encoding " + std::to_string(encoding);
  }
}

std::string written_uuid(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}
std::string written_time_of_day(std::int64_t count, std::int64_t unit_ns) {
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  if (count < 0 || count >= day_ns / unit_ns)
    throw ParquetFault{0, "a time of day must be within a day (got " + std::to_string(count) + ")"};
  return written_clock(count * unit_ns);
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
      throw ParquetFault{
          0, "values must be encoded plainly or by a dictionary (got " + name_of_encoding(encoding) + ")",
          true};
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
              std::string made;
              if (column_.form == ParquetForm::uuid) made = written_uuid(from.texts[i]);
              if (column_.form == ParquetForm::time_of_day)
                made = written_time_of_day(from.integers[i], column_.unit_ns);
              const std::string_view text = column_.form == ParquetForm::plain ? from.texts[i] : made;
              cells_.text.insert(cells_.text.end(), text.begin(), text.end());
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
  files::check_mark("read_parquet", part.path, part.mark);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    const ParquetChunk& chunk = part.chunks[c];
    const std::string bytes = bytes_of_file(part.path, chunk.begin, chunk.bytes);
    ChunkReader reader(part.columns[c], chunk, bytes);
    try {
      columns.push_back(reader.read());
    } catch (const ParquetFault& fault) {
      throw_fault(part.path, chunk.begin + reader.place(),
                  {0, fault.how + " (column " + quoted(part.columns[c].name) + ")", fault.is_unsupported});
    }
    names.push_back(part.columns[c].name);
  }
  if (!part.path_column.empty()) {
    names.push_back(part.path_column);
    columns.push_back(take(make_column(std::vector<std::string>{part.path}), std::vector<Row>(part.rows, 0)));
  }
  return Table(std::move(names), std::move(columns));
}

}  // namespace weir::detail::frame
