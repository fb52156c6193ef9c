// The parts of the cluster side that are no templates: counting what is on the cluster, naming errors, finding segments.
#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>

#include "core/log.hpp"
#include "weir/stream/cluster_gather.hpp"
#include "weir/stream/cluster_scatter.hpp"

namespace weir::stream {

std::uint64_t next_token() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::shared_ptr<const Options> named_options(const std::shared_ptr<const Options>& options, const std::string& name) {
  if (options && !options->name.empty()) return options;
  auto named = options ? std::make_shared<Options>(*options) : std::make_shared<Options>();
  named->name = name;
  return named;
}

ChunkError current_chunk_error(std::uint32_t segment) {
  ChunkError error{segment, "unknown", "an exception that is no std::exception", {}};
  try {
    throw;
  } catch (const std::exception& thrown) {
    error.type = task::demangle(typeid(thrown).name());
    error.message = thrown.what();
  } catch (...) {
  }
  return error;
}

// --- ScatterControl -------------------------------------------------------------------------------------------------------------------------------

void ScatterControl::measured(double seconds, double copying_seconds, std::uint32_t elements) {
  if (elements == 0) return;
  const double each = seconds / elements, old = seconds_each();
  seconds_each_.store(old < 0 ? each : old + (each - old) * 0.25, std::memory_order_relaxed);
  copying_.store(copying_seconds, std::memory_order_relaxed);
}

void ScatterControl::left(std::uint32_t elements) noexcept {
  struct Advance final : Deferred {
    std::shared_ptr<ScatterControl> control;
    explicit Advance(std::shared_ptr<ScatterControl> of) : control(std::move(of)) {}
    void run() noexcept override { control->advance(); }
  };
  chunks_.fetch_sub(1);
  elements_.fetch_sub(elements);
  if (flow.frame)
    flow.frame->put_off(std::make_unique<Advance>(shared_from_this()));
  else
    advance();
}

void ScatterControl::advance() noexcept {
  asked_.store(true);
  while (asked_.load()) {
    // Another thread that advances may wait for the domain this thread is in: it looks again instead of being waited for.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    asked_.store(false);
    if (!node_) return;
    if (waiting.load(std::memory_order_relaxed) > 0 || gate_.is_closed()) {
      Frame frame(*node_);
      try {
        send_(false);
      } catch (...) {
        node_->raise_current();
      }
      if (const auto error = frame.finish_quietly()) node_->graph().report(error);
    }
    if (elements() == 0) node_->graph().changed();
  }
}

void ScatterControl::send_before() noexcept {
  if (waiting.load(std::memory_order_relaxed) == 0 || !node_ || !node_->is_entered()) return;
  try {
    send_(true);
  } catch (...) {
    node_->raise_current();
  }
}

void ScatterControl::keep_order_with(ScatterControl& other) {
  const auto add = [](ScatterControl& to, ScatterControl& one) {
    const Frame inside(*to.node_);
    if (std::find(to.in_order_with_.begin(), to.in_order_with_.end(), &one) == to.in_order_with_.end()) to.in_order_with_.push_back(&one);
  };
  add(*this, other);
  add(other, *this);
}

void ScatterControl::shut() noexcept {
  const std::lock_guard lock(mutex_);
  node_ = nullptr;
}

void ScatterControl::drain_at_end() noexcept {
  try {
    std::shared_ptr<Graph> graph;
    Node* node = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (!node_) return;
      node = node_;
      graph = Graph::of(*node);
    }
    graph->drain(*node);
  } catch (const std::bad_weak_ptr&) {  // it is going, and drains itself
  } catch (const std::exception& error) {
    log::warn("stream: an error nobody drained for: {}", error.what());
  } catch (...) {
    log::warn("stream: an error nobody drained for");
  }
}

void WorkerThreads::look() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < std::chrono::milliseconds(20)) return;
  looked_ = now;
  try {
    std::uint32_t sum = 0;
    for (const WorkerInfo& worker : client_.workers()) sum += worker.threads;
    count_ = std::max(1u, sum);
  } catch (const Error&) {  // inside a task
    count_ = std::max(4u, count_);
  }
}

// --- Segment --------------------------------------------------------------------------------------------------------------------------------------

namespace {

struct Segments {
  std::mutex mutex;
  std::map<std::uint32_t, Segment*> by_number;
  std::uint32_t last = 0;
};
Segments& segments() {
  static auto* all = new Segments;
  return *all;
}

}  // namespace

