// The verbs of frames make nodes; the last ones compute them.
#include "weir/frame/frame.hpp"
#include "weir/detail/frame/rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "core/decimal.hpp"
#include "frame/plan/node.hpp"

namespace weir {

using detail::frame::NodePtr;
using detail::frame::TermPtr;

namespace {

using NamedTerms = std::vector<std::pair<std::string, TermPtr>>;

Frame framed(NodePtr node) { return Frame(std::move(node)); }

void show_plan(const NodePtr& node, std::size_t depth, std::string& text) {
  text += std::string(2 * depth, ' ') + node->show() + "\n";
  for (const NodePtr& input : node->inputs) show_plan(input, depth + 1, text);
}

Aggregate named(Aggregate::Kind kind, const char* function, const std::string& column, double parameter = 0) {
  return {kind, col(column), std::string(function) + "_" + column, parameter};
}

// A count that was negative where it was written is a very large one here.
void check_count(const char* verb, std::size_t count) {
  const auto written = static_cast<std::int64_t>(count);
  if (written < 0)
    throw Error(ErrorKind::invalid_argument,
                std::string(verb) + ": rows must be at least 0 (got " + std::to_string(written) + ")");
}

}  // namespace

Frame::Frame() : Frame(Table()) {}
const Schema& Frame::schema() const { return node_->schema; }
std::vector<std::string> Frame::columns() const {
  std::vector<std::string> names;
  for (const Field& field : schema()) names.push_back(field.name);
  return names;
}
std::string Frame::show() const {
  const std::size_t partitions = node_->partitions();
  std::string text = "frame of " + std::to_string(partitions) +
                     (partitions == 1 ? " partition" : " partitions") + ", not computed\n";
  for (const Field& field : schema())
    text += "  " + field.name + " " + std::string(to_string(field.type)) + "\n";
  text += "plan\n";
  detail::frame::Rewritten known;
  show_plan(detail::frame::optimized(node_, known), 1, text);
  return text;
}
std::ostream& operator<<(std::ostream& out, const Frame& frame) { return out << frame.show(); }

Frame Frame::select(const std::vector<std::string>& names) const {
  NamedTerms columns;
  for (const std::string& name : names) columns.emplace_back(name, detail::frame::make_column_term(name));
  return framed(detail::frame::make_project("select", node_, std::move(columns)));
}
Frame Frame::drop(const std::vector<std::string>& names) const {
  for (const std::string& name : names) static_cast<void>(detail::frame::find_column("drop", name, schema()));
  NamedTerms columns = detail::frame::plain_columns(schema());
  std::erase_if(columns, [&](const auto& column) {
    return std::find(names.begin(), names.end(), column.first) != names.end();
  });
  return framed(detail::frame::make_project("drop", node_, std::move(columns)));
}
Frame Frame::rename(const std::vector<std::pair<std::string, std::string>>& names) const {
  NamedTerms columns = detail::frame::plain_columns(schema());
  for (const auto& [old_name, name] : names)
    columns[detail::frame::find_column("rename", old_name, schema())].first = name;
  return framed(detail::frame::make_project("rename", node_, std::move(columns)));
}
Frame Frame::filter(const Expression& condition) const {
  return framed(detail::frame::make_filter(node_, condition.term()));
}
Frame Frame::with(const std::string& name, const Expression& value) const {
  NamedTerms columns = detail::frame::plain_columns(schema());
  const auto same =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.first == name; });
  if (same != columns.end()) same->second = value.term();
  else columns.emplace_back(name, value.term());
  return framed(detail::frame::make_project("with", node_, std::move(columns)));
}
Frame Frame::assign(const std::vector<std::pair<std::string, Expression>>& values) const {
  NamedTerms columns = detail::frame::plain_columns(schema());
  for (const auto& [name, value] : values) {
    const std::string& own = name;
    const auto same =
        std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.first == own; });
    if (same != columns.end()) same->second = value.term();
    else columns.emplace_back(name, value.term());
  }
  return framed(detail::frame::make_project("assign", node_, std::move(columns)));
}
Frame Frame::astype(const std::string& name, ColumnType type) const {
  static_cast<void>(detail::frame::find_column("astype", name, schema()));
  return with(name, col(name).astype(type));
}
Frame Frame::dropna(const std::vector<std::string>& names) const {
  const std::vector<std::string> all = names.empty() ? columns() : names;
  Expression condition = true;
  for (std::size_t i = 0; i < all.size(); ++i)
    condition = i ? condition && !col(all[i]).isna() : !col(all[i]).isna();
  return filter(condition);
}
Frame Frame::isna() const {
  std::vector<std::pair<std::string, Expression>> flags;
  for (const Field& field : schema()) flags.emplace_back(field.name, col(field.name).isna());
  return assign(flags);
}
Frame Frame::fillna(const std::string& name, const Expression& value) const {
  static_cast<void>(detail::frame::find_column("fillna", name, schema()));
  return with(name, col(name).fillna(value));
}

