// Files are looked at once; then their blocks are read by tasks, which say what they found.
#include "frame/csv/source.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "core/decimal.hpp"
#include "files/stretch.hpp"
#include "weir/bytes.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::size_t sample_bytes = 256 * 1024, header_bytes = 64 * 1024,
                      large_sample_bytes = 8 * 1024 * 1024;
constexpr std::size_t most_sampled_files = 8;
constexpr std::uint64_t most_listed_bad_lines = 100;

// While a block is read it takes several times its size.
std::uint64_t fitting_block() {
  constexpr std::uint64_t least = 1 << 20, most = 16 << 20;
  std::uint64_t bytes = most;
  try {
    for (const WorkerInfo& worker : Client::current().workers())
      if (worker.memory_limit > 0) bytes = std::min(bytes, std::max(worker.memory_limit / 16, least));
  } catch (const Error&) {  // outside of programs, and in tasks, nobody knows
  }
  return bytes;
}
// What is small is asked of a partition before others are read.
constexpr int at_once = 9;
// A packed file is one block: where it ends is known when it has been unpacked.
constexpr std::uint64_t unknown_end = std::uint64_t{1} << 62;

// Rows that are summed up are so while they are near the processor, if there are few groups; others are one
// piece.
class SteppedPieces : public CsvPieces {
 public:
  /// `steps` must stay as they are.
  explicit SteppedPieces(const Steps& steps) : steps_(steps) {
    if (!steps.empty() && steps.back().kind == Step::Kind::partial) bytes_ = near_bytes;
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept override { return bytes_; }
  void take(Table rows) override {
    const std::size_t before = rows.rows();
    tables_.push_back(apply_steps(std::move(rows), steps_));
    rows_ += tables_.back().rows();
    if (bytes_ == all) return;
    if (tables_.back().rows() * few > before) bytes_ *= 4;
    if (rows_ > most_rows) merge();
  }
  [[nodiscard]] Table table() && {
    if (tables_.size() > 1) merge();
    return std::move(tables_.front());
  }

 private:
  void merge() {
    Table merged = merge_states(concat_states(tables_), steps_.back().keys, steps_.back().aggregates);
    rows_ = merged.rows();
    tables_.clear();
    tables_.push_back(std::move(merged));
  }
  static constexpr std::uint64_t all = ~std::uint64_t{0}, near_bytes = 512 * 1024;
  static constexpr std::size_t few = 16, most_rows = 64 * 1024;

  const Steps& steps_;
  std::uint64_t bytes_ = all;
  std::vector<Table> tables_;
  std::size_t rows_ = 0;
};

CsvPart read_and_apply(const CsvBlock& block, const CsvFormat& format, const Steps& steps) {
  SteppedPieces pieces(steps);
  CsvVerdict verdict = read_csv_block(block, format, pieces);
  return {std::move(pieces).table(), std::move(verdict)};
}
CsvVerdict verdict_of(const CsvPart& part) { return part.verdict; }
Table table_of(const CsvPart& part) { return part.table; }

std::string beginning(const files::File& file, std::size_t bytes) {
  return files::stretch("read_csv", {file.path, file.compression, 0, file.bytes}, bytes);
}

// The separator that the first line has most of; quotes may hold line ends, and quotes that are doubled.
char guess_sep(std::string_view text, const CsvFormat& format) {
  std::string candidates;
  for (const char c : {',', '\t', ';', '|'})
    if (c != format.cell.decimal && c != format.cell.thousands && c != format.quote) candidates += c;
  std::vector<std::size_t> counts(candidates.size(), 0);
  bool is_quoted = false, has_ended = false;
  char before = candidates[0];
  for (const char c : text) {
    if (c == '\n' && !is_quoted) break;
    const std::size_t which = candidates.find(c);
    const bool counts_as_quote =
        c == format.quote && (is_quoted || has_ended || candidates.find(before) != std::string::npos);
    has_ended = counts_as_quote && is_quoted;
    if (counts_as_quote) is_quoted = !is_quoted;
    else if (!is_quoted && which != std::string::npos) ++counts[which];
    before = c;
  }
  const auto best = std::max_element(counts.begin(), counts.end());
  return candidates[static_cast<std::size_t>(best - counts.begin())];
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorKind::invalid_argument, "read_csv: " + text);
}

