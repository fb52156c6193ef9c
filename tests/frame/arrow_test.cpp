// Arrow's C data interface, both ways.
#include <catch2/catch.hpp>

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