GroupBy Frame::group_by(const std::vector<std::string>& names) const {
  if (names.empty())
    throw Error(ErrorKind::invalid_argument,
                "group_by: there must be a column (got none); agg without group_by sums up all rows");
  for (const std::string& name : names)
    static_cast<void>(detail::frame::find_column("group_by", name, schema()));
  return {*this, names};
}
Frame Frame::agg(const std::vector<Aggregate>& aggregates) const {
  return framed(detail::frame::make_group(node_, {}, aggregates, false));
}
Frame GroupBy::agg(const std::vector<Aggregate>& aggregates) const {
  return framed(detail::frame::make_group(frame_.node(), keys_, aggregates, keeps_missing_));
}
Frame GroupBy::nlargest(std::size_t n, const std::string& name) const {
  check_count("nlargest", n);
  return framed(
      detail::frame::make_top_of_groups("nlargest", frame_.node(), keys_, {name, true}, keeps_missing_, n));
}
Frame GroupBy::nsmallest(std::size_t n, const std::string& name) const {
  check_count("nsmallest", n);
  return framed(
      detail::frame::make_top_of_groups("nsmallest", frame_.node(), keys_, {name}, keeps_missing_, n));
}
GroupBy GroupBy::keep_missing() const {
  GroupBy kept = *this;
  kept.keeps_missing_ = true;
  return kept;
}

