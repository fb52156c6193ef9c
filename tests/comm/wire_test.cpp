// Frames as bytes: values with and without blocks, and bytes that are no frame.
#include "comm/wire.hpp"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace weir;
using namespace weir::detail::comm;

namespace {

struct Unwritable {
  std::string first = "text";
  template <class Archive>
  void save(Archive& archive) const {
    archive(first);
    throw std::runtime_error("half-way");
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(first);
  }
};

Frame example() {
  Frame frame;
  frame.head.append("messages", 8);
  frame.values.push_back(detail::task::Value::make(std::string("small")));
  frame.values.push_back(detail::task::Value::make(std::vector<double>(100'000, 0.5)));
  frame.values.push_back(detail::task::Value::make(
      std::vector<std::vector<int>>{std::vector<int>(50'000, 1), {2}, std::vector<int>(60'000, 3)}));
  return frame;
}

std::string text(const Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

}  // namespace

TEST_CASE("wire brings back messages and values, with their blocks") {
  WireFrame wire = to_wire(example());
  CHECK(block_sizes(wire.head.bytes()) == std::vector<std::uint64_t>{800'000, 200'000, 240'000});
  REQUIRE(wire.blocks.size() == 3);
  const Frame frame = from_wire(wire.head.bytes(), std::move(wire.blocks));
  CHECK(text(frame.head) == "messages");
  REQUIRE(frame.values.size() == 3);
  CHECK(frame.values[0].as<std::string>() == "small");
  CHECK(frame.values[1].as<std::vector<double>>() == std::vector<double>(100'000, 0.5));
  CHECK(frame.values[2].as<std::vector<std::vector<int>>>()[2].size() == 60'000);
}

TEST_CASE("wire carries frames without values or without messages") {
  Frame only_messages;
  only_messages.head.append("abc", 3);
  CHECK(text(from_wire(to_wire(std::move(only_messages)).head.bytes(), {}).head) == "abc");
  Frame only_value;
  only_value.values.push_back(detail::task::Value::make(5));
  CHECK(from_wire(to_wire(std::move(only_value)).head.bytes(), {}).values[0].as<int>() == 5);
  CHECK(from_wire(to_wire(Frame{}).head.bytes(), {}).values.empty());
}

TEST_CASE("wire refuses heads that end early, wherever they are cut") {
  const WireFrame wire = to_wire(example());
  for (std::size_t size = 0; size < wire.head.size(); ++size) {
    const auto cut = wire.head.bytes().first(size);
    std::vector<Block> blocks = wire.blocks;
    CHECK_THROWS_AS(from_wire(cut, std::move(blocks)), Error);
  }
}

TEST_CASE("wire refuses more blocks than there are bytes") {
  WireFrame wire = to_wire(example());
  const std::uint32_t many = UINT32_MAX;
  std::memcpy(wire.head.data() + 6 + 16, &many, sizeof many);
  CHECK_THROWS_AS(block_sizes(wire.head.bytes()), Error);
}

TEST_CASE("wire makes a value without memory one that says so, and the others whole") {
  WireFrame wire = to_wire(example());
  wire.blocks[0] = arriving_block(std::uint64_t{1} << 60);
  CHECK(wire.blocks[0].data == nullptr);
  wire.blocks[0].size = 800'000;
  const Frame frame = from_wire(wire.head.bytes(), std::move(wire.blocks));
  CHECK_THROWS_WITH(frame.values[1].as<std::vector<double>>(),
                    Catch::StartsWith("no memory for a value of 800"));
  CHECK_THROWS_WITH(frame.values[1].pack(), Catch::StartsWith("no memory for a value of 800"));
  CHECK(frame.values[2].as<std::vector<std::vector<int>>>()[2].size() == 60'000);
}

TEST_CASE("wire gives memory for blocks of any size, aligned") {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{100'000}, std::uint64_t{5} << 20}) {
    const Block block = new_block(size);
    CHECK(block.size == size);
    CHECK(reinterpret_cast<std::uintptr_t>(block.data) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
    const_cast<std::byte*>(block.data)[size - 1] = std::byte{1};
  }
}

TEST_CASE("wire passes on what a value throws that cannot be written") {
  Frame frame;
  frame.values.push_back(detail::task::Value::make(Unwritable{}));
  CHECK_THROWS_WITH(to_wire(std::move(frame)), "half-way");
}
