// Rows in order of keys.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;

struct Ranked {
  std::uint64_t rank;
  Row row;
};

// A number whose order is that of the rows: of text, by the first eight bytes. NaN is behind all numbers,
// whatever the order.
std::uint64_t rank_of(const Column& column, std::size_t i, bool descending) noexcept {
  const std::uint64_t flip = descending ? ~std::uint64_t{0} : 0;
  switch (column.type()) {
    case ColumnType::boolean:
      return flags(column)[i] ^ flip;
    case ColumnType::float64: {
      const double value = reals(column)[i] == 0 ? 0 : reals(column)[i];
      if (std::isnan(value)) return ~std::uint64_t{0} - 1;
      const auto bits = std::bit_cast<std::uint64_t>(value);
      return (bits & top_bit ? ~bits : bits | top_bit) ^ flip;
    }
    case ColumnType::text: {
      const std::string_view text = column.text(i);
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), std::min<std::size_t>(text.size(), 8));
      return __builtin_bswap64(word) ^ flip;
    }
    default:
      return static_cast<std::uint64_t>(integers(column)[i]) ^ top_bit ^ flip;
  }
}

// -1, 0 or 1; missing values are behind all others, whatever the order.
int compare_cells(const Column& a, std::size_t i, const Column& b, std::size_t j, bool descending) noexcept {
  const bool a_missing = a.is_na(i), b_missing = b.is_na(j);
  if (a_missing || b_missing) return int(a_missing) - int(b_missing);
  if (a.type() == ColumnType::text) {
    const int order = a.text(i).compare(b.text(j));
    return descending ? (order < 0) - (order > 0) : (order > 0) - (order < 0);
  }
  const std::uint64_t x = rank_of(a, i, descending), y = rank_of(b, j, descending);
  return (x > y) - (x < y);
}

}  // namespace

int compare_rows(std::span<const Column> a, std::size_t i, std::span<const Column> b, std::size_t j,
                 std::span<const bool> descending) {
  for (std::size_t c = 0; c < a.size(); ++c)
    if (const int order = compare_cells(a[c], i, b[c], j, descending[c])) return order;
  return 0;
}

GroupedRows first_of_groups(const Groups& groups, const Column& values, bool is_descending,
                            std::uint64_t count) {
  // Each group has room for what is kept of it: a heap, whose top is the last of them.
  struct Heap {
    std::size_t begin;
    std::uint32_t size, room;
  };
  const std::size_t rows = groups.of_row.size();
  std::vector<Heap> heaps(groups.count(), Heap{});
  for (const std::uint32_t group : groups.of_row) heaps[group].room += heaps[group].room < count;
  GroupedRows first;
  first.begin.push_back(0);
  for (Heap& heap : heaps) {
    heap.begin = static_cast<std::size_t>(first.begin.back());
    first.begin.push_back(first.begin.back() + heap.room);
  }
  std::vector<Ranked> kept(static_cast<std::size_t>(first.begin.back()));
  const bool rank_is_all = values.type() != ColumnType::text && !values.na_count();
  const auto comes_before = [&](const Ranked& a, const Ranked& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (rank_is_all) return a.row < b.row;
    const int order = compare_cells(values, a.row, values, b.row, is_descending);
    return order != 0 ? order < 0 : a.row < b.row;
  };
  // Groups come in any order: the memory of those that are next is asked for.
  constexpr std::size_t ahead = 32;
  for (std::size_t i = 0; i < rows; ++i) {
    if (i + ahead < rows) {
      __builtin_prefetch(&heaps[groups.of_row[i + ahead]]);
      __builtin_prefetch(kept.data() + heaps[groups.of_row[i + ahead / 2]].begin);
    }
    Heap& heap = heaps[groups.of_row[i]];
    if (heap.room == 0) continue;
    const Ranked row{values.is_na(i) ? ~std::uint64_t{0} : rank_of(values, i, is_descending),
                     static_cast<Row>(i)};
    Ranked* const of = kept.data() + heap.begin;
    if (heap.size < heap.room) {
      of[heap.size++] = row;
      std::push_heap(of, of + heap.size, comes_before);
    } else if (comes_before(row, of[0])) {
      std::pop_heap(of, of + heap.size, comes_before);
      of[heap.size - 1] = row;
      std::push_heap(of, of + heap.size, comes_before);
    }
  }
  for (const Heap& heap : heaps)
    std::sort_heap(kept.data() + heap.begin, kept.data() + heap.begin + heap.size, comes_before);
  first.rows.reserve(kept.size());
  for (const Ranked& row : kept) first.rows.push_back(row.row);
  return first;
}

std::vector<Row> sort_rows(std::span<const Column> keys, std::span<const bool> descending, std::size_t rows) {
  std::vector<Row> sorted(rows);
  if (keys.empty()) {
    std::iota(sorted.begin(), sorted.end(), Row{0});
    return sorted;
  }
  // The first key decides most comparisons, and its rank is at hand; missing ones are set apart.
  std::vector<Ranked> ranked;
  ranked.reserve(rows);
  std::vector<Row> missing;
  for (std::size_t i = 0; i < rows; ++i) {
    if (keys[0].is_na(i)) {
      missing.push_back(static_cast<Row>(i));
      continue;
    }
    ranked.push_back({rank_of(keys[0], i, descending[0]), static_cast<Row>(i)});
  }
  const bool rank_is_all = keys.size() == 1 && keys[0].type() != ColumnType::text;
  const auto rest_before = [&](Row i, Row j) {
    const int order = compare_rows(keys, i, keys, j, descending);
    return order != 0 ? order < 0 : i < j;
  };
  std::sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    return rank_is_all ? a.row < b.row : rest_before(a.row, b.row);
  });
  std::sort(missing.begin(), missing.end(), rest_before);
  for (std::size_t i = 0; i < ranked.size(); ++i) sorted[i] = ranked[i].row;
  std::copy(missing.begin(), missing.end(), sorted.begin() + static_cast<std::ptrdiff_t>(ranked.size()));
  return sorted;
}

}  // namespace weir::detail::frame
