// Columns in one block: what is written is read, and pieces are not copied on their way.
#include "frame/columns/together.hpp"
#include "frame/kernels/kernels.hpp"

#include <catch2/catch.hpp>

#include "frame/support.hpp"
#include "weir/detail/task/serialize.hpp"

using namespace weir;
using namespace weir::test;
using detail::frame::Pieces;
using detail::frame::together;

namespace {

Table mixed(std::size_t rows) {
  std::vector<std::optional<std::int64_t>> integers(rows);
  std::vector<std::optional<std::string>> texts(rows);
  std::vector<double> reals(rows);
  std::vector<bool> flags(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (i % 7) integers[i] = static_cast<std::int64_t>(i);
    if (i % 5) texts[i] = std::string(i % 11, 'x') + std::to_string(i);
    reals[i] = static_cast<double>(i) / 4;
    flags[i] = i % 3 == 0;
  }
  return Table({"i", "t", "x", "b"},
               {make_column(integers), make_column(texts), make_column(reals), make_column(flags)});
}

template <class T>
Packed packed(const std::shared_ptr<const T>& value) {
  Packed result;
  Writer writer(result.head, result.blocks, value);
  weir::write(writer, *value);
  return result;
}
template <class T>
T read_back(Packed& from) {
  Reader reader(from);
  T value;
  weir::read(reader, value);
  return value;
}

}  // namespace

TEST_CASE("tables are read as they were written, however large their columns are") {
  for (const std::size_t rows : {0u, 1u, 63u, 64u, 1000u, 3000u, 5000u, 20'000u}) {
    const Table table = mixed(rows);
    for (const Table& one : {table, together(table), table.slice(rows / 3, rows / 2)}) {
      CHECK(together(one) == one);
      Packed beside = packed(std::make_shared<const Table>(one));
      CHECK(read_back<Table>(beside) == one);
      Buffer head;
      Writer inside(head);
      weir::write(inside, one);
      Reader reader(head.bytes());
      Table read;
      weir::read(reader, read);
      CHECK(read == one);
    }
  }
}

TEST_CASE("small columns that are large together travel as one block, in place if they lie so") {
  const auto scattered = std::make_shared<const Table>(mixed(5000));
  CHECK(packed(scattered).blocks.size() == 1);
  const auto piece = std::make_shared<const Table>(together(*scattered));
  const Packed written = packed(piece);
  REQUIRE(written.blocks.size() == 1);
  CHECK(written.blocks[0].data == static_cast<const void*>(piece->columns()[0].validity()));
  const Packed copied = packed(scattered);
  CHECK(std::equal(copied.head.bytes().begin(), copied.head.bytes().end(), written.head.bytes().begin()));
  CHECK(std::equal(copied.blocks[0].data, copied.blocks[0].data + copied.blocks[0].size,
                   written.blocks[0].data));
}

TEST_CASE("a table whose bytes were damaged is refused") {
  Packed bytes = packed(std::make_shared<const Table>(mixed(5000)));
  bytes.blocks[0].size -= 8;
  CHECK_THROWS_AS(read_back<Table>(bytes), Error);
  const Column text = mixed(4000).column("t");
  Packed texts = packed(std::make_shared<const Table>(Table({"t", "u"}, {text, text})));
  REQUIRE(texts.blocks.size() == 1);
  const std::size_t offsets = 4000 / 64 * 8 + 8;
  auto* const changed = static_cast<std::byte*>(::operator new(texts.blocks[0].size));  // the reader frees it
  std::copy_n(texts.blocks[0].data, texts.blocks[0].size, changed);
  changed[offsets + 80] = std::byte{0xff};
  texts.blocks[0].data = changed;
  CHECK_THROWS_AS(read_back<Table>(texts), Error);
}

TEST_CASE("a piece comes back from others that stay where they are") {
  const std::vector<Table> tables{mixed(50'000), mixed(100), mixed(0), mixed(7)};
  const Table all = detail::frame::concat(tables);
  Packed bytes = packed(
      std::make_shared<const Pieces>(all, std::vector<std::uint64_t>{0, 50'000, 50'100, 50'100, 50'107}));
  CHECK(bytes.blocks.size() > 1);
  CHECK(bytes.head.bytes().size() < 100'000);
  const auto pieces = read_back<Pieces>(bytes);
  REQUIRE(pieces.count() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(pieces.piece(i) == tables[i]);

  Packed none = packed(std::make_shared<const Pieces>(mixed(0), std::vector<std::uint64_t>{0, 0, 0}));
  CHECK(read_back<Pieces>(none).piece(1) == mixed(0));
  Packed wrong = packed(std::make_shared<const Pieces>(all, std::vector<std::uint64_t>{0, 50'000}));
  CHECK_THROWS_AS(read_back<Pieces>(wrong), Error);
}
