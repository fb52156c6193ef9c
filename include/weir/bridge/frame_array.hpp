// Columns of frames as arrays, and so as datasets of HDF5; and back. Link weir::frame and weir::array.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "weir/array/creation.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/hdf5_info.hpp"
#include "weir/detail/array/hdf5_texts.hpp"
#include "weir/frame.hpp"

namespace weir {

namespace detail::bridge {

inline std::int64_t rows_of(const Table& table) { return static_cast<std::int64_t>(table.rows()); }

/// A number as short as it can be told from all others.
template <class Number>
std::string shortest(Number value) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

/// Nothing is cut off or wrapped: of integers to integers, and of real numbers to them.
template <class T, class From>
T converted(From value, const std::string& name) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
  if constexpr (std::is_integral_v<T>) {
    // The limits are powers of two, or one less, which double may round up to one.
    constexpr auto least = static_cast<double>(std::numeric_limits<T>::min());
    constexpr auto beyond = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    bool fits = false;
    if constexpr (std::is_floating_point_v<From>)
      fits = std::is_same_v<T, bool> ? value == 0 || value == 1
                                     : value >= least && value < beyond && std::trunc(value) == value;
    else if constexpr (std::is_same_v<T, bool>) fits = value == 0 || value == 1;
    else fits = std::in_range<T>(value);
    if (fits) return static_cast<T>(value);
    throw Error(ErrorKind::invalid_argument,
                "to_array: the elements must hold the values of the column (got " + shortest(value) +
                    " of \"" + name + "\"); an array of double does");
  }
}

template <class T>
T value_at(const Column& column, const std::string& name, std::size_t i) {
  if (!column.is_na(i)) {
    switch (column.type()) {
      case ColumnType::float64:
        return converted<T>(column.float64s()[i], name);
      case ColumnType::boolean:
        return static_cast<T>(column.booleans()[i]);
      default:
        return converted<T>(column.int64s()[i], name);
    }
  }
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  throw Error(
      ErrorKind::invalid_argument,
      "to_array: a value may only be missing where it can be NaN (got a column of integers with missing "
      "values: \"" +
          name + "\"); fillna, dropna or an array of double help");
}

/// The columns beside each other, a row for each row; of one column alone its values.
template <class T>
xt::xarray<T> block_of_columns(const Table& table, const std::vector<std::string>& names, bool is_flat) {
  std::vector<std::size_t> shape{table.rows()};
  if (!is_flat) shape.push_back(names.size());
  xt::xarray<T> block(shape);
  for (std::size_t c = 0; c < names.size(); ++c) {
    const Column& column = table.column(names[c]);
    for (std::size_t i = 0; i < table.rows(); ++i)
      block.data()[i * names.size() + c] = value_at<T>(column, names[c], i);
  }
  return block;
}

/// Days or times as integers; what is missing is what NumPy takes for none (NaT).
inline constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();
inline xt::xarray<std::int64_t> block_of_times(const Table& table, const std::string& name) {
  const Column& column = table.column(name);
  xt::xarray<std::int64_t> block(std::vector<std::size_t>{table.rows()});
  for (std::size_t i = 0; i < table.rows(); ++i)
    block.data()[i] = column.is_na(i) ? no_time : column.int64s()[i];
  return block;
}

/// Texts `first` to `first + count` as rows of `width` bytes, filled up with zeros.
inline xt::xarray<std::uint8_t> block_of_texts(const Table& table, const std::string& name, std::size_t first,
                                               std::size_t count, std::size_t width,
                                               const std::string& missing) {
  const Column& column = table.column(name);
  xt::xarray<std::uint8_t> block = xt::zeros<std::uint8_t>(std::vector<std::size_t>{count, width});
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text =
        column.is_na(first + i) ? std::string_view(missing) : column.text(first + i);
    if (!text.empty()) std::memcpy(block.data() + i * width, text.data(), text.size());
  }
  return block;
}

/// Partitions that are on the workers, and how many rows each has.
struct CountedParts {
  explicit CountedParts(const Frame& frame) : tables(frame.to_futures()) {
    Client client = Client::current();
    std::vector<Future<std::int64_t>> counts;
    for (const Future<Table>& table : tables) counts.push_back(client.submit(rows_of, table));
    rows = client.gather(counts);
  }
  std::vector<Future<Table>> tables;
  std::vector<std::int64_t> rows;
};

