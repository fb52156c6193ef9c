#include "weir/detail/files/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/wording.hpp"

namespace weir::detail::files {

std::string LinePlace::text() const {
  return fmt::format("{} {} of '{}'", is_line ? "line" : "record", number, printable(path));
}

Lines::Lines(const char* who, const Portion& portion, std::string separator)
    : who_(who), portion_(portion), separator_(std::move(separator)), offset_(portion.begin) {
  Portion from = portion;
  from.begin -= std::min<std::uint64_t>(from.begin, separator_.size());  // whose end may be where this begins
  input_ = open(who, from);
  check_length(who, portion);
  offset_ = from.begin;
  if (portion.begin > 0) skip_begun_line();
  else if (more() && filled_ >= 3 && std::memcmp(buffer_.data(), "\xef\xbb\xbf", 3) == 0) at_ = offset_ = 3;
}

void Lines::skip_begun_line() {
  for (;;) {
    const std::size_t end = find_end(0);
    if (end != std::string_view::npos) return advance(end + separator_.size(), true);
    const std::size_t there = filled_ - at_;
    advance(there - std::min(there, separator_.size() - 1), false);  // a separator may have begun
    if (offset_ >= portion_.end || !more()) return advance(filled_ - at_, false);
  }
}

void Lines::advance(std::size_t count, bool behind_separator) {
  at_ += count;
  offset_ += count;
  behind_separator_ = behind_separator;
}

// Bytes from the next line's begin to its separator; npos if that has not been read yet.
std::size_t Lines::find_end(std::size_t looked_at) const {
  const char* begin = buffer_.data() + at_;
  const std::size_t there = filled_ - at_;
  if (separator_.size() > 1)
    return std::string_view(begin, there)
        .find(separator_, looked_at - std::min(looked_at, separator_.size() - 1));
  const void* end =
      there > looked_at ? std::memchr(begin + looked_at, separator_[0], there - looked_at) : nullptr;
  return end ? static_cast<std::size_t>(static_cast<const char*>(end) - begin) : std::string_view::npos;
}

// Reads on behind the line that has begun, which moves to the front; false at the end of the file.
bool Lines::more() {
  constexpr std::size_t step = 512 * 1024;
  if (ended_) return false;
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, filled_ - at_);
    filled_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() < filled_ + step / 2 + padding) buffer_.resize(std::max(step, 2 * filled_) + padding);
  const std::size_t count = input_->read(buffer_.data() + filled_, buffer_.size() - padding - filled_);
  filled_ += count;
  ended_ = count == 0;
  return !ended_;
}

bool Lines::next(std::string_view& line) {
  while (next_of_any(line))
    if (separator_.size() == 1 || !line.empty()) return true;
  return false;
}

bool Lines::next_of_any(std::string_view& line) {
  if (separator_.size() > 1 && behind_separator_) skip_repeated();
  if (portion_.compression == Compression::none && offset_ >= portion_.end && !reads_on_) return false;
  std::size_t looked_at = 0;  // bytes of this line that have no end
  for (;;) {
    const std::size_t end = find_end(looked_at);
    if (end != std::string_view::npos) return give(line, end, end + separator_.size());
    looked_at = filled_ - at_;
    if (!more()) return looked_at > 0 && give(line, looked_at, looked_at);
  }
}

void Lines::skip_repeated() {
  while (at_ < filled_ || more()) {
    if (buffer_[at_] != separator_.back()) return;
    advance(1, true);
  }
}

bool Lines::give(std::string_view& line, std::size_t length, std::size_t after) {
  const char* begin = buffer_.data() + at_;
  advance(after, after > length);
  if (separator_ == "\n" && after > length && length > 0 && begin[length - 1] == '\r') --length;
  if (separator_.size() > 1 && after == length)  // the end of the file may be part of a separator
    while (length > 0 && begin[length - 1] == separator_[0]) --length;
  if (separator_.size() == 1 || length > 0) ++returned_;
  line = {begin, length};
  return true;
}

LinePlace Lines::where() const {
  std::uint64_t before = 0;
  if (portion_.begin > 0) {
    Lines lines(who_, {portion_.path, Compression::none, 0, portion_.begin}, separator_);
    std::string_view line;
    while (lines.next(line)) ++before;
  }
  return {portion_.path, before + returned_, separator_ == "\n"};
}

}  // namespace weir::detail::files
