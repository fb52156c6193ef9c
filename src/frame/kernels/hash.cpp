// Equal keys: hashes, groups and joins. Tables of open addressing, which hold rows beside their hashes.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::uint64_t factor = 0x9E3779B97F4A7C15;
constexpr std::uint64_t of_missing = 0x6E61;

std::uint64_t mixed(std::uint64_t value) noexcept {
  value *= factor;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93;
  return value ^ value >> 32;
}

std::uint64_t hash_text(std::string_view text) noexcept {
  std::uint64_t hash = text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mixed(hash ^ word);
  }
  if (left) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    hash = mixed(hash ^ word);
  }
  return hash;
}

// The bits of a number that equal numbers share.
std::uint64_t bits_of(double value) noexcept {
  if (value == 0) value = 0;
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<std::uint64_t>(value);
}

template <class F>
void combine(std::vector<std::uint64_t>& hashes, const Column& column, F value) {
  if (!column.na_count())
    for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = mixed(hashes[i] ^ value(i));
  else
    for (std::size_t i = 0; i < hashes.size(); ++i)
      hashes[i] = mixed(hashes[i] ^ (column.is_na(i) ? of_missing : value(i)));
}

bool equal_cells(const Column& a, std::size_t i, const Column& b, std::size_t j) noexcept {
  if (a.na_count() || b.na_count()) {
    const bool missing = a.is_na(i);
    if (missing != b.is_na(j)) return false;
    if (missing) return true;
  }
  switch (a.type()) {
    case ColumnType::boolean:
      return flags(a)[i] == flags(b)[j];
    case ColumnType::float64:
      return bits_of(reals(a)[i]) == bits_of(reals(b)[j]);
    case ColumnType::text:
      return a.text(i) == b.text(j);
    default:
      return integers(a)[i] == integers(b)[j];
  }
}

// Slots of a table with room for `rows`.
std::size_t slots_for(std::size_t rows) noexcept {
  return std::bit_ceil(std::max<std::size_t>(rows * 2, 16));
}

// --- keys as words: most are integers or short texts, of which few words hold all

template <std::size_t W>
using Words = std::array<std::uint64_t, W>;
constexpr std::size_t most_words = 4;
// Rows whose keys are packed and looked for together, so that the memory of one comes while others are done.
constexpr std::size_t batch_rows = 256;

constexpr bool is_little = std::endian::native == std::endian::little;

std::uint64_t word_at(const char* at, std::int64_t size) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, static_cast<std::size_t>(std::min<std::int64_t>(size, 8)));
  return word;
}
// The same where a whole word can be read, however short the text is, and numbers are little-endian.
std::uint64_t near_word_at(const char* at, std::int64_t size) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return size >= 8 ? word : word & ((std::uint64_t{1} << (size * 8)) - 1);
}
// So many texts begin where a word can be read.
std::size_t near_texts(const Column& column, std::int64_t prefix) noexcept {
  const std::int64_t* const offsets = column.offsets();
  std::size_t count = is_little ? column.size() : 0;
  while (count > 0 && offsets[count - 1] + prefix + 8 > offsets[column.size()]) --count;
  return count;
}

// How the values of a column become words.
struct Width {
  std::size_t words = 1;
  std::int64_t prefix = 0;    // so many letters, with which all texts begin, are left out
  std::uint64_t letters = 0;  // the first word of one of them
  std::size_t near = 0;  // behind the prefix of so many texts of a column a word can be read (`near_texts`)
};

// What texts have been seen to be like.
struct TextLook {
  std::int64_t longest = 0, shortest = std::numeric_limits<std::int64_t>::max();
  std::uint64_t first = 0, differs = 0;
  bool has_first = false;

