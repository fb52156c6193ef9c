// InprocTransport: peers are threads of this process; values are shared, not copied.
#pragma once

#include <atomic>
#include <memory>
#include <random>

#include "comm/transport.hpp"

namespace weir::detail::comm {

/// Disturbances for tests: every frame is delayed by a random number of its receiver's polls (order between
/// two peers is kept).
struct Weather {
  std::uint64_t seed = 0;
  std::uint32_t most_delay_polls = 0;
};

class InprocTransport;

/// Where the in-process peers meet.
class Hub {
 public:
  explicit Hub(Weather weather = {}) : weather_(weather), random_(weather.seed) {}
  /// The peer falls silent: nothing it sends arrives any more, nothing reaches it. What a death looks like to
  /// the others.
  void kill(PeerId peer);

 private:
  friend class InprocTransport;
  struct Letter {
    PeerId from;
    std::uint32_t delay;
    Frame frame;
  };
  struct Box {
    InprocTransport* owner = nullptr;
    std::vector<Letter> letters;
    std::atomic<std::size_t> count{0};
  };
  std::shared_ptr<Box>& box(PeerId peer);
  [[nodiscard]] bool is_dead(PeerId peer) const noexcept;
  [[nodiscard]] std::vector<Letter> take_due(std::vector<Letter>& letters) const;

  Weather weather_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::vector<std::shared_ptr<Box>> boxes_;
  std::vector<PeerId> dead_;
};

class InprocTransport final : public Transport {
 public:
  InprocTransport(std::shared_ptr<Hub> hub, PeerId self);
  ~InprocTransport() override;
  void send(PeerId to, Frame frame) override;
  bool poll(Receiver& receiver) override;
  [[nodiscard]] bool busy(PeerId) const override { return false; }
  [[nodiscard]] bool has_mail() const noexcept override { return box_->count > 0; }
  [[nodiscard]] bool sending() const override { return false; }
  void forget(PeerId) override {}

 private:
  std::shared_ptr<Hub> hub_;
  PeerId self_;
  std::shared_ptr<Hub::Box> box_;
};

}  // namespace weir::detail::comm
