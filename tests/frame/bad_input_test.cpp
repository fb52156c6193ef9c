// What users give by mistake, and what they are told.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Pair {
  std::int64_t a = 0;
  std::string b;
};
struct WrongType {
  std::int64_t a = 0, b = 0;
};
struct WrongName {
  std::int64_t aa = 0;
};

// What reading a file of this text says, or its rows as CSV; the file is called "f".
std::string read_as(const Folder& folder, const std::string& text, const ReadCsv& options = {},
                    const std::string& name = "f.csv") {
  const std::string path = folder.write(name, text);
  std::string said;
  try {
    said = csv_of(read_csv(path, options));
  } catch (const Error& error) {
    said = error.what();
  }
  for (std::size_t at = said.find(path); at != std::string::npos; at = said.find(path))
    said.replace(at, path.size(), "f");
  return said;
}

}  // namespace

TEST_CASE("files that are not what they should be are named") {
  const Folder folder;
  in_cluster([&] {
    const std::string way_out = "; .on_error = OnError::skip leaves such lines out";
    CHECK(read_as(folder, "") ==
          "read_csv: a file must have a header (\"f\" is empty); names gives the columns");
    CHECK(read_as(folder, "a,b\n") == "a,b\n");
    CHECK(read_as(folder, "a,b\n1,2,3\n") ==
          "read_csv: f:2: a line must have 2 fields (got 3: \"1,2,3\")" + way_out);
    CHECK(read_as(folder, "a,b\n1\n2,3\n") ==
          "read_csv: f:2: a line must have 2 fields (got 1: \"1\")" + way_out);
    CHECK(read_as(folder, "a,b\n1\n2,3\n", {.on_error = OnError::skip}) == "a,b\n2,3\n");
    CHECK(read_as(folder, "a,b\n1,\"x\n2,y\n") ==
          "read_csv: f:2: a quote must be closed (got \"1,\"x\")" + way_out);
    CHECK(read_as(folder, "a,b\n1,\"x\n2,y\n", {.on_error = OnError::skip}) == "a,b\n2,y\n");
    CHECK(read_as(folder, std::string("a,b\n1,x\0y\n2,\xff\n", 14)) ==
          std::string("a,b\n1,x\0y\n2,\xff\n", 14));
    CHECK(read_as(folder, "a,a,b,\n1,2,3,4\n") == "a,a.1,b,c3\n1,2,3,4\n");
    CHECK(read_as(folder, "PAR1....PAR1") ==
          "read_csv: a file must be text (got \"f\", a Parquet file); read_parquet reads it");
    Frame(Table({"a"}, {make_column(std::vector<std::int64_t>(2000, 7))})).to_csv(folder.path("g.csv.gz"));
    const std::string packed = text_of(folder.path("g.csv.gz"));
    CHECK(read_as(folder, packed.substr(0, packed.size() - 12), {}, "f.csv.gz") ==
          "read_csv: 'f' is broken at byte " + std::to_string(packed.size() - 12) +
              ": the file ends inside a gzip member");
    CHECK(sentence_of([&] { return read_csv(folder.path("no-*.csv")); }) ==
          "read_csv: a pattern must match at least one file (got '" + folder.path("no-*.csv") +
              "', which matches none); it is looked for from the program's working directory");
    CHECK(read_as(folder, "a,b\r1,2\r") ==
          "read_csv: lines must end with a line feed (got \"f\", whose lines end with a carriage return "
          "alone); "
          "tr '\\r' '\\n' converts it");
    CHECK(read_as(folder, std::string("\xFF\xFE"
                                      "a\0\n\0",
                                      6)) ==
          "read_csv: a file must be UTF-8 (got \"f\", which is UTF-16); iconv converts it");
    CHECK(read_as(folder, "a\n1e400\n-1e400\n1e-400\n") == "a\ninf\n-inf\n0.0\n");
    CHECK(read_as(folder, "a,b\n1," + std::string(3'000'000, 'y') + "\n2,z\n", {.block = "100 kB"}).size() ==
          3'000'011);
    folder.write("d1.csv", "a,b\n1,2\n");
    folder.write("d2.csv", "a,c\n1,2\n");
    CHECK(sentence_of([&] { return read_csv(folder.path("d?.csv")); }) ==
          "read_csv: files must have the same columns (got a, b in \"" + folder.path("d1.csv") +
              "\", a, c in \"" + folder.path("d2.csv") + "\")");
    std::filesystem::create_directory(folder.path("inside"));
    CHECK(sentence_of([&] { return read_csv(folder.path("inside")); }) ==
          "read_csv: a file must be a regular one (got '" + folder.path("inside") +
              "', which is a directory); its files are '" + folder.path("inside") + "/*'");
    CHECK(sentence_of([&] { return read_csv(folder.path("no.csv")); }) ==
          "read_csv: a file must be there and readable (got '" + folder.path("no.csv") +
              "': No such file or directory)");
    CHECK(sentence_of([&] { return from(std::vector<Pair>{}).to_parquet(folder.path("no/a.parquet")); }) ==
          "to_parquet: '" + folder.path("no/a.parquet") +
              "' could not be written: No such file or directory");
  });
}

