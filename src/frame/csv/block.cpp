// Blocks are cut into records and fields; a record may go on behind the end of its block.
#include "frame/csv/block.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "frame/csv/builder.hpp"
#include "weir/detail/files/input.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::size_t read_ahead = 256 * 1024;
// How far a record of a block that is not yet believed may reach behind it.
constexpr std::size_t most_unbelieved = 1024 * 1024;
// A record that is longer has a quote that was never closed.
constexpr std::size_t longest_record = std::size_t{1} << 30;

// Bytes of a file from a place on, unpacked; more of them when they are asked for.
class FileWindow {
 public:
  explicit FileWindow(const CsvBlock& block) {
    const bool is_packed = block.compression != Compression::none;
    input_ = files::open("read_csv", {block.path, block.compression, is_packed ? 0 : block.begin, block.end});
    if (!is_packed) {
      files::check_length("read_csv", {block.path, block.compression, block.begin, block.end});
      text_.reserve(block.end - block.begin + read_ahead);
      return;
    }
    // Where a packed file is entered is counted in what it holds.
    reach(block.begin);
    text_.erase(0, block.begin);
  }

  /// Reads on until so many bytes are there, or the file has ended.
  void reach(std::size_t bytes) {
    while (text_.size() < bytes && !is_complete_) {
      const std::size_t at = text_.size();
      text_.resize(std::min(bytes, std::max(at * 2, read_ahead)));
      std::size_t filled = at;
      while (filled < text_.size() && !is_complete_) {
        const std::size_t got = input_->read(text_.data() + filled, text_.size() - filled);
        filled += got;
        is_complete_ = got == 0;
      }
      text_.resize(filled);
    }
  }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }

 private:
  std::unique_ptr<files::Input> input_;
  std::string text_;
  bool is_complete_ = false;
};

struct FieldText {
  const char* begin;
  std::uint32_t size;
  bool was_quoted, has_doubled;
};

// Cuts one record into fields.
class Splitter {
 public:
  explicit Splitter(const CsvFormat& format) : sep_(format.sep), quote_(format.quote) {
    is_special_[static_cast<unsigned char>(sep_)] = is_special_['\n'] = is_special_['\r'] = true;
  }

  std::vector<FieldText> fields;
  std::uint64_t lines = 0;   // physical lines of the record
  bool is_unclosed = false;  // a quote was open at the end
  bool has_stray = false;    // text stood behind a closing quote

