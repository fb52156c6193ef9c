// What reads and writes lines.
#include <fmt/format.h>
#include <simdjson.h>

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/thrown.hpp"
#include "core/wording.hpp"
#include "weir/bag.hpp"
#include "weir/detail/files/lines.hpp"
#include "weir/detail/files/output.hpp"

namespace weir {
namespace detail::bag {
namespace {

// Which of 64 bytes are white space, the first one lowest.
std::uint64_t white_of(const char* text) noexcept {
  std::uint64_t white = 0;
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t'),
                behind_tab = _mm_set1_epi8('\r' - '\t');
  for (int i = 0; i < 64; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i));
    const __m128i from_tab = _mm_sub_epi8(bytes, tab);
    const __m128i is_end = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, behind_tab), from_tab);
    const int are_white = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, space), is_end));
    white |= std::uint64_t{static_cast<std::uint32_t>(are_white)} << i;
  }
#else
  for (int i = 0; i < 64; ++i)
    white |= std::uint64_t{text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r')} << i;
#endif
  return white;
}

// What stands between white space, instead of what was in `words`.
void split_into(std::string_view text, std::vector<std::string_view>& words) {
  constexpr std::size_t step = 64;
  words.clear();
  words.reserve(text.size() / 8 + 1);
  char last[step];
  std::size_t begin = 0;  // of the word that has begun
  bool in_word = false;
  std::uint64_t before = 1;  // whether white space stands before
  for (std::size_t at = 0; at < text.size(); at += step) {
    const char* bytes = text.data() + at;
    if (const std::size_t left = text.size() - at; left < step) {
      std::memset(last, ' ', step);
      bytes = static_cast<const char*>(std::memcpy(last, bytes, left));
    }
    const std::uint64_t white = white_of(bytes);
    std::uint64_t edges = white ^ (white << 1 | before);
    before = white >> (step - 1);
    const auto next_edge = [&] {
      const auto place = static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      return at + place;
    };
    if (in_word && edges != 0) {
      words.emplace_back(text.data() + begin, next_edge() - begin);
      in_word = false;
    }
    while (edges != 0) {
      begin = next_edge();
      in_word = edges == 0;
      if (!in_word) words.emplace_back(text.data() + begin, next_edge() - begin);
    }
  }
  if (in_word) words.emplace_back(text.data() + begin, text.size() - begin);
}

// Its words are in memory that is used again, unless somebody takes it.
class SplitStage final : public IntoOf<std::string> {
 public:
  explicit SplitStage(Into& next) : next_(static_cast<IntoOf<std::vector<std::string_view>>&>(next)) {}
  bool push(std::string& text) override {
    split_into(text, words_);
    return next_.push(words_);
  }
  static std::unique_ptr<Into> make(const Making&, Into& next) { return std::make_unique<SplitStage>(next); }

 private:
  std::vector<std::string_view> words_;
  IntoOf<std::vector<std::string_view>>& next_;
};

// Lines of the portions, one after another, each with room for parsers that read in steps.
class LinePusher {
 public:
  LinePusher(const Making& making, const TextSource& source, Into& next)
      : here_(making.here), partition_(making.partition), source_(source), next_(next) {}

  // Whether more is wanted.
  bool push(const files::Portion& portion) {
    files::Lines lines(source_.who.c_str(), portion, source_.separator);
    std::string_view line;
    while (lines.next(line))
      if (!push_or_tell(lines, line)) return false;
    return true;
  }
  // The records that begin in the portion; the last one may end behind it.
  bool push_records(const files::Portion& portion, const BeginsRecord& begins) {
    files::Lines lines(source_.who.c_str(), portion, source_.separator);
    std::string_view line;
    std::string record;
    bool has_record = portion.begin == 0;  // what stands before the first is one too
    std::uint64_t count = 0;               // its lines
    const auto begins_here = [&] { return told(lines, 0, [&] { return begins(line); }); };
    const auto add = [&] {
      if (count++) record += '\n';
      record += line;
    };
    while (lines.next(line)) {
      if (begins_here()) {
        if (count && !push_or_tell(lines, record, count)) return false;
        record.clear();
        count = 0;
        has_record = true;
      }
      if (has_record) add();
    }
    lines.read_on();
    bool is_next = false;
    while (count && !is_next && lines.next(line)) {
      is_next = begins_here();
      if (!is_next) add();
    }
    return !count || push_or_tell(lines, record, is_next ? count : count - 1);
  }

