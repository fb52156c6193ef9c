// Server: answers GET for who has the token, on loopback or a unix socket, and nothing else.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail::dashboard {

/// The path and the parameters of a request: `/json/history?from=3`.
struct Target {
  std::string path;
  std::map<std::string, std::string, std::less<>> parameters;
  /// The number of a parameter within bounds; `otherwise` if it is not there or no number.
  [[nodiscard]] double number(std::string_view name, double otherwise, double least, double most) const;
};
/// Splits what stands behind GET. Never fails: what makes no sense is a path that nothing has.
[[nodiscard]] Target parse_target(std::string_view text);

struct Answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  /// If set, the connection stays open, and what this gives follows the body at each `Server::push`: as
  /// server-sent events of one line each, or as frames of a WebSocket for who asks for one.
  std::function<std::string()> next = nullptr;
  /// Likewise at each `Server::push_more`, if there is time and room for it.
  std::function<std::string()> more = nullptr;
};

/// What a request says of who sends it.
struct Credentials {
  std::string host, origin, cookie, authorization, token;  ///< `token`: the parameter of the target.
  std::string fetch_site = "";  ///< Sec-Fetch-Site, which a browser says itself: pages cannot.
};
/// Why this request is refused, with the status; nothing if it may pass.
///
/// Its Host must be a name of this machine for itself or one of `hosts` (a page elsewhere could have its own
/// name lead here), a foreign Origin is refused, and the token must come as cookie, bearer or parameter. An
/// Origin that is not the Host may be that of a proxy which puts its own Host there: it passes if the browser
/// says that the page is of it, or if `hosts` has it, with its port.
[[nodiscard]] std::optional<Answer> refuse(const Credentials& who, const std::string& token,
                                           const std::string& cookie, const std::vector<std::string>& hosts);

/// **Errors.** What a peer does never throws: it is answered, or its connection is closed.
/// **Threads.** All runs on the thread of the loop.
/// **Cost.** At most `most_connections`, 8 KiB of a request's head and no body, 30 s for either, and
/// `bytes_per_s` for each connection. Who has waited longest for his request to be whole makes room for who
/// comes when there are so many: half requests keep nobody out. Of what is pushed nothing is kept for a
/// reader who is slow: he misses it, and is let go if he takes nothing for 30 s.
class Server {
 public:
  using Handler = std::function<Answer(const Target&)>;

  Server(boost::asio::io_context& loop, std::string token, std::string cookie, std::vector<std::string> hosts,
         Handler handler);
  Server(const Server&) = delete;
  ~Server();

  /// Listens on loopback at `port`, else, if somebody has it, at the next that is free. \return The port.
  /// **Errors.** Throws `Error{io}` if none of a hundred is.
  std::uint16_t listen(std::uint16_t port);
  /// Listens at a path, for this user alone; removed with the server.
  /// **Errors.** Throws `Error{io}` with the path and the reason.
  void listen(const std::filesystem::path& path);

  /// Sends what is next to everybody who follows something and has taken what came before.
  void push();
  /// Sends what is between two of these to those who need not all of their bytes for them.
  void push_more();
  [[nodiscard]] bool is_followed() const;

  static constexpr std::size_t most_connections = 64, most_followers = 16;
  static constexpr double bytes_per_s = 1e5, burst_bytes = 1e6;

 private:
  struct Shared;
  class Session;
  template <class Acceptor>
  static void accept(const std::shared_ptr<Shared>& shared, Acceptor& acceptor);
  boost::asio::io_context& loop_;
  std::shared_ptr<Shared> shared_;
  std::optional<boost::asio::ip::tcp::acceptor> tcp_;
  std::optional<boost::asio::local::stream_protocol::acceptor> local_;
  std::filesystem::path path_;
};

}  // namespace weir::detail::dashboard
