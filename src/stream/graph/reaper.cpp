// Reaper: a thread for what is cut off and not yet at rest.
#include "stream/graph/reaper.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "stream/graph/structure.hpp"

namespace weir::detail::stream {

using namespace std::chrono_literals;

Reaper& Reaper::instance() {
  static auto* const instance = new Reaper;  // graphs may outlive static objects
  return *instance;
}

void Reaper::see_to(Graph& graph) {
  const std::lock_guard lock(mutex_);
  if (std::find(graphs_.begin(), graphs_.end(), &graph) == graphs_.end()) graphs_.push_back(&graph);
  if (runs_) return changed_.notify_all();
  try {
    std::thread([this] { run(); }).detach();
    runs_ = true;
  } catch (const std::system_error&) {  // no more threads now; who is seen to next may get one
  }
}

void Reaper::forget(Graph& graph) noexcept {
  std::unique_lock lock(mutex_);
  std::erase(graphs_, &graph);
  if (in_hand_ == &graph && me_ == std::this_thread::get_id())
    in_hand_ = nullptr;  // what it frees has the graph
  changed_.wait(lock, [&] { return in_hand_ != &graph; });
}

void Reaper::let_be(Graph& graph) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase(graphs_, &graph);
}

bool Reaper::take_in_hand(Graph& graph) {
  const std::lock_guard lock(mutex_);
  if (std::find(graphs_.begin(), graphs_.end(), &graph) == graphs_.end()) return false;
  in_hand_ = &graph;
  return true;
}

bool Reaper::put_back(Graph& graph) {
  const std::lock_guard lock(mutex_);
  const bool is_alive = std::exchange(in_hand_, nullptr) == &graph;
  changed_.notify_all();
  return is_alive;
}

void Reaper::make_room() noexcept {
  constexpr auto most = 100ms;
  std::unique_lock lock(mutex_);
  if (!runs_ || me_ == std::this_thread::get_id()) return;
  ++waiting_;
  changed_.notify_all();
  changed_.wait_for(lock, most, [this, before = looks_] { return looks_ != before; });
  --waiting_;
}

bool Reaper::look_at(Graph& graph, std::size_t& busy) {
  bool freed = false;
  std::size_t left = std::numeric_limits<std::size_t>::max();
  while (left > 0 && take_in_hand(graph)) {
    Structure::Rested rested = Structure::take_rested(graph, left);
    busy += rested.busy;
    for (Domain* const domain : rested.entered) domain->leave();
    for (const auto& node : rested.nodes) node->shut();
    freed = freed || !rested.nodes.empty();
    rested.nodes.clear();
    if (!put_back(graph)) break;
  }
  return freed;
}

void Reaper::run() {
  constexpr auto shortest = 1ms, longest = 100ms, patience = 1000ms;
  std::chrono::nanoseconds nap = shortest;
  for (;;) {
    std::vector<Graph*> graphs;
    {
      std::unique_lock lock(mutex_);
      me_ = std::this_thread::get_id();
      if (!changed_.wait_for(lock, patience, [this] { return !graphs_.empty(); })) {
        runs_ = false;
        return;
      }
      graphs = graphs_;
    }
    const auto start = std::chrono::steady_clock::now();
    bool freed = false;
    std::size_t busy = 0;
    for (Graph* const graph : graphs) freed = look_at(*graph, busy) || freed;
    const auto took = std::chrono::steady_clock::now() - start;
    nap = freed ? shortest : std::min<std::chrono::nanoseconds>(2 * nap, longest);
    room_ = std::max(least_room, 2 * busy);
    std::unique_lock lock(mutex_);
    ++looks_;
    changed_.notify_all();
    changed_.wait_for(lock, std::clamp<std::chrono::nanoseconds>(10 * took, nap, longest),
                      [this] { return waiting_ > 0 && !graphs_.empty(); });
  }
}

}  // namespace weir::detail::stream