  /// The record at `at`; where the next one begins, null if the record does not end before `end` and more
  /// may follow.
  const char* split(const char* at, const char* end, bool is_complete) {
    fields.clear();
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

 private:
  // The next separator or line end; a carriage return is one only before a line feed.
  const char* end_of_field(const char* at, const char* end) const noexcept {
    for (;; ++at) {
      while (at != end && !is_special_[static_cast<unsigned char>(*at)]) ++at;
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
  std::array<bool, 256> is_special_{};
};

std::string_view text_of(const FieldText& field, char quote, std::string& scratch) {
  const std::string_view raw(field.begin, field.size);
  if (!field.has_doubled) return raw;
  scratch.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    scratch += raw[i];
    if (raw[i] == quote) ++i;
  }
  return scratch;
}

// Records into columns.
class BlockParser {
 public:
  BlockParser(const CsvBlock& block, const CsvFormat& format)
      : block_(block), format_(format), splitter_(format) {
    for (const CsvColumn& column : format.columns) builders_.emplace_back(column, format);
  }

  /// `more()` brings further bytes and gives the text anew, empty if there are no more.
  template <class More>
  CsvPart parse(std::string_view text, bool is_complete, More more) {
    const std::uint64_t length = block_.end - block_.begin;
    std::size_t at = 0;
    if (!block_.is_start && !find_start(text, is_complete, at, more)) at = text.size();
    verdict_.first = block_.begin + at;
    reserve(text.substr(at));
    while (at <= length && at < text.size()) {
      const char* begin = text.data() + at;
      if (format_.comment && *begin == format_.comment) {
        if (!skip_line(text, is_complete, at, more)) break;
        continue;
      }
      const char* next = splitter_.split(begin, text.data() + text.size(), is_complete);
      if (!next) {
        if (!block_.is_start && text.size() > length + most_unbelieved) {
          verdict_.gave_up = true;
          break;
        }
        if (text.size() - at < longest_record) {
          text = more(is_complete);
          continue;
        }
        splitter_.is_unclosed = true;
      }
      const std::string_view record(begin, next ? static_cast<std::size_t>(next - begin) : text.size() - at);
      const std::uint64_t bad_before = verdict_.bad_lines;
      commit(record);
      // Of a bad record its first line alone is left out: the rest may have become part of it by mistake.
      if (verdict_.bad_lines != bad_before) {
        if (!skip_line(text, is_complete, at, more)) break;
        continue;
      }
      verdict_.lines += splitter_.lines;
      at += static_cast<std::size_t>(next - begin);
    }
    verdict_.next = block_.begin + at;
    return finish();
  }

 private:
  template <class More>
  bool skip_line(std::string_view& text, bool& is_complete, std::size_t& at, More& more) {
    std::size_t end = text.find('\n', at);
    while (end == std::string_view::npos && !is_complete) {
      text = more(is_complete);
      end = text.find('\n', at);
    }
    ++verdict_.lines;
    at = end == std::string_view::npos ? text.size() : end + 1;
    return end != std::string_view::npos;
  }
  // Behind the first line end, which may be one inside of quotes: then the block is read again.
  template <class More>
  bool find_start(std::string_view& text, bool& is_complete, std::size_t& at, More& more) {
    std::size_t end = text.find('\n');
    while (end == std::string_view::npos && !is_complete) {
      text = more(is_complete);
      end = text.find('\n');
    }
    at = end + 1;
    return end != std::string_view::npos;
  }

  void reserve(std::string_view text) {
    std::size_t lines = 0, at = 0;
    for (; lines < 100 && at < text.size(); ++lines) {
      const std::size_t end = text.find('\n', at);
      if (end == std::string_view::npos) break;
      at = end + 1;
    }
    const std::size_t rows = lines ? text.size() / (at / lines) + 16 : 16;
    for (ColumnBuilder& builder : builders_) builder.reserve(rows);
  }

  void commit(std::string_view record) {
    const std::uint64_t line = verdict_.lines + 1;
    const auto& fields = splitter_.fields;
    if (fields.size() == 1 && fields[0].size == 0 && !fields[0].was_quoted) return;  // a blank line
    if (fields.size() != format_.fields || splitter_.has_stray || splitter_.is_unclosed)
      return bad({.line = line,
                  .fields = fields.size(),
                  .is_unclosed = splitter_.is_unclosed,
                  .has_stray = splitter_.has_stray},
                 first_line(record));
    for (std::size_t c = 0; c < builders_.size(); ++c) {
      const FieldText& field = fields[builders_[c].column().place];
      const std::string_view text = text_of(field, format_.quote, scratch_);
      if (builders_[c].add(text, field.was_quoted, line)) continue;
      for (std::size_t done = 0; done < c; ++done) builders_[done].drop_last();
      return bad({.line = line, .fields = fields.size(), .column = builders_[c].column().name}, text);
    }
    ++rows_;
  }

  static std::string_view first_line(std::string_view record) { return record.substr(0, record.find('\n')); }

  void bad(CsvBadLine line, std::string_view text) {
    ++verdict_.bad_lines;
    if (verdict_.listed.size() >= format_.listed_bad_lines) return;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    line.text = text.substr(0, 200);
    verdict_.listed.push_back(std::move(line));
  }

  CsvPart finish() {
    std::vector<std::string> names;
    std::vector<Column> columns;
    for (ColumnBuilder& builder : builders_) {
      verdict_.misfits.push_back(builder.misfit());
      names.push_back(builder.column().name);
      columns.push_back(builder.finish());
    }
    if (!format_.path_column.empty()) {
      names.push_back(format_.path_column);
      columns.push_back(take(make_column(std::vector<std::string>{block_.path}), std::vector<Row>(rows_, 0)));
    }
    return {Table(std::move(names), std::move(columns)), std::move(verdict_)};
  }

  const CsvBlock& block_;
  const CsvFormat& format_;
  Splitter splitter_;
  std::vector<ColumnBuilder> builders_;
  CsvVerdict verdict_;
  std::string scratch_;
  std::size_t rows_ = 0;
};

}  // namespace

CsvPart read_csv_block(const CsvBlock& block, const CsvFormat& format) {
  FileWindow window(block);
  window.reach(block.end - block.begin + read_ahead);
  BlockParser parser(block, format);
  return parser.parse(window.text(), window.is_complete(), [&](bool& is_complete) {
    window.reach(window.text().size() * 2);
    is_complete = window.is_complete();
    return window.text();
  });
}

CsvPart parse_csv(std::string_view text, const CsvBlock& block, const CsvFormat& format) {
  BlockParser parser(block, format);
  return parser.parse(text, true, [&](bool&) { return text; });
}

CsvRecord first_record(std::string_view text, const CsvFormat& format) {
  Splitter splitter(format);
  const char* next = splitter.split(text.data(), text.data() + text.size(), true);
  CsvRecord record;
  std::string scratch;
  for (const FieldText& field : splitter.fields)
    record.fields.emplace_back(text_of(field, format.quote, scratch));
  record.length = static_cast<std::size_t>(next - text.data());
  record.is_unclosed = splitter.is_unclosed;
  return record;
}

}  // namespace weir::detail::frame
