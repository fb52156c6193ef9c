// Warnings: what the library logs, for tests that look at it.
#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <vector>

#include "core/log.hpp"

/// What the library logs while it lives.
class Warnings {
 public:
  Warnings() : before_(weir::detail::log::logger().sinks()) {
    sink_->set_pattern("%v");
    sink_->set_level(spdlog::level::warn);  // the logger also keeps what it does not show
    weir::detail::log::logger().sinks() = {sink_};
  }
  ~Warnings() { weir::detail::log::logger().sinks() = before_; }
  Warnings(const Warnings&) = delete;
  std::string text() {
    std::string all;
    for (const std::string& line : sink_->last_formatted()) all += line;
    return all;
  }

 private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
  std::vector<spdlog::sink_ptr> before_;
};
