// Arrow IPC files: written and read, broken ones, and beside the Arrow project's own library for JavaScript.
#include <catch2/catch.hpp>
#include <cstdio>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Row {
  std::int64_t i = 0;
  std::optional<double> x;
  std::optional<std::string> t, u;
  bool b = false;
  std::chrono::sys_days day{};
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> moment;
};

std::vector<Row> sample_rows(int count) {
  std::vector<Row> rows;
  for (int i = 0; i < count; ++i) {
    Row row{i * 1'000'003LL - 7,
            {},
            {},
            {},
            i % 3 == 0,
            std::chrono::sys_days(std::chrono::days(i * 40 - 900)),
            {}};
    if (i % 4) row.x = i / 8.0;
    if (i % 5) row.t = std::string("word \u00e9") + std::to_string(i % 3);
    if (i % 7) row.u = "no. " + std::to_string(i * 77);
    if (i % 6)
      row.moment =
          std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(i * 1'000'000'000LL));
    rows.push_back(row);
  }
  return rows;
}

std::string output_of(const std::string& command, int& status) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string said;
  for (char buffer[512]; std::fgets(buffer, sizeof buffer, pipe);) said += buffer;
  status = pclose(pipe);
  return said;
}

}  // namespace

TEST_CASE("arrow files give back what was written, in partitions and columns") {
  const Folder folder;
  in_cluster([&] {
    const Frame frame = from(sample_rows(50), 3);
    const Table rows = frame.compute();
    const std::string path = folder.path("a.arrow");
    CHECK(frame.to_arrow(path) == std::vector<std::string>{path});
    const Frame back = read_arrow(path);
    CHECK(back.schema() == frame.schema());
    CHECK(back.compute() == rows);
    CHECK(back.show().starts_with("frame of 3 partitions"));
    CHECK(back.select("t", "i").compute() == frame.select("t", "i").compute());
    CHECK(read_arrow(path, {.columns = {"x"}}).schema() == Schema{{"x", ColumnType::float64}});
    CHECK(frame.to_arrow(folder.path("p-*.arrow")).size() == 3);
    CHECK(read_arrow(folder.path("p-*.arrow")).compute() == rows);
    const Frame none = frame.filter(col("i") < -100);
    static_cast<void>(none.to_arrow(folder.path("none.arrow")));
    CHECK(read_arrow(folder.path("none.arrow")).compute() == none.compute());
    CHECK(sentence_of([&] {
            return read_arrow(path, {.columns = {"z"}});
          }).starts_with("read_arrow: columns: there must be a column of that name (got \"z\")"));
    CHECK(sentence_of([&] { return frame.to_arrow(folder.path("no/a.arrow")); }) ==
          "to_arrow: '" + folder.path("no/a.arrow") + "' could not be written: No such file or directory");
  });
}

TEST_CASE("arrow files that are cut or changed are refused, whatever was changed") {
  const Folder folder;
  in_cluster([&] {
    static_cast<void>(from(sample_rows(6), 1).to_arrow(folder.path("a.arrow")));
    const std::string bytes = text_of(folder.path("a.arrow"));
    const std::string path = folder.write("b.arrow", "not an arrow file");
    CHECK(sentence_of([&] { return read_arrow(path); }) ==
          "read_arrow: \"" + path + "\" is broken at byte 0: it does not begin as an Arrow file or stream");
    CHECK(sentence_of([&] {
            return read_arrow(folder.write("c.arrow", bytes.substr(0, bytes.size() - 3)));
          }) == "read_arrow: \"" + folder.path("c.arrow") +
                    "\" is broken at byte 0: it does not end as an Arrow file");
    const auto change = [&](const std::string& whole, const std::vector<std::string>& columns) {
      std::size_t read = 0, refused = 0;
      for (std::size_t at = 8; at + 8 < whole.size(); at += 5) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x55);
        const std::string name = folder.write("changed.arrow", changed);
        try {
          static_cast<void>(read_arrow(name, {.columns = columns}).compute());
          ++read;
        } catch (const std::exception&) {
          ++refused;
        }
      }
      CHECK(read > 0);
      CHECK(refused > 0);
    };
    change(bytes, {});
    change(text_of(FRAME_GOLDEN "/replaced_dictionary.arrows"), {});
    change(text_of(FRAME_GOLDEN "/views_polars.arrow"), {"category", "word", "n"});
  });
}

