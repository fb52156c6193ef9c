// Streams over the loopback network.
#include "weir/stream/network.hpp"

#include <fstream>
#include <thread>

#include "stream/peer.hpp"
#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

namespace {

/// What this process has in memory.
long memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

/// Waits for the first error of a source: the peer sees its connection end a moment earlier.
bool has_failed(const Stream<std::string>& source) {
  for (const auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end;
       std::this_thread::yield()) {
    if (source.node().errors.value() > 0) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("from_tcp emits the messages of every connection") {
  auto source = from_tcp(0);
  const auto out = source.sink_to_list();
  source.start();
  const std::uint16_t port = listening_port(source);
  {
    const Peer one(port), two(port);
    one.send("a\nb\nhal");
    REQUIRE(out.wait_for(2, 10s));
    one.send("f\n");
    REQUIRE(out.wait_for(3, 10s));
    two.send("c\nlost");
    REQUIRE(out.wait_for(4, 10s));
  }  // half a line, and gone
  const Peer three(port);
  three.send("d\n");
  REQUIRE(out.wait_for(5, 10s));
  CHECK(out.values() == Texts{"a", "b", "half", "c", "d"});
  auto second = from_tcp(port);
  CHECK(sentence([&] { second.start(); }) ==
        "from_tcp: cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}

TEST_CASE("from_tcp closes a connection whose message is too long, and goes on with the others") {
  auto source = from_tcp(0, "\n", {.max_message_bytes = 1000});
  const auto out = source.sink_to_list();
  source.start();
  const Peer bad(listening_port(source)), good(listening_port(source));
  bad.send(std::string(5000, 'x'));
  CHECK(bad.read_until("never").empty());
  good.send("fine\n");
  REQUIRE(out.wait_for(1, 10s));
  REQUIRE(has_failed(source));
  CHECK(sentence([&] { source.drain(); }) == "from_tcp: a message is longer than 1000 bytes; it is dropped");
}

TEST_CASE("100 MB without a newline end their connection, not the stream, and are not kept") {
  auto source = from_tcp(0);
  const auto out = source.sink_to_list();
  source.start();
  const long before = memory_kib();
  const Peer bad(listening_port(source)), good(listening_port(source));
  std::size_t sent = 0;
  const std::string block(std::size_t{1} << 20, 'x');
  while (sent < 100 && bad.try_to_send(block)) ++sent;
  CHECK(bad.read_until("never").empty());
  REQUIRE(has_failed(source));
  CHECK(sentence([&] { source.drain(); }) ==
        "from_tcp: a message is longer than 67108864 bytes; it is dropped");
  CHECK(memory_kib() - before < 200 * 1024);
  good.send("fine\n");
  REQUIRE(out.wait_for(1, 10s));
  CHECK(out.values() == Texts{"fine"});
}

TEST_CASE("every source that listens says that its port is in use") {
  auto first = from_tcp(0);
  first.start();
  const std::uint16_t port = listening_port(first);
  const std::string rest =
      ": cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use";
  auto http = from_http_server(port);
  auto web = from_websocket(port);
  CHECK(sentence([&] { http.start(); }) == "from_http_server" + rest);
  CHECK(sentence([&] { web.start(); }) == "from_websocket" + rest);
  first.stop();
  http.start();  // it is free now
  CHECK(listening_port(http) == port);
}

TEST_CASE("a client that leaves in the middle of a request gives no element, and others are served") {
  auto source = from_http_server(0);
  const auto out = source.sink_to_list();
  source.start();
  const std::uint16_t port = listening_port(source);
  {
    const Peer half(port), less(port), mute(port);
    half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhal");
    less.send("POST / HT");
  }
  CHECK(post(port, "whole") == "200");
  CHECK(out.values() == Texts{"whole"});
  source.drain();
}

TEST_CASE("from_tcp holds senders back while a node below is full") {
  auto source = from_tcp(0);
  std::vector<detail::stream::Finished> begun;
  std::mutex mutex;
  const auto buffer = source.buffer(2);
  buffer.sink_async([&](const std::string&, detail::stream::Finished finished) {
    const std::lock_guard lock(mutex);
    begun.push_back(std::move(finished));
  });
  source.start();
  const Peer client(listening_port(source));
  for (int i = 0; i < 100; ++i) client.send("x\n");
  for (int i = 0; i < 100; ++i) {
    for (;;) {
      const std::lock_guard lock(mutex);
      CHECK(buffer.node().queued() <= 2);
      if (begun.size() == static_cast<std::size_t>(i + 1)) break;
    }
    begun.back()();
  }
}

TEST_CASE("from_tcp stops and starts again") {
  auto source = from_tcp(0);
  const auto out = source.sink_to_list();
  source.start();
  const Peer old(listening_port(source));
  old.send("a\n");
  REQUIRE(out.wait_for(1, 10s));
  source.stop();
  CHECK(old.read_until("never").empty());
  source.start();
  const Peer fresh(listening_port(source));
  fresh.send("b\n");
  REQUIRE(out.wait_for(2, 10s));
}

TEST_CASE("from_http_server answers when the element is done") {
  auto source = from_http_server(0, "/in", {.max_message_bytes = 1000});
  Texts out;
  source.buffer(4).sink([&](const std::string& body) {
    if (body == "bad") throw std::runtime_error("no good");
    out.push_back(body);
  });
  source.start();
  const std::uint16_t port = listening_port(source);
  CHECK(post(port, "one", "/in") == "200");
  CHECK(out == Texts{"one"});
  CHECK(post(port, "bad", "/in") == "500");
  CHECK(post(port, "x", "/out") == "404");
  CHECK(post(port, "", "/in", "GET") == "405");
  CHECK(post(port, std::string(5000, 'x'), "/in") == "413");
  CHECK_THROWS_WITH(source.drain(), "no good");
}

TEST_CASE("to_tcp and to_websocket reach from_tcp and from_websocket") {
  auto lines = from_tcp(0);
  auto messages = from_websocket(0);
  const auto got_lines = lines.sink_to_list();
  const auto got_messages = messages.sink_to_list();
  lines.start();
  messages.start();
  Stream<int> source;
  source | op::to_tcp("127.0.0.1", listening_port(lines));
  source | op::to_websocket("127.0.0.1", listening_port(messages));
  for (int i = 0; i < 3; ++i) source.emit(i);
  source.drain();
  REQUIRE(got_lines.wait_for(3, 10s));
  REQUIRE(got_messages.wait_for(3, 10s));
  CHECK(got_lines.values() == Texts{"0", "1", "2"});
  CHECK(got_messages.values() == Texts{"0", "1", "2"});
}

TEST_CASE("to_tcp tells what it cannot reach") {
  std::uint16_t closed = 0;
  {
    auto source = from_tcp(0);
    source.start();
    closed = listening_port(source);
  }
  Stream<int> source;
  source | op::to_tcp("127.0.0.1", closed);
  source.emit(1);
  CHECK(sentence([&] { source.drain(); }) ==
        "to_tcp: cannot send to 127.0.0.1:" + std::to_string(closed) + ": Connection refused");
}
