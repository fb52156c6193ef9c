// Arrow's C data interface, both ways.
#include <catch2/catch.hpp>
#include <cerrno>

#include "frame/support.hpp"
#include "weir/frame/arrow.hpp"

using namespace weir;
using namespace weir::test;

namespace {

void keep(ArrowSchema* schema) { schema->release = nullptr; }
void keep(ArrowArray* array) { array->release = nullptr; }

// A column as another library would give it.
struct Foreign {
  ArrowSchema type{};
  ArrowArray values{};
  const void* buffers[3] = {};
  Foreign(const char* format, std::int64_t length, const void* validity, const void* first,
          const void* second = nullptr)
      : buffers{validity, first, second} {
    type.format = format;
    type.name = "x";
    type.release = keep;
    values.length = length;
    values.null_count = -1;
    values.n_buffers = second ? 3 : 2;
    values.buffers = buffers;
    values.release = keep;
  }
};

Table taken(Foreign& column, std::int64_t offset = 0) {
  ArrowSchema* types[] = {&column.type};
  ArrowArray* arrays[] = {&column.values};
  const void* none[] = {nullptr};
  ArrowSchema schema{.format = "+s", .n_children = 1, .children = types, .release = keep};
  ArrowArray array{.length = column.values.length - offset,
                   .offset = offset,
                   .n_buffers = 1,
                   .n_children = 1,
                   .buffers = none,
                   .children = arrays,
                   .release = keep};
  return from_arrow(&schema, &array);
}

}  // namespace

TEST_CASE("a table goes out in Arrow's layout and comes back as it was") {
  in_cluster([] {
    const Folder folder;
    const Table table =
        read_csv(folder.write("a.csv",
                              "i,x,t,b,d,s\n1,0.5,one,true,2015-03-01,2015-03-01 01:00\n,,,,,\n"
                              "3,-1,\"\",false,1969-12-31,1969-12-31 23:00\n"))
            .compute();
    ArrowSchema schema;
    ArrowArray array;
    to_arrow(table, &schema, &array);
    REQUIRE(array.n_children == 6);
    CHECK(std::string(schema.format) == "+s");
    CHECK(std::string(schema.children[0]->format) == "l");
    CHECK(std::string(schema.children[2]->format) == "U");
    CHECK(std::string(schema.children[4]->name) == "d");
    CHECK(array.children[0]->null_count == 1);
    CHECK(static_cast<const std::int64_t*>(array.children[0]->buffers[1])[2] == 3);
    CHECK((static_cast<const std::uint8_t*>(array.children[0]->buffers[0])[0] & 7) == 5);
    CHECK((static_cast<const std::uint8_t*>(array.children[3]->buffers[1])[0] & 5) == 1);
    CHECK(static_cast<const std::int32_t*>(array.children[4]->buffers[1])[2] == -1);
    CHECK(from_arrow(&schema, &array) == table);
    CHECK(schema.release == nullptr);
    CHECK(array.release == nullptr);
  });
}

