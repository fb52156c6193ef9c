// Bags, frames, arrays and HDF5 made of each other.
#include "weir/array/elementwise.hpp"
#include "weir/bridge/bag_array.hpp"
#include "weir/bridge/bag_frame.hpp"
#include "weir/bridge/frame_array.hpp"

#include <catch2/catch.hpp>
#include <cstdio>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Event {
  std::string user;
  std::int64_t amount = 0;
  std::optional<double> price;
  friend bool operator==(const Event&, const Event&) = default;
};

std::string event_lines() {
  std::string text;
  for (int i = 0; i < 20; ++i)
    text += "{\"amount\": " + std::to_string(i) + ", \"user\": \"u" + std::to_string(i % 3) + "\"" +
            (i % 4 ? ", \"price\": " + std::to_string(i) + ".5" : "") + "}\n";
  return text;
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string said;
  for (char buffer[512]; std::fgets(buffer, sizeof buffer, pipe);) said += buffer;
  pclose(pipe);
  return said;
}

}  // namespace

TEST_CASE("objects of JSON become structs, a frame, a bag, arrays and datasets") {
  const Folder folder;
  const std::string path = folder.write("events.json", event_lines());
  in_cluster([&] {
    const Bag<Event> events = read_json<Event>(path, {.block = "200"});
    CHECK(events.partitions() > 1);
    const std::vector<Event> all = events.compute();
    REQUIRE(all.size() == 20);
    CHECK(all[5] == Event{"u2", 5, 5.5});
    CHECK(all[8] == Event{"u2", 8, {}});
    const Frame frame = to_frame(events);
    CHECK(csv_of(frame.group_by("user").agg(sum("amount"), count("price"))) ==
          "user,sum_amount,count_price\nu0,63,5\nu1,70,5\nu2,57,5\n");
    CHECK(to_bag<Event>(frame.filter(col("amount") > 17)).compute() ==
          std::vector<Event>{{"u0", 18, 18.5}, {"u1", 19, 19.5}});
    CHECK(to_array<std::int64_t>(frame, "amount").compute()(19) == 19);
    const auto both = to_array<double>(frame, {"amount", "price"}).compute();
    CHECK(both.shape()[0] == 20);
    CHECK(both(7, 1) == 7.5);
    CHECK(std::isnan(both(8, 1)));
    CHECK(sentence_of([&] { return to_array<double>(frame, "user"); }) ==
          "to_array: a column must not be of text (got \"user\"); astype converts it");
    const std::string file = folder.path("events.h5");
    to_hdf5(frame.drop("user").with("big", col("amount") > 9), file, "/events");
    const std::string said = output_of(
        "/usr/bin/python3 -c \"import h5py, pandas; t = pandas.DataFrame({n: d[()] for n, d in h5py.File('" +
        file +
        "')['/events'].items()}); print(list(t.dtypes.map(str)), t.amount.sum(), t.price.sum(), "
        "t.big.sum())\"");
    if (said.find("ModuleNotFoundError") != std::string::npos)
      WARN("passed over: python3-h5py or python3-pandas is not installed");
    else CHECK(said == "['int64', 'bool', 'float64'] 190 157.5 10\n");
    const Frame back = read_hdf5(file, "/events");
    CHECK(to_text(back.schema()) == "amount int64, big bool, price float64");
    CHECK(csv_of(back.filter(col("big")).agg(count(), sum("amount"), min("price"))) ==
          "count,sum_amount,min_price\n10,145,10.5\n");
    CHECK(sentence_of([&] { return read_hdf5(file, "/other"); }) ==
          "read_hdf5: the group must have datasets (got \"/other\" of '" + file + "')");
  });
}

TEST_CASE("arrays beside each other are a frame") {
  in_cluster([] {
    const Array<double> x = arange<double>(0, 10, 1, "32");
    const Frame frame = to_frame({{"x", x}, {"i", arange<std::int32_t>(0, 10)}, {"big", x > 4.0}});
    CHECK(frame.to_futures().size() == 3);
    CHECK(csv_of(frame.filter(col("big")).agg(sum("x"), max("i"), count())) ==
          "sum_x,max_i,count\n35.0,9,5\n");
    CHECK(sentence_of([&] {
            return to_frame({{"x", x}, {"y", arange<double>(0, 9)}});
          }) == "to_frame: arrays must have the same length (got 9 of \"y\" beside 10 of \"x\")");
    CHECK(sentence_of([] { return to_frame(std::vector<ArrayColumn>{}); }) ==
          "to_frame: there must be an array (got none)");
  });
}