 private:
  // What is done with a line, or a record that began so many lines before it; errors name its place.
  template <class F>
  bool told(const files::Lines& lines, std::uint64_t began, const F& done) const {
    const auto at = [&] {
      files::LinePlace place = lines.where();
      place.number -= began;
      return source_.who + ": " + place.text() + ": ";
    };
    try {
      return done();
    } catch (const Error& error) {
      throw Error(error.kind(), at() + error.what());
    } catch (...) {
      const Thrown thrown = current_thrown();
      throw Error(ErrorKind::task_failed, at() + thrown.type + ": " + thrown.message);
    }
  }
  // Whether more is wanted.
  bool push_or_tell(const files::Lines& lines, std::string_view line, std::uint64_t began = 0) {
    here_.at(lines, line, began);
    return told(lines, began, [&] { return push_line(lines.portion().path, line); });
  }

  bool push_line(const std::string& path, std::string_view line) {
    if (source_.passes_blank && line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    if (source_.is_utf8 && !simdjson::validate_utf8(line.data(), line.size())) {
      if (!source_.skips) throw_not_utf8(line);
      if (source_.letters.queue.empty()) return true;
      try {
        throw_not_utf8(line);
      } catch (const ErrorAt&) {
        here_.leave_out(source_.letters, partition_);
        return true;
      }
    }
    line_.clear();
    line_.reserve(line.size() + files::Lines::padding);
    if (source_.is_latin1) append_latin1(line);
    else line_.append(line);
    if (!source_.with_path) return static_cast<IntoOf<std::string>&>(next_).push(line_);
    std::pair<std::string, std::string> both(path, line_);
    return static_cast<IntoOf<std::pair<std::string, std::string>>&>(next_).push(both);
  }

  void append_latin1(std::string_view line) {
    for (const char letter : line) {
      const auto code = static_cast<unsigned char>(letter);
      if (code < 0x80) line_ += letter;
      else (line_ += static_cast<char>(0xc0 | code >> 6)) += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  [[noreturn]] static void throw_not_utf8(std::string_view line) {
    std::size_t good = 0;  // the longest prefix that is UTF-8, found by halving
    std::size_t bad = line.size();
    while (good + 1 < bad) {
      const std::size_t middle = (good + bad) / 2;
      // A prefix may end inside a letter; up to three bytes more decide.
      bool fits = false;
      for (std::size_t more = 0; more < 4 && middle + more <= line.size(); ++more)
        fits = fits || simdjson::validate_utf8(line.data(), middle + more);
      (fits ? good : bad) = middle;
    }
    while (good > 0 && !simdjson::validate_utf8(line.data(), good)) --good;
    throw ErrorAt(
        ErrorKind::serialization,
        fmt::format("the text must be UTF-8 (got byte 0x{:02x} at column {}); give another encoding, or "
                    "none",
                    static_cast<unsigned char>(line[good]), good + 1),
        good + 1);
  }

  Here& here_;
  std::uint64_t partition_;
  const TextSource& source_;
  Into& next_;
  std::string line_;
};

void run_text(const Making& making, Into& next) {
  TextSource source;
  task::read_back(making.reader, source);
  LinePusher pusher(making, source, next);
  for (const files::Portion& portion : source.portions)
    if (!pusher.push(portion)) return;
}

class TextSink final : public Sink, IntoOf<std::string> {
 public:
  explicit TextSink(std::string path) : path_(std::move(path)), output_("to_text", path_) {}
  Into& into() override { return *this; }
  task::Value result() override {
    output_.commit();
    return task::Value::make(path_);
  }

 private:
  bool push(std::string& element) override {
    output_.write(element);
    output_.write("\n");
    return true;
  }
  std::string path_;
  files::Output output_;
};

std::unique_ptr<Sink> make_text_sink(const Making& making) {
  std::string path;
  read(making.reader, path);
  return std::make_unique<TextSink>(std::move(path));
}

enum class Encoding : std::uint8_t { any, utf8, latin1 };

// As Python: upper and lower case, and what stands between letters and digits, do not matter.
Encoding encoding_of(const char* who, const std::string& name) {
  std::string plain;
  for (const char letter : name) {
    if (letter >= 'A' && letter <= 'Z') plain += static_cast<char>(letter | 0x20);
    else if (letter != '-' && letter != '_' && letter != ' ') plain += letter;
  }
  if (name.empty()) return Encoding::any;
  if (plain == "utf8") return Encoding::utf8;
  if (plain == "latin1" || plain == "iso88591" || plain == "l1") return Encoding::latin1;
  throw Error(
      ErrorKind::invalid_argument,
      fmt::format("{}: the encoding must be utf-8, latin-1 or empty (got '{}')", who, printable(name)));
}

// At a cut, where a separator begins must not depend on what stands before.
void check_separator(const char* who, const std::string& separator) {
  if (separator.empty())
    throw Error(ErrorKind::invalid_argument, fmt::format("{}: the separator must not be empty", who));
  if (separator.find_first_not_of(separator[0]) == std::string::npos) return;
  for (std::size_t shift = 1; shift < separator.size(); ++shift)
    if (separator.compare(shift, std::string::npos, separator, 0, separator.size() - shift) == 0)
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("{}: the separator must not begin again inside itself (got '{}')", who,
                              printable(separator)));
}

// What each partition reads.
std::vector<TextSource> text_sources(const char* who, const std::vector<std::string>& names,
                                     const TextOptions& options, const std::string& separator, bool with_path,
                                     bool passes_blank = false) {
  const Encoding encoding = encoding_of(who, options.encoding);
  check_separator(who, separator);
  const std::uint64_t block = options.block.empty() ? 0 : files::bytes_of_block(who, "64 MiB", options.block);
  const auto& letters = options.on_error.letters();
  const LetterAddress address = letters ? next_address(*letters) : LetterAddress{};
  std::vector<TextSource> sources;
  for (auto& portions : files::divide(files::find(who, names, options.compression), block))
    sources.push_back({who, std::move(portions), separator, encoding == Encoding::utf8,
                       encoding == Encoding::latin1, options.on_error.skips(), address, with_path,
                       passes_blank});
  return sources;
}

Plan text_plan(const std::vector<TextSource>& sources) {
  std::vector<Pipe> pipes;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    pipes.push_back({text_source(sources[i]), {}});
    pipes.back().source.partition = i;
  }
  return Plan(std::move(pipes));
}

void run_range(const Making& making, Into& next) {
  std::int64_t begin = 0, step = 1;
  std::uint64_t count = 0;
  read(making.reader, begin);
  read(making.reader, step);
  read(making.reader, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::int64_t number = begin + step * static_cast<std::int64_t>(i);
    if (!static_cast<IntoOf<std::int64_t>&>(next).push(number)) return;
  }
}

}  // namespace