// Names without a name, and names that are there twice, are numbered: data must not be lost.
std::vector<std::string> told_apart(std::vector<std::string> names) {
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = "c" + std::to_string(i);
    if (const int before = seen[names[i]]++) {
      std::string name = names[i] + "." + std::to_string(before);
      while (std::find(names.begin(), names.end(), name) != names.end()) name += "_";
      names[i] = name;
    }
  }
  return names;
}

// Throws if two of the characters of a format are one, or one of them ends lines.
void check_characters(const ReadCsv& options) {
  std::map<char, const char*> seen{{'\n', ""}, {'\r', ""}};
  for (const auto& [name, character] : {std::pair{"sep", options.sep},
                                        {"quote", options.quote},
                                        {"comment", options.comment},
                                        {"decimal", options.decimal},
                                        {"thousands", options.thousands}}) {
    if (!character) continue;
    const auto [at, is_new] = seen.emplace(character, name);
    if (!is_new && !*at->second) refuse(std::string(name) + " must not be a line end");
    if (!is_new)
      refuse(std::string(at->second) + " and " + name + " must differ (got " +
             quoted(std::string(1, character)) + " for both)");
  }
}

void check_date_format(const std::string& format) {
  constexpr std::string_view letters = "YymdHIMSfbp%";
  for (std::size_t at = format.find('%'); at != std::string::npos; at = format.find('%', at + 2)) {
    const std::string directive = format.substr(at, 2);
    if (directive.size() < 2 || letters.find(directive[1]) == std::string_view::npos)
      refuse("date_format must be of %Y %y %m %d %b %H %I %M %S %f %p and %% (got " + quoted(directive) +
             " in " + quoted(format) + ")");
  }
}

std::string place_of(const CsvBlock& block, std::uint64_t line) {
  return block.path + ":" + std::to_string(line);
}

// The rule that a bad line breaks.
std::string rule_of(const CsvBadLine& bad, const CsvFormat& format) {
  if (bad.is_unclosed) return "a quote must be closed";
  if (bad.has_stray) return "a separator must follow a closing quote";
  if (bad.column.empty()) return "a line must have " + std::to_string(format.fields) + " fields";
  const auto column = std::find_if(format.columns.begin(), format.columns.end(),
                                   [&](const CsvColumn& one) { return one.name == bad.column; });
  if (column->has_format)
    return "a value must be a day or a time written as date_format says, " + quoted(format.date_format);
  return column->is_stated ? "a value must have the type stated, " + std::string(to_string(column->type))
                           : "a value must be a day or a time";
}
std::string sentence_of(const CsvBadLine& bad, const CsvFormat& format) {
  const bool has_wrong_count = !bad.is_unclosed && !bad.has_stray && bad.column.empty();
  return (bad.column.empty() ? "" : bad.column + ": ") + rule_of(bad, format) + " (got " +
         (has_wrong_count ? std::to_string(bad.fields) + ": " : "") + quoted(bad.text) + ")";
}

void add_reason(std::string& all, const CsvColumn& column, const std::string& reason) {
  if (reason.empty()) return;
  all += (all.empty() ? "" : "; ") + quoted(column.name) + " is " + std::string(to_string(column.type)) +
         " because of " + reason;
}

}  // namespace

