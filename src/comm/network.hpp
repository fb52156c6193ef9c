// Network: the peers of this job by its own transport, those of other jobs by TCP.
#pragma once

#include "comm/tcp.hpp"

namespace weir::detail::comm {

/// One transport for all peers of a session.
///
/// In the scheduler's own job peer ids are ranks, and TCP is opened only when further jobs are to join. In a
/// further job ranks have ids from the scheduler; ranks of the same job find each other in the contacts the
/// scheduler tells, and the first message between two of them says who speaks.
/// **Cost.** Without TCP, one virtual call.
class Network final : public Transport {
 public:
  /// In the scheduler's job: peers 0 to `own_peers` - 1 are reached through `base`, which may be null.
  Network(PeerId self, Transport* base, PeerId own_peers, std::string build_id);
  /// In a further job called `job` (anything unique), as its rank `rank`; `base` reaches the other ranks, and
  /// is null if there are none.
  Network(Transport* base, std::string job, PeerId rank, std::string build_id);

  /// In a further job: asks the scheduler behind the door to be let in, once. \return Our id. **Errors.** As
  /// `TcpTransport::join`.
  PeerId join(const Door& door, std::chrono::steady_clock::time_point deadline);
  /// Listens for peers of other jobs on `network`; empty: where the scheduler was reached.
  void accept_peers(const std::string& network);

  Door listen(const std::string& network) override;
  [[nodiscard]] std::string invitation() const override;
  void enter(const std::string& invitation) override;
  [[nodiscard]] std::string contact() const override;
  void learn(PeerId peer, const std::string& contact) override;

  void send(PeerId to, Frame frame) override;
  [[nodiscard]] bool send_now(PeerId peer, std::span<const std::byte> messages, bool is_urgent) override;
  bool poll(Receiver& receiver) override;
  [[nodiscard]] bool busy(PeerId to) const override;
  [[nodiscard]] bool has_mail() const noexcept override { return base_ && base_->has_mail(); }
  [[nodiscard]] bool sending() const override;
  [[nodiscard]] bool is_being_heard() const noexcept override {
    return base_ && !open_ && base_->is_being_heard();
  }
  void forget(PeerId peer) override;
  void sleep(std::uint32_t since, std::chrono::nanoseconds most) override;
  void wake() override;
  [[nodiscard]] bool rings() const noexcept override;
  void each_neighbour(const std::function<void(const Bell&)>& look) const override {
    if (base_) base_->each_neighbour(look);
  }
  [[nodiscard]] Bell& bell() noexcept override { return base_ ? base_->bell() : Transport::bell(); }

 private:
  enum class Way : unsigned char { unknown, base, tcp };
  struct Route {
    Way way = Way::unknown;
    PeerId rank = 0;
    bool greeted = false;  // it knows from us who we are
    bool gone = false;
    bool asked = false;
    std::vector<Frame> waiting;
  };
  /// Gives frames of the base their senders' ids.
  struct Named : Receiver {
    Network* network;
    Receiver* target;
    void receive(PeerId rank, Frame&& frame) override;
  };

  Route& route(PeerId peer);
  void make_tcp(const SessionKey& key);
  void send_base(Route& to, Frame&& frame);

  PeerId self_;
  Transport* base_;
  std::string job_, build_id_;
  PeerId rank_ = 0;
  bool further_ = false;  // ranks of the base have ids that are not their ranks
  std::unique_ptr<TcpTransport> tcp_;
  std::atomic<TcpTransport*> open_{nullptr};  // what waits and wakes, from any thread
  std::vector<Route> routes_;
  std::vector<PeerId> id_of_rank_;
  std::vector<PeerId> to_ask_;
  unsigned polls_ = 0;
};

}  // namespace weir::detail::comm
