// Messages read: what a file says of its columns, and batches whose buffers are looked at where they lie.
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>

#include "core/decimal.hpp"
#include "files/stretch.hpp"
#include "frame/columns/lz4.hpp"
#include "frame/ipc/format.hpp"
#include "frame/kernels/kernels.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::uint64_t largest_header = 1u << 28, largest_body = std::uint64_t{1} << 34;
constexpr std::int64_t largest_batch = (std::int64_t{1} << 32) - 2;
constexpr int deepest_type = 64;
enum : std::uint8_t { schema_kind = 1, dictionary_kind = 2, batch_kind = 3 };

[[noreturn]] void broken_arrow(const std::string& path, std::uint64_t at, const std::string& how) {
  throw Error(ErrorKind::serialization,
              "read_arrow: " + quoted(path) + " is broken at byte " + std::to_string(at) + ": " + how);
}

std::string bytes_at(const std::string& path, std::uint64_t begin, std::uint64_t size) {
  std::string bytes = files::stretch("read_arrow", {path, Compression::none, begin, begin + size}, size);
  if (bytes.size() < size) broken_arrow(path, begin + bytes.size(), "the file ends too early");
  return bytes;
}

template <class T>
T little_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// --- types

struct IpcType {
  std::string format, name;  // no format: the type is passed over
  ColumnType type = ColumnType::float64;
  std::uint64_t buffers = 2;
  bool is_view = false;
};

IpcType integer_type(const FlatTable& type) {
  const auto bits = type.number<std::int32_t>(0);
  const bool is_signed = type.number<std::uint8_t>(1) != 0;
  const char* formats = is_signed ? "csil" : "CSIL";
  const int place = bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : bits == 64 ? 3 : -1;
  if (place < 0) return {"", "integers of " + std::to_string(bits) + " bits"};
  return {std::string(1, formats[place]), "", ColumnType::int64};
}

IpcType type_of_field(const FlatTable& field) {
  constexpr const char* units = "smun";
  const auto number = field.number<std::uint8_t>(2);
  const auto unit = [&](std::int16_t other) { return field.table(3).number<std::int16_t>(0, other); };
  switch (number) {
    case 1:
      return {"n", "", ColumnType::float64, 0};
    case 2:
      return integer_type(field.table(3));
    case 3:
      if (unit(0) == 0) return {"", "half floats"};
      return {unit(0) == 1 ? "f" : "g", "", ColumnType::float64};
    case 4:
    case 5:
      return {"u", "", ColumnType::text, 3};
    case 6:
      return {"b", "", ColumnType::boolean};
    case 8:
      return {unit(1) == 0 ? "tdD" : "tdm", "", ColumnType::date};
    case 10:
      return {std::string("ts") + units[static_cast<std::size_t>(unit(0)) & 3] + ":", "",
              ColumnType::datetime};
    case 19:
    case 20:
      return {"U", "", ColumnType::text, 3};
    case 23:
    case 24:
      return {"vu", "", ColumnType::text, 2, true};
    case 13:
      return {"", "structs", {}, 1};
    case 16:
      return {"", "lists of fixed size", {}, 1};
    case 14:
      return {"", "unions", {}, unit(0) == 1 ? 2u : 1u};
    case 12:
    case 17:
    case 21:
      return {"", "lists", {}, 2};
    case 7:
      return {"", "decimals"};
    case 9:
    case 11:
    case 18:
      return {"", "times of day and durations"};
    case 15:
      return {"", "bytes of fixed size"};
    default:
      return {"", "type " + std::to_string(number), {}, 1000};
  }
}

IpcColumn column_of(const FlatTable& field, int depth = 0) {
  if (depth > deepest_type) throw FlatFault("types lie in each other too deep");
  const IpcType type = type_of_field(field);
  IpcColumn column{field.text(0), type.format, type.name,    type.type, type.buffers, 1,
                   std::nullopt,  {},          type.is_view, 0};
  if (field.has(4)) {
    // Its values are elsewhere; here are indices, of 32 bits if nothing else is said.
    const FlatTable encoding = field.table(4);
    column.dictionary = encoding.number<std::int64_t>(0);
    column.index_format = encoding.has(1) ? integer_type(encoding.table(1)).format : "i";
    column.buffers = 2;
    return column;
  }
  column.views = type.is_view;
  for (const FlatTable& child : field.tables(5)) {
    const IpcColumn below = column_of(child, depth + 1);
    column.buffers += below.buffers;
    column.nodes += below.nodes;
    column.views += below.views;
  }
  return column;
}

