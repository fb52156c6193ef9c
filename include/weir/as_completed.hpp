// as_completed: futures in the order in which they are done.
#pragma once

#include <chrono>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <type_traits>
#include <vector>

#include "weir/detail/client/refusal.hpp"
#include "weir/duration.hpp"
#include "weir/future.hpp"

namespace weir {

/// Yields futures as they are done, earliest first; more can be added while it is read.
///
/// `for (auto future : weir::as_completed(futures)) ...`
/// **Errors.** Failed and cancelled futures are yielded too: `result()` throws.
/// **Source.** `distributed.as_completed`.
template <class T>
class AsCompleted {
  struct Queue {
    std::mutex mutex;
    std::deque<Future<T>> done;
    std::size_t taken = 0;
  };

 public:
  /// Begins with these futures.
  explicit AsCompleted(const std::vector<Future<T>>& futures = {}) {
    for (const Future<T>& future : futures) add(future);
  }
  /// One more to wait for.
  void add(const Future<T>& future) {
    core_ = future.handle("as_completed")->core;
    ++added_;
    future.on_done(
        [queue = queue_](const Future<T>& finished) {
          std::lock_guard hold(queue->mutex);
          queue->done.push_back(finished);
        },
        false);
  }
  /// Futures not yielded yet.
  [[nodiscard]] std::size_t count() const noexcept { return added_ - yielded_; }
  /// Whether all have been yielded.
  [[nodiscard]] bool empty() const noexcept { return count() == 0; }
  /// The next one, waiting for it. Throws `Error{invalid_argument}` if none is left.
  Future<T> next() { return *take(std::nullopt); }
  /// The same; nothing if none is done in time.
  std::optional<Future<T>> next_within(Duration timeout) {
    return take(std::chrono::steady_clock::now() + timeout.value());
  }
  /// All that are done now, at least one.
  std::vector<Future<T>> next_batch() {
    std::vector<Future<T>> batch{next()};
    while (auto more = try_next()) {
      batch.push_back(*more);
      ++yielded_;
    }
    return batch;
  }

  struct End {};
  /// What a `for` loop goes through.
  struct Iterator {
    /// What it reads.
    AsCompleted* all;
    /// Whether a future is left.
    bool operator!=(End) const { return !all->empty(); }
    /// Nothing: `*` takes the next one.
    Iterator& operator++() { return *this; }
    /// The next one; waits for it.
    Future<T> operator*() const { return all->next(); }
  };
  /// For `for (auto future : as_completed(futures))`.
  Iterator begin() { return {this}; }
  /// The end of such a loop.
  End end() { return {}; }

 private:
  std::optional<Future<T>> take(const detail::client::Deadline& deadline) {
    if (empty())
      throw Error(ErrorKind::invalid_argument,
                  "as_completed: next was called and no future is left; ask empty() first");
    std::optional<Future<T>> found;
    core_->wait_until([&] { return found || (found = try_next()).has_value(); }, deadline);
    if (found) ++yielded_;
    return found;
  }
  std::optional<Future<T>> try_next() {
    std::lock_guard hold(queue_->mutex);
    if (queue_->done.empty()) return std::nullopt;
    Future<T> future = std::move(queue_->done.front());
    queue_->done.pop_front();
    return future;
  }

  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::shared_ptr<detail::client::ClusterLink> core_;
  std::size_t added_ = 0, yielded_ = 0;
};

/// `AsCompleted` of these.
template <class T>
[[nodiscard]] AsCompleted<T> as_completed(const std::vector<Future<T>>& futures) {
  return AsCompleted<T>(futures);
}
/// The same of a list: `as_completed({a, b})`.
template <class T>
[[nodiscard]] AsCompleted<T> as_completed(std::initializer_list<Future<T>> futures) {
  return AsCompleted<T>(futures);
}
/// \cond
template <class T, class... Rest>
requires(!detail::client::is_futures<T>) WEIR_REFUSES(
    "weir: as_completed: takes futures of one type between braces or in a std::vector: "
    "weir::as_completed({a, b})")
std::conditional_t<IsFuture<T>::value, std::vector<T>, detail::Refused> as_completed(const T&,
                                                                                     const Rest&...) {
  return {};
}
/// \endcond

}  // namespace weir