TEST_CASE("an array holds the values of a column, or none") {
  struct Row {
    std::int64_t n;
    double x;
  };
  in_cluster([] {
    const Frame rows = from(std::vector<Row>{{-128, -3}, {127, 2}});
    CHECK(to_array<std::int8_t>(rows, "n").compute()(1) == 127);
    CHECK(to_array<std::int8_t>(rows, "x").compute()(0) == -3);
    CHECK(to_array<double>(rows, {"n", "x"}).compute()(1, 1) == 2);
    const auto fault = [](auto element, std::int64_t n, double x, const char* column) {
      return sentence_of([&] {
        return to_array<decltype(element)>(from(std::vector<Row>{{n, x}}), column).compute();
      });
    };
    const auto text = [](const std::string& number, const std::string& column) {
      return Catch::Contains("to_array: the elements must hold the values of the column (got " + number +
                             " of \"" + column + "\"); an array of double does");
    };
    CHECK_THAT(fault(std::int8_t{}, 300, 0, "n"), text("300", "n"));
    CHECK_THAT(fault(std::uint64_t{}, -1, 0, "n"), text("-1", "n"));
    CHECK_THAT(fault(bool{}, 2, 0, "n"), text("2", "n"));
    CHECK_THAT(fault(std::int64_t{}, 0, 1.5, "x"), text("1.5", "x"));
    CHECK_THAT(fault(std::int64_t{}, 0, 0x1p63, "x"), text("9223372036854775808", "x"));
    CHECK_THAT(fault(std::int32_t{}, 0, std::nan(""), "x"), text("nan", "x"));
    CHECK(to_array<std::int64_t>(from(std::vector<Row>{{0, -0x1p63}}), "x").compute()(0) == INT64_MIN);
    struct Other {
      std::int64_t m;
    };
    const std::string names = ": there must be a column of that name (got \"m\"); the columns are: n, x";
    const Frame fails = rows.filter(weir::apply([](std::int64_t) -> bool { throw 1; }, {"n"}));
    CHECK(sentence_of([&] { return fails.collect<Other>(); }) ==
          "collect" + names);  // nothing has been computed
    CHECK(sentence_of([&] { return to_bag<Other>(fails); }) == "to_bag" + names);
    struct Text {
      std::string n;
    };
    CHECK(sentence_of([&] { return to_bag<Text>(rows); }) ==
          "to_bag: \"n\" must be read as int64, the type of its column (got text); astype converts it");
    // Text from a line on that was not looked at before.
    const Folder folder;
    std::string lines = "n\n";
    for (int i = 0; i < 100'000; ++i) lines += "1234\n";
    const Frame learns = read_csv(folder.write("a.csv", lines + "x\n"), {.block = "100 kB"});
    CHECK(to_bag<Text>(learns).count().compute() == 100'001);
    CHECK(sentence_of([&] { return read_hdf5("none.h5", "/"); }).find("read_hdf5: ") == 0);
    const auto x = arange(0.0, 3.0);
    CHECK(sentence_of([&] {
            return to_frame({{"x", x}, {"x", x}});
          }) == "to_frame: names must differ (got \"x\" twice)");
  });
}

TEST_CASE("a line of JSON that does not fit its struct is named or left out") {
  const Folder folder;
  const std::string path =
      folder.write("events.json",
                   "{\"user\": \"a\", \"amount\": 1}\n{\"user\": \"b\"}\n{\"user\": \"c\", \"amount\": 3}\n");
  in_cluster([&] {
    const std::string said = sentence_of([&] { return read_json<Event>(path).compute(); });
    CHECK(said.find("line 2 of '" + path + "'") != std::string::npos);
    CHECK(said.find("amount") != std::string::npos);
    CHECK(read_json<Event>(path, {.on_error = OnError::skip}).count().compute() == 2);
  });
}

TEST_CASE("elements that do not fit into memory are grouped") {
  ::setenv("WEIR_MEMORY_LIMIT", "16MB", 1);
  in_cluster([] {
    constexpr std::uint64_t elements = 300'000;  // of 100 bytes each
    const auto groups =
        bag_range(elements, 60)
            .map([](std::int64_t i) {
              return std::pair<std::int64_t, std::string>(i % 5000, std::string(80, 'x'));
            })
            .groupby([](const std::pair<std::int64_t, std::string>& one) { return one.first; })
            .map([](std::pair<std::int64_t, std::vector<std::pair<std::int64_t, std::string>>> group) {
              return static_cast<std::int64_t>(group.second.size());
            });
    const auto [count, sum, least] = compute(groups.count(), groups.sum(), groups.min());
    CHECK(count == 5000);
    CHECK(sum == static_cast<std::int64_t>(elements));
    CHECK(least == 60);
  });
  ::unsetenv("WEIR_MEMORY_LIMIT");
}

TEST_CASE("bags of numbers, and of rows of them, become arrays") {
  in_cluster([] {
    std::vector<std::int32_t> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 0);
    const auto even = from_sequence(numbers, 7).filter([](std::int32_t n) { return n % 2 == 0 && n > 40; });
    const Array<std::int32_t> array = to_array(even);
    CHECK(array.shape() == Shape{29});
    CHECK(array.chunks()[0].size() == 4);  // three partitions have none
    CHECK(array.sum().compute()() == (42 + 98) * 29 / 2);
    const auto none = to_array(from_sequence(numbers, 3).filter([](std::int32_t n) { return n < 0; }));
    CHECK(none.shape() == Shape{0});
    CHECK(none.sum().compute()() == 0);
    const auto rows = to_array(even.map([](std::int32_t n) {
      return std::array<double, 2>{n * 1.0, n * 0.5};
    }));
    CHECK(rows.shape() == Shape{29, 2});
    CHECK(rows.compute()(28, 0) == 98);
    CHECK(rows.compute()(28, 1) == 49);
    const auto flags = to_array(even.map([](std::int32_t n) { return n > 90; }));
    CHECK(flags.compute()(28));
    CHECK(!flags.compute()(0));
    CHECK(sentence_of([&] {
            return to_array(even.map([](std::int32_t n) {
              if (n == 50) throw std::runtime_error("fifty");
              return n;
            }));
          }).find("fifty") != std::string::npos);
  });
}
