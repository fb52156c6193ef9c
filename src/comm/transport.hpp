// Transport: sends frames to peers and polls for arrivals. Peers come and go.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "comm/bell.hpp"
#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"

namespace weir::detail::comm {

/// Encoded messages, and the values that some of them carry, in order.
struct Frame {
  Buffer head;
  std::vector<task::Value> values;
  bool is_urgent = true;  ///< Otherwise nobody need be woken for it: whoever sleeps finds it later.
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
/// **Threads.** Called by one thread at a time (whoever holds the baton), but for what is said of waiting,
/// which any thread may call.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Never waits. A frame to a peer that is gone is lost, as it would be a moment later.
  /// **Errors.** Throws what serializing one of the values throws; nothing has been sent then.
  virtual void send(PeerId to, Frame frame) = 0;
  /// The same for messages without values, if they can leave now; the bytes remain the caller's. Whether they
  /// have.
  [[nodiscard]] virtual bool send_now(PeerId /*to*/, std::span<const std::byte> /*messages*/,
                                      bool /*is_urgent*/) {
    return false;
  }
  /// Delivers what has arrived; whether there was anything.
  virtual bool poll(Receiver& receiver) = 0;
  /// Whether so much is still on its way to this peer that more had better go together.
  [[nodiscard]] virtual bool busy(PeerId to) const = 0;
  /// Whether a poll would find something, as far as is known without looking. Any thread.
  [[nodiscard]] virtual bool has_mail() const noexcept { return false; }
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

  // --- Waiting: lie down, poll once more, sleep, get up.

  [[nodiscard]] virtual std::uint32_t lie_down() noexcept { return bell().lie_down(); }
  /// Sleeps until something may have arrived, `wake` is called, either has happened since `lie_down`, or the
  /// time is over.
  virtual void sleep(std::uint32_t since, std::chrono::nanoseconds most) { bell().sleep(since, most); }
  virtual void get_up() noexcept { bell().get_up(); }
  virtual void wake() { outer_ ? outer_->wake() : bell().ring(); }
  /// Whether everything that arrives ends a sleep. What does not must be looked for.
  [[nodiscard]] virtual bool rings() const noexcept { return true; }
  /// Whether nothing must be looked for but that what was sent has been taken: whoever is at work takes it
  /// late, and rings when that is done. Any thread.
  [[nodiscard]] virtual bool is_being_heard() const noexcept { return false; }
  /// Whether everything that arrives calls `wake`; some only ring the bell.
  [[nodiscard]] virtual bool wakes() const noexcept { return true; }
  /// All of it, for those who need not know at once.
  void wait(std::chrono::nanoseconds most) {
    const std::uint32_t since = lie_down();
    sleep(since, most);
    get_up();
  }
  /// The bells of the other processes of this host, as far as they can be rung.
  virtual void each_neighbour(const std::function<void(const Bell&)>& /*look*/) const {}
  /// This transport is part of another, on which the threads wait.
  void belong_to(Transport& outer) { outer_ = &outer; }
  [[nodiscard]] virtual Bell& bell() noexcept { return bell_; }

 private:
  Transport* outer_ = nullptr;
  Bell bell_;
};

}  // namespace weir::detail::comm
