// Listener: what network sources share. Accepts, runs a coroutine per connection, emits when there is room.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "weir/stream/network.hpp"

namespace weir::detail::stream {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

class ListenNode;

/// Outlives its node while coroutines are on the loop; `node` is null when the node is gone.
struct Listener : std::enable_shared_from_this<Listener> {
  using Serve = std::function<asio::awaitable<void>(std::shared_ptr<Listener>, Tcp::socket)>;

  std::string who;
  ListenOptions options;
  Serve serve;
  std::mutex node_mutex;  // held while the node is touched; entering the node's domain may wait, so nothing
                          // else is done under it
  ListenNode* node = nullptr;
  std::mutex mutex;  // of what follows
  std::uint16_t port = 0;
  std::shared_ptr<Tcp::acceptor> acceptor;
  std::list<std::weak_ptr<asio::steady_timer>> waiting;
  std::list<std::function<void()>> closers;  // one per connection

  void open(const EventLoop& loop, std::uint16_t wanted);
  void close();
  asio::awaitable<void> accept(std::shared_ptr<Tcp::acceptor> from);
  asio::awaitable<void> run_connection(Tcp::socket socket);
  /// Emits `message` as soon as there is room; false if the node is gone.
  asio::awaitable<bool> emit(std::string message, Done done = {});
  void report(const std::exception_ptr& error);

 private:
  enum class Offer { taken, full, gone };
  Offer offer(std::string& message, const Done& done);
  void wake_when_changed(const std::shared_ptr<asio::steady_timer>& alarm);
};

/// The node of a network source.
class ListenNode final : public Outlet<std::string> {
 public:
  ListenNode(std::string kind, std::uint16_t port, ListenOptions options, Listener::Serve serve);
  ~ListenNode() override { shut(); }
  void start() override;
  void stop() override;
  void shut() noexcept override;
  [[nodiscard]] bool emits_by_itself() const override { return true; }
  [[nodiscard]] bool is_ticking() const override { return true; }
  [[nodiscard]] const char* shape() const override { return "invhouse"; }
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_->port; }

 private:
  std::uint16_t wanted_;
  std::shared_ptr<Listener> listener_;
};

Stream<std::string> make_listener(std::string kind, std::uint16_t port, ListenOptions options,
                                  Listener::Serve serve);

}  // namespace weir::detail::stream
