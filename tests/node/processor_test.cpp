// Which processor is free.
#include "node/processor.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>

using weir::detail::node::free_processor;

namespace {

cpu_set_t processors(std::initializer_list<int> numbers) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int number : numbers) CPU_SET(number, &set);
  return set;
}

}  // namespace

TEST_CASE("The first free processor behind one's own that may be used is taken", "[node][processor]") {
  const cpu_set_t all = processors({0, 1, 2, 3});
  CHECK(free_processor(1, processors({1}), all) == 2);
  CHECK(free_processor(1, processors({1, 2}), all) == 3);
  CHECK(free_processor(1, processors({1, 2}), processors({0, 2})) == 0);
  CHECK_FALSE(free_processor(3, all, all));
  CHECK_FALSE(free_processor(0, processors({}), processors({0})));
}
