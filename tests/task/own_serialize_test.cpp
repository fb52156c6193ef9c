// What the author of a type wrote for it is used wherever its values travel.
// Compiled alone: cereal has versions of types said outside of all namespaces.
#include <catch2/catch.hpp>
#include <cereal/types/polymorphic.hpp>

#include "weir/detail/task/invoke.hpp"
#include "weir/serialize.hpp"

namespace own_serialize {

// Each writes a number that is not the one it has, so that a type written past its functions is noticed.
struct Versioned {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, std::uint32_t version) {
    int shifted = value + 10;
    archive(shifted);
    if (version != 3) throw std::runtime_error("version " + std::to_string(version));
    value = shifted - 9;
  }
  bool operator==(const Versioned&) const = default;
};
struct Free {
  int value = 0;
};
template <class Archive>
void serialize(Archive& archive, Free& free) {
  int shifted = free.value + 10;
  archive(shifted);
  free.value = shifted - 9;
}
struct FreeVersioned {
  int value = 0;
};
template <class Archive>
void serialize(Archive& archive, FreeVersioned& free, std::uint32_t version) {
  archive(free.value);
  free.value += static_cast<int>(version) + 1;
}
struct Saved {
  int value = 0;
  template <class Archive>
  void save(Archive& archive, std::uint32_t) const {
    archive(value + 1);
  }
  template <class Archive>
  void load(Archive& archive, std::uint32_t) {
    archive(value);
  }
};
struct FreeSaved {
  int value = 0;
};
template <class Archive>
void save(Archive& archive, const FreeSaved& saved) {
  archive(saved.value + 1);
}
template <class Archive>
void load(Archive& archive, FreeSaved& saved) {
  archive(saved.value);
}
struct Minimal {
  int value = 0;
  template <class Archive>
  std::string save_minimal(const Archive&) const {
    return std::to_string(value + 1);
  }
  template <class Archive>
  void load_minimal(const Archive&, const std::string& text) {
    value = std::stoi(text);
  }
};
struct FreeMinimal {
  int value = 0;
};
template <class Archive>
int save_minimal(const Archive&, const FreeMinimal& minimal) {
  return minimal.value + 1;
}
template <class Archive>
void load_minimal(const Archive&, FreeMinimal& minimal, const int& value) {
  minimal.value = value;
}
enum class Colour { red, green };
template <class Archive>
std::string save_minimal(const Archive&, const Colour& colour) {
  return colour == Colour::red ? "green" : "red";
}
template <class Archive>
void load_minimal(const Archive&, Colour& colour, const std::string& text) {
  colour = text == "red" ? Colour::red : Colour::green;
}
struct Elsewhere {
  int value = 0;
};
struct Shape {
  virtual ~Shape() = default;
  int name = 0;
  [[nodiscard]] virtual int area() const { return 0; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
};
struct Square : Shape {
  int side = 0;
  [[nodiscard]] int area() const override { return side * side; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<Shape>(this), side);
  }
};
int next(int x) { return x + 1; }
struct Callback {
  Callback() = default;
  explicit Callback(int (*function)(int)) : function(function) {}
  int (*function)(int) = nullptr;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(function);
  }
};
struct Everything {
  Versioned versioned;
  Free free;
  FreeVersioned free_versioned;
  Saved saved;
  FreeSaved free_saved;
  Minimal minimal;
  FreeMinimal free_minimal;
  Elsewhere elsewhere;
};

}  // namespace own_serialize

CEREAL_CLASS_VERSION(own_serialize::Versioned, 3)
CEREAL_REGISTER_TYPE(own_serialize::Square)

namespace cereal {
template <class Archive>
void serialize(Archive& archive, own_serialize::Elsewhere& elsewhere) {
  archive(elsewhere.value);
  ++elsewhere.value;
}
}  // namespace cereal

using namespace own_serialize;

namespace {

template <class T>
T back(const T& value) {
  return weir::from_bytes<T>(weir::to_bytes(value));
}
// Writing and reading make one more of the value: alone, and in whatever contains it.
template <class T>
void check_own() {
  INFO(typeid(T).name());
  STATIC_REQUIRE_FALSE(weir::detail::task::Bitwise<T>);
  STATIC_REQUIRE_FALSE(weir::detail::task::PlainStruct<T>);
  STATIC_REQUIRE(weir::Travels<T>);
  const auto one_more = [](const T& value) { return back(T{value}).value; };
  const int expected = one_more(T{5});
  CHECK(expected > 5);
  struct Holder {
    char before = 'a';
    T inner{};
    T pair[2]{};
  };
  CHECK(back(Holder{'b', T{5}, {}}).inner.value == expected);
  CHECK(back(Holder{'b', {}, {T{5}, T{5}}}).pair[1].value == expected);
  CHECK(back(std::vector<T>{T{1}, T{5}})[1].value == expected);
  CHECK(back(std::vector<Holder>{{'b', T{5}, {}}})[0].inner.value == expected);
  CHECK(back(std::array<T, 2>{T{1}, T{5}})[1].value == expected);
  CHECK(back(std::map<int, T>{{1, T{5}}}).at(1).value == expected);
  CHECK(back(std::pair<int, T>{1, T{5}}).second.value == expected);
  CHECK(back(std::tuple<T, int>{T{5}, 1}) == std::tuple<T, int>{T{expected}, 1});
  CHECK(back(std::optional<T>{T{5}})->value == expected);
  CHECK(std::get<T>(back(std::variant<int, T>{T{5}})).value == expected);
  CHECK(back(std::make_unique<T>(T{5}))->value == expected);
  CHECK(back(std::make_shared<T>(T{5}))->value == expected);
}

}  // namespace

