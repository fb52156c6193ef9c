// Blocks are cut into records, which become rows some at a time; a record may go on behind the end of its
// block.
#include "frame/csv/block.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/decimal.hpp"
#include "files/stretch.hpp"
#include "frame/csv/builder.hpp"
#include "weir/detail/files/input.hpp"

namespace weir::detail::frame {

namespace {

// So much of a file is looked at at once: it stays near the processor while it becomes values.
constexpr std::size_t window_bytes = 256 * 1024;
// How far a record of a block that is not yet believed may reach behind it.
constexpr std::size_t most_unbelieved = 1024 * 1024;
// A record that is longer has a quote that was never closed.
constexpr std::size_t longest_record = std::size_t{1} << 30;
// Records that become rows together, column after column.
constexpr std::size_t batch_records = 256;
// So many records are cut one by one where the next one is none of those that are cut together.
constexpr std::size_t odd_records = 16;

// What is looked at of a text, which may be a file's: from some place on.
class Window {
 public:
  explicit Window(std::string_view all) : text_(all), is_complete_(true) {}
  explicit Window(const CsvBlock& block) {
    const bool is_packed = block.compression != Compression::none;
    input_ = files::open("read_csv", {block.path, block.compression, is_packed ? 0 : block.begin, block.end});
    if (!is_packed) files::check_length("read_csv", {block.path, block.compression, block.begin, block.end});
    read_on(0);
    // Where a packed file is entered is counted in what it holds.
    for (std::uint64_t left = is_packed ? block.begin : 0; left > 0 && !text_.empty();) {
      const std::uint64_t passed = std::min<std::uint64_t>(left, text_.size());
      read_on(passed);
      left -= passed;
    }
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  /// Nothing follows.
  [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }
  /// Forgets what is done, and brings more.
  void read_on(std::size_t done) {
    text_.remove_prefix(done);
    if (is_complete_) return;
    const std::size_t left = text_.size();
    if (left * 2 >= room_) {
      room_ = std::max(room_ * 2, window_bytes);
      auto larger = std::make_unique_for_overwrite<char[]>(room_);
      if (left) std::memcpy(larger.get(), text_.data(), left);
      memory_ = std::move(larger);
    } else if (left) {
      std::memmove(memory_.get(), text_.data(), left);
    }
    std::size_t filled = left;
    while (filled < room_ && !is_complete_) {
      const std::size_t got = input_->read(memory_.get() + filled, room_ - filled);
      filled += got;
      is_complete_ = got == 0;
    }
    text_ = {memory_.get(), filled};
  }

 private:
  std::unique_ptr<files::Input> input_;
  std::unique_ptr<char[]> memory_;
  std::size_t room_ = 0;
  std::string_view text_;
  bool is_complete_ = false;
};

// Names and types are those of the file that was looked at.
void check_header(const CsvBlock& block) {
  if (block.header.empty()) return;
  const files::Portion whole{block.path, block.compression, 0, block.end};
  if (files::stretch("read_csv", whole, block.header.size()) == block.header) return;
  throw Error(ErrorKind::io,
              "read_csv: a file must not get another header while a frame of it is used (got " +
                  quoted(block.path) + "); a new frame has its columns");
}

// Records into columns.
class BlockParser {
 public:
  BlockParser(Window window, const CsvBlock& block, const CsvFormat& format, CsvPieces& pieces)
      : window_(std::move(window)),
        block_(block),
        format_(format),
        pieces_(pieces),
        begin_before_(block.end + !block.is_last),
        splitter_(format.sep, format.quote) {
    for (const CsvColumn& column : format.columns) builders_.emplace_back(column, format);
  }

  CsvVerdict parse() && {
    if (!block_.is_start) skip_to_line_end();
    verdict_.first = place();
    begin_piece();
    while (take_record()) {
    }
    add_records();
    verdict_.next = place();
    for (const ColumnBuilder& builder : builders_) verdict_.misfits.push_back(builder.misfit());
    give_piece();
    return std::move(verdict_);
  }

 private:
  [[nodiscard]] std::string_view text() const noexcept { return window_.text(); }
  [[nodiscard]] const char* here() const noexcept { return text().data() + at_; }
  /// In the file.
  [[nodiscard]] std::uint64_t place() const noexcept { return block_.begin + done_ + at_; }

  // Records that have been cut must have become rows.
  void read_on() {
    window_.read_on(at_);
    done_ += at_;
    at_ = 0;
    splitter_.restart();
  }

