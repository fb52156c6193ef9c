// Pump: a thread that sleeps until it is poked, or a timer that is armed for now.
#include "weir/detail/stream/graph/pump.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/crowd.hpp"
#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

namespace {

// A sleep and its end cost 50 us.
constexpr std::chrono::microseconds patience{100};

}  // namespace

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
  /// True when there is work, false when it is over. Looks for a moment before it sleeps; not at once, so
  /// that of a fast stream several elements come together.
  bool wait() {
    int seen = awake;
    if (state.compare_exchange_strong(seen, sleeping)) seen = sleeping;
    for (int i = 0; i < 16 && seen == sleeping; ++i) __builtin_ia32_pause();
    for (Spin spin(patience); seen == sleeping && spin.goes_on();)
      seen = state.load(std::memory_order_relaxed);
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

// Of quick calls one member makes all, as long as it comes along: another one would only be in its way, and
// to wake it would take longer than the call. Of others every member makes some. A call may always be slow,
// unlike those before: as long as one is made, one of those asleep wakes now and then to see.
struct Crew::Threads {
  explicit Threads(std::size_t size) : size(static_cast<int>(size)), awake(this->size) {}

  const int size;
  std::atomic<std::size_t> todo{0};
  std::atomic<int> awake;                  // members that are not asleep ...
  std::atomic<bool> is_looking{false};     // ... one of which will see by itself what is added
  std::atomic<bool> is_slow{true};         // the last call took longer than it takes to wake a member
  std::atomic<std::uint64_t> finished{0};  // calls
  std::atomic<bool> over{false};
  std::mutex mutex;
  std::condition_variable wake;
  int asleep = 0, called = 0;           // of those asleep; guarded by mutex
  std::atomic<bool> is_watched{false};  // one of these sees what others do not come to
  std::vector<std::thread> members;

  void run(const std::function<void()>& work) {
    while (take_or_wait()) {
      if (is_slow || !is_watched) call_another();
      const auto start = Clock::now();
      work();
      is_slow = Clock::now() - start > slow;
      finished.fetch_add(1);
    }
  }
  void add() noexcept {
    todo.fetch_add(1);
    const int others = awake.load();
    if (others == 0 || (others < size && !is_looking && (is_slow || !is_watched))) call();
  }
  void call_another() noexcept {
    if (todo.load() > 0 && awake.load() < size && !is_looking) call();
  }
  void end() noexcept {
    over = true;
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds slow{10}, doze{500};

  void call() noexcept {
    const std::lock_guard lock(mutex);
    if (called == asleep) return;
    ++called;
    wake.notify_one();
  }
  bool take() noexcept {
    std::size_t left = todo.load();
    while (left > 0 && !todo.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }
  /// False when it is over.
  bool take_or_wait() {
    while (!over) {
      if (take()) return true;
      if (!is_looking.exchange(true)) {
        bool took = false;
        for (Spin spin(patience); !took && !over && spin.goes_on();) took = todo.load() > 0 && take();
        is_looking = false;
        if (took) return true;
      }
      if (!over) sleep();
    }
    return false;
  }
  void sleep() {
    std::unique_lock lock(mutex);
    const bool was_last = awake.fetch_sub(1) == 1;
    if ((was_last || is_slow) && todo.load() > 0) {  // perhaps nobody else has seen it
      awake.fetch_add(1);
      return;
    }
    ++asleep;
    const auto is_called = [this] { return called > 0 || over; };
    while (!is_called()) {
      if (awake.load() == 0 || is_watched) {
        wake.wait(lock, is_called);
        break;
      }
      is_watched = true;
      const std::uint64_t before = finished;
      const bool came = wake.wait_for(lock, doze, is_called);
      is_watched = false;
      if (!came && finished == before && todo.load() > 0) {
        is_slow = true;
        break;
      }
    }
    if (called > 0) --called;
    --asleep;
    awake.fetch_add(1);
  }
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
  threads_ = std::make_unique<Threads>(size);
  for (std::size_t i = 0; i < size; ++i)
    threads_->members.emplace_back([this, &threads = *threads_] { threads.run(work_); });
}

void Crew::add() noexcept {
  if (timer_) {
    todo_.fetch_add(1);
    timer_->arm(timer_->loop().now());
  } else if (threads_) {
    threads_->add();
  }
}

void Crew::shut() noexcept {
  if (timer_) timer_->close();
  if (!threads_ || threads_->over) return;
  threads_->end();
  for (std::thread& member : threads_->members) member.join();
}

}  // namespace weir::detail::stream
