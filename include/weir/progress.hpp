// A progress bar for futures.
#pragma once

#include <initializer_list>
#include <string>

#include "weir/future.hpp"

namespace weir {

namespace detail::diagnostics {

/// One line on stderr that is drawn again and again; nothing at all where stderr is no terminal.
///
/// **Threads.** One.
class ProgressBar {
 public:
  explicit ProgressBar(std::size_t total);
  ProgressBar(const ProgressBar&) = delete;
  /// Leaves the last line standing.
  ~ProgressBar();
  void show(std::size_t done, std::size_t failed);

 private:
  std::size_t total_;
  bool is_terminal_;
  std::chrono::steady_clock::time_point start_;
};

/// The line: `[=====>    ] 50/100 done, 2 failed, 12 s`, at most `width` characters.
[[nodiscard]] std::string progress_line(std::size_t done, std::size_t failed, std::size_t total,
                                        std::chrono::nanoseconds elapsed, std::size_t width);

}  // namespace detail::diagnostics

/// Waits until all futures are done, and shows on stderr how many are; silent when stderr is no terminal.
///
/// **Errors.** Failed and cancelled futures count as failed and do not throw; `result()` does.
/// **Cost.** Looks at the futures ten times a second.
/// **Source.** `distributed.progress`, which returns at once outside notebooks' cells too; this one waits.
template <class T>
void progress(const std::vector<Future<T>>& futures) {
  if (futures.empty()) return;
  detail::diagnostics::ProgressBar bar(futures.size());
  std::size_t first = 0;  // all before it are done
  const auto all_done = [&] {
    while (first < futures.size() && futures[first].done()) ++first;
    return first == futures.size();
  };
  for (bool is_over = false; !is_over;) {
    is_over =
        futures.front()
            .handle("progress")
            ->core->wait_until(all_done, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
    std::size_t done = 0, failed = 0;
    for (const Future<T>& future : futures) {
      const Status status = future.status();
      done += status != Status::pending;
      failed += status == Status::error || status == Status::cancelled;
    }
    bar.show(done, failed);
  }
}
/// The same of a list: `progress({a, b})`.
template <class T>
void progress(std::initializer_list<Future<T>> futures) {
  progress(std::vector<Future<T>>(futures));
}

}  // namespace weir