CsvSource::CsvSource(const std::vector<std::string>& patterns, const ReadCsv& options) : options_(options) {
  check_characters(options);
  check_date_format(options.date_format);
  const std::uint64_t block_bytes =
      options.block.empty() ? fitting_block() : files::bytes_of_block("read_csv", "16 MiB", options.block);
  files_ = files::find("read_csv", patterns);
  format_.quote = options.quote;
  format_.comment = options.comment;
  format_.cell = {options.decimal, options.thousands};
  format_.date_format = options.date_format;
  format_.na_values = options.na_values;
  if (!options.date_format.empty() && options.dates.empty())
    refuse("date_format must have columns in dates that are written so (got none)");
  if (options.bad_lines && options.on_error == OnError::skip)
    format_.listed_bad_lines = most_listed_bad_lines;
  std::string with_header;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    const files::File& file = files_[f];
    const std::string text = beginning(file, f == 0 ? sample_bytes : header_bytes);
    if (text.starts_with("PAR1"))
      refuse("a file must be text (got " + quoted(file.path) + ", a Parquet file); read_parquet reads it");
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
      refuse("a file must be UTF-8 (got " + quoted(file.path) + ", which is UTF-16); iconv converts it");
    const bool is_last = f + 1 == files_.size();
    const bool has_lines = text.find_first_not_of("\xEF\xBB\xBF\r\n") != std::string::npos;
    if (with_header.empty() && (has_lines || is_last)) {
      look_at_header(file, options, text);
      with_header = file.path;
    }
    std::vector<std::string> names;
    const std::uint64_t begin = data_begin(file, text, &names);
    lines_before_[file.path] = static_cast<std::uint64_t>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    for (const std::string& name : names)
      if (name.find('\r') != std::string::npos)
        refuse("lines must end with a line feed (got " + quoted(file.path) +
               ", whose lines end with a carriage return alone); tr '\\r' '\\n' converts it");
    if (!names.empty() && names != header_)
      refuse("files must have the same columns (got " + list(header_) + " in " + quoted(with_header) + ", " +
             list(names) + " in " + quoted(file.path) + ")");
    // A column that has had no values yet may have some here.
    if (f < (options.rows ? 1 : most_sampled_files) || (!options.rows && !all_known()))
      look_at_sample(file, std::string_view(text).substr(begin));
    // A column that begins with missing values may have others later.
    if (f == 0 && !all_known() && text.size() == sample_bytes)
      look_at_sample(file, std::string_view(beginning(file, large_sample_bytes)).substr(begin));
    const bool is_packed = file.compression != Compression::none;
    const std::uint64_t end = is_packed ? unknown_end : std::max(file.bytes, begin);
    const std::uint64_t step = is_packed ? unknown_end : block_bytes;
    std::uint64_t at = begin;
    do {
      const std::uint64_t next = end - at > step + step / 4 ? at + step : end;
      blocks_.push_back({.path = file.path,
                         .compression = file.compression,
                         .begin = at,
                         .end = next,
                         .is_start = at == begin,
                         .is_last = next == end,
                         .header = at == begin ? text.substr(0, begin) : std::string()});
      at = next;
    } while (at < end);
  }
}

std::size_t CsvSource::first_line(std::string_view text) const {
  std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  const auto skip_line = [&] {
    const std::size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  };
  for (std::uint64_t i = 0; i < options_.skip_rows; ++i) skip_line();
  while (at < text.size() &&
         ((options_.comment && text[at] == options_.comment) || text[at] == '\n' || text[at] == '\r'))
    skip_line();
  return at;
}

std::uint64_t CsvSource::data_begin(const files::File& file, std::string_view text,
                                    std::vector<std::string>* names) const {
  const std::size_t at = first_line(text);
  const CsvRecord record = at < text.size() ? first_record(text.substr(at), format_) : CsvRecord{};
  if (at + record.length >= text.size() && text.size() >= header_bytes)
    throw Error(ErrorKind::invalid_argument, "read_csv: the header must end in the first 64 KiB of " +
                                                 quoted(file.path) + " (got a longer line)");
  if (record.is_unclosed && options_.header)
    refuse("a quote of the header must be closed (got " +
           quoted(std::string(text.substr(at, text.find('\n', at) - at))) + " in " + quoted(file.path) + ")");
  *names = record.fields;
  if (!options_.header) {
    names->clear();
    for (std::size_t i = 0; i < record.fields.size(); ++i) names->push_back("c" + std::to_string(i));
    return at;
  }
  return at + record.length;
}

void CsvSource::look_at_header(const files::File& file, const ReadCsv& options, std::string_view text) {
  format_.sep = options.sep ? options.sep : guess_sep(text.substr(first_line(text)), format_);
  static_cast<void>(data_begin(file, text, &header_));
  if (header_.empty() && options.names.empty() && options.skip_rows > 0 && !text.empty())
    refuse("skip_rows must leave a line for the header (got " + std::to_string(options.skip_rows) + ", and " +
           quoted(file.path) + " has no line behind those)");
  if (header_.empty() && options.names.empty())
    refuse("a file must have a header (" + quoted(file.path) + " is empty); names gives the columns");
  std::vector<std::string> names = options.names.empty() ? header_ : options.names;
  if (!header_.empty() && names.size() != header_.size())
    refuse("names must be as many as there are fields (got " + std::to_string(names.size()) + " names, " +
           std::to_string(header_.size()) + " fields in the first line of " + quoted(file.path) + ")");
  names = told_apart(std::move(names));
  format_.fields = names.size();
  for (std::size_t i = 0; i < names.size(); ++i)
    format_.columns.push_back({.name = names[i], .place = i, .is_known = false});
  format_.path_column = options.path_column;
  known_ = format_.columns;
  apply_options(options);
  reasons_.resize(known_.size());
}

