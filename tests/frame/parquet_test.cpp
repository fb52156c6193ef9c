// Parquet: what DuckDB wrote, what is written and read again, and bytes that mean nothing.
#include <catch2/catch.hpp>
#include <cmath>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

const std::string golden = FRAME_GOLDEN;

struct Mixed {
  std::optional<std::int64_t> n;
  std::optional<double> x;
  std::optional<std::string> t;
  bool b = false;
};

Table mixed(std::int64_t rows) {
  std::vector<Mixed> all;
  for (std::int64_t i = 0; i < rows; ++i)
    all.push_back({i % 7 ? std::optional(i * 1'000'000'007) : std::nullopt,
                   i % 5 ? std::optional(static_cast<double>(i) / 8) : std::nullopt,
                   i % 3 ? std::optional("text " + std::to_string(i % 20)) : std::nullopt, i % 2 == 0});
  Frame frame = from(all);
  return frame.with("d", col("n").fillna(0).astype(ColumnType::int64) % 20000)
      .with("day", (col("n").fillna(3) % 20000).astype(ColumnType::text))
      .compute();
}

void set_byte(std::string& bytes, std::size_t at, char to) { bytes[at] = to; }

}  // namespace

TEST_CASE("what DuckDB wrote is read, whatever packs it") {
  in_cluster([] {
    const std::string first = csv_of(read_parquet(golden + "/duckdb_snappy.parquet").head(4));
    CHECK(first ==
          "small,big,real,narrow,text,flag,day,moment,price,large_price,unique_text,nothing,tiny,nano\n"
          "0,0,0.0,0.0,t0,true,2015-01-01,2015-01-01 12:00:00,0.0,0.0,unique 0,,200,"
          "2015-01-01 00:00:00.000000001\n"
          "1,10000000000,0.25,0.5,t1,false,2015-01-02,2015-01-01 12:00:01,1.25,0.125,unique 1,,201,"
          "2015-01-01 00:00:00.000000001\n"
          "2,20000000000,0.5,1.0,t2,true,2015-01-03,2015-01-01 12:00:02,2.5,0.25,unique 2,,202,"
          "2015-01-01 00:00:00.000000001\n"
          "3,30000000000,0.75,1.5,,false,2015-01-04,2015-01-01 12:00:03,3.75,0.375,unique 3,,203,"
          "2015-01-01 00:00:00.000000001\n");
    const Table all = read_parquet(golden + "/duckdb_snappy.parquet").compute();
    CHECK(all.rows() == 40);
    CHECK(all.column("nothing").na_count() == 40);
    CHECK(all.column("small").na_count() == 8);
    CHECK(to_text(all.schema()) ==
          "small int64, big int64, real float64, narrow float64, text text, flag bool, day date, moment "
          "datetime, price float64, large_price float64, unique_text text, nothing int64, tiny int64, nano "
          "datetime");
    for (const char* codec : {"zstd", "gzip"})
      CHECK(read_parquet(golden + "/duckdb_" + codec + ".parquet").compute() == all);
    CHECK(read_parquet(golden + "/duckdb_*p.parquet", {.columns = {"text", "small"}, .path_column = "file"})
              .filter(col("small") == 13)
              .columns() == std::vector<std::string>{"text", "small", "file"});
  });
}

