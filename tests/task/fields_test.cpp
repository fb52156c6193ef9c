// The members of plain structs are counted right, whatever they are, also of structs that one file knows.
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "weir/detail/task/fields.hpp"
#include "weir/detail/task/pack.hpp"
#include "weir/detail/task/serialize.hpp"

using weir::detail::task::field_count;

namespace {

struct Owner {
  std::vector<std::unique_ptr<int>> what;
  int number = 0;
};
struct Owners {
  std::vector<Owner> many;
  std::map<int, Owner> by_number;
  std::optional<Owner> one;
  std::pair<int, Owner> pair;
  std::vector<std::unique_ptr<Owner>> deep;
};
struct Named {
  std::string name;
  int number = 0;
};
struct Arrays {
  int numbers[3];
  Named named[2];
  std::string names[2];
  std::vector<int> lists[2];
  int table[2][2];
  std::optional<int> maybe;
  std::array<int, 3> last;
};

}  // namespace

TEST_CASE("members are counted, of what cannot be copied and of arrays too") {
  CHECK(field_count<Owner> == 2);
  CHECK(field_count<Owners> == 5);
  CHECK(field_count<Named> == 2);
  CHECK(field_count<Arrays> == 7);
}
TEST_CASE("a struct with a vector of what cannot be copied travels") {
  Owners sent;
  sent.many.emplace_back().number = 7;
  sent.many.back().what.push_back(std::make_unique<int>(8));
  weir::Buffer bytes;
  weir::Writer writer(bytes);
  write(writer, sent);
  weir::Reader reader(bytes.bytes());
  Owners received;
  read(reader, received);
  REQUIRE(received.many.size() == 1);
  CHECK(received.many[0].number == 7);
  CHECK(*received.many[0].what.at(0) == 8);
}
