// Text is cut into records and fields.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

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

/// Which of 64 letters are this one.
[[nodiscard]] inline std::uint64_t letters_at(const char* at, char letter) noexcept {
  std::uint64_t found = 0;
#ifdef __SSE2__
  const __m128i letters = _mm_set1_epi8(letter);
  for (int i = 0; i < 64; i += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const int are_it = _mm_movemask_epi8(_mm_cmpeq_epi8(text, letters));
    found |= std::uint64_t{static_cast<std::uint32_t>(are_it)} << i;
  }
#else
  for (int i = 0; i < 64; ++i) found |= std::uint64_t{at[i] == letter} << i;
#endif
  return found;
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
    return letters_at(at, sep_) | letters_at(at, '\n') | letters_at(at, '\r');
  }

  char sep_;
  const char* block_ = nullptr;
  std::uint64_t found_ = 0;
};

/// Fields one behind the other, in memory that is not zeroed.
class FieldList {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  const FieldText& operator[](std::size_t i) const noexcept { return memory_[i]; }
  [[nodiscard]] std::span<const FieldText> all() const noexcept { return {memory_.get(), size_}; }
  void push_back(const FieldText& field) { *room_for(1) = field, ++size_; }
  void shorten(std::size_t size) noexcept { size_ = size; }
  /// Where so many more may be written, of which some `are_added` then.
  [[nodiscard]] FieldText* room_for(std::size_t more) {
    if (room_ - size_ < more) {
      room_ = 2 * size_ + more;
      auto larger = std::make_unique_for_overwrite<FieldText[]>(room_);
      std::copy_n(memory_.get(), size_, larger.get());
      memory_ = std::move(larger);
    }
    return memory_.get() + size_;
  }
  void are_added(std::size_t more) noexcept { size_ += more; }

 private:
  std::unique_ptr<FieldText[]> memory_;
  std::size_t size_ = 0, room_ = 0;
};

/// What `Splitter::split_plain` takes.
struct PlainRecords {
  std::size_t fields = 1;      ///< Of each.
  std::size_t most = 0;        ///< So many of them.
  const char* last = nullptr;  ///< None begins behind it.
  char comment = 0;            ///< Does not begin with it.
};

/// Cuts one record after the other; their fields come one behind the other.
class Splitter {
 public:
  Splitter(char sep, char quote) : sep_(sep), quote_(quote), ends_(sep) {}

  FieldList fields;
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
  /// Cuts records that are as wide as they must be and have neither quotes nor carriage returns, which most
  /// records are. Where the first begins that is none of these, or may be none.
  const char* split_plain(const char* at, const char* end, const PlainRecords& wanted) {
    const auto may_begin = [&](const char* here) {
      return here <= wanted.last && here != end && !(wanted.comment && *here == wanted.comment);
    };
    const std::size_t width = wanted.fields;
    FieldText* const first = fields.room_for((wanted.most + 1) * width);
    FieldText* const last = first + wanted.most * width;
    FieldText* next = first;
    FieldText* record = first;  // the one that is being cut
    const char* field = at;
    bool goes_on = wanted.most > 0 && may_begin(at);
    for (const char* block = at; goes_on && end - block >= 64; block += 64) {
      const std::uint64_t feeds = letters_at(block, '\n');
      std::uint64_t others = letters_at(block, '\r');
      if (quote_) others |= letters_at(block, quote_);
      std::uint64_t ends = (feeds | letters_at(block, sep_)) & ((others & -others) - 1);
      for (; ends; ends &= ends - 1) {
        const int place = std::countr_zero(ends);
        const char* const here = block + place;
        *next++ = {field, static_cast<std::uint32_t>(here - field), false, false};
        field = here + 1;
        const bool is_full = next == record + width;
        if (feeds >> place & 1) {
          if (!is_full || (width == 1 && next[-1].size == 0)) break;
          record = next;
          if (next == last || !may_begin(field)) break;
        } else if (is_full) {
          break;
        }
      }
      goes_on = ends == 0 && others == 0;
    }
    fields.are_added(static_cast<std::size_t>(record - first));
    return record == first ? at : record[-1].begin + record[-1].size + 1;
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
