#include "comm/tcp.hpp"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>
#include <thread>

#include "comm/network.hpp"
#include "support/address_limit.hpp"
#include "support/process.hpp"
#include "weir/error.hpp"

using namespace weir;
using namespace weir::detail::comm;
using namespace std::chrono_literals;

namespace {

struct Inbox : Receiver {
  std::vector<std::pair<PeerId, Frame>> frames;
  std::vector<std::pair<PeerId, std::string>> losses;
  std::vector<PeerId> unknowns;
  void receive(PeerId from, Frame&& frame) override { frames.emplace_back(from, std::move(frame)); }
  void lost(PeerId peer, const std::string& how) override { losses.emplace_back(peer, how); }
  void unknown(PeerId peer) override { unknowns.push_back(peer); }
};

struct End {
  TcpTransport tcp;
  Inbox inbox;
  End(PeerId self, const SessionKey& key, TcpSettings settings = {})
      : tcp(self, (settings.key = key,
                   settings.build_id = settings.build_id.empty() ? "b1" : settings.build_id, settings)) {}
  void poll() { tcp.poll(inbox); }
};

Frame text_frame(const std::string& text) {
  Frame frame;
  frame.head.append(text.data(), text.size());
  return frame;
}
std::string text_of(const Frame& frame) {
  return {reinterpret_cast<const char*>(frame.head.data()), frame.head.size()};
}

/// Polls both until the condition holds.
template <class Condition>
bool until(std::vector<End*> ends, Condition condition, std::chrono::milliseconds deadline = 20s) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    for (End* one : ends) one->poll();
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

/// A plain socket to somewhere, which speaks no protocol.
Descriptor stranger(const TcpTransport& to) {
  const std::string& address = to.addresses().front();
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &where.sin_addr);
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(made.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  return made;
}

bool is_closed(const Descriptor& socket) {
  char bytes[256];
  const auto count = ::recv(socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN) || (count > 0 && is_closed(socket));
}

/// A scheduler's end and a peer's, connected.
struct Pair {
  SessionKey key = random_bytes();
  End first{0, key}, second{TcpTransport::nobody, key};
  Pair() {
    first.tcp.open("");
    first.tcp.admit_from(5);
    std::thread joins(
        [&] { second.tcp.join(first.tcp.addresses(), std::chrono::steady_clock::now() + 20s); });
    CHECK(until({&first}, [&] { return first.tcp.linked(5); }));
    joins.join();
  }
  std::vector<End*> both() { return {&first, &second}; }
};

}  // namespace

TEST_CASE("tcp newcomers are given ids, and frames go both ways in order") {
  Pair pair;
  for (int i = 0; i < 100; ++i) {
    pair.first.tcp.send(5, text_frame("to " + std::to_string(i)));
    pair.second.tcp.send(0, text_frame("from " + std::to_string(i)));
  }
  REQUIRE(until(pair.both(), [&] {
    return pair.first.inbox.frames.size() == 100 && pair.second.inbox.frames.size() == 100;
  }));
  for (int i = 0; i < 100; ++i) {
    CHECK(pair.first.inbox.frames[i].first == 5);
    CHECK(text_of(pair.first.inbox.frames[i].second) == "from " + std::to_string(i));
    CHECK(text_of(pair.second.inbox.frames[i].second) == "to " + std::to_string(i));
  }
}

TEST_CASE("tcp carries large heads and large values, in both directions at once") {
  Pair pair;
  std::vector<double> numbers(3'000'000);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  const std::string text(5'000'000, 'x');
  for (int round = 0; round < 2; ++round) {
    Frame frame = text_frame("value");
    frame.values.push_back(detail::task::Value::make(numbers));
    frame.values.push_back(detail::task::Value::make(std::string("small")));
    pair.first.tcp.send(5, frame);
    pair.first.tcp.send(5, text_frame(text));
    pair.second.tcp.send(0, std::move(frame));
    pair.second.tcp.send(0, text_frame(text));
  }
  REQUIRE(until(pair.both(),
                [&] { return pair.first.inbox.frames.size() == 4 && pair.second.inbox.frames.size() == 4; }));
  for (const End* end : pair.both()) {
    const Frame& first = end->inbox.frames[2].second;
    CHECK(text_of(first) == "value");
    REQUIRE(first.values.size() == 2);
    CHECK(first.values[0].as<std::vector<double>>() == numbers);
    CHECK(first.values[1].as<std::string>() == "small");
    CHECK(text_of(end->inbox.frames[3].second) == text);
    CHECK_FALSE(end->tcp.sending());
  }
}

