// ThreadPool: members that run errands, rest, and go when nobody wants them.
#include "stream/graph/thread_pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/log.hpp"

namespace weir::detail::stream {

using namespace std::chrono_literals;

struct Errand::Member {
  std::condition_variable wake;
  Errand* errand = nullptr;  // that it runs, or is about to
  Errand* last = nullptr;    // that it ran last and may run again
  std::atomic<pid_t> id{0};
  cpu_set_t processors{};
  std::list<Member>::iterator self;
};

namespace {

constexpr auto idle = 1s;       // a member that is free goes
constexpr auto overdue = 20ms;  // has waited too long for a member
constexpr int few = 32;         // members that compute, or that are made at once

thread_local Errand::Member* me_here = nullptr;

/// Whether a thread has a processor or waits for one.
bool is_runnable(pid_t id) {
  std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_ends = text.rfind(')');
  return name_ends != std::string::npos && text.compare(name_ends, 3, ") R") == 0;
}

}  // namespace

Errand::Errand() noexcept {
  CPU_ZERO(&processors_);
  static_cast<void>(::sched_getaffinity(0, sizeof processors_, &processors_));
}

ThreadPool& ThreadPool::instance() {
  static auto* const instance = new ThreadPool;  // graphs may outlive static objects
  return *instance;
}

bool ThreadPool::is_running(const Errand& errand) noexcept { return me_here && me_here->errand == &errand; }

void ThreadPool::start(Errand& errand) noexcept {
  const std::lock_guard lock(mutex_);
  if (errand.is_over_ || errand.waits_) return;
  if (errand.member_ && errand.member_->errand == &errand) {
    errand.again_ = true;
    return;
  }
  if (Member* const member = free_member(errand)) return give(*member, errand);
  errand.waits_ = true;
  queue_.push_back({&errand, Clock::now()});
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  queued_.notify_one();
  if (is_watched_) return;
  try {
    std::thread([this] { watch(); }).detach();
    is_watched_ = true;
  } catch (const std::system_error&) {  // the next member that has nothing to do takes it
  }
}

void ThreadPool::expect(std::size_t threads) noexcept {
  const std::lock_guard lock(mutex_);
  many_ = std::max(many_, 2 * threads);
}

ThreadPool::Member* ThreadPool::free_member(const Errand& errand) noexcept {
  if (errand.member_) return errand.member_;
  if (!free_.empty()) return &free_.back();
  if (busy_.size() + kept_.size() < many_) {
    if (Member* const made = new_member()) return made;
  }
  return kept_.empty() ? nullptr : &kept_.front();
}

ThreadPool::Member* ThreadPool::new_member() noexcept {
  try {
    Member& member = free_.emplace_back();
    member.self = std::prev(free_.end());
    try {
      std::thread([this, &member] { live(member); }).detach();
      return &member;
    } catch (...) {
      free_.pop_back();
      throw;
    }
  } catch (const std::exception& error) {
    log::warn("stream: no further thread could be made: {}", error.what());
    return nullptr;
  }
}

void ThreadPool::give(Member& member, Errand& errand) noexcept {
  Members& from = member.last ? kept_ : free_;
  if (member.last && member.last != &errand) forget(*member.last);
  busy_.splice(busy_.end(), from, member.self);
  member.last = nullptr;
  member.errand = &errand;
  errand.member_ = &member;
  member.wake.notify_one();
}

void ThreadPool::forget(Errand& errand) noexcept {
  Member* const member = std::exchange(errand.member_, nullptr);
  if (member) member->last = nullptr;
}

void ThreadPool::end(Errand& errand) noexcept {
  std::unique_lock lock(mutex_);
  errand.is_over_ = true;
  if (std::exchange(errand.waits_, false)) {
    std::erase_if(queue_, [&](const Waiting& each) { return each.errand == &errand; });
    waiting_.store(queue_.size(), std::memory_order_relaxed);
  }
  Member* const member = errand.member_;
  if (!member) return;
  if (member == me_here) {
    member->errand = nullptr;
    errand.member_ = nullptr;
    return;
  }
  errand.is_awaited_ = true;
  ended_.wait(lock, [&] { return !errand.member_ || errand.member_->errand != &errand; });
  if (errand.member_ != member) return;
  forget(errand);
  free_.splice(free_.end(), kept_, member->self);
  member->wake.notify_one();  // it does not rest for ever any more
}

Errand& ThreadPool::take_waiting() noexcept {
  Errand& errand = *queue_.front().errand;
  queue_.pop_front();
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  errand.waits_ = false;
  return errand;
}

void ThreadPool::live(Member& me) {
  me_here = &me;
  me.id = ::gettid();
  static_cast<void>(::sched_getaffinity(0, sizeof me.processors, &me.processors));
  std::unique_lock lock(mutex_);
  for (;;) {
    while (me.errand) run(me, lock);
    if (me.last) me.wake.wait(lock, [&] { return me.errand || !me.last; });
    else if (!me.wake.wait_for(lock, idle, [&] { return me.errand || me.last; })) break;
  }
  free_.erase(me.self);
}

void ThreadPool::run(Member& me, std::unique_lock<std::mutex>& lock) {
  Errand& errand = *me.errand;
  errand.again_ = false;
  const cpu_set_t wanted = errand.processors_;
  lock.unlock();
  if (!CPU_EQUAL(&wanted, &me.processors) && ::sched_setaffinity(0, sizeof wanted, &wanted) == 0)
    me.processors = wanted;
  errand.run();
  lock.lock();
  ++finished_;
  const bool is_there = me.errand == &errand;  // else it was ended there
  if (is_there && errand.again_ && !errand.is_over_ && queue_.empty()) return;
  me.errand = nullptr;
  if (is_there) {
    me.last = &errand;
    if (errand.is_awaited_) ended_.notify_all();
  }
  rest(me);
  if (queue_.empty()) return;
  const bool goes_on = is_there && errand.again_ && !errand.is_over_;
  give(me, take_waiting());
  if (!goes_on) return;
  errand.waits_ = true;
  queue_.push_back({&errand, Clock::now()});
  waiting_.store(queue_.size(), std::memory_order_relaxed);
}

void ThreadPool::rest(Member& me) {
  Members& to = me.last ? kept_ : free_;
  to.splice(to.end(), busy_, me.self);
}

void ThreadPool::watch() {
  std::unique_lock lock(mutex_);
  const auto is_overdue = [this] {
    return !queue_.empty() && Clock::now() - queue_.front().since >= overdue;
  };
  int looks = 0;  // in which nobody finished
  while (queued_.wait_for(lock, idle, [this] { return !queue_.empty(); })) {
    const std::uint64_t before = finished_;
    lock.unlock();
    std::this_thread::sleep_for(overdue);
    lock.lock();
    looks = finished_ == before ? looks + 1 : 0;
    if (!is_overdue() || (looks < 5 && are_computing(lock))) continue;
    for (int i = 0; i < few && is_overdue(); ++i) {
      Member* const member = new_member();
      if (!member) break;
      give(*member, take_waiting());
    }
  }
  is_watched_ = false;
}

bool ThreadPool::are_computing(std::unique_lock<std::mutex>& lock) const {
  std::vector<pid_t> ids;
  for (const Member& member : busy_) ids.push_back(member.id);
  lock.unlock();
  int count = 0;
  for (auto id = ids.begin(); id != ids.end() && count < few; ++id)
    count += *id == 0 || is_runnable(*id) ? 1 : 0;  // 0: it has yet to begin
  lock.lock();
  return count >= few;
}

}  // namespace weir::detail::stream
