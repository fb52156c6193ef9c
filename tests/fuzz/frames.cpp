// Reads chains of verbs, a word at a time, and writes what they make of tables as CSV; frames.py makes them
// and compares with pandas. A case is `case NAME`, verbs with their words, and `end OUT.csv`.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "weir/frame.hpp"
#include "weir/run.hpp"

namespace {

using namespace weir;
using Names = std::vector<std::string>;

// The words of one case; a text is written with its length, `5:a b c`, and line ends as bytes 1.
class Words {
 public:
  explicit Words(std::string text) : in_(std::move(text)) {}
  std::string word() {
    std::string next;
    if (!(in_ >> next)) throw std::runtime_error("the case ends too early");
    return next;
  }
  std::string text() {
    std::size_t length = 0;
    char colon = 0;
    in_ >> length >> colon;
    std::string next(length, '\0');
    in_.read(next.data(), static_cast<std::streamsize>(length));
    std::replace(next.begin(), next.end(), '\1', '\n');
    return next;
  }
  std::int64_t integer() { return std::stoll(word()); }
  double number() { return std::stod(word()); }
  Names names() {
    Names list(static_cast<std::size_t>(integer()));
    for (std::string& name : list) name = word();
    return list;
  }
  ColumnType type() {
    const std::string name = word();
    for (int t = 0; t <= static_cast<int>(ColumnType::text); ++t)
      if (to_string(static_cast<ColumnType>(t)) == name) return static_cast<ColumnType>(t);
    throw std::runtime_error("no such type: " + name);
  }
  Expression expression();
  Aggregate aggregate();
  Window window();