TEST_CASE("a dictionary that is replaced in a stream is that of the batches behind it") {
  in_cluster([] {  // by npm's apache-arrow: {"a", "b"}, then {"c", missing, "a"} with another dictionary
    CHECK(csv_of(read_arrow(FRAME_GOLDEN "/replaced_dictionary.arrows")) == "w\na\nb\nc\n\"\"\na\n");
    CHECK(csv_of(read_arrow(FRAME_GOLDEN "/added_dictionary.arrows")) == "w\na\nb\nc\n\"\"\na\n");
  });
}

TEST_CASE("texts that are views, as Polars writes them, are texts") {
  in_cluster([] {
    const std::string path = FRAME_GOLDEN "/views_polars.arrow";
    CHECK(csv_of(read_arrow(path, {.columns = {"category", "word", "n"}})) ==
          "category,word,n\na,short,1\n,\"\",\nb,a word of more than twelve bytes,3\na,,4\n"
          "b,twelve bytes,5\na,a second one that is no view itself,6\n");
    CHECK(csv_of(read_arrow(path, {.columns = {"n"}})) == "n\n1\n\"\"\n3\n4\n5\n6\n");
    CHECK(sentence_of([&] { return read_arrow(path); }).find("structs in \"pair\"") != std::string::npos);
  });
}

TEST_CASE("what was packed by LZ4 is read, and refused when it was changed") {
  in_cluster([] {
    const std::string arrow = FRAME_GOLDEN "/lz4_polars.arrow", parquet = FRAME_GOLDEN "/lz4_duckdb.parquet";
    for (const Frame& frame : {read_arrow(arrow), read_parquet(parquet)}) {
      const Table rows = frame.compute();
      REQUIRE(rows.rows() == 3000);
      std::size_t right = 0;
      for (std::size_t i = 0; i < 3000; ++i)
        right += rows.column("word").text(i) == "word number " + std::to_string(i % 7) + " of many" &&
                 rows.column("k").show(i) == (i % 11 ? std::to_string(i * i % 1009) : "") &&
                 rows.column("x").float64s()[i] == static_cast<double>(i) / 8;
      CHECK(right == 3000);
    }
    const Folder folder;
    const std::string bytes = text_of(arrow);
    for (std::size_t at = 8; at + 8 < bytes.size(); at += 149) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x55);
      const std::string name = folder.write("changed.arrow", changed);
      try {
        static_cast<void>(read_arrow(name).compute());
      } catch (const std::exception&) {
      }
    }
  });
}

TEST_CASE("arrow files are those of the Arrow project") {
  int status = 0;
  const std::string node =
      "NODE_PATH=\"$NODE_PATH:$(npm root -g 2>/dev/null)\" node " + std::string(ARROW_PEER) + " ";
  if (output_of(node + "check", status) != "ready\n") {
    WARN("passed over: node with npm's apache-arrow is not installed (scripts/deps --peers)");
    return;
  }
  const Folder folder;
  in_cluster([&] {
    static_cast<void>(from(sample_rows(12), 2).to_arrow(folder.path("ours.arrow")));
    CHECK(output_of(node + "read " + folder.path("ours.arrow"), status) ==
          "i Int64 x Float64 t Dictionary<Int32, Utf8> u Utf8 b Bool day Date32<DAY> moment "
          "Timestamp<NANOSECOND, UTC>\n"
          "2 batches\n"
          "-7 null null null true -900 null\n"
          "999996 0.125 word \u00e91 no. 77 false -860 1000\n"
          "1999999 0.25 word \u00e92 no. 154 false -820 2000\n"
          "3000002 0.375 word \u00e90 no. 231 true -780 3000\n"
          "4000005 null word \u00e91 no. 308 false -740 4000\n"
          "5000008 0.625 null no. 385 false -700 5000\n"
          "6000011 0.75 word \u00e90 no. 462 true -660 null\n"
          "7000014 0.875 word \u00e91 null false -620 7000\n"
          "8000017 null word \u00e92 no. 616 false -580 8000\n"
          "9000020 1.125 word \u00e90 no. 693 true -540 9000\n"
          "10000023 1.25 null no. 770 false -500 10000\n"
          "11000026 1.375 word \u00e92 no. 847 false -460 11000\n");
    CHECK(output_of(node + "write " + folder.path("file.arrow") + " " + folder.path("stream.arrow"),
                    status) == "");
    for (const char* name : {"file.arrow", "stream.arrow"})
      CHECK(csv_of(read_arrow(folder.path(name))) ==
            "small,wide,real,word,flag,day\n1,10,0.5,red,true,2015-03-01\n-2,,,blue,,1969-12-31\n3,30,2.5,"
            "red,false,\n");
  });
}
