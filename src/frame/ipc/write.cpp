// Tables as messages: a header that says where each buffer is, and the buffers.
#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "core/decimal.hpp"
#include "frame/ipc/format.hpp"
#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

namespace {

// Text with more different values than this is written as it is.
constexpr std::size_t most_words = 4096;

constexpr std::int16_t version_5 = 4;
enum : std::uint8_t { schema_message = 1, dictionary_message = 2, batch_message = 3 };

void append_struct(std::string& to, std::initializer_list<std::int64_t> values) {
  for (const std::int64_t value : values) to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

FlatBuilder type_of(ColumnType type, std::uint8_t& number) {
  FlatBuilder of;
  switch (type) {
    case ColumnType::boolean:
      number = 6;
      return of;
    case ColumnType::int64:
      number = 2;
      return of.number(0, std::int32_t{64}).number(1, std::uint8_t{1});
    case ColumnType::float64:
      number = 3;
      return of.number(0, std::int16_t{2});
    case ColumnType::date:
      number = 8;
      return of.number(0, std::int16_t{0});
    case ColumnType::datetime:
      number = 10;
      return of.number(0, std::int16_t{3}).text(1, "UTC");
    case ColumnType::text:
      break;
  }
  number = 5;
  return of;
}

FlatBuilder schema_of(const Schema& schema, const std::vector<IpcWords>& words) {
  std::vector<FlatBuilder> fields;
  for (std::size_t c = 0; c < schema.size(); ++c) {
    std::uint8_t number = 0;
    FlatBuilder type = type_of(schema[c].type, number);
    FlatBuilder field;
    field.text(0, schema[c].name).number(1, std::uint8_t{1}).number(2, number).table(3, std::move(type));
    if (words[c])
      field.table(4, FlatBuilder()
                         .number(0, static_cast<std::int64_t>(c))
                         .table(1, FlatBuilder().number(0, std::int32_t{32}).number(1, std::uint8_t{1})));
    field.tables(5, {});
    fields.push_back(std::move(field));
  }
  return FlatBuilder().number(0, std::int16_t{0}).tables(1, std::move(fields));
}

// The body of a batch under construction, and what its header says of it.
struct Body {
  std::string bytes, nodes, buffers;
  std::uint32_t node_count = 0, buffer_count = 0;

  void node(std::size_t rows, std::size_t missing) {
    append_struct(nodes, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(missing)});
    ++node_count;
  }
  void buffer(const void* data, std::size_t size) {
    append_struct(buffers, {static_cast<std::int64_t>(bytes.size()), static_cast<std::int64_t>(size)});
    ++buffer_count;
    if (size) bytes.append(static_cast<const char*>(data), size);
    bytes.resize((bytes.size() + 7) / 8 * 8);
  }
  [[nodiscard]] FlatBuilder batch(std::size_t rows) const {
    return FlatBuilder()
        .number(0, static_cast<std::int64_t>(rows))
        .structs(1, nodes, node_count)
        .structs(2, buffers, buffer_count);
  }
};

void add_text(Body& body, const Column& column) {
  const std::int64_t* from = column.offsets();
  const std::size_t rows = column.size();
  const std::int64_t length = rows ? from[rows] - from[0] : 0;
  if (length > std::numeric_limits<std::int32_t>::max())
    throw Error(ErrorKind::invalid_argument,
                "to_arrow: the texts of a column must have at most 2 GB in each partition (got " +
                    std::to_string(length) + " bytes); more partitions make it less");
  std::vector<std::int32_t> offsets(rows + 1, 0);
  for (std::size_t i = 0; rows && i <= rows; ++i) offsets[i] = static_cast<std::int32_t>(from[i] - from[0]);
  body.buffer(offsets.data(), offsets.size() * 4);
  body.buffer(rows ? column.data() + from[0] : nullptr, static_cast<std::size_t>(length));
}

void add_indices(Body& body, const Column& column, const std::vector<std::string>& words) {
  std::unordered_map<std::string_view, std::int32_t> places;
  for (const std::string& word : words) places.emplace(word, static_cast<std::int32_t>(places.size()));
  std::vector<std::int32_t> indices(column.size(), 0);
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!column.is_na(i)) indices[i] = places.at(column.text(i));
  body.buffer(indices.data(), indices.size() * 4);
}

void add_values(Body& body, const Column& column) {
  const std::size_t rows = column.size();
  if (column.type() == ColumnType::boolean) {
    std::vector<std::uint8_t> bits((rows + 7) / 8, 0);
    for (std::size_t i = 0; i < rows; ++i)
      if (flags(column)[i]) bits[i / 8] |= static_cast<std::uint8_t>(1 << (i % 8));
    return body.buffer(bits.data(), bits.size());
  }
  if (column.type() != ColumnType::date) return body.buffer(column.data(), rows * 8);
  std::vector<std::int32_t> days(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    if (column.is_na(i)) continue;
    days[i] = static_cast<std::int32_t>(integers(column)[i]);
    if (days[i] != integers(column)[i])
      throw Error(ErrorKind::invalid_argument, "to_arrow: a day must be within 32 bits (got " +
                                                   std::to_string(integers(column)[i]) + " days since 1970)");
  }
  body.buffer(days.data(), days.size() * 4);
}

