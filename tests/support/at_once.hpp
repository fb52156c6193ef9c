// Two threads that use one thing.
#pragma once

#include <thread>
#include <utility>

namespace weir::test {

/// What two functions return that are called at the same time, the first one in a thread of its own.
template <class First, class Second>
auto at_once(First first, Second second) {
  decltype(first()) there;
  std::thread other([&] { there = first(); });
  auto here = second();
  other.join();
  return std::pair(std::move(there), std::move(here));
}

}  // namespace weir::test
