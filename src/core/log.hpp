// Log lines of the library: `WEIR_LOG=debug` tells the story on stderr. The default level is warn.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace weir::detail::log {

enum class Level { debug, info, warn, error };

/// The process's logger; its prefix is set once by the runtime ("rank 2").
spdlog::logger& logger();
/// The last hundred lines, oldest first: those on stderr, and what the level `info` would tell besides.
[[nodiscard]] std::vector<std::string> recent();
/// Of these the ones after the first `told` of all lines there have been; `told` becomes how many that is.
/// **Threads.** Any.
[[nodiscard]] std::vector<std::string> recent_after(std::uint64_t& told);

void set_prefix(const std::string& who);

/// Whether lines of this level are written.
[[nodiscard]] bool shows(Level level);
void write(Level level, fmt::string_view format, fmt::format_args arguments);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, format, fmt::make_format_args(args...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, format, fmt::make_format_args(args...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, format, fmt::make_format_args(args...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, format, fmt::make_format_args(args...));
}
[[nodiscard]] inline bool debugging() { return shows(Level::debug); }

}  // namespace weir::detail::log