void push_records(const Making& making, const TextSource& source, const BeginsRecord& begins, Into& next) {
  LinePusher pusher(making, source, next);
  for (const files::Portion& portion : source.portions)
    if (!pusher.push_records(portion, begins)) return;
}
std::vector<TextSource> record_sources(const std::vector<std::string>& names, const TextOptions& options) {
  return text_sources("read_records", names, options, "\n", false);
}

Part split_stage() {
  return make_part(StageMaker(&SplitStage::make), "split", [](Writer&) {});
}
Part text_source(const TextSource& source) {
  return make_part(&run_text, source.who, [&](Writer& writer) { write(writer, source); });
}
Part text_sink(const std::string& path) {
  return make_part(&make_text_sink, "to_text", [&](Writer& writer) { write(writer, path); });
}
Part range_source(std::int64_t begin, std::int64_t step, std::uint64_t count) {
  return make_part(&run_range, "range", [&](Writer& writer) {
    write(writer, begin);
    write(writer, step);
    write(writer, count);
  });
}

}  // namespace detail::bag

using detail::bag::text_plan;
using detail::bag::text_sources;

Bag<std::string> read_text(const std::vector<std::string>& files, const TextOptions& options) {
  return Bag<std::string>(text_plan(text_sources("read_text", files, options, "\n", false)));
}
Bag<std::pair<std::string, std::string>> read_text_with_paths(const std::vector<std::string>& files,
                                                              const TextOptions& options) {
  return Bag<std::pair<std::string, std::string>>(
      text_plan(text_sources("read_text_with_paths", files, options, "\n", true)));
}
Bag<std::string> read_records(const std::vector<std::string>& files, const std::string& separator,
                              const TextOptions& options) {
  return Bag<std::string>(text_plan(text_sources("read_records", files, options, separator, false)));
}
Bag<Json> read_json(const std::vector<std::string>& files, const TextOptions& options) {
  return Bag<std::string>(text_plan(text_sources("read_json", files, options, "\n", false, true)))
      .map(options.on_error, Json::parse);
}

Bag<std::int64_t> bag_range(std::uint64_t count, std::size_t partitions) {
  detail::bag::check_count("bag_range", "the number of partitions", partitions);
  std::vector<detail::bag::Pipe> pipes;
  for (std::size_t i = 0; i < partitions; ++i) {
    const std::uint64_t begin = count / partitions * i + std::min<std::uint64_t>(i, count % partitions);
    pipes.push_back({detail::bag::range_source(static_cast<std::int64_t>(begin), 1,
                                               count / partitions + (i < count % partitions ? 1 : 0)),
                     {}});
  }
  return Bag<std::int64_t>(detail::bag::Plan(std::move(pipes)));
}

}  // namespace weir
