// Groups summed up: states of partitions, which are merged, and what they say at the end.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "frame/plan/step.hpp"

namespace weir::detail::frame {

namespace {

using Kind = Aggregate::Kind;

// No key is called so: it would have to begin with a line end.
std::string state_name(std::size_t aggregate, std::string_view state) {
  return "\n" + std::to_string(aggregate) + "." + std::string(state);
}

// A table under construction.
struct Growing {
  std::vector<std::string> names;
  std::vector<Column> columns;
  void add(std::string name, Column column) {
    names.push_back(std::move(name));
    columns.push_back(std::move(column));
  }
  Table finish() { return Table(std::move(names), std::move(columns)); }
};

// --- loops over rows and their groups

// All rows are one group: several sums, since each addition waits for the one before.
template <class T, class From>
T total(const From* from, std::size_t size) {
  constexpr std::size_t lanes = 16;
  T parts[lanes]{};
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) parts[lane] += static_cast<T>(from[i + lane]);
  for (; i < size; ++i) parts[i % lanes] += static_cast<T>(from[i]);
  return std::accumulate(std::begin(parts), std::end(parts), T{});
}

template <class T, class From>
void add_up(const Column& column, const From* from, const std::uint32_t* group, bool is_one_group, T* to) {
  if (column.na_count() == 0 && is_one_group) to[0] += total<T>(from, column.size());
  else if (column.na_count() == 0)
    for (std::size_t i = 0; i < column.size(); ++i) to[group[i]] += static_cast<T>(from[i]);
  else
    for (std::size_t i = 0; i < column.size(); ++i)
      if (!column.is_na(i)) to[group[i]] += static_cast<T>(from[i]);
}

template <class T, class Values>
Column added_up(ColumnType type, const LongColumn& column, const Groups& groups, Values values) {
  Fresh<T> sums(groups.count());
  std::fill_n(sums.data(), groups.count(), T{});
  column.each([&](const Column& part, std::size_t first) {
    add_up(part, values(part), groups.of_row.data() + first, groups.count() == 1, sums.data());
  });
  return fixed_column(type, groups.count(), std::move(sums));
}

Column sums(const LongColumn& column, const Groups& groups) {
  switch (column.type()) {
    case ColumnType::boolean:
      return added_up<std::uint64_t>(ColumnType::int64, column, groups, flags);
    case ColumnType::float64:
      return added_up<double>(ColumnType::float64, column, groups, reals);
    default:
      return added_up<std::uint64_t>(ColumnType::int64, column, groups, integers);
  }
}
Column sums(const Column& column, const Groups& groups) { return sums(LongColumn(column), groups); }

// Whether so many integers of these sizes may have a sum that is none.
bool may_exceed(const LongColumn& column) {
  std::uint64_t bits = 0;
  for (const Column& part : column.parts()) {
    const std::int64_t* const values = integers(part);
    for (std::size_t i = 0; i < part.size(); ++i)
      bits |= static_cast<std::uint64_t>(values[i] ^ values[i] >> 63);
  }
  return std::bit_width(bits) + std::bit_width(column.size()) > 63;
}

// The upper halves of sums, if a sum is no 64-bit integer, are a state of their own: it may become one again
// when parts are put together.
void add_halves(Growing& states, std::size_t at, std::span<const Integer> totals) {
  Fresh<std::int64_t> low(totals.size()), high(totals.size());
  bool all_fit = true;
  for (std::size_t g = 0; g < totals.size(); ++g) {
    low[g] = static_cast<std::int64_t>(totals[g]);
    high[g] = static_cast<std::int64_t>(totals[g] >> 64);
    all_fit = all_fit && fits_int64(totals[g]);
  }
  states.add(state_name(at, "sum"), fixed_column(ColumnType::int64, totals.size(), std::move(low)));
  if (!all_fit)
    states.add(state_name(at, "high"), fixed_column(ColumnType::int64, totals.size(), std::move(high)));
}
// What the upper half is called, and what it is where the sum is all.
std::string half_of(const std::string& sum) { return sum.substr(0, sum.size() - 3) + "high"; }
Column signs_of(const Column& sum) {
  Fresh<std::int64_t> signs(sum.size());
  for (std::size_t g = 0; g < sum.size(); ++g) signs[g] = integers(sum)[g] >> 63;
  return fixed_column(ColumnType::int64, sum.size(), std::move(signs));
}
Integer whole(const Column& low, const Column& high, std::size_t i) {
  return static_cast<Integer>(integers(high)[i]) << 64 | static_cast<std::uint64_t>(integers(low)[i]);
}

// Sums of a column, whose upper halves may be in another one.
void add_sums(Growing& states, std::size_t at, const LongColumn& all, const Column* high,
              const Groups& groups) {
  if (!high && (!is_int64(all.type()) || !may_exceed(all)))
    return states.add(state_name(at, "sum"), sums(all, groups));
  const Column column = all.whole();
  std::vector<Integer> totals(groups.count(), 0);
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!column.is_na(i))
      totals[groups.of_row[i]] += high ? whole(column, *high, i) : Integer{integers(column)[i]};
  add_halves(states, at, totals);
}

