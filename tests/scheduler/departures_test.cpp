// When everybody is told of those who have gone.
#include "scheduler/departures.hpp"

#include <catch2/catch.hpp>

using weir::PeerId;
using weir::detail::scheduler::Departures;
using Peers = std::vector<PeerId>;

TEST_CASE("departures are told at once where deaths are rare or peers few") {
  Departures departures;
  CHECK(departures.due(0, 10'000).empty());
  departures.add(3);
  CHECK(departures.due(0, 10'000) == Peers{3});
  CHECK_FALSE(departures.next());
  departures.add(4);
  CHECK(departures.due(1, 10'000) == Peers{4});

  Departures of_few;
  for (const PeerId peer : {5, 6, 7}) {
    of_few.add(peer);
    CHECK(of_few.due(2, 200) == Peers{peer});
  }
}

TEST_CASE("departures of many among many are told together, none later than a few microseconds a listener") {
  Departures departures;
  departures.add(1);
  CHECK(departures.due(10, 10'000) == Peers{1});
  departures.add(2);
  CHECK(departures.due(10.001, 10'000).empty());
  departures.add(3);
  REQUIRE(departures.next());
  CHECK(*departures.next() <= 10.06);
  CHECK(departures.due(*departures.next(), 10'000) == Peers{2, 3});
  CHECK_FALSE(departures.next());
}
