// Object files: large values, one each, written once.
#pragma once

#include <memory>
#include <string>

#include "weir/detail/task/value.hpp"

namespace weir::detail::journal {

/// Writes a value to `path`: all of it or nothing, on the disk when this returns. Returns the file's bytes.
///
/// **Errors.** Throws `Error{io}` that says what the system said; then nothing is left behind.
std::uint64_t write_object(const std::string& path, const Packed& value);

/// The value in the file, mapped; it stays readable while somebody has it, also when the file is removed.
///
/// **Errors.** Throws `Error{not_found}` if there is none, `Error{io}` if it is not what was written.
/// **Cost.** Reads it once, for its checksum.
[[nodiscard]] Packed read_object(const std::string& path);

}  // namespace weir::detail::journal
