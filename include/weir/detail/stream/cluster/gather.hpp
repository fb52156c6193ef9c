// GatherNode: where results come back and become elements again.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "weir/detail/stream/cluster/segment.hpp"
#include "weir/detail/stream/graph/boundary.hpp"
#include "weir/detail/stream/graph/pump.hpp"

namespace weir::detail::stream {

/// The tickets of elements that states on the cluster still hold, by state and number.
///
/// The chunks of a stream pass a state one after the other. What it does not hold any more after a chunk has
/// come out with that chunk at the latest.
class HeldTickets {
 public:
  /// A chunk has come: `ticket` is its own. Returns the tickets of everything that came out with it.
  [[nodiscard]] Tickets came_out(std::uint64_t token, TicketRef ticket, const std::vector<HeldTokens>& held);
  [[nodiscard]] bool empty() const noexcept { return states_.empty(); }
  void clear() { states_.clear(); }

 private:
  std::map<std::uint32_t, std::map<std::uint64_t, Tickets>> states_;
};

/// Brings results back and emits them one by one, in the order of the elements or as they come.
///
/// Whoever waits for the stream drives the cluster and passes on what has come; a thread does it when nobody
/// waits.
template <class T>
class GatherNode final : public Boundary<Chunk<T>, T> {
 public:
  GatherNode(Client client, bool ordered)
      : Boundary<Chunk<T>, T>("gather"),
        client_(std::move(client)),
        ordered_(ordered),
        pump_([this] { work(); }) {}
  ~GatherNode() override { shut(); }