/// A block of `most_rows` at most for each part of a partition that has rows, but at least one block:
/// `make(partition, first row, count)`; `further` axes are whole in each.
template <class T, class MakeBlock>
Array<T> array_of_parts(const CountedParts& parts, std::int64_t most_rows,
                        const std::vector<std::int64_t>& further, const MakeBlock& make) {
  Chunks chunks{{}};
  std::vector<Future<xt::xarray<T>>> blocks;
  const auto add = [&](std::size_t part, std::int64_t first, std::int64_t count) {
    chunks[0].push_back(count);
    blocks.push_back(make(parts.tables[part], first, count));
  };
  for (std::size_t p = 0; p < parts.rows.size(); ++p)
    for (std::int64_t first = 0; first < parts.rows[p]; first += most_rows)
      add(p, first, std::min(most_rows, parts.rows[p] - first));
  if (blocks.empty()) add(0, 0, 0);
  for (const std::int64_t extent : further) chunks.push_back({extent});
  return from_futures<T>(blocks, chunks);
}
inline constexpr std::int64_t all_rows = std::numeric_limits<std::int64_t>::max();

template <class T>
Array<T> columns_as_array(const Frame& frame, const std::vector<std::string>& names, bool is_flat) {
  if (names.empty()) throw Error(ErrorKind::invalid_argument, "to_array: there must be a column (got none)");
  const Frame chosen = frame.select(names);
  for (const Field& field : chosen.schema())
    if (field.type == ColumnType::text)
      throw Error(ErrorKind::invalid_argument,
                  "to_array: a column must not be of text (got \"" + field.name + "\"); astype converts it");
  Client client = Client::current();
  std::vector<std::int64_t> further;
  if (!is_flat) further.push_back(static_cast<std::int64_t>(names.size()));
  return array_of_parts<T>(
      CountedParts(chosen), all_rows, further, [&](const Future<Table>& table, std::int64_t, std::int64_t) {
        return client.submit({.name = "to_array"}, &block_of_columns<T>, table, names, is_flat);
      });
}

/// The elements of a chunk as a table of one column; NaN is a missing value, as it is on the way there.
template <class T>
Table table_of_block(const xt::xarray<T>& block, const std::string& name) {
  using Value =
      std::conditional_t<std::is_same_v<T, bool>, bool,
                         std::conditional_t<std::is_integral_v<T>, std::int64_t, std::optional<double>>>;
  std::vector<Value> values(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    const T value = block.data()[i];
    if constexpr (std::is_same_v<T, std::uint64_t>)
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        throw Error(ErrorKind::invalid_argument, "to_frame: integers must be below 2^63 (got " +
                                                     std::to_string(value) + " in \"" + name + "\")");
    if constexpr (std::is_floating_point_v<T>)
      if (std::isnan(value)) continue;
    values[i] = static_cast<Value>(value);
  }
  return Table({name}, {make_column(values)});
}

/// Days or times that were written as integers.
template <ColumnType type>
Table table_of_times(const xt::xarray<std::int64_t>& block, const std::string& name) {
  std::vector<std::optional<std::int64_t>> values(block.size());
  for (std::size_t i = 0; i < block.size(); ++i)
    if (block.data()[i] != no_time) values[i] = block.data()[i];
  return Table({name}, {detail::frame::as_dates(values, type)});
}

inline Table table_of_texts(const std::string& path, const std::string& dataset, std::int64_t first,
                            std::int64_t count, const std::string& name,
                            const std::optional<std::string>& missing) {
  std::vector<std::optional<std::string>> values;
  for (std::string& text : array::read_texts(path, dataset, first, count))
    if (text == missing) values.emplace_back();
    else values.emplace_back(std::move(text));
  return Table({name}, {make_column(values)});
}

/// Tables of as many rows beside each other.
inline Table tables_beside(const std::vector<Table>& parts) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const Table& part : parts) {
    names.push_back(part.names().front());
    columns.push_back(part.columns().front());
  }
  return Table(std::move(names), std::move(columns));
}

}  // namespace detail::bridge