Frame Frame::sort_by(const std::vector<std::string>& names, Order order) const {
  return sort_by(names, std::vector<Order>(names.size(), order));
}
Frame Frame::sort_by(const std::vector<std::string>& names, const std::vector<Order>& orders) const {
  if (orders.size() != names.size())
    throw Error(ErrorKind::invalid_argument, "sort_by: there must be an order for each column (got " +
                                                 std::to_string(orders.size()) + " orders, " +
                                                 std::to_string(names.size()) + " columns)");
  detail::frame::SortKeys keys;
  for (std::size_t k = 0; k < names.size(); ++k) keys.push_back({names[k], orders[k] == descending});
  return framed(detail::frame::make_sort(node_, std::move(keys)));
}
Frame Frame::nlargest(std::size_t n, const std::string& name) const {
  check_count("nlargest", n);
  return framed(detail::frame::make_top("nlargest", node_, {{name, true}}, n));
}
Frame Frame::nsmallest(std::size_t n, const std::string& name) const {
  check_count("nsmallest", n);
  return framed(detail::frame::make_top("nsmallest", node_, {{name}}, n));
}
Frame Frame::limit(std::size_t n) const {
  check_count("limit", n);
  return framed(detail::frame::make_limit(node_, n));
}
Frame Frame::drop_duplicates(const std::vector<std::string>& names) const {
  return framed(detail::frame::make_distinct(node_, names));
}
Frame Frame::value_counts(const std::string& name) const {
  const Aggregate counted = weir::count().as(name == "count" ? "count_count" : "count");
  return group_by(name).agg(counted).sort_by(counted.name, descending);
}
Frame Frame::merge(const Frame& right, const Merge& options) const {
  return framed(detail::frame::make_merge(node_, right.node_, options));
}
Frame Frame::merge_asof(const Frame& right, const MergeAsof& options) const {
  return framed(detail::frame::make_asof(node_, right.node_, options));
}
Frame Frame::shuffle(const std::vector<std::string>& names, std::uint32_t partitions) const {
  return framed(detail::frame::make_shuffle(node_, names, partitions));
}
Frame Frame::sample(double fraction, std::uint64_t seed) const {
  return framed(detail::frame::make_sample(node_, fraction, seed));
}
double Frame::quantile(const std::string& name, double q) const {
  const Column value = agg(weir::quantile(name, q)).compute().columns().front();
  return value.is_na(0) ? std::numeric_limits<double>::quiet_NaN() : value.float64s()[0];
}
double Frame::corr(const std::string& a, const std::string& b) const {
  const auto real = [](const std::string& name) { return col(name).astype(ColumnType::float64); };
  for (const std::string& name : {a, b}) {
    const ColumnType type = schema()[detail::frame::find_column("corr", name, schema())].type;
    if (type == ColumnType::text)
      throw Error(ErrorKind::invalid_argument, "corr: the columns must be of numbers (got text of \"" + name +
                                                   "\"); astype converts them");
  }
  const Frame both = dropna({a, b}).assign({{"\na", real(a)}, {"\nb", real(b)}}).select("\na", "\nb");
  const Table means = both.agg(weir::mean("\na").as("a"), weir::mean("\nb").as("b")).compute();
  if (means.column("a").is_na(0)) return std::numeric_limits<double>::quiet_NaN();
  const Expression x = col("\na") - lit(means.column("a").float64s()[0]);
  const Expression y = col("\nb") - lit(means.column("b").float64s()[0]);
  const auto sum_of = [](const Expression& value, const char* as) {
    return aggregate(Aggregate::Kind::sum, value).as(as);
  };
  const Table sums = both.agg(sum_of(x * y, "xy"), sum_of(x * x, "xx"), sum_of(y * y, "yy")).compute();
  const auto of = [&](const char* name) { return sums.column(name).float64s()[0]; };
  return of("xy") / std::sqrt(of("xx") * of("yy"));
}
std::vector<Table> compute(const std::vector<Frame>& frames) {
  std::vector<NodePtr> nodes;
  for (const Frame& frame : frames) nodes.push_back(frame.node());
  return detail::frame::compute_tables(nodes);
}
Frame concat(const std::vector<Frame>& frames) {
  std::vector<NodePtr> nodes;
  for (const Frame& frame : frames) nodes.push_back(frame.node());
  return framed(detail::frame::make_concat(std::move(nodes)));
}

Table Frame::applied(const Table& batch) const {
  return detail::frame::conformed(detail::frame::applied(*node_, batch), schema());
}

Table Frame::compute() const { return detail::frame::compute_table(node_); }

Table Frame::head(std::size_t n) const {
  check_count("head", n);
  // Of rows that come as they are read, the first partition has probably enough.
  const NodePtr limited = detail::frame::make_limit(node_, n);
  if (node_->partitions() > 1 && limited->inputs[0] == node_) {
    Table first;
    bool is_enough = false;
    detail::frame::compute_first(node_, [&](const Table& table) {
      first = table.slice(0, n);
      is_enough = first.rows() == n;
    });
    if (is_enough) return first;
  }
  return detail::frame::compute_table(limited);
}
Table Frame::tail(std::size_t n) const {
  check_count("tail", n);
  return detail::frame::compute_last(node_, n);
}
std::int64_t Frame::count_rows() const {
  if (schema().empty()) return 0;
  return agg(weir::count()).compute().column("count").int64s()[0];
}
std::vector<Future<Table>> Frame::to_futures() const {
  std::vector<Future<Table>> tables;
  detail::frame::compute_parts(
      node_, [&](detail::frame::Run& run, const Schema& schema, const std::vector<Future<Table>>& parts) {
        tables.clear();
        for (const Future<Table>& part : parts)
          tables.push_back(run.client.submit(detail::frame::conformed, part, schema));
        run.client.wait(tables);
      });
  return tables;
}
Frame Frame::persist() const {
  Frame kept;
  detail::frame::compute_parts(
      node_, [&](detail::frame::Run& run, const Schema& schema, std::vector<Future<Table>> parts) {
        run.client.wait(parts);
        kept = framed(detail::frame::make_tables(schema, std::move(parts)));
      });
  return kept;
}

