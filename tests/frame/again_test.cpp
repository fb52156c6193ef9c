// A frame that was used before, by one thread or two, is as one that is made anew.
#include <catch2/catch.hpp>
#include <random>

#include "frame/support.hpp"
#include "support/at_once.hpp"

using namespace weir;
using namespace weir::test;

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t count) { return random() % count; }

// Files whose later ones have values that the types of the first do not hold.
void write_files(const Folder& folder, Random& random, std::size_t rows) {
  constexpr std::size_t files = 11;
  const std::size_t widened = files - 1 - below(random, 2);
  for (std::size_t f = 0; f < files; ++f) {
    std::string text = "k,n,x,t,d\n";
    for (std::size_t i = 0; i < rows; ++i) {
      const auto number = [&](std::size_t most) { return std::to_string(below(random, most)); };
      text += number(5) + ",";
      text += below(random, 9) == 0 ? "" : f == widened && below(random, 3) == 0 ? "0.5" : number(100);
      text += "," + (below(random, 9) == 0 ? "" : number(50) + ".25") + ",";
      text += below(random, 6) == 0 ? "\"a,\nb\"" : f == 0 ? number(9) : "w" + number(7);
      text += ",2015-03-0" + std::to_string(1 + below(random, 9)) + (f == widened ? " 10:00" : "") + "\n";
    }
    folder.write("f" + std::string(f < 10 ? "0" : "") + std::to_string(f) + ".csv", text);
  }
}

Frame plan(Frame frame, Random random) {
  for (std::size_t steps = 1 + below(random, 4); steps > 0; --steps) {
    const bool has_n = frame.columns() == std::vector<std::string>{"k", "n", "x", "t", "d"};
    switch (below(random, has_n ? 12 : 3)) {
      case 0:
        frame = frame.limit(3 + below(random, 60));
        break;
      case 1:
        frame = frame.dropna();
        break;
      case 2:
        frame = frame.sort_by(frame.columns());
        break;
      case 3:
        frame = frame.filter(col("n") > 30);
        break;
      case 4:
        frame = frame.with("n", col("n") * 2 + 1);
        break;
      case 5:
        frame = frame.group_by("k").agg(sum("n"), mean("x"), max("t"), median("n"), count());
        break;
      case 6:
        frame = frame.filter(col("d") > "2015-03-04");
        break;
      case 7:
        frame = frame.merge(frame.group_by("t").agg(weir::min("n").as("least")), "t");
        break;
      case 8:
        frame = frame.with(cumsum("n"), shift("t"), rolling(3, mean("x")).at_least(1))
                    .select("cumsum_n", "shift_t");
        break;
      case 9:
        frame = frame.select("t", "n").drop_duplicates();
        break;
      case 10:
        frame = concat({frame.filter(col("k") == 1), frame.filter(col("k") != 1)});
        break;
      default:
        frame = frame.group_by("t").nlargest(2, "n");
        break;
    }
  }
  return frame;
}

// Makes the same frame of the same files each time.
auto planned(const Folder& folder, Random& random, const std::string& block) {
  write_files(folder, random, 1 + below(random, 30));
  return [files = folder.path("*.csv"), block, random] {
    return plan(read_csv(files, {.block = block}), random);
  };
}

// What one does with a frame, as text.
std::string use(const Frame& frame, std::size_t which) {
  try {
    switch (which) {
      case 0:
        return csv_of(frame);
      case 1:
        return std::to_string(frame.count_rows()) + " rows";
      case 2:
        static_cast<void>(frame.compute());  // what types the first rows have depends on what was read
        return csv_of(frame.head(3));
      case 3:
        return csv_of(frame.tail(3));
      case 4:
        return csv_of(frame.persist());
      case 5: {
        const std::vector<Table> both = compute(std::vector<Frame>{frame, frame.limit(2)});
        return csv_of(both[0]) + csv_of(both[1]);
      }
      case 6:
        return csv_of(frame.select(frame.columns().front()));
      default:
        return csv_of(frame.agg(count()));
    }
  } catch (const Error& error) {
    const std::string said = error.what();
    const std::size_t task = said.rfind("on worker ");
    return "error " + (task == std::string::npos ? said : said.substr(said.find(": ", task)));
  }
}
constexpr std::size_t uses = 8;

}  // namespace