/// A column of a frame that is an array of one axis.
class ArrayColumn {
 public:
  /// Integers of all sizes become int64, floating-point numbers float64, in which NaN is missing.
  template <class T>
  requires std::is_arithmetic_v<T> ArrayColumn(std::string column, const Array<T>& array)
      : name(std::move(column)),
        type(std::is_same_v<T, bool> ? ColumnType::boolean
             : std::is_integral_v<T> ? ColumnType::int64
                                     : ColumnType::float64),
        shape(array.shape()),
        chunks(array.chunks()),
        parts(parts_of(array, name, &detail::bridge::table_of_block<T>)) {}
  /// As another type, by a function that makes a table of a block; for the library.
  template <class T>
  ArrayColumn(std::string column, const Array<T>& array, ColumnType other,
              Table (*make)(const xt::xarray<T>&, const std::string&))
      : name(std::move(column)),
        type(other),
        shape(array.shape()),
        chunks(array.chunks()),
        parts(parts_of(array, name, make)) {}
  /// Of what is no array; for the library.
  ArrayColumn(std::string column, ColumnType other, Shape extents, Chunks pieces,
              std::function<std::vector<Future<Table>>(Client&, const Chunks&)> make)
      : name(std::move(column)),
        type(other),
        shape(std::move(extents)),
        chunks(std::move(pieces)),
        parts(std::move(make)) {}

  std::string name;  ///< Its name in the frame.
  ColumnType type;   ///< Its type there.
  Shape shape;       ///< Of the array.
  Chunks chunks;     ///< Of the array.
  /// Computes it in such chunks, each a table of one column.
  std::function<std::vector<Future<Table>>(Client&, const Chunks&)> parts;

 private:
  template <class T>
  static auto parts_of(const Array<T>& array, const std::string& name,
                       Table (*make)(const xt::xarray<T>&, const std::string&)) {
    return [array, name, make](Client& client, const Chunks& wanted) {
      std::vector<Future<Table>> tables;
      for (const Future<xt::xarray<T>>& block : array.rechunk(wanted).futures())
        tables.push_back(client.submit(make, block, name));
      return tables;
    };
  }
};

/// A frame of arrays of one axis, a partition for each chunk of the first: `to_frame({{"t", times}, {"v",
/// volts}})`.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no array, one has not exactly one axis, two have
/// one name, or they differ in length. Unsigned integers of 2^63 and more fail the computation.
/// **Cost.** Nothing runs before the frame is computed; then the arrays are.
[[nodiscard]] inline Frame to_frame(const std::vector<ArrayColumn>& columns) {
  if (columns.empty())
    throw Error(ErrorKind::invalid_argument, "to_frame: there must be an array (got none)");
  Schema schema;
  for (const ArrayColumn& column : columns) {
    if (column.shape.size() != 1)
      throw Error(ErrorKind::invalid_argument, "to_frame: an array must have one axis (got " +
                                                   to_text(column.shape) + " of \"" + column.name + "\")");
    if (column.shape[0] != columns[0].shape[0])
      throw Error(ErrorKind::invalid_argument, "to_frame: arrays must have the same length (got " +
                                                   std::to_string(column.shape[0]) + " of \"" + column.name +
                                                   "\" beside " + std::to_string(columns[0].shape[0]) +
                                                   " of \"" + columns[0].name + "\")");
    for (const Field& field : schema)
      if (field.name == column.name)
        throw Error(ErrorKind::invalid_argument,
                    "to_frame: names must differ (got \"" + field.name + "\" twice)");
    schema.push_back({column.name, column.type});
  }
  return detail::frame::asked_frame(schema, columns[0].chunks[0].size(), [columns](Client& client) {
    std::vector<std::vector<Future<Table>>> parts(columns[0].chunks[0].size());
    for (const ArrayColumn& column : columns) {
      const std::vector<Future<Table>> of_column = column.parts(client, columns[0].chunks);
      for (std::size_t p = 0; p < parts.size(); ++p) parts[p].push_back(of_column[p]);
    }
    std::vector<Future<Table>> tables;
    for (const auto& part : parts) tables.push_back(client.submit(&detail::bridge::tables_beside, part));
    return tables;
  });
}

