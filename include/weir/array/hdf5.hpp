// HDF5: arrays from and to datasets, read and written by all workers.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "weir/array/array.hpp"
#include "weir/duration.hpp"

namespace weir {

/// How a dataset is opened.
struct OpenHdf5 {
  ChunkSpec chunks{};                       ///< Chosen chunks are multiples of the file's own.
  OutOfRange overflow = OutOfRange::error;  ///< Numbers that T does not hold.
  std::string member{};                     ///< Of compounds: the member to read of each.
  bool fill_missing = false;  ///< Sources of a virtual dataset that are not there: fill values, no error.
};

/// A number, a text, or a list of one of them, stored beside a dataset.
using Hdf5Attribute = std::variant<double, std::int64_t, std::string, std::vector<double>,
                                   std::vector<std::int64_t>, std::vector<std::string>>;

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
  std::optional<std::int64_t> unlimited{};   ///< An axis along which `to_hdf5_region` may let it grow.
  Duration wait = std::chrono::minutes(10);  ///< For other programs that write the same file (`append`).
  bool resume = false;  ///< An interrupted write of the same array goes on with the chunks that are missing.
};

/// How a region is written.
struct WriteHdf5Region {
  OutOfRange overflow = OutOfRange::error;   ///< Numbers that the dataset's type does not hold.
  Duration wait = std::chrono::minutes(10);  ///< For other programs that write the same file.
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
/// In the journal, as a file that is written once; without a journal, or for nothing, as `persist`.
[[nodiscard]] NodePtr persist_kept(const NodePtr& node, std::int64_t version);
/// Writes into a region of a dataset that exists.
void write_hdf5_region(const std::string& path, const std::string& dataset, const NodePtr& node,
                       const Shape& start, const WriteHdf5Region& how);
}  // namespace detail::array

/// A dataset of a file, as an array; nothing is read yet.
///
/// Links lead where they lead, also into other files; a virtual dataset reads its sources as they are then.
/// **Shape.** That of the dataset. Chunks "auto" are multiples of the file's own chunks.
/// **Errors.** Throws `Error{not_found}` if there is no such file or dataset, or a link or source leads to
/// none, `Error{io}` if it cannot be opened, is truncated or incomplete, `Error{unsupported}` for a filter
/// that HDF5 does not have, `Error{invalid_argument}` if its elements are not numbers that can be T:
/// integers, enumerations and bit fields are any number type, and bool if all are 0 or 1; floating-point
/// numbers are those; pairs r and i, re and im, real and imag, or real and imaginary are complex. A number
/// that T does not hold fails the task that reads it, as does a region that cannot be read.
/// **Cost.** The file must be at the same path on every node. Every worker reads its own regions, all threads
/// at the same time: uncompressed ones without a copy, gzip with or without shuffle; other filters, members,
/// virtual datasets, small uncompressed chunks (below 256 KiB) and those of files with a user block one
/// thread after the other. Parts of compressed chunks are cut from the chunks inflated last, of which up to
/// 64 MiB are kept.
template <detail::array::Element T>
[[nodiscard]] Array<T> open_hdf5(const std::string& path, const std::string& dataset,
                                 const OpenHdf5& how = {}) {
  return Array<T>(detail::array::open_hdf5(path, dataset, detail::array::dtype_of<T>, how));
}

/// Computes an array and writes it as a dataset, chunk by chunk, by all workers.
///
/// A new file is written beside the old one, which may be behind a symbolic link, and takes its name and its
/// mode when it is complete: an interrupted write leaves nothing that reads as complete, and what it leaves
/// goes with the next write of that name. Uncompressed chunks go straight to their place in the file, from
/// every worker at the same time; compressed ones are compressed on the workers and written by one, as are
/// those of datasets that may grow. With `append` the dataset gets its name when it is complete; until then,
/// and after an interruption, it is called NAME.part-..., which `open_hdf5` refuses. Programs that append to
/// one file wait for each other where the file system has locks (`flock`): local disks, NFS, GPFS, CephFS,
/// Lustre mounted with `flock`; elsewhere a line of the log says that it has none.
/// **Errors.** Throws `Error{io}`: no permission, disk full; `Error{invalid_argument}`: a dataset that is
/// there already, two of one name, a file with several hard links, a device; `Error{unsupported}`: a filter
/// that HDF5 does not have; `Error{timeout}`: another program writes the file. The old file is as it was
/// then; `append` takes room for the uncompressed elements before it changes the file.
///
/// With `resume` an interrupted write leaves `x.h5.resume`, with its chunks, and `x.h5.pieces`, which says
/// which those are. The next write of the same array to the same file compares their checksums and computes
/// only the others; if the file is complete already, nothing. The same is what computes the same chunks of
/// the same input files (by path, size and time), as in `weir::cached`. `Error{unsupported}` for compressed
/// datasets, for those that may grow, for `append`, and for lambdas in the array, which have no name.
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
/// Writes into the region of an existing dataset that begins at `start`, and lets it grow along axes without
/// limit.
///
/// Until it is complete the dataset carries the attribute `weir_incomplete`, and `open_hdf5` refuses it. A
/// mark that another write left stays, unless this one writes every element (`weir hdf5 check`).
/// **Errors.** As `to_hdf5`; `Error{invalid_argument}` if the region does not lie in the dataset, or the
/// dataset does not hold the numbers. The mark stays if some of it may have been written.
template <class T>
void to_hdf5_region(const Array<T>& x, const std::string& path, const std::string& dataset,
                    const Shape& start, const WriteHdf5Region& how = {}) {
  detail::array::write_hdf5_region(path, dataset, x.node(), start, how);
}

template <detail::array::Element T>
Array<T> Array<T>::persist(const cached& how) const {
  return Array(detail::array::persist_kept(node(), how.version));
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
