// Stack: how much of it is left, and how to go on with another one.
#include "weir/detail/stream/graph/stack.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace weir::detail::stream {

namespace {

constexpr std::size_t further_bytes = std::size_t{8} << 20;

/// The stack this thread runs on, as far as it is known.
struct Bounds {
  const char* lowest = nullptr;
  std::size_t bytes = 0;
};

Bounds bounds_of_thread() noexcept {
  Bounds bounds;
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return bounds;
  void* lowest = nullptr;
  if (::pthread_attr_getstack(&attributes, &lowest, &bounds.bytes) == 0)
    bounds.lowest = static_cast<const char*>(lowest);
  ::pthread_attr_destroy(&attributes);
  return bounds;
}

Bounds& bounds() noexcept {
  thread_local Bounds of_this = bounds_of_thread();
  return of_this;
}

/// Memory for a stack, with a page below it that nobody may touch.
class Memory {
 public:
  Memory()
      : at_(::mmap(nullptr, further_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)) {
    if (is_there()) ::mprotect(at_, page, PROT_NONE);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    if (is_there()) ::munmap(at_, further_bytes);
  }
  [[nodiscard]] bool is_there() const noexcept { return at_ != MAP_FAILED; }
  [[nodiscard]] char* lowest() const noexcept { return static_cast<char*>(at_) + page; }
  [[nodiscard]] static std::size_t bytes() noexcept { return further_bytes - page; }

 private:
  static constexpr std::size_t page = 4096;
  void* at_;
};

struct Call {
  const std::function<void()>& work;
  std::exception_ptr error;
};

// makecontext passes numbers of 32 bits.
void run_call(unsigned high, unsigned low) {
  auto& call = *reinterpret_cast<Call*>((std::uintptr_t{high} << 32) | low);
  try {
    call.work();
  } catch (...) {
    call.error = std::current_exception();
  }
}

}  // namespace

bool is_stack_low() noexcept {
  const Bounds& stack = bounds();
  const auto* const here = static_cast<const char*>(__builtin_frame_address(0));
  if (here < stack.lowest || here >= stack.lowest + stack.bytes) return false;
  return static_cast<std::size_t>(here - stack.lowest) < std::min(std::size_t{1} << 20, stack.bytes / 4);
}

void on_further_stack(const std::function<void()>& work) {
  const Memory memory;
  if (!memory.is_there()) return work();
  Call call{work, nullptr};
  ucontext_t here, there;
  ::getcontext(&there);
  there.uc_stack.ss_sp = memory.lowest();
  there.uc_stack.ss_size = Memory::bytes();
  there.uc_link = &here;
  const auto address = reinterpret_cast<std::uintptr_t>(&call);
  ::makecontext(&there, reinterpret_cast<void (*)()>(&run_call), 2, static_cast<unsigned>(address >> 32),
                static_cast<unsigned>(address));
  const Bounds before = std::exchange(bounds(), Bounds{memory.lowest(), Memory::bytes()});
  ::swapcontext(&here, &there);
  bounds() = before;
  if (call.error) std::rethrow_exception(call.error);
}

}  // namespace weir::detail::stream