TEST_CASE("a frame that was used is as a new one, whatever it was used for") {
  const auto seed = static_cast<unsigned>(GENERATE(range(0, 12)));
  INFO("seed " << seed);
  in_cluster([&] {
    Random random(seed);
    const Folder folder;
    const auto made = planned(folder, random, below(random, 2) ? "200" : "16 MiB");
    const Frame used = made();
    for (int i = 0; i < 6; ++i) {
      const std::size_t which = below(random, uses);
      CHECK(use(used, which) == use(made(), which));
    }
  });
}

TEST_CASE("two threads that use one frame at once get what each would alone") {
  const auto seed = static_cast<unsigned>(GENERATE(range(0, 6)));
  INFO("seed " << seed);
  in_cluster([&] {
    Random random(seed);
    const Folder folder;
    const auto made = planned(folder, random, "200");
    const Frame used = made();
    const std::size_t first = below(random, uses), second = below(random, uses);
    const auto [there, here] = at_once([&] { return use(used, first); }, [&] { return use(used, second); });
    CHECK(there == use(made(), first));
    CHECK(here == use(made(), second));
  });
}

TEST_CASE("a frame whose first use failed is as a new one") {
  const Folder folder;
  const std::string path = folder.path("a.csv");
  struct Row {
    std::int64_t a;
  };
  in_cluster([&] {
    folder.write("a.csv", "a,b\n1,2\n3\n4,5\n");
    const Frame bad = read_csv(path);
    const auto said = [](const Frame& frame) { return use(frame, 0); };
    CHECK(said(bad).find("must have 2 fields") != std::string::npos);
    CHECK(said(bad) == said(read_csv(path)));
    CHECK(said(bad.select("b").limit(1)) == said(read_csv(path).select("b").limit(1)));
    folder.write("a.csv", "a,b\n1,2\n3,6\n4,5\n");  // somebody mends it
    CHECK(said(bad) == "a,b\n1,2\n3,6\n4,5\n");
    std::filesystem::remove(path);
    CHECK(said(bad).find("No such file or directory") != std::string::npos);
    folder.write("a.csv", "a,b\n1,2\n3,7\n4,5\n");
    CHECK(said(bad) == "a,b\n1,2\n3,7\n4,5\n");
    const Frame large = from(std::vector<Row>{{INT64_MAX}, {1}}, 2).with("b", col("a") + 1);
    CHECK(said(large).find("weir::Error: a + 1: the result must be a 64-bit integer") != std::string::npos);
    CHECK(said(large.filter(col("a") < 5)) == "a,b\n1,2\n");
    CHECK(said(large).find("must be a 64-bit integer") != std::string::npos);
    CHECK(said(large.select("a")) == "a\n9223372036854775807\n1\n");
  });
}

TEST_CASE("a file that has changed since is read as it was looked at, or refused") {
  const Folder folder;
  const std::string path = folder.path("a.csv");
  const std::string text = "a,b\n1,2\n3,4\n5,6\n";
  in_cluster([&] {
    for (const char* block : {"4", "16 MiB"})
      for (const bool is_used : {false, true}) {
        folder.write("a.csv", text);
        folder.write("none.csv", "a,b\n");
        const Frame frame = read_csv(path, {.block = block}), none = read_csv(folder.path("none.csv"));
        Frame(Table({"a"}, {make_column(std::vector<std::int64_t>{1})})).to_csv(folder.path("c.csv.gz"));
        const Frame packed = read_csv(folder.path("c.csv.gz"));
        if (is_used)
          for (const Frame& one : {frame, none, packed}) static_cast<void>(one.compute());
        // Somebody goes on to write it.
        folder.write("a.csv", text + "7,8\n9,10\n");
        folder.write("none.csv", "a,b\n1,2\n");
        CHECK(use(frame, 0) == text);
        CHECK(use(frame, 1) == "3 rows");
        CHECK(use(none, 0) == "a,b\n");
        CHECK(use(read_csv(path), 1) == "5 rows");
        // Its columns are others.
        folder.write("a.csv", "b,a\n1,2\n3,4\n5,6\n");
        Frame(Table({"b"}, {make_column(std::vector<std::int64_t>{1})})).to_csv(folder.path("c.csv.gz"));
        CHECK(use(frame, 0).find(
                  "read_csv: a file must not get another header while a frame of it is used (got \"" + path +
                  "\"); a new frame has its columns") != std::string::npos);
        CHECK(use(packed, 0).find("another header") != std::string::npos);
        CHECK(use(read_csv(path), 0) == "b,a\n1,2\n3,4\n5,6\n");
        folder.write("a.csv", text.substr(0, 8));
        CHECK(use(frame, 0).find("must not become shorter") != std::string::npos);
        folder.write("a.csv", text);
        CHECK(use(frame, 0) == text);
      }
  });
}