namespace detail::bridge {

inline constexpr const char *unit_attribute = "units", *missing_attribute = "missing",
                            *days_unit = "days since 1970-01-01",
                            *times_unit = "nanoseconds since 1970-01-01";

/// "g", "/g" and "/g/" are one group.
inline std::string group_prefix(const std::string& group) {
  return (group.starts_with('/') ? "" : "/") + group + (group.ends_with('/') || group.empty() ? "" : "/");
}

inline std::optional<std::string> text_attribute(const Hdf5Dataset& dataset, const char* name) {
  const auto found = dataset.attributes.find(name);
  const auto* text = found == dataset.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text ? std::optional(*text) : std::nullopt;
}

/// Each worker reads the texts of its own rows.
inline ArrayColumn column_of_texts(const std::string& path, const Hdf5Dataset& dataset,
                                   const std::string& name) {
  constexpr std::int64_t rows_of_a_part = 250'000;
  Chunks chunks{{}};
  const std::int64_t rows = dataset.shape.size() == 1 ? dataset.shape[0] : 0;
  const std::int64_t of_file = dataset.chunks.empty() ? rows_of_a_part : dataset.chunks[0];
  const std::int64_t step = of_file * std::max<std::int64_t>(1, rows_of_a_part / of_file);
  for (std::int64_t first = 0; first < rows || chunks[0].empty(); first += step)
    chunks[0].push_back(std::min(step, rows - first));
  return {name, ColumnType::text, dataset.shape, std::move(chunks),
          [path, set = dataset.name, name, missing = text_attribute(dataset, missing_attribute)](
              Client& client, const Chunks& wanted) {
            std::vector<Future<Table>> tables;
            std::int64_t first = 0;
            for (const std::int64_t count : wanted[0]) {
              tables.push_back(client.submit(&table_of_texts, path, set, first, count, name, missing));
              first += count;
            }
            return tables;
          }};
}

inline ArrayColumn column_of_dataset(const std::string& path, const Hdf5Dataset& dataset,
                                     const std::string& name) {
  const std::string& type = dataset.type;
  if (type.starts_with("text")) return column_of_texts(path, dataset, name);
  if (type == "bool") return {name, open_hdf5<bool>(path, dataset.name)};
  if (!type.starts_with("int") && !type.starts_with("uint"))
    return {name, open_hdf5<double>(path, dataset.name)};
  if (type.starts_with("uint64")) return {name, open_hdf5<std::uint64_t>(path, dataset.name)};
  const Array<std::int64_t> integers = open_hdf5<std::int64_t>(path, dataset.name);
  const std::optional<std::string> unit = text_attribute(dataset, unit_attribute);
  if (unit == days_unit) return {name, integers, ColumnType::date, &table_of_times<ColumnType::date>};
  if (unit == times_unit)
    return {name, integers, ColumnType::datetime, &table_of_times<ColumnType::datetime>};
  return {name, integers};
}

/// What is to be known of a column before it is written.
struct ColumnSummary {
  static std::vector<Aggregate> asked(const Frame& frame) {
    std::vector<Aggregate> all;
    const auto add = [&](Aggregate::Kind kind, const Expression& value, const std::string& name) {
      all.push_back(aggregate(kind, value).as(name));
    };
    for (const auto& [name, type] : frame.schema()) {
      add(Aggregate::Kind::sum, col(name).isna(), "missing " + name);
      if (type == ColumnType::int64) {
        const Expression real = col(name).astype(ColumnType::float64);
        const Expression rounded =
            when((real.astype(ColumnType::int64) == col(name)).fillna(false), 0, col(name));
        add(Aggregate::Kind::min, rounded, "least rounded " + name);
        add(Aggregate::Kind::max, rounded, "greatest rounded " + name);
      }
      if (type != ColumnType::text) continue;
      add(Aggregate::Kind::max, col(name).text().length(), "longest " + name);
      add(Aggregate::Kind::sum, col(name).text().length(), "bytes " + name);
      add(Aggregate::Kind::sum, col(name) == "", "empty " + name);
      add(Aggregate::Kind::sum, col(name) == "NA", "NA " + name);
    }
    return all;
  }
  ColumnSummary(const Table& found, const std::string& name) {
    const auto of = [&](const char* what) -> std::int64_t {
      const auto at = found.find(what + (" " + name));
      return !at || found.columns()[*at].is_na(0) ? 0 : found.columns()[*at].int64s()[0];
    };
    has_missing = of("missing") > 0;
    for (const char* rounded : {"least rounded", "greatest rounded"})
      if (has_missing && of(rounded) != 0)
        throw Error(ErrorKind::invalid_argument,
                    "to_hdf5: a column of integers with missing values becomes float64, which must hold them "
                    "exactly (got " +
                        std::to_string(of(rounded)) + " of \"" + name +
                        "\"); fillna keeps integers, astype to float64 before rounds them");
    longest = of("longest");
    bytes = of("bytes");
    if (!has_missing || of("empty") == 0) return;
    missing = "NA";
    longest = std::max<std::int64_t>(longest, 2);
    if (of("NA") > 0)
      throw Error(ErrorKind::invalid_argument,
                  "to_hdf5: a column with missing values must not have both empty texts and \"NA\", one of "
                  "which stands for what is missing (got \"" +
                      name + "\"); fillna or dropna helps");
  }
  bool has_missing = false;
  std::int64_t longest = 0, bytes = 0;
  std::string missing{};  ///< What stands for a missing text.
};

inline array::Hdf5Output output_of_texts(const CountedParts& parts, const std::string& dataset,
                                         const std::string& name, const ColumnSummary& known) {
  constexpr std::int64_t most_bytes_of_a_block = 16 << 20;
  const std::int64_t width = std::max<std::int64_t>(1, known.longest);
  Client client = Client::current();
  const Array<std::uint8_t> texts = array_of_parts<std::uint8_t>(
      parts, std::max<std::int64_t>(1, most_bytes_of_a_block / width), {width},
      [&](const Future<Table>& table, std::int64_t first, std::int64_t count) {
        return client.submit(&block_of_texts, table, name, static_cast<std::size_t>(first),
                             static_cast<std::size_t>(count), static_cast<std::size_t>(width), known.missing);
      });
  WriteHdf5 how;
  if (texts.shape()[0] * width > 2 * known.bytes + (1 << 20)) how.gzip = 1;  // it is mostly filling
  if (known.has_missing) how.attributes[missing_attribute] = known.missing;
  return named(dataset, texts, how);
}

}  // namespace detail::bridge

