// Tabs part the columns; commands are on one line.
#include "tool/map/job_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "weir/error.hpp"

namespace weir::detail::tool::mapping {
namespace {

constexpr const char* log_header =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
constexpr int most_signals = 64;

}  // namespace

std::string log_line(const LogEntry& entry) {
  std::string command = entry.command;
  std::replace(command.begin(), command.end(), '\n', ' ');
  const bool is_signal = entry.status > 128 && entry.status <= 128 + most_signals;
  return fmt::format("{}\t{}\t{:.3f}\t{:10.3f}\t0\t{}\t{}\t{}\t{}\n", entry.number, entry.host, entry.began,
                     entry.seconds, entry.output_bytes, is_signal ? 0 : entry.status,
                     is_signal ? entry.status - 128 : 0, command);
}

JobLog::JobLog(const std::string& file, bool is_continued)
    : file_(file), out_(file, is_continued ? std::ios::app : std::ios::trunc) {
  if (!out_)
    throw Error(ErrorKind::io, "--joblog " + file_ + ": it cannot be opened (" + std::strerror(errno) + ")");
  if (out_.tellp() == std::streampos(0)) write(log_header);
}

void JobLog::add(const LogEntry& entry) { write(log_line(entry)); }

void JobLog::write(const std::string& text) {
  if (!(out_ << text << std::flush))
    throw Error(ErrorKind::io, "--joblog " + file_ + ": it cannot be written (" + std::strerror(errno) + ")");
}

}  // namespace weir::detail::tool::mapping