void CsvSource::apply_options(const ReadCsv& options) {
  Schema schema;
  for (const CsvColumn& column : known_) schema.push_back({column.name, column.type});
  for (const auto& [name, type] : options.types) {
    CsvColumn& column = known_[find_column("read_csv: types", name, schema)];
    if (column.is_stated) refuse("types: a column must have one type (got " + quoted(name) + " twice)");
    column.type = type;
    column.is_known = column.is_stated = true;
  }
  for (const std::string& name : options.dates) {
    CsvColumn& column = known_[find_column("read_csv: dates", name, schema)];
    for (const auto& [stated, type] : options.types)
      if (stated == name)
        refuse("types: a column must not be in dates too (got " + quoted(name) +
               "); whether days or times are in it is found out");
    const auto has = [&](const char* part) { return options.date_format.find(part) != std::string::npos; };
    const bool has_time = has("%H") || has("%I") || has("%M") || has("%S");
    column.type = has_time ? ColumnType::datetime : ColumnType::date;
    column.has_format = column.is_stated = !options.date_format.empty();
    column.is_known = column.is_date = true;
  }
  if (!options.path_column.empty())
    for (const Field& field : schema)
      if (field.name == options.path_column)
        refuse("path_column must be a new name (got " + quoted(field.name) + ", a column of the files)");
  if (options.columns.empty()) return;
  std::vector<CsvColumn> chosen;
  for (const std::string& name : options.columns)
    chosen.push_back(known_[find_column("read_csv: columns", name, schema)]);
  known_ = std::move(chosen);
}

void CsvSource::look_at_sample(const files::File& file, std::string_view text) {
  // Whole lines only, unless the sample is the file or there are none.
  const std::size_t last = text.rfind('\n');
  const bool is_whole = text.size() < header_bytes / 2 || last == std::string_view::npos || last < 2;
  const std::size_t end = is_whole ? text.size() : last + 1;
  CsvFormat format = format_;
  format.columns = known_;
  format.path_column.clear();
  CsvBlock block{file.path, Compression::none, 0, end, true};
  if (options_.rows) block.most_rows = *options_.rows;
  const Steps none;
  SteppedPieces pieces(none);
  const CsvVerdict verdict = parse_csv(text.substr(0, end), block, format, pieces);
  for (std::size_t c = 0; c < known_.size(); ++c) {
    if (!verdict.misfits[c] || known_[c].is_stated) continue;
    known_[c].type =
        known_[c].is_known ? wider(known_[c].type, verdict.misfits[c]->type) : verdict.misfits[c]->type;
    known_[c].is_known = true;
  }
}

bool CsvSource::all_known() const {
  return std::all_of(known_.begin(), known_.end(), [](const CsvColumn& column) { return column.is_known; });
}

Schema CsvSource::schema() const {
  std::lock_guard hold(mutex_);
  Schema schema;
  for (const CsvColumn& column : known_) schema.push_back({column.name, column.type});
  if (!format_.path_column.empty()) schema.push_back({format_.path_column, ColumnType::text});
  return schema;
}

std::string CsvSource::show() const {
  std::uint64_t bytes = 0;
  for (const files::File& file : files_) bytes += file.bytes;
  return "read_csv " + quoted(files_[0].path) +
         (files_.size() > 1 ? " and " + std::to_string(files_.size() - 1) + " more" : "") + ", " +
         to_text(bytes) + (options_.rows ? ", the first " + std::to_string(*options_.rows) + " rows" : "");
}

std::string CsvSource::reasons(const Schema& planned) const {
  std::string all;
  for (std::size_t c = 0; c < known_.size(); ++c)
    if (known_[c].type != planned[c].type) add_reason(all, known_[c], reasons_[c]);
  return all;
}

