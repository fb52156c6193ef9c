// GangBox: what ranks of gangs in this process have been sent and have not taken.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "protocol/messages.hpp"

namespace weir::detail::node {

/// The mail of gangs, by attempt. It may come before the rank does, and after it has gone.
///
/// **Threads.** Under the baton.
class GangBox {
 public:
  /// A gang's leader, and the number of the attempt.
  using Attempt = std::pair<TaskId, std::uint32_t>;

  void put(protocol::GangData&& message);
  [[nodiscard]] std::optional<Buffer> take(const Attempt& attempt, std::uint32_t from, std::uint32_t to,
                                           std::uint64_t tag);
  /// Its ranks get `GangError` from now on.
  void fail(const Attempt& attempt, const std::string& reason);
  /// Throws `GangError` if it has failed.
  void check(const Attempt& attempt) const;
  /// A rank has ended, of `ranks` here.
  void left(const Attempt& attempt, std::size_t ranks);
  [[nodiscard]] bool empty() const noexcept { return open_.empty(); }

 private:
  struct Open {
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>, std::deque<Buffer>> mail;
    std::optional<std::string> failed;
    std::size_t left = 0;
  };
  [[nodiscard]] bool is_over(const Attempt& attempt) const;
  std::map<Attempt, Open> open_;
  std::deque<Attempt> over_;  // the latest: what still comes for them is dropped
};

}  // namespace weir::detail::node
