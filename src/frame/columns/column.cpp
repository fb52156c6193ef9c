// Columns: how they are made, travel, and are told apart.
#include <bit>
#include <cstring>

#include "core/decimal.hpp"
#include "frame/columns/cell.hpp"
#include "frame/kernels/kernels.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir {

namespace {

using detail::frame::Bits;
using detail::frame::block_of;
using detail::frame::Fresh;

[[noreturn]] void wrong_type(std::string_view wanted, ColumnType type) {
  throw Error(ErrorKind::invalid_argument, "column: the values must be " + std::string(wanted) +
                                               " (got a column of " + std::string(to_string(type)) +
                                               "); astype converts them");
}

template <class T, class Kept>
Column column_of(ColumnType type, const std::vector<std::optional<T>>& values, Kept) {
  Fresh<Kept> kept(values.size());
  Bits bits(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    kept[i] = static_cast<Kept>(values[i].value_or(T{}));
    if (!values[i]) bits.clear(i);
  }
  return Column(type, values.size(), kept.block(), {}, std::move(bits).block());
}

template <class T>
std::vector<std::optional<T>> all_there(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

// Days or nanoseconds since 1970.
template <class Time>
std::vector<std::optional<std::int64_t>> counted(const std::vector<std::optional<Time>>& times) {
  std::vector<std::optional<std::int64_t>> counts(times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    if (times[i]) counts[i] = times[i]->time_since_epoch().count();
  return counts;
}

Block read_block(Reader& reader, std::uint64_t bytes) {
  if (std::byte* taken = reader.take(bytes))
    return {std::shared_ptr<const void>(taken, FreshMemory{}), taken, bytes};
  reader.expect(bytes, 1);
  Block own = new_block(std::max<std::uint64_t>(bytes, 1));
  own.size = bytes;
  reader.block(const_cast<std::byte*>(own.data), bytes);
  return own;
}

}  // namespace

std::string_view to_string(ColumnType type) noexcept {
  constexpr std::string_view names[] = {"bool", "int64", "float64", "date", "datetime", "text"};
  return names[static_cast<std::size_t>(type)];
}

std::string to_text(const Schema& schema) {
  std::string text;
  for (const Field& field : schema)
    text += (text.empty() ? "" : ", ") + field.name + " " + std::string(to_string(field.type));
  return text;
}

Column::Column(ColumnType type, std::size_t size, Block values, Block offsets, Block validity)
    : type_(type),
      size_(size),
      values_(std::move(values)),
      offsets_(std::move(offsets)),
      validity_(std::move(validity)) {
  if (validity_.size == 0) return;
  std::size_t there = 0;
  const auto* words = reinterpret_cast<const std::uint64_t*>(validity_.data);
  for (std::size_t i = 0; i < size / 64; ++i) there += static_cast<std::size_t>(std::popcount(words[i]));
  if (size % 64)
    there +=
        static_cast<std::size_t>(std::popcount(words[size / 64] & ((std::uint64_t{1} << (size % 64)) - 1)));
  na_count_ = size - there;
  if (na_count_ == 0) validity_ = {};
}

std::span<const std::int64_t> Column::int64s() const& {
  if (!detail::frame::is_int64(type_)) wrong_type("int64, dates or times", type_);
  return {detail::frame::integers(*this), size_};
}
std::span<const double> Column::float64s() const& {
  if (type_ != ColumnType::float64) wrong_type("float64", type_);
  return {detail::frame::reals(*this), size_};
}
std::span<const std::uint8_t> Column::booleans() const& {
  if (type_ != ColumnType::boolean) wrong_type("bool", type_);
  return {detail::frame::flags(*this), size_};
}

std::string Column::show(std::size_t i) const {
  if (is_na(i)) return "";
  switch (type_) {
    case ColumnType::boolean:
      return booleans()[i] ? "true" : "false";
    case ColumnType::int64:
      return std::to_string(int64s()[i]);
    case ColumnType::float64:
      return detail::frame::written_real(float64s()[i]);
    case ColumnType::date:
      return detail::frame::written_date(int64s()[i]);
    case ColumnType::datetime:
      return detail::frame::written_datetime(int64s()[i]);
    case ColumnType::text:
      break;
  }
  return std::string(text(i));
}

void Column::save(OutArchive& archive) const {
  Writer& writer = archive.writer;
  weir::write(writer, type_);
  weir::write(writer, std::uint64_t{size_});
  weir::write(writer, na_count_ != 0);
  if (na_count_) writer.block(validity_.data, (size_ + 63) / 64 * 8);
  if (type_ != ColumnType::text) {
    writer.block(values_.data, size_ * (type_ == ColumnType::boolean ? 1 : 8));
    return;
  }
  const std::int64_t* from = offsets();
  const std::int64_t begin = size_ ? from[0] : 0, end = size_ ? from[size_] : 0;
  weir::write(writer, end - begin);
  if (begin == 0 && size_) writer.block(from, (size_ + 1) * 8);
  else
    writer.block_of((size_ + 1) * 8, [&](std::byte* to) {
      for (std::size_t i = 0; i <= size_; ++i) {
        const std::int64_t offset = size_ ? from[i] - begin : 0;
        std::memcpy(to + i * 8, &offset, 8);
      }
    });
  writer.block(values_.data + begin, static_cast<std::size_t>(end - begin));
}

void Column::load(InArchive& archive) {
  Reader& reader = archive.reader;
  std::uint64_t size = 0;
  bool has_missing = false;
  ColumnType type{};
  weir::read(reader, type);
  weir::read(reader, size);
  weir::read(reader, has_missing);
  if (type > ColumnType::text || size > std::uint64_t{1} << 48)
    throw Error(ErrorKind::serialization, "column: the bytes are not those of a column");
  Block validity, offsets, values;
  if (has_missing) validity = read_block(reader, (size + 63) / 64 * 8);
  if (type != ColumnType::text) {
    values = read_block(reader, size * (type == ColumnType::boolean ? 1 : 8));
  } else {
    std::int64_t bytes = 0;
    weir::read(reader, bytes);
    offsets = read_block(reader, (size + 1) * 8);
    const auto* at = reinterpret_cast<const std::int64_t*>(offsets.data);
    bool rises = bytes >= 0 && at[0] == 0 && at[size] == bytes;
    for (std::uint64_t i = 0; i < size; ++i) rises = rises && at[i] <= at[i + 1];
    if (!rises) throw Error(ErrorKind::serialization, "column: offsets of text that do not rise");
    values = read_block(reader, static_cast<std::uint64_t>(bytes));
  }
  *this = Column(type, size, std::move(values), std::move(offsets), std::move(validity));
}

bool operator==(const Column& a, const Column& b) {
  if (a.type() != b.type() || a.size() != b.size() || a.na_count() != b.na_count()) return false;
  const std::span<const Column> left(&a, 1), right(&b, 1);
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!detail::frame::equal_rows(left, i, right, i)) return false;
  return true;
}

Column make_column(const std::vector<std::optional<std::int64_t>>& values) {
  return column_of(ColumnType::int64, values, std::int64_t{});
}
Column make_column(const std::vector<std::optional<double>>& values) {
  return column_of(ColumnType::float64, values, double{});
}
Column make_column(const std::vector<std::optional<bool>>& values) {
  return column_of(ColumnType::boolean, values, std::uint8_t{});
}
Column make_column(const std::vector<std::optional<std::string>>& values) {
  std::vector<std::int64_t> offsets{0};
  std::string bytes;
  Bits bits(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) bytes += *values[i];
    else bits.clear(i);
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  }
  return Column(ColumnType::text, values.size(), block_of(std::vector<char>(bytes.begin(), bytes.end())),
                block_of(std::move(offsets)), std::move(bits).block());
}
Column make_column(const std::vector<std::int64_t>& values) { return make_column(all_there(values)); }
Column make_column(const std::vector<double>& values) { return make_column(all_there(values)); }
Column make_column(const std::vector<bool>& values) { return make_column(all_there(values)); }
Column make_column(const std::vector<std::string>& values) { return make_column(all_there(values)); }
Column make_column(const std::vector<std::optional<detail::frame::SysDays>>& values) {
  return detail::frame::as_dates(counted(values), ColumnType::date);
}
Column make_column(const std::vector<std::optional<detail::frame::SysTime>>& values) {
  return detail::frame::as_dates(counted(values), ColumnType::datetime);
}
Column make_column(const std::vector<detail::frame::SysDays>& values) {
  return make_column(all_there(values));
}
Column make_column(const std::vector<detail::frame::SysTime>& values) {
  return make_column(all_there(values));
}

