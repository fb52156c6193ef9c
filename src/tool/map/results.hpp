// The file in which `weir map` keeps what its commands have done.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/descriptor.hpp"

namespace weir::detail::tool::mapping {

/// A row of the file: what one command has done.
struct Row {
  std::uint64_t number = 0;
  int status = 0;
  double seconds = 0;
  int attempts = 1;
  std::string host, command, output, errors;
  std::uint64_t left_out_bytes = 0;  ///< Of output and errors, beyond what is kept.
};

inline constexpr std::string_view results_header =
    "number,status,seconds,attempts,host,command,output,errors,left_out_bytes\n";

/// A row as a line of CSV (RFC 4180; what people see as lines in it are quoted).
[[nodiscard]] std::string csv_of(const Row& row);

/// What a file of rows holds: the commands that have worked, and how often; and where its last whole row
/// ends.
struct Kept {
  std::map<std::string, std::uint64_t> worked;
  std::uint64_t rows = 0;
  std::uint64_t whole_bytes = 0;
};
/// **Errors.** Throws `Error{invalid_argument}` if the text does not begin as such a file; a row that cannot
/// be read ends what is whole.
[[nodiscard]] Kept kept_in(std::string_view text);

/// The file, open to append. A row is written at once; one that the end of the program has cut is dropped by
/// the next one.
class Results {
 public:
  /// **Errors.** Throws `Error{invalid_argument}` if it holds rows and is not to be resumed, or is no such
  /// file; `Error{unsupported}` if another `weir map` writes it; `Error{io}` if it cannot be opened.
  Results(std::string file, bool resume);
  /// Throws `Error{io}` if it cannot be written.
  void add(const Row& row);
  /// What was there.
  [[nodiscard]] const Kept& kept() const noexcept { return kept_; }
  /// Waits until all rows are on the disk.
  void settle();

 private:
  void write(std::string_view text);
  std::string file_;
  Descriptor descriptor_;
  Kept kept_;
  std::uint64_t bytes_ = 0;
};

}  // namespace weir::detail::tool::mapping