std::vector<IpcColumn> columns_of_schema(const std::string& path, const FlatTable& schema) {
  if (schema.number<std::int16_t>(0) != 0)
    throw Error(ErrorKind::unsupported,
                "read_arrow: a file must be little-endian (got " + quoted(path) + ", which is not)");
  std::vector<IpcColumn> columns;
  for (const FlatTable& field : schema.tables(1)) columns.push_back(column_of(field));
  return columns;
}

// --- where messages are

std::vector<IpcBlock> blocks_in(std::string_view structs, std::uint64_t file_bytes) {
  std::vector<IpcBlock> blocks;
  for (std::size_t at = 0; at < structs.size(); at += 24) {
    const IpcBlock block{little_at<std::uint64_t>(structs, at), little_at<std::uint32_t>(structs, at + 8),
                         little_at<std::uint64_t>(structs, at + 16)};
    if (block.header_bytes > largest_header || block.body_bytes > largest_body || block.begin > file_bytes ||
        block.header_bytes + block.body_bytes > file_bytes - block.begin)
      throw FlatFault("a batch lies outside of the file");
    blocks.push_back(block);
  }
  return blocks;
}

// The header of a message: behind the mark of newer files and its length.
std::string_view flat_part(std::string_view header) {
  const std::size_t skip = header.size() >= 8 && little_at<std::uint32_t>(header, 0) == 0xFFFFFFFF ? 8 : 4;
  if (header.size() < skip + 4) throw FlatFault("a message has no header");
  return header.substr(skip);
}

struct DictionaryHeader {
  explicit DictionaryHeader(const FlatTable& message)
      : table(message.table(2)), number(table.number<std::int64_t>(0)), adds(table.number<std::uint8_t>(2)) {}
  FlatTable table;
  std::int64_t number;
  bool adds;  ///< To those before it of its number, in whose place it is otherwise.
};

// A stream has no table of its messages: they are gone through.
void read_stream(IpcFile& file, std::uint64_t bytes) {
  std::map<std::int64_t, std::vector<IpcBlock>> known;
  std::uint64_t at = 0;
  while (bytes - at >= 8) {
    const std::string prefix = bytes_at(file.path, at, 8);
    const bool is_marked = little_at<std::uint32_t>(prefix, 0) == 0xFFFFFFFF;
    const std::uint64_t length = little_at<std::uint32_t>(prefix, is_marked ? 4 : 0);
    if (length == 0) break;
    IpcBlock block{at, length + (is_marked ? 8 : 4), 0};
    if (length > largest_header || block.header_bytes > bytes - at)
      throw FlatFault(at == 0 ? "it does not begin as an Arrow file or stream" : "a message is cut off");
    const std::string header = bytes_at(file.path, at, block.header_bytes);
    const FlatTable message(flat_part(header));
    block.body_bytes = message.number<std::uint64_t>(3);
    if (block.body_bytes > bytes - at - block.header_bytes) throw FlatFault("a body is cut off");
    const auto kind = message.number<std::uint8_t>(1);
    if (at == 0 && kind != schema_kind) throw FlatFault("a stream does not begin with its schema");
    if (at == 0) file.mark = files::mark_of(bytes, 0, header);
    if (kind == schema_kind) file.columns = columns_of_schema(file.path, message.table(2));
    if (kind == dictionary_kind) {
      const DictionaryHeader dictionary(message);
      auto& parts = known[dictionary.number];
      if (!dictionary.adds) parts.clear();
      parts.push_back(block);
    }
    if (kind == batch_kind) {
      IpcBatch& batch = file.batches.emplace_back(IpcBatch{block, {}});
      for (const auto& [number, parts] : known)
        batch.dictionaries.insert(batch.dictionaries.end(), parts.begin(), parts.end());
    }
    at += block.header_bytes + block.body_bytes;
  }
  if (at == 0) throw FlatFault("it does not begin as an Arrow file or stream");
}

