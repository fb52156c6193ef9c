// An error that reaches nobody is remembered until somebody asks.
#include "core/unheard.hpp"

#include <catch2/catch.hpp>

TEST_CASE("an error that reached nobody is taken once") {
  CHECK_FALSE(weir::detail::take_unheard());
  weir::detail::tell_unheard("a test: nobody hears this");
  CHECK(weir::detail::take_unheard());
  CHECK_FALSE(weir::detail::take_unheard());
}
