// A user's program with bags, delayed calls, frames, their bridges and HDF5, which must compile as
// program.cpp does; whatever public header there is comes before it (see CMakeLists.txt), all in one program.
#include <iostream>
#include <map>
#include <string>
#include <vector>
#include <weir/bridge/bag_array.hpp>
#include <weir/bridge/bag_frame.hpp>
#include <weir/bridge/frame_array.hpp>
#include <weir/weir.hpp>

namespace {

using weir::col;

struct Flight {
  std::string origin;
  std::chrono::sys_days day;
  std::optional<double> delay;
  std::int64_t miles = 0;
  bool is_late = false;
};
struct Spread {
  double least = 1e300, greatest = -1e300;
  void add(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  void merge(const Spread& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
  }
  [[nodiscard]] std::optional<double> result() const {
    return greatest < least ? std::nullopt : std::optional(greatest - least);
  }
};

int half(int number) { return number / 2; }
int add(int a, int b) { return a + b; }

std::uint64_t bags() {
  const weir::Bag<std::int64_t> numbers = weir::bag_range(100, 4);
  const weir::Bag<std::string> words =
      weir::read_text("words.txt").map([](const std::string& line) { return line + " "; });
  const auto [count, sum] = weir::compute(numbers.count(), numbers.sum());
  const auto groups = numbers.groupby([](std::int64_t n) { return n % 3; }).compute();
  const auto folded = numbers
                          .foldby([](std::int64_t n) { return n % 3; },
                                  [](std::int64_t all, std::int64_t n) { return all + n; }, std::int64_t{0})
                          .compute();
  const auto joined = numbers
                          .join(
                              numbers, [](std::int64_t n) { return n; }, [](std::int64_t n) { return n + 1; })
                          .take(3);
  const auto top =
      words.filter([](const std::string& word) { return !word.empty(); }).frequencies().topk(10).compute();
  const auto names =
      weir::read_json("*.json", {.on_error = weir::OnError::skip}).pluck("name").distinct().compute();
  const double mean = numbers.repartition(2).random_sample(0.5).mean().compute();
  return count + static_cast<std::uint64_t>(sum) + groups.size() + folded.size() + joined.size() +
         top.size() + names.size() + static_cast<std::uint64_t>(mean);
}

int calls() {
  const auto one = weir::delayed(half)(8);
  const auto two = weir::delayed(add)(one, one.then(half));
  return two.compute() + weir::compute(std::vector{one, two}).front();
}

std::size_t frames() {
  const weir::Frame flights = weir::from(std::vector<Flight>{{"ATL", {}, 1.5, 760, false}}, 2);
  const weir::Frame late =
      flights.with("hours", [](std::int64_t miles) { return static_cast<double>(miles) / 500; }, {"miles"})
          .filter(col("delay") > 0 && col("origin") != "CVG")
          .with(weir::shift("miles"), weir::rolling(3, weir::mean("delay")));
  const auto worst =
      late.group_by("origin", "day")
          .agg(weir::mean("delay"), weir::count(), weir::aggregate<Spread>("delay").as("spread"));
  const auto [a, b] = weir::compute(worst, late.merge(flights, "origin", weir::Join::left).sort_by("hours"));
  const auto [c, count] = weir::compute(worst, weir::bag_range(3, 2).count());
  const weir::Frame mapped = flights.map_partitions([](const weir::Table& table) { return table; });
  const auto read = weir::read_csv("*.csv", {.types = {{"zip", weir::ColumnType::text}}}).head();
  return flights.collect<Flight>().size() + a.rows() + b.rows() + c.rows() + count +
         mapped.resample("1d", "day").agg(weir::sum("miles")).compute().rows() + read.rows();
}

std::size_t bridges() {
  const weir::Frame flights = weir::from(std::vector<Flight>{{"ATL", {}, 1.5, 760, false}});
  weir::to_hdf5(flights, "flights.h5", "/flights");
  const weir::Frame read = weir::read_hdf5("flights.h5", "/flights");
  const weir::Array<double> miles = weir::to_array<double>(read, {"miles"});
  const weir::Array<std::int64_t> numbers = weir::to_array(weir::bag_range(100, 4));
  const weir::Frame squares = weir::to_frame({{"x", numbers}, {"y", numbers * numbers}});
  const weir::Bag<Flight> bag = weir::to_bag<Flight>(flights);
  return weir::to_frame(bag).compute().rows() + squares.compute().rows() + miles.compute().size();
}

std::size_t streams() {
  std::size_t seen = 0;
  weir::Stream<Flight> source;
  source.partition(2)
      .map([](const std::vector<Flight>& rows) { return weir::table_of(rows); })
      .accumulate([](weir::RunningGroups groups, const weir::Table& batch) { return groups.add(batch); },
                  weir::RunningGroups({"origin"}, {weir::mean("delay"), weir::count()}))
      .sink([&](const weir::RunningGroups& groups) { seen += groups.result().rows(); });
  source.emit({});
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    std::cout << bags() << ' ' << calls() << ' ' << frames() << ' ' << bridges() << ' ' << streams() << '\n';
  });
}