Table Frame::describe() const {
  std::vector<Aggregate> aggregates;
  std::vector<std::string> numbers;
  std::vector<std::pair<std::string, Expression>> reals;
  constexpr std::pair<const char*, double> quartiles[] = {{"q25", 0.25}, {"median", 0.5}, {"q75", 0.75}};
  for (const Field& field : schema()) {
    if (field.type != ColumnType::int64 && field.type != ColumnType::float64) continue;
    numbers.push_back(field.name);
    const Expression value = col(field.name);  // read once for all that is asked of it
    reals.emplace_back(field.name, value.astype(ColumnType::float64));
    const auto add = [&](Aggregate::Kind kind, const char* name, double parameter = 0) {
      aggregates.push_back(aggregate(kind, value, parameter).as(std::string(name) + " " + field.name));
    };
    add(Aggregate::Kind::count, "count");
    add(Aggregate::Kind::mean, "mean");
    add(Aggregate::Kind::stddev, "std", 1);
    add(Aggregate::Kind::min, "min");
    for (const auto& [name, q] : quartiles) add(Aggregate::Kind::quantile, name, q);
    add(Aggregate::Kind::max, "max");
  }
  if (numbers.empty())
    throw Error(ErrorKind::invalid_argument,
                "describe: there must be a column of numbers (got " + to_text(schema()) + ")");
  const Table wide = assign(reals).select(numbers).agg(aggregates).compute();
  std::vector<std::string> names{"column"};
  std::vector<Column> columns{make_column(numbers)};
  for (const char* name : {"count", "mean", "std", "min", "q25", "median", "q75", "max"}) {
    std::vector<const Column*> parts;
    for (const std::string& number : numbers) parts.push_back(&wide.column(std::string(name) + " " + number));
    names.emplace_back(name);
    columns.push_back(detail::frame::concat(parts));
  }
  return Table(std::move(names), std::move(columns));
}

Aggregate sum(const std::string& column) { return named(Aggregate::Kind::sum, "sum", column); }
Aggregate product(const std::string& column) { return named(Aggregate::Kind::product, "product", column); }
Aggregate mean(const std::string& column) { return named(Aggregate::Kind::mean, "mean", column); }
Aggregate count(const std::string& column) { return named(Aggregate::Kind::count, "count", column); }
Aggregate count() { return {Aggregate::Kind::rows, lit(0), "count"}; }
Aggregate min(const std::string& column) { return named(Aggregate::Kind::min, "min", column); }
Aggregate max(const std::string& column) { return named(Aggregate::Kind::max, "max", column); }
Aggregate var(const std::string& column, double ddof) {
  return named(Aggregate::Kind::var, "var", column, ddof);
}
Aggregate stddev(const std::string& column, double ddof) {
  return named(Aggregate::Kind::stddev, "std", column, ddof);
}
Aggregate first(const std::string& column) { return named(Aggregate::Kind::first, "first", column); }
Aggregate last(const std::string& column) { return named(Aggregate::Kind::last, "last", column); }
Aggregate nunique(const std::string& column) { return named(Aggregate::Kind::nunique, "nunique", column); }
Aggregate median(const std::string& column) {
  return named(Aggregate::Kind::quantile, "median", column, 0.5);
}
Aggregate quantile(const std::string& column, double q) {
  if (!(q >= 0 && q <= 1))
    throw Error(ErrorKind::invalid_argument, "quantile: q must be in [0, 1] (got " + std::to_string(q) + ")");
  return named(Aggregate::Kind::quantile, "quantile", column, q);
}
Aggregate aggregate(Aggregate::Kind kind, const Expression& value, double parameter) {
  return {kind, value, value.show(), parameter};
}

namespace detail::frame {

Frame mapped_frame(const Frame& frame, PartitionMap map) {
  return Frame(make_mapped(frame.node(), std::move(map)));
}
Frame asked_frame(Schema schema, std::size_t partitions, AskForTables ask) {
  return Frame(make_asked(std::move(schema), partitions, std::move(ask)));
}
Frame frame_of(Table table, std::size_t partitions) {
  return Frame(make_memory(std::move(table), partitions));
}

}  // namespace detail::frame
}  // namespace weir
