// Profile: where the threads of a worker spend their processor time.
#pragma once

#include <ctime>
#include <memory>
#include <mutex>
#include <vector>

#include "protocol/seen.hpp"

namespace weir::detail::node {

/// Stacks of the threads that are `Watched`, a hundred for each second of their processor time.
///
/// A timer of each thread's own clock sends SIGPROF to that thread, whose handler notes the stack in memory
/// that is there already. A thread that sleeps or waits is not disturbed.
/// **Threads.** Any; `take` one at a time.
/// **Cost.** Nothing unless WEIR_PROFILE is set; then some microseconds a hundred times a second.
class Profile {
 public:
  struct Samples;

  /// The calling thread, while this lives.
  class Watched {
   public:
    explicit Watched(Profile& profile);
    Watched(const Watched&) = delete;
    ~Watched();

   private:
    Profile& profile_;
    std::shared_ptr<Samples> samples_;  // null: nobody wants it
    timer_t timer_{};
  };

  Profile();
  /// What has been noted since the last call: of the stacks that differ at most `most`, those seen most
  /// often.
  [[nodiscard]] std::vector<protocol::SeenStack> take(std::size_t most);

 private:
  const bool is_wanted_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Samples>> threads_;
};

}  // namespace weir::detail::node
