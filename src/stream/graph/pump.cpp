// Pump: a thread that sleeps until it is poked, or a timer that is armed for now.
#include "weir/detail/stream/graph/pump.hpp"

#include <condition_variable>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

struct Pump::Runner {
  enum State : int { sleeping, awake, poked, over };
  std::atomic<int> state{sleeping};
  std::mutex mutex;
  std::condition_variable wake;
  std::thread thread;

  explicit Runner(const std::function<void()>& work) : thread([this, &work] { run(work); }) {}

  void run(const std::function<void()>& work) {
    while (wait()) work();
  }
  /// True when there is work, false when it is over. Looks for a moment before it sleeps: a sleep costs 50
  /// us.
  bool wait() {
    int seen = awake;
    if (state.compare_exchange_strong(seen, sleeping)) seen = sleeping;
    for (int spin = 0; spin < 4000 && seen == sleeping; ++spin) {
      __builtin_ia32_pause();
      seen = state.load(std::memory_order_relaxed);
    }
    if (seen == sleeping) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return state.load() != sleeping; });
    }
    seen = poked;
    state.compare_exchange_strong(seen, awake);
    return seen != over && state.load() != over;
  }
  void set(int next) noexcept {
    const int before = state.exchange(next);
    if (before == over && next != over) state.store(over);
    if (before != sleeping) return;
    const std::lock_guard lock(mutex);  // between its look and its sleep nobody may pass
    wake.notify_one();
  }
};

Pump::Pump(std::function<void()> work) : work_(std::move(work)) {}
Pump::~Pump() { shut(); }

void Pump::start(Graph& graph, bool own_thread) {
  const std::optional<EventLoop> loop = graph.users_loop();
  if (loop && (!own_thread || loop->is_manual())) timer_ = std::make_unique<Timer>(*loop, work_);
  else runner_ = std::make_unique<Runner>(work_);
}

void Pump::poke() noexcept {
  if (timer_) {
    timer_->arm(timer_->loop().now());
  } else if (runner_ && runner_->state.load(std::memory_order_seq_cst) != Runner::poked &&
             runner_->state.load() != Runner::over) {
    runner_->set(Runner::poked);
  }
}

void Pump::shut() noexcept {
  if (timer_) timer_->close();
  if (!runner_ || !runner_->thread.joinable()) return;
  runner_->set(Runner::over);
  if (runner_->thread.get_id() == std::this_thread::get_id()) runner_->thread.detach();
  else runner_->thread.join();
}

// --- Crew

struct Crew::Threads {
  std::counting_semaphore<> todo{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> members;
};

Crew::Crew(std::function<void()> work) : work_(std::move(work)) {}
Crew::~Crew() { shut(); }

void Crew::start(Graph& graph, std::size_t size) {
  if (const std::optional<EventLoop> loop = graph.users_loop(); loop && loop->is_manual()) {
    timer_ = std::make_unique<Timer>(*loop, [this] {
      for (std::size_t left = todo_.exchange(0); left > 0; --left) work_();
    });
    return;
  }
  threads_ = std::make_unique<Threads>();
  for (std::size_t i = 0; i < size; ++i) {
    threads_->members.emplace_back([this, &threads = *threads_] {
      for (threads.todo.acquire(); !threads.over; threads.todo.acquire()) work_();
    });
  }
}

void Crew::add() noexcept {
  if (timer_) {
    todo_.fetch_add(1);
    timer_->arm(timer_->loop().now());
  } else if (threads_) {
    threads_->todo.release();
  }
}

void Crew::shut() noexcept {
  if (timer_) timer_->close();
  if (!threads_ || threads_->over.exchange(true)) return;
  threads_->todo.release(static_cast<std::ptrdiff_t>(threads_->members.size()));
  for (std::thread& member : threads_->members) member.join();
}

}  // namespace weir::detail::stream
