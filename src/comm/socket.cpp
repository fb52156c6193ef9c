// Sockets of both families.
#include "comm/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <set>

#include "weir/error.hpp"

namespace weir::detail::comm {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

std::string reason(int number) { return std::strerror(number); }

/// Empty (size 0) if `text` is no numeric address; `fe80::1%eth0` is one.
Address parse(std::string host, std::uint16_t port) {
  Address address;
  unsigned scope = 0;
  if (const auto percent = host.find('%'); percent != std::string::npos) {
    scope = if_nametoindex(host.c_str() + percent + 1);
    host.resize(percent);
  }
  auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address.size = sizeof *four;
  } else if (inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    six->sin6_scope_id = scope;
    address.size = sizeof *six;
  }
  return address;
}

Address parse_with_port(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  Address address;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (error == std::errc() && rest == end && port > 0 && port < 65536)
      address = parse(host, static_cast<std::uint16_t>(port));
  }
  if (address.size == 0)
    throw Error(ErrorKind::io, "connect: an address must look like 10.0.0.7:40123 (got \"" + text + "\")");
  return address;
}

std::string host_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
    return text;
  }
  const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
  inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
  char name[IF_NAMESIZE] = "";
  if (six->sin6_scope_id && if_indextoname(six->sin6_scope_id, name)) return std::string(text) + '%' + name;
  return text;
}

std::string with_port(const std::string& host, unsigned port) {
  return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + std::to_string(port);
}

unsigned port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

struct Interface {
  std::string name, host;
  bool loopback, link_local;
  int family;
};

std::vector<Interface> interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0)
    throw Error(ErrorKind::io, "interface: the system does not list its networks (" + reason(errno) + ")");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> keep(list, freeifaddrs);
  std::vector<Interface> found;
  for (const ifaddrs* one = list; one; one = one->ifa_next) {
    if (!one->ifa_addr || !(one->ifa_flags & IFF_UP)) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const std::string host = host_of(one->ifa_addr);
    found.push_back(
        {one->ifa_name, host, (one->ifa_flags & IFF_LOOPBACK) != 0, host.starts_with("fe80:"), family});
  }
  // IPv4 first, the link-local addresses of IPv6 last.
  std::stable_sort(found.begin(), found.end(), [](const Interface& a, const Interface& b) {
    return std::pair(a.link_local, a.family) < std::pair(b.link_local, b.family);
  });
  return found;
}

/// Where others reach what listens on `network`, and the address to bind to.
std::string choose(const std::string& network, std::vector<std::string>& hosts) {
  if (network.empty()) {
    hosts = {"127.0.0.1"};
    return "127.0.0.1";
  }
  const auto all = interfaces();
  if (network == "any") {
    for (const bool loopback : {false, true})
      for (const Interface& one : all)
        if (one.loopback == loopback && one.family == AF_INET) hosts.push_back(one.host);
    return "0.0.0.0";
  }
  std::set<std::string> names;
  for (const Interface& one : all) {
    names.insert(one.name);
    if (one.name == network || one.host == network) {
      hosts = {one.host};
      return one.host;
    }
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error(ErrorKind::invalid_argument, "interface: must be a network or an address of this host (got \"" +
                                               network + "\"); there are " + list);
}

template <class Get>
Address address_of(int socket, Get get) {
  Address address;
  address.size = sizeof address.storage;
  if (get(socket, address.get(), &address.size) != 0) address = {};
  return address;
}

}  // namespace

Listener listen_on(const std::string& network) {
  std::vector<std::string> hosts;
  Address address = parse(choose(network, hosts), 0);
  Listener listener;
  listener.socket = Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int socket = listener.socket.get();
  if (socket < 0 || bind(socket, address.get(), address.size) != 0 || listen(socket, 4096) != 0)
    throw Error(ErrorKind::io, "listen: cannot listen on " + (network.empty() ? "127.0.0.1" : network) +
                                   " (" + reason(errno) + ")");
  const unsigned port = port_of(address_of(socket, getsockname).storage);
  for (const std::string& host : hosts) listener.addresses.push_back(with_port(host, port));
  return listener;
}

Descriptor connect_to(const std::string& text) {
  Address address = parse_with_port(text);
  Descriptor made(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0 || (connect(made.get(), address.get(), address.size) != 0 && errno != EINPROGRESS))
    throw Error(ErrorKind::io, "connect: " + text + " cannot be reached (" + reason(errno) + ")");
  return made;
}

std::string connection_error(int socket) {
  int number = 0;
  socklen_t size = sizeof number;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
  return number ? reason(number) : "";
}

Descriptor accept_from(int listener, int& error) {
  error = 0;
  const int made = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (made < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) error = errno;
  return Descriptor(made);
}

std::string local_address(int socket) { return host_of(address_of(socket, getsockname).get()); }

std::string remote_address(int socket) {
  Address address = address_of(socket, getpeername);
  return address.size ? with_port(host_of(address.get()), port_of(address.storage)) : "somebody who has gone";
}

std::string local_address_towards(const std::string& text) {
  Address address = parse_with_port(text);
  const Descriptor probe(
      ::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));  // connecting it sends nothing
  if (probe.get() < 0 || connect(probe.get(), address.get(), address.size) != 0)
    throw Error(ErrorKind::io, "connect: " + text + " cannot be reached (" + reason(errno) + ")");
  return local_address(probe.get());
}

void tune(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const int bytes = 4 << 20;  // of what is sent; the receiving side is grown by the system itself, further
                              // than we may ask for
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

}  // namespace weir::detail::comm
