// Backlog: what waits for its turn, most urgent first.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace weir::detail {

/// A queue by urgency; `later(a, b)`: a comes after b. What comes in order, the usual case, costs no heap.
template <class Entry, bool (*later)(const Entry&, const Entry&)>
class Backlog {
 public:
  void push(const Entry& entry) {
    if (in_order_.empty() || !later(in_order_.back(), entry)) return in_order_.push_back(entry);
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  [[nodiscard]] bool empty() const noexcept { return in_order_.empty() && heap_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return in_order_.size() + heap_.size(); }
  [[nodiscard]] const Entry& top() const { return front_first() ? in_order_.front() : heap_.front(); }
  void pop() {
    if (front_first()) return in_order_.pop_front();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  void clear() {
    in_order_.clear();
    heap_.clear();
  }

 private:
  [[nodiscard]] bool front_first() const {
    return heap_.empty() || (!in_order_.empty() && !later(in_order_.front(), heap_.front()));
  }

  std::deque<Entry> in_order_;
  std::vector<Entry> heap_;
};

}  // namespace weir::detail
