// Rows in order, the first of them, and the different ones.
#include <algorithm>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"
#include "weir/detail/frame/rows.hpp"

namespace weir::detail::frame {

namespace {

constexpr std::size_t samples_of_a_part = 200;

Table top_task(const std::vector<Table>& parts, const Step& step) {
  return apply_steps(concat(parts), {step});
}
std::vector<std::string> key_names(const SortKeys& keys) {
  std::vector<std::string> names;
  for (const SortKey& key : keys) names.push_back(key.name);
  return names;
}
// One column of all parts at a time is in memory twice.
Table sort_task(const std::vector<Table>& parts, const SortKeys& keys) {
  std::vector<Column> of_keys;
  for (const SortKey& key : keys) of_keys.push_back(whole_column(parts, key.name));
  const Table by(key_names(keys), std::move(of_keys));
  const SortColumns order(by, keys);
  return take(parts, sort_rows(order.columns(), order.descending(), by.rows()));
}
Table sample_task(const Table& table, const std::vector<std::string>& keys) {
  std::vector<Row> rows;
  const std::size_t step = std::max<std::size_t>(1, table.rows() / samples_of_a_part);
  for (std::size_t i = step / 2; i < table.rows(); i += step) rows.push_back(static_cast<Row>(i));
  return take(only(table, keys), rows);
}
// Rows before the first border, between the first and the second, and so on; equal ones stay together.
Pieces range_task(const Table& table, const SortKeys& keys, const Table& borders) {
  const SortColumns own(table, keys), limits(borders, keys);
  std::vector<std::uint32_t> of(table.rows());
  for (std::size_t i = 0; i < table.rows(); ++i) {
    std::size_t low = 0, high = borders.rows();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (compare_rows(own.columns(), i, limits.columns(), middle, own.descending()) < 0) high = middle;
      else low = middle + 1;
    }
    of[i] = static_cast<std::uint32_t>(low);
  }
  return pieces_of(table, of, borders.rows() + 1);
}
Table range_piece_task(const Pieces& pieces, std::size_t which) { return pieces.piece(which); }

std::string words(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += " " + name;
  return text;
}
// `a, b descending`; what holds for all is said once, behind them.
std::string words(const SortKeys& keys) {
  if (keys.empty()) return "";
  const auto is_same = [&](const SortKey& key) { return key.is_descending == keys.front().is_descending; };
  if (std::all_of(keys.begin(), keys.end(), is_same))
    return words(key_names(keys)) + (keys.front().is_descending ? ", descending" : "");
  std::string text;
  for (const SortKey& key : keys)
    text += (text.empty() ? " " : ", ") + key.name + (key.is_descending ? " descending" : " ascending");
  return text;
}

void check_columns(const std::string& who, const std::vector<std::string>& names, const Schema& schema) {
  if (names.empty()) throw Error(ErrorKind::invalid_argument, who + ": there must be a column (got none)");
  for (const std::string& name : names) static_cast<void>(find_column(who, name, schema));
}

// A key that is there already decides nothing.
SortKeys told_once(SortKeys keys) {
  Names seen;
  std::erase_if(keys, [&](const SortKey& key) { return !seen.insert(key.name).second; });
  return keys;
}

Names with_keys(const Names& needed, const std::vector<std::string>& keys) {
  Names below(keys.begin(), keys.end());
  below.insert(needed.begin(), needed.end());
  return below;
}

class SortNode : public Node {
 public:
  SortNode(const NodePtr& input, SortKeys keys)
      : Node(input->schema, {input}), keys_(std::move(keys)), names_(key_names(keys_)) {}

