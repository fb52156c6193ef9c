// A year of flights in monthly CSV files: which airports were late, and how far the late ones fly.
//
// Run:    ./flights FOLDER        (threads; writes its files there first)
//         weir run -n 3 ./flights FOLDER   (MPI ranks)
// Prints: city     flights  mean_delay  worst
//         text       int64     float64  int64
//         Boston      1532   27.468668     44
//         Chicago     1048   22.424618     34
//         Atlanta      621   17.399356     24
//         longest late flight: 1998 miles, 3215 km
//         report written: 1 file
// Shows:  read_csv over many files, missing values, an own function of columns, group_by, merge, sort_by,
//         rows as structs, to_csv
#include <cstdio>
#include <fstream>
#include <iostream>

#include <weir/frame.hpp>
#include <weir/run.hpp>

using weir::col;

// Twelve files as an airport office might keep them: cancelled flights have no delay.
void write_months(const std::string& folder) {
  const char* airports[] = {"ATL", "ORD", "BOS"};
  unsigned state = 1;
  for (int month = 1; month <= 12; ++month) {
    char name[32];
    std::snprintf(name, sizeof name, "/2015-%02d.csv", month);
    std::ofstream file(folder + name);
    file << "date,origin,delay,miles,note\n";
    for (int i = 0; i < 500; ++i) {
      state = state * 1664525 + 1013904223;
      const unsigned luck = state >> 16;
      const unsigned airport = luck % 3;
      char day[16];
      std::snprintf(day, sizeof day, "2015-%02d-%02d", month, i % 28 + 1);
      file << day << ',' << airports[airport] << ',';
      if (luck % 11 == 0) file << ',' << luck % 2000 << ",\"cancelled, snow\"\n";
      else file << static_cast<int>(luck % 40 + 10 * airport) - 15 << ',' << luck % 2000 << ",\n";
    }
  }
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    write_months(folder);
    const weir::Frame flights =
        weir::read_csv(folder + "/2015-*.csv", {.types = {{"note", weir::ColumnType::text}}});
    struct Airport {
      std::string code, city;
    };
    const weir::Frame airports =
        weir::from(std::vector<Airport>{{"ATL", "Atlanta"}, {"ORD", "Chicago"}, {"BOS", "Boston"}});

    const weir::Frame late = flights.filter(col("delay") > 10);
    const weir::Frame by_city =
        late.merge(airports, {.left_on = {"origin"}, .right_on = {"code"}})
            .group_by("city")
            .agg(weir::count().as("flights"), weir::mean("delay"), weir::max("delay").as("worst"))
            .sort_by("flights", weir::descending);
    std::cout << by_city.compute();

    const weir::Frame longest =
        late.with("km", [](std::int64_t miles) { return 1.609344 * static_cast<double>(miles); }, {"miles"})
            .nlargest(1, "km");
    struct Row {
      std::int64_t miles;
      double km;
    };
    for (const Row& row : longest.collect<Row>())
      std::printf("longest late flight: %ld miles, %.0f km\n", static_cast<long>(row.miles), row.km);

    const auto written = by_city.to_csv(folder + "/report.csv");
    std::printf("report written: %zu file\n", written.size());
  });
}
