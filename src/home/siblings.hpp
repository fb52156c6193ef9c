// Whether the ranks that MPI_Init waits for are alive.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace weir::detail::home {

/// The ranks of this job on this host.
struct Siblings {
  pid_t launcher = 0;        ///< The process of the launcher that started them; 0 if it is not known.
  std::set<int> alive;       ///< Their numbers.
  bool are_started = false;  ///< None is just being started.
};
[[nodiscard]] Siblings siblings();

/// While it lives, looks now and then whether all `count` ranks of this host are alive: MPI_Init waits for
/// one that has ended for ever. Calls `missing`, in a thread of its own, when a few looks agree.
class SiblingWatch {
 public:
  SiblingWatch(std::size_t count, std::function<void(const Siblings&)> missing);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace weir::detail::home
