// The logger: stderr, one line per event, level from WEIR_LOG.
#include "core/log.hpp"

#include <spdlog/cfg/helpers.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>
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

/// Keeps the last lines, and counts all.
class Kept final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> after(std::uint64_t& told) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t fresh = std::min<std::uint64_t>(count_ - std::min(told, count_), lines_.size());
    told = count_;
    return {lines_.end() - static_cast<std::ptrdiff_t>(fresh), lines_.end()};
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const std::string_view text(line.data(), line.size());
    lines_.emplace_back(text.substr(0, text.find_last_not_of('\n') + 1));
    if (lines_.size() > most) lines_.pop_front();
    ++count_;
  }
  void flush_() override {}

 private:
  static constexpr std::size_t most = 100;
  std::deque<std::string> lines_;
  std::uint64_t count_ = 0;
};

const std::shared_ptr<Kept>& kept() {
  static const auto instance = std::make_shared<Kept>();
  return instance;
}

}  // namespace

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    const auto shown = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto made = std::make_shared<spdlog::logger>("weir", shown);
    made->sinks().push_back(kept());
    const char* level = std::getenv("WEIR_LOG");
    auto wanted = spdlog::level::from_str(level ? level : "");  // off, if it is no level
    if (wanted == spdlog::level::off && (!level || std::string_view(level) != "off"))
      wanted = spdlog::level::warn;
    shown->set_level(wanted);
    made->set_level(std::min(wanted, spdlog::level::info));  // what is kept tells a little more
    made->flush_on(spdlog::level::trace);
    made->set_pattern("%H:%M:%S.%e weir %l: %v");
    return made;
  }();
  return *instance;
}

std::vector<std::string> recent() {
  std::uint64_t told = 0;
  return kept()->after(told);
}

std::vector<std::string> recent_after(std::uint64_t& told) { return kept()->after(told); }

bool shows(Level level) { return logger().should_log(spdlog_level(level)); }

void write(Level level, fmt::string_view format, fmt::format_args arguments) {
  if (shows(level)) logger().log(spdlog_level(level), printable_lines(fmt::vformat(format, arguments)));
}

void set_prefix(const std::string& who) { logger().set_pattern("%H:%M:%S.%e weir " + who + " %l: %v"); }

}  // namespace weir::detail::log
