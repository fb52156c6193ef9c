#include "weir/detail/files/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/wording.hpp"

namespace weir::detail::files {

std::string LinePlace::text() const { return fmt::format("line {} of '{}'", number, printable(path)); }

Lines::Lines(const char* who, const Portion& portion, char separator)
    : who_(who), portion_(portion), separator_(separator), offset_(portion.begin) {
  Portion from = portion;
  if (from.begin > 0) --from.begin;  // a line begins here if the byte before is the end of one
  input_ = open(who, from);
  if (portion.begin > 0) skip_begun_line();
  else if (more() && filled_ >= 3 && std::memcmp(buffer_.data(), "\xef\xbb\xbf", 3) == 0) at_ = offset_ = 3;
}

void Lines::skip_begun_line() {
  --offset_;
  for (;;) {
    const void* end = filled_ > at_ ? std::memchr(&buffer_[at_], separator_, filled_ - at_) : nullptr;
    const std::size_t skipped =
        end ? static_cast<std::size_t>(static_cast<const char*>(end) - &buffer_[at_]) + 1 : filled_ - at_;
    at_ += skipped;
    offset_ += skipped;
    if (end || offset_ >= portion_.end || !more()) return;
  }
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
  if (portion_.compression == Compression::none && offset_ >= portion_.end) return false;
  std::size_t looked_at = 0;  // bytes of this line that have no end
  for (;;) {
    const char* begin = buffer_.data() + at_;
    const std::size_t there = filled_ - at_;
    if (const void* end =
            there > looked_at ? std::memchr(begin + looked_at, separator_, there - looked_at) : nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - begin);
      return give(line, length, length + 1);
    }
    looked_at = there;
    if (!more()) return looked_at > 0 && give(line, looked_at, looked_at);
  }
}

bool Lines::give(std::string_view& line, std::size_t length, std::size_t after) {
  const char* begin = buffer_.data() + at_;
  at_ += after;
  offset_ += after;
  ++given_;
  if (separator_ == '\n' && after > length && length > 0 && begin[length - 1] == '\r') --length;
  line = {begin, length};
  return true;
}

LinePlace Lines::where() const {
  std::uint64_t before = 0;
  if (portion_.begin > 0) {
    const auto input = open(who_, {portion_.path, Compression::none, 0, portion_.begin});
    std::vector<char> part(256 * 1024);
    std::uint64_t at = 0;
    char last = separator_;
    while (at < portion_.begin) {
      const std::size_t count =
          input->read(part.data(), std::min<std::uint64_t>(part.size(), portion_.begin - at));
      if (count == 0) break;
      before += static_cast<std::uint64_t>(std::count(part.begin(), part.begin() + count, separator_));
      last = part[count - 1];
      at += count;
    }
    if (last != separator_) ++before;  // the line that the portion before reads to its end
  }
  return {portion_.path, before + given_};
}

}  // namespace weir::detail::files