// A product beyond 64 bits stays so, whatever else it is multiplied with, but for 0.
Integer times(Integer a, Integer b) {
  constexpr Integer beyond = Integer{1} << 64;
  if (a == 0 || b == 0) return 0;
  if (!fits_int64(a) || !fits_int64(b)) return beyond;
  return fits_int64(a * b) ? a * b : beyond;
}

// Products of a column, which travel as sums do.
void add_products(Growing& states, std::size_t at, const LongColumn& all, const Column* high,
                  const Groups& groups) {
  const Column column = all.whole();
  const auto each = [&](auto&& use) {
    for (std::size_t i = 0; i < column.size(); ++i)
      if (!column.is_na(i)) use(groups.of_row[i], i);
  };
  if (column.type() == ColumnType::float64) {
    Fresh<double> products(groups.count());
    std::fill_n(products.data(), groups.count(), 1.0);
    each([&](std::uint32_t group, std::size_t i) { products[group] *= reals(column)[i]; });
    return states.add(state_name(at, "sum"),
                      fixed_column(ColumnType::float64, groups.count(), std::move(products)));
  }
  const Column whole_numbers =
      column.type() == ColumnType::boolean ? cast(column, ColumnType::int64) : column;
  std::vector<Integer> products(groups.count(), 1);
  each([&](std::uint32_t group, std::size_t i) {
    products[group] =
        times(products[group], high ? whole(whole_numbers, *high, i) : Integer{integers(whole_numbers)[i]});
  });
  add_halves(states, at, products);
}

Column sums_of(const Table& states, std::size_t at, const BoundAggregate& aggregate) {
  const Column& low = states.column(state_name(at, "sum"));
  if (const auto place = states.find(state_name(at, "high")))
    for (std::size_t g = 0; g < low.size(); ++g)
      if (const Integer total = whole(low, states.columns()[*place], g); !fits_int64(total))
        throw BeyondInteger(aggregate.name,
                            aggregate.kind == Kind::product ? "one beyond" : digits_of(total));
  return low;
}
template <class F>
Column counted(const Groups& groups, F is_counted) {
  Fresh<std::int64_t> counts(groups.count());
  std::int64_t* to = counts.data();
  std::fill_n(to, groups.count(), 0);
  if (groups.count() == 1) {
    std::int64_t all = 0;
    for (std::size_t i = 0; i < groups.of_row.size(); ++i) all += is_counted(i);
    to[0] = all;
  } else {
    for (std::size_t i = 0; i < groups.of_row.size(); ++i) to[groups.of_row[i]] += is_counted(i);
  }
  return fixed_column(ColumnType::int64, groups.count(), std::move(counts));
}

// How many values each group has; of columns in which none is missing that is counted once.
class Counts {
 public:
  explicit Counts(const Groups& groups) : groups_(groups) {}
  const Groups& groups() const { return groups_; }
  Column of(const LongColumn* column) {
    if (column && column->na_count())
      return counted(groups_, [whole = column->whole()](std::size_t i) { return !whole.is_na(i); });
    if (!rows_) rows_ = counted(groups_, [](std::size_t) { return true; });
    return *rows_;
  }

 private:
  const Groups& groups_;
  std::optional<Column> rows_;
};

// The row of each group that `is_better(row, kept)` prefers to all others.
template <class F>
Column best(const Column& column, const Groups& groups, F is_better) {
  std::vector<Row> rows(groups.count(), no_row);
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.is_na(i)) continue;
    Row& kept = rows[groups.of_row[i]];
    if (kept == no_row || is_better(i, kept)) kept = static_cast<Row>(i);
  }
  return take(column, rows);
}

