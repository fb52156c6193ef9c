// Questions of h2o.ai's db-benchmark on its table G1, which is written as CSV first.
//   frames make FILE [--rows N]      default 10,000,000 (0.5 GB)
//   frames read FILE                 prints csv_gb_per_s and the seconds of each question
//   frames joins ROWS [FOLDER]       the seconds of its joins, and their tables as CSV files
//   frames brc FILE [--rows N]       the least, mean and greatest of a billion rows, or of less (10,000,000),
//                                    which are written first; prints brc_gb_per_s
//   frames outofcore FILE FOLDER     filter, group_by, merge and sort_by of more than fits into memory, whose
//                                    rows are written to the folder; prints the seconds and the peak of
//                                    memory
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "report.hpp"
#include "weir/frame.hpp"
#include "weir/run.hpp"

namespace {

using weir::col;
using weir::Frame;

// Rows of a partition of G1: K = 100 groups, of which some columns have rows / K.
std::string rows_of(std::int64_t first, std::int64_t count, std::int64_t all) {
  constexpr std::int64_t groups = 100;
  std::uint64_t state = static_cast<std::uint64_t>(first) * 0x9E3779B97F4A7C15 + 1;
  const auto below = [&](std::int64_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::int64_t>((state >> 33) % static_cast<std::uint64_t>(limit)) + 1;
  };
  std::string text;
  char line[160];
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t many = std::max<std::int64_t>(1, all / groups);
    std::snprintf(line, sizeof line, "id%03ld,id%03ld,id%010ld,%ld,%ld,%ld,%ld,%ld,%.6f\n", below(groups),
                  below(groups), below(many), below(groups), below(groups), below(many), below(5), below(15),
                  static_cast<double>(below(100'000'000)) / 1e6);
    text += line;
  }
  return text;
}

int make(const char* path, std::int64_t rows) {
  std::FILE* file = std::fopen(path, "w");
  if (!file) return 1;
  std::fputs("id1,id2,id3,id4,id5,id6,v1,v2,v3\n", file);
  constexpr std::int64_t step = 100'000;
  for (std::int64_t at = 0; at < rows; at += step) {
    const std::string text = rows_of(at, std::min(step, rows - at), rows);
    std::fwrite(text.data(), 1, text.size(), file);
  }
  return std::fclose(file);
}

void time(const char* name, const std::function<Frame()>& question) {
  double best = 1e9;
  for (int i = 0; i < 2; ++i) {
    const auto start = bench::Clock::now();
    (void)question().compute();
    best = std::min(best, bench::seconds_since(start));
  }
  bench::print(name, best);
}

void ask(const Frame& x) {
  using namespace weir;
  time("frame_q1_s", [&] { return x.group_by("id1").agg(sum("v1")); });
  time("frame_q2_s", [&] { return x.group_by("id1", "id2").agg(sum("v1")); });
  time("frame_q3_s", [&] { return x.group_by("id3").agg(sum("v1"), mean("v3")); });
  time("frame_q4_s", [&] { return x.group_by("id4").agg(mean("v1"), mean("v2"), mean("v3")); });
  time("frame_q5_s", [&] { return x.group_by("id6").agg(sum("v1"), sum("v2"), sum("v3")); });
  time("frame_q6_s", [&] { return x.group_by("id4", "id5").agg(median("v3"), stddev("v3")); });
  time("frame_q7_s", [&] {
    return x.group_by("id3").agg(max("v1"), min("v2")).with("range", col("max_v1") - col("min_v2"));
  });
  time("frame_q8_s", [&] { return x.group_by("id6").nlargest(2, "v3").select("id6", "v3"); });
  time("frame_q9_s", [&] {
    const auto sum_of = [](const Expression& value, const char* name) {
      return aggregate(Aggregate::Kind::sum, value.astype(ColumnType::float64)).as(name);
    };
    const auto n = col("count"), a = col("a"), b = col("b");
    const auto r = (n * col("ab") - a * b) / ((n * col("aa") - a * a) * (n * col("bb") - b * b)).sqrt();
    return x.group_by("id2", "id4")
        .agg(count(), sum_of(col("v1"), "a"), sum_of(col("v2"), "b"), sum_of(col("v1") * col("v2"), "ab"),
             sum_of(col("v1") * col("v1"), "aa"), sum_of(col("v2") * col("v2"), "bb"))
        .with("r2", r * r)
        .select("id2", "id4", "r2");
  });
  time("frame_q10_s",
       [&] { return x.group_by("id1", "id2", "id3", "id4", "id5", "id6").agg(sum("v3"), count()); });
}

// Tables of db-benchmark's joins: keys of N / 1e6, N / 1e3 and N values, a tenth of them on one side only.
Frame join_table(std::int64_t rows, std::int64_t all, std::int64_t first_key, const char* value) {
  const std::int64_t sizes[] = {std::max<std::int64_t>(all / 1'000'000, 10),
                                std::max<std::int64_t>(all / 1000, 10), all};
  std::uint64_t state = static_cast<std::uint64_t>(rows + first_key) * 0x9E3779B97F4A7C15 + 1;
  std::vector<std::vector<std::int64_t>> keys(3);
  std::vector<std::string> text;
  std::vector<double> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      // The key that has as many values as the table has rows is there once.
      const std::int64_t key =
          sizes[k] == rows ? i * 7919 % rows
                           : static_cast<std::int64_t>((state >> 33) % static_cast<std::uint64_t>(sizes[k]));
      keys[k].push_back(key + first_key * sizes[k] / 10);
    }
    text.push_back("id" + std::to_string(keys[1].back()));
    values.push_back(static_cast<double>(state >> 40) / 1e4);
  }
  return Frame(weir::Table({"id1", "id2", "id3", "id5", value},
                           {weir::make_column(keys[0]), weir::make_column(keys[1]),
                            weir::make_column(keys[2]), weir::make_column(text), weir::make_column(values)}),
               rows > 100'000 ? 8 : 1);
}

