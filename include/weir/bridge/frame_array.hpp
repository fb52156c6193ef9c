// Columns of frames as arrays, and so as datasets of HDF5. Link weir::frame and weir::array.
#pragma once

#include <limits>

#include "weir/array/creation.hpp"
#include "weir/array/hdf5.hpp"
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

}  // namespace detail::bridge

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
