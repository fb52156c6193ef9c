#include "comm/belt.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace weir::detail::comm;

namespace {

using Bytes = std::vector<std::byte>;

Bytes message(std::uint32_t number, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(number + i * 7);
  return bytes;
}

// The first message, which must be this one.
bool takes(BeltReader& reader, std::uint32_t number, std::size_t size) {
  const BeltHead head = reader.head();
  if (head.number != number || head.tag != number % 3 || head.bytes != size) return false;
  Bytes bytes(size);
  reader.take(head, bytes.data());
  return bytes == message(number, size);
}

}  // namespace

TEST_CASE("belt: messages of all sizes come out as they went in, also across its end") {
  const auto belt = std::make_unique<Belt>();
  BeltWriter writer(belt.get());
  BeltReader reader(belt.get());
  CHECK(reader.empty());
  std::mt19937 random(1);
  for (std::uint32_t number = 0; number < 5'000; ++number) {
    const std::size_t size = random() % (BeltWriter::most_bytes + 1);
    REQUIRE(writer.put({.tag = number % 3, .number = number}, message(number, size)));
    REQUIRE(!reader.empty());
    REQUIRE(takes(reader, number, size));
    REQUIRE(reader.empty());
  }
}

TEST_CASE("belt: one that is full takes nothing until something has been read") {
  const auto belt = std::make_unique<Belt>();
  BeltWriter writer(belt.get());
  BeltReader reader(belt.get());
  const std::size_t size = 3 * Belt::line_bytes - sizeof(BeltHead);
  std::uint32_t count = 0;
  while (writer.put({.tag = count % 3, .number = count}, message(count, size))) ++count;
  CHECK(count == Belt::lines / 3);
  CHECK(takes(reader, 0, size));
  CHECK(writer.put({.tag = count % 3, .number = count}, message(count, size)));
  CHECK(!writer.put({}, message(0, size)));
  for (std::uint32_t number = 1; number <= count; ++number) CHECK(takes(reader, number, size));
  CHECK(reader.empty());
}

TEST_CASE("belt: two threads, of which each is at times ahead") {
  constexpr std::uint32_t count = 30'000;
  const auto belt = std::make_unique<Belt>();
  const auto size_of = [](std::uint32_t number) { return std::size_t{number} * 37 % 900; };
  std::thread sends([&] {
    BeltWriter writer(belt.get());
    for (std::uint32_t number = 0; number < count; ++number) {
      if (number % 10 == 0) writer.note_beside();
      while (!writer.put({.tag = number % 3, .number = number}, message(number, size_of(number))))
        std::this_thread::yield();
    }
  });
  BeltReader reader(belt.get());
  std::uint32_t wrong = 0, late = 0;
  for (std::uint32_t number = 0; number < count; ++number) {
    while (reader.empty()) std::this_thread::yield();
    late += reader.beside() < number / 10 + 1;  // it is seen at the latest with what comes after it
    if (!takes(reader, number, size_of(number))) {
      ++wrong;
      break;
    }
  }
  if (wrong) sends.detach();
  else sends.join();
  CHECK(wrong == 0);
  CHECK(late == 0);
}