/// The datasets of a group as a frame, a column for each in order of their names: what `to_hdf5` wrote, or
/// pandas' and h5py's users.
///
/// Texts of fixed and of any length become text; one that the attribute `missing` names is missing. Integers
/// with the attribute `units` "days since 1970-01-01" or "nanoseconds since 1970-01-01" become days and
/// times.
/// **Errors.** What `hdf5_info` throws; `Error{not_found}` if the group has no dataset,
/// `Error{invalid_argument}` if one is not of numbers or texts with one axis, or they differ in length.
/// **Cost.** Reads nothing but the list of datasets; every worker reads its own rows when the frame is
/// computed.
[[nodiscard]] inline Frame read_hdf5(const std::string& path, const std::string& group) {
  const std::string prefix = detail::bridge::group_prefix(group);
  std::vector<ArrayColumn> columns;
  for (const Hdf5Dataset& dataset : detail::hdf5::info("read_hdf5", path).datasets) {
    if (!dataset.name.starts_with(prefix)) continue;
    const std::string name = dataset.name.substr(prefix.size());
    if (name.find('/') == std::string::npos)
      columns.push_back(detail::bridge::column_of_dataset(path, dataset, name));
  }
  if (columns.empty())
    throw Error(ErrorKind::not_found,
                "read_hdf5: the group must have datasets (got \"" + group + "\" of '" + path + "')");
  return to_frame(columns);
}

