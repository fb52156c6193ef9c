// EventLoop on Boost.Asio: one heap of timers per loop, one Asio timer armed for the earliest of them.
#include "weir/event_loop.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/quick_clock.hpp"
#include "weir/error.hpp"

namespace weir {

namespace asio = boost::asio;
using Time = EventLoop::Time;
using Order = std::multimap<Time, std::shared_ptr<Timer::State>>;

struct ManualClock::Hands {
  std::mutex mutex;
  std::atomic<std::int64_t> now{0};
  std::vector<std::weak_ptr<EventLoop::Core>> loops;

  std::vector<std::shared_ptr<EventLoop::Core>> alive() {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<EventLoop::Core>> result;
    for (const auto& loop : loops) {
      if (auto core = loop.lock()) result.push_back(std::move(core));
    }
    return result;
  }
  bool run_ready();
  std::optional<Time> next();
};

struct Timer::State {
  std::function<void()> callback;
  std::optional<Order::iterator> place;  // where it stands in the loop's order, if armed
  std::optional<std::thread::id> running_on;
  bool again = false;  // armed for the past while it was running
  bool dead = false;
};

struct EventLoop::Core : std::enable_shared_from_this<EventLoop::Core> {
  std::unique_ptr<asio::io_context> owned;
  asio::io_context& context;
  asio::steady_timer alarm;
  const std::chrono::steady_clock::time_point epoch = std::chrono::steady_clock::now();
  std::shared_ptr<ManualClock::Hands> hands;

  std::mutex mutex;
  std::condition_variable idle;
  Order order;
  std::optional<Time> alarm_at;

  Core() try : owned(std::make_unique<asio::io_context>()), context(*owned), alarm(context) {
  } catch (const boost::system::system_error& error) {
    throw Error(ErrorKind::io, "EventLoop: cannot make one: " + error.code().message());
  }
  explicit Core(asio::io_context& user) : context(user), alarm(user) {}

  Time now() const {
    if (hands) return Time(hands->now.load(std::memory_order_acquire));
    return std::chrono::duration_cast<Time>(detail::QuickClock::now() - epoch);
  }

