// GangBox: what ranks of gangs in this process have been sent, have called and wait for.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "protocol/messages.hpp"

namespace weir::detail::node {

/// The mail of gangs, by attempt. It may come before the rank does, and after it has gone.
///
/// It also knows what cannot come: calls of a number are compared wherever one rank's meets another's, and a
/// rank that waits long asks the one it waits for. The question goes on along those that wait themselves; it
/// ends at a rank that has returned or called something else, or where it began.
/// **Errors.** What ranks do throws `Error{protocol}` where their calls do not fit together.
/// **Threads.** Under the baton.
/// **Source.** Chandy, Misra and Haas (1983), edge chasing; each wait says how many messages have come, so
/// that one on its way is not overlooked.
class GangBox {
 public:
  /// A gang's leader, and the number of the attempt.
  using Attempt = std::pair<TaskId, std::uint32_t>;
  using Step = protocol::GangStep;

  /// A rank has sent something.
  void sent(const Attempt& attempt, std::uint32_t from, std::uint32_t to, const Step& step);
  /// What the sender must be told, if its call does not fit.
  std::optional<protocol::GangStuck> put(protocol::GangData&& message);
  [[nodiscard]] std::optional<Buffer> take(const Attempt& attempt, std::uint32_t from, std::uint32_t to,
                                           const Step& step);
  /// The rank waits; until `take` has given it something.
  void await(const protocol::GangRun& gang, std::uint32_t from, const Step& step);
  /// The question of one that waits already for long.
  [[nodiscard]] protocol::GangAsk question(const Attempt& attempt, std::uint32_t rank) const;
  /// What the last of those who wait is told, or who is asked next, with `ask` made longer; or neither.
  struct Found {
    std::optional<protocol::GangStuck> stuck{};
    std::optional<PeerId> next{};
  };
  [[nodiscard]] Found asked(protocol::GangAsk& ask) const;
  /// This rank waits in vain: its next call, or its wait, throws.
  void stuck(const protocol::GangStuck& message);
  /// Its ranks get `GangError` from now on.
  void fail(const Attempt& attempt, const std::string& reason);
  /// Throws `GangError` if it has failed.
  void check(const Attempt& attempt, std::uint32_t rank) const;
  /// Throws if others count on calls that the rank, which returns, has not made.
  void check_all_called(const Attempt& attempt, std::uint32_t rank) const;
  /// What the rank, which returns, has called; `id` and `run` are the caller's to fill in.
  [[nodiscard]] protocol::GangCalls calls(const Attempt& attempt, std::uint32_t rank) const;
  /// A rank has ended, of `ranks` here.
  void left(const Attempt& attempt, std::uint32_t rank, std::size_t ranks, bool has_returned);
  [[nodiscard]] bool empty() const noexcept { return open_.empty(); }

 private:
  struct Mail {
    Step step;
    Buffer bytes;
  };
  struct Wait {
    std::uint32_t from = 0;
    Step step{};
    std::uint64_t number = 0;
  };
  struct Rank {
    std::deque<Step> calls;  // the latest collectives
    std::map<std::uint32_t, std::uint64_t> sent, got;
    std::map<std::uint32_t, protocol::GangTraffic> traffic;  // of collectives
    std::optional<Wait> wait;
    std::uint64_t waits = 0;
    std::optional<std::string> wrong;
    bool has_left = false, has_returned = false;
    [[nodiscard]] const Step* called(const Step& step) const;
  };
  struct Open {
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>, std::deque<Mail>> mail;
    std::map<std::uint32_t, Rank> ranks;
    std::vector<PeerId> peers;  // by rank, once one here has waited
    std::optional<std::string> failed;
    std::size_t left = 0;
  };
  [[nodiscard]] const Open* find(const Attempt& attempt) const;
  [[nodiscard]] bool is_over(const Attempt& attempt) const {
    return find(attempt) && !open_.contains(attempt);
  }
  void note(Open& open, std::uint32_t rank, const Step& step);
  std::map<Attempt, Open> open_;
  std::deque<std::pair<Attempt, Open>> over_;  // the latest, without mail: what still comes is dropped
};

}  // namespace weir::detail::node
