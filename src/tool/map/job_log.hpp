// The log of `weir map --joblog`: a line for each command, as GNU parallel writes it.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace weir::detail::tool::mapping {

/// What one command has done, as the log tells it.
struct LogEntry {
  std::uint64_t number = 0;
  std::string host;
  double began = 0;  ///< In seconds since 1970.
  double seconds = 0;
  std::uint64_t output_bytes = 0;
  int status = 0;  ///< 128 + signal if a signal ended it.
  std::string command;
};

/// **Source.** GNU parallel's `--joblog`: `Exitval` is 0 where a signal ended the command; `Send` is 0.
[[nodiscard]] std::string log_line(const LogEntry& entry);

/// The file, written line by line.
class JobLog {
 public:
  /// Begins anew, or goes on with `is_continued`. Throws `Error{io}` if it cannot be opened.
  JobLog(const std::string& file, bool is_continued);
  /// Throws `Error{io}` if it cannot be written.
  void add(const LogEntry& entry);

 private:
  void write(const std::string& text);
  std::string file_;
  std::ofstream out_;
};

}  // namespace weir::detail::tool::mapping
