// Cells become values; those that do not fit say which type would hold them.
#include "frame/csv/builder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "frame/columns/short_number.hpp"

namespace weir::detail::frame {

namespace {

// Over a copy of so many bytes there is no decision: what is behind a shorter text is written over.
constexpr std::size_t copied_at_once = 16;
// After so many rows what all of them need is believed.
constexpr std::size_t telling_rows = 1000;

template <class T, class Value>
bool is_among(const std::vector<T>& all, const Value& value) noexcept {
  return std::find(all.begin(), all.end(), value) != all.end();
}

}  // namespace

ColumnBuilder::ColumnBuilder(const CsvColumn& column, const CsvFormat& format)
    : column_(column), format_(format) {
  if (column.type == ColumnType::text) cells_.integers.push_back(0);
  for (const std::string& word : format.na_values) {
    std::int64_t integer = 0;
    double real = 0;
    if (column.type == ColumnType::int64 && read(word, integer, real)) no_integers_.push_back(integer);
    if (column.type == ColumnType::float64 && read(word, integer, real)) no_reals_.push_back(real);
  }
}

void ColumnBuilder::expect(std::size_t rows, std::size_t bytes) {
  expected_rows_ = rows;
  most_text_ = bytes;
  if (column_.type == ColumnType::boolean) cells_.flags.reserve(rows);
  else if (column_.type == ColumnType::float64) cells_.reals.reserve(rows);
  else cells_.integers.reserve(rows + 1);
}

void ColumnBuilder::make_room(std::size_t rows) {
  if (column_.type == ColumnType::boolean) cells_.flags.resize(rows_ + rows);
  else if (column_.type == ColumnType::float64) cells_.reals.resize(rows_ + rows);
  else cells_.integers.resize(rows_ + rows + (column_.type == ColumnType::text));
}

bool ColumnBuilder::is_word(std::string_view text) const noexcept {
  return !format_.na_values.empty() && is_among(format_.na_values, text);
}
bool ColumnBuilder::is_missing(std::string_view text) const noexcept {
  if (text.empty() || is_word(text)) return true;
  return column_.type != ColumnType::text && is_na_word(text);
}

void ColumnBuilder::set(std::int64_t integer, double real) {
  if (column_.type == ColumnType::boolean) cells_.flags[rows_] = static_cast<std::uint8_t>(integer);
  else if (column_.type == ColumnType::float64) cells_.reals[rows_] = real;
  else cells_.integers[rows_] = integer;
  ++rows_;
}

void ColumnBuilder::add_missing() {
  if (missing_.size() <= rows_ / 64) missing_.resize(rows_ / 64 + 1, 0);
  missing_[rows_ / 64] |= std::uint64_t{1} << (rows_ % 64);
  if (column_.type == ColumnType::text) add_text({});
  else set(0, 0);
}

void ColumnBuilder::drop(std::size_t rows) {
  while (rows_ > rows) {
    --rows_;
    if (missing_.size() > rows_ / 64) missing_[rows_ / 64] &= ~(std::uint64_t{1} << (rows_ % 64));
  }
}

bool ColumnBuilder::read(std::string_view text, std::int64_t& integer, double& real) const noexcept {
  switch (column_.type) {
    case ColumnType::int64:
      return read_integer(text, format_.cell, integer);
    case ColumnType::float64:
      return read_real(text, format_.cell, real);
    case ColumnType::date:
      return column_.has_format ? read_date_by_format(text, format_.date_format, integer)
                                : read_date(text, integer);
    case ColumnType::datetime:
      return column_.has_format ? read_by_format(text, format_.date_format, integer)
                                : read_datetime(text, integer);
    case ColumnType::boolean: {
      std::uint8_t flag = 0;
      if (!read_bool(text, flag)) return false;
      integer = flag;
      return true;
    }
    case ColumnType::text:
      break;
  }
  return true;
}

// Room for more bytes: what the rows so far let expect of all, and never more than the block has.
void ColumnBuilder::make_text_room(std::size_t bytes) {
  const auto used = static_cast<std::size_t>(cells_.integers[rows_]);
  const std::size_t least = used + bytes + copied_at_once;
  if (least <= text_room_) return;
  const auto expected = static_cast<std::size_t>(static_cast<double>(least) / static_cast<double>(rows_ + 1) *
                                                 static_cast<double>(expected_rows_) * 1.02);
  const std::size_t wanted = rows_ < telling_rows ? 2 * least : std::max(expected, least + least / 2);
  text_room_ = std::max(least, std::min(wanted, most_text_ + copied_at_once));
  Fresh<char> larger(text_room_);
  if (used) std::memcpy(larger.data(), text_->data(), used);
  text_ = std::move(larger);
}

void ColumnBuilder::add_text(std::string_view text) {
  make_text_room(text.size());
  const std::int64_t used = cells_.integers[rows_];
  if (!text.empty()) std::memcpy(text_->data() + used, text.data(), text.size());
  cells_.integers[++rows_] = used + static_cast<std::int64_t>(text.size());
}

bool ColumnBuilder::add(const CsvBatch& batch, std::size_t record) {
  const FieldText& cell = field(batch, record);
  const std::string_view text = text_of(cell, format_.quote, scratch_);
  if (column_.type == ColumnType::text) {
    if (!cell.was_quoted && is_missing(text)) add_missing();
    else add_text(text);
    return true;
  }
  std::int64_t integer = 0;
  double real = 0;
  if (!column_.is_known || misfit_ || !read(text, integer, real)) {
    if (!is_missing(text) && (column_.is_stated || !widen(text, batch.lines[record]))) return false;
    add_missing();
    return true;
  }
  // "nan" is a number to the parser and a word for a missing one to people; so may be "-999".
  const bool is_no_number = column_.type == ColumnType::int64     ? is_among(no_integers_, integer)
                            : column_.type == ColumnType::float64 ? is_among(no_reals_, real)
                                                                  : is_word(text);
  if (is_no_number || (real != real && is_missing(text))) add_missing();
  else set(integer, real);
  return true;
}

// `read` knows most values.
template <class T, class Read>
bool ColumnBuilder::add_each(const CsvBatch& batch, std::vector<T>& to, Read read) {
  const bool has_all = column_.is_known && no_integers_.empty() && no_reals_.empty();
  const std::size_t count = has_all ? batch.size() : 0;
  const FieldText* cell = &field(batch, 0);
  for (std::size_t i = 0; i < count;) {
    // What it knows, one behind the other.
    T* const values = to.data() + rows_;
    const std::size_t before = i;
    for (; i < count && !cell->has_doubled && read(*cell, values[i - before]); cell += batch.width) ++i;
    rows_ += i - before;
    if (i == count) break;
    if (!add(batch, i++)) return false;
    cell += batch.width;
  }
  for (std::size_t i = count; i < batch.size(); ++i)
    if (!add(batch, i)) return false;
  return true;
}

bool ColumnBuilder::add_texts(const CsvBatch& batch) {
  const std::size_t count = batch.size();
  const FieldText* cell = &field(batch, 0);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += cell[i * batch.width].size;
  make_text_room(bytes);
  // Nothing is read behind the text.
  const bool can_copy = format_.na_values.empty() && batch.end - field(batch, count - 1).begin >=
                                                         static_cast<std::ptrdiff_t>(copied_at_once);
  const auto is_plain = [&] { return cell->size - 1 < copied_at_once && !cell->has_doubled; };
  for (std::size_t i = 0; i < count; cell += batch.width) {
    std::int64_t* const ends = cells_.integers.data() + rows_ + 1;
    char* const text = text_->data();
    std::int64_t used = ends[-1];
    const std::size_t before = i;
    for (; can_copy && i < count && is_plain(); cell += batch.width) {
      std::memcpy(text + used, cell->begin, copied_at_once);
      ends[i++ - before] = used += cell->size;
    }
    rows_ += i - before;
    if (i == count) break;
    if (!add(batch, i++)) return false;
  }
  return true;
}

bool ColumnBuilder::add(const CsvBatch& batch) {
  switch (column_.type) {
    case ColumnType::text:
      return add_texts(batch);
    case ColumnType::float64:
      return add_each(batch, cells_.reals, [&](const FieldText& cell, double& value) {
        return read_short(cell.begin, cell.size, batch.end, format_.cell.decimal, value);
      });
    case ColumnType::int64:
      return add_each(batch, cells_.integers, [&](const FieldText& cell, std::int64_t& value) {
        return read_short(cell.begin, cell.size, batch.end, value);
      });
    default:
      for (std::size_t i = 0; i < batch.size(); ++i)
        if (!add(batch, i)) return false;
      return true;
  }
}

bool ColumnBuilder::widen(std::string_view text, std::uint64_t line) {
  const ColumnType type = guess_type(text, format_.cell).value_or(ColumnType::float64);
  if (column_.is_date && type != ColumnType::date && type != ColumnType::datetime) return false;
  if (!misfit_) {
    misfit_ = CsvMisfit{line, column_.is_known ? wider(column_.type, type) : type,
                        std::string(text.substr(0, 200))};
  } else if (misfit_->type != ColumnType::text) {
    const ColumnType both = wider(misfit_->type, type);
    // The value worth showing is the one for which the widest type is needed.
    if (both != misfit_->type) misfit_ = CsvMisfit{line, both, std::string(text.substr(0, 200))};
  }
  return true;
}

Column ColumnBuilder::finish() {
  make_room(0);
  Block validity;
  if (std::any_of(missing_.begin(), missing_.end(), [](std::uint64_t word) { return word != 0; })) {
    missing_.resize((rows_ + 63) / 64, 0);
    for (std::uint64_t& word : missing_) word = ~word;
    validity = block_of(std::move(missing_));
  }
  missing_.clear();
  if (column_.type != ColumnType::text)
    return std::exchange(cells_, {}).column(column_.type, std::exchange(rows_, 0), std::move(validity));
  make_text_room(0);
  const std::size_t rows = std::exchange(rows_, 0);
  Block text = text_->block();
  text.size = static_cast<std::size_t>(cells_.integers[rows]);
  text_.reset();
  text_room_ = 0;
  return Column(ColumnType::text, rows, std::move(text), block_of(std::exchange(cells_.integers, {0})),
                std::move(validity));
}

}  // namespace weir::detail::frame