namespace detail::frame {

void check_readable(const char* who, std::string_view name, const Column& column, ColumnType wanted,
                    bool may_be_missing) {
  const bool fits = column.type() == wanted ||
                    (wanted == ColumnType::float64 && column.type() == ColumnType::int64) ||
                    (wanted == ColumnType::int64 && is_int64(column.type()));
  // A column of a file without any value is float64, whatever it would have been.
  const bool has_no_value = column.type() == ColumnType::float64 && column.na_count() == column.size() &&
                            (may_be_missing || column.size() == 0);
  if (!fits && !has_no_value)
    throw Error(ErrorKind::invalid_argument, std::string(who) + ": " + quoted(name) + " must be read as " +
                                                 std::string(to_string(column.type())) +
                                                 ", the type of its column (got " +
                                                 std::string(to_string(wanted)) + "); astype converts it");
  if (column.na_count() && !may_be_missing)
    throw Error(ErrorKind::invalid_argument, std::string(who) + ": " + quoted(name) +
                                                 " must be a std::optional where values are missing (" +
                                                 std::to_string(column.na_count()) + " of " +
                                                 std::to_string(column.size()) +
                                                 " are); fillna or dropna help too");
}

Column as_dates(const std::vector<std::optional<std::int64_t>>& values, ColumnType type) {
  return column_of(type, values, std::int64_t{});
}

void throw_out_of_range(const char* who, std::string_view name, std::int64_t value) {
  throw Error(ErrorKind::invalid_argument, std::string(who) + ": " + quoted(name) +
                                               " must hold its values (got " + std::to_string(value) +
                                               "); std::int64_t does");
}
void throw_out_of_range(const char* who, std::string_view name, double value) {
  throw Error(ErrorKind::invalid_argument, std::string(who) + ": " + quoted(name) +
                                               " must hold its values (got " + written_real(value) +
                                               "); double does");
}
void throw_too_large(const char* who, std::string_view name, std::uint64_t value) {
  throw Error(ErrorKind::invalid_argument, std::string(who) + ": " +
                                               (name.empty() ? "an integer" : quoted(name)) +
                                               " must be below 2^63 (got " + std::to_string(value) +
                                               "); a double holds it approximately, a text exactly");
}

}  // namespace detail::frame
}  // namespace weir
