// What is checked of arguments that go to a task as they are, and which types do.
#include "weir/detail/client/live.hpp"

#include <catch2/catch.hpp>
#include <unordered_map>

using namespace weir;
using namespace weir::detail::client;
using weir::detail::task::Faithful;
using weir::detail::task::Live;
using weir::detail::task::Value;

namespace {

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
struct Owner {
  std::unique_ptr<int> one;
};
/// Writes less than it has.
struct Lossy {
  std::vector<int> kept, left_out;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(kept);
  }
};
/// Reads other members than it has written.
struct Crossed {
  int rows = 0, columns = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(rows, columns);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(columns, rows);
  }
};
/// Reads less than it has written.
struct Short {
  int rows = 0;
  template <class Archive>
  void save(Archive& archive) const {
    archive(rows, rows);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(rows);
  }
};
struct Descending {
  bool up = false;
  bool operator()(int a, int b) const { return up ? a < b : a > b; }
};

void looks(const std::vector<int>&) {}
void has(std::vector<int>) {}
void looks_lossy(const Lossy&) {}
void has_lossy(Lossy) {}

template <class T>
std::string refused(T object) {
  try {
    static_cast<void>(checked(Value::make(std::move(object)), true));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::serialization);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

static_assert(Faithful<std::vector<std::string>> && Faithful<Tree> &&
              Faithful<std::map<std::string, std::vector<std::optional<double>>>> &&
              Faithful<std::unordered_map<int, std::pair<std::string, int>>> &&
              Faithful<std::tuple<std::deque<int>, std::variant<int, std::string>>>);
static_assert(!Faithful<std::unique_ptr<int>> && !Faithful<std::shared_ptr<int>> && !Faithful<Owner> &&
              !Faithful<std::vector<std::shared_ptr<int>>> && !Faithful<Lossy> &&
              !Faithful<std::set<int, Descending>>);

using Ints = std::vector<int>;
static_assert(std::is_same_v<SentAs<decltype(&looks), 0, Ints>, Live<Ints, true, true>>);
static_assert(std::is_same_v<SentAs<decltype(&looks), 0, Ints&>, Live<Ints, true, false>>);
static_assert(std::is_same_v<SentAs<decltype(&looks), 0, const Ints>, Live<Ints, true, false>>);
static_assert(std::is_same_v<SentAs<decltype(&has), 0, Ints>, Live<Ints, false, true>>);
static_assert(std::is_same_v<SentAs<decltype(&looks_lossy), 0, Lossy>, Live<Lossy, true, true>>);
static_assert(std::is_same_v<SentAs<decltype(&looks_lossy), 0, Lossy&>, Lossy>);
static_assert(std::is_same_v<SentAs<decltype(&has_lossy), 0, Lossy>, Lossy>);

TEST_CASE("a checked argument is what another process would see") {
  const Value seen = checked(Value::make(Lossy{{1, 2}, {3}}), true);
  CHECK(seen.as<Lossy>().kept == std::vector{1, 2});
  CHECK(seen.as<Lossy>().left_out.empty());
  CHECK(checked(Value::make(Tree{"a", {{"b", {}}}}), true).as<Tree>().children.at(0).name == "b");
  std::unordered_map<int, int> many;
  for (int i = 0; i < 1000; ++i) many[i * 7919] = i;
  CHECK(checked(Value::make(many), false).as<std::unordered_map<int, int>>() == many);
}

TEST_CASE("an argument that is not read as it was written is refused") {
  CHECK(refused(Crossed{2, 3})
            .find("Crossed must be the same after it was written and read back (got other "
                  "bytes: 8 written, 8 read, then 8 written); a task on another process "
                  "would see something else: let its serialize() write and read the same "
                  "members in the same order") != std::string::npos);
  CHECK(refused(Crossed{2, 2}) == "nothing was thrown");
  CHECK(refused(Short{2}).find("8 written, 4 read, then 8 written") != std::string::npos);
}
