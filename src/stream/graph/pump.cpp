// Pump: a thread of the pool while there is something to do, or a timer that is armed for now.
#include "weir/detail/stream/graph/pump.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "core/crowd.hpp"
#include "stream/graph/thread_pool.hpp"
#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

namespace {

// A sleep and its end cost 50 us.
constexpr std::chrono::microseconds patience{100};

bool is_wanted() noexcept { return ThreadPool::instance().is_wanted(); }

}  // namespace

struct Pump::Runner final : Errand {
  /// It looks for a moment before it rests.
  enum State : int { resting, looking, awake, poked, over };
  const std::function<void()>& work;
  std::atomic<int> state{resting};

  explicit Runner(const std::function<void()>& what) : work(what) {}
  ~Runner() override { ThreadPool::instance().end(*this); }

  void poke() noexcept {
    int seen = state.load(std::memory_order_seq_cst);
    do {
      if (seen == poked || seen == over) return;
    } while (!state.compare_exchange_weak(seen, poked));
    if (seen == resting) ThreadPool::instance().start(*this);
  }
  void shut() noexcept {
    state.store(over);
    ThreadPool::instance().end(*this);
  }

 private:
  void run() noexcept override {
    for (int seen = poked; state.compare_exchange_strong(seen, awake);) {
      work();
      if (!ThreadPool::is_running(*this) || !more_comes()) return;
      seen = poked;
    }
  }
  /// Looks for a moment before it rests; not at once, so that of a fast stream several elements come
  /// together.
  bool more_comes() {
    int seen = awake;
    if (!state.compare_exchange_strong(seen, looking)) return seen == poked;
    seen = looking;
    for (int i = 0; i < 16 && seen == looking; ++i) __builtin_ia32_pause();
    for (Spin spin(patience); seen == looking && !is_wanted() && spin.goes_on();)
      seen = state.load(std::memory_order_relaxed);
    seen = looking;
    return !state.compare_exchange_strong(seen, resting) && seen == poked;
  }
};

Pump::Pump(std::function<void()> work) : work_(std::move(work)) {}
Pump::~Pump() { shut(); }

void Pump::start(Graph& graph) {
  if (const std::optional<EventLoop> loop = graph.users_loop())
    timer_ = std::make_unique<Timer>(*loop, work_);
  else start_on_thread();
}

void Pump::start_on_thread() { runner_ = std::make_unique<Runner>(work_); }

void Pump::poke() noexcept {
  if (timer_) timer_->arm(timer_->loop().now());
  else if (runner_) runner_->poke();
}

void Pump::shut() noexcept {
  if (timer_) timer_->close();
  if (runner_) runner_->shut();
}

// --- Crew

// Of quick calls one member makes all, as long as it comes along: another one would only be in its way, and
// to wake it would take longer than the call. Of others every member makes some. A call may always be slow,
// unlike those before: as long as one is made, one of those asleep wakes now and then to see.
struct Crew::Threads {
  struct Member final : Errand {
    Threads& all;
    explicit Member(Threads& threads) : all(threads) { all.resting.push_back(this); }
    void run() noexcept override { all.run(*this); }
  };

  Threads(std::size_t count, const std::function<void()>& what)
      : size(static_cast<int>(count)), work(what), asleep(size) {
    for (std::size_t i = 0; i < count; ++i) members.emplace_back(*this);
  }

  const int size;
  const std::function<void()>& work;
  std::atomic<std::size_t> todo{0};
  std::atomic<int> awake{0};               // members that are not asleep ...
  std::atomic<bool> is_looking{false};     // ... one of which will see by itself what is added
  std::atomic<bool> is_slow{true};         // the last call took longer than it takes to wake a member
  std::atomic<std::uint64_t> finished{0};  // calls
  std::atomic<bool> over{false};
  std::mutex mutex;
  std::condition_variable wake;
  int asleep, called = 0;               // of those asleep; guarded by mutex, as what follows
  std::vector<Member*> resting;         // of these, those without a thread
  std::atomic<bool> is_watched{false};  // the other one sees what others do not come to
  std::deque<Member> members;

  void run(Member& me) {
    wake_up();
    while (take_or_wait(me)) {
      if (is_slow || !is_watched) call_another();
      const auto start = Clock::now();
      work();
      if (!ThreadPool::is_running(me)) return;
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
    if (resting.empty() || (is_watched && called == 1)) return wake.notify_one();
    Member& next = *resting.back();
    resting.pop_back();
    ThreadPool::instance().start(next);
  }
  void wake_up() noexcept {
    const std::lock_guard lock(mutex);
    is_up();
  }
  void is_up() noexcept {
    if (called > 0) --called;
    --asleep;
    awake.fetch_add(1);
  }
  bool take() noexcept {
    std::size_t left = todo.load();
    while (left > 0 && !todo.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }
  /// False when it is over, or when it rests.
  bool take_or_wait(Member& me) {
    while (!over) {
      if (take()) return true;
      if (!is_looking.exchange(true)) {
        bool took = false;
        for (Spin spin(patience); !took && !over && !is_wanted() && spin.goes_on();)
          took = todo.load() > 0 && take();
        is_looking = false;
        if (took) return true;
      }
      if (!over && !sleep(me)) return false;
    }
    return false;
  }
  /// False: it rests, without its thread, until it is called.
  bool sleep(Member& me) {
    std::unique_lock lock(mutex);
    const bool was_last = awake.fetch_sub(1) == 1;
    if ((was_last || is_slow) && todo.load() > 0) {  // perhaps nobody else has seen it
      awake.fetch_add(1);
      return true;
    }
    ++asleep;
    const auto is_called = [this] { return called > 0 || over; };
    while (!is_called()) {
      if (awake.load() == 0 || is_watched) {
        resting.push_back(&me);
        return false;
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
    is_up();
    return true;
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
  ThreadPool::instance().expect(size);
  threads_ = std::make_unique<Threads>(size, work_);
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
  for (Threads::Member& member : threads_->members) ThreadPool::instance().end(member);
}

}  // namespace weir::detail::stream
