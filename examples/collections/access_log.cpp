// A web server's log: lines as a bag, requests as a frame, what fails and when it was busy.
//
// Run:    ./access_log FOLDER [PATTERN]         (the common log format of Apache and nginx, also .gz)
//         weir run -n 3 ./access_log FOLDER
// Without a pattern it writes a log of its own into the folder.
// Prints: 1990 requests, 10 lines that are none
//         path     requests  failed  megabytes
//         text        int64   int64    float64
//         /            1000      91     10.423
//         /login        500      46     5.2185
//         /search       490      44    5.11001
//         busiest ten minutes: 2015-03-01 00:12:00 (339 requests)
// Shows:  read_text, a function that leaves out what it cannot read, a bag as a frame, resample, rolling,
//         several frames computed at once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <weir/bridge/bag_frame.hpp>
#include <weir/run.hpp>

using weir::col;

namespace {

struct Request {
  std::chrono::sys_time<std::chrono::nanoseconds> when;
  std::string path;
  std::int64_t status = 0, bytes = 0;
};

// 10.0.0.7 - - [01/Mar/2015:10:00:12 +0100] "GET /search HTTP/1.1" 200 5120
Request request_of(const std::string& line) {
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  char month[4] = {}, zone[6] = {}, path[256] = {}, bytes[32] = {};
  long long status = 0;
  const auto time = std::min(line.find('['), line.size());  // names before it may have blanks
  const int read =
      std::sscanf(line.c_str() + time, "[%d/%3s/%d:%d:%d:%d %5[-+0-9]] \"%*s %255s %*[^\"]\" %lld %31s", &day,
                  month, &year, &hour, &minute, &second, zone, path, &status, bytes);
  const std::string months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto place = months.find(month);
  if (read != 10 || place == std::string::npos) throw std::runtime_error("not a request: " + line);
  using namespace std::chrono;
  const sys_days date = std::chrono::year(year) / static_cast<int>(place / 3 + 1) / day;
  const int east = std::atoi(zone);  // of Greenwich: 130 is an hour and a half
  return {date + hours(hour - east / 100) + minutes(minute - east % 100) + seconds(second), path, status,
          std::atoll(bytes)};  // "-" where none were sent
}

void write_log(const std::string& path) {
  std::ofstream file(path);
  const char* paths[] = {"/", "/search", "/", "/login"};
  for (int i = 0; i < 2000; ++i) {
    if (i % 200 == 77) {
      file << "worker restarted\n";
      continue;
    }
    char line[160];
    std::snprintf(line, sizeof line,
                  "10.0.0.%d - - [01/Mar/2015:%02d:%02d:%02d +0000] \"GET %s HTTP/1.1\" %d %d\n", i % 250,
                  i * i / 500'000, i / 34, i % 60, paths[i % 4], i % 11 == 0 ? 500 : 200,
                  1000 + i * 37 % 20'000);
    file << line;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    std::string pattern = argc > 2 ? argv[2] : folder + "/access.log";
    if (argc <= 2) write_log(pattern);

    const auto lines = weir::read_text(pattern, {.block = "64 kB"});
    const auto requests = lines.map(weir::OnError::skip, request_of).persist();
    const auto [all, good] = weir::compute(lines.count(), requests.count());
    std::cout << good << " requests, " << all - good << " lines that are none\n";

    const weir::Frame log = weir::to_frame(requests).with("failed", col("status") >= 400);
    const auto [by_path, busy] = weir::compute(
        log.group_by("path")
            .agg(weir::count().as("requests"), weir::sum("failed").as("failed"), weir::sum("bytes"))
            .with("megabytes", col("sum_bytes") / 1e6)
            .drop("sum_bytes")
            .nlargest(3, "requests"),
        log.resample("1m", "when")
            .agg(weir::count())
            .with(weir::rolling(10, weir::sum("count")).at_least(1).as("ten_minutes"))
            .nlargest(1, "ten_minutes"));
    std::cout << by_path;
    std::cout << "busiest ten minutes: " << busy.column("when").show(0) << " ("
              << busy.column("ten_minutes").show(0) << " requests)\n";
  });
}