TEST_CASE("options that contradict each other and headers that do not end are named") {
  const Folder folder;
  in_cluster([&] {
    const std::string text = "a,b\n1,2\n";
    CHECK(read_as(folder, "a,\"b\n1,2\n") ==
          "read_csv: a quote of the header must be closed (got \"a,\"b\" in \"f\")");
    CHECK(read_as(folder, text, {.sep = '\n'}) == "read_csv: sep must not be a line end");
    CHECK(read_as(folder, text, {.sep = ',', .decimal = ','}) ==
          "read_csv: sep and decimal must differ (got \",\" for both)");
    CHECK(read_as(folder, text, {.decimal = ',', .thousands = ','}) ==
          "read_csv: decimal and thousands must differ (got \",\" for both)");
    for (const char* block : {"0", "x", "-1 MB"})
      CHECK(read_as(folder, text, {.block = block}) ==
            "read_csv: .block must be a number of bytes such as \"16 MiB\" (got \"" + std::string(block) +
                "\")");
    CHECK(read_as(folder, text, {.types = {{"a", ColumnType::int64}, {"a", ColumnType::text}}}) ==
          "read_csv: types: a column must have one type (got \"a\" twice)");
    CHECK(
        read_as(folder, text, {.types = {{"a", ColumnType::datetime}}, .dates = {"b", "a"}}) ==
        "read_csv: types: a column must not be in dates too (got \"a\"); whether days or times are in it is "
        "found out");
    const std::string stars = folder.path("*-*.csv");
    CHECK(sentence_of([&] { return from(std::vector<Pair>{}).to_csv(stars); }) ==
          "to_csv: the path must have one *, which becomes the number of a partition (got \"" + stars +
              "\")");
  });
}

TEST_CASE("days beyond the years of times keep their parts, and are missing as times") {
  const Folder folder;
  const std::string path = folder.write("d.csv", "d\n9999-12-31\n1066-10-14\n2015-03-01\n");
  in_cluster([&] {
    const Frame days = read_csv(path, {.types = {{"d", ColumnType::date}}});
    CHECK(csv_of(days.with("y", col("d").date().year())
                     .with("m", col("d").date().month())
                     .with("day", col("d").date().day())
                     .with("w", col("d").date().weekday())
                     .with("h", col("d").date().hour())) ==
          "d,y,m,day,w,h\n9999-12-31,9999,12,31,4,0\n1066-10-14,1066,10,14,6,0\n2015-03-01,2015,3,1,6,0\n");
    CHECK(csv_of(days.astype("d", ColumnType::datetime).dropna()) == "d\n2015-03-01 00:00:00\n");
  });
}

