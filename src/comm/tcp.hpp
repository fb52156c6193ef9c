// TcpTransport: peers are processes of other jobs, connected on demand; whoever has the session's key may
// join.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "comm/connection.hpp"
#include "comm/poller.hpp"

namespace weir::detail::comm {

struct TcpSettings {
  SessionKey key{};
  std::string build_id;
  std::chrono::milliseconds handshake_time{
      5000};  ///< For a stranger to show the key, and for a peer to be reached.
  std::size_t most_half_open =
      128;  ///< Strangers at a time; one more, and the one that has been there longest is sent away.
};

/// Frames over TCP between the processes of one session.
///
/// A connection is made when the first frame goes to a peer, and used in both directions. Its break is
/// reported at once (`Receiver::lost`); the silence of a host that has vanished is for heartbeats to notice.
/// What is not of the session is refused and logged.
///
/// **Cost.** Two system calls for a small frame, one on each side; values are written from and read into the
/// memory they live in.
class TcpTransport final : public Transport {
 public:
  static constexpr PeerId nobody = UINT32_MAX;

  /// `self` may be `nobody` until `join` has told it.
  TcpTransport(PeerId self, TcpSettings settings);
  ~TcpTransport() override;

  /// Listens from now on.
  void open(const std::string& network);
  /// Newcomers are let in, with ids from `first` on. Without this only peers that have an id are.
  void admit_from(PeerId first) { next_peer_ = first; }
  [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
  void set_addresses(PeerId peer, std::vector<std::string> addresses);

  /// Connects to the scheduler and asks to be let in, once; drives the transport until that is decided.
  /// \return Our id. **Errors.** Throws `Error{timeout}` or `Error{io}` if it cannot be reached,
  /// `Error{protocol}` with the reason if it does not want us.
  PeerId join(const std::vector<std::string>& addresses, std::chrono::steady_clock::time_point deadline);
  /// Whether there is a connection with this peer, whoever made it.
  [[nodiscard]] bool linked(PeerId peer) const noexcept { return peer < peers_.size() && peers_[peer].link; }
  /// This end's address of the connection to a peer.
  [[nodiscard]] std::string local_address_to(PeerId peer) const;

  void send(PeerId to, Frame frame) override;
  bool poll(Receiver& receiver) override;
  [[nodiscard]] bool busy(PeerId to) const override;
  [[nodiscard]] bool sending() const override;
  void forget(PeerId peer) override;
  void sleep(std::uint32_t, std::chrono::nanoseconds most) override { poller_.wait(most); }
  void wake() override { poller_.wake(); }

  [[nodiscard]] const TcpSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_; }

 private:
  struct Peer {
    std::vector<std::string> addresses;
    std::size_t tried = 0;       // of the addresses
    Connection* link = nullptr;  // where frames to it go
    bool gone = false;
  };

  Peer& peer(PeerId id);
  void connect(PeerId id);
  void accept_all();
  void make_room();
  bool serve(Connection& connection, std::uint32_t events, Receiver& receiver);
  void take(Connection& connection, Arrival&& arrival, Receiver& receiver);
  void introduced(Connection& connection, const Arrival& arrival);
  void judged(Connection& connection, const Arrival& arrival);
  void decide(Connection& connection, PeerId yours, const std::string& refusal);
  void note(Connection& connection);
  bool try_next(Connection& connection);
  void end_broken(Receiver& receiver);
  void end(Connection& connection, Receiver& receiver);
  void check_times(Connection::Clock::time_point now);
  void complain(const Connection& connection);

  PeerId self_;
  TcpSettings settings_;
  Poller poller_;
  Descriptor listener_;
  std::vector<std::string> addresses_;
  std::optional<PeerId> next_peer_;
  std::vector<Peer> peers_;
  std::map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> broken_;
  std::vector<std::pair<PeerId, std::string>> failed_;  // peers that could not even be tried
  std::string refusal_;                                 // of our own attempt to join
  std::size_t half_open_ = 0;
  Connection::Clock::time_point checked_{};
  Connection::Clock::time_point complained_{};
  std::optional<Connection::Clock::time_point> listen_again_;  // nobody is let in until then
};

}  // namespace weir::detail::comm
