// CSV files: types, missing values, quotes, cuts, and everything that may be wrong with them.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <thread>

#include "frame/columns/cell.hpp"
#include "frame/columns/short_number.hpp"
#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

std::string types_of(const std::string& text, const ReadCsv& options = {}) {
  const Folder folder;
  return to_text(read_csv(folder.write("a.csv", text), options).compute().schema());
}
std::string read_back(const std::string& text, const ReadCsv& options = {}) {
  const Folder folder;
  return csv_of(read_csv(folder.write("a.csv", text), options));
}

}  // namespace

TEST_CASE("columns have the least type that holds every value") {
  in_cluster([] {
    CHECK(types_of("a,b,c,d,e,f\n1,1.5,true,x,2015-03-01,2015-03-01 10:00\n2,2,False,3,,2015-03-02\n") ==
          "a int64, b float64, c bool, d text, e date, f datetime");
    CHECK(types_of("zip,long,mixed,none,wide\n007,99999999999999999999,1,,1\n1,1,true,NA,2015-01-01\n") ==
          "zip text, long float64, mixed text, none float64, wide text");
    CHECK(types_of("a\n-5\n+6\n") == "a int64");
    CHECK(types_of("a,b\n0,-0.5\n10,1e-3\n") == "a int64, b float64");
    CHECK(types_of("a\n2015-02-29\n") == "a text");
    CHECK(types_of("a\n12\n", {.types = {{"a", ColumnType::text}}}) == "a text");
  });
}

TEST_CASE("missing values are missing in every type, and NA is a country in text") {
  in_cluster([] {
    CHECK(read_back("n,x,country,b,d\n1,NA,NA,true,2015-01-01\nNA,2.5,,NA,null\n,nan,\"\",,\n,,DE,,\n") ==
          "n,x,country,b,d\n1,,NA,true,2015-01-01\n,2.5,,,\n,,\"\",,\n,,DE,,\n");
    CHECK(read_back("a,b\n-,x\n1,-\n", {.na_values = {"-"}}) == "a,b\n,x\n1,\n");
    const Folder files;
    for (const char* name : {"a.csv", "d.csv"}) static_cast<void>(files.write(name, "\n\r\n"));
    static_cast<void>(files.write("b.csv", "1,x\n"));
    static_cast<void>(files.write("c.csv", ""));
    static_cast<void>(files.write("e.csv", "1,x\n2,y\n"));
    CHECK(csv_of(read_csv(files.path("*.csv"), {.header = false})) == "c0,c1\n1,x\n1,x\n2,y\n");
    CHECK(csv_of(read_csv(files.path("*.csv"))) == "1,x\n2,y\n");
    // Words that could be values.
    CHECK(read_back("a,b,c\n-999,1.5,-999\n1,-999,x\n2,-999.0,\"-999\"\n", {.na_values = {"-999"}}) ==
          "a,b,c\n,1.5,\n1,,x\n2,,-999\n");
    CHECK(read_back("a,b,c\ntrue,1900-01-01,1900-01-01 00:00:00\nfalse,2015-01-01,2015-01-01 01:00\n",
                    {.na_values = {"false", "1900-01-01", "1900-01-01 00:00:00"}}) ==
          "a,b,c\ntrue,,\n,2015-01-01,2015-01-01 01:00:00\n");
    CHECK(read_back("a,b\n0,inf\n1,2.5\n0,-inf\n", {.na_values = {"0", "inf"}}) == "a,b\n,\n1,2.5\n,-inf\n");
    CHECK(read_back("a\n9999\n2015-01-01\n", {.na_values = {"9999"}}) == "a\n\"\"\n2015-01-01\n");
    CHECK(read_back("a\n-999\n-999.0\n7\n", {.types = {{"a", ColumnType::float64}}, .na_values = {"-999"}}) ==
          "a\n\"\"\n\"\"\n7.0\n");
    const Folder folder;
    const Table table = read_csv(folder.write("a.csv", "a\n1\nNA\n3\n")).compute();
    CHECK(table.column("a").type() == ColumnType::int64);
    CHECK(table.column("a").to<std::optional<std::int64_t>>() ==
          std::vector<std::optional<std::int64_t>>{1, std::nullopt, 3});
  });
}