TEST_CASE("values that a type does not hold make it wider, or are named if it was stated") {
  const Folder folder;
  in_cluster([&] {
    const std::string way_out = "; .on_error = OnError::skip leaves such lines out";
    const std::string large = "a\n99999999999999999999\n1\n", days = "d\n2015-02-29\n2015-03-01\n";
    CHECK(read_as(folder, large) == "a\n1e+20\n1.0\n");
    CHECK(read_as(folder, large, {.types = {{"a", ColumnType::int64}}}) ==
          "read_csv: f:2:a: a value must have the type stated, int64 (got \"99999999999999999999\")" +
              way_out);
    CHECK(read_as(folder, days) == days);
    CHECK(read_as(folder, days, {.types = {{"d", ColumnType::date}}}) ==
          "read_csv: f:2:d: a value must have the type stated, date (got \"2015-02-29\")" + way_out);
    CHECK(read_as(folder, days, {.types = {{"d", ColumnType::date}}, .on_error = OnError::skip}) ==
          "d\n2015-03-01\n");
    CHECK(read_as(folder, days, {.types = {{"z", ColumnType::date}}}) ==
          "read_csv: types: there must be a column of that name (got \"z\"); the columns are: d");
  });
}

TEST_CASE("verbs, structs and joins that do not fit are named before anything runs") {
  in_cluster([] {
    const Frame pairs = from(std::vector<Pair>{{1, "x"}, {2, "y"}});
    CHECK(sentence_of([&] { return pairs.collect<WrongType>(); }) ==
          "collect: \"b\" must be read as text, the type of its column (got int64); astype converts it");
    CHECK(sentence_of([&] { return pairs.collect<WrongName>(); }) ==
          "collect: there must be a column of that name (got \"aa\"); did you mean \"a\"? The columns are: "
          "a, b");
    CHECK(sentence_of([&] {
            return pairs.merge(pairs.rename({{"a", "k"}, {"b", "a"}}), "a");
          }) ==
          "merge: keys must have types that can be equal (got int64 of \"a\" and text of \"a\"); astype "
          "converts "
          "them");
    CHECK(sentence_of([&] { return pairs.agg(sum("b")); }) ==
          "sum: the values must be numbers (got text from b); astype converts them");
    CHECK(csv_of(pairs.with("q", col("a") / 0).with("m", col("a") % 0).drop("b")) ==
          "a,q,m\n1,inf,\n2,inf,\n");
    const Frame none = pairs.filter(col("a") > 5);
    CHECK(csv_of(none.group_by("b").agg(sum("a"), median("a"))) == "b,sum_a,median_a\n");
    CHECK(csv_of(none.agg(sum("a"), mean("a"), min("a"), median("a"), count())) ==
          "sum_a,mean_a,min_a,median_a,count\n0,,,,0\n");
    const Frame missing(Table({"b"}, {make_column(std::vector<std::optional<double>>(2))}));
    CHECK(csv_of(missing.agg(sum("b"), mean("b"), max("b"), stddev("b"), nunique("b"))) ==
          "sum_b,mean_b,max_b,std_b,nunique_b\n0.0,,,,0\n");
  });
}

TEST_CASE("a file that is written anew while it is read is no shorter file") {
  const Folder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 1000; ++i) text += "1,2\n";
  const std::string path = folder.write("a.csv", text);
  in_cluster([&] {
    const Frame frame = read_csv(path, {.block = "1 kB"});
    folder.write("a.csv", "a,b\n1,2\n");
    CHECK(sentence_of([&] { return frame.agg(sum("b")).compute(); })
              .find("read_csv: a file must not become shorter while it is read (got '" + path +
                    "' of 8 bytes, which had ") != std::string::npos);
  });
}

