// Where pictures of streams come from: who looks does not know graphs, and graphs do not know who looks.
#pragma once

#include <atomic>
#include <vector>

#include "seeing/verdict.hpp"

namespace weir::detail::seeing {

/// Looks at the streams of this process.
///
/// **Threads.** One looks; streams run meanwhile and do not notice.
class StreamWatch {
 public:
  virtual ~StreamWatch() = default;
  /// Who waits for room now; to be called some twenty times a second. False if there is no stream.
  virtual bool sample() = 0;
  /// Shares and rates since the last call. Of a node on the cluster `busy` is in threads, not a share.
  [[nodiscard]] virtual std::vector<StreamSeen> take(double now_s) = 0;
};

/// The one there is, once a stream has been made; else null.
inline std::atomic<StreamWatch*>& stream_watch() noexcept {
  static std::atomic<StreamWatch*> instance{nullptr};
  return instance;
}

/// Called when a graph is made; a program that has nothing but streams gets its page by this. Defined in
/// `dashboard`: what streams stand on does not know pages.
void show_streams();

}  // namespace weir::detail::seeing