// What the steps are bound to is what the file is read as: another computation may have learned of other
// types since the plan was made.
CsvFormat CsvSource::format_of(const std::set<std::string>& columns, const Schema& planned) const {
  CsvFormat format = format_;
  format.columns.clear();
  std::lock_guard hold(mutex_);
  for (std::size_t c = 0; c < known_.size(); ++c) {
    CsvColumn column = known_[c];
    column.is_kept = columns.contains(column.name);
    // Which lines are left out does not depend on what is asked for.
    const bool decides = options_.on_error == OnError::skip && (column.is_stated || column.is_date);
    if (!column.is_kept && !decides) continue;
    if (column.is_kept && planned[c].type != column.type) throw LearnedMore{reasons(planned)};
    format.columns.push_back(std::move(column));
  }
  if (!columns.contains(format.path_column)) format.path_column.clear();
  return format;
}

std::vector<Future<Table>> CsvSource::read(PlanClient& client, std::vector<CsvBlock> blocks,
                                           const std::set<std::string>& columns, const Schema& planned,
                                           const Steps& steps, CsvReading& reading) const {
  reading = {format_of(columns, planned), std::move(blocks), {}};
  if (options_.rows) return read_first(client, reading, steps);
  const bool in_order = [&] {
    std::lock_guard hold(mutex_);
    return is_cut_in_quotes_;
  }();
  if (in_order) return read_in_order(client, reading, steps);
  std::vector<Future<Table>> tables;
  for (const CsvBlock& block : reading.blocks) {
    const auto part = client.submit(read_and_apply, block, reading.format, steps);
    reading.said.push_back(client.submit(Options{.priority = at_once}, verdict_of, part));
    tables.push_back(client.submit(Options{.priority = at_once}, table_of, part));
  }
  return tables;
}

// Each block begins where the one before it has ended, until there are enough rows.
std::vector<Future<Table>> CsvSource::read_first(PlanClient& client, CsvReading& reading,
                                                 const Steps& steps) const {
  std::vector<Future<Table>> tables;
  std::uint64_t missing = *options_.rows, begin = 0;
  for (CsvBlock& block : std::exchange(reading.blocks, {})) {
    if (!block.is_start && begin > block.end) continue;  // one record fills it
    if (!block.is_start) block.begin = begin;
    block.is_start = true;
    block.most_rows = missing;
    const auto part = client.submit(read_and_apply, block, reading.format, steps);
    reading.said.push_back(client.submit(Options{.priority = at_once}, verdict_of, part));
    reading.blocks.push_back(block);
    tables.push_back(client.submit(Options{.priority = at_once}, table_of, part));
    const CsvVerdict verdict = reading.said.back().result();
    begin = verdict.next;
    missing -= verdict.rows;
    if (missing == 0) break;
  }
  return tables;
}

void CsvSource::check(PlanClient& client, CsvReading reading, bool finished_only) const {
  if (finished_only) {
    std::size_t known = 0;
    while (known < reading.said.size() && reading.said[known].done()) ++known;
    reading.said.resize(known);
    reading.blocks.resize(known);
  }
  const std::vector<CsvVerdict> verdicts = client.gather(reading.said);
  for (std::size_t b = 1; b < verdicts.size(); ++b) {
    if (reading.blocks[b].is_start) continue;
    if (verdicts[b].first == verdicts[b - 1].next && !verdicts[b].gave_up) continue;
    std::lock_guard hold(mutex_);
    is_cut_in_quotes_ = true;
    throw LearnedMore{};
  }
  learn(reading.format, reading.blocks, verdicts);
}

std::vector<Future<Table>> CsvSource::read_in_order(PlanClient& client, CsvReading reading,
                                                    const Steps& steps) const {
  const CsvFormat& format = reading.format;
  std::vector<CsvBlock>& blocks = reading.blocks;
  std::vector<Future<CsvPart>> parts;
  for (const CsvBlock& block : blocks) {
    parts.push_back(client.submit(read_and_apply, block, format, steps));
    reading.said.push_back(client.submit(Options{.priority = at_once}, verdict_of, parts.back()));
  }
  std::vector<CsvVerdict> verdicts = client.gather(reading.said);
  // A block that did not begin where the one before it ended is read again from there.
  for (std::size_t b = 1; b < blocks.size(); ++b) {
    if (blocks[b].is_start) continue;
    const std::uint64_t begin = verdicts[b - 1].next;
    if (verdicts[b].first == begin && !verdicts[b].gave_up) continue;
    blocks[b].is_start = true;
    if (begin > blocks[b].end) {  // one record fills it, and is that of an earlier block
      verdicts[b] = CsvVerdict{.first = begin, .next = begin};
      verdicts[b].misfits.resize(format.columns.size());
      parts[b] = {};
      continue;
    }
    blocks[b].begin = begin;
    parts[b] = client.submit(read_and_apply, blocks[b], format, steps);
    verdicts[b] = client.submit(verdict_of, parts[b]).result();
  }
  learn(format, blocks, verdicts);
  std::vector<Future<Table>> tables;
  for (const Future<CsvPart>& part : parts)
    if (part.valid()) tables.push_back(client.submit(table_of, part));
  return tables;
}