TEST_CASE("a column without any value is read as members of any type that may be missing") {
  struct Row {
    std::optional<std::string> name;
    std::int64_t n;
    std::optional<std::chrono::sys_days> day;
  };
  struct Text {
    std::string name;
  };
  const Folder folder;
  const std::string some = folder.write("some.csv", "name,n,day\n,1,\n,2,\n");
  const std::string none = folder.write("none.csv", "name,n,day\n");
  in_cluster([&] {
    const std::vector<Row> rows = read_csv(some).collect<Row>();
    REQUIRE(rows.size() == 2);
    CHECK((!rows[1].name && rows[1].n == 2 && !rows[1].day));
    CHECK(read_csv(none).collect<Row>().empty());
    CHECK(read_csv(none).collect<Text>().empty());
    CHECK(sentence_of([&] { return read_csv(some).collect<Text>(); }) ==
          "collect: \"name\" must be read as float64, the type of its column (got text); astype converts it");
    CHECK(sentence_of([&] { return read_csv(folder.write("t.csv", "t,n\nx,1\n")).corr("t", "n"); }) ==
          "corr: the columns must be of numbers (got text of \"t\"); astype converts them");
  });
}

TEST_CASE("lines that are skipped are counted and listed, once") {
  const Folder folder;
  std::string text = "# made up\na,b\n";
  for (int i = 0; i < 3000; ++i) text += i % 1000 == 500 ? "1,2,3\n" : i % 1000 == 700 ? "x,1\n" : "1,2\n";
  const std::string first = folder.write("1.csv", text + "9,\"u\n5,\"v\"w\n");
  const std::string second = folder.write("2.csv", "a,b\n7\n");
  in_cluster([&] {
    const BadLines bad;
    CHECK((bad.count() == 0 && bad.table().rows() == 0));
    const Frame frame = read_csv(folder.path("*.csv"), {.comment = '#',
                                                        .types = {{"a", ColumnType::int64}},
                                                        .on_error = OnError::skip,
                                                        .block = "2 kB",
                                                        .bad_lines = bad});
    for (int again = 0; again < 2; ++again) {
      CHECK(frame.count_rows() == 2994);
      CHECK(frame.agg(sum("a")).compute().column("sum_a").int64s()[0] == 2994);
      CHECK(bad.count() == 9);
    }
    std::string listed = csv_of(bad.table());
    for (const std::string& path : {first, second})
      for (std::size_t at = listed.find(path); at != std::string::npos; at = listed.find(path))
        listed.replace(at, path.size(), path.substr(path.size() - 5));
    CHECK(
        listed ==
        "file,line,reason,text\n"
        "1.csv,503,\"a line must have 2 fields (got 3: \"\"1,2,3\"\")\",\"1,2,3\"\n"
        "1.csv,703,\"a: a value must have the type stated, int64 (got \"\"x\"\")\",x\n"
        "1.csv,1503,\"a line must have 2 fields (got 3: \"\"1,2,3\"\")\",\"1,2,3\"\n"
        "1.csv,1703,\"a: a value must have the type stated, int64 (got \"\"x\"\")\",x\n"
        "1.csv,2503,\"a line must have 2 fields (got 3: \"\"1,2,3\"\")\",\"1,2,3\"\n"
        "1.csv,2703,\"a: a value must have the type stated, int64 (got \"\"x\"\")\",x\n"
        "1.csv,3003,\"a separator must follow a closing quote (got \"\"9,\"\"u\"\")\",\"9,\"\"u\"\n"
        "1.csv,3004,\"a separator must follow a closing quote (got \"\"5,\"\"v\"\"w\"\")\",\"5,\"\"v\"\"w\"\n"
        "2.csv,2,\"a line must have 2 fields (got 1: \"\"7\"\")\",7\n");
    std::string many = "a,b\n";
    for (int i = 0; i < 1000; ++i) many += "1\n";
    const BadLines more;
    CHECK(read_csv(folder.write("many.csv", many), {.on_error = OnError::skip, .bad_lines = more})
              .count_rows() == 0);
    CHECK((more.count() == 1000 && more.table().rows() == 100));
  });
}

