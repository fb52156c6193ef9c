// The version as text and as numbers is the same.
#include "weir/version.hpp"

#include <catch2/catch.hpp>
#include <string>

TEST_CASE("version as text has the numbers of the preprocessor") {
  CHECK(weir::version == std::to_string(WEIR_VERSION_MAJOR) + "." + std::to_string(WEIR_VERSION_MINOR) + "." +
                             std::to_string(WEIR_VERSION_PATCH));
  CHECK(WEIR_VERSION == 10000 * WEIR_VERSION_MAJOR + 100 * WEIR_VERSION_MINOR + WEIR_VERSION_PATCH);
}
