// State: what tasks and programs share by name, as a pure state machine.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/protocol/ask.hpp"
#include "weir/options.hpp"

namespace weir::detail::coordination {

/// An answer, and whose it is.
struct Reply {
  PeerId to = 0;
  protocol::Answer answer;
};
using Replies = std::vector<Reply>;

/// Variables, queues, semaphores, events and published results; who waits for them, and who holds a lease.
///
/// Who waits is served in the order of asking. A lease ends with the process of its holder, and what a
/// process waits for is forgotten with it. An element that was sent to a process is kept until it says that
/// it has arrived; if the process is gone before, it is the first of its queue again. A thing that holds
/// nothing and for which nobody waits is forgotten.
/// **Errors.** Never throws because of a peer: what makes no sense is refused with a sentence.
/// **Threads.** Confined to its owner; no clock, no locks.
/// **Source.** distributed's extensions of the same names, with leases bound to processes instead of to a
/// time that must be refreshed.
class State {
 public:
  void ask(PeerId from, protocol::Ask&& ask, Replies& out);
  void unask(PeerId from, std::uint64_t number, Replies& out);
  /// The process is gone, with its leases and what it waits for; and what it published, which it kept alive.
  void lose(PeerId peer, Replies& out);
  /// Things of all kinds that are remembered.
  [[nodiscard]] std::size_t count() const noexcept {
    return variables_.size() + queues_.size() + semaphores_.size() + events_.size() + published_.size();
  }

 private:
  struct Waiter {
    PeerId peer;
    std::uint64_t number;
  };
  using Waiters = std::deque<Waiter>;
  struct Variable {
    std::string type;
    std::optional<Buffer> value;
    Waiters waiters;
  };
  struct Putter {
    Waiter who;
    Buffer value;
  };
  struct Queue {
    std::string type;
    std::uint64_t most = 0;
    std::deque<Buffer> elements;
    std::deque<Putter> putters;
    Waiters takers;
    /// Sent, but not known to have arrived; by taker and number of its wish.
    std::map<std::pair<PeerId, std::uint64_t>, Buffer> sent;
  };
  struct Semaphore {
    std::uint64_t leases = 1;
    std::map<std::uint64_t, PeerId> held;
    Waiters waiters;
  };
  struct Event {
    bool is_set = false;
    Waiters waiters;
  };
  struct Published {
    std::string type;
    PeerId owner = 0;
    std::optional<Buffer> value;
    Waiters waiters;
  };

  void of_variable(PeerId from, protocol::Ask&& ask, Replies& out);
  void of_queue(PeerId from, protocol::Ask&& ask, Replies& out);
  void of_semaphore(PeerId from, protocol::Ask&& ask, Replies& out);
  void of_event(PeerId from, protocol::Ask&& ask, Replies& out);
  void of_published(PeerId from, protocol::Ask&& ask, Replies& out);
  void grant(const std::string& name, Semaphore& semaphore, Replies& out);
  void serve(Queue& queue, Replies& out);
  static void take_back(Queue& queue, PeerId peer);
  template <class Things>
  void forget_if_empty(Things& things, const std::string& name);

  std::map<std::string, Variable> variables_;
  std::map<std::string, Queue> queues_;
  std::map<std::string, Semaphore> semaphores_;
  std::map<std::string, Event> events_;
  std::map<std::string, Published> published_;
  std::uint64_t last_lease_ = 0;
};

}  // namespace weir::detail::coordination
