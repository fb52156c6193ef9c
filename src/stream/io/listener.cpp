// Listener: accepting connections and emitting their messages.
#include "stream/io/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include "core/log.hpp"
#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

void Listener::open(const EventLoop& loop, std::uint16_t wanted) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  auto fresh = std::make_shared<Tcp::acceptor>(loop.context());
  const Tcp::endpoint endpoint(address, wanted);
  if (!error) fresh->open(endpoint.protocol(), error);
  if (!error) fresh->set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) fresh->bind(endpoint, error);
  if (!error) fresh->listen(asio::socket_base::max_listen_connections, error);
  if (error)
    throw Error(ErrorKind::io, who + ": cannot listen on " + options.address + ":" + std::to_string(wanted) +
                                   ": " + error.message());
  port = fresh->local_endpoint().port();
  acceptor = fresh;
  asio::co_spawn(
      loop.context(), [self = shared_from_this(), fresh] { return self->accept(fresh); }, asio::detached);
}

void Listener::close() {
  const std::lock_guard lock(mutex);
  if (!acceptor) return;
  ::shutdown(acceptor->native_handle(), SHUT_RDWR);  // others can listen there from now on
  asio::post(acceptor->get_executor(), [closing = acceptor, self = shared_from_this()] {
    boost::system::error_code ignored;
    closing->close(ignored);
    const std::lock_guard inside(self->mutex);
    for (const auto& close_one : self->closers) close_one();
    for (const auto& each : self->waiting) {
      if (const auto alarm = each.lock()) alarm->cancel();
    }
  });
  acceptor.reset();
}

namespace {

// What ends when others close descriptors, or free memory.
bool is_want_of_room(const boost::system::error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

asio::awaitable<void> rest() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

asio::awaitable<void> Listener::accept(std::shared_ptr<Tcp::acceptor> from) {
  const auto self = shared_from_this();
  bool is_told = false;
  for (;;) {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    Tcp::socket socket = co_await from->async_accept(token);
    if (error == asio::error::operation_aborted || error == asio::error::invalid_argument || !from->is_open())
      co_return;  // invalid: it does not listen any more
    if (is_want_of_room(error)) {
      if (!std::exchange(is_told, true))
        log::warn("{}: cannot accept connections: {}; they wait, and it tries again ten times a second", who,
                  error.message());
      co_await rest();
    }
    if (error) continue;
    is_told = false;
    auto held = std::make_shared<Tcp::socket>(std::move(socket));
    asio::co_spawn(
        from->get_executor(), [self, held] { return self->run_connection(std::move(*held)); },
        asio::detached);
  }
}

asio::awaitable<void> Listener::run_connection(Tcp::socket socket) {
  const auto self = shared_from_this();
  const int handle = socket.native_handle();
  std::list<std::function<void()>>::iterator place;
  {
    const std::lock_guard lock(mutex);
    place = closers.insert(closers.end(), [handle] { ::shutdown(handle, SHUT_RDWR); });
  }
  try {
    co_await serve(self, std::move(socket));
  } catch (const boost::system::system_error&) {  // the peer went away: its right
  } catch (...) {
    report(std::current_exception());
  }
  const std::lock_guard lock(mutex);
  closers.erase(place);
}

Listener::Offer Listener::offer(std::string& message, const Done& done) {
  const std::lock_guard lock(node_mutex);
  if (!node) return Offer::gone;
  std::exception_ptr error;
  {
    Frame frame(*node);
    if (node->closed_gate()) return Offer::full;
    const TicketScope scope(done ? TicketRef(new Ticket(done)) : TicketRef());
    node->admit(std::move(message));
    error = frame.finish_quietly();
  }
  if (error && !done) node->graph().report(error);
  return Offer::taken;
}

void Listener::wake_when_changed(const std::shared_ptr<asio::steady_timer>& alarm) {
  {
    const std::lock_guard lock(mutex);
    std::erase_if(waiting, [](const auto& each) { return each.expired(); });
    waiting.push_back(alarm);
  }
  const std::lock_guard lock(node_mutex);
  if (!node) return;
  node->graph().when_opened([weak = std::weak_ptr(alarm)] {
    if (const auto one = weak.lock()) asio::post(one->get_executor(), [one] { one->cancel(); });
  });
}

asio::awaitable<bool> Listener::emit(std::string message, Done done) {
  const auto self = shared_from_this();
  const auto executor = co_await asio::this_coro::executor;
  for (;;) {
    const Offer result = offer(message, done);
    if (result != Offer::full) co_return result == Offer::taken;
    auto alarm = std::make_shared<asio::steady_timer>(executor, std::chrono::milliseconds(50));
    wake_when_changed(alarm);
    boost::system::error_code cancelled;
    auto token = asio::redirect_error(asio::use_awaitable, cancelled);
    co_await alarm->async_wait(token);
  }
}

void Listener::report(const std::exception_ptr& error) {
  const std::lock_guard lock(node_mutex);
  if (!node) return;
  if (node->policy().action != ErrorPolicy::Action::skip) node->graph().report(error);
  node->errors.add();
}

ListenNode::ListenNode(std::string kind, std::uint16_t port, ListenOptions options, Listener::Serve serve)
    : Outlet<std::string>(kind), wanted_(port), listener_(std::make_shared<Listener>()) {
  listener_->node = this;
  listener_->who = std::move(kind);
  listener_->options = std::move(options);
  listener_->serve = std::move(serve);
}

void ListenNode::start() {
  const std::lock_guard lock(listener_->mutex);
  if (listener_->acceptor) return;
  listener_->open(graph().loop(), wanted_);
  set_detail(listener_->options.address + ":" + std::to_string(listener_->port));
}

void ListenNode::stop() { listener_->close(); }

void ListenNode::shut() noexcept {
  listener_->close();
  const std::lock_guard lock(listener_->node_mutex);
  listener_->node = nullptr;
}

Stream<std::string> make_listener(std::string kind, std::uint16_t port, ListenOptions options,
                                  Listener::Serve serve) {
  at_least_one(kind.c_str(), "max_message_bytes", options.max_message_bytes);
  auto loop = options.loop;
  auto made = std::make_unique<ListenNode>(std::move(kind), port, std::move(options), std::move(serve));
  ListenNode& node = *made;
  auto [graph, any] = make_graph(std::move(made), std::move(loop));
  return {std::move(graph), node};
}

}  // namespace detail::stream

std::uint16_t listening_port(const Stream<std::string>& source) {
  const auto* const node = dynamic_cast<const detail::stream::ListenNode*>(&source.node());
  if (!node)
    throw Error(ErrorKind::invalid_argument,
                "listening_port: " + source.label() + " is not a network source");
  return node->port();
}

}  // namespace weir
