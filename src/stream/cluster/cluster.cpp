// The parts of the cluster side that are no templates: counting what is on the cluster, naming errors,
// finding segments.
#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>

#include "core/thrown.hpp"
#include "core/unheard.hpp"
#include "stream/graph/structure.hpp"
#include "weir/detail/stream/cluster/ends.hpp"
#include "weir/detail/stream/cluster/gather.hpp"
#include "weir/detail/stream/cluster/scatter.hpp"

namespace weir::detail::stream {

std::uint64_t next_token() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void add_places(Places& places, std::size_t values, const Place& cause) {
  for (std::uint32_t number = 0; places.values.size() < values; ++number) {
    places.values.push_back(cause);
    places.values.back().push_back(number);
  }
}
Place place_of(const Places& places, std::size_t at, const Step& step) {
  Place place = places.values.empty() ? Place{static_cast<std::uint32_t>(at)} : places.values[at];
  place.push_back(step.visit);
  return place;
}
Place end_of(const Places& places, const Step& step) {
  Place place = places.end.empty() ? Place{last_place} : places.end;
  place.push_back(step.visit);
  return place;
}

std::shared_ptr<const Options> named_options(const std::shared_ptr<const Options>& options,
                                             const std::string& name) {
  if (options && !options->name.empty()) return options;
  auto named = options ? std::make_shared<Options>(*options) : std::make_shared<Options>();
  named->name = name;
  return named;
}

ChunkError current_chunk_error(std::uint32_t segment) {
  Thrown thrown = current_thrown();
  return {segment, std::move(thrown.type), std::move(thrown.message), {}};
}

const EventLoop& loop_of_tasks() {
  static const auto* const loop = new EventLoop(EventLoop::on_own_thread());
  return *loop;
}

// --- FlowLimits

FlowLimits all_of(const FlowLimits& limits) {
  const std::lock_guard lock(Structure::mutex());
  FlowLimits all = limits;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const FlowLimits more = all[at]->fed_by;
    std::copy_if(more.begin(), more.end(), std::back_inserter(all),
                 [&](const auto& one) { return std::find(all.begin(), all.end(), one) == all.end(); });
  }
  return all;
}

void feed_limits(const FlowLimits& below, const FlowLimits& above) {
  for (const auto& limit : all_of(below)) {
    for (const auto& source : all_of(above)) {
      if (source == limit) continue;
      if (const std::uint32_t most = limit->most_elements.load()) source->most_elements = most;
      if (limit->one_by_one.load()) source->one_by_one = true;
      source->control->keep_order_with(*limit->control);
    }
  }
  const std::lock_guard lock(Structure::mutex());
  for (const auto& limit : below) limit->fed_by.insert(limit->fed_by.end(), above.begin(), above.end());
}

// --- ScatterControl

void ScatterControl::measured(double seconds, double copying_seconds, std::uint32_t elements) {
  if (elements == 0) return;
  const double each = seconds / elements, old = seconds_each();
  seconds_each_.store(old < 0 ? each : old + (each - old) * 0.25, std::memory_order_relaxed);
  copying_.store(copying_seconds, std::memory_order_relaxed);
}

struct ScatterControl::Advance final : Deferred {
  std::shared_ptr<ScatterControl> control;
  explicit Advance(std::shared_ptr<ScatterControl> of) : control(std::move(of)) {}
  void run() noexcept override { control->advance(true); }
};

void ScatterControl::left(std::uint32_t elements) noexcept {
  chunks_.fetch_sub(1);
  gone_.fetch_add(elements);
  elements_.fetch_sub(elements);
  advance(false);
}

void ScatterControl::advance(bool is_due) noexcept {
  std::shared_ptr<Graph> graph;
  Node* node = nullptr;
  asked_.store(true);
  while (asked_.load() && !graph) {
    // Another thread that advances may wait for the domain this thread is in: it looks again instead of being
    // waited for.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    asked_.store(false);
    if (!node_) return;
    if (Frame* const inside = is_due ? nullptr : Frame::outermost_in(node_->graph()))
      return inside->put_off(std::make_unique<Advance>(shared_from_this()));
    if (waiting.load(std::memory_order_relaxed) > 0 || gate_.is_closed()) {
      Frame frame(*node_, Frame::unless_stuck);
      if (!frame.is_inside()) {
        node = node_;
        const std::lock_guard structure(Structure::mutex());
        graph = node->graph().weak_from_this().lock();  // none if it is going
        continue;
      }
      node_->guarded([&] { send_(false); });
      if (const auto error = frame.finish_quietly()) node_->graph().report(error);
    }
    if (elements() == 0) node_->graph().finished();
  }
  if (graph) leave_to_holder(*node, std::make_unique<Advance>(shared_from_this()));
}

void ScatterControl::send_before() noexcept {
  if (waiting.load(std::memory_order_relaxed) == 0 || !node_ || !node_->is_entered()) return;
  node_->guarded([&] { send_(true); });
}