  std::vector<Names> reads(const Names& needed) const override { return {with_keys(needed, names_)}; }
  Parts run(Run& run, const Names& needed) const override {
    // Files with more than there is memory for are read twice: their keys first, which say where to split.
    Parts input = run.parts_of(inputs[0], with_keys(needed, names_));
    std::vector<Future<Table>> samples;
    if (input.source && run.is_much(bytes_of(input.blocks)))
      samples = samples_of(run, run.finished(run.parts_of(inputs[0], Names(names_.begin(), names_.end()))));
    const Table keys = samples.empty() ? Table() : concat(run.client.gather(samples));
    std::vector<Future<Table>> parts = run.finished(std::move(input));
    const auto [count, every] = run.split_for(parts);
    parts = run.packed(std::move(parts), every);
    Parts sorted_parts;
    if (count == 1) {
      sorted_parts.tables.push_back(run.client.submit(sort_task, parts, keys_));
      return sorted_parts;
    }
    const Future<Table> borders = run.client.scatter(
        borders_of(samples.empty() ? concat(run.client.gather(samples_of(run, parts))) : keys, count));
    std::vector<std::vector<Future<Table>>> ranges(count);
    for (const Future<Table>& part : parts) {
      const auto pieces =
          run.client.submit(Options{.priority = split_priority}, range_task, part, keys_, borders);
      for (std::size_t range = 0; range < count; ++range)
        ranges[range].push_back(
            run.client.submit(Options{.priority = piece_priority}, range_piece_task, pieces, range));
    }
    for (const auto& range : ranges)
      sorted_parts.tables.push_back(
          run.client.submit(Options{.priority = merge_priority}, sort_task, range, keys_));
    return sorted_parts;
  }
  Table here(std::vector<Table> tables) const override { return sorted(tables[0], keys_); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override { return make_sort(from[0], keys_); }
  std::string show() const override { return "sort_by" + words(keys_); }
  NodePtr filtered_before(const TermPtr& condition) const override {
    return make_sort(make_filter(inputs[0], condition), keys_);
  }
  [[nodiscard]] NodePtr first(std::uint64_t count) const { return make_top("head", inputs[0], keys_, count); }

 private:
  std::vector<Future<Table>> samples_of(Run& run, const std::vector<Future<Table>>& parts) const {
    std::vector<Future<Table>> samples;
    for (const Future<Table>& part : parts)
      samples.push_back(run.client.submit(Options{.priority = split_priority}, sample_task, part, names_));
    return samples;
  }
  static std::uint64_t bytes_of(const std::vector<CsvBlock>& blocks) {
    std::uint64_t bytes = 0;
    for (const CsvBlock& block : blocks)
      bytes += block.compression == Compression::none ? block.end - block.begin : 0;
    return bytes;
  }
  // Keys that cut the rows into about equal parts, from samples of all of them.
  Table borders_of(const Table& samples, std::uint32_t count) const {
    const Table all = sorted(samples, keys_);
    std::vector<Row> rows;
    for (std::uint32_t b = 1; b < count; ++b) rows.push_back(static_cast<Row>(all.rows() * b / count));
    return take(all, rows);
  }
  SortKeys keys_;
  std::vector<std::string> names_;
};

// Each partition leaves what may be among the first, and all together what is.
class FirstNode : public Node {
 public:
  FirstNode(std::string who, const NodePtr& input, Step step)
      : Node(input->schema, {input}), who_(std::move(who)), step_(std::move(step)) {}

  std::vector<Names> reads(const Names& needed) const override {
    return {with_keys(needed, key_names(step_.order))};
  }
  Parts run(Run& run, const Names& needed) const override {
    Parts parts = run.parts_of(inputs[0], reads(needed)[0]);
    parts.steps.push_back(step_);
    return {.tables = {run.client.submit(top_task, run.finished(std::move(parts)), step_)}};
  }
  Table here(std::vector<Table> tables) const override { return apply_steps(std::move(tables[0]), {step_}); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    if (step_.kind == Step::Kind::limit) return make_limit(from[0], step_.count);
    return make_top(who_, from[0], step_.order, step_.count);
  }
  std::string show() const override { return who_ + " " + std::to_string(step_.count) + words(step_.order); }
  std::size_t partitions() const override { return 1; }

 private:
  std::string who_;
  Step step_;
};

// Of rows with equal keys the first ones: in order of a column, or as they come. Each partition leaves its
// own.
class DistinctNode : public Node {
 public:
  DistinctNode(const NodePtr& input, std::string who, Step step)
      : Node(input->schema, {input}), who_(std::move(who)), step_(std::move(step)) {}