TEST_CASE("a frame that was read once before it was known to be wider gives what a new one gives") {
  const Folder folder;
  const auto write = [&](const std::string& name, const std::string& last) {
    std::string text = "a,b\n";
    for (int i = 0; i < 60'000; ++i) text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
    return folder.write(name, text + last + ",7\n");
  };
  using Verb = std::function<Table(const Frame&)>;
  const std::vector<Verb> verbs = {
      [](const Frame& f) { return f.compute(); },
      [](const Frame& f) { return f.filter(col("b") > 3).tail(3); },
      [](const Frame& f) { return f.with("z", col("b") + 1).tail(2); },
      [](const Frame& f) { return f.agg(max("a"), count("a")).compute(); },
      [](const Frame& f) { return f.dropna().tail(2); },
      [](const Frame& f) { return f.sort_by("a", descending).head(2); },
      [](const Frame& f) { return f.merge(f.filter(col("b") == 7), {.on = {"a"}}).compute(); },
      [](const Frame& f) { return f.persist().tail(2); },
      [&](const Frame& f) {
        static_cast<void>(f.to_parquet(folder.path("out.parquet")));
        return read_parquet(folder.path("out.parquet")).compute();
      },
      [&](const Frame& f) {
        static_cast<void>(f.to_arrow(folder.path("out.arrow")));
        return read_arrow(folder.path("out.arrow")).compute();
      },
  };
  in_cluster([&] {
    for (const char* last : {"0.5", "x"}) {
      const std::string path = write("a.csv", last);
      for (const Verb& verb : verbs) {
        const Frame used = read_csv(path);
        CHECK(used.agg(max("a")).compute().rows() == 1);
        CHECK(difference(verb(used), verb(read_csv(path))) == "");
      }
      const Frame shared = read_csv(path);
      std::atomic<int> wrong{0};
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
          const Table table = t == 0   ? shared.filter(col("b") == 7).compute()
                              : t == 1 ? shared.filter(col("b") > 6).compute()
                                       : shared.filter(col("b") >= 7).compute();
          wrong += table.rows() != 1 || table.column("a").show(0) != last;
        });
      for (std::thread& thread : threads) thread.join();
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("lines are cut alike however they are written") {
  std::mt19937 random(7);
  std::string plain = "a,b,c\n", returns = "a,b,c\r\n", quoted = "a,b,c\n", commented = "a,b,c\n";
  std::vector<std::string> texts;
  std::vector<std::optional<std::int64_t>> numbers;
  std::vector<double> reals;
  for (int row = 0; row < 3000; ++row) {
    texts.emplace_back(random() % 40 + 1, static_cast<char>('a' + random() % 26));
    const bool is_there = random() % 5 != 0;
    numbers.push_back(is_there ? std::optional<std::int64_t>(static_cast<int>(random())) : std::nullopt);
    reals.push_back(static_cast<double>(static_cast<int>(random() % 20'000) - 10'000) / 8);
    const std::string number = is_there ? std::to_string(*numbers.back()) : "";
    const std::string real = std::to_string(reals.back());
    const std::string line = texts.back() + "," + number + "," + real;
    plain += line + (row % 50 == 0 ? "\n\n" : "\n");
    returns += line + (random() % 2 ? "\r\n" : "\n");
    quoted += random() % 3 ? line + "\n" : "\"" + texts.back() + "\"," + number + ",\"" + real + "\"\n";
    commented += random() % 3 ? line + "\n" : line + "\n# " + line + "\n";
  }
  in_cluster([&] {
    const Folder folder;
    for (const std::string& text : {plain, returns, quoted, commented})
      for (const char* block : {"16 MB", "7 kB"}) {
        const Table table = read_csv(folder.write("a.csv", text), {.comment = '#', .block = block}).compute();
        CHECK(table.column("a").to<std::string>() == texts);
        CHECK(table.column("b").to<std::optional<std::int64_t>>() == numbers);
        CHECK(table.column("c").to<double>() == reals);
      }
  });
}

TEST_CASE("rows of a block are summed up in pieces") {
  std::mt19937 random(9);
  std::string text = "few,many,n,t\n";
  for (int row = 0; row < 120'000; ++row)  // 3 MB
    text += (row % 1000 == 0 ? "" : "key " + std::to_string(random() % 50)) + "," +
            std::to_string(random() % 40'000) + "," + (row % 7 == 0 ? "" : std::to_string(random())) + ",t" +
            std::to_string(row) + "\n";
  in_cluster([&] {
    const Folder folder;
    const std::string path = folder.write("a.csv", text);
    for (const char* key : {"few", "many"}) {
      const auto summed = [&](const Frame& frame) {
        const Frame some = frame.filter(col("n") % 10 != 3);
        return csv_of(some.group_by(key)
                          .agg(sum("n"), mean("n").as("mean"), count("n").as("there"), count(),
                               min("n").as("low"), max("n").as("high"), first("t").as("first"),
                               last("t").as("last"))
                          .sort_by(key));
      };
      const std::string whole = summed(read_csv(path, {.block = "16 MB"}));
      CHECK(summed(read_csv(path, {.block = "300 kB"})) == whole);
      CHECK(summed(read_csv(path, {.block = "16 MB"}).persist()) == whole);
    }
  });
}

TEST_CASE("quotes hold separators, quotes and line ends") {
  in_cluster([] {
    CHECK(read_back("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\n") ==
          "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\n");
    CHECK(read_back("a,b\r\n1,x\r\n2,\"y\"\r\n") == "a,b\n1,x\n2,y\n");
    CHECK(read_back("\xEF\xBB\xBF"
                    "a,b\n1,2") == "a,b\n1,2\n");
    CHECK(read_back("a;b\n1,5;x\n", {.decimal = ','}) == "a,b\n1.5,x\n");
    // Which lines are left out does not depend on what is asked for.
    const ReadCsv skips{.types = {{"a", ColumnType::int64}}, .dates = {"d"}, .on_error = OnError::skip};
    const Folder folder;
    const Frame odd = read_csv(
        folder.write("odd.csv", "a,b,d\n1,x,2015-01-01\nq,y,2015-01-02\n3,z\n4,v,never\n5,w,\n"), skips);
    CHECK(csv_of(odd) == "a,b,d\n1,x,2015-01-01\n5,w,\n");
    CHECK(csv_of(odd.select("b")) == "b\nx\nw\n");
    CHECK(odd.count_rows() == 2);
    CHECK(csv_of(odd.filter(col("b") > "w").select("b")) == "b\nx\n");
    CHECK(odd.select("d").compute().column("d").to<std::optional<std::chrono::sys_days>>().size() == 2);
    // What has no values in many files has the type of those that come.
    const Folder many;
    for (int i = 10; i < 30; ++i)
      static_cast<void>(many.write(std::to_string(i) + ".csv",
                                   i < 25 ? "a,b,c,d,e\n1,,,,\n" : "a,b,c,d,e\n2,x,2015-01-01,true,\n"));
    const Frame late = read_csv(many.path("*.csv"));
    CHECK(to_text(late.schema()) == "a int64, b text, c date, d bool, e float64");
    CHECK(csv_of(late.filter(col("c").date().year() == 2015 && col("d")).agg(count(), max("b"))) ==
          "count,max_b\n5,x\n");
    // The separator is found behind empty lines and line ends in quotes; quotes and decimals are none.
    CHECK(read_back("\"a\nb\";c\n1;2\n") == "\"a\nb\",c\n1,2\n");
    CHECK(read_back("\r\na;b\r\n1;2\r\n") == "a,b\n1,2\n");
    CHECK(read_back("'a,b,c';d\n1;2\n", {.quote = '\''}) == "\"a,b,c\",d\n1,2\n");
    CHECK(read_back("1,5;2,5\n", {.decimal = ',', .header = false}) == "c0,c1\n1.5,2.5\n");
    CHECK(read_back("\"a\"\",,,\";c\n1;2\n") == "\"a\"\",,,\",c\n1,2\n");
    CHECK(read_back("\"\";\"\"\"\"\n1;2\n") == "c0,\"\"\"\"\n1,2\n");
    CHECK(read_back("5\" pipe;b\n1;2\n") == "\"5\"\" pipe\",b\n1,2\n");
    CHECK(read_back("a\tb\n1\t2\n") == "a,b\n1,2\n");
    CHECK(read_back("a;b\n1,234,567;1,000.5\n", {.sep = ';', .thousands = ','}) == "a,b\n1234567,1000.5\n");
    CHECK(read_back("junk\n# note\na,b\n# 1,1\n1,2\n\n3,4\n", {.comment = '#', .skip_rows = 1}) ==
          "a,b\n1,2\n3,4\n");
    CHECK(read_back("1,2\n3,4\n", {.header = false}) == "c0,c1\n1,2\n3,4\n");
    CHECK(read_back("1,2\n3,4\n", {.header = false, .names = {"x", "y"}}) == "x,y\n1,2\n3,4\n");
    CHECK(read_back("a,a,\n1,2,3\n") == "a,a.1,c2\n1,2,3\n");
    CHECK(read_back("a,b,c\n1,2,3\n", {.columns = {"c", "a"}}) == "c,a\n3,1\n");
    CHECK(read_back("d,t\n31/12/2015,1\n", {.dates = {"d"}, .date_format = "%d/%m/%Y"}) ==
          "d,t\n2015-12-31,1\n");
    CHECK(read_back("t\n2015-12-31T23:59:58.5Z\n2016-01-01 01:00:00+01:00\n") ==
          "t\n2015-12-31 23:59:58.5\n2016-01-01 00:00:00\n");
  });
}

TEST_CASE("files are cut anywhere, also inside of quotes, and nothing is lost or read twice") {
  // Records of all lengths, some with line ends inside and one longer than many blocks.
  const std::string block = GENERATE("1", "7", "64", "1000", "1MB");
  const int records = block == "1" || block == "7" ? 20 : 400;
  std::string text = "id,note\n";
  std::int64_t sum = 0;
  for (int i = 0; i < records; ++i) {
    std::string note = "plain";
    if (i % 3 == 0) note = "\"line\nline, \"\"" + std::string(static_cast<std::size_t>(i % 37), 'x') + "\n\"";
    if (i == 200) note = "\"" + std::string(3000, '\n') + "\"";
    text += std::to_string(i) + "," + note + (i % 2 ? "\r\n" : "\n");
    sum += i;
  }
  in_cluster([&] {
    const Folder folder;
    const Frame frame = read_csv(folder.write("a.csv", text), {.block = block});
    CHECK(frame.count_rows() == records);
    CHECK(frame.agg(weir::sum("id")).compute().column("sum_id").int64s()[0] == sum);
    CHECK(csv_of(frame) == csv_of(read_csv(folder.path("a.csv"))));
  });
}

TEST_CASE("a value that the sample did not show makes its column wider, for this and later plans") {
  std::string text = "a,b,c\n";
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i) + "," + std::to_string(i) + ",1\n";
  in_cluster([&] {
    const Folder folder;
    const Frame frame = read_csv(folder.write("a.csv", text + "x,1.5,2\n"), {.block = "100 kB"});
    CHECK(to_text(frame.schema()) == "a int64, b int64, c int64");
    CHECK(frame.agg(max("b")).compute().column("max_b").float64s()[0] == 39'999);
    CHECK(to_text(frame.compute().schema()) == "a text, b float64, c int64");
    CHECK(frame.filter(col("c") == 2).compute().column("a").text(0) == "x");
    CHECK(sentence_of([&] { return read_csv(folder.path("a.csv")).filter(col("a") > 5).compute(); }) ==
          "filter: a comparison needs values of one kind (got text, int64 in a > 5); \"a\" is text because "
          "of " +
              folder.path("a.csv") + ":40002: \"x\"; \"b\" is float64 because of " + folder.path("a.csv") +
              ":40002: \"1.5\"");
  });
}

TEST_CASE("many files are one frame") {
  in_cluster([] {
    const Folder folder;
    folder.write("2015-01.csv", "user_id,value\n1,10\n2,20\n");
    folder.write("2015-02.csv", "user_id,value\n1,30\n");
    folder.write("2015-03.csv", "user_id,value\n");
    const auto means =
        weir::read_csv(folder.path("2015-*.csv")).group_by("user_id").agg(weir::mean("value")).compute();
    CHECK(csv_of(means) == "user_id,mean_value\n1,20.0\n2,20.0\n");
    CHECK(read_csv(folder.path("2015-*.csv"), {.path_column = "file"})
              .group_by("file")
              .agg(count())
              .compute()
              .column("file")
              .text(1) == folder.path("2015-02.csv"));
    const auto paths = read_csv(folder.path("2015-*.csv")).to_csv(folder.path("out-*.csv"), {.sep = ';'});
    REQUIRE(paths.size() == 3);
    CHECK(text_of(paths[0]) == "user_id;value\n1;10\n2;20\n");
    CHECK(text_of(paths[2]) == "user_id;value\n");
    CHECK(csv_of(read_csv(paths)) == "user_id,value\n1,10\n2,20\n1,30\n");
    folder.write("2015-04.csv", "user_id,wert\n1,30\n");
    CHECK(sentence_of([&] { return read_csv(folder.path("2015-*.csv")); }) ==
          "read_csv: files must have the same columns (got user_id, value in \"" +
              folder.path("2015-01.csv") + "\", user_id, wert in \"" + folder.path("2015-04.csv") + "\")");
  });
}

TEST_CASE("a row of one column that is missing is a row of the file") {
  in_cluster([] {
    const Folder folder;
    const Frame numbers = read_csv(folder.write("n.csv", "x,n\n1,1\n,2\n3,3\n")).select({"x"});
    CHECK(text_of(numbers.to_csv(folder.path("one.csv")).at(0)) == "x\n1\n\"\"\n3\n");
    CHECK(csv_of(read_csv(folder.path("one.csv"))) == csv_of(numbers));
    CHECK(read_csv(folder.path("one.csv")).compute().column("x").na_count() == 1);
    const Frame texts = read_csv(folder.write("t.csv", "x,n\na,1\n,2\n")).select({"x"});
    CHECK(text_of(texts.to_csv(folder.path("one.csv"), {.missing = "none"}).at(0)) == "x\na\nnone\n");
    CHECK(read_csv(texts.to_csv(folder.path("one.csv"))).compute().rows() == 2);
  });
}

TEST_CASE("packed files are read and written") {
  in_cluster([] {
    const Folder folder;
    const std::string ending = GENERATE(".gz", ".bz2", ".xz", ".zst");
    static_cast<void>(Frame(Table({"a"}, {make_column(std::vector<std::int64_t>{1, 2, 3})}))
                          .to_csv(folder.path("a.csv" + ending)));
    CHECK(csv_of(read_csv(folder.path("a.csv" + ending))) == "a\n1\n2\n3\n");
  });
}

TEST_CASE("bad lines are named or left out") {
  in_cluster([] {
    const Folder folder;
    const auto error = [&](const std::string& text, const ReadCsv& options = {}) {
      std::string sentence =
          sentence_of([&] { return read_csv(folder.write("bad.csv", text), options).compute(); });
      const std::string path = folder.path("bad.csv");
      while (sentence.find(path) != std::string::npos)
        sentence.replace(sentence.find(path), path.size(), "F");
      return sentence;
    };
    const std::string way_out = "; .on_error = OnError::skip leaves such lines out";
    CHECK(error("a,b\n1,2\n3\n") == "read_csv: F:3: a line must have 2 fields (got 1: \"3\")" + way_out);
    CHECK(error("a,b\n1,2,3\n", {}) ==
          "read_csv: F:2: a line must have 2 fields (got 3: \"1,2,3\")" + way_out);
    CHECK(error("a,b\n1,\"x\n2,y\n") == "read_csv: F:2: a quote must be closed (got \"1,\"x\")" + way_out);
    CHECK(error("a,b\n1,\"x\"y\n") ==
          "read_csv: F:2: a separator must follow a closing quote (got \"1,\"x\"y\")" + way_out);
    CHECK(error("a,b\n1,2\nx,3\n", {.types = {{"a", ColumnType::int64}}}) ==
          "read_csv: F:3:a: a value must have the type stated, int64 (got \"x\")" + way_out);
    CHECK(error("d\n30/02/2015\n", {.dates = {"d"}, .date_format = "%d/%m/%Y"}) ==
          "read_csv: F:2:d: a value must be a day or a time written as date_format says, \"%d/%m/%Y\" (got "
          "\"30/02/2015\")" +
              way_out);
    CHECK(error("") == "read_csv: a file must have a header (\"F\" is empty); names gives the columns");
    CHECK(error("a\n1\n", {.skip_rows = 100}) ==
          "read_csv: skip_rows must leave a line for the header (got 100, and \"F\" has no line behind "
          "those)");
    CHECK(error("a\n", {.columns = {"other"}}) ==
          "read_csv: columns: there must be a column of that name (got \"other\"); the columns are: a");
    CHECK(read_back("a,b\n1,2\n3\n4,\"x\n5,6\n7,8,9\n10,\"x\"y\n11,12\n", {.on_error = OnError::skip}) ==
          "a,b\n1,2\n5,6\n11,12\n");
    CHECK(read_back("a,b\n1,x\n2,\"p\nq,r\ns\",3\n4,y\n\"5\n6,z\n", {.on_error = OnError::skip}) ==
          "a,b\n1,x\n4,y\n6,z\n");
    CHECK(read_back("a,b\n1,2\nx,3\n4,5\n",
                    {.types = {{"a", ColumnType::int64}}, .on_error = OnError::skip}) == "a,b\n1,2\n4,5\n");
    CHECK(read_back("a,b\n") == "a,b\n");
    CHECK(read_back(std::string("a,b\n1,x\0y\n", 10)) == std::string("a,b\n1,x\0y\n", 10));
    CHECK(sentence_of([&] { return read_csv(folder.path("none-*.csv")); }).find("none-*.csv") !=
          std::string::npos);
  });
}

TEST_CASE("a line of many megabytes is a line") {
  in_cluster([] {
    const Folder folder;
    const std::string large(20'000'000, 'x');
    const Frame frame = read_csv(folder.write("a.csv", "a,b\n1," + large + "\n2,y\n"), {.block = "1 MB"});
    const Table lengths = frame.with("n", col("b").text().length()).select("a", "n").compute();
    CHECK(csv_of(lengths) == "a,n\n1,20000000\n2,1\n");
  });
}

TEST_CASE("a date_format that is none is to blame, not the data") {
  const Folder folder;
  const std::string path = folder.write("a.csv", "day\n1/2/2015\n");
  in_cluster([&] {
    const auto said = [&](const char* format) {
      return sentence_of([&] { return read_csv(path, {.dates = {"day"}, .date_format = format}).compute(); });
    };
    const std::string rule = "read_csv: date_format must be of %Y %y %m %d %b %H %I %M %S %f %p and %% (got ";
    CHECK(said("%d/%m/%Q") == rule + "\"%Q\" in \"%d/%m/%Q\")");
    CHECK(said("%d/%m/%Y%") == rule + "\"%\" in \"%d/%m/%Y%\")");
    CHECK(csv_of(read_csv(path, {.dates = {"day"}, .date_format = "%d/%m/%Y"})) == "day\n2015-02-01\n");
  });
}

TEST_CASE("days in a format are of any year") {
  const Folder folder;
  const std::string path = folder.write("a.csv", "day\n31/12/9999\n14/10/1066\n");
  in_cluster([&] {
    CHECK(csv_of(read_csv(path, {.dates = {"day"}, .date_format = "%d/%m/%Y"})) ==
          "day\n9999-12-31\n1066-10-14\n");
  });
}

TEST_CASE("records that become rows together are what they are one by one") {
  in_cluster([] {
    // Quoted line ends, and every 97th record is none, with lines in quotes that would be records.
    std::string text = "n,x,t\n", good = "n,x,t\n";
    for (int i = 0; i < 40'000; ++i) {
      const std::string number = std::to_string(i - 20'000);
      const std::string record = number + "," + number + ".25,\"a" + std::to_string(i % 7) + "\nb\"\n";
      good += record;
      text += record;
      if (i % 97 == 0) text += "none,1.0,\"c\n7,7.5,d\"\n";
      if (i % 301 == 0) text += "8,1.5,f,g\n\n";
    }
    const Folder folder;
    const auto rows = [&](const std::string& from, const std::string& block) {
      return csv_of(
          read_csv(folder.write("a.csv", from),
                   {.types = {{"n", ColumnType::int64}}, .on_error = OnError::skip, .block = block}));
    };
    CHECK((rows(good, "16 MB") == good));
    CHECK((rows(text, "16 MB") == good));
    CHECK((rows(text, "100 kB") == good));
  });
}

TEST_CASE("short numbers are what all numbers are") {
  using namespace detail::frame;
  std::mt19937 random(7);
  std::size_t known = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 2 ? "-" : "";
    for (std::size_t left = random() % 17; left > 0; --left)
      text += random() % 8 ? static_cast<char>('0' + random() % 10) : "..-+e ,0"[random() % 8];
    const std::string padded = text + std::string(short_number_bytes, static_cast<char>(' ' + random() % 90));
    const char* const end = padded.data() + padded.size();
    double real = 0, expected_real = 0;
    std::int64_t integer = 0, expected = 0;
    INFO(text);
    if (read_short(padded.data(), text.size(), end, '.', real)) {
      ++known;
      const bool is_same = read_real(text, {}, expected_real) && real == expected_real &&
                           std::signbit(real) == std::signbit(expected_real);
      if (!is_same) FAIL_CHECK(real);
    }
    if (read_short(padded.data(), text.size(), end, integer) &&
        !(read_integer(text, {}, expected) && integer == expected))
      FAIL_CHECK(integer);
  }
  CHECK(known > 50'000);
}

TEST_CASE("only so many rows are read, whatever stands behind them") {
  const Folder folder;
  in_cluster([&] {
    std::string text = "a,b\n";
    for (int i = 0; i < 400; ++i) text += std::to_string(i) + ",\"x\n" + std::to_string(i) + "\"\n";
    const std::string good = text;
    text += "wider,1\nbad\n";
    const std::string path = folder.write("a.csv", text);
    const std::string packed = folder.path("a.csv.gz");
    REQUIRE(std::system(("gzip -k " + path).c_str()) == 0);
    const Table all = read_csv(folder.write("good.csv", good)).compute();
    for (const std::string& file : {path, packed})
      for (const char* block : {"50", "1 kB", "1 MB"})
        for (const std::uint64_t rows : {1, 2, 255, 256, 257, 399, 400}) {
          INFO(file << " " << block << " " << rows);
          const Frame first = read_csv(file, {.rows = rows, .block = block});
          CHECK(first.compute() == all.slice(0, rows));
          CHECK(first.count_rows() == static_cast<std::int64_t>(rows));
          CHECK(first.filter(col("a") > 100).compute().rows() == (rows > 101 ? rows - 101 : 0));
          CHECK(first.head(3) == all.slice(0, std::min<std::uint64_t>(rows, 3)));
          CHECK(first.tail(1) == all.slice(rows - 1, 1));
        }
    const Frame none = read_csv(path, {.rows = 0});  // whose types nobody has seen
    CHECK(none.compute().rows() == 0);
    CHECK(none.columns() == std::vector<std::string>{"a", "b"});
    const Frame wide = read_csv(path, {.rows = 401, .block = "1 kB"});
    CHECK(wide.compute().schema()[0].type == ColumnType::text);
    CHECK(wide.compute().rows() == 401);
    CHECK(sentence_of([&] { return read_csv(path, {.rows = 402}).compute(); }).find("a.csv:803") !=
          std::string::npos);
    BadLines bad;
    CHECK(read_csv(path, {.rows = 402, .on_error = OnError::skip, .bad_lines = bad}).count_rows() == 401);
    CHECK(bad.count() == 1);
    const Frame two = read_csv(std::vector<std::string>{folder.path("good.csv"), path}, {.rows = 401});
    CHECK(two.compute().rows() == 401);
    CHECK(two.compute().column("a").int64s()[400] == 0);
    CHECK(read_csv(path, {.types = {{"a", weir::text}}, .rows = 2}).schema()[0].type == ColumnType::text);
  });
}
