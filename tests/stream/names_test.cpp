// Names of weir go with those of the standard library.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <iterator>
#include <ranges>
#include <stdexcept>
#include <vector>

#include "weir/weir.hpp"

using namespace weir;

TEST_CASE("using namespace weir goes with csignal, algorithm, functional and ranges") {
  Stream<int> source;
  const auto out = source.map([](int x) { return x < 0 ? throw std::runtime_error("negative") : x; })
                       .on_error(on_error::retry(1, on_error::skip))
                       .sink_to_list();
  int (*const raise_signal)(int) = raise;
  static_cast<void>(raise_signal);
  std::vector<int> some;
  std::ranges::copy_if(std::vector{-1, 1, 2}, std::back_inserter(some), [](int x) { return x != 2; });
  for (const int x : some) source.emit(x);
  CHECK(std::ranges::equal(out.values(), std::vector{1}));
  CHECK(std::invoke(std::plus<>(), out.values().front(), 1) == 2);
}