// --- batches

// What is read of a batch while its columns are made.
class Batch {
 public:
  Batch(const IpcPart& part, const IpcBlock& block)
      : path_(part.path),
        body_begin_(block.begin + block.header_bytes),
        body_bytes_(block.body_bytes),
        header_(bytes_at(part.path, block.begin, block.header_bytes)) {}

  [[nodiscard]] FlatTable message() const { return FlatTable(flat_part(header_)); }
  void begin(const FlatTable& batch) {
    rows_ = batch.number<std::int64_t>(0);
    nodes_ = batch.structs(1, 16);
    buffers_ = batch.structs(2, 16);
    buffers_of_views_ = batch.structs(4, 8);
    if (rows_ < 0 || rows_ > largest_batch) throw FlatFault("a batch has no such number of rows");
    if (!batch.has(3)) return;
    unpack_ = batch.table(3).number<std::int8_t>(0) == 1 ? &unpacked_zstd : &unpacked_lz4_frame;
  }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  void pass(const IpcColumn& column) {
    node_ += column.nodes;
    buffer_ += column.buffers;
    for (std::uint64_t view = 0; view < column.views; ++view) buffer_ += next_view();
  }
  /// The next column's values.
  ArrowArray values(const IpcColumn& column) {
    if (column.is_view) return texts_of_views();
    return array(column.format, column.format == "n" ? 0 : column.type == ColumnType::text ? 3 : 2);
  }
  /// The next column's memory, as it is given to others; its length and buffers are checked.
  ArrowArray array(const std::string& format, std::uint64_t buffers) {
    ArrowArray array = next_node();
    std::vector<const void*>& own = pointers_.emplace_back(std::max<std::uint64_t>(buffers, 1));
    const auto rows = static_cast<std::uint64_t>(rows_);
    for (std::uint64_t b = 0; b < buffers; ++b) {
      const std::string& bytes = buffer();
      const bool is_validity = b == 0;
      std::uint64_t least = is_validity ? (bytes.empty() ? 0 : (rows + 7) / 8) : least_of(format, rows);
      if (b == 2) least = last_offset(format, own[1]);
      else if (!is_validity && rows == 0) least = 0;
      if (bytes.size() < least) throw FlatFault("a buffer is shorter than its column");
      own[b] = is_validity && bytes.empty() ? nullptr : bytes.data();
      if (b == 1 && buffers == 3 && bytes.empty()) own[b] = zeros_;
    }
    array.n_buffers = static_cast<std::int64_t>(buffers);
    array.buffers = own.data();
    return array;
  }

