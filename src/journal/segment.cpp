// Records and their checksums.
#include "journal/segment.hpp"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir::detail::journal {

namespace {

constexpr char segment_mark[8] = {'w', 'e', 'i', 'r', 'j', 'n', 'l', '\n'};
constexpr std::uint32_t version = 1;
constexpr std::size_t head_bytes = 12, before_payload = 9;
constexpr std::uint32_t longest = 1u << 30;

std::uint32_t checksum(const void* data, std::size_t size) {
  return static_cast<std::uint32_t>(XXH3_64bits(data, size));
}

}  // namespace

std::string segment_head() {
  std::string head(segment_mark, sizeof segment_mark);
  head.append(reinterpret_cast<const char*>(&version), sizeof version);
  return head;
}

void append_record(std::string& out, RecordKind kind, std::string_view payload) {
  const std::size_t begin = out.size();
  const auto length = static_cast<std::uint32_t>(payload.size());
  out.append(4, '\0');
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.push_back(static_cast<char>(kind));
  out.append(payload);
  const std::uint32_t sum = checksum(out.data() + begin + 4, out.size() - begin - 4);
  std::memcpy(out.data() + begin, &sum, sizeof sum);
}

SegmentEnd read_segment(std::span<const std::byte> bytes, const std::function<void(const Record&)>& each) {
  std::uint32_t written = 0;
  if (bytes.size() < head_bytes) {
    const bool begun = std::memcmp(bytes.data(), segment_head().data(), bytes.size()) == 0;
    return {begun ? SegmentState::torn : SegmentState::foreign, 0};
  }
  std::memcpy(&written, bytes.data() + sizeof segment_mark, sizeof written);
  if (std::memcmp(bytes.data(), segment_mark, sizeof segment_mark) != 0 || written != version)
    return {SegmentState::foreign, 0};
  std::uint64_t at = head_bytes;
  while (at < bytes.size()) {
    const std::uint64_t left = bytes.size() - at;
    if (left < before_payload) return {SegmentState::torn, at};
    std::uint32_t sum = 0, length = 0;
    std::memcpy(&sum, bytes.data() + at, sizeof sum);
    std::memcpy(&length, bytes.data() + at + 4, sizeof length);
    // A length that has been changed cannot be told from a record that was not finished.
    if (length > longest || length > left - before_payload) return {SegmentState::torn, at};
    if (sum != checksum(bytes.data() + at + 4, before_payload - 4 + length))
      return {SegmentState::damaged, at};
    const auto kind = static_cast<RecordKind>(bytes[at + 8]);
    each({kind, at + before_payload, bytes.subspan(at + before_payload, length)});
    at += before_payload + length;
  }
  return {SegmentState::whole, at};
}

}  // namespace weir::detail::journal
