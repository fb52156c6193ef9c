// Integers of 128 bits as text.
#include "core/digits.hpp"

#include <catch2/catch.hpp>

using weir::digits_of;
using weir::Integer128;

TEST_CASE("digits are those of the number, also of the largest and the smallest") {
  CHECK(digits_of(0) == "0");
  CHECK(digits_of(-7) == "-7");
  CHECK(digits_of(Integer128{1} << 64) == "18446744073709551616");
  const Integer128 largest = ((Integer128{1} << 126) - 1) * 2 + 1;
  CHECK(digits_of(largest) == "170141183460469231731687303715884105727");
  CHECK(digits_of(-largest - 1) == "-170141183460469231731687303715884105728");
}
