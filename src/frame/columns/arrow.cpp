// Tables to and from Arrow's C data interface.
#include "weir/frame/arrow.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>

#include "core/decimal.hpp"
#include "frame/ipc/format.hpp"
#include "frame/kernels/kernels.hpp"

namespace weir {

namespace {

using detail::frame::Bits;
using detail::frame::Fresh;

[[noreturn]] void refuse_arrow(const std::string& text) {
  throw Error(ErrorKind::invalid_argument, "from_arrow: " + text);
}

// --- out

// What an exported node owns: children are released with it.
template <class Node>
struct Owned {
  std::string format, name;
  Column column;              // whose memory is shared
  std::vector<Block> blocks;  // of what had to be converted
  std::vector<const void*> buffers;
  std::deque<Node> nodes;
  std::vector<Node*> children;
};

template <class Node>
void release_node(Node* node) {
  auto* owned = static_cast<Owned<Node>*>(node->private_data);
  for (Node* child : owned->children)
    if (child->release) child->release(child);
  delete owned;
  node->release = nullptr;
}

constexpr std::string_view format_of(ColumnType type) {
  constexpr std::array<std::string_view, 6> formats{"b", "l", "g", "tdD", "tsn:UTC", "U"};
  return formats[static_cast<std::size_t>(type)];
}

Block packed_flags(const Column& column) {
  Fresh<std::uint8_t> bits((column.size() + 7) / 8);
  std::fill_n(bits.data(), (column.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < column.size(); ++i)
    bits[i / 8] |= static_cast<std::uint8_t>((detail::frame::flags(column)[i] != 0) << (i % 8));
  return bits.block();
}

Block narrow_days(const Column& column) {
  Fresh<std::int32_t> days(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    const std::int64_t day = column.is_na(i) ? 0 : detail::frame::integers(column)[i];
    if (!std::in_range<std::int32_t>(day))
      throw Error(ErrorKind::invalid_argument,
                  "to_arrow: a day must be within 32 bits (got " + std::to_string(day) + ")");
    days[i] = static_cast<std::int32_t>(day);
  }
  return days.block();
}

void fill_schema(ArrowSchema* schema, std::unique_ptr<Owned<ArrowSchema>> owned) {
  *schema = {owned->format.c_str(),
             owned->name.c_str(),
             nullptr,
             ARROW_FLAG_NULLABLE,
             static_cast<std::int64_t>(owned->children.size()),
             owned->children.data(),
             nullptr,
             release_node<ArrowSchema>,
             nullptr};
  schema->private_data = owned.release();
}

void fill_array(ArrowArray* array, std::size_t rows, std::size_t missing,
                std::unique_ptr<Owned<ArrowArray>> owned) {
  *array = {static_cast<std::int64_t>(rows),
            static_cast<std::int64_t>(missing),
            0,
            static_cast<std::int64_t>(owned->buffers.size()),
            static_cast<std::int64_t>(owned->children.size()),
            owned->buffers.data(),
            owned->children.data(),
            nullptr,
            release_node<ArrowArray>,
            nullptr};
  array->private_data = owned.release();
}

std::unique_ptr<Owned<ArrowArray>> exported(const Column& column) {
  auto owned = std::make_unique<Owned<ArrowArray>>();
  owned->column = column;
  owned->buffers.push_back(column.validity());
  if (column.type() == ColumnType::text) owned->buffers.push_back(column.offsets());
  if (column.type() == ColumnType::boolean) owned->blocks.push_back(packed_flags(column));
  if (column.type() == ColumnType::date) owned->blocks.push_back(narrow_days(column));
  owned->buffers.push_back(owned->blocks.empty() ? column.data() : owned->blocks.front().data);
  return owned;
}

// --- in

// Whether value `i` is there.
bool is_there(const ArrowArray& array, std::int64_t i) {
  const auto* bits = static_cast<const std::uint8_t*>(array.buffers[0]);
  return !bits || (bits[(i + array.offset) / 8] >> ((i + array.offset) % 8) & 1);
}

Block validity_of(const ArrowArray& array) {
  Bits bits(static_cast<std::size_t>(array.length));
  for (std::int64_t i = 0; i < array.length; ++i)
    if (!is_there(array, i)) bits.clear(static_cast<std::size_t>(i));
  return std::move(bits).block();
}

template <class T>
const T* values_of(const ArrowArray& array, int buffer) {
  return static_cast<const T*>(array.buffers[buffer]) + array.offset;
}

// Numbers of type `From`, each times `scale`.
template <class From, class To>
Column taken(const ArrowArray& array, ColumnType type, std::int64_t scale = 1) {
  const From* from = values_of<From>(array, 1);
  Fresh<To> values(static_cast<std::size_t>(array.length));
  for (std::int64_t i = 0; i < array.length; ++i) {
    auto& to = values[static_cast<std::size_t>(i)];
    to = To{};
    if (!is_there(array, i)) continue;
    if constexpr (std::is_integral_v<From>) {
      if (!std::in_range<std::int64_t>(from[i]) ||
          __builtin_mul_overflow(static_cast<std::int64_t>(from[i]), scale, &to))
        refuse_arrow("a number must be within 64 bits (got " + std::to_string(from[i]) + " times " +
                     std::to_string(scale) + ")");
    } else {
      to = static_cast<To>(from[i]);
    }
  }
  return Column(type, static_cast<std::size_t>(array.length), values.block(), {}, validity_of(array));
}

Column taken_flags(const ArrowArray& array) {
  const auto* bits = static_cast<const std::uint8_t*>(array.buffers[1]);
  Fresh<std::uint8_t> values(static_cast<std::size_t>(array.length));
  for (std::int64_t i = 0; i < array.length; ++i) {
    const std::int64_t at = i + array.offset;
    values[static_cast<std::size_t>(i)] = bits[at / 8] >> (at % 8) & 1;
  }
  return Column(ColumnType::boolean, static_cast<std::size_t>(array.length), values.block(), {},
                validity_of(array));
}

template <class Offset>
Column taken_text(const ArrowArray& array) {
  const Offset* from = values_of<Offset>(array, 1);
  const auto rows = static_cast<std::size_t>(array.length);
  Fresh<std::int64_t> offsets(rows + 1);
  for (std::size_t i = 0; i <= rows; ++i) {
    offsets[i] = rows ? static_cast<std::int64_t>(from[i]) - static_cast<std::int64_t>(from[0]) : 0;
    if (i && offsets[i] < offsets[i - 1]) refuse_arrow("offsets of text must rise");
  }
  const auto bytes = static_cast<std::size_t>(offsets[rows]);
  Fresh<char> text(bytes);
  if (bytes) std::memcpy(text.data(), static_cast<const char*>(array.buffers[2]) + from[0], bytes);
  return Column(ColumnType::text, rows, text.block(), offsets.block(), validity_of(array));
}

Column taken_column(const ArrowSchema& schema, const ArrowArray& array);

Column taken_dictionary(const ArrowSchema& schema, const ArrowArray& array) {
  const Column values = taken_column(*schema.dictionary, *array.dictionary);
  ArrowSchema plain = schema;
  plain.dictionary = nullptr;
  const Column indices = taken_column(plain, array);
  std::vector<detail::frame::Row> rows(indices.size(), detail::frame::no_row);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (indices.is_na(i)) continue;
    const std::int64_t index = indices.int64s()[i];
    if (index < 0 || static_cast<std::size_t>(index) >= values.size())
      refuse_arrow("an index must be within its dictionary (got " + std::to_string(index) + " of " +
                   std::to_string(values.size()) + ")");
    rows[i] = static_cast<detail::frame::Row>(index);
  }
  return detail::frame::take(values, rows);
}

Column taken_column(const ArrowSchema& schema, const ArrowArray& array) {
  if (schema.dictionary && array.dictionary) return taken_dictionary(schema, array);
  const std::string_view format = schema.format;
  constexpr ColumnType int64 = ColumnType::int64, datetime = ColumnType::datetime;
  using I64 = std::int64_t;
  if (format == "b") return taken_flags(array);
  if (format == "c") return taken<std::int8_t, I64>(array, int64);
  if (format == "C") return taken<std::uint8_t, I64>(array, int64);
  if (format == "s") return taken<std::int16_t, I64>(array, int64);
  if (format == "S") return taken<std::uint16_t, I64>(array, int64);
  if (format == "i") return taken<std::int32_t, I64>(array, int64);
  if (format == "I") return taken<std::uint32_t, I64>(array, int64);
  if (format == "l") return taken<I64, I64>(array, int64);
  if (format == "L") return taken<std::uint64_t, I64>(array, int64);
  if (format == "f") return taken<float, double>(array, ColumnType::float64);
  if (format == "g") return taken<double, double>(array, ColumnType::float64);
  if (format == "u") return taken_text<std::int32_t>(array);
  if (format == "U") return taken_text<I64>(array);
  if (format == "tdD") return taken<std::int32_t, I64>(array, ColumnType::date);
  if (format == "tdm")
    return detail::frame::cast(taken<I64, I64>(array, datetime, 1'000'000), ColumnType::date);
  if (format.starts_with("tss:")) return taken<I64, I64>(array, datetime, 1'000'000'000);
  if (format.starts_with("tsm:")) return taken<I64, I64>(array, datetime, 1'000'000);
  if (format.starts_with("tsu:")) return taken<I64, I64>(array, datetime, 1'000);
  if (format.starts_with("tsn:")) return taken<I64, I64>(array, datetime);
  refuse_arrow("a column must be of numbers, bools, text, days or timestamps (got format " + quoted(format) +
               " of " + quoted(schema.name ? schema.name : "") + ")");
}

// Releases both, whatever happens.
struct Releaser {
  ArrowSchema* schema;
  ArrowArray* array;
  ~Releaser() {
    if (schema->release) schema->release(schema);
    if (array->release) array->release(array);
  }
};

}  // namespace

namespace detail::frame {

Column column_of_arrow(const ArrowSchema& schema, const ArrowArray& array) {
  return taken_column(schema, array);
}

}  // namespace detail::frame

void to_arrow(const Table& table, ArrowSchema* schema, ArrowArray* array) {
  auto types = std::make_unique<Owned<ArrowSchema>>();
  auto values = std::make_unique<Owned<ArrowArray>>();
  std::vector<std::unique_ptr<Owned<ArrowArray>>> columns;  // what may throw is done first
  for (const Column& column : table.columns()) columns.push_back(exported(column));
  types->format = "+s";
  values->buffers.push_back(nullptr);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Column& column = table.columns()[c];
    auto type = std::make_unique<Owned<ArrowSchema>>();
    type->format = format_of(column.type());
    type->name = table.names()[c];
    fill_schema(&types->nodes.emplace_back(), std::move(type));
    types->children.push_back(&types->nodes.back());
    fill_array(&values->nodes.emplace_back(), column.size(), column.na_count(), std::move(columns[c]));
    values->children.push_back(&values->nodes.back());
  }
  fill_schema(schema, std::move(types));
  fill_array(array, table.rows(), 0, std::move(values));
}

Table from_arrow(ArrowSchema* schema, ArrowArray* array) {
  if (!schema || !array || !schema->release || !array->release)
    refuse_arrow("the array must not have been released (got one that was)");
  const Releaser releaser{schema, array};
  if (std::string_view(schema->format) != "+s" || schema->n_children != array->n_children)
    refuse_arrow("the array must be a table, a struct of columns (got format " + quoted(schema->format) +
                 ")");
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::int64_t c = 0; c < schema->n_children; ++c) {
    // Rows that the table passes over are passed over in its columns.
    ArrowArray child = *array->children[c];
    child.offset += array->offset;
    child.length = array->length;
    names.emplace_back(schema->children[c]->name ? schema->children[c]->name : "");
    columns.push_back(taken_column(*schema->children[c], child));
  }
  return Table(std::move(names), std::move(columns));
}

}  // namespace weir
