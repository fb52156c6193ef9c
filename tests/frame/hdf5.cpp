// Frames as groups of HDF5 files, read by h5py and pandas and written by h5py, on threads and on ranks; and
// frames and bags that are computed together.
#include <catch2/catch.hpp>
#include <cstdio>

#include "frame/support.hpp"
#include "support/cluster_main.hpp"
#include "weir/array/creation.hpp"
#include "weir/bridge/bag_frame.hpp"
#include "weir/bridge/frame_array.hpp"

using namespace weir;
using namespace weir::test;

namespace {

std::string python(const Folder& folder, const std::string& program) {
  const std::string path = folder.write("program.py", program);
  std::FILE* pipe = popen(("/usr/bin/python3 " + path + " 2>&1").c_str(), "r");
  std::string said;
  for (char buffer[512]; std::fgets(buffer, sizeof buffer, pipe);) said += buffer;
  pclose(pipe);
  if (said.find("ModuleNotFoundError") == std::string::npos) return said;
  WARN("passed over: python3-h5py or python3-pandas is not installed");
  return "";
}

const char* const rows =
    "town,n,ok,day,when,price,code\n"
    "Zürich,1,true,2015-03-01,2015-03-01 10:00:00.000000001,0.5,\"\"\n"
    ",,,,,,x\n"
    "\"a, \"\"b\"\"\",-3,false,1815-12-10,1969-12-31 23:59:59,,\n"
    "NA,4,true,9999-12-31,2015-03-01,2,yy\n";

}  // namespace

TEST_CASE("columns of every type go to HDF5 and come back as they were") {
  const Folder folder;
  const std::string block = GENERATE("16 MiB", "60");
  const std::string path = folder.path("towns.h5");
  const Frame frame = read_csv(folder.write("towns.csv", rows), {.block = block});
  to_hdf5(frame, path, "/towns");
  const Frame back = read_hdf5(path, "/towns");
  // Integers and bools with missing values are real numbers in HDF5.
  CHECK(to_text(back.schema()) ==
        "code text, day date, n float64, ok float64, price float64, town text, when datetime");
  CHECK(csv_of(back.select("town", "day", "when", "price", "code")) ==
        csv_of(frame.select("town", "day", "when", "price", "code")));
  const Frame whole = frame.dropna({"n"}).select("town", "ok", "n");
  to_hdf5(whole, path, "/");
  CHECK(to_text(read_hdf5(path, "/").schema()) == "n int64, ok bool, town text");
  CHECK(csv_of(read_hdf5(path, "/").select("town", "ok", "n")) == csv_of(whole));
}

TEST_CASE("h5py and pandas read the texts and times of a frame") {
  const Folder folder;
  to_hdf5(read_csv(folder.write("towns.csv", rows), {.block = "60"}), folder.path("towns.h5"), "/towns");
  const std::string said = python(folder, R"(
import h5py
import numpy
import pandas
group = h5py.File(")" + folder.path("towns.h5") +
                                              R"(")["towns"]
print(list(group["town"].asstr()[()]), group["town"].dtype, group["town"].attrs["missing"] == b"")
print(list(group["code"].asstr()[()]), group["code"].attrs["missing"].decode())
print(pandas.DataFrame({name: data[()] for name, data in group.items()}).shape)
print(group["when"][()].view("datetime64[ns]"))
print(group["day"][()].view("datetime64[D]"), group["day"].attrs["units"].decode())
)");
  if (!said.empty())
    CHECK(said ==
          "['Zürich', '', 'a, \"b\"', 'NA'] |S7 True\n"
          "['', 'x', 'NA', 'yy'] NA\n"
          "(4, 7)\n"
          "['2015-03-01T10:00:00.000000001'                           'NaT'\n"
          " '1969-12-31T23:59:59.000000000' '2015-03-01T00:00:00.000000000']\n"
          "['2015-03-01'        'NaT' '1815-12-10' '9999-12-31'] days since 1970-01-01\n");
}

TEST_CASE("texts that h5py wrote are columns") {
  const Folder folder;
  const std::string path = folder.path("foreign.h5");
  const std::string said = python(folder, R"(
import h5py
import numpy
with h5py.File(")" + path + R"(", "w") as file:
    file["g/any"] = ["one", "", "drei", "vier\u00fc"] * 700
    file["g/fixed"] = numpy.array([b"a", b"bb", b"", b"dddd"] * 700)
    file["g/x"] = numpy.arange(2800.0)
    file.create_dataset("g/chunked", data=["p", "q", "r", "s"] * 700, chunks=(100,), compression="gzip")
    file["wrong"] = numpy.array([["a", "b"]], dtype="S")
    file["short/a"] = [b"x"]
    file["short/b"] = [1, 2]
print("written")
)");
  if (said.empty()) return;
  REQUIRE(said == "written\n");
  const Frame frame = read_hdf5(path, "g");
  CHECK(to_text(frame.schema()) == "any text, chunked text, fixed text, x float64");
  CHECK(csv_of(frame.tail(4)) ==
        "any,chunked,fixed,x\none,p,a,2796.0\n\"\",q,bb,2797.0\ndrei,r,\"\",2798.0\n"
        "vierü,s,dddd,2799.0\n");
  CHECK(csv_of(frame.group_by("any").agg(count())) == "any,count\n\"\",700\ndrei,700\none,700\nvierü,700\n");
  CHECK(message_of([&] { return read_hdf5(path, "short"); }) ==
        "to_frame: arrays must have the same length (got 2 of \"b\" beside 1 of \"a\")");
  CHECK(message_of([&] { return read_hdf5(path, "/"); }) ==
        "to_frame: an array must have one axis (got (1, 2) of \"wrong\")");
  CHECK(message_of([&] { return read_hdf5(path, "/none"); }) ==
        "read_hdf5: the group must have datasets (got \"/none\" of '" + path + "')");
}

