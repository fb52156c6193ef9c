// Error: kind and sentence travel together, and every kind has a name.
#include "weir/error.hpp"

#include <catch2/catch.hpp>
#include <set>

using weir::Error;
using weir::ErrorKind;

TEST_CASE("error carries its kind and its sentence") {
  const Error error(ErrorKind::timeout, "result: must arrive within 2s (got nothing)");
  CHECK(error.kind() == ErrorKind::timeout);
  CHECK(std::string(error.what()) == "result: must arrive within 2s (got nothing)");
}

TEST_CASE("error is caught as a standard exception") {
  CHECK_THROWS_AS(throw Error(ErrorKind::io, "x"), std::runtime_error);
  CHECK_THROWS_WITH(throw Error(ErrorKind::io, "disk: full"), "disk: full");
}

TEST_CASE("error kinds have different names, as in the enumeration") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i)
    names.insert(to_string(static_cast<ErrorKind>(i)));
  CHECK(names.size() == static_cast<std::size_t>(ErrorKind::internal) + 1);
  CHECK(names.count("unknown") == 0);
  CHECK(to_string(ErrorKind::invalid_argument) == "invalid_argument");
  CHECK(to_string(ErrorKind::worker_lost) == "worker_lost");
  CHECK(to_string(static_cast<ErrorKind>(200)) == "unknown");
}
