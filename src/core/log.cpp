// The logger: stderr, one line per event, level from WEIR_LOG.
#include "core/log.hpp"

#include <spdlog/cfg/helpers.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <string_view>

#include "core/wording.hpp"

namespace weir::detail::log {

namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

namespace {

const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt>& kept() {
  static const auto instance = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
  return instance;
}

}  // namespace

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made =
        std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->sinks().push_back(kept());
    const char* level = std::getenv("WEIR_LOG");
    const auto wanted = spdlog::level::from_str(level ? level : "");  // off, if it is no level
    const bool is_level = wanted != spdlog::level::off || (level && std::string_view(level) == "off");
    made->set_level(is_level ? wanted : spdlog::level::warn);
    made->flush_on(spdlog::level::trace);
    made->set_pattern("%H:%M:%S.%e weir %l: %v");
    return made;
  }();
  return *instance;
}

std::vector<std::string> recent() {
  std::vector<std::string> lines = kept()->last_formatted();
  for (std::string& line : lines)
    while (!line.empty() && line.back() == '\n') line.pop_back();
  return lines;
}

bool shows(Level level) { return logger().should_log(spdlog_level(level)); }

void write(Level level, fmt::string_view format, fmt::format_args arguments) {
  if (shows(level)) logger().log(spdlog_level(level), printable_lines(fmt::vformat(format, arguments)));
}

void set_prefix(const std::string& who) { logger().set_pattern("%H:%M:%S.%e weir " + who + " %l: %v"); }

}  // namespace weir::detail::log