// The same of numbers none of which is missing, without a look at the row that is kept.
template <class T, class Values, class F>
Column best_of(const LongColumn& column, const Groups& groups, Values values_of, F is_better) {
  Fresh<T> kept(groups.count());
  T* const to = kept.data();
  std::uint32_t begun = 0;  // groups, each of which begins with a row of its own
  column.each([&](const Column& part, std::size_t first) {
    const T* const values = values_of(part);
    for (; begun < groups.count() && groups.first_row[begun] < first + part.size(); ++begun)
      to[begun] = values[groups.first_row[begun] - first];
    const std::uint32_t* const group = groups.of_row.data() + first;
    for (std::size_t i = 0; i < part.size(); ++i) {
      T& best = to[group[i]];
      best = is_better(values[i], best) ? values[i] : best;
    }
  });
  return fixed_column(column.type(), groups.count(), std::move(kept));
}

template <class Compare>
Column extreme(const LongColumn& all, const Groups& groups, Compare before) {
  // NaN is neither least nor greatest while there is a number.
  const auto before_real = [before](double a, double b) {
    return before(a, b) || (std::isnan(b) && !std::isnan(a));
  };
  if (all.na_count() == 0 && groups.first_row.size() <= all.size()) {
    if (is_int64(all.type())) return best_of<std::int64_t>(all, groups, integers, before);
    if (all.type() == ColumnType::float64) {
      // A number that is kept stays one: NaN is not before it.
      const Column firsts = all.take_ascending(groups.first_row);
      const bool begins_with_numbers = std::none_of(reals(firsts), reals(firsts) + firsts.size(),
                                                    [](double value) { return std::isnan(value); });
      return begins_with_numbers ? best_of<double>(all, groups, reals, before)
                                 : best_of<double>(all, groups, reals, before_real);
    }
  }
  const Column column = all.whole();
  switch (column.type()) {
    case ColumnType::boolean:
      return best(column, groups,
                  [&, v = flags(column)](std::size_t i, Row k) { return before(v[i], v[k]); });
    case ColumnType::float64:
      return best(column, groups,
                  [&, v = reals(column)](std::size_t i, Row k) { return before_real(v[i], v[k]); });
    case ColumnType::text:
      return best(column, groups,
                  [&](std::size_t i, Row k) { return before(column.text(i), column.text(k)); });
    default:
      return best(column, groups,
                  [&, v = integers(column)](std::size_t i, Row k) { return before(v[i], v[k]); });
  }
}

Column pick(Kind kind, const LongColumn& column, const Groups& groups) {
  if (kind == Kind::min) return extreme(column, groups, std::less<>{});
  if (kind == Kind::max) return extreme(column, groups, std::greater<>{});
  return best(column.whole(), groups, [is_last = kind == Kind::last](std::size_t, Row) { return is_last; });
}

// Integers as their distances from the first of their group, which is a state of its own: these are exact
// where integers are larger than a double can tell apart.
Column distances(Growing& states, std::size_t at, const Column& column, const Groups& groups) {
  const std::int64_t* const values = integers(column);
  Fresh<std::int64_t> origins(groups.count());
  std::fill_n(origins.data(), groups.count(), 0);
  for (std::size_t i = column.size(); i-- > 0;)
    if (!column.is_na(i)) origins[groups.of_row[i]] = values[i];
  Fresh<double> distances(column.size());
  Bits bits(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    distances[i] = static_cast<double>(Integer{values[i]} - origins[groups.of_row[i]]);
    if (column.is_na(i)) bits.clear(i);
  }
  states.add(state_name(at, "origin"), fixed_column(ColumnType::int64, groups.count(), std::move(origins)));
  return fixed_column(ColumnType::float64, column.size(), std::move(distances), std::move(bits).block());
}

// Counts, means and sums of squared distances from them, in two passes.
void add_moments(Growing& states, std::size_t at, const LongColumn& all, Counts& counts) {
  const Groups& groups = counts.groups();
  const Column raw = all.whole();
  const Column column =
      raw.type() == ColumnType::int64 ? distances(states, at, raw, groups) : cast(raw, ColumnType::float64);
  const LongColumn counted_column(column);
  const Column count = counts.of(&counted_column), sum = sums(column, groups);
  Fresh<double> means(groups.count()), squares(groups.count());
  for (std::uint32_t g = 0; g < groups.count(); ++g) {
    const auto n = static_cast<double>(integers(count)[g]);
    means[g] = n > 0 ? reals(sum)[g] / n : 0;
    squares[g] = 0;
  }
  for (std::size_t i = 0; i < column.size(); ++i) {
    if (column.is_na(i)) continue;
    const double distance = reals(column)[i] - means[groups.of_row[i]];
    squares[groups.of_row[i]] += distance * distance;
  }
  states.add(state_name(at, "count"), count);
  states.add(state_name(at, "mean"), fixed_column(ColumnType::float64, groups.count(), std::move(means)));
  states.add(state_name(at, "squares"),
             fixed_column(ColumnType::float64, groups.count(), std::move(squares)));
}

