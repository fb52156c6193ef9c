// Blocks that pass from one process to another of the host; here both are this one.
#include "memory/lent.hpp"

#include <catch2/catch.hpp>
#include <cstring>

#include "memory/pool.hpp"
#include "weir/detail/task/serialize.hpp"
#include "weir/error.hpp"

using namespace weir;
using namespace weir::detail::comm;

namespace {

constexpr std::uint64_t mega = 1 << 20;

Block filled(std::uint64_t size, int byte) {
  Block block = new_block(size);
  std::memset(const_cast<std::byte*>(block.data), byte, size);
  return block;
}

[[maybe_unused]] bool holds(const Block& block, int byte) {
  return std::all_of(block.data, block.data + block.size,
                     [&](std::byte one) { return one == static_cast<std::byte>(byte); });
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // there, the library's operator new is not the program's

TEST_CASE("a lent block is the neighbour's until it deletes it") {
  LentMemory own(4 * mega);
  const auto theirs = BorrowedMemory::open(own.card());
  REQUIRE(theirs);
  own.close();
  const auto place = own.lend(filled(mega, 7), 1);
  REQUIRE(place);
  CHECK(own.used() == mega);
  {
    const Block there = theirs->block(*place, mega);
    CHECK(holds(there, 7));
    CHECK(own.used() == mega);
  }
  CHECK(own.used() == 0);
}

TEST_CASE("a lent block becomes the memory of the vector that is read from it") {
  LentMemory own(16 * mega);
  const auto theirs = BorrowedMemory::open(own.card());
  REQUIRE(theirs);
  const std::vector<double> sent(1'000'000, 0.5);
  Packed packed;
  Writer writer(packed.head, packed.blocks);
  write(writer, sent);
  REQUIRE(packed.blocks.size() == 1);
  const auto place = own.lend(packed.blocks[0], 1);
  REQUIRE(place);
  packed.blocks[0] = theirs->block(*place, packed.blocks[0].size);
  const std::byte* memory = packed.blocks[0].data;
  {
    std::vector<double> received;
    Reader reader(packed);
    read(reader, received);
    CHECK(received == sent);
    CHECK(reinterpret_cast<const std::byte*>(received.data()) == memory);
    CHECK(own.used() == 8'003'584);  // whole pages
    received.push_back(1);           // it moves to where there is room
    CHECK(own.used() == 0);
  }
  CHECK(own.used() == 0);
}

TEST_CASE("a block that was made in lent memory is lent where it lies") {
  LentMemory own(4 * mega);
  const auto theirs = BorrowedMemory::open(own.card());
  REQUIRE(theirs);
  Packed packed;
  Writer writer(packed.head, packed.blocks, nullptr, &own);
  writer.block_of(mega, [](std::byte* place) { std::memset(place, 9, mega); });
  CHECK(own.used() == mega);
  const auto place = own.lend(packed.blocks[0], 1);
  REQUIRE(place);
  CHECK(own.used() == mega);
  packed.blocks.clear();
  CHECK(holds(theirs->block(*place, mega), 9));
  CHECK(own.used() == 0);
}

TEST_CASE("a block that is not lent after all is free again") {
  LentMemory own(4 * mega);
  { const Block made = own.take(mega); }
  CHECK(own.used() == 0);
}

TEST_CASE("lent memory gives no more than it has, or may") {
  LentMemory own(4 * mega);
  const auto theirs = BorrowedMemory::open(own.card());
  REQUIRE(theirs);
  CHECK_FALSE(own.lend(filled(5 * mega, 1), 1));
  std::vector<Block> lent;
  for (int i = 0; i < 4; ++i) lent.push_back(theirs->block(own.lend(filled(mega, i), 1).value(), mega));
  CHECK_FALSE(own.lend(filled(mega, 1), 1));
  lent.erase(lent.begin() + 2);
  CHECK(own.lend(filled(mega, 5), 1) == 2 * mega);
  CHECK(holds(lent[2], 3));
  lent.clear();
  own.use_at_most(2 * mega);  // one was never taken over
  const Block made = own.take(mega);
  CHECK(made.data);
  CHECK_FALSE(own.take(1).data);
}

TEST_CASE("what a dead neighbour has is not used again") {
  LentMemory own(2 * mega);
  (void)own.lend(filled(mega, 1), 1);
  (void)own.lend(filled(mega, 2), 2);
  own.forget(1);
  CHECK(own.used() == 2 * mega);
  CHECK_FALSE(own.lend(filled(mega, 3), 3));
}

TEST_CASE("lent memory that is not that of the card is not opened") {
  LentMemory own(mega), other(mega);
  LentCard card = own.card();
  card.mark = other.card().mark;
  CHECK_FALSE(BorrowedMemory::open(card));
  card = own.card();
  card.bytes *= 2;
  CHECK_FALSE(BorrowedMemory::open(card));
  card = own.card();
  own.close();
  CHECK_FALSE(BorrowedMemory::open(card));
  CHECK_FALSE(BorrowedMemory::open(LentCard{}));
}

TEST_CASE("a block outside of the lent memory is refused") {
  LentMemory own(mega);
  const auto theirs = BorrowedMemory::open(own.card());
  REQUIRE(theirs);
  for (const auto& [place, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, mega + 1}, {4096, mega}, {mega, 1}, {100, 10}, {~std::uint64_t{4095}, 8192}})
    CHECK_THROWS_AS(theirs->block(place, size), Error);
}

#endif

TEST_CASE("no lent memory, no blocks") {
  LentMemory own(0);
  CHECK_FALSE(own.take(1).data);
  CHECK_FALSE(own.lend(filled(mega, 1), 1));
  CHECK_FALSE(BorrowedMemory::open(own.card()));
}