TEST_CASE("columns in dates are of days or times, or an error") {
  const Folder folder;
  in_cluster([&] {
    const std::string way_out = "; .on_error = OnError::skip leaves such lines out";
    CHECK(read_as(folder, "a,d\n1,2015-02-28\n2,2015-02-30\n", {.dates = {"d"}}) ==
          "read_csv: f:3:d: a value must be a day or a time (got \"2015-02-30\")" + way_out);
    CHECK(read_as(folder, "a,d\n1,2015-02-28\n2,2015-02-30\n", {.dates = {"d"}, .on_error = OnError::skip}) ==
          "a,d\n1,2015-02-28\n");
    CHECK(read_as(folder, "d\n2015-02-28\nNA\n2015-02-28 12:00:00\n", {.dates = {"d"}}) ==
          "d\n2015-02-28 00:00:00\n\"\"\n2015-02-28 12:00:00\n");
    CHECK(read_as(folder, "d\n2015-02-28 12:00:00\nnoon\n", {.dates = {"d"}}) ==
          "read_csv: f:3:d: a value must be a day or a time (got \"noon\")" + way_out);
    CHECK(read_as(folder, "d\n7\n", {.dates = {"d"}}) ==
          "read_csv: f:2:d: a value must be a day or a time (got \"7\")" + way_out);
    CHECK(read_as(folder, "d\n28/02/2015\n", {.date_format = "%d/%m/%Y"}) ==
          "read_csv: date_format must have columns in dates that are written so (got none)");
  });
}

TEST_CASE("a pipe is written to and stays; a directory is no file") {
  const Folder folder;
  const std::string pipe = folder.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  in_cluster([&] {
    const Frame pairs = from(std::vector<Pair>{{1, "x"}});
    const auto piped = [&](auto write) {
      std::string read;
      std::thread reader([&] { read = text_of(pipe); });
      write();
      reader.join();
      return read;
    };
    CHECK(piped([&] { return pairs.to_csv(pipe); }) == "a,b\n1,x\n");
    CHECK(piped([&] { return pairs.to_parquet(pipe); }).substr(0, 4) == "PAR1");
    CHECK(piped([&] { return pairs.to_arrow(pipe); }).substr(0, 6) == "ARROW1");
    CHECK(sentence_of([&] { return pairs.to_csv(folder.path("")); }) ==
          "to_csv: '" + folder.path("") + "' could not be written: Is a directory");
    CHECK(std::filesystem::is_fifo(pipe));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path("")), {}) == 1);
  });
}

TEST_CASE("a name that differs in upper and lower case alone is the one that is meant") {
  const Frame pairs = from(std::vector<Pair>{{1, "x"}});
  CHECK(sentence_of([&] { return pairs.select("B"); }) ==
        "select: there must be a column of that name (got \"B\"); did you mean \"b\"? The columns are: a, b");
}

TEST_CASE("who has planned with a type that a later value does not have is told of the value") {
  const Folder folder;
  for (int f = 0; f < 10; ++f)
    folder.write(std::to_string(f) + ".csv", f == 9 ? "a,n\n1,2\n3,n/k\n" : "a,n\n1,2\n");
  in_cluster([&] {
    const Frame frame = read_csv(folder.path("*.csv"));
    const Frame total = frame.agg(sum("n"));
    const std::string why = "; \"n\" is text because of " + folder.path("9.csv") + ":3: \"n/k\"";
    for (int again = 0; again < 2; ++again)
      CHECK(sentence_of([&] { return total.compute(); }) ==
            "sum: the values must be numbers (got text from n); astype converts them" + why);
    CHECK(sentence_of([&] { return frame.filter(col("n") > 1).compute(); }).ends_with(why));
    CHECK(frame.agg(sum("a")).compute().column("sum_a").int64s()[0] == 13);
  });
}