  /// Sets Asio's timer to the earliest of ours. Caller holds the mutex.
  void set_alarm() {
    if (hands || order.empty()) return;
    const Time earliest = order.begin()->first;
    if (alarm_at && *alarm_at <= earliest) return;
    alarm_at = earliest;
    const auto ring_if_alive = [weak = weak_from_this()](const boost::system::error_code& error = {}) {
      if (error) return;
      if (const auto core = weak.lock()) core->ring();
    };
    if (earliest <= now()) {  // to set the system's timer would take longer
      asio::post(context, ring_if_alive);
    } else {
      alarm.expires_at(epoch + earliest);
      alarm.async_wait(ring_if_alive);
    }
  }
  void ring() {
    {
      const std::lock_guard lock(mutex);
      alarm_at.reset();
    }
    run_due();
    const std::lock_guard lock(mutex);
    set_alarm();
  }
  /// Runs every timer that is due; returns how many.
  std::size_t run_due() {
    std::size_t count = 0;
    const Time limit = now();
    std::unique_lock lock(mutex);
    while (!order.empty() && order.begin()->first <= limit) {
      const std::shared_ptr<Timer::State> state = order.begin()->second;
      order.erase(order.begin());
      state->place.reset();
      if (state->running_on) {  // another thread of the same loop is at it; it will look again
        state->again = true;
        continue;
      }
      run_one(*state, lock);
      ++count;
    }
    return count;
  }
  void run_one(Timer::State& state, std::unique_lock<std::mutex>& lock) {
    state.running_on = std::this_thread::get_id();
    do {
      state.again = false;
      lock.unlock();
      state.callback();
      lock.lock();
    } while (state.again && !state.dead);
    state.running_on.reset();
    idle.notify_all();
  }
};

bool ManualClock::Hands::run_ready() {
  bool ran = false;
  for (const auto& core : alive()) {
    core->context.restart();
    ran = core->context.poll() > 0 || ran;
    ran = core->run_due() > 0 || ran;
  }
  return ran;
}

std::optional<Time> ManualClock::Hands::next() {
  std::optional<Time> earliest;
  for (const auto& core : alive()) {
    const std::lock_guard lock(core->mutex);
    if (!core->order.empty() && (!earliest || core->order.begin()->first < *earliest))
      earliest = core->order.begin()->first;
  }
  return earliest;
}

ManualClock::ManualClock() : hands_(std::make_shared<Hands>()) {}
std::chrono::nanoseconds ManualClock::now() const noexcept { return Time(hands_->now.load()); }

void ManualClock::advance(Duration step) {
  if (step.value() < Time::zero())
    throw Error(ErrorKind::invalid_argument,
                "advance: time goes forward only (got " + std::to_string(step.value().count()) + " ns)");
  const Time end = now() + step.value();
  for (;;) {
    while (hands_->run_ready()) {
    }
    const std::optional<Time> next = hands_->next();
    if (!next || *next > end) break;
    hands_->now = std::max(next->count(), hands_->now.load());
  }
  hands_->now = std::max(end.count(), hands_->now.load());
}

EventLoop::EventLoop(std::shared_ptr<Core> core) : core_(std::move(core)) {}
EventLoop::EventLoop() : core_(std::make_shared<Core>()) {}
EventLoop::EventLoop(boost::asio::io_context& context) : core_(std::make_shared<Core>(context)) {}
EventLoop::EventLoop(ManualClock& clock) : core_(std::make_shared<Core>()) {
  core_->hands = clock.hands_;
  const std::lock_guard lock(clock.hands_->mutex);
  std::erase_if(clock.hands_->loops, [](const auto& loop) { return loop.expired(); });
  clock.hands_->loops.push_back(core_);
}

EventLoop EventLoop::on_own_thread() {
  /// Runs the core until the last handle goes.
  struct Runner {
    std::shared_ptr<Core> core;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::thread thread;
    explicit Runner(std::shared_ptr<Core> shared)
        : core(std::move(shared)),
          work(core->context.get_executor()),
          thread([core = core] { core->context.run(); }) {}
    ~Runner() {
      core->context.stop();
      if (thread.get_id() == std::this_thread::get_id()) thread.detach();
      else thread.join();
    }
  };
  EventLoop loop;
  loop.thread_ = std::make_shared<Runner>(loop.core_);
  return loop;
}

Time EventLoop::now() const noexcept { return core_->now(); }
void EventLoop::post(std::function<void()> work) { asio::post(core_->context, std::move(work)); }
void EventLoop::run() { core_->context.run(); }
void EventLoop::stop() { core_->context.stop(); }
bool EventLoop::is_current() const noexcept { return core_->context.get_executor().running_in_this_thread(); }
bool EventLoop::is_manual() const noexcept { return core_->hands != nullptr; }
bool EventLoop::operator==(const EventLoop& other) const noexcept {
  return core_ == other.core_ || (core_->hands && core_->hands == other.core_->hands);
}
boost::asio::io_context& EventLoop::context() const noexcept { return core_->context; }

std::size_t EventLoop::poll() {
  if (core_->hands) {
    std::size_t count = 0;
    while (core_->hands->run_ready()) ++count;
    return count;
  }
  core_->context.restart();
  return core_->context.poll();
}

bool EventLoop::step() {
  if (!core_->hands) return false;
  if (core_->hands->run_ready()) return true;
  const std::optional<Time> next = core_->hands->next();
  if (!next) return false;
  core_->hands->now = std::max(next->count(), core_->hands->now.load());
  core_->hands->run_ready();
  return true;
}

Timer::Timer(EventLoop loop, std::function<void()> callback)
    : loop_(std::move(loop)), state_(std::make_shared<State>()) {
  state_->callback = std::move(callback);
}

Timer::~Timer() { close(); }

void Timer::close() {
  EventLoop::Core& core = *loop_.core_;
  std::unique_lock lock(core.mutex);
  state_->dead = true;
  if (state_->place) core.order.erase(*state_->place);
  state_->place.reset();
  core.idle.wait(lock,
                 [&] { return !state_->running_on || *state_->running_on == std::this_thread::get_id(); });
}

void Timer::arm(EventLoop::Time when) {
  EventLoop::Core& core = *loop_.core_;
  const std::lock_guard lock(core.mutex);
  if (state_->dead) return;
  if (state_->place) core.order.erase(*state_->place);
  state_->place = core.order.emplace(when, state_);
  core.set_alarm();
}

void Timer::disarm() {
  EventLoop::Core& core = *loop_.core_;
  const std::lock_guard lock(core.mutex);
  if (state_->place) core.order.erase(*state_->place);
  state_->place.reset();
}

}  // namespace weir