void ScatterControl::keep_order_with(ScatterControl& other) {
  const auto add = [](ScatterControl& to, ScatterControl& one) {
    const Frame inside(*to.node_);
    if (std::find(to.in_order_with_.begin(), to.in_order_with_.end(), &one) == to.in_order_with_.end())
      to.in_order_with_.push_back(&one);
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
    {
      const std::lock_guard lock(mutex_);
      if (!node_) return;
      graph = Graph::of(*node_);
    }
    const std::vector<NodeRef> nodes = graph->nodes();  // it may have been cut off, and go
    if (!nodes.empty()) graph->drain(*nodes.front(), Graph::came_out(*nodes.front()));
  } catch (const std::bad_weak_ptr&) {  // it is going, and drains itself
  } catch (...) {
    tell_unheard("stream: an error nobody drained for: " + current_thrown().text());
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

// --- Segment

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

/// What came last: several gathers may bring the same.
template <class Number>
class Once {
 public:
  explicit Once(std::size_t remembered) : remembered_(remembered) {}
  bool is_new(const Number& number) {
    if (!all_.insert(number).second) return false;
    order_.push_back(number);
    if (order_.size() > remembered_) {
      all_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  std::size_t remembered_;
  std::set<Number> all_;
  std::deque<Number> order_;
};
struct Segment::Reported {
  Once<std::pair<std::uint64_t, std::uint32_t>> errors{65536};
  Once<std::uint64_t> steps{1024};
};

Segment::Segment(Node& node, bool may_end)
    : node_(node), may_end_(may_end), reported_(std::make_unique<Reported>()) {
  node.measured = std::make_unique<Node::Measured>();
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
  return {.segment = number_,
          .retries = policy.retries,
          .keeps_failed = policy.letter_box != nullptr,
          .token = token,
          .number = ++steps_,
          .notes_places = notes_places_.load(std::memory_order_relaxed),
          .visit = Wave::next_visit()};
}

std::vector<Segment*> Segment::above(const std::vector<Node*>& inputs) {
  const std::lock_guard structure(Structure::mutex());
  const std::lock_guard lock(segments().mutex);
  std::map<const Node*, Segment*> by_node;
  for (const auto& [number, segment] : segments().by_number) by_node.emplace(&segment->node_, segment);
  std::vector<Node*> open = inputs;
  std::set<Node*> seen(open.begin(), open.end());
  std::vector<Segment*> found;
  while (!open.empty()) {
    Node* const node = open.back();
    open.pop_back();
    if (const auto segment = by_node.find(node); segment != by_node.end()) found.push_back(segment->second);
    std::copy_if(node->upstreams().begin(), node->upstreams().end(), std::back_inserter(open),
                 [&](Node* each) { return seen.insert(each).second; });
  }
  return found;
}

void Segment::note_places_above(const std::vector<Node*>& inputs) {
  for (Segment* segment : above(inputs)) segment->notes_places_ = true;
}

bool Segment::may_end_above(const std::vector<Node*>& inputs) {
  const std::vector<Segment*> all = above(inputs);
  return std::any_of(all.begin(), all.end(), [](const Segment* segment) { return segment->may_end_; });
}

double Segment::account(const std::vector<Spent>& spent) {
  double sum = 0;
  const std::lock_guard lock(segments().mutex);
  for (const Spent& part : spent) {
    sum += part.seconds;
    const auto found = segments().by_number.find(part.segment);
    if (found == segments().by_number.end() || !found->second->reported_->steps.is_new(part.step)) continue;
    Node& node = found->second->node_;
    node.measured->in.add(part.took);
    node.measured->out.add(part.gave);
    node.event_time.add({part.late, part.watermark, part.unit});
    node.cost.add(part.took, std::chrono::nanoseconds(
                                 static_cast<std::int64_t>(1e9 * static_cast<double>(part.seconds))));
  }
  return sum;
}

namespace {

template <class E>
std::exception_ptr as_if(const TaskError& error) {
  return std::make_exception_ptr(E(error.what()));
}

/// A remote exception: of the type it had, if that is one of the standard library and says more than
/// TaskError itself does.
std::exception_ptr remote(const TaskError& error) {
  using Make = std::exception_ptr (*)(const TaskError&);
  static const std::map<std::string_view, Make> makers{
      {"std::logic_error", &as_if<std::logic_error>},
      {"std::invalid_argument", &as_if<std::invalid_argument>},
      {"std::domain_error", &as_if<std::domain_error>},
      {"std::length_error", &as_if<std::length_error>},
      {"std::out_of_range", &as_if<std::out_of_range>},
      {"std::range_error", &as_if<std::range_error>},
      {"std::overflow_error", &as_if<std::overflow_error>},
      {"std::underflow_error", &as_if<std::underflow_error>}};
  const auto maker = makers.find(error.type());
  return maker == makers.end() ? std::make_exception_ptr(error) : maker->second(error);
}

}  // namespace

void Segment::report(Node& gather, ChunkError&& error) {
  std::unique_lock lock(segments().mutex);  // it stays meanwhile; and while it has a box for letters
  const auto found = segments().by_number.find(error.segment);
  Segment* const segment = found == segments().by_number.end() ? nullptr : found->second;
  if (segment && !segment->reported_->errors.is_new({error.step, error.place})) return;
  Failure failure;
  failure.type = std::move(error.type);
  failure.message = std::move(error.message);
  failure.task_name = segment ? segment->node_.label() : gather.label();
  const std::exception_ptr thrown = remote(TaskError(std::move(failure)));
  if (!segment) return gather.raise(thrown);
  const ErrorPolicy& policy = segment->node_.policy();
  if (policy.letter_box && !error.element.empty()) {
    lock.unlock();
    return segment->send_letter(error.element, thrown);
  }
  if (policy.action == ErrorPolicy::Action::skip) return segment->node_.errors.add();
  segment->node_.raise(thrown);
}

// --- HeldTickets

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

}  // namespace weir::detail::stream
