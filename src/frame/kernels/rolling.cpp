// Loops of windows, running sums and nearest rows.
#include "frame/kernels/rolling.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace weir::detail::frame {

namespace {

using Kind = Aggregate::Kind;

// Calls for the values that enter and leave each window, and `result(i)` when window `i` holds its own.
template <class Enter, class Leave, class Result>
void slide(const Column& column, std::span<const Row> low, std::size_t first, Enter enter, Leave leave,
           Result result) {
  std::size_t begin = first < low.size() ? low[first] : 0, end = begin;
  for (std::size_t i = first; i < low.size(); ++i) {
    for (; end <= i; ++end)
      if (!column.is_na(end)) enter(static_cast<Row>(end));
    for (; begin < low[i]; ++begin)
      if (!column.is_na(begin)) leave(static_cast<Row>(begin));
    result(i - first);
  }
}

// Numbers that enter and leave; those that are not finite are counted, since nothing takes them off a sum.
class Moments {
 public:
  void change(double value, bool enters) {
    const int sign = enters ? 1 : -1;
    count_ += sign;
    if (!std::isfinite(value)) {
      (std::isnan(value) ? nans_ : value > 0 ? above_ : below_) += sign;
      return;
    }
    finite_ += sign;
    if (finite_ == 0) {
      sum_ = lost_ = mean_ = squares_ = 0;
      return;
    }
    // Neumaier's sum; Welford's moments, which also run backwards.
    const double term = sign * value, total = sum_ + term;
    lost_ += std::fabs(sum_) >= std::fabs(term) ? (sum_ - total) + term : (term - total) + sum_;
    sum_ = total;
    const double apart = value - mean_;
    mean_ += sign * apart / static_cast<double>(finite_);
    const double square = apart * (value - mean_);
    squares_ += sign * square;
    // What a value far away has rounded off does not come back when it leaves.
    constexpr double most = 1e6;
    is_spoilt_ = is_spoilt_ || (!enters && square > most * std::max(squares_, 0.0));
  }
  // Whether the spread is to be added up anew, of no values at first.
  [[nodiscard]] bool is_spoilt() const noexcept { return is_spoilt_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (nans_ || (above_ && below_)) return std::numeric_limits<double>::quiet_NaN();
    return above_ ? infinity : below_ ? -infinity : sum_ + lost_;
  }
  [[nodiscard]] double mean() const noexcept { return sum() / static_cast<double>(count_); }
  [[nodiscard]] double variance(double divisor) const noexcept {
    if (nans_ || above_ || below_) return std::numeric_limits<double>::quiet_NaN();
    return std::max(squares_, 0.0) / divisor;
  }