 private:
  ArrowArray next_node() {
    if (nodes_.size() / 16 <= node_) throw FlatFault("a batch has less columns than its schema");
    ArrowArray array{};
    array.length = little_at<std::int64_t>(nodes_, node_ * 16);
    array.null_count = little_at<std::int64_t>(nodes_, node_ * 16 + 8);
    if (array.length != rows_) throw FlatFault("a column has not as many rows as its batch");
    ++node_;
    return array;
  }
  // How many buffers of bytes the next column of views has.
  std::uint64_t next_view() {
    if (buffers_of_views_.size() / 8 <= view_) throw FlatFault("a column of views has no number of buffers");
    const auto count = little_at<std::uint64_t>(buffers_of_views_, view_++ * 8);
    if (count > buffers_.size() / 16) throw FlatFault("a batch has less buffers than its views");
    return count;
  }
  // As the C interface has them: the last buffer says how long those of the bytes are.
  ArrowArray texts_of_views() {
    ArrowArray array = next_node();
    const std::uint64_t count = next_view();
    const std::string &validity = buffer(), &views = buffer();
    const auto rows = static_cast<std::size_t>(rows_);
    if ((!validity.empty() && validity.size() < (rows + 7) / 8) || views.size() / 16 < rows)
      throw FlatFault("a buffer is shorter than its column");
    std::vector<const void*>& own = pointers_.emplace_back();
    own = {validity.empty() ? nullptr : validity.data(), views.data()};
    std::string& sizes = kept_.emplace_back();
    for (std::uint64_t b = 0; b < count; ++b) {
      const std::string& bytes = buffer();
      const auto size = static_cast<std::int64_t>(bytes.size());
      own.push_back(bytes.data());
      sizes.append(reinterpret_cast<const char*>(&size), sizeof size);
    }
    own.push_back(sizes.data());
    array.n_buffers = static_cast<std::int64_t>(own.size());
    array.buffers = own.data();
    return array;
  }
  static std::uint64_t least_of(const std::string& format, std::uint64_t rows) {
    switch (format[0]) {
      case 'b':
        return (rows + 7) / 8;
      case 'c':
      case 'C':
        return rows;
      case 's':
      case 'S':
        return rows * 2;
      case 'i':
      case 'I':
      case 'f':
        return rows * 4;
      case 'u':
        return (rows + 1) * 4;
      case 'U':
        return (rows + 1) * 8;
      default:
        return format == "tdD" ? rows * 4 : rows * 8;
    }
  }
  // Texts lie between the first and the last offset; that they rise in between is checked later.
  [[nodiscard]] std::uint64_t last_offset(const std::string& format, const void* offsets) const {
    if (rows_ == 0) return 0;
    const auto at = [&](std::int64_t i) {
      std::int64_t value = 0;
      std::int32_t narrow = 0;
      if (format == "U") {
        std::memcpy(&value, static_cast<const char*>(offsets) + i * 8, 8);
        return value;
      }
      std::memcpy(&narrow, static_cast<const char*>(offsets) + i * 4, 4);
      return static_cast<std::int64_t>(narrow);
    };
    if (at(0) < 0 || at(rows_) < at(0)) throw FlatFault("offsets of text must rise");
    return static_cast<std::uint64_t>(at(rows_));
  }
  const std::string& buffer() {
    if (buffers_.size() / 16 <= buffer_) throw FlatFault("a batch has less buffers than its schema");
    const auto begin = little_at<std::uint64_t>(buffers_, buffer_ * 16);
    const auto size = little_at<std::uint64_t>(buffers_, buffer_ * 16 + 8);
    ++buffer_;
    if (begin > body_bytes_ || size > body_bytes_ - begin)
      throw FlatFault("a buffer lies outside of its batch");
    std::string bytes = size ? bytes_at(path_, body_begin_ + begin, size) : std::string();
    if (unpack_ && size) bytes = unpacked(bytes);
    return kept_.emplace_back(std::move(bytes));
  }
  using Unpack = std::optional<std::string> (*)(std::string_view bytes, std::size_t size);
  static std::optional<std::string> unpacked_zstd(std::string_view bytes, std::size_t size) {
    std::string to(size, '\0');
    if (ZSTD_decompress(to.data(), size, bytes.data(), bytes.size()) != size) return std::nullopt;
    return to;
  }
  [[nodiscard]] std::string unpacked(const std::string& bytes) const {
    if (bytes.size() < 8) throw FlatFault("a packed buffer has no length");
    const auto size = little_at<std::int64_t>(bytes, 0);
    if (size == -1) return bytes.substr(8);
    if (size < 0 || static_cast<std::uint64_t>(size) > largest_body ||
        static_cast<std::uint64_t>(size) / 100'000 > bytes.size())
      throw FlatFault("a packed buffer has no such length");
    auto to = unpack_(std::string_view(bytes).substr(8), static_cast<std::size_t>(size));
    if (!to)
      throw FlatFault(std::string("a buffer is not what ") + (unpack_ == &unpacked_zstd ? "zstd" : "LZ4") +
                      " wrote");
    return std::move(*to);
  }

  static constexpr std::int64_t zeros_[2] = {0, 0};
  std::string path_;
  std::uint64_t body_begin_, body_bytes_;
  std::string header_;
  std::string_view nodes_, buffers_, buffers_of_views_;
  std::int64_t rows_ = 0;
  std::uint64_t node_ = 0, buffer_ = 0, view_ = 0;
  Unpack unpack_ = nullptr;
  std::deque<std::string> kept_;
  std::deque<std::vector<const void*>> pointers_;
};

ArrowSchema schema_node(const char* format, const std::string& name) {
  ArrowSchema node{};
  node.format = format;
  node.name = name.c_str();
  return node;
}

// A column by the rules of the C interface.
Column column_from(const IpcColumn& column, const std::string& format, ArrowArray array) {
  try {
    return column_of_arrow(schema_node(format.c_str(), column.name), array);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string(error.what()) + " (column " + quoted(column.name) + ")");
  }
}

