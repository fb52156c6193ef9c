// The bytes by which arguments are known: those of the value, and nothing that the compiler leaves between.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

#include "weir/journal.hpp"
#include "weir/serialize.hpp"

namespace {

struct Inner {
  char letter = 'a';
  std::int64_t number = 7;
};
struct Parameters {
  double pressure = 1.5;
  int steps = 3;  // and four bytes of nothing
  Inner inner[2];
  std::array<Inner, 2> more;
  std::pair<char, int> pair{'b', 2};
  long double precise = 1.25L;
};

// A value in memory that was full of `byte`.
template <class T>
std::vector<std::byte> key_bytes(unsigned char byte) {
  alignas(T) std::byte memory[sizeof(T)];
  std::memset(memory, byte, sizeof memory);
  T* value = new (memory) T;
  weir::Buffer buffer;
  weir::Writer writer(buffer);
  writer.set_for_key();
  weir::write(writer, *value);
  weir::write(writer, std::optional<T>(*value));
  std::vector<T> several(1, *value);
  std::memcpy(static_cast<void*>(several.data()), memory, sizeof memory);
  weir::write(writer, several);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

template <class T>
std::vector<std::byte> key_of_value(const T& value) {
  weir::Buffer buffer;
  weir::Writer writer(buffer);
  writer.set_for_key();
  weir::write(writer, value);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

struct Node {
  std::vector<Node> children;
  std::map<int, std::string> names;
};
struct Hidden {
  std::vector<std::optional<std::unordered_set<int>>> sets;
};

double twice(double x) { return 2 * x; }

}  // namespace

TEST_CASE("key: functions among the arguments count by their names, not by where they lie") {
  weir::detail::journal::Hasher named, together, called;
  named.text("(anonymous namespace)::twice(double)");
  together.text("key_bytes_test::(anonymous namespace)::twice(double)");  // the tests of a folder in one file
  weir::detail::journal::add_function(called, reinterpret_cast<const void*>(&twice));
  CHECK((called.result() == named.result() || called.result() == together.result()));
}

TEST_CASE("key: gaps in structs do not count") {
  CHECK(key_bytes<Parameters>(0x00) == key_bytes<Parameters>(0xff));
  CHECK(key_bytes<Inner>(0x00) == key_bytes<Inner>(0x5a));
  Parameters other;
  other.more[1].number = 8;
  CHECK(key_of_value(other) != key_of_value(Parameters{}));
  const std::vector<std::byte> bytes = key_of_value(other);
  const auto back = weir::from_bytes<Parameters>(bytes);
  CHECK(back.more[1].number == 8);
  CHECK(back.precise == 1.25L);
  CHECK(back.pair.second == 2);
}

TEST_CASE("key: floating point numbers count by their bytes") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(key_of_value(nan) == key_of_value(nan));
  CHECK(key_of_value(nan) != key_of_value(std::copysign(nan, -1.0)));
  CHECK(key_of_value(0.0) != key_of_value(-0.0));
}

TEST_CASE("key: unordered containers are found wherever they are") {
  using weir::detail::journal::HasOrder;
  CHECK(HasOrder<Node>::value);
  CHECK(HasOrder<Parameters>::value);
  CHECK(HasOrder<std::vector<std::string>>::value);
  CHECK_FALSE(HasOrder<Hidden>::value);
  CHECK_FALSE(HasOrder<std::shared_ptr<Hidden>>::value);
  CHECK_FALSE(HasOrder<std::tuple<int, std::map<int, Hidden>>>::value);
  CHECK_FALSE(HasOrder<std::variant<int, std::unordered_map<int, int>>>::value);
}
