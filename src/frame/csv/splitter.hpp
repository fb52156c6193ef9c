// Text is cut into records and fields.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace weir::detail::frame {

/// A field between its separators; the text in quotes without them.
struct FieldText {
  const char* begin;
  std::uint32_t size;
  bool was_quoted, has_doubled;
};

/// What the field says; of doubled quotes one, in `scratch`.
[[nodiscard]] inline std::string_view text_of(const FieldText& field, char quote, std::string& scratch) {
  const std::string_view raw(field.begin, field.size);
  if (!field.has_doubled) return raw;
  scratch.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    scratch += raw[i];
    if (raw[i] == quote) ++i;
  }
  return scratch;
}

/// Where fields may end: separators and both halves of line ends, looked for in 64 bytes at a time.
class FieldEnds {
 public:
  explicit FieldEnds(char sep) noexcept : sep_(sep) {}

  /// The first of them not before `at`, or `end`. Until `restart` the text stays as it is.
  const char* next(const char* at, const char* end) noexcept {
    std::size_t past = reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(block_);
    if (past >= 64) look(at, end), past = 0;
    std::uint64_t here = found_ >> past << past;
    while (!here) {
      if (end - block_ <= 64) return end;
      look(block_ + 64, end);
      here = found_;
    }
    return block_ + std::countr_zero(here);
  }
  void restart() noexcept { block_ = nullptr, found_ = 0; }

 private:
  void look(const char* at, const char* end) noexcept {
    block_ = at;
    const auto size = static_cast<std::size_t>(end - at);
    if (size >= 64) {
      found_ = found_in(at);
      return;
    }
    char rest[64]{};
    std::memcpy(rest, at, size);
    found_ = found_in(rest) & ((std::uint64_t{1} << size) - 1);
  }
  [[nodiscard]] std::uint64_t found_in(const char* at) const noexcept {
    std::uint64_t found = 0;
#ifdef __SSE2__
    const __m128i sep = _mm_set1_epi8(sep_), feed = _mm_set1_epi8('\n'), back = _mm_set1_epi8('\r');
    for (int i = 0; i < 64; i += 16) {
      const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
      const __m128i are_ends = _mm_or_si128(
          _mm_cmpeq_epi8(text, sep), _mm_or_si128(_mm_cmpeq_epi8(text, feed), _mm_cmpeq_epi8(text, back)));
      found |= std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(are_ends))} << i;
    }
#else
    for (int i = 0; i < 64; ++i) found |= std::uint64_t{at[i] == sep_ || at[i] == '\n' || at[i] == '\r'} << i;
#endif
    return found;
  }

  char sep_;
  const char* block_ = nullptr;
  std::uint64_t found_ = 0;
};

/// Cuts one record after the other; their fields come one behind the other.
class Splitter {
 public:
  Splitter(char sep, char quote) : sep_(sep), quote_(quote), ends_(sep) {}

  std::vector<FieldText> fields;
  std::uint64_t lines = 0;   ///< Physical ones of the last record.
  bool is_unclosed = false;  ///< A quote was open at its end.
  bool has_stray = false;    ///< Text stood behind a closing quote.

  /// The record at `at`; where the next one begins, null if the record does not end before `end` and more
  /// may follow.
  const char* split(const char* at, const char* end, bool is_complete) {
    lines = 1;
    is_unclosed = has_stray = false;
    for (;;) {
      if (quote_ && at != end && *at == quote_) {
        at = quoted_field(at, end, is_complete);
        if (!at) return nullptr;
      } else {
        const char* begin = at;
        at = end_of_field(at, end);
        fields.push_back({begin, static_cast<std::uint32_t>(at - begin), false, false});
      }
      if (at == end) return is_complete ? end : nullptr;
      if (*at == sep_) {
        ++at;
        continue;
      }
      if (*at == '\n') return at + 1;
      // A carriage return at the very end: of a line end, of whose other half nothing is seen yet.
      if (at + 1 == end) return is_complete ? end : nullptr;
      return at + 2;
    }
  }
  /// The text has moved, or there is more of it.
  void restart() noexcept { ends_.restart(); }

 private:
  // The next separator or line end; a carriage return is one only before a line feed.
  const char* end_of_field(const char* at, const char* end) noexcept {
    for (;; ++at) {
      at = ends_.next(at, end);
      if (at == end || *at != '\r' || at + 1 == end || at[1] == '\n') return at;
    }
  }

  // To the separator behind the closing quote, before which only blanks may stand.
  const char* quoted_field(const char* at, const char* end, bool is_complete) {
    const char* begin = ++at;
    bool has_doubled = false;
    for (;;) {
      const char* found =
          static_cast<const char*>(std::memchr(at, quote_, static_cast<std::size_t>(end - at)));
      if (!found) {
        if (!is_complete) return nullptr;
        is_unclosed = true;
        found = end;
      }
      lines += count_lines(at, found);
      if (found != end && found + 1 == end && !is_complete) return nullptr;
      if (found != end && found + 1 != end && found[1] == quote_) {
        has_doubled = true;
        at = found + 2;
        continue;
      }
      fields.push_back({begin, static_cast<std::uint32_t>(found - begin), true, has_doubled});
      at = found == end ? end : found + 1;
      const char* behind = end_of_field(at, end);
      for (; at != behind; ++at) has_stray = has_stray || (*at != ' ' && *at != '\t');
      return behind;
    }
  }
  static std::uint64_t count_lines(const char* from, const char* to) noexcept {
    std::uint64_t count = 0;
    while (from != to) {
      from = static_cast<const char*>(std::memchr(from, '\n', static_cast<std::size_t>(to - from)));
      if (!from) break;
      ++count, ++from;
    }
    return count;
  }

  char sep_, quote_;
  FieldEnds ends_;
};

}  // namespace weir::detail::frame
