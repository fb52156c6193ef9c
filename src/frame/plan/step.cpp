// Steps are done by kernels.
#include "frame/plan/step.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace weir::detail::frame {

namespace {

Table project(const Table& table, const std::vector<NamedCode>& columns) {
  std::vector<std::string> names;
  std::vector<Column> values;
  for (const NamedCode& column : columns) {
    names.push_back(column.name);
    values.push_back(evaluate(*column.code.term, table));
  }
  return Table(std::move(names), std::move(values));
}

// Each column goes as soon as its rows have been taken.
Table taken_from(Table table, std::span<const Row> rows) {
  std::vector<std::string> names = table.names();
  std::vector<Column> columns = std::move(table).columns();
  for (Column& column : columns) column = take(column, rows);
  return Table(std::move(names), std::move(columns));
}

Table filtered(Table table, const Term& condition) {
  const std::vector<Row> rows = true_rows(evaluate(condition, table));
  return rows.size() == table.rows() ? table : taken_from(std::move(table), rows);
}

Table top(const Table& table, const Step& step) { return sorted(table, step.order).slice(0, step.count); }

}  // namespace

std::vector<Column> columns_of(const Table& table, const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back(table.column(name));
  return columns;
}

Table only(const Table& table, const std::vector<std::string>& names) {
  if (names == table.names()) return table;
  return Table(names, columns_of(table, names));
}

SortColumns::SortColumns(const Table& table, const SortKeys& keys)
    : descending_(std::make_unique<bool[]>(keys.size())) {
  for (std::size_t k = 0; k < keys.size(); ++k) {
    columns_.push_back(table.column(keys[k].name));
    descending_[k] = keys[k].is_descending;
  }
}

Table sorted(const Table& table, const SortKeys& keys) {
  const SortColumns by(table, keys);
  return take(table, sort_rows(by.columns(), by.descending(), table.rows()));
}

SortKeys ascending_by(const std::vector<std::string>& names) {
  SortKeys keys;
  for (const std::string& name : names) keys.push_back({name});
  return keys;
}

Table distinct(const Table& table, const std::vector<std::string>& keys) {
  return take(table, group_rows(columns_of(table, keys), table.rows()).first_row);
}

Table top_of_groups(const Table& all, const std::vector<std::string>& keys, const SortKey& by,
                    bool keeps_missing, std::uint64_t count, bool sorts) {
  const std::vector<Column> of = columns_of(all, keys);
  const Groups groups = group_rows(of, all.rows());
  const GroupedRows first = first_of_groups(groups, all.column(by.name), by.is_descending, count);
  std::vector<Row> order(groups.count());
  std::iota(order.begin(), order.end(), Row{0});
  if (sorts) {
    const SortColumns in_order(take(only(all, keys), groups.first_row), ascending_by(keys));
    order = sort_rows(in_order.columns(), in_order.descending(), groups.count());
  }
  std::vector<Row> rows;
  rows.reserve(first.rows.size());
  for (const Row group : order) {
    const bool is_missing = std::any_of(
        of.begin(), of.end(), [&](const Column& key) { return key.is_na(groups.first_row[group]); });
    if (is_missing && !keeps_missing) continue;
    rows.insert(rows.end(), first.rows.begin() + first.begin[group],
                first.rows.begin() + first.begin[group + 1]);
  }
  return take(all, rows);
}

Pieces split_by_hash(const Table& table, const std::vector<std::string>& keys, std::uint32_t parts) {
  std::vector<std::uint32_t> of(table.rows());
  const std::vector<std::uint64_t> hashes = hash_rows(columns_of(table, keys), table.rows());
  for (std::size_t i = 0; i < of.size(); ++i) of[i] = part_of(hashes[i], parts);
  return pieces_of(table, of, parts);
}

Pieces pieces_of(const Table& table, std::span<const std::uint32_t> of, std::size_t parts) {
  std::vector<std::uint64_t> begin(parts + 1);
  for (const std::uint32_t part : of) ++begin[part + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::uint64_t> next(begin.begin(), begin.end() - 1);
  std::vector<Row> rows(of.size());
  for (std::size_t i = 0; i < of.size(); ++i) rows[next[of[i]]++] = static_cast<Row>(i);
  return Pieces(take(table, rows), std::move(begin));
}

Table apply_steps(Table table, const Steps& steps) {
  for (const Step& step : steps) {
    switch (step.kind) {
      case Step::Kind::filter:
        table = filtered(std::move(table), *step.columns.front().code.term);
        break;
      case Step::Kind::project:
        table = project(table, step.columns);
        break;
      case Step::Kind::partial:
        table = sum_up({&table, 1}, step.keys, step.aggregates, step.keeps_missing);
        break;
      case Step::Kind::distinct:
        table = distinct(table, step.keys);
        break;
      case Step::Kind::top:
        table = top(table, step);
        break;
      case Step::Kind::top_of_groups:
        table =
            top_of_groups(table, step.keys, step.order.front(), step.keeps_missing, step.count, step.sorts);
        break;
      case Step::Kind::limit:
        table = table.slice(0, step.count);
        break;
    }
  }
  return table;
}

Table summed_up(std::vector<Table> tables, Steps steps) {
  const Step last = std::move(steps.back());
  steps.pop_back();
  for (Table& table : tables) table = apply_steps(std::move(table), steps);
  return sum_up(tables, last.keys, last.aggregates, last.keeps_missing);
}

bool share_groups(std::span<const Table> tables, Steps steps) {
  constexpr std::size_t looked_at = 16384;
  constexpr double least_rows_of_a_group = 2;
  const std::vector<std::string> keys = std::move(steps.back().keys);
  steps.pop_back();
  const Table some = tables.front().slice(0, looked_at);
  const Table rows = apply_steps(some, steps);
  double all = 0;
  for (const Table& table : tables) all += static_cast<double>(table.rows());
  if (some.rows() == 0 || all >= no_row) return false;
  // Of n rows of g groups that are equally frequent n^2 / 2g have the keys of an earlier one.
  const auto n = static_cast<double>(rows.rows());
  const double repeated = n - group_rows(columns_of(rows, keys), rows.rows()).count();
  return n * n / 2 * least_rows_of_a_group <= repeated * all * n / static_cast<double>(some.rows());
}

}  // namespace weir::detail::frame
