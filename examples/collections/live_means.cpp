// A frame of a stream: readings come in batches, and the mean of the last ten seconds is known at any time.
//
// Run:    ./live_means, or ./live_means 60 for a minute: seen in the browser (WEIR_DASHBOARD=on), and in
//         live_means.json for a plot
// Prints: after 10 batches
//         sensor  mean_value  count
//         text       float64  int64
//         a        22.173077     13
//         b        23.071429     14
//         c        23.923077     13
//         alarms: 61
// Shows:  a frame of a stream of structs: verbs on each batch, groups of a window of time, points for a plot
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <weir/bridge/stream_frame.hpp>
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
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 0;
  return weir::run(argc, argv, [&](weir::Client&) {
    weir::Stream<Reading> source;
    const weir::StreamFrame readings = source.to_frame(20);

    // Those above the limit of their sensor.
    const weir::Frame limits = weir::from(std::vector<Limit>{{"a", 23.5}, {"b", 23.5}, {"c", 24}});
    std::size_t alarms = 0;
    readings.merge(limits, "sensor").filter(col("value") > col("most")).sink([&](const weir::Table& rows) {
      alarms += rows.rows();
    });

    // The means of the last ten seconds.
    const weir::StreamFrame means =
        readings.window("10s", "when").group_by("sensor").agg(weir::mean("value"), weir::count());
    int count = 0;
    means.sink([&](const weir::Table& now) {
      if (++count % 10 == 0) std::cout << "after " << count << " batches\n" << now;
    });
    if (seconds > 0) means.sink_to_points("live_means.json");

    const auto pause = std::chrono::milliseconds(seconds > 0 ? 10 : 0);
    for (int i = 0; i < std::max(200, 100 * seconds); ++i) {
      source.emit(reading(i));
      std::this_thread::sleep_for(pause);
    }
    std::cout << "alarms: " << alarms << '\n';
  });
}
