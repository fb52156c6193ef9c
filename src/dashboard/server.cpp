// One session per connection, all on one thread. (No coroutines: g++ 12 breaks their frames.)
#include "dashboard/server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>
#include <list>

#include "weir/error.hpp"

namespace weir::detail::dashboard {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

namespace {

constexpr auto patience = std::chrono::seconds(30);

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(16 * hex_digit(text[i + 1]) + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

/// "/json/jobs" of "/node/n17/8787/json/jobs": Open OnDemand's proxy leaves its prefix there.
std::string without_prefix(std::string path) {
  constexpr std::string_view node = "/node/";
  if (!path.starts_with(node)) return path;
  const std::size_t host = path.find('/', node.size());
  const std::size_t port = host == std::string::npos ? host : path.find_first_not_of("0123456789", host + 1);
  return port == std::string::npos || port == host + 1 || path[port] != '/' ? path : path.substr(port);
}

/// "localhost" of "localhost:8787", "[::1]" of "[::1]:8787".
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos
             ? host
             : host.substr(0, colon);
}

/// Takes the same time whatever is wrong.
bool is_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view one = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) return one.substr(name.size() + 1);
  }
  return {};
}

std::string text_of_field(beast::string_view field) { return {field.data(), field.size()}; }

std::string event_of(const std::string& line) { return "data: " + line + "\n\n"; }

}  // namespace

double Target::number(std::string_view name, double otherwise, double least, double most) const {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return otherwise;
  double value = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [read, problem] = std::from_chars(found->second.data(), end, value);
  if (problem != std::errc() || read != end || !(value == value)) return otherwise;
  return std::clamp(value, least, most);
}

Target parse_target(std::string_view text) {
  Target target;
  const std::size_t question = std::min(text.find('?'), text.size());
  target.path = without_prefix(unescaped(text.substr(0, question)));
  std::string_view rest = text.substr(std::min(question + 1, text.size()));
  while (!rest.empty() && target.parameters.size() < 16) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    target.parameters[unescaped(one.substr(0, equals))] =
        unescaped(one.substr(std::min(equals + 1, one.size())));
  }
  return target;
}

std::optional<Answer> refuse(const Credentials& who, const std::string& token, const std::string& cookie,
                             const std::vector<std::string>& hosts) {
  const std::string_view host = without_port(who.host);
  const bool is_known = host == "localhost" || host == "127.0.0.1" || host == "[::1]" ||
                        std::find(hosts.begin(), hosts.end(), host) != hosts.end();
  if (!is_known)
    return Answer{421, "text/plain; charset=utf-8",
                  "weir: the host of this address must be localhost, 127.0.0.1 or one that "
                  "WEIR_DASHBOARD_HOSTS names; use the address that `weir dashboard` prints\n"};
  if (!who.origin.empty()) {
    const std::size_t slashes = who.origin.find("://");
    const std::string origin = slashes == std::string::npos ? "" : who.origin.substr(slashes + 3);
    const bool is_own = origin == who.host || who.fetch_site == "same-origin" ||
                        std::find(hosts.begin(), hosts.end(), origin) != hosts.end();
    if (origin.empty() || !is_own)
      return Answer{403, "text/plain; charset=utf-8",
                    "weir: a page of another origin may not read this one; open it by itself\n"};
  }
  constexpr std::string_view bearer = "Bearer ";
  const std::string_view authorization = who.authorization;
  if (is_equal(cookie_value(who.cookie, cookie), token) || is_equal(who.token, token) ||
      (authorization.starts_with(bearer) && is_equal(authorization.substr(bearer.size()), token)))
    return std::nullopt;
  return Answer{401, "text/plain; charset=utf-8",
                "weir: this page is for the user whose program it shows, and needs the token of its address; "
                "`weir dashboard` prints it\n"};
}

struct Server::Shared {
  std::string token, cookie;
  std::vector<std::string> hosts;
  Handler handler;
  std::size_t connections = 0;
  std::vector<std::shared_ptr<Session>> followers;
  std::list<Session*> waiting;  // for a request, the longest first
  bool is_closed = false;

  /// Whether one more may come; who has waited longest for a request to be whole makes room for it.
  bool make_room();

