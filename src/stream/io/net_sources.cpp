// from_tcp, from_http_server, from_websocket: one coroutine per connection.
#include <fnmatch.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "core/thrown.hpp"
#include "stream/io/listener.hpp"

namespace weir {
namespace detail::stream {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

asio::awaitable<void> serve_lines(std::shared_ptr<Listener> listener, Tcp::socket socket,
                                  std::string delimiter) {
  Splitter splitter(delimiter, listener->options.max_message_bytes);
  std::vector<char> bytes(64 * 1024);
  for (;;) {
    const auto space = asio::buffer(bytes);
    const std::size_t count = co_await socket.async_read_some(space, asio::use_awaitable);
    splitter.add({bytes.data(), count});
    while (std::optional<std::string> message = splitter.next(listener->who)) {
      auto emitting = listener->emit(std::move(*message));
      const bool taken = co_await std::move(emitting);
      if (!taken) co_return;
    }
  }
}

http::response<http::string_body> answer(const http::request<http::string_body>& request, http::status status,
                                         std::string text) {
  http::response<http::string_body> response(status, request.version());
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(text);
  response.prepare_payload();
  return response;
}

/// Emits the body and waits until everything it caused is done; the sentence of the error, if there was one.
asio::awaitable<std::optional<std::string>> emit_and_wait(std::shared_ptr<Listener> listener,
                                                          std::string body) {
  struct Outcome {
    asio::steady_timer done;
    std::exception_ptr error;
    explicit Outcome(const asio::any_io_executor& executor)
        : done(executor, asio::steady_timer::time_point::max()) {}
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto outcome = std::make_shared<Outcome>(executor);
  Done done = [outcome](const std::exception_ptr& error) {
    asio::post(outcome->done.get_executor(), [outcome, error] {
      outcome->error = error;
      outcome->done.expires_at(asio::steady_timer::time_point::min());
    });
  };
  auto emitting = listener->emit(std::move(body), std::move(done));
  const bool taken = co_await std::move(emitting);
  if (!taken) co_return "the stream has ended";
  boost::system::error_code cancelled;
  auto token = asio::redirect_error(asio::use_awaitable, cancelled);
  co_await outcome->done.async_wait(token);
  if (!outcome->error) co_return std::nullopt;
  try {
    std::rethrow_exception(outcome->error);
  } catch (...) {
    co_return current_thrown().text();
  }
}

/// Whether a request for `target` is one for the path or pattern `wanted`; a query is none of its business.
bool is_for(std::string_view target, const std::string& wanted) {
  const std::string path(target.substr(0, target.find_first_of("?#")));
  return path == wanted || ::fnmatch(wanted.c_str(), path.c_str(), 0) == 0;
}

asio::awaitable<void> serve_http(std::shared_ptr<Listener> listener, Tcp::socket socket, std::string path) {
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(listener->options.max_message_bytes);
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await http::async_read(socket, buffer, parser, token);
    if (error && error != http::error::body_limit) co_return;
    http::request<http::string_body> request = parser.release();
    http::response<http::string_body> response;
    if (error) {
      request.keep_alive(false);
      response = answer(
          request, http::status::payload_too_large,
          "the body is longer than " + std::to_string(listener->options.max_message_bytes) + " bytes\n");
    } else if (!is_for({request.target().data(), request.target().size()}, path)) {
      response = answer(request, http::status::not_found, "no such path\n");
    } else if (request.method() != http::verb::post) {
      response = answer(request, http::status::method_not_allowed, "POST only\n");
    } else {
      auto waiting = emit_and_wait(listener, std::move(request.body()));
      const std::optional<std::string> failure = co_await std::move(waiting);
      response = failure ? answer(request, http::status::internal_server_error, *failure + "\n")
                         : answer(request, http::status::ok, "OK\n");
    }
    co_await http::async_write(socket, response, asio::use_awaitable);
    if (!response.keep_alive()) co_return;
  }
}

asio::awaitable<void> serve_websocket(std::shared_ptr<Listener> listener, Tcp::socket socket) {
  beast::websocket::stream<Tcp::socket> peer(std::move(socket));
  peer.read_message_max(listener->options.max_message_bytes);
  co_await peer.async_accept(asio::use_awaitable);
  for (;;) {
    beast::flat_buffer buffer;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await peer.async_read(buffer, token);
    if (error == beast::websocket::error::message_too_big)
      throw Error(ErrorKind::io, listener->who + ": a message is longer than " +
                                     std::to_string(listener->options.max_message_bytes) +
                                     " bytes; its connection is closed");
    if (error) co_return;
    auto emitting = listener->emit(beast::buffers_to_string(buffer.data()));
    const bool taken = co_await std::move(emitting);
    if (!taken) co_return;
  }
}

}  // namespace
}  // namespace detail::stream

Stream<std::string> from_tcp(std::uint16_t port, std::string delimiter, ListenOptions options) {
  if (delimiter.empty()) throw Error(ErrorKind::invalid_argument, "from_tcp: delimiter must not be empty");
  return detail::stream::make_listener(
      "from_tcp", port, std::move(options),
      [delimiter](std::shared_ptr<detail::stream::Listener> listener, detail::stream::Tcp::socket socket) {
        return detail::stream::serve_lines(std::move(listener), std::move(socket), delimiter);
      });
}

Stream<std::string> from_http_server(std::uint16_t port, std::string path, ListenOptions options) {
  if (!path.starts_with('/') && !path.starts_with('*'))
    throw Error(ErrorKind::invalid_argument,
                "from_http_server: path must begin with '/' (got '" + path + "')");
  if (path.find('?') != std::string::npos && path.find('=') != std::string::npos)
    throw Error(ErrorKind::invalid_argument,
                "from_http_server: path must not have a query (got '" + path + "')");
  return detail::stream::make_listener(
      "from_http_server", port, std::move(options),
      [path](std::shared_ptr<detail::stream::Listener> listener, detail::stream::Tcp::socket socket) {
        return detail::stream::serve_http(std::move(listener), std::move(socket), path);
      });
}

Stream<std::string> from_websocket(std::uint16_t port, ListenOptions options) {
  return detail::stream::make_listener(
      "from_websocket", port, std::move(options),
      [](std::shared_ptr<detail::stream::Listener> listener, detail::stream::Tcp::socket socket) {
        return detail::stream::serve_websocket(std::move(listener), std::move(socket));
      });
}

}  // namespace weir
