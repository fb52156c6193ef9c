// Wave: visits are counted, and joins take their ways from the top of the graph to its bottom.
#include "weir/detail/stream/graph/wave.hpp"

#include <algorithm>

#include "weir/detail/stream/graph/node.hpp"

namespace weir::detail::stream {

namespace {

constinit thread_local Wave* current_wave = nullptr;

}  // namespace

Wave::Wave() noexcept : before_(current_wave), frame_(flow.frame) {
  if (!before_ || before_->frame_ != frame_) current_wave = this;
}

Wave::~Wave() {
  if (current_wave != this) return;
  settle();
  current_wave = before_;
}

std::uint32_t Wave::next_visit() noexcept { return current_wave ? current_wave->visits_++ : 0; }

void Wave::put_off(Node& node, AwaitsWays& join) { current_wave->waiting_.emplace_back(&node, &join); }

void Wave::settle() noexcept {
  while (!waiting_.empty()) {
    const auto is_first = [&](const auto& each) {
      return std::none_of(waiting_.begin(), waiting_.end(), [&](const auto& other) {
        return other.first != each.first && other.first->leads_to(*each.first, false);
      });
    };
    const auto first =
        waiting_.size() == 1 ? waiting_.begin() : std::find_if(waiting_.begin(), waiting_.end(), is_first);
    AwaitsWays* const join = first->second;
    waiting_.erase(first);
    join->take_ways();
  }
}

}  // namespace weir::detail::stream