  std::vector<Names> reads(const Names& needed) const override {
    return {with_keys(with_keys(needed, step_.keys), key_names(step_.order))};
  }
  Parts run(Run& run, const Names& needed) const override {
    Parts parts = run.parts_of(inputs[0], reads(needed)[0]);
    Step unsorted = step_;
    unsorted.sorts = false;
    parts.steps.push_back(unsorted);
    std::vector<Future<Table>> tables = run.finished(std::move(parts));
    const auto [count, every] = run.split_for(tables);
    tables = run.packed(std::move(tables), every);
    if (count == 1) return {.tables = {run.client.submit(top_task, tables, step_)}};
    Parts results;
    for (const auto& bucket : run.by_hash(tables, step_.keys, count))
      results.tables.push_back(run.client.submit(top_task, bucket, unsorted));
    return results;
  }
  Table here(std::vector<Table> tables) const override { return apply_steps(std::move(tables[0]), {step_}); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    if (step_.kind == Step::Kind::distinct) return make_distinct(from[0], step_.keys);
    return make_top_of_groups(who_, from[0], step_.keys, step_.order.front(), step_.keeps_missing,
                              step_.count);
  }
  std::string show() const override {
    return who_ + words(step_.keys) +
           (step_.order.empty() ? ""
                                : ", " + std::to_string(step_.count) + " by " + step_.order.front().name);
  }
  std::size_t partitions() const override { return 1; }

 private:
  std::string who_;
  Step step_;
};

// Rows with equal keys in the same partition, in any order.
class ShuffleNode : public Node {
 public:
  ShuffleNode(const NodePtr& input, std::vector<std::string> keys, std::uint32_t count)
      : Node(input->schema, {input}), keys_(std::move(keys)), count_(count) {}
  std::vector<Names> reads(const Names& needed) const override { return {with_keys(needed, keys_)}; }
  Parts run(Run& run, const Names& needed) const override {
    std::vector<Future<Table>> tables = run.finished(run.parts_of(inputs[0], reads(needed)[0]));
    const auto [count, every] = count_ ? Run::Split{.count = count_} : run.split_for(tables);
    tables = run.packed(std::move(tables), every);
    Parts results;
    for (const auto& bucket : run.by_hash(tables, keys_, count)) results.tables.push_back(run.joined(bucket));
    return results;
  }
  Table here(std::vector<Table> tables) const override { return std::move(tables[0]); }
  NodePtr with_inputs(std::vector<NodePtr> from) const override {
    return make_shuffle(from[0], keys_, count_);
  }
  std::string show() const override { return "shuffle" + words(keys_); }
  std::size_t partitions() const override { return std::max<std::uint32_t>(count_, 1); }
  NodePtr filtered_before(const TermPtr& condition) const override {
    return make_shuffle(make_filter(inputs[0], condition), keys_, count_);
  }

 private:
  std::vector<std::string> keys_;
  std::uint32_t count_;
};

}  // namespace

NodePtr make_shuffle(const NodePtr& input, std::vector<std::string> keys, std::uint32_t count) {
  check_columns("shuffle", keys, input->schema);
  return std::make_shared<ShuffleNode>(input, std::move(keys), count);
}

NodePtr make_sort(const NodePtr& input, SortKeys keys) {
  check_columns("sort_by", key_names(keys), input->schema);
  keys = told_once(std::move(keys));
  return std::make_shared<SortNode>(input, std::move(keys));
}

NodePtr make_top(const std::string& who, const NodePtr& input, SortKeys keys, std::uint64_t count) {
  check_columns(who, key_names(keys), input->schema);
  Step step{.kind = Step::Kind::top, .order = std::move(keys), .count = count};
  return std::make_shared<FirstNode>(who, input, std::move(step));
}

NodePtr make_limit(const NodePtr& input, std::uint64_t count) {
  // The first of sorted rows need not be sorted among all.
  if (const auto* sort = dynamic_cast<const SortNode*>(input.get())) return sort->first(count);
  return std::make_shared<FirstNode>("limit", input, Step{.kind = Step::Kind::limit, .count = count});
}

NodePtr make_distinct(const NodePtr& input, std::vector<std::string> keys) {
  if (keys.empty())
    for (const Field& field : input->schema) keys.push_back(field.name);
  check_columns("drop_duplicates", keys, input->schema);
  return std::make_shared<DistinctNode>(input, "drop_duplicates",
                                        Step{.kind = Step::Kind::distinct, .keys = std::move(keys)});
}

NodePtr make_top_of_groups(const std::string& who, const NodePtr& input, std::vector<std::string> keys,
                           SortKey by, bool keeps_missing, std::uint64_t count) {
  static_cast<void>(find_column(who, by.name, input->schema));
  return std::make_shared<DistinctNode>(input, who,
                                        Step{.kind = Step::Kind::top_of_groups,
                                             .keys = std::move(keys),
                                             .order = {std::move(by)},
                                             .keeps_missing = keeps_missing,
                                             .count = count});
}

}  // namespace weir::detail::frame
