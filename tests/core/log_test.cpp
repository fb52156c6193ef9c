// What the log keeps for those who look.
#include "core/log.hpp"

#include <catch2/catch.hpp>

namespace logged = weir::detail::log;

TEST_CASE("log keeps what it tells from info up, and tells each line once to whoever counts") {
  std::uint64_t told = 0;
  static_cast<void>(logged::recent_after(told));
  CHECK(logged::recent_after(told).empty());
  logged::info("a line that is <b>kept</b>{}", "\n");
  if (!logged::debugging()) logged::debug("one that is not");
  const auto lines = logged::recent_after(told);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("info: a line that is <b>kept</b>"));
  CHECK(logged::recent_after(told).empty());
  CHECK(logged::recent().back() == lines[0]);
}

TEST_CASE("log keeps the last hundred lines, and says how many there have been") {
  std::uint64_t told = 0;
  static_cast<void>(logged::recent_after(told));
  const std::uint64_t before = told;
  for (int i = 0; i < 150; ++i) logged::info("line {}", i);
  const auto lines = logged::recent_after(told);
  REQUIRE(lines.size() == 100);
  CHECK(lines.front().ends_with("line 50"));
  CHECK(lines.back().ends_with("line 149"));
  CHECK(told == before + 150);
  std::uint64_t ahead = told + 7;  // of another process, say
  CHECK(logged::recent_after(ahead).empty());
  CHECK(ahead == told);
}
