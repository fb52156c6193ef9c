// A stream of batches beside the frame of all their rows: random batches, each verb on both sides.
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <random>

#include "frame/support.hpp"
#include "weir/stream.hpp"

using namespace weir;
using namespace weir::test;

namespace {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Trade {
  std::optional<std::string> shop;
  std::optional<std::int64_t> kind;
  std::optional<std::int64_t> count;
  std::optional<double> price;
  std::optional<bool> is_sold;
  std::optional<std::chrono::sys_days> day;
  std::optional<Time> when;
};

// The least and the greatest, as an aggregation of one's own.
struct Reach {
  double least = 1e300, greatest = -1e300;
  void add(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  void merge(const Reach& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
  }
  [[nodiscard]] std::optional<double> result() const {
    return greatest < least ? std::nullopt : std::optional(greatest - least);
  }
};

// Random rows with holes; times rise unless they may be late.
class Trades {
 public:
  Trades(unsigned seed, bool are_late) : random_(seed), are_late_(are_late) {}

  Trade row() {
    Trade trade;
    if (chance(0.9)) trade.shop = std::string(number(0, 2) ? 1 : 0, static_cast<char>('a' + number(0, 4)));
    if (chance(0.9)) trade.kind = number(-1, 2);
    if (chance(0.8)) trade.count = chance(0.05) ? number(-1, 1) * (std::int64_t{1} << 57) : number(-40, 40);
    if (chance(0.8)) trade.price = chance(0.05) ? std::nan("") : 0.25 * static_cast<double>(number(-99, 99));
    if (chance(0.8)) trade.is_sold = chance(0.5);
    if (chance(0.8)) trade.day = std::chrono::sys_days{} + std::chrono::days{number(0, 30)};
    now_ += std::chrono::milliseconds(number(0, 900));
    if (!are_late_) trade.when = now_;
    else if (chance(0.9)) trade.when = now_ - std::chrono::milliseconds(number(0, 4000));
    return trade;
  }
  std::vector<Trade> batch() {
    std::vector<Trade> rows(static_cast<std::size_t>(chance(0.15) ? 0 : number(1, 12)));
    for (Trade& one : rows) one = row();
    return rows;
  }
  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  bool chance(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }

 private:
  std::mt19937 random_;
  bool are_late_;
  Time now_{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};
};

const std::vector<Aggregate>& sums() {
  static const std::vector<Aggregate> all{sum("count"),
                                          mean("count"),
                                          sum("price"),
                                          mean("price"),
                                          product("kind"),
                                          sum("is_sold"),
                                          count("price"),
                                          count(),
                                          min("price"),
                                          max("count"),
                                          min("shop").as("word"),
                                          max("day"),
                                          min("when"),
                                          var("price"),
                                          stddev("kind"),
                                          first("shop").as("first"),
                                          last("price"),
                                          aggregate<Reach>("price"),
                                          aggregate(Aggregate::Kind::sum, col("kind") * 2).as("twice")};
  return all;
}
std::vector<Aggregate> with_medians() {
  std::vector<Aggregate> all = sums();
  for (const Aggregate& one : {median("price"), quantile("kind", 0.3), nunique("shop").as("words")})
    all.push_back(one);
  return all;
}
const std::vector<std::vector<std::string>>& keys() {
  static const std::vector<std::vector<std::string>> all{{}, {"shop"}, {"kind", "is_sold"}, {"day"}};
  return all;
}

Frame rows_of(std::deque<std::vector<Trade>>::const_iterator from,
              std::deque<std::vector<Trade>>::const_iterator to, std::size_t partitions) {
  std::vector<Trade> all;
  for (; from != to; ++from) all.insert(all.end(), from->begin(), from->end());
  return weir::from(all, partitions);
}

Frame grouped(const Frame& frame, const std::vector<std::string>& by, const std::vector<Aggregate>& all) {
  return by.empty() ? frame.agg(all) : frame.group_by(by).agg(all);
}

void check_equal(const Table& of_stream, const Frame& of_frame, const std::vector<std::string>& by) {
  const Table whole = of_frame.compute();
  INFO("keys: " << by.size() << "\n" << of_stream << whole);
  CHECK(difference(of_stream, whole) == "");
}

}  // namespace

TEST_CASE("groups of a stream, also of its last tables, rows and seconds, are those of the frame of these") {
  const auto seed = GENERATE(range(1u, 9u));
  in_cluster([&] {
    Trades trades(seed, true);
    const auto tables = static_cast<std::size_t>(trades.number(1, 5));
    const auto rows = static_cast<std::size_t>(trades.number(1, 30));
    for (const std::vector<std::string>& by : keys()) {
      RunningGroups all(by, sums()), of_tables(by, sums(), tables),
          of_rows(by, with_medians(), Last{.rows = rows}),
          of_time(by, with_medians(), Last{.time = "3s", .column = "when"});
      std::deque<std::vector<Trade>> batches;
      for (int b = 0; b < 12; ++b) {
        batches.push_back(trades.batch());
        const Table batch = table_of(batches.back());
        all.add(batch);
        of_tables.add(batch);
        of_rows.add(batch);
        of_time.add(batch);
        if (b % 3 != 2) continue;
        const Frame whole = rows_of(batches.begin(), batches.end(), 3);
        check_equal(all.result(), grouped(whole, by, sums()), by);
        const auto last = static_cast<std::ptrdiff_t>(std::min(tables, batches.size()));
        check_equal(of_tables.result(), grouped(rows_of(batches.end() - last, batches.end(), 2), by, sums()),
                    by);
        check_equal(of_rows.result(), grouped(Frame(whole.tail(rows)), by, with_medians()), by);
        std::optional<Time> newest;
        for (const auto& one : batches)
          for (const Trade& trade : one)
            if (trade.when && (!newest || *trade.when > *newest)) newest = trade.when;
        std::vector<Trade> recent;
        for (const auto& one : batches)
          for (const Trade& trade : one)
            if (trade.when && *trade.when > *newest - std::chrono::seconds(3)) recent.push_back(trade);
        check_equal(of_time.result(), grouped(from(recent), by, with_medians()), by);
      }
    }
  });
}

TEST_CASE("windows of a stream are those of the frame of all rows") {
  const auto seed = GENERATE(range(1u, 9u));
  in_cluster([&] {
    Trades trades(seed, false);
    const auto size = static_cast<std::size_t>(trades.number(1, 9));
    std::vector<Window> windows{
        cumsum("kind"),   cumsum("price"), cummin("price"), cummax("count"), cumprod("kind").as("powers"),
        shift("shop", 2), shift("when"),   diff("kind", 3), diff("price"),   diff("day"),
        diff("when")};
    const std::vector<Aggregate> rolled{sum("kind"),     mean("price"),
                                        min("price"),    max("count"),
                                        count("price"),  count(),
                                        var("kind"),     stddev("price"),
                                        first("price"),  last("kind"),
                                        nunique("kind"), median("kind"),
                                        mean("count"),   aggregate<Reach>("price")};
    for (const Aggregate& one : rolled) {
      windows.push_back(rolling(size, one).as("strict " + one.name));
      windows.push_back(rolling(size, one).at_least(1).as("rows " + one.name));
      windows.push_back(rolling("2s", "when", one).as("time " + one.name));
    }
    RunningWindows running(windows);
    std::deque<std::vector<Trade>> batches;
    std::vector<Frame> results;
    for (int b = 0; b < 12; ++b) {
      batches.push_back(trades.batch());
      results.emplace_back(running.add(table_of(batches.back())));
    }
    for (const std::size_t partitions : {1, 4})
      check_equal(concat(results).compute(),
                  rows_of(batches.begin(), batches.end(), partitions).with(windows), {});
  });
}

TEST_CASE("what a verb makes of batches, one behind the other, it makes of all rows") {
  struct Shop {
    std::optional<std::string> shop;
    std::int64_t floor;
    std::optional<double> price;
  };
  const Frame shops =
      from(std::vector<Shop>{{"a", 1, 2.5}, {"b", 2, {}}, {"b", 3, 1}, {"z", 4, 7}, {{}, 5, 8}});
  const std::vector<std::function<Frame(const Frame&)>> verbs{
      [](const Frame& f) { return f.filter(col("price") > 1 || col("kind") == 0); },
      [](const Frame& f) { return f.with("y", col("price") * col("kind") + 1).select("y", "shop"); },
      [](const Frame& f) {
        return f.dropna({"shop", "price"}).rename({{"shop", "at"}});
      },
      [](const Frame& f) { return f.fillna("count", 0).astype("count", ColumnType::text); },
      [](const Frame& f) {
        return f.assign({{"a", col("shop").text().upper()}, {"b", col("day").date().month()}});
      },
      [](const Frame& f) {
        return f.with("n", [](std::int64_t k) { return k * 0.5; }, {"kind"}).drop("when");
      },
      [&](const Frame& f) { return f.merge(shops, "shop"); },
      [&](const Frame& f) { return f.merge(shops, "shop", Join::left); },
      [&](const Frame& f) { return f.merge(shops, "shop", Join::semi); },
      [&](const Frame& f) { return f.merge(shops, "shop", Join::anti); },
      [&](const Frame& f) { return f.merge(shops, {.left_on = {"kind"}, .right_on = {"floor"}}); },
      [&](const Frame& f) { return f.merge_asof(shops.dropna({"price"}), {.on = "price", .by = {"shop"}}); },
  };
  const auto seed = GENERATE(range(1u, 5u));
  in_cluster([&] {
    for (std::size_t v = 0; v < verbs.size(); ++v) {
      INFO("verb " << v);
      Trades trades(seed, true);
      const Frame verb = verbs[v](from(std::vector<Trade>{}));
      std::deque<std::vector<Trade>> batches;
      std::vector<Frame> results;
      for (int b = 0; b < 8; ++b) {
        batches.push_back(trades.batch());
        results.emplace_back(verb.applied(table_of(batches.back())));
      }
      check_equal(concat(results).compute(), verbs[v](rows_of(batches.begin(), batches.end(), 3)), {});
    }
  });
}
