// Byte counts: std::uint64_t inside, text such as "10MB" or "128 MiB" at the edges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Reads a byte count such as `"10MB"`, `"128 MiB"`, `"1.5GB"` or `"4096"`.
///
/// **Units.** `B`, `kB`, `MB`, `GB`, `TB`, `PB` are powers of 1000, `KiB` ... `PiB` powers of 1024; upper and
/// lower case are the same, the final `B` may be left out, a number without unit is bytes. A fraction of a
/// byte is rounded.
/// **Errors.** Throws `Error{invalid_argument}` that shows the text if it is not a byte count, is negative,
/// or needs more than 64 bits.
[[nodiscard]] std::uint64_t parse_bytes(std::string_view text);

/// Form for people: `"0 B"`, `"999 B"`, `"10 MB"`, `"134.2 MB"`; decimal units, rounded to a tenth.
[[nodiscard]] std::string to_text(std::uint64_t bytes);

}  // namespace weir
