// Equal keys: hashes, groups and joins. Tables of open addressing, which hold rows beside their hashes.
#include <bit>
#include <cmath>
#include <cstring>

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

// Groups of keys that are one column of 64-bit integers without missing values: the key stands in the slot.
Groups group_integers(const std::int64_t* keys, std::size_t rows) {
  struct Slot {
    std::int64_t key;
    std::uint32_t group;
  };
  Groups groups;
  groups.of_row.resize(rows);
  std::vector<Slot> slots(1024, Slot{0, no_row});
  std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < rows; ++i) {
    std::size_t at = mixed(static_cast<std::uint64_t>(keys[i])) & mask;
    while (slots[at].group != no_row && slots[at].key != keys[i]) at = (at + 1) & mask;
    if (slots[at].group == no_row) {
      slots[at] = {keys[i], groups.count()};
      groups.of_row[i] = groups.count();
      groups.first_row.push_back(static_cast<Row>(i));
      if (groups.first_row.size() * 2 > slots.size()) {
        std::vector<Slot> larger(slots.size() * 4, Slot{0, no_row});
        mask = larger.size() - 1;
        for (const Slot& slot : slots) {
          if (slot.group == no_row) continue;
          std::size_t to = mixed(static_cast<std::uint64_t>(slot.key)) & mask;
          while (larger[to].group != no_row) to = (to + 1) & mask;
          larger[to] = slot;
        }
        slots = std::move(larger);
      }
    } else {
      groups.of_row[i] = slots[at].group;
    }
  }
  return groups;
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
  if (keys.size() == 1 && is_int64(keys[0].type()) && !keys[0].na_count())
    return group_integers(integers(keys[0]), rows);
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

Pairs join_rows(std::span<const Column> left, std::size_t left_rows, std::span<const Column> right,
                std::size_t right_rows, JoinKind kind) {
  // Rows of the right side with one hash are a list, in their order: built from the last to the first.
  const std::vector<std::uint64_t> right_hash = hash_rows(right, right_rows);
  std::vector<Row> first(slots_for(right_rows), no_row), next(right_rows, no_row);
  const std::size_t mask = first.size() - 1;
  for (std::size_t j = right_rows; j-- > 0;) {
    if (any_missing(right, j)) continue;
    Row& head = first[right_hash[j] & mask];
    next[j] = head;
    head = static_cast<Row>(j);
  }
  const std::vector<std::uint64_t> left_hash = hash_rows(left, left_rows);
  std::vector<bool> has_partner(kind == JoinKind::right || kind == JoinKind::outer ? right_rows : 0, false);
  const bool keeps_left = kind == JoinKind::left || kind == JoinKind::outer || kind == JoinKind::anti;
  Pairs pairs;
  for (std::size_t i = 0; i < left_rows; ++i) {
    bool found = false;
    if (!any_missing(left, i)) {
      for (Row j = first[left_hash[i] & mask]; j != no_row; j = next[j]) {
        if (right_hash[j] != left_hash[i] || !equal_rows(left, i, right, j)) continue;
        found = true;
        if (kind == JoinKind::semi || kind == JoinKind::anti) break;
        pairs.left.push_back(static_cast<Row>(i));
        pairs.right.push_back(j);
        if (!has_partner.empty()) has_partner[j] = true;
      }
    }
    if (found ? kind == JoinKind::semi : keeps_left) {
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
