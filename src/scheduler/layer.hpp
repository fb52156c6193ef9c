// Layer: how the tasks of the last layers are shared out among workers.
#pragma once

#include <algorithm>

#include "scheduler/model.hpp"

namespace weir::detail::scheduler {

/// Of as many tasks as two layers are wide, those that were assigned last: whose they are. A task is given
/// ahead of its inputs long before it begins, and two workers with as much to do as each other may have it
/// of layers that come one after the other, of which each waits for the other one's. That each has its
/// share of every layer keeps both at work. Of wide layers every worker has tasks anyway.
///
/// **Cost.** A note touches the worker that is noted and the one whose place in the layer it takes.
class Layer {
 public:
  /// A task was assigned; `width` is that of a layer as far as is known, 0 if there are none.
  void note(std::vector<Worker>& workers, WorkerIndex index, std::uint64_t width, std::size_t alive) {
    const std::uint64_t size = 2 * width <= horizon * alive ? 2 * width : 0;
    if (size != places_.size()) {
      for (const WorkerIndex place : places_)
        if (place != nowhere) --workers[place].in_layer;
      places_.assign(size, nowhere);
      next_ = 0;
    }
    if (places_.empty()) return;
    WorkerIndex& place = places_[next_];
    next_ = next_ + 1 < places_.size() ? next_ + 1 : 0;
    if (place == index) return;
    if (place != nowhere) --workers[place].in_layer;
    ++workers[index].in_layer;
    place = index;
  }
  /// Of the tasks that come a worker gets so many times those it has in these layers, if that goes on; 0 if
  /// there are no layers.
  [[nodiscard]] double times(std::size_t alive) const noexcept {
    return places_.empty() ? 0 : static_cast<double>(horizon * alive) / static_cast<double>(places_.size());
  }
  /// How many of these tasks are this worker's, counted anew.
  [[nodiscard]] std::size_t count(WorkerIndex index) const {
    return static_cast<std::size_t>(std::count(places_.begin(), places_.end(), index));
  }

 private:
  static constexpr std::size_t horizon = 64;  // tasks for each worker

  std::vector<WorkerIndex> places_;
  std::size_t next_ = 0;
};

}  // namespace weir::detail::scheduler
