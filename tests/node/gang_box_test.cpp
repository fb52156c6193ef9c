// What ranks of a gang wait for, and whether it can come: one box for all of them.
#include "node/gang_box.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using detail::node::GangBox;
using Step = detail::protocol::GangStep;
using Kind = Step::Kind;
namespace protocol = detail::protocol;

namespace {

/// Ranks that are all in one process. Mail is delivered when the test says so.
struct Ranks {
  GangBox box;
  std::uint32_t size;
  const GangBox::Attempt attempt{7, 1};

  static Step call(Kind kind, std::uint64_t number, std::uint32_t root = 0) {
    return {Step::collective | number, kind, root, 1};
  }
  static Step message(std::uint64_t tag) { return {tag, Kind::send, 0, 1}; }
  protocol::GangData send(std::uint32_t from, std::uint32_t to, const Step& step) {
    box.sent(attempt, from, to, step);
    return {7, 1, from, to, step, {}};
  }
  void wait(std::uint32_t rank, std::uint32_t from, const Step& step) {
    box.await({7, 1, rank, std::vector<PeerId>(size, 1)}, from, step);
  }
  /// Follows a rank's question to its end; empty if nothing is known.
  std::string ask(std::uint32_t rank, std::uint32_t& told) {
    protocol::GangAsk ask = box.question(attempt, rank);
    while (true) {
      const GangBox::Found found = box.asked(ask);
      if (found.stuck) return told = found.stuck->to, found.stuck->reason;
      if (!found.next) return "";
    }
  }
  std::string ask(std::uint32_t rank) {
    std::uint32_t told = 0;
    return ask(rank, told);
  }
};

}  // namespace

TEST_CASE("gang box: a circle is found by whoever is in it, and by nobody while a message is on its way") {
  Ranks ranks{.size = 4};
  auto late = ranks.send(2, 1, Ranks::message(5));
  ranks.wait(0, 1, Ranks::message(1));
  ranks.wait(1, 2, Ranks::message(5));
  CHECK(ranks.ask(0).empty());  // rank 2 works
  ranks.wait(2, 0, Ranks::call(Kind::barrier, 0));
  ranks.wait(3, 0, Ranks::message(1));
  CHECK(ranks.ask(0).empty());
  CHECK(ranks.ask(1).empty());
  CHECK_FALSE(ranks.box.put(std::move(late)));
  CHECK(ranks.ask(0).empty());  // it lies there, and rank 1 is about to take it
  CHECK(ranks.box.take(ranks.attempt, 2, 1, Ranks::message(5)));
  CHECK(ranks.ask(0).empty());
  ranks.wait(1, 2, Ranks::message(5));
  CHECK(ranks.ask(3).empty());  // not in it
  CHECK(
      ranks.ask(0) ==
      "Gang: ranks wait for each other for ever: rank 0 in receive with tag 1 for rank 1, rank 1 in receive "
      "with tag 5 for rank 2, rank 2 in barrier (collective call 1) for rank 0; all ranks must call the same "
      "functions in the same order");
  CHECK_FALSE(ranks.ask(2).empty());
}

TEST_CASE("gang box: the one that waits for a rank which has returned is told, and no other") {
  Ranks ranks{.size = 3};
  ranks.wait(0, 1, Ranks::call(Kind::gather, 3));
  ranks.wait(1, 2, Ranks::message(9));
  std::uint32_t told = 0;
  CHECK(ranks.ask(0, told).empty());
  ranks.box.left(ranks.attempt, 2, 3, true);
  CHECK(ranks.ask(0, told) ==
        "Gang: rank 1 calls receive with tag 9 and needs rank 2, which has returned without sending that");
  CHECK(told == 1);
  ranks.box.stuck({7, 1, 1, "so"});
  CHECK_THROWS_WITH(ranks.box.check(ranks.attempt, 1), "so");
  CHECK_NOTHROW(ranks.box.check(ranks.attempt, 0));
  // One that has thrown is known to the scheduler, which tells all.
  ranks.box.left(ranks.attempt, 1, 3, false);
  CHECK(ranks.ask(0).empty());
}

TEST_CASE("gang box: calls of one number are compared wherever they meet") {
  Ranks ranks{.size = 2};
  const Step one = Ranks::call(Kind::broadcast, 0, 0), other = Ranks::call(Kind::broadcast, 0, 1);
  SECTION("its mail is there when a rank calls") {
    CHECK_FALSE(ranks.box.put(ranks.send(0, 1, one)));
    CHECK_THROWS_WITH(ranks.send(1, 0, other),
                      "Gang: rank 1 calls broadcast from rank 1 where rank 0 calls broadcast from rank 0 "
                      "(collective call 1); all ranks must call the same functions in the same order");
  }
  SECTION("a rank has called when its mail comes") {
    auto mail = ranks.send(0, 1, one);
    static_cast<void>(ranks.send(1, 0, other));
    CHECK_FALSE(ranks.box.put(std::move(mail)));
    CHECK_THROWS_AS(ranks.box.check(ranks.attempt, 1), Error);
  }
  SECTION("a rank has returned when mail comes that nobody takes") {
    auto mail = ranks.send(0, 1, one);
    ranks.box.left(ranks.attempt, 1, 2, true);
    const auto stuck = ranks.box.put(std::move(mail));
    REQUIRE(stuck);
    CHECK(stuck->to == 0);
    CHECK(
        stuck->reason ==
        "Gang: rank 0 calls broadcast from rank 0 (collective call 1) and needs rank 1, which has returned; "
        "all ranks must call the same functions in the same order");
  }
  SECTION("a rank that returns leaves mail behind") {
    CHECK_FALSE(ranks.box.put(ranks.send(0, 1, one)));
    CHECK_THROWS_AS(ranks.box.check_all_called(ranks.attempt, 1), Error);
    CHECK_NOTHROW(ranks.box.check_all_called(ranks.attempt, 0));
  }
}