// After Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances".
void merge_moments(Growing& states, std::size_t at, const Table& parts, const Groups& groups) {
  const auto* count = integers(parts.column(state_name(at, "count")));
  const auto* mean = reals(parts.column(state_name(at, "mean")));
  const auto* square = reals(parts.column(state_name(at, "squares")));
  const auto place = parts.find(state_name(at, "origin"));
  const auto* const origin = place ? integers(parts.columns()[*place]) : nullptr;
  Fresh<std::int64_t> counts(groups.count()), origins(groups.count());
  Fresh<double> means(groups.count()), squares(groups.count());
  for (std::uint32_t g = 0; g < groups.count(); ++g)
    counts[g] = 0, origins[g] = 0, means[g] = 0, squares[g] = 0;
  for (std::size_t i = 0; i < parts.rows(); ++i) {
    if (count[i] == 0) continue;
    const std::uint32_t g = groups.of_row[i];
    const auto have = static_cast<double>(counts[g]), more = static_cast<double>(count[i]);
    if (origin && counts[g] == 0) origins[g] = origin[i];
    const double apart =
        mean[i] - means[g] + (origin ? static_cast<double>(Integer{origin[i]} - origins[g]) : 0);
    means[g] += apart * more / (have + more);
    squares[g] += square[i] + apart * apart * have * more / (have + more);
    counts[g] += count[i];
  }
  if (origin)
    states.add(state_name(at, "origin"), fixed_column(ColumnType::int64, groups.count(), std::move(origins)));
  states.add(state_name(at, "count"), fixed_column(ColumnType::int64, groups.count(), std::move(counts)));
  states.add(state_name(at, "mean"), fixed_column(ColumnType::float64, groups.count(), std::move(means)));
  states.add(state_name(at, "squares"),
             fixed_column(ColumnType::float64, groups.count(), std::move(squares)));
}

// The exact sum of integers is rounded once, so that a mean does not depend on partitions.
Column means_of(const Table& states, std::size_t at) {
  const Column& sum = states.column(state_name(at, "sum"));
  const std::int64_t* const counts = integers(states.column(state_name(at, "count")));
  const auto place = states.find(state_name(at, "high"));
  const auto divided = [&](std::size_t g, std::int64_t n) {
    if (sum.type() == ColumnType::float64) return reals(sum)[g] / static_cast<double>(n);
    const Integer total = place ? whole(sum, states.columns()[*place], g) : Integer{integers(sum)[g]};
    return static_cast<double>(static_cast<long double>(total) / static_cast<long double>(n));
  };
  Fresh<double> means(sum.size());
  Bits bits(sum.size());
  for (std::size_t g = 0; g < sum.size(); ++g) {
    means[g] = counts[g] ? divided(g, counts[g]) : 0;
    if (counts[g] == 0) bits.clear(g);
  }
  return fixed_column(ColumnType::float64, sum.size(), std::move(means), std::move(bits).block());
}

Column spread_of(const Table& states, std::size_t at, const BoundAggregate& aggregate) {
  const Column& count = states.column(state_name(at, "count"));
  const double* squares = reals(states.column(state_name(at, "squares")));
  Fresh<double> results(states.rows());
  Bits bits(states.rows());
  for (std::size_t g = 0; g < states.rows(); ++g) {
    const double n = static_cast<double>(integers(count)[g]) - aggregate.parameter;
    const double variance = n > 0 ? squares[g] / n : 0;
    results[g] = aggregate.kind == Kind::stddev ? std::sqrt(variance) : variance;
    if (n <= 0) bits.clear(g);
  }
  return fixed_column(ColumnType::float64, states.rows(), std::move(results), std::move(bits).block());
}

// --- what needs all values of a group

