// Keys: which values are one, and that their hashes are the same everywhere.
#include "weir/detail/bag/hash.hpp"

#include <catch2/catch.hpp>
#include <cstring>

TEST_CASE("hashes are the same on every day and compiler") {
  CHECK(weir::detail::bag::Hash<std::string>{}("weir") == 0x09831dc741817118u);
  CHECK(weir::detail::bag::Hash<double>{}(-0.0) == weir::detail::bag::Hash<double>{}(0.0));
}

namespace {
struct Padded {
  int place = 1;
  double value = 2.5;
  bool operator==(const Padded&) const = default;
};
struct Padding {
  int place = 1;
  double value = 2.5;
};
}  // namespace

TEST_CASE("what lies between the members of a key does not count") {
  const auto alike = []<class T>(T) {
    alignas(T) std::byte one[sizeof(T)], other[sizeof(T)];
    std::memset(one, 0x55, sizeof one);
    std::memset(other, 0xAA, sizeof other);
    const T &a = *new (one) T, &b = *new (other) T;
    CHECK(weir::detail::bag::Hash<T>{}(a) == weir::detail::bag::Hash<T>{}(b));
    CHECK(weir::detail::bag::Same<T>{}(a, b));
  };
  alike(Padded());
  alike(Padding());
}

TEST_CASE("as a key NaN is equal to itself, whatever its bits, and as a part of one") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(weir::detail::bag::Hash<double>{}(nan) == weir::detail::bag::Hash<double>{}(-nan));
  CHECK(weir::detail::bag::Same<double>{}(nan, -nan));
  CHECK_FALSE(weir::detail::bag::Same<double>{}(nan, 1));
  using Pair = std::pair<int, double>;
  CHECK(weir::detail::bag::Same<Pair>{}({1, nan}, {1, nan}));
  CHECK_FALSE(weir::detail::bag::Same<Pair>{}({1, nan}, {2, nan}));
  CHECK_FALSE(weir::detail::bag::Same<Pair>{}({1, nan}, {1, 2.0}));
}

namespace {
struct Named {
  std::string name;
  double x = 0;
};
struct Deep {
  int place = 1;
  std::pair<float, std::array<double, 2>> inner{};
  double list[2] = {};
  std::optional<long double> maybe{};
  std::vector<double> more{};
  std::complex<double> z{};
  std::tuple<int, double> both{};
};
}  // namespace

TEST_CASE("zeros of either sign are one key, and NaN of any bits, also as parts of one") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto are_one = []<class T>(const T& a, const T& b) {
    return weir::detail::bag::Same<T>{}(a, b) &&
           weir::detail::bag::Hash<T>{}(a) == weir::detail::bag::Hash<T>{}(b);
  };
  CHECK(are_one(0.0, -0.0));
  CHECK(are_one(Padding{1, 0.0}, Padding{1, -0.0}));
  CHECK(are_one(Padded{1, 0.0}, Padded{1, -0.0}));
  CHECK(are_one(Padding{1, nan}, Padding{1, -nan}));
  CHECK(are_one(Padded{1, nan}, Padded{1, -nan}));
  CHECK(are_one(Named{"a", 0.0}, Named{"a", -0.0}));
  CHECK(are_one(std::pair(0.0, 1), std::pair(-0.0, 1)));
  CHECK(are_one(std::vector{1.0, 0.0}, std::vector{1.0, -0.0}));
  const Deep plus{1, {0.f, {0.0, 1.0}}, {0.0, 2.0}, 0.0L, {0.0}, {0.0, 1.0}, {1, nan}};
  const Deep minus{1, {-0.f, {-0.0, 1.0}}, {-0.0, 2.0}, -0.0L, {-0.0}, {-0.0, 1.0}, {1, -nan}};
  CHECK(are_one(plus, minus));
  CHECK_FALSE(weir::detail::bag::Same<Named>{}({"a", 0.0}, {"a", 1.0}));
  CHECK_FALSE(weir::detail::bag::Same<Named>{}({"a", 0.0}, {"b", -0.0}));
  CHECK_FALSE(weir::detail::bag::Same<Named>{}({"a", 0.0}, {"a", nan}));
}
