// Transport: sends frames to peers and polls for arrivals. Peers come and go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"

namespace weir::detail::comm {

/// Encoded messages, and the values that some of them carry, in order.
struct Frame {
  Buffer head;
  std::vector<task::Value> values;
};

/// Takes what arrives.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void receive(PeerId from, Frame&& frame) = 0;
  /// The link to this peer has broken; frames on their way are lost. A later frame makes a new one, unless
  /// the peer is dead.
  virtual void lost(PeerId, const std::string& /*how*/) {}
  /// Frames wait for this peer, and nobody has said where it is: `Transport::learn`.
  virtual void unknown(PeerId) {}
};

/// Where further processes find a session.
struct Door {
  std::vector<std::string> addresses;
  std::string key;  ///< Hexadecimal.
};

/// Moves frames between peers; in order between two peers, without waiting, to peers that may be gone.
///
/// **Threads.** Called by one thread at a time (whoever holds the baton), but for `wait` and `wake`, which
/// any thread may call.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Never waits. A frame to a peer that is gone is lost, as it would be a moment later.
  /// **Errors.** Throws what serializing one of the values throws; nothing has been sent then.
  virtual void send(PeerId to, Frame frame) = 0;
  /// Delivers what has arrived; whether there was anything.
  virtual bool poll(Receiver& receiver) = 0;
  /// Whether earlier frames to this peer are still on their way out.
  [[nodiscard]] virtual bool busy(PeerId to) const = 0;
  /// Whether anything is on its way out.
  [[nodiscard]] virtual bool sending() const = 0;
  /// The peer is dead: what is on its way to or from it is abandoned, never waited for.
  virtual void forget(PeerId peer) = 0;

  // --- Peers of other jobs; only where the transport reaches them (Network).

  /// Lets further processes join, over `network` (as in `listen_on`).
  virtual Door listen(const std::string& /*network*/) {
    throw Error(ErrorKind::unsupported, "listen: this transport reaches only the peers it began with");
  }
  /// What the peers that were there before must be told, so that they and the further ones reach each other;
  /// given to their `enter`.
  [[nodiscard]] virtual std::string invitation() const { return {}; }
  virtual void enter(const std::string& /*invitation*/) {}
  /// Where this peer is reached, in words that `learn` understands; empty if only the peers it began with
  /// reach it.
  [[nodiscard]] virtual std::string contact() const { return {}; }
  virtual void learn(PeerId, const std::string& /*contact*/) {}

  /// Sleeps until something may have arrived, `wake` is called, or the time is over.
  virtual void wait(std::chrono::nanoseconds most) {
    std::unique_lock hold(mutex_);
    signal_.wait_for(hold, most, [&] { return awake_; });
    awake_ = false;
  }
  virtual void wake() {
    if (outer_) return outer_->wake();
    {
      std::lock_guard hold(mutex_);
      awake_ = true;
    }
    signal_.notify_all();
  }
  /// This transport is part of another, on which the threads wait.
  void belong_to(Transport& outer) { outer_ = &outer; }

 private:
  Transport* outer_ = nullptr;
  std::mutex mutex_;
  std::condition_variable signal_;
  bool awake_ = false;
};

}  // namespace weir::detail::comm