TEST_CASE("tcp reports the death of a peer at once, after what it had sent") {
  SessionKey key = random_bytes();
  End first(0, key);
  first.tcp.open("");
  first.tcp.admit_from(1);
  {
    End second(TcpTransport::nobody, key);
    std::thread joins(
        [&] { second.tcp.join(first.tcp.addresses(), std::chrono::steady_clock::now() + 20s); });
    CHECK(until({&first}, [&] { return first.tcp.linked(1); }));
    joins.join();
    second.tcp.send(0, text_frame("last words"));
  }
  REQUIRE(until(
      {&first}, [&] { return !first.inbox.losses.empty(); }, 2s));
  CHECK(first.inbox.losses[0] == std::pair<PeerId, std::string>(1, "it has closed the connection"));
  REQUIRE(first.inbox.frames.size() == 1);
  CHECK(text_of(first.inbox.frames[0].second) == "last words");
  first.tcp.send(1, text_frame("too late"));
  REQUIRE(until(
      {&first}, [&] { return first.inbox.losses.size() == 2; }, 2s));
  CHECK(first.inbox.losses[1].second == "nobody has said where it is");
  first.tcp.forget(1);
  first.tcp.send(1, text_frame("lost, as it should be"));
  first.poll();
  CHECK(first.inbox.losses.size() == 2);
}

TEST_CASE("tcp peers connect when they have something to say, also both at the same time") {
  const SessionKey key = random_bytes();
  End one(1, key), two(2, key);
  one.tcp.open("");
  two.tcp.open("");
  one.tcp.set_addresses(2, two.tcp.addresses());
  two.tcp.set_addresses(1, one.tcp.addresses());
  for (int i = 0; i < 50; ++i) {
    one.tcp.send(2, text_frame(std::to_string(i)));
    two.tcp.send(1, text_frame(std::to_string(i)));
  }
  REQUIRE(
      until({&one, &two}, [&] { return one.inbox.frames.size() == 50 && two.inbox.frames.size() == 50; }));
  for (int i = 0; i < 50; ++i) CHECK(text_of(one.inbox.frames[i].second) == std::to_string(i));
  CHECK(one.inbox.losses.empty());
}

