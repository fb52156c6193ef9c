// Log lines of the library: `WEIR_LOG=debug` tells the story on stderr. The default level is warn.
#pragma once

#include <spdlog/spdlog.h>

namespace weir::detail::log {

/// The process's logger; its prefix is set once by the runtime ("rank 2").
spdlog::logger& logger();
void set_prefix(const std::string& who);

template <class... Args>
void debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  logger().debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void info(spdlog::format_string_t<Args...> format, Args&&... args) {
  logger().info(format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  logger().warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void error(spdlog::format_string_t<Args...> format, Args&&... args) {
  logger().error(format, std::forward<Args>(args)...);
}
[[nodiscard]] inline bool debugging() { return logger().should_log(spdlog::level::debug); }

}  // namespace weir::detail::log