TEST_CASE("few long texts are packed, no rows are written, what cannot be is refused") {
  const Folder folder;
  const std::string path = folder.path("x.h5");
  std::vector<std::string> texts(20'000, "short");
  texts[7'000] = std::string(10'000, 'l');
  to_hdf5(Frame(Table({"t"}, {make_column(texts)}), 3), path, "g");
  CHECK(std::filesystem::file_size(path) < 4'000'000);  // 200 MB of filling otherwise
  CHECK((read_hdf5(path, "g").compute().column("t").to<std::string>() == texts));
  const Frame none = Frame(
      Table({"t", "n"}, {make_column(std::vector<std::string>{}), make_column(std::vector<std::int64_t>{})}));
  to_hdf5(none, path, "g");
  CHECK(to_text(read_hdf5(path, "g").schema()) == "n int64, t text");
  CHECK(read_hdf5(path, "g").count_rows() == 0);
  const std::vector<std::optional<std::string>> full{"", "NA", std::nullopt};
  CHECK(
      message_of([&] { to_hdf5(Frame(Table({"t"}, {make_column(full)})), path, "g"); }) ==
      "to_hdf5: a column with missing values must not have both empty texts and \"NA\", one of which stands "
      "for what is missing (got \"t\"); fillna or dropna helps");
  CHECK(message_of([&] {
          to_hdf5(none.rename({{"t", "a/b"}}), path, "g");
        }) == "to_hdf5: a column must have a name without \"/\" (got \"a/b\"); rename gives it another");
  const std::vector<std::optional<std::string>> missing{std::nullopt, std::nullopt};
  to_hdf5(Frame(Table({"t"}, {make_column(missing)})), path, "g");
  CHECK(read_hdf5(path, "g").compute().column("t").na_count() == 2);
}

TEST_CASE("integers that HDF5 would not hold exactly are refused, others come back") {
  const Folder folder;
  const std::string path = folder.path("n.h5");
  using Integers = std::vector<std::optional<std::int64_t>>;
  const auto frame = [](const Integers& values) { return Frame(Table({"id"}, {make_column(values)}), 2); };
  constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1, large = std::int64_t{1} << 62;
  for (const std::int64_t value : {odd, -odd, INT64_MAX}) {
    CHECK(message_of([&] {
            to_hdf5(frame({value, {}, 7}), path, "g");
          }) ==
          "to_hdf5: a column of integers with missing values becomes float64, which must hold them exactly "
          "(got " +
              std::to_string(value) +
              " of \"id\"); fillna keeps integers, astype to float64 before rounds them");
    to_hdf5(frame({value, {}, 7}).fillna("id", -1), path, "g");
    CHECK(csv_of(read_hdf5(path, "g")) == "id\n" + std::to_string(value) + "\n-1\n7\n");
    to_hdf5(frame({value, 7}), path, "g");
    CHECK(csv_of(read_hdf5(path, "g")) == "id\n" + std::to_string(value) + "\n7\n");
  }
  to_hdf5(frame({large, {}, INT64_MIN}), path, "g");
  CHECK(csv_of(read_hdf5(path, "g").astype("id", ColumnType::int64)) ==
        "id\n4611686018427387904\n\"\"\n-9223372036854775808\n");
  to_hdf5(frame({odd, {}}).astype("id", ColumnType::float64), path, "g");
  CHECK(csv_of(read_hdf5(path, "g")) == "id\n9007199254740992.0\n\"\"\n");
  const std::string foreign = folder.path("foreign.h5");
  const std::string said = python(folder, R"(
import h5py
import numpy
with h5py.File(")" + foreign + R"(", "w") as file:
    file["small/n"] = numpy.array([1, 2**63 - 1], dtype="uint64")
    file["large/n"] = numpy.array([1, 2**63], dtype="uint64")
print("written")
)");
  if (said.empty()) return;
  REQUIRE(said == "written\n");
  CHECK(csv_of(read_hdf5(foreign, "small")) == "n\n1\n9223372036854775807\n");
  CHECK(message_of([&] {
          return read_hdf5(foreign, "large").compute();
        }).find("to_frame: integers must be below 2^63 (got 9223372036854775808 in \"n\")") !=
        std::string::npos);
}

TEST_CASE("frames, bags and delayed values are computed together") {
  struct Row {
    std::string name;
    std::int64_t n;
  };
  const auto bag = from_sequence(std::vector<Row>{{"a", 1}, {"b", 2}, {"a", 4}}, 2);
  const Frame frame = to_frame(bag).group_by("name").agg(sum("n"));
  const auto [rows, groups, count, total] =
      compute(bag.map([](const Row& row) { return row.n; }), frame, bag.count(), frame.agg(sum("sum_n")));
  CHECK(rows == std::vector<std::int64_t>{1, 2, 4});
  CHECK(csv_of(groups) == "name,sum_n\na,5\nb,2\n");
  CHECK(count == 3);
  CHECK(csv_of(total) == "sum_sum_n\n7\n");
  const auto fails = [](std::int64_t n) -> std::int64_t {
    if (n == 2) throw std::runtime_error("no two");
    return n;
  };
  CHECK(message_of([&] {
          return compute(frame, bag.map([](const Row& row) { return row.n; }).map(fails).max());
        }).find("no two") != std::string::npos);
  CHECK(message_of([&] {
          return compute(frame.with("n", fails, {"sum_n"}).filter(col("n") > 0), bag.count());
        }).find("no two") != std::string::npos);
}
