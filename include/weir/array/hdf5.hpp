// HDF5: arrays from and to datasets, read and written by all workers.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "weir/array/array.hpp"

namespace weir {

/// How a dataset is opened.
struct OpenHdf5 {
  ChunkSpec chunks{};  ///< Chosen chunks are multiples of the file's own.
};

/// A number or text stored beside a dataset.
using Hdf5Attribute = std::variant<double, std::int64_t, std::string>;

/// A filter of HDF5 by its number, built in or a plugin that every rank can load, with its parameters.
struct Hdf5Filter {
  /// Its number in the registry of HDF5 filters.
  unsigned id = 0;
  /// Its values, as the filter documents them.
  std::vector<unsigned> parameters{};
};

/// How a dataset is written.
struct WriteHdf5 {
  bool append =
      false;  ///< Into an existing file, which is changed in place; else the file is replaced as a whole.
  Shape chunks{};       ///< Chunk shape in the file; default that of the array's first chunk.
  int gzip = 0;         ///< Compression, 1 (fast) to 9 (small); 0: none, which all workers write at once.
  bool shuffle = true;  ///< With gzip: bytes are sorted first, which makes numbers compress better.
  std::vector<Hdf5Filter> filters{};  ///< Instead of gzip: applied in this order, by the workers, `{{.id =
                                      ///< 32015, .parameters = {3}}}` for example is zstd.
  /// Stored beside the dataset, by name.
  std::map<std::string, Hdf5Attribute> attributes{};
};

namespace detail::array {
[[nodiscard]] NodePtr open_hdf5(const std::string& path, const std::string& dataset, DType type,
                                const OpenHdf5& how);
struct Hdf5Output {
  std::string dataset;
  NodePtr node;
  WriteHdf5 how{};
};
void write_hdf5(const std::string& path, const std::vector<Hdf5Output>& outputs);
/// Writes into a region of a dataset that exists.
void write_hdf5_region(const std::string& path, const std::string& dataset, const NodePtr& node,
                       const Shape& start);
}  // namespace detail::array

/// A dataset of a file, as an array; nothing is read yet.
///
/// **Shape.** That of the dataset. Chunks "auto" are multiples of the file's own chunks.
/// **Errors.** Throws `Error{not_found}` if there is no such file or dataset, `Error{io}` if it cannot be
/// opened or is truncated, `Error{invalid_argument}` if its elements are not numbers that T can hold. A
/// region that cannot be read fails the task that reads it.
/// **Cost.** The file must be at the same path on every node. Every worker reads its own regions, all threads
/// at the same time: uncompressed ones without a copy, gzip with or without shuffle; other filters and small
/// uncompressed chunks (below 256 KiB) one thread after the other.
template <detail::array::Element T>
[[nodiscard]] Array<T> open_hdf5(const std::string& path, const std::string& dataset,
                                 const OpenHdf5& how = {}) {
  return Array<T>(detail::array::open_hdf5(path, dataset, detail::array::dtype_of<T>, how));
}

/// Computes an array and writes it as a dataset, chunk by chunk, by all workers.
///
/// A new file is written beside the old one and takes its name when it is complete: an interrupted write
/// leaves no file that reads as complete. Uncompressed chunks go straight to their place in the file, from
/// every worker at the same time; compressed ones are compressed on the workers and written by one. With
/// `append` the dataset gets its name when it is complete; until then, and after an interruption, it is
/// called NAME.part-PID.
/// **Errors.** Throws `Error{io}`: no permission, disk full; `Error{invalid_argument}`: a dataset that is
/// there already; `Error{unsupported}`: a filter that HDF5 does not have. The old file is as it was then;
/// `append` takes room for the uncompressed elements before it changes the file.
/// **Cost.** A task per chunk. No chunk visits rank 0 unless it is compressed; then as many are on their way
/// as the workers have threads, twice over, and four. The path must mean the same file on every node.
/// **Source.** `dask.array.to_hdf5`, which cannot do this from several processes.
template <class T>
void to_hdf5(const Array<T>& x, const std::string& path, const std::string& dataset,
             const WriteHdf5& how = {}) {
  detail::array::write_hdf5(path, {{dataset, x.node(), how}});
}
/// Several arrays into one file: `to_hdf5("out.h5", named("/a", a), named("/b", b))`; what they share is
/// computed once.
template <class T>
[[nodiscard]] detail::array::Hdf5Output named(std::string dataset, const Array<T>& x, WriteHdf5 how = {}) {
  return {std::move(dataset), x.node(), std::move(how)};
}
template <std::same_as<detail::array::Hdf5Output>... Outputs>
void to_hdf5(const std::string& path, const Outputs&... outputs) {
  detail::array::write_hdf5(path, {outputs...});
}
/// Writes into the region of an existing dataset that begins at `start`.
///
/// Until it is complete the dataset carries the attribute `weir_incomplete`, and `open_hdf5` refuses it.
/// **Errors.** As `to_hdf5`; `Error{invalid_argument}` if the region does not lie in the dataset. The mark
/// stays if some of it may have been written.
template <class T>
void to_hdf5_region(const Array<T>& x, const std::string& path, const std::string& dataset,
                    const Shape& start) {
  detail::array::write_hdf5_region(path, dataset, x.node(), start);
}

template <detail::array::Element T>
void Array<T>::to_hdf5(const std::string& path, const std::string& dataset) const {
  weir::to_hdf5(*this, path, dataset);
}
template <detail::array::Element T>
void Array<T>::to_hdf5(const std::string& path, const std::string& dataset, const WriteHdf5& how) const {
  weir::to_hdf5(*this, path, dataset, how);
}

}  // namespace weir
