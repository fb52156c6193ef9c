// History: a figure for each second, coarser the longer ago, in memory of fixed size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace weir::detail::seeing {

/// A row of figures of one moment; `time_s` is seconds since the program began.
template <std::size_t columns>
struct Sample {
  double time_s = 0;
  std::array<float, columns> values{};
};

/// Rings of 1 s for 15 minutes, 10 s for 4 hours, 2 minutes for 3 days; the coarser hold means.
template <std::size_t columns>
class History {
 public:
  using Row = Sample<columns>;

  /// Adds the row of a second.
  void add(const Row& row) { add(0, row); }
  /// Rows from `from_s` to now, oldest first: each stretch as fine as it is still known, and thinned to at
  /// most `most` rows.
  [[nodiscard]] std::vector<Row> rows(double from_s, std::size_t most) const {
    std::vector<Row> found;
    double until = 1e300;
    for (const Tier& tier : tiers_) {  // from fine to coarse: newest rows first
      for (std::size_t i = tier.rows.size(); i-- > 0;) {
        const Row& row = tier.rows[(tier.next + i) % tier.rows.size()];
        if (row.time_s < until && row.time_s >= from_s) found.push_back(row);
      }
      if (!tier.rows.empty()) until = std::min(until, tier.rows[tier.next % tier.rows.size()].time_s);
    }
    std::vector<Row> thin;
    const std::size_t step = most ? (found.size() + most - 1) / most : 1;
    for (std::size_t i = found.size(); i > 0; i -= std::min(i, step))
      thin.push_back(mean(found, i - std::min(i, step), i));
    return thin;
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return tiers_[0].rows.size() + tiers_[1].rows.size() + tiers_[2].rows.size();
  }

  static constexpr std::size_t most_rows = 900 + 1440 + 2160;

 private:
  struct Tier {
    std::size_t capacity, together;  // of the finer tier's rows in one of this
    std::vector<Row> rows;
    std::size_t next = 0;  // the oldest, once the ring is full
    std::vector<Row> gathered;
  };

  void add(std::size_t at, const Row& row) {
    Tier& tier = tiers_[at];
    tier.gathered.push_back(row);
    if (tier.gathered.size() < tier.together) return;
    const Row whole = mean(tier.gathered, 0, tier.gathered.size());
    tier.gathered.clear();
    if (tier.rows.size() < tier.capacity) tier.rows.push_back(whole);
    else {
      tier.rows[tier.next] = whole;
      tier.next = (tier.next + 1) % tier.capacity;
    }
    if (at + 1 < tiers_.size()) add(at + 1, whole);
  }
  // At the time of the last.
  static Row mean(const std::vector<Row>& rows, std::size_t first, std::size_t end) {
    Row result;
    for (std::size_t i = first; i < end; ++i) {
      result.time_s = std::max(result.time_s, rows[i].time_s);
      for (std::size_t column = 0; column < columns; ++column)
        result.values[column] += rows[i].values[column];
    }
    for (float& value : result.values) value /= static_cast<float>(end - first);
    return result;
  }

  std::array<Tier, 3> tiers_{Tier{900, 1, {}, 0, {}}, Tier{1440, 10, {}, 0, {}}, Tier{2160, 12, {}, 0, {}}};
};

}  // namespace weir::detail::seeing
