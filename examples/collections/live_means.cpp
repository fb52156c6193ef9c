// A frame of a stream: readings come in batches, and the mean of the last ten seconds is known at any time.
//
// Run:    ./live_means        (WEIR_DASHBOARD=on shows the stream in the browser while it runs)
// Prints: after 10 batches
//         sensor  mean_value  count
//         text       float64  int64
//         a        22.173077     13
//         b        23.071429     14
//         c        23.923077     13
//         alarms: 61
// Shows:  structs as batches of rows, the verbs of a frame on each batch, running groups of a window of time
#include <iostream>

#include <weir/frame.hpp>
#include <weir/run.hpp>
#include <weir/stream.hpp>

using weir::col;

namespace {

struct Reading {
  std::string sensor;
  std::chrono::sys_time<std::chrono::nanoseconds> when;
  double value = 0;
};
struct Limit {
  std::string sensor;
  double most = 0;
};

Reading reading(int i) {
  using namespace std::chrono;
  const std::string sensor(1, static_cast<char>('a' + i % 3));
  return {sensor, sys_days(2015y / 3 / 1) + milliseconds(250 * i), 20.0 + i % 3 + (i % 17) * 0.25};
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    // Described once, by an example without rows: those above the limit of their sensor.
    const weir::Frame limits = weir::from(std::vector<Limit>{{"a", 23.5}, {"b", 23.5}, {"c", 24}});
    const weir::Frame alarms =
        weir::from(std::vector<Reading>{}).merge(limits, "sensor").filter(col("value") > col("most"));

    weir::Stream<Reading> source;
    const auto batches =
        source.partition(20).map([](const std::vector<Reading>& rows) { return weir::table_of(rows); });
    std::size_t alarmed = 0;
    batches.sink([&](const weir::Table& batch) { alarmed += alarms.applied(batch).rows(); });

    int count = 0;
    const weir::RunningGroups empty({"sensor"}, {weir::mean("value"), weir::count()},
                                    weir::Last{.time = "10s", .column = "when"});
    batches
        .accumulate([](weir::RunningGroups groups, const weir::Table& batch) { return groups.add(batch); },
                    empty)
        .sink([&](const weir::RunningGroups& groups) {
          if (++count % 10 == 0) std::cout << "after " << count << " batches\n" << groups.result();
        });
    for (int i = 0; i < 200; ++i) source.emit(reading(i));
    std::cout << "alarms: " << alarmed << '\n';
  });
}
