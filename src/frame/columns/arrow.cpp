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
  if (rows && from[0] < 0)
    refuse_arrow("offsets of text must not be negative (got " + std::to_string(from[0]) + ")");
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

// Texts of up to 12 bytes are in their view; of longer ones it says in which buffer they are, and where. The
// last buffer has the lengths of these.
Column taken_views(const ArrowArray& array) {
  struct View {
    std::uint32_t size;
    char begin[4];
    std::uint32_t buffer, at;
  };
  constexpr std::int64_t fixed_buffers = 3;
  constexpr std::uint32_t most_inside = 12;
  const auto rows = static_cast<std::size_t>(array.length);
  const std::int64_t count = array.n_buffers - fixed_buffers;
  const auto* sizes = static_cast<const std::int64_t*>(array.buffers[array.n_buffers - 1]);
  const View* views = values_of<View>(array, 1);
  const auto text_of = [&](const View& view) -> std::string_view {
    if (view.size <= most_inside) return {view.begin, view.size};
    if (view.buffer >= count || sizes[view.buffer] < 0 ||
        std::uint64_t{view.at} + view.size > static_cast<std::uint64_t>(sizes[view.buffer]))
      refuse_arrow("a view must lie within its buffers (got bytes " + std::to_string(view.at) + " to " +
                   std::to_string(std::uint64_t{view.at} + view.size) + " of buffer " +
                   std::to_string(view.buffer) + ")");
    return {static_cast<const char*>(array.buffers[2 + view.buffer]) + view.at, view.size};
  };
  Fresh<std::int64_t> offsets(rows + 1);
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows; ++i)
    offsets[i + 1] = offsets[i] + (is_there(array, static_cast<std::int64_t>(i))
                                       ? static_cast<std::int64_t>(text_of(views[i]).size())
                                       : 0);
  Fresh<char> text(static_cast<std::size_t>(offsets[rows]));
  for (std::size_t i = 0; i < rows; ++i)
    if (offsets[i + 1] > offsets[i])
      std::memcpy(text.data() + offsets[i], text_of(views[i]).data(),
                  static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
  return Column(ColumnType::text, rows, text.block(), offsets.block(), validity_of(array));
}

// Days of any year: milliseconds since 1970 are not counted in nanoseconds.
Column taken_days(const ArrowArray& array) {
  constexpr std::int64_t day_ms = 86'400'000;
  const std::int64_t* from = values_of<std::int64_t>(array, 1);
  Fresh<std::int64_t> days(static_cast<std::size_t>(array.length));
  for (std::int64_t i = 0; i < array.length; ++i) {
    auto& day = days[static_cast<std::size_t>(i)];
    day = is_there(array, i) ? from[i] / day_ms - (from[i] % day_ms < 0) : 0;
  }
  return Column(ColumnType::date, static_cast<std::size_t>(array.length), days.block(), {},
                validity_of(array));
}

void check_extent(const ArrowArray& array) {
  if (array.length < 0 || array.offset < 0)
    refuse_arrow("a length and an offset must not be negative (got " + std::to_string(array.length) +
                 " and " + std::to_string(array.offset) + ")");
}

// What must hold before any of its memory is read.
void check_shape(std::string_view format, const ArrowArray& array) {
  check_extent(array);
  const std::int64_t least = format == "n" ? 0 : format == "u" || format == "U" || format == "vu" ? 3 : 2;
  if (array.n_buffers < least || (least && !array.buffers))
    refuse_arrow("a column of format " + quoted(format) + " must have " + std::to_string(least) +
                 " buffers (got " + std::to_string(array.n_buffers) + ")");
  if (least && array.length > 0 && !array.buffers[1])
    refuse_arrow("a column must have its values (got none of " + std::to_string(array.length) + " rows)");
}

Column taken_column(const ArrowSchema& schema, const ArrowArray& array);

Column taken_dictionary(const ArrowSchema& schema, const ArrowArray& array) {
  const Column values = taken_column(*schema.dictionary, *array.dictionary);
  ArrowSchema plain = schema;
  ArrowArray numbers = array;
  plain.dictionary = nullptr;
  numbers.dictionary = nullptr;
  const Column indices = taken_column(plain, numbers);
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

[[noreturn]] void refuse_format(const ArrowSchema& schema) {
  refuse_arrow("a column must be of numbers, bools, text, days or timestamps (got format " +
               quoted(schema.format) + " of " + quoted(schema.name ? schema.name : "") + ")");
}

Column taken_column(const ArrowSchema& schema, const ArrowArray& array) {
  const std::string_view format = schema.format;
  if (!schema.dictionary != !array.dictionary)
    refuse_arrow("a column and its type must both have a dictionary, or none");
  if (schema.dictionary) return taken_dictionary(schema, array);
  constexpr ColumnType int64 = ColumnType::int64, datetime = ColumnType::datetime;
  using I64 = std::int64_t;
  if (format.starts_with('+') || format.empty()) refuse_format(schema);
  check_shape(format, array);
  if (format == "n")
    return detail::frame::missing_column(ColumnType::float64, static_cast<std::size_t>(array.length));
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
  if (format == "vu") return taken_views(array);
  if (format == "tdD") return taken<std::int32_t, I64>(array, ColumnType::date);
  if (format == "tdm") return taken_days(array);
  if (format.starts_with("tss:")) return taken<I64, I64>(array, datetime, 1'000'000'000);
  if (format.starts_with("tsm:")) return taken<I64, I64>(array, datetime, 1'000'000);
  if (format.starts_with("tsu:")) return taken<I64, I64>(array, datetime, 1'000);
  if (format.starts_with("tsn:")) return taken<I64, I64>(array, datetime);
  refuse_format(schema);
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
  check_extent(*array);
  if (array->null_count != 0 && array->n_buffers > 0 && array->buffers[0])
    for (std::int64_t row = 0; row < array->length; ++row)
      if (!is_there(*array, row))
        refuse_arrow("a row of the table must not be missing as a whole (got row " + std::to_string(row) +
                     "); let its values be missing");
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::int64_t c = 0; c < schema->n_children; ++c) {
    // Rows that the table passes over are passed over in its columns.
    ArrowArray child = *array->children[c];
    if (child.length - array->length < array->offset)
      refuse_arrow("a column must have the rows of its table (got " + std::to_string(child.length) + " for " +
                   std::to_string(array->length) + " behind the first " + std::to_string(array->offset) +
                   ")");
    child.offset += array->offset;
    child.length = array->length;
    names.emplace_back(schema->children[c]->name ? schema->children[c]->name : "");
    columns.push_back(taken_column(*schema->children[c], child));
  }
  return Table(std::move(names), std::move(columns));
}

}  // namespace weir
