// Bytes that grow: inside the object, then outside.
#include "weir/detail/task/buffer.hpp"

#include <catch2/catch.hpp>
#include <string>

using weir::Buffer;

namespace {

std::string text(const Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}
Buffer of(const std::string& content) {
  Buffer buffer;
  buffer.append(content.data(), content.size());
  return buffer;
}
bool is_inside(const Buffer& buffer) {
  const auto* at = reinterpret_cast<const char*>(buffer.data());
  const auto* self = reinterpret_cast<const char*>(&buffer);
  return at >= self && at < self + sizeof buffer;
}

}  // namespace

TEST_CASE("buffer keeps up to 40 bytes inside itself") {
  const std::string forty(40, 'x');
  CHECK(is_inside(of(forty)));
  CHECK_FALSE(is_inside(of(forty + "x")));
  CHECK(text(of(forty + "y")) == forty + "y");
}

TEST_CASE("buffer keeps its content while it grows") {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const char byte = static_cast<char>(i);
    buffer.append(&byte, 1);
    expected += byte;
  }
  CHECK(text(buffer) == expected);
  CHECK(buffer.capacity() >= 5000);
  CHECK(buffer.capacity() < 20000);
}

TEST_CASE("buffer copies and moves small and large content") {
  for (const std::size_t size : {0u, 1u, 40u, 41u, 10000u}) {
    const std::string content(size, 'q');
    Buffer first = of(content);
    Buffer copy = first;
    CHECK(copy == first);
    Buffer moved = std::move(first);
    CHECK(text(moved) == content);
    CHECK(first.empty());
    first.append("new", 3);
    CHECK(text(first) == "new");
    copy = std::move(moved);
    CHECK(text(copy) == content);
    copy = copy;
    CHECK(text(copy) == content);
  }
}

TEST_CASE("buffer that is cleared keeps its memory") {
  Buffer buffer = of(std::string(1000, 'a'));
  const auto capacity = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == capacity);
}

TEST_CASE("buffer gives room that its caller writes") {
  Buffer buffer;
  std::memcpy(buffer.grow(3), "abc", 3);
  std::byte* room = buffer.grow(100);
  for (int i = 0; i < 100; ++i) room[i] = std::byte{'d'};
  CHECK(text(buffer) == "abc" + std::string(100, 'd'));
  buffer.append(nullptr, 0);
  CHECK(buffer.size() == 103);
}

TEST_CASE("buffers are equal when their bytes are") {
  CHECK(of("abc") == of("abc"));
  CHECK_FALSE(of("abc") == of("abd"));
  CHECK_FALSE(of("abc") == of("ab"));
  CHECK(Buffer() == Buffer());
}