// The rows of each group, one group behind the other.
struct Runs {
  std::vector<Row> rows;
  std::vector<std::size_t> begin;
};
Runs runs_of(const Groups& groups) {
  Runs runs;
  runs.begin.assign(groups.count() + 1, 0);
  for (const std::uint32_t group : groups.of_row) ++runs.begin[group + 1];
  std::partial_sum(runs.begin.begin(), runs.begin.end(), runs.begin.begin());
  runs.rows.resize(groups.of_row.size());
  std::vector<std::size_t> at(runs.begin.begin(), runs.begin.end() - 1);
  for (std::size_t i = 0; i < groups.of_row.size(); ++i)
    runs.rows[at[groups.of_row[i]]++] = static_cast<Row>(i);
  return runs;
}

double quantile_of(std::vector<double>& values, double q) {
  const double place = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double below = values[static_cast<std::size_t>(low)];
  const double rest = place - static_cast<double>(low);
  if (rest == 0) return below;
  const double above = *std::min_element(values.begin() + low + 1, values.end());
  return below + (above - below) * rest;
}

Column quantiles(const Column& raw, const Groups& groups, double q) {
  const Column column = cast(raw, ColumnType::float64);
  const bool is_one = groups.count() == 1;
  const Runs runs = is_one ? Runs{{}, {0, column.size()}} : runs_of(groups);
  Fresh<double> results(groups.count());
  Bits bits(groups.count());
  std::vector<double> values;
  for (std::uint32_t g = 0; g < groups.count(); ++g) {
    values.clear();
    bool has_nan = false;
    values.reserve(runs.begin[g + 1] - runs.begin[g]);
    for (std::size_t i = runs.begin[g]; i < runs.begin[g + 1]; ++i) {
      const std::size_t row = is_one ? i : runs.rows[i];
      if (column.is_na(row)) continue;
      values.push_back(reals(column)[row]);
      has_nan = has_nan || std::isnan(values.back());
    }
    results[g] = values.empty() ? 0
                 : has_nan      ? std::numeric_limits<double>::quiet_NaN()
                                : quantile_of(values, q);
    if (values.empty()) bits.clear(g);
  }
  return fixed_column(ColumnType::float64, groups.count(), std::move(results), std::move(bits).block());
}

Column different(const Column& column, const Groups& groups) {
  Fresh<std::int64_t> group_of(groups.of_row.size());
  for (std::size_t i = 0; i < groups.of_row.size(); ++i) group_of[i] = groups.of_row[i];
  const Column pairs[] = {fixed_column(ColumnType::int64, groups.of_row.size(), std::move(group_of)), column};
  Fresh<std::int64_t> counts(groups.count());
  std::fill_n(counts.data(), groups.count(), 0);
  for (const Row row : group_rows(pairs, column.size()).first_row)
    counts[groups.of_row[row]] += !column.is_na(row);
  return fixed_column(ColumnType::int64, groups.count(), std::move(counts));
}

// `column` has the values; null if only rows are counted.
void add_state(Growing& states, std::size_t at, const BoundAggregate& aggregate, const LongColumn* column,
               Counts& counts) {
  const Groups& groups = counts.groups();
  switch (aggregate.kind) {
    case Kind::rows:
    case Kind::count:
      return states.add(state_name(at, "count"), counts.of(column));
    case Kind::sum:
      return add_sums(states, at, *column, nullptr, groups);
    case Kind::product:
      return add_products(states, at, *column, nullptr, groups);
    case Kind::mean:
      add_sums(states, at, *column, nullptr, groups);
      return states.add(state_name(at, "count"), counts.of(column));
    case Kind::var:
    case Kind::stddev:
      return add_moments(states, at, *column, counts);
    case Kind::own:
      return states.add(state_name(at, "own"), aggregate.own.add(cast(column->whole(), aggregate.own.takes),
                                                                 groups.of_row, groups.count()));
    default:
      return states.add(state_name(at, "value"), pick(aggregate.kind, *column, groups));
  }
}

