// Pump: a thread of the pool while there is something to do, or a timer that is armed for now.
#include "weir/detail/stream/graph/pump.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "core/crowd.hpp"
#include "stream/graph/thread_pool.hpp"
#include "weir/detail/stream/graph/lane.hpp"
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

void Wicket::wait(unsigned& looks) const noexcept {
  constexpr unsigned patient = 64;  // who has it may have lost its core
  while (is_taken_.load(std::memory_order_relaxed)) {
    if (++looks % patient == 0) std::this_thread::yield();
    else __builtin_ia32_pause();
  }
}

// --- Crew

// Of quick calls one member makes all, as long as it comes along: another one would only be in its way, and
// to wake it would take longer than the calls. Of others every member makes some. A call may always be slow,
// unlike those before: as long as one is made, one of those asleep wakes now and then to see.
struct Crew::Threads {
  struct Member final : Errand {
    Threads& all;
    Pace pace;
    explicit Member(Threads& threads) : all(threads) { all.resting.push_back(this); }
    void run() noexcept override { all.run(*this); }
  };

  Threads(std::size_t count, const std::function<std::size_t()>& what,
          const std::function<std::size_t()>& waiting)
      : size(static_cast<int>(count)), work(what), due(waiting), asleep(size) {
    for (std::size_t i = 0; i < count; ++i) members.emplace_back(*this);
  }

  const int size;
  const std::function<std::size_t()>& work;
  const std::function<std::size_t()>& due;
  std::atomic<int> awake{0};               // members that are not asleep ...
  std::atomic<bool> is_looking{false};     // ... one of which will see by itself what is added
  std::atomic<bool> is_slow{true};         // a call, or those due, take longer than to wake a member
  std::atomic<std::uint64_t> finished{0};  // that it was worked
  std::atomic<bool> over{false};
  std::mutex mutex;
  std::condition_variable wake;
  int asleep, called = 0;               // of those asleep; guarded by mutex, as what follows
  std::vector<Member*> resting;         // of these, those without a thread
  std::atomic<bool> is_watched{false};  // the other one sees what others do not come to
  std::deque<Member> members;

  void run(Member& me) {
    wake_up();
    std::size_t made = 0;  // calls since it looked whether there is more
    do {
      for (bool goes_on = true; goes_on && !over;) {
        if (is_slow || !is_watched) call_another();
        const auto start = Clock::now();
        const std::size_t calls = work();
        if (!ThreadPool::is_running(me)) return;
        finished.fetch_add(1);
        if (calls > 0) is_slow = is_worth_another(calls, Clock::now() - start);
        made += calls;
        goes_on = calls > 0 || me.pace.goes_on(std::exchange(made, 0));
      }
    } while (waits(me));
  }
  void add() noexcept {
    const int others = awake.load();
    if (others == 0 || (others < size && !is_looking && (is_slow || !is_watched))) call();
  }
  void call_another() noexcept {
    if (awake.load() < size && !is_looking && is_due()) call();
  }
  void end() noexcept {
    over = true;
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds slow{10}, all_slow{100}, doze{500};
  static constexpr int most_due = 256;  // as a rule

  [[nodiscard]] bool is_due() const { return due() > 0; }
  [[nodiscard]] bool is_worth_another(std::size_t calls, Clock::duration took) const {
    if (took > slow * calls) return true;
    return took * most_due > all_slow * calls && took * due() > all_slow * calls;
  }
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
  /// Until it is due; false when it is over, or when it rests.
  bool waits(Member& me) {
    while (!over) {
      if (!is_looking.exchange(true)) {
        bool found = false;
        for (Spin spin(patience); !found && !over && !is_wanted() && spin.goes_on();) found = is_due();
        is_looking = false;
        if (found) return true;
      }
      if (!over && !sleep(me)) return false;
      if (is_due()) return true;
    }
    return false;
  }
  /// False: it rests, without its thread, until it is called.
  bool sleep(Member& me) {
    std::unique_lock lock(mutex);
    const bool was_last = awake.fetch_sub(1) == 1;
    if ((was_last || is_slow) && is_due()) {  // perhaps nobody else has seen it
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
      if (!came && finished == before && is_due()) {
        is_slow = true;
        break;
      }
    }
    is_up();
    return true;
  }
};

Crew::Crew(std::function<std::size_t()> work, std::function<std::size_t()> due)
    : work_(std::move(work)), due_(std::move(due)) {}
Crew::~Crew() { shut(); }

void Crew::start(Graph& graph, std::size_t size) {
  if (const std::optional<EventLoop> loop = graph.users_loop(); loop && loop->is_manual()) {
    timer_ = std::make_unique<Timer>(*loop, [this] {
      for (std::size_t left = todo_.exchange(0); left > 0; --left) work_();
    });
    return;
  }
  ThreadPool::instance().expect(size);
  threads_ = std::make_unique<Threads>(size, work_, due_);
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
