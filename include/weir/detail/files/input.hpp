// Input: the bytes of a file, unpacked, as they are asked for.
#pragma once

#include <memory>

#include "weir/detail/files/find.hpp"

namespace weir::detail::files {

/// The bytes of a file, unpacked, from where they were opened to the end of the file.
///
/// **Errors.** Begin with who opened it and name the file. Throws `Error{io}` when the system refuses,
/// `Error{serialization}` for broken packed bytes, with the place of the byte in the packed file.
/// **Threads.** One at a time.
class Input {
 public:
  virtual ~Input() = default;
  /// Writes up to `room` bytes (at least one) to `to`; how many, 0 at the end.
  virtual std::size_t read(char* to, std::size_t room) = 0;
};

/// Opens the file of a portion at its begin. Reading ends at the end of the file, not of the portion.
[[nodiscard]] std::unique_ptr<Input> open(const char* who, const Portion& portion);
/// Throws `Error{io}` if a plain file ends before the portion does, as when it was written anew meanwhile.
void check_length(const char* who, const Portion& portion);

}  // namespace weir::detail::files