void merge_state(Growing& states, std::size_t at, const BoundAggregate& aggregate, const Table& parts,
                 const Groups& groups) {
  const auto add = [&](std::string_view state) {
    const std::string name = state_name(at, state);
    states.add(name, sums(parts.column(name), groups));
  };
  switch (aggregate.kind) {
    case Kind::rows:
    case Kind::count:
      return add("count");
    case Kind::sum:
    case Kind::product:
    case Kind::mean: {
      const auto place = parts.find(state_name(at, "high"));
      const auto put = aggregate.kind == Kind::product ? add_products : add_sums;
      put(states, at, LongColumn(parts.column(state_name(at, "sum"))),
          place ? &parts.columns()[*place] : nullptr, groups);
      if (aggregate.kind == Kind::mean) add("count");
      return;
    }
    case Kind::var:
    case Kind::stddev:
      return merge_moments(states, at, parts, groups);
    case Kind::own: {
      const std::string name = state_name(at, "own");
      return states.add(name, aggregate.own.merge(parts.column(name), groups.of_row, groups.count()));
    }
    default: {
      const std::string name = state_name(at, "value");
      return states.add(name, pick(aggregate.kind, LongColumn(parts.column(name)), groups));
    }
  }
}

Column result_of(const Table& states, std::size_t at, const BoundAggregate& aggregate) {
  switch (aggregate.kind) {
    case Kind::rows:
    case Kind::count:
      return states.column(state_name(at, "count"));
    case Kind::sum:
    case Kind::product:
      return sums_of(states, at, aggregate);
    case Kind::mean:
      return means_of(states, at);
    case Kind::var:
    case Kind::stddev:
      return spread_of(states, at, aggregate);
    case Kind::own:
      return aggregate.own.result(states.column(state_name(at, "own")));
    default:
      return states.column(state_name(at, "value"));
  }
}

Groups one_group(std::size_t rows) {
  Groups groups;
  groups.of_row.assign(rows, 0);
  groups.first_row.push_back(0);
  return groups;
}
// All rows are one group when there are no keys, also when there are no rows.
Groups grouped(const Table& table, const std::vector<std::string>& keys) {
  return keys.empty() ? one_group(table.rows()) : group_rows(columns_of(table, keys), table.rows());
}

Table start_with_keys(const Table& table, const std::vector<std::string>& keys, const Groups& groups) {
  return keys.empty() ? Table() : take(only(table, keys), groups.first_row);
}

LongColumn long_column(std::span<const Table> tables, const std::string& name) {
  std::vector<Column> parts;
  for (const Table& table : tables) parts.push_back(table.column(name));
  return LongColumn(std::move(parts));
}

Table without_missing_keys(const Table& table, const std::vector<std::string>& keys, bool keeps_missing) {
  if (keeps_missing || keys.empty()) return table;
  const auto rows = rows_with_keys(columns_of(table, keys), table.rows());
  return rows ? take(table, *rows) : table;
}

}  // namespace

Table concat_states(std::span<const Table> parts) {
  const auto has = [&](const std::string& name) {
    return std::any_of(parts.begin(), parts.end(), [&](const Table& part) { return part.find(name); });
  };
  std::vector<std::string> names;
  bool has_halves = false;
  for (const std::string& name : parts.empty() ? std::vector<std::string>{} : parts.front().names()) {
    if (name.starts_with('\n') && name.ends_with(".high")) continue;
    names.push_back(name);
    if (!name.starts_with('\n') || !name.ends_with(".sum") || !has(half_of(name))) continue;
    names.push_back(half_of(name));
    has_halves = true;
  }
  if (!has_halves) return concat(parts);
  std::vector<Table> complete;
  for (const Table& part : parts) {
    std::vector<Column> columns;
    for (const std::string& name : names) {
      if (const auto place = part.find(name)) columns.push_back(part.columns()[*place]);
      else columns.push_back(signs_of(columns.back()));
    }
    complete.emplace_back(names, std::move(columns));
  }
  return concat(complete);
}

bool has_state(Kind kind) noexcept { return kind != Kind::nunique && kind != Kind::quantile; }

ColumnType type_of_result(Kind kind, ColumnType value) noexcept {
  switch (kind) {
    case Kind::sum:
    case Kind::product:
      return value == ColumnType::float64 ? ColumnType::float64 : ColumnType::int64;
    case Kind::count:
    case Kind::rows:
    case Kind::nunique:
      return ColumnType::int64;
    case Kind::min:
    case Kind::max:
    case Kind::first:
    case Kind::last:
      return value;
    default:
      return ColumnType::float64;
  }
}