TEST_CASE("columns of other libraries are taken with their offsets and dictionaries") {
  const std::uint8_t validity[] = {0b1101};
  const std::int16_t numbers[] = {-1, 0, 7, 9};
  Foreign small("s", 4, validity, numbers);
  CHECK(taken(small).column("x").to<std::optional<std::int64_t>>() ==
        std::vector<std::optional<std::int64_t>>{-1, std::nullopt, 7, 9});
  CHECK(taken(small, 2).column("x").to<std::int64_t>() == std::vector<std::int64_t>{7, 9});
  const std::int32_t offsets[] = {0, 2, 2, 5};
  Foreign text("u", 3, nullptr, offsets, "abcde");
  CHECK(taken(text, 1).column("x").to<std::string>() == std::vector<std::string>{"", "cde"});
  const std::int8_t indices[] = {2, 0, 0};
  Foreign coded("c", 3, nullptr, indices);
  coded.type.dictionary = &text.type;
  coded.values.dictionary = &text.values;
  CHECK(taken(coded).column("x").to<std::string>() == std::vector<std::string>{"cde", "ab", "ab"});
  const std::int64_t seconds[] = {86'400};
  Foreign times("tss:", 1, nullptr, seconds);
  CHECK(taken(times).column("x").show(0) == "1970-01-02 00:00:00");
  const std::int8_t beyond[] = {3};
  Foreign wrong("c", 1, nullptr, beyond);
  wrong.type.dictionary = &text.type;
  wrong.values.dictionary = &text.values;
  CHECK(sentence_of([&] { return taken(wrong); }) ==
        "from_arrow: an index must be within its dictionary (got 3 of 3)");
  Foreign list("+l", 1, nullptr, offsets);
  CHECK(sentence_of([&] { return taken(list); }) ==
        "from_arrow: a column must be of numbers, bools, text, days or timestamps (got format \"+l\" of "
        "\"x\")");
  const std::uint64_t large[] = {~std::uint64_t{0}};
  Foreign wide("L", 1, nullptr, large);
  CHECK(sentence_of([&] { return taken(wide); }) ==
        "from_arrow: a number must be within 64 bits (got 18446744073709551615 times 1)");
}

TEST_CASE("texts as views, days of all years and columns without values are taken") {
  struct View {
    std::uint32_t size;
    char begin[4];
    std::uint32_t buffer, at;
  };
  const char *first = "zero.a text of 18 byte", *second = "another of 16 byt";
  View views[] = {{17, {}, 0, 5}, {3, {'a', 'b', 'c'}, 0, 0}, {99, {}, 7, 0}, {0, {}, 0, 0}, {16, {}, 1, 1}};
  std::memcpy(views[0].begin, "a te", 4);
  const std::uint8_t validity[] = {0b11011};
  const std::int64_t sizes[] = {22, 17};
  Foreign text("vu", 5, validity, views);
  const void* buffers[] = {validity, views, first, second, sizes};
  text.values.buffers = buffers;
  text.values.n_buffers = 5;
  CHECK(taken(text).column("x").to<std::optional<std::string>>() ==
        std::vector<std::optional<std::string>>{"a text of 18 byte", "abc", std::nullopt, "",
                                                "nother of 16 byt"});
  CHECK(taken(text, 3).column("x").to<std::string>() == std::vector<std::string>{"", "nother of 16 byt"});
  views[0].at = 6;
  CHECK(sentence_of([&] { return taken(text); }) ==
        "from_arrow: a view must lie within its buffers (got bytes 6 to 23 of buffer 0)");
  const std::int64_t days[] = {253'402'214'400'000, -1, -12'219'292'800'000};
  Foreign date("tdm", 3, nullptr, days);
  CHECK(taken(date).column("x").show(0) == "9999-12-31");
  CHECK(taken(date).column("x").show(1) == "1969-12-31");
  CHECK(taken(date).column("x").show(2) == "1582-10-15");
  Foreign none("n", 2, nullptr, nullptr);
  none.values.n_buffers = 0;
  none.values.buffers = nullptr;
  CHECK(taken(none).column("x").na_count() == 2);
}

TEST_CASE("arrays whose shape is not what they say are refused") {
  const std::int64_t numbers[] = {1, 2, 3};
  const auto refused = [&](const auto& change) {
    Foreign column("l", 3, nullptr, numbers);
    ArrowSchema* types[] = {&column.type};
    ArrowArray* arrays[] = {&column.values};
    const void* none[] = {nullptr};
    ArrowSchema schema{.format = "+s", .n_children = 1, .children = types, .release = keep};
    ArrowArray array{
        .length = 3, .n_buffers = 1, .n_children = 1, .buffers = none, .children = arrays, .release = keep};
    change(column, array);
    return sentence_of([&] { return from_arrow(&schema, &array); });
  };
  const std::uint8_t second_is_missing[] = {0b101};
  const void* bits[] = {second_is_missing};
  CHECK(
      refused([&](Foreign&, ArrowArray& table) {
        table.buffers = bits;
        table.null_count = 1;
      }) ==
      "from_arrow: a row of the table must not be missing as a whole (got row 1); let its values be missing");
  CHECK(refused([](Foreign& column, ArrowArray&) { column.values.length = 2; }) ==
        "from_arrow: a column must have the rows of its table (got 2 for 3 behind the first 0)");
  CHECK(refused([](Foreign&, ArrowArray& table) {
          table.offset = INT64_MAX;
        }).find("the rows of its table") != std::string::npos);
  CHECK(refused([](Foreign&, ArrowArray& table) { table.length = -1; }) ==
        "from_arrow: a length and an offset must not be negative (got -1 and 0)");
  CHECK(refused([](Foreign& column, ArrowArray&) { column.values.n_buffers = 1; }) ==
        "from_arrow: a column of format \"l\" must have 2 buffers (got 1)");
  CHECK(refused([](Foreign& column, ArrowArray&) { column.buffers[1] = nullptr; }) ==
        "from_arrow: a column must have its values (got none of 3 rows)");
  const std::int32_t below[] = {-3, 0, 1, 2};
  CHECK(refused([&](Foreign& column, ArrowArray&) {
          column.type.format = "u";
          column.buffers[1] = below;
          column.buffers[2] = "abc";
          column.values.n_buffers = 3;
        }) == "from_arrow: offsets of text must not be negative (got -3)");
}

namespace {

// A stream of its own that gives tables, and may fail at the end.
struct ForeignStream {
  std::vector<Table> tables;
  std::string error;
  std::size_t next = 0;
  bool is_released = false;
  ArrowArrayStream stream{};
  explicit ForeignStream(std::vector<Table> of, std::string fails = "")
      : tables(std::move(of)), error(std::move(fails)) {
    stream.private_data = this;
    stream.get_schema = [](ArrowArrayStream* self, ArrowSchema* schema) {
      ArrowArray array;
      to_arrow(own(self).tables.front(), schema, &array);
      array.release(&array);
      return 0;
    };
    stream.get_next = [](ArrowArrayStream* self, ArrowArray* array) {
      ForeignStream& me = own(self);
      array->release = nullptr;
      if (++me.next >= me.tables.size()) return me.error.empty() ? 0 : 5;
      ArrowSchema schema;
      to_arrow(me.tables[me.next], &schema, array);
      schema.release(&schema);
      return 0;
    };
    stream.get_last_error = [](ArrowArrayStream* self) { return own(self).error.c_str(); };
    stream.release = [](ArrowArrayStream* self) {
      own(self).is_released = true;
      self->release = nullptr;
    };
  }
  static ForeignStream& own(ArrowArrayStream* stream) {
    return *static_cast<ForeignStream*>(stream->private_data);
  }
};

}  // namespace

TEST_CASE("the partitions of a frame go out as an Arrow stream and come back as they were") {
  in_cluster([] {
    const Folder folder;
    std::string text = "i,x,t,b,d,s\n";
    for (int i = 0; i < 50; ++i)
      text += i % 9 == 4 ? ",,,,,\n"
                         : std::to_string(i) + ",0.5,t" + std::to_string(i % 3) +
                               ",true,2015-03-01,2015-03-01 01:00\n";
    text += "1.5,1,,,,\n";  // the type of a column is known at the end
    const Frame frame = read_csv(folder.write("a.csv", text), {.block = "300"});
    ArrowArrayStream stream;
    to_arrow(frame, &stream);
    ArrowSchema schema;
    REQUIRE(stream.get_schema(&stream, &schema) == 0);
    CHECK(schema.n_children == 6);
    CHECK(std::string(schema.children[0]->format) == "g");
    schema.release(&schema);
    CHECK(stream.get_last_error(&stream) == nullptr);
    const Frame back = from_arrow(&stream);
    CHECK(stream.release == nullptr);
    CHECK(back.to_futures().size() > 3);
    CHECK(back.compute() == frame.compute());
    CHECK(back.group_by("t").agg(count()).compute() == frame.group_by("t").agg(count()).compute());
    CHECK_THROWS_AS(from_arrow(&stream), Error);
  });
}

TEST_CASE("streams without arrays, with empty ones, and streams that fail") {
  in_cluster([] {
    const Table table({"n", "t"}, {make_column(std::vector<std::int64_t>{1, 2}),
                                   make_column(std::vector<std::string>{"a", "b"})});
    ForeignStream none({table});
    CHECK(from_arrow(&none.stream).compute() == table.slice(0, 0));
    CHECK(none.is_released);
    ForeignStream some({table, table.slice(0, 0), table.slice(1, 1), table});
    CHECK(from_arrow(&some.stream).compute().column("n").to<std::int64_t>() ==
          std::vector<std::int64_t>{2, 1, 2});
    ForeignStream broken({table, table}, "the disk is gone");
    CHECK(sentence_of([&] { return from_arrow(&broken.stream); }) ==
          "from_arrow: the stream failed: the disk is gone");
    CHECK(broken.is_released);
    ArrowArrayStream ours;
    to_arrow(Frame(table, 2).filter(col("n") > 7), &ours);
    std::size_t arrays = 0;
    for (ArrowArray array; ours.get_next(&ours, &array) == 0 && array.release;
         array.release(&array), ++arrays)
      CHECK(array.length == 0);
    CHECK(arrays == 2);
    ours.release(&ours);
    to_arrow(Frame(Table({"d"}, {make_column(std::vector<std::chrono::sys_days>{
                                    std::chrono::sys_days{} + std::chrono::days(2'200'000'000LL)})})),
             &ours);
    ArrowArray array;
    CHECK(ours.get_next(&ours, &array) == EINVAL);
    CHECK(std::string(ours.get_last_error(&ours)).find("within 32 bits") != std::string::npos);
    ours.release(&ours);
  });
}