 private:
  std::int64_t count_ = 0, finite_ = 0, nans_ = 0, above_ = 0, below_ = 0;
  double sum_ = 0, lost_ = 0, mean_ = 0, squares_ = 0;
  bool is_spoilt_ = false;
};

Column rolled_moments(const Column& raw, std::span<const Row> low, std::size_t first, const Rolling& how) {
  const Column column = cast(raw, ColumnType::float64);
  const double* values = reals(column);
  Fresh<double> results(low.size() - first);
  Bits bits(low.size() - first);
  Moments moments;
  slide(
      column, low, first, [&](Row row) { moments.change(values[row], true); },
      [&](Row row) { moments.change(values[row], false); },
      [&](std::size_t i) {
        const bool is_spread = how.kind == Kind::var || how.kind == Kind::stddev;
        if (is_spread && moments.is_spoilt()) {
          moments = {};
          for (Row row = low[first + i]; row <= static_cast<Row>(first + i); ++row)
            if (!column.is_na(row)) moments.change(values[row], true);
        }
        const double divisor = static_cast<double>(moments.count()) - (is_spread ? how.parameter : 0);
        const bool is_there = moments.count() >= static_cast<std::int64_t>(how.at_least) &&
                              (divisor > 0 || how.kind == Kind::sum);
        if (!is_there) bits.clear(i);
        const double variance = is_there && is_spread ? moments.variance(divisor) : 0;
        results[i] = !is_there                  ? 0
                     : how.kind == Kind::sum    ? moments.sum()
                     : how.kind == Kind::mean   ? moments.mean()
                     : how.kind == Kind::stddev ? std::sqrt(variance)
                                                : variance;
      });
  return fixed_column(ColumnType::float64, low.size() - first, std::move(results), std::move(bits).block());
}

// Sums of integers, counts of values and of different ones.
Column rolled_integers(const Column& column, std::span<const Row> low, std::size_t first,
                       const Rolling& how) {
  Fresh<std::int64_t> results(low.size() - first);
  Bits bits(low.size() - first);
  Integer sum = 0;
  std::uint64_t count = 0, different = 0;
  const Column whole = how.kind == Kind::sum ? cast(column, ColumnType::int64) : column;
  const Groups groups =
      how.kind == Kind::nunique ? group_rows(std::span(&column, 1), column.size()) : Groups{};
  std::vector<std::uint32_t> there(groups.count(), 0);
  const auto value = [&](Row row) { return how.kind == Kind::sum ? Integer{integers(whole)[row]} : 0; };
  slide(
      column, low, first,
      [&](Row row) {
        sum += value(row);
        ++count;
        if (how.kind == Kind::nunique) different += there[groups.of_row[row]]++ == 0;
      },
      [&](Row row) {
        sum -= value(row);
        --count;
        if (how.kind == Kind::nunique) different -= --there[groups.of_row[row]] == 0;
      },
      [&](std::size_t i) {
        const bool is_there = count >= how.at_least;
        if (how.kind == Kind::sum && is_there && !fits_int64(sum))
          throw BeyondInteger("rolling sum", digits_of(sum));
        results[i] = how.kind == Kind::sum
                         ? static_cast<std::int64_t>(sum)
                         : static_cast<std::int64_t>(how.kind == Kind::nunique ? different : count);
        if (!is_there) bits.clear(i);
      });
  return fixed_column(ColumnType::int64, low.size() - first, std::move(results), std::move(bits).block());
}

// The row of each window that no later one is better than; first and last ones are the ends of a queue.
Column rolled_rows(const Column& column, std::span<const Row> low, std::size_t first, const Rolling& how) {
  std::vector<Row> rows(low.size() - first, no_row);
  std::deque<Row> queue;
  std::uint64_t count = 0;
  const std::span<const Column> values(&column, 1);
  const bool order[] = {how.kind == Kind::max};
  const auto is_nan = [&](Row row) {
    return column.type() == ColumnType::float64 && std::isnan(reals(column)[row]);
  };
  // NaN is neither least nor greatest while there is a number.
  const auto is_better = [&](Row row, Row than) {
    if (is_nan(row) || is_nan(than)) return !is_nan(row);
    return compare_rows(values, row, values, than, order) <= 0;
  };
  slide(
      column, low, first,
      [&](Row row) {
        ++count;
        if (how.kind == Kind::min || how.kind == Kind::max)
          while (!queue.empty() && is_better(row, queue.back())) queue.pop_back();
        queue.push_back(row);
      },
      [&](Row row) {
        --count;
        if (!queue.empty() && queue.front() == row) queue.pop_front();
      },
      [&](std::size_t i) {
        if (count >= how.at_least && !queue.empty())
          rows[i] = how.kind == Kind::last ? queue.back() : queue.front();
      });
  return take(column, rows);
}

Column rolled_quantiles(const Column& raw, std::span<const Row> low, std::size_t first, const Rolling& how) {
  const Column column = cast(raw, ColumnType::float64);
  const double* values = reals(column);
  Fresh<double> results(low.size() - first);
  Bits bits(low.size() - first);
  std::vector<double> sorted;  // without NaN
  std::size_t nans = 0;
  slide(
      column, low, first,
      [&](Row row) {
        if (std::isnan(values[row])) ++nans;
        else sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), values[row]), values[row]);
      },
      [&](Row row) {
        if (std::isnan(values[row])) --nans;
        else sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), values[row]));
      },
      [&](std::size_t i) {
        results[i] = nans ? std::numeric_limits<double>::quiet_NaN() : 0;
        if (sorted.size() + nans < std::max<std::size_t>(how.at_least, 1)) bits.clear(i);
        if (nans || sorted.empty()) return;
        const double place = how.parameter * static_cast<double>(sorted.size() - 1);
        const auto below = static_cast<std::size_t>(place);
        const std::size_t above = std::min(below + 1, sorted.size() - 1);
        results[i] = sorted[below];
        if (place > static_cast<double>(below))
          results[i] += (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
      });
  return fixed_column(ColumnType::float64, low.size() - first, std::move(results), std::move(bits).block());
}

