// What the tests of streams share.
#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>

#include <catch2/catch.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "weir/stream/stream.hpp"

using Ints = std::vector<int>;

inline int inc(int x) { return x + 1; }
inline bool is_odd(int x) { return x % 2 != 0; }

/// The sentence of the error `run` ends with.
template <class Run>
std::string sentence(Run run) {
  try {
    run();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

/// Counts calls of on_done.
struct DoneCount {
  int done = 0, failed = 0;
  weir::stream::Done counter() {
    return [this](const std::exception_ptr& error) {
      ++done;
      if (error) ++failed;
    };
  }
};

/// What the library logs while it lives.
class Warnings {
 public:
  Warnings() : before_(weir::log::logger().sinks()) {
    sink_->set_pattern("%v");
    weir::log::logger().sinks() = {sink_};
  }
  ~Warnings() { weir::log::logger().sinks() = before_; }
  Warnings(const Warnings&) = delete;
  std::string text() {
    std::string all;
    for (const std::string& line : sink_->last_formatted()) all += line;
    return all;
  }

 private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_ = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
  std::vector<spdlog::sink_ptr> before_;
};

/// Emits all of `elements`.
template <class T, class Elements>
void feed(const weir::Stream<T>& source, const Elements& elements) {
  for (const auto& x : elements) source.emit(x);
}
inline void feed(const weir::Stream<int>& source, int begin, int end) {
  for (int i = begin; i < end; ++i) source.emit(i);
}
