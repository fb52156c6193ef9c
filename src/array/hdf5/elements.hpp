// How stored elements become those of an array, and the other way round: by the library where every number
// fits, else one by one.
#pragma once

#include <optional>
#include <string>

#include "array/hdf5/library.hpp"
#include "array/interpret/code.hpp"
#include "weir/array/chunks.hpp"

namespace weir::detail::array {

/// What is done with the elements of a dataset that is read.
struct Elements {
  Id memory;              ///< What the library reads, without a conversion.
  bool as_stored = true;  ///< The bytes in the file are these.
  std::size_t bytes = 0;  ///< Of such an element.
  int numbers = 1;        ///< In an element: 2 for complex ones.
  Id number;              ///< Type of each of them in `memory`.
  Id target;              ///< What the library then makes of each number.
  /// What that is, if it is not the array's own: numbers that may not fit, to be checked one by one.
  enum class Wide : std::uint8_t { none, int64, uint64, float64, extended } wide = Wide::none;
  bool same = false;  ///< They are the array's own from the beginning.
};
/// **Errors.** Throws `Error{invalid_argument}` in the function's name if they cannot be `wanted`.
[[nodiscard]] Elements elements_of(const std::string& function, const FileName& file, hid_t dataset,
                                   DType wanted);

/// Makes `to` of the elements of a box that lie in `stored`, which has room for `converted_bytes` of each and
/// is used up. Under the library's lock.
/// **Errors.** Throws `Error{invalid_argument}` with the number and where it is, unless they are clipped.
void convert(const Elements& elements, const FileName& file, const Dims& start, std::byte* stored,
             const Tensor& to);
[[nodiscard]] std::size_t converted_bytes(const Elements& elements, DType wanted);

/// Numbers of `from` as they are written to a dataset whose elements are of another type.
struct Writing {
  DType type = DType::float64;  ///< What the library is given.
  bool checked = false;         ///< If this is not the array's own type.
};
/// **Errors.** Throws `Error{invalid_argument}` in the function's name if they cannot be written as such.
[[nodiscard]] Writing writing_of(const std::string& function, const std::string& path,
                                 const std::string& dataset, hid_t stored, DType from);
/// The type of complex numbers in memory whose parts are called as in `stored`.
[[nodiscard]] Id complex_named_as(hid_t stored, DType type);
/// The chunk in another type; `at` is its place in the dataset, for the sentence.
[[nodiscard]] Tensor converted(const std::string& function, const std::string& path,
                               const std::string& dataset, const Tensor& values, DType to, OutOfRange rule,
                               const Shape& at);

/// "integers of 4 bytes", "compounds of "x" and "y"".
[[nodiscard]] std::string kind_text(hid_t type);

}  // namespace weir::detail::array