// `f(running, value)` from value to value.
template <class T, class F>
Column running(const Column& column, ColumnType type, const T* values, const Column& before, F f) {
  Fresh<T> results(column.size());
  Bits bits(column.size());
  const bool goes_on = before.size() > 0 && !before.is_na(before.size() - 1);
  bool has_value = goes_on;
  T value = goes_on ? reinterpret_cast<const T*>(before.data())[before.size() - 1] : T{};
  for (std::size_t i = 0; i < column.size(); ++i) {
    results[i] = T{};
    if (column.is_na(i)) {
      bits.clear(i);
      continue;
    }
    value = has_value ? f(value, values[i]) : values[i];
    has_value = true;
    results[i] = value;
  }
  return fixed_column(type, column.size(), std::move(results), std::move(bits).block());
}

template <class T>
Column cumulated_as(const Column& column, Cumulative what, const T* values, const Column& before) {
  const ColumnType type = column.type();
  switch (what) {
    case Cumulative::sum:
      return running(column, type, values, before, [](T a, T b) {
        if constexpr (std::is_integral_v<T>) {
          T sum{};
          if (__builtin_add_overflow(a, b, &sum))
            throw BeyondInteger("cumsum", std::to_string(a) + " and " + std::to_string(b));
          return sum;
        } else return a + b;
      });
    case Cumulative::product:
      return running(column, type, values, before, [](T a, T b) {
        if constexpr (std::is_integral_v<T>) {
          T product{};
          if (__builtin_mul_overflow(a, b, &product))
            throw BeyondInteger("cumprod", std::to_string(a) + " times " + std::to_string(b));
          return product;
        } else return a * b;
      });
    case Cumulative::min:
      return running(column, type, values, before, [](T a, T b) { return b < a || a != a ? b : a; });
    case Cumulative::max:
      break;
  }
  return running(column, type, values, before, [](T a, T b) { return b > a || a != a ? b : a; });
}

template <class T>
Column apart(const Column& column, ColumnType type, const T* values, std::size_t first, std::size_t count,
             std::int64_t distance) {
  Fresh<T> results(count);
  Bits bits(count);
  const auto size = static_cast<std::int64_t>(column.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto here = static_cast<std::int64_t>(first + i), there = here - distance;
    results[i] = T{};
    if (there < 0 || there >= size || column.is_na(first + i) ||
        column.is_na(static_cast<std::size_t>(there))) {
      bits.clear(i);
      continue;
    }
    if constexpr (std::is_integral_v<T>) {
      if (__builtin_sub_overflow(values[here], values[there], &results[i]))
        throw BeyondInteger("diff", std::to_string(values[here]) + " less " + std::to_string(values[there]));
    } else results[i] = values[here] - values[there];
  }
  return fixed_column(type, count, std::move(results), std::move(bits).block());
}

// Rows of the right side in order of their values, those of each group of `by` together.
struct SortedSide {
  std::vector<Row> rows;
  std::vector<std::size_t> begin;            // of each group
  std::vector<std::uint32_t> group_of_left;  // `no_row` for rows with a missing key
};

SortedSide sorted_side(std::size_t left_rows, std::span<const Column> left_by, const Column& right,
                       std::span<const Column> right_by) {
  std::vector<Column> both;
  for (std::size_t k = 0; k < left_by.size(); ++k) {
    const Column* const parts[] = {&left_by[k], &right_by[k]};
    both.push_back(concat(parts));
  }
  Groups groups;
  if (both.empty()) groups = {GroupNumbers(left_rows + right.size(), 0), {0}};
  else groups = group_rows(both, left_rows + right.size());
  const auto has_keys = [&](std::size_t row) {
    return std::none_of(both.begin(), both.end(), [&](const Column& key) { return key.is_na(row); });
  };
  SortedSide side;
  side.group_of_left.assign(groups.of_row.begin(),
                            groups.of_row.begin() + static_cast<std::ptrdiff_t>(left_rows));
  for (std::size_t i = 0; i < left_rows; ++i)
    if (!has_keys(i)) side.group_of_left[i] = no_row;
  const bool order[] = {false};
  std::vector<std::vector<Row>> of_group(groups.count());
  for (const Row row : sort_rows(std::span(&right, 1), order, right.size())) {
    const bool is_nan = right.type() == ColumnType::float64 && std::isnan(reals(right)[row]);
    if (!right.is_na(row) && !is_nan && has_keys(left_rows + row))
      of_group[groups.of_row[left_rows + row]].push_back(row);
  }
  for (const std::vector<Row>& rows : of_group) {
    side.begin.push_back(side.rows.size());
    side.rows.insert(side.rows.end(), rows.begin(), rows.end());
  }
  side.begin.push_back(side.rows.size());
  return side;
}