  // Every `step`th of them.
  void see(const Column& key, std::size_t step) {
    if (key.size() == 0) return;
    const std::int64_t* const offsets = key.offsets();
    const char* const text = reinterpret_cast<const char*>(key.data());
    if (!std::exchange(has_first, true)) first = word_at(text + offsets[0], offsets[1] - offsets[0]);
    const auto see_one = [&](std::uint64_t word, std::int64_t size) {
      longest = std::max(longest, size);
      shortest = std::min(shortest, size);
      differs |= word ^ first;
    };
    const std::size_t near = near_texts(key, 0);
    std::size_t i = 0;
    for (; i < near; i += step) {
      const std::int64_t size = offsets[i + 1] - offsets[i];
      see_one(near_word_at(text + offsets[i], size), size);
    }
    for (; i < key.size(); i += step) {
      const std::int64_t size = offsets[i + 1] - offsets[i];
      see_one(word_at(text + offsets[i], size), size);
    }
  }
  [[nodiscard]] Width width(bool leaves_prefix_out) const {
    if (!has_first) return {};
    const bool can_be_left_out = leaves_prefix_out && is_little;
    const std::int64_t shared =
        can_be_left_out ? std::min<std::int64_t>(std::countr_zero(differs) / 8, shortest) : 0;
    // Not more than is good for anything: then others may be longer, or differ sooner, and have room.
    const std::int64_t words = (longest - shared) / 8 + 1;
    const std::int64_t prefix = (shared + std::max<std::int64_t>(0, longest - (8 * words - 1))) / 2;
    return {static_cast<std::size_t>(words), prefix, first, 0};
  }
};

// By every `step`th value: for those between them it may be wrong. None if some are missing.
std::optional<Width> width_of(std::span<const Column> key, bool leaves_prefix_out, std::size_t step = 1) {
  TextLook look;
  for (const Column& part : key) {
    if (part.na_count()) return std::nullopt;
    if (part.type() == ColumnType::text) look.see(part, step);
  }
  return look.width(leaves_prefix_out);
}
using Widths = std::vector<Width>;
// The same for these columns.
Widths widths_for(std::span<const Column> keys, Widths widths) {
  for (std::size_t k = 0; k < keys.size(); ++k)
    if (keys[k].type() == ColumnType::text) widths[k].near = near_texts(keys[k], widths[k].prefix);
  return widths;
}

// Texts, padded by zeros; the last byte of their last word is their length. Not 0 if the width is wrong.
template <std::size_t W>
std::uint64_t pack_text(const Column& key, std::size_t first, std::span<Words<W>> to, std::size_t at,
                        Width width) {
  const std::size_t count = width.words;
  const auto longest = static_cast<std::int64_t>(8 * count - 1);
  const std::uint64_t of_prefix =
      width.prefix == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * width.prefix)) - 1;
  const std::int64_t* const offsets = key.offsets() + first;
  const char* const all = reinterpret_cast<const char*>(key.data());
  const char* const text = all + width.prefix;
  const std::int64_t end = key.offsets()[key.size()] - width.prefix;
  const std::size_t near = std::min(width.near - std::min(width.near, first), to.size());
  std::uint64_t wrong = 0;
  std::size_t i = 0;
  for (; i < near && count == 1; ++i) {
    const std::int64_t size = offsets[i + 1] - offsets[i] - width.prefix;
    wrong |= (near_word_at(all + offsets[i], 8) ^ width.letters) & of_prefix;
    wrong |= static_cast<std::uint64_t>(size) & ~std::uint64_t{7};
    to[i][at] = near_word_at(text + offsets[i], size & 7) | static_cast<std::uint64_t>(size) << 56;
  }
  for (; i < to.size(); ++i) {
    const std::int64_t size = offsets[i + 1] - offsets[i] - width.prefix;
    if (size < 0 || size > longest) return 1;
    if (width.prefix) wrong |= (word_at(all + offsets[i], size + width.prefix) ^ width.letters) & of_prefix;
    for (std::size_t w = 0; w < count; ++w) {
      const std::int64_t done = static_cast<std::int64_t>(w) * 8, from = offsets[i] + done;
      to[i][at + w] = size <= done                   ? 0
                      : is_little && end - from >= 8 ? near_word_at(text + from, size - done)
                                                     : word_at(text + from, size - done);
    }
    to[i][at + count - 1] |= static_cast<std::uint64_t>(size) << 56;
  }
  return wrong;
}

// The keys of rows from `first` on; false if a width is wrong.
template <std::size_t W>
bool pack(std::span<const Column> keys, const Widths& widths, std::size_t first, std::span<Words<W>> to) {
  std::size_t at = 0;
  std::uint64_t wrong = 0;
  for (std::size_t k = 0; k < keys.size(); at += widths[k++].words) {
    const Column& key = keys[k];
    const auto each = [&](auto value) {
      for (std::size_t i = 0; i < to.size(); ++i) to[i][at] = value(first + i);
    };
    if (key.type() == ColumnType::text) wrong |= pack_text<W>(key, first, to, at, widths[k]);
    else if (key.type() == ColumnType::float64) each([&](std::size_t i) { return bits_of(reals(key)[i]); });
    else if (key.type() == ColumnType::boolean) each([&](std::size_t i) { return flags(key)[i]; });
    else each([&](std::size_t i) { return static_cast<std::uint64_t>(integers(key)[i]); });
  }
  return wrong == 0;
}