Table sum_up(std::span<const Table> all, const std::vector<std::string>& keys,
             const std::vector<BoundAggregate>& aggregates, bool keeps_missing) {
  std::vector<Table> tables;
  std::size_t rows = 0;
  for (const Table& table : all) {
    tables.push_back(without_missing_keys(table, keys, keeps_missing));
    rows += tables.back().rows();
  }
  std::vector<LongColumn> of;
  for (const std::string& key : keys) of.push_back(long_column(tables, key));
  const Groups groups = keys.empty() ? one_group(rows) : group_rows(of, rows);
  Growing states;
  for (std::size_t k = 0; k < keys.size(); ++k) states.add(keys[k], of[k].take_ascending(groups.first_row));
  Counts counts(groups);
  for (std::size_t a = 0; a < aggregates.size(); ++a) {
    const std::string& value = aggregates[a].value;
    if (value.empty()) {
      add_state(states, a, aggregates[a], nullptr, counts);
    } else {
      const LongColumn column = long_column(tables, value);
      add_state(states, a, aggregates[a], &column, counts);
    }
  }
  return states.finish();
}

Table merge_states(const Table& parts, const std::vector<std::string>& keys,
                   const std::vector<BoundAggregate>& aggregates) {
  const Groups groups = grouped(parts, keys);
  const Table start = start_with_keys(parts, keys, groups);
  Growing states{start.names(), start.columns()};
  for (std::size_t a = 0; a < aggregates.size(); ++a) merge_state(states, a, aggregates[a], parts, groups);
  return states.finish();
}

Table results_of(const Table& states, const std::vector<std::string>& keys,
                 const std::vector<BoundAggregate>& aggregates, bool sorts) {
  Growing results{keys, columns_of(states, keys)};
  for (std::size_t a = 0; a < aggregates.size(); ++a)
    results.add(aggregates[a].name, result_of(states, a, aggregates[a]));
  const Table table = results.finish();
  return sorts && !keys.empty() ? sorted(table, ascending_by(keys)) : table;
}

namespace {

// Columns of all parts, one at a time.
class WholeColumns {
 public:
  /// Of these rows alone, if there are any to be left out.
  WholeColumns(std::span<const Table> parts, std::optional<std::vector<Row>> rows)
      : parts_(parts), rows_(std::move(rows)) {}
  const Column& operator[](const std::string& name) {
    if (!last_ || last_->first != name) {
      last_.reset();
      Column column = whole_column(parts_, name);
      last_.emplace(name, rows_ ? take(column, *rows_) : std::move(column));
    }
    return last_->second;
  }

 private:
  std::span<const Table> parts_;
  std::optional<std::vector<Row>> rows_;
  std::optional<std::pair<std::string, Column>> last_;
};

Table whole_keys(std::span<const Table> parts, const std::vector<std::string>& keys) {
  std::vector<Column> columns;
  for (const std::string& key : keys) columns.push_back(whole_column(parts, key));
  return Table(keys, std::move(columns));
}

}  // namespace

Table aggregate_whole(std::span<const Table> parts, const std::vector<std::string>& keys,
                      const std::vector<BoundAggregate>& aggregates, bool keeps_missing) {
  std::size_t rows = 0;
  for (const Table& part : parts) rows += part.rows();
  std::optional<std::vector<Row>> kept;
  Groups groups;
  Table start;
  if (keys.empty()) {
    groups = one_group(rows);
  } else {
    Table of = whole_keys(parts, keys);
    if (!keeps_missing) kept = rows_with_keys(of.columns(), rows);
    if (kept) of = take(of, *kept);
    groups = group_rows(of.columns(), of.rows());
    start = take(of, groups.first_row);
  }
  WholeColumns columns(parts, std::move(kept));
  Growing results{start.names(), start.columns()};
  Counts counts(groups);
  for (std::size_t a = 0; a < aggregates.size(); ++a) {
    const BoundAggregate& aggregate = aggregates[a];
    std::optional<LongColumn> column;
    if (!aggregate.value.empty()) column.emplace(columns[aggregate.value]);
    if (aggregate.kind == Kind::nunique) {
      results.add(aggregate.name, different(column->whole(), groups));
    } else if (aggregate.kind == Kind::quantile) {
      results.add(aggregate.name, quantiles(column->whole(), groups, aggregate.parameter));
    } else {
      Growing state;
      add_state(state, a, aggregate, column ? &*column : nullptr, counts);
      results.add(aggregate.name, result_of(state.finish(), a, aggregate));
    }
  }
  const Table table_of = results.finish();
  return keys.empty() ? table_of : sorted(table_of, ascending_by(keys));
}

}  // namespace weir::detail::frame