  struct Response {
    http::response<http::string_body> message;
    std::function<std::string()> next, more;
    std::string first;  // of what is followed
  };
  Response respond(const http::request<http::empty_body>& request);
};

/// A connection; lives as long as something of it is under way.
class Server::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Shared> shared, asio::generic::stream_protocol::socket socket)
      : shared_(std::move(shared)), stream_(std::move(socket)), timer_(stream_.get_executor()) {
    ++shared_->connections;
  }
  Session(const Session&) = delete;
  ~Session() {
    wait_no_more();
    --shared_->connections;
  }

  void read() {
    if (shared_->is_closed) return;
    place_ = shared_->waiting.insert(shared_->waiting.end(), this);
    parser_.emplace();
    parser_->header_limit(8 * 1024);
    parser_->body_limit(boost::none);  // reading ends where one begins, and the head is answered
    stream_.expires_after(patience);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](boost::system::error_code error, std::size_t) { self->answer(error); });
  }
  void close() {
    wait_no_more();
    stream_.close();
  }
  void push() {
    if (is_writing_ || !earn()) return;
    pushed_ = framed(next_());
    more_credit_ = std::max(0.0, bytes_per_s * 0.9 - static_cast<double>(pushed_.size()));
    send_pushed();
  }
  void push_more() {
    if (is_writing_ || !more_ || !earn() || more_credit_ <= 0) return;
    std::string more = framed(more_());
    more_credit_ -= static_cast<double>(more.size());
    if (more_credit_ < 0) return;
    pushed_ = std::move(more);
    send_pushed();
  }

 private:
  void send_pushed() {
    credit_ -= static_cast<double>(pushed_.size());
    is_writing_ = true;
    const auto sent = [self = shared_from_this()](boost::system::error_code error, std::size_t) {
      self->is_writing_ = false;
      if (error) self->leave();
    };
    if (socket_) return socket_->async_write(asio::buffer(pushed_), sent);
    stream_.expires_after(patience);
    asio::async_write(stream_, asio::buffer(pushed_), sent);
  }
  [[nodiscard]] std::string framed(std::string line) const {
    return socket_ ? std::move(line) : event_of(line);
  }
  void wait_no_more() {
    if (place_) shared_->waiting.erase(*std::exchange(place_, std::nullopt));
  }
  void answer(boost::system::error_code error) {
    wait_no_more();
    if (error && (!parser_->is_header_done() || error == beast::error::timeout)) return;
    http::request<http::empty_body> request = parser_->release();
    if (error) request.keep_alive(false);  // a body came, which nobody reads
    auto [message, next, more, first] = shared_->respond(request);
    response_ = std::move(message);
    next_ = std::move(next);
    more_ = std::move(more);
    if (!error && next_ && websocket::is_upgrade(request))
      return upgrade(std::make_shared<http::request<http::empty_body>>(std::move(request)), std::move(first));
    if (error || next_) response_.keep_alive(false);
    // Whoever asks faster than what a page needs waits.
    static_cast<void>(earn());
    credit_ -= static_cast<double>(response_.body().size());
    if (credit_ >= 0) return write();
    timer_.expires_after(std::chrono::milliseconds(static_cast<int>(-1000 * credit_ / bytes_per_s) + 1));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code) { self->write(); });
  }
  void write() {
    stream_.expires_after(patience);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        if (error == http::error::end_of_stream) error = {};  // said of what has no length
                        if (!error && self->next_) self->follow();
                        else if (!error && self->response_.keep_alive()) self->read();
                      });
  }
  /// Who follows may have a WebSocket instead: proxies that keep back answers without an end let it pass.
  void upgrade(const std::shared_ptr<http::request<http::empty_body>>& request, std::string first) {
    stream_.expires_never();
    socket_.emplace(stream_);
    auto limits = websocket::stream_base::timeout::suggested(beast::role_type::server);
    limits.idle_timeout = patience;  // it is asked whether it is there before that
    socket_->set_option(limits);
    socket_->read_message_max(1024);
    socket_->text(true);
    pushed_ = std::move(first);
    socket_->async_accept(*request, [self = shared_from_this(), request](boost::system::error_code error) {
      if (error || self->shared_->is_closed) return;
      self->shared_->followers.push_back(self);
      self->hear();
      self->send_pushed();
    });
  }
  /// What it says means nothing: its end and its answers to pings are what matters.
  void hear() {
    socket_->async_read(buffer_, [weak = weak_from_this()](boost::system::error_code error, std::size_t) {
      const auto self = weak.lock();
      if (!self) return;
      if (error) return self->leave();
      self->buffer_.consume(self->buffer_.size());
      self->hear();
    });
  }
  void follow() {
    if (shared_->is_closed) return;
    response_ = {};
    stream_.expires_never();
    shared_->followers.push_back(shared_from_this());
    // Who follows says nothing more: what is to be read is its end, and makes room for the next page.
    stream_.socket().async_wait(asio::socket_base::wait_read,
                                [weak = weak_from_this()](boost::system::error_code) {
                                  if (const auto self = weak.lock()) self->leave();
                                });
  }
  void leave() { std::erase(shared_->followers, shared_from_this()); }
  /// Adds what may be sent since the last time; whether something may.
  bool earn() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - std::exchange(last_, now);
    credit_ = std::min(burst_bytes, credit_ + bytes_per_s * passed.count());
    return credit_ >= 0;
  }

  std::shared_ptr<Shared> shared_;
  std::optional<std::list<Session*>::iterator> place_;  // among those who wait
  Stream stream_;
  std::optional<websocket::stream<Stream&>> socket_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{16 * 1024};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::function<std::string()> next_, more_;  // of who follows
  double more_credit_ = 0;                    // what the last `next_` has left of a second's bytes
  std::string pushed_;
  bool is_writing_ = false;
  double credit_ = burst_bytes;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

