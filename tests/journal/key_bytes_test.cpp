// The bytes by which arguments are known: those of the value, and nothing that the compiler leaves between.
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <valarray>

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
double thrice(double x) { return 3 * x; }

namespace same {
namespace {
int called(int x) { return x + 1; }
}  // namespace
int (*in_this_file())(int) { return called; }
int called(int x) { return x + 100; }
}  // namespace same

struct Potential {
  double (*energy)(double) = twice;
  int power = 6;
  double (Inner::*of_inner)() const = nullptr;
};
struct Written {
  double (*function)(double) = nullptr;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(function);
  }
};

// By what an argument is known in a build in which every function lies `elsewhere`.
template <class T>
weir::detail::journal::Key key_elsewhere(const T& value, unsigned char elsewhere) {
  weir::Buffer buffer;
  std::vector<weir::WrittenFunction> functions;
  weir::Writer writer(buffer);
  writer.set_for_key(&functions);
  weir::write(writer, value);
  for (const weir::WrittenFunction& function : functions)
    std::memset(buffer.data() + function.offset, elsewhere, sizeof function.address);
  weir::detail::journal::Hasher hasher;
  weir::detail::journal::add_written(hasher, buffer.bytes(), functions);
  return hasher.result();
}
template <class T>
void check_functions(const T& value, const T& other) {
  CHECK(key_elsewhere(value, 0) == key_elsewhere(value, 7));
  CHECK(key_elsewhere(value, 0) != key_elsewhere(other, 0));
}

}  // namespace

TEST_CASE("key: functions among the arguments count by their names, not by where they lie") {
  weir::detail::journal::Hasher named, together, called;
  named.text("(anonymous namespace)::twice(double)");
  together.text("key_bytes_test::(anonymous namespace)::twice(double)");  // the tests of a folder in one file
  weir::detail::journal::add_function(
      called, weir::detail::task::portable_address(reinterpret_cast<const void*>(&twice)));
  CHECK((called.result() == named.result() || called.result() == together.result()));
}

TEST_CASE("key: functions inside arguments count by their names too") {
  check_functions(Potential{}, Potential{.energy = thrice});
  check_functions(Potential{}, Potential{.power = 12});
  check_functions(Potential{}, Potential{.energy = nullptr});
  check_functions(std::vector<Potential>(2), {Potential{}, Potential{.energy = thrice}});
  check_functions(std::optional(Written{twice}), std::optional(Written{thrice}));
  check_functions(&std::vector<int>::size, &std::vector<int>::capacity);
  double (*const lambda)(double) = [](double x) { return x; };
  CHECK_THROWS_WITH(
      key_elsewhere(Potential{.energy = lambda}, 0),
      Catch::StartsWith("submit(cached, ...): a lambda among the arguments has no name by which another run "
                        "finds the result; name it: make it a function (got "));
}

TEST_CASE("key: a function that shares its name with another one is refused") {
  CHECK(same::in_this_file()(1) + same::called(1) == 103);
  weir::detail::journal::Hasher hasher;
  const auto address =
      weir::detail::task::portable_address(reinterpret_cast<const void*>(same::in_this_file()));
  CHECK_THROWS_WITH(weir::detail::journal::add_function(hasher, address),
                    Catch::StartsWith("submit(cached, ...): the executable has two functions ") &&
                        Catch::EndsWith("called(int), and results are found by the name; call one "
                                        "of them otherwise, or put it into a namespace with a name"));
}

TEST_CASE("key: what has no value of its own does not travel") {
  CHECK_FALSE(weir::Travels<std::string_view>);
  CHECK_FALSE(weir::Travels<std::span<const int>>);
  CHECK_FALSE(weir::Travels<std::function<int()>>);
  CHECK_FALSE(weir::Travels<std::reference_wrapper<int>>);
  CHECK_FALSE(weir::Travels<std::vector<int>::iterator>);
  CHECK_FALSE(weir::Travels<std::map<int, int>::iterator>);
  CHECK_FALSE(weir::Travels<std::vector<std::pair<int, const char*>>>);
}

TEST_CASE("key: gaps in numbers do not count") {
  using Precise = long double;
  const auto bytes = [](unsigned char gap) {
    struct {
      Precise number[2];
    } gaps;
    std::memset(static_cast<void*>(&gaps), gap, sizeof gaps);
    for (Precise& number : gaps.number) {
      const Precise one = 1;
      std::memcpy(&number, &one, 10);
    }
    std::complex<Precise> complex;
    std::memcpy(static_cast<void*>(&complex), &gaps, sizeof gaps);
    std::chrono::duration<Precise> duration;
    std::memcpy(static_cast<void*>(&duration), &gaps, sizeof duration);
    std::valarray<Precise> array(2);
    std::memcpy(&array[0], &gaps, sizeof gaps);
    return std::vector{key_of_value(complex), key_of_value(duration), key_of_value(array)};
  };
  CHECK(bytes(0x00) == bytes(0xff));
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
