// The line of the progress bar.
#include "weir/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace weir::detail::diagnostics {

namespace {

constexpr std::size_t widest_bar = 40;

std::size_t columns() {
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

}  // namespace

std::string progress_line(std::size_t done, std::size_t failed, std::size_t total,
                          std::chrono::nanoseconds elapsed, std::size_t width) {
  std::string text = std::to_string(done) + "/" + std::to_string(total) + " done";
  if (failed) text += ", " + std::to_string(failed) + " failed";
  text += ", " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count()) + " s";
  if (text.size() + 5 > width) return text.substr(0, width);
  const std::size_t bar = std::min(widest_bar, width - text.size() - 3);
  const std::size_t filled = total ? bar * done / total : bar;
  std::string line = "[" + std::string(filled, '=') + std::string(bar - filled, ' ') + "] ";
  if (filled && filled < bar) line[filled] = '>';
  return line + text;
}

ProgressBar::ProgressBar(std::size_t total)
    : total_(total), is_terminal_(isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (is_terminal_) std::fputc('\n', stderr);
}

void ProgressBar::show(std::size_t done, std::size_t failed) {
  if (!is_terminal_) return;
  // The last column stays free, so that the cursor does not wrap.
  const std::string line =
      "\r\x1b[K" +
      progress_line(done, failed, total_, std::chrono::steady_clock::now() - start_, columns() - 1);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace weir::detail::diagnostics