bool Server::Shared::make_room() {
  if (connections >= most_connections && !waiting.empty()) {
    waiting.front()->close();
    return true;  // it goes as soon as its reading has been told
  }
  return connections < most_connections;
}

Server::Shared::Response Server::Shared::respond(const http::request<http::empty_body>& request) {
  Target target = parse_target({request.target().data(), request.target().size()});
  Credentials who{text_of_field(request[http::field::host]),
                  text_of_field(request[http::field::origin]),
                  text_of_field(request[http::field::cookie]),
                  text_of_field(request[http::field::authorization]),
                  "",
                  text_of_field(request["Sec-Fetch-Site"])};
  if (const auto found = target.parameters.find("token"); found != target.parameters.end())
    who.token = found->second;
  std::optional<Answer> answer;
  bool sets_cookie = false;
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    answer = Answer{405, "text/plain; charset=utf-8", "weir: this page is only read (GET)\n"};
  else if (target.path == "/health") answer = Answer{200, "text/plain; charset=utf-8", "ok\n"};
  else answer = refuse(who, token, cookie, hosts);
  if (!answer && !who.token.empty() && target.path == "/") {
    // The token must not stay in the address, which is shown, copied and kept in histories.
    sets_cookie = true;
    answer = Answer{303, "text/plain; charset=utf-8", ""};
  }
  if (!answer) answer = handler(target);
  if (answer->next && followers.size() >= most_followers)
    answer =
        Answer{503, "text/plain; charset=utf-8", "weir: too many pages follow this program; this one asks\n"};
  http::response<http::string_body> response{http::int_to_status(static_cast<unsigned>(answer->status)),
                                             request.version()};
  response.set(http::field::content_type, answer->type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (sets_cookie) {
    response.set(http::field::location, "./");
    response.set(http::field::set_cookie, cookie + "=" + token + "; HttpOnly; SameSite=Strict; Path=/");
  }
  response.keep_alive(request.keep_alive() && answer->status < 400);
  const bool has_body = request.method() != http::verb::head;
  std::string first;
  if (answer->next) first = std::exchange(answer->body, event_of(answer->body));
  const std::size_t bytes = answer->body.size();
  if (has_body) response.body() = std::move(answer->body);
  if (!answer->next || !has_body) {
    response.content_length(bytes);
    answer->next = nullptr;
  }
  return {std::move(response), std::move(answer->next), std::move(answer->more), std::move(first)};
}

// The acceptor is there as long as the server is.
template <class Acceptor>
void Server::accept(const std::shared_ptr<Shared>& shared, Acceptor& acceptor) {
  acceptor.async_accept([shared, &acceptor](boost::system::error_code error, auto socket) {
    if (shared->is_closed || error == asio::error::operation_aborted) return;
    if (error) {  // no descriptors left, say
      auto timer =
          std::make_shared<asio::steady_timer>(acceptor.get_executor(), std::chrono::milliseconds(100));
      return timer->async_wait([shared, &acceptor, timer](boost::system::error_code) {
        if (!shared->is_closed) accept(shared, acceptor);
      });
    }
    accept(shared, acceptor);
    if (shared->make_room())  // else it is closed
      std::make_shared<Session>(shared, asio::generic::stream_protocol::socket(std::move(socket)))->read();
  });
}

Server::Server(asio::io_context& loop, std::string token, std::string cookie, std::vector<std::string> hosts,
               Handler handler)
    : loop_(loop), shared_(std::make_shared<Shared>()) {
  shared_->token = std::move(token);
  shared_->cookie = std::move(cookie);
  shared_->hosts = std::move(hosts);
  shared_->handler = std::move(handler);
}

void Server::push() {
  const auto all = shared_->followers;  // one that fails leaves meanwhile
  for (const std::shared_ptr<Session>& one : all) one->push();
}

void Server::push_more() {
  const auto all = shared_->followers;
  for (const std::shared_ptr<Session>& one : all) one->push_more();
}

bool Server::is_followed() const { return !shared_->followers.empty(); }

Server::~Server() {
  shared_->is_closed = true;
  std::exchange(shared_->followers, {}).clear();
  if (!path_.empty()) unlink(path_.c_str());
}

std::uint16_t Server::listen(std::uint16_t port) {
  constexpr int attempts = 100;
  for (int i = 0; i < attempts && port + i <= UINT16_MAX; ++i) {
    const asio::ip::tcp::endpoint place(asio::ip::address_v4::loopback(),
                                        static_cast<std::uint16_t>(port + i));
    tcp_.emplace(loop_);
    boost::system::error_code error;
    tcp_->open(place.protocol(), error);
    tcp_->set_option(asio::socket_base::reuse_address(true), error);
    tcp_->bind(place, error);
    if (!error) tcp_->listen(asio::socket_base::max_listen_connections, error);
    if (error) continue;
    accept(shared_, *tcp_);
    return tcp_->local_endpoint().port();
  }
  tcp_.reset();
  throw Error(ErrorKind::io,
              "dashboard: one of the ports from " + std::to_string(port) + " to " +
                  std::to_string(port + attempts - 1) +
                  " must be free on 127.0.0.1 (got none); WEIR_DASHBOARD=unix:PATH needs none");
}

void Server::listen(const std::filesystem::path& path) {
  const auto refuse_path = [&](const std::string& why) {
    throw Error(ErrorKind::io, "dashboard: a socket cannot be made at " + path.string() + " (" + why +
                                   "); WEIR_DASHBOARD=unix:PATH names another place");
  };
  if (path.string().size() > 100) refuse_path("its name is longer than 100 bytes");
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) refuse_path("something else is there");
    asio::local::stream_protocol::socket other(loop_);
    boost::system::error_code nobody;
    other.connect(asio::local::stream_protocol::endpoint(path.string()), nobody);
    if (!nobody) refuse_path("another program listens there");
    unlink(path.c_str());  // of a program that was killed
  }
  boost::system::error_code error;
  local_.emplace(loop_);
  local_->open(asio::local::stream_protocol(), error);
  // What is bound gets the mode of the socket: no moment in which others could connect.
  if (!error && fchmod(local_->native_handle(), 0600) != 0) refuse_path("it cannot be made private");
  if (!error) local_->bind(asio::local::stream_protocol::endpoint(path.string()), error);
  if (!error) local_->listen(asio::socket_base::max_listen_connections, error);
  if (error) refuse_path(error.message());
  path_ = path;
  accept(shared_, *local_);
}

}  // namespace weir::detail::dashboard
