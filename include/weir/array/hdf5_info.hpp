// What is in an HDF5 file: datasets, attributes, texts; and what is left in it of writes that did not end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/array/hdf5.hpp"

namespace weir {

/// A dataset of a file, as `hdf5_info` tells it.
struct Hdf5Dataset {
  std::string name;  ///< From the root: `"/group/x"`.
  std::string type;  ///< `"float64"`, `"complex128"`; or what the elements are: `"text of 5 bytes"`.
  Shape shape;       ///< Extents, one per axis.
  std::vector<std::optional<std::int64_t>> limits;  ///< Of its growth, per axis; none: without limit.
  Shape chunks;                                     ///< Of the file; empty if it has none.
  std::vector<std::string> filters;  ///< `"shuffle"`, `"deflate 4"`, `"32015 (zstd), not available"`.
  std::string layout;                ///< `"contiguous"`, `"chunked"`, `"compact"`, `"virtual"`.
  std::uint64_t stored_bytes = 0;    ///< In the file.
  bool is_complete = true;           ///< No write of it was interrupted, or is going on.
  std::map<std::string, Hdf5Attribute> attributes;  ///< Stored beside it, by name.
};

/// What is in a file.
struct Hdf5Info {
  std::vector<Hdf5Dataset> datasets;                ///< In the order of their names.
  std::map<std::string, Hdf5Attribute> attributes;  ///< Of the root.
  std::map<std::string, std::string> links;  ///< Links that lead out of the file or nowhere, and where to.
};

/// Lists a file's datasets; reads none of their elements.
///
/// Attributes are numbers, texts and lists of them; others are left out.
/// **Errors.** Throws `Error{not_found}` if there is no such file, `Error{io}` if it cannot be opened.
[[nodiscard]] Hdf5Info hdf5_info(const std::string& path);
namespace detail::hdf5 {
/// The same; `who` begins the sentences.
[[nodiscard]] Hdf5Info info(const char* who, const std::string& path);
}  // namespace detail::hdf5

/// The texts of a dataset, of fixed or any length, in row-major order in its shape.
///
/// **Errors.** As `open_hdf5`; `Error{invalid_argument}` if its elements are no texts.
/// **Cost.** Reads the whole dataset, here.
[[nodiscard]] xt::xarray<std::string> hdf5_text(const std::string& path, const std::string& dataset);

/// Something that is not as it should be in a file or beside it.
struct Hdf5Problem {
  std::string what;          ///< A sentence.
  bool is_repaired = false;  ///< It has been mended.
};

/// Looks for what interrupted writes have left: datasets that are marked as incomplete, those that never got
/// their name, files that never did.
///
/// With `repair` the first count as complete from now on, with the elements that are there, and the others
/// are removed; but not what a program of this machine, or one that holds the file's lock, still writes.
/// **Errors.** As `hdf5_info`; with `repair` as `to_hdf5` with `append`.
[[nodiscard]] std::vector<Hdf5Problem> check_hdf5(const std::string& path, bool repair = false);

}  // namespace weir