TEST_CASE("tcp tries all addresses of a peer and keeps what waits") {
  const SessionKey key = random_bytes();
  End one(1, key), two(2, key);
  two.tcp.open("");
  one.tcp.set_addresses(2, {"127.0.0.1:1", two.tcp.addresses().front()});
  one.tcp.send(2, text_frame("a"));
  one.tcp.send(2, text_frame("b"));
  REQUIRE(until({&one, &two}, [&] { return two.inbox.frames.size() == 2; }));
  CHECK(text_of(two.inbox.frames[1].second) == "b");
  one.tcp.set_addresses(3, {"127.0.0.1:1"});
  one.tcp.send(3, text_frame("c"));
  REQUIRE(until({&one, &two}, [&] { return !one.inbox.losses.empty(); }));
  CHECK(one.inbox.losses[0] ==
        std::pair<PeerId, std::string>(3, "it cannot be reached (Connection refused)"));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("tcp skips a value for which there is no memory, and goes on") {
  Pair pair;
  Frame large, small;
  large.values.push_back(detail::task::Value::make(std::vector<double>(50'000'000)));
  small.values.push_back(detail::task::Value::make(std::vector<double>(100'000, 0.5)));
  {
    const test::AddressLimit limit(200 << 20);
    pair.first.tcp.send(5, std::move(large));
    pair.first.tcp.send(5, std::move(small));
    REQUIRE(until(pair.both(),
                  [&] { return pair.second.inbox.frames.size() == 2 || !pair.second.inbox.losses.empty(); }));
  }
  REQUIRE(pair.second.inbox.losses.empty());
  CHECK_THROWS_WITH(pair.second.inbox.frames[0].second.values[0].as<std::vector<double>>(),
                    Catch::StartsWith("no memory for a value of 400"));
  CHECK(pair.second.inbox.frames[1].second.values[0].as<std::vector<double>>() ==
        std::vector<double>(100'000, 0.5));
}
#endif

TEST_CASE("tcp refuses a wrong key, garbage and another build, and goes on") {
  const SessionKey key = random_bytes();
  End first(0, key);
  first.tcp.open("");
  first.tcp.admit_from(1);
  std::string error;
  const auto join = [&](End& who) {
    std::atomic<bool> decided{false};
    std::thread joins([&] {
      try {
        who.tcp.join(first.tcp.addresses(), std::chrono::steady_clock::now() + 20s);
      } catch (const Error& problem) {
        error = problem.what();
      }
      decided = true;
    });
    CHECK(until({&first}, [&] { return decided.load(); }));
    joins.join();
  };
  SECTION("wrong key") {
    End wrong(TcpTransport::nobody, random_bytes());
    join(wrong);
    CHECK(error == "it has closed the connection without showing the session's key");
  }
  SECTION("another build") {
    End other(TcpTransport::nobody, key, TcpSettings{.build_id = "b2"});
    join(other);
    CHECK(error ==
          "it runs another executable (build b2) than the program it wants to join (build b1); start the "
          "same file everywhere");
  }
  SECTION("garbage") {
    const Descriptor rude = stranger(first.tcp);
    REQUIRE(::send(rude.get(), "GET / HTTP/1.0\r\n\r\n", 18, 0) == 18);
    REQUIRE(until({&first}, [&] { return is_closed(rude); }));
  }
  SECTION("a closed door") {
    const Descriptor short_lived = stranger(first.tcp);
    ::shutdown(short_lived.get(), SHUT_RDWR);
    REQUIRE(until({&first}, [&] { return is_closed(short_lived); }));
  }
  REQUIRE(until({&first}, [&] { return first.tcp.half_open() == 0; }));
  CHECK(first.inbox.losses.empty());
  error.clear();
  End good(TcpTransport::nobody, key);
  join(good);
  CHECK(error.empty());
  CHECK(first.tcp.linked(1));
}

TEST_CASE("tcp sends half a handshake away when its time is over") {
  const SessionKey key = random_bytes();
  End first(0, key, TcpSettings{.handshake_time = 300ms});
  first.tcp.open("");
  const Descriptor silent = stranger(first.tcp), half = stranger(first.tcp);
  REQUIRE(::send(half.get(), "WEIR\1\1abc", 9, 0) == 9);
  REQUIRE(until({&first}, [&] { return first.tcp.half_open() == 2; }));
  REQUIRE(until({&first}, [&] { return first.tcp.half_open() == 0; }));
  CHECK(is_closed(silent));
  CHECK(is_closed(half));
}

TEST_CASE("tcp survives a thousand connections that say nothing, and lets an honest one in meanwhile") {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &limit);
  const SessionKey key = random_bytes();
  End first(0, key);
  first.tcp.open("");
  first.tcp.admit_from(1);
  std::vector<Descriptor> crowd;
  const std::size_t many = limit.rlim_cur >= 2048 ? 1000 : 200;
  for (std::size_t i = 0; i < many; ++i) {
    crowd.push_back(stranger(first.tcp));
    first.poll();
  }
  CHECK(first.tcp.half_open() <= first.tcp.settings().most_half_open);
  End good(TcpTransport::nobody, key);
  std::thread joins([&] { good.tcp.join(first.tcp.addresses(), std::chrono::steady_clock::now() + 20s); });
  CHECK(until(
      {&first}, [&] { return first.tcp.linked(1); }, 2s));
  joins.join();
}

TEST_CASE("tcp waits until bytes arrive or somebody wakes it") {
  Pair pair;
  const auto before = std::chrono::steady_clock::now();
  std::thread waker([&] { pair.first.tcp.wake(); });
  pair.first.tcp.wait(20s);
  waker.join();
  pair.second.tcp.send(0, text_frame("x"));
  while (pair.first.inbox.frames.empty()) {
    pair.first.tcp.wait(20s);
    pair.first.poll();
  }
  CHECK(std::chrono::steady_clock::now() - before < 10s);
}

TEST_CASE("listen names the networks there are") {
  CHECK_THROWS_WITH(
      listen_on("nonet0"),
      Catch::StartsWith(
          "interface: must be a network or an address of this host (got \"nonet0\"); there are ") &&
          Catch::Contains("lo"));
  CHECK(listen_on("lo").addresses.front().starts_with("127.0.0.1:"));
  CHECK(listen_on("127.0.0.1").addresses.size() == 1);
  CHECK(listen_on("").addresses.front().starts_with("127.0.0.1:"));
  CHECK_FALSE(listen_on("any").addresses.empty());
  CHECK_THROWS_WITH(connect_to("nowhere"),
                    "connect: an address must look like 10.0.0.7:40123 (got \"nowhere\")");
  CHECK_THROWS_AS(connect_to("1.2.3.4:99999"), Error);
}