void add_column(Body& body, const Column& column, const IpcWords& words) {
  body.node(column.size(), column.na_count());
  body.buffer(column.validity(), column.validity() ? (column.size() + 7) / 8 : 0);
  if (column.type() != ColumnType::text) add_values(body, column);
  else if (words) add_indices(body, column, *words);
  else add_text(body, column);
}

IpcMessage message_of(std::uint8_t kind, FlatBuilder header, std::string body) {
  const std::string flat = FlatBuilder()
                               .number(0, version_5)
                               .number(1, kind)
                               .table(2, std::move(header))
                               .number(3, static_cast<std::int64_t>(body.size()))
                               .finish();
  IpcMessage message;
  const std::uint32_t before[] = {0xFFFFFFFF, static_cast<std::uint32_t>(flat.size())};
  message.bytes.append(reinterpret_cast<const char*>(before), sizeof before);
  message.bytes += flat;
  message.header_bytes = message.bytes.size();
  message.body_bytes = body.size();
  message.bytes += body;
  return message;
}

std::string blocks_of(const std::vector<IpcBlock>& blocks) {
  std::string bytes;
  for (const IpcBlock& block : blocks)
    append_struct(bytes,
                  {static_cast<std::int64_t>(block.begin), static_cast<std::int64_t>(block.header_bytes),
                   static_cast<std::int64_t>(block.body_bytes)});
  return bytes;
}

}  // namespace

IpcWords words_of(const Column& column) {
  if (column.type() != ColumnType::text) return std::nullopt;
  std::vector<std::string> words;
  // A sample says whether it is worth looking at all of them.
  const std::size_t some = std::min<std::size_t>(column.size(), 4 * most_words);
  std::vector<Row> first(some);
  for (std::size_t i = 0; i < some; ++i) first[i] = static_cast<Row>(i);
  const Column sample = take(column, first);
  if (group_rows(std::span(&sample, 1), some).count() > std::min(most_words, some / 2 + 1))
    return std::nullopt;
  const Groups groups = group_rows(std::span(&column, 1), column.size());
  if (groups.count() > most_words) return std::nullopt;
  for (const Row row : groups.first_row)
    if (!column.is_na(row)) words.emplace_back(column.text(row));
  return words;
}

IpcWords joined_words(const std::vector<IpcWords>& parts) {
  std::vector<std::string> words;
  std::unordered_map<std::string_view, bool> seen;
  for (const IpcWords& part : parts) {
    if (!part) return std::nullopt;
    for (const std::string& word : *part)
      if (seen.emplace(word, true).second) words.push_back(word);
    if (words.size() > most_words) return std::nullopt;
  }
  if (words.empty()) return std::nullopt;
  return words;
}

IpcMessage written_schema(const Schema& schema, const std::vector<IpcWords>& words) {
  return message_of(schema_message, schema_of(schema, words), {});
}

IpcMessage written_words(std::int64_t number, const std::vector<std::string>& words) {
  Body body;
  add_column(body, make_column(words), std::nullopt);
  return message_of(dictionary_message, FlatBuilder().number(0, number).table(1, body.batch(words.size())),
                    body.bytes);
}

IpcMessage written_batch(const Table& table, const std::vector<IpcWords>& words) {
  Body body;
  for (std::size_t c = 0; c < table.columns().size(); ++c) add_column(body, table.columns()[c], words[c]);
  return message_of(batch_message, body.batch(table.rows()), std::move(body.bytes));
}

std::string written_ipc_footer(const Schema& schema, const std::vector<IpcWords>& words,
                               const std::vector<IpcBlock>& dictionaries,
                               const std::vector<IpcBlock>& batches) {
  const std::uint32_t end[] = {0xFFFFFFFF, 0};  // of the stream that the file also is
  std::string bytes(reinterpret_cast<const char*>(end), sizeof end);
  const std::string footer =
      FlatBuilder()
          .number(0, version_5)
          .table(1, schema_of(schema, words))
          .structs(2, blocks_of(dictionaries), static_cast<std::uint32_t>(dictionaries.size()))
          .structs(3, blocks_of(batches), static_cast<std::uint32_t>(batches.size()))
          .finish();
  bytes += footer;
  const auto size = static_cast<std::uint32_t>(footer.size());
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  return bytes + "ARROW1";
}

}  // namespace weir::detail::frame