TEST_CASE("a file with a table of what is where is not read by the table of another") {
  const Folder folder;
  const auto two = [](const char* first, const char* second) {
    return Frame(Table({first, second}, {make_column(std::vector<std::int64_t>{1, 2}),
                                         make_column(std::vector<std::int64_t>{3, 4})}));
  };
  in_cluster([&] {
    for (const bool is_used : {false, true}) {
      const std::string arrow = folder.path("a.arrow"), parquet = folder.path("a.parquet");
      two("a", "b").to_arrow(arrow);
      two("a", "b").to_parquet(parquet);
      const Frame of_arrow = read_arrow(arrow), of_parquet = read_parquet(parquet);
      const Frame none = of_parquet.filter(col("a") > 2);  // the statistics say so without reading
      if (is_used)
        for (const Frame& one : {of_arrow, of_parquet, none}) static_cast<void>(one.compute());
      // As long as before, with the columns the other way round.
      two("b", "a").to_arrow(arrow);
      two("b", "a").to_parquet(parquet);
      CHECK(use(of_arrow, 0)
                .find("read_arrow: a file must not be written anew while a frame of it is used "
                      "(got \"" +
                      arrow + "\"); a new frame reads it as it is") != std::string::npos);
      CHECK(use(of_parquet, 0).find("read_parquet: a file must not be written anew") != std::string::npos);
      CHECK(use(none, 0).find("read_parquet: a file must not be written anew") != std::string::npos);
      CHECK(use(read_arrow(arrow), 0) == "b,a\n1,3\n2,4\n");
      CHECK(use(read_parquet(parquet), 0) == "b,a\n1,3\n2,4\n");
      // Once it is again what it was, its frame can be used.
      two("a", "b").to_arrow(arrow);
      CHECK(use(of_arrow, 0) == "a,b\n1,3\n2,4\n");
    }
  });
}

TEST_CASE("the name of a task says what was called: what was read and the last verbs") {
  const Folder folder;
  in_cluster([&] {
    const auto name_of_failed = [&](const auto& use) -> std::string {
      const std::string path = folder.write("gone.csv", "a,b\n1,2\n3,4\n");
      const Frame frame = read_csv(path);
      std::filesystem::remove(path);
      try {
        use(frame);
      } catch (const TaskError& error) {
        const std::string name = error.failure().task_name;  // and its number
        return name.substr(0, name.find_last_of('-'));
      }
      return "no task failed";
    };
    CHECK(name_of_failed([](const Frame& f) { (void)f.compute(); }) == "read_csv");
    CHECK(name_of_failed([](const Frame& f) { (void)f.filter(col("a") > 1).compute(); }) ==
          "read_csv.filter");
    CHECK(name_of_failed([](const Frame& f) {
            (void)f.filter(col("a") > 1).group_by("b").agg(sum("a")).compute();
          }) == "read_csv.filter.group_by");
    CHECK(name_of_failed([](const Frame& f) { (void)f.limit(1).compute(); }) == "read_csv.limit");
    CHECK(name_of_failed([](const Frame& f) {
            (void)f.with("c", col("a") + 1)
                .with("d", col("c"))
                .with("e", col("d"))
                .with("g", col("a"))
                .compute();
          }) == "read_csv...with.with.with");
    CHECK(read_csv(folder.write("there.csv", "a\n1\n")).limit(1).show().find("limit 1") != std::string::npos);
  });
}