 private:
  Expression binary(const std::string& op);
  Expression of_text(const std::string& op);
  Expression of_date(const std::string& op);
  std::istringstream in_;
};

Expression Words::expression() {
  const std::string op = word();
  if (op == "col") return col(word());
  if (op == "int") return integer();
  if (op == "real") return number();
  if (op == "bool") return word() == "true";
  if (op == "text") return text();
  if (op == "isna") return expression().isna();
  if (op == "not") return !expression();
  if (op == "neg") return -expression();
  if (op == "abs") return expression().abs();
  if (op == "sqrt") return expression().sqrt();
  if (op == "floor") return expression().floor();
  if (op == "ceil") return expression().ceil();
  if (op == "astype") {
    const ColumnType type = this->type();
    return expression().astype(type);
  }
  if (op == "isin") {
    const Expression of = expression();
    std::vector<Expression> values;
    for (std::int64_t left = integer(); left > 0; --left) values.push_back(expression());
    return of.isin(values);
  }
  if (op == "when") {
    const Expression condition = expression(), yes = expression(), no = expression();
    return when(condition, yes, no);
  }
  if (op.starts_with("text.")) return of_text(op.substr(5));
  if (op.starts_with("date.")) return of_date(op.substr(5));
  return binary(op);
}

Expression Words::binary(const std::string& op) {
  const Expression a = expression(), b = expression();
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / b;
  if (op == "%") return a % b;
  if (op == "<") return a < b;
  if (op == "<=") return a <= b;
  if (op == ">") return a > b;
  if (op == ">=") return a >= b;
  if (op == "==") return a == b;
  if (op == "!=") return a != b;
  if (op == "and") return a && b;
  if (op == "or") return a || b;
  if (op == "fillna") return a.fillna(b);
  throw std::runtime_error("no such operation: " + op);
}

Expression Words::of_text(const std::string& op) {
  const Expression::Text of = expression().text();
  if (op == "upper") return of.upper();
  if (op == "lower") return of.lower();
  if (op == "strip") return of.strip();
  if (op == "length") return of.length();
  if (op == "contains") return of.contains(text());
  if (op == "starts_with") return of.starts_with(text());
  if (op == "ends_with") return of.ends_with(text());
  throw std::runtime_error("no such operation on text: " + op);
}

Expression Words::of_date(const std::string& op) {
  const Expression::Date of = expression().date();
  if (op == "year") return of.year();
  if (op == "month") return of.month();
  if (op == "day") return of.day();
  if (op == "weekday") return of.weekday();
  if (op == "hour") return of.hour();
  throw std::runtime_error("no such operation on dates: " + op);
}

Aggregate Words::aggregate() {
  const std::string kind = word(), name = word();
  const auto made = [&] {
    if (kind == "rows") return weir::count();
    const std::string of = word();
    if (kind == "sum") return sum(of);
    if (kind == "product") return product(of);
    if (kind == "mean") return mean(of);
    if (kind == "count") return weir::count(of);
    if (kind == "min") return min(of);
    if (kind == "max") return max(of);
    if (kind == "var") return var(of);
    if (kind == "std") return stddev(of);
    if (kind == "first") return first(of);
    if (kind == "last") return last(of);
    if (kind == "nunique") return nunique(of);
    if (kind == "median") return median(of);
    if (kind == "quantile") return quantile(of, number());
    throw std::runtime_error("no such aggregation: " + kind);
  };
  return made().as(name);
}

Window Words::window() {
  const std::string kind = word(), name = word();
  const auto made = [&] {
    if (kind == "rolling" || kind == "rolling_time") {
      const std::string size = word(), time = kind == "rolling" ? "" : word();
      const std::int64_t least = integer();
      const Aggregate of = aggregate();
      const Window whole = kind == "rolling" ? rolling(static_cast<std::size_t>(std::stoull(size)), of)
                                             : rolling(size, time, of);
      return whole.at_least(static_cast<std::size_t>(least));
    }
    if (kind == "expanding") return expanding(aggregate());
    const std::string of = word();
    if (kind == "shift") return shift(of, integer());
    if (kind == "diff") return diff(of, integer());
    if (kind == "cumsum") return cumsum(of);
    if (kind == "cummin") return cummin(of);
    if (kind == "cummax") return cummax(of);
    throw std::runtime_error("no such window: " + kind);
  };
  return made().as(name);
}

template <class T, class F>
std::vector<T> listed(Words& words, const F& next) {
  std::vector<T> list;
  for (std::int64_t left = words.integer(); left > 0; --left) list.push_back(next());
  return list;
}

Join join_of(const std::string& how) {
  constexpr std::pair<const char*, Join> joins[] = {{"inner", Join::inner}, {"left", Join::left},
                                                    {"right", Join::right}, {"outer", Join::outer},
                                                    {"semi", Join::semi},   {"anti", Join::anti}};
  for (const auto& [name, join] : joins)
    if (how == name) return join;
  throw std::runtime_error("no such join: " + how);
}

// The frame after one more verb.
Frame after(const std::string& verb, Frame frame, Words& words, std::map<std::string, Frame>& named) {
  const auto aggregates = [&] { return listed<Aggregate>(words, [&] { return words.aggregate(); }); };
  if (verb == "read") {
    ReadCsv how;
    const std::string path = words.word();
    how.block = words.word();
    how.types = listed<std::pair<std::string, ColumnType>>(words, [&] {
      const std::string name = words.word();
      return std::pair(name, words.type());
    });
    how.columns = words.names();
    if (words.word() == "skip") how.on_error = OnError::skip;
    const std::string sep = words.word();
    how.sep = sep == "tab" ? '\t' : sep == "auto" ? '\0' : sep[0];
    how.decimal = words.word()[0];
    const auto unless_none = [&](char& character) {
      const std::string word = words.word();
      if (word != "-") character = word[0];
    };
    unless_none(how.thousands);
    unless_none(how.comment);
    const std::string missing = words.word();
    if (missing != "-") how.na_values = {missing};
    return read_csv(path, how);
  }
  if (verb == "keep") return named[words.word()] = frame;
  if (verb == "use") return named.at(words.word());
  if (verb == "persist") return frame.persist();
  if (verb == "memory") return Frame(frame.compute(), static_cast<std::size_t>(words.integer()));
  if (verb == "parquet") {
    const std::string path = words.word();
    frame.to_parquet(path);
    return read_parquet(path);
  }
  if (verb == "arrow") {
    const std::string path = words.word();
    frame.to_arrow(path);
    return read_arrow(path);
  }
  if (verb == "select") return frame.select(words.names());
  if (verb == "drop") return frame.drop(words.names());
  if (verb == "rename") {
    const std::string old_name = words.word();
    return frame.rename({{old_name, words.word()}});
  }
  if (verb == "filter") return frame.filter(words.expression());
  if (verb == "with") {
    const std::string name = words.word();
    return frame.with(name, words.expression());
  }
  if (verb == "windows") return frame.with(listed<Window>(words, [&] { return words.window(); }));
  if (verb == "fillna") {
    const std::string name = words.word();
    return frame.fillna(name, words.expression());
  }
  if (verb == "dropna") return frame.dropna(words.names());
  if (verb == "group" || verb == "group_missing") {
    const GroupBy groups = frame.group_by(words.names());
    return (verb == "group" ? groups : groups.keep_missing()).agg(aggregates());
  }
  if (verb == "agg") return frame.agg(aggregates());
  if (verb == "resample") {
    const std::string step = words.word(), time = words.word();
    return frame.resample(step, time).agg(aggregates());
  }
  if (verb == "sort") {
    const Names names = words.names();
    return frame.sort_by(
        names, listed<Order>(words, [&] { return words.word() == "descending" ? descending : ascending; }));
  }
  if (verb == "nlargest" || verb == "nsmallest") {
    const auto count = static_cast<std::size_t>(words.integer());
    return verb == "nlargest" ? frame.nlargest(count, words.word()) : frame.nsmallest(count, words.word());
  }
  if (verb == "limit") return frame.limit(static_cast<std::size_t>(words.integer()));
  if (verb == "tail") return Frame(frame.tail(static_cast<std::size_t>(words.integer())));
  if (verb == "distinct") return frame.drop_duplicates(words.names());
  if (verb == "value_counts") return frame.value_counts(words.word());
  if (verb == "merge") {
    const Frame right = named.at(words.word());
    const std::string how = words.word();
    return frame.merge(right, {.on = words.names(), .how = join_of(how)});
  }
  if (verb == "asof") {
    const Frame right = named.at(words.word());
    MergeAsof how{.on = words.word()};
    how.by = words.names();
    const std::string direction = words.word();
    how.direction = direction == "backward"  ? Near::backward
                    : direction == "forward" ? Near::forward
                                             : Near::nearest;
    how.exact = words.word() == "exact";
    return frame.merge_asof(right, how);
  }
  if (verb == "concat") return concat({frame, named.at(words.word())});
  throw std::runtime_error("no such verb: " + verb);
}

void run_case(const std::string& text) {
  Words words(text);
  Frame frame;
  std::map<std::string, Frame> named;
  for (std::string verb = words.word(); verb != "end"; verb = words.word())
    frame = after(verb, std::move(frame), words, named);
  const std::string out = words.word();
  try {
    static_cast<void>(frame.to_csv(out, {.missing = "<NA>"}));
  } catch (const std::exception& error) {
    std::ofstream(out) << "error: " << error.what() << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: fuzz_frames CASES   (a file that frames.py writes)\n";
    return 2;
  }
  const std::string path = argv[1];
  return weir::run(argc, argv, [&](weir::Client&) {
    std::ifstream cases(path);
    for (std::string line; std::getline(cases, line);) {
      try {
        run_case(line);
      } catch (const std::exception& error) {
        const std::string out = line.substr(line.rfind(' ') + 1);
        std::ofstream(out) << "error: " << error.what() << '\n';
      }
    }
  });
}