// A number for each key, which stands in the slot: numbers alone, with the keys beside them, took 4 instead
// of 8 MB for 100,000 keys and a quarter longer, for the second look.
template <std::size_t W>
class WordTable {
 public:
  explicit WordTable(std::size_t room) : slots_(slots_for(room)), mask_(slots_.size() - 1) {}

  [[nodiscard]] static std::uint64_t hash(const Words<W>& key) noexcept {
    std::uint64_t hash = 0;
    for (const std::uint64_t word : key) hash = mixed(hash ^ word);
    return hash;
  }
  void expect(std::uint64_t hash) const noexcept { __builtin_prefetch(&slots_[hash & mask_]); }
  /// The number of the key, `no_row` if there is none.
  [[nodiscard]] std::uint32_t find(const Words<W>& key, std::uint64_t hash) const noexcept {
    return slots_[place(key, hash)].number;
  }
  /// The same; where there is none, `next` becomes it.
  std::uint32_t find_or_add(const Words<W>& key, std::uint64_t hash, std::uint32_t next) {
    Slot& slot = slots_[place(key, hash)];
    if (slot.number != no_row) return slot.number;
    slot = {key, next};
    if (++count_ * 2 > slots_.size()) grow();
    return next;
  }

 private:
  struct Slot {
    Words<W> key{};
    std::uint32_t number = no_row;
  };
  // An array's own == calls memcmp.
  [[nodiscard]] static bool are_equal(const Words<W>& a, const Words<W>& b) noexcept {
    std::uint64_t differs = 0;
    for (std::size_t w = 0; w < W; ++w) differs |= a[w] ^ b[w];
    return differs == 0;
  }
  [[nodiscard]] std::size_t place(const Words<W>& key, std::uint64_t hash) const noexcept {
    std::size_t at = hash & mask_;
    while (slots_[at].number != no_row && !are_equal(slots_[at].key, key)) at = (at + 1) & mask_;
    return at;
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 4));
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old)
      if (slot.number != no_row) slots_[place(slot.key, hash(slot.key))] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t mask_, count_ = 0;
};

// Calls `use(row, key, hash)` for every row, in order; false if a width is wrong: then not for all of them.
template <std::size_t W, class F>
bool each_key(std::span<const Column> keys, const Widths& all_widths, std::size_t rows,
              const WordTable<W>& table, F use) {
  const Widths widths = widths_for(keys, all_widths);
  std::array<Words<W>, batch_rows> packed;
  std::array<std::uint64_t, batch_rows> hashes;
  for (std::size_t first = 0; first < rows; first += batch_rows) {
    const std::size_t count = std::min(batch_rows, rows - first);
    if (!pack<W>(keys, widths, first, {packed.data(), count})) return false;
    for (std::size_t i = 0; i < count; ++i) table.expect(hashes[i] = WordTable<W>::hash(packed[i]));
    for (std::size_t i = 0; i < count; ++i) use(first + i, packed[i], hashes[i]);
  }
  return true;
}

// Keys by table: of each its part of every column.
std::vector<std::vector<Column>> by_table(std::span<const LongColumn> keys) {
  std::vector<std::vector<Column>> tables(keys.front().parts().size());
  for (const LongColumn& key : keys)
    for (std::size_t t = 0; t < tables.size(); ++t) tables[t].push_back(key.parts()[t]);
  return tables;
}

template <std::size_t W>
std::optional<Groups> group_words(std::span<const LongColumn> keys, const Widths& widths, std::size_t rows) {
  Groups groups;
  groups.of_row.resize(rows);
  WordTable<W> table(512);
  std::size_t first = 0;
  for (const std::vector<Column>& part : by_table(keys)) {
    std::uint32_t* const of_row = groups.of_row.data() + first;
    const std::size_t count = part.front().size();
    const bool is_right = each_key<W>(part, widths, count, table,
                                      [&](std::size_t row, const Words<W>& key, std::uint64_t hash) {
                                        of_row[row] = table.find_or_add(key, hash, groups.count());
                                        if (of_row[row] == groups.count())
                                          groups.first_row.push_back(static_cast<Row>(first + row));
                                      });
    if (!is_right) return std::nullopt;
    first += count;
  }
  return groups;
}