void CsvSource::learn(const CsvFormat& format, const std::vector<CsvBlock>& blocks,
                      const std::vector<CsvVerdict>& verdicts) const {
  std::uint64_t lines = 0;
  std::vector<CsvColumn> columns = format.columns;
  std::vector<std::string> reasons(columns.size());
  bool any = false;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (b == 0 || blocks[b].path != blocks[b - 1].path) lines = lines_before_.at(blocks[b].path);
    const CsvVerdict& verdict = verdicts[b];
    if (!verdict.listed.empty() && options_.on_error != OnError::skip) {
      const CsvBadLine& bad = verdict.listed.front();
      throw Error(ErrorKind::invalid_argument,
                  "read_csv: " + place_of(blocks[b], lines + bad.line) + (bad.column.empty() ? ": " : ":") +
                      sentence_of(bad, format) + "; .on_error = OnError::skip leaves such lines out");
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto& misfit = verdict.misfits[c];
      if (!misfit) continue;
      const ColumnType type = columns[c].is_known ? wider(columns[c].type, misfit->type) : misfit->type;
      if (columns[c].is_known && type == columns[c].type) continue;
      columns[c].type = type;
      columns[c].is_known = any = true;
      reasons[c] = place_of(blocks[b], lines + misfit->line) + ": " + quoted(misfit->text);
    }
    lines += verdict.lines;
  }
  if (!any) return note_bad_lines(format, blocks, verdicts);
  std::string why;
  std::lock_guard hold(mutex_);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (reasons[c].empty()) continue;
    for (std::size_t k = 0; k < known_.size(); ++k) {
      if (known_[k].name != columns[c].name) continue;
      // Another computation may have learned of something else meanwhile.
      known_[k].type = known_[k].is_known ? wider(known_[k].type, columns[c].type) : columns[c].type;
      known_[k].is_known = true;
      reasons_[k] = reasons[c];
      add_reason(why, known_[k], reasons[c]);
    }
  }
  throw LearnedMore{std::move(why)};
}

void CsvSource::note_bad_lines(const CsvFormat& format, const std::vector<CsvBlock>& blocks,
                               const std::vector<CsvVerdict>& verdicts) const {
  if (!options_.bad_lines) return;
  LeftOut& left_out = *options_.bad_lines->lines();
  std::lock_guard hold(left_out.mutex);
  std::uint64_t lines = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (b == 0 || blocks[b].path != blocks[b - 1].path) lines = lines_before_.at(blocks[b].path);
    LeftOut::Block block{verdicts[b].bad_lines, {}};
    for (const CsvBadLine& bad : verdicts[b].listed)
      block.lines.push_back({lines + bad.line, sentence_of(bad, format), bad.text});
    left_out.blocks.insert_or_assign({blocks[b].path, blocks[b].end}, std::move(block));
    lines += verdicts[b].lines;
  }
}

}  // namespace weir::detail::frame

namespace weir {

BadLines::BadLines() : lines_(std::make_shared<detail::frame::LeftOut>()) {}

std::uint64_t BadLines::count() const {
  std::lock_guard hold(lines_->mutex);
  std::uint64_t count = 0;
  for (const auto& [where, block] : lines_->blocks) count += block.count;
  return count;
}

Table BadLines::table() const {
  std::lock_guard hold(lines_->mutex);
  std::vector<std::string> files, reasons, texts;
  std::vector<std::int64_t> numbers;
  for (const auto& [where, block] : lines_->blocks)
    for (const detail::frame::LeftOut::Line& line : block.lines) {
      files.push_back(where.first);
      numbers.push_back(static_cast<std::int64_t>(line.line));
      reasons.push_back(line.reason);
      texts.push_back(line.text);
    }
  return Table({"file", "line", "reason", "text"},
               {make_column(files), make_column(numbers), make_column(reasons), make_column(texts)});
}

}  // namespace weir