namespace own_serialize {
template <class T>
requires requires(const T& value) { {value.value}; }
bool operator==(const T& a, const T& b) { return a.value == b.value; }
}  // namespace own_serialize

TEST_CASE("own_serialize: members with cereal's version are used") {
  check_own<Versioned>();
  check_own<Saved>();
}

TEST_CASE("own_serialize: free functions are used, in the type's namespace or in cereal's") {
  check_own<Free>();
  check_own<FreeVersioned>();
  check_own<FreeSaved>();
  check_own<Elsewhere>();
}

TEST_CASE("own_serialize: minimal functions are used") {
  check_own<Minimal>();
  check_own<FreeMinimal>();
  CHECK(back(Colour::red) == Colour::green);
  CHECK(back(std::vector<Colour>{Colour::red})[0] == Colour::green);
  CHECK(back(std::map<Colour, int>{{Colour::red, 1}}).count(Colour::green) == 1);
}

TEST_CASE("own_serialize: a struct of all kinds goes member by member, and so does a vector of it") {
  const Everything once = back(Everything{{5}, {5}, {5}, {5}, {5}, {5}, {5}, {5}});
  const auto all = back(std::vector<Everything>{{{5}, {5}, {5}, {5}, {5}, {5}, {5}, {5}}});
  for (const Everything& everything : {once, all[0]}) {
    CHECK(everything.versioned.value > 5);
    CHECK(everything.free.value > 5);
    CHECK(everything.free_versioned.value > 5);
    CHECK(everything.saved.value == 6);
    CHECK(everything.free_saved.value == 6);
    CHECK(everything.minimal.value == 6);
    CHECK(everything.free_minimal.value == 6);
    CHECK(everything.elsewhere.value > 5);
  }
}

TEST_CASE("own_serialize: function pointers travel, other pointers do not") {
  CHECK(back(Callback(next)).function(1) == 2);
  CHECK(back(std::vector<Callback>{Callback(next), Callback()})[1].function == nullptr);
  struct Bare {
    int (*function)(int) = nullptr;
    std::string name;
  };
  CHECK(back(std::vector<Bare>{{next, "next"}})[0].function(1) == 2);
  struct Named {
    const char* name = nullptr;
  };
  struct Deep {
    std::vector<std::map<int, std::deque<Named>>> named;
  };
  struct Tree {
    int value = 0;
    std::vector<Tree> children;
    std::unique_ptr<Tree> next;
  };
  STATIC_REQUIRE(weir::Travels<Bare>);
  STATIC_REQUIRE_FALSE(weir::Travels<Named>);
  STATIC_REQUIRE_FALSE(weir::Travels<std::list<Named>>);
  STATIC_REQUIRE_FALSE(weir::Travels<std::variant<int, Named>>);
  STATIC_REQUIRE_FALSE(weir::Travels<Deep>);
  STATIC_REQUIRE(weir::Travels<Tree>);
  STATIC_REQUIRE(weir::Travels<std::vector<std::string>>);
  STATIC_REQUIRE(weir::Travels<std::set<std::pair<int, std::string>>>);
}

TEST_CASE("own_serialize: what a pointer to a base points to travels whole") {
  auto square = std::make_shared<Square>();
  square->name = 7;
  square->side = 3;
  const auto shape = back(std::shared_ptr<Shape>(square));
  CHECK(shape->area() == 9);
  CHECK(shape->name == 7);
}

TEST_CASE("from_bytes refuses what is not the whole of a value") {
  std::vector<std::byte> bytes = weir::to_bytes(std::string("abc"));
  CHECK(weir::from_bytes<std::string>(bytes) == "abc");
  bytes.push_back({});
  CHECK_THROWS_WITH(weir::from_bytes<std::string>(bytes),
                    "from_bytes: the bytes must be one value of type std::string (got 1 B more); was it "
                    "written by another version of its serialize()?");
  bytes.resize(5);
  CHECK_THROWS_WITH(weir::from_bytes<std::string>(bytes), Catch::Contains("the bytes end before the value"));
}

namespace own_names {

using namespace weir;
int load(int x) { return x + 1; }
int save(int x) { return 2 * x; }

TEST_CASE("own_serialize: functions of a program may be named load and save") {
  const auto one = load, two = save;
  CHECK(two(one(3)) == 8);
}

}  // namespace own_names