  void attached() override { pump_.start_on_thread(); }
  void shut() noexcept override {
    over_.store(true);
    pump_.shut();
  }
  bool help() override {
    if (this->pending() == 0) return false;
    helped_at_.store(now_ns(), std::memory_order_relaxed);
    const bool moved = client_.core()->drive();
    return pass_on_next() || moved;
  }
  [[nodiscard]] bool can_help() const override { return true; }
  [[nodiscard]] std::uint64_t gone() const override { return ordered_ ? Boundary<Chunk<T>, T>::gone() : 0; }
  /// A thread that runs a task has a slot.
  bool wait_aside(const std::function<bool()>& ready) override {
    client_.core()->wait_until([&] { return ready() || pass_on_next(); },
                               std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
    return true;
  }
  [[nodiscard]] bool is_elsewhere() const override { return this->pending() > 0 && !is_blocked_.load(); }
  [[nodiscard]] const char* shape() const override { return "house"; }
  [[nodiscard]] bool is_on_cluster() const override { return true; }

 private:
  using Arrival = Parcel<Chunk<T>>;
  using typename Boundary<Chunk<T>, T>::Kind;
  static constexpr std::size_t ahead = 4;  // results fetched before their turn

  void put(Arrival arrival) noexcept override {
    {
      const std::lock_guard lock(mutex_);
      this->entered();
      arrivals_.push_back(std::move(arrival));
    }
    pump_.poke();
  }
  [[nodiscard]] static std::int64_t now_ns() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }
  /// Another thread waits for the stream and does this one's work.
  [[nodiscard]] bool is_helped() const {
    return now_ns() - helped_at_.load(std::memory_order_relaxed) < 1'000'000;
  }
  /// Waits for the cluster, which it drives meanwhile, and passes what comes on.
  void work() {
    while (this->pending() > 0 && !over_.load()) {
      if (is_helped()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      else
        client_.core()->wait_until(
            [&] { return pass_on_next() || this->pending() == 0 || over_.load() || is_helped(); },
            std::nullopt);
    }
  }

  // --- what has come

  /// Whether the arrival can be passed on now; asks for a value that exists and is not here.
  bool is_ready(Arrival& arrival) {
    if (arrival.kind != Kind::element || !arrival.element->result.valid()) return true;
    client::FutureState& state = *arrival.element->result.handle().get();
    if (state.has_value.load(std::memory_order_acquire)) return true;
    const Status status = state.status.load(std::memory_order_acquire);
    if (status == Status::finished) {
      client_.core()->prefetch({&state});
      return state.has_value.load(std::memory_order_acquire);
    }
    return status != Status::pending;
  }
  /// Takes the next arrival that is ready: the first one, or any between two events if the order does not
  /// matter.
  std::optional<Arrival> take() {
    const std::lock_guard lock(mutex_);
    std::size_t looked = 0;
    bool takes = true;
    for (auto at = arrivals_.begin(); at != arrivals_.end(); ++at, ++looked) {
      const bool in_order = at == arrivals_.begin();
      const bool keeps_order =
          ordered_ || at->kind != Kind::element || (at->element->has_state && at->element->token != 0);
      if (is_ready(*at) && takes && (in_order || !keeps_order)) {
        std::optional<Arrival> taken(std::move(*at));
        taken_at_ = at - arrivals_.begin();
        arrivals_.erase(at);
        return taken;
      }
      if (at->kind != Kind::element || keeps_order) takes = false;
      if (!takes && looked >= ahead) break;
    }
    return std::nullopt;
  }
  /// Passes one arrival on if one is ready and no other thread is about it.
  bool pass_on_next() {
    if (passing_.exchange(true, std::memory_order_acquire)) return false;
    std::optional<Arrival> arrival = take();
    if (arrival) pass_on(*arrival);
    passing_.store(false, std::memory_order_release);
    if (!arrival) return false;
    arrival->element.reset();  // its place on the cluster is free
    this->left(*arrival);
    return true;
  }
  void pass_on(Arrival& arrival) {
    if (arrival.kind != Kind::element) {
      this->let_out(
          arrival, [] {}, false);
      if (arrival.kind == Kind::end) held_.clear();
      return;
    }
    const RoundsScope rounds(arrival.rounds);
    if (!arrival.element->result.valid()) {
      const TicketScope scope(arrival.ticket);
      return emit_all(arrival.element->here->values);
    }
    try {
      client::FutureState& state = *arrival.element->result.handle().get();
      if (!state.has_value.load(std::memory_order_acquire)) client_.core()->fetch(state, std::nullopt);
      if (!state.has_small) return emit_result(arrival, state.value.template as<ChunkResult<T>>());
      Reader reader(state.small.bytes());
      ChunkResult<T> result{};
      read(reader, result);
      emit_result(arrival, result);
    } catch (...) {
      const auto failed = std::current_exception();
      const TicketScope scope(arrival.ticket);
      this->framed([&] { this->raise(failed); });
    }
  }
  void emit_result(Arrival& arrival, const ChunkResult<T>& result) {
    const double seconds = Segment::account(result.spent);
    if (arrival.element->pass)
      arrival.element->pass->source().measured(seconds, result.copying_seconds, result.elements);
    Tickets tickets = held_.came_out(arrival.element->token, std::move(arrival.ticket), result.held);
    TicketRef all = combine(tickets);
    {
      const TicketScope scope(all);
      emit_all(result.values);
      if (!result.errors.empty()) {
        this->framed([&] {
          for (const ChunkError& error : result.errors) Segment::report(*this, ChunkError(error));
        });
      }
      if (result.is_over) over();
    }
    this->let_go(all);
  }
  /// Nothing comes behind the arrival in hand: its end, if others that stood before it have not come yet.
  void over() {
    if (taken_at_ == 0) return this->framed([&] { this->end(); });
    const std::lock_guard lock(mutex_);
    this->entered();
    arrivals_.insert(arrivals_.begin() + taken_at_, Arrival{{}, {}, Kind::end});
  }
  /// Emits elements, waiting for room below before each.
  void emit_all(const std::vector<T>& values) {
    this->in.add(values.size());
    for (std::size_t at = 0; at < values.size();) {
      bool full = false;
      this->framed([&] {
        for (; at < values.size() && !(full = this->closed_gate() != nullptr); ++at) emit_one(values, at);
      });
      if (full) wait_for_room();
    }
  }
  void emit_one(const std::vector<T>& values, std::size_t at) {
    if constexpr (is_copyable<T>) this->admit(values[at]);
    else  // nobody else reads them: elements that cannot be copied go one way only
      this->admit(std::move(const_cast<std::vector<T>&>(values)[at]));
  }
  void wait_for_room() {
    is_blocked_.store(true);
    Graph::wait(*this, "gather", [&] { return over_.load() || this->has_room(); });
    is_blocked_.store(false);
  }

  Client client_;
  const bool ordered_;
  std::atomic<bool> passing_{false};  // one thread at a time passes on
  HeldTickets held_;                  // of whoever passes on
  std::mutex mutex_;
  std::deque<Arrival> arrivals_;
  std::ptrdiff_t taken_at_ = 0;  // where the arrival in hand stood; of whoever passes on
  std::atomic<bool> is_blocked_{false}, over_{false};
  std::atomic<std::int64_t> helped_at_{0};
  Pump pump_;
};

}  // namespace weir::detail::stream
