// Values of tasks: live, packed, shared.
#include "weir/detail/task/value.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

using namespace weir;
using detail::task::Value;

namespace {

struct Unreadable {
  int value = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(value);
  }
  template <class Archive>
  void load(Archive&) {
    throw std::runtime_error("not today");
  }
};
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

Value through_the_wire(const Value& value) { return Value::from_packed(value.ops(), value.pack()); }

}  // namespace

TEST_CASE("value shares the live object with all its copies") {
  const Value value = Value::make(std::string("abc"));
  const Value copy = value;
  CHECK(copy.as<std::string>() == "abc");
  CHECK(&copy.as<std::string>() == &value.as<std::string>());
  CHECK(value.size() == 11);
  CHECK_FALSE(Value());
  CHECK(value);
}

TEST_CASE("value arrives packed and is read when it is first used, once") {
  const Value arrived = through_the_wire(Value::make(std::vector<int>{1, 2, 3}));
  const Value copy = arrived;
  CHECK(arrived.as<std::vector<int>>() == std::vector<int>{1, 2, 3});
  CHECK(&arrived.as<std::vector<int>>() == &copy.as<std::vector<int>>());
}

TEST_CASE("value is read once by threads that use it at the same time") {
  const Value arrived = through_the_wire(Value::make(std::vector<int>(1000, 5)));
  std::vector<const std::vector<int>*> seen(4);
  {
    std::vector<std::jthread> threads;
    for (auto& place : seen) threads.emplace_back([&] { place = &arrived.as<std::vector<int>>(); });
  }
  for (const auto* place : seen) CHECK(place == seen[0]);
}

TEST_CASE("value keeps its object alive while a block of it travels or somebody shares it") {
  Packed packed;
  std::shared_ptr<const std::vector<double>> shared;
  {
    const Value value = Value::make(std::vector<double>(100'000, 0.5));
    packed = value.pack();
    shared = value.share<std::vector<double>>();
  }
  REQUIRE(packed.blocks.size() == 1);
  CHECK(reinterpret_cast<const double*>(packed.blocks[0].data)[99'999] == 0.5);
  CHECK(shared->back() == 0.5);
}

TEST_CASE("value travels on from a worker that has never read it") {
  const Value first = through_the_wire(Value::make(std::string(200'000, 'x')));
  CHECK(through_the_wire(first).as<std::string>() == std::string(200'000, 'x'));
}

TEST_CASE("value packs itself small only when it is") {
  const Value value = Value::make(std::string(100, 'x'));
  Buffer out;
  CHECK(value.pack_small(out, 108));
  CHECK(out.size() == 108);
  for (int again = 0; again < 2; ++again) {  // the second time it is counted first
    CHECK_FALSE(value.pack_small(out, 107));
    CHECK(out.empty());
  }
  CHECK(Value::make(std::string(99, 'y')).pack_small(out, 107));
  CHECK(out.size() == 107);
  CHECK(Value::make(std::string(99, 'z')).pack_small(out, 107));
}

TEST_CASE("value of another type is refused with both names") {
  const Value value = Value::make(5);
  CHECK_THROWS_WITH(value.as<double>(), "value: holds a int, asked for a double");
  CHECK_THROWS_WITH(Value().as<int>(), "value: there is none");
}

TEST_CASE("value that cannot be written or read throws with the reason of its type, each time") {
  CHECK_THROWS_WITH(Value::make(Unwritable{}).pack(), "half-way");
  CHECK_THROWS_WITH(Value::make(Unwritable{}).size(), "half-way");
  const Value arrived = through_the_wire(Value::make(Unreadable{5}));
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_WITH(arrived.as<Unreadable>(), Catch::EndsWith("cannot be read back: not today"));
}

TEST_CASE("value may be what can only be moved") {
  const Value value = Value::make(std::make_unique<std::string>("abc"));
  CHECK(*through_the_wire(value).as<std::unique_ptr<std::string>>() == "abc");
}

TEST_CASE("value may be nothing") {
  CHECK(through_the_wire(Value::make(detail::task::Nothing{})).size() == 0);
}