template <class T>
std::vector<Row> nearest_of(const Column& left, const SortedSide& side, const T* lefts, const T* rights,
                            const Nearest& how) {
  // Nanoseconds since 1970 are more than a double tells apart, their differences are not.
  const auto distance = [](T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return a - b;
    else
      return a < b ? -static_cast<double>(static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a))
                   : static_cast<double>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  };
  std::vector<Row> result(left.size(), no_row);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left.is_na(i) || side.group_of_left[i] == no_row || lefts[i] != lefts[i]) continue;
    const auto begin = side.rows.begin() + static_cast<std::ptrdiff_t>(side.begin[side.group_of_left[i]]);
    const auto end = side.rows.begin() + static_cast<std::ptrdiff_t>(side.begin[side.group_of_left[i] + 1]);
    const auto first_not_less =
        std::partition_point(begin, end, [&](Row row) { return rights[row] < lefts[i]; });
    const auto first_greater =
        std::partition_point(first_not_less, end, [&](Row row) { return rights[row] <= lefts[i]; });
    const auto back_end = how.exact ? first_greater : first_not_less;
    const auto ahead = how.exact ? first_not_less : first_greater;
    std::optional<Row> before, behind;
    if (back_end != begin && how.direction != 1) before = *(back_end - 1);
    if (ahead != end && how.direction != 0) behind = *ahead;
    if (before && behind)
      (distance(lefts[i], rights[*before]) <= distance(rights[*behind], lefts[i]) ? behind : before).reset();
    const Row found = before ? *before : behind.value_or(no_row);
    if (found != no_row && how.tolerance && std::fabs(distance(lefts[i], rights[found])) > *how.tolerance)
      continue;
    result[i] = found;
  }
  return result;
}

}  // namespace

Column rolled(const Column& column, std::span<const Row> low, std::size_t first, const Rolling& how) {
  switch (how.kind) {
    case Kind::sum:
      if (column.type() == ColumnType::float64) return rolled_moments(column, low, first, how);
      return rolled_integers(column, low, first, how);
    case Kind::count:
    case Kind::rows:
    case Kind::nunique:
      return rolled_integers(column, low, first, how);
    case Kind::mean:
    case Kind::var:
    case Kind::stddev:
      return rolled_moments(column, low, first, how);
    case Kind::quantile:
      return rolled_quantiles(column, low, first, how);
    case Kind::own:
      return how.own.roll(column, low, first, how.at_least);
    default:
      return rolled_rows(column, low, first, how);
  }
}

Column cumulated(const Column& column, Cumulative what, const Column& before) {
  if (column.type() == ColumnType::float64) return cumulated_as(column, what, reals(column), before);
  return cumulated_as(column, what, integers(column), before);
}

ColumnType type_of_difference(ColumnType type) noexcept {
  return type == ColumnType::float64 ? type : ColumnType::int64;
}

Column differences(const Column& raw, std::size_t first, std::size_t count, std::int64_t distance) {
  if (raw.type() == ColumnType::float64)
    return apart(raw, ColumnType::float64, reals(raw), first, count, distance);
  const Column column = raw.type() == ColumnType::boolean ? cast(raw, ColumnType::int64) : raw;
  return apart(column, ColumnType::int64, integers(column), first, count, distance);
}

std::vector<Row> nearest_rows(const Column& left, std::span<const Column> left_by, const Column& right,
                              std::span<const Column> right_by, const Nearest& how) {
  const SortedSide side = sorted_side(left.size(), left_by, right, right_by);
  if (left.type() == ColumnType::float64) return nearest_of(left, side, reals(left), reals(right), how);
  return nearest_of(left, side, integers(left), integers(right), how);
}

}  // namespace weir::detail::frame
