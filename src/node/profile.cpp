// SIGPROF by timers of threads' own clocks.
#include "node/profile.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "weir/detail/task/address.hpp"
#include "weir/error.hpp"

namespace weir::detail::node {

// One writer, the handler of its thread, and one reader.
struct Profile::Samples {
  static constexpr std::size_t room = 256;
  static constexpr int deepest = 64;
  struct Stack {
    int depth = 0;
    std::array<void*, deepest> frames;
  };
  std::array<Stack, room> stacks;
  std::atomic<std::size_t> written{0}, read{0};
  std::atomic<bool> is_over{false};
};

namespace {

constexpr long interval_ns = 10'000'000;
constexpr int own_frames = 2;  // the handler and what the kernel has put around it

thread_local Profile::Samples* samples_here = nullptr;

// Nothing here takes memory or a lock: `backtrace` has loaded what it needs before the first signal.
void note_stack(int) {
  const int error = errno;
  if (Profile::Samples* const samples = samples_here) {
    const std::size_t at = samples->written.load(std::memory_order_relaxed);
    if (at - samples->read.load(std::memory_order_acquire) < Profile::Samples::room) {
      auto& stack = samples->stacks[at % Profile::Samples::room];
      stack.depth = backtrace(stack.frames.data(), Profile::Samples::deepest);
      samples->written.store(at + 1, std::memory_order_release);
    }
  }
  errno = error;
}

bool is_asked_for() {
  const char* const wish = std::getenv("WEIR_PROFILE");
  return wish && *wish && std::string_view(wish) != "0";
}

void catch_signal() {
  static const bool is_caught = [] {
    std::array<void*, 4> frames{};
    static_cast<void>(backtrace(frames.data(), static_cast<int>(frames.size())));
    struct sigaction action {};
    action.sa_handler = note_stack;
    action.sa_flags = SA_RESTART;
    return sigaction(SIGPROF, &action, nullptr) == 0;
  }();
  static_cast<void>(is_caught);
}

std::uint64_t portable_or_0(const void* address) {
  try {
    return task::portable_address(address);
  } catch (const Error&) {  // made at run time
    return 0;
  }
}

}  // namespace

Profile::Profile() : is_wanted_(is_asked_for()) {
  if (is_wanted_) catch_signal();
}

Profile::Watched::Watched(Profile& profile) : profile_(profile) {
  if (!profile.is_wanted_) return;
  auto samples = std::make_shared<Samples>();
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));  // glibc has no other name for it
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) != 0) return;
  samples_ = std::move(samples);
  samples_here = samples_.get();
  const itimerspec each{{0, interval_ns}, {0, interval_ns}};
  timer_settime(timer_, 0, &each, nullptr);
  const std::lock_guard lock(profile_.mutex_);
  profile_.threads_.push_back(samples_);
}

Profile::Watched::~Watched() {
  if (!samples_) return;
  timer_delete(timer_);
  samples_here = nullptr;  // a signal that is under way finds nothing
  samples_->is_over = true;
}

std::vector<protocol::SeenStack> Profile::take(std::size_t most) {
  std::map<std::vector<void*>, std::uint32_t> counts;
  {
    const std::lock_guard lock(mutex_);
    for (const std::shared_ptr<Samples>& samples : threads_) {
      const std::size_t end = samples->written.load(std::memory_order_acquire);
      for (std::size_t at = samples->read.load(std::memory_order_relaxed); at < end; ++at) {
        const Samples::Stack& stack = samples->stacks[at % Samples::room];
        if (stack.depth > own_frames)
          ++counts[{stack.frames.begin() + own_frames, stack.frames.begin() + stack.depth}];
      }
      samples->read.store(end, std::memory_order_release);
    }
    std::erase_if(threads_, [](const auto& samples) { return samples->is_over.load(); });
  }
  std::vector<protocol::SeenStack> stacks;
  for (const auto& [frames, count] : counts) {
    protocol::SeenStack stack{count, {}};
    for (std::size_t i = frames.size(); i-- > 0;)  // outermost first; a return address is behind its call
      stack.frames.push_back(portable_or_0(static_cast<const char*>(frames[i]) - (i ? 1 : 0)));
    stacks.push_back(std::move(stack));
  }
  std::sort(stacks.begin(), stacks.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  if (stacks.size() > most) stacks.resize(most);
  return stacks;
}

}  // namespace weir::detail::node
