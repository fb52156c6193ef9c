// to_tcp and to_websocket: a connection that is made at the first message, and again after an error.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "weir/stream/network.hpp"

namespace weir::detail::stream {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

asio::awaitable<Tcp::socket> connect(std::string host, std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  Tcp::resolver resolver(executor);
  const std::string service = std::to_string(port);
  const auto endpoints = co_await resolver.async_resolve(host, service, asio::use_awaitable);
  Tcp::socket socket(executor);
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
  co_return socket;
}

/// One connection of either sort; `Link` writes messages to it.
template <class Link>
class Connection final : public Outgoing, public std::enable_shared_from_this<Connection<Link>> {
 public:
  Connection(std::string who, std::string host, std::uint16_t port, std::string path)
      : who_(std::move(who)), host_(std::move(host)), port_(port), path_(std::move(path)) {}

  void send(EventLoop& loop, std::string message, Finished finished) override {
    const auto self = this->shared_from_this();
    auto text = std::make_shared<std::string>(std::move(message));
    asio::co_spawn(
        loop.context(), [self, text] { return self->write(text); },
        [self, finished = std::move(finished)](const std::exception_ptr& error) {
          if (!error) return finished();
          self->link_.reset();
          finished(self->explain(error));
        });
  }

 private:
  asio::awaitable<void> write(std::shared_ptr<std::string> text) {
    const auto self = this->shared_from_this();
    if (!link_) {
      auto connecting = connect(host_, port_);
      Tcp::socket socket = co_await std::move(connecting);
      link_.emplace(std::move(socket));
      co_await link_->open(host_, path_);
    }
    co_await link_->write(*text);
  }
  [[nodiscard]] std::exception_ptr explain(const std::exception_ptr& error) const {
    try {
      std::rethrow_exception(error);
    } catch (const boost::system::system_error& failure) {
      return std::make_exception_ptr(Error(ErrorKind::io, who_ + ": cannot send to " + host_ + ":" +
                                                              std::to_string(port_) + ": " +
                                                              failure.code().message()));
    } catch (...) {
      return std::current_exception();
    }
  }
  std::string who_, host_;
  std::uint16_t port_;
  std::string path_;
  std::optional<Link> link_;
};

struct TcpLink {
  Tcp::socket socket;
  explicit TcpLink(Tcp::socket s) : socket(std::move(s)) {}
  asio::awaitable<void> open(const std::string&, const std::string&) { co_return; }
  asio::awaitable<void> write(const std::string& text) {
    const auto bytes = asio::buffer(text);
    co_await asio::async_write(socket, bytes, asio::use_awaitable);
  }
};

struct WebsocketLink {
  boost::beast::websocket::stream<Tcp::socket> peer;
  explicit WebsocketLink(Tcp::socket s) : peer(std::move(s)) {}
  asio::awaitable<void> open(const std::string& host, const std::string& path) {
    co_await peer.async_handshake(host, path, asio::use_awaitable);
  }
  asio::awaitable<void> write(const std::string& text) {
    peer.text(true);
    const auto bytes = asio::buffer(text);
    co_await peer.async_write(bytes, asio::use_awaitable);
  }
};

}  // namespace

std::shared_ptr<Outgoing> outgoing_tcp(std::string host, std::uint16_t port) {
  return std::make_shared<Connection<TcpLink>>("to_tcp", std::move(host), port, "");
}
std::shared_ptr<Outgoing> outgoing_websocket(std::string host, std::uint16_t port, std::string path) {
  return std::make_shared<Connection<WebsocketLink>>("to_websocket", std::move(host), port, std::move(path));
}

}  // namespace weir::detail::stream