// The least of integer keys, and how many numbers there are from it to the greatest, if a table of all of
// them is small beside the rows.
struct Range {
  std::int64_t least;
  std::size_t size;
};
std::optional<Range> dense_range(const LongColumn& key) {
  constexpr std::uint64_t always_small = 1 << 16;
  if (!is_int64(key.type()) || key.na_count() || key.size() == 0) return std::nullopt;
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), greatest = -least - 1;
  for (const Column& part : key.parts()) {
    const std::int64_t* const values = integers(part);
    for (std::size_t i = 0; i < part.size(); ++i) {
      least = std::min(least, values[i]);
      greatest = std::max(greatest, values[i]);
    }
  }
  const std::uint64_t apart = static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
  if (apart >= std::max<std::uint64_t>(always_small, key.size())) return std::nullopt;
  return Range{least, static_cast<std::size_t>(apart) + 1};
}

std::uint64_t place_in(Range range, std::int64_t key) noexcept {
  return static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(range.least);
}

Groups group_dense(const LongColumn& key, Range range) {
  Groups groups;
  groups.of_row.resize(key.size());
  std::vector<std::uint32_t> group_of(range.size, no_row);
  key.each([&](const Column& part, std::size_t first) {
    const std::int64_t* const values = integers(part);
    std::uint32_t* const of_row = groups.of_row.data() + first;
    for (std::size_t i = 0; i < part.size(); ++i) {
      std::uint32_t& group = group_of[place_in(range, values[i])];
      if (group == no_row) {
        group = groups.count();
        groups.first_row.push_back(static_cast<Row>(first + i));
      }
      of_row[i] = group;
    }
  });
  return groups;
}

// Calls `use` with the number of words that hold the keys; false if they are too many.
template <class F>
bool with_words(const Widths& widths, F use) {
  std::size_t words = 0;
  for (const Width& width : widths) words += width.words;
  if (words == 0 || words > most_words) return false;
  if (words == 1) use(std::integral_constant<std::size_t, 1>());
  if (words == 2) use(std::integral_constant<std::size_t, 2>());
  if (words == 3) use(std::integral_constant<std::size_t, 3>());
  if (words == 4) use(std::integral_constant<std::size_t, 4>());
  return true;
}

// The words of each key; none if they cannot be packed.
Widths widths_of(std::span<const LongColumn> keys, bool leaves_prefix_out, std::size_t step) {
  Widths widths;
  for (const LongColumn& key : keys) {
    const std::optional<Width> width = width_of(key.parts(), leaves_prefix_out, step);
    if (!width) return {};
    widths.push_back(*width);
  }
  return widths;
}

std::vector<LongColumn> long_columns(std::span<const Column> columns) {
  return {columns.begin(), columns.end()};
}

bool any_missing(std::span<const Column> keys, std::size_t row) noexcept {
  for (const Column& key : keys)
    if (key.is_na(row)) return true;
  return false;
}

}  // namespace

std::vector<std::uint64_t> hash_rows(std::span<const Column> keys, std::size_t rows) {
  std::vector<std::uint64_t> hashes(rows, 0);
  for (const Column& key : keys) {
    switch (key.type()) {
      case ColumnType::boolean:
        combine(hashes, key, [values = flags(key)](std::size_t i) { return std::uint64_t{values[i]} + 1; });
        break;
      case ColumnType::float64:
        combine(hashes, key, [values = reals(key)](std::size_t i) { return bits_of(values[i]); });
        break;
      case ColumnType::text:
        combine(hashes, key, [&key](std::size_t i) { return hash_text(key.text(i)); });
        break;
      default:
        combine(hashes, key,
                [values = integers(key)](std::size_t i) { return static_cast<std::uint64_t>(values[i]); });
    }
  }
  return hashes;
}

bool equal_rows(std::span<const Column> a, std::size_t i, std::span<const Column> b, std::size_t j) {
  for (std::size_t c = 0; c < a.size(); ++c)
    if (!equal_cells(a[c], i, b[c], j)) return false;
  return true;
}

Groups group_rows(std::span<const Column> keys, std::size_t rows) {
  return group_rows(long_columns(keys), rows);
}