// The tables as CSV files, for peers, and what is asked of them.
void ask_joins(std::int64_t rows, const std::string& folder) {
  using namespace weir;
  const Frame x = join_table(rows, rows, 0, "v1").persist();
  const auto unique = [](const Frame& frame, const char* key) { return frame.drop_duplicates({key}); };
  const Frame small =
      unique(join_table(std::max<std::int64_t>(rows / 1'000'000, 10), rows, 1, "v2"), "id1").persist();
  const Frame medium =
      unique(join_table(std::max<std::int64_t>(rows / 1000, 10), rows, 1, "v2"), "id2").persist();
  const Frame big = join_table(rows, rows, 1, "v2").persist();
  if (!folder.empty()) {
    x.to_csv(folder + "/x.csv");
    small.to_csv(folder + "/small.csv");
    medium.to_csv(folder + "/medium.csv");
    big.to_csv(folder + "/big.csv");
  }
  const auto joined = [&](const char* name, const Frame& right, const char* key, Join how) {
    time(name, [&] { return x.merge(right.select(key, "v2"), key, how).agg(sum("v1"), sum("v2"), count()); });
  };
  joined("frame_j1_s", small, "id1", Join::inner);
  joined("frame_j2_s", medium, "id2", Join::inner);
  joined("frame_j3_s", medium, "id2", Join::left);
  joined("frame_j4_s", medium, "id5", Join::inner);
  joined("frame_j5_s", big, "id3", Join::inner);
}

// "station;temperature" lines, as the one billion row challenge has them: 413 stations, one digit.
void make_measurements(const std::string& path, std::int64_t rows) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (!file) throw std::runtime_error("a file must be writable (got " + path + ")");
  std::uint64_t state = 1;
  std::string text;
  for (std::int64_t i = 0; i < rows; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t luck = state >> 33;
    const auto tenths = static_cast<std::int64_t>(luck / 413 % 1998) - 999;
    text += "Station " + std::to_string(luck % 413) + (tenths < 0 ? ";-" : ";") +
            std::to_string(std::abs(tenths) / 10) + "." + std::to_string(std::abs(tenths) % 10) + "\n";
    if (text.size() < (1 << 20) && i + 1 < rows) continue;
    std::fwrite(text.data(), 1, text.size(), file);
    text.clear();
  }
  std::fclose(file);
}

void ask_measurements(const std::string& path, std::int64_t rows) {
  using namespace weir;
  make_measurements(path, rows);
  double best = 1e9;
  for (int i = 0; i < 2; ++i) {
    const auto start = bench::Clock::now();
    const Table stations = read_csv(path, {.sep = ';', .header = false, .names = {"station", "degrees"}})
                               .group_by("station")
                               .agg(min("degrees"), mean("degrees"), max("degrees"))
                               .compute();
    if (stations.rows() != 413) throw std::runtime_error("there must be 413 stations");
    best = std::min(best, bench::seconds_since(start));
  }
  bench::print("brc_gb_per_s", static_cast<double>(std::filesystem::file_size(path)) / best / 1e9);
}

// The most memory this process ever had. **Units.** MB.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1000;
  return 0;
}

// Every row of a large file is grouped, joined with its group and sorted; nothing of it fits into memory.
void outofcore(weir::Client& client, const std::string& path, const std::string& folder) {
  using namespace weir;
  const auto start = bench::Clock::now();
  auto step = start;
  const auto done = [&](const char* name) {
    bench::print(name, bench::seconds_since(step));
    step = bench::Clock::now();
  };
  const Frame x = read_csv(path).filter(col("v2") > 1);
  bench::print("groups", static_cast<double>(x.group_by("id3").agg(mean("v3"), count()).count_rows()));
  done("group_s");
  const Frame means = x.group_by("id6").agg(mean("v3"));
  const Table joined = x.merge(means, "id6").agg(sum("mean_v3"), sum("v3"), count()).compute();
  bench::print("joined_rows", static_cast<double>(joined.column("count").int64s()[0]));
  done("merge_s");
  bench::print("files", static_cast<double>(x.sort_by("v3").to_csv(folder + "/sorted-*.csv").size()));
  done("sort_s");
  bench::print("frame_outofcore_s", bench::seconds_since(start));
  double peak = 0;
  for (auto& worker : client.run_on_workers(peak_mb)) peak = std::max(peak, worker.result());
  bench::print("peak_mb", peak);
  bench::print("peak_scheduler_mb", peak_mb());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "make")
    return make(argv[2], bench::option(argc, argv, "--rows", 10'000'000));
  return weir::run(argc, argv, [&](weir::Client& client) {
    const std::string path = argv[2];
    if (std::string_view(argv[1]) == "joins") return ask_joins(std::stoll(path), argc > 3 ? argv[3] : "");
    if (std::string_view(argv[1]) == "brc")
      return ask_measurements(path, bench::option(argc, argv, "--rows", 10'000'000));
    if (std::string_view(argv[1]) == "outofcore") return outofcore(client, path, argv[3]);
    double best = 1e9;
    Frame x;
    for (int i = 0; i < 2; ++i) {
      x = {};
      const auto start = bench::Clock::now();
      x = weir::read_csv(path).persist();
      best = std::min(best, bench::seconds_since(start));
    }
    bench::print("csv_s", best);
    bench::print("csv_gb_per_s", static_cast<double>(std::filesystem::file_size(path)) / best / 1e9);
    ask(x);
  });
}
