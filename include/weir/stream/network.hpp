// Streams over the network: from_tcp, from_http_server, from_websocket, to_tcp, to_websocket. Loopback unless
// told otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weir/stream/sources.hpp"

namespace weir {

/// Where a network source listens.
struct ListenOptions {
  std::string address = "127.0.0.1";  ///< "0.0.0.0" lets other machines in
  std::size_t max_message_bytes =
      std::size_t{64} << 20;  ///< a longer message ends its connection, and is an error of the stream
  /// By default one with a thread of its own.
  std::optional<EventLoop> loop = {};
};

/// Listens for connections, and emits the messages that come over them.
///
/// **Shape.** `std::string` per message, without the delimiter; what stands after the last delimiter when a
/// connection closes is dropped. Any number of connections.
/// **Units.** `port` 0 takes a free one; see `listening_port`.
/// **Errors.** `start` throws `Error{io}` if the port is in use. A connection that breaks ends by itself; one
/// with a message that is too long is closed and is an error of the stream. Without free descriptors new
/// connections wait, and a warning says so.
/// **Backpressure.** Does not read while a node below is full, which holds the senders back.
/// **Source.** streamz `from_tcp`, which has no backpressure and keeps the delimiter.
Stream<std::string> from_tcp(std::uint16_t port, std::string delimiter = "\n", ListenOptions options = {});

/// Listens for HTTP, and emits the body of each POST to `path`, which may be a pattern with `*` and `?`:
/// `"/sensors/*"`. A query behind the path of a request makes no difference.
///
/// The answer is 200 when everything the element caused is done, 500 with the error's sentence if that
/// failed, 404 for another path, 405 for another method.
///
/// **Errors.** As `from_tcp`; a body that is too long is answered with 413. Throws `Error{invalid_argument}`
/// if `path` does not begin with `/` or has a query.
/// **Source.** streamz `from_http_server`.
Stream<std::string> from_http_server(std::uint16_t port, std::string path = "/", ListenOptions options = {});

/// Listens for WebSocket connections and emits their messages.
Stream<std::string> from_websocket(std::uint16_t port, ListenOptions options = {});

/// The port a network source listens on once it has been started; 0 before.
[[nodiscard]] std::uint16_t listening_port(const Stream<std::string>& source);

namespace detail::stream {

/// One outgoing connection; it is made at the first message, and again after an error.
class Outgoing {
 public:
  virtual ~Outgoing() = default;
  virtual void send(EventLoop& loop, std::string message, Finished finished) = 0;
};
std::shared_ptr<Outgoing> outgoing_tcp(std::string host, std::uint16_t port);
std::shared_ptr<Outgoing> outgoing_websocket(std::string host, std::uint16_t port, std::string path);

/// Sends each element as a message.
template <class T>
struct SendTo {
  std::optional<EventLoop> loop;  // outlives the connection, which belongs to it
  std::shared_ptr<Outgoing> connection;
  std::string end;
  void use(EventLoop l, const std::shared_ptr<InFlight>& /*sink*/ = {}) { loop = std::move(l); }
  void operator()(const T& x, const Finished& finished) {
    connection->send(*loop, as_text(x) + end, finished);
  }
};

}  // namespace detail::stream

namespace op {

/// Writes each element and `end` to a TCP connection.
///
/// **Errors.** An element that cannot be written is an error of the stream; the next one tries a new
/// connection.
/// **Backpressure.** `emit` waits while the element before is being written.
inline auto to_tcp(std::string host, std::uint16_t port, std::string end = "\n") {
  return [connection = detail::stream::outgoing_tcp(std::move(host), port),
          end = std::move(end)]<class T>(const Stream<T>& s) {
    return detail::stream::attach_sink(
        s, std::make_unique<detail::stream::AsyncSinkNode<T, detail::stream::SendTo<T>>>(
               detail::stream::SendTo<T>{{}, connection, end}, 1));
  };
}
/// Sends each element as a text message of a WebSocket connection; otherwise as `to_tcp`.
inline auto to_websocket(std::string host, std::uint16_t port, std::string path = "/") {
  return [connection = detail::stream::outgoing_websocket(std::move(host), port, std::move(path))]<class T>(
             const Stream<T>& s) {
    return detail::stream::attach_sink(
        s, std::make_unique<detail::stream::AsyncSinkNode<T, detail::stream::SendTo<T>>>(
               detail::stream::SendTo<T>{{}, connection, ""}, 1));
  };
}

}  // namespace op
}  // namespace weir