/// A column as an array of one axis, a chunk for each partition; computed now, left on the workers.
///
/// Days and times are their numbers of days or nanoseconds since 1970, bools 0 and 1, missing values NaN.
/// **Errors.** Throws `Error{invalid_argument}` for text. Missing values, and those that `T` does not hold,
/// fail the chunk of an array of integers.
template <class T, std::convertible_to<std::string> Name>
[[nodiscard]] Array<T> to_array(const Frame& frame, const Name& column) {
  return detail::bridge::columns_as_array<T>(frame, {column}, true);
}
/// Several columns as an array of two axes: rows, and columns in this order.
template <class T>
[[nodiscard]] Array<T> to_array(const Frame& frame, const std::vector<std::string>& columns) {
  return detail::bridge::columns_as_array<T>(frame, columns, false);
}

/// Writes each column as a dataset of a group of an HDF5 file: `to_hdf5(frame, "run.h5", "/flights")`.
///
/// int64, days and times become int64 datasets, float64 and integers with missing values float64, bools
/// h5py's. Missing days and times are NumPy's NaT, their unit is the attribute `units`. Texts have the length
/// of the longest, filled up with zeros (one that ends with a zero byte loses it), and are packed where that
/// is mostly filling; a missing one is empty, or `NA` where there are empty ones: the attribute `missing`.
/// h5py reads them as `pandas.DataFrame({name: data[()] for name, data in file["/flights"].items()})`, texts
/// as bytes; `data.asstr()[()]` has them as str.
/// **Errors.** Throws `Error{invalid_argument}` for a column with a `/` in its name, of integers with missing
/// values that float64 would round (some beyond 2^53), or where nothing can stand for a missing text, what
/// `Array::to_hdf5` throws, and `Error{io}` if the file cannot be written.
inline void to_hdf5(const Frame& frame, const std::string& path, const std::string& group) {
  namespace bridge = detail::bridge;
  if (frame.schema().empty())
    throw Error(ErrorKind::invalid_argument, "to_hdf5: there must be a column (got none)");
  for (const Field& field : frame.schema())
    if (field.name.empty() || field.name.find('/') != std::string::npos)
      throw Error(ErrorKind::invalid_argument, "to_hdf5: a column must have a name without \"/\" (got \"" +
                                                   field.name + "\"); rename gives it another");
  const Frame kept = frame.persist();
  const Table found = kept.agg(bridge::ColumnSummary::asked(kept)).compute();
  const bridge::CountedParts parts(kept);
  Client client = Client::current();
  std::vector<detail::array::Hdf5Output> outputs;
  std::set<std::string> texts;
  const auto add = [&]<class T>(std::type_identity<T>, const std::string& dataset, const std::string& name) {
    outputs.push_back(
        named(dataset, bridge::array_of_parts<T>(parts, bridge::all_rows, {},
                                                 [&](const Future<Table>& table, std::int64_t, std::int64_t) {
                                                   return client.submit(&bridge::block_of_columns<T>, table,
                                                                        std::vector<std::string>{name}, true);
                                                 })));
  };
  for (const auto& [name, type] : kept.schema()) {
    const std::string dataset = bridge::group_prefix(group) + name;
    const bridge::ColumnSummary known(found, name);
    if (type == ColumnType::text) {
      texts.insert(dataset);
      outputs.push_back(bridge::output_of_texts(parts, dataset, name, known));
    } else if (type == ColumnType::date || type == ColumnType::datetime) {
      const Array<std::int64_t> times = bridge::array_of_parts<std::int64_t>(
          parts, bridge::all_rows, {},
          [&, &name = name](const Future<Table>& table, std::int64_t, std::int64_t) {
            return client.submit(&bridge::block_of_times, table, name);
          });
      const char* unit = type == ColumnType::date ? bridge::days_unit : bridge::times_unit;
      outputs.push_back(named(dataset, times, {.attributes = {{bridge::unit_attribute, unit}}}));
    } else if (type == ColumnType::float64 || known.has_missing) {
      add(std::type_identity<double>{}, dataset, name);
    } else if (type == ColumnType::boolean) {
      add(std::type_identity<bool>{}, dataset, name);
    } else {
      add(std::type_identity<std::int64_t>{}, dataset, name);
    }
  }
  detail::array::write_hdf5_with_texts(path, outputs, texts);
}

}  // namespace weir