Groups group_rows(std::span<const LongColumn> all, std::size_t rows) {
  if (all.size() == 1)
    if (const auto range = dense_range(all[0])) return group_dense(all[0], *range);
  // What some rows say of the width is mostly right.
  constexpr std::size_t looked_at = 1024;
  for (std::size_t step = rows / looked_at + 1; step > 0; step = step > 1) {
    const Widths widths = widths_of(all, true, step);
    std::optional<Groups> groups;
    with_words(widths, [&](auto words) { groups = group_words<words()>(all, widths, rows); });
    if (groups) return std::move(*groups);
  }
  std::vector<Column> keys;
  for (const LongColumn& key : all) keys.push_back(key.whole());
  Groups groups;
  groups.of_row.resize(rows);
  if (keys.empty()) {
    if (rows) groups.first_row.push_back(0);
    return groups;
  }
  struct Slot {
    std::uint32_t hash, group;
  };
  const std::vector<std::uint64_t> hashes = hash_rows(keys, rows);
  std::vector<Slot> slots(1024, Slot{0, no_row});
  std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto high = static_cast<std::uint32_t>(hashes[i] >> 32);
    std::size_t at = hashes[i] & mask;
    while (slots[at].group != no_row &&
           !(slots[at].hash == high && equal_rows(keys, i, keys, groups.first_row[slots[at].group])))
      at = (at + 1) & mask;
    if (slots[at].group != no_row) {
      groups.of_row[i] = slots[at].group;
      continue;
    }
    slots[at] = {high, groups.count()};
    groups.of_row[i] = groups.count();
    groups.first_row.push_back(static_cast<Row>(i));
    if (groups.first_row.size() * 2 > slots.size()) {
      slots.assign(slots.size() * 4, Slot{0, no_row});
      mask = slots.size() - 1;
      for (std::uint32_t group = 0; group < groups.count(); ++group) {
        const std::uint64_t hash = hashes[groups.first_row[group]];
        std::size_t to = hash & mask;
        while (slots[to].group != no_row) to = (to + 1) & mask;
        slots[to] = {static_cast<std::uint32_t>(hash >> 32), group};
      }
    }
  }
  return groups;
}

std::optional<std::vector<Row>> rows_with_keys(std::span<const Column> keys, std::size_t rows) {
  bool all_there = true;
  for (const Column& key : keys) all_there = all_there && key.na_count() == 0;
  if (all_there) return std::nullopt;
  std::vector<Row> kept;
  for (std::size_t i = 0; i < rows; ++i)
    if (!any_missing(keys, i)) kept.push_back(static_cast<Row>(i));
  return kept;
}

