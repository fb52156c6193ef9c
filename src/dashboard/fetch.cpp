// One request on a socket of its own.
#include "dashboard/fetch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/descriptor.hpp"
#include "weir/error.hpp"

namespace weir::detail::dashboard {

namespace {

constexpr std::size_t largest_answer = 64 << 20;

std::string who_is(const Run& run) {
  return run.program.name + ", process " + std::to_string(run.program.pid) + " on " + run.program.host;
}

[[noreturn]] void nobody(const Run& run, const std::string& why) {
  throw Error(ErrorKind::closed, who_is(run) + " cannot be reached (" + why +
                                     "); if it runs on another host, ask there: `weir dashboard` prints the "
                                     "line for ssh");
}

Descriptor connected(const Run& run) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (run.address.starts_with("unix:")) {
    auto& local = reinterpret_cast<sockaddr_un&>(address);
    local.sun_family = AF_UNIX;
    const std::string path = run.address.substr(5);
    if (path.size() >= sizeof local.sun_path) nobody(run, "its socket has too long a name");
    std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
    size = sizeof local;
  } else {
    auto& inet = reinterpret_cast<sockaddr_in&>(address);
    const std::size_t colon = run.address.rfind(':');
    std::uint16_t port = 0;
    if (colon == std::string::npos ||
        std::from_chars(run.address.data() + colon + 1, run.address.data() + run.address.size(), port).ec !=
            std::errc())
      nobody(run, "it has no page");
    inet.sin_family = AF_INET;
    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inet.sin_port = htons(port);
    size = sizeof inet;
  }
  Descriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{10, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (socket.get() < 0 || connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    nobody(run, std::strerror(errno));
  return socket;
}

}  // namespace

std::string fetch(const Run& run, const std::string& target) {
  const Descriptor socket = connected(run);
  const std::string request =
      "GET " + target + " HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer " + run.token + "\r\n\r\n";
  if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    nobody(run, std::strerror(errno));
  std::string answer;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t got = recv(socket.get(), part.data(), part.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw Error(ErrorKind::timeout, who_is(run) + " has not answered within 10 s");
    if (got <= 0) break;
    answer.append(part.data(), static_cast<std::size_t>(got));
    if (answer.size() > largest_answer) break;
  }
  const std::size_t head = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head == std::string::npos || answer.size() > largest_answer)
    throw Error(ErrorKind::protocol, "what listens at " + run.address + " is no dashboard of Weir");
  if (answer.substr(8, 5) != " 200 ")
    throw Error(ErrorKind::protocol, who_is(run) + " answers: " + answer.substr(head + 4));
  return answer.substr(head + 4);
}

namespace {

/// The record of a program that was killed still says that it runs.
std::string of_the_past(const std::string& record) {
  nlohmann::json all = nlohmann::json::parse(record, nullptr, false);
  const nlohmann::json::json_pointer running("/picture/program/running");
  if (all.is_discarded() || !all.contains(running) || all[running] == false) return record;
  all[running] = false;
  return seeing::text_of(all);
}

}  // namespace

std::string read_record(const Run& run) {
  if (!run.address.empty() && is_alive(run)) {
    try {
      return fetch(run, "/json/record");
    } catch (const Error&) {  // it is on another host, or has ended this moment: what it wrote is there
    }
  }
  std::ifstream file(run.record());
  std::stringstream text;
  text << file.rdbuf();
  if (text.str().empty())
    throw Error(ErrorKind::not_found,
                who_is(run) + " has left no record (nothing in " + run.record().string() + ")");
  return is_alive(run) ? text.str() : of_the_past(text.str());
}

}  // namespace weir::detail::dashboard
