// Arrow IPC files read as frames; `Frame::to_arrow` writes them.
#pragma once

#include "weir/frame/frame.hpp"

namespace weir {

/// How Arrow files are read.
struct ReadArrow {
  std::vector<std::string> columns{};  ///< Only these, in this order; all if empty.
};

/// A frame of the Arrow IPC files that match patterns, in order of their names: files (also called Feather
/// version 2) and streams.
///
/// Types become those of `from_arrow`; a column of dictionaries becomes text, or whatever its values are.
/// **Shape.** A partition for each record batch.
/// **Errors.** Throws at once: `Error{not_found}` if no file matches, `Error{serialization}` with the byte if
/// one is no Arrow file, `Error{invalid_argument}` if files have different columns, `Error{unsupported}` for
/// columns of lists, structs, decimals and others (`.columns` leaves them out) and for
/// big-endian files. Batches that are broken fail the computation with file and byte.
/// **Cost.** Reads what files say of their batches now, and later only columns that are used.
/// **Source.** The Arrow columnar format, version 1.4.
[[nodiscard]] Frame read_arrow(const std::vector<std::string>& patterns, const ReadArrow& options = {});
/// The same of one file or pattern.
template <std::convertible_to<std::string> Pattern>
[[nodiscard]] Frame read_arrow(const Pattern& pattern, const ReadArrow& options = {}) {
  return read_arrow(std::vector<std::string>{pattern}, options);
}

}  // namespace weir
