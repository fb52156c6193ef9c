// A dashboard that begins with the first stream and ends with the process.
#include "dashboard/alone.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "core/forked.hpp"
#include "core/log.hpp"
#include "dashboard/dashboard.hpp"
#include "seeing/streams.hpp"

namespace weir::detail::dashboard {

namespace {

std::atomic<bool> is_over{false};  // also after static objects have gone

class Alone {
 public:
  static Alone& instance() {
    static Alone one;
    return one;
  }
  Alone(const Alone&) = delete;
  ~Alone() {
    is_over = true;
    if (process_.is_left()) static_cast<void>(dashboard_.release());  // a fork has none of its threads
  }
  void begin() try {
    const std::lock_guard lock(mutex_);
    if (dashboard_ || is_over) return;
    const char* const where = std::getenv("WEIR_DASHBOARD");
    Source source;
    source.inbox = std::make_shared<seeing::Inbox>();
    source.look = [] { return Look{}; };
    source.name_of = [](std::uint64_t) { return std::string(); };
    dashboard_ = std::make_unique<Dashboard>(std::move(source), parse_wish(where ? where : ""));
  } catch (const std::exception& error) {
    is_over = true;
    log::warn("{}", error.what());
  }
  void end() {
    const std::lock_guard lock(mutex_);
    dashboard_.reset();
  }

 private:
  Alone() { static_cast<void>(log::recent()); }  // which is there as long as this is
  std::mutex mutex_;
  std::unique_ptr<Dashboard> dashboard_;
  const OwnProcess process_;
};

}  // namespace

void end_alone() {
  if (!is_over.exchange(true)) Alone::instance().end();
}

}  // namespace weir::detail::dashboard

namespace weir::detail::seeing {

void show_streams() {
  if (!dashboard::is_over) dashboard::Alone::instance().begin();
}

}  // namespace weir::detail::seeing
