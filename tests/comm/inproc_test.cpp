// Frames between peers that are threads: order, delays, death.
#include "comm/inproc.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::detail::comm;

namespace {

struct Inbox final : Receiver {
  std::vector<std::pair<PeerId, int>> got;
  std::vector<detail::task::Value> values;
  void receive(PeerId from, Frame&& frame) override {
    int number = 0;
    std::memcpy(&number, frame.head.data(), sizeof number);
    got.emplace_back(from, number);
    for (detail::task::Value& value : frame.values) values.push_back(std::move(value));
  }
  [[nodiscard]] std::vector<int> from(PeerId peer) const {
    std::vector<int> numbers;
    for (const auto& [sender, number] : got)
      if (sender == peer) numbers.push_back(number);
    return numbers;
  }
};

Frame frame(int number) {
  Frame made;
  made.head.append(&number, sizeof number);
  return made;
}

std::vector<int> up_to(int end) {
  std::vector<int> numbers;
  for (int i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("inproc delivers frames in order, and those sent before the receiver was there") {
  auto hub = std::make_shared<Hub>();
  InprocTransport first(hub, 1);
  for (int i = 0; i < 5; ++i) first.send(2, frame(i));
  InprocTransport second(hub, 2);
  Inbox inbox;
  CHECK(second.poll(inbox));
  CHECK(inbox.from(1) == up_to(5));
  CHECK_FALSE(second.poll(inbox));
}

TEST_CASE("inproc wakes nobody for a frame that is not urgent") {
  auto hub = std::make_shared<Hub>();
  InprocTransport first(hub, 1), second(hub, 2);
  Inbox inbox;
  const auto rings_by = [&](bool is_urgent) {
    Frame sent = frame(1);
    sent.is_urgent = is_urgent;
    const std::uint32_t before = second.lie_down();
    first.send(2, std::move(sent));
    const std::uint32_t after = second.lie_down();
    second.get_up();
    second.get_up();
    return after - before;
  };
  CHECK(rings_by(false) == 0);
  CHECK(second.has_mail());
  CHECK(rings_by(true) == 1);
  CHECK(second.poll(inbox));
  CHECK(inbox.from(1) == std::vector{1, 1});
}

TEST_CASE("inproc keeps the order between two peers under delays, for every seed") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    auto hub = std::make_shared<Hub>(Weather{seed, 5});
    InprocTransport a(hub, 1), b(hub, 2), c(hub, 3);
    for (int i = 0; i < 20; ++i) {
      a.send(3, frame(i));
      b.send(3, frame(i));
    }
    Inbox inbox;
    for (int polls = 0; inbox.got.size() < 40 && polls < 1000; ++polls) c.poll(inbox);
    CHECK(inbox.from(1) == up_to(20));
    CHECK(inbox.from(2) == up_to(20));
  }
}

TEST_CASE("inproc mixes the frames of different peers differently for different seeds") {
  const auto order = [](std::uint64_t seed) {
    auto hub = std::make_shared<Hub>(Weather{seed, 5});
    InprocTransport a(hub, 1), b(hub, 2), c(hub, 3);
    for (int i = 0; i < 10; ++i) {
      a.send(3, frame(i));
      b.send(3, frame(i));
    }
    Inbox inbox;
    while (inbox.got.size() < 20) c.poll(inbox);
    return inbox.got;
  };
  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
}

TEST_CASE("inproc loses what the dead send, what is sent to them, and what was under way to them") {
  auto hub = std::make_shared<Hub>();
  InprocTransport a(hub, 1), b(hub, 2);
  a.send(2, frame(1));
  hub->kill(2);
  Inbox inbox;
  CHECK_FALSE(b.poll(inbox));
  a.send(2, frame(2));
  CHECK_FALSE(b.poll(inbox));
  b.send(1, frame(3));
  CHECK_FALSE(a.poll(inbox));
}

TEST_CASE("inproc shares values, it does not copy them") {
  auto hub = std::make_shared<Hub>();
  InprocTransport a(hub, 1), b(hub, 2);
  const detail::task::Value value = detail::task::Value::make(std::string("abc"));
  Frame sent = frame(1);
  sent.values.push_back(value);
  a.send(2, std::move(sent));
  Inbox inbox;
  b.poll(inbox);
  REQUIRE(inbox.values.size() == 1);
  CHECK(&inbox.values[0].as<std::string>() == &value.as<std::string>());
}

TEST_CASE("inproc takes a frame that a peer sends to itself") {
  auto hub = std::make_shared<Hub>();
  InprocTransport a(hub, 1);
  a.send(1, frame(5));
  Inbox inbox;
  CHECK(a.poll(inbox));
  CHECK(inbox.from(1) == std::vector<int>{5});
}