TEST_CASE("what is written as Parquet is read again, and filters pass over row groups") {
  in_cluster([] {
    const Folder folder;
    const Table table = mixed(5000);
    for (const ParquetCodec codec :
         {ParquetCodec::none, ParquetCodec::snappy, ParquetCodec::gzip, ParquetCodec::zstd}) {
      CHECK(Frame(table, 3).to_parquet(folder.path("a.parquet"), codec).size() == 1);
      const Frame back = read_parquet(folder.path("a.parquet"));
      CHECK(back.compute() == table);
      CHECK(back.show().substr(0, 21) == "frame of 3 partitions");
    }
    CHECK(Frame(table, 3).to_parquet(folder.path("b-*.parquet")).size() == 3);
    CHECK(read_parquet(folder.path("b-*.parquet")).compute() == table);
    Frame(table.slice(0, 0)).to_parquet(folder.path("empty.parquet"));
    CHECK(read_parquet(folder.path("empty.parquet")).count_rows() == 0);
    const Table odd(
        {"x", "day", "when"},
        {make_column(std::vector<double>{NAN, -0.0, 1e300}),
         make_column(std::vector<std::string>{"1815-12-10", "2015-03-01", "1970-01-01"}),
         make_column(std::vector<std::string>{"1815-12-10 01:02:03", "2015-03-01", "1970-01-01"})});
    const Table typed_odd =
        Frame(odd).astype("day", ColumnType::date).astype("when", ColumnType::datetime).compute();
    Frame(typed_odd).to_parquet(folder.path("odd.parquet"));
    CHECK(csv_of(read_parquet(folder.path("odd.parquet"))) == csv_of(typed_odd));

    // The first group of three is spoiled: who need not read it does not notice.
    std::vector<std::int64_t> numbers(3000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
    const std::string path = folder.path("c.parquet");
    Frame(Table({"i"}, {make_column(numbers)}), 3).to_parquet(path);
    std::string bytes = text_of(path);
    for (std::size_t at = 30; at < 60; ++at) set_byte(bytes, at, 'x');
    folder.write("c.parquet", bytes);
    const Frame all = read_parquet(path);
    CHECK(all.filter(col("i") >= 1000).count_rows() == 2000);
    CHECK(all.filter(col("i") > 1999.5 && col("i") < 2010).count_rows() == 10);
    CHECK(all.filter(col("i") == 5000).count_rows() == 0);
    CHECK(sentence_of([&] { return all.filter(col("i") > 10).compute(); })
              .find("read_parquet: \"" + path +
                    "\" is broken at byte 4: a page is not what zstd wrote "
                    "(column \"i\")") != std::string::npos);
  });
}

TEST_CASE("identifiers and times of day are texts, and what is not read is named") {
  in_cluster([] {
    const Frame kinds = read_parquet(golden + "/kinds_duckdb.parquet");
    CHECK(csv_of(kinds) ==
          "id,clock,zoned,bytes,word,price\n"
          "00000000-0000-0000-0000-00000000000a,12:34:56.789,10:34:56,\xAA"
          "bc,ok,1.25\n"
          "f81d4fae-7dec-11d0-a765-00a0c91e6bf6,00:00:00,23:59:59.000001,\"\",x,-7.5\n"
          ",,,,,\n");
    CHECK(kinds.filter(col("id") == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6").count_rows() == 1);
    CHECK(kinds.filter(col("clock") > "12:00:00").count_rows() == 1);
    const std::string spans = golden + "/interval_duckdb.parquet", deltas = golden + "/delta_duckdb.parquet",
                      brotli = golden + "/brotli_duckdb.parquet";
    CHECK(sentence_of([&] { return read_parquet(spans); }) ==
          "read_parquet: a column must hold plain values (got \"span\" of \"" + spans +
              "\", which holds intervals); .columns leaves it out");
    CHECK(csv_of(read_parquet(spans, {.columns = {"n"}})) == "n\n1\n2\n");
    CHECK(
        sentence_of([&] { return read_parquet(deltas).compute(); })
            .find("read_parquet: \"" + deltas +
                  "\" has at byte 4 what is not read: values must be encoded plainly or by a dictionary (got "
                  "delta_binary_packed) (column \"i\")") != std::string::npos);
    CHECK(sentence_of([&] { return read_parquet(brotli).compute(); })
              .find("read_parquet: \"" + brotli +
                    "\" has at byte 4 what is not read: pages must be packed by snappy, gzip, zstd or "
                    "lz4_raw (got "
                    "brotli) "
                    "(column \"i\")") != std::string::npos);
  });
}

TEST_CASE("files that are not Parquet files are refused") {
  in_cluster([] {
    const Folder folder;
    const auto said = [&](const std::string& bytes) {
      const std::string path = folder.write("x.parquet", bytes);
      std::string text = sentence_of([&] { return read_parquet(path).compute(); });
      if (const std::size_t at = text.find(path); at != std::string::npos) text.replace(at, path.size(), "x");
      return text;
    };
    CHECK(said("") == "read_parquet: \"x\" is broken at byte 0: a Parquet file has 12 bytes at least");
    CHECK(said("PAR1 and more text") ==
          "read_parquet: \"x\" is broken at byte 14: a Parquet file ends with PAR1");
    CHECK(said("PAR1............\xff\xff\xff\x7fPAR1") ==
          "read_parquet: \"x\" is broken at byte 16: the metadata is longer than the file");
    CHECK(said(std::string("PAR1\0\0\0\0\0PAR1", 13)) ==
          "read_parquet: \"x\" is broken at byte 5: the metadata ends too early");
    CHECK(sentence_of([&] { return read_parquet(golden + "/duckdb_nested.parquet"); }) ==
          "read_parquet: a column must hold plain values (got \"list\" of \"" + golden +
              "/duckdb_nested.parquet\", which holds lists or structs); .columns leaves it out");
    CHECK(read_parquet(golden + "/duckdb_nested.parquet", {.columns = {"x"}}).count_rows() == 1);
    CHECK(sentence_of([&] {
            return read_parquet(golden + "/duckdb_*.parquet", {.columns = {"smal"}});
          }).find("did you mean \"small\"?") != std::string::npos);

    // Every byte of a file in turn: a sentence or a table, never anything else.
    Frame(mixed(24)).to_parquet(folder.path("good.parquet"), ParquetCodec::none);
    const std::string good = text_of(folder.path("good.parquet"));
    int tables = 0, errors = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bytes = good;
      set_byte(bytes, at, static_cast<char>(bytes[at] ^ (at % 3 == 0 ? 0x80 : at % 3 == 1 ? 0xff : 1)));
      ++(said(bytes) == "no error" ? tables : errors);
    }
    for (std::size_t size = 0; size < good.size(); size += 7) CHECK(said(good.substr(0, size)) != "no error");
    CHECK(tables > 100);
    CHECK(errors > 100);
  });
}

TEST_CASE("a filter of converted values passes over no row group that has some") {
  struct Row {
    double x;
    std::int64_t n;
  };
  in_cluster([] {
    const Folder folder;
    const std::string path = folder.path("a.parquet");
    const Frame rows = from(std::vector<Row>{{3.5, 9'007'199'254'740'993}, {3.75, 9'007'199'254'740'995}});
    rows.to_parquet(path);
    const Frame back = read_parquet(path);
    const auto count = [&](const Expression& condition) {
      CHECK(rows.filter(condition).count_rows() == back.filter(condition).count_rows());
      return back.filter(condition).count_rows();
    };
    CHECK(count(col("x").astype(ColumnType::int64) == 3) == 2);
    CHECK(count(col("x").astype(ColumnType::int64) <= 3) == 2);
    CHECK(count(col("x").astype(ColumnType::boolean) == true) == 2);
    CHECK(count(col("n") == 0x1p53) == 1);
    CHECK(count(col("n") <= 0x1p53) == 1);
    CHECK(count(col("n").astype(ColumnType::text) < "91") == 2);
  });
}
