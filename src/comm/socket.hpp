// TCP sockets: listening on a network of this host, connecting to addresses such as "10.0.0.7:40123" or
// "[fe80::1]:40123"; nothing here waits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/descriptor.hpp"

namespace weir::detail::comm {

/// A listening socket and where others reach it.
struct Listener {
  Descriptor socket;
  std::vector<std::string> addresses;  ///< "address:port", most likely first.
};

/// Listens on `network`, on a free port.
///
/// \param network  Empty: loopback only. An interface's name ("ib0"), one of this host's addresses, or "any"
/// for all of them.
/// **Errors.** Throws `Error{invalid_argument}` that lists the interfaces there are, `Error{io}` with the
/// system's reason.
[[nodiscard]] Listener listen_on(const std::string& network);

/// A connection under way: the socket is writable when it is there or has failed.
/// **Errors.** Throws `Error{io}` if `address` is none or the system refuses at once.
[[nodiscard]] Descriptor connect_to(const std::string& address);

/// Why an asynchronous connection failed; empty if it is there.
[[nodiscard]] std::string connection_error(int socket);

/// The next connection, nonblocking; an empty descriptor if there is none now, with `error` the system's
/// number if that is a lasting reason.
[[nodiscard]] Descriptor accept_from(int listener, int& error);

/// The address of this end, without the port.
[[nodiscard]] std::string local_address(int socket);
/// Address and port of the other end, for the log.
[[nodiscard]] std::string remote_address(int socket);
/// The address of this host from which `address` is reached.
[[nodiscard]] std::string local_address_towards(const std::string& address);

/// Small messages leave at once, large ones find room.
void tune(int socket);

}  // namespace weir::detail::comm