  // Those that are cut together; false if there are none here.
  bool take_plain_records() {
    if (odd_left_ > 0 && --odd_left_ > 0) return false;
    const std::size_t before = lines_.size();
    const PlainRecords wanted{
        .fields = format_.fields,
        .most = std::min<std::uint64_t>(batch_records - before,
                                        block_.most_rows - verdict_.rows - rows_ - before),
        .last = here() + std::min<std::uint64_t>(begin_before_ - 1 - place(), text().size() - at_),
        .comment = format_.comment};
    const char* const next = splitter_.split_plain(here(), text().data() + text().size(), wanted);
    lines_.resize(splitter_.fields.size() / format_.fields);
    for (std::size_t i = before; i < lines_.size(); ++i) lines_[i] = ++verdict_.lines;
    at_ = static_cast<std::size_t>(next - text().data());
    const bool are_there = lines_.size() != before;
    if (lines_.size() == batch_records) add_records();
    else odd_left_ = odd_records;
    return are_there;
  }

  // One record more; false if there is none.
  bool take_record() {
    if (place() >= begin_before_) return false;
    if (verdict_.rows + rows_ + lines_.size() >= block_.most_rows) {  // unless one of them is none
      if (lines_.empty()) return false;
      add_records();
      return true;
    }
    if (at_ == text().size()) {
      if (window_.is_complete()) return false;
      add_records();
      read_on();
      return true;
    }
    if (lines_.empty() && place() - piece_begin_ >= piece_bytes_) {
      give_piece();
      begin_piece();
    }
    if (take_plain_records()) return true;
    if (format_.comment && *here() == format_.comment) {
      add_records();
      skip_line();
      return true;
    }
    const std::size_t first = splitter_.fields.size();
    const char* const end = text().data() + text().size();
    const char* next = splitter_.split(here(), end, window_.is_complete());
    if (!next) {
      splitter_.fields.shorten(first);
      add_records();
      if (!block_.is_start && done_ + text().size() > block_.end - block_.begin + most_unbelieved) {
        verdict_.gave_up = true;
        return false;
      }
      if (text().size() - at_ < longest_record) {
        read_on();
        return true;
      }
      splitter_.is_unclosed = true;
    }
    const std::size_t fields = splitter_.fields.size() - first;
    const bool is_blank =
        fields == 1 && splitter_.fields[first].size == 0 && !splitter_.fields[first].was_quoted;
    if (is_blank || fields != format_.fields || splitter_.has_stray || splitter_.is_unclosed) {
      splitter_.fields.shorten(first);
      if (!is_blank) {
        leave_out(fields, next);
        return true;
      }
    } else {
      lines_.push_back(verdict_.lines + 1);
    }
    verdict_.lines += splitter_.lines;
    at_ = static_cast<std::size_t>(next - text().data());
    if (lines_.size() == batch_records) add_records();
    return true;
  }

  // The record that begins here is none. Where its quotes are no quotes its first line alone is left out: the
  // rest may have become part of it by mistake.
  void leave_out(std::size_t fields, const char* next) {
    const bool is_one_line = splitter_.is_unclosed || splitter_.has_stray;
    add_records();
    const std::string_view record = text().substr(at_);
    note({.line = verdict_.lines + 1,
          .fields = fields,
          .column = {},
          .text = {},
          .is_unclosed = splitter_.is_unclosed,
          .has_stray = splitter_.has_stray},
         is_one_line ? record.substr(0, record.find('\n')) : std::string_view(here(), next));
    if (is_one_line) return skip_line();
    verdict_.lines += splitter_.lines;
    at_ = static_cast<std::size_t>(next - text().data());
  }

  void skip_line() {
    skip_to_line_end();
    ++verdict_.lines;
  }
  // Behind the first line end, which may be one inside of quotes: then the block is read again.
  void skip_to_line_end() {
    std::size_t end = text().find('\n', at_);
    while (end == std::string_view::npos && !window_.is_complete()) {
      const std::size_t seen = text().size() - at_;
      read_on();
      end = text().find('\n', seen);
    }
    at_ = end == std::string_view::npos ? text().size() : end + 1;
  }