/// The errors that came last: each is answered once.
struct Segment::Reported {
  static constexpr std::size_t remembered = 65536;
  std::set<std::pair<std::uint64_t, std::uint32_t>> all;
  std::deque<std::pair<std::uint64_t, std::uint32_t>> order;
  bool is_new(const ChunkError& error) {
    if (!all.emplace(error.step, error.place).second) return false;
    order.emplace_back(error.step, error.place);
    if (order.size() > remembered) {
      all.erase(order.front());
      order.pop_front();
    }
    return true;
  }
};

Segment::Segment(Node& node, bool multiplies) : node_(node), multiplies_(multiplies), reported_(std::make_unique<Reported>()) {
  const std::lock_guard lock(segments().mutex);
  number_ = ++segments().last;
  segments().by_number.emplace(number_, this);
}

Segment::~Segment() {
  const std::lock_guard lock(segments().mutex);
  segments().by_number.erase(number_);
}

Step Segment::step(std::uint64_t token) {
  const ErrorPolicy& policy = node_.policy();
  return {.segment = number_, .retries = policy.retries, .keeps_failed = policy.letter_box != nullptr, .token = token, .number = ++steps_,
          .numbers_items = numbers_items_.load(std::memory_order_relaxed)};
}

bool Segment::number_items_above(const std::vector<Node*>& inputs) {
  std::map<Node*, std::size_t> ways;  // out of each node that leads to the inputs
  std::vector<Node*> open;
  for (Node* input : inputs) {
    if (++ways[input] == 1) open.push_back(input);
  }
  std::set<Node*> seen(open.begin(), open.end());
  for (std::size_t at = 0; at < open.size(); ++at) {
    for (Node* above : open[at]->upstreams()) {
      ++ways[above];
      if (seen.insert(above).second) open.push_back(above);
    }
  }
  const std::lock_guard lock(segments().mutex);
  const auto segment_of = [](const Node* node) {
    const auto& all = segments().by_number;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return &each.second->node_ == node; });
    return found == all.end() ? nullptr : found->second;
  };
  const auto multiplies_above = [&](Node* node) {
    std::vector<Node*> up{node};
    for (std::size_t at = 0; at < up.size(); ++at) {
      const Segment* const segment = segment_of(up[at]);
      if (segment && segment->multiplies_) return true;
      for (Node* above : up[at]->upstreams()) {
        if (std::find(up.begin(), up.end(), above) == up.end()) up.push_back(above);
      }
    }
    return false;
  };
  bool found = false;
  for (const auto& [node, count] : ways) {
    Segment* const segment = count >= 2 ? segment_of(node) : nullptr;
    if (!segment || !multiplies_above(node)) continue;
    segment->numbers_items_ = true;
    found = true;
  }
  return found;
}

double Segment::account(const std::vector<Spent>& spent, std::uint32_t elements) {
  double sum = 0;
  const std::lock_guard lock(segments().mutex);
  for (const Spent& part : spent) {
    sum += part.seconds;
    if (const auto found = segments().by_number.find(part.segment); found != segments().by_number.end())
      found->second->node_.cost.add(elements, std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(part.seconds))));
  }
  return sum;
}

void Segment::report(Node& gather, ChunkError&& error) {
  Segment* segment = nullptr;
  {
    const std::lock_guard lock(segments().mutex);
    if (const auto found = segments().by_number.find(error.segment); found != segments().by_number.end()) segment = found->second;
    if (segment && !segment->reported_->is_new(error)) return;
  }
  Failure failure;
  failure.type = std::move(error.type);
  failure.message = std::move(error.message);
  failure.task_name = segment ? segment->node_.label() : gather.label();
  const auto thrown = std::make_exception_ptr(TaskError(std::move(failure)));
  if (!segment) return gather.raise(thrown);
  const ErrorPolicy& policy = segment->node_.policy();
  if (policy.letter_box && !error.element.empty()) return segment->send_letter(error.element, thrown);
  if (policy.action == ErrorPolicy::Action::skip) return segment->node_.errors.add();
  segment->node_.raise(thrown);
}

// --- HeldTickets ----------------------------------------------------------------------------------------------------------------------------------

Tickets HeldTickets::came_out(std::uint64_t token, TicketRef ticket, const std::vector<HeldTokens>& held) {
  Tickets out;
  if (ticket) out.push_back(std::move(ticket));
  for (const HeldTokens& state : held) {
    auto& inside = states_[state.segment];
    Tickets& entered = inside[token];
    std::move(out.begin(), out.end(), std::back_inserter(entered));
    out.clear();
    for (auto at = inside.begin(); at != inside.end();) {
      if (std::binary_search(state.tokens.begin(), state.tokens.end(), at->first)) {
        ++at;
        continue;
      }
      std::move(at->second.begin(), at->second.end(), std::back_inserter(out));
      at = inside.erase(at);
    }
    if (inside.empty()) states_.erase(state.segment);
  }
  return out;
}

}  // namespace weir::stream