// Values of dictionaries by their number; later parts of one are appended.
using Dictionaries = std::map<std::int64_t, Column>;

void add_dictionary(const IpcPart& part, const IpcBlock& block, Dictionaries& dictionaries) {
  Batch batch(part, block);
  const DictionaryHeader header(batch.message());
  const auto column = std::find_if(part.columns.begin(), part.columns.end(), [&](const IpcColumn& one) {
    return one.dictionary == header.number &&
           std::find(part.wanted.begin(), part.wanted.end(), one.name) != part.wanted.end();
  });
  if (column == part.columns.end()) return;
  batch.begin(header.table.table(1));
  const Column values = column_from(*column, column->format, batch.values(*column));
  Column& known = dictionaries[header.number];
  if (!header.adds || known.size() == 0) {
    known = values;
    return;
  }
  const Column* const both[] = {&known, &values};
  known = concat(both);
}

Column from_dictionary(const IpcColumn& column, Batch& batch, const Dictionaries& dictionaries) {
  const Column indices = column_from(column, column.index_format, batch.array(column.index_format, 2));
  const auto found = dictionaries.find(*column.dictionary);
  std::vector<Row> rows(indices.size(), no_row);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (indices.is_na(i)) continue;
    const std::int64_t index = indices.int64s()[i];
    if (found == dictionaries.end() || index < 0 || static_cast<std::size_t>(index) >= found->second.size())
      throw FlatFault("an index lies outside of its dictionary");
    rows[i] = static_cast<Row>(index);
  }
  if (found == dictionaries.end()) return missing_column(column.type, rows.size());
  return take(found->second, rows);
}

}  // namespace

IpcFile read_ipc_footer(const std::string& path, std::uint64_t bytes) {
  IpcFile file{path, {}, {}, {}};
  try {
    if (bytes < 8) throw FlatFault("it does not begin as an Arrow file or stream");
    if (!bytes_at(path, 0, 8).starts_with("ARROW1")) {
      read_stream(file, bytes);
      return file;
    }
    if (bytes < 8 + 10) throw FlatFault("it has no end");
    const std::string end = bytes_at(path, bytes - 10, 10);
    const std::uint64_t size = little_at<std::uint32_t>(end, 0);
    if (!end.ends_with("ARROW1") || size > largest_header || size > bytes - 18)
      throw FlatFault("it does not end as an Arrow file");
    const std::string footer = bytes_at(path, bytes - 10 - size, size);
    file.mark = files::mark_of(bytes, bytes - 10 - size, footer);
    const FlatTable table{std::string_view(footer)};
    file.columns = columns_of_schema(path, table.table(1));
    const std::vector<IpcBlock> dictionaries = blocks_in(table.structs(2, 24), bytes);
    for (const IpcBlock& block : blocks_in(table.structs(3, 24), bytes))
      file.batches.push_back({block, dictionaries});
  } catch (const FlatFault& fault) {
    broken_arrow(path, 0, fault.what());
  }
  return file;
}

Table read_ipc_batch(const IpcPart& part) {
  files::check_mark("read_arrow", part.path, part.mark);
  try {
    Dictionaries dictionaries;
    for (const IpcBlock& block : part.batch.dictionaries) add_dictionary(part, block, dictionaries);
    Batch batch(part, part.batch.block);
    batch.begin(batch.message().table(2));
    std::vector<std::string> names;
    std::vector<Column> columns;
    for (const IpcColumn& column : part.columns) {
      if (std::find(part.wanted.begin(), part.wanted.end(), column.name) == part.wanted.end()) {
        batch.pass(column);
        continue;
      }
      names.push_back(column.name);
      columns.push_back(column.dictionary ? from_dictionary(column, batch, dictionaries)
                                          : column_from(column, column.format, batch.values(column)));
    }
    return Table(std::move(names), std::move(columns));
  } catch (const FlatFault& fault) {
    broken_arrow(part.path, part.batch.block.begin, fault.what());
  }
}

}  // namespace weir::detail::frame
