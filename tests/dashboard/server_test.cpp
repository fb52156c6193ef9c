// The server against peers that follow, are slow, stop halfway or never stop; and how little of it they get.
#include "dashboard/server.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "core/descriptor.hpp"

using namespace weir::detail::dashboard;
using weir::Descriptor;
namespace fs = std::filesystem;

namespace {

/// A server at a socket with a thread of its own, which pushes as fast as it is told to.
class Running {
 public:
  Running() {
    char folder[] = "/tmp/weir-server-XXXXXX";
    REQUIRE(mkdtemp(folder));
    folder_ = folder;
    server_.emplace(loop_, "secret", "weir_1", std::vector<std::string>{}, [this](const Target& target) {
      if (target.path != "/follow") return Answer{200, "text/plain", "page"};
      const std::size_t bytes = static_cast<std::size_t>(target.number("bytes", 10, 0, 1e7));
      return Answer{200, "text/event-stream", "first",
                    [this, bytes] {
                      ++made_;
                      return std::string(bytes, 'x');
                    },
                    [] { return std::string(1000, 'm'); }};
    });
    server_->listen(path());
    thread_ = std::thread([this] { loop_.run(); });
  }
  Running(const Running&) = delete;
  ~Running() {
    loop_.stop();
    thread_.join();
    server_.reset();
    fs::remove_all(folder_);
  }
  [[nodiscard]] fs::path path() const { return folder_ / "page"; }
  [[nodiscard]] int made() const { return made_; }
  void push() {
    in_loop([&] { server_->push(); });
  }
  void push_more() {
    in_loop([&] { server_->push_more(); });
  }
  /// Whether somebody still follows after a while.
  [[nodiscard]] bool is_followed() {
    bool is = true;
    for (int i = 0; i < 2000 && is; ++i) {
      in_loop([&] { is = server_->is_followed(); });
      if (is) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return is;
  }
  [[nodiscard]] Descriptor connected() const {
    Descriptor peer(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    REQUIRE(connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{10, 0};
    setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return peer;
  }
  [[nodiscard]] Descriptor asked(const std::string& target, const std::string& head = "") const {
    Descriptor peer = connected();
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n" + head + "\r\n";
    REQUIRE(send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    return peer;
  }

 private:
  template <class What>
  void in_loop(const What& what) {
    std::atomic<bool> is_done{false};
    boost::asio::post(loop_, [&] {
      what();
      is_done = true;
    });
    while (!is_done) std::this_thread::yield();
  }

  fs::path folder_;
  boost::asio::io_context loop_{1};
  std::optional<Server> server_;
  std::atomic<int> made_{0};
  std::thread thread_;
};

/// What comes until `mark` has come, the peer closes or ten seconds are over.
std::string read_until(const Descriptor& peer, const std::string& mark) {
  std::string text;
  char part[4096];
  while (text.find(mark) == std::string::npos) {
    const ssize_t got = recv(peer.get(), part, sizeof part, 0);
    if (got <= 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

TEST_CASE("who follows gets the first message at once and one for each push") {
  Running server;
  const Descriptor peer = server.asked("/follow");
  const std::string first = read_until(peer, "first\n\n");
  CHECK(first.find("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(first.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(first.find("Content-Length") == std::string::npos);
  std::string pushed;
  for (int i = 0; i < 2000 && pushed.empty(); ++i) {  // it follows as soon as the first message has gone
    server.push();
    char part[64];
    const ssize_t got = recv(peer.get(), part, sizeof part, MSG_DONTWAIT);
    if (got > 0) pushed.assign(part, static_cast<std::size_t>(got));
    else std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(pushed.find("data: xxxxxxxxxx\n\n") == 0);
}

TEST_CASE("who asks for a WebSocket gets the same as frames, and leaves by closing it") {
  Running server;
  const std::string upgrade =  // the key of RFC 6455, 1.3
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const Descriptor peer = server.asked("/follow", upgrade);
  const std::string first = read_until(peer, "first");
  CHECK(first.find("HTTP/1.1 101 Switching Protocols\r\n") == 0);
  CHECK(first.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(first.find("\r\n\r\n\x81\x05"
                   "first") != std::string::npos);
  while (server.made() == 0) server.push();
  CHECK(read_until(peer, "xxxxxxxxxx").find("\x81\x0axxxxxxxxxx") != std::string::npos);
  const std::string close(
      "\x88\x80"
      "mask",
      6);
  REQUIRE(send(peer.get(), close.data(), close.size(), MSG_NOSIGNAL) == 6);
  CHECK(read_until(peer, "\x88").find('\x88') != std::string::npos);
  shutdown(peer.get(), SHUT_RDWR);
  CHECK_FALSE(server.is_followed());
  CHECK(read_until(server.asked("/page", upgrade), "page").find("HTTP/1.1 200 OK\r\n") == 0);
  const std::string foreign = upgrade + "Origin: http://evil.example\r\n";
  CHECK(read_until(server.asked("/follow", foreign), "itself\n").find("HTTP/1.1 403 ") == 0);
  const Descriptor large = server.asked("/follow", upgrade);
  static_cast<void>(read_until(large, "first"));
  const std::string frame = "\x81\xfe\xff\xffmask" + std::string(65535, 'x');  // more than anybody has to say
  static_cast<void>(send(large.get(), frame.data(), frame.size(), MSG_NOSIGNAL));
  CHECK(read_until(large, "\x88").find('\x88') != std::string::npos);
}

TEST_CASE("what is between two pushes takes only the bytes that these leave") {
  Running server;
  const Descriptor peer = server.asked("/follow?bytes=1000");
  static_cast<void>(read_until(peer, "first\n\n"));
  while (server.made() == 0) server.push();
  std::string text = read_until(peer, "xx\n\n");
  for (int i = 0; i < 500; ++i) {
    server.push_more();
    char part[65536];
    const ssize_t got = recv(peer.get(), part, sizeof part, MSG_DONTWAIT);
    if (got > 0) text.append(part, static_cast<std::size_t>(got));
  }
  const std::size_t mores = static_cast<std::size_t>(std::count(text.begin(), text.end(), 'm')) / 1000;
  CHECK(mores > 5);
  CHECK(mores < 90);  // of a thousand bytes each, within a second's hundred thousand
}

TEST_CASE("nothing is kept for a reader who is slow, and others do not notice") {
  Running server;
  const Descriptor slow =
      server.asked("/follow?bytes=900000");  // more than a socket holds, less than the credit
  static_cast<void>(read_until(slow, "first\n\n"));
  while (server.made() == 0) server.push();
  for (int i = 0; i < 200; ++i) server.push();
  CHECK(server.made() == 1);
  const Descriptor other = server.asked("/");
  CHECK(read_until(other, "page").find("200 OK") != std::string::npos);
}

TEST_CASE("so many follow, and further ones are told to ask") {
  Running server;
  std::vector<Descriptor> peers;
  for (std::size_t i = 0; i < Server::most_followers; ++i) {
    peers.push_back(server.asked("/follow"));
    CHECK(read_until(peers.back(), "first\n\n").find(" 200 OK") != std::string::npos);
  }
  std::string answer;
  for (int i = 0; i < 500 && answer.find(" 503 ") == std::string::npos;
       ++i)  // the last one may still begin to
    answer = read_until(server.asked("/follow"), "\r\n\r\n");
  CHECK(answer.find(" 503 ") != std::string::npos);
  peers.clear();
  answer.clear();
  for (int i = 0; i < 2000 && answer.find(" 200 ") == std::string::npos;
       ++i) {  // those that have gone make room
    server.push();
    answer = read_until(server.asked("/follow"), "\r\n\r\n");
  }
  CHECK(answer.find(" 200 ") != std::string::npos);
}

TEST_CASE("a request without an end, and one of a gigabyte, cost nothing") {
  Running server;
  const Descriptor endless = server.connected();
  const std::string part = "X-Long: " + std::string(4096, 'x') + "\r\n";
  std::size_t taken = 0;
  ssize_t sent = send(endless.get(), "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL);
  while (sent > 0 && taken < (std::size_t{1} << 30)) {
    sent = send(endless.get(), part.data(), part.size(), MSG_NOSIGNAL);
    if (sent > 0) taken += static_cast<std::size_t>(sent);
  }
  CHECK(taken < (std::size_t{4} << 20));
  CHECK(read_until(server.asked("/"), "page").find("200 OK") != std::string::npos);
}

TEST_CASE("a body is not read, and who sends one is told so") {
  const Running server;
  for (const std::string length :
       {"Content-Length: 5", "Content-Length: 1000000000000", "Transfer-Encoding: chunked"}) {
    const Descriptor peer = server.connected();
    const std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\n" + length + "\r\n\r\n5\r\nhello\r\n";
    REQUIRE(send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
    CHECK(read_until(peer, "(GET)\n").find("HTTP/1.1 405 ") == 0);
  }
}

TEST_CASE("10,000 connections that ask nothing, or half of it, keep nobody out") {
  Running server;
  std::vector<Descriptor> halves(200);  // of which the server keeps those that came last
  for (std::size_t i = 0; i < 10'000; ++i) {
    Descriptor& half = halves[i % halves.size()] = server.connected();
    if (i % 2) static_cast<void>(send(half.get(), "GET / HT", 8, MSG_NOSIGNAL));
  }
  for (int i = 0; i < 100; ++i)
    REQUIRE(read_until(server.asked("/"), "page").find("200 OK") != std::string::npos);
}
