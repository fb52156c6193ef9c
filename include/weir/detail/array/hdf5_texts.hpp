// Texts in HDF5: columns of frames are written and read so.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "weir/array/hdf5.hpp"

namespace weir::detail::array {

/// As `write_hdf5`; the outputs of these names are uint8 with two axes, whose rows become the elements: UTF-8
/// texts of a fixed number of bytes, filled up with zeros.
void write_hdf5_with_texts(const std::string& path, const std::vector<Hdf5Output>& outputs,
                           const std::set<std::string>& texts);

/// Texts `first` to `first + count` of a dataset of one axis, of fixed or any length.
/// **Errors.** As `hdf5_text`, in the name of `read_hdf5`.
[[nodiscard]] std::vector<std::string> read_texts(const std::string& path, const std::string& dataset,
                                                  std::int64_t first, std::int64_t count);

}  // namespace weir::detail::array
