// Columns of frames as arrays, and so as datasets of HDF5; and back. Link weir::frame and weir::array.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "weir/array/creation.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/hdf5_info.hpp"
#include "weir/frame.hpp"

namespace weir {

namespace detail::bridge {

inline std::int64_t rows_of(const Table& table) { return static_cast<std::int64_t>(table.rows()); }

template <class T>
T value_at(const Column& column, const std::string& name, std::size_t i) {
  if (!column.is_na(i)) {
    switch (column.type()) {
      case ColumnType::float64:
        return static_cast<T>(column.float64s()[i]);
      case ColumnType::boolean:
        return static_cast<T>(column.booleans()[i]);
      default:
        return static_cast<T>(column.int64s()[i]);
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

template <class T>
Array<T> columns_as_array(const Frame& frame, const std::vector<std::string>& names, bool is_flat) {
  if (names.empty()) throw Error(ErrorKind::invalid_argument, "to_array: there must be a column (got none)");
  const Frame chosen = frame.select(names);
  for (const Field& field : chosen.schema())
    if (field.type == ColumnType::text)
      throw Error(ErrorKind::invalid_argument,
                  "to_array: a column must not be of text (got \"" + field.name + "\"); astype converts it");
  Client client = Client::current();
  const std::vector<Future<Table>> tables = chosen.to_futures();
  std::vector<Future<std::int64_t>> counts;
  for (const Future<Table>& table : tables) counts.push_back(client.submit(rows_of, table));
  Chunks chunks{{}};
  std::vector<Future<xt::xarray<T>>> blocks;
  const std::vector<std::int64_t> rows = client.gather(counts);
  for (std::size_t p = 0; p < rows.size(); ++p) {
    if (rows[p] == 0 && (p + 1 < rows.size() || !blocks.empty())) continue;
    chunks[0].push_back(rows[p]);
    blocks.push_back(client.submit(&block_of_columns<T>, tables[p], names, is_flat));
  }
  if (!is_flat) chunks.push_back({static_cast<std::int64_t>(names.size())});
  return from_futures<T>(blocks, chunks);
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
        parts([array, column = name](Client& client, const Chunks& wanted) {
          std::vector<Future<Table>> tables;
          for (const Future<xt::xarray<T>>& block : array.rechunk(wanted).futures())
            tables.push_back(client.submit(&detail::bridge::table_of_block<T>, block, column));
          return tables;
        }) {}

  std::string name;  ///< Its name in the frame.
  ColumnType type;   ///< Its type there.
  Shape shape;       ///< Of the array.
  Chunks chunks;     ///< Of the array.
  /// Computes it in such chunks, each a table of one column.
  std::function<std::vector<Future<Table>>(Client&, const Chunks&)> parts;
};

/// A frame of arrays of one axis, a partition for each chunk of the first: `to_frame({{"t", times}, {"v",
/// volts}})`.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no array, one has not exactly one axis, or they
/// differ in length. Unsigned integers of 2^63 and more fail the computation.
/// **Cost.** Nothing runs before the frame is computed; then the arrays are.
[[nodiscard]] inline Frame to_frame(const std::vector<ArrayColumn>& columns) {
  if (columns.empty())
    throw Error(ErrorKind::invalid_argument, "to_frame: there must be an array (got none)");
  Schema schema;
  for (const ArrayColumn& column : columns) {
    if (column.shape.size() != 1 || column.shape[0] != columns[0].shape[0])
      throw Error(ErrorKind::invalid_argument,
                  "to_frame: arrays must have one axis of the same length (got " + to_text(column.shape) +
                      " of \"" + column.name + "\" beside " + to_text(columns[0].shape) + ")");
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

/// The datasets of a group as a frame, a column for each in order of their names: what `to_hdf5` wrote, or
/// pandas' and h5py's users.
///
/// **Errors.** What `hdf5_info` throws; `Error{not_found}` if the group has no dataset,
/// `Error{invalid_argument}` if one is not of numbers with one axis, or they differ in length.
/// **Cost.** Reads nothing but the list of datasets; every worker reads its own rows when the frame is
/// computed.
[[nodiscard]] inline Frame read_hdf5(const std::string& path, const std::string& group) {
  const std::string prefix = group == "/" ? group : group + "/";
  std::vector<ArrayColumn> columns;
  for (const Hdf5Dataset& dataset : hdf5_info(path).datasets) {
    if (!dataset.name.starts_with(prefix)) continue;
    const std::string name = dataset.name.substr(prefix.size());
    if (name.find('/') != std::string::npos) continue;
    if (dataset.type == "bool") columns.emplace_back(name, open_hdf5<bool>(path, dataset.name));
    else if (dataset.type.starts_with("int") || dataset.type.starts_with("uint"))
      columns.emplace_back(name, open_hdf5<std::int64_t>(path, dataset.name));
    else columns.emplace_back(name, open_hdf5<double>(path, dataset.name));
  }
  if (columns.empty())
    throw Error(ErrorKind::not_found,
                "read_hdf5: the group must have datasets (got \"" + group + "\" of '" + path + "')");
  return to_frame(columns);
}

/// A column as an array of one axis, a chunk for each partition; computed now, left on the workers.
///
/// Days and times are their numbers of days or nanoseconds since 1970, bools 0 and 1, missing values NaN.
/// **Errors.** Throws `Error{invalid_argument}` for text. Missing values fail the chunk of an array of
/// integers.
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
/// uint8. h5py reads them as `pandas.DataFrame({name: data[()] for name, data in file["/flights"].items()})`.
/// **Errors.** Throws `Error{invalid_argument}` for a column of text, what `Array::to_hdf5` throws, and
/// `Error{io}` if the file cannot be written.
inline void to_hdf5(const Frame& frame, const std::string& path, const std::string& group) {
  const Frame kept = frame.persist();
  std::vector<Aggregate> counts{count().as("\n")};
  for (const std::string& name : kept.columns()) counts.push_back(count(name).as(name));
  const Table there = kept.agg(counts).compute();
  std::vector<detail::array::Hdf5Output> outputs;
  for (const Field& field : kept.schema()) {
    const std::string dataset = (group == "/" ? "" : group) + "/" + field.name;
    const bool is_whole = there.column(field.name) == there.column("\n");
    if (field.type == ColumnType::float64 || !is_whole)
      outputs.push_back(named(dataset, to_array<double>(kept, field.name)));
    else if (field.type == ColumnType::boolean)
      outputs.push_back(named(dataset, to_array<std::uint8_t>(kept, field.name)));
    else outputs.push_back(named(dataset, to_array<std::int64_t>(kept, field.name)));
  }
  if (outputs.empty()) throw Error(ErrorKind::invalid_argument, "to_hdf5: there must be a column (got none)");
  detail::array::write_hdf5(path, outputs);
}

}  // namespace weir