namespace {

// For each row of the left side the first one of the right that may have its keys, and the next ones of each
// of those.
struct Candidates {
  Rows first;
  std::vector<Row> next;
  bool are_equal = false;   // all of them have the keys
  bool are_single = false;  // there are no next ones
};

// By the integers themselves, where those of the right side are close together.
Candidates candidates_by_place(const Column& left, std::size_t left_rows, const Column& right,
                               std::size_t right_rows, Range range) {
  Candidates found{Rows(left_rows), std::vector<Row>(right_rows, no_row), true, true};
  constexpr std::size_t ahead = 16;
  std::vector<Row> first(range.size, no_row);
  const std::int64_t* const right_keys = integers(right);
  for (std::size_t j = right_rows; j-- > 0;) {
    if (j >= ahead) __builtin_prefetch(&first[place_in(range, right_keys[j - ahead])], 1);
    Row& head = first[place_in(range, right_keys[j])];
    found.are_single = found.are_single && head == no_row;
    found.next[j] = std::exchange(head, static_cast<Row>(j));
  }
  const std::int64_t* const left_keys = integers(left);
  for (std::size_t i = 0; i < left_rows; ++i) {
    const std::uint64_t place = place_in(range, left_keys[i]);
    found.first[i] = place < range.size ? first[place] : no_row;
  }
  return found;
}

template <std::size_t W>
Candidates candidates_by_words(std::span<const Column> left, std::size_t left_rows,
                               std::span<const Column> right, std::size_t right_rows, const Widths& widths) {
  Candidates found{Rows(left_rows), std::vector<Row>(right_rows, no_row), true, true};
  WordTable<W> table(right_rows);
  Rows last(right_rows);  // of the rows with the keys of this first one
  each_key<W>(right, widths, right_rows, table,
              [&](std::size_t row, const Words<W>& key, std::uint64_t hash) {
                const auto here = static_cast<Row>(row);
                const Row head = table.find_or_add(key, hash, here);
                if (head != here) found.next[last[head]] = here, found.are_single = false;
                last[head] = here;
              });
  each_key<W>(left, widths, left_rows, table, [&](std::size_t row, const Words<W>& key, std::uint64_t hash) {
    found.first[row] = table.find(key, hash);
  });
  return found;
}

// By hashes alone; rows with missing keys are not among them.
Candidates candidates_by_hash(std::span<const Column> left, std::size_t left_rows,
                              std::span<const Column> right, std::size_t right_rows) {
  Candidates found{Rows(left_rows, no_row), std::vector<Row>(right_rows, no_row)};
  const std::vector<std::uint64_t> right_hash = hash_rows(right, right_rows);
  std::vector<Row> first(slots_for(right_rows), no_row);
  const std::size_t mask = first.size() - 1;
  for (std::size_t j = right_rows; j-- > 0;)
    if (!any_missing(right, j))
      found.next[j] = std::exchange(first[right_hash[j] & mask], static_cast<Row>(j));
  const std::vector<std::uint64_t> left_hash = hash_rows(left, left_rows);
  for (std::size_t i = 0; i < left_rows; ++i)
    if (!any_missing(left, i)) found.first[i] = first[left_hash[i] & mask];
  return found;
}

Candidates candidates_of(std::span<const Column> left, std::size_t left_rows, std::span<const Column> right,
                         std::size_t right_rows) {
  const std::vector<LongColumn> left_keys = long_columns(left), right_keys = long_columns(right);
  if (const auto range = right.size() == 1 ? dense_range(right_keys[0]) : std::nullopt;
      range && is_int64(left[0].type()) && !left[0].na_count())
    return candidates_by_place(left[0], left_rows, right[0], right_rows, *range);
  Widths widths = widths_of(left_keys, false, 1);
  const Widths right_widths = widths_of(right_keys, false, 1);
  Candidates found;
  if (widths.size() == right_widths.size()) {
    for (std::size_t k = 0; k < widths.size(); ++k)
      widths[k].words = std::max(widths[k].words, right_widths[k].words);
    if (with_words(widths, [&](auto words) {
          found = candidates_by_words<words()>(left, left_rows, right, right_rows, widths);
        }))
      return found;
  }
  return candidates_by_hash(left, left_rows, right, right_rows);
}

// Where each left row has one partner or none.
Pairs pair_singles(const Candidates& found) {
  const std::size_t rows = found.first.size();
  Pairs pairs{Rows(rows), Rows(rows)};
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    pairs.left[count] = static_cast<Row>(i);
    pairs.right[count] = found.first[i];
    count += found.first[i] != no_row;
  }
  pairs.left.resize(count);
  pairs.right.resize(count);
  return pairs;
}

}  // namespace

Pairs join_rows(std::span<const Column> left, std::size_t left_rows, std::span<const Column> right,
                std::size_t right_rows, JoinKind kind) {
  Candidates found = candidates_of(left, left_rows, right, right_rows);
  if (found.are_equal && found.are_single && kind == JoinKind::inner) return pair_singles(found);
  std::vector<bool> has_partner(kind == JoinKind::right || kind == JoinKind::outer ? right_rows : 0, false);
  const bool keeps_left = kind == JoinKind::left || kind == JoinKind::outer || kind == JoinKind::anti;
  Pairs pairs;
  pairs.left.reserve(left_rows);
  pairs.right.reserve(left_rows);
  for (std::size_t i = 0; i < left_rows; ++i) {
    bool is_found = false;
    for (Row j = found.first[i]; j != no_row; j = found.next[j]) {
      if (!found.are_equal && !equal_rows(left, i, right, j)) continue;
      is_found = true;
      if (kind == JoinKind::semi || kind == JoinKind::anti) break;
      pairs.left.push_back(static_cast<Row>(i));
      pairs.right.push_back(j);
      if (!has_partner.empty()) has_partner[j] = true;
    }
    if (is_found ? kind == JoinKind::semi : keeps_left) {
      pairs.left.push_back(static_cast<Row>(i));
      pairs.right.push_back(no_row);
    }
  }
  for (std::size_t j = 0; j < has_partner.size(); ++j) {
    if (has_partner[j]) continue;
    pairs.left.push_back(no_row);
    pairs.right.push_back(static_cast<Row>(j));
  }
  return pairs;
}

}  // namespace weir::detail::frame
