// Cells become values; those that do not fit say which type would hold them.
#include "frame/csv/builder.hpp"

#include <algorithm>
#include <cstring>

namespace weir::detail::frame {

ColumnBuilder::ColumnBuilder(const CsvColumn& column, const CsvFormat& format)
    : column_(column), format_(format) {
  if (column.type == ColumnType::text) cells_.integers.push_back(0);
}

void ColumnBuilder::reserve(std::size_t rows) {
  expected_rows_ = rows;
  if (column_.type == ColumnType::boolean) cells_.flags.reserve(rows);
  else if (column_.type == ColumnType::float64) cells_.reals.reserve(rows);
  else cells_.integers.reserve(rows + 1);
}

bool ColumnBuilder::is_missing(std::string_view text) const noexcept {
  if (text.empty()) return true;
  if (!format_.na_values.empty() &&
      std::find(format_.na_values.begin(), format_.na_values.end(), text) != format_.na_values.end())
    return true;
  return column_.type != ColumnType::text && is_na_word(text);
}

void ColumnBuilder::set_missing() {
  if (missing_.size() <= rows_ / 64) missing_.resize(rows_ / 64 + 1, 0);
  missing_[rows_ / 64] |= std::uint64_t{1} << (rows_ % 64);
}

void ColumnBuilder::add_missing() {
  set_missing();
  switch (column_.type) {
    case ColumnType::boolean:
      cells_.flags.push_back(0);
      break;
    case ColumnType::float64:
      cells_.reals.push_back(0);
      break;
    case ColumnType::text:
      cells_.integers.push_back(static_cast<std::int64_t>(text_bytes_));
      break;
    default:
      cells_.integers.push_back(0);
  }
  ++rows_;
}

void ColumnBuilder::drop_last() {
  --rows_;
  if (missing_.size() > rows_ / 64) missing_[rows_ / 64] &= ~(std::uint64_t{1} << (rows_ % 64));
  switch (column_.type) {
    case ColumnType::boolean:
      cells_.flags.pop_back();
      break;
    case ColumnType::float64:
      cells_.reals.pop_back();
      break;
    case ColumnType::text:
      cells_.integers.pop_back();
      text_bytes_ = static_cast<std::size_t>(cells_.integers.back());
      break;
    default:
      cells_.integers.pop_back();
  }
}

bool ColumnBuilder::read(std::string_view text, std::int64_t& integer, double& real) const noexcept {
  switch (column_.type) {
    case ColumnType::int64:
      return read_integer(text, format_.cell, integer);
    case ColumnType::float64:
      return read_real(text, format_.cell, real);
    case ColumnType::date:
      if (!column_.has_format) return read_date(text, integer);
      if (!read_by_format(text, format_.date_format, integer)) return false;
      integer = integer / 86'400'000'000'000 - (integer % 86'400'000'000'000 < 0);
      return true;
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

// Room for so many bytes: what the rows so far let expect of all, but not more than twice what there is.
void ColumnBuilder::grow_text(std::size_t least) {
  const auto expected = static_cast<std::size_t>(static_cast<double>(least) / static_cast<double>(rows_ + 1) *
                                                 static_cast<double>(expected_rows_) * 1.02);
  cells_.text.resize(std::max(least + least / 8, std::min(expected, cells_.text.size() * 2)));
}

// Short ones, which most are, as two words that may overlap: a call for each would cost more than the copy.
void ColumnBuilder::add_text(std::string_view text) {
  const std::size_t size = text.size();
  if (text_bytes_ + size > cells_.text.size()) grow_text(text_bytes_ + size);
  char* const to = cells_.text.data() + text_bytes_;
  text_bytes_ += size;
  const auto copy_ends = [&](auto word) {
    std::memcpy(&word, text.data(), sizeof word);
    auto last = word;
    std::memcpy(&last, text.data() + size - sizeof word, sizeof word);
    std::memcpy(to, &word, sizeof word);
    std::memcpy(to + size - sizeof word, &last, sizeof word);
  };
  if (size > 16) std::memcpy(to, text.data(), size);
  else if (size >= 8) copy_ends(std::uint64_t{0});
  else if (size >= 4) copy_ends(std::uint32_t{0});
  else
    for (std::size_t i = 0; i < size; ++i) to[i] = text[i];
}

bool ColumnBuilder::add(std::string_view text, bool was_quoted, std::uint64_t line) {
  if (column_.type == ColumnType::text) {
    if (!was_quoted && is_missing(text)) {
      add_missing();
      return true;
    }
    add_text(text);
    cells_.integers.push_back(static_cast<std::int64_t>(text_bytes_));
    ++rows_;
    return true;
  }
  std::int64_t integer = 0;
  double real = 0;
  if (!column_.is_known || misfit_ || !read(text, integer, real)) {
    if (!is_missing(text)) {
      if (column_.is_stated || !widen(text, line)) return false;
    }
    add_missing();
    return true;
  }
  if (column_.type == ColumnType::float64) {
    // "nan" is a number to the parser and a word for a missing one to people.
    if (real != real && is_missing(text)) {
      add_missing();
      return true;
    }
    cells_.reals.push_back(real);
  } else if (column_.type == ColumnType::boolean) {
    cells_.flags.push_back(static_cast<std::uint8_t>(integer));
  } else {
    cells_.integers.push_back(integer);
  }
  ++rows_;
  return true;
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
  cells_.text.resize(text_bytes_);
  Block validity;
  if (std::any_of(missing_.begin(), missing_.end(), [](std::uint64_t word) { return word != 0; })) {
    missing_.resize((rows_ + 63) / 64, 0);
    for (std::uint64_t& word : missing_) word = ~word;
    validity = block_of(std::move(missing_));
  }
  return std::move(cells_).column(column_.type, rows_, std::move(validity));
}

}  // namespace weir::detail::frame