  void begin_piece() {
    piece_begin_ = place();
    piece_bytes_ = pieces_.bytes();
    std::size_t lines = 0, at = at_;
    for (; lines < 100 && at < text().size(); ++lines) {
      const std::size_t end = text().find('\n', at);
      if (end == std::string_view::npos) break;
      at = end + 1;
    }
    // How much a packed file holds nobody knows yet.
    const bool is_packed = block_.compression != Compression::none;
    const std::uint64_t bytes = std::min(block_.end - std::min(block_.end, place()), piece_bytes_);
    const std::uint64_t telling = is_packed ? std::min(bytes, text().size() - at_) : bytes;
    const std::size_t rows = lines ? telling / ((at - at_) / lines) + 16 : 16;
    for (ColumnBuilder& builder : builders_) builder.expect(rows, bytes);
  }

  // The records that have been cut become rows; one that has a value of another type is left out.
  void add_records() {
    if (lines_.empty()) return;
    const CsvBatch batch{splitter_.fields.all(), lines_, format_.fields, text().data() + text().size()};
    for (ColumnBuilder& builder : builders_) builder.make_room(batch.size());
    if (std::all_of(builders_.begin(), builders_.end(), [&](ColumnBuilder& one) { return one.add(batch); })) {
      rows_ += batch.size();
    } else {
      for (ColumnBuilder& builder : builders_) builder.drop(rows_);
      for (std::size_t i = 0; i < batch.size(); ++i) add_record(batch, i);
    }
    splitter_.fields.shorten(0);
    lines_.clear();
  }

  void add_record(const CsvBatch& batch, std::size_t record) {
    for (ColumnBuilder& builder : builders_) {
      if (builder.add(batch, record)) continue;
      for (ColumnBuilder& before : builders_) before.drop(rows_);
      const FieldText& field = batch.fields[record * batch.width + builder.column().place];
      return note({.line = batch.lines[record], .fields = batch.width, .column = builder.column().name},
                  text_of(field, format_.quote, scratch_));
    }
    ++rows_;
  }

  void note(CsvBadLine bad, std::string_view text) {
    ++verdict_.bad_lines;
    if (verdict_.listed.size() >= format_.listed_bad_lines) return;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    bad.text = text.substr(0, 200);
    verdict_.listed.push_back(std::move(bad));
  }

  void give_piece() {
    std::vector<std::string> names;
    std::vector<Column> columns;
    for (ColumnBuilder& builder : builders_) {
      Column column = builder.finish();
      if (!builder.column().is_kept) continue;
      names.push_back(builder.column().name);
      columns.push_back(std::move(column));
    }
    if (!format_.path_column.empty()) {
      names.push_back(format_.path_column);
      columns.push_back(take(make_column(std::vector<std::string>{block_.path}), std::vector<Row>(rows_, 0)));
    }
    verdict_.rows += std::exchange(rows_, 0);
    pieces_.take(Table(std::move(names), std::move(columns)));
  }

  Window window_;
  std::uint64_t done_ = 0;  // bytes of the block before the window
  std::size_t at_ = 0;      // in the window
  const CsvBlock& block_;
  const CsvFormat& format_;
  CsvPieces& pieces_;
  const std::uint64_t begin_before_;  // in the file: records of the block
  Splitter splitter_;
  std::vector<std::uint64_t> lines_;  // of the records that have been cut: where each begins
  std::vector<ColumnBuilder> builders_;
  CsvVerdict verdict_;
  std::string scratch_;
  std::size_t rows_ = 0;  // of this piece
  std::uint64_t piece_begin_ = 0, piece_bytes_ = 0;
  std::size_t odd_left_ = 0;  // records to be cut one by one
};

}  // namespace

CsvVerdict read_csv_block(const CsvBlock& block, const CsvFormat& format, CsvPieces& pieces) {
  Window window(block);
  check_header(block);
  return BlockParser(std::move(window), block, format, pieces).parse();
}

CsvVerdict parse_csv(std::string_view text, const CsvBlock& block, const CsvFormat& format,
                     CsvPieces& pieces) {
  return BlockParser(Window(text), block, format, pieces).parse();
}

CsvRecord first_record(std::string_view text, const CsvFormat& format) {
  Splitter splitter(format.sep, format.quote);
  const char* next = splitter.split(text.data(), text.data() + text.size(), true);
  CsvRecord record;
  std::string scratch;
  for (const FieldText& field : splitter.fields.all())
    record.fields.emplace_back(text_of(field, format.quote, scratch));
  record.length = static_cast<std::size_t>(next - text.data());
  record.is_unclosed = splitter.is_unclosed;
  return record;
}

}  // namespace weir::detail::frame
