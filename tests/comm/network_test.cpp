#include "comm/network.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "comm/inproc.hpp"

using namespace weir;
using namespace weir::detail::comm;
using namespace std::chrono_literals;

namespace {

struct Inbox : Receiver {
  std::vector<std::pair<PeerId, std::string>> texts;
  std::vector<PeerId> unknowns, losses;
  void receive(PeerId from, Frame&& frame) override {
    texts.emplace_back(from,
                       std::string(reinterpret_cast<const char*>(frame.head.data()), frame.head.size()));
  }
  void lost(PeerId peer, const std::string&) override { losses.push_back(peer); }
  void unknown(PeerId peer) override { unknowns.push_back(peer); }
};

Frame text_frame(const std::string& text) {
  Frame frame;
  frame.head.append(text.data(), text.size());
  return frame;
}

struct Place {
  Network& network;
  Inbox inbox;
};

template <class Condition>
bool until(std::vector<Place*> places, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    for (Place* one : places) one->network.poll(one->inbox);
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

using Text = std::pair<PeerId, std::string>;

}  // namespace

// The scheduler's job: peers 0 and 1. A further job: ranks 0 and 1, called x, which become peers 2 and 3.
TEST_CASE("network: peers of two jobs reach each other, ranks of one job by its own transport") {
  const auto own = std::make_shared<Hub>(), other = std::make_shared<Hub>();
  InprocTransport own0(own, 0), own1(own, 1), rank0(other, 0), rank1(other, 1);
  Network scheduler(0, &own0, 2, "b"), worker(1, &own1, 2, "b"), second(&rank0, "x", 0, "b"),
      third(&rank1, "x", 1, "b");
  Place at0{scheduler, {}}, at1{worker, {}}, at2{second, {}}, at3{third, {}};
  const std::vector<Place*> all{&at0, &at1, &at2, &at3};

  const Door door = scheduler.listen("");
  CHECK(scheduler.listen("").addresses == door.addresses);
  worker.enter(scheduler.invitation());
  for (const auto& [network, expected] : {std::pair{&second, 2u}, std::pair{&third, 3u}}) {
    std::atomic<PeerId> id = 0;
    std::thread joins(
        [&, network = network] { id = network->join(door, std::chrono::steady_clock::now() + 20s); });
    CHECK(until({&at0}, [&] { return id != 0; }));
    joins.join();
    CHECK(id == expected);
    network->accept_peers("");
  }

  SECTION("the scheduler and everybody") {
    for (Place* place : {&at1, &at2, &at3}) place->network.send(0, text_frame("hello"));
    REQUIRE(until(all, [&] { return at0.inbox.texts.size() == 3; }));
    for (const PeerId peer : {1, 2, 3}) scheduler.send(peer, text_frame("hello " + std::to_string(peer)));
    REQUIRE(until(
        all, [&] { return at1.inbox.texts.size() + at2.inbox.texts.size() + at3.inbox.texts.size() == 3; }));
    CHECK(at3.inbox.texts[0] == Text(0, "hello 3"));
  }
  SECTION(
      "ranks of the further job: frames wait until somebody says where the peer is, and TCP is not used") {
    second.send(3, text_frame("one"));
    second.send(3, text_frame("two"));
    REQUIRE(until(all, [&] { return !at2.inbox.unknowns.empty(); }));
    CHECK(at2.inbox.unknowns == std::vector<PeerId>{3});
    second.learn(3, third.contact());
    REQUIRE(until(all, [&] { return at3.inbox.texts.size() == 2; }));
    CHECK(at3.inbox.texts == std::vector<Text>{{2, "one"}, {2, "two"}});
    other->kill(0);
    second.send(3, text_frame("three"));
    for (int i = 0; i < 100; ++i) (void)until(all, [] { return true; });
    CHECK(at3.inbox.texts.size() == 2);
  }
  SECTION("between jobs, answered on the same connection") {
    worker.send(2, text_frame("ask"));
    REQUIRE(until(all, [&] { return !at1.inbox.unknowns.empty(); }));
    worker.learn(2, second.contact());
    REQUIRE(until(all, [&] { return at2.inbox.texts == std::vector<Text>{{1, "ask"}}; }));
    second.send(1, text_frame("answer"));
    REQUIRE(until(all, [&] { return at1.inbox.texts == std::vector<Text>{{2, "answer"}}; }));
    CHECK(at2.inbox.unknowns.empty());
    worker.forget(2);
    REQUIRE(until(all, [&] { return at2.inbox.losses == std::vector<PeerId>{1}; }));
    CHECK(at1.inbox.losses.empty());
  }
}

TEST_CASE("network: without a door it is the transport inside it") {
  const auto hub = std::make_shared<Hub>();
  InprocTransport inside0(hub, 0), inside1(hub, 1);
  Network a(0, &inside0, 2, "b"), b(1, &inside1, 2, "b");
  Place at0{a, {}}, at1{b, {}};
  const std::uint32_t since = b.lie_down();
  a.send(1, text_frame("x"));
  b.sleep(since, 20s);  // ended by the frame
  b.get_up();
  REQUIRE(until({&at1}, [&] { return at1.inbox.texts.size() == 1; }));
  CHECK(a.invitation().empty());
  CHECK(a.contact().empty());
}
