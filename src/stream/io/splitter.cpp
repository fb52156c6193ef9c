// Splitter: messages out of bytes, each looked at once.
#include "weir/stream/sources.hpp"

namespace weir::detail::stream {

std::optional<std::string> Splitter::next(const std::string& who) {
  const std::size_t found = rest_.find(delimiter_, looked_);
  if (found != std::string::npos) {
    const bool is_too_long = found - begin_ > max_bytes_;
    std::string message = is_too_long ? std::string() : rest_.substr(begin_, found - begin_);
    begin_ = looked_ = found + delimiter_.size();
    if (begin_ > 64 * 1024 && begin_ > rest_.size() / 2) {
      rest_.erase(0, begin_);
      begin_ = looked_ = 0;
    }
    if (std::exchange(dropping_, false)) return next(who);
    if (is_too_long) refuse(who);
    return message;
  }
  rest_.erase(0, begin_);
  begin_ = 0;
  looked_ = rest_.size() - std::min(rest_.size(), delimiter_.size() - 1);
  if (!dropping_ && rest_.size() <= max_bytes_) return {};
  rest_.erase(0, looked_);
  looked_ = 0;
  if (std::exchange(dropping_, true)) return {};
  refuse(who);
}

void Splitter::refuse(const std::string& who) const {
  throw Error(ErrorKind::io,
              who + ": a message is longer than " + std::to_string(max_bytes_) + " bytes; it is dropped");
}

std::string Splitter::take_rest() {
  std::string rest = rest_.substr(begin_);
  rest_.clear();
  begin_ = looked_ = 0;
  return std::exchange(dropping_, false) ? std::string() : rest;
}

}  // namespace weir::detail::stream
