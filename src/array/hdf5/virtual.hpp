// Virtual datasets: what is read lies in datasets of other files.
#pragma once

#include "array/hdf5/library.hpp"
#include "array/interpret/code.hpp"

namespace weir::detail::array {

/// Opens the sources of a virtual dataset whose elements are in the box, as the library will do it; empty
/// start: all of them. While they are open the library finds them.
/// **Errors.** Throws `Error{not_found}` in the function's name if one is missing.
[[nodiscard]] std::vector<Id> open_sources(Hold& hold, const std::string& function, hid_t dataset,
                                           const FileName& name, const Dims& start, const Dims& shape);

}  // namespace weir::detail::array
