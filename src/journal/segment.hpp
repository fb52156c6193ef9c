// Segments: the files of a journal's log. Pure: bytes in, records out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>

#include "weir/detail/journal/key.hpp"

namespace weir::detail::journal {

enum class RecordKind : std::uint8_t {
  function = 1,  ///< u32 number in this segment, i64 version, name.
  result = 2,    ///< key, u32 function, u32 seconds since 1970, the serialized value.
  object = 3,    ///< The same, with the size of the object file (u64) for the value.
  forget = 4,    ///< key: what was said of it before does not hold.
  clear = 5,     ///< Nothing that was said before holds.
  file = 6,      ///< As `object`, for a file that the program writes by itself, piece by piece.
};

/// A whole record as it is read.
struct Record {
  RecordKind kind{};
  std::uint64_t offset = 0;  ///< Of its payload in the segment.
  std::span<const std::byte> payload;
};

/// The length of a payload stands so many bytes before it.
constexpr std::uint64_t length_before_payload = 5;
/// What a record of a result has before its value.
constexpr std::size_t before_value = sizeof(Key) + 8;
[[nodiscard]] inline bool is_result(const Record& record) noexcept {
  return (record.kind == RecordKind::result || record.kind == RecordKind::object ||
          record.kind == RecordKind::file) &&
         record.payload.size() >= before_value;
}
/// A number in a payload.
template <class T>
[[nodiscard]] T number_at(std::span<const std::byte> bytes, std::size_t offset) {
  T number{};
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

/// What every segment begins with: the mark of a journal and its version.
[[nodiscard]] std::string segment_head();

/// Appends a record: checksum, length, kind, payload.
void append_record(std::string& out, RecordKind kind, std::string_view payload);

/// Bytes that a record of so many takes.
[[nodiscard]] constexpr std::uint64_t record_bytes(std::uint64_t payload) noexcept { return 9 + payload; }

enum class SegmentState : std::uint8_t {
  whole,
  torn,     ///< It ends in the middle of a record: its writer died.
  damaged,  ///< Bytes have changed: a record is not what was written.
  foreign   ///< It is no segment of a journal, or of a newer version.
};

struct SegmentEnd {
  SegmentState state = SegmentState::whole;
  std::uint64_t good = 0;  ///< Bytes up to the last whole record.
};

/// Calls `each` for every record up to the first that is not whole.
///
/// **Cost.** Every byte is read once, for its checksum.
SegmentEnd read_segment(std::span<const std::byte> bytes, const std::function<void(const Record&)>& each);

}  // namespace weir::detail::journal
